/* SPDX-License-Identifier: Apache-2.0
 * Facts into traits. */
#include "services/matcher/traits.h"

#include <assert.h>
#include <math.h>

#define DAY_MS INT64_C(86400000)

static_assert(sizeof(struct traits) == 64, "a cache line");
static_assert(household_type_end <= 16 && displacement_end <= 8 && difficulty_end <= 8,
    "sets fit their bits");

uint64_t
traits_hash(struct text id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < id.length; i++)
		hash = (hash ^ (unsigned char)id.at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint32_t
language_number(struct text tag)
{
	uint32_t number = 0;
	uint32_t i;

	for (i = 0; i < tag.length && tag.at[i] != '-' && tag.at[i] != '_'; i++) {
		uint32_t letter = (unsigned char)tag.at[i] | 0x20U;

		if (i == 4 || letter < 'a' || letter > 'z')
			return 0;
		number = number << 5 | (letter & 0x1fU);
	}
	return i < 2 ? 0 : number;
}

static uint32_t
beyond(uint32_t count, uint32_t first)
{
	return count > first ? count - first : 0;
}

static size_t
rounded_up(size_t bytes)
{
	return (bytes + 7) / 8 * 8;
}

size_t
traits_room(const struct service_facts *facts)
{
	size_t languages =
	    beyond(facts->languages_count, TRAITS_LANGUAGES) * sizeof(uint32_t);
	size_t spots = (facts->points_count + 1) * sizeof(struct spot);

	return beyond(facts->areas_count, 1) * sizeof(struct place_key) +
	       rounded_up(languages) + rounded_up(spots);
}

static void
read_areas(
    struct traits *traits, const struct service_facts *facts, struct place_key *more)
{
	traits->areas_count = (uint8_t)facts->areas_count;
	for (uint32_t i = 0; i < facts->areas_count; i++)
		*(i == 0 ? &traits->area : &more[i - 1]) = place_key_of(facts->areas[i]);
}

static void
read_languages(struct traits *traits, const struct service_facts *facts, uint32_t *more)
{
	traits->languages_count = (uint8_t)facts->languages_count;
	for (uint32_t i = 0; i < facts->languages_count; i++) {
		uint32_t number = language_number(facts->languages[i]);

		if (i < TRAITS_LANGUAGES)
			traits->languages |= (uint64_t)number << i * TRAITS_LANGUAGE_BITS;
		else
			more[i - TRAITS_LANGUAGES] = number;
	}
}

static bool
holds_spot(const struct spot *spots, uint32_t count, struct spot spot)
{
	while (count-- > 0)
		if (spot_equal(spots[count], spot))
			return true;
	return false;
}

uint32_t
spots_read(const struct service_facts *facts, struct spot *spots)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < facts->points_count; i++) {
		struct spot spot = spot_of(facts->points[i].lat, facts->points[i].lon);

		if (spot.at[0] != INT16_MIN && !holds_spot(spots, count, spot))
			spots[count++] = spot;
	}
	if (count == 0)
		spots[count++] = SPOT_UNKNOWN;
	return count;
}

uint16_t
traits_day(int64_t at_ms)
{
	int64_t day = at_ms / DAY_MS;

	if (day <= 0)
		return 0;
	return (uint16_t)(day < UINT16_MAX ? day : UINT16_MAX);
}

/* Not less; as far as anything can be from anything where it is more than that. */
static uint16_t
whole_km(double km)
{
	return km > 0 ? (uint16_t)fmin(ceil(km), UINT16_MAX) : 0;
}

static void
read_particulars(struct particulars *more, const struct service_facts *facts, void *room)
{
	struct place_key *areas = room;
	uint32_t *languages = (uint32_t *)(areas + beyond(facts->areas_count, 1));
	uint32_t languages_count = beyond(facts->languages_count, TRAITS_LANGUAGES);
	struct spot *spots = (struct spot *)(languages + (languages_count + 1) / 2 * 2);

	*more = (struct particulars){
		.more_areas = areas,
		.more_languages = languages,
		.spots = spots,
		.spots_count = spots_read(facts, spots),
		.radius_km = facts->radius_km,
		.response_hours = facts->response_hours,
		.lat = facts->points_count == 1 ? facts->points[0].lat : NAN,
		.lon = facts->points_count == 1 ? facts->points[0].lon : NAN,
		.capacity_at = facts->capacity_at,
		.capacity_ttl_hours = facts->capacity_ttl_hours,
		.free_places = facts->available,
		.id_hash = traits_hash(facts->id),
	};
}

void
traits_read(struct traits *traits, struct particulars *more,
    const struct service_facts *facts, void *room)
{
	struct place_key *areas = room;
	uint32_t *languages = (uint32_t *)(areas + beyond(facts->areas_count, 1));

	read_particulars(more, facts, room);
	*traits = (struct traits){
		.more = more,
		.minimum_age = (float)facts->minimum_age,
		.maximum_age = (float)facts->maximum_age,
		.household_types = (uint16_t)facts->household_types,
		.displacements = (uint8_t)facts->displacements,
		.difficulties = (uint8_t)facts->difficulties,
		.is_active = facts->is_active,
		.is_referral_allowed = facts->is_referral_allowed,
		.confidentiality = (uint8_t)facts->confidentiality,
		.interpreter = (uint8_t)facts->interpreter,
		.agency_bit = traits_bit(traits_hash(facts->agency)),
		.id_bit = traits_bit(more->id_hash),
		.has_radius = !isnan(facts->radius_km),
		.has_response = !isnan(facts->response_hours),
		.report_day = facts->capacity_at == TIME_ABSENT
		                  ? 0
		                  : traits_day(facts->capacity_at),
		.radius_most_km = whole_km(facts->radius_km),
		.spot = more->spots_count == 1 ? more->spots[0] : SPOT_UNKNOWN,
		.is_scattered = more->spots_count > 1,
		.has_other_area = facts->shapes_count > 0 || facts->is_area_unclear,
		.has_residence =
		    facts->residences_count > 0 || facts->is_residence_unclear,
		.has_hours = facts->hours_count > 0,
	};
	read_areas(traits, facts, areas);
	read_languages(traits, facts, languages);
}
