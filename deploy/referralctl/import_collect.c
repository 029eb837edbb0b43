/* SPDX-License-Identifier: Apache-2.0
 * Which row is what, and what belongs together. */
#include "deploy/referralctl/import_collect.h"

#include <stdlib.h>

#include "common/facts_capacity.h"
#include "deploy/referralctl/import_columns.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_other.h"
#include "deploy/referralctl/import_read.h"

#define PROGRESS_EVERY 1000

struct collect {
	enum directory_kind kind;
	const struct import_map *map;
	struct text source;
	struct import_plan *plan;
	struct import_report *report;
	struct import_enrich enrich;
	struct import_others others;
	struct import_shape shape;
	struct import_buffer document;
	bool is_out_of_memory;
	/* By the ids of the file: what services refer to. */
	json_t *organizations;
	json_t *locations;
	json_t *places; /* service id -> list of services at locations that name it */
	json_t
	    *at_place; /* service id -> {"service","row","line"}, of rows that hold one */
};

static struct text
text_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

static const char *
string_at(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string ? string : "";
}

static bool
has_object(const json_t *object, const char *key)
{
	return json_is_object(json_object_get(object, key));
}

static void
quarantine(struct collect *collect, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why)
{
	collect->report->read++;
	import_report_add(collect->report, reason, where, field, why);
}

/* ---- references ---- */

/* A part by its id: in the list of an organization, else among those of the file. */
static const json_t *
find_part(const json_t *own, const json_t *all, const char *id)
{
	size_t index;
	const json_t *part;

	json_array_foreach((json_t *)own, index, part)
	{
		if (text_is(text_at(part, "id"), id))
			return part;
	}
	return json_object_get(all, id);
}

/* An organization as it is repeated with each of its services. */
static json_t *
make_agency(const json_t *organization, bool *is_shortened)
{
	json_t *light = json_copy((json_t *)organization);
	json_t *agency;

	json_object_del(light, "services");
	*is_shortened = json_dumpb(json_object_get(light, "locations"), NULL, 0,
	                    JSON_COMPACT) > IMPORT_LOCATIONS_MAX_BYTES;
	if (*is_shortened)
		json_object_del(light, "locations");
	agency = json_deep_copy(light);
	json_decref(light);
	return agency;
}

/* False: it names one that this file should hold and does not. */
static bool
join_organization(struct collect *collect, json_t *service, struct import_check *check)
{
	const char *id = string_at(service, "organization_id");
	const json_t *organization = json_object_get(collect->organizations, id);
	bool is_shortened;

	if (has_object(service, "organization") || id[0] == '\0')
		return true;
	if (organization == NULL)
		return !collect->shape.has_organizations;
	json_object_set_new(
	    service, "organization", make_agency(organization, &is_shortened));
	if (is_shortened)
		import_check_note(check, IMPORT_locations_left_out, "");
	return true;
}

static bool
join_locations(struct collect *collect, json_t *service, const json_t *organization,
    struct import_check *check)
{
	size_t index;
	json_t *place;

	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		const char *id = string_at(place, "location_id");
		const json_t *location;

		if (!json_is_object(place) || has_object(place, "location") ||
		    id[0] == '\0')
			continue;
		location = find_part(
		    json_object_get(organization, "locations"), collect->locations, id);
		if (location != NULL) {
			json_object_set_new(place, "location", json_deep_copy(location));
		} else if (collect->shape.has_locations) {
			snprintf(check->field, sizeof check->field,
			    "service_at_locations[%zu].location_id", index);
			return false;
		}
	}
	return true;
}

/* Services at locations that stand in a list of their own. */
static void
join_places(struct collect *collect, json_t *service)
{
	const char *id = string_at(service, "id");
	json_t *places = json_object_get(collect->places, id);
	json_t *own = json_object_get(service, "service_at_locations");

	if (places == NULL)
		return;
	if (json_is_array(own))
		json_array_extend(own, places);
	else
		json_object_set(service, "service_at_locations", places);
	json_object_del(collect->places, id);
}

/* ---- one service ---- */

/* Plans a service that was found good. */
static void
plan_service(struct collect *collect, const char id[ID_UUID_BYTES + 1],
    const json_t *service, const struct import_where *where)
{
	struct service_facts facts;
	struct import_item *item = import_plan_add(collect->plan, id,
	    (struct text){ collect->document.bytes, (uint32_t)collect->document.length },
	    where);

	if (item == NULL) {
		collect->is_out_of_memory = true;
		return;
	}
	facts_read_capacities(service, &facts);
	item->available = facts.available;
	item->maximum = facts.maximum;
	item->capacity_at = facts.capacity_at;
}

/* Takes a service with the organization it was found in (NULL: none). */
static void
take_service(struct collect *collect, json_t *service, const json_t *organization,
    const struct import_where *where)
{
	struct import_check check = {
		.source = collect->source,
		.report = collect->report,
		.where = where,
		.enrich = &collect->enrich,
	};
	char id[ID_UUID_BYTES + 1];
	enum import_reason reason = IMPORT_FINE;

	collect->report->read++;
	join_places(collect, service);
	if (!join_organization(collect, service, &check)) {
		reason = IMPORT_broken_reference;
		snprintf(check.field, sizeof check.field, "organization_id");
	} else if (!join_locations(collect, service, organization, &check)) {
		reason = IMPORT_broken_reference;
	}
	if (reason == IMPORT_FINE)
		reason = import_check_service(&check, service, id, &collect->document);
	if (reason == IMPORT_FINE)
		plan_service(collect, id, service, where);
	else
		import_report_add(collect->report, reason, where, check.field, check.why);
}

static void
take_mapped(struct collect *collect, const json_t *row, const struct import_where *where)
{
	struct import_check check = {
		.source = collect->source,
		.report = collect->report,
		.where = where,
		.enrich = &collect->enrich,
	};
	struct import_where mapped = *where;
	json_t *service = import_map_apply(collect->map, row, &check);
	char id[ID_UUID_BYTES + 1];
	enum import_reason reason;

	if (service == NULL) {
		collect->is_out_of_memory = true;
		return;
	}
	collect->report->read++;
	mapped.id = text_at(service, "id");
	check.where = &mapped;
	reason = import_check_service(&check, service, id, &collect->document);
	if (reason == IMPORT_FINE)
		plan_service(collect, id, service, where);
	else
		import_report_add(
		    collect->report, reason, &mapped, check.field, check.why);
	json_decref(service);
}

/* ---- places and terms ---- */

static void
take_other(struct collect *collect, json_t *row, const struct import_where *where)
{
	struct import_where own = *where;
	struct import_check check = {
		.source = collect->source,
		.report = collect->report,
		.where = &own,
	};
	char id[ID_UUID_BYTES + 1];
	enum import_reason reason;

	collect->report->read++;
	own.id = text_at(row, "code");
	reason = import_check_other(
	    collect->kind, &check, row, &collect->others, id, &collect->document);
	if (reason == IMPORT_FINE)
		plan_service(collect, id, row, &own);
	else
		import_report_add(collect->report, reason, &own, check.field, check.why);
}

static void
take_others(struct collect *collect, const json_t *row, const struct import_where *where)
{
	struct import_check check = {
		.source = collect->source, .report = collect->report, .where = where
	};
	json_t *made = collect->map ? import_map_apply(collect->map, row, &check)
	                            : json_incref((json_t *)row);
	json_t *rows =
	    made ? import_other_rows(collect->kind, made, &collect->others) : NULL;
	size_t index;
	json_t *one;

	json_array_foreach(rows, index, one)
	{
		take_other(collect, one, where);
	}
	if (rows == NULL)
		collect->is_out_of_memory = true;
	json_decref(rows);
	json_decref(made);
}

/* ---- other rows ---- */

static void
take_organization(
    struct collect *collect, json_t *organization, const struct import_where *where)
{
	json_t *services = json_object_get(organization, "services");
	const char *id = string_at(organization, "id");
	bool is_shortened;
	json_t *agency = make_agency(organization, &is_shortened);
	size_t index;
	json_t *service;

	if (collect->shape.is_container && id[0] != '\0')
		json_object_set(collect->organizations, id, agency);
	if (json_array_size(services) == 0 && !collect->shape.is_container)
		import_report_add(
		    collect->report, IMPORT_organization_without_services, where, "", "");
	else if (is_shortened)
		import_report_add(
		    collect->report, IMPORT_locations_left_out, where, "locations", "");
	json_array_foreach(services, index, service)
	{
		struct import_where inside = { where->row, where->line,
			text_at(service, "id") };

		if (!json_is_object(service)) {
			quarantine(collect, IMPORT_not_object, &inside, "services", "");
			continue;
		}
		if (!has_object(service, "organization"))
			json_object_set_new(
			    service, "organization", json_deep_copy(agency));
		take_service(collect, service, organization, &inside);
	}
	json_decref(agency);
}

static void
remember_at_place(struct collect *collect, const char *id, json_t *service,
    const struct import_where *where)
{
	if (!json_is_array(json_object_get(service, "service_at_locations")))
		json_object_set_new(service, "service_at_locations", json_array());
	json_object_set_new(collect->at_place, id,
	    json_pack("{s:O, s:I, s:I}", "service", service, "row",
	        (json_int_t)where->row, "line", (json_int_t)where->line));
}

/* A service at a location that holds its service: those of one service are brought together
 * and taken when all rows were read. */
static void
take_place(struct collect *collect, json_t *place, const struct import_where *where)
{
	json_t *service = json_incref(json_object_get(place, "service"));
	const char *id = string_at(service, "id");
	json_t *places;

	json_object_del(place, "service");
	if (id[0] == '\0') {
		quarantine(collect, IMPORT_missing_id, where, "service.id", "");
		json_decref(service);
		return;
	}
	if (json_object_get(collect->at_place, id) == NULL)
		remember_at_place(collect, id, service, where);
	places = json_object_get(
	    json_object_get(json_object_get(collect->at_place, id), "service"),
	    "service_at_locations");
	if (find_part(places, NULL, string_at(place, "id")) == NULL)
		json_array_append(places, place);
	json_decref(service);
}

/* One that names its service by id. */
static void
remember_place(struct collect *collect, json_t *place, const struct import_where *where)
{
	const char *id = string_at(place, "service_id");
	json_t *places = json_object_get(collect->places, id);

	if (id[0] == '\0') {
		quarantine(collect, IMPORT_not_a_service, where, "service_id", "");
		return;
	}
	if (places == NULL) {
		places = json_array();
		json_object_set_new(collect->places, id, places);
	}
	json_array_append(places, place);
}

static void
remember_location(
    struct collect *collect, json_t *location, const struct import_where *where)
{
	const char *id = string_at(location, "id");

	if (id[0] == '\0')
		quarantine(collect, IMPORT_missing_id, where, "id", "a location");
	else
		json_object_set(collect->locations, id, location);
}

static bool
has_any(const json_t *object, const char *const *names)
{
	while (*names != NULL && json_object_get(object, *names) == NULL)
		names++;
	return *names != NULL;
}

/* By what only they have. */
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
	return has_any(row, OTHER) ? IMPORT_ROLE_location : IMPORT_ROLE_service;
}

static void
take_row(struct collect *collect, const struct import_row *row)
{
	struct import_where where = { row->number, row->line, TEXT_ABSENT };
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *object;
	enum import_reason reason = import_row_parse(row->text, &object, why);
	enum import_role role = row->role;

	if (reason != IMPORT_FINE) {
		quarantine(collect, reason, &where, "", why);
		return;
	}
	where.id = text_at(object, "id");
	if (collect->kind != DIRECTORY_SERVICES) {
		take_others(collect, object, &where);
		json_decref(object);
		return;
	}
	if (role == IMPORT_ROLE_any && collect->map == NULL) {
		role = find_role(object);
		if (role == IMPORT_ROLE_location) {
			quarantine(collect, IMPORT_not_a_service, &where, "", "");
			json_decref(object);
			return;
		}
	}
	switch (role) {
	case IMPORT_ROLE_any:
		take_mapped(collect, object, &where);
		break;
	case IMPORT_ROLE_organization:
		take_organization(collect, object, &where);
		break;
	case IMPORT_ROLE_location:
		remember_location(collect, object, &where);
		break;
	case IMPORT_ROLE_service:
		take_service(collect, object, NULL, &where);
		break;
	case IMPORT_ROLE_service_at_location:
		if (has_object(object, "service"))
			take_place(collect, object, &where);
		else
			remember_place(collect, object, &where);
		break;
	}
	json_decref(object);
}

/* ---- the whole file ---- */

static void
take_at_places(struct collect *collect)
{
	const char *id;
	json_t *known;

	json_object_foreach(collect->at_place, id, known)
	{
		struct import_where where = {
			.row =
			    (uint64_t)json_integer_value(json_object_get(known, "row")),
			.line =
			    (uint64_t)json_integer_value(json_object_get(known, "line")),
			.id = text_of(id),
		};

		take_service(collect, json_object_get(known, "service"), NULL, &where);
	}
}

/* Services at locations whose service is not in the file. */
static void
quarantine_lost_places(struct collect *collect)
{
	const char *id;
	json_t *places;

	json_object_foreach(collect->places, id, places)
	{
		size_t index;
		json_t *place;

		json_array_foreach(places, index, place)
		{
			struct import_where where = { 0, 0, text_at(place, "id") };

			quarantine(
			    collect, IMPORT_broken_reference, &where, "service_id", id);
		}
	}
}

/* A table's rows, through the map. */
static enum status
take_table(struct collect *collect, struct text bytes, const char **why)
{
	struct import_table *table;
	struct import_table_row row;
	enum status status =
	    import_table_open(&table, bytes.at, bytes.length, NULL, collect->report, why);

	if (status != STATUS_OK)
		return status;
	(void)import_columns_fit(collect->map, table);
	while ((status = import_table_next(table, &row)) == STATUS_OK) {
		if (row.reason != IMPORT_FINE)
			quarantine(collect, row.reason, &row.where, "", row.why);
		else if (collect->kind == DIRECTORY_SERVICES)
			take_mapped(collect, row.cells, &row.where);
		else
			take_others(collect, row.cells, &row.where);
	}
	if (import_table_is_cut(table))
		import_report_add(collect->report, IMPORT_cut_file,
		    &(struct import_where){ 0, 0, TEXT_ABSENT }, "", "");
	import_table_close(table);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static void
take_rows(struct collect *collect, struct import_rows *rows, bool shows_progress)
{
	static const struct import_where FILE_ITSELF;
	struct import_row row;
	uint64_t count = 0;

	while (!collect->is_out_of_memory && import_rows_next(rows, &row)) {
		take_row(collect, &row);
		if (shows_progress && ++count % PROGRESS_EVERY == 0)
			fprintf(stderr, "\rread %llu", (unsigned long long)count);
	}
	if (shows_progress && count >= PROGRESS_EVERY)
		fputc('\n', stderr);
	take_at_places(collect);
	quarantine_lost_places(collect);
	if (import_rows_about(rows).is_page_of_many)
		import_report_add(
		    collect->report, IMPORT_page_of_many, &FILE_ITSELF, "", "");
	if (import_rows_about(rows).is_cut)
		import_report_add(collect->report, IMPORT_cut_file, &FILE_ITSELF, "", "");
}

enum status
import_collect(struct text bytes, enum directory_kind kind, const struct import_map *map,
    struct text source, bool shows_progress, struct import_plan *plan,
    struct import_report *report, const char **why)
{
	bool is_table = map != NULL && import_table_looks_so(bytes.at, bytes.length);
	struct import_rows *rows = NULL;
	enum status status = STATUS_OK;
	struct collect collect = {
		.kind = kind,
		.map = map,
		.source = source,
		.plan = plan,
		.report = report,
		.enrich = { .report = report },
	};

	if (!is_table)
		status = import_rows_open(&rows, bytes.at, bytes.length, why);
	if (status != STATUS_OK)
		return status;
	if (!is_table)
		collect.shape = import_rows_about(rows);
	collect.organizations = json_object();
	collect.locations = json_object();
	collect.places = json_object();
	collect.at_place = json_object();
	if (is_table)
		status = take_table(&collect, bytes, why);
	else
		take_rows(&collect, rows, shows_progress);
	import_plan_settle(plan, report);
	import_others_end(&collect.others, report);
	json_decref(collect.organizations);
	json_decref(collect.locations);
	json_decref(collect.places);
	json_decref(collect.at_place);
	free(collect.document.bytes);
	import_rows_close(rows);
	return collect.is_out_of_memory || collect.document.is_broken ? STATUS_NO_MEMORY
	                                                              : status;
}
