/* SPDX-License-Identifier: Apache-2.0
 * The directory in a real Redis with the real functions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/directory.h"
#include "common/id.h"
#include "common/library.h"
#include "tests/unit/redis_fixture.h"
#include "tests/unit/store_fixture.h"

#define WAIT_MS 20000
/* More than one page of HSCAN. */
#define MANY 1700

static struct redis_fixture redis;
static struct loop *loop;
static struct store *store;
static struct directory *directory;

/* ---- what is told ---- */

static struct loaded {
	unsigned resets;
	unsigned services;
	unsigned services_of_last;
	unsigned done;
	enum status status;
	char version[80];
	char documents[400]; /* "source/id=document " of the first ones */
	const char *swap_to; /* swapped in at the first service that is told, once */
} loaded;

static void
on_reset(void *self)
{
	struct loaded *all = self;

	all->resets++;
	all->services = 0;
	all->documents[0] = '\0';
}

static void ignore(void *ctx, enum status status, const struct store_value *value);

static void
on_each(void *self, struct text source, struct text id, struct text document)
{
	struct loaded *all = self;
	size_t length = strlen(all->documents);

	all->services++;
	snprintf(all->documents + length, sizeof all->documents - length,
	    "%.*s/%.*s=%.*s ", (int)source.length, source.at, (int)id.length, id.at,
	    (int)document.length, document.at);
	if (all->swap_to != NULL) {
		assert_int_equal(directory_swap(directory, LITERAL("demo"), LITERAL("v1"),
		                     text_of(all->swap_to), ignore, NULL),
		    STATUS_OK);
		all->swap_to = NULL;
	}
}

static void
on_loaded(void *self, enum status status, struct text version)
{
	struct loaded *all = self;

	all->done++;
	all->status = status;
	(void)text_copy(version, all->version, sizeof all->version);
}

static void
ignore(void *ctx, enum status status, const struct store_value *value)
{
	(void)ctx;
	(void)status;
	(void)value;
}

/* Turns the loop until *count is `least`. */
static void
wait_until(const unsigned *count, unsigned least)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (*count < least) {
		assert_true(clock_mono_ms() < end);
		assert_int_equal(loop_turn(loop, 20), STATUS_OK);
	}
}

static void
load(void)
{
	const char *swap_to = loaded.swap_to;

	loaded = (struct loaded){ .swap_to = swap_to };
	assert_int_equal(
	    directory_load(directory, on_reset, on_each, on_loaded, &loaded), STATUS_OK);
	wait_until(&loaded.done, 1);
}

/* ---- what is done ---- */

static void
stage(const char *source, const char *version, const char *id, const char *document)
{
	struct outcome outcome = { 0 };

	assert_int_equal(directory_stage(directory, text_of(source), text_of(version),
	                     text_of(id), text_of(document), outcome_done, &outcome),
	    STATUS_OK);
	assert_true(outcome_wait(loop, &outcome));
	assert_int_equal(outcome.status, STATUS_OK);
}

static void
stage_many(const char *version, unsigned count)
{
	struct outcome *outcomes = calloc(count, sizeof *outcomes);

	assert_non_null(outcomes);
	for (unsigned i = 0; i < count; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		assert_int_equal(
		    directory_stage(directory, LITERAL("demo"), text_of(version),
		        text_of(id),
		        LITERAL(
		            "a document that is longer than sixty-four bytes, so that "
		            "Redis keeps a table of them"),
		        outcome_done, &outcomes[i]),
		    STATUS_OK);
	}
	assert_true(outcome_wait_all(loop, outcomes, count));
	free(outcomes);
}

struct word {
	unsigned times;
	char first[16];
};

static void
on_word(void *ctx, enum status status, const struct store_value *value)
{
	struct word *word = ctx;

	assert_int_equal(status, STATUS_OK);
	word->times++;
	assert_true(
	    text_copy(store_text(store_at(value, 0)), word->first, sizeof word->first));
}

static void
swap(const char *source, const char *expected, const char *version, const char *answer)
{
	struct word word = { 0 };

	assert_int_equal(directory_swap(directory, text_of(source), text_of(expected),
	                     text_of(version), on_word, &word),
	    STATUS_OK);
	wait_until(&word.times, 1);
	assert_string_equal(word.first, answer);
}

static void
report(
    const char *service, double available, double maximum, int64_t at, const char *answer)
{
	struct word word = { 0 };

	assert_int_equal(directory_capacity(directory, text_of(service), available,
	                     maximum, at, on_word, &word),
	    STATUS_OK);
	wait_until(&word.times, 1);
	assert_string_equal(word.first, answer);
}

static struct got {
	unsigned times;
	enum status status;
	char document[64];
} got;

static void
on_got(void *self, enum status status, struct text document)
{
	struct got *one = self;

	one->times++;
	one->status = status;
	(void)text_copy(document, one->document, sizeof one->document);
}

static void
get(const char *id)
{
	got = (struct got){ 0 };
	assert_int_equal(directory_get(directory, text_of(id), on_got, &got), STATUS_OK);
	wait_until(&got.times, 1);
}

static int64_t
ask(const char *command, const char *key)
{
	struct text arguments[] = { text_of(command), text_of(key) };
	struct outcome outcome = { 0 };

	assert_int_equal(
	    store_call(store, LITERAL("c1"), 2, arguments, outcome_done, &outcome),
	    STATUS_OK);
	assert_true(outcome_wait(loop, &outcome));
	return outcome.integer;
}

/* ---- tests ---- */

static void
an_empty_directory_is_loaded_as_such(void **state)
{
	(void)state;
	load();
	assert_int_equal(loaded.status, STATUS_OK);
	assert_int_equal(loaded.services, 0);
	assert_string_equal(loaded.version, "");
	get("s1");
	assert_int_equal(got.status, STATUS_ABSENT);
}

static void
what_is_staged_is_read_only_after_the_swap(void **state)
{
	(void)state;
	stage("demo", "v1", "s1", "one");
	load();
	assert_int_equal(loaded.services, 0);
	get("s1");
	assert_int_equal(got.status, STATUS_ABSENT);
	swap("demo", NULL, "v1", "ok");
	load();
	assert_int_equal(loaded.resets, 0);
	assert_string_equal(loaded.documents, "demo/s1=one ");
	assert_string_equal(loaded.version, "demo=v1");
	get("s1");
	assert_int_equal(got.status, STATUS_OK);
	assert_string_equal(got.document, "one");
}

static void
redis_forgets_what_is_staged_and_never_swapped_in(void **state)
{
	(void)state;
	stage("demo", "v1", "s1", "one");
	assert_in_range(ask("TTL", "{c1}:service:demo:v1"), 3500, 3600);
	stage("demo", "v2", "s1", "two");
	assert_in_range(ask("TTL", "{c1}:service:demo:v2"), 3500, 3600);
	swap("demo", NULL, "v1", "ok");
	assert_int_equal(ask("TTL", "{c1}:service:demo:v1"), -1);
	swap("demo", "v1", "v2", "ok");
	assert_int_equal(ask("TTL", "{c1}:service:demo:v2"), -1);
	assert_int_equal(ask("EXISTS", "{c1}:service:demo:v1"), 0);
}

static void
a_swap_from_a_version_that_is_gone_is_stale(void **state)
{
	(void)state;
	stage("demo", "v1", "s1", "one");
	swap("demo", NULL, "v1", "ok");
	stage("demo", "v2", "s1", "two");
	swap("demo", NULL, "v2", "stale");
	swap("demo", "v0", "v2", "stale");
	get("s1");
	assert_string_equal(got.document, "one");
}

static void
versions_of_all_sources_are_named_in_order_or_as_a_digest(void **state)
{
	char both[200];
	char digest[ID_DIGEST_BYTES + 1];

	(void)state;
	stage("zoo", "v1", "s1", "z");
	swap("zoo", NULL, "v1", "ok");
	stage("demo", "v2", "s2", "d");
	swap("demo", NULL, "v2", "ok");
	load();
	assert_string_equal(loaded.version, "demo=v2,zoo=v1");
	assert_string_equal(loaded.documents, "demo/s2=d zoo/s1=z ");
	stage("a-source-with-a-long-name", "0192aaaa-0000-7000-8000-000000000000", "s3",
	    "a");
	swap("a-source-with-a-long-name", NULL, "0192aaaa-0000-7000-8000-000000000000",
	    "ok");
	load();
	snprintf(both, sizeof both,
	    "a-source-with-a-long-name=0192aaaa-0000-7000-8000-000000000000,demo=v2,zoo="
	    "v1");
	id_digest(both, strlen(both), digest);
	assert_string_equal(loaded.version, digest);
}

static void
of_two_sources_with_one_service_the_last_by_name_counts(void **state)
{
	(void)state;
	stage("zoo", "v1", "s1", "z");
	swap("zoo", NULL, "v1", "ok");
	stage("demo", "v2", "s1", "d");
	swap("demo", NULL, "v2", "ok");
	load();
	assert_string_equal(loaded.documents, "demo/s1=d zoo/s1=z ");
	get("s1");
	assert_string_equal(got.document, "z");
	get("s2");
	assert_int_equal(got.status, STATUS_ABSENT);
}

static void
every_service_of_many_pages_is_loaded(void **state)
{
	(void)state;
	stage_many("v1", MANY);
	swap("demo", NULL, "v1", "ok");
	load();
	assert_int_equal(loaded.services, MANY);
}

static void
a_swap_during_a_load_starts_it_over(void **state)
{
	(void)state;
	stage_many("v1", MANY);
	swap("demo", NULL, "v1", "ok");
	stage_many("v2", MANY / 2);
	loaded.swap_to = "v2";
	load();
	assert_int_equal(loaded.status, STATUS_OK);
	assert_int_equal(loaded.resets, 1);
	assert_int_equal(loaded.services, MANY / 2);
	assert_string_equal(loaded.version, "demo=v2");
}

static void
one_load_runs_at_a_time(void **state)
{
	(void)state;
	stage("demo", "v1", "s1", "one");
	swap("demo", NULL, "v1", "ok");
	loaded = (struct loaded){ 0 };
	assert_int_equal(
	    directory_load(directory, on_reset, on_each, on_loaded, &loaded), STATUS_OK);
	assert_int_equal(directory_load(directory, on_reset, on_each, on_loaded, &loaded),
	    STATUS_BUSY);
	wait_until(&loaded.done, 1);
	load();
	assert_int_equal(loaded.services, 1);
}

/* ---- watching ---- */

static struct {
	unsigned count;
	char log[600];
} changes;

static void
on_changed(void *self, const struct directory_change *change)
{
	size_t length = strlen(changes.log);

	assert_ptr_equal(self, &changes);
	if (change->event == DIRECTORY_SWAPPED)
		snprintf(changes.log + length, sizeof changes.log - length,
		    "swap %s%.*s;", change->kind == DIRECTORY_PLACES ? "places " : "",
		    (int)change->subject.length, change->subject.at);
	else
		snprintf(changes.log + length, sizeof changes.log - length, "%.*s %g %g;",
		    (int)change->subject.length, change->subject.at, change->available,
		    change->held);
	changes.count++;
}

static void
a_watch_tells_of_every_change_from_now_on_in_order(void **state)
{
	(void)state;
	changes.count = 0;
	changes.log[0] = '\0';
	report("s0", 1, 1, 1000, "ok");
	assert_int_equal(directory_watch(directory, on_changed, &changes), STATUS_OK);
	assert_int_equal(directory_watch(directory, on_changed, &changes), STATUS_BUSY);
	load(); /* the same route: the watch has begun when this is answered */
	stage("demo", "v1", "s1", "one");
	report("s1", 4, 10, 1000, "ok");
	swap("demo", NULL, "v1", "ok");
	report("s1", 3, 10, 2000, "ok");
	wait_until(&changes.count, 3);
	assert_string_equal(changes.log, "s1 4 0;swap demo;s1 3 0;");
	report("s2", 0, NAN, 1000, "ok");
	wait_until(&changes.count, 4);
	assert_string_equal(changes.log, "s1 4 0;swap demo;s1 3 0;s2 0 0;");
}

static void
each_kind_has_sources_of_its_own(void **state)
{
	struct directory *services = directory;
	struct directory *places = directory_open(store, "c1", DIRECTORY_PLACES);

	(void)state;
	assert_non_null(places);
	changes.count = 0;
	changes.log[0] = '\0';
	assert_int_equal(directory_watch(services, on_changed, &changes), STATUS_OK);
	load(); /* the same route: the watch has begun when this is answered */
	stage("demo", "v1", "a", "service");
	swap("demo", "", "v1", "ok");
	directory = places;
	stage("demo", "v2", "UA", "place");
	swap("demo", "", "v2", "ok");
	load();
	assert_string_equal(loaded.documents, "demo/UA=place ");
	directory = services;
	load();
	assert_string_equal(loaded.documents, "demo/a=service ");
	wait_until(&changes.count, 2);
	assert_string_equal(changes.log, "swap demo;swap places demo;");
	directory_close(places);
}

static void
a_watch_that_begins_on_an_empty_stream_misses_nothing(void **state)
{
	(void)state;
	changes.count = 0;
	changes.log[0] = '\0';
	assert_int_equal(directory_watch(directory, on_changed, &changes), STATUS_OK);
	load();
	report("s1", 4, 10, 1000, "ok");
	wait_until(&changes.count, 1);
	assert_string_equal(changes.log, "s1 4 0;");
}

static void
a_watch_goes_on_where_it_was_when_redis_comes_back(void **state)
{
	(void)state;
	changes.count = 0;
	changes.log[0] = '\0';
	report("s0", 1, 1, 1000, "ok");
	assert_int_equal(directory_watch(directory, on_changed, &changes), STATUS_OK);
	load();
	report("s1", 4, 10, 1000, "ok");
	wait_until(&changes.count, 1);
	redis_fixture_kill9(&redis);
	assert_true(redis_fixture_start_again(&redis));
	report("s1", 3, 10, 2000, "ok");
	wait_until(&changes.count, 2);
	assert_string_equal(changes.log, "s1 4 0;s1 3 0;");
}

static void
an_older_report_of_capacity_changes_nothing(void **state)
{
	(void)state;
	report("s1", 4, 10, 2000, "ok");
	report("s1", 9, 10, 1000, "dup");
	report("s1", 9, 10, 2000, "dup");
	report("s1", 2, 10, 3000, "ok");
}

static void
a_directory_is_closed_while_calls_are_out(void **state)
{
	struct directory *other = directory_open(store, "c1", DIRECTORY_SERVICES);

	(void)state;
	stage_many("v1", MANY);
	swap("demo", NULL, "v1", "ok");
	assert_non_null(other);
	loaded = (struct loaded){ 0 };
	got = (struct got){ 0 };
	assert_int_equal(
	    directory_load(other, on_reset, on_each, on_loaded, &loaded), STATUS_OK);
	assert_int_equal(directory_get(other, LITERAL("s1"), on_got, &got), STATUS_OK);
	assert_int_equal(directory_watch(other, on_changed, &changes), STATUS_OK);
	assert_int_equal(loop_turn(loop, 20), STATUS_OK);
	directory_close(other);
	directory_close(NULL);
	load(); /* on the same connection: all of the other's answers have come */
	assert_int_equal(loaded.services, MANY);
	assert_int_equal(got.times, 0);
}

static void
names_that_make_no_key_are_refused(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_null(directory_open(store, name, DIRECTORY_SERVICES));
	assert_int_equal(directory_stage(directory, text_of(name), LITERAL("v1"),
	                     LITERAL("s1"), LITERAL("d"), ignore, NULL),
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
		.name = "directory_test",
	};

	(void)state;
	loaded = (struct loaded){ 0 };
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
		TEST(an_empty_directory_is_loaded_as_such),
		TEST(what_is_staged_is_read_only_after_the_swap),
		TEST(redis_forgets_what_is_staged_and_never_swapped_in),
		TEST(a_swap_from_a_version_that_is_gone_is_stale),
		TEST(versions_of_all_sources_are_named_in_order_or_as_a_digest),
		TEST(of_two_sources_with_one_service_the_last_by_name_counts),
		TEST(every_service_of_many_pages_is_loaded),
		TEST(a_swap_during_a_load_starts_it_over),
		TEST(one_load_runs_at_a_time),
		TEST(a_watch_tells_of_every_change_from_now_on_in_order),
		TEST(each_kind_has_sources_of_its_own),
		TEST(a_watch_that_begins_on_an_empty_stream_misses_nothing),
		TEST(a_watch_goes_on_where_it_was_when_redis_comes_back),
		TEST(an_older_report_of_capacity_changes_nothing),
		TEST(a_directory_is_closed_while_calls_are_out),
		TEST(names_that_make_no_key_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
