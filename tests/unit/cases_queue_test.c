/* SPDX-License-Identifier: Apache-2.0
 * Work waits its turn, is leased and taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

static char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];

static int
one_case(void **state)
{
	(void)cases_fixture_empty(state);
	new_case("one", urgency_normal, 1, id);
	id_need(text_of(id), 1, need);
	return 0;
}

static void
many_cases(enum urgency urgency, unsigned count)
{
	char name[24], other[ID_CASE_BYTES + 1];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof name, "%u of lane %u", i, urgency);
		new_case(name, urgency, 1, other);
	}
}

/* Of what was claimed last, how many are of that urgency. */
static unsigned
of(enum urgency urgency, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		found += claimed[i].work.urgency == urgency;
	return found;
}

/* ---- lanes ---- */

static void
lanes_share_what_is_claimed_eight_to_three_to_one(void **state)
{
	static const unsigned MOSTS[] = { 1, 2, 3, 5, 12, 17, 24 };

	(void)state;
	for (size_t m = 0; m < sizeof MOSTS / sizeof *MOSTS; m++) {
		unsigned counts[4] = { 0 }, all = 0;

		(void)cases_fixture_empty(state);
		for (unsigned u = urgency_emergency; u <= urgency_normal; u++)
			many_cases((enum urgency)u, 60);
		/* turns go on where the claim before ended: 12 turns are 8, 3 and 1 */
		while (all < 60) {
			unsigned most = MOSTS[m] < 60 - all ? MOSTS[m] : 60 - all;

			assert_int_equal(do_claim(stage_match, most, LEASE_MS), most);
			all += most;
			for (unsigned u = urgency_emergency; u <= urgency_normal; u++)
				counts[u] += of((enum urgency)u, most);
		}
		assert_int_equal(counts[urgency_emergency], 40);
		assert_int_equal(counts[urgency_urgent], 15);
		assert_int_equal(counts[urgency_normal], 5);
	}
}

static void
no_lane_starves_while_emergencies_keep_coming(void **state)
{
	(void)state;
	many_cases(urgency_emergency, 12);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
		if (claimed[0].work.urgency == urgency_normal)
			return;
	}
	fail_msg("twelve claims and the normal need still waits");
}

static void
what_a_lane_has_nothing_for_goes_to_the_others(void **state)
{
	(void)state;
	many_cases(urgency_normal, 12);
	assert_int_equal(do_claim(stage_match, 12, LEASE_MS), 12);
	assert_int_equal(of(urgency_normal, 12), 12);
	assert_int_equal(do_claim(stage_match, 12, LEASE_MS), 1);
	many_cases(urgency_urgent, 6);
	assert_int_equal(do_claim(stage_match, 12, LEASE_MS), 6);
	assert_whole();
}

static void
within_a_lane_the_oldest_comes_first(void **state)
{
	char later[ID_CASE_BYTES + 1];

	(void)state;
	new_case("two", urgency_normal, 1, later);
	(void)redis_ask("ZADD {c1}:match:ready:normal 5 %s-1", later);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_memory_equal(claimed[0].item, later, ID_CASE_BYTES);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_text(claimed[0].work.item, need);
}

static void
a_stage_gives_out_its_own_work_only(void **state)
{
	(void)state;
	assert_int_equal(do_claim(stage_notify, 9, LEASE_MS), 0);
	assert_int_equal(do_claim(stage_clock, 9, LEASE_MS), 0);
	assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 1);
	assert_int_equal(claimed[0].work.stage, stage_match);
	assert_text(claimed[0].work.term, "food");
	assert_text(claimed[0].work.routing, "sealed routing");
	assert_int_equal(claimed[0].work.version, 1);
	assert_int_equal(claimed[0].work.referrals, 0);
	assert_int_equal(claimed[0].work.tried_count, 0);
	assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 0);
	assert_whole();
}

static void
what_is_not_due_is_not_given_out(void **state)
{
	struct case_nack nack = usual_nack(stage_match, need, 1);

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	nack.delay_ms = 3600000;
	assert_int_equal(do_nack(&nack)->status, STATUS_OK);
	assert_string_equal(where_is("match", need), "delayed");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 0);
	make_due("match:delayed");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(claimed[0].work.attempt, 2);
	assert_int_equal(claimed[0].work.failures, 1);
	assert_whole();
}

/* ---- leases ---- */

static void
a_lease_that_ran_out_is_taken_back_by_anybody(void **state)
{
	const struct case_result *result;

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(do_reap(9)->count, 0);
	assert_string_equal(where_is("match", need), "leased");
	make_due("match:leased");
	result = do_reap(9);
	assert_int_equal(result->counts[0], 1);
	assert_int_equal(result->counts[1], 0);
	assert_int_equal(result->counts[2], 0);
	assert_string_equal(where_is("match", need), "ready:normal");
	assert_int_equal(do_reap(9)->count, 0);
	assert_whole();
}

static void
all_stages_are_reaped_so_many_at_a_time(void **state)
{
	char referral[ID_ITEM_MAX];
	const struct case_result *result;

	(void)state;
	new_referral(id, referral);
	many_cases(urgency_urgent, 3);
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_match, 3, 0), 3);
	assert_int_equal(do_claim(stage_notify, 3, 0), 1);
	assert_int_equal(do_claim(stage_clock, 3, 0), 1);
	result = do_reap(2);
	assert_int_equal(result->counts[0], 2);
	assert_int_equal(result->counts[1], 1);
	assert_int_equal(result->counts[2], 1);
	assert_int_equal(result->count, 4);
	assert_int_equal(do_reap(2)->count, 1);
	assert_string_equal(where_is("clock", referral), "ready:normal");
	assert_string_equal(where_is("notify", referral), "ready:normal");
	assert_whole();
}

static void
a_lease_is_extended_by_who_has_it_and_nobody_else(void **state)
{
	char *before;

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	make_due("match:leased");
	assert_int_equal(do_extend(stage_match, need, 1, LEASE_MS)->count, 1);
	assert_int_equal(do_reap(9)->count, 0);
	before = redis_dump();
	assert_int_equal(
	    do_extend(stage_match, need, 1, 1)->count, 1); /* never shorter */
	assert_int_equal(do_extend(stage_match, need, 2, 9 * LEASE_MS)->count, 0);
	assert_int_equal(do_extend(stage_notify, need, 1, 9 * LEASE_MS)->count, 0);
	assert_int_equal(do_extend(stage_match, "none", 1, 9 * LEASE_MS)->count, 0);
	assert_unchanged(before);
}

static void
a_lost_lease_is_not_extended_nor_given_back(void **state)
{
	struct case_nack nack = usual_nack(stage_match, need, 1);
	char *before;

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, 0), 1);
	assert_int_equal(do_reap(9)->count, 1);
	before = redis_dump();
	assert_int_equal(do_extend(stage_match, need, 1, LEASE_MS)->count, 0);
	assert_int_equal(do_nack(&nack)->status, STATUS_STALE);
	assert_unchanged(before);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	before = redis_dump();
	assert_int_equal(do_nack(&nack)->status, STATUS_STALE);
	assert_unchanged(before);
}

/* An item that comes to its stage again goes on from the lease number of its last visit. */
static void
a_lease_of_an_earlier_visit_matches_none_of_a_later_one(void **state)
{
	struct case_nack late = usual_nack(stage_match, need, 1);
	const struct case_offer offer = usual_offer(need, 1, "first", 1);
	char referral[ID_ITEM_MAX], *before;
	struct case_answer decline;

	(void)state;
	for (int64_t lease_ms = 0; lease_ms <= LEASE_MS; lease_ms += LEASE_MS) {
		(void)one_case(state);
		late.item = text_of(need);
		assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
		assert_int_equal(do_offer(&offer)->status, STATUS_OK);
		id_referral(text_of(need), 1, referral);
		decline = usual_answer(referral, "decline", "no");
		decline.lease_ms = lease_ms; /* given out with the answer, or claimed */
		if (lease_ms > 0)
			assert_int_equal(do_answer(&decline)->work->attempt, 2);
		else
			assert_int_equal(do_answer(&decline)->status, STATUS_OK);
		assert_int_equal(
		    do_claim(stage_match, 1, LEASE_MS), lease_ms > 0 ? 0 : 1);
		assert_string_equal(field_of(id, "n1.match"), "2 0 0");
		before = redis_dump();
		assert_int_equal(do_nack(&late)->status, STATUS_STALE);
		assert_int_equal(do_extend(stage_match, need, 1, 9 * LEASE_MS)->count, 0);
		assert_unchanged(before);
		assert_int_equal(do_extend(stage_match, need, 2, LEASE_MS)->count, 1);
	}
	assert_whole();
}

static void
so_many_leases_as_a_call_holds_are_extended(void **state)
{
	static struct case_lease leases[CLAIMED_MAX];

	(void)state;
	many_cases(urgency_normal, 63);
	assert_int_equal(do_claim(stage_match, 64, LEASE_MS), 64);
	for (unsigned i = 0; i < 64; i++) {
		(void)text_copy(
		    text_of(claimed[i].item), leases[i].item, sizeof leases[i].item);
		leases[i].attempt = 1;
	}
	assert_int_equal(do_extend_all(stage_match, leases, 64)->count, 64);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, one_case)
	const struct CMUnitTest tests[] = {
		TEST(lanes_share_what_is_claimed_eight_to_three_to_one),
		TEST(no_lane_starves_while_emergencies_keep_coming),
		TEST(what_a_lane_has_nothing_for_goes_to_the_others),
		TEST(within_a_lane_the_oldest_comes_first),
		TEST(a_stage_gives_out_its_own_work_only),
		TEST(what_is_not_due_is_not_given_out),
		TEST(a_lease_that_ran_out_is_taken_back_by_anybody),
		TEST(all_stages_are_reaped_so_many_at_a_time),
		TEST(a_lease_is_extended_by_who_has_it_and_nobody_else),
		TEST(a_lost_lease_is_not_extended_nor_given_back),
		TEST(a_lease_of_an_earlier_visit_matches_none_of_a_later_one),
		TEST(so_many_leases_as_a_call_holds_are_extended),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
