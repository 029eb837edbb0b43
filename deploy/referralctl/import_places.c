/* SPDX-License-Identifier: Apache-2.0
 * Places of a service by its addresses and the names of its areas. */
#include "deploy/referralctl/import_places.h"

#include <stdio.h>

#include "common/places_resolve.h"
#include "deploy/referralctl/import_settle.h"

#define TURN_MS 50
#define LINE_BYTES 600
#define URN "urn:place:"

/* ---- loading ---- */

struct loading {
	struct places *places;
	enum status status;
	bool is_over;
};

static void
on_reset(void *self)
{
	struct loading *loading = self;

	places_free(loading->places);
	loading->places = places_new();
}

static void
on_each(void *self, struct text source, struct text id, struct text document)
{
	struct loading *loading = self;

	(void)source;
	(void)id;
	if (loading->status == STATUS_OK)
		loading->status = loading->places ? places_read(loading->places, document)
		                                  : STATUS_NO_MEMORY;
}

static void
on_loaded(void *self, enum status status, struct text version)
{
	struct loading *loading = self;

	(void)version;
	loading->is_over = true;
	if (loading->status == STATUS_OK)
		loading->status = status;
}

enum status
import_places_load(const struct import_target *target, struct places **places)
{
	struct loading loading = { places_new(), STATUS_OK, false };
	struct directory *directory =
	    directory_open(target->store, target->cell, DIRECTORY_PLACES);
	enum status status =
	    directory ? directory_load(directory, on_reset, on_each, on_loaded, &loading)
	              : STATUS_NO_MEMORY;

	*places = NULL;
	while (status == STATUS_OK && !loading.is_over)
		status = loop_turn(target->loop, TURN_MS);
	if (status == STATUS_OK)
		status = loading.status;
	directory_close(directory);
	if (status == STATUS_OK && places_count(loading.places) > 0)
		status = places_settle(loading.places);
	if (status != STATUS_OK || places_count(loading.places) == 0)
		places_free(loading.places);
	else
		*places = loading.places;
	return status;
}

/* ---- addresses ---- */

static bool
asks_for_secrecy(const json_t *object)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(object, "attributes"), index, attribute)
	{
		if (text_is(settle_text_at(attribute, "label"), "confidentiality") &&
		    !text_is(settle_text_at(attribute, "value"), "public"))
			return true;
	}
	return false;
}

static void
note(struct import_check *check, uint32_t candidates, struct text name)
{
	char why[160];

	snprintf(why, sizeof why, "%u places could be meant: %.*s", candidates,
	    name.length < 100 ? (int)name.length : 100, name.at ? name.at : "");
	import_check_note(check, IMPORT_place_not_resolved, why);
}

static void
resolve_location(struct places *places, json_t *location, struct import_check *check)
{
	const json_t *address = json_array_get(json_object_get(location, "addresses"), 0);
	struct text line = settle_text_at(address, "address_1");
	struct text community = settle_text_at(address, "region");
	struct import_share *share = &check->report->understood[IMPORT_UNDERSTOOD_places];
	struct place_address asked = {
		.country = settle_text_at(address, "country"),
		.region = settle_text_at(address, "state_province"),
		.city = settle_text_at(address, "city"),
		.postal_code = settle_text_at(address, "postal_code"),
	};
	char text[LINE_BYTES];
	struct place_resolved made;
	struct place_view view;

	if (!json_is_object(address))
		return;
	snprintf(text, sizeof text, "%.*s,%.*s", (int)community.length,
	    community.at ? community.at : "", (int)line.length, line.at ? line.at : "");
	asked.line = text_of(text);
	made = places_resolve(places, &asked);
	share->of++;
	if (made.place == PLACE_NONE) {
		note(check, made.candidates, asked.city.length ? asked.city : line);
		return;
	}
	share->understood++;
	places_view(places, made.place, TEXT_ABSENT, &view);
	json_object_set_new(
	    location, "x_place", json_stringn(view.code.at, view.code.length));
}

/* ---- areas ---- */

static void
resolve_area(
    struct places *places, json_t *area, struct text country, struct import_check *check)
{
	struct text name = settle_text_at(area, "name");
	struct import_share *share = &check->report->understood[IMPORT_UNDERSTOOD_places];
	char uri[sizeof URN + PLACE_CODE_MAX];
	struct place_resolved made;
	struct place_view view;

	if (name.length == 0 || json_object_get(area, "uri") != NULL ||
	    text_is(settle_text_at(area, "extent_type"), "geojson"))
		return;
	made = places_resolve_name(places, country, name);
	share->of++;
	if (made.place == PLACE_NONE) {
		note(check, made.candidates, name);
		return;
	}
	share->understood++;
	places_view(places, made.place, TEXT_ABSENT, &view);
	snprintf(uri, sizeof uri, URN "%.*s", (int)view.code.length, view.code.at);
	json_object_set_new(area, "uri", json_string(uri));
}

void
import_places_enrich(struct places *places, json_t *service, struct import_check *check)
{
	bool is_secret = asks_for_secrecy(service);
	struct text country = TEXT_ABSENT;
	size_t index;
	json_t *entry;

	json_array_foreach(json_object_get(service, "service_at_locations"), index, entry)
	{
		json_t *location = json_object_get(entry, "location");
		const json_t *address =
		    json_array_get(json_object_get(location, "addresses"), 0);

		if (places == NULL || !json_is_object(location))
			continue;
		if (country.length == 0)
			country = settle_text_at(address, "country");
		if (!is_secret && !asks_for_secrecy(entry) &&
		    !asks_for_secrecy(location) &&
		    !text_is(settle_text_at(location, "location_type"), "redacted"))
			resolve_location(places, location, check);
	}
	json_array_foreach(json_object_get(service, "service_areas"), index, entry)
	{
		if (places != NULL && country.length > 0)
			resolve_area(places, entry, country, check);
	}
}
