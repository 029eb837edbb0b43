/* SPDX-License-Identifier: Apache-2.0
 * A private Redis with the library, and what must hold of all that is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/library.h"
#include "tests/unit/cases_fixture.h"

#define WAIT_MS 60000

struct cases_fixture fixture;

/* ---- opening and closing ---- */

bool
cases_fixture_open(void)
{
	const struct store_options options = { .socket_path = fixture.redis.socket_path,
		.connections = 1,
		.timeout_ms = WAIT_MS,
		.stall_ms = WAIT_MS,
		.most_bytes = (size_t)64 << 20,
		.name = "cases_test" };

	fixture.loop = loop_new();
	fixture.store = store_open(fixture.loop, &options);
	fixture.cases = cases_open(fixture.store, "c1");
	return fixture.cases != NULL && library_load(fixture.store) == STATUS_OK;
}

void
cases_fixture_close(void)
{
	store_close(fixture.store);
	cases_close(fixture.cases);
	loop_free(fixture.loop);
	fixture.store = NULL;
	fixture.cases = NULL;
	fixture.loop = NULL;
}

int
cases_fixture_start(void **state)
{
	(void)state;
	return redis_fixture_start(&fixture.redis, "no") && cases_fixture_open() ? 0 : -1;
}

int
cases_fixture_end(void **state)
{
	(void)state;
	cases_fixture_close();
	redis_fixture_end(&fixture.redis);
	return 0;
}

int
cases_fixture_empty(void **state)
{
	(void)state;
	redis_begin();
	return 0;
}

/* ---- Redis itself ---- */

static struct reply {
	unsigned times;
	enum status status;
	char *text;
} reply;

static void
on_reply(void *ctx, enum status status, const struct store_value *value)
{
	struct text text = store_text(value);
	char number[24] = "";

	(void)ctx;
	if (store_kind(value) == STORE_INTEGER) {
		(void)snprintf(
		    number, sizeof number, "%lld", (long long)store_integer(value, 0));
		text = text_of(number);
	}
	/* of a function's list, the status word */
	if (store_kind(value) == STORE_LIST && store_count(value) > 0)
		text = store_text(store_at(value, 0));
	free(reply.text);
	reply.text = strndup(text.at != NULL ? text.at : "", text.length);
	reply.status = status;
	reply.times++;
}

void
fixture_wait(const unsigned *times)
{
	int64_t until_ms = clock_mono_ms() + WAIT_MS;

	while (*times == 0) {
		assert_true(clock_mono_ms() < until_ms);
		assert_int_equal(loop_turn(fixture.loop, 100), STATUS_OK);
	}
}

void
let_pass(int64_t ms)
{
	int64_t until_ms = clock_mono_ms() + ms;

	while (clock_mono_ms() < until_ms)
		assert_int_equal(loop_turn(fixture.loop, 5), STATUS_OK);
}

const char *
redis_send(size_t count, const struct text *arguments)
{
	reply.times = 0;
	assert_int_equal(
	    store_call(fixture.store, LITERAL("any"), count, arguments, on_reply, NULL),
	    STATUS_OK);
	fixture_wait(&reply.times);
	assert_int_equal(reply.status, STATUS_OK);
	return reply.text;
}

const char *
redis_ask(const char *format, ...)
{
	struct text arguments[16];
	char line[1024], *rest = line, *word;
	size_t count = 0;
	va_list list;

	va_start(list, format);
	(void)vsnprintf(line, sizeof line, format, list);
	va_end(list);
	while ((word = strsep(&rest, " ")) != NULL && count < 16)
		arguments[count++] = text_of(word);
	return redis_send(count, arguments);
}

const char *
redis_script(const char *script, const char *argument)
{
	const struct text arguments[] = { LITERAL("EVAL"), text_of(script), LITERAL("0"),
		text_of(argument) };

	return redis_send(4, arguments);
}

void
redis_begin(void)
{
	const struct text arguments[] = { LITERAL("HSET"), LITERAL("{c1}:channel"),
		LITERAL("agency1"), LITERAL("webhook https://a1.example/"),
		LITERAL("agency2"), LITERAL("webhook https://a2.example/"),
		LITERAL("agency3"), LITERAL("webhook https://a3.example/") };

	(void)redis_ask("FLUSHALL");
	(void)redis_send(sizeof arguments / sizeof *arguments, arguments);
}

void
inbox_alone(const char *agency)
{
	(void)redis_ask("HDEL {c1}:channel %s", agency);
}

void
make_due(const char *set)
{
	(void)redis_script("local key = '{c1}:' .. ARGV[1]\n"
	                   "for _, item in ipairs(redis.call('ZRANGE', key, 0, -1)) do\n"
	                   "  redis.call('ZADD', key, 1, item)\n"
	                   "end",
	    set);
}

const char *
where_is(const char *stage, const char *item)
{
	static const char *const SETS[] = { "ready:emergency", "ready:urgent",
		"ready:normal", "leased", "delayed", "dead" };
	const char *found = "";

	for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++)
		if (redis_ask("ZSCORE {c1}:%s:%s %s", stage, SETS[i], item)[0] != '\0') {
			assert_string_equal(found, "");
			found = SETS[i];
		}
	return found;
}

/* ---- reading ---- */

static struct {
	unsigned times;
	enum status status;
	struct queue_shape shape;
	void (*look)(const struct case_record *record);
} got;

static void
on_got(void *ctx, enum status status, const struct case_record *record)
{
	(void)ctx;
	got.times++;
	got.status = status;
	if (record != NULL && got.look != NULL)
		got.look(record);
}

enum status
do_get(const char *case_id, unsigned timeline_most,
    void (*look)(const struct case_record *record))
{
	got.times = 0;
	got.look = look;
	assert_int_equal(
	    cases_get(fixture.cases, text_of(case_id), timeline_most, on_got, NULL),
	    STATUS_OK);
	fixture_wait(&got.times);
	return got.status;
}

static void
on_shape(void *ctx, enum status status, const struct queue_shape *shape)
{
	(void)ctx;
	got.times++;
	got.status = status;
	if (shape != NULL)
		got.shape = *shape;
}

const struct queue_shape *
do_queues(void)
{
	got.times = 0;
	assert_int_equal(cases_queues(fixture.cases, on_shape, NULL), STATUS_OK);
	fixture_wait(&got.times);
	assert_int_equal(got.status, STATUS_OK);
	return &got.shape;
}

/* ---- all of it ---- */

char *
redis_dump(void)
{
	static const char SCRIPT[] =
	    "local keys, out = redis.call('KEYS', '*'), {}\n"
	    "table.sort(keys)\n"
	    "for _, key in ipairs(keys) do\n"
	    "  local kind = redis.call('TYPE', key).ok\n"
	    "  local list = kind == 'hash' and redis.call('HGETALL', key)\n"
	    "    or kind == 'set' and redis.call('SMEMBERS', key)\n"
	    "    or kind == 'zset' and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')\n"
	    "    or kind == 'stream' and redis.call('XRANGE', key, '-', '+')\n"
	    "    or { redis.call('GET', key) }\n"
	    "  if kind == 'stream' then\n"
	    "    for i = 1, #list do list[i] = list[i][1] .. table.concat(list[i][2], ' "
	    "') end\n"
	    "  elseif kind == 'set' then table.sort(list)\n"
	    "  elseif kind == 'hash' then\n"
	    "    local pairs_of = {}\n"
	    "    for i = 1, #list, 2 do pairs_of[#pairs_of + 1] = list[i] .. '=' .. "
	    "list[i + 1] end\n"
	    "    table.sort(pairs_of)\n"
	    "    list = pairs_of\n"
	    "  end\n"
	    "  out[#out + 1] = key .. ': ' .. table.concat(list, ' ')\n"
	    "end\n"
	    "return (string.gsub(table.concat(out, '\\n'), '%z', '|'))\n";

	return strdup(redis_script(SCRIPT, ""));
}

void
assert_unchanged(char *before)
{
	char *after = redis_dump();

	assert_string_equal(after, before);
	free(before);
	free(after);
}

static char wrong[4096];

static void
complain(const char *item, size_t item_length, const char *what, size_t what_length)
{
	size_t used = strlen(wrong);

	(void)snprintf(wrong + used, sizeof wrong - used, "%.*s: %.*s\n",
	    (int)item_length, item, (int)what_length, what);
}

static void
on_check(void *ctx, struct text item, struct text what)
{
	(void)ctx;
	if (!text_is(what, "held"))
		complain(item.at, item.length, what.at, what.length);
}

static void
on_checked(void *ctx, const struct case_result *result)
{
	(void)ctx;
	got.times++;
	got.status = result->status;
}

/* hl_check over all cases, so many at once. */
static void
check_cases(void)
{
	enum { MOST = 100 };
	char *ids = strdup(
	    redis_script("local out = {}\n"
	                 "for _, key in ipairs(redis.call('KEYS', '{c1}:case:*')) do\n"
	                 "  out[#out + 1] = string.sub(key, 11)\n"
	                 "end\n"
	                 "return table.concat(out, ' ')",
	        ""));
	char *rest = ids, *word;
	struct text list[MOST];
	unsigned count = 0;

	while ((word = strsep(&rest, " ")) != NULL || count > 0) {
		if (word != NULL && word[0] != '\0')
			list[count++] = text_of(word);
		if (count == 0 || (word != NULL && rest != NULL && count < MOST))
			continue;
		got.times = 0;
		assert_int_equal(
		    cases_check(fixture.cases, list, count, on_check, on_checked, NULL),
		    STATUS_OK);
		fixture_wait(&got.times);
		assert_int_equal(got.status, STATUS_OK);
		count = 0;
	}
	free(ids);
}

const char *
complaints(void)
{
	int64_t error = queue_shape_error(do_queues());
	const char *found;

	wrong[0] = '\0';
	if (error != 0)
		complain("queues", 6, "entered - left is not what is there", 35);
	check_cases();
	found = kept_script(cases_fixture_script, "");
	if (found[0] != '\0')
		complain(found, strlen(found), "", 0);
	return wrong;
}
