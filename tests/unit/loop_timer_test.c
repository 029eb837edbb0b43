/* SPDX-License-Identifier: Apache-2.0
 * Timers of the loop: never early, and free to change inside their own call. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/loop_fixture.h"

static int64_t
coarse_us(void)
{
	return now_us(CLOCK_MONOTONIC_COARSE);
}

static void
wait_for_tick(void)
{
	int64_t tick = coarse_us();

	while (coarse_us() == tick)
		continue;
}

/* Sets the timer just before the coarse clock, which libevent reads, makes its next step,
 * so that the step counts as time gone by. */
static void
set_before_a_tick(void *self)
{
	struct counter *counter = self;
	struct timespec step;

	if (counter->calls++ > 0 && now_us(CLOCK_MONOTONIC) - counter->last_us < 2000)
		counter->left++;
	if (counter->calls == 10) {
		loop_stop(counter->loop);
		return;
	}
	clock_getres(CLOCK_MONOTONIC_COARSE, &step);
	wait_for_tick();
	while (now_us(CLOCK_MONOTONIC) - coarse_us() < step.tv_nsec / 1000 * 9 / 10)
		continue;
	counter->last_us = now_us(CLOCK_MONOTONIC);
	loop_timer_set(counter->timer, 2);
	wait_for_tick();
}

static void
a_timer_is_not_early_when_the_coarse_clock_steps(void **state)
{
	struct counter timer = { .loop = *state };

	timer.timer = loop_timer_new(*state, set_before_a_tick, &timer);
	loop_timer_set(timer.timer, 0);
	run(*state);
	assert_int_equal(timer.left, 0);
	loop_timer_free(timer.timer);
}

static void
set_again(void *self)
{
	struct counter *counter = self;
	int64_t now = now_us(CLOCK_MONOTONIC);

	assert_true(now - counter->last_us >= 3000); /* never early */
	counter->last_us = now;
	if (++counter->calls == 20)
		loop_stop(counter->loop);
	else
		loop_timer_set(counter->timer, 3);
}

static void
a_timer_set_again_inside_its_own_call_comes_again_and_never_early(void **state)
{
	struct counter timer = { .loop = *state, .last_us = now_us(CLOCK_MONOTONIC) };

	timer.timer = loop_timer_new(*state, set_again, &timer);
	loop_timer_set(timer.timer, 3);
	run(*state);
	assert_int_equal(timer.calls, 20);
	loop_timer_free(timer.timer);
}

static void
setting_again_moves_a_timer_and_minus_one_stops_it(void **state)
{
	struct counter moved = { .loop = *state };
	struct counter stopped = { .loop = *state };
	struct loop_timer *one = loop_timer_new(*state, count_and_stop, &moved);
	struct loop_timer *other = loop_timer_new(*state, count, &stopped);

	loop_timer_set(one, 3600000);
	loop_timer_set(other, 1);
	loop_timer_set(one, 20);
	loop_timer_set(other, -1);
	run(*state);
	assert_int_equal(moved.calls, 1);
	assert_int_equal(stopped.calls, 0);
	loop_timer_free(one);
	loop_timer_free(other);
}

static void
free_itself(void *self)
{
	struct counter *counter = self;

	counter->calls++;
	loop_timer_free(counter->timer);
	counter->timer = NULL;
	loop_stop(counter->loop);
}

static void
a_timer_may_be_freed_inside_its_own_call(void **state)
{
	struct counter once = { .loop = *state };
	struct counter every = { .loop = *state };

	once.timer = loop_timer_new(*state, free_itself, &once);
	loop_timer_set(once.timer, 0);
	run(*state);
	every.timer = loop_every(*state, 1, free_itself, &every);
	run(*state);
	assert_int_equal(loop_turn(*state, 5), STATUS_OK);
	assert_int_equal(once.calls + every.calls, 2);
}

static void
stop_at_five(void *self)
{
	struct counter *counter = self;

	if (++counter->calls == 5)
		loop_timer_set(counter->timer, -1);
}

static void
a_periodic_timer_comes_until_it_is_stopped(void **state)
{
	struct counter every = { .loop = *state };

	every.timer = loop_every(*state, 2, stop_at_five, &every);
	while (every.calls < 5)
		assert_int_equal(loop_turn(*state, -1), STATUS_OK);
	assert_int_equal(loop_turn(*state, 20), STATUS_OK);
	assert_int_equal(every.calls, 5);
	loop_timer_free(every.timer);
}

static void
block_once(void *self)
{
	struct counter *counter = self;
	int64_t until = now_us(CLOCK_MONOTONIC) + (counter->calls++ == 0 ? 50000 : 0);

	while (now_us(CLOCK_MONOTONIC) < until)
		continue;
}

static void
calls_that_a_busy_loop_missed_are_not_made_up(void **state)
{
	struct counter every = { .loop = *state };
	struct counter end = { .loop = *state };
	struct loop_timer *timer = loop_every(*state, 10, block_once, &every);
	struct loop_timer *stop = loop_timer_new(*state, count_and_stop, &end);

	/* At 10 to 60, then 60, 70, 80, 90; made up, there were four more at 60. */
	loop_timer_set(stop, 95);
	run(*state);
	assert_in_range(every.calls, 1, 6);
	loop_timer_free(timer);
	loop_timer_free(stop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_LOOP(
		    a_timer_set_again_inside_its_own_call_comes_again_and_never_early),
		IN_LOOP(a_timer_is_not_early_when_the_coarse_clock_steps),
		IN_LOOP(setting_again_moves_a_timer_and_minus_one_stops_it),
		IN_LOOP(a_timer_may_be_freed_inside_its_own_call),
		IN_LOOP(a_periodic_timer_comes_until_it_is_stopped),
		IN_LOOP(calls_that_a_busy_loop_missed_are_not_made_up),
	};

	alarm(HANG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
