/* SPDX-License-Identifier: Apache-2.0
 * An offer is over: who is told of it, and what else they were to be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_telling_fixture.h"

static void
who_never_heard_of_an_offer_is_not_told_that_it_is_over(void **state)
{
	(void)state;
	answer("cancel", role_operator);
	assert_string_equal(tellings(), "");
	assert_string_equal(where_is("notify", referral), "");
	assert_whole();
}

static void
nor_is_reminded_of_it(void **state)
{
	(void)state;
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	answer("cancel", role_operator);
	assert_string_equal(tellings(), "");
	assert_string_equal(where_is("notify", referral), "");
	assert_whole();
}

static void
an_offer_that_may_just_be_going_out_is_recalled(void **state)
{
	struct case_nack nack;

	(void)state;
	claim_telling("offer", 0);
	answer("cancel", role_operator);
	assert_string_equal(tellings(), "recall");
	/* the worker that has the offer under way comes too late with all it can say */
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_DUP);
	assert_int_equal(do_extend(stage_notify, referral, 1, LEASE_MS)->count, 0);
	claim_telling("recall", 0);
	assert_int_equal(claimed[0].work.attempt, 2);
	nack = usual_nack(stage_notify, referral, 1);
	assert_int_equal(do_nack(&nack)->status, STATUS_STALE);
	assert_int_equal(do_extend(stage_notify, referral, 1, LEASE_MS)->count, 0);
	assert_int_equal(do_told(referral, 0, "recall", true)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "cancelled");
	assert_whole();
}

static void
who_was_told_is_told_that_it_is_over(void **state)
{
	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	answer("decline", role_coordinator);
	assert_string_equal(tellings(), "recall");
	claim_telling("recall", 1);
	assert_whole();
}

static void
who_said_so_itself_is_not_told(void **state)
{
	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	answer("decline", role_agency);
	assert_string_equal(tellings(), "");
	assert_whole();
}

/* The same case and referral, offered anew to an agency without a webhook. */
static void
told_by_the_inbox(void)
{
	redis_begin();
	inbox_alone("agency1");
	new_case("one", urgency_normal, 1, id);
	new_referral(id, referral);
	assert_string_equal(field_of(id, "r1-1.state"), "sent");
}

static void
who_found_it_in_the_inbox_is_told_once_that_it_is_over(void **state)
{
	(void)state;
	told_by_the_inbox();
	answer("cancel", role_operator);
	assert_string_equal(tellings(), "recall");
	claim_telling("recall", 1);
	assert_int_equal(do_told(referral, 1, "recall", false)->status, STATUS_OK);
	assert_string_equal(tellings(), "");
	assert_string_equal(where_is("notify", referral), "");
	assert_int_equal(do_queues()->stages[1].entered, 1);
	assert_int_equal(do_queues()->stages[1].left, 1);
	assert_whole();
}

static void
so_it_is_when_its_case_is_withdrawn(void **state)
{
	struct case_withdraw in;

	(void)state;
	told_by_the_inbox();
	in = usual_withdraw(id, "w1");
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
	assert_string_equal(tellings(), "recall");
	claim_telling("recall", 1);
	assert_whole();
}

static void
so_it_is_when_its_time_is_over_after_a_reminder(void **state)
{
	(void)state;
	told_by_the_inbox();
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	claim_telling("remind", 1);
	assert_int_equal(do_told(referral, 1, "remind", false)->status, STATUS_OK);
	assert_int_equal(do_clock(referral, 1, "expire", "", 0)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "expired");
	claim_telling("recall", 2);
	assert_whole();
}

static void
who_declines_what_it_found_in_the_inbox_is_told_nothing(void **state)
{
	(void)state;
	told_by_the_inbox();
	answer("decline", role_agency);
	assert_string_equal(tellings(), "");
	assert_int_equal(do_queues()->stages[1].entered, 0);
	assert_whole();
}

static void
the_second_recall_is_not_taken_for_the_first(void **state)
{
	struct case_answer cancel = usual_answer(referral, "cancel", "again");
	char *before;

	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	answer("cancel", role_operator);
	assert_int_equal(do_told(referral, 1, "recall", true)->status, STATUS_OK);
	answer("reopen", role_supervisor);
	assert_int_equal(do_answer(&cancel)->status, STATUS_OK);
	assert_string_equal(tellings(), "recall");
	before = redis_dump();
	assert_int_equal(do_told(referral, 1, "recall", true)->status, STATUS_DUP);
	assert_unchanged(before);
	assert_int_equal(do_told(referral, 2, "recall", true)->status, STATUS_OK);
}

static void
nobody_is_reminded_of_what_is_over(void **state)
{
	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	answer("decline", role_agency);
	assert_string_equal(tellings(), "");
	assert_string_equal(where_is("notify", referral), "");
	assert_whole();
}

static void
an_agency_that_accepted_is_told_when_it_is_cancelled(void **state)
{
	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	answer("accept", role_agency);
	assert_string_equal(tellings(), "");
	answer("cancel", role_operator);
	assert_string_equal(field_of(id, "r1-1.state"), "cancel_requested");
	assert_string_equal(tellings(), "recall");
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, one_referral)
	const struct CMUnitTest tests[] = {
		TEST(who_never_heard_of_an_offer_is_not_told_that_it_is_over),
		TEST(nor_is_reminded_of_it),
		TEST(an_offer_that_may_just_be_going_out_is_recalled),
		TEST(who_was_told_is_told_that_it_is_over),
		TEST(who_said_so_itself_is_not_told),
		TEST(who_found_it_in_the_inbox_is_told_once_that_it_is_over),
		TEST(so_it_is_when_its_case_is_withdrawn),
		TEST(so_it_is_when_its_time_is_over_after_a_reminder),
		TEST(who_declines_what_it_found_in_the_inbox_is_told_nothing),
		TEST(the_second_recall_is_not_taken_for_the_first),
		TEST(nobody_is_reminded_of_what_is_over),
		TEST(an_agency_that_accepted_is_told_when_it_is_cancelled),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
