/* SPDX-License-Identifier: Apache-2.0
 * Rows of HSDS: organizations with services, services, places of services, and what they name. */
#include "deploy/referralctl/import_collect_private.h"
#include "deploy/referralctl/import_older.h"
#include "deploy/referralctl/import_settle.h"

static bool
has_object(const json_t *object, const char *key)
{
	return json_is_object(json_object_get(object, key));
}

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
			collect_quarantine(
			    collect, IMPORT_not_object, &inside, "services", "");
			continue;
		}
		if (!has_object(service, "organization"))
			json_object_set_new(
			    service, "organization", json_deep_copy(agency));
		collect_service(collect, service, organization, &inside);
	}
}

void
collect_organization(struct import_collect *collect, json_t *organization,
    const struct import_row *row, const struct import_where *where)
{
	struct import_report *report = collect->pass.report;
	char digits[32];
	struct text id = settle_read_id(json_object_get(organization, "id"), digits);
	bool is_shortened;
	json_t *agency = import_join_agency(organization, &is_shortened);

	if (row != NULL && id.length > 0)
		collect_must(
		    collect, import_join_add_organization(collect->join, id, row->text));
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
		collect_quarantine(collect,
		    holds ? IMPORT_missing_id : IMPORT_not_a_service, where,
		    holds ? "service.id" : "service_id", "");
	else
		collect_must(collect, import_join_add_place(collect->join, id, holds, row,
		                          where, collect->pass.report->file));
}

static void
take_location(struct import_collect *collect, const json_t *location,
    const struct import_row *row, const struct import_where *where)
{
	char digits[32];
	struct text id = settle_read_id(json_object_get(location, "id"), digits);

	if (id.length == 0)
		collect_quarantine(collect, IMPORT_missing_id, where, "id", "a location");
	else
		collect_must(
		    collect, import_join_add_location(collect->join, id, row->text));
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
void
collect_hsds(struct import_collect *collect, json_t *object, const struct import_row *row,
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
		collect_quarantine(collect, IMPORT_not_a_service, where, "", "");
		break;
	case IMPORT_ROLE_organization:
		collect_organization(collect, object, row, where);
		break;
	case IMPORT_ROLE_location:
		take_location(collect, object, row, where);
		break;
	case IMPORT_ROLE_service:
		collect_service(collect, object, NULL, where);
		break;
	case IMPORT_ROLE_service_at_location:
		take_place(collect, object, row, where);
		break;
	}
}
