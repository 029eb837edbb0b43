/* SPDX-License-Identifier: Apache-2.0
 * A question into what is wanted. */
#include "services/matcher/wanted.h"

#include <math.h>

#include "common/clock.h"

#define DAY_MS INT64_C(86400000)
/* Bytes of an RFC 3339 full-date. */
#define FULL_DATE_LENGTH 10
#define ADULT_YEARS 18

/* The last day counts to its end. */
static bool
is_over(struct text until, int64_t now_ms)
{
	int64_t end;

	if (until.at == NULL)
		return false;
	if (!clock_parse(until, &end))
		return true;
	return now_ms >= (until.length == FULL_DATE_LENGTH ? end + DAY_MS : end);
}

static uint64_t
bits_of(const struct text *ids, size_t count)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= UINT64_C(1) << traits_bit(traits_hash(ids[i]));
	return bits;
}

static void
read_consent(struct wanted *wanted, const struct consent *consent, int64_t now_ms)
{
	for (uint32_t i = 0; i < consent->purposes_count; i++)
		if (text_is(consent->purposes[i], "referral"))
			wanted->is_consented = !is_over(consent->until, now_ms);
	for (uint32_t i = 0; i < consent->recipients_count; i++)
		if (text_is(consent->recipients[i], "any"))
			wanted->is_any_consented = true;
	wanted->recipient_bits = bits_of(consent->recipients, consent->recipients_count);
}

static void
read_person(struct wanted *wanted, const struct household *household, uint32_t position)
{
	const struct member *member;

	if (position >= household->members_count) {
		wanted->is_age_missing = true;
		return;
	}
	member = &household->members[position];
	if (member->age == UINT_ABSENT || member->age == UINT_REFUSED)
		wanted->is_age_missing = true;
	else
		wanted->ages[wanted->ages_count++] = member->age;
	for (uint32_t i = 0; i < member->difficulties_count; i++)
		wanted->difficulties |= 1U << member->difficulties[i];
}

static bool
is_child(const struct household *household, uint32_t position)
{
	const struct member *member;

	if (position >= household->members_count)
		return false;
	member = &household->members[position];
	return member->role == 0 ? member->age < ADULT_YEARS
	                         : member->role == member_role_child;
}

static bool
is_for_children(const struct household *household, const struct need_request *need)
{
	for (uint32_t i = 0; i < need->for_count; i++)
		if (!is_child(household, need->for_at[i]))
			return false;
	return need->for_count > 0;
}

uint32_t
wanted_siblings(const struct intake *intake, unsigned need)
{
	const struct need_request *needs = intake->needs;
	uint32_t siblings = 1U << need;

	if (!intake->has_household || !is_for_children(&intake->household, &needs[need]))
		return siblings;
	for (uint32_t i = 0; i < intake->needs_count; i++)
		if (text_equal(needs[i].term, needs[need].term) &&
		    is_for_children(&intake->household, &needs[i]))
			siblings |= 1U << i;
	return siblings;
}

static bool
is_named_before(const struct intake *intake, uint32_t needs, uint32_t last, uint32_t at)
{
	for (uint32_t i = 0; i < last; i++)
		for (uint32_t k = 0; (needs >> i & 1) && k < intake->needs[i].for_count;
		     k++)
			if (intake->needs[i].for_at[k] == at)
				return true;
	return false;
}

/* Each of those that these needs name, once. */
static void
read_named(struct wanted *wanted, const struct intake *intake, uint32_t needs)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < intake->needs_count; i++) {
		const struct need_request *need = &intake->needs[i];

		if ((needs >> i & 1) == 0)
			continue;
		for (uint32_t k = 0; k < need->for_count; k++) {
			if (is_named_before(intake, needs, i, need->for_at[k]))
				continue;
			read_person(wanted, &intake->household, need->for_at[k]);
			count++;
		}
	}
	wanted->is_for_siblings =
	    count > 1 &&
	    is_for_children(&intake->household, &intake->needs[wanted->question->need]);
}

static void
read_household(struct wanted *wanted, const struct intake *intake, unsigned position)
{
	const struct household *household = &intake->household;
	const struct need_request *need = &intake->needs[position];
	uint32_t siblings = wanted_siblings(intake, position);

	if (household->type != household_type_refused)
		wanted->household_type = household->type;
	if (household->displacement != displacement_refused)
		wanted->displacement = household->displacement;
	wanted->languages_count = household->languages_count;
	for (uint32_t i = 0; i < household->languages_count; i++)
		wanted->languages[i] = language_number(household->languages[i]);
	read_named(wanted, intake, siblings);
	if (wanted->question->sibling == NULL)
		wanted->places = (unsigned)__builtin_popcount(siblings);
	for (uint32_t i = 0; need->for_count == 0 && i < household->members_count; i++)
		read_person(wanted, household, i);
}

/* About a kilometre: what routing may know of a family's place. */
static double
rounded(double degrees)
{
	return round(degrees * 100) / 100;
}

/* What its code does not say of the family's place. */
static void
read_hierarchy(struct wanted *wanted, const struct places *places)
{
	place_id at = places_find(places, wanted->place);

	wanted->place_id = at;
	if (at == PLACE_NONE)
		return;
	wanted->holds_others = places_holds_others(places, at);
	if (wanted->holds_others)
		wanted->is_place_plain = false;
	if (places_is_path(wanted->place))
		wanted->place_key = place_key_official(wanted->place_key);
	while ((at = places_parent(places, at)) != PLACE_NONE &&
	       wanted->wider_count < WANTED_WIDER_MAX) {
		struct place_view view;

		places_view(places, at, TEXT_ABSENT, &view);
		if (place_within(view.code, wanted->place))
			continue;
		wanted->wider_keys[wanted->wider_count] = place_key_of(view.code);
		if (wanted->wider_keys[wanted->wider_count].mask == 0)
			wanted->is_place_plain = false;
		wanted->wider[wanted->wider_count++] = view.code;
	}
}

static void
read_place(struct wanted *wanted, const struct place *place, const struct places *places)
{
	wanted->place = place->code;
	wanted->place_key = place_key_of(place->code);
	wanted->is_place_plain = wanted->place_key.mask != 0;
	if (places != NULL)
		read_hierarchy(wanted, places);
	if (!isnan(place->lat) && !isnan(place->lon)) {
		wanted->lat = rounded(place->lat);
		wanted->lon = rounded(place->lon);
		wanted->spot = spot_of(wanted->lat, wanted->lon);
	}
}

void
wanted_read(struct wanted *wanted, const struct match_question *question)
{
	const struct intake *intake = question->intake;
	const struct need_request *need = &intake->needs[question->need];
	const struct preferences *preferences = &intake->preferences;

	*wanted = (struct wanted){
		.question = question,
		.term = need->term,
		.tried_bits = bits_of(question->tried, question->tried_count),
		.place_id = PLACE_NONE,
		.lat = NAN,
		.lon = NAN,
		.spot = SPOT_UNKNOWN,
		.today = traits_day(question->now_ms),
		.places = 1,
	};
	if (intake->has_consent)
		read_consent(wanted, &intake->consent, question->now_ms);
	if (intake->has_preferences) {
		wanted->denied_bits =
		    bits_of(preferences->deny_agencies, preferences->deny_agencies_count);
		wanted->preferred_bits =
		    bits_of(&preferences->agency, preferences->agency.length > 0);
	}
	if (intake->has_household)
		read_household(wanted, intake, question->need);
	if (wanted->ages_count == 0)
		wanted->is_age_missing = true;
	wanted->youngest = UINT32_MAX;
	for (uint32_t i = 0; i < wanted->ages_count; i++) {
		if (wanted->ages[i] < wanted->youngest)
			wanted->youngest = wanted->ages[i];
		if (wanted->ages[i] > wanted->oldest)
			wanted->oldest = wanted->ages[i];
	}
	if (intake->has_place)
		read_place(wanted, &intake->place, question->places);
}

/* To the nearest of the service's points; NaN unknown. */
static double
distance_km(double lat, double lon, const struct traits *traits)
{
	const struct particulars *more = traits->more;
	const struct kept_facts *facts = more->facts;
	double nearest = NAN;

	if (isnan(lat))
		return NAN;
	if (!isnan(more->lat))
		return place_distance_km(lat, lon, more->lat, more->lon);
	for (uint32_t i = 0; i < facts->points_count; i++)
		nearest = fmin(nearest, place_distance_km(lat, lon, facts->points[i].lat,
		                            facts->points[i].lon));
	return nearest;
}

double
wanted_distance_km(const struct wanted *wanted, const struct traits *traits)
{
	return distance_km(wanted->lat, wanted->lon, traits);
}

double
traits_distance_km(const struct traits *one, const struct traits *other)
{
	const struct kept_facts *facts = one->more->facts;
	double nearest = NAN;

	for (uint32_t i = 0; i < facts->points_count; i++)
		nearest = fmin(nearest,
		    distance_km(facts->points[i].lat, facts->points[i].lon, other));
	return nearest;
}

unsigned
wanted_language(const struct wanted *wanted, const struct traits *traits)
{
	for (uint32_t i = 0; i < wanted->languages_count; i++)
		for (uint32_t k = 0; k < traits->languages_count; k++)
			if (wanted->languages[i] != 0 &&
			    wanted->languages[i] == traits_language(traits, k))
				return i + 1;
	return 0;
}
