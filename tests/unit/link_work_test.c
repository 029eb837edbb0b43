/* SPDX-License-Identifier: Apache-2.0
 * Work and credit: a window is never exceeded, no credit gets lost, and what a worker takes
 * into its grave is told. */
#include "tests/unit/link_work_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define ITEMS_MAX 100000

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

		scene->link->tick_ms = i == 0 ? LINK_TICK_MS : 60000;
		dig(&grave, scene, endpoints[i]);
		since_ms = now_ms();
		kill(grave.pid, SIGKILL);
		expect_five_lost(&grave, since_ms);
		/* Its connection told, not its silence. */
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
		TEST(an_epoch_is_left_before_its_totals_end),
		TEST(a_restarted_upstream_is_told_hello_anew),
		TEST(an_own_freeze_is_not_the_workers_death),
		TEST(a_killed_worker_is_lost_with_its_unfinished_items),
		TEST(a_frozen_worker_is_lost_and_comes_back_when_it_thaws),
		TEST(a_callback_may_close_its_side),
		TEST(a_draining_worker_gets_no_new_work),
		TEST(whatever_restarts_no_window_is_exceeded_and_nothing_vanishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
