/* SPDX-License-Identifier: Apache-2.0
 * Notifier: tells agencies of referrals, tries again, gives up visibly, and acts when a
 * clock of an offer runs out. */
#ifndef NOTIFIER_NOTIFIER_H
#define NOTIFIER_NOTIFIER_H

#include "common/worker.h"
#include "services/notifier/inbox.h"
#include "services/notifier/webhook.h"

struct notifier {
	struct service *service;
	struct seal *notify_keys; /* webhook secrets are derived from it */
	struct worker *worker;
	struct client *client;
	struct webhook webhook;
	struct inbox *inbox;
	struct telling *free;
	size_t under_way;
	char link[256]; /* where an agency answers; in every telling */
	struct archiver *archiver;
	struct confirmer *confirmer;
};

/* Dies (log_die) where something cannot be opened. */
void notifier_open(struct notifier *notifier, struct service *service);
void notifier_close(struct notifier *notifier);
void notifier_start(struct notifier *notifier);
void notifier_drain(void *self);
bool notifier_is_idle(void *self);

/* ---- between the files of this folder ---- */

/* When to try again after so many failures, of which the last ended so. */
int64_t notifier_backoff_ms(const struct notifier *notifier, unsigned failures,
    const struct channel_outcome *outcome);

/* Moves what is over to the archive, one small round after the other; it is the notifier's, since
 * that watches the clocks.  NULL: archive.keep is 0, or out of memory (dies). */
struct archiver *archiver_open(struct service *service);
void archiver_close(struct archiver *archiver); /* NULL is legal */
/* Begins no further round. */
void archiver_drain(struct archiver *archiver);
bool archiver_is_idle(const struct archiver *archiver);

/* Tells webhooks that places are to be confirmed.  Dies where out of memory. */
struct confirmer *confirmer_open(struct notifier *notifier);
/* Once it is idle, or nothing calls back any more. */
void confirmer_close(struct confirmer *confirmer);
/* Begins no further question. */
void confirmer_drain(struct confirmer *confirmer);
bool confirmer_is_idle(const struct confirmer *confirmer);

#endif
