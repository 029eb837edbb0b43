/* SPDX-License-Identifier: Apache-2.0
 * Service documents as readers may see them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/facts_document.h"
#include "common/id.h"
#include "common/json.h"
#include "common/json_hsds_private.h"

/* What is known not to tell where a place is; all else is taken out of one that is hidden. */
static const char *const TELLS_NOTHING[] = { "id", "location_type", "languages", "phones",
	"contacts", "schedules", "attributes", "service_id", "organization_id",
	"service_areas", "location", "x_timezone", NULL };

/* Of a service with a hidden address: what HSDS does not know may tell anything, and so may
 * what a member was before. */
static const char *const TELLS_NO_PLACE[] = { "accreditations", "additional_urls",
	"additional_websites", "alert", "alternate_name", "application_process",
	"assured_date", "assurer_email", "attributes", "capacities", "code", "contacts",
	"cost_options", "description", "eligibility_description", "email", "fees",
	"fees_description", "funding", "id", "interpretation_services", "languages",
	"last_modified", "legal_status", "licenses", "locations", "logo", "maximum_age",
	"minimum_age", "name", "organization", "organization_id",
	"organization_identifiers", "parent_organization_id", "phones", "program",
	"program_id", "programs", "required_documents", "schedules", "service_areas",
	"service_at_locations", "status", "tax_id", "tax_status", "uri", "url",
	"wait_time", "website", "x_id", "x_opens_at", "x_timezone", "x_translations",
	"year_incorporated", NULL };

static bool
is_in(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static void
keep_only(json_t *object, const char *const *names)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		if (!is_in(names, name))
			(void)json_object_del(object, name);
	}
}

/* As deep as documents nest, which the parser bounds. */
static void
rename_texts(json_t *value, const char *from, const char *to)
{
	const char *name;
	json_t *member;
	void *next;
	size_t i;

	json_array_foreach(value, i, member) rename_texts(member, from, to);
	json_object_foreach_safe(value, next, name, member)
	    rename_texts(member, from, to);
	if (json_is_string(value) && strcmp(json_string_value(value), from) == 0)
		(void)json_string_set(value, to);
}

/* A location's own id would lead to the same location where another service is offered. */
static void
rename_location(json_t *place, const json_t *location)
{
	const char *id = json_string_value(json_object_get(location, "id"));
	const char *of = json_string_value(json_object_get(place, "id"));
	char made[ID_UUID_BYTES + 1], from[ID_UUID_BYTES + 1];

	if (id == NULL || !text_copy(text_of(id), from, sizeof from))
		return;
	id_uuid_of(text_of(of != NULL ? of : "place"), LITERAL("hidden location"), made);
	rename_texts(place, from, made);
}

static void
hide_attributes(json_t *object)
{
	json_t *attributes = json_object_get(object, "attributes");

	for (size_t i = json_array_size(attributes); i > 0; i--) {
		const json_t *term =
		    json_object_get(json_array_get(attributes, i - 1), "taxonomy_term");
		const char *taxonomy =
		    json_string_value(json_object_get(term, "taxonomy"));

		if (taxonomy == NULL || strcasecmp(taxonomy, "hearthline-facts") != 0)
			(void)json_array_remove(attributes, i - 1);
	}
}

static void
hide_place(json_t *place)
{
	json_t *location = json_object_get(place, "location");

	keep_only(place, TELLS_NOTHING);
	keep_only(location, TELLS_NOTHING);
	hide_attributes(place);
	hide_attributes(location);
	rename_location(place, location);
}

static bool
is_place_hidden(const json_t *place)
{
	return facts_place_secrecy(place) != CONFIDENTIALITY_public;
}

/* Whether there were any. */
static bool
drop_cleared_places(json_t *places)
{
	size_t count = json_array_size(places);

	for (size_t i = count; i > 0; i--)
		if (facts_place_secrecy(json_array_get(places, i - 1)) ==
		    CONFIDENTIALITY_cleared)
			(void)json_array_remove(places, i - 1);
	return json_array_size(places) < count;
}

/* Whether the service is offered at a location as everybody may know. */
static bool
is_shown_at(const json_t *service, const json_t *location)
{
	const json_t *id = json_object_get(location, "id");
	const json_t *place;
	size_t i;

	json_array_foreach(json_object_get(service, "service_at_locations"), i, place)
	{
		if (json_is_string(id) && !is_place_hidden(place) &&
		    json_equal(
		        id, json_object_get(json_object_get(place, "location"), "id")))
			return !facts_hides_address(location);
	}
	return false;
}

/* A location of the organization may be the hidden one of another service, which alone says
 * that it is: those stay at which this service is seen to be. */
static bool
hide_locations(json_t *service, bool hides_all)
{
	json_t *organization = json_object_get(service, "organization");
	json_t *locations = json_object_get(organization, "locations");
	size_t count = json_array_size(locations);

	for (size_t i = json_array_size(locations); i > 0; i--)
		if (hides_all || !is_shown_at(service, json_array_get(locations, i - 1)))
			(void)json_array_remove(locations, i - 1);
	return json_array_size(locations) < count;
}

bool
hsds_hide(json_t *service, bool hides_all)
{
	json_t *places = json_object_get(service, "service_at_locations");
	json_t *place;
	size_t i;
	bool has_hidden, lacks_locations;

	hides_all = hides_all || facts_hides_address(service);
	lacks_locations = hide_locations(service, hides_all);
	has_hidden = drop_cleared_places(places) || hides_all;
	json_array_foreach(places, i, place)
	{
		if (!hides_all && !is_place_hidden(place))
			continue;
		hide_place(place);
		has_hidden = true;
	}
	if (!has_hidden)
		return lacks_locations;
	keep_only(service, TELLS_NO_PLACE);
	keep_only(json_object_get(service, "organization"), TELLS_NO_PLACE);
	return true;
}

static void
show_what_holds(json_t *service, const struct service_facts *facts, int64_t now_ms)
{
	int64_t opens_at = hours_next_opening(facts->hours, facts->hours_count, now_ms);
	char text[CLOCK_TEXT_BYTES];

	if (facts_notice(facts, now_ms).at == NULL)
		(void)json_object_del(service, "alert");
	if (opens_at == TIME_ABSENT)
		return;
	clock_format(opens_at, text);
	(void)json_object_set_new(service, "x_opens_at", json_string(text));
}

void
hsds_strip(json_t *service, const struct service_facts *facts, bool hides_addresses,
    int64_t now_ms)
{
	(void)json_object_del(service, "x_source");
	show_what_holds(service, facts, now_ms);
	if (hides_addresses)
		(void)hsds_hide(service, false);
}

char *
json_service(struct text document, const struct service_facts *facts,
    bool hides_addresses, int64_t now_ms, size_t *length)
{
	json_t *service = json_loadb(document.at, document.length, 0, NULL);
	char *text = NULL;

	if (json_is_object(service)) {
		hsds_strip(service, facts, hides_addresses, now_ms);
		text = json_dumps(service, JSON_COMPACT);
	}
	json_decref(service);
	*length = text != NULL ? strlen(text) : 0;
	return text;
}

enum status
json_public(struct text document, bool hides_all, char **text, size_t *length)
{
	json_t *service = json_loadb(document.at, document.length, 0, NULL);
	enum status status = json_is_object(service) ? STATUS_OK : STATUS_INVALID;

	*text = NULL;
	if (status == STATUS_OK && hsds_hide(service, hides_all)) {
		*text = json_dumps(service, JSON_COMPACT);
		status = *text != NULL ? STATUS_OK : STATUS_NO_MEMORY;
		*length = *text != NULL ? strlen(*text) : 0;
	}
	json_decref(service);
	return status;
}
