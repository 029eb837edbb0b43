/* SPDX-License-Identifier: Apache-2.0
 * Other needs of a family: who is told of them, and that siblings are offered one service. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

static char id[ID_CASE_BYTES + 1], needs[3][ID_ITEM_MAX];

static int
begin(void **state)
{
	(void)cases_fixture_empty(state);
	new_case("one", urgency_normal, 3, id);
	for (unsigned i = 0; i < 3; i++)
		id_need(text_of(id), i + 1, needs[i]);
	return 0;
}

/* To the services from that one on, 1 to 3. */
static const struct case_result *
offer_from(unsigned need, unsigned service, const char *siblings)
{
	struct case_offer in = usual_offer(needs[need - 1], 1, "c1", 3);

	in.candidates += service - 1;
	in.candidates_count -= service - 1;
	in.siblings = text_of(siblings);
	return do_offer(&in);
}

static const char *
service_of(const char *name)
{
	return field_of(id, name);
}

static void
a_worker_is_told_where_other_needs_of_the_case_have_an_open_offer(void **state)
{
	struct case_answer answer;
	char referral[ID_ITEM_MAX];

	(void)state;
	assert_int_equal(offer_from(2, 2, "")->offered_count, 1);
	assert_int_equal(do_claim(stage_match, 1, 1000), 1);
	assert_string_equal(claimed[0].item, needs[0]);
	assert_int_equal(claimed[0].work.beside_count, 1);
	assert_string_equal(claimed[0].beside[0], "2 service2");
	id_referral(text_of(needs[1]), 1, referral);
	answer = usual_answer(referral, "decline", "command");
	assert_int_equal(do_answer(&answer)->status, STATUS_OK);
	assert_int_equal(do_claim(stage_match, 1, 1000), 1);
	assert_int_equal(claimed[0].work.beside_count, 0);
}

static void
a_sibling_is_offered_the_service_that_the_other_has(void **state)
{
	const struct case_result *result;

	(void)state;
	assert_int_equal(offer_from(1, 2, "2 ")->offered_count, 1);
	result = offer_from(2, 1, "1 ");
	assert_int_equal(result->offered_count, 1);
	assert_int_equal(result->offered[0].position, 1);
	assert_string_equal(service_of("r2-1.service"), "service2");
	result = offer_from(3, 1, "");
	assert_int_equal(result->offered[0].position, 0);
	assert_whole();
}

static void
where_that_service_is_full_a_sibling_waits_for_it(void **state)
{
	(void)state;
	(void)redis_ask("HSET {c1}:place:service2 available 1");
	assert_int_equal(offer_from(1, 2, "2")->offered_count, 1);
	assert_int_equal(offer_from(2, 1, "1")->offered_count, 0);
	assert_string_equal(service_of("n2.state"), "parked");
	assert_string_equal(service_of("n2.reason"), "no_capacity");
	assert_string_equal(
	    redis_ask("SISMEMBER {c1}:waiting:service2 %s", needs[1]), "1");
	assert_string_equal(redis_ask("EXISTS {c1}:waiting:service1"), "0");
	assert_whole();
}

static void
a_sibling_that_does_not_know_that_service_is_looked_at_again_at_once(void **state)
{
	(void)state;
	assert_int_equal(offer_from(1, 1, "2")->offered_count, 1);
	assert_int_equal(do_claim(stage_match, 1, 1000), 1);
	assert_string_equal(claimed[0].item, needs[1]);
	assert_int_equal(offer_from(2, 2, "1")->status, STATUS_STALE);
	assert_string_equal(service_of("n2.state"), "received");
	assert_string_equal(where_is("match", needs[1]), "ready:normal");
	assert_int_equal(do_claim(stage_match, 2, 1000), 2);
	for (unsigned i = 0; i < 2; i++)
		assert_string_equal(claimed[i].beside[0], "1 service1");
	assert_whole();
}

static void
a_sibling_whose_offer_is_over_binds_nobody(void **state)
{
	struct case_answer answer;
	char referral[ID_ITEM_MAX];

	(void)state;
	assert_int_equal(offer_from(1, 2, "2")->offered_count, 1);
	id_referral(text_of(needs[0]), 1, referral);
	answer = usual_answer(referral, "decline", "command");
	assert_int_equal(do_answer(&answer)->status, STATUS_OK);
	assert_int_equal(offer_from(2, 1, "1")->offered[0].position, 0);
	assert_whole();
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_is_told_where_other_needs_of_the_case_have_an_open_offer),
		TEST(a_sibling_is_offered_the_service_that_the_other_has),
		TEST(where_that_service_is_full_a_sibling_waits_for_it),
		TEST(
		    a_sibling_that_does_not_know_that_service_is_looked_at_again_at_once),
		TEST(a_sibling_whose_offer_is_over_binds_nobody),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
