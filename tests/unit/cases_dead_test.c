/* SPDX-License-Identifier: Apache-2.0
 * Work is given back, dies and is called back to life. */
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

static void
assert_dead(void)
{
	assert_string_equal(where_is("match", need), "dead");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 0);
	assert_whole();
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
	assert_dead();
}

/* Workers die on the need as often as is allowed and once more. */
static void
die_of_crashes(void)
{
	char death[8];

	for (uint32_t attempt = 1; attempt <= 4; attempt++) {
		assert_string_equal(where_is("match", need), "ready:normal");
		assert_int_equal(do_claim(stage_match, 9, LEASE_MS), 1);
		assert_int_equal(
		    claimed[0].work.alone, attempt > 2 ? FLAG_YES : FLAG_ABSENT);
		(void)snprintf(death, sizeof death, "death %u", (unsigned)attempt);
		assert_int_equal(
		    do_crash(stage_match, need, claimed[0].work.attempt, death)->is_dead,
		    attempt == 4);
	}
	assert_dead();
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
	die_of_crashes();
	assert_string_equal(field_of(id, "n1.match"), "4 0 4");
}

static void
a_crash_counts_once_and_only_while_the_item_waits(void **state)
{
	struct case_offer offer = usual_offer(need, 1, "c1", 1);
	char *before;

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(do_crash(stage_match, need, 1, "first")->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(do_crash(stage_match, need, 1, "first")->status, STATUS_DUP);
	assert_int_equal(
	    do_crash(stage_match, "none", 1, "first")->status, STATUS_ABSENT);
	assert_unchanged(before);
	assert_string_equal(field_of(id, "n1.match"), "1 0 1");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(do_offer(&offer)->status, STATUS_OK);
	assert_int_equal(do_crash(stage_match, need, 2, "second")->status, STATUS_ABSENT);
	assert_string_equal(field_of(id, "n1.match"), "2");
	assert_whole();
}

static void
a_crash_is_counted_and_a_later_lease_goes_on(void **state)
{
	(void)state;
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	make_due("match:leased");
	assert_int_equal(do_reap(9)->count, 1);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(do_crash(stage_match, need, 1, "first")->status, STATUS_OK);
	assert_string_equal(where_is("match", need), "leased");
	assert_int_equal(do_crash(stage_match, need, 2, "second")->status, STATUS_OK);
	assert_string_equal(where_is("match", need), "ready:normal");
	assert_string_equal(field_of(id, "n1.match"), "2 0 2");
	assert_whole();
}

/* One claim in eight that find both takes it, and then nothing else. */
static void
what_two_workers_died_on_is_claimed_alone(void **state)
{
	char other[ID_CASE_BYTES + 1], name[16];
	unsigned alone = 0, beside = 0;

	(void)state;
	assert_int_equal(do_crash(stage_match, need, 0, "first")->status, STATUS_OK);
	assert_int_equal(do_crash(stage_match, need, 0, "second")->status, STATUS_OK);
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "other %u", i);
		new_case(name, urgency_normal, 1, other);
	}
	for (unsigned i = 0; i < 9; i++) {
		unsigned count = do_claim(stage_match, 4, LEASE_MS);
		bool is_it = claimed[0].work.alone == FLAG_YES;

		alone += is_it;
		beside += is_it ? 0 : count;
		assert_int_equal(count > 1 && is_it, 0);
		for (unsigned n = 0; n < count; n++)
			assert_int_equal(strcmp(claimed[n].item, need) == 0, is_it);
	}
	assert_int_equal(alone, 1);
	assert_in_range(beside, 27, 32);
	assert_whole();
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
	assert_string_equal(field_of(id, "n1.match"), "8 0 0");
	assert_int_equal(do_dead(stage_match, need, "replay")->status, STATUS_ABSENT);
	assert_whole();
	die_of_crashes();
	assert_int_equal(do_queues()->stages[0].entered, 1);
	assert_int_equal(do_queues()->stages[0].left, 0);
}

/* Leases are numbered on, so that the first one after a replay is not that of a worker that
 * was late before it. */
static void
a_late_worker_does_not_give_back_what_was_replayed(void **state)
{
	struct case_nack late = usual_nack(stage_match, need, 1);
	struct case_nack nack = usual_nack(stage_match, need, 2);
	char *before;

	(void)state;
	nack.kind = NACK_DEAD;
	assert_int_equal(do_claim(stage_match, 1, 0), 1);
	assert_int_equal(do_reap(16)->counts[0], 1);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_true(do_nack(&nack)->is_dead);
	assert_int_equal(do_dead(stage_match, need, "replay")->status, STATUS_OK);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	before = redis_dump();
	assert_int_equal(do_nack(&late)->status, STATUS_STALE);
	assert_int_equal(do_nack(&nack)->status, STATUS_STALE);
	assert_unchanged(before);
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
	assert_string_equal(field_of(id, "r1-1.notify"), "1"); /* the next lease is 2 */
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
		TEST(a_crash_counts_once_and_only_while_the_item_waits),
		TEST(a_crash_is_counted_and_a_later_lease_goes_on),
		TEST(what_two_workers_died_on_is_claimed_alone),
		TEST(some_deaths_come_at_once),
		TEST(an_unknown_item_is_not_given_back),
		TEST(a_replay_starts_with_a_clean_sheet),
		TEST(a_late_worker_does_not_give_back_what_was_replayed),
		TEST(a_dropped_need_is_closed_unmet),
		TEST(a_dropped_telling_leaves_the_referral_where_it_is),
		TEST(a_dropped_clock_ends_the_offer),
		TEST(what_is_not_dead_is_neither_replayed_nor_dropped),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
