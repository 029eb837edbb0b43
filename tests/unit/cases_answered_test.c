/* SPDX-License-Identifier: Apache-2.0
 * Answers that are refused or repeated, and what follows from those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

/* ---- refusals ---- */

/* The call is refused so and changes nothing. */
static void
refused(struct case_answer in, enum status status)
{
	char *before = redis_dump();

	assert_int_equal(do_answer(&in)->status, status);
	assert_unchanged(before);
}

static void
what_is_not_there_or_not_theirs_is_absent(void **state)
{
	static const char *const OTHERS[] = { "01234567890123456789012345-1-1", "-", "",
		"nonsense" };
	struct case_answer in;

	(void)state;
	new_referral_in("sent");
	for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
		in = next_answer("accept", role_operator);
		in.referral = text_of(OTHERS[i]);
		refused(in, STATUS_ABSENT);
	}
	in.referral = text_of(the.need);
	refused(in, STATUS_ABSENT);
	in.referral = text_of(the.id);
	refused(in, STATUS_ABSENT);
	in = next_answer("accept", role_agency);
	in.agency = LITERAL("agency2");
	refused(in, STATUS_ABSENT);
	in.agency = TEXT_ABSENT;
	refused(in, STATUS_ABSENT);
	the.referral[strlen(the.referral) - 1] = '2';
	refused(next_answer("accept", role_operator), STATUS_ABSENT);
}

static void
an_older_version_is_stale_after_the_life_cycle_was_asked(void **state)
{
	struct case_answer in;

	(void)state;
	new_referral_in("seen");
	in = next_answer("accept", role_operator);
	in.version = 3;
	assert_int_equal(do_answer(&in)->version, 4);
	in = next_answer("start", role_operator);
	in.version = 3;
	refused(in, STATUS_STALE);
	in.version = 5;
	refused(in, STATUS_STALE);
	in.action = LITERAL("see");
	refused(in, STATUS_ILLEGAL_MOVE);
	in.action = LITERAL("start");
	in.role = role_auditor;
	refused(in, STATUS_FORBIDDEN);
	in.role = role_operator;
	in.version = 4;
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
}

/* hold, resume, and the hold once more: only its id tells that it is a repeat. */
static void
a_repeat_is_known_even_after_other_moves(void **state)
{
	struct case_answer hold, in;
	char *before;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		new_referral_in("in_progress");
		hold = usual_answer(the.referral, "hold", "the hold");
		if (round == 1)
			hold.version =
			    (uint32_t)strtol(field_of(the.id, "r1-1.version"), NULL, 10);
		assert_int_equal(do_answer(&hold)->status, STATUS_OK);
		in = next_answer("resume", role_operator);
		assert_int_equal(do_answer(&in)->status, STATUS_OK);
		if (round == 2) /* who has read again may come with the version of now */
			hold.version =
			    (uint32_t)strtol(field_of(the.id, "r1-1.version"), NULL, 10);
		before = redis_dump();
		assert_int_equal(do_answer(&hold)->status, STATUS_DUP);
		assert_unchanged(before);
	}
}

static void
a_repeat_is_known_where_the_life_cycle_now_forbids_it(void **state)
{
	struct case_answer accept, in;

	(void)state;
	new_referral_in("sent");
	accept = usual_answer(the.referral, "accept", "the accept");
	assert_int_equal(do_answer(&accept)->status, STATUS_OK);
	in = next_answer("start", role_operator);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_int_equal(do_answer(&accept)->status, STATUS_DUP);
}

/* Each referral knows its own last commands. */
static void
a_repeat_is_known_however_much_has_happened_elsewhere(void **state)
{
	struct case_answer hold;
	struct case_amend amend;
	char command[24];

	(void)state;
	new_referral_in("in_progress");
	hold = usual_answer(the.referral, "hold", "the hold");
	assert_int_equal(do_answer(&hold)->status, STATUS_OK);
	for (unsigned i = 1; i <= 80; i++) {
		(void)snprintf(command, sizeof command, "amend %u", i);
		amend = usual_amend(the.id, i, command);
		assert_int_equal(do_amend(&amend)->status, STATUS_OK);
	}
	assert_int_equal(do_answer(&hold)->status, STATUS_DUP);
}

/* ---- what follows from an answer ---- */

static void
the_outcome_decides_the_need(void **state)
{
	static const struct {
		enum reason reason;
		const char *need;
	} OUTCOMES[] = { { reason_helped, "met" }, { reason_partly_helped, "partly_met" },
		{ reason_not_helped, "unmet" }, { reason_absent, "met" },
		{ reason_other, "met" } };
	struct case_answer in;

	(void)state;
	for (size_t i = 0; i < sizeof OUTCOMES / sizeof *OUTCOMES; i++) {
		new_referral_in("in_progress");
		in = next_answer("complete", role_operator);
		in.reason = OUTCOMES[i].reason;
		assert_int_equal(do_answer(&in)->status, STATUS_OK);
		assert_string_equal(field_of(the.id, "n1.state"), OUTCOMES[i].need);
		assert_string_equal(field_of(the.id, "open"), "0");
		assert_int_equal(do_queues()->open, 0);
		assert_int_equal(do_queues()->cases_left, 1);
		assert_whole();
	}
}

static void
a_declined_need_is_matched_again_at_once_where_a_lease_is_asked_for(void **state)
{
	struct case_answer in;
	const struct case_result *result;

	(void)state;
	new_referral_in("seen");
	in = next_answer("decline", role_operator);
	in.reason = reason_full;
	in.lease_ms = LEASE_MS;
	result = do_answer(&in);
	assert_non_null(result->work);
	assert_text(result->work->item, the.need);
	assert_int_equal(result->work->stage, stage_match);
	assert_int_equal(result->work->attempt, 1);
	assert_int_equal(result->work->version, 3);
	assert_int_equal(result->work->referrals, 1);
	assert_int_equal(result->work->tried_count, 1);
	assert_text(result->work->tried[0], "service1");
	assert_text(result->work->term, "food");
	assert_text(result->work->routing, "sealed routing");
	assert_string_equal(where_is("match", the.need), "leased");
	assert_string_equal(field_of(the.id, "n1.reason"), "full");
	assert_string_equal(field_of(the.id, "r1-1.reason"), "full");
	assert_whole();
	new_referral_in("seen");
	in = next_answer("decline", role_operator);
	assert_null(do_answer(&in)->work);
	assert_string_equal(where_is("match", the.need), "ready:normal");
}

static void
an_answer_that_moves_no_need_hands_over_no_work(void **state)
{
	struct case_answer in;

	(void)state;
	new_referral_in("seen");
	in = next_answer("accept", role_operator);
	in.lease_ms = LEASE_MS;
	assert_null(do_answer(&in)->work);
	assert_whole();
}

static void
a_newer_report_knows_of_the_place_already(void **state)
{
	struct case_answer in;

	(void)state;
	new_referral_in("accepted");
	assert_string_equal(redis_ask("HGET {c1}:place:service1 available"), "4");
	assert_string_equal(do_capacity("service1", "3", 2000), "ok");
	in = next_answer("return", role_operator);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(redis_ask("HGET {c1}:place:service1 available"), "3");
	assert_string_equal(field_of(the.id, "r1-1.place"), "");
	assert_whole();
}

static void
taking_a_place_that_was_reported_away_leaves_none_not_less(void **state)
{
	struct case_answer in;

	(void)state;
	new_referral_in("sent");
	assert_string_equal(do_capacity("service1", "0", 2000), "ok");
	in = next_answer("accept", role_operator);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(redis_ask("HGET {c1}:place:service1 available"), "0");
	assert_whole();
	in = next_answer("return", role_operator);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(redis_ask("HGET {c1}:place:service1 available"), "0");
}

static void
a_referral_is_not_reopened_while_another_is_out(void **state)
{
	struct case_offer offer;

	(void)state;
	new_referral_in("declined");
	offer = usual_offer(the.need, 3, "second", 2);
	assert_int_equal(do_offer(&offer)->status, STATUS_OK);
	refused(next_answer("reopen", role_supervisor), STATUS_ILLEGAL_MOVE);
}

static void
a_reopened_referral_is_back_in_the_inbox_and_takes_its_need_with_it(void **state)
{
	struct case_answer in;

	(void)state;
	new_referral_in("cancelled");
	assert_string_equal(where_is("match", the.need), "ready:normal");
	assert_string_equal(redis_ask("ZCARD {c1}:inbox:agency1"), "0");
	in = next_answer("reopen", role_supervisor);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(redis_ask("ZCARD {c1}:inbox:agency1"), "1");
	assert_string_equal(field_of(the.id, "n1.state"), "in_service");
	assert_string_equal(where_is("match", the.need), "");
	assert_whole();
}

static void
a_closed_case_opens_again_with_its_referral(void **state)
{
	struct case_answer in;
	struct case_withdraw withdraw;

	(void)state;
	new_referral_in("declined");
	withdraw = usual_withdraw(the.id, "w1");
	assert_int_equal(do_withdraw(&withdraw)->status, STATUS_OK);
	assert_int_equal(do_queues()->open, 0);
	in = next_answer("reopen", role_supervisor);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_int_equal(do_queues()->open, 1);
	assert_int_equal(do_queues()->cases_left, 0);
	assert_string_equal(field_of(the.id, "n1.state"), "withdrawn");
	assert_whole();
}

static void
notes_and_reasons_are_kept_and_go_with_what_they_were_about(void **state)
{
	struct case_answer in;

	(void)state;
	new_referral_in("in_progress");
	in = next_answer("hold", role_operator);
	in.reason = reason_family_unreachable;
	in.note = LITERAL("sealed note");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "r1-1.note"), "sealed note");
	assert_string_equal(field_of(the.id, "r1-1.reason"), "family_unreachable");
	in = next_answer("resume", role_operator);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "r1-1.reason"), "");
	in = next_answer("complete", role_operator);
	in.reason = reason_helped;
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	in = next_answer("confirm", role_operator);
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "r1-1.reason"), "helped");
}

static void
a_proposed_referral_is_sent_off_only_where_a_place_is_free(void **state)
{
	(void)state;
	new_referral_in("proposed");
	assert_string_equal(do_capacity("service1", "0", 2000), "ok");
	refused(next_answer("queue", role_operator), STATUS_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_there_or_not_theirs_is_absent),
		cmocka_unit_test(
		    an_older_version_is_stale_after_the_life_cycle_was_asked),
		cmocka_unit_test(a_repeat_is_known_even_after_other_moves),
		cmocka_unit_test(a_repeat_is_known_however_much_has_happened_elsewhere),
		cmocka_unit_test(a_repeat_is_known_where_the_life_cycle_now_forbids_it),
		cmocka_unit_test(the_outcome_decides_the_need),
		cmocka_unit_test(
		    a_declined_need_is_matched_again_at_once_where_a_lease_is_asked_for),
		cmocka_unit_test(an_answer_that_moves_no_need_hands_over_no_work),
		cmocka_unit_test(a_newer_report_knows_of_the_place_already),
		cmocka_unit_test(
		    taking_a_place_that_was_reported_away_leaves_none_not_less),
		cmocka_unit_test(a_referral_is_not_reopened_while_another_is_out),
		cmocka_unit_test(
		    a_reopened_referral_is_back_in_the_inbox_and_takes_its_need_with_it),
		cmocka_unit_test(a_closed_case_opens_again_with_its_referral),
		cmocka_unit_test(
		    notes_and_reasons_are_kept_and_go_with_what_they_were_about),
		cmocka_unit_test(
		    a_proposed_referral_is_sent_off_only_where_a_place_is_free),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
