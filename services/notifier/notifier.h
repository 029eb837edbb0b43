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
};

/* Dies (log_die) where something cannot be opened. */
void notifier_open(struct notifier *notifier, struct service *service);
void notifier_close(struct notifier *notifier);
void notifier_start(struct notifier *notifier);
void notifier_drain(void *self);
bool notifier_is_idle(void *self);

#endif
