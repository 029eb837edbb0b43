/* SPDX-License-Identifier: Apache-2.0
 * Redis may die at any byte of its log: what it loads afterwards is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cases_random_fixture.h"

#define CALLS 1200
#define CUTS 48

static struct redis_fixture whole;

/* A random run whose every reply was on disk; then its Redis is gone. */
static int
run_and_crash(void **state)
{
	uint64_t random = 20261122;

	(void)state;
	if (!redis_fixture_start(&fixture.redis, "always") || !cases_fixture_open())
		return -1;
	for (unsigned i = 0; i < CALLS; i++) {
		const struct random_call call = random_next(&random);

		random_make(&call);
	}
	if (complaints()[0] != '\0')
		return -1;
	cases_fixture_close();
	redis_fixture_kill9(&fixture.redis);
	whole = fixture.redis;
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	redis_fixture_end(&whole);
	return 0;
}

/* Starts a Redis on the log cut at that length; true: it has what came before the cut. */
static void
look_at_cut(long length, long *lines)
{
	assert_true(redis_fixture_start_from(&fixture.redis, &whole, length));
	assert_true(cases_fixture_open());
	assert_whole();
	*lines = strtol(redis_ask("XLEN {c1}:journal"), NULL, 10);
	cases_fixture_close();
	redis_fixture_end(&fixture.redis);
}

static void
a_log_cut_anywhere_loads_as_something_whole(void **state)
{
	uint64_t random = 7;
	long size = redis_fixture_log_bytes(&whole), before = 0, all, cut_lines;
	long cuts[CUTS];

	(void)state;
	assert_true(size > 100000);
	look_at_cut(size, &all);
	assert_true(all > CALLS / 8);
	for (unsigned i = 0; i < CUTS; i++) /* in order: the journal may only grow */
		cuts[i] =
		    size / CUTS * i + random_below(&random, (uint32_t)(size / CUTS));
	for (unsigned i = 0; i < CUTS; i++) {
		look_at_cut(cuts[i], &cut_lines);
		assert_in_range(cut_lines, before, all);
		before = cut_lines;
	}
	assert_true(before > all / 2);
}

/* Every byte of the last transitions, not only chance ones: too slow for all of the log. */
static void
a_log_cut_within_one_transition_has_it_whole_or_not_at_all(void **state)
{
	long size = redis_fixture_log_bytes(&whole), all, lines;

	(void)state;
	look_at_cut(size, &all);
	for (long back = 1; back < 1200; back += 97) {
		look_at_cut(size - back, &lines);
		assert_in_range(lines, all - 20, all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_cut_anywhere_loads_as_something_whole),
		cmocka_unit_test(
		    a_log_cut_within_one_transition_has_it_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, run_and_crash, clean_up);
}
