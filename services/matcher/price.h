/* SPDX-License-Identifier: Apache-2.0
 * What a place costs those who have others: the more, the more families came lately who have
 * few others, and the fewer places are left.  Pure.
 *
 * Each need that is matched for the first time counts as one family, in equal shares at those of
 * its candidates that fit most surely; at the only one it counts whole.  After ten days it counts
 * half.  A matcher knows the needs that it matched itself since it started: it begins at 0. */
#ifndef MATCHER_PRICE_H
#define MATCHER_PRICE_H

#include <stdint.h>

/* Of one service; all 0: nobody came yet. */
struct price {
	float families;     /* as many as still counted then */
	uint32_t at_minute; /* of wall time */
};

/* A family of which this share falls on the service. */
void price_note(struct price *price, double share, int64_t now_ms);

/* Of a hundred, whole: families / (families + free places); unknown places (NaN) are 20. */
double price_percent(const struct price *price, double free_places, int64_t now_ms);

#endif
