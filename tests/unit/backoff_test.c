/* SPDX-License-Identifier: Apache-2.0
 * Delays: the formula at its corners, and its promises for any random number. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "services/notifier/backoff.h"

/* The random number that gives the longest delay for a whole of `whole_ms`. */
static uint64_t
longest(int64_t whole_ms)
{
	return (uint64_t)whole_ms / 2;
}

/* splitmix64, so that a failure can be seen again. */
static uint64_t
next_random(uint64_t *seed)
{
	uint64_t mixed = *seed += 0x9e3779b97f4a7c15u;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
	return mixed ^ mixed >> 31;
}

static void
each_failure_doubles_the_delay_up_to_the_most(void **state)
{
	static const int64_t WHOLE_MS[] = { 1000, 2000, 4000, 8000, 15000, 15000, 15000 };

	(void)state;
	for (unsigned i = 0; i < sizeof WHOLE_MS / sizeof *WHOLE_MS; i++) {
		assert_int_equal(
		    backoff_ms(i + 1, 1000, 15000, 0, longest(WHOLE_MS[i])), WHOLE_MS[i]);
		assert_int_equal(backoff_ms(i + 1, 1000, 15000, 0, 0), WHOLE_MS[i] / 2);
	}
	assert_int_equal(backoff_ms(0, 1000, 15000, 0, 500), 1000);
	assert_int_equal(backoff_ms(UINT32_MAX, 1000, 15000, 0, 7500), 15000);
}

static void
the_delay_lies_between_half_and_whole_for_any_random_number(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		unsigned attempt = (unsigned)(next_random(&seed) % 40 + 1);
		int64_t first_ms = (int64_t)(next_random(&seed) % 100000 + 1);
		int64_t most_ms = first_ms + (int64_t)(next_random(&seed) % 100000000);
		int64_t whole_ms = attempt > 30 || first_ms << (attempt - 1) > most_ms
		                       ? most_ms
		                       : first_ms << (attempt - 1);
		int64_t delay_ms =
		    backoff_ms(attempt, first_ms, most_ms, 0, next_random(&seed));

		assert_true(delay_ms >= 1);
		assert_true(delay_ms >= whole_ms - whole_ms / 2);
		assert_true(delay_ms <= whole_ms);
	}
}

static void
random_numbers_spread_the_delays_over_the_whole_range(void **state)
{
	int seen[501] = { 0 };
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 50100; i++)
		seen[backoff_ms(1, 1000, 1000, 0, next_random(&seed)) - 500]++;
	for (int i = 0; i <= 500; i++)
		assert_in_range(seen[i], 40, 180); /* 100 each; 6 standard deviations */
}

static void
what_the_receiver_asks_for_is_a_floor(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(1, 1000, 60000, 30000, 0), 30000);
	assert_int_equal(backoff_ms(1, 1000, 60000, 501, 0), 501);
	assert_int_equal(backoff_ms(1, 1000, 60000, 499, 0), 500);
	assert_int_equal(backoff_ms(1, 1000, 60000, 700, longest(1000)), 1000);
	assert_int_equal(backoff_ms(1, 1000, 60000, -5, 0), 500);
}

static void
the_receiver_cannot_ask_for_more_than_the_most(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(1, 1000, 60000, 60001, 0), 60000);
	assert_int_equal(backoff_ms(9, 1000, 60000, INT64_MAX, 0), 60000);
}

static void
the_largest_numbers_do_not_overflow(void **state)
{
	(void)state;
	assert_int_equal(
	    backoff_ms(UINT32_MAX, INT64_MAX, INT64_MAX, 0, longest(INT64_MAX)),
	    INT64_MAX);
	assert_int_equal(backoff_ms(64, 1, INT64_MAX, 0, longest(INT64_MAX)), INT64_MAX);
	assert_int_equal(
	    backoff_ms(63, 1, INT64_MAX, 0, longest(INT64_C(1) << 62)), INT64_C(1) << 62);
	assert_int_equal(backoff_ms(1, 1, 1, 0, UINT64_MAX), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_doubles_the_delay_up_to_the_most),
		cmocka_unit_test(
		    the_delay_lies_between_half_and_whole_for_any_random_number),
		cmocka_unit_test(random_numbers_spread_the_delays_over_the_whole_range),
		cmocka_unit_test(what_the_receiver_asks_for_is_a_floor),
		cmocka_unit_test(the_receiver_cannot_ask_for_more_than_the_most),
		cmocka_unit_test(the_largest_numbers_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
