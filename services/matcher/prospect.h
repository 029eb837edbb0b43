/* SPDX-License-Identifier: Apache-2.0
 * What a service may score at most, as far as a chart knows it.  Pure. */
#ifndef MATCHER_PROSPECT_H
#define MATCHER_PROSPECT_H

#include "services/matcher/chart.h"
#include "services/matcher/score.h"

struct prospect {
	const struct wanted *wanted;
	struct traits nobody;             /* of a service that makes nothing known */
	int32_t features[1U << FEATURES]; /* what they add to that */
	uint16_t languages[WANTED_LANGUAGES_MAX]; /* chart_language of the family's */
	int32_t
	    lost[WANTED_LANGUAGES_MAX + 1]; /* where that is the best one, or none is */
	int32_t fresh;                      /* what a report of places adds */
	uint8_t fresh_from;                 /* as in a pin */
	float fall, half_km;                /* of the distance, as in score_fall */
};

/* Reads what is asked.  `is_heard`: services of the preferred agency need not be told of. */
void prospect_read(struct prospect *prospect, const struct wanted *wanted, bool is_heard);
/* What a service that makes nothing known may score, far away, its term so many levels above. */
int32_t prospect_base(const struct prospect *prospect, unsigned levels);

/* What is added to that by its features and report, and at `km` at least; negative: unknown. */
static inline int32_t
prospect_worth(
    const struct prospect *prospect, uint8_t features, uint8_t reported, float km)
{
	int32_t worth = prospect->features[features];

	if (reported >= prospect->fresh_from)
		worth += prospect->fresh;
	if (km >= 0)
		/* rounded, once more by points */
		worth += 2 + (int32_t)(prospect->fall * prospect->half_km /
		                       (prospect->half_km + km));
	return worth;
}

#endif
