/* SPDX-License-Identifier: Apache-2.0
 * Transitions that are asked for in one moment are one call of Redis, and each is as if alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/cases_fixture.h"

#define CASES 40

struct came {
	unsigned times;
	enum status status;
	uint32_t version;
	char referral[ID_ITEM_MAX];
};

static void
on_came(void *ctx, const struct case_result *result)
{
	struct came *came = ctx;

	came->times++;
	came->status = result->status;
	came->version = result->version;
	(void)text_copy(
	    result->offered[0].referral, came->referral, sizeof came->referral);
}

static void
wait_for(const struct came *came, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		WAIT_UNTIL(came[i].times > 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(came[i].times, 1);
}

/* Calls of functions since the fixture began. */
static long
calls(void)
{
	return strtol(
	    redis_script("local stats = redis.call('INFO', 'commandstats') "
	                 "return string.match(stats, 'fcall:calls=(%d+)') or '0'",
	        ""),
	    NULL, 10);
}

static void
accept_some(struct came *came, const char *name, unsigned needs)
{
	struct case_accept in = usual_accept(name, urgency_normal, needs);

	assert_int_equal(cases_accept(fixture.cases, &in, on_came, came), STATUS_OK);
}

static void
intakes_of_one_moment_are_each_as_if_alone(void **state)
{
	struct came came[CASES + 3] = { { 0 } };
	struct case_accept in;
	char name[16];
	long before;

	(void)state;
	accept_some(&came[0], "known", 1);
	wait_for(came, 1);
	came[0] = (struct came){ 0 };
	before = calls();
	for (unsigned i = 0; i < CASES; i++) {
		(void)snprintf(name, sizeof name, "case%u", i);
		accept_some(&came[i], name, i % 3 + 1);
	}
	accept_some(&came[CASES], "case7", 2); /* the same again, in the same call */
	accept_some(&came[CASES + 1], "known", 1);
	in = usual_accept("known", urgency_normal, 1);
	in.digest = LITERAL("another");
	assert_int_equal(
	    cases_accept(fixture.cases, &in, on_came, &came[CASES + 2]), STATUS_OK);
	wait_for(came, CASES + 3);
	assert_int_equal(calls() - before, 2);
	for (unsigned i = 0; i < CASES; i++) {
		assert_int_equal(came[i].status, STATUS_OK);
		assert_int_equal(came[i].version, 1);
	}
	assert_int_equal(came[CASES].status, STATUS_DUP);
	assert_int_equal(came[CASES + 1].status, STATUS_DUP);
	assert_int_equal(came[CASES + 2].status, STATUS_KEY_REUSED);
	assert_int_equal(do_queues()->cases_entered, CASES + 1);
	assert_int_equal(do_queues()->stages[0].entered, 1 + 13 * 6 + 1);
	assert_whole();
}

static void
an_intake_that_comes_twice_in_one_call_is_one_case(void **state)
{
	struct came came[2] = { { 0 } };
	long before = calls();

	(void)state;
	accept_some(&came[0], "one", 1);
	accept_some(&came[1], "one", 1);
	wait_for(came, 2);
	assert_int_equal(calls() - before, 1);
	assert_int_equal(came[0].status, STATUS_OK);
	assert_int_equal(came[1].status, STATUS_DUP);
	assert_int_equal(do_queues()->cases_entered, 1);
	assert_whole();
}

/* Their needs 1 are offered to the one place that service1 has. */
static void
offer_all(char ids[][ID_CASE_BYTES + 1], struct came *came, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char need[ID_ITEM_MAX], commit[16];
		struct case_offer in;

		id_need(text_of(ids[i]), 1, need);
		(void)snprintf(commit, sizeof commit, "commit%u", i);
		in = usual_offer(need, 1, commit, 1);
		assert_int_equal(
		    cases_offer(fixture.cases, &in, on_came, &came[i]), STATUS_OK);
	}
}

static void
offers_of_one_moment_do_not_share_a_place(void **state)
{
	char ids[5][ID_CASE_BYTES + 1], name[16];
	struct came came[5] = { { 0 } };
	unsigned offered = 0;

	(void)state;
	assert_string_equal(do_capacity("service1", "2", 1000), "ok");
	for (unsigned i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof name, "case%u", i);
		new_case(name, urgency_normal, 1, ids[i]);
	}
	offer_all(ids, came, 5);
	wait_for(came, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(came[i].status, STATUS_OK);
		offered += came[i].referral[0] != '\0';
	}
	assert_int_equal(offered, 2);
	assert_string_equal(redis_ask("HGET {c1}:place:service1 held"), "2");
	assert_whole();
}

static void
ask_offer(struct came *came, const char *case_id, const char *commit,
    const struct case_candidate *candidate)
{
	char need[ID_ITEM_MAX];
	struct case_offer in;

	id_need(text_of(case_id), 1, need);
	in = usual_offer(need, 1, commit, 1);
	if (candidate != NULL)
		in.candidates = candidate;
	assert_int_equal(cases_offer(fixture.cases, &in, on_came, came), STATUS_OK);
}

static void
offers_of_one_moment_take_each_need_from_where_it_waits(void **state)
{
	char ids[5][ID_CASE_BYTES + 1], name[16], need[ID_ITEM_MAX];
	struct came came[6] = { { 0 } };

	(void)state;
	assert_string_equal(do_capacity("service1", "3", 1000), "ok");
	for (unsigned i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof name, "case%u", i);
		if (i == 3)
			assert_int_equal(do_claim(stage_match, 3, LEASE_MS), 3);
		new_case(name, urgency_normal, 1, ids[i]);
	}
	redis_ask("ZREM {c1}:match:ready:normal %s-1", ids[4]);
	redis_ask("ZADD {c1}:match:leased 1 %s-1", ids[4]);
	for (unsigned i = 0; i < 5;
	     i++) /* leased, leased, leased, ready; leased, and no place */
		ask_offer(&came[i], ids[i], name, NULL);
	ask_offer(&came[5], ids[1], "another", NULL);
	wait_for(came, 6);
	for (unsigned i = 0; i < 5; i++) {
		id_need(text_of(ids[i]), 1, need);
		assert_int_equal(came[i].status, STATUS_OK);
		assert_string_equal(
		    field_of(ids[i], "n1.state"), i < 3 ? "offered" : "parked");
		assert_string_equal(where_is("match", need), i < 3 ? "" : "delayed");
	}
	assert_int_equal(came[5].status, STATUS_STALE);
	assert_int_equal(do_queues()->stages[0].left, 3);
	assert_whole();
}

static void
offers_of_one_moment_are_told_as_their_agencies_want(void **state)
{
	static const struct case_candidate WITHOUT = { { "service2", 8 },
		{ "agency2", 7 }, { "why2", 4 }, NAN, { NULL, 0 } };
	char ids[3][ID_CASE_BYTES + 1];
	struct came came[3] = { { 0 } };

	(void)state;
	inbox_alone("agency2");
	new_case("one", urgency_normal, 1, ids[0]);
	new_case("two", urgency_normal, 1, ids[1]);
	new_case("three", urgency_normal, 1, ids[2]);
	ask_offer(&came[0], ids[0], "commit", NULL);
	ask_offer(&came[1], ids[1], "commit", &WITHOUT);
	ask_offer(&came[2], ids[2], "commit", NULL);
	wait_for(came, 3);
	assert_string_equal(field_of(ids[0], "r1-1.state"), "queued");
	assert_string_equal(field_of(ids[1], "r1-1.state"), "sent");
	assert_string_equal(field_of(ids[2], "r1-1.state"), "queued");
	assert_int_equal(do_queues()->stages[stage_notify - stage_match].entered, 2);
	assert_whole();
}

static void
one_that_fails_changes_nothing_about_the_others(void **state)
{
	char ids[3][ID_CASE_BYTES + 1], key[64];
	struct came came[3] = { { 0 } };

	(void)state;
	new_case("one", urgency_normal, 1, ids[0]);
	new_case("two", urgency_normal, 1, ids[1]);
	new_case("three", urgency_normal, 1, ids[2]);
	(void)snprintf(key, sizeof key, "{c1}:case:%s", ids[1]);
	redis_ask("RENAME %s aside", key);
	redis_ask("SET %s text", key);
	offer_all(ids, came, 3);
	wait_for(came, 3);
	assert_int_equal(came[0].status, STATUS_OK);
	assert_int_equal(came[1].status, STATUS_INTERNAL);
	assert_int_equal(came[2].status, STATUS_OK);
	assert_string_equal(field_of(ids[2], "n1.state"), "offered");
	redis_ask("RENAME aside %s", key);
	assert_string_equal(field_of(ids[1], "n1.state"), "received");
	assert_whole();
	/* The next call has books of its own. */
	assert_int_equal(do_queues()->stages[0].left, 2);
	new_case("four", urgency_normal, 1, ids[0]);
	assert_int_equal(do_queues()->cases_entered, 4);
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cases_fixture_empty)
	const struct CMUnitTest tests[] = {
		TEST(intakes_of_one_moment_are_each_as_if_alone),
		TEST(an_intake_that_comes_twice_in_one_call_is_one_case),
		TEST(offers_of_one_moment_do_not_share_a_place),
		TEST(offers_of_one_moment_take_each_need_from_where_it_waits),
		TEST(offers_of_one_moment_are_told_as_their_agencies_want),
		TEST(one_that_fails_changes_nothing_about_the_others),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
