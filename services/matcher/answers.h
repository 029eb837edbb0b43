/* SPDX-License-Identifier: Apache-2.0
 * How services answered what they were offered, by kind of need, as Redis keeps it (field
 * `answers` of a place).  The transitions that end an offer write it; this grades by it.  Pure. */
#ifndef MATCHER_ANSWERS_H
#define MATCHER_ANSWERS_H

#include <stdint.h>

#include "proto/text.h"

struct answers;
struct answers *answers_new(void);
void answers_free(struct answers *answers);
/* `kept` takes the place of what was known of the service; what is damaged of it is left out.
 * Out of memory: it stays as it was. */
void answers_set(struct answers *answers, struct text service, struct text kept);
/* Of a hundred offers of that term (its very code), those that were lost, in steps of five; NaN:
 * none was answered yet.  As if ANSWERS_PRIOR more had been taken at once, so that one lost offer
 * says little of a service that has had few.  `answers` may be NULL. */
double answers_lost_percent(
    const struct answers *answers, struct text service, struct text term, int64_t now_ms);

#endif
