/* SPDX-License-Identifier: Apache-2.0
 * Upstreams and workers that take note of what happens to them, and raw workers. */
#ifndef TESTS_UNIT_LINK_WORK_FIXTURE_H
#define TESTS_UNIT_LINK_WORK_FIXTURE_H

#include "tests/unit/link_fixture.h"

#define WINDOW 8
/* Of the tests that wait for silence. */
#define QUICK_TICK_MS 50

/* ---- both sides ---- */

struct upstream {
	struct scene *scene;
	struct link_upstream *link;
	long to_send; /* by produce */
	long sent;
	unsigned lost_calls;
	size_t lost_count;
	char lost[300][16]; /* items of the last call */
	char service[40];
	bool is_closing; /* from on_lost */
	void (*each)(struct upstream *upstream, struct text item);
};

struct held {
	unsigned upstream;
	uint32_t epoch;
	char item[16];
};

struct worker {
	struct scene *scene;
	struct link_worker *link;
	bool is_prompt;  /* finishes at once */
	bool is_closing; /* from on_work */
	long taken;
	size_t held_count;
	struct held held[4096];
};

static inline void
on_lost(void *self, const char *service, const struct link_lost *items, size_t count)
{
	struct upstream *upstream = self;

	assert_true(count > 0 && count <= LINK_WINDOW_MAX);
	upstream->lost_calls++;
	upstream->lost_count = count;
	snprintf(upstream->service, sizeof upstream->service, "%s", service);
	for (size_t i = 0; i < count; i++) {
		assert_true(text_copy(
		    items[i].item, upstream->lost[i], sizeof upstream->lost[i]));
		assert_int_equal(
		    items[i].attempt, atoi(upstream->lost[i] + strlen("item-")) + 1);
		if (upstream->each != NULL)
			upstream->each(upstream, items[i].item);
	}
	if (upstream->is_closing) {
		link_upstream_close(upstream->link);
		upstream->link = NULL;
	}
}

static inline void
open_upstream(struct upstream *upstream, const char *endpoint)
{
	struct scene *scene = upstream->scene;

	assert_int_equal(link_upstream_open(scene->link, endpoint, on_lost, upstream,
	                     &upstream->link, scene->why, sizeof scene->why),
	    STATUS_OK);
}

/* Upstreams and workers are called back, so they are set up in place. */
static inline void
start_upstream(struct upstream *upstream, struct scene *scene, const char *endpoint)
{
	*upstream = (struct upstream){ .scene = scene };
	open_upstream(upstream, endpoint);
}

static inline void
finish(struct worker *worker, size_t index)
{
	struct held held = worker->held[index];

	memmove(&worker->held[index], &worker->held[index + 1],
	    (--worker->held_count - index) * sizeof held);
	link_worker_finished(worker->link, held.upstream, held.epoch);
}

static inline void
on_work(void *self, const struct message *work, unsigned upstream)
{
	struct worker *worker = self;
	struct held *held = &worker->held[worker->held_count++];

	worker->taken++;
	held->upstream = upstream;
	held->epoch = work->work.epoch;
	assert_true(text_copy(work->work.item, held->item, sizeof held->item));
	if (worker->is_prompt)
		finish(worker, worker->held_count - 1);
	if (worker->is_closing) {
		link_worker_close(worker->link);
		worker->link = NULL;
	}
}

static inline void
open_worker(struct worker *worker, const char *endpoints, unsigned window)
{
	struct scene *scene = worker->scene;

	worker->held_count = 0;
	assert_int_equal(
	    link_worker_open(scene->link, endpoints, "matcher", window, on_work, worker,
	        &worker->link, scene->why, sizeof scene->why),
	    STATUS_OK);
}

static inline void
start_worker(
    struct worker *worker, struct scene *scene, const char *endpoints, unsigned window)
{
	memset(worker, 0, sizeof *worker);
	worker->scene = scene;
	open_worker(worker, endpoints, window);
}

/* Uses a reserved place. */
static inline enum status
hand_over(struct upstream *upstream, long number)
{
	static struct message work;
	char item[16];

	snprintf(item, sizeof item, "item-%ld", number);
	message_init(&work, MESSAGE_work);
	work.work.stage = stage_match;
	work.work.item = text_of(item);
	work.work.version = 1;
	work.work.attempt = (uint32_t)number + 1;
	work.work.urgency = urgency_normal;
	return link_upstream_send(upstream->link, &work);
}

static inline void
send_items(struct upstream *upstream, long count)
{
	for (long i = 0; i < count; i++) {
		assert_true(link_upstream_reserve(upstream->link));
		assert_int_equal(hand_over(upstream, upstream->sent), STATUS_OK);
		upstream->sent++;
	}
}

/* A hook: hands over as much as there is credit for. */
static inline void
produce(void *self)
{
	struct upstream *upstream = self;

	while (upstream->sent < upstream->to_send &&
	       link_upstream_credit(upstream->link) > 0)
		send_items(upstream, 1);
}

/* ---- raw workers ---- */

static inline void
raw_hello(struct scene *scene, void *raw, const char *boot, uint32_t window)
{
	message_init(&scene->message, MESSAGE_hello);
	scene->message.hello.service = LITERAL("raw");
	scene->message.hello.boot = text_of(boot);
	scene->message.hello.window = window;
	say(scene, raw);
}

/* Hello and its welcome; the epoch. */
static inline uint32_t
raw_epoch(struct scene *scene, void *raw, const char *boot, uint32_t window)
{
	raw_hello(scene, raw, boot, window);
	return hear(scene, raw, MESSAGE_welcome)->welcome.epoch;
}

static inline void
raw_credit(struct scene *scene, void *raw, uint32_t epoch, uint32_t finished)
{
	message_init(&scene->message, MESSAGE_credit);
	scene->message.credit.epoch = epoch;
	scene->message.credit.finished = finished;
	say(scene, raw);
}

static inline void
raw_verb(struct scene *scene, void *raw, enum message_kind kind, uint32_t epoch)
{
	message_init(&scene->message, kind);
	if (kind == MESSAGE_ping)
		scene->message.ping.epoch = epoch;
	else if (kind == MESSAGE_pong)
		scene->message.pong.epoch = epoch;
	else
		scene->message.drain.epoch = epoch;
	say(scene, raw);
}

/* All that was said before has been heard when this is answered. */
static inline void
raw_sync(struct scene *scene, void *raw)
{
	raw_verb(scene, raw, MESSAGE_ping, UINT_ABSENT);
	hear(scene, raw, MESSAGE_pong);
}

#endif
