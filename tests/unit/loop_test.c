/* SPDX-License-Identifier: Apache-2.0
 * One loop: hooks before its sleeps, signals, the end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <event2/event.h>
#include <signal.h>
#include <zmq.h>

#include "tests/unit/loop_fixture.h"

/* ---- hooks ---- */

static void
work_a_little(void *self)
{
	struct counter *counter = self;

	counter->calls++;
	if (counter->left-- > 0)
		loop_again(counter->loop);
	else
		loop_stop(counter->loop);
}

static void
a_hook_with_work_left_is_called_again_without_a_sleep(void **state)
{
	struct counter hook = { .loop = *state, .left = 1000 };

	assert_true(loop_before_sleep(*state, work_a_little, &hook));
	run(*state); /* nothing else would ever wake it */
	assert_int_equal(hook.calls, 1001);
}

static void
timers_have_a_turn_while_a_hook_has_endless_work(void **state)
{
	struct counter hook = { .loop = *state, .left = INT32_MAX };
	struct counter timer = { .loop = *state };
	struct loop_timer *stop = loop_timer_new(*state, count_and_stop, &timer);

	assert_true(loop_before_sleep(*state, work_a_little, &hook));
	loop_timer_set(stop, 5);
	run(*state);
	assert_int_equal(timer.calls, 1);
	loop_timer_free(stop);
}

static void
ask_again(void *self)
{
	struct counter *counter = self;

	counter->calls++;
	loop_again(counter->loop);
}

static void
a_callback_that_asks_for_another_turn_gets_it_at_once(void **state)
{
	struct counter timer = { .loop = *state };
	struct counter hook = { .loop = *state };
	struct loop_timer *soon = loop_timer_new(*state, ask_again, &timer);

	assert_true(loop_before_sleep(*state, count, &hook));
	loop_timer_set(soon, 0);
	assert_int_equal(loop_turn(*state, -1), STATUS_OK);
	assert_int_equal(timer.calls, 1);
	assert_int_equal(loop_turn(*state, -1), STATUS_OK); /* without it: for ever */
	assert_int_equal(hook.calls, 2);
	loop_timer_free(soon);
}

static void
an_idle_loop_sleeps(void **state)
{
	struct counter hook = { .loop = *state };
	struct counter stop = { .loop = *state };
	struct loop_timer *timer = loop_timer_new(*state, count_and_stop, &stop);
	int64_t cpu_us = now_us(CLOCK_PROCESS_CPUTIME_ID);

	assert_true(loop_before_sleep(*state, count, &hook));
	loop_timer_set(timer, 200);
	run(*state);
	assert_in_range(hook.calls, 1, 4);
	assert_true(now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_us < 50000);
	loop_timer_free(timer);
}

static void
a_turn_without_any_event_ends_when_its_time_is_over(void **state)
{
	int64_t start_us = now_us(CLOCK_MONOTONIC);

	assert_int_equal(loop_turn(*state, 0), STATUS_OK);
	assert_int_equal(loop_turn(*state, 20), STATUS_OK);
	assert_true(now_us(CLOCK_MONOTONIC) - start_us >= 15000);
}

static char order[64];
static char letters[] = "abc";

static void
note(void *self)
{
	size_t length = strlen(order);

	if (length + 1 < sizeof order)
		order[length] = *(const char *)self;
}

static void
end_some(void *self)
{
	loop_before_sleep_end(self, note, &letters[0]);
	loop_before_sleep_end(self, end_some, self);
	loop_before_sleep_end(self, note, &letters[1]);
}

static void
hooks_run_in_order_and_may_end_each_other(void **state)
{
	memset(order, 0, sizeof order);
	assert_true(loop_before_sleep(*state, note, &letters[0]));
	assert_true(loop_before_sleep(*state, end_some, *state));
	assert_true(loop_before_sleep(*state, note, &letters[1]));
	assert_true(loop_before_sleep(*state, note, &letters[2]));
	assert_int_equal(loop_turn(*state, 0), STATUS_OK);
	assert_int_equal(loop_turn(*state, 0), STATUS_OK);
	assert_string_equal(order, "acc");
}

static void
a_33rd_hook_is_refused_and_ended_ones_make_room(void **state)
{
	struct counter hooks[33] = { { NULL, NULL, 0, 0, 0 } };

	for (int i = 0; i < 32; i++)
		assert_true(loop_before_sleep(*state, count, &hooks[i]));
	assert_false(loop_before_sleep(*state, count, &hooks[32]));
	for (int i = 0; i < 100; i++) {
		loop_before_sleep_end(*state, count, &hooks[7]);
		assert_true(loop_before_sleep(*state, count, &hooks[7]));
	}
	assert_int_equal(loop_turn(*state, 0), STATUS_OK);
	for (int i = 0; i < 32; i++)
		assert_int_equal(hooks[i].calls, 1);
}

/* ---- what the hooks are for: ZeroMQ ---- */

struct peer {
	struct loop *loop;
	void *socket;
	struct event *event;
	struct peer *other;
	bool is_dirty;
	int received;
	int goal;
};

static void
on_edge(evutil_socket_t fd, short events, void *self)
{
	(void)fd;
	(void)events;
	((struct peer *)self)->is_dirty = true;
}

/* At most 16 a time; each answer marks the socket it leaves by as dirty. */
static void
drain(void *self)
{
	struct peer *peer = self;
	char byte;

	for (int i = 0; peer->is_dirty; i++) {
		if (i == 16) {
			loop_again(peer->loop);
			return;
		}
		if (zmq_recv(peer->socket, &byte, 1, ZMQ_DONTWAIT) < 0) {
			peer->is_dirty = false;
			return;
		}
		if (++peer->received == peer->goal)
			loop_stop(peer->loop);
		assert_int_equal(zmq_send(peer->socket, &byte, 1, ZMQ_DONTWAIT), 1);
	}
}

static void
join(struct peer *peer, struct loop *loop, void *context, int goal)
{
	int fd;
	size_t size = sizeof fd;

	*peer = (struct peer){ .loop = loop, .is_dirty = true, .goal = goal };
	peer->socket = zmq_socket(context, ZMQ_PAIR);
	zmq_getsockopt(peer->socket, ZMQ_FD, &fd, &size);
	peer->event =
	    event_new(loop_base(loop), fd, EV_READ | EV_PERSIST | EV_ET, on_edge, peer);
	event_add(peer->event, NULL);
	assert_true(loop_before_sleep(loop, drain, peer));
}

static void
exchange(struct loop *loop, int in_flight, int goal)
{
	void *context = zmq_ctx_new();
	struct peer one;
	struct peer two;

	join(&one, loop, context, goal);
	join(&two, loop, context, -1);
	assert_int_equal(zmq_bind(one.socket, "inproc://pair"), 0);
	assert_int_equal(zmq_connect(two.socket, "inproc://pair"), 0);
	for (int i = 0; i < in_flight; i++)
		assert_int_equal(zmq_send(one.socket, "x", 1, 0), 1);
	run(loop);
	assert_int_equal(one.received, goal);
	loop_before_sleep_end(loop, drain, &one);
	loop_before_sleep_end(loop, drain, &two);
	event_free(one.event);
	event_free(two.event);
	zmq_close(one.socket);
	zmq_close(two.socket);
	zmq_ctx_term(context);
}

static void
edge_triggered_sockets_never_lose_a_wakeup(void **state)
{
	exchange(*state, 64, 100000);
	exchange(*state, 1, 3000);
}

/* ---- the end ---- */

static void
stop_after_two(void *self)
{
	struct counter *counter = self;

	if (++counter->calls == 2)
		loop_stop(counter->loop);
}

static void
sigterm_and_sigint_are_called_once_each_and_sigpipe_is_ignored(void **state)
{
	struct counter signals = { .loop = *state };

	assert_true(loop_on_stop_signal(*state, stop_after_two, &signals));
	raise(SIGPIPE);
	raise(SIGTERM);
	raise(SIGINT);
	run(*state);
	assert_int_equal(signals.calls, 2);
}

static void
a_stop_that_comes_first_is_not_lost_and_ends_one_run_only(void **state)
{
	struct counter end = { .loop = *state };
	struct loop_timer *stop = loop_timer_new(*state, count_and_stop, &end);

	loop_stop(*state);
	run(*state);
	loop_timer_set(stop, 0);
	run(*state);
	assert_int_equal(end.calls, 1);
	loop_timer_free(stop);
	loop_free(NULL);
	loop_timer_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(a_hook_with_work_left_is_called_again_without_a_sleep),
		IN_LOOP(timers_have_a_turn_while_a_hook_has_endless_work),
		IN_LOOP(a_callback_that_asks_for_another_turn_gets_it_at_once),
		IN_LOOP(an_idle_loop_sleeps),
		IN_LOOP(a_turn_without_any_event_ends_when_its_time_is_over),
		IN_LOOP(hooks_run_in_order_and_may_end_each_other),
		IN_LOOP(a_33rd_hook_is_refused_and_ended_ones_make_room),
		IN_LOOP(edge_triggered_sockets_never_lose_a_wakeup),
		IN_LOOP(sigterm_and_sigint_are_called_once_each_and_sigpipe_is_ignored),
		IN_LOOP(a_stop_that_comes_first_is_not_lost_and_ends_one_run_only),
	};

	alarm(HANG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
