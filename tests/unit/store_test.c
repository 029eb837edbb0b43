/* SPDX-License-Identifier: Apache-2.0
 * The store with a real Redis. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "tests/unit/redis_fixture.h"
#include "tests/unit/store_fixture.h"

/* ---- one Redis, one loop and one store per test ---- */

static struct redis_fixture redis;
static struct loop *loop;
static struct store *store;

static void
open_with(unsigned connections, int64_t timeout_ms, int64_t stall_ms, size_t most_bytes)
{
	struct store_options options = { .socket_path = redis.socket_path,
		.connections = connections,
		.timeout_ms = timeout_ms,
		.stall_ms = stall_ms,
		.most_bytes = most_bytes,
		.name = "store_test" };

	store = store_open(loop, &options);
	assert_non_null(store);
}

static void
open_usual(unsigned connections)
{
	open_with(connections, 15000, 5000, (size_t)64 << 20);
}

static int
set_up(void **state)
{
	(void)state;
	outcomes_are_gone(false);
	store = NULL;
	loop = loop_new();
	return loop != NULL && redis_fixture_start(&redis, "always") ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	outcomes_are_gone(true);
	store_close(store);
	loop_free(loop);
	redis_fixture_end(&redis);
	return 0;
}

/* ---- short forms ---- */

static void
call(const char *route, struct outcome *outcome, size_t count,
    const struct text *arguments)
{
	assert_int_equal(
	    store_call(store, text_of(route), count, arguments, outcome_done, outcome),
	    STATUS_OK);
}
#define CALL(route, outcome, ...)                                                        \
	call(route, outcome,                                                             \
	    sizeof((const struct text[]){ __VA_ARGS__ }) / sizeof(struct text),          \
	    (const struct text[]){ __VA_ARGS__ })

static struct outcome
ask(size_t count, const struct text *arguments)
{
	struct outcome outcome = { 0 };

	call("any", &outcome, count, arguments);
	assert_true(outcome_wait(loop, &outcome));
	return outcome;
}
#define ASK(...)                                                                         \
	ask(sizeof((const struct text[]){ __VA_ARGS__ }) / sizeof(struct text),          \
	    (const struct text[]){ __VA_ARGS__ })

static struct text
number_text(char buffer[24], long number)
{
	snprintf(buffer, 24, "%ld", number);
	return text_of(buffer);
}

static void *
zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	assert_non_null(memory);
	return memory;
}

/* ---- order and pipelining ---- */

static void
calls_of_one_route_keep_their_order(void **state)
{
	enum { ROUTES = 16, EACH = 200 };
	struct outcome *outcomes = zeroed(ROUTES * EACH, sizeof *outcomes);
	char route[24];
	char number[24];

	(void)state;
	open_usual(5);
	for (int i = 0; i < EACH; i++)
		for (int r = 0; r < ROUTES; r++) {
			struct text key = number_text(route, r);

			CALL(route, &outcomes[i * ROUTES + r], LITERAL("RPUSH"), key,
			    number_text(number, i));
		}
	assert_true(outcome_wait_all(loop, outcomes, ROUTES * EACH));
	for (int i = 0; i < EACH; i++)
		for (int r = 0; r < ROUTES; r++)
			assert_int_equal(outcomes[i * ROUTES + r].integer, i + 1);
	for (int i = 0; i < EACH; i++) {
		struct outcome at =
		    ASK(LITERAL("LINDEX"), LITERAL("7"), number_text(number, i));

		assert_int_equal(at.integer, i);
	}
	free(outcomes);
}

static void
a_hundred_thousand_pipelined_calls_each_get_their_own_reply(void **state)
{
	enum { CALLS = 100000 };
	struct outcome *outcomes = zeroed(CALLS, sizeof *outcomes);
	char number[24];

	(void)state;
	open_usual(4);
	for (int i = 0; i < CALLS; i++) {
		struct text text = number_text(number, i);

		CALL(number, &outcomes[i], LITERAL("ECHO"), text);
	}
	assert_int_equal(store_waiting_count(store), CALLS);
	assert_true(outcome_wait_all(loop, outcomes, CALLS));
	assert_int_equal(store_waiting_count(store), 0);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].integer, i);
	}
	free(outcomes);
}

static void
routes_spread_over_the_connections(void **state)
{
	enum { ROUTES = 64 };
	struct outcome outcomes[ROUTES] = { { 0 } };
	bool is_seen[1000] = { false };
	char route[24];
	int seen = 0;

	(void)state;
	open_usual(8);
	for (int i = 0; i < ROUTES; i++)
		CALL(number_text(route, i).at, &outcomes[i], LITERAL("CLIENT"),
		    LITERAL("ID"));
	assert_true(outcome_wait_all(loop, outcomes, ROUTES));
	for (int i = 0; i < ROUTES; i++) {
		assert_in_range(outcomes[i].integer, 0, 999);
		seen += !is_seen[outcomes[i].integer];
		is_seen[outcomes[i].integer] = true;
	}
	assert_int_equal(seen, 8);
}

static bool is_inside_call;
static unsigned done_inside_call;

static void
done_watching(void *ctx, enum status status, const struct store_value *value)
{
	done_inside_call += is_inside_call;
	outcome_done(ctx, status, value);
}

static void
done_is_never_called_from_inside_store_call(void **state)
{
	struct outcome outcomes[100] = { { 0 } };
	struct text ping = LITERAL("PING");

	(void)state;
	open_usual(1);
	for (int i = 0; i < 100; i++) {
		is_inside_call = true;
		assert_int_equal(
		    store_call(store, TEXT_ABSENT, 1, &ping, done_watching, &outcomes[i]),
		    STATUS_OK);
		is_inside_call = false;
		assert_int_equal(loop_turn(loop, 1), STATUS_OK);
	}
	assert_true(outcome_wait_all(loop, outcomes, 100));
	assert_int_equal(done_inside_call, 0);
}

/* Calls that another hook makes after ours in the same turn must not wait for a sleep. */
struct late_hook {
	struct outcome outcome;
	bool is_made;
};

static void
call_late(void *self)
{
	struct late_hook *late = self;

	if (!late->is_made)
		CALL("x", &late->outcome, LITERAL("PING"));
	late->is_made = true;
}

static void
calls_from_a_hook_before_sleep_leave_at_once(void **state)
{
	struct late_hook late = { .is_made = false };
	int64_t before;

	(void)state;
	open_usual(1);
	ASK(LITERAL("PING"));
	assert_true(loop_before_sleep(loop, call_late, &late));
	before = clock_mono_ms();
	for (int i = 0; i < 5 && late.outcome.times == 0; i++)
		assert_int_equal(loop_turn(loop, 2000), STATUS_OK);
	assert_int_equal(late.outcome.times, 1);
	assert_in_range(clock_mono_ms() - before, 0, 1500);
	loop_before_sleep_end(loop, call_late, &late);
}

/* ---- values ---- */

static unsigned char *expected;
static uint32_t expected_length;
static unsigned matches;

static void
done_comparing(void *ctx, enum status status, const struct store_value *value)
{
	struct text text = store_text(value);

	matches += status == STATUS_OK && text.length == expected_length &&
	           memcmp(text.at, expected, expected_length) == 0;
	outcome_done(ctx, status, value);
}

static void
values_up_to_six_megabytes_with_any_bytes_come_back_unchanged(void **state)
{
	static const uint32_t LENGTHS[] = { 0, 1, 100, 16383, 16384, 16385, 1 << 20,
		6 << 20 };

	(void)state;
	open_usual(2);
	expected = zeroed(1, 6 << 20);
	for (uint32_t i = 0; i < 6 << 20; i++)
		expected[i] = (unsigned char)(i * 2654435761U >> 24);
	memcpy(expected, "\0\r\n$-1\r\n", 8);
	matches = 0;
	for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
		struct text value = { (const char *)expected, LENGTHS[i] };
		struct text get[] = { LITERAL("GET"), LITERAL("k\0\r\nk") };
		struct outcome set = { 0 };
		struct outcome got = { 0 };

		expected_length = LENGTHS[i];
		CALL("r", &set, LITERAL("SET"), get[1], value);
		assert_int_equal(
		    store_call(store, LITERAL("r"), 2, get, done_comparing, &got),
		    STATUS_OK);
		assert_true(outcome_wait(loop, &got));
		assert_string_equal(set.text, "OK");
		assert_int_equal(matches, i + 1);
	}
	free(expected);
}

static void
reads_values(void *ctx, enum status status, const struct store_value *value)
{
	const struct store_value *inner = store_at(value, 4);

	assert_int_equal(status, STATUS_OK);
	assert_int_equal(store_kind(value), STORE_LIST);
	assert_int_equal(store_count(value), 6);
	assert_int_equal(store_kind(store_at(value, 0)), STORE_INTEGER);
	assert_int_equal(store_integer(store_at(value, 0), 1), -7);
	assert_true(text_is(store_text(store_at(value, 1)), "text"));
	assert_int_equal(store_integer(store_at(value, 1), 9), 9);
	assert_int_equal(store_kind(store_at(value, 2)), STORE_NIL);
	assert_null(store_text(store_at(value, 2)).at);
	assert_int_equal(store_kind(store_at(value, 3)), STORE_ERROR);
	assert_null(store_text(store_at(value, 3)).at);
	assert_int_equal(store_count(inner), 2);
	assert_int_equal(store_integer(store_at(inner, 1), 0), 12);
	assert_int_equal(store_kind(store_at(value, 5)), STORE_TEXT);
	assert_null(store_at(value, 6));
	assert_null(store_at(store_at(value, 0), 0));
	outcome_done(ctx, status, value);
}

static void
replies_are_read_by_kind(void **state)
{
	static const char SCRIPT[] =
	    "return {-7, 'text', false, redis.error_reply('no'), {1, '12'}, "
	    "redis.status_reply('fine')}";
	struct text eval[] = { LITERAL("EVAL"), text_of(SCRIPT), LITERAL("0") };
	struct outcome outcome = { 0 };

	(void)state;
	open_usual(1);
	assert_int_equal(
	    store_call(store, TEXT_ABSENT, 3, eval, reads_values, &outcome), STATUS_OK);
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(store_kind(NULL), STORE_NIL);
	assert_int_equal(store_count(NULL), 0);
	assert_null(store_at(NULL, 0));
	assert_null(store_text(NULL).at);
	assert_int_equal(store_integer(NULL, 5), 5);
	assert_int_equal(ASK(LITERAL("GET"), LITERAL("nothing")).kind, STORE_NIL);
}

static void
texts_that_are_integers_are_read_as_such_and_others_are_not(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} CASES[] = { { "0", 0 }, { "-0", 0 }, { "42", 42 }, { "-42", -42 }, { "007", 7 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN }, { "9223372036854775808", -1 },
		{ "-9223372036854775809", -1 }, { "99999999999999999999", -1 },
		{ "", -1 }, { "-", -1 }, { "1 ", -1 }, { " 1", -1 }, { "1.0", -1 },
		{ "+1", -1 }, { "0x1", -1 } };

	(void)state;
	open_usual(1);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		assert_int_equal(
		    ASK(LITERAL("ECHO"), text_of(CASES[i].text)).integer, CASES[i].value);
}

/* ---- errors and limits ---- */

static void
errors_of_redis_become_statuses(void **state)
{
	struct outcome outcome;

	(void)state;
	open_usual(1);
	ASK(LITERAL("RPUSH"), LITERAL("list"), LITERAL("x"));
	outcome = ASK(LITERAL("INCR"), LITERAL("list"));
	assert_int_equal(outcome.status, STATUS_INTERNAL);
	assert_int_equal(outcome.kind, STORE_NIL);
	ASK(LITERAL("CONFIG"), LITERAL("SET"), LITERAL("maxmemory"), LITERAL("1"));
	assert_int_equal(
	    ASK(LITERAL("SET"), LITERAL("a"), LITERAL("b")).status, STATUS_BUSY);
	ASK(LITERAL("CONFIG"), LITERAL("SET"), LITERAL("maxmemory"), LITERAL("0"));
	assert_int_equal(
	    ASK(LITERAL("SET"), LITERAL("a"), LITERAL("b")).status, STATUS_OK);
	assert_int_equal(metrics_get(METRIC_redis_reconnects_total, NULL), 0);
}

static void
more_than_most_bytes_is_busy_and_there_is_room_again_after(void **state)
{
	struct text echo[] = { LITERAL("ECHO"), LITERAL("0123456789") };
	struct outcome outcomes[100] = { { 0 } };
	struct outcome after = { 0 };
	size_t accepted = 0;

	(void)state;
	open_with(3, 15000, 5000, 1000);
	while (store_call(store, echo[1], 2, echo, outcome_done, &outcomes[accepted]) ==
	       STATUS_OK)
		accepted++;
	/* "*2\r\n$4\r\nECHO\r\n$10\r\n0123456789\r\n" has 31 bytes. */
	assert_int_equal(accepted, 1000 / 31);
	assert_int_equal(
	    store_call(store, LITERAL("x"), 2, echo, outcome_done, &after), STATUS_BUSY);
	assert_true(outcome_wait_all(loop, outcomes, accepted));
	assert_int_equal(outcomes[accepted].times, 0);
	for (size_t i = 0; i < accepted; i++)
		CALL("y", &outcomes[i], echo[0], echo[1]);
	assert_int_equal(
	    store_call(store, LITERAL("x"), 2, echo, outcome_done, &after), STATUS_BUSY);
	assert_true(outcome_wait(loop, &outcomes[accepted - 1]));
	assert_int_equal(after.times, 0);
}

static void
a_call_is_waited_for_where_nothing_else_runs(void **state)
{
	struct text echo[] = { LITERAL("ECHO"), LITERAL("hello") };
	struct outcome outcome = { 0 };

	(void)state;
	open_with(1, 100, 60000, 1000);
	assert_int_equal(
	    store_call_wait(store, 2, echo, outcome_done, &outcome), STATUS_OK);
	assert_string_equal(outcome.text, "hello");
	redis_fixture_stop_signal(&redis);
	assert_int_equal(
	    store_call_wait(store, 2, echo, outcome_done, &outcome), STATUS_OK);
	redis_fixture_continue_signal(&redis);
	assert_int_equal(outcome.times, 2);
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
}

/* ---- Redis comes and goes ---- */

static void
calls_made_before_redis_is_up_succeed_later(void **state)
{
	struct outcome outcomes[50] = { { 0 } };
	char number[24];

	(void)state;
	redis_fixture_kill9(&redis);
	open_usual(4);
	for (int i = 0; i < 50; i++) {
		struct text key = number_text(number, i);

		CALL(number, &outcomes[i], LITERAL("SET"), key, LITERAL("1"));
	}
	turn_for(loop, 60);
	assert_false(store_is_connected(store));
	assert_int_equal(metrics_get(METRIC_redis_connected, NULL), 0);
	assert_int_equal(store_waiting_count(store), 50);
	assert_true(redis_fixture_start_again(&redis));
	assert_true(outcome_wait_all(loop, outcomes, 50));
	for (int i = 0; i < 50; i++)
		assert_int_equal(outcomes[i].status, STATUS_OK);
	assert_true(store_is_connected(store));
	assert_int_equal(metrics_get(METRIC_redis_connected, NULL), 1);
}

static void
after_a_kill_in_flight_every_call_settles_once_and_every_write_is_there(void **state)
{
	enum { CALLS = 20000 };
	struct outcome *outcomes = zeroed(CALLS, sizeof *outcomes);
	double lost = metrics_get(METRIC_redis_reconnects_total, NULL);
	char number[24];

	(void)state;
	open_usual(4);
	for (int i = 0; i < CALLS; i++) {
		struct text key = number_text(number, i);

		CALL(number, &outcomes[i], LITERAL("SET"), key, key);
	}
	for (int kills = 1; kills <= 3; kills++) {
		while (store_waiting_count(store) > (size_t)(CALLS - kills * CALLS / 8))
			assert_int_equal(loop_turn(loop, 1000), STATUS_OK);
		assert_true(store_waiting_count(store) > 0);
		redis_fixture_kill9(&redis);
		assert_true(redis_fixture_start_again(&redis));
	}
	assert_true(outcome_wait_all(loop, outcomes, CALLS));
	for (int i = 0; i < CALLS; i++) {
		struct text key = number_text(number, i);

		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].status, STATUS_OK);
		CALL(number, &outcomes[i], LITERAL("GET"), key);
	}
	while (store_waiting_count(store) > 0)
		assert_int_equal(loop_turn(loop, 1000), STATUS_OK);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(outcomes[i].times, 2);
		assert_int_equal(outcomes[i].integer, i);
	}
	assert_true(metrics_get(METRIC_redis_reconnects_total, NULL) >= lost + 3);
	free(outcomes);
}

static void
the_greeting_comes_before_calls_and_again_after_a_restart(void **state)
{
	static const char LIBRARY[] =
	    "#!lua name=greeted\nredis.register_function('answer', function() return 42 "
	    "end)";
	struct text load[] = { LITERAL("FUNCTION"), LITERAL("LOAD"), LITERAL("REPLACE"),
		text_of(LIBRARY) };
	struct outcome outcomes[20] = { { 0 } };
	char route[24];

	(void)state;
	open_usual(5);
	assert_int_equal(store_greet(store, 4, load), STATUS_OK);
	for (int i = 0; i < 10; i++)
		CALL(number_text(route, i).at, &outcomes[i], LITERAL("FCALL"),
		    LITERAL("answer"), LITERAL("0"));
	assert_true(outcome_wait_all(loop, outcomes, 10));
	assert_string_equal(
	    ASK(LITERAL("CLIENT"), LITERAL("GETNAME")).text, "store_test");
	ASK(LITERAL("FUNCTION"), LITERAL("FLUSH"));
	redis_fixture_kill9(&redis);
	for (int i = 10; i < 20; i++)
		CALL(number_text(route, i).at, &outcomes[i], LITERAL("FCALL"),
		    LITERAL("answer"), LITERAL("0"));
	assert_true(redis_fixture_start_again(&redis));
	assert_true(outcome_wait_all(loop, outcomes, 20));
	for (int i = 0; i < 20; i++)
		assert_int_equal(outcomes[i].integer, 42);
	assert_string_equal(
	    ASK(LITERAL("CLIENT"), LITERAL("GETNAME")).text, "store_test");
}

/* The connection stays: only silence of stall_ms loses it. */
static void
a_late_reply_is_not_taken_for_that_of_another_call(void **state)
{
	struct outcome outcomes[3] = { { 0 } };
	double lost = metrics_get(METRIC_redis_reconnects_total, NULL);
	int64_t before;

	(void)state;
	open_with(1, 150, 60000, 10000);
	ASK(LITERAL("MSET"), LITERAL("a"), LITERAL("1"), LITERAL("b"), LITERAL("2"));
	redis_fixture_stop_signal(&redis);
	before = clock_mono_ms();
	CALL("x", &outcomes[0], LITERAL("GET"), LITERAL("a"));
	CALL("x", &outcomes[1], LITERAL("GET"), LITERAL("a"));
	assert_true(outcome_wait_all(loop, outcomes, 2));
	assert_in_range(clock_mono_ms() - before, 150, 1000);
	assert_int_equal(outcomes[0].status, STATUS_UNAVAILABLE);
	assert_int_equal(outcomes[1].status, STATUS_UNAVAILABLE);
	assert_int_equal(store_waiting_count(store), 0);
	CALL("x", &outcomes[2], LITERAL("GET"), LITERAL("b"));
	redis_fixture_continue_signal(&redis);
	assert_true(outcome_wait(loop, &outcomes[2]));
	assert_int_equal(outcomes[2].integer, 2);
	assert_int_equal(ASK(LITERAL("GET"), LITERAL("a")).integer, 1);
	assert_int_equal(outcomes[0].times, 1);
	assert_int_equal(outcomes[1].times, 1);
	assert_int_equal(metrics_get(METRIC_redis_reconnects_total, NULL), lost);
}

static void
a_call_made_while_only_expired_ones_await_replies_expires_in_time(void **state)
{
	struct outcome outcomes[2] = { { 0 } };
	int64_t before;

	(void)state;
	open_with(1, 100, 60000, 10000);
	ASK(LITERAL("PING"));
	redis_fixture_stop_signal(&redis);
	for (int i = 0; i < 2; i++) {
		before = clock_mono_ms();
		CALL("x", &outcomes[i], LITERAL("PING"));
		assert_true(outcome_wait(loop, &outcomes[i]));
		assert_int_equal(outcomes[i].status, STATUS_UNAVAILABLE);
		assert_in_range(clock_mono_ms() - before, 100, 1000);
	}
	redis_fixture_continue_signal(&redis);
	assert_string_equal(ASK(LITERAL("PING")).text, "PONG");
}

static void
a_silent_connection_is_dropped_and_its_calls_are_sent_again(void **state)
{
	struct outcome outcome = { 0 };
	double lost = metrics_get(METRIC_redis_reconnects_total, NULL);

	(void)state;
	open_with(1, 15000, 100, 10000);
	ASK(LITERAL("SET"), LITERAL("a"), LITERAL("5"));
	turn_for(loop, 250); /* idle is not silent */
	assert_int_equal(metrics_get(METRIC_redis_reconnects_total, NULL), lost);
	redis_fixture_stop_signal(&redis);
	CALL("x", &outcome, LITERAL("GET"), LITERAL("a"));
	while (metrics_get(METRIC_redis_reconnects_total, NULL) == lost)
		assert_int_equal(loop_turn(loop, 1000), STATUS_OK);
	assert_false(store_is_connected(store));
	assert_int_equal(outcome.times, 0);
	redis_fixture_continue_signal(&redis);
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.integer, 5);
}

static void
without_redis_calls_become_unavailable_and_leave_room(void **state)
{
	struct text ping = LITERAL("PING");
	struct outcome outcomes[200] = { { 0 } };
	size_t accepted = 0;

	(void)state;
	redis_fixture_kill9(&redis);
	open_with(2, 80, 60000, 1000);
	for (int round = 0; round < 2; round++) {
		size_t first = accepted;

		while (store_call(store, LITERAL("x"), 1, &ping, outcome_done,
		           &outcomes[accepted]) == STATUS_OK)
			accepted++;
		assert_int_equal(accepted - first, 1000 / 14);
		assert_true(outcome_wait_all(loop, outcomes, accepted));
	}
	for (size_t i = 0; i < accepted; i++)
		assert_int_equal(outcomes[i].status, STATUS_UNAVAILABLE);
}

/* ---- closing ---- */

static void
done_calling_again(void *ctx, enum status status, const struct store_value *value)
{
	struct text ping = LITERAL("PING");
	static struct outcome never;

	outcome_done(ctx, status, value);
	assert_int_equal(store_call(store, LITERAL("x"), 1, &ping, outcome_done, &never),
	    STATUS_UNAVAILABLE);
}

static void
closing_settles_every_call_and_takes_no_more(void **state)
{
	struct text ping = LITERAL("PING");
	struct outcome outcomes[30] = { { 0 } };
	struct store_blocking *blocking;
	struct outcome blocked = { 0 };
	struct text read[] = { LITERAL("BLPOP"), LITERAL("list"), LITERAL("0") };
	char route[24];

	(void)state;
	open_usual(3);
	for (int i = 0; i < 10; i++)
		assert_int_equal(store_call(store, number_text(route, i), 1, &ping,
		                     outcome_done, &outcomes[i]),
		    STATUS_OK);
	assert_true(outcome_wait_all(loop, outcomes, 10));
	blocking = store_blocking_open(store);
	assert_non_null(blocking);
	assert_int_equal(
	    store_blocking_call(blocking, 3, read, outcome_done, &blocked), STATUS_OK);
	redis_fixture_stop_signal(&redis);
	for (int i = 10; i < 20; i++)
		assert_int_equal(store_call(store, number_text(route, i), 1, &ping,
		                     done_calling_again, &outcomes[i]),
		    STATUS_OK);
	turn_for(loop, 5); /* half of the calls are written, half are not */
	for (int i = 20; i < 30; i++)
		assert_int_equal(store_call(store, number_text(route, i), 1, &ping,
		                     done_calling_again, &outcomes[i]),
		    STATUS_OK);
	store_close(store);
	store = NULL;
	redis_fixture_continue_signal(&redis);
	for (int i = 10; i < 30; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].status, STATUS_UNAVAILABLE);
	}
	assert_int_equal(blocked.status, STATUS_UNAVAILABLE);
	assert_int_equal(blocked.times, 1);
	assert_int_equal(store_blocking_call(blocking, 3, read, outcome_done, &blocked),
	    STATUS_UNAVAILABLE);
	store_blocking_close(blocking);
	turn_for(loop, 20);
}

static void
done_closing_the_store(void *ctx, enum status status, const struct store_value *value)
{
	store_close(store);
	store = NULL;
	outcome_done(ctx, status, value);
}

static void
a_store_that_has_ended_is_still_there_for_who_closes_after_it(void **state)
{
	struct text ping = LITERAL("PING");
	struct outcome outcomes[10] = { { 0 } };
	struct store_blocking *blocking;
	char route[24];

	(void)state;
	open_usual(3);
	CALL("a", &outcomes[0], ping);
	assert_true(outcome_wait_all(loop, outcomes, 1));
	blocking = store_blocking_open(store);
	assert_non_null(blocking);
	redis_fixture_stop_signal(&redis);
	for (int i = 1; i < 10; i++)
		CALL(number_text(route, i).at, &outcomes[i], ping);
	store_end(store);
	redis_fixture_continue_signal(&redis);
	for (int i = 1; i < 10; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].status, STATUS_UNAVAILABLE);
	}
	assert_int_equal(
	    store_call(store, TEXT_ABSENT, 1, &ping, outcome_done, &outcomes[0]),
	    STATUS_UNAVAILABLE);
	assert_null(store_blocking_open(store));
	store_end(store);
	store_blocking_close(blocking);
	turn_for(loop, 5);
}

static void
the_store_can_be_closed_from_inside_done(void **state)
{
	struct text ping = LITERAL("PING");
	struct outcome outcomes[5] = { { 0 } };

	(void)state;
	open_usual(1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    store_call(store, LITERAL("x"), 1, &ping,
		        i == 2 ? done_closing_the_store : outcome_done, &outcomes[i]),
		    STATUS_OK);
	assert_true(outcome_wait_all(loop, outcomes, 5));
	assert_int_equal(outcomes[1].status, STATUS_OK);
	assert_int_equal(outcomes[2].status, STATUS_OK);
	assert_string_equal(outcomes[2].text, "PONG");
	assert_int_equal(outcomes[3].status, STATUS_UNAVAILABLE);
	assert_int_equal(outcomes[4].times, 1);
	turn_for(loop, 10);
}

static void
the_store_can_be_closed_from_inside_a_deadline(void **state)
{
	struct text ping = LITERAL("PING");
	struct outcome outcomes[3] = { { 0 } };

	(void)state;
	open_with(1, 50, 60000, 10000);
	redis_fixture_stop_signal(&redis);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    store_call(store, LITERAL("x"), 1, &ping,
		        i == 0 ? done_closing_the_store : outcome_done, &outcomes[i]),
		    STATUS_OK);
	assert_true(outcome_wait_all(loop, outcomes, 3));
	redis_fixture_continue_signal(&redis);
	turn_for(loop, 10);
	assert_int_equal(outcomes[0].times + outcomes[1].times + outcomes[2].times, 3);
}

/* ---- blocking ---- */

static const struct text XREAD[] = { LITERAL("XREAD"), LITERAL("BLOCK"), LITERAL("0"),
	LITERAL("STREAMS"), LITERAL("news"), LITERAL("0") };

static void
a_blocking_read_wakes_at_once_and_outlives_deadlines(void **state)
{
	struct store_blocking *blocking;
	struct outcome read = { 0 };
	double lost = metrics_get(METRIC_redis_reconnects_total, NULL);
	int64_t before;

	(void)state;
	open_with(2, 50, 50, 10000);
	blocking = store_blocking_open(store);
	assert_non_null(blocking);
	assert_int_equal(
	    store_blocking_call(blocking, 6, XREAD, outcome_done, &read), STATUS_OK);
	assert_int_equal(
	    store_blocking_call(blocking, 6, XREAD, outcome_done, &read), STATUS_BUSY);
	assert_int_equal(store_waiting_count(store), 0);
	turn_for(loop, 200);
	assert_int_equal(read.times, 0);
	assert_int_equal(metrics_get(METRIC_redis_reconnects_total, NULL), lost);
	before = clock_mono_ms();
	ASK(LITERAL("XADD"), LITERAL("news"), LITERAL("*"), LITERAL("a"), LITERAL("b"));
	assert_true(outcome_wait(loop, &read));
	assert_in_range(clock_mono_ms() - before, 0, 500);
	assert_int_equal(read.kind, STORE_LIST);
	assert_int_equal(
	    store_blocking_call(blocking, 6, XREAD, outcome_done, &read), STATUS_OK);
	while (read.times < 2)
		assert_int_equal(loop_turn(loop, 1000), STATUS_OK);
	store_blocking_close(blocking);
	store_blocking_close(NULL);
}

static void
a_blocking_read_survives_a_restart(void **state)
{
	struct store_blocking *blocking;
	struct outcome read = { 0 };

	(void)state;
	open_usual(2);
	blocking = store_blocking_open(store);
	assert_non_null(blocking);
	assert_int_equal(
	    store_blocking_call(blocking, 6, XREAD, outcome_done, &read), STATUS_OK);
	while (!store_is_connected(store))
		assert_int_equal(loop_turn(loop, 1000), STATUS_OK);
	ASK(LITERAL("PING"));
	redis_fixture_kill9(&redis);
	turn_for(loop, 20);
	assert_true(redis_fixture_start_again(&redis));
	ASK(LITERAL("XADD"), LITERAL("news"), LITERAL("*"), LITERAL("a"), LITERAL("b"));
	assert_true(outcome_wait(loop, &read));
	assert_int_equal(read.status, STATUS_OK);
	assert_int_equal(read.kind, STORE_LIST);
	assert_int_equal(read.times, 1);
	store_blocking_close(blocking);
}

static struct store_blocking *blocking_to_close;

static void
done_closing_blocking(void *ctx, enum status status, const struct store_value *value)
{
	store_blocking_close(blocking_to_close);
	outcome_done(ctx, status, value);
}

static void
a_blocking_connection_can_be_closed_at_any_time(void **state)
{
	struct outcome read = { 0 };
	struct text ping = LITERAL("PING");

	(void)state;
	open_usual(1);
	blocking_to_close = store_blocking_open(store);
	assert_int_equal(
	    store_blocking_call(blocking_to_close, 6, XREAD, outcome_done, &read),
	    STATUS_OK);
	ASK(LITERAL("PING"));
	store_blocking_close(blocking_to_close);
	assert_int_equal(read.times, 1);
	assert_int_equal(read.status, STATUS_UNAVAILABLE);
	blocking_to_close = store_blocking_open(store);
	assert_int_equal(store_blocking_call(
	                     blocking_to_close, 1, &ping, done_closing_blocking, &read),
	    STATUS_OK);
	while (read.times < 2)
		assert_int_equal(loop_turn(loop, 1000), STATUS_OK);
	assert_string_equal(read.text, "PONG");
	assert_string_equal(ASK(LITERAL("PING")).text, "PONG");
	assert_true(store_is_connected(store));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(errors_of_redis_become_statuses),
		TEST(calls_of_one_route_keep_their_order),
		TEST(a_hundred_thousand_pipelined_calls_each_get_their_own_reply),
		TEST(routes_spread_over_the_connections),
		TEST(done_is_never_called_from_inside_store_call),
		TEST(calls_from_a_hook_before_sleep_leave_at_once),
		TEST(values_up_to_six_megabytes_with_any_bytes_come_back_unchanged),
		TEST(replies_are_read_by_kind),
		TEST(texts_that_are_integers_are_read_as_such_and_others_are_not),
		TEST(more_than_most_bytes_is_busy_and_there_is_room_again_after),
		TEST(a_call_is_waited_for_where_nothing_else_runs),
		TEST(calls_made_before_redis_is_up_succeed_later),
		TEST(
		    after_a_kill_in_flight_every_call_settles_once_and_every_write_is_there),
		TEST(the_greeting_comes_before_calls_and_again_after_a_restart),
		TEST(a_late_reply_is_not_taken_for_that_of_another_call),
		TEST(a_call_made_while_only_expired_ones_await_replies_expires_in_time),
		TEST(a_silent_connection_is_dropped_and_its_calls_are_sent_again),
		TEST(without_redis_calls_become_unavailable_and_leave_room),
		TEST(closing_settles_every_call_and_takes_no_more),
		TEST(a_store_that_has_ended_is_still_there_for_who_closes_after_it),
		TEST(the_store_can_be_closed_from_inside_done),
		TEST(the_store_can_be_closed_from_inside_a_deadline),
		TEST(a_blocking_read_wakes_at_once_and_outlives_deadlines),
		TEST(a_blocking_read_survives_a_restart),
		TEST(a_blocking_connection_can_be_closed_at_any_time),
	};

	log_open("store_test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
