/* SPDX-License-Identifier: Apache-2.0
 * Cases are withdrawn and amended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

/* Two needs: the first offered, the second waits. */
static int
one_offered_case(void **state)
{
	(void)cases_fixture_empty(state);
	new_case("one", urgency_normal, 2, the.id);
	id_need(text_of(the.id), 1, the.need);
	new_referral(the.id, the.referral);
	return 0;
}

static const char *
second_need(void)
{
	static char id[ID_ITEM_MAX];

	id_need(text_of(the.id), 2, id);
	return id;
}

/* ---- withdraw ---- */

static void
a_withdrawn_case_is_closed_with_all_it_has(void **state)
{
	struct case_withdraw in = usual_withdraw(the.id, "w1");
	const struct case_result *result;
	char *before;

	(void)state;
	result = do_withdraw(&in);
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->version, 2);
	assert_string_equal(field_of(the.id, "n1.state"), "withdrawn");
	assert_string_equal(field_of(the.id, "n2.state"), "withdrawn");
	assert_string_equal(field_of(the.id, "n1.reason"), "withdrawn");
	assert_string_equal(field_of(the.id, "r1-1.state"), "cancelled");
	assert_string_equal(field_of(the.id, "open"), "0");
	assert_string_equal(where_is("match", second_need()), "");
	assert_string_equal(where_is("notify", the.referral), "");
	assert_string_equal(redis_ask("HGET {c1}:place:service1 held"), "0");
	assert_int_equal(do_queues()->open, 0);
	assert_int_equal(do_queues()->cases_left, 1);
	assert_whole();
	before = redis_dump();
	result = do_withdraw(&in);
	assert_int_equal(result->status, STATUS_DUP);
	assert_int_equal(result->version, 2);
	in.command_id = LITERAL("w2");
	result = do_withdraw(&in);
	assert_int_equal(result->status, STATUS_ILLEGAL_MOVE);
	assert_text(result->state, "withdrawn");
	assert_int_equal(result->version, 2);
	assert_unchanged(before);
}

static void
one_need_is_withdrawn_and_the_other_goes_on(void **state)
{
	struct case_withdraw in = usual_withdraw(the.id, "w1");

	(void)state;
	in.need = 2;
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "n2.state"), "withdrawn");
	assert_string_equal(field_of(the.id, "n1.state"), "offered");
	assert_string_equal(field_of(the.id, "r1-1.state"), "queued");
	assert_int_equal(do_queues()->open, 1);
	assert_whole();
	in.need = 1;
	in.command_id = LITERAL("w2");
	assert_int_equal(do_withdraw(&in)->version, 3);
	assert_int_equal(do_queues()->open, 0);
	in.need = 0;
	in.command_id = LITERAL("w1"); /* an older command once more */
	assert_int_equal(do_withdraw(&in)->status, STATUS_DUP);
	assert_whole();
}

static void
the_reason_decides_what_becomes_of_a_need(void **state)
{
	static const struct {
		enum reason reason;
		const char *need;
	} REASONS[] = { { reason_withdrawn, "withdrawn" },
		{ reason_duplicate, "duplicate" },
		{ reason_entered_in_error, "entered_in_error" },
		{ reason_not_helped, "unmet" }, { reason_absent, "withdrawn" } };

	for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
		struct case_withdraw in = usual_withdraw(the.id, "w1");

		(void)one_offered_case(state);
		in.reason = REASONS[i].reason;
		assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
		assert_string_equal(field_of(the.id, "n1.state"), REASONS[i].need);
		assert_string_equal(field_of(the.id, "n2.state"), REASONS[i].need);
		assert_whole();
	}
}

/* Every need state that can be reached, with the table's word for it. */
static void
a_need_can_be_withdrawn_in_every_open_state(void **state)
{
	static const char *const REFERRALS[] = { "queued", "seen", "accepted", "on_hold",
		"cancel_requested", "declined", "completed" };
	struct case_withdraw in;

	(void)state;
	for (size_t i = 0; i < sizeof REFERRALS / sizeof *REFERRALS; i++) {
		const struct move *move, *cancel;
		char need_state[32], referral_state[32];
		enum status status;

		new_referral_in(REFERRALS[i]);
		(void)snprintf(
		    need_state, sizeof need_state, "%s", field_of(the.id, "n1.state"));
		move = move_find(MACHINE_need, LITERAL("withdraw"), text_of(need_state));
		cancel =
		    move_find(MACHINE_referral, LITERAL("cancel"), text_of(REFERRALS[i]));
		in = usual_withdraw(the.id, "w1");
		status = do_withdraw(&in)->status;
		assert_int_equal(status, move ? STATUS_OK : STATUS_ILLEGAL_MOVE);
		assert_string_equal(
		    field_of(the.id, "n1.state"), move ? move->to : need_state);
		(void)snprintf(referral_state, sizeof referral_state, "%s",
		    field_of(the.id, "r1-1.state"));
		assert_string_equal(
		    referral_state, cancel && move ? cancel->to : REFERRALS[i]);
		assert_whole();
	}
}

static void
a_withdrawal_in_service_ends_when_the_agency_confirms(void **state)
{
	struct case_withdraw in;
	struct case_answer confirm;

	(void)state;
	new_referral_in("in_progress");
	in = usual_withdraw(the.id, "w1");
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "r1-1.state"), "cancel_requested");
	assert_string_equal(field_of(the.id, "r1-1.tell"), "recall");
	assert_int_equal(do_queues()->open, 1);
	confirm = next_answer("confirm_cancel", role_agency);
	assert_int_equal(do_answer(&confirm)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "n1.state"), "withdrawn");
	assert_string_equal(redis_ask("HGET {c1}:place:service1 available"), "5");
	assert_int_equal(do_queues()->open, 0);
	assert_whole();
}

static void
a_withdrawal_that_may_not_be_changes_nothing(void **state)
{
	char *before = redis_dump();

	(void)state;
	for (unsigned role = 1; role <= code_count(CODE_SET_role); role++) {
		struct case_withdraw in = usual_withdraw(the.id, "w1");

		in.role = (enum role)role;
		if (role != role_operator && role != role_supervisor)
			assert_int_equal(do_withdraw(&in)->status, STATUS_FORBIDDEN);
	}
	struct case_withdraw in = usual_withdraw(the.id, "w1");
	in.version = 2;
	assert_int_equal(do_withdraw(&in)->status, STATUS_STALE);
	assert_int_equal(do_withdraw(&in)->version, 1);
	in.version = 1;
	in.need = 3;
	assert_int_equal(do_withdraw(&in)->status, STATUS_ABSENT);
	in.case_id = LITERAL("none");
	assert_int_equal(do_withdraw(&in)->status, STATUS_ABSENT);
	assert_unchanged(before);
	in = usual_withdraw(the.id, "w1");
	in.version = 1;
	assert_int_equal(do_withdraw(&in)->status, STATUS_OK);
}

/* ---- amend ---- */

static void
an_amendment_replaces_what_is_sealed(void **state)
{
	struct case_amend in = usual_amend(the.id, 1, "a1");
	const struct case_result *result = do_amend(&in);
	char *before;

	(void)state;
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->version, 2);
	assert_int_equal(result->first_need, 3);
	assert_string_equal(field_of(the.id, "identity"), "sealed anew");
	assert_string_equal(field_of(the.id, "routing"), "routing anew");
	assert_string_equal(field_of(the.id, "urgency"), "normal");
	assert_whole();
	before = redis_dump();
	result = do_amend(&in);
	assert_int_equal(result->status, STATUS_DUP);
	assert_int_equal(result->version, 2);
	in.command_id = LITERAL("a2");
	result = do_amend(&in);
	assert_int_equal(result->status, STATUS_STALE);
	assert_int_equal(result->version, 2);
	in.case_id = LITERAL("none");
	assert_int_equal(do_amend(&in)->status, STATUS_ABSENT);
	assert_unchanged(before);
}

static void
an_amendment_is_known_after_another_one(void **state)
{
	struct case_amend in = usual_amend(the.id, 1, "a1");

	(void)state;
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	in = usual_amend(the.id, 2, "a2");
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	in = usual_amend(the.id, 1, "a1");
	assert_int_equal(do_amend(&in)->status, STATUS_DUP);
	in.version = 3; /* who has read again may come with the version of now */
	assert_int_equal(do_amend(&in)->status, STATUS_DUP);
	assert_string_equal(field_of(the.id, "version"), "3");
}

static void
what_waits_moves_to_the_lane_of_the_new_urgency(void **state)
{
	struct case_amend in = usual_amend(the.id, 1, "a1");

	(void)state;
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, 0), 1);
	assert_int_equal(do_reap(1)->counts[2], 1);
	in.urgency = urgency_emergency;
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	assert_string_equal(field_of(the.id, "urgency"), "emergency");
	assert_string_equal(where_is("match", second_need()), "ready:emergency");
	assert_string_equal(where_is("notify", the.referral), "ready:emergency");
	assert_string_equal(where_is("clock", the.referral), "ready:emergency");
	assert_string_equal(field_of(the.id, "n2.version"), "2");
	assert_string_equal(field_of(the.id, "n1.version"), "2"); /* by the offer */
	assert_whole();
}

static void
what_is_leased_comes_back_to_the_new_lane(void **state)
{
	struct case_amend in = usual_amend(the.id, 1, "a1");
	struct case_nack nack;

	(void)state;
	assert_int_equal(do_claim(stage_notify, 1, LEASE_MS), 1);
	in.urgency = urgency_urgent;
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	assert_string_equal(where_is("notify", the.referral), "leased");
	nack = usual_nack(stage_notify, the.referral, 1);
	assert_int_equal(do_nack(&nack)->status, STATUS_OK);
	assert_string_equal(where_is("notify", the.referral), "ready:urgent");
	assert_whole();
}

static void
a_parked_need_is_looked_at_on_the_new_facts(void **state)
{
	struct case_offer park = usual_offer(second_need(), 1, "p1", 0);
	struct case_amend in = usual_amend(the.id, 1, "a1");

	(void)state;
	assert_int_equal(do_offer(&park)->status, STATUS_OK);
	assert_string_equal(where_is("match", second_need()), "delayed");
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	assert_string_equal(where_is("match", second_need()), "ready:normal");
	assert_string_equal(field_of(the.id, "n2.version"), "3");
	assert_whole();
}

static void
blind_indexes_move_with_the_case(void **state)
{
	struct case_amend in = usual_amend(the.id, 1, "a1");

	(void)state;
	in.phone = LITERAL("100000000000003");
	in.where = TEXT_ABSENT;
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	assert_string_equal(
	    redis_ask("ZSCORE {c1}:phone:100 %s", the.id), "100000000000003");
	assert_string_equal(redis_ask("EXISTS {c1}:where:100"), "0");
	assert_whole();
}

static void
needs_are_added_and_wait(void **state)
{
	static const struct text TERMS[] = { { "care", 4 }, { "law", 3 } };
	struct case_amend in = usual_amend(the.id, 1, "a1");
	char need[ID_ITEM_MAX];

	(void)state;
	in.terms = TERMS;
	in.terms_count = 2;
	in.urgency = urgency_urgent;
	assert_int_equal(do_amend(&in)->first_need, 3);
	assert_string_equal(field_of(the.id, "needs"), "4");
	assert_string_equal(field_of(the.id, "n3.term"), "care");
	assert_string_equal(field_of(the.id, "n4.term"), "law");
	id_need(text_of(the.id), 4, need);
	assert_string_equal(where_is("match", need), "ready:urgent");
	assert_string_equal(field_of(the.id, "open"), "5");
	assert_whole();
}

static void
a_closed_case_opens_again_with_a_new_need(void **state)
{
	static const struct text TERM = { "care", 4 };
	struct case_withdraw withdraw = usual_withdraw(the.id, "w1");
	struct case_amend in = usual_amend(the.id, 2, "a1");

	(void)state;
	assert_int_equal(do_withdraw(&withdraw)->status, STATUS_OK);
	assert_int_equal(do_queues()->open, 0);
	in.terms = &TERM;
	in.terms_count = 1;
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	assert_int_equal(do_queues()->open, 1);
	assert_int_equal(do_queues()->cases_left, 0);
	assert_whole();
}

static void
more_than_sixteen_needs_are_refused(void **state)
{
	struct case_accept many = usual_accept("many", urgency_normal, 14);
	struct case_amend in;
	char id[ID_CASE_BYTES + 1];
	char *before;

	(void)state;
	assert_int_equal(do_accept(&many)->status, STATUS_OK);
	(void)text_copy(many.case_id, id, sizeof id);
	before = redis_dump();
	in = usual_amend(id, 1, "a1");
	in.terms = many.terms;
	in.terms_count = 3;
	assert_int_equal(do_amend(&in)->status, STATUS_INVALID);
	assert_unchanged(before);
	in.terms_count = 2;
	assert_int_equal(do_amend(&in)->status, STATUS_OK);
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, one_offered_case)
	const struct CMUnitTest tests[] = {
		TEST(a_withdrawn_case_is_closed_with_all_it_has),
		TEST(one_need_is_withdrawn_and_the_other_goes_on),
		TEST(the_reason_decides_what_becomes_of_a_need),
		TEST(a_need_can_be_withdrawn_in_every_open_state),
		TEST(a_withdrawal_in_service_ends_when_the_agency_confirms),
		TEST(a_withdrawal_that_may_not_be_changes_nothing),
		TEST(an_amendment_replaces_what_is_sealed),
		TEST(an_amendment_is_known_after_another_one),
		TEST(what_waits_moves_to_the_lane_of_the_new_urgency),
		TEST(what_is_leased_comes_back_to_the_new_lane),
		TEST(a_parked_need_is_looked_at_on_the_new_facts),
		TEST(blind_indexes_move_with_the_case),
		TEST(needs_are_added_and_wait),
		TEST(a_closed_case_opens_again_with_a_new_need),
		TEST(more_than_sixteen_needs_are_refused),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
