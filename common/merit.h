/* SPDX-License-Identifier: Apache-2.0
 * What each part of a score earns, by what was measured alone: so a decision can be worked out
 * again from what is kept of it.  Pure. */
#ifndef COMMON_MERIT_H
#define COMMON_MERIT_H

#include <math.h>

#include "common/policy.h"
#include "proto/message.h"

/* An older report of free places says no more than one without a date. */
#define MERIT_STALE_HOURS 168
/* Of the weight of capacity: where places are unknown; and of known ones where the report is
 * stale, the rest comes with its youth. */
#define MERIT_CAPACITY_UNKNOWN_TENTHS 5
#define MERIT_CAPACITY_STALE_TENTHS 6
#define MERIT_CAPACITY_UNKNOWN (MERIT_CAPACITY_UNKNOWN_TENTHS / 10.0)
#define MERIT_CAPACITY_STALE (MERIT_CAPACITY_STALE_TENTHS / 10.0)

/* Hours within which somebody must act. */
double merit_deadline_hours(const struct policy *policy, enum urgency urgency);

/* The part of a weight that is earned, by km, by a position from 1, by steps or km that should be
 * few, by a report's age in hours and what that makes of known places; NaN unknown. */
static inline double
merit_earn_way(double half_km, double km)
{
	return isnan(km) ? 0 : half_km / (half_km + km);
}

static inline double
merit_earn_position(double position)
{
	return isnan(position) ? 0 : 1 / position;
}

static inline double
merit_earn_fewer(double steps)
{
	return isnan(steps) ? 0 : 1 / (1 + steps);
}

static inline double
merit_fresh(double report_hours)
{
	return 1 - report_hours / MERIT_STALE_HOURS;
}

static inline double
merit_earn_places(double fresh)
{
	return MERIT_CAPACITY_STALE + (1 - MERIT_CAPACITY_STALE) * fresh;
}

/* Hundredths of a point for a part's value (score.def, NaN unknown).  `report_hours` is the age of
 * the report of free places, whole hours, at most MERIT_STALE_HOURS: `capacity` alone asks. */
int32_t merit_points(const struct policy *policy, enum urgency urgency, enum merit part,
    double value, double report_hours);

#endif
