/* SPDX-License-Identifier: Apache-2.0
 * One service before one need: for match.c and explain.c only. */
#ifndef MATCHER_MATCH_PRIVATE_H
#define MATCHER_MATCH_PRIVATE_H

#include "services/matcher/index_private.h"
#include "services/matcher/score.h"

struct judged {
	const struct traits *traits;
	unsigned levels;        /* of its term above the need's */
	unsigned unknowns;      /* rules that are unknown, where none failed */
	enum rule first_failed; /* RULES: none */
	uint32_t failed; /* bit (1 << enum rule); of the rules up to one that settles it:
	                  * all but consent and tried do */
	double distance_km; /* set by judged_locate; NaN unknown */
};

/* The services that offer what a need asks and that may be named to the asker. */
struct docket {
	struct wanted wanted;
	struct offers offers;
};

void docket_open(struct docket *docket, const struct index *index,
    const struct match_question *question);
/* Judges the next one; false at the end. */
bool docket_next(struct docket *docket, struct judged *judged);

void judged_locate(struct judged *judged, const struct wanted *wanted);

/* Of a service that is located and that no rule refuses. */
void judged_score(
    const struct judged *judged, const struct wanted *wanted, struct score *score);

/* Negative, 0 or positive: by distance, unknown last; by the bytes of the ids. */
int distance_compare(double one, double other);
int id_compare(const struct service_facts *one, const struct service_facts *other);

#endif
