/* SPDX-License-Identifier: Apache-2.0
 * A need that is offered to several agencies at once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

static char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];
static char first[ID_ITEM_MAX], second[ID_ITEM_MAX];

/* One emergency, not yet offered; every agency has a webhook. */
static int
begin(void **state)
{
	(void)cases_fixture_empty(state);
	new_case("one", urgency_emergency, 1, id);
	id_need(text_of(id), 1, need);
	id_referral(text_of(need), 1, first);
	id_referral(text_of(need), 2, second);
	return 0;
}

static const char *
place_of(const char *service, const char *field)
{
	return redis_ask("HGET {c1}:place:%s %s", service, field);
}

/* Offers it to the first two of three candidates. */
static const struct case_result *
offer_to_two(void)
{
	struct case_offer in = usual_offer(need, 1, "c1", 3);

	in.offers_most = 2;
	return do_offer(&in);
}

static void
answer(const char *referral, const char *action, enum reason reason, enum status expected)
{
	static unsigned commands;
	char command[24];
	struct case_answer in;

	(void)snprintf(command, sizeof command, "command%u", commands++);
	in = usual_answer(referral, action, command);
	in.reason = reason;
	assert_int_equal(do_answer(&in)->status, expected);
}

static void
the_first_agencies_with_a_place_are_offered_it_in_one_step(void **state)
{
	const struct case_result *result;

	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	result = offer_to_two();
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->offered_count, 2);
	assert_text(result->offered[0].referral, first);
	assert_int_equal(result->offered[0].position, 1);
	assert_text(result->offered[1].referral, second);
	assert_int_equal(result->offered[1].position, 2);
	assert_string_equal(field_of(id, "r1-1.service"), "service2");
	assert_string_equal(field_of(id, "r1-2.service"), "service3");
	assert_string_equal(field_of(id, "r1-2.why"), "why3");
	assert_string_equal(place_of("service2", "held"), "1");
	assert_string_equal(place_of("service3", "held"), "1");
	assert_string_equal(field_of(id, "n1.version"), "2");
	assert_string_equal(where_is("clock", second), "delayed");
	assert_string_equal(where_is("notify", second), "ready:emergency");
	assert_whole();
}

static void
where_one_agency_alone_has_a_place_it_alone_is_offered_it(void **state)
{
	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	assert_string_equal(do_capacity("service3", "0", 1000), "ok");
	assert_int_equal(offer_to_two()->offered_count, 1);
	assert_string_equal(field_of(id, "n1.parallel"), "");
	answer(first, "decline", reason_full, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "matching");
	assert_whole();
}

static void
two_services_of_one_agency_are_not_offered_it_at_once(void **state)
{
	static const struct case_candidate CANDIDATES[] = {
		{ { "service1", 8 }, { "agency1", 7 }, { "why1", 4 }, NAN, { NULL, 0 } },
		{ { "service4", 8 }, { "agency1", 7 }, { "why4", 4 }, NAN, { NULL, 0 } },
	};
	struct case_offer in = usual_offer(need, 1, "c1", 2);

	(void)state;
	in.offers_most = 2;
	in.candidates = CANDIDATES;
	assert_int_equal(do_offer(&in)->offered_count, 1);
	assert_string_equal(place_of("service4", "held"), "");
	assert_whole();
}

static void
of_several_tellings_one_is_leased(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 3);

	(void)state;
	in.offers_most = 3;
	in.lease_ms = LEASE_MS;
	assert_int_equal(do_offer(&in)->offered_count, 3);
	assert_string_equal(where_is("notify", first), "leased");
	assert_string_equal(where_is("notify", second), "ready:emergency");
	assert_whole();
}

static void
the_first_to_accept_keeps_it_and_the_others_are_recalled(void **state)
{
	(void)state;
	(void)offer_to_two();
	assert_int_equal(do_told(first, 0, "offer", true)->status, STATUS_OK);
	answer(second, "accept", reason_absent, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "in_service");
	assert_string_equal(field_of(id, "r1-2.state"), "accepted");
	assert_string_equal(field_of(id, "r1-1.state"), "cancelled");
	assert_string_equal(field_of(id, "r1-1.reason"), "accepted_elsewhere");
	assert_string_equal(field_of(id, "r1-1.tell"), "recall");
	assert_string_equal(place_of("service1", "held"), "0");
	assert_string_equal(where_is("clock", first), "");
	answer(first, "accept", reason_absent, STATUS_ILLEGAL_MOVE);
	assert_string_equal(field_of(id, "n1.state"), "in_service");
	assert_whole();
}

static void
who_has_not_heard_of_it_yet_never_does(void **state)
{
	(void)state;
	(void)offer_to_two();
	answer(first, "accept", reason_absent, STATUS_OK);
	assert_string_equal(field_of(id, "r1-2.tell"), "");
	assert_string_equal(where_is("notify", second), "");
	assert_whole();
}

static void
one_no_leaves_the_need_with_the_others(void **state)
{
	(void)state;
	(void)offer_to_two();
	answer(first, "decline", reason_full, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "offered");
	assert_string_equal(where_is("match", need), "");
	assert_string_equal(place_of("service1", "held"), "0");
	assert_whole();
	answer(second, "accept", reason_absent, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "in_service");
	assert_whole();
}

static void
the_last_no_has_it_matched_again_without_any_of_them(void **state)
{
	(void)state;
	(void)offer_to_two();
	answer(second, "decline", reason_full, STATUS_OK);
	assert_int_equal(do_clock(first, 0, "remind", "expire", 5)->status, STATUS_OK);
	assert_int_equal(do_clock(first, 1, "expire", "", 0)->status, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "matching");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(claimed[0].work.tried_count, 2);
	assert_whole();
}

static void
an_accepted_one_that_is_given_back_has_it_matched_again(void **state)
{
	(void)state;
	(void)offer_to_two();
	answer(first, "accept", reason_absent, STATUS_OK);
	answer(first, "return", reason_other, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "matching");
	assert_whole();
}

static void
a_need_that_is_withdrawn_takes_all_its_offers_back(void **state)
{
	const struct case_withdraw in = usual_withdraw(id, "w1");

	(void)state;
	(void)offer_to_two();
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "cancelled");
	assert_string_equal(field_of(id, "r1-2.state"), "cancelled");
	assert_string_equal(field_of(id, "open"), "0");
	assert_string_equal(place_of("service2", "held"), "0");
	assert_whole();
}

static void
an_offer_that_is_repeated_is_made_once(void **state)
{
	(void)state;
	(void)offer_to_two();
	assert_int_equal(offer_to_two()->status, STATUS_DUP);
	assert_string_equal(field_of(id, "n1.referrals"), "2");
	assert_string_equal(place_of("service1", "held"), "1");
	assert_whole();
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_agencies_with_a_place_are_offered_it_in_one_step),
		TEST(where_one_agency_alone_has_a_place_it_alone_is_offered_it),
		TEST(two_services_of_one_agency_are_not_offered_it_at_once),
		TEST(of_several_tellings_one_is_leased),
		TEST(the_first_to_accept_keeps_it_and_the_others_are_recalled),
		TEST(who_has_not_heard_of_it_yet_never_does),
		TEST(one_no_leaves_the_need_with_the_others),
		TEST(the_last_no_has_it_matched_again_without_any_of_them),
		TEST(an_accepted_one_that_is_given_back_has_it_matched_again),
		TEST(a_need_that_is_withdrawn_takes_all_its_offers_back),
		TEST(an_offer_that_is_repeated_is_made_once),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
