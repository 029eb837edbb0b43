/* SPDX-License-Identifier: Apache-2.0
 * Ages, times and explanations in words. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "deploy/referralctl/words.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void
an_age_is_rounded_down_to_two_units_at_most(void **state)
{
	static const struct {
		int64_t ms;
		const char *words;
	} AGES[] = {
		{ 0, "0 s" },
		{ 999, "0 s" },
		{ SECOND, "1 s" },
		{ MINUTE - 1, "59 s" },
		{ MINUTE, "1 min" },
		{ HOUR - 1, "59 min" },
		{ HOUR, "1 h 0 min" },
		{ 2 * HOUR + 5 * MINUTE + 59 * SECOND, "2 h 5 min" },
		{ DAY - 1, "23 h 59 min" },
		{ DAY, "1 d 0 h" },
		{ 4 * DAY + 3 * HOUR + 59 * MINUTE, "4 d 3 h" },
		{ 1000 * DAY, "1000 d 0 h" },
		{ -1, "in 0 s" },
		{ -12 * SECOND, "in 12 s" },
		{ -90 * MINUTE, "in 1 h 30 min" },
		{ TIME_ABSENT, "-" },
		{ TIME_ABSENT + 1, "in 106751991167 d 7 h" },
		{ INT64_MAX, "106751991167 d 7 h" },
	};
	char words[WORDS_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof AGES / sizeof AGES[0]; i++)
		assert_string_equal(words_age(AGES[i].ms, words), AGES[i].words);
}

static void
a_time_is_local(void **state)
{
	char words[WORDS_BYTES];

	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	assert_string_equal(
	    words_time(INT64_C(1795161600000), words), "2026-11-20 08:00:00");
	assert_int_equal(setenv("TZ", "EET-2", 1), 0);
	tzset();
	assert_string_equal(
	    words_time(INT64_C(1795161600999), words), "2026-11-20 10:00:00");
	assert_string_equal(words_time(TIME_ABSENT, words), "-");
}

static void
no_code_is_a_dash(void **state)
{
	(void)state;
	assert_string_equal(words_code(CODE_SET_reason, 0), "-");
	assert_string_equal(words_code(CODE_SET_reason, reason_full), "full");
	assert_string_equal(words_code(CODE_SET_reason, 200), "-");
}

/* ---- explanations ---- */

static struct score_part *
add_part(struct candidate *candidate, struct text name, double value, double points)
{
	struct score_part *part = &candidate->parts[candidate->parts_count++];

	record_init(&record_score_part, part);
	part->part = name;
	part->value = value;
	part->points = points;
	return part;
}

static void
add_rule(struct candidate *candidate, struct text name, enum verdict verdict)
{
	struct rule_result *rule = &candidate->rules[candidate->rules_count++];

	record_init(&record_rule_result, rule);
	rule->rule = name;
	rule->verdict = (uint8_t)verdict;
}

static char *
told(const struct why *why, unsigned indent)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	words_why(why, NULL, indent, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
an_explanation_says_score_unknowns_next_and_excluded(void **state)
{
	static struct why why;
	struct candidate *chosen = &why.chosen;
	char *text;

	(void)state;
	record_init(&record_why, &why);
	why.has_chosen = true;
	why.considered_count = 11;
	record_init(&record_candidate, chosen);
	chosen->service = LITERAL("s1");
	chosen->score = 29.25;
	(void)add_part(chosen, LITERAL("distance"), 1.5, 27.25);
	(void)add_part(chosen, LITERAL("full"), 0, 0);
	(void)add_part(chosen, LITERAL("unknowns"), 2, -8);
	(void)add_part(chosen, LITERAL("capacity"), (double)NAN, 10);
	add_rule(chosen, LITERAL("active"), verdict_pass);
	add_rule(chosen, LITERAL("age"), verdict_unknown);
	add_rule(chosen, LITERAL("area"), verdict_unknown);
	chosen->questions[chosen->questions_count++] = LITERAL("How old?");
	record_init(&record_candidate, &why.next[0]);
	record_init(&record_candidate, &why.next[1]);
	why.next[0].service = LITERAL("s2");
	why.next[0].name = LITERAL("Second\x1b");
	why.next[0].score = 20;
	why.next[1].service = LITERAL("s3");
	why.next[1].score = -1.5;
	why.next_count = 2;
	why.refusals_by_rule[0] = (struct rule_count){ LITERAL("area"), 3 };
	why.refusals_by_rule[1] = (struct rule_count){ LITERAL("age"), 1 };
	why.refusals_by_rule_count = 2;
	record_init(&record_refusal, &why.refusals[0]);
	why.refusals[0].service = LITERAL("s4");
	why.refusals[0].rule = LITERAL("age");
	why.refusals_count = 1;
	text = told(&why, 2);
	assert_string_equal(text,
	    "  11 services considered\n"
	    "  score 29.25 = 27.25 distance (1.5) - 8 unknowns (2) + 10 capacity\n"
	    "  unknown: age, area\n"
	    "  ask: How old?\n"
	    "  next: 20.00 Second?\n"
	    "  next: -1.50 s3\n"
	    "  excluded: 3 by area, 1 by age\n"
	    "    s4: age\n");
	free(text);
}

static void
a_score_may_begin_below_zero_and_an_empty_explanation_says_nothing(void **state)
{
	static struct why why;
	char *text;

	(void)state;
	record_init(&record_why, &why);
	text = told(&why, 0);
	assert_string_equal(text, "");
	free(text);
	why.has_chosen = true;
	record_init(&record_candidate, &why.chosen);
	why.chosen.score = -493;
	(void)add_part(&why.chosen, LITERAL("full"), 1, -500);
	(void)add_part(&why.chosen, LITERAL("language"), 1, 7);
	text = told(&why, 0);
	assert_string_equal(text, "score -493.00 = -500 full (1) + 7 language (1)\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_age_is_rounded_down_to_two_units_at_most),
		cmocka_unit_test(a_time_is_local),
		cmocka_unit_test(no_code_is_a_dash),
		cmocka_unit_test(an_explanation_says_score_unknowns_next_and_excluded),
		cmocka_unit_test(
		    a_score_may_begin_below_zero_and_an_empty_explanation_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
