/* SPDX-License-Identifier: Apache-2.0
 * One way to tell an agency: a struct of functions per channel. */
#ifndef NOTIFIER_CHANNEL_H
#define NOTIFIER_CHANNEL_H

#include "common/loop.h"
#include "proto/message.h"

/* What is told: ids and a link, never personal data.  Texts are valid during the call. */
struct notification {
	struct text
	    delivery; /* same on every retry; visible ASCII without a full stop, <= 128 bytes */
	struct text referral; /* empty: it is about the service */
	struct text purpose;  /* offer, remind, escalate, recall; of a service: confirm */
	struct text agency;
	struct text service;
	struct text term;
	struct text urgency;
	struct text link; /* where a person of the agency looks; may be empty */
	int64_t at_ms;    /* wall clock, ms */
};

/* How one attempt ended.  `is_delivered`: the receiver confirmed it, not only took it over.
 * OK; UNAVAILABLE: worth another try (no connection, timeout, 408, 425, 429, 5xx);
 * retry_after_ms is what the receiver asked for, 0 nothing;
 * REFUSED: another try will not help (other 4xx, certificate, address not allowed).
 * `detail` is a short literal or "HTTP 503" for logs, never the receiver's text. */
struct channel_outcome {
	enum status status;
	bool is_delivered;
	int64_t retry_after_ms;
	char detail[64];
};

/* Called exactly once per accepted tell, never from inside it. */
typedef void channel_done(void *ctx, const struct channel_outcome *outcome);

struct channel {
	const char *name;
	/* Starts one attempt to the address (a URL for webhook, unused for inbox).
	 * OK: done will be called.  BUSY: too many under way.  INVALID: not an address of this
	 * channel; then done is not called. */
	enum status (*tell)(void *self, struct text address,
	    const struct notification *what, channel_done *done, void *ctx);
	/* Attempts under way. */
	size_t (*under_way)(const void *self);
};

#endif
