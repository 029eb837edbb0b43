/* SPDX-License-Identifier: Apache-2.0
 * A loop for each test, and callbacks that count. */
#ifndef TESTS_UNIT_LOOP_FIXTURE_H
#define TESTS_UNIT_LOOP_FIXTURE_H

#include <time.h>
#include <unistd.h>

#include "common/loop.h"

/* A test that hangs is a lost wake-up: the alarm ends it. */
#define HANG_SECONDS 60

struct counter {
	struct loop *loop;
	struct loop_timer *timer;
	int left;
	int calls;
	int64_t last_us;
};

static inline int64_t
now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int
make_loop(void **state)
{
	*state = loop_new();
	return *state == NULL;
}

static inline int
free_loop(void **state)
{
	loop_free(*state);
	return 0;
}

static inline void
count(void *self)
{
	((struct counter *)self)->calls++;
}

static inline void
count_and_stop(void *self)
{
	struct counter *counter = self;

	counter->calls++;
	loop_stop(counter->loop);
}

static inline void
run(struct loop *loop)
{
	assert_int_equal(loop_run(loop), STATUS_OK);
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, make_loop, free_loop)

#endif
