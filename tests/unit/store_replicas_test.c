/* SPDX-License-Identifier: Apache-2.0
 * The store with replicas and sentinels, all played by the test: who is followed, and what a
 * reply waits for. */
#include "tests/unit/store_sentinel_fixture.h"

#define SLAVE_ROLE "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"

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
		TEST(a_list_of_sentinels_is_numeric_or_refused),
		TEST(a_password_is_the_first_line_of_its_file),
	};

	log_open("store_replicas_test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
