/* SPDX-License-Identifier: Apache-2.0
 * What a service may score at most. */
#include "services/matcher/prospect.h"

#include <math.h>

/* Rules that are unknown where a service makes nothing known. */
#define UNKNOWNS_MOST 5

/* By score_most, so that what it knows of parts stands in one place. */
static int32_t
worth_of(const struct wanted *wanted, const struct traits *traits, unsigned levels,
    unsigned unknowns)
{
	const struct scored scored = { .traits = traits,
		.distance_km = NAN,
		.levels = levels,
		.unknowns = unknowns };

	return score_most(wanted, &scored);
}

/* Each difference may have lost a hundredth. */
static int32_t
more_than(int32_t worth, int32_t base)
{
	return worth > base ? worth - base + 1 : 0;
}

/* With a report of places of so many days since 1970. */
static int32_t
worth_on(const struct wanted *wanted, struct traits traits, uint16_t day)
{
	traits.report_day = day;
	return worth_of(wanted, &traits, 0, UNKNOWNS_MOST);
}

static void
read_fresh(struct prospect *prospect, const struct traits *nothing, int32_t base)
{
	const struct wanted *wanted = prospect->wanted;
	unsigned from = UINT8_MAX;

	prospect->fresh = more_than(worth_on(wanted, *nothing, UINT16_MAX), base);
	while (from > 0 && chart_last_day((uint8_t)(from - 1)) > wanted->today)
		from--;
	while (from > 0 &&
	       worth_on(wanted, *nothing, chart_last_day((uint8_t)(from - 1))) > base)
		from--;
	prospect->fresh_from = (uint8_t)from;
	for (unsigned age = 0; age <= PROSPECT_DAYS; age++) {
		int32_t adds = more_than(
		    worth_on(wanted, *nothing, (uint16_t)(wanted->today - age)), base);

		prospect->lost_by_day[age] =
		    adds < prospect->fresh ? prospect->fresh - adds : 0;
	}
}

/* What a language earns at most: that of the family's best one. */
static struct traits
with_language(struct traits traits, const struct wanted *wanted)
{
	uint32_t best = 0;

	while (best + 1 < wanted->languages_count && wanted->languages[best] == 0)
		best++;
	traits.languages_count = 1;
	traits.languages = wanted->languages[best];
	return traits;
}

/* What a service earns less that speaks but the second of the family's languages, and so on. */
static void
read_languages(struct prospect *prospect, const struct traits *nothing)
{
	const struct wanted *wanted = prospect->wanted;
	struct traits speaks = with_language(*nothing, wanted);
	int32_t most = worth_of(wanted, &speaks, 0, UNKNOWNS_MOST), worth;

	for (uint32_t i = 0; i <= wanted->languages_count; i++) {
		speaks.languages = i < wanted->languages_count ? wanted->languages[i] : 0;
		worth = worth_of(wanted, &speaks, 0, UNKNOWNS_MOST);
		prospect->lost[i] = worth < most ? most - worth - 1 : 0;
		if (i < wanted->languages_count)
			prospect->languages[i] =
			    wanted->languages[i] != 0
			        ? chart_language(wanted->languages[i])
			        : 0;
	}
}

static void
read_features(struct prospect *prospect, const struct traits *nothing, int32_t base)
{
	const struct wanted *wanted = prospect->wanted;
	int32_t known = more_than(worth_of(wanted, nothing, 0, UNKNOWNS_MOST - 1), base);
	struct traits speaks = with_language(*nothing, wanted), named = *nothing,
	              open = *nothing, answers = *nothing;
	int32_t worth[FEATURES] = { [FEATURE_age] = known, [FEATURE_area] = known };

	named.household_types = UINT16_MAX;
	open.has_hours = true;
	answers.has_response = true;
	if (wanted->languages_count > 0)
		worth[FEATURE_language] =
		    known + more_than(worth_of(wanted, &speaks, 0, UNKNOWNS_MOST), base);
	if (wanted->household_type != 0)
		worth[FEATURE_household_type] =
		    known + more_than(worth_of(wanted, &named, 0, UNKNOWNS_MOST), base);
	if (wanted->displacement != 0)
		worth[FEATURE_displacement] = known;
	worth[FEATURE_opening] =
	    more_than(worth_of(wanted, &open, 0, UNKNOWNS_MOST), base);
	worth[FEATURE_response] =
	    more_than(worth_of(wanted, &answers, 0, UNKNOWNS_MOST), base);
	prospect->features[0] = 0;
	for (unsigned feature = 0; feature < FEATURES; feature++)
		for (unsigned i = 0; i < 1U << feature; i++)
			prospect->features[i | 1U << feature] =
			    prospect->features[i] + worth[feature];
}

/* A service that makes nothing known. */
static struct traits
traits_of_nobody(const struct wanted *wanted, bool is_heard)
{
	static const struct particulars NOTHING = { .radius_km = NAN,
		.response_hours = NAN,
		.capacity_at = TIME_ABSENT,
		.free_places = NAN };
	struct traits traits = { .more = &NOTHING, .spot = SPOT_UNKNOWN };

	/* Of the preferred agency, unless that has been heard. */
	while (traits.agency_bit < 63 &&
	       (wanted->preferred_bits >> traits.agency_bit & 1) == is_heard)
		traits.agency_bit++;
	return traits;
}

void
prospect_read(struct prospect *prospect, const struct wanted *wanted, bool is_heard)
{
	struct score_fall fall = score_fall(wanted);
	int32_t base;

	prospect->wanted = wanted;
	prospect->nobody = traits_of_nobody(wanted, is_heard);
	prospect->fall = (float)fall.points;
	prospect->half_km = (float)fall.half_km;
	base = worth_of(wanted, &prospect->nobody, 0, UNKNOWNS_MOST);
	read_fresh(prospect, &prospect->nobody, base);
	read_features(prospect, &prospect->nobody, base);
	read_languages(prospect, &prospect->nobody);
}

int32_t
prospect_base(const struct prospect *prospect, unsigned levels)
{
	return worth_of(prospect->wanted, &prospect->nobody, levels, UNKNOWNS_MOST);
}
