/* SPDX-License-Identifier: Apache-2.0
 * When to try again.  Pure.
 *
 *	whole = min(most, first * 2^(attempt - 1))
 *	delay = max(uniform in [whole - whole/2, whole], min(most, retry_after))
 *
 * This is "equal jitter" of M. Brooker, "Exponential Backoff And Jitter", AWS
 *Architecture Blog, 2015: half of the growing delay is kept, so that no attempt follows
 *at once, and half is random, so that attempts which failed together do not come back
 *together.  What the receiver asks for (Retry-After) is a floor, as Standard
 *Webhooks 1.0.0 recommends, up to `most`: no receiver can put a referral off for longer
 *than we would. */
#ifndef NOTIFIER_BACKOFF_H
#define NOTIFIER_BACKOFF_H

#include <stdint.h>

/* The delay in ms before the try that follows failed attempt number `attempt` (1 is the
 * first; 0 counts as 1).  1 <= first_ms <= most_ms.  `retry_after_ms` 0 or less: the
 * receiver did not ask.  `random` is any 64 random bits. */
int64_t backoff_ms(unsigned attempt, int64_t first_ms, int64_t most_ms,
    int64_t retry_after_ms, uint64_t random);

#endif
