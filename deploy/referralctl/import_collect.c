/* SPDX-License-Identifier: Apache-2.0
 * Which row is what, and what becomes of it. */
#include "deploy/referralctl/import_collect.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/facts_capacity.h"
#include "deploy/referralctl/import_collect_private.h"
#include "deploy/referralctl/import_edits.h"
#include "deploy/referralctl/import_feature.h"
#include "deploy/referralctl/import_older.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_translate.h"

/* What Services Advisor says of its hours is in words, too. */
static void
note_advisor(const json_t *flat, struct import_check *check)
{
	struct import_share *hours = &check->report->understood[IMPORT_UNDERSTOOD_hours];

	if (json_object_get(flat, "ended") != NULL)
		import_check_note(check, IMPORT_ended, "");
	if (json_object_get(flat, "opens_at") != NULL) {
		hours->of++;
		hours->understood++;
	}
}

/* A flat row through the map, or a service of HSDS as it is.  A new reference; NULL: none. */
static json_t *
make_service(struct import_collect *collect, json_t *row, struct import_check *check)
{
	json_t *flat = import_feature_is_one(row)
	                   ? import_feature_flatten(row, collect->pass.today)
	                   : json_incref(row);
	json_t *made = flat ? import_map_apply(collect->pass.map, flat, check) : NULL;

	if (made != NULL && import_feature_is_advisor(row))
		note_advisor(flat, check);
	json_decref(flat);
	return made;
}

/* Of another language: what is noted of it is noted of the other already. */
static json_t *
make_translated(void *self, json_t *row)
{
	static const struct import_where NOWHERE;
	struct import_collect *collect = self;
	struct import_report unread = { 0 };
	struct import_check check = {
		.source = collect->pass.source, .report = &unread, .where = &NOWHERE
	};

	if (collect->pass.map != NULL)
		return make_service(collect, row, &check);
	if (collect->pass.is_older)
		import_older_upgrade(row, NULL);
	return json_incref(row);
}

enum status
import_collect_new(
    struct import_collect **collect, const struct import_pass *pass, const char **why)
{
	struct import_collect *made = calloc(1, sizeof *made);
	enum status status = made ? STATUS_OK : STATUS_NO_MEMORY;

	*collect = made;
	if (made == NULL)
		return STATUS_NO_MEMORY;
	made->pass = *pass;
	made->enrich.report = pass->report;
	made->enrich.places = pass->places;
	made->began_at = clock_mono_ms();
	made->join = import_join_new(pass->is_older);
	made->translations =
	    calloc(pass->translated_count + 1, sizeof(struct import_translation *));
	if (made->join == NULL || made->translations == NULL)
		status = STATUS_NO_MEMORY;
	for (size_t i = 0; i < pass->translated_count && status == STATUS_OK; i++)
		status = import_translation_open(&made->translations[i],
		    pass->languages[i], &pass->translated[i], make_translated, made, why);
	return status;
}

void
import_collect_free(struct import_collect *collect)
{
	if (collect == NULL)
		return;
	import_join_free(collect->join);
	for (size_t i = 0; i < collect->pass.translated_count; i++)
		if (collect->translations != NULL)
			import_translation_free(collect->translations[i]);
	free(collect->translations);
	json_decref(collect->others.parents);
	json_decref(collect->others.made);
	free(collect->document.bytes);
	free(collect);
}

void
collect_end_with(struct import_collect *collect, enum status status)
{
	if (collect->status == STATUS_OK)
		collect->status = status;
}

void
collect_must(struct import_collect *collect, bool had_memory)
{
	if (!had_memory)
		collect_end_with(collect, STATUS_NO_MEMORY);
}

void
collect_quarantine(struct import_collect *collect, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why)
{
	collect->pass.report->read++;
	import_report_add(collect->pass.report, reason, where, field, why);
}

/* ---- one service ---- */

/* Plans a service that was found good, and passes it on where it is new. */
static void
plan_service(struct import_collect *collect, const char id[ID_UUID_BYTES + 1],
    const json_t *made, const struct import_where *where)
{
	const struct import_pass *pass = &collect->pass;
	struct service_facts facts;
	struct import_service service = {
		.id = text_of(id),
		.document = { collect->document.bytes,
		    (uint32_t)collect->document.length },
	};
	enum import_verdict verdict =
	    import_plan_take(pass->plan, &service, where, pass->report);

	collect_must(collect, verdict != IMPORT_NO_MEMORY);
	if (verdict == IMPORT_NEW)
		import_edits_note(pass->edits, &service, where, pass->report);
	if (verdict != IMPORT_NEW || pass->sink == NULL)
		return;
	facts_read_capacities(made, &facts);
	service.available = facts.available;
	service.maximum = facts.maximum;
	service.capacity_at = facts.capacity_at;
	collect_end_with(collect, pass->sink(pass->sink_self, &service));
}

static struct import_check
check_for(struct import_collect *collect, const struct import_where *where)
{
	return (struct import_check){
		.source = collect->pass.source,
		.report = collect->pass.report,
		.enrich = &collect->enrich,
		.where = where,
	};
}

static void
check_service(struct import_collect *collect, json_t *service, struct import_check *check)
{
	char id[ID_UUID_BYTES + 1];
	enum import_reason reason;

	for (size_t i = 0; i < collect->pass.translated_count; i++)
		import_translation_add(collect->translations[i], service);
	reason = import_check_service(check, service, id, &collect->document);
	collect_must(collect, !collect->document.is_broken);
	if (reason == IMPORT_FINE)
		plan_service(collect, id, service, check->where);
	else
		import_report_add(
		    collect->pass.report, reason, check->where, check->field, check->why);
}

void
collect_service(struct import_collect *collect, json_t *service,
    const json_t *organization, const struct import_where *where)
{
	struct import_check check = check_for(collect, where);
	enum import_reason reason =
	    import_join_service(collect->join, service, organization, &check);

	collect->pass.report->read++;
	if (reason == IMPORT_FINE)
		check_service(collect, service, &check);
	else
		import_report_add(
		    collect->pass.report, reason, where, check.field, check.why);
}

static void
take_mapped(struct import_collect *collect, json_t *row, const struct import_where *where)
{
	struct import_where mapped = *where;
	struct import_check check = check_for(collect, where);
	json_t *service = make_service(collect, row, &check);

	collect_must(collect, service != NULL);
	if (service == NULL)
		return;
	collect->pass.report->read++;
	mapped.id = settle_text_at(service, "id");
	check.where = &mapped;
	check_service(collect, service, &check);
	json_decref(service);
}

/* ---- places and terms ---- */

static void
take_other(struct import_collect *collect, json_t *row, const struct import_where *where)
{
	struct import_where own = *where;
	struct import_check check = check_for(collect, &own);
	char id[ID_UUID_BYTES + 1];
	enum import_reason reason;

	collect->pass.report->read++;
	own.id = settle_text_at(row, "code");
	reason = import_check_other(
	    collect->pass.kind, &check, row, &collect->others, id, &collect->document);
	collect_must(collect, !collect->document.is_broken);
	if (reason == IMPORT_FINE)
		plan_service(collect, id, row, &own);
	else
		import_report_add(
		    collect->pass.report, reason, &own, check.field, check.why);
}

static void
take_others(
    struct import_collect *collect, const json_t *row, const struct import_where *where)
{
	struct import_check check = check_for(collect, where);
	json_t *made = collect->pass.map
	                   ? import_map_apply(collect->pass.map, row, &check)
	                   : json_incref((json_t *)row);
	json_t *rows =
	    made ? import_other_rows(collect->pass.kind, made, &collect->others) : NULL;
	size_t index;
	json_t *one;

	json_array_foreach(rows, index, one)
	{
		take_other(collect, one, where);
	}
	collect_must(collect, rows != NULL);
	json_decref(rows);
	json_decref(made);
}

/* ---- rows ---- */

void
collect_row(struct import_collect *collect, const struct import_row *row)
{
	struct import_where where = { row->number, row->line, TEXT_ABSENT };
	char why[JSON_ERROR_TEXT_LENGTH];
	char digits[32];
	json_t *object;
	enum import_reason reason = import_row_parse(row->text, &object, why);

	if (reason != IMPORT_FINE) {
		collect_quarantine(collect, reason, &where, "", why);
		return;
	}
	where.id = settle_read_id(json_object_get(object, "id"), digits);
	if (collect->pass.kind != DIRECTORY_SERVICES)
		take_others(collect, object, &where);
	else if (collect->pass.map != NULL && row->role == IMPORT_ROLE_any)
		take_mapped(collect, object, &where);
	else
		collect_hsds(collect, object, row, &where);
	json_decref(object);
}

void
collect_given(
    struct import_collect *collect, json_t *row, const struct import_where *where)
{
	if (collect->pass.kind != DIRECTORY_SERVICES)
		take_others(collect, row, where);
	else if (collect->pass.map != NULL)
		take_mapped(collect, row, where);
	else if (json_is_array(json_object_get(row, "services")))
		collect_organization(collect, row, NULL, where);
	else
		collect_service(collect, row, NULL, where);
}

enum status
import_collect_row(
    struct import_collect *collect, json_t *row, const struct import_where *where)
{
	collect_given(collect, row, where);
	return collect->status;
}

enum status
import_collect_service(
    struct import_collect *collect, json_t *service, const struct import_where *where)
{
	collect_service(collect, service, NULL, where);
	return collect->status;
}

/* ---- all of them ---- */

static void
on_held(void *self, json_t *service, const struct import_where *where, const char *file)
{
	struct import_collect *collect = self;

	collect->pass.report->file = file;
	if (collect->status == STATUS_OK)
		collect_service(collect, service, NULL, where);
}

static void
on_lost(void *self, json_t *place, const struct import_where *where, const char *file)
{
	struct import_collect *collect = self;
	const char *service = json_string_value(json_object_get(place, "service_id"));

	collect->pass.report->file = file;
	collect_quarantine(
	    collect, IMPORT_broken_reference, where, "service_id", service);
}

enum status
import_collect_end(struct import_collect *collect)
{
	static const struct import_where FILE_ITSELF;
	struct import_report *report = collect->pass.report;

	if (collect->status != STATUS_OK)
		return collect->status;
	import_join_held(collect->join, on_held, collect);
	import_join_lost(collect->join, on_lost, collect);
	report->file = NULL;
	for (size_t i = 0; i < collect->pass.translated_count; i++)
		import_translation_end(collect->translations[i], report);
	import_others_end(&collect->others, report);
	if (collect->is_page_of_many &&
	    (collect->pages_of == 0 || collect->pages < collect->pages_of))
		import_report_add(report, IMPORT_page_of_many, &FILE_ITSELF, "", "");
	if (collect->is_cut)
		import_report_add(report, IMPORT_cut_file, &FILE_ITSELF, "", "");
	return collect->status;
}
