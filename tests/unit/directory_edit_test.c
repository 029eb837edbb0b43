/* SPDX-License-Identifier: Apache-2.0
 * Single services edited in a real Redis with the real functions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/directory.h"
#include "common/json_edits.h"
#include "common/library.h"
#include "tests/unit/redis_fixture.h"
#include "tests/unit/store_fixture.h"

#define WAIT_MS 20000
#define DAY_MS INT64_C(86400000)

static struct redis_fixture redis;
static struct loop *loop;
static struct store *store;
static struct directory *directory;

static void
wait_until(const unsigned *count, unsigned least)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (*count < least) {
		assert_true(clock_mono_ms() < end);
		assert_int_equal(loop_turn(loop, 20), STATUS_OK);
	}
}

/* ---- replies ---- */

static struct reply {
	unsigned times;
	char
	    text[2000]; /* elements of a list, each behind a space; of lists within too */
} reply;

static void
write_reply(const struct store_value *value)
{
	size_t length = strlen(reply.text);
	struct text text = store_text(value);

	if (store_kind(value) == STORE_LIST)
		for (size_t i = 0; i < store_count(value); i++)
			write_reply(store_at(value, i));
	else if (text.at != NULL)
		snprintf(reply.text + length, sizeof reply.text - length, " %.*s",
		    (int)text.length, text.at);
}

static void
on_reply(void *ctx, enum status status, const struct store_value *value)
{
	(void)ctx;
	assert_int_equal(status, STATUS_OK);
	reply.times++;
	write_reply(value);
}

static const char *
replied(enum status sent)
{
	assert_int_equal(sent, STATUS_OK);
	wait_until(&reply.times, 1);
	return reply.text;
}

#define ASK(call) (reply = (struct reply){ 0 }, replied(call))

static const char *
ask(const char *first, const char *second, const char *third)
{
	struct text words[] = { text_of(first), text_of(second), text_of(third) };

	return ASK(store_call(
	    store, LITERAL("c1"), third != NULL ? 3 : 2, words, on_reply, NULL));
}

/* ---- what is done ---- */

static void
publish(const char *version, const char *expected, const char *document)
{
	assert_string_equal(
	    ASK(directory_stage(directory, LITERAL("demo"), text_of(version),
	        LITERAL("s1"), text_of(document), on_reply, NULL)),
	    "");
	assert_string_equal(ASK(directory_swap(directory, LITERAL("demo"),
	                        text_of(expected), text_of(version), on_reply, NULL)),
	    " ok");
}

static struct seen {
	unsigned times;
	enum status status;
	uint32_t version;
	char document[400], published[400], overlay[1000], source[40];
} seen;

static void
on_entry(void *self, enum status status, const struct directory_entry *entry)
{
	(void)self;
	seen.times++;
	seen.status = status;
	if (entry == NULL)
		return;
	seen.version = entry->version;
	(void)text_copy(entry->document, seen.document, sizeof seen.document);
	(void)text_copy(entry->published, seen.published, sizeof seen.published);
	(void)text_copy(entry->overlay, seen.overlay, sizeof seen.overlay);
	(void)text_copy(entry->source, seen.source, sizeof seen.source);
}

static const char *
look(void)
{
	seen = (struct seen){ 0 };
	assert_int_equal(
	    directory_get_entry(directory, LITERAL("s1"), on_entry, NULL), STATUS_OK);
	wait_until(&seen.times, 1);
	return seen.document;
}

static const char *
edit(const char *patch, uint32_t expected, const char *command)
{
	struct edits edits;
	struct defects defects;
	const char *answer;

	look();
	assert_int_equal(
	    edits_read(text_of(seen.published),
	        seen.overlay[0] != '\0' ? text_of(seen.overlay) : TEXT_ABSENT,
	        text_of(patch), LITERAL("olena"), &edits, &defects),
	    STATUS_OK);
	answer = ASK(directory_edit(directory, LITERAL("s1"), expected, text_of(command),
	    LITERAL("olena"), &edits, on_reply, NULL));
	edits_free(&edits);
	return answer;
}

static struct loaded {
	unsigned done;
	char document[400];
} loaded;

static void
on_reset(void *self)
{
	(void)self;
}

static void
on_each(void *self, struct text source, struct text id, struct text document)
{
	(void)self;
	(void)source;
	(void)id;
	(void)text_copy(document, loaded.document, sizeof loaded.document);
}

static void
on_loaded(void *self, enum status status, struct text version)
{
	(void)self;
	(void)version;
	assert_int_equal(status, STATUS_OK);
	loaded.done++;
}

static const char *
load(void)
{
	loaded = (struct loaded){ 0 };
	assert_int_equal(
	    directory_load(directory, on_reset, on_each, on_loaded, NULL), STATUS_OK);
	wait_until(&loaded.done, 1);
	return loaded.document;
}

/* ---- edits ---- */

static void
an_edit_is_seen_by_who_reads_one_and_who_reads_all(void **state)
{
	(void)state;
	publish("v1", "", "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	assert_string_equal(look(), "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	assert_int_equal(seen.version, 0);
	assert_string_equal(edit("{\"name\":\"Night shelter\"}", 0, "c1"), " ok 1");
	assert_string_equal(look(), "{\"id\":\"s1\",\"name\":\"Night shelter\"}");
	assert_int_equal(seen.version, 1);
	assert_string_equal(seen.source, "demo");
	assert_string_equal(seen.published, "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	assert_string_equal(load(), "{\"id\":\"s1\",\"name\":\"Night shelter\"}");
}

static void
a_repeat_is_known_and_a_stale_version_changes_nothing(void **state)
{
	(void)state;
	publish("v1", "", "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	assert_string_equal(edit("{\"name\":\"A\"}", 0, "c1"), " ok 1");
	assert_string_equal(edit("{\"name\":\"B\"}", 0, "c2"), " stale 1");
	assert_string_equal(edit("{\"name\":\"B\"}", 0, "c1"), " dup 1");
	assert_string_equal(look(), "{\"id\":\"s1\",\"name\":\"A\"}");
	assert_string_equal(edit("{\"name\":\"B\"}", UINT32_MAX, "c3"), " ok 2");
	assert_string_equal(edit("{\"alert\":\"x\"}", 2, "c4"), " ok 3");
	assert_string_equal(look(), "{\"alert\":\"x\",\"id\":\"s1\",\"name\":\"B\"}");
}

static void
an_edit_outlives_a_swap_until_the_publisher_says_something_else(void **state)
{
	(void)state;
	publish("v1", "", "{\"id\":\"s1\",\"name\":\"Shelter\",\"url\":\"a\"}");
	assert_string_equal(
	    ASK(directory_stage(directory, LITERAL("demo"), LITERAL("v2"), LITERAL("s1"),
	        LITERAL("{\"id\":\"s1\",\"name\":\"Shelter\",\"url\":\"b\"}"), on_reply,
	        NULL)),
	    "");
	edit("{\"name\":\"Night shelter\",\"url\":\"c\"}", 0, "c1");
	assert_string_equal(ASK(directory_swap(directory, LITERAL("demo"), LITERAL("v1"),
	                        LITERAL("v2"), on_reply, NULL)),
	    " ok");
	assert_string_equal(
	    look(), "{\"id\":\"s1\",\"name\":\"Night shelter\",\"url\":\"b\"}");
	assert_string_equal(
	    load(), "{\"id\":\"s1\",\"name\":\"Night shelter\",\"url\":\"b\"}");
}

static void
what_was_edited_is_kept_field_by_field_newest_first(void **state)
{
	(void)state;
	publish("v1", "", "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	edit("{\"name\":\"A\"}", 0, "c1");
	edit("{\"name\":\"B\"}", 1, "c2");
	(void)ASK(directory_history(directory, LITERAL("s1"), 1, on_reply, NULL));
	assert_non_null(strstr(reply.text,
	    "version 2 by olena field name previous \"A\" replacement \"B\""));
	assert_null(strstr(reply.text, "Shelter"));
	(void)ASK(directory_history(directory, LITERAL("s1"), 9, on_reply, NULL));
	assert_non_null(strstr(reply.text, "previous \"Shelter\" replacement \"A\""));
}

static void
an_edit_that_is_taken_back_leaves_the_rest(void **state)
{
	struct edits edits;

	(void)state;
	publish("v1", "", "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	edit("{\"name\":\"A\",\"alert\":\"x\",\"url\":\"u\"}", 0, "c1");
	look();
	assert_int_equal(edits_undo(text_of(seen.published), text_of(seen.overlay),
	                     LITERAL("alert"), &edits),
	    STATUS_OK);
	assert_string_equal(ASK(directory_edit(directory, LITERAL("s1"), 1, LITERAL("c2"),
	                        LITERAL("olena"), &edits, on_reply, NULL)),
	    " ok 2");
	edits_free(&edits);
	assert_string_equal(look(), "{\"id\":\"s1\",\"name\":\"A\",\"url\":\"u\"}");
}

static void
the_change_stream_tells_of_an_edit(void **state)
{
	char from[64];

	(void)state;
	publish("v1", "", "{\"id\":\"s1\",\"name\":\"Shelter\"}");
	(void)ASK(directory_changes(directory, TEXT_ABSENT, 100, on_reply, NULL));
	assert_int_equal(sscanf(reply.text, " %63s", from), 1);
	edit("{\"name\":\"A\"}", 0, "c1");
	(void)ASK(directory_changes(directory, text_of(from), 100, on_reply, NULL));
	assert_non_null(strstr(reply.text, "kind edit subject s1 version 1"));
	assert_non_null(strstr(reply.text, "kind swap"));
	(void)ASK(directory_changes(directory, text_of(from), 1, on_reply, NULL));
	assert_null(strstr(reply.text, "kind edit"));
}

/* ---- places to be confirmed ---- */

static const char *
report(double available, int64_t at)
{
	return ASK(directory_capacity(
	    directory, LITERAL("s1"), available, 9, at, on_reply, NULL));
}

static const char *
ask_agency(const char *agency, int64_t before)
{
	return ASK(directory_confirm_ask(directory, LITERAL("s1"),
	    agency != NULL ? text_of(agency) : TEXT_ABSENT, LITERAL("Shelter"), before,
	    on_reply, NULL));
}

static const char *
asked(void)
{
	return ASK(directory_confirmations(directory, LITERAL("a1"), 10, on_reply, NULL));
}

static void
places_reported_long_ago_are_to_be_confirmed_once(void **state)
{
	(void)state;
	report(4, 1000);
	assert_string_equal(ASK(directory_stale(directory, 999, 10, on_reply, NULL)), "");
	assert_string_equal(
	    ASK(directory_stale(directory, 1000, 10, on_reply, NULL)), " s1 1000");
	assert_string_equal(ask_agency("a1", 1000), " ok");
	assert_string_equal(
	    ASK(directory_stale(directory, 1000, 10, on_reply, NULL)), "");
	assert_string_equal(ask_agency("a1", 1000), " dup");
	assert_non_null(strstr(asked(), " s1 "));
	assert_non_null(strstr(asked(), " Shelter 4 1000"));
}

static void
a_new_report_or_a_confirmation_ends_the_asking(void **state)
{
	(void)state;
	report(4, 1000);
	ask_agency("a1", 1000);
	assert_string_equal(report(3, 2000), " ok");
	assert_string_equal(asked(), "");
	assert_string_equal(
	    ASK(directory_stale(directory, 2000, 10, on_reply, NULL)), " s1 2000");
	ask_agency("a1", 2000);
	assert_string_equal(
	    ASK(directory_confirm(directory, LITERAL("s1"), on_reply, NULL)), " ok");
	assert_string_equal(asked(), "");
	assert_string_equal(ask("HGET", "{c1}:place:s1", "available"), " 3");
	assert_string_equal(
	    ASK(directory_stale(directory, clock_wall_ms() - DAY_MS, 10, on_reply, NULL)),
	    "");
}

static void
a_report_that_came_between_is_not_asked_about(void **state)
{
	(void)state;
	report(4, 1000);
	report(5, 5000);
	assert_string_equal(ask_agency("a1", 1000), " dup");
	assert_string_equal(asked(), "");
}

static void
nobody_is_asked_about_places_that_are_not_known_or_of_a_service_that_is_gone(void **state)
{
	(void)state;
	report(4, 1000);
	assert_string_equal(ask_agency(NULL, 1000), " ok");
	assert_string_equal(
	    ASK(directory_stale(directory, 1000, 10, on_reply, NULL)), "");
	report(4, 2000);
	report(NAN, 3000);
	assert_string_equal(
	    ASK(directory_stale(directory, 9000, 10, on_reply, NULL)), "");
	assert_string_equal(
	    ASK(directory_confirm(directory, LITERAL("s1"), on_reply, NULL)), " dup");
}

static void
set_channel(const char *channel)
{
	const struct text words[] = { LITERAL("HSET"), LITERAL("{c1}:channel"),
		LITERAL("a1"), text_of(channel) };

	(void)ASK(store_call(store, LITERAL("c1"), 4, words, on_reply, NULL));
}

/* "s1 a1 TRIES", without when it was asked */
static const char *
claim(int64_t lease_ms)
{
	static char text[200];
	unsigned tries = 0;

	(void)ASK(directory_confirm_claim(directory, 10, lease_ms, on_reply, NULL));
	if (sscanf(reply.text, " s1 a1 %*d %u", &tries) == 1)
		snprintf(text, sizeof text, "s1 a1 %u", tries);
	else
		snprintf(text, sizeof text, "%.100s", reply.text);
	return text;
}

static const char *
since(void)
{
	return ask("ZSCORE", "{c1}:confirm:a1", "s1") + 1;
}

static const char *
told(const char *asked_at, bool is_told, int64_t again_ms)
{
	return ASK(directory_confirm_told(directory, LITERAL("s1"), text_of(asked_at),
	    is_told, again_ms, on_reply, NULL));
}

static void
a_webhook_is_told_of_a_question_until_it_takes_it(void **state)
{
	char asked_at[40];

	(void)state;
	set_channel("webhook https://a.example/x");
	report(4, 1000);
	ask_agency("a1", 1000);
	(void)text_copy(text_of(since()), asked_at, sizeof asked_at);
	assert_string_equal(claim(60000), "s1 a1 1");
	assert_string_equal(claim(60000), ""); /* leased */
	assert_string_equal(told("77", true, TIME_ABSENT), " dup");
	assert_string_equal(told(asked_at, false, 60000), " ok");
	assert_string_equal(claim(60000), ""); /* a minute is not over */
	assert_string_equal(told(asked_at, false, 0), " ok");
	assert_string_equal(claim(0), "s1 a1 2");
	assert_string_equal(claim(60000), "s1 a1 3"); /* who had it is dead */
	assert_string_equal(told(asked_at, true, TIME_ABSENT), " ok");
	assert_string_equal(claim(60000), "");
	assert_string_equal(told(asked_at, true, TIME_ABSENT), " dup");
	assert_non_null(strstr(asked(), " 1000 3 1"));
}

static void
a_question_that_is_answered_or_cannot_be_told_is_told_no_more(void **state)
{
	char asked_at[40];

	(void)state;
	set_channel("webhook https://a.example/x");
	report(4, 1000);
	ask_agency("a1", 1000);
	(void)text_copy(text_of(since()), asked_at, sizeof asked_at);
	assert_string_equal(claim(0), "s1 a1 1");
	report(4, 2000);
	assert_string_equal(claim(0), "");
	assert_string_equal(told(asked_at, false, 0), " dup");
	assert_string_equal(claim(0), "");
	ask_agency("a1", 2000);
	assert_string_equal(claim(0), "s1 a1 1");
	(void)text_copy(text_of(since()), asked_at, sizeof asked_at);
	assert_string_equal(told(asked_at, false, TIME_ABSENT), " ok");
	assert_string_equal(claim(0), "");
	assert_non_null(strstr(asked(), " 2000 1 -"));
}

static void
who_has_no_webhook_finds_the_question_in_its_inbox_alone(void **state)
{
	(void)state;
	set_channel("inbox");
	report(4, 1000);
	ask_agency("a1", 1000);
	assert_string_equal(claim(0), "");
	assert_non_null(strstr(asked(), " s1 "));
}

static void
what_redis_holds_of_places_is_told_of_the_services_that_it_knows(void **state)
{
	const struct text services[] = { LITERAL("s0"), LITERAL("s1"), LITERAL("s2") };

	(void)state;
	report(4, 1000);
	(void)ask("DEL", "{c1}:place:s0", NULL);
	assert_string_equal(ASK(directory_places(directory, 3, services, on_reply, NULL)),
	    " s1 4 0 1000 ");
	assert_int_equal(directory_places(directory, 1001, services, on_reply, NULL),
	    STATUS_TOO_LARGE);
}

static int
start(void **state)
{
	struct store_options options = {
		.socket_path = redis.socket_path,
		.connections = 2,
		.timeout_ms = WAIT_MS,
		.stall_ms = WAIT_MS,
		.most_bytes = 64 << 20,
		.name = "directory_edit_test",
	};

	(void)state;
	if (!redis_fixture_start(&redis, "no"))
		return 1;
	loop = loop_new();
	store = store_open(loop, &options);
	directory = directory_open(store, "c1", DIRECTORY_SERVICES);
	return library_load(store) != STATUS_OK;
}

static int
end(void **state)
{
	(void)state;
	directory_close(directory);
	store_close(store);
	loop_free(loop);
	redis_fixture_end(&redis);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_edit_is_seen_by_who_reads_one_and_who_reads_all),
		TEST(a_repeat_is_known_and_a_stale_version_changes_nothing),
		TEST(an_edit_outlives_a_swap_until_the_publisher_says_something_else),
		TEST(what_was_edited_is_kept_field_by_field_newest_first),
		TEST(an_edit_that_is_taken_back_leaves_the_rest),
		TEST(the_change_stream_tells_of_an_edit),
		TEST(places_reported_long_ago_are_to_be_confirmed_once),
		TEST(a_new_report_or_a_confirmation_ends_the_asking),
		TEST(a_report_that_came_between_is_not_asked_about),
		TEST(
		    nobody_is_asked_about_places_that_are_not_known_or_of_a_service_that_is_gone),
		TEST(a_webhook_is_told_of_a_question_until_it_takes_it),
		TEST(a_question_that_is_answered_or_cannot_be_told_is_told_no_more),
		TEST(who_has_no_webhook_finds_the_question_in_its_inbox_alone),
		TEST(what_redis_holds_of_places_is_told_of_the_services_that_it_knows),
	};

	return cmocka_run_group_tests_name("directory_edit", tests, NULL, NULL);
}
