/* SPDX-License-Identifier: Apache-2.0
 * What each leaf of a branch may be worth, all at once.  Pure. */
#ifndef MATCHER_OUTLINE_H
#define MATCHER_OUTLINE_H

#include "services/matcher/prospect.h"

/* No less than what services of each leaf may score; anything behind the last leaf. */
void outline_most(const struct outline *outline, const struct prospect *prospect,
    int32_t base, int32_t most[CHART_LEAVES_MAX]);
/* The same of each pin of a leaf, and the way in km, which is not less; without a place anything
 * below 0. */
void outline_pins(const struct leaf *leaf, const struct prospect *prospect, int32_t base,
    int32_t most[CHART_PINS_MAX], float km[CHART_PINS_MAX]);
/* Position of the largest; of equal ones any. */
uint32_t outline_best(const int32_t most[CHART_LEAVES_MAX]);

#endif
