/* SPDX-License-Identifier: Apache-2.0
 * What is known of services' answers, read as Redis keeps it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/answered.h"
#include "services/matcher/answers.h"

#define DAY INT64_C(86400000)
#define KEEP(kept) answers_set(answers, LITERAL("s1"), LITERAL(kept))

static struct answers *answers;

static int
start(void **unused)
{
	(void)unused;
	answers = answers_new();
	return answers == NULL;
}

static int
end(void **unused)
{
	(void)unused;
	answers_free(answers);
	return 0;
}

static double
lost_on(const char *term, int64_t day)
{
	return answers_lost_percent(answers, LITERAL("s1"), text_of(term), day * DAY);
}

static void
of_whom_nothing_was_heard_nothing_is_known(void **unused)
{
	(void)unused;
	assert_true(isnan(answers_lost_percent(NULL, LITERAL("s1"), LITERAL("a"), 0)));
	assert_true(isnan(lost_on("a", 100)));
	KEEP("5000 5000 100 a");
	assert_true(isnan(lost_on("b", 100)));
	assert_true(isnan(lost_on("a.b", 100)));
	assert_true(
	    isnan(answers_lost_percent(answers, LITERAL("s2"), LITERAL("a"), 100 * DAY)));
}

static void
one_lost_offer_says_little_of_who_had_few(void **unused)
{
	(void)unused;
	KEEP("1000 1000 100 a");
	assert_true(lost_on("a", 100) == 20);
	KEEP("6000 6000 100 a");
	assert_true(lost_on("a", 100) == 60);
	KEEP("96000 96000 100 a");
	assert_true(lost_on("a", 100) == 95); /* 96 */
	KEEP("96000 0 100 a");
	assert_true(lost_on("a", 100) == 0);
}

static void
what_is_older_says_less(void **unused)
{
	(void)unused;
	KEEP("4000 4000 100 a");
	assert_true(lost_on("a", 100) == 50);
	assert_true(lost_on("a", 100 + ANSWERED_HALF_DAYS) == 30); /* a third */
	assert_true(lost_on("a", 100 + 20 * ANSWERED_HALF_DAYS) == 0);
	assert_true(lost_on("a", 99) == 50); /* a clock that was set back */
}

static void
terms_are_kept_apart_and_the_newest_text_counts(void **unused)
{
	(void)unused;
	KEEP("1000 1000 100 a\0"
	     "6000 6000 100 b c,d");
	assert_true(lost_on("a", 100) == 20);
	assert_true(lost_on("b c,d", 100) == 60);
	KEEP("1000 0 100 b c,d");
	assert_true(isnan(lost_on("a", 100)));
	assert_true(lost_on("b c,d", 100) == 0);
	KEEP("");
	assert_true(isnan(lost_on("b c,d", 100)));
}

static void
what_is_damaged_is_left_out_and_the_rest_stands(void **unused)
{
	char many[512], kept[256];
	size_t length = 0;

	(void)unused;
	KEEP("x\0"
	     "1000 2000 100 more lost than asked\0"
	     "1000 1000 100\0"
	     "1000 1000 100 \0"
	     "99999999999 1 100 a\0"
	     "\0"
	     "1000 1000 100 a");
	assert_true(lost_on("a", 100) == 20);
	assert_true(isnan(lost_on("more lost than asked", 100)));
	assert_true(isnan(lost_on("", 100)));
	(void)snprintf(kept, sizeof kept, "1000 1000 100 %0129d", 7); /* too long */
	answers_set(answers, LITERAL("s1"), text_of(kept));
	assert_true(isnan(lost_on(kept + 14, 100)));
	(void)snprintf(kept, sizeof kept, "1000 1000 100 %0128d", 7);
	answers_set(answers, LITERAL("s1"), text_of(kept));
	assert_true(lost_on(kept + 14, 100) == 20);
	for (char term = 'a'; term < 'a' + ANSWERED_TERMS_MOST + 2; term++)
		length += (size_t)snprintf(many + length, sizeof many - length,
		              "1000 1000 100 %c", term) +
		          1;
	answers_set(answers, LITERAL("s1"), (struct text){ many, (uint32_t)length });
	assert_true(lost_on("a", 100) == 20);
	assert_true(isnan(lost_on("i", 100))); /* the ninth */
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(of_whom_nothing_was_heard_nothing_is_known),
		TEST(one_lost_offer_says_little_of_who_had_few),
		TEST(what_is_older_says_less),
		TEST(terms_are_kept_apart_and_the_newest_text_counts),
		TEST(what_is_damaged_is_left_out_and_the_rest_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
