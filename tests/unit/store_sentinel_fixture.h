/* SPDX-License-Identifier: Apache-2.0
 * A store with two Redises and a sentinel, all played by the test.  Each test that includes this has
 * its own. */
#ifndef TESTS_UNIT_STORE_SENTINEL_FIXTURE_H
#define TESTS_UNIT_STORE_SENTINEL_FIXTURE_H

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

#endif
