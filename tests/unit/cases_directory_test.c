/* SPDX-License-Identifier: Apache-2.0
 * Places of services, who waits for them, and swaps of the directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

static char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];

static const char *
place_of(const char *service, const char *field)
{
	return redis_ask("HGET {c1}:place:%s %s", service, field);
}

/* The fields of the newest line of {c1}:changes. */
static const char *
newest_change(void)
{
	return redis_script(
	    "local e = redis.call('XREVRANGE', '{c1}:changes', '+', '-', 'COUNT', 1)[1]\n"
	    "return e and table.concat(e[2], ' ') or ''\n",
	    "");
}

/* A case whose need is parked since service1, and service2 where two are named, is full. */
static void
park_for(const char *name, unsigned candidates)
{
	struct case_offer in;

	new_case(name, urgency_normal, 1, id);
	id_need(text_of(id), 1, need);
	in = usual_offer(need, 1, name, candidates);
	assert_int_equal(do_offer(&in)->reason, reason_no_capacity);
}

/* ---- capacity ---- */

static void
a_report_is_kept_and_told(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "4", 1000), "ok");
	assert_string_equal(place_of("service1", "available"), "4");
	assert_string_equal(place_of("service1", "maximum"), "10");
	assert_string_equal(place_of("service1", "reported_at"), "1000");
	assert_string_equal(newest_change(),
	    "kind capacity subject service1 available 4 held 0 reported_at 1000");
	assert_string_equal(do_capacity("service1", "2.7", 2000), "ok");
	assert_string_equal(place_of("service1", "available"), "2");
	assert_string_equal(newest_change(),
	    "kind capacity subject service1 available 2 held 0 reported_at 2000");
}

static void
many_reports_are_each_taken_or_not_by_itself(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service2", "7", 5000), "ok");
	assert_string_equal(redis_ask("FCALL hl_capacity 1 {c1} service1 4 10 1000 "
	                              "service2 9 9 5000 service3 2 3 1000"),
	    "ok");
	assert_string_equal(place_of("service1", "available"), "4");
	assert_string_equal(place_of("service2", "available"), "7");
	assert_string_equal(place_of("service2", "maximum"), "10");
	assert_string_equal(place_of("service3", "maximum"), "3");
	assert_string_equal(newest_change(),
	    "kind capacity subject service3 available 2 held 0 reported_at 1000");
	assert_string_equal(redis_ask("FCALL hl_capacity 1 {c1} service1 4 10 1000 "
	                              "service2 9 9 5000"),
	    "dup");
}

static void
an_older_report_or_the_same_changes_nothing(void **state)
{
	char *before;

	(void)state;
	assert_string_equal(do_capacity("service1", "4", 2000), "ok");
	before = redis_dump();
	assert_string_equal(do_capacity("service1", "9", 1000), "dup");
	assert_string_equal(do_capacity("service1", "9", 2000), "dup");
	assert_unchanged(before);
	assert_string_equal(do_capacity("service1", "9", 10000), "ok"); /* not as texts */
	assert_string_equal(place_of("service1", "available"), "9");
}

/* Otherwise who keeps the directory in memory would hold it for full for ever. */
static void
that_a_figure_is_not_known_any_more_is_told(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	assert_string_equal(do_capacity("service1", "", 2000), "ok");
	assert_string_equal(place_of("service1", "available"), "");
	assert_string_equal(newest_change(),
	    "kind capacity subject service1 available  held 0 reported_at 2000");
}

static void
held_places_outlive_a_report(void **state)
{
	char referral[ID_ITEM_MAX];

	(void)state;
	new_case("one", urgency_normal, 1, id);
	new_referral(id, referral);
	assert_string_equal(do_capacity("service1", "1", 1000), "ok");
	assert_string_equal(place_of("service1", "held"), "1");
	park_for("two", 1);
	assert_string_equal(do_capacity("service1", "2", 2000), "ok");
	assert_whole();
}

static void
offers_and_answers_are_told_as_changes(void **state)
{
	char referral[ID_ITEM_MAX];
	struct case_answer in;

	(void)state;
	assert_string_equal(do_capacity("service1", "3", 1000), "ok");
	new_case("one", urgency_normal, 1, id);
	new_referral(id, referral);
	assert_string_equal(
	    newest_change(), "kind capacity subject service1 available 3 held 1");
	in = usual_answer(referral, "accept", "c1");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(
	    newest_change(), "kind capacity subject service1 available 2 held 0");
	in = usual_answer(referral, "return", "c2");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(
	    newest_change(), "kind capacity subject service1 available 3 held 0");
}

/* ---- who waits ---- */

static void
a_report_wakes_who_waits(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	park_for("one", 1);
	assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 0);
	assert_string_equal(do_capacity("service1", "1", 2000), "ok");
	assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 1);
	assert_text(claimed[0].work.item, need);
	assert_string_equal(redis_ask("EXISTS {c1}:waiting:service1"), "0");
	assert_whole();
}

/* By whatever frees a place: the action of the referral that has it. */
static void
a_freed_place_wakes_who_waits(void **state)
{
	static const struct {
		const char *first, *then;
		enum role role;
	} WAYS[] = { { "decline", NULL, role_operator },
		{ "cancel", NULL, role_operator }, { "reroute", NULL, role_operator },
		{ "expire", NULL, role_system }, { "mark_error", NULL, role_operator },
		{ "accept", "return", role_operator },
		{ "accept", "fail", role_operator } };
	struct case_answer in;

	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
		char first[ID_CASE_BYTES + 1], referral[ID_ITEM_MAX];

		(void)cases_fixture_empty(state);
		assert_string_equal(do_capacity("service1", "1", 1000), "ok");
		new_case("first", urgency_normal, 1, first);
		new_referral(first, referral);
		park_for("one", 1);
		in = usual_answer(referral, WAYS[i].first, "c1");
		in.role = WAYS[i].role;
		assert_int_equal(do_answer(&in)->status, STATUS_OK);
		if (WAYS[i].then != NULL) {
			assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 0);
			in = usual_answer(referral, WAYS[i].then, "c2");
			assert_int_equal(do_answer(&in)->status, STATUS_OK);
		}
		/* the one that waited and the one whose offer came to nothing */
		assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 2);
		assert_whole();
	}
}

static void
a_need_waits_for_every_service_that_was_full(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	assert_string_equal(do_capacity("service2", "0", 1000), "ok");
	park_for("one", 2);
	assert_string_equal(do_capacity("service2", "1", 2000), "ok");
	assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 1);
	assert_whole();
}

/* Sixteen at a time; whom it no longer concerns do not stand in the way. */
static void
who_was_served_elsewhere_is_not_woken_in_place_of_others(void **state)
{
	struct case_withdraw in;
	char name[24];

	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "gone %u", i);
		park_for(name, 1);
		in = usual_withdraw(id, "w1");
		assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
	}
	park_for("one", 1);
	assert_string_equal(do_capacity("service1", "1", 2000), "ok");
	assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 1);
	assert_text(claimed[0].work.item, need);
	assert_whole();
}

static void
waking_disturbs_nobody_who_does_not_wait(void **state)
{
	struct case_nack nack;

	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	park_for("one", 1);
	make_due("match:delayed");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	nack = usual_nack(stage_match, need, claimed[0].work.attempt);
	nack.kind = NACK_DEAD;
	assert_true(do_nack(&nack)->is_dead);
	assert_string_equal(do_capacity("service1", "1", 2000), "ok");
	assert_string_equal(where_is("match", need), "dead");
	assert_whole();
}

/* ---- swaps ---- */

static const char *
swap(const char *expected, const char *version)
{
	return redis_ask("FCALL hl_directory_swap 1 {c1} demo %s %s", expected, version);
}

static void
a_new_version_replaces_the_one_that_was_expected(void **state)
{
	char *before;

	(void)state;
	(void)redis_ask("HSET {c1}:service:demo:v1 s1 one");
	(void)redis_ask("EXPIRE {c1}:service:demo:v1 600");
	(void)redis_ask("HSET {c1}:service:demo:v2 s1 two");
	(void)redis_ask("EXPIRE {c1}:service:demo:v2 600");
	assert_string_equal(swap("", "v1"), "ok");
	assert_string_equal(redis_ask("TTL {c1}:service:demo:v1"), "-1");
	assert_string_equal(redis_ask("HGET {c1}:directory demo"), "v1");
	assert_string_equal(newest_change(), "kind swap of services subject demo");
	assert_string_equal(swap("v1", "v2"), "ok");
	assert_string_equal(redis_ask("HGET {c1}:directory demo"), "v2");
	assert_string_equal(redis_ask("EXISTS {c1}:service:demo:v1"), "0");
	assert_string_equal(redis_ask("TTL {c1}:service:demo:v2"), "-1");
	before = redis_dump();
	assert_string_equal(swap("v1", "v2"), "dup");
	assert_string_equal(swap("v1", "v3"), "stale");
	assert_string_equal(swap("", "v1"), "stale");
	assert_unchanged(before);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cases_fixture_empty)
	const struct CMUnitTest tests[] = {
		TEST(a_report_is_kept_and_told),
		TEST(many_reports_are_each_taken_or_not_by_itself),
		TEST(an_older_report_or_the_same_changes_nothing),
		TEST(that_a_figure_is_not_known_any_more_is_told),
		TEST(held_places_outlive_a_report),
		TEST(offers_and_answers_are_told_as_changes),
		TEST(a_report_wakes_who_waits),
		TEST(a_freed_place_wakes_who_waits),
		TEST(a_need_waits_for_every_service_that_was_full),
		TEST(who_was_served_elsewhere_is_not_woken_in_place_of_others),
		TEST(waking_disturbs_nobody_who_does_not_wait),
		TEST(a_new_version_replaces_the_one_that_was_expected),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
