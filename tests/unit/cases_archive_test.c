/* SPDX-License-Identifier: Apache-2.0
 * Rounds of archiving: what is over and quiet moves, all else stays, and every step may be done
 * again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <unistd.h>

#include "common/archive.h"
#include "common/clock.h"
#include "tests/unit/cases_fixture.h"

static struct archive *archive;
static char path[128];

static int
set_up(void **state)
{
	char why[256];

	(void)cases_fixture_empty(state);
	(void)snprintf(path, sizeof path, "%s/archive.db", fixture.redis.directory);
	assert_int_equal(archive_open(path, &archive, why, sizeof why), STATUS_OK);
	cases_attach(fixture.cases, archive);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cases_attach(fixture.cases, NULL);
	archive_close(archive);
	return unlink(path);
}

/* ---- one round ---- */

static struct case_round last_round;
static unsigned rounds;

static void
on_round(void *ctx, const struct case_round *round)
{
	(void)ctx;
	last_round = *round;
	rounds++;
}

static const struct case_round *
do_round(int64_t keep_ms, unsigned most)
{
	rounds = 0;
	assert_int_equal(
	    cases_archive(fixture.cases, keep_ms, most, on_round, NULL), STATUS_OK);
	fixture_wait(&rounds);
	return &last_round;
}

#define ALL do_round(0, CASES_ARCHIVE_MOST)

static void
new_closed_case(const char *name, char id[ID_CASE_BYTES + 1])
{
	struct case_withdraw in;

	new_case(name, urgency_normal, 1, id);
	in = usual_withdraw(id, "w");
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
}

static const char *
counter(const char *name)
{
	return redis_ask("HGET {c1}:count %s", name);
}

static bool
is_in_redis(const char *id)
{
	return strcmp(redis_ask("EXISTS {c1}:case:%s", id), "1") == 0;
}

static bool
is_archived(const char *id)
{
	return cases_is_archived(fixture.cases, text_of(id)) == STATUS_OK;
}

static int
lines_in_redis(void)
{
	return atoi(redis_ask("XLEN {c1}:journal"));
}

/* ---- what moves ---- */

static void
look_at_archived(const struct case_record *record)
{
	assert_int_equal(record->view.archived, FLAG_YES);
	assert_int_equal(record->view.open, FLAG_NO);
	assert_int_equal(record->view.version, 2);
	assert_int_equal(record->view.needs_count, 1);
	assert_text(record->view.needs[0].state, "withdrawn");
	assert_text(record->by, "operator1");
	assert_text(record->key, "sealed key");
	assert_text(record->identity, "sealed identity");
	assert_text(record->routing, "sealed routing");
	assert_true(record->digest.length > 0);
	assert_int_equal(record->view.timeline_count, 2);
	assert_text(record->view.timeline[0].action, "accept");
	assert_text(record->view.timeline[1].action, "withdraw");
}

static void
a_closed_case_moves_with_its_lines_and_is_read_as_it_was(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", id);
	assert_int_equal(ALL->status, STATUS_OK);
	assert_int_equal(last_round.lines, 2);
	assert_int_equal(last_round.cases, 1);
	assert_int_equal(last_round.stayed, 0);
	assert_int_equal(last_round.archived, 1);
	assert_false(is_in_redis(id));
	assert_true(is_archived(id));
	assert_int_equal(do_get(id, 20, look_at_archived), STATUS_OK);
	assert_string_equal(redis_ask("EXISTS {c1}:gone:%s", id), "1");
	assert_int_equal(lines_in_redis(), 1);
	assert_string_equal(counter("case.archived"), "1");
	assert_string_equal(counter("case.entered"), "1");
	assert_int_equal(queue_shape_error(do_queues()), 0);
}

static void
a_round_after_the_last_changes_nothing(void **state)
{
	char id[ID_CASE_BYTES + 1];
	char *before;

	(void)state;
	new_closed_case("one", id);
	assert_int_equal(ALL->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(ALL->status, STATUS_OK);
	assert_int_equal(last_round.cases, 0);
	assert_int_equal(last_round.archived, 1);
	assert_unchanged(before);
	assert_true(is_archived(id));
}

static void
what_is_young_stays(void **state)
{
	char id[ID_CASE_BYTES + 1];
	char *before;

	(void)state;
	new_closed_case("one", id);
	before = redis_dump();
	assert_int_equal(do_round(3600000, 100)->status, STATUS_OK);
	assert_int_equal(last_round.lines, 0);
	assert_unchanged(before);
	assert_false(is_archived(id));
}

static void
a_round_takes_so_many_lines_and_the_oldest(void **state)
{
	char first[ID_CASE_BYTES + 1], second[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", first);
	new_closed_case("two", second);
	assert_int_equal(do_round(0, 3)->lines, 3);
	assert_int_equal(last_round.cases, 1);
	assert_false(is_in_redis(first));
	assert_true(is_in_redis(second));
	assert_int_equal(lines_in_redis(), 2);
	assert_int_equal(do_round(0, 3)->lines, 2);
	assert_false(is_in_redis(second));
	assert_int_equal(last_round.archived, 2);
}

static void
look_at_open(const struct case_record *record)
{
	assert_int_equal(record->view.archived, FLAG_ABSENT);
	assert_int_equal(record->view.open, FLAG_YES);
	assert_int_equal(record->view.timeline_count, 3);
	assert_text(record->view.timeline[0].action, "accept");
	assert_text(record->view.timeline[1].action, "offer");
	assert_text(record->view.timeline[2].item, the.need);
}

/* Two lines: the answer from Redis, the offer from the archive, each with its need's share. */
static void
look_at_newest(const struct case_record *record)
{
	assert_int_equal(record->view.timeline_count, 4);
	assert_text(record->view.timeline[0].action, "offer");
	assert_text(record->view.timeline[2].action, "accept");
	assert_text(record->view.timeline[2].item, the.referral);
}

static void
an_open_case_stays_and_its_timeline_goes_on_in_the_archive(void **state)
{
	char id[ID_CASE_BYTES + 1];
	struct case_answer in;

	(void)state;
	new_case("one", urgency_normal, 1, the.id);
	id_need(text_of(the.id), 1, the.need);
	new_referral(the.id, the.referral);
	new_case("two", urgency_normal, 1, id);
	assert_int_equal(ALL->status, STATUS_OK);
	assert_int_equal(last_round.lines, 3);
	assert_int_equal(last_round.cases, 0);
	assert_int_equal(lines_in_redis(), 1);
	assert_true(is_in_redis(the.id));
	assert_false(is_archived(the.id));
	assert_int_equal(do_get(the.id, 20, look_at_open), STATUS_OK);
	in = usual_answer(the.referral, "accept", "c1");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_int_equal(do_get(the.id, 2, look_at_newest), STATUS_OK);
}

static void
what_waits_to_be_told_keeps_its_case(void **state)
{
	struct case_withdraw in;

	(void)state;
	new_case("one", urgency_normal, 1, the.id);
	new_referral(the.id, the.referral);
	assert_int_equal(do_told(the.referral, 0, "offer", false)->status, STATUS_OK);
	in = usual_withdraw(the.id, "w");
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
	assert_string_equal(where_is("notify", the.referral), "ready:normal");
	assert_int_equal(ALL->cases, 0);
	assert_true(is_in_redis(the.id));
	assert_int_equal(do_told(the.referral, 1, "recall", false)->status, STATUS_OK);
	assert_int_equal(ALL->cases, 1);
	assert_false(is_in_redis(the.id));
	assert_int_equal(queue_shape_error(do_queues()), 0);
}

/* ---- what comes in between ---- */

static char digest[64];

static const char *
digest_of(const char *id)
{
	(void)snprintf(digest, sizeof digest, "%s",
	    redis_script(
	        "return "
	        "redis.sha1hex(table.concat(redis.call('HGETALL','{c1}:case:'..ARGV[1]"
	        "),'|'))",
	        id));
	return digest;
}

static void
drop(const char *id, const char *as)
{
	char line[64];

	(void)snprintf(line, sizeof line, "%s",
	    redis_script("return redis.call('XREVRANGE','{c1}:journal','+','-','COUNT',1)"
	                 "[1][1]",
	        ""));
	assert_string_equal(
	    redis_ask("FCALL hl_archive_drop 1 {c1} %s %s %s", line, id, as), "ok");
}

static void
a_case_that_changed_since_it_was_read_stays(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", id);
	(void)digest_of(id);
	(void)redis_ask("HDEL {c1}:case:%s key", id);
	drop(id, digest);
	assert_true(is_in_redis(id));
	assert_int_equal(lines_in_redis(), 2);
	assert_string_equal(counter("case.archived"), "");
	drop(id, digest_of(id));
	assert_false(is_in_redis(id));
	assert_int_equal(lines_in_redis(), 1);
}

static void
a_case_that_was_opened_again_stays(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_case("one", urgency_normal, 1, id);
	drop(id, digest_of(id));
	assert_true(is_in_redis(id));
	assert_string_equal(counter("case.archived"), "");
}

static void
removing_once_more_counts_nothing(void **state)
{
	char id[ID_CASE_BYTES + 1];
	char *before;

	(void)state;
	new_closed_case("one", id);
	(void)digest_of(id);
	drop(id, digest);
	before = redis_dump();
	drop(id, digest);
	assert_unchanged(before);
	assert_string_equal(counter("case.archived"), "1");
}

/* Writes what a round that was cut off would have left: a copy of a case that lives on. */
static void
leave_copy(const char *id)
{
	const struct archive_case in = { .id = text_of(id),
		.at_ms = 1,
		.last = LITERAL("1-0"),
		.fields = LITERAL(""),
		.words = { LITERAL(""), LITERAL("phone:100000000000001") },
		.words_count = 2 };

	assert_int_equal(archive_begin(archive), STATUS_OK);
	assert_int_equal(archive_end(archive, archive_put_case(archive, &in)), STATUS_OK);
}

static void
a_copy_of_a_case_that_lives_on_is_forgotten(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_case("one", urgency_normal, 1, id);
	leave_copy(id);
	assert_true(is_archived(id));
	assert_int_equal(ALL->status, STATUS_OK);
	assert_false(is_archived(id));
	assert_true(is_in_redis(id));
}

static void
a_round_that_was_cut_off_is_done_again(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", id);
	leave_copy(id);
	assert_int_equal(ALL->cases, 1);
	assert_false(is_in_redis(id));
	assert_true(is_archived(id));
}

static void
while_another_process_writes_nothing_is_removed(void **state)
{
	struct archive *other;
	char id[ID_CASE_BYTES + 1], why[256];

	(void)state;
	new_closed_case("one", id);
	assert_int_equal(archive_open(path, &other, why, sizeof why), STATUS_OK);
	assert_int_equal(archive_begin(other), STATUS_OK);
	assert_int_equal(ALL->status, STATUS_BUSY);
	assert_true(is_in_redis(id));
	assert_int_equal(lines_in_redis(), 2);
	assert_int_equal(archive_end(other, STATUS_OK), STATUS_OK);
	archive_close(other);
	assert_int_equal(ALL->status, STATUS_OK);
	assert_false(is_in_redis(id));
}

/* ---- who asks ---- */

static char found[256];

static void
on_id(void *ctx, struct text id)
{
	(void)ctx;
	(void)snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s ",
	    (int)id.length, id.at);
}

static unsigned listed;

static void
on_listed(void *ctx, const struct case_result *result)
{
	(void)ctx;
	assert_int_equal(result->status, STATUS_OK);
	listed++;
}

static const char *
find(const char *kind, const char *blind)
{
	listed = 0;
	found[0] = '\0';
	assert_int_equal(
	    cases_find(fixture.cases, kind, text_of(blind), on_id, on_listed, NULL),
	    STATUS_OK);
	fixture_wait(&listed);
	return found;
}

static void
a_case_in_both_places_is_found_once(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);
	char expected[64];

	(void)state;
	in.phone = LITERAL("100000000000001");
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	(void)snprintf(
	    expected, sizeof expected, "%.*s ", (int)in.case_id.length, in.case_id.at);
	assert_string_equal(find("phone", "100000000000001"), expected);
	(void)text_copy(in.case_id, the.id, sizeof the.id);
	leave_copy(the.id);
	assert_string_equal(find("phone", "100000000000001"), expected);
}

static void
an_archived_case_is_found_by_phone_and_place(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);
	struct case_withdraw over;
	char expected[64];

	(void)state;
	in.phone = LITERAL("100000000000001");
	in.where = LITERAL("100000000000002");
	(void)text_copy(in.case_id, the.id, sizeof the.id);
	(void)snprintf(expected, sizeof expected, "%s ", the.id);
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	over = usual_withdraw(the.id, "w");
	assert_int_equal(do_withdraw(&over)->status, STATUS_OK);
	assert_int_equal(ALL->cases, 1);
	assert_string_equal(find("phone", "100000000000001"), expected);
	assert_string_equal(find("where", "100000000000002"), expected);
	assert_string_equal(find("where", "100000000000001"), "");
	assert_string_equal(redis_ask("EXISTS {c1}:phone:100 {c1}:where:100"), "0");
}

static void
an_intake_is_not_accepted_again_after_its_case_was_removed(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", id);
	assert_int_equal(ALL->cases, 1);
	assert_int_equal(do_accept(&in)->status, STATUS_ARCHIVED);
	assert_false(is_in_redis(id));
	assert_string_equal(counter("case.entered"), "1");
}

static void
a_command_that_was_done_is_known_in_the_archive(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", id);
	assert_int_equal(ALL->cases, 1);
	assert_int_equal(cases_was_archived_with(
	                     fixture.cases, text_of(id), LITERAL("no such command")),
	    STATUS_ABSENT);
	assert_int_equal(
	    cases_was_archived_with(fixture.cases, text_of(id), LITERAL("operator1")),
	    STATUS_OK);
	assert_int_equal(
	    cases_was_archived_with(fixture.cases, LITERAL("none"), LITERAL("w")),
	    STATUS_ABSENT);
}

static char oldest[64];
static unsigned got_oldest;

static void
on_oldest(void *ctx, enum status status, struct text line_id)
{
	(void)ctx;
	assert_int_equal(status, STATUS_OK);
	(void)text_copy(line_id, oldest, sizeof oldest);
	got_oldest++;
}

static void
the_oldest_line_is_known_once_lines_were_removed(void **state)
{
	char id[ID_CASE_BYTES + 1];

	(void)state;
	new_closed_case("one", id);
	got_oldest = 0;
	assert_int_equal(cases_oldest_line(fixture.cases, on_oldest, NULL), STATUS_OK);
	fixture_wait(&got_oldest);
	assert_string_equal(oldest, "");
	assert_int_equal(ALL->cases, 1);
	got_oldest = 0;
	assert_int_equal(cases_oldest_line(fixture.cases, on_oldest, NULL), STATUS_OK);
	fixture_wait(&got_oldest);
	assert_string_equal(oldest,
	    redis_script("return redis.call('XRANGE','{c1}:journal','-','+')[1][1]", ""));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest TESTS[] = {
		TEST(a_closed_case_moves_with_its_lines_and_is_read_as_it_was),
		TEST(a_round_after_the_last_changes_nothing),
		TEST(what_is_young_stays),
		TEST(a_round_takes_so_many_lines_and_the_oldest),
		TEST(an_open_case_stays_and_its_timeline_goes_on_in_the_archive),
		TEST(what_waits_to_be_told_keeps_its_case),
		TEST(a_case_that_changed_since_it_was_read_stays),
		TEST(a_case_that_was_opened_again_stays),
		TEST(removing_once_more_counts_nothing),
		TEST(a_copy_of_a_case_that_lives_on_is_forgotten),
		TEST(a_round_that_was_cut_off_is_done_again),
		TEST(while_another_process_writes_nothing_is_removed),
		TEST(a_case_in_both_places_is_found_once),
		TEST(an_archived_case_is_found_by_phone_and_place),
		TEST(an_intake_is_not_accepted_again_after_its_case_was_removed),
		TEST(a_command_that_was_done_is_known_in_the_archive),
		TEST(the_oldest_line_is_known_once_lines_were_removed),
	};

	return cmocka_run_group_tests(TESTS, cases_fixture_start, cases_fixture_end);
}
