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

size_t
traits_room(const struct service_facts *facts)
{
	size_t languages =
	    beyond(facts->languages_count, TRAITS_LANGUAGES) * sizeof(uint32_t);

	return beyond(facts->areas_count, 1) * sizeof(struct place_key) +
	       (languages + 7) / 8 * 8;
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

void
traits_read(struct traits *traits, struct particulars *more,
    const struct service_facts *facts, void *room)
{
	struct place_key *areas = room;
	uint32_t *languages = (uint32_t *)(areas + beyond(facts->areas_count, 1));
	uint64_t id_hash = traits_hash(facts->id);

	*more = (struct particulars){
		.facts = facts,
		.more_areas = areas,
		.more_languages = languages,
		.radius_km = facts->radius_km,
		.response_hours = facts->response_hours,
		.capacity_at = facts->capacity_at,
		.free_places = facts->available,
		.id_hash = id_hash,
	};
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
		.id_bit = traits_bit(id_hash),
		.has_radius = !isnan(facts->radius_km),
		.has_response = !isnan(facts->response_hours),
		.report_day = facts->capacity_at == TIME_ABSENT
		                  ? 0
		                  : traits_day(facts->capacity_at),
		.radius_most_km = whole_km(facts->radius_km),
		.spot = facts->points_count == 1
		            ? spot_of(facts->points[0].lat, facts->points[0].lon)
		            : SPOT_UNKNOWN,
		.has_other_area = facts->shapes_count > 0 || facts->is_area_unclear,
		.has_residence =
		    facts->residences_count > 0 || facts->is_residence_unclear,
		.has_hours = facts->hours_count > 0,
	};
	read_areas(traits, facts, areas);
	read_languages(traits, facts, languages);
}
