/* SPDX-License-Identifier: Apache-2.0
 * What a list of services says of today. */
#include <math.h>

#include "common/clock.h"
#include "services/matcher/brief.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct found found;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	new_service("s1", "food");
	record_init(&record_found, &found);
	found.services_count = 1;
	record_init(&record_service_brief, &found.services[0]);
	found.services[0].id = LITERAL("s1");
	return services == NULL;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	return 0;
}

static const struct service_brief *
brief_at(int64_t now_ms)
{
	put_service(services);
	brief_found(services, &found, now_ms);
	return &found.services[0];
}

static void
what_is_not_known_is_not_said(void **unused)
{
	const struct service_brief *brief = brief_at(NOW_MS);

	(void)unused;
	assert_true(brief->opens_at == TIME_ABSENT);
	assert_true(brief->verified_at == TIME_ABSENT);
	assert_null(brief->notice.at);
	assert_int_equal(brief->referral_methods_count, 0);
	assert_int_equal(brief->costs_count, 0);
}

static void
the_door_opens_now_or_next(void **unused)
{
	(void)unused;
	open_weekly(4, 480, 1080); /* Friday, 8:00: now */
	assert_true(brief_at(NOW_MS)->opens_at == NOW_MS);
	assert_true(brief_at(NOW_MS - HOUR_MS)->opens_at == NOW_MS);
	assert_true(brief_at(NOW_MS + 10 * HOUR_MS)->opens_at == NOW_MS + 7 * DAY_MS);
	/* What was asked last is no answer to an earlier question. */
	assert_true(brief_at(NOW_MS - HOUR_MS)->opens_at == NOW_MS);
}

static void
a_notice_is_said_while_it_holds(void **unused)
{
	(void)unused;
	facts.notice = LITERAL("Moved");
	facts.notice_ends = NOW_MS;
	assert_null(brief_at(NOW_MS)->notice.at);
	assert_text(brief_at(NOW_MS - 1)->notice, "Moved");
}

static void
ways_and_costs_are_codes_and_the_verified_day_is_a_time(void **unused)
{
	const struct service_brief *brief;

	(void)unused;
	facts.referral_methods =
	    1U << referral_method_phone | 1U << referral_method_agency;
	facts.costs = 1U << cost_insurance;
	facts.verified_at = NOW_MS;
	brief = brief_at(NOW_MS);
	assert_int_equal(brief->referral_methods_count, 2);
	assert_int_equal(brief->referral_methods[0], referral_method_phone);
	assert_int_equal(brief->referral_methods[1], referral_method_agency);
	assert_int_equal(brief->costs_count, 1);
	assert_int_equal(brief->costs[0], cost_insurance);
	assert_true(brief->verified_at == NOW_MS);
}

static void
what_vanished_meanwhile_stays_as_it_was_found(void **unused)
{
	(void)unused;
	brief_found(services, &found, NOW_MS);
	assert_text(found.services[0].id, "s1");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_known_is_not_said),
		TEST(the_door_opens_now_or_next),
		TEST(a_notice_is_said_while_it_holds),
		TEST(ways_and_costs_are_codes_and_the_verified_day_is_a_time),
		TEST(what_vanished_meanwhile_stays_as_it_was_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
