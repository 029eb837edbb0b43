/* SPDX-License-Identifier: Apache-2.0
 * How many open referrals agencies may have by the policy, and how many they had as an offer last
 * found them.  The limits are kept by the offer itself; this grades before it.  Pure. */
#ifndef MATCHER_LOADS_H
#define MATCHER_LOADS_H

#include "common/facts.h"
#include "common/policy.h"

/* What was found is believed for so long: who is passed over would never be looked at again. */
#define LOADS_BELIEVED_MS 60000

struct loads;
struct loads *loads_new(void);
void loads_free(struct loads *loads);
/* Out of memory: it stays unknown. */
void loads_set(struct loads *loads, struct text agency, double open, int64_t at_ms);
/* NaN unknown; `loads` may be NULL. */
double loads_open(const struct loads *loads, struct text agency, int64_t now_ms);

/* Open and new referrals that an agency with so many workers (NaN unknown) may have, 0: any number; the share that is kept back. */
struct limits {
	double open, new, kept;
};
struct limits limits_of(
    const struct policy *policy, double workers, enum urgency urgency);
/* As hl_offer takes them; "" where there is no limit.  The answer. */
#define LIMITS_BYTES 96
struct text limits_print(
    const struct policy *policy, const struct limits *limits, char text[LIMITS_BYTES]);

#endif
