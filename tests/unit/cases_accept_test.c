/* SPDX-License-Identifier: Apache-2.0
 * An intake becomes a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

static void
an_intake_becomes_a_case_with_needs_that_wait(void **state)
{
	struct case_accept in = usual_accept("one", urgency_urgent, 2);
	const struct case_result *result = do_accept(&in);
	char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];

	(void)state;
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->version, 1);
	assert_true(result->at_ms > 1000000000000);
	(void)text_copy(in.case_id, id, sizeof id);
	assert_int_equal(strtoll(field_of(id, "at"), NULL, 10), result->at_ms);
	assert_string_equal(field_of(id, "n1.state"), "received");
	assert_string_equal(field_of(id, "n1.term"), "food");
	assert_string_equal(field_of(id, "n2.term"), "shelter");
	assert_string_equal(field_of(id, "n2.version"), "1");
	assert_string_equal(field_of(id, "n3.state"), "");
	assert_string_equal(field_of(id, "identity"), "sealed identity");
	assert_string_equal(field_of(id, "routing"), "sealed routing");
	assert_string_equal(field_of(id, "key"), "sealed key");
	assert_string_equal(field_of(id, "by"), "operator1");
	assert_string_equal(field_of(id, "open"), "2");
	for (unsigned n = 1; n <= 2; n++) {
		id_need(in.case_id, n, need);
		assert_string_equal(where_is("match", need), "ready:urgent");
	}
	assert_string_equal(redis_ask("ZSCORE {c1}:phone:100 %s", id), "100000000000001");
	assert_string_equal(redis_ask("ZSCORE {c1}:where:100 %s", id), "100000000000002");
	assert_int_equal(do_queues()->cases_entered, 1);
	assert_int_equal(do_queues()->stages[0].entered, 2);
	assert_whole();
}

static void
the_same_intake_again_changes_nothing(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 3);
	const struct case_result *result;
	char *before;

	(void)state;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	before = redis_dump();
	result = do_accept(&in);
	assert_int_equal(result->status, STATUS_DUP);
	assert_int_equal(result->version, 1);
	assert_int_equal(result->states_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_text(result->states[i], "received");
	assert_unchanged(before);
}

static void
a_repeat_tells_how_far_the_needs_have_come(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 2);
	char id[ID_CASE_BYTES + 1], referral[ID_ITEM_MAX];
	const struct case_result *result;

	(void)state;
	new_case("one", urgency_normal, 2, id);
	new_referral(id, referral);
	result = do_accept(&in);
	assert_int_equal(result->status, STATUS_DUP);
	assert_text(result->states[0], "offered");
	assert_text(result->states[1], "received");
}

static void
a_repeat_of_a_case_that_holds_more_of_its_digest_is_known(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);
	char id[ID_CASE_BYTES + 1];

	(void)state;
	(void)text_copy(in.case_id, id, sizeof id);
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	field_put(id, "digest", "");
	(void)redis_ask("HSET {c1}:case:%.*s digest %.*sf00d", (int)in.case_id.length,
	    in.case_id.at, (int)in.digest.length, in.digest.at);
	assert_int_equal(do_accept(&in)->status, STATUS_DUP);
}

static void
another_body_under_the_same_key_is_refused(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);
	char *before;

	(void)state;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	before = redis_dump();
	in.digest = LITERAL("other");
	assert_int_equal(do_accept(&in)->status, STATUS_KEY_REUSED);
	assert_unchanged(before);
}

static void
what_is_handed_over_is_leased_and_the_rest_waits(void **state)
{
	struct case_accept in = usual_accept("one", urgency_emergency, 3);
	char need[ID_ITEM_MAX], id[ID_CASE_BYTES + 1];

	(void)state;
	in.handoff_count = 2;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	(void)text_copy(in.case_id, id, sizeof id);
	id_need(in.case_id, 1, need);
	assert_string_equal(where_is("match", need), "leased");
	assert_string_equal(field_of(id, "n1.match"), "1 0 0");
	assert_true(strtoll(redis_ask("ZSCORE {c1}:match:leased %s", need), NULL, 10) >=
	            strtoll(field_of(id, "at"), NULL, 10) + LEASE_MS);
	id_need(in.case_id, 2, need);
	assert_string_equal(where_is("match", need), "leased");
	id_need(in.case_id, 3, need);
	assert_string_equal(where_is("match", need), "ready:emergency");
	assert_int_equal(do_queues()->stages[0].entered, 3);
	assert_whole();
}

static void
absent_indexes_are_not_written(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);

	(void)state;
	in.phone = in.where = TEXT_ABSENT;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	assert_string_equal(
	    redis_ask("EXISTS {c1}:phone: {c1}:where: {c1}:phone:100 {c1}:where:100"),
	    "0");
	assert_whole();
}

static void
normal_intakes_are_refused_before_the_others(void **state)
{
	struct case_accept in;
	char id[ID_CASE_BYTES + 1];

	(void)state;
	for (int i = 0; i < 8; i++) {
		char name[8];

		(void)snprintf(name, sizeof name, "c%d", i);
		new_case(name, urgency_normal, 1, id);
	}
	in = usual_accept("nine", urgency_normal, 1);
	in.ready_most = 10;
	assert_int_equal(do_accept(&in)->status, STATUS_BUSY);
	in.urgency = urgency_urgent;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	in = usual_accept("ten", urgency_emergency, 1);
	in.ready_most = 9;
	assert_int_equal(do_accept(&in)->status, STATUS_BUSY);
	in.ready_most = 10;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	assert_int_equal(do_queues()->open, 10);
	assert_whole();
}

static void
a_repeat_is_answered_even_when_too_much_waits(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, 1);

	(void)state;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	in.ready_most = 1;
	assert_int_equal(do_accept(&in)->status, STATUS_DUP);
}

static void
sixteen_needs_fit(void **state)
{
	struct case_accept in = usual_accept("one", urgency_normal, CASE_NEEDS_MAX);
	const struct case_result *result;

	(void)state;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	result = do_accept(&in);
	assert_int_equal(result->states_count, CASE_NEEDS_MAX);
	assert_int_equal(do_queues()->stages[0].ready[2].count, CASE_NEEDS_MAX);
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cases_fixture_empty)
	const struct CMUnitTest tests[] = {
		TEST(an_intake_becomes_a_case_with_needs_that_wait),
		TEST(the_same_intake_again_changes_nothing),
		TEST(a_repeat_tells_how_far_the_needs_have_come),
		TEST(a_repeat_of_a_case_that_holds_more_of_its_digest_is_known),
		TEST(another_body_under_the_same_key_is_refused),
		TEST(what_is_handed_over_is_leased_and_the_rest_waits),
		TEST(absent_indexes_are_not_written),
		TEST(normal_intakes_are_refused_before_the_others),
		TEST(a_repeat_is_answered_even_when_too_much_waits),
		TEST(sixteen_needs_fit),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
