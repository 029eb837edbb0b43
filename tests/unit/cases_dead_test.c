/* SPDX-License-Identifier: Apache-2.0
 * Work is given back, dies and is called back to life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

/* ---- giving back ---- */

static void
giving_back_without_penalty_counts_nothing(void **state)
{
	struct case_nack nack;

	(void)state;
	for (uint32_t attempt = 1; attempt <= 20; attempt++) {
		assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
		assert_int_equal(claimed[0].work.attempt, attempt);
		assert_int_equal(claimed[0].work.failures, 0);
		nack = usual_nack(stage_match, need, attempt);
		nack.kind = NACK_FREE;
		assert_int_equal(do_nack(&nack)->status, STATUS_OK);
		assert_string_equal(where_is("match", need), "ready:normal");
	}
	assert_whole();
}

static void
giving_back_twice_counts_once(void **state)
{
	struct case_nack nack = usual_nack(stage_match, need, 1);
	char *before;

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(do_nack(&nack)->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(do_nack(&nack)->status, STATUS_STALE);
	assert_unchanged(before);
	assert_string_equal(field_of(id, "n1.match"), "1 1 0");
}

/* Gives the need back as often as is allowed and once more. */
static void
die_of(enum nack_kind kind, unsigned most)
{
	struct case_nack nack;

	for (uint32_t attempt = 1; attempt <= most; attempt++) {
		assert_string_equal(where_is("match", need), "ready:normal");
		assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
		nack = usual_nack(stage_match, need, claimed[0].work.attempt);
		nack.kind = kind;
		assert_int_equal(do_nack(&nack)->is_dead, attempt == most);
	}
	assert_string_equal(where_is("match", need), "dead");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 0);
	assert_whole();
}

static void
eight_failures_are_death(void **state)
{
	(void)state;
	die_of(NACK_FAILURE, 8);
	assert_string_equal(field_of(id, "n1.match"), "8 8 0");
}

static void
four_crashes_are_death(void **state)
{
	(void)state;
	die_of(NACK_CRASH, 4);
	assert_string_equal(field_of(id, "n1.match"), "4 0 4");
}

static void
some_deaths_come_at_once(void **state)
{
	(void)state;
	die_of(NACK_DEAD, 1);
	assert_string_equal(field_of(id, "n1.state"), "received");
}

static void
an_unknown_item_is_not_given_back(void **state)
{
	struct case_nack nack = usual_nack(stage_match, "none", 1);

	(void)state;
	assert_int_equal(do_nack(&nack)->status, STATUS_ABSENT);
	nack.item = LITERAL("01234567890123456789012345-1");
	assert_int_equal(do_nack(&nack)->status, STATUS_ABSENT);
}

/* ---- dead letters ---- */

static void
a_replay_starts_with_a_clean_sheet(void **state)
{
	(void)state;
	die_of(NACK_FAILURE, 8);
	assert_int_equal(do_dead(stage_match, need, "replay")->status, STATUS_OK);
	assert_string_equal(field_of(id, "n1.match"), "0 0 0");
	assert_int_equal(do_dead(stage_match, need, "replay")->status, STATUS_ABSENT);
	assert_whole();
	die_of(NACK_CRASH, 4);
	assert_int_equal(do_queues()->stages[0].entered, 1);
	assert_int_equal(do_queues()->stages[0].left, 0);
}

static void
a_dropped_need_is_closed_unmet(void **state)
{
	(void)state;
	die_of(NACK_DEAD, 1);
	assert_int_equal(do_dead(stage_match, need, "drop")->status, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "unmet");
	assert_string_equal(field_of(id, "n1.reason"), "other");
	assert_string_equal(where_is("match", need), "");
	assert_int_equal(do_queues()->open, 0);
	assert_int_equal(do_queues()->stages[0].left, 1);
	assert_int_equal(do_dead(stage_match, need, "drop")->status, STATUS_ABSENT);
	assert_whole();
}

static void
a_dropped_telling_leaves_the_referral_where_it_is(void **state)
{
	char referral[ID_ITEM_MAX];
	struct case_nack nack;

	(void)state;
	new_referral(id, referral);
	assert_int_equal(do_claim(stage_notify, 1, LEASE_MS), 1);
	nack = usual_nack(stage_notify, referral, 1);
	nack.kind = NACK_DEAD;
	assert_true(do_nack(&nack)->is_dead);
	assert_int_equal(do_dead(stage_notify, referral, "drop")->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "queued");
	assert_string_equal(field_of(id, "r1-1.tell"), "");
	assert_whole();
}

static void
a_dropped_clock_ends_the_offer(void **state)
{
	char referral[ID_ITEM_MAX];
	struct case_nack nack;

	(void)state;
	new_referral(id, referral);
	make_due("clock:delayed");
	assert_int_equal(do_claim(stage_clock, 1, LEASE_MS), 1);
	nack = usual_nack(stage_clock, referral, 1);
	nack.kind = NACK_DEAD;
	assert_true(do_nack(&nack)->is_dead);
	assert_int_equal(do_dead(stage_clock, referral, "drop")->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-1.state"), "expired");
	assert_string_equal(field_of(id, "n1.state"), "matching");
	assert_whole();
}

static void
what_is_not_dead_is_neither_replayed_nor_dropped(void **state)
{
	char *before = redis_dump();

	(void)state;
	assert_int_equal(do_dead(stage_match, need, "replay")->status, STATUS_ABSENT);
	assert_int_equal(do_dead(stage_match, need, "drop")->status, STATUS_ABSENT);
	assert_int_equal(do_dead(stage_match, "none", "drop")->status, STATUS_ABSENT);
	assert_unchanged(before);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, one_case)
	const struct CMUnitTest tests[] = {
		TEST(giving_back_without_penalty_counts_nothing),
		TEST(giving_back_twice_counts_once),
		TEST(eight_failures_are_death),
		TEST(four_crashes_are_death),
		TEST(some_deaths_come_at_once),
		TEST(an_unknown_item_is_not_given_back),
		TEST(a_replay_starts_with_a_clean_sheet),
		TEST(a_dropped_need_is_closed_unmet),
		TEST(a_dropped_telling_leaves_the_referral_where_it_is),
		TEST(a_dropped_clock_ends_the_offer),
		TEST(what_is_not_dead_is_neither_replayed_nor_dropped),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
