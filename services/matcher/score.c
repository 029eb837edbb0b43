/* SPDX-License-Identifier: Apache-2.0
 * One function per part of proto/score.def: what is measured of a service. */
#include "services/matcher/score.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "common/merit.h"

#define HOUR_MS INT64_C(3600000)

static_assert(MERIT_CAPACITY_UNKNOWN_TENTHS <= MERIT_CAPACITY_STALE_TENTHS,
    "score_most takes it for the most");

static const struct policy *
policy_of(const struct wanted *wanted)
{
	const struct policy *policy = wanted->question->policy;

	return policy != NULL ? policy : &POLICY_STANDARD;
}

/* Whole hours, so that no share lies half-way between two hundredths of a point;
 * MERIT_STALE_HOURS: of an older report, or one without a date. */
static int64_t
hours_since(int64_t reported_at, int64_t now_ms)
{
	if (reported_at == TIME_ABSENT ||
	    reported_at <= now_ms - MERIT_STALE_HOURS * HOUR_MS)
		return MERIT_STALE_HOURS;
	return reported_at >= now_ms ? 0 : (now_ms - reported_at) / HOUR_MS;
}

/* Free places; unknown where the report is too old to be believed. */
static double
believed_places(const struct wanted *wanted, const struct scored *scored)
{
	const struct particulars *more = scored->traits->more;
	double ttl_ms = more->capacity_ttl_hours * (double)HOUR_MS;

	if (more->capacity_at != TIME_ABSENT &&
	    (double)wanted->question->now_ms - (double)more->capacity_at >= ttl_ms)
		return NAN;
	return more->free_places;
}

double
score_report_hours(const struct wanted *wanted, const struct traits *traits)
{
	return (double)hours_since(traits->more->capacity_at, wanted->question->now_ms);
}

static double
measure_distance(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return scored->distance_km;
}

static double
measure_capacity(const struct wanted *wanted, const struct scored *scored)
{
	return believed_places(wanted, scored);
}

/* Open referrals of the agency by its limit, at most 1; NaN unknown or without one. */
static double
measure_load(const struct wanted *wanted, const struct scored *scored)
{
	const struct match_question *question = wanted->question;
	const struct kept_facts *facts = scored->traits->more->facts;
	struct limits limits;
	double open;

	if (question->loads == NULL)
		return NAN;
	limits = limits_of(policy_of(wanted), facts->workers, question->intake->urgency);
	open = loads_open(question->loads, facts->agency, question->now_ms);
	if (limits.open <= 0 || isnan(open))
		return NAN;
	return fmin(1, open / limits.open);
}

/* NaN is not. */
static double
measure_full(const struct wanted *wanted, const struct scored *scored)
{
	double places = believed_places(wanted, scored);

	return places <= 0 || places < wanted->places ||
	       measure_load(wanted, scored) >= 1;
}

static double
measure_unknowns(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return scored->unknowns;
}

static double
measure_language(const struct wanted *wanted, const struct scored *scored)
{
	unsigned position = wanted_language(wanted, scored->traits);

	return position > 0 ? (double)position : (double)NAN;
}

static double
measure_preference(const struct wanted *wanted, const struct scored *scored)
{
	const struct intake *intake = wanted->question->intake;

	return (wanted->preferred_bits >> scored->traits->agency_bit & 1) &&
	       text_equal(
	           intake->preferences.agency, scored->traits->more->facts->agency);
}

static double
measure_specificity(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return scored->levels;
}

static double
measure_household(const struct wanted *wanted, const struct scored *scored)
{
	return wanted->household_type != 0 &&
	       (scored->traits->household_types & 1U << wanted->household_type);
}

static double
measure_response(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return scored->traits->more->response_hours;
}

static double
measure_opening(const struct wanted *wanted, const struct scored *scored)
{
	int64_t now_ms = wanted->question->now_ms;
	int64_t opens_at = traits_next_opening(scored->traits, now_ms);

	return opens_at == TIME_ABSENT ? (double)NAN
	                               : (double)((opens_at - now_ms) / HOUR_MS);
}

static double
measure_scarcity(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return scored->dearer;
}

static double
measure_answers(const struct wanted *wanted, const struct scored *scored)
{
	const struct match_question *question = wanted->question;

	return answers_lost_percent(question->answers, scored->traits->more->facts->id,
	    wanted->term, question->now_ms);
}

static double
measure_together(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return scored->apart.is_known ? scored->apart.km : (double)NAN;
}

static const struct {
	double (*measure)(const struct wanted *wanted, const struct scored *scored);
	struct text name;
} TABLE[PARTS] = {
#define PART(name_, unit_, points_, least_, largest_, en_, uk_, ru_, about_)             \
	[PART_##name_] = { .measure = measure_##name_, .name = LITERAL(#name_) },
#include "proto/score.def"
#undef PART
};

/* Stored explanations know a part by its number there. */
#define PART(name, unit, weight, least, largest, en, uk, ru, about)                      \
	static_assert((int)PART_##name + 1 == (int)merit_##name,                         \
	    "codes.def has the parts in their order");
#include "proto/score.def"
#undef PART

/* `report_hours`: the part `capacity` alone asks. */
static int32_t
points_of(const struct wanted *wanted, enum part part, double value, double report_hours)
{
	return merit_points(policy_of(wanted), wanted->question->intake->urgency,
	    (enum merit)(part + 1), value, report_hours);
}

struct score_fall
score_fall(const struct wanted *wanted)
{
	const struct policy *policy = policy_of(wanted);

	return (
	    struct score_fall){ policy->weight_distance * 100, policy->distance_half_km };
}

/* As fresh as a report of that day may be. */
static double
freshness_most(uint16_t day, int64_t now_ms)
{
	int64_t last_ms = (day + INT64_C(1)) * 24 * HOUR_MS - 1;

	if (day == UINT16_MAX) /* or any later one */
		return 1;
	return merit_fresh((double)hours_since(last_ms, now_ms));
}

int32_t
score_most(const struct wanted *wanted, const struct scored *scored)
{
	const struct policy *policy = policy_of(wanted);
	double fresh =
	    freshness_most(scored->traits->report_day, wanted->question->now_ms);
	double most = policy->weight_capacity * merit_earn_places(fresh);

	most += policy->weight_response * scored->traits->has_response;
	most += policy->weight_opening * scored->traits->has_hours;
	most += policy->weight_preference *
	        (double)(wanted->preferred_bits >> scored->traits->agency_bit & 1);
	most += policy->weight_distance *
	        merit_earn_way(policy->distance_half_km, scored->distance_km);
	most += policy->weight_unknowns * scored->unknowns;
	most += policy->weight_language *
	        merit_earn_position(measure_language(wanted, scored));
	most += policy->weight_specificity * merit_earn_fewer(scored->levels);
	most += policy->weight_household * measure_household(wanted, scored);
	return (int32_t)(most * 100) + PARTS; /* each part may have been rounded up */
}

double
score_price(const struct wanted *wanted, const struct traits *traits)
{
	const struct scored scored = { .traits = traits };

	return price_percent(&traits->more->price, believed_places(wanted, &scored),
	    wanted->question->now_ms);
}

int32_t
score_scarcity(const struct wanted *wanted, double dearer)
{
	return points_of(wanted, PART_scarcity, dearer, 0);
}

int32_t
score_together(const struct wanted *wanted, struct apart apart)
{
	return points_of(wanted, PART_together, apart.is_known ? apart.km : NAN, 0);
}

void
score_make(struct score *score, const struct wanted *wanted, const struct scored *scored)
{
	double report_hours = score_report_hours(wanted, scored->traits);

	score->sum = 0;
	for (enum part part = 0; part < PARTS; part++) {
		score->values[part] = TABLE[part].measure(wanted, scored);
		score->points[part] =
		    points_of(wanted, part, score->values[part], report_hours);
		score->sum += score->points[part];
	}
}

struct text
part_name(enum part part)
{
	return TABLE[part].name;
}
