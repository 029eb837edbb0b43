/* SPDX-License-Identifier: Apache-2.0
 * Which clock of an offer comes next, for every urgency and with clocks that are off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/clocks.h"

static struct config config;

static int
start(void **state)
{
	(void)state;
	config_defaults(&config);
	return 0;
}

/* Sets the three clocks of an urgency. */
static void
set(enum urgency urgency, int64_t remind, int64_t escalate, int64_t expire)
{
	if (urgency == urgency_emergency) {
		config.clocks_emergency_remind = remind;
		config.clocks_emergency_escalate = escalate;
		config.clocks_emergency_expire = expire;
	} else if (urgency == urgency_urgent) {
		config.clocks_urgent_remind = remind;
		config.clocks_urgent_escalate = escalate;
		config.clocks_urgent_expire = expire;
	} else {
		config.clocks_normal_remind = remind;
		config.clocks_normal_escalate = escalate;
		config.clocks_normal_expire = expire;
	}
}

/* After `purpose` (NULL: first) comes `next` (NULL: nothing) at that time. */
static void
expect(enum urgency urgency, const char *purpose, const char *next, int64_t after_ms)
{
	int64_t got_ms = -1;
	struct text got = clocks_next(&config, urgency, text_of(purpose), &got_ms);

	if (next == NULL)
		assert_null(got.at);
	else
		assert_true(text_is(got, next));
	assert_int_equal(got_ms, after_ms);
}

static void
by_default_every_urgency_has_three_clocks_in_order(void **state)
{
	static const int64_t HOUR = 3600000;

	(void)state;
	expect(urgency_emergency, NULL, "remind", HOUR / 4);
	expect(urgency_emergency, "remind", "escalate", HOUR / 2);
	expect(urgency_emergency, "escalate", "expire", 2 * HOUR);
	expect(urgency_urgent, NULL, "remind", 4 * HOUR);
	expect(urgency_urgent, "remind", "escalate", 24 * HOUR);
	expect(urgency_urgent, "escalate", "expire", 48 * HOUR);
	expect(urgency_normal, NULL, "remind", 24 * HOUR);
	expect(urgency_normal, "remind", "escalate", 48 * HOUR);
	expect(urgency_normal, "escalate", "expire", 96 * HOUR);
}

static void
clocks_that_are_off_are_passed_over(void **state)
{
	(void)state;
	for (enum urgency u = urgency_emergency; u <= urgency_normal; u++) {
		set(u, 0, 20, 30);
		expect(u, NULL, "escalate", 20);
		expect(u, "escalate", "expire", 30);
		set(u, 10, 0, 30);
		expect(u, NULL, "remind", 10);
		expect(u, "remind", "expire", 30);
		set(u, 0, 0, 30);
		expect(u, NULL, "expire", 30);
	}
}

static void
what_would_come_with_the_end_or_after_it_is_passed_over(void **state)
{
	(void)state;
	for (enum urgency u = urgency_emergency; u <= urgency_normal; u++) {
		set(u, 10, 30, 30);
		expect(u, NULL, "remind", 10);
		expect(u, "remind", "expire", 30);
		set(u, 31, 29, 30);
		expect(u, NULL, "escalate", 29);
		set(u, 40, 50, 30);
		expect(u, NULL, "expire", 30);
	}
}

static void
after_the_end_comes_nothing(void **state)
{
	(void)state;
	for (enum urgency u = urgency_emergency; u <= urgency_normal; u++) {
		expect(u, "expire", NULL, 0);
		expect(u, "recall", NULL, 0);
		expect(u, "", NULL, 0);
	}
}

static void
a_clock_that_was_switched_off_meanwhile_still_leads_on(void **state)
{
	(void)state;
	set(urgency_normal, 0, 0, 30);
	expect(urgency_normal, "remind", "expire", 30);
	expect(urgency_normal, "escalate", "expire", 30);
}

static void
an_unknown_urgency_is_taken_for_normal(void **state)
{
	(void)state;
	set(urgency_normal, 11, 22, 33);
	expect(urgency_absent, NULL, "remind", 11);
	expect((enum urgency)9, "remind", "escalate", 22);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(by_default_every_urgency_has_three_clocks_in_order),
		TEST(clocks_that_are_off_are_passed_over),
		TEST(what_would_come_with_the_end_or_after_it_is_passed_over),
		TEST(after_the_end_comes_nothing),
		TEST(a_clock_that_was_switched_off_meanwhile_still_leads_on),
		TEST(an_unknown_urgency_is_taken_for_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
