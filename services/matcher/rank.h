/* SPDX-License-Identifier: Apache-2.0
 * The best of many services, in order.  Pure. */
#ifndef MATCHER_RANK_H
#define MATCHER_RANK_H

#include "services/matcher/match_private.h"

/* The best `most` so far in a heap whose first is the worst: worth, then distance from a point,
 * then name. */
struct ranking {
	const struct numbers *numbers;
	const struct wanted *wanted; /* whose point, if it has one */
	struct hit *hits;
	size_t count, most;
	float point[3]; /* on the unit sphere; NaN: none */
	/* Of the worst, once there are so many: square of the chord to what is farther; to what has
	 * no place, which the name decides on (infinite both: nothing is known to be); its name. */
	float limit, nowhere;
	int32_t rank;
};

/* All names have their ranks (names_settle). */
void ranking_open(struct ranking *ranking, const struct numbers *numbers,
    const struct wanted *wanted, size_t most);
void ranking_add(struct ranking *ranking, uint32_t number, uint32_t worth);
/* Adds the services of a block (TALLY_BLOCK) that are worth something. */
void ranking_add_block(
    struct ranking *ranking, uint32_t block, const uint16_t worths[TALLY_BLOCK]);
/* The best comes first; nothing can be added any more. */
void ranking_sort(struct ranking *ranking);

/* Notes what ranking_add asks of a service. */
void numbers_note(struct numbers *numbers, const struct indexed *service);

#endif
