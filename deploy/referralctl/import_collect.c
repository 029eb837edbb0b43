/* SPDX-License-Identifier: Apache-2.0
 * Which row is what, and what becomes of it. */
#include "deploy/referralctl/import_collect.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/facts_capacity.h"
#include "deploy/referralctl/import_columns.h"
#include "deploy/referralctl/import_edits.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_feature.h"
#include "deploy/referralctl/import_join.h"
#include "deploy/referralctl/import_older.h"
#include "deploy/referralctl/import_other.h"
#include "deploy/referralctl/import_scan.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_translate.h"

#define PROGRESS_EVERY_ROWS 256
#define PROGRESS_EVERY_MS 200

struct import_collect {
	struct import_pass pass;
	struct import_join *join;
	struct import_translation **translations; /* NULL behind the last */
	struct import_buffer document;
	struct import_enrich enrich;
	struct import_others others;
	enum status status; /* of the first thing that ends the pass */
	const struct import_file *file;
	bool is_container; /* the file that is read has lists of its own */
	uint64_t rows, pages, pages_of;
	bool is_page_of_many, is_cut;
	int64_t began_at, told_at; /* monotonic */
};

/* A flat row through the map, or a service of HSDS as it is.  A new reference; NULL: none. */
static json_t *
make_service(struct import_collect *collect, json_t *row, struct import_check *check)
{
	json_t *flat = import_feature_is_one(row)
	                   ? import_feature_flatten(row, collect->pass.today)
	                   : json_incref(row);
	json_t *made = flat ? import_map_apply(collect->pass.map, flat, check) : NULL;

	if (made != NULL && json_object_get(flat, "ended") != NULL &&
	    import_feature_is_advisor(row))
		import_check_note(check, IMPORT_ended, "");
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

static void
end_with(struct import_collect *collect, enum status status)
{
	if (collect->status == STATUS_OK)
		collect->status = status;
}

static void
must(struct import_collect *collect, bool had_memory)
{
	if (!had_memory)
		end_with(collect, STATUS_NO_MEMORY);
}

static bool
has_object(const json_t *object, const char *key)
{
	return json_is_object(json_object_get(object, key));
}

static void
quarantine(struct import_collect *collect, enum import_reason reason,
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

	must(collect, verdict != IMPORT_NO_MEMORY);
	if (verdict == IMPORT_NEW)
		import_edits_note(pass->edits, &service, where, pass->report);
	if (verdict != IMPORT_NEW || pass->sink == NULL)
		return;
	facts_read_capacities(made, &facts);
	service.available = facts.available;
	service.maximum = facts.maximum;
	service.capacity_at = facts.capacity_at;
	end_with(collect, pass->sink(pass->sink_self, &service));
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
	must(collect, !collect->document.is_broken);
	if (reason == IMPORT_FINE)
		plan_service(collect, id, service, check->where);
	else
		import_report_add(
		    collect->pass.report, reason, check->where, check->field, check->why);
}

/* Takes a service with the organization it was found in (NULL: none). */
static void
take_service(struct import_collect *collect, json_t *service, const json_t *organization,
    const struct import_where *where)
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

	must(collect, service != NULL);
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
	must(collect, !collect->document.is_broken);
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
	must(collect, rows != NULL);
	json_decref(rows);
	json_decref(made);
}

/* ---- other rows ---- */

static void
take_services_of(struct import_collect *collect, json_t *organization,
    const json_t *agency, const struct import_where *where)
{
	size_t index;
	json_t *service;

	json_array_foreach(json_object_get(organization, "services"), index, service)
	{
		struct import_where inside = *where;

		inside.id = settle_text_at(service, "id");
		if (!json_is_object(service)) {
			quarantine(collect, IMPORT_not_object, &inside, "services", "");
			continue;
		}
		if (!has_object(service, "organization"))
			json_object_set_new(
			    service, "organization", json_deep_copy(agency));
		take_service(collect, service, organization, &inside);
	}
}

/* `row` NULL: it does not stand in a file. */
static void
take_organization(struct import_collect *collect, json_t *organization,
    const struct import_row *row, const struct import_where *where)
{
	struct import_report *report = collect->pass.report;
	char digits[32];
	struct text id = settle_read_id(json_object_get(organization, "id"), digits);
	bool is_shortened;
	json_t *agency = import_join_agency(organization, &is_shortened);

	if (row != NULL && id.length > 0)
		must(collect, import_join_add_organization(collect->join, id, row->text));
	if (json_array_size(json_object_get(organization, "services")) == 0 &&
	    !collect->is_container)
		import_report_add(
		    report, IMPORT_organization_without_services, where, "", "");
	else if (is_shortened)
		import_report_add(
		    report, IMPORT_locations_left_out, where, "locations", "");
	take_services_of(collect, organization, agency, where);
	json_decref(agency);
}

/* A service at a location that holds its service, or names it by id. */
static void
take_place(struct import_collect *collect, const json_t *place,
    const struct import_row *row, const struct import_where *where)
{
	char digits[32];
	bool holds = has_object(place, "service");
	const json_t *value =
	    holds ? json_object_get(json_object_get(place, "service"), "id")
	          : json_object_get(place, "service_id");
	struct text id = settle_read_id(value, digits);

	if (id.length == 0)
		quarantine(collect, holds ? IMPORT_missing_id : IMPORT_not_a_service,
		    where, holds ? "service.id" : "service_id", "");
	else
		must(collect, import_join_add_place(collect->join, id, holds, row, where,
		                  collect->pass.report->file));
}

static void
take_location(struct import_collect *collect, const json_t *location,
    const struct import_row *row, const struct import_where *where)
{
	char digits[32];
	struct text id = settle_read_id(json_object_get(location, "id"), digits);

	if (id.length == 0)
		quarantine(collect, IMPORT_missing_id, where, "id", "a location");
	else
		must(collect, import_join_add_location(collect->join, id, row->text));
}

static bool
has_any(const json_t *object, const char *const *names)
{
	while (*names != NULL && json_object_get(object, *names) == NULL)
		names++;
	return *names != NULL;
}

/* By what only they have; any: another thing. */
static enum import_role
find_role(const json_t *row)
{
	static const char *const SERVICE[] = { "status", "organization",
		"organization_id", "service_at_locations", "eligibility_description",
		"program_id", NULL };
	static const char *const ORGANIZATION[] = { "website", "legal_status",
		"tax_status", "tax_id", "year_incorporated", "organization_identifiers",
		"parent_organization_id", "additional_websites", "locations", "programs",
		NULL };
	static const char *const OTHER[] = { "location_type", "taxonomy",
		"taxonomy_detail", "taxonomy_id", "parent_id", "openapi_url", "version",
		NULL };

	if (json_is_array(json_object_get(row, "services")))
		return IMPORT_ROLE_organization;
	if (has_object(row, "service"))
		return IMPORT_ROLE_service_at_location;
	if (has_any(row, SERVICE))
		return IMPORT_ROLE_service;
	if (has_any(row, ORGANIZATION))
		return IMPORT_ROLE_organization;
	return has_any(row, OTHER) ? IMPORT_ROLE_any : IMPORT_ROLE_service;
}

/* Of HSDS. */
static void
take_hsds(struct import_collect *collect, json_t *object, const struct import_row *row,
    const struct import_where *where)
{
	static const char *const ENTITIES[] = { [IMPORT_ROLE_organization] =
		                                    "organization",
		[IMPORT_ROLE_location] = "location",
		[IMPORT_ROLE_service] = "service",
		[IMPORT_ROLE_service_at_location] = "service_at_location" };
	enum import_role role = row->role;

	if (collect->pass.is_older)
		import_older_upgrade(object, ENTITIES[role]);
	if (role == IMPORT_ROLE_any)
		role = find_role(object);
	switch (role) {
	case IMPORT_ROLE_any:
		quarantine(collect, IMPORT_not_a_service, where, "", "");
		break;
	case IMPORT_ROLE_organization:
		take_organization(collect, object, row, where);
		break;
	case IMPORT_ROLE_location:
		take_location(collect, object, row, where);
		break;
	case IMPORT_ROLE_service:
		take_service(collect, object, NULL, where);
		break;
	case IMPORT_ROLE_service_at_location:
		take_place(collect, object, row, where);
		break;
	}
}

static void
take_row(struct import_collect *collect, const struct import_row *row)
{
	struct import_where where = { row->number, row->line, TEXT_ABSENT };
	char why[JSON_ERROR_TEXT_LENGTH];
	char digits[32];
	json_t *object;
	enum import_reason reason = import_row_parse(row->text, &object, why);

	if (reason != IMPORT_FINE) {
		quarantine(collect, reason, &where, "", why);
		return;
	}
	where.id = settle_read_id(json_object_get(object, "id"), digits);
	if (collect->pass.kind != DIRECTORY_SERVICES)
		take_others(collect, object, &where);
	else if (collect->pass.map != NULL && row->role == IMPORT_ROLE_any)
		take_mapped(collect, object, &where);
	else
		take_hsds(collect, object, row, &where);
	json_decref(object);
}

/* A row that does not stand in a file of JSON. */
static void
take_given(struct import_collect *collect, json_t *row, const struct import_where *where)
{
	if (collect->pass.kind != DIRECTORY_SERVICES)
		take_others(collect, row, where);
	else if (collect->pass.map != NULL)
		take_mapped(collect, row, where);
	else if (json_is_array(json_object_get(row, "services")))
		take_organization(collect, row, NULL, where);
	else
		take_service(collect, row, NULL, where);
}

enum status
import_collect_row(
    struct import_collect *collect, json_t *row, const struct import_where *where)
{
	take_given(collect, row, where);
	return collect->status;
}

enum status
import_collect_service(
    struct import_collect *collect, json_t *service, const struct import_where *where)
{
	take_service(collect, service, NULL, where);
	return collect->status;
}

/* ---- a file ---- */

static void
show_progress(struct import_collect *collect, const char *at, bool is_end)
{
	const struct import_file *file = collect->file;
	int64_t now = clock_mono_ms();
	double seconds = (double)(now - collect->began_at) / 1000;

	if (!collect->pass.shows_progress ||
	    (!is_end && now - collect->told_at < PROGRESS_EVERY_MS))
		return;
	collect->told_at = now;
	fprintf(stderr, "\r%3.0f %%  %llu rows  %.0f/s%s",
	    file->length ? 100 * (double)(at - file->bytes) / (double)file->length : 100,
	    (unsigned long long)collect->rows,
	    seconds > 0 ? (double)collect->rows / seconds : 0.0, is_end ? "\n" : "");
}

/* Whether it is to go on. */
static void
look_up(struct import_collect *collect)
{
	if (collect->pass.stop != NULL && *collect->pass.stop)
		end_with(collect, STATUS_DRAINING);
}

static void
take_rows(
    struct import_collect *collect, struct import_rows *rows, struct import_file *file)
{
	struct import_row row = { .text = { file->bytes, 0 } };

	while (collect->status == STATUS_OK && import_rows_next(rows, &row)) {
		take_row(collect, &row);
		look_up(collect);
		if (++collect->rows % PROGRESS_EVERY_ROWS != 0)
			continue;
		import_file_pass(file, row.text.at);
		show_progress(collect, row.text.at, false);
	}
	show_progress(collect, file->bytes + file->length, true);
}

static enum status
read_rows(struct import_collect *collect, struct import_file *file, const char **why)
{
	struct import_rows *rows;
	struct import_shape shape;
	enum status status = import_rows_open(&rows, file->bytes, file->length, why);

	if (status != STATUS_OK)
		return status;
	shape = import_rows_about(rows);
	collect->is_container = shape.is_container;
	import_join_expect(collect->join, &shape);
	take_rows(collect, rows, file);
	shape = import_rows_about(rows);
	collect->pages++;
	if (shape.pages > collect->pages_of)
		collect->pages_of = shape.pages;
	collect->is_page_of_many |= shape.is_page_of_many;
	collect->is_cut |= shape.is_cut;
	import_rows_close(rows);
	return STATUS_OK;
}

/* A table's rows, through the map. */
static enum status
read_table(struct import_collect *collect, struct import_file *file, const char **why)
{
	struct import_report *report = collect->pass.report;
	struct import_table *table;
	struct import_table_row row;
	enum status status = import_table_open(
	    &table, file->bytes, file->length, collect->pass.encoding, report, why);

	if (status != STATUS_OK)
		return status;
	if (!import_columns_fit(collect->pass.map, table)) {
		*why = "the table lacks a column that the map requires";
		status = STATUS_UNSUPPORTED;
	}
	while (status == STATUS_OK && collect->status == STATUS_OK &&
	       (status = import_table_next(table, &row)) == STATUS_OK) {
		if (row.reason != IMPORT_FINE)
			quarantine(collect, row.reason, &row.where, "", row.why);
		else
			take_given(collect, row.cells, &row.where);
		look_up(collect);
		if (++collect->rows % PROGRESS_EVERY_ROWS != 0 || row.at == NULL)
			continue;
		import_file_pass(file, row.at);
		show_progress(collect, row.at, false);
	}
	collect->is_cut |= import_table_is_cut(table);
	import_table_close(table);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static bool
begins_as_json(const struct import_file *file)
{
	const char *end = file->bytes + file->length;
	const char *at = file->bytes;

	if (file->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	at = scan_skip_space(at, end);
	return at < end && (*at == '{' || *at == '[');
}

enum status
import_collect_file(
    struct import_collect *collect, struct import_file *file, const char **why)
{
	bool is_table = collect->pass.map != NULL && !begins_as_json(file) &&
	                import_table_looks_so(file->bytes, file->length);
	enum status status;

	collect->file = file;
	collect->pass.report->file = collect->pass.names_files ? file->name : NULL;
	status =
	    is_table ? read_table(collect, file, why) : read_rows(collect, file, why);
	return status == STATUS_OK ? collect->status : status;
}

/* ---- all of them ---- */

static void
on_held(void *self, json_t *service, const struct import_where *where, const char *file)
{
	struct import_collect *collect = self;

	collect->pass.report->file = file;
	if (collect->status == STATUS_OK)
		take_service(collect, service, NULL, where);
}

static void
on_lost(void *self, json_t *place, const struct import_where *where, const char *file)
{
	struct import_collect *collect = self;
	const char *service = json_string_value(json_object_get(place, "service_id"));

	collect->pass.report->file = file;
	quarantine(collect, IMPORT_broken_reference, where, "service_id", service);
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
