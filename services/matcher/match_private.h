/* SPDX-License-Identifier: Apache-2.0
 * One service before one need: for match.c and explain.c only. */
#ifndef MATCHER_MATCH_PRIVATE_H
#define MATCHER_MATCH_PRIVATE_H

#include "services/matcher/index_private.h"
#include "services/matcher/score.h"

struct judged {
	const struct traits *traits;
	unsigned levels;       /* of its term above the need's */
	struct judgement said; /* any rule but consent and tried settles it */
	double distance_km;    /* where it was looked at; NaN unknown */
	double dearer;         /* part scarcity */
	struct apart apart;    /* part together */
};

/* Whether the asker may know that there is such a service. */
bool may_name(const struct match_question *question, const struct traits *traits);

/* Of a service that is located and that no rule refuses. */
void judged_score(
    const struct judged *judged, const struct wanted *wanted, struct score *score);

/* Adds the parts scarcity and together, and orders the best, at most MATCH_CANDIDATES_MAX, anew;
 * equals stay as they were. */
void candidates_charge(
    struct match_candidate *candidates, uint32_t count, const struct wanted *wanted);

/* Negative, 0 or positive: by distance, unknown last; by the bytes of the ids. */
int distance_compare(double one, double other);
int id_compare(const struct kept_facts *one, const struct kept_facts *other);

#endif
