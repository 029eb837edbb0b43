/* SPDX-License-Identifier: Apache-2.0
 * Calls of one turn that go as one, with a Redis that says what the test tells it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_fixture.h"

#define GREETINGS 2
#define MOST_BYTES (1 << 20)
#define MANY 32 /* calls at most that go as one */

static struct fake_redis fake;
static struct loop *loop;
static struct store *store;

static int
set_up(void **state)
{
	(void)state;
	outcomes_are_gone(false);
	loop = loop_new();
	if (loop == NULL)
		return -1;
	fake_redis_start(&fake, loop, NULL);
	store = store_open(loop, &(struct store_options){ .socket_path = fake.socket_path,
	                             .connections = 1,
	                             .timeout_ms = 15000,
	                             .stall_ms = 5000,
	                             .most_bytes = MOST_BYTES,
	                             .name = "name" });
	return store != NULL && fake_redis_greet(&fake, GREETINGS) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	outcomes_are_gone(true);
	store_close(store);
	loop_free(loop);
	fake_redis_end(&fake);
	return 0;
}

static enum status
gather(
    const char *function, const char *first, const char *second, struct outcome *outcome)
{
	const struct text words[] = { LITERAL("FCALL"), text_of(function), LITERAL("1"),
		LITERAL("{c}"), text_of(first), text_of(second) };

	return store_gather(store, LITERAL("route"), second[0] == '\0' ? 5 : 6, words,
	    outcome_done, outcome);
}

static void
expect_command(const char *expected)
{
	char command[1024];

	assert_true(fake_redis_take(&fake, 20000, command, sizeof command));
	assert_string_equal(command, expected);
}

static void
calls_of_one_turn_go_as_one_and_each_gets_its_own_reply(void **state)
{
	struct outcome outcomes[3] = { { 0 } };

	(void)state;
	assert_int_equal(gather("f", "a", "b", &outcomes[0]), STATUS_OK);
	assert_int_equal(gather("f", "c", "", &outcomes[1]), STATUS_OK);
	assert_int_equal(gather("f", "d", "e", &outcomes[2]), STATUS_OK);
	assert_int_equal(store_waiting_count(store), 3);
	expect_command("FCALL f_many 1 {c} 2 a b 1 c 2 d e");
	FAKE_SAY(&fake, "*3\r\n:1\r\n$3\r\ntwo\r\n*0\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 3));
	assert_int_equal(outcomes[0].integer, 1);
	assert_string_equal(outcomes[1].text, "two");
	assert_int_equal(outcomes[2].kind, STORE_LIST);
	assert_int_equal(store_waiting_count(store), 0);
}

static void
one_alone_goes_as_it_is(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	assert_int_equal(gather("f", "a", "b", &outcome), STATUS_OK);
	expect_command("FCALL f 1 {c} a b");
	FAKE_SAY(&fake, ":7\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.integer, 7);
	assert_int_equal(store_waiting_count(store), 0);
	assert_int_equal(gather("f", "c", "", &outcome), STATUS_OK);
	expect_command("FCALL f 1 {c} c");
}

static void
different_functions_go_apart(void **state)
{
	struct outcome outcomes[4] = { { 0 } };

	(void)state;
	assert_int_equal(gather("f", "a", "", &outcomes[0]), STATUS_OK);
	assert_int_equal(gather("g", "b", "", &outcomes[1]), STATUS_OK);
	assert_int_equal(gather("f", "c", "", &outcomes[2]), STATUS_OK);
	assert_int_equal(gather("g", "d", "", &outcomes[3]), STATUS_OK);
	expect_command("FCALL f_many 1 {c} 1 a 1 c");
	expect_command("FCALL g_many 1 {c} 1 b 1 d");
	FAKE_SAY(&fake, "*2\r\n:0\r\n:2\r\n*2\r\n:1\r\n:3\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 4));
	for (int i = 0; i < 4; i++)
		assert_int_equal(outcomes[i].integer, i);
}

static void
more_than_go_together_go_in_turn(void **state)
{
	struct outcome outcomes[MANY + 1] = { { 0 } };
	char command[1024];

	(void)state;
	for (int i = 0; i <= MANY; i++)
		assert_int_equal(gather("f", "a", "", &outcomes[i]), STATUS_OK);
	assert_true(fake_redis_take(&fake, 20000, command, sizeof command));
	assert_int_equal(
	    strlen(command), strlen("FCALL f_many 1 {c}") + MANY * strlen(" 1 a"));
	expect_command("FCALL f 1 {c} a");
	fake_redis_say(&fake, "*32\r\n", 5);
	for (int i = 0; i < MANY; i++)
		FAKE_SAY(&fake, ":5\r\n");
	FAKE_SAY(&fake, ":6\r\n");
	assert_true(outcome_wait_all(loop, outcomes, MANY + 1));
	assert_int_equal(outcomes[MANY - 1].integer, 5);
	assert_int_equal(outcomes[MANY].integer, 6);
}

/* Its first bytes. */
static void
expect_begin(const char *expected)
{
	char command[64];

	assert_true(fake_redis_take(&fake, 20000, command, sizeof command));
	assert_memory_equal(command, expected, strlen(expected));
}

static void
large_ones_go_in_as_many_calls_as_they_need(void **state)
{
	struct outcome outcomes[7] = { { 0 } };
	char *large = calloc(1, 17000);

	(void)state;
	assert_non_null(large);
	for (int i = 0; i < 7; i++) { /* the last is too large to go with others */
		memset(large, '0' + i, i < 6 ? 16000 : 16999);
		assert_int_equal(gather("f", large, "", &outcomes[i]), STATUS_OK);
	}
	free(large);
	expect_begin("FCALL f_many 1 {c} 1 000");
	expect_begin("FCALL f 1 {c} 666");
	expect_begin("FCALL f_many 1 {c} 1 333");
	FAKE_SAY(&fake, "*3\r\n:0\r\n:1\r\n:2\r\n:6\r\n*3\r\n:3\r\n:4\r\n:5\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 7));
	for (int i = 0; i < 7; i++)
		assert_int_equal(outcomes[i].integer, i);
}

static void
an_error_of_one_is_its_alone(void **state)
{
	struct outcome outcomes[4] = { { 0 } };

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(gather("f", "a", "", &outcomes[i]), STATUS_OK);
	expect_command("FCALL f_many 1 {c} 1 a 1 a 1 a 1 a");
	FAKE_SAY(&fake, "*4\r\n:1\r\n-ERR no\r\n-OOM no memory\r\n:4\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 4));
	assert_int_equal(outcomes[0].integer, 1);
	assert_int_equal(outcomes[1].status, STATUS_INTERNAL);
	assert_int_equal(outcomes[2].status, STATUS_BUSY);
	assert_int_equal(outcomes[3].integer, 4);
}

static void
an_error_of_the_call_or_a_reply_that_is_not_theirs_is_all_of_theirs(void **state)
{
	static const char *const REPLIES[] = { "-ERR no\r\n", "*1\r\n:1\r\n",
		"*3\r\n:1\r\n:2\r\n:3\r\n", "+OK\r\n", "$-1\r\n" };

	(void)state;
	for (unsigned r = 0; r < sizeof REPLIES / sizeof *REPLIES; r++) {
		struct outcome outcomes[2] = { { 0 } };

		assert_int_equal(gather("f", "a", "", &outcomes[0]), STATUS_OK);
		assert_int_equal(gather("f", "b", "", &outcomes[1]), STATUS_OK);
		expect_command("FCALL f_many 1 {c} 1 a 1 b");
		fake_redis_say(&fake, REPLIES[r], strlen(REPLIES[r]));
		assert_true(outcome_wait_all(loop, outcomes, 2));
		assert_int_equal(outcomes[0].status, STATUS_INTERNAL);
		assert_int_equal(outcomes[1].status, STATUS_INTERNAL);
	}
}

static void
what_was_gathered_is_said_again_on_a_new_connection(void **state)
{
	struct outcome outcomes[2] = { { 0 } };

	(void)state;
	assert_int_equal(gather("f", "a", "", &outcomes[0]), STATUS_OK);
	assert_int_equal(gather("f", "b", "", &outcomes[1]), STATUS_OK);
	expect_command("FCALL f_many 1 {c} 1 a 1 b");
	fake_redis_hang_up(&fake);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("FCALL f_many 1 {c} 1 a 1 b");
	FAKE_SAY(&fake, "*2\r\n:1\r\n:2\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 2));
	assert_int_equal(outcomes[1].integer, 2);
	assert_int_equal(outcomes[1].times, 1);
}

static void
done_gathering_again(void *ctx, enum status status, const struct store_value *value)
{
	static struct outcome refused;

	outcome_done(ctx, status, value);
	assert_int_equal(gather("f", "again", "", &refused), STATUS_UNAVAILABLE);
}

static void
what_is_gathered_when_the_store_ends_is_unavailable(void **state)
{
	const struct text words[] = { LITERAL("FCALL"), LITERAL("f"), LITERAL("1"),
		LITERAL("{c}"), LITERAL("a") };
	struct outcome outcomes[3] = { { 0 } };

	(void)state;
	assert_int_equal(gather("g", "a", "", &outcomes[0]), STATUS_OK);
	for (int i = 1; i < 3; i++)
		assert_int_equal(store_gather(store, LITERAL("route"), 5, words,
		                     done_gathering_again, &outcomes[i]),
		    STATUS_OK);
	store_end(store);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].status, STATUS_UNAVAILABLE);
	}
	assert_int_equal(store_waiting_count(store), 0);
}

static void
done_closing_the_store(void *ctx, enum status status, const struct store_value *value)
{
	store_close(store);
	store = NULL;
	outcome_done(ctx, status, value);
}

static void
the_store_can_be_closed_from_inside_a_reply_of_many(void **state)
{
	const struct text words[] = { LITERAL("FCALL"), LITERAL("f"), LITERAL("1"),
		LITERAL("{c}"), LITERAL("a") };
	struct outcome outcomes[3] = { { 0 } };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    store_gather(store, LITERAL("route"), 5, words,
		        i == 1 ? done_closing_the_store : outcome_done, &outcomes[i]),
		    STATUS_OK);
	expect_command("FCALL f_many 1 {c} 1 a 1 a 1 a");
	FAKE_SAY(&fake, "*3\r\n:1\r\n:2\r\n:3\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 3));
	assert_int_equal(outcomes[2].integer, 3);
}

static void
too_much_that_waits_is_refused(void **state)
{
	struct outcome outcomes[2] = { { 0 } };
	char *large = calloc(1, MOST_BYTES);
	const struct text words[] = { LITERAL("SET"), { large, MOST_BYTES - 50 } };

	(void)state;
	assert_non_null(large);
	assert_int_equal(
	    store_call(store, LITERAL("route"), 2, words, outcome_done, &outcomes[0]),
	    STATUS_OK);
	free(large);
	assert_int_equal(gather("f", "a", "", &outcomes[1]), STATUS_BUSY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    calls_of_one_turn_go_as_one_and_each_gets_its_own_reply, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    one_alone_goes_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    different_functions_go_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    more_than_go_together_go_in_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    large_ones_go_in_as_many_calls_as_they_need, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    an_error_of_one_is_its_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    an_error_of_the_call_or_a_reply_that_is_not_theirs_is_all_of_theirs,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_was_gathered_is_said_again_on_a_new_connection, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    what_is_gathered_when_the_store_ends_is_unavailable, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    the_store_can_be_closed_from_inside_a_reply_of_many, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    too_much_that_waits_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("store_gather", tests, NULL, NULL);
}
