/* SPDX-License-Identifier: Apache-2.0
 * One function per part of proto/score.def. */
#include "services/matcher/score.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#define HOUR_MS INT64_C(3600000)
/* An older report of free places says no more than one without a date. */
#define REPORT_STALE_DAYS 7
#define REPORT_STALE_HOURS (REPORT_STALE_DAYS * INT64_C(24))
#define CAPACITY_UNKNOWN_TENTHS 5
#define CAPACITY_STALE_TENTHS 6
#define CAPACITY_UNKNOWN (CAPACITY_UNKNOWN_TENTHS / 10.0)
#define CAPACITY_STALE (CAPACITY_STALE_TENTHS / 10.0)

static_assert(
    CAPACITY_UNKNOWN_TENTHS <= CAPACITY_STALE_TENTHS, "score_most takes it for the most");

static const struct policy *
policy_of(const struct wanted *wanted)
{
	const struct policy *policy = wanted->question->policy;

	return policy != NULL ? policy : &POLICY_STANDARD;
}

/* Hours within which somebody must act. */
static double
deadline_hours(const struct wanted *wanted)
{
	const struct policy *policy = policy_of(wanted);

	if (wanted->question->intake->urgency == urgency_emergency)
		return policy->deadline_emergency_hours;
	if (wanted->question->intake->urgency == urgency_urgent)
		return policy->deadline_urgent_hours;
	return policy->deadline_normal_hours;
}

/* What a part measured, and how much of its weight that earns: 0 to 1, or units where the
 * weight is a cost of each. */
struct measure {
	double value;
	double earns;
};

static struct measure
measure_distance(const struct wanted *wanted, const struct scored *scored)
{
	double half_km = policy_of(wanted)->distance_half_km;
	double km = scored->distance_km;

	if (isnan(km))
		return (struct measure){ NAN, 0 };
	return (struct measure){ km, half_km / (half_km + km) };
}

/* 1 for a report made now, 0 for one that is stale or has no date.  By whole hours, so that
 * no share lies half-way between two hundredths of a point. */
static double
freshness(int64_t reported_at, int64_t now_ms)
{
	int64_t hours;

	if (reported_at == TIME_ABSENT ||
	    reported_at <= now_ms - REPORT_STALE_HOURS * HOUR_MS)
		return 0;
	if (reported_at >= now_ms)
		return 1;
	hours = (now_ms - reported_at) / HOUR_MS;
	return 1 - (double)hours / REPORT_STALE_HOURS;
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

static struct measure
measure_capacity(const struct wanted *wanted, const struct scored *scored)
{
	double places = believed_places(wanted, scored);
	double fresh =
	    freshness(scored->traits->more->capacity_at, wanted->question->now_ms);

	if (isnan(places))
		return (struct measure){ NAN, CAPACITY_UNKNOWN };
	if (places <= 0)
		return (struct measure){ places, 0 };
	return (struct measure){ places, CAPACITY_STALE + (1 - CAPACITY_STALE) * fresh };
}

/* Open referrals of the agency by its limit, at most 1; NaN unknown or without one. */
static double
load_of(const struct wanted *wanted, const struct scored *scored)
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

static struct measure
measure_load(const struct wanted *wanted, const struct scored *scored)
{
	double load = load_of(wanted, scored);

	return (struct measure){ load, isnan(load) ? 0 : load };
}

static struct measure
measure_full(const struct wanted *wanted, const struct scored *scored)
{
	/* NaN is not. */
	double places = believed_places(wanted, scored);
	double is_full =
	    places <= 0 || places < wanted->places || load_of(wanted, scored) >= 1;

	return (struct measure){ is_full, is_full };
}

static struct measure
measure_unknowns(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return (struct measure){ scored->unknowns, scored->unknowns };
}

static struct measure
measure_language(const struct wanted *wanted, const struct scored *scored)
{
	unsigned position = wanted_language(wanted, scored->traits);

	if (position == 0)
		return (struct measure){ NAN, 0 };
	return (struct measure){ position, 1.0 / position };
}

static struct measure
measure_preference(const struct wanted *wanted, const struct scored *scored)
{
	const struct intake *intake = wanted->question->intake;
	double is_preferred =
	    (wanted->preferred_bits >> scored->traits->agency_bit & 1) &&
	    text_equal(intake->preferences.agency, scored->traits->more->facts->agency);

	return (struct measure){ is_preferred, is_preferred };
}

static struct measure
measure_specificity(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return (struct measure){ scored->levels, 1.0 / (1 + scored->levels) };
}

static struct measure
measure_household(const struct wanted *wanted, const struct scored *scored)
{
	double is_named =
	    wanted->household_type != 0 &&
	    (scored->traits->household_types & 1U << wanted->household_type);

	return (struct measure){ is_named, is_named };
}

static struct measure
measure_response(const struct wanted *wanted, const struct scored *scored)
{
	double limit = deadline_hours(wanted);
	double hours = scored->traits->more->response_hours;

	if (isnan(hours) || hours > limit)
		return (struct measure){ hours, 0 };
	return (struct measure){ hours, hours < 0 ? 1 : 1 - hours / limit / 2 };
}

static struct measure
measure_opening(const struct wanted *wanted, const struct scored *scored)
{
	double limit = deadline_hours(wanted);
	int64_t now_ms = wanted->question->now_ms;
	int64_t opens_at = traits_next_opening(scored->traits, now_ms);
	double hours;

	if (opens_at == TIME_ABSENT)
		return (struct measure){ NAN, 0 };
	hours = (double)((opens_at - now_ms) / HOUR_MS);
	return (struct measure){ hours, hours > limit ? 0 : 1 - hours / limit / 2 };
}

static struct measure
measure_scarcity(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	return (struct measure){ scored->dearer, scored->dearer };
}

static struct measure
measure_answers(const struct wanted *wanted, const struct scored *scored)
{
	const struct match_question *question = wanted->question;
	double lost = answers_lost_percent(question->answers,
	    scored->traits->more->facts->id, wanted->term, question->now_ms);

	return (struct measure){ lost, isnan(lost) ? 0 : lost };
}

static struct measure
measure_together(const struct wanted *wanted, const struct scored *scored)
{
	(void)wanted;
	if (!scored->apart.is_known)
		return (struct measure){ NAN, 0 };
	return (struct measure){ scored->apart.km, 1 / (1 + scored->apart.km) };
}

static const struct {
	struct measure (*measure)(
	    const struct wanted *wanted, const struct scored *scored);
	struct text name;
	size_t weight; /* offset in a policy */
} TABLE[PARTS] = {
#define PART(name_, unit_, points_, least_, largest_, en_, uk_, ru_, about_)             \
	[PART_##name_] = { .measure = measure_##name_,                                   \
		.name = LITERAL(#name_),                                                 \
		.weight = offsetof(struct policy, weight_##name_) },
#include "proto/score.def"
#undef PART
};

/* Stored explanations know a part by its number there. */
#define PART(name, unit, weight, least, largest, en, uk, ru, about)                      \
	static_assert((int)PART_##name + 1 == (int)merit_##name,                         \
	    "codes.def has the parts in their order");
#include "proto/score.def"
#undef PART

static double
weight_of(const struct policy *policy, enum part part)
{
	double weight;

	memcpy(&weight, (const char *)policy + TABLE[part].weight, sizeof weight);
	return weight;
}

static int32_t
points_of(const struct policy *policy, enum part part, struct measure measure)
{
	return (int32_t)lround(weight_of(policy, part) * measure.earns * 100);
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
	if (day == UINT16_MAX) /* or any later one */
		return 1;
	return freshness((day + INT64_C(1)) * 24 * HOUR_MS - 1, now_ms);
}

int32_t
score_most(const struct wanted *wanted, const struct scored *scored)
{
	const struct policy *policy = policy_of(wanted);
	double fresh =
	    freshness_most(scored->traits->report_day, wanted->question->now_ms);
	double most =
	    policy->weight_capacity * (CAPACITY_STALE + (1 - CAPACITY_STALE) * fresh);

	most += policy->weight_response * scored->traits->has_response;
	most += policy->weight_opening * scored->traits->has_hours;
	most += policy->weight_preference *
	        (double)(wanted->preferred_bits >> scored->traits->agency_bit & 1);
	most += policy->weight_distance * measure_distance(wanted, scored).earns;
	most += policy->weight_unknowns * scored->unknowns;
	most += policy->weight_language * measure_language(wanted, scored).earns;
	most += policy->weight_specificity * measure_specificity(wanted, scored).earns;
	most += policy->weight_household * measure_household(wanted, scored).earns;
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
	const struct scored scored = { .dearer = dearer };

	return points_of(
	    policy_of(wanted), PART_scarcity, measure_scarcity(wanted, &scored));
}

int32_t
score_together(const struct wanted *wanted, struct apart apart)
{
	const struct scored scored = { .apart = apart };

	return points_of(
	    policy_of(wanted), PART_together, measure_together(wanted, &scored));
}

void
score_make(struct score *score, const struct wanted *wanted, const struct scored *scored)
{
	const struct policy *policy = policy_of(wanted);

	score->sum = 0;
	for (enum part part = 0; part < PARTS; part++) {
		struct measure measure = TABLE[part].measure(wanted, scored);

		score->values[part] = measure.value;
		score->points[part] = points_of(policy, part, measure);
		score->sum += score->points[part];
	}
}

struct text
part_name(enum part part)
{
	return TABLE[part].name;
}
