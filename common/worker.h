/* SPDX-License-Identifier: Apache-2.0
 * Takes work of one or two stages, keeps its leases alive and gives every item back.
 *
 * Work comes two ways to the same handler: claimed from Redis, which alone is correct,
 * and handed over by an upstream that leased it in our name, which is sooner.
 *
 * An item that two workers died on is worked on alone: nothing else is begun until it is over,
 * and it is begun when nothing else is held any more. */
#ifndef COMMON_WORKER_H
#define COMMON_WORKER_H

#include "common/id.h"
#include "common/service.h"

struct worker;

/* One item under way.  Stays where it is until it is finished. */
struct worker_item {
	enum stage stage;
	char item[ID_ITEM_MAX];
	uint32_t attempt;
	uint32_t version;
	bool is_handed; /* came over the link */
	bool is_used;
	unsigned upstream;
	uint32_t epoch;
	void *ctx; /* the handler's */
};

/* Something to do.  `work` is valid during the call only; the handler must end the item
 * with worker_finished or worker_nack, at once or later, exactly once. */
typedef void worker_on_work(
    void *self, struct worker_item *item, const struct work *work);

struct worker_options {
	const char *service;   /* name said in hello */
	const char *upstreams; /* endpoints, comma separated; "" for none */
	unsigned window;
	enum stage stages[2];
	unsigned stages_count;
	worker_on_work *on_work;
	void *self;
};

/* Dies (log_die) where memory runs out. */
struct worker *worker_open(struct service *service, const struct worker_options *options);
void worker_close(struct worker *worker);
/* Counts the crash of the item that the former process of this name died on, then begins to
 * claim and to take work; before it nothing comes.  Dies where an upstream's endpoint is
 * illegal, or another process of the name runs in this directory. */
void worker_start(struct worker *worker);

/* Around what a handler does for an item later than in on_work: should the process die in
 * between, the item counts a crash. */
void worker_enter(struct worker *worker, const struct worker_item *item);
void worker_leave(struct worker *worker);

/* The item's transition is committed (or was not needed any more). */
void worker_finished(struct worker *worker, struct worker_item *item);
/* Gives the item back: later (failure, after the backoff that its failures ask for), at
 * once and without penalty, or to the dead letters.  `why` is a short word. */
void worker_nack(struct worker *worker, struct worker_item *item, enum nack_kind kind,
    int64_t delay_ms, const char *why);

/* No new work; what is under way goes on. */
void worker_drain(struct worker *worker);
size_t worker_held(const struct worker *worker);

#endif
