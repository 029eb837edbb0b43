/* SPDX-License-Identifier: Apache-2.0
 * What is known of agencies' loads, and the limits that a policy gives them. */
#include <math.h>

#include "services/matcher/loads.h"
#include "tests/unit/matcher_fixture.h"

static struct policy policy;

static int
start(void **unused)
{
	(void)unused;
	policy = POLICY_STANDARD;
	new_service("s1", "food");
	return 0;
}

static void
what_an_offer_found_is_believed_for_a_while(void **unused)
{
	struct loads *loads = loads_new();

	(void)unused;
	assert_non_null(loads);
	assert_true(isnan(loads_open(NULL, LITERAL("a"), 0)));
	assert_true(isnan(loads_open(loads, LITERAL("a"), 0)));
	loads_set(loads, LITERAL("a"), 3, 1000);
	loads_set(loads, LITERAL("b"), 4, 1000);
	loads_set(loads, LITERAL("a"), 5, 2000);
	assert_true(loads_open(loads, LITERAL("a"), 2000) == 5);
	assert_true(loads_open(loads, LITERAL("b"), 2000) == 4);
	assert_true(loads_open(loads, LITERAL("a"), 2000 + LOADS_BELIEVED_MS - 1) == 5);
	assert_true(isnan(loads_open(loads, LITERAL("a"), 2000 + LOADS_BELIEVED_MS)));
	loads_free(loads);
}

static void
assert_limits(enum urgency urgency, const char *expected)
{
	struct limits limits = limits_of(&policy, facts.workers, urgency);
	char text[LIMITS_BYTES];

	assert_text(limits_print(&policy, &limits, text), expected);
}

static void
an_agency_whose_workers_are_not_known_has_only_the_limits_of_agencies(void **unused)
{
	(void)unused;
	assert_limits(urgency_normal, "");
	policy.load_agency_open = 40;
	assert_limits(urgency_normal, "40 0 6 604800000 0");
	policy.load_agency_new = 5;
	assert_limits(urgency_normal, "40 5 6 604800000 0");
}

static void
limits_follow_the_number_of_workers(void **unused)
{
	(void)unused;
	policy.load_agency_open = policy.load_agency_new = 99;
	facts.workers = 3;
	assert_limits(urgency_normal, "51 9 6 604800000 0");
	facts.workers = 0.5;
	assert_limits(urgency_normal, "8 1 6 604800000 0");
	facts.workers = 0; /* a limit of none would be no limit */
	assert_limits(urgency_normal, "1 1 6 604800000 0");
	policy.load_worker_open = policy.load_worker_new = 0;
	assert_limits(urgency_normal, "");
}

static void
a_share_is_kept_for_emergencies(void **unused)
{
	(void)unused;
	policy.load_kept_share = 0.25;
	assert_limits(urgency_normal, "0 0 6 604800000 0.25");
	assert_limits(urgency_emergency, "");
	facts.workers = 2;
	assert_limits(urgency_urgent, "25 6 6 604800000 0.25");
	assert_limits(urgency_emergency, "34 6 6 604800000 0");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(what_an_offer_found_is_believed_for_a_while),
		TEST(
		    an_agency_whose_workers_are_not_known_has_only_the_limits_of_agencies),
		TEST(limits_follow_the_number_of_workers),
		TEST(a_share_is_kept_for_emergencies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
