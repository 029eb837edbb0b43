/* SPDX-License-Identifier: Apache-2.0
 * Agencies are told and reminded, and clocks run out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_telling_fixture.h"

/* ---- told ---- */

static void
work_says_who_is_to_be_told_of_what(void **state)
{
	(void)state;
	claim_telling("offer", 0);
	assert_text(claimed[0].work.service, "service1");
	assert_text(claimed[0].work.agency, "agency1");
	assert_text(claimed[0].work.state, "queued");
	assert_text(claimed[0].work.term, "food");
	assert_int_equal(claimed[0].work.stage, stage_notify);
	assert_int_equal(claimed[0].work.urgency, urgency_normal);
	assert_int_equal(claimed[0].work.attempt, 1);
	assert_int_equal(claimed[0].work.failures, 0);
	assert_int_equal(
	    claimed[0].work.accepted_at, strtoll(field_of(id, "at"), NULL, 10));
}

static void
what_was_handed_on_is_sent(void **state)
{
	const struct case_result *result;

	(void)state;
	claim_telling("offer", 0);
	result = do_told(referral, 0, "offer", false);
	assert_int_equal(result->status, STATUS_OK);
	assert_false(result->is_more);
	assert_string_equal(field_of(id, "r1-1.state"), "sent");
	assert_string_equal(field_of(id, "r1-1.told"), "1");
	assert_string_equal(tellings(), "");
	assert_string_equal(where_is("notify", referral), "");
	assert_int_equal(do_queues()->stages[1].left, 1);
	assert_whole();
}

static void
what_was_received_is_delivered(void **state)
{
	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "delivered");
	assert_string_equal(field_of(id, "r1-1.version"), "3");
	assert_whole();
}

static void
telling_the_same_again_counts_once(void **state)
{
	char *before;

	(void)state;
	claim_telling("offer", 0);
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_DUP);
	assert_int_equal(do_told(referral, 1, "offer", true)->status, STATUS_DUP);
	assert_int_equal(do_told(referral, 0, "recall", true)->status, STATUS_DUP);
	assert_unchanged(before);
}

static void
what_is_not_there_cannot_be_told(void **state)
{
	char *before = redis_dump();

	(void)state;
	assert_int_equal(
	    do_told("01234567890123456789012345-1-1", 0, "offer", true)->status,
	    STATUS_ABSENT);
	assert_int_equal(
	    do_clock("none", 0, "remind", "expire", 1)->status, STATUS_ABSENT);
	referral[strlen(referral) - 1] = '2';
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_ABSENT);
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 1)->status, STATUS_ABSENT);
	assert_unchanged(before);
}

static void
an_offer_told_late_does_not_undo_an_answer(void **state)
{
	(void)state;
	claim_telling("offer", 0);
	answer("accept", role_operator);
	assert_string_equal(tellings(), "offer");
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "accepted");
	assert_whole();
}

/* ---- clocks ---- */

static void
a_reminder_is_told_and_the_next_clock_waits(void **state)
{
	const struct case_result *result;

	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, LEASE_MS), 1);
	assert_text(claimed[0].work.purpose, "remind");
	assert_int_equal(claimed[0].work.version, 0);
	result = do_clock(referral, 0, "remind", "expire", 5000000);
	assert_int_equal(result->status, STATUS_OK);
	assert_false(result->is_more);
	assert_string_equal(field_of(id, "r1-1.next"), "expire");
	assert_string_equal(field_of(id, "r1-1.step"), "1");
	assert_string_equal(tellings(), "remind");
	assert_string_equal(where_is("clock", referral), "delayed");
	assert_int_equal(
	    strtoll(redis_ask("ZSCORE {c1}:clock:delayed %s", referral), NULL, 10),
	    strtoll(field_of(id, "at"), NULL, 10) +
	        strtoll(field_of(id, "r1-1.offered_at"), NULL, 10) + 5000000);
	claim_telling("remind", 1);
	assert_int_equal(do_told(referral, 1, "remind", true)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "delivered");
	assert_int_equal(do_queues()->stages[1].entered, 2);
	assert_int_equal(do_queues()->stages[1].left, 2);
	assert_whole();
}

static void
the_same_clock_again_changes_nothing(void **state)
{
	char *before;

	(void)state;
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_DUP);
	assert_int_equal(
	    do_clock(referral, 1, "remind", "expire", 5000000)->status, STATUS_DUP);
	assert_int_equal(do_clock(referral, 0, "expire", "", 0)->status, STATUS_DUP);
	assert_unchanged(before);
}

static void
the_last_clock_ends_the_offer_and_the_need_is_matched_again(void **state)
{
	const struct case_result *result;

	(void)state;
	assert_int_equal(do_told(referral, 0, "offer", true)->status, STATUS_OK);
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, LEASE_MS), 1);
	assert_text(claimed[0].work.purpose, "expire");
	assert_int_equal(claimed[0].work.version, 1);
	result = do_clock(referral, 1, "expire", "", 0);
	assert_int_equal(result->status, STATUS_OK);
	assert_true(result->is_more);
	assert_string_equal(field_of(id, "r1-1.state"), "expired");
	assert_string_equal(field_of(id, "r1-1.reason"), "not_answered");
	assert_string_equal(field_of(id, "n1.state"), "matching");
	assert_string_equal(field_of(id, "n1.reason"), "not_answered");
	assert_string_equal(where_is("clock", referral), "");
	assert_string_equal(where_is("match", need), "ready:normal");
	assert_string_equal(redis_ask("HGET {c1}:place:service1 held"), "0");
	assert_string_equal(redis_ask("ZCARD {c1}:inbox:agency1"), "0");
	assert_string_equal(tellings(), "recall");
	assert_int_equal(do_clock(referral, 1, "expire", "", 0)->status, STATUS_DUP);
	assert_whole();
}

static void
an_answer_stops_the_clock_under_the_hands_of_a_worker(void **state)
{
	char *before;

	(void)state;
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, LEASE_MS), 1);
	answer("accept", role_agency);
	assert_string_equal(where_is("clock", referral), "");
	before = redis_dump();
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_DUP);
	assert_unchanged(before);
	assert_whole();
}

static void
tellings_go_out_in_order_one_at_a_time(void **state)
{
	const struct case_result *result;

	(void)state;
	assert_int_equal(
	    do_clock(referral, 0, "remind", "escalate", 5000000)->status, STATUS_OK);
	assert_int_equal(
	    do_clock(referral, 1, "escalate", "expire", 6000000)->status, STATUS_OK);
	assert_string_equal(tellings(), "offer,remind,escalate");
	claim_telling("offer", 0);
	result = do_told(referral, 0, "offer", false);
	assert_true(result->is_more);
	claim_telling("remind", 1);
	assert_int_equal(claimed[0].work.failures, 0);
	assert_true(do_told(referral, 1, "remind", false)->is_more);
	claim_telling("escalate", 2);
	assert_false(do_told(referral, 2, "escalate", false)->is_more);
	assert_int_equal(do_queues()->stages[1].entered, 1);
	assert_int_equal(do_queues()->stages[1].left, 1);
	assert_whole();
}

static void
who_was_late_with_one_telling_does_not_give_back_the_next(void **state)
{
	const struct case_nack late = usual_nack(stage_notify, referral, 1);
	char *before;

	(void)state;
	claim_telling("offer", 0);
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	assert_true(do_told(referral, 0, "offer", true)->is_more);
	claim_telling("remind", 1);
	before = redis_dump();
	assert_int_equal(do_nack(&late)->status, STATUS_STALE);
	assert_int_equal(do_extend(stage_notify, referral, 1, 9 * LEASE_MS)->count, 0);
	assert_unchanged(before);
	assert_int_equal(do_extend(stage_notify, referral, 2, LEASE_MS)->count, 1);
}

static void
who_was_late_with_one_clock_does_not_give_back_the_next(void **state)
{
	const struct case_nack late = usual_nack(stage_clock, referral, 1);
	char *before;

	(void)state;
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, LEASE_MS), 1);
	assert_int_equal(do_clock(referral, 0, "remind", "expire", 1)->status, STATUS_OK);
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, LEASE_MS), 1);
	before = redis_dump();
	assert_int_equal(do_nack(&late)->status, STATUS_STALE);
	assert_unchanged(before);
	assert_int_equal(do_extend(stage_clock, referral, 2, LEASE_MS)->count, 1);
}

static void
a_dead_telling_is_tried_again_with_the_next_clock(void **state)
{
	struct case_nack nack;

	(void)state;
	claim_telling("offer", 0);
	nack = usual_nack(stage_notify, referral, 1);
	nack.kind = NACK_DEAD;
	assert_true(do_nack(&nack)->is_dead);
	assert_int_equal(
	    do_clock(referral, 0, "remind", "expire", 5000000)->status, STATUS_OK);
	assert_string_equal(where_is("notify", referral), "ready:normal");
	claim_telling("offer", 0);
	assert_int_equal(claimed[0].work.failures, 0);
	assert_int_equal(do_nack(&nack)->status, STATUS_STALE); /* a lease of before */
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, one_referral)
	const struct CMUnitTest tests[] = {
		TEST(work_says_who_is_to_be_told_of_what),
		TEST(what_was_handed_on_is_sent),
		TEST(what_was_received_is_delivered),
		TEST(telling_the_same_again_counts_once),
		TEST(what_is_not_there_cannot_be_told),
		TEST(an_offer_told_late_does_not_undo_an_answer),
		TEST(a_reminder_is_told_and_the_next_clock_waits),
		TEST(the_same_clock_again_changes_nothing),
		TEST(the_last_clock_ends_the_offer_and_the_need_is_matched_again),
		TEST(an_answer_stops_the_clock_under_the_hands_of_a_worker),
		TEST(tellings_go_out_in_order_one_at_a_time),
		TEST(who_was_late_with_one_telling_does_not_give_back_the_next),
		TEST(who_was_late_with_one_clock_does_not_give_back_the_next),
		TEST(a_dead_telling_is_tried_again_with_the_next_clock),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
