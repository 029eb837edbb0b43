/* SPDX-License-Identifier: Apache-2.0
 * Work and credit: a window is never exceeded, no credit gets lost, and what a worker takes
 * into its grave is told. */
#include "tests/unit/link_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define WINDOW 8
#define ITEMS_MAX 100000
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

static void
on_lost(void *self, const char *service, const struct text *items, size_t count)
{
	struct upstream *upstream = self;

	assert_true(count > 0 && count <= LINK_WINDOW_MAX);
	upstream->lost_calls++;
	upstream->lost_count = count;
	snprintf(upstream->service, sizeof upstream->service, "%s", service);
	for (size_t i = 0; i < count; i++) {
		assert_true(
		    text_copy(items[i], upstream->lost[i], sizeof upstream->lost[i]));
		if (upstream->each != NULL)
			upstream->each(upstream, items[i]);
	}
	if (upstream->is_closing) {
		link_upstream_close(upstream->link);
		upstream->link = NULL;
	}
}

static void
open_upstream(struct upstream *upstream, const char *endpoint)
{
	struct scene *scene = upstream->scene;

	assert_int_equal(link_upstream_open(scene->link, endpoint, on_lost, upstream,
	                     &upstream->link, scene->why, sizeof scene->why),
	    STATUS_OK);
}

/* Upstreams and workers are called back, so they are set up in place. */
static void
start_upstream(struct upstream *upstream, struct scene *scene, const char *endpoint)
{
	*upstream = (struct upstream){ .scene = scene };
	open_upstream(upstream, endpoint);
}

static void
finish(struct worker *worker, size_t index)
{
	struct held held = worker->held[index];

	memmove(&worker->held[index], &worker->held[index + 1],
	    (--worker->held_count - index) * sizeof held);
	link_worker_finished(worker->link, held.upstream, held.epoch);
}

static void
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

static void
open_worker(struct worker *worker, const char *endpoints, unsigned window)
{
	struct scene *scene = worker->scene;

	worker->held_count = 0;
	assert_int_equal(
	    link_worker_open(scene->link, endpoints, "matcher", window, on_work, worker,
	        &worker->link, scene->why, sizeof scene->why),
	    STATUS_OK);
}

static void
start_worker(
    struct worker *worker, struct scene *scene, const char *endpoints, unsigned window)
{
	memset(worker, 0, sizeof *worker);
	worker->scene = scene;
	open_worker(worker, endpoints, window);
}

/* Uses a reserved place. */
static enum status
hand_over(struct upstream *upstream, long number)
{
	static struct message work;
	char item[16];

	snprintf(item, sizeof item, "item-%ld", number);
	message_init(&work, MESSAGE_work);
	work.work.stage = stage_match;
	work.work.item = text_of(item);
	work.work.version = 1;
	work.work.attempt = 1;
	work.work.urgency = urgency_normal;
	return link_upstream_send(upstream->link, &work);
}

static void
send_items(struct upstream *upstream, long count)
{
	for (long i = 0; i < count; i++) {
		assert_true(link_upstream_reserve(upstream->link));
		assert_int_equal(hand_over(upstream, upstream->sent), STATUS_OK);
		upstream->sent++;
	}
}

/* A hook: hands over as much as there is credit for. */
static void
produce(void *self)
{
	struct upstream *upstream = self;

	while (upstream->sent < upstream->to_send &&
	       link_upstream_credit(upstream->link) > 0)
		send_items(upstream, 1);
}

/* ---- raw workers ---- */

static void
raw_hello(struct scene *scene, void *raw, const char *boot, uint32_t window)
{
	message_init(&scene->message, MESSAGE_hello);
	scene->message.hello.service = LITERAL("raw");
	scene->message.hello.boot = text_of(boot);
	scene->message.hello.window = window;
	say(scene, raw);
}

/* Hello and its welcome; the epoch. */
static uint32_t
raw_epoch(struct scene *scene, void *raw, const char *boot, uint32_t window)
{
	raw_hello(scene, raw, boot, window);
	return hear(scene, raw, MESSAGE_welcome)->welcome.epoch;
}

static void
raw_credit(struct scene *scene, void *raw, uint32_t epoch, uint32_t finished)
{
	message_init(&scene->message, MESSAGE_credit);
	scene->message.credit.epoch = epoch;
	scene->message.credit.finished = finished;
	say(scene, raw);
}

static void
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
static void
raw_sync(struct scene *scene, void *raw)
{
	raw_verb(scene, raw, MESSAGE_ping, UINT_ABSENT);
	hear(scene, raw, MESSAGE_pong);
}

/* ---- credit ---- */

static void
a_worker_gives_its_window(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	start_upstream(&upstream, scene, scene->ipc);
	assert_int_equal(link_upstream_credit(upstream.link), 0);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	assert_true(metrics_get(METRIC_credit, NULL) == WINDOW);
	link_worker_close(worker.link);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 0);
	link_upstream_close(upstream.link);
	assert_true(metrics_get(METRIC_credit, NULL) == 0);
}

static void
a_worker_that_comes_first_is_found(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	start_worker(&worker, scene, scene->ipc, WINDOW);
	turn_for(scene, 150);
	start_upstream(&upstream, scene, scene->ipc);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

static void
without_credit_nothing_is_reserved(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	start_upstream(&upstream, scene, scene->ipc);
	assert_false(link_upstream_reserve(upstream.link));
	start_worker(&worker, scene, scene->ipc, 2);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 2);
	assert_true(link_upstream_reserve(upstream.link));
	assert_true(link_upstream_reserve(upstream.link));
	assert_int_equal(link_upstream_credit(upstream.link), 0);
	assert_false(link_upstream_reserve(upstream.link));
	link_upstream_release(upstream.link);
	assert_int_equal(link_upstream_credit(upstream.link), 1);
	assert_int_equal(hand_over(&upstream, 1), STATUS_OK);
	assert_int_equal(link_upstream_credit(upstream.link), 1);
	TURN_UNTIL(scene, worker.taken == 1);
	assert_int_equal(link_upstream_credit(upstream.link), 1);
	assert_int_equal(link_worker_held(worker.link), 1);
	finish(&worker, 0);
	assert_int_equal(link_worker_held(worker.link), 0);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 2);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

static void
a_place_reserved_with_a_worker_that_left_cannot_be_used(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, 2);
	TURN_UNTIL(scene, link_upstream_reserve(upstream.link));
	assert_true(link_upstream_reserve(upstream.link));
	link_worker_close(worker.link);
	TURN_UNTIL(scene, metrics_get(METRIC_credit, NULL) == 0);
	turn_for(scene, 1200);
	assert_int_equal(hand_over(&upstream, 1), STATUS_UNAVAILABLE);
	link_upstream_release(upstream.link);
	assert_int_equal(link_upstream_credit(upstream.link), 0);
	start_worker(&worker, scene, scene->ipc, 2);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 2);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
	assert_int_equal(upstream.lost_calls, 0);
}

/* The loop is woken by messages alone, but for the ticks: a lost wake-up costs half a
 * second, and there are none to spare. */
static void
a_hundred_thousand_items_lose_no_wake_up(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	scene->link->tick_ms = 4000; /* the other side is waited for, not stumbled upon */
	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, 64);
	worker.is_prompt = true;
	upstream.to_send = 100000;
	assert_true(loop_before_sleep(scene->loop, produce, &upstream));
	while (worker.taken < upstream.to_send) {
		int64_t before_ms = now_ms();

		turn(scene, 2000);
		assert_true(now_ms() - before_ms < 2000 || worker.taken == 100000);
	}
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 64);
	loop_before_sleep_end(scene->loop, produce, &upstream);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

static void
work_goes_to_the_worker_with_most_credit(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker small, large;

	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&small, scene, scene->ipc, 10);
	start_worker(&large, scene, scene->ipc, 30);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 40);
	send_items(&upstream, 20);
	TURN_UNTIL(scene, small.taken + large.taken == 20);
	assert_int_equal(small.taken, 0);
	send_items(&upstream, 10);
	TURN_UNTIL(scene, small.taken + large.taken == 30);
	assert_int_equal(small.taken, 5);
	link_worker_close(small.link);
	link_worker_close(large.link);
	link_upstream_close(upstream.link);
}

static void
a_worker_serves_several_upstreams(void **state)
{
	struct scene *scene = *state;
	struct upstream first, second;
	struct worker worker;
	char endpoints[140];

	start_upstream(&first, scene, scene->ipc);
	start_upstream(&second, scene, scene->tcp);
	snprintf(endpoints, sizeof endpoints, "%s,%s", scene->ipc, scene->tcp);
	start_worker(&worker, scene, endpoints, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(first.link) == WINDOW &&
	                      link_upstream_credit(second.link) == WINDOW);
	assert_true(metrics_get(METRIC_credit, NULL) == 2 * WINDOW);
	send_items(&second, 3);
	TURN_UNTIL(scene, worker.taken == 3);
	assert_int_equal(worker.held[0].upstream, 1);
	send_items(&first, 2);
	TURN_UNTIL(scene, worker.taken == 5);
	assert_int_equal(worker.held[3].upstream, 0);
	assert_true(worker.held[0].epoch != worker.held[3].epoch);
	while (worker.held_count > 0)
		finish(&worker, 0);
	TURN_UNTIL(scene, link_upstream_credit(first.link) == WINDOW &&
	                      link_upstream_credit(second.link) == WINDOW);
	link_worker_close(worker.link);
	link_upstream_close(first.link);
	link_upstream_close(second.link);
}

static void
credit_is_a_total_so_repeats_and_old_ones_are_harmless(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	static const uint32_t TOTALS[] = { 2, 2, 2, 1, 0, 2 };
	struct upstream upstream;
	uint32_t epoch;

	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 4);
	for (size_t i = 0; i < sizeof TOTALS / sizeof *TOTALS; i++) {
		raw_credit(scene, raw, epoch, TOTALS[i]);
		raw_sync(scene, raw);
		assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 2);
	}
	raw_credit(scene, raw, epoch, 4);
	raw_sync(scene, raw);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
credit_for_more_than_was_sent_is_refused(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	uint32_t epoch;

	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 4);
	raw_credit(scene, raw, epoch, 5);
	assert_true(
	    text_is(hear(scene, raw, MESSAGE_refused)->refused.status, "invalid"));
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 4);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
credit_of_another_epoch_is_ignored(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	uint32_t first, second;

	start_upstream(&upstream, scene, scene->ipc);
	first = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 4);
	second = raw_epoch(scene, raw, "boot", WINDOW);
	assert_true(first != second);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	send_items(&upstream, 4);
	raw_credit(scene, raw, first, 4);
	raw_verb(scene, raw, MESSAGE_drain, first);
	raw_sync(scene, raw);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 4);
	raw_credit(scene, raw, second, 4);
	raw_sync(scene, raw);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
an_epoch_is_left_before_its_totals_end(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	scene->link->epoch_items = 100;
	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	worker.is_prompt = true;
	upstream.to_send = 1050;
	assert_true(loop_before_sleep(scene->loop, produce, &upstream));
	TURN_UNTIL(scene, worker.taken == 1050);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	loop_before_sleep_end(scene->loop, produce, &upstream);
	assert_int_equal(upstream.lost_calls, 0);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

static void
a_greedy_window_is_cut(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;

	start_upstream(&upstream, scene, scene->ipc);
	raw_epoch(scene, raw, "boot", 4096);
	assert_int_equal(link_upstream_credit(upstream.link), LINK_WINDOW_MAX);
	send_items(&upstream, LINK_WINDOW_MAX);
	assert_false(link_upstream_reserve(upstream.link));
	raw_epoch(scene, raw, "boot", 0);
	assert_int_equal(link_upstream_credit(upstream.link), 0);
	zmq_close(raw);
	link_upstream_close(upstream.link);
	assert_int_equal(upstream.lost_count, LINK_WINDOW_MAX);
	assert_string_equal(upstream.lost[0], "item-0");
	assert_string_equal(upstream.lost[LINK_WINDOW_MAX - 1], "item-255");
}

static void
more_workers_than_there_are_seats_are_refused(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	void *raw[257];
	char boot[16];

	scene->link->tick_ms = 5000; /* nobody gets lost while the others come */
	start_upstream(&upstream, scene, scene->ipc);
	for (int i = 0; i < 257; i++) {
		raw[i] = raw_dealer(scene, scene->ipc);
		snprintf(boot, sizeof boot, "boot-%d", i);
		raw_hello(scene, raw[i], boot, 1);
		if (i < 256)
			hear(scene, raw[i], MESSAGE_welcome);
	}
	assert_true(
	    text_is(hear(scene, raw[256], MESSAGE_refused)->refused.status, "full"));
	assert_int_equal(link_upstream_credit(upstream.link), 256);
	for (int i = 0; i < 256; i++)
		zmq_close(raw[i]);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 0);
	raw_epoch(scene, raw[256], "boot-256", 1);
	zmq_close(raw[256]);
	link_upstream_close(upstream.link);
}

/* ---- coming back ---- */

static void
a_restarted_upstream_is_told_hello_anew(void **state)
{
	struct scene *scene = *state;
	const char *endpoints[] = { scene->ipc, scene->tcp };

	for (int i = 0; i < 2; i++) {
		struct upstream upstream;
		struct worker worker;

		start_upstream(&upstream, scene, endpoints[i]);
		start_worker(&worker, scene, endpoints[i], WINDOW);
		TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
		send_items(&upstream, 3);
		TURN_UNTIL(scene, worker.taken == 3);
		link_upstream_close(upstream.link);
		WAIT_UNTIL_FREE(scene, endpoints[i]);
		open_upstream(&upstream, endpoints[i]);
		TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
		while (worker.held_count > 0) /* of an epoch that nobody knows any more */
			finish(&worker, 0);
		send_items(&upstream, WINDOW);
		TURN_UNTIL(scene, worker.taken == 3 + WINDOW);
		assert_int_equal(link_upstream_credit(upstream.link), 0);
		while (worker.held_count > 0)
			finish(&worker, 0);
		TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
		link_worker_close(worker.link);
		link_upstream_close(upstream.link);
	}
}

static void
who_says_hello_anew_gives_its_items_back(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc), *again = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	uint32_t epoch;

	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 5);
	raw_credit(scene, raw, epoch, 2);
	raw_epoch(scene, raw, "boot", WINDOW);
	assert_int_equal(upstream.lost_calls, 1);
	assert_int_equal(upstream.lost_count, 3);
	assert_string_equal(upstream.lost[0], "item-2");
	assert_string_equal(upstream.lost[2], "item-4");
	assert_string_equal(upstream.service, "raw");
	send_items(&upstream, 1);
	raw_epoch(scene, again, "boot", WINDOW); /* over another connection */
	assert_int_equal(upstream.lost_calls, 2);
	assert_string_equal(upstream.lost[0], "item-5");
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	send_items(&upstream, 1);
	raw_epoch(scene, raw, "boot 2", WINDOW); /* somebody else */
	assert_int_equal(upstream.lost_calls, 2);
	assert_int_equal(link_upstream_credit(upstream.link), 2 * WINDOW - 1);
	zmq_close(raw);
	zmq_close(again);
	link_upstream_close(upstream.link);
}

static void
who_is_not_known_is_told_to_say_hello(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;

	start_upstream(&upstream, scene, scene->ipc);
	raw_credit(scene, raw, 1, 0);
	assert_int_equal(hear(scene, raw, MESSAGE_pong)->pong.epoch, UINT_ABSENT);
	raw_verb(scene, raw, MESSAGE_pong, 7);
	assert_int_equal(hear(scene, raw, MESSAGE_pong)->pong.epoch, UINT_ABSENT);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
a_silent_worker_is_lost_and_one_that_answers_is_not(void **state)
{
	struct scene *scene = *state;
	void *silent, *alive;
	struct upstream upstream;
	uint32_t epoch;
	int pings = 0;

	scene->link->tick_ms = QUICK_TICK_MS;
	silent = raw_dealer(scene, scene->ipc);
	alive = raw_dealer(scene, scene->ipc);
	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, alive, "alive", WINDOW);
	raw_epoch(scene, silent, "silent", WINDOW + 2);
	send_items(&upstream, 1);
	for (int64_t end_ms = now_ms() + DEADLINE_MS; pings < 12 && now_ms() < end_ms;) {
		turn(scene, 5);
		if (!hear_now(scene, alive) || scene->message.kind != MESSAGE_ping)
			continue;
		assert_int_equal(scene->message.ping.epoch, epoch);
		if (pings < 3 || pings > 4) /* seven ticks after its hello */
			assert_int_equal(upstream.lost_calls, pings > 4);
		raw_verb(scene, alive, MESSAGE_pong, epoch);
		pings++;
	}
	assert_int_equal(upstream.lost_calls, 1);
	assert_int_equal(upstream.lost_count, 1);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	/* It wakes up, and is sent to the door. */
	raw_verb(scene, silent, MESSAGE_pong, 1);
	TURN_UNTIL(scene, hear_now(scene, silent) && scene->message.kind == MESSAGE_pong);
	assert_int_equal(scene->message.pong.epoch, UINT_ABSENT);
	zmq_close(silent);
	zmq_close(alive);
	link_upstream_close(upstream.link);
}

/* The one place where the loop is left standing on purpose. */
static void
an_own_freeze_is_not_the_workers_death(void **state)
{
	const struct timespec freeze = { .tv_nsec = 20 * QUICK_TICK_MS * 1000000 };
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker;

	scene->link->tick_ms = QUICK_TICK_MS;
	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	send_items(&upstream, 3);
	TURN_UNTIL(scene, worker.taken == 3);
	nanosleep(&freeze, NULL);
	turn_for(scene, 10 * QUICK_TICK_MS);
	assert_int_equal(upstream.lost_calls, 0);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 3);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

/* ---- death ---- */

/* A process that takes work and finishes the first ones. */
static pid_t
fork_worker(const char *endpoint, long finishes)
{
	pid_t pid = fork();
	struct scene scene;
	struct worker worker;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	alarm(30);
	memset(&scene, 0, sizeof scene);
	scene.loop = loop_new();
	scene.link = link_new(scene.loop);
	start_worker(&worker, &scene, endpoint, WINDOW);
	for (;;) {
		(void)!loop_turn(scene.loop, 100);
		while (worker.held_count > 0 &&
		       worker.taken - (long)worker.held_count < finishes)
			finish(&worker, 0);
	}
}

struct grave {
	struct upstream upstream;
	pid_t pid;
};

/* Ten items are handed over and five finished. */
static void
dig(struct grave *grave, struct scene *scene, const char *endpoint)
{
	grave->pid = fork_worker(endpoint, 5);
	start_upstream(&grave->upstream, scene, endpoint);
	TURN_UNTIL(scene, link_upstream_credit(grave->upstream.link) == WINDOW);
	send_items(&grave->upstream, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(grave->upstream.link) == 5);
	send_items(&grave->upstream, 2);
}

static void
expect_five_lost(struct grave *grave, int64_t since_ms)
{
	struct upstream *upstream = &grave->upstream;

	TURN_UNTIL(upstream->scene, upstream->lost_calls > 0);
	assert_true(now_ms() - since_ms < 4000);
	assert_int_equal(upstream->lost_calls, 1);
	assert_int_equal(upstream->lost_count, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(atoi(upstream->lost[i] + strlen("item-")), 5 + i);
	assert_string_equal(upstream->service, "matcher");
	assert_int_equal(link_upstream_credit(upstream->link), 0);
}

static void
bury(struct grave *grave)
{
	kill(grave->pid, SIGKILL);
	waitpid(grave->pid, NULL, 0);
	link_upstream_close(grave->upstream.link);
}

static void
a_killed_worker_is_lost_with_its_unfinished_items(void **state)
{
	struct scene *scene = *state;
	const char *endpoints[] = { scene->ipc, scene->tcp };

	for (int i = 0; i < 2; i++) {
		struct grave grave;
		int64_t since_ms;

		dig(&grave, scene, endpoints[i]);
		since_ms = now_ms();
		kill(grave.pid, SIGKILL);
		expect_five_lost(&grave, since_ms);
		/* Its connection told, long before its silence. */
		assert_true(now_ms() - since_ms < 1000);
		bury(&grave);
	}
}

static void
a_frozen_worker_is_lost_and_comes_back_when_it_thaws(void **state)
{
	struct scene *scene = *state;
	struct grave ipc, tcp;
	int64_t since_ms;

	dig(&ipc, scene, scene->ipc);
	dig(&tcp, scene, scene->tcp);
	since_ms = now_ms();
	kill(ipc.pid, SIGSTOP);
	kill(tcp.pid, SIGSTOP);
	expect_five_lost(&ipc, since_ms);
	expect_five_lost(&tcp, since_ms);
	assert_true(now_ms() - since_ms > 2500);
	kill(ipc.pid, SIGCONT);
	kill(tcp.pid, SIGCONT);
	TURN_UNTIL(scene, link_upstream_credit(ipc.upstream.link) == WINDOW &&
	                      link_upstream_credit(tcp.upstream.link) == WINDOW);
	bury(&ipc);
	bury(&tcp);
}

static void
a_callback_may_close_its_side(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	struct worker worker;

	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	worker.is_closing = true;
	send_items(&upstream, 4);
	TURN_UNTIL(scene, worker.link == NULL);
	assert_int_equal(worker.taken, 1);
	TURN_UNTIL(scene, upstream.lost_calls == 1);
	assert_int_equal(upstream.lost_count, 4);
	raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 1);
	upstream.is_closing = true;
	raw_hello(scene, raw, "boot", WINDOW);
	TURN_UNTIL(scene, upstream.link == NULL);
	zmq_close(raw);
}

/* ---- drain ---- */

static void
a_draining_worker_gets_no_new_work(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker, other;

	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	send_items(&upstream, 3);
	assert_true(link_upstream_reserve(upstream.link));
	link_worker_drain(worker.link);
	/* What is on its way is delivered. */
	TURN_UNTIL(scene, worker.taken == 3);
	TURN_UNTIL(scene, metrics_get(METRIC_credit, NULL) == 0);
	assert_int_equal(link_upstream_credit(upstream.link), 0);
	assert_int_equal(hand_over(&upstream, 3), STATUS_UNAVAILABLE);
	assert_false(link_upstream_reserve(upstream.link));
	while (worker.held_count > 0)
		finish(&worker, 0);
	start_worker(&other, scene, scene->ipc, WINDOW);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == WINDOW);
	send_items(&upstream, WINDOW);
	TURN_UNTIL(scene, other.taken == WINDOW);
	link_worker_close(worker.link);
	TURN_UNTIL(scene, metrics_get(METRIC_credit, NULL) == 0);
	assert_int_equal(upstream.lost_calls, 0);
	link_worker_close(other.link);
	link_upstream_close(upstream.link);
}

static void
a_draining_worker_does_not_say_hello_to_a_new_upstream(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	struct worker worker, other;

	scene->link->tick_ms = QUICK_TICK_MS;
	start_worker(&worker, scene, scene->ipc, WINDOW);
	link_worker_drain(worker.link);
	start_upstream(&upstream, scene, scene->ipc);
	turn_for(scene, 500);
	start_worker(&other, scene, scene->ipc, 2);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 2);
	link_worker_close(worker.link);
	link_worker_close(other.link);
	link_upstream_close(upstream.link);
}

/* ---- what peers say ---- */

static void
what_is_not_understood_is_refused_by_id(void **state)
{
	static const struct {
		unsigned version;
		const char *kind, *status;
	} CASES[] = {
		{ 2, "hello", "unsupported" },
		{ 0, "hello", "unsupported" },
		{ 1, "hullo", "bad_message" },
		{ 1, "hello", "invalid" },
		{ 1, "credit", "invalid" },
		{ 1, "search", "bad_message" },
		{ 1, "welcome", "invalid" },
		{ 1, "work", "invalid" },
	};
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	char bytes[100];

	start_upstream(&upstream, scene, scene->ipc);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		enum status status = status_of_code(text_of(CASES[i].status));
		double before = refused_count(status);
		size_t length =
		    forge_frame(bytes, CASES[i].version, CASES[i].kind, "question");
		const struct message *in;

		raw_send(raw, bytes, length);
		in = hear(scene, raw, MESSAGE_refused);
		assert_true(text_is(in->id, "question"));
		assert_true(text_is(in->refused.status, CASES[i].status));
		assert_int_equal(in->refused.defects_count > 0, status == STATUS_INVALID);
		assert_true(refused_count(status) == before + 1);
	}
	raw_epoch(scene, raw, "boot", WINDOW);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
a_refusal_is_never_refused(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	char bytes[100];

	start_upstream(&upstream, scene, scene->ipc);
	raw_send(
	    raw, bytes, forge_frame(bytes, 1, "refused", "question")); /* no status */
	message_init(&scene->message, MESSAGE_refused);
	scene->message.refused.status = LITERAL("busy");
	say(scene, raw);
	raw_send(raw, "\xc1", 1); /* no kind, no id */
	raw_hello(scene, raw, "boot", WINDOW);
	TURN_UNTIL(scene, hear_now(scene, raw));
	assert_int_equal(scene->message.kind, MESSAGE_welcome);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
refusals_are_bounded_so_that_two_sides_do_not_refuse_for_ever(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	double before = refused_count(STATUS_UNSUPPORTED);
	struct upstream upstream;
	int refusals = 0;
	char bytes[100];

	scene->link->tick_ms = 5000;
	start_upstream(&upstream, scene, scene->ipc);
	for (int i = 0; i < 100; i++)
		raw_send(raw, bytes, forge_frame(bytes, 2, "refused", "question"));
	TURN_UNTIL(scene, refused_count(STATUS_UNSUPPORTED) == before + 100);
	raw_hello(scene, raw, "boot", WINDOW);
	for (scene->message.kind = MESSAGE_NONE; scene->message.kind != MESSAGE_welcome;
	     refusals++)
		TURN_UNTIL(scene, hear_now(scene, raw));
	assert_int_equal(refusals - 1, LINK_REFUSALS_MAX);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
noise_stops_nothing(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	struct worker worker;

	srand(11);
	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	worker.is_prompt = true;
	upstream.to_send = 5000;
	assert_true(loop_before_sleep(scene->loop, produce, &upstream));
	for (int round = 0; worker.taken < upstream.to_send && round < 100000; round++) {
		char bytes[100];
		size_t length = forge_frame(bytes, 1, "hello", "question");

		for (int flips = rand() % 4; flips >= 0; flips--)
			bytes[(size_t)rand() % length] ^= (char)(1 << rand() % 8);
		(void)!zmq_send(raw, bytes, (size_t)rand() % (length + 1), ZMQ_DONTWAIT);
		turn(scene, 1);
	}
	loop_before_sleep_end(scene->loop, produce, &upstream);
	assert_int_equal(worker.taken, upstream.to_send);
	zmq_close(raw);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

/* ---- a raw upstream ---- */

struct raw_upstream {
	struct scene *scene;
	void *raw;
	struct link_peer peer; /* who spoke last */
};

static bool
upstream_hears_now(struct raw_upstream *upstream)
{
	int length = zmq_recv(
	    upstream->raw, upstream->peer.id, sizeof upstream->peer.id, ZMQ_DONTWAIT);

	if (length < 0)
		return false;
	upstream->peer.length = (uint32_t)length;
	assert_true(hear_now(upstream->scene, upstream->raw));
	return true;
}

static const struct message *
upstream_hears(struct raw_upstream *upstream, enum message_kind kind)
{
	TURN_UNTIL(upstream->scene,
	    upstream_hears_now(upstream) && upstream->scene->message.kind == kind);
	return &upstream->scene->message;
}

static void
upstream_says(struct raw_upstream *upstream)
{
	assert_int_equal(zmq_send(upstream->raw, upstream->peer.id, upstream->peer.length,
	                     ZMQ_SNDMORE | ZMQ_DONTWAIT),
	    upstream->peer.length);
	say(upstream->scene, upstream->raw);
}

static void
upstream_welcomes(struct raw_upstream *upstream, uint32_t epoch)
{
	struct message *out = &upstream->scene->message;

	message_init(out, MESSAGE_welcome);
	out->welcome.boot = LITERAL("boot");
	out->welcome.epoch = epoch;
	upstream_says(upstream);
}

static void
upstream_works(struct raw_upstream *upstream, uint32_t epoch)
{
	struct message *out = &upstream->scene->message;

	message_init(out, MESSAGE_work);
	out->work.epoch = epoch;
	out->work.stage = stage_match;
	out->work.item = LITERAL("item");
	out->work.version = out->work.attempt = 1;
	out->work.urgency = urgency_normal;
	upstream_says(upstream);
}

static void
upstream_pings(struct raw_upstream *upstream, enum message_kind kind, uint32_t epoch)
{
	message_init(&upstream->scene->message, kind);
	if (kind == MESSAGE_ping)
		upstream->scene->message.ping.epoch = epoch;
	else
		upstream->scene->message.pong.epoch = epoch;
	upstream_says(upstream);
}

static void
start_raw_upstream(
    struct raw_upstream *upstream, struct worker *worker, struct scene *scene)
{
	*upstream = (struct raw_upstream){ .scene = scene };
	upstream->raw = raw_socket(scene, ZMQ_ROUTER);
	assert_int_equal(zmq_bind(upstream->raw, scene->ipc), 0);
	start_worker(worker, scene, scene->ipc, WINDOW);
}

static void
a_worker_says_hello_until_it_is_welcome(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;
	char boot[33];

	scene->link->tick_ms = QUICK_TICK_MS;
	start_raw_upstream(&upstream, &worker, scene);
	for (int i = 0; i < 3; i++) {
		const struct hello *hello =
		    &upstream_hears(&upstream, MESSAGE_hello)->hello;

		assert_true(text_is(hello->service, "matcher"));
		assert_int_equal(hello->window, WINDOW);
		assert_true(i == 0 || text_is(hello->boot, boot));
		assert_true(text_copy(hello->boot, boot, sizeof boot));
	}
	upstream_welcomes(&upstream, 7);
	for (int i = 0; i < 20; i++) { /* a welcome that is kept alive is enough */
		turn_for(scene, QUICK_TICK_MS);
		upstream_pings(&upstream, MESSAGE_ping, 7);
		while (upstream_hears_now(&upstream))
			assert_int_equal(scene->message.kind, MESSAGE_pong);
	}
	upstream_hears(&upstream, MESSAGE_hello); /* three seconds later */
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_that_hears_of_another_epoch_says_hello_once(void **state)
{
	static const struct {
		enum message_kind kind;
		uint32_t epoch;
	} CASES[] = { { MESSAGE_ping, 8 }, { MESSAGE_pong, 8 },
		{ MESSAGE_pong, UINT_ABSENT }, { MESSAGE_work, 8 },
		{ MESSAGE_work, UINT_ABSENT } };
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		upstream_welcomes(&upstream, 7);
		for (int times = 0; times < 3; times++)
			if (CASES[i].kind == MESSAGE_work)
				upstream_works(&upstream, CASES[i].epoch);
			else
				upstream_pings(&upstream, CASES[i].kind, CASES[i].epoch);
		TURN_UNTIL(scene, upstream_hears_now(&upstream));
		assert_int_equal(scene->message.kind, MESSAGE_hello);
		turn_for(scene, 30);
		assert_false(upstream_hears_now(&upstream));
	}
	assert_int_equal(worker.taken, 0);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_keeps_its_window_against_its_upstream(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;
	double refused = refused_count(STATUS_FULL);

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	upstream_welcomes(&upstream, 7);
	for (int i = 0; i < WINDOW + 2; i++)
		upstream_works(&upstream, 7);
	TURN_UNTIL(scene, refused_count(STATUS_FULL) == refused + 2);
	assert_int_equal(worker.taken, WINDOW);
	finish(&worker, 3);
	finish(&worker, 0);
	assert_int_equal(upstream_hears(&upstream, MESSAGE_credit)->credit.finished, 2);
	assert_int_equal(scene->message.credit.epoch, 7);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_counts_anew_in_a_new_epoch(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	upstream_welcomes(&upstream, 7);
	for (int i = 0; i < 3; i++)
		upstream_works(&upstream, 7);
	TURN_UNTIL(scene, worker.taken == 3);
	finish(&worker, 0);
	upstream_welcomes(&upstream, 8);
	upstream_works(&upstream, 8);
	TURN_UNTIL(scene, worker.taken == 4);
	assert_int_equal(link_worker_held(worker.link), 3);
	finish(&worker, 0);
	finish(&worker, 0);
	assert_int_equal(link_worker_held(worker.link), 1);
	finish(&worker, 0);
	do
		upstream_hears(&upstream, MESSAGE_credit);
	while (scene->message.credit.epoch == 7);
	assert_int_equal(scene->message.credit.epoch, 8);
	assert_int_equal(scene->message.credit.finished, 1);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_that_drains_says_so_in_every_epoch(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	link_worker_drain(worker.link);
	upstream_welcomes(&upstream, 7);
	assert_int_equal(upstream_hears(&upstream, MESSAGE_drain)->drain.epoch, 7);
	upstream_works(&upstream, 7);
	TURN_UNTIL(scene, worker.taken == 1);
	finish(&worker, 0);
	assert_int_equal(upstream_hears(&upstream, MESSAGE_credit)->credit.finished, 1);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_refuses_what_it_does_not_understand(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;
	char bytes[100];

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	zmq_send(upstream.raw, upstream.peer.id, upstream.peer.length, ZMQ_SNDMORE);
	raw_send(upstream.raw, bytes, forge_frame(bytes, 9, "welcome", "question"));
	upstream_hears(&upstream, MESSAGE_refused);
	assert_true(text_is(scene->message.refused.status, "unsupported"));
	assert_true(text_is(scene->message.id, "question"));
	zmq_send(upstream.raw, upstream.peer.id, upstream.peer.length, ZMQ_SNDMORE);
	raw_send(upstream.raw, bytes, forge_frame(bytes, 1, "search", "question"));
	upstream_hears(&upstream, MESSAGE_refused);
	assert_true(text_is(scene->message.refused.status, "bad_message"));
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_is_told_what_is_wrong_with_its_settings(void **state)
{
	struct scene *scene = *state;
	struct link_worker *worker;
	char seventeen[17 * 16 + 1] = "";
	const struct {
		const char *endpoints;
		unsigned window;
		enum status status;
	} CASES[] = {
		{ scene->ipc, 0, STATUS_INVALID },
		{ scene->ipc, LINK_WINDOW_MAX + 1, STATUS_INVALID },
		{ "", 8, STATUS_INVALID },
		{ "ipc:///tmp/a,", 8, STATUS_INVALID },
		{ "ipc:///tmp/a,,ipc:///tmp/b", 8, STATUS_INVALID },
		{ "ipc:///tmp/a,tcp://10.0.0.1:5720", 8, STATUS_FORBIDDEN },
		{ seventeen, 8, STATUS_INVALID },
	};

	for (int i = 0; i < 17; i++)
		strcat(seventeen, i == 0 ? "ipc:///tmp/a" : ",ipc:///tmp/a");
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		scene->why[0] = '\0';
		assert_int_equal(link_worker_open(scene->link, CASES[i].endpoints,
		                     "matcher", CASES[i].window, on_work, NULL, &worker,
		                     scene->why, sizeof scene->why),
		    CASES[i].status);
		assert_null(worker);
		assert_true(strlen(scene->why) > 0 && strchr(scene->why, '\n') == NULL);
	}
	seventeen[strlen(seventeen) - strlen(",ipc:///tmp/a")] = '\0';
	assert_int_equal(
	    link_worker_open(scene->link, seventeen, "matcher", LINK_WINDOW_MAX, on_work,
	        NULL, &worker, scene->why, sizeof scene->why),
	    STATUS_OK);
	link_worker_close(worker);
}

/* ---- the whole, at random ---- */

enum fate { UNSENT, SENT, DELIVERED, LOST, ABANDONED };

/* Two upstreams and three workers that finish in any order and restart at any time. */
struct world {
	struct scene *scene;
	struct upstream upstreams[2];
	struct worker workers[3];
	const char *endpoint[2];
	char endpoints[140];
	long number; /* of the next item */
	unsigned char fate[ITEMS_MAX];
	unsigned char by[ITEMS_MAX]; /* upstream */
};

static struct world world;

static void
note_lost(struct upstream *upstream, struct text item)
{
	long number = atol(item.at + strlen("item-"));

	(void)upstream;
	assert_true(number < world.number && world.fate[number] != UNSENT);
	if (world.fate[number] == SENT)
		world.fate[number] = LOST;
}

/* Takes note of what came, and that no window holds more than it may. */
static void
look_at_worker(struct worker *worker)
{
	for (size_t i = 0; i < worker->held_count; i++) {
		const struct held *held = &worker->held[i];
		unsigned same = 0;

		world.fate[atol(held->item + strlen("item-"))] = DELIVERED;
		for (size_t j = 0; j < worker->held_count; j++)
			same += worker->held[j].upstream == held->upstream &&
			        worker->held[j].epoch == held->epoch;
		assert_true(same <= WINDOW);
	}
	assert_int_equal(worker->held_count, link_worker_held(worker->link));
}

static void
hand_over_one(unsigned number)
{
	struct upstream *upstream = &world.upstreams[number];

	assert_true(link_upstream_credit(upstream->link) <= 2 * 3 * WINDOW);
	if (world.number == ITEMS_MAX || !link_upstream_reserve(upstream->link))
		return;
	if (rand() % 10 == 0) {
		link_upstream_release(upstream->link);
		return;
	}
	world.by[world.number] = (unsigned char)number;
	if (hand_over(upstream, world.number) == STATUS_OK)
		world.fate[world.number] = SENT;
	world.number++;
}

static void
restart_upstream(unsigned number)
{
	struct upstream *upstream = &world.upstreams[number];

	link_upstream_close(upstream->link);
	WAIT_UNTIL_FREE(world.scene, world.endpoint[number]);
	open_upstream(upstream, world.endpoint[number]);
	for (long i = 0; i < world.number; i++)
		if (world.fate[i] == SENT && world.by[i] == number)
			world.fate[i] = ABANDONED;
}

static void
step(void)
{
	struct worker *worker = &world.workers[rand() % 3];
	int choice = rand() % 1000;

	if (choice < 2) {
		restart_upstream((unsigned)rand() % 2);
	} else if (choice < 5) {
		link_worker_close(worker->link);
		open_worker(worker, world.endpoints, WINDOW);
	} else if (choice < 500) {
		hand_over_one((unsigned)rand() % 2);
	} else if (choice < 800) {
		if (worker->held_count > 0)
			finish(worker, (size_t)rand() % worker->held_count);
	} else {
		turn(world.scene, rand() % 3);
	}
	for (int i = 0; i < 3; i++)
		look_at_worker(&world.workers[i]);
}

static void
start_world(struct scene *scene)
{
	memset(&world, 0, sizeof world);
	world.scene = scene;
	world.endpoint[0] = scene->ipc;
	world.endpoint[1] = scene->tcp;
	snprintf(
	    world.endpoints, sizeof world.endpoints, "%s,%s", scene->ipc, scene->tcp);
	for (int i = 0; i < 2; i++) {
		start_upstream(&world.upstreams[i], scene, world.endpoint[i]);
		world.upstreams[i].each = note_lost;
	}
	for (int i = 0; i < 3; i++)
		start_worker(&world.workers[i], scene, world.endpoints, WINDOW);
}

/* Every place is free again, and of every item it is known what became of it. */
static bool
is_at_rest(void)
{
	for (int i = 0; i < 3; i++) {
		look_at_worker(&world.workers[i]);
		while (world.workers[i].held_count > 0)
			finish(&world.workers[i], 0);
	}
	for (long i = 0; i < world.number; i++)
		if (world.fate[i] == SENT)
			return false;
	return link_upstream_credit(world.upstreams[0].link) == 3 * WINDOW &&
	       link_upstream_credit(world.upstreams[1].link) == 3 * WINDOW;
}

/* No window is exceeded, no place gets lost, and what was sent has come or been told of. */
static void
whatever_restarts_no_window_is_exceeded_and_nothing_vanishes(void **state)
{
	struct scene *scene = *state;
	long delivered = 0;

	scene->link->tick_ms = 100;
	for (unsigned seed = 1; seed <= 4; seed++) {
		srand(seed);
		start_world(scene);
		TURN_UNTIL(scene, is_at_rest());
		for (int i = 0; i < 8000; i++)
			step();
		TURN_UNTIL(scene, is_at_rest());
		for (long i = 0; i < world.number; i++)
			delivered += world.fate[i] == DELIVERED;
		for (int i = 0; i < 3; i++)
			link_worker_close(world.workers[i].link);
		for (int i = 0; i < 2; i++) {
			link_upstream_close(world.upstreams[i].link);
			WAIT_UNTIL_FREE(scene, world.endpoint[i]);
		}
	}
	assert_true(delivered > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_gives_its_window),
		TEST(a_worker_that_comes_first_is_found),
		TEST(without_credit_nothing_is_reserved),
		TEST(a_place_reserved_with_a_worker_that_left_cannot_be_used),
		TEST(a_hundred_thousand_items_lose_no_wake_up),
		TEST(work_goes_to_the_worker_with_most_credit),
		TEST(a_worker_serves_several_upstreams),
		TEST(credit_is_a_total_so_repeats_and_old_ones_are_harmless),
		TEST(credit_for_more_than_was_sent_is_refused),
		TEST(credit_of_another_epoch_is_ignored),
		TEST(an_epoch_is_left_before_its_totals_end),
		TEST(a_greedy_window_is_cut),
		TEST(more_workers_than_there_are_seats_are_refused),
		TEST(a_restarted_upstream_is_told_hello_anew),
		TEST(who_says_hello_anew_gives_its_items_back),
		TEST(who_is_not_known_is_told_to_say_hello),
		TEST(a_silent_worker_is_lost_and_one_that_answers_is_not),
		TEST(an_own_freeze_is_not_the_workers_death),
		TEST(a_killed_worker_is_lost_with_its_unfinished_items),
		TEST(a_frozen_worker_is_lost_and_comes_back_when_it_thaws),
		TEST(a_callback_may_close_its_side),
		TEST(a_draining_worker_gets_no_new_work),
		TEST(a_draining_worker_does_not_say_hello_to_a_new_upstream),
		TEST(what_is_not_understood_is_refused_by_id),
		TEST(a_refusal_is_never_refused),
		TEST(refusals_are_bounded_so_that_two_sides_do_not_refuse_for_ever),
		TEST(noise_stops_nothing),
		TEST(a_worker_says_hello_until_it_is_welcome),
		TEST(a_worker_that_hears_of_another_epoch_says_hello_once),
		TEST(a_worker_keeps_its_window_against_its_upstream),
		TEST(a_worker_counts_anew_in_a_new_epoch),
		TEST(a_worker_that_drains_says_so_in_every_epoch),
		TEST(a_worker_refuses_what_it_does_not_understand),
		TEST(a_worker_is_told_what_is_wrong_with_its_settings),
		TEST(whatever_restarts_no_window_is_exceeded_and_nothing_vanishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
