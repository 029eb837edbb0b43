/* SPDX-License-Identifier: Apache-2.0
 * Damage of every kind is found by hl_check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

static unsigned times, violations, held;

static void
on_check(void *ctx, struct text item, struct text what)
{
	(void)ctx;
	(void)item;
	if (text_is(what, "held"))
		held++;
	else
		violations++;
}

static void
on_done(void *ctx, const struct case_result *result)
{
	(void)ctx;
	times++;
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->count, violations);
}

static unsigned
check(const char *case_id)
{
	const struct text id = text_of(case_id);

	times = violations = held = 0;
	assert_int_equal(
	    cases_check(fixture.cases, &id, 1, on_check, on_done, NULL), STATUS_OK);
	fixture_wait(&times);
	return violations;
}

static void
a_whole_case_has_no_violation_and_names_its_places(void **state)
{
	(void)state;
	new_referral_in("sent");
	assert_int_equal(check(the.id), 0);
	assert_int_equal(held, 1);
	assert_int_equal(check("01234567890123456789012345"), 1);
}

static void
damage_of_every_kind_is_found(void **state)
{
	static const char *const FIELDS[][2] = {
		{ "n1.state", "matching" },
		{ "r1-1.state", "accepted" },
		{ "r1-1.state", "declined" },
		{ "r1-1.place", "" },
		{ "r1-1.tell", "" },
		{ "open", "1" },
		{ "chain", "0123456789abcdef" },
		{ "last", "1-1" },
		{ "last", "" },
	};
	static const char *const DAMAGE[] = {
		"ZREM {c1}:open %s",
		"ZREM {c1}:clock:delayed %s-1-1",
		"ZADD {c1}:clock:dead 1 %s-1-1",
		"ZADD {c1}:clock:ready:normal 1 %s-1-1",
		"ZADD {c1}:notify:leased 1 %s-1-1",
		"ZADD {c1}:match:ready:urgent 1 %s-1",
		"ZREM {c1}:inbox:agency1 %s-1-1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
		new_referral_in("sent");
		field_put(the.id, FIELDS[i][0], FIELDS[i][1]);
		if (check(the.id) == 0)
			fail_msg("not found: %s is %s", FIELDS[i][0], FIELDS[i][1]);
	}
	for (size_t i = 0; i < sizeof DAMAGE / sizeof *DAMAGE; i++) {
		char command[128];

		new_referral_in("sent");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(command, sizeof command, DAMAGE[i], the.id);
#pragma GCC diagnostic pop
		(void)redis_ask("%s", command);
		if (check(the.id) == 0)
			fail_msg("not found: %s", command);
	}
}

static void
an_item_in_the_lane_of_another_urgency_is_found(void **state)
{
	(void)state;
	new_case("one", urgency_normal, 1, the.id);
	(void)redis_ask("ZREM {c1}:match:ready:normal %s-1", the.id);
	(void)redis_ask("ZADD {c1}:match:ready:urgent 1 %s-1", the.id);
	assert_int_equal(check(the.id), 1);
}

static void
more_cases_than_a_call_takes_are_refused_not_left_out(void **state)
{
	static struct text ids[300];

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		ids[i] = LITERAL("01234567890123456789012345");
	times = violations = 0;
	assert_int_equal(cases_check(fixture.cases, ids, 300, on_check, on_done, NULL),
	    STATUS_TOO_LARGE);
	assert_int_equal(
	    cases_check(fixture.cases, ids, 260, on_check, on_done, NULL), STATUS_OK);
	fixture_wait(&times);
	assert_int_equal(violations, 260);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cases_fixture_empty)
	const struct CMUnitTest tests[] = {
		TEST(a_whole_case_has_no_violation_and_names_its_places),
		TEST(damage_of_every_kind_is_found),
		TEST(an_item_in_the_lane_of_another_urgency_is_found),
		TEST(more_cases_than_a_call_takes_are_refused_not_left_out),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
