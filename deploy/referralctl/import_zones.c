/* SPDX-License-Identifier: Apache-2.0
 * Finds zones of addresses and gives them to schedules. */
#include "deploy/referralctl/import_zones.h"

#include <strings.h>

#include "deploy/referralctl/import_settle.h"

static const struct {
	const char *code, *zone;
} COUNTRIES[] = {
#define COUNTRY(code, zone) { code, zone },
#include "deploy/referralctl/import_zones.def"
};

static const struct {
	const char *code, *name, *zone;
} STATES[] = {
#define STATE(code, name, zone) { code, name, zone },
#include "deploy/referralctl/import_zones.def"
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool
is_word(struct text text, const char *word)
{
	return text.length == strlen(word) &&
	       strncasecmp(text.at, word, text.length) == 0;
}

static const char *
zone_of_address(const json_t *address)
{
	struct text country = settle_text_at(address, "country");
	struct text state = settle_text_at(address, "state_province");

	for (size_t i = 0; i < COUNT(COUNTRIES); i++)
		if (is_word(country, COUNTRIES[i].code))
			return COUNTRIES[i].zone;
	for (size_t i = 0; i < COUNT(STATES) && is_word(country, "US"); i++)
		if (is_word(state, STATES[i].code) || is_word(state, STATES[i].name))
			return STATES[i].zone;
	return NULL;
}

/* NULL: none, or addresses in several. */
static const char *
zone_of_location(const json_t *location)
{
	const char *zone = NULL;
	size_t index;
	const json_t *address;

	json_array_foreach(json_object_get(location, "addresses"), index, address)
	{
		const char *found = zone_of_address(address);

		if (found == NULL || (zone != NULL && strcmp(zone, found) != 0))
			return NULL;
		zone = found;
	}
	return zone;
}

static const char *
zone_of_service(const json_t *service)
{
	const char *zone = NULL;
	size_t index;
	const json_t *place;

	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		const char *found = zone_of_location(json_object_get(place, "location"));

		if (found == NULL || (zone != NULL && strcmp(zone, found) != 0))
			return NULL;
		zone = found;
	}
	return zone;
}

/* "09:00Z" and "09:00+02:00" say theirs. */
static bool
has_offset(struct text time)
{
	for (uint32_t i = 0; i < time.length; i++)
		if (strchr("Zz+-", time.at[i]) != NULL)
			return true;
	return false;
}

static bool
lacks_zone(const json_t *schedule)
{
	struct text opens = settle_text_at(schedule, "opens_at");
	struct text closes = settle_text_at(schedule, "closes_at");

	return opens.length > 0 && json_object_get(schedule, "timezone") == NULL &&
	       json_object_get(schedule, "x_timezone") == NULL && !has_offset(opens) &&
	       !has_offset(closes);
}

static void
give_zone(json_t *owner, const char *zone, struct import_check *check)
{
	size_t index;
	json_t *schedule;

	json_array_foreach(json_object_get(owner, "schedules"), index, schedule)
	{
		if (zone == NULL || !lacks_zone(schedule))
			continue;
		json_object_set_new(schedule, "x_timezone", json_string(zone));
		import_check_note(check, IMPORT_zone_derived, zone);
	}
}

void
import_zones_enrich(json_t *service, struct import_check *check)
{
	size_t index;
	json_t *place;

	if (json_object_get(service, "x_timezone") != NULL)
		return;
	give_zone(service, zone_of_service(service), check);
	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		json_t *location = json_object_get(place, "location");

		give_zone(place, zone_of_location(location), check);
		give_zone(location, zone_of_location(location), check);
	}
}
