/* SPDX-License-Identifier: Apache-2.0
 * Through the services that offer what a need asks, what may be worth most first.  Pure: nothing
 * is allocated. */
#ifndef MATCHER_WALK_H
#define MATCHER_WALK_H

#include "services/matcher/index_private.h"
#include "services/matcher/prospect.h"

/* Branches that wait for their turn at most, and of which each leaf is known at most. */
#define WALK_MOST 512
#define WALK_OPEN 32

struct walk {
	struct prospect prospect;
	struct offers offers; /* whose branches have not all had their turn */
	uint32_t next_branch;
	uint32_t count;
	int32_t most[WALK_MOST]; /* what is left of each may be worth */
	struct waiting {
		const struct branch *branch;
		const struct term *term;
		int32_t base; /* the prospect's, less what its levels cost */
		unsigned levels;
		uint32_t open; /* position in `leaves`; WALK_OPEN: not known */
		uint32_t best; /* of those leaves, where they are known */
		uint64_t met;  /* bits of its leaves */
	} waiting[WALK_MOST];
	int32_t leaves[WALK_OPEN]
	              [CHART_LEAVES_MAX]; /* what each may be worth; INT32_MIN: met */
	uint32_t opened;                  /* bits of those in use */
	int32_t base;                     /* of the branches whose turn is next */
	struct waiting
	    from; /* where the leaf is that is gone through, and its pins that may do, */
	const struct leaf *leaf;
	struct chance {
		int32_t most; /* what it may be worth */
		uint32_t pin;
	} chances[CHART_PINS_MAX]; /* best first */
	uint32_t chances_count, next_chance;
};

/* `offers` at their beginning.  `is_heard`: services of the preferred agency need not be met. */
void walk_open(struct walk *walk, const struct wanted *wanted, bool is_heard,
    const struct offers *offers);
/* The next service, once each: one that scores `least` is not left out, and with `is_brief` may
 * be where the rules on area and distance refuse it.  NULL at the end. */
const struct traits *walk_next(
    struct walk *walk, int32_t least, bool is_brief, unsigned *levels);

#endif
