/* SPDX-License-Identifier: Apache-2.0
 * What a service may score at most, as far as a chart knows it.  Pure. */
#ifndef MATCHER_PROSPECT_H
#define MATCHER_PROSPECT_H

#include "services/matcher/chart.h"
#include "services/matcher/score.h"

/* An older report is like one of that age. */
#define PROSPECT_DAYS 8

struct prospect {
	const struct wanted *wanted;
	struct traits nobody;             /* of a service that makes nothing known */
	int32_t features[1U << FEATURES]; /* what they add to that */
	uint16_t languages[WANTED_LANGUAGES_MAX]; /* chart_language of the family's */
	int32_t
	    lost[WANTED_LANGUAGES_MAX + 1]; /* where that is the best one, or none is */
	int32_t fresh;                      /* what a report of places adds, */
	uint8_t fresh_from;                 /* as in a head */
	int32_t
	    lost_by_day[PROSPECT_DAYS + 1]; /* and loses with each day that it is old */
	float fall, half_km;                /* of the distance, as in score_fall */
};

/* Reads what is asked.  `is_heard`: services of the preferred agency need not be told of. */
void prospect_read(struct prospect *prospect, const struct wanted *wanted, bool is_heard);
/* What a service that makes nothing known may score, far away, its term so many levels above. */
int32_t prospect_base(const struct prospect *prospect, unsigned levels);

/* A line of so many squared steps on spot's sphere; not more than the way. */
static inline float
prospect_km(float squares)
{
	float km =
	    sqrtf(squares) * (float)(SPOT_STEP_KM * 0.99999) - (float)SPOT_ERROR_KM;

	return km > 0 ? km : 0;
}

/* What a way of so many km adds at most: rounded, once more by points. */
static inline int32_t
prospect_way(const struct prospect *prospect, float km)
{
	return 2 +
	       (int32_t)(prospect->fall * prospect->half_km / (prospect->half_km + km));
}

/* What is added to that by its features and report. */
static inline int32_t
prospect_made_known(const struct prospect *prospect, uint8_t features, uint8_t reported)
{
	return prospect->features[features & ((1U << FEATURES) - 1)] +
	       (reported >= prospect->fresh_from ? prospect->fresh : 0);
}

/* And at `km` at least; negative: unknown. */
static inline int32_t
prospect_worth(
    const struct prospect *prospect, uint8_t features, uint8_t reported, float km)
{
	return prospect_made_known(prospect, features, reported) +
	       (km >= 0 ? prospect_way(prospect, km) : 0);
}

/* What a report of that day adds less than `fresh`. */
static inline int32_t
prospect_lost_by(const struct prospect *prospect, uint16_t day)
{
	int age = prospect->wanted->today - day;

	if (age <= 0)
		return prospect->lost_by_day[0];
	return prospect->lost_by_day[age < PROSPECT_DAYS ? age : PROSPECT_DAYS];
}

#endif
