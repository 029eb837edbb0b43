/* SPDX-License-Identifier: Apache-2.0
 * No agency gets more than its limits allow, however many offers are made at once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/cases_fixture.h"

#define CASES 12

static struct {
	char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];
} cases[CASES];

static int
some_cases(void **state)
{
	char name[16];

	(void)cases_fixture_empty(state);
	for (unsigned i = 0; i < CASES; i++) {
		(void)snprintf(name, sizeof name, "case%u", i);
		new_case(name, urgency_normal, 1, cases[i].id);
		id_need(text_of(cases[i].id), 1, cases[i].need);
	}
	return 0;
}

/* Offers a case's need to one service of one agency. */
static struct case_offer
offer_of(unsigned i, const char *limits)
{
	static struct case_candidate candidates[CASES];
	struct case_offer in = usual_offer(cases[i].need, 1, "c1", 1);

	candidates[i] = in.candidates[0];
	candidates[i].limits = text_of(limits);
	in.candidates = &candidates[i];
	return in;
}

static bool
is_offered(unsigned i, const char *limits)
{
	struct case_offer in = offer_of(i, limits);
	const struct case_result *result = do_offer(&in);

	assert_int_equal(result->status, STATUS_OK);
	return result->offered_count > 0;
}

static void
an_agency_at_its_limit_gets_no_more_and_the_need_waits(void **state)
{
	struct case_offer in = offer_of(2, "2 0 6 0 0");
	const struct case_result *result;

	(void)state;
	assert_true(is_offered(0, "2 0 6 0 0"));
	assert_true(is_offered(1, "2 0 6 0 0"));
	result = do_offer(&in);
	assert_int_equal(result->offered_count, 0);
	assert_int_equal(result->reason, reason_at_limit);
	assert_int_equal(result->loads_count, 1);
	assert_int_equal(result->loads[0].candidate, 0);
	assert_int_equal(result->loads[0].open, 2);
	assert_string_equal(where_is("match", cases[2].need), "delayed");
	assert_true(is_offered(3, "3 0 6 0 0"));
	assert_true(is_offered(4, ""));
	assert_whole();
}

static void
the_next_candidate_gets_what_an_agency_at_its_limit_cannot(void **state)
{
	struct case_offer in = usual_offer(cases[1].need, 1, "c1", 2);
	struct case_candidate candidates[2] = { in.candidates[0], in.candidates[1] };
	const struct case_result *result;

	(void)state;
	assert_true(is_offered(0, "1 0 6 0 0"));
	candidates[0].limits = candidates[1].limits = LITERAL("1 0 6 0 0");
	in.candidates = candidates;
	result = do_offer(&in);
	assert_int_equal(result->offered[0].position, 1);
	assert_int_equal(result->loads_count, 2);
	assert_int_equal(result->loads[0].open, 1);
	assert_int_equal(result->loads[1].candidate, 1);
	assert_int_equal(result->loads[1].open, 0);
	assert_whole();
}

/* By whatever closes one, whether it frees a place or not, at whichever of its services. */
static void
who_waits_for_a_limit_is_looked_at_when_one_is_closed(void **state)
{
	static const struct {
		const char *first, *then;
	} WAYS[] = { { "decline", NULL }, { "cancel", NULL }, { "accept", "complete" },
		{ "accept", "return" } };

	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
		struct case_offer in;
		struct case_candidate candidate;
		struct case_answer answer;
		char referral[ID_ITEM_MAX];

		(void)some_cases(state);
		in = offer_of(0, "1 0 6 0 0");
		(void)snprintf(
		    referral, sizeof referral, "%.*s-1", (int)in.need.length, in.need.at);
		assert_true(is_offered(0, "1 0 6 0 0"));
		in = offer_of(1, "1 0 6 0 0");
		candidate = in.candidates[0];
		candidate.service = LITERAL("another service");
		in.candidates = &candidate;
		assert_int_equal(do_offer(&in)->reason, reason_at_limit);
		assert_string_equal(redis_ask("SCARD {c1}:limited:agency1"), "1");
		answer = usual_answer(referral, WAYS[i].first, "first");
		assert_int_equal(do_answer(&answer)->status, STATUS_OK);
		if (WAYS[i].then != NULL) {
			assert_string_equal(redis_ask("SCARD {c1}:limited:agency1"), "1");
			answer = usual_answer(referral, WAYS[i].then, "then");
			answer.reason = reason_helped;
			assert_int_equal(do_answer(&answer)->status, STATUS_OK);
		}
		assert_string_equal(redis_ask("EXISTS {c1}:limited:agency1"), "0");
		assert_in_range(
		    strtoll(redis_ask("ZSCORE {c1}:match:delayed %s", cases[1].need),
		        NULL, 10),
		    1, clock_wall_ms());
		assert_whole();
	}
}

/* A place that is free there would not help it. */
static void
who_waits_for_a_limit_does_not_wait_for_a_place_there(void **state)
{
	struct case_offer in = offer_of(1, "1 0 6 0 0");

	(void)state;
	assert_true(is_offered(0, "1 0 6 0 0"));
	assert_int_equal(do_offer(&in)->reason, reason_at_limit);
	assert_string_equal(redis_ask("EXISTS {c1}:waiting:service1"), "0");
}

static unsigned came_count, offered_count;

static void
on_one(void *ctx, const struct case_result *result)
{
	(void)ctx;
	came_count++;
	offered_count += result->offered_count > 0;
}

static void
offers_of_one_moment_do_not_pass_the_limit_together(void **state)
{
	(void)state;
	came_count = offered_count = 0;
	for (unsigned i = 0; i < CASES; i++) {
		struct case_offer in = offer_of(i, "5 0 6 0 0");

		assert_int_equal(
		    cases_offer(fixture.cases, &in, on_one, NULL), STATUS_OK);
	}
	WAIT_UNTIL(came_count == CASES);
	assert_int_equal(offered_count, 5);
	assert_string_equal(redis_ask("ZCARD {c1}:inbox:agency1"), "5");
	assert_whole();
}

static void
new_ones_of_one_moment_do_not_pass_their_limit_together(void **state)
{
	(void)state;
	came_count = offered_count = 0;
	for (unsigned i = 0; i < CASES; i++) {
		struct case_offer in = offer_of(i, "0 3 6 1000000 0");

		assert_int_equal(
		    cases_offer(fixture.cases, &in, on_one, NULL), STATUS_OK);
	}
	WAIT_UNTIL(came_count == CASES);
	assert_int_equal(offered_count, 3);
	assert_whole();
}

static void
an_agency_with_more_open_ones_may_get_more_new_ones(void **state)
{
	char member[8];

	(void)state;
	assert_true(is_offered(0, "0 1 6 100000 0"));
	assert_false(is_offered(1, "0 1 6 100000 0"));
	for (unsigned i = 0; i < 11; i++) { /* of last year */
		(void)snprintf(member, sizeof member, "old%u", i);
		assert_string_equal(
		    redis_ask("ZADD {c1}:inbox:agency1 1 %s", member), "1");
	}
	assert_true(is_offered(2, "0 1 6 100000 0"));  /* the second of 12 */
	assert_false(is_offered(3, "0 1 6 100000 0")); /* 13 open allow no third */
}

static void
a_share_of_the_places_is_kept_from_who_is_in_no_emergency(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "10", 1000), "ok");
	(void)redis_ask("HSET {c1}:place:service1 maximum 10");
	for (unsigned i = 0; i < 7; i++)
		assert_true(is_offered(i, "0 0 6 0 0.3"));
	assert_false(is_offered(7, "0 0 6 0 0.3"));
	for (unsigned i = 8; i < 11; i++)
		assert_true(is_offered(i, "0 0 6 0 0"));
	assert_false(is_offered(11, "0 0 6 0 0"));
	assert_whole();
}

static void
of_a_few_places_none_is_kept(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "3", 1000), "ok");
	(void)redis_ask("HSET {c1}:place:service1 maximum 3");
	for (unsigned i = 0; i < 3; i++)
		assert_true(is_offered(i, "0 0 6 0 0.3"));
	assert_false(is_offered(3, "0 0 6 0 0"));
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, some_cases)
	const struct CMUnitTest tests[] = {
		TEST(an_agency_at_its_limit_gets_no_more_and_the_need_waits),
		TEST(the_next_candidate_gets_what_an_agency_at_its_limit_cannot),
		TEST(who_waits_for_a_limit_is_looked_at_when_one_is_closed),
		TEST(who_waits_for_a_limit_does_not_wait_for_a_place_there),
		TEST(offers_of_one_moment_do_not_pass_the_limit_together),
		TEST(new_ones_of_one_moment_do_not_pass_their_limit_together),
		TEST(an_agency_with_more_open_ones_may_get_more_new_ones),
		TEST(a_share_of_the_places_is_kept_from_who_is_in_no_emergency),
		TEST(of_a_few_places_none_is_kept),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
