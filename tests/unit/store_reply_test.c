/* SPDX-License-Identifier: Apache-2.0
 * The store with a Redis that misbehaves: everything it says is told by the test. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "tests/unit/store_fixture.h"

/* CLIENT SETNAME and PING. */
#define GREETINGS 2
#define SOON_MS 5000

#define TOO_DEEP "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"

static struct loop *loop;
static struct store *store;
static struct fake_redis fake;

static void
open_with(int64_t timeout_ms, int64_t stall_ms)
{
	struct store_options options = { .socket_path = fake.socket_path,
		.connections = 1,
		.timeout_ms = timeout_ms,
		.stall_ms = stall_ms,
		.most_bytes = (size_t)64 << 20,
		.name = "name" };

	store = store_open(loop, &options);
	assert_non_null(store);
}

static void
open_usual(void)
{
	open_with(10000, 5000);
}

static int
set_up(void **state)
{
	(void)state;
	outcomes_are_gone(false);
	store = NULL;
	loop = loop_new();
	fake_redis_start(&fake, loop, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	clock_set(-1);
	outcomes_are_gone(true);
	store_close(store);
	fake_redis_end(&fake);
	loop_free(loop);
	return 0;
}

static void
ask(struct outcome *outcome, const char *word)
{
	struct text command = text_of(word);

	assert_int_equal(
	    store_call(store, TEXT_ABSENT, 1, &command, outcome_done, outcome),
	    STATUS_OK);
}

static void
expect_command(const char *expected)
{
	char command[64];

	assert_true(fake_redis_take(&fake, SOON_MS, command, sizeof command));
	assert_string_equal(command, expected);
}

static void
expect_nothing(void)
{
	assert_int_equal(fake_redis_pending(&fake), 0);
}

/* Bytes that the fake has got and not read. */
static unsigned
unread_bytes(void)
{
	int count = 0;

	assert_int_equal(ioctl(fake.fd, FIONREAD, &count), 0);
	return (unsigned)count;
}

/* ---- greeting ---- */

static void
calls_wait_until_the_whole_greeting_is_answered(void **state)
{
	struct text auth[] = { LITERAL("AUTH"), LITERAL("word") };
	struct text load[] = { LITERAL("LOAD") };
	struct outcome outcome = { 0 };

	(void)state;
	open_usual();
	assert_int_equal(store_greet(store, 2, auth), STATUS_OK);
	assert_int_equal(store_greet(store, 1, load), STATUS_OK);
	ask(&outcome, "CALL");
	for (int times = 0; times < 2; times++) {
		assert_true(fake_redis_accept(&fake));
		expect_command("AUTH word");
		expect_command("LOAD");
		expect_command("CLIENT SETNAME name");
		expect_command("PING");
		FAKE_SAY(&fake, "+OK\r\n+OK\r\n+OK\r\n");
		expect_nothing();
		assert_false(store_is_connected(store));
		FAKE_SAY(&fake, "+PONG\r\n");
		expect_command("CALL");
		assert_true(store_is_connected(store));
		expect_nothing();
	}
	FAKE_SAY(&fake, ":1\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.times, 1);
}

static void
a_refused_greeting_keeps_calls_from_being_sent(void **state)
{
	struct text load[] = { LITERAL("LOAD") };
	struct outcome outcome = { 0 };

	(void)state;
	open_with(300, 5000);
	assert_int_equal(store_greet(store, 1, load), STATUS_OK);
	ask(&outcome, "CALL");
	assert_true(fake_redis_accept(&fake));
	expect_command("LOAD");
	expect_command("CLIENT SETNAME name");
	expect_command("PING");
	FAKE_SAY(&fake, "-ERR does not compile\r\n+OK\r\n+PONG\r\n");
	expect_nothing();
	assert_true(fake_redis_accept(&fake));
	expect_command("LOAD");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
	assert_false(store_is_connected(store));
}

static void
a_greeting_that_is_answered_before_it_is_written_is_not_believed(void **state)
{
	char *library = calloc(1, 4 << 20);
	struct text load = { library, 4 << 20 };
	struct outcome outcome = { 0 };

	(void)state;
	open_usual();
	assert_int_equal(store_greet(store, 1, &load), STATUS_OK);
	free(library);
	ask(&outcome, "CALL");
	assert_true(fake_redis_accept(&fake));
	FAKE_SAY(&fake, "+OK\r\n+OK\r\n+PONG\r\n");
	turn_for(loop, 20);
	assert_false(store_is_connected(store));
	assert_true(fake_redis_greet(&fake, 1 + GREETINGS));
	expect_command("CALL");
	FAKE_SAY(&fake, ":1\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.integer, 1);
}

static void
a_forbidden_name_does_not_matter(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	open_usual();
	ask(&outcome, "CALL");
	assert_true(fake_redis_accept(&fake));
	expect_command("CLIENT SETNAME name");
	expect_command("PING");
	FAKE_SAY(&fake, "-NOPERM no\r\n-NOPERM no\r\n");
	expect_command("CALL");
	FAKE_SAY(&fake, ":1\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.status, STATUS_OK);
}

static void
a_redis_that_loads_is_greeted_until_it_serves(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	open_usual();
	ask(&outcome, "CALL");
	for (int times = 0; times < 2; times++) {
		assert_true(fake_redis_accept(&fake));
		expect_command("CLIENT SETNAME name");
		FAKE_SAY(
		    &fake, "+OK\r\n-LOADING Redis is loading the dataset in memory\r\n");
	}
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("CALL");
	FAKE_SAY(&fake, ":1\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.status, STATUS_OK);
}

static void
pauses_between_attempts_grow_and_end_with_the_first_good_answer(void **state)
{
	struct outcome outcomes[2] = { { 0 } };
	int64_t at[6];

	(void)state;
	open_usual();
	for (int i = 0; i < 6; i++) {
		assert_true(fake_redis_accept(&fake));
		at[i] = clock_mono_ms();
		fake_redis_hang_up(&fake);
	}
	assert_in_range(at[1] - at[0], 45, 400);
	assert_in_range(at[2] - at[1], 95, 450);
	assert_in_range(at[3] - at[2], 195, 600);
	assert_in_range(at[4] - at[3], 395, 900);
	assert_in_range(at[5] - at[4], 795, 1900);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	assert_in_range(clock_mono_ms() - at[5], 995, 1900);
	ask(&outcomes[0], "CALL");
	expect_command("CALL");
	FAKE_SAY(&fake, ":1\r\n");
	assert_true(outcome_wait(loop, &outcomes[0]));
	at[0] = clock_mono_ms();
	fake_redis_hang_up(&fake);
	assert_true(fake_redis_accept(&fake));
	assert_in_range(clock_mono_ms() - at[0], 45, 900);
}

static void
a_greeting_without_an_answer_is_given_up(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	open_with(10000, 60);
	ask(&outcome, "CALL");
	assert_true(fake_redis_accept(&fake));
	expect_command("CLIENT SETNAME name");
	expect_command("PING");
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("CALL");
	FAKE_SAY(&fake, ":1\r\n");
	assert_true(outcome_wait(loop, &outcome));
}

/* ---- silence ---- */

static void
silence_counts_from_the_call_and_ends_with_every_byte(void **state)
{
	static const char REPLY[] = "+slow\r";
	struct outcome outcome = { 0 };

	(void)state;
	open_with(10000, 900);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	turn_for(loop, 1200);
	ask(&outcome, "CALL");
	expect_command("CALL");
	for (size_t i = 0; i < sizeof REPLY - 1; i++) {
		turn_for(loop, 240);
		assert_true(store_is_connected(store));
		fake_redis_say(&fake, REPLY + i, 1);
	}
	FAKE_SAY(&fake, "\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_string_equal(outcome.text, "slow");
	ask(&outcome, "CALL");
	turn_for(loop, 1200);
	assert_false(store_is_connected(store));
}

/* ---- connections that break ---- */

static void
a_reply_cut_anywhere_is_asked_for_again(void **state)
{
	static const char REPLY[] = "*3\r\n:1\r\n$5\r\nhello\r\n*1\r\n$-1\r\n";

	(void)state;
	for (size_t cut = 0; cut < sizeof REPLY; cut += 3) {
		struct outcome outcomes[3] = { { 0 } };

		open_usual();
		ask(&outcomes[0], "ONE");
		ask(&outcomes[1], "TWO");
		ask(&outcomes[2], "THREE");
		assert_true(fake_redis_greet(&fake, GREETINGS));
		expect_command("ONE");
		expect_command("TWO");
		expect_command("THREE");
		FAKE_SAY(&fake, "+first\r\n");
		fake_redis_say(&fake, REPLY, cut);
		assert_true(outcome_wait(loop, &outcomes[0]));
		if (cut < sizeof REPLY - 1)
			assert_int_equal(outcomes[1].times, 0);
		assert_true(fake_redis_greet(&fake, GREETINGS));
		if (cut < sizeof REPLY - 1)
			expect_command("TWO");
		if (cut < sizeof REPLY - 1)
			FAKE_SAY(&fake, "+second\r\n");
		expect_command("THREE");
		FAKE_SAY(&fake, "+third\r\n");
		assert_true(outcome_wait(loop, &outcomes[2]));
		assert_string_equal(outcomes[0].text, "first");
		assert_string_equal(outcomes[2].text, "third");
		for (int i = 0; i < 3; i++)
			assert_int_equal(outcomes[i].times, 1);
		store_close(store);
		store = NULL;
	}
}

static void
replies_that_come_byte_by_byte_are_the_same(void **state)
{
	static const char REPLIES[] = "+one\r\n$4\r\ntw\no\r\n*2\r\n:3\r\n:4\r\n";
	struct outcome outcomes[3] = { { 0 } };

	(void)state;
	open_usual();
	ask(&outcomes[0], "ONE");
	ask(&outcomes[1], "TWO");
	ask(&outcomes[2], "THREE");
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("ONE");
	expect_command("TWO");
	expect_command("THREE");
	for (size_t i = 0; i < sizeof REPLIES - 1; i++) {
		fake_redis_say(&fake, REPLIES + i, 1);
		assert_int_equal(outcomes[0].times, i >= 6);
		assert_int_equal(outcomes[1].times, i >= 16);
		assert_int_equal(outcomes[2].times, 0);
		turn_for(loop, 1);
	}
	assert_true(outcome_wait_all(loop, outcomes, 3));
	assert_string_equal(outcomes[0].text, "one");
	assert_string_equal(outcomes[1].text, "tw\no");
	assert_int_equal(outcomes[2].kind, STORE_LIST);
}

/* What no Redis says drops the connection; the call is asked again and gets its reply. */
static void
nonsense_drops_the_connection_and_the_call_is_asked_again(void **state)
{
	static const char *const NONSENSE[] = {
		"HTTP/1.1 400 Bad Request\r\n\r\n",
		"*2147483647\r\n",
		"*-2\r\n",
		"$-2\r\n",
		":12x\r\n",
		TOO_DEEP,
		"%1\r\n+a\r\n+b\r\n",
		"\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof NONSENSE / sizeof *NONSENSE; i++) {
		struct outcome outcome = { 0 };

		open_usual();
		ask(&outcome, "CALL");
		assert_true(fake_redis_greet(&fake, GREETINGS));
		expect_command("CALL");
		fake_redis_say(&fake, NONSENSE[i], strlen(NONSENSE[i]));
		turn_for(loop, 20);
		assert_int_equal(outcome.times, 0);
		assert_false(store_is_connected(store));
		assert_true(fake_redis_greet(&fake, GREETINGS));
		expect_command("CALL");
		FAKE_SAY(&fake, "+yes\r\n");
		assert_true(outcome_wait(loop, &outcome));
		assert_string_equal(outcome.text, "yes");
		store_close(store);
		store = NULL;
	}
}

static void
seven_levels_of_lists_are_read(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	open_usual();
	ask(&outcome, "CALL");
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("CALL");
	FAKE_SAY(&fake, "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.kind, STORE_LIST);
}

/* As Redis does to one client too many: it answers what was not asked. */
static void
an_answer_without_a_question_settles_nothing(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	open_usual();
	assert_true(fake_redis_greet(&fake, GREETINGS));
	while (!store_is_connected(store))
		assert_int_equal(loop_turn(loop, 100), STATUS_OK);
	FAKE_SAY(&fake, "+surplus\r\n");
	turn_for(loop, 10);
	assert_false(store_is_connected(store));
	ask(&outcome, "CALL");
	assert_true(fake_redis_accept(&fake));
	FAKE_SAY(&fake, "-ERR max number of clients reached\r\n+OK\r\n+x\r\n+y\r\n");
	turn_for(loop, 10);
	assert_int_equal(outcome.times, 0);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("CALL");
	FAKE_SAY(&fake, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcome));
	assert_string_equal(outcome.text, "yes");
}

static void
expired_calls_are_not_sent_again(void **state)
{
	struct outcome outcomes[2] = { { 0 } };

	(void)state;
	open_with(400, 5000);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	ask(&outcomes[0], "OLD");
	expect_command("OLD");
	assert_true(outcome_wait(loop, &outcomes[0]));
	assert_int_equal(outcomes[0].status, STATUS_UNAVAILABLE);
	fake_redis_hang_up(&fake);
	turn_for(loop, 40);
	ask(&outcomes[1], "NEW");
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("NEW");
	FAKE_SAY(&fake, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcomes[1]));
	assert_string_equal(outcomes[1].text, "yes");
}

/* A socket takes a few hundred small commands.  What expires behind them is never written,
 * whether Redis reads what was written or answers without reading. */
static void
calls_that_expire_unwritten_are_never_sent(void **state)
{
	enum { CALLS = 3000 };
	struct outcome *outcomes = calloc(CALLS + 1, sizeof *outcomes);
	unsigned written;
	char command[64];

	(void)state;
	open_with(200, 60000);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	while (!store_is_connected(store))
		assert_int_equal(loop_turn(loop, 100), STATUS_OK);
	for (int i = 0; i < CALLS; i++) {
		ask(&outcomes[i], "OLD");
		assert_int_equal(loop_turn(loop, 0), STATUS_OK);
	}
	assert_true(outcome_wait_all(loop, outcomes, CALLS));
	assert_int_equal(unread_bytes() % 13, 0); /* "*1\r\n$3\r\nOLD\r\n" */
	written = unread_bytes() / 13;
	assert_in_range(written, 10, CALLS - 10);
	for (unsigned i = 0; i < written; i++)
		FAKE_SAY(&fake, "+late\r\n");
	turn_for(loop, 10);
	ask(&outcomes[CALLS], "NEW");
	for (unsigned i = 0; i < written; i++)
		expect_command("OLD");
	assert_true(fake_redis_take(&fake, SOON_MS, command, sizeof command));
	assert_string_equal(command, "NEW");
	FAKE_SAY(&fake, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcomes[CALLS]));
	assert_string_equal(outcomes[CALLS].text, "yes");
	free(outcomes);
}

/* ---- how much is under way ---- */

static void
no_more_than_four_megabytes_are_sent_ahead_of_the_answers(void **state)
{
	enum { CALLS = 10, BYTES = 1 << 20 };
	struct outcome outcomes[CALLS] = { { 0 } };
	struct text command[] = { LITERAL("SET"), { calloc(1, BYTES), BYTES } };

	(void)state;
	open_usual();
	assert_true(fake_redis_greet(&fake, GREETINGS));
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(store_call(store, TEXT_ABSENT, 2, command, outcome_done,
		                     &outcomes[i]),
		    STATUS_OK);
	free((void *)(uintptr_t)command[1].at);
	assert_in_range(fake_redis_pending(&fake), 3 * BYTES, 4 * BYTES);
	for (int i = 0; i < CALLS; i++) {
		assert_true(fake_redis_take(&fake, SOON_MS, (char[8]){ 0 }, 8));
		FAKE_SAY(&fake, ":1\r\n");
		assert_true(outcome_wait(loop, &outcomes[i]));
	}
	expect_nothing();
}

static void
calls_that_expire_in_the_backlog_are_never_sent(void **state)
{
	enum { CALLS = 8, BYTES = 1 << 20 };
	struct outcome outcomes[CALLS + 1] = { { 0 } };
	struct text command[] = { LITERAL("SET"), { calloc(1, BYTES), BYTES } };

	(void)state;
	open_with(400, 60000);
	assert_true(fake_redis_greet(&fake, GREETINGS));
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(store_call(store, TEXT_ABSENT, 2, command, outcome_done,
		                     &outcomes[i]),
		    STATUS_OK);
	free((void *)(uintptr_t)command[1].at);
	assert_in_range(fake_redis_pending(&fake), 3 * BYTES, 4 * BYTES);
	assert_true(outcome_wait_all(loop, outcomes, CALLS));
	ask(&outcomes[CALLS], "NEW");
	for (int i = 0; i < 3; i++) {
		assert_true(fake_redis_take(&fake, SOON_MS, (char[8]){ 0 }, 8));
		FAKE_SAY(&fake, ":1\r\n");
	}
	expect_command("NEW");
	FAKE_SAY(&fake, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcomes[CALLS]));
	assert_string_equal(outcomes[CALLS].text, "yes");
}

/* ---- errors ---- */

static void
errors_that_pass_are_asked_again_until_they_have_passed(void **state)
{
	static const char *const PASSING[] = { "-LOADING Redis is loading\r\n",
		"-READONLY You can't write against a read only replica.\r\n",
		"-MASTERDOWN Link with MASTER is down\r\n", "-MISCONF Errors writing\r\n",
		"-NOREPLICAS Not enough good replicas to write.\r\n",
		"-CLUSTERDOWN Hash slot not served\r\n",
		"-BUSY Redis is busy running a script.\r\n",
		"-ERR Function not found\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof PASSING / sizeof *PASSING; i++) {
		struct outcome outcomes[2] = { { 0 } };

		open_usual();
		ask(&outcomes[0], "ONE");
		ask(&outcomes[1], "TWO");
		assert_true(fake_redis_greet(&fake, GREETINGS));
		expect_command("ONE");
		expect_command("TWO");
		fake_redis_say(&fake, PASSING[i], strlen(PASSING[i]));
		FAKE_SAY(&fake, "+second\r\n");
		assert_true(fake_redis_greet(&fake, GREETINGS));
		expect_command("ONE");
		expect_command("TWO");
		FAKE_SAY(&fake, "+first\r\n+second\r\n");
		assert_true(outcome_wait_all(loop, outcomes, 2));
		assert_string_equal(outcomes[0].text, "first");
		assert_string_equal(outcomes[1].text, "second");
		assert_int_equal(outcomes[0].times + outcomes[1].times, 2);
		store_close(store);
		store = NULL;
	}
}

static void
an_error_that_does_not_pass_in_time_is_unavailable(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	open_with(120, 5000);
	ask(&outcome, "CALL");
	while (outcome.times == 0)
		if (fake_redis_greet(&fake, GREETINGS))
			FAKE_SAY(&fake, "-READONLY You can't write.\r\n");
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
}

static void
a_function_that_is_missing_long_after_the_greeting_is_a_bug(void **state)
{
	struct outcome outcomes[2] = { { 0 } };

	(void)state;
	open_usual();
	assert_true(fake_redis_greet(&fake, GREETINGS));
	while (!store_is_connected(store))
		assert_int_equal(loop_turn(loop, 100), STATUS_OK);
	clock_set(clock_wall_ms());
	clock_set(clock_wall_ms() + 2000);
	ask(&outcomes[0], "FCALL");
	ask(&outcomes[1], "BUSYGROUP");
	expect_command("FCALL");
	expect_command("BUSYGROUP");
	FAKE_SAY(&fake, "-ERR Function not found\r\n-BUSYGROUP exists\r\n");
	assert_true(outcome_wait_all(loop, outcomes, 2));
	assert_int_equal(outcomes[0].status, STATUS_INTERNAL);
	assert_int_equal(outcomes[1].status, STATUS_INTERNAL);
}

/* What goes to standard error while a call is answered with that error. */
static void
capture(struct fake_redis *to, const char *error, char *log, size_t size)
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	struct outcome outcome = { 0 };
	size_t length;

	ask(&outcome, "CALL");
	expect_command("CALL");
	dup2(fileno(file), STDERR_FILENO);
	fake_redis_say(to, error, strlen(error));
	outcome_wait(loop, &outcome);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	length = fread(log, 1, size - 1, file);
	log[length] = '\0';
	fclose(file);
	assert_int_equal(outcome.status, STATUS_INTERNAL);
}

static void
a_refused_command_is_logged_once_and_without_its_arguments(void **state)
{
	char error[1000] = "-ERR long ";
	char log[4096];

	(void)state;
	open_usual();
	assert_true(fake_redis_greet(&fake, GREETINGS));
	capture(&fake,
	    "-ERR unknown command 'CALL', with args beginning with: 'Jane' 'Doe'\r\n",
	    log, sizeof log);
	assert_non_null(strstr(log, "\"redis_refused\""));
	assert_non_null(strstr(log, "unknown command 'CALL'"));
	assert_null(strstr(log, "Jane"));
	assert_ptr_equal(strchr(log, '\n'), log + strlen(log) - 1);
	memset(error + 10, 'x', 500);
	strcpy(error + 510, "\r\n");
	capture(&fake, error, log, sizeof log);
	assert_non_null(strstr(log, "ERR long xxx"));
	assert_in_range(strlen(log), 200, 380);
}

/* ---- addresses ---- */

static void
a_numeric_host_and_port_is_reached_over_tcp(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	fake_redis_end(&fake);
	fake_redis_start(&fake, loop, "127.0.0.1");
	open_usual();
	ask(&outcome, "CALL");
	assert_true(fake_redis_greet(&fake, GREETINGS));
	expect_command("CALL");
	FAKE_SAY(&fake, "+yes\r\n");
	assert_true(outcome_wait(loop, &outcome));
	fake_redis_end(&fake);
	turn_for(loop, 200); /* refused now */
	assert_false(store_is_connected(store));
	fake_redis_start(&fake, loop, NULL);
}

static void
an_address_where_nobody_listens_makes_calls_unavailable(void **state)
{
	static char *const ADDRESSES[] = { "127.0.0.1:1", "[::1]:1", "localhost:6379",
		"/nonexistent/socket", "x", "", ":1", "127.0.0.1:0", "127.0.0.1:99999",
		"]:1", "[:1" };

	(void)state;
	for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++) {
		struct outcome outcome = { 0 };

		snprintf(fake.socket_path, sizeof fake.socket_path, "%s", ADDRESSES[i]);
		open_with(30, 5000);
		ask(&outcome, "CALL");
		assert_true(outcome_wait(loop, &outcome));
		assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
		store_close(store);
		store = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(calls_wait_until_the_whole_greeting_is_answered),
		TEST(a_refused_greeting_keeps_calls_from_being_sent),
		TEST(a_greeting_that_is_answered_before_it_is_written_is_not_believed),
		TEST(a_forbidden_name_does_not_matter),
		TEST(a_redis_that_loads_is_greeted_until_it_serves),
		TEST(pauses_between_attempts_grow_and_end_with_the_first_good_answer),
		TEST(a_greeting_without_an_answer_is_given_up),
		TEST(silence_counts_from_the_call_and_ends_with_every_byte),
		TEST(a_reply_cut_anywhere_is_asked_for_again),
		TEST(replies_that_come_byte_by_byte_are_the_same),
		TEST(nonsense_drops_the_connection_and_the_call_is_asked_again),
		TEST(seven_levels_of_lists_are_read),
		TEST(an_answer_without_a_question_settles_nothing),
		TEST(expired_calls_are_not_sent_again),
		TEST(calls_that_expire_unwritten_are_never_sent),
		TEST(no_more_than_four_megabytes_are_sent_ahead_of_the_answers),
		TEST(calls_that_expire_in_the_backlog_are_never_sent),
		TEST(errors_that_pass_are_asked_again_until_they_have_passed),
		TEST(an_error_that_does_not_pass_in_time_is_unavailable),
		TEST(a_function_that_is_missing_long_after_the_greeting_is_a_bug),
		TEST(a_refused_command_is_logged_once_and_without_its_arguments),
		TEST(a_numeric_host_and_port_is_reached_over_tcp),
		TEST(an_address_where_nobody_listens_makes_calls_unavailable),
	};

	log_open("store_reply_test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
