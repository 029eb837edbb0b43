/* SPDX-License-Identifier: Apache-2.0
 * One function per part of proto/score.def. */
#include "common/merit.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* What is asked, beside the value. */
struct asked {
	const struct policy *policy;
	double deadline_hours, report_hours;
};

double
merit_deadline_hours(const struct policy *policy, enum urgency urgency)
{
	if (urgency == urgency_emergency)
		return policy->deadline_emergency_hours;
	if (urgency == urgency_urgent)
		return policy->deadline_urgent_hours;
	return policy->deadline_normal_hours;
}

/* Each returns how much of its weight a part earns: 0 to 1, or units where the weight is a cost of
 * each. */

static double
earn_each(double value, const struct asked *asked)
{
	(void)asked;
	return isnan(value) ? 0 : value;
}

static double
earn_distance(double km, const struct asked *asked)
{
	return merit_earn_way(asked->policy->distance_half_km, km);
}

static double
earn_capacity(double places, const struct asked *asked)
{
	if (isnan(places))
		return MERIT_CAPACITY_UNKNOWN;
	if (places <= 0)
		return 0;
	return merit_earn_places(merit_fresh(asked->report_hours));
}

static double
earn_language(double position, const struct asked *asked)
{
	(void)asked;
	return merit_earn_position(position);
}

static double
earn_fewer(double steps, const struct asked *asked)
{
	(void)asked;
	return merit_earn_fewer(steps);
}

/* Until somebody answers, or the door opens. */
static double
earn_wait(double hours, const struct asked *asked)
{
	double limit = asked->deadline_hours;

	if (isnan(hours) || hours > limit)
		return 0;
	return hours < 0 ? 1 : 1 - hours / limit / 2;
}

static const struct {
	double (*earn)(double value, const struct asked *asked);
	size_t weight; /* offset in a policy */
} TABLE[] = {
#define EARN(name, by)                                                                   \
	[merit_##                                                                        \
	    name] = { .earn = (by), .weight = offsetof(struct policy, weight_##name) }
	EARN(distance, earn_distance),
	EARN(capacity, earn_capacity),
	EARN(full, earn_each),
	EARN(unknowns, earn_each),
	EARN(language, earn_language),
	EARN(preference, earn_each),
	EARN(specificity, earn_fewer),
	EARN(household, earn_each),
	EARN(response, earn_wait),
	EARN(opening, earn_wait),
	EARN(scarcity, earn_each),
	EARN(load, earn_each),
	EARN(answers, earn_each),
	EARN(together, earn_fewer),
#undef EARN
};

static_assert(
    sizeof TABLE / sizeof *TABLE == merit_end, "every part of score.def earns somehow");

int32_t
merit_points(const struct policy *policy, enum urgency urgency, enum merit part,
    double value, double report_hours)
{
	const struct asked asked = { policy, merit_deadline_hours(policy, urgency),
		report_hours };
	double weight;

	memcpy(&weight, (const char *)policy + TABLE[part].weight, sizeof weight);
	return (int32_t)lround(weight * TABLE[part].earn(value, &asked) * 100);
}
