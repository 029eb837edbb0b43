/* SPDX-License-Identifier: Apache-2.0
 * The clocks of an offer: remind, escalate, expire, by urgency (settings clocks.*). */
#ifndef COMMON_CLOCKS_H
#define COMMON_CLOCKS_H

#include "common/config.h"
#include "proto/message.h"

/* What comes after `purpose` (absent: the first), and when, in ms after the offer. Clocks
 * set to 0 and such as would come after the expiry are passed over; after expire comes
 * nothing: an absent text. */
struct text clocks_next(const struct config *config, enum urgency urgency,
    struct text purpose, int64_t *after_ms);

#endif
