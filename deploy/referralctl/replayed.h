/* SPDX-License-Identifier: Apache-2.0
 * A stored decision worked out again from what is kept of it.  Pure. */
#ifndef REFERRALCTL_REPLAYED_H
#define REFERRALCTL_REPLAYED_H

#include "common/policy.h"
#include "proto/message.h"

/* What is kept of the chosen service: what each part measured, the age of its report of places and
 * what the rules said; of the next ones their scores.  By the policy and the urgency each part's
 * points follow to the hundredth, their sum is the score, and the next ones fall in order.  One that
 * was better than the chosen one had no place (explain.h says so). */
#define REPLAY_DIFFERENCES_MOST 24
#define REPLAY_DIFFERENCE_BYTES 120
struct replay {
	uint32_t differences_count; /* 0: it is the same to the bit */
	char differences[REPLAY_DIFFERENCES_MOST][REPLAY_DIFFERENCE_BYTES];
};

/* Of a `why` with a chosen one. */
void replay_decision(struct replay *replay, const struct why *why, enum urgency urgency,
    const struct policy *policy);

#endif
