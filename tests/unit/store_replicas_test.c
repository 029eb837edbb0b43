/* SPDX-License-Identifier: Apache-2.0
 * The store with replicas and sentinels, all played by the test: who is followed, and what a
 * reply waits for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/store.h"
#include "tests/unit/store_fixture.h"

#define SOON_MS 10000
#define TIMEOUT_MS 10000
#define MASTER_ROLE "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define SLAVE_ROLE "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"

/* One connection that a fake has accepted, with what came on it. */
struct line {
	struct fake_redis end;
};

static struct loop *loop;
static struct store *store;
static struct fake_redis redises[2];
static struct fake_redis sentinel;

static int
set_up(void **state)
{
	(void)state;
	outcomes_are_gone(false);
	store = NULL;
	loop = loop_new();
	for (int i = 0; i < 2; i++)
		fake_redis_start(&redises[i], loop, "127.0.0.1");
	fake_redis_start(&sentinel, loop, "127.0.0.1");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	outcomes_are_gone(true);
	store_close(store);
	for (int i = 0; i < 2; i++)
		fake_redis_end(&redises[i]);
	fake_redis_end(&sentinel);
	loop_free(loop);
	return 0;
}

static void
open_store(unsigned replicas, const char *sentinels, int64_t timeout_ms)
{
	const struct store_options options = { .socket_path = redises[0].socket_path,
		.connections = 1,
		.timeout_ms = timeout_ms,
		.stall_ms = 60000,
		.most_bytes = (size_t)1 << 20,
		.password = sentinels != NULL ? "secret" : NULL,
		.sentinels = sentinels,
		.primary = "cell",
		.replicas = replicas };

	store = store_open(loop, &options);
	assert_non_null(store);
}

static void
ask(struct outcome *outcome, const char *word)
{
	struct text command = text_of(word);

	assert_int_equal(
	    store_call(store, TEXT_ABSENT, 1, &command, outcome_done, outcome),
	    STATUS_OK);
}

/* The next connection to a fake; those before stay open. */
static struct line
next_line(struct fake_redis *fake)
{
	struct line line = { 0 };

	fake->fd = -1;
	assert_true(fake_redis_accept(fake));
	line.end = *fake;
	line.end.input = NULL;
	line.end.length = line.end.capacity = 0;
	fake->fd = -1;
	return line;
}

static void
end_line(struct line *line)
{
	fake_redis_hang_up(&line->end);
	free(line->end.input);
	line->end.input = NULL;
}

static void
expect(struct line *line, const char *expected)
{
	char command[128];

	assert_true(fake_redis_take(&line->end, SOON_MS, command, sizeof command));
	assert_string_equal(command, expected);
}

static void
say(struct line *line, const char *bytes)
{
	fake_redis_say(&line->end, bytes, strlen(bytes));
}

/* Greeted without sentinels; the probe's connection is the second, and gets no answers. */
static struct line
greeted(struct line *probe)
{
	struct line line = next_line(&redises[0]);

	*probe = next_line(&redises[0]);
	expect(&line, "PING");
	say(&line, "+PONG\r\n");
	return line;
}

/* ---- waiting for replicas ---- */

static void
a_reply_waits_until_the_replicas_have_the_write(void **state)
{
	struct outcome outcome = { 0 };
	struct line probe, line;

	(void)state;
	open_store(2, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	ask(&outcome, "WRITE");
	expect(&line, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+written\r\n");
	turn_for(loop, 50);
	assert_int_equal(outcome.times, 0);
	say(&line, ":2\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.status, STATUS_OK);
	assert_string_equal(outcome.text, "written");
	assert_int_equal(store_waiting_count(store), 0);
	end_line(&line);
	end_line(&probe);
}

static void
one_wait_serves_a_batch_and_the_next_batch_comes_after_it(void **state)
{
	struct outcome outcomes[5] = { 0 };
	struct line probe, line;

	(void)state;
	open_store(1, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	ask(&outcomes[0], "A");
	ask(&outcomes[1], "B");
	expect(&line, "A");
	expect(&line, "B");
	expect(&line, "WAIT 1 500");
	ask(&outcomes[2], "C");
	ask(&outcomes[3], "D");
	ask(&outcomes[4], "E");
	say(&line, "+a\r\n-ERR b\r\n");
	assert_int_equal(fake_redis_pending(&line.end), 0);
	say(&line, ":1\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 2));
	assert_int_equal(outcomes[0].status, STATUS_OK);
	assert_int_equal(outcomes[1].status, STATUS_INTERNAL);
	expect(&line, "C");
	expect(&line, "D");
	expect(&line, "E");
	expect(&line, "WAIT 1 500");
	say(&line, "+c\r\n+d\r\n+e\r\n:1\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 5));
	assert_string_equal(outcomes[4].text, "e");
	end_line(&line);
	end_line(&probe);
}

static void
without_any_replica_the_wait_is_repeated_and_the_call_is_not(void **state)
{
	struct outcome outcome = { 0 };
	struct line probe, line;

	(void)state;
	open_store(2, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	ask(&outcome, "WRITE");
	expect(&line, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+written\r\n:0\r\n");
	expect(&line, "WAIT 1 500");
	assert_int_equal(store_replicas(store), 0);
	say(&line, ":0\r\n");
	expect(&line, "WAIT 1 500");
	assert_int_equal(outcome.times, 0);
	say(&line, ":2\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_string_equal(outcome.text, "written");
	assert_int_equal(store_replicas(store), 2);
	end_line(&line);
	end_line(&probe);
}

static void
what_no_replica_has_in_time_is_unavailable_and_the_next_call_goes_on(void **state)
{
	struct outcome outcomes[2] = { 0 };
	struct line probe, line;

	(void)state;
	open_store(1, NULL, 300);
	line = greeted(&probe);
	ask(&outcomes[0], "OLD");
	expect(&line, "OLD");
	expect(&line, "WAIT 1 500");
	say(&line, "+old\r\n");
	assert_true(outcome_wait(loop, &outcomes[0]));
	assert_int_equal(outcomes[0].status, STATUS_UNAVAILABLE);
	ask(&outcomes[1], "NEW");
	say(&line, ":1\r\n");
	expect(&line, "NEW");
	expect(&line, "WAIT 1 500");
	say(&line, "+new\r\n:1\r\n");
	assert_true(outcome_wait(loop, &outcomes[1]));
	assert_string_equal(outcomes[1].text, "new");
	assert_int_equal(outcomes[0].times, 1);
	assert_int_equal(store_waiting_count(store), 0);
	end_line(&line);
	end_line(&probe);
}

static void
a_held_reply_is_forgotten_with_its_connection(void **state)
{
	struct outcome outcome = { 0 };
	struct line probe, line;

	(void)state;
	open_store(2, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	ask(&outcome, "WRITE");
	expect(&line, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+lost\r\n");
	turn_for(loop, 50);
	end_line(&line);
	line = next_line(&redises[0]);
	expect(&line, "PING");
	say(&line, "+PONG\r\n");
	expect(&line, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+kept\r\n:2\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_string_equal(outcome.text, "kept");
	assert_int_equal(outcome.times, 1);
	end_line(&line);
	end_line(&probe);
}

static void
a_wait_that_is_refused_drops_the_connection(void **state)
{
	struct outcome outcome = { 0 };
	struct line probe, line;

	(void)state;
	open_store(2, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	ask(&outcome, "WRITE");
	expect(&line, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+written\r\n-ERR WAIT cannot be used with replica instances.\r\n");
	turn_for(loop, 50);
	assert_int_equal(outcome.times, 0);
	assert_false(store_is_connected(store));
	end_line(&line);
	end_line(&probe);
}

static void
a_store_may_be_closed_while_replies_are_held(void **state)
{
	struct outcome outcomes[2] = { 0 };
	struct line probe, line;

	(void)state;
	open_store(2, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	ask(&outcomes[0], "A");
	ask(&outcomes[1], "B");
	expect(&line, "A");
	expect(&line, "B");
	say(&line, "+a\r\n");
	turn_for(loop, 50);
	store_close(store);
	store = NULL;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].status, STATUS_UNAVAILABLE);
	}
	end_line(&line);
	end_line(&probe);
}

static void
the_probe_finds_what_is_missing_and_what_is_back(void **state)
{
	struct line probe, line;

	(void)state;
	open_store(2, NULL, TIMEOUT_MS);
	line = greeted(&probe);
	expect(&probe, "PING");
	say(&probe, "+PONG\r\n");
	assert_int_equal(store_replicas(store), 2);
	for (int found = 1; found <= 2; found++) {
		char reply[16];

		expect(&probe, "PING");
		expect(&probe, "WAIT 2 300");
		(void)snprintf(reply, sizeof reply, "+PONG\r\n:%d\r\n", found);
		say(&probe, reply);
		turn_for(loop, 50);
		assert_int_equal(store_replicas(store), found);
	}
	end_line(&line);
	end_line(&probe);
}

/* ---- following the primary ---- */

static struct line
greeted_sentinel(void)
{
	struct line line = next_line(&sentinel);

	expect(&line, "AUTH secret");
	expect(&line, "PING");
	say(&line, "+OK\r\n+PONG\r\n");
	return line;
}

static void
say_state(struct line *line, const struct fake_redis *redis, int epoch, const char *flags)
{
	const char *port = strchr(redis->socket_path, ':') + 1;
	char reply[300];

	(void)snprintf(reply, sizeof reply,
	    "*8\r\n+ip\r\n+127.0.0.1\r\n+port\r\n+%s\r\n+flags\r\n+%s\r\n"
	    "+config-epoch\r\n+%d\r\n",
	    port, flags, epoch);
	say(line, reply);
}

/* Answers the two questions of one look. */
static void
say_primary(struct line *line, const struct fake_redis *redis, int epoch)
{
	const char *port = strchr(redis->socket_path, ':') + 1;
	char reply[64];

	expect(line, "SENTINEL MASTER cell");
	expect(line, "SENTINEL GET-MASTER-ADDR-BY-NAME cell");
	say_state(line, redis, epoch, "master");
	(void)snprintf(reply, sizeof reply, "*2\r\n+127.0.0.1\r\n+%s\r\n", port);
	say(line, reply);
}

static struct line
greeted_primary(struct fake_redis *fake, const char *role)
{
	struct line line = next_line(fake);

	expect(&line, "AUTH secret");
	expect(&line, "ROLE");
	expect(&line, "PING");
	say(&line, "+OK\r\n");
	say(&line, role);
	say(&line, "+PONG\r\n");
	return line;
}

static void
the_primary_that_the_sentinel_names_is_called(void **state)
{
	struct outcome outcome = { 0 };
	struct line eye, line;

	(void)state;
	open_store(0, sentinel.socket_path, TIMEOUT_MS);
	assert_string_equal(store_primary(store), "");
	ask(&outcome, "CALL");
	eye = greeted_sentinel();
	say_primary(&eye, &redises[1], 0);
	line = greeted_primary(&redises[1], MASTER_ROLE);
	expect(&line, "CALL");
	say(&line, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_string_equal(outcome.text, "yes");
	assert_string_equal(store_primary(store), redises[1].socket_path);
	end_line(&eye);
	end_line(&line);
}

static void
a_replica_is_never_called(void **state)
{
	struct outcome outcome = { 0 };
	struct line eye, line;

	(void)state;
	open_store(0, sentinel.socket_path, TIMEOUT_MS);
	ask(&outcome, "CALL");
	eye = greeted_sentinel();
	say_primary(&eye, &redises[0], 0);
	line = greeted_primary(&redises[0], SLAVE_ROLE);
	turn_for(loop, 30);
	assert_false(store_is_connected(store));
	end_line(&line);
	say_primary(&eye, &redises[0], 0); /* asked again */
	line = greeted_primary(&redises[0], MASTER_ROLE);
	expect(&line, "CALL");
	say(&line, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcome));
	end_line(&eye);
	end_line(&line);
}

static void
a_higher_epoch_moves_the_calls_and_a_lower_one_does_not(void **state)
{
	struct outcome outcome = { 0 };
	struct line eye, first, second;

	(void)state;
	open_store(0, sentinel.socket_path, TIMEOUT_MS);
	eye = greeted_sentinel();
	say_primary(&eye, &redises[0], 4);
	first = greeted_primary(&redises[0], MASTER_ROLE);
	ask(&outcome, "CALL");
	expect(&first, "CALL");
	say_primary(&eye, &redises[1], 3);
	say_primary(&eye, &redises[1], 4);
	turn_for(loop, 50);
	assert_string_equal(store_primary(store), redises[0].socket_path);
	say_primary(&eye, &redises[1], 5);
	second = greeted_primary(&redises[1], MASTER_ROLE);
	expect(&second, "CALL");
	say(&second, "+there\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_string_equal(outcome.text, "there");
	end_line(&eye);
	end_line(&first);
	end_line(&second);
}

/* Two connections, of which the call shows which is the pool's. */
static struct line
called(struct line *probe, struct outcome *outcome, const char *word)
{
	struct line one = greeted_primary(&redises[0], MASTER_ROLE);
	struct line other = greeted_primary(&redises[0], MASTER_ROLE);
	char command[64];

	ask(outcome, word);
	if (fake_redis_take(&one.end, 300, command, sizeof command) &&
	    strcmp(command, word) == 0) {
		*probe = other;
		return one;
	}
	expect(&other, word);
	*probe = one;
	return other;
}

/* Answers one question to the sentinel, if there is one; about the address it knows nothing. */
static void
answer_sentinel(
    struct line *eye, const struct fake_redis *redis, int epoch, const char *flags)
{
	char command[64];

	if (!fake_redis_take(&eye->end, 20, command, sizeof command))
		return;
	if (strcmp(command, "SENTINEL MASTER cell") == 0)
		say_state(eye, redis, epoch, flags);
	else
		say(eye, "*-1\r\n");
}

static void
too_few_replicas_are_enough_once_the_sentinels_confirm_the_primary(void **state)
{
	static const struct {
		int redis, epoch;
		const char *flags;
	} DENIALS[] = { { 0, 7, "master,failover_in_progress" },
		{ 0, 7, "s_down,master" }, { 1, 7, "master" }, { 0, 6, "master" } };
	struct outcome outcome = { 0 };
	struct line eye, line, probe;
	char command[64];

	(void)state;
	open_store(2, sentinel.socket_path, TIMEOUT_MS);
	eye = greeted_sentinel();
	say_primary(&eye, &redises[0], 7);
	line = called(&probe, &outcome, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+written\r\n:1\r\n");
	for (size_t i = 0; i < sizeof DENIALS / sizeof *DENIALS; i++) {
		do
			answer_sentinel(&eye, &redises[DENIALS[i].redis],
			    DENIALS[i].epoch, DENIALS[i].flags);
		while (outcome.times == 0 &&
		       !fake_redis_take(&line.end, 5, command, sizeof command));
		assert_int_equal(outcome.times, 0);
		assert_string_equal(command, "WAIT 1 500");
		say(&line, ":1\r\n");
	}
	while (outcome.times == 0)
		answer_sentinel(&eye, &redises[0], 7, "master");
	assert_int_equal(outcome.status, STATUS_OK);
	assert_string_equal(outcome.text, "written");
	end_line(&eye);
	end_line(&line);
	end_line(&probe);
}

static void
without_sentinels_to_confirm_it_too_few_replicas_are_not_enough(void **state)
{
	struct outcome outcome = { 0 };
	struct line eye, line, probe;

	(void)state;
	open_store(2, sentinel.socket_path, 1500);
	eye = greeted_sentinel();
	say_primary(&eye, &redises[0], 7);
	line = called(&probe, &outcome, "WRITE");
	end_line(&eye);
	expect(&line, "WAIT 2 500");
	say(&line, "+written\r\n:1\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
	end_line(&line);
	end_line(&probe);
}

/* Two of the three are cut off with, perhaps, another primary. */
static void
one_sentinel_of_three_is_not_enough_to_confirm_it(void **state)
{
	struct outcome outcome = { 0 };
	struct line eye, line, probe;
	char three[128];

	(void)state;
	(void)snprintf(
	    three, sizeof three, "%s,127.0.0.1:1,127.0.0.1:2", sentinel.socket_path);
	open_store(2, three, 1500);
	eye = greeted_sentinel();
	say_primary(&eye, &redises[0], 7);
	line = called(&probe, &outcome, "WRITE");
	expect(&line, "WAIT 2 500");
	say(&line, "+written\r\n:1\r\n");
	while (outcome.times == 0)
		answer_sentinel(&eye, &redises[0], 7, "master");
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
	end_line(&eye);
	end_line(&line);
	end_line(&probe);
}

static void
a_list_of_sentinels_is_numeric_or_refused(void **state)
{
	static const char *const LISTS[] = { "localhost:26379", "127.0.0.1",
		"127.0.0.1:1,", "127.0.0.1:1, [::1]:2", "127.0.0.1:1,x", "127.0.0.1:0" };
	static const bool IS_GOOD[] = { false, false, true, true, false, false };

	(void)state;
	for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++) {
		const struct store_options options = { .connections = 1,
			.timeout_ms = 100,
			.stall_ms = 100,
			.most_bytes = 100,
			.sentinels = LISTS[i],
			.primary = "cell" };

		store = store_open(loop, &options);
		assert_int_equal(store != NULL, IS_GOOD[i]);
		store_close(store);
		store = NULL;
	}
}

static void
a_password_is_the_first_line_of_its_file(void **state)
{
	static const char *const TEXTS[] = { "secret\n", "secret", "", "\n",
		"two\nlines\n" };
	static const char *const READ[] = { "secret", "secret", NULL, NULL, "two" };
	char path[] = "/tmp/hearthline-password-XXXXXX";
	char password[STORE_PASSWORD_MOST + 1];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
		    pwrite(fd, TEXTS[i], strlen(TEXTS[i]), 0), (ssize_t)strlen(TEXTS[i]));
		assert_int_equal(store_password(path, password), READ[i] != NULL);
		assert_string_equal(password, READ[i] != NULL ? READ[i] : "");
	}
	close(fd);
	unlink(path);
	assert_false(store_password(path, password));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_reply_waits_until_the_replicas_have_the_write),
		TEST(one_wait_serves_a_batch_and_the_next_batch_comes_after_it),
		TEST(without_any_replica_the_wait_is_repeated_and_the_call_is_not),
		TEST(
		    what_no_replica_has_in_time_is_unavailable_and_the_next_call_goes_on),
		TEST(a_held_reply_is_forgotten_with_its_connection),
		TEST(a_wait_that_is_refused_drops_the_connection),
		TEST(a_store_may_be_closed_while_replies_are_held),
		TEST(the_probe_finds_what_is_missing_and_what_is_back),
		TEST(the_primary_that_the_sentinel_names_is_called),
		TEST(a_replica_is_never_called),
		TEST(a_higher_epoch_moves_the_calls_and_a_lower_one_does_not),
		TEST(too_few_replicas_are_enough_once_the_sentinels_confirm_the_primary),
		TEST(without_sentinels_to_confirm_it_too_few_replicas_are_not_enough),
		TEST(one_sentinel_of_three_is_not_enough_to_confirm_it),
		TEST(a_list_of_sentinels_is_numeric_or_refused),
		TEST(a_password_is_the_first_line_of_its_file),
	};

	log_open("store_replicas_test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
