/* SPDX-License-Identifier: Apache-2.0
 * The inbox channel: an agency's referrals stand in its inbox from the moment of the
 * offer, so there is nothing left to send and every attempt succeeds on the next turn of
 * the loop. `is_delivered` is false: nobody has confirmed that a person looked. */
#ifndef NOTIFIER_INBOX_H
#define NOTIFIER_INBOX_H

#include "services/notifier/channel.h"

/* A turn ends everything that waits; more than this is BUSY. */
#define INBOX_UNDER_WAY_MOST 1024

struct inbox;

/* NULL: out of memory. */
struct inbox *inbox_open(struct loop *loop);
/* Ends what is under way as OK, then frees; a tell from those calls is BUSY.  Not from
 * inside a done.  Accepts NULL. */
void inbox_close(struct inbox *inbox);

/* `self` is a struct inbox.  The address is not read. */
extern const struct channel inbox_channel;

#endif
