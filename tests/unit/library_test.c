/* SPDX-License-Identifier: Apache-2.0
 * The function library: its text, its version, and loading it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/library.h"
#include "tests/unit/cases_fixture.h"

static char version[ID_DIGEST_BYTES + 1];

static void
the_text_is_the_same_every_time(void **state)
{
	char *one = library_text(version), *other, again[ID_DIGEST_BYTES + 1];

	(void)state;
	other = library_text(again);
	assert_non_null(one);
	assert_string_equal(one, other);
	assert_string_equal(version, again);
	assert_int_equal(strlen(version), ID_DIGEST_BYTES);
	assert_int_equal(strspn(version, "0123456789abcdef"), ID_DIGEST_BYTES);
	free(one);
	free(other);
}

static void
it_begins_as_redis_wants_it_and_carries_its_version(void **state)
{
	char *text = library_text(version), line[80];

	(void)state;
	(void)snprintf(
	    line, sizeof line, "#!lua name=hearthline\nlocal VERSION = '%s'\n", version);
	assert_memory_equal(text, line, strlen(line));
	free(text);
}

/* The version is the digest of the text with zeros in its place. */
static void
another_text_has_another_version(void **state)
{
	static const char PLACE[] = "local VERSION = '";
	char *text = library_text(version), *at, other[ID_DIGEST_BYTES + 1];

	(void)state;
	at = strstr(text, PLACE);
	assert_non_null(at);
	memset(at + strlen(PLACE), '0', ID_DIGEST_BYTES);
	id_digest(text, strlen(text), other);
	assert_string_equal(other, version);
	text[strlen(text) - 2] ^= 1;
	id_digest(text, strlen(text), other);
	assert_string_not_equal(other, version);
	free(text);
}

static void
every_state_move_and_role_stands_in_it(void **state)
{
	char *text = library_text(version), line[256];

	(void)state;
	for (const struct move *m = move_all(); m->action; m++) {
		(void)snprintf(line, sizeof line,
		    "%s={action='%s',to='%s',who='%s',place='%s',need='%s'},", m->from,
		    m->action, m->to, m->who, m->place, m->need);
		assert_non_null(strstr(text, line));
	}
	for (const struct state *s = state_all(); s->name; s++) {
		(void)snprintf(line, sizeof line, "%s=true,", s->name);
		if (s->is_open)
			assert_non_null(strstr(text, line));
	}
	assert_non_null(strstr(text, "local LANES = {'emergency','urgent','normal',}"));
	assert_non_null(strstr(text, "local STAGES = {'match','notify','clock',}"));
	assert_non_null(strstr(text,
	    "local ROLES = {operator='o',supervisor='s',coordinator='c',agency='a',"
	    "operations='p',auditor='u',system='x',}"));
	free(text);
}

static void
redis_runs_the_version_that_was_loaded(void **state)
{
	char *text = library_text(version);

	(void)state;
	free(text);
	assert_string_equal(redis_ask("FCALL hl_version 1 {c1}"), version);
	assert_int_equal(library_load(fixture.store), STATUS_OK);
	assert_string_equal(redis_ask("FCALL hl_version 1 {c1}"), version);
}

static void
ignore(void *ctx, enum status status, const struct store_value *value)
{
	(void)ctx;
	(void)status;
	(void)value;
}

static void
loading_replaces_what_was_there_and_keeps_the_cases(void **state)
{
	static const char OLD[] =
	    "#!lua name=hearthline\n"
	    "redis.register_function('hl_version', function() return 'old' end)\n";
	const struct text load[] = { LITERAL("FUNCTION"), LITERAL("LOAD"),
		LITERAL("REPLACE"), text_of(OLD) };
	char id[ID_CASE_BYTES + 1];
	struct case_accept in = usual_accept("one", urgency_normal, 1);

	(void)state;
	new_case("one", urgency_normal, 1, id);
	assert_int_equal(
	    store_call_wait(fixture.store, 4, load, ignore, NULL), STATUS_OK);
	assert_string_equal(redis_ask("FCALL hl_version 1 {c1}"), "old");
	assert_int_equal(library_load(fixture.store), STATUS_OK);
	assert_string_equal(redis_ask("FCALL hl_version 1 {c1}"), version);
	assert_int_equal(do_accept(&in)->status, STATUS_DUP);
	assert_whole();
}

static void
a_redis_that_lost_the_library_gets_it_again_and_another_one_is_left(void **state)
{
	static const char OTHER[] = "#!lua name=hearthline\nredis.register_function("
	                            "'hl_version', function() return 'other' end)";
	struct text load[] = { LITERAL("FUNCTION"), LITERAL("LOAD"), LITERAL("REPLACE"),
		text_of(OTHER) };

	(void)state;
	assert_int_equal(library_keep(fixture.store), STATUS_OK);
	free(library_text(version));
	(void)redis_ask("FUNCTION FLUSH");
	(void)redis_ask("CLIENT KILL TYPE normal SKIPME no");
	assert_string_equal(redis_ask("FCALL hl_version 1 {c1}"), version);
	assert_int_equal(
	    store_call_wait(fixture.store, 4, load, ignore, NULL), STATUS_OK);
	(void)redis_ask("CLIENT KILL TYPE normal SKIPME no");
	assert_string_equal(redis_ask("FCALL hl_version 1 {c1}"), "other");
	assert_int_equal(library_load(fixture.store), STATUS_OK);
}

/* What drains goes on; only what comes in anew is refused. */
static void
without_memory_only_accept_is_refused(void **state)
{
	char id[ID_CASE_BYTES + 1], referral[ID_ITEM_MAX];
	struct case_accept in;
	struct case_answer answer;

	(void)state;
	new_case("one", urgency_normal, 1, id);
	(void)redis_ask("CONFIG SET maxmemory 1");
	in = usual_accept("two", urgency_normal, 1);
	assert_int_equal(do_accept(&in)->status, STATUS_BUSY);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	new_referral(id, referral);
	answer = usual_answer(referral, "decline", "c1");
	assert_int_equal(do_answer(&answer)->status, STATUS_OK);
	(void)redis_ask("CONFIG SET maxmemory 0");
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	assert_whole();
}

/* The wall clock of the machine may be set back: scores and the journal still only grow. */
static void
the_clock_of_the_functions_never_runs_backwards(void **state)
{
	char id[ID_CASE_BYTES + 1];
	const int64_t future = 4102444800000; /* 2100 */

	(void)state;
	(void)redis_ask("HSET {c1}:count clock.last %lld", (long long)future);
	new_case("one", urgency_normal, 1, id);
	assert_true(strtoll(field_of(id, "at"), NULL, 10) >= future);
	assert_true(do_queues()->now_ms >= future);
	new_case("two", urgency_normal, 1, id);
	assert_true(strtoll(field_of(id, "at"), NULL, 10) >= future);
	assert_true(strtoll(redis_ask("HGET {c1}:count clock.offset"), NULL, 10) > 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cases_fixture_empty)
	const struct CMUnitTest tests[] = {
		TEST(the_text_is_the_same_every_time),
		TEST(it_begins_as_redis_wants_it_and_carries_its_version),
		TEST(another_text_has_another_version),
		TEST(every_state_move_and_role_stands_in_it),
		TEST(redis_runs_the_version_that_was_loaded),
		TEST(loading_replaces_what_was_there_and_keeps_the_cases),
		TEST(a_redis_that_lost_the_library_gets_it_again_and_another_one_is_left),
		TEST(without_memory_only_accept_is_refused),
		TEST(the_clock_of_the_functions_never_runs_backwards),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
