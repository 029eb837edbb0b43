/* SPDX-License-Identifier: Apache-2.0
 * A stored decision, told to who asks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "deploy/referralctl/explain.h"

#define CASE "1xsamwgnwdvqdwcv4xbvyszaav"

static struct case_view view;

static void
add_need(const char *id, const char *state, enum reason reason)
{
	struct need_state *need = &view.needs[view.needs_count++];

	record_init(&record_need_state, need);
	need->id = text_of(id);
	need->term = LITERAL("housing");
	need->state = text_of(state);
	need->reason = (uint8_t)reason;
}

static struct referral_state *
add_referral(const char *id, const char *need)
{
	struct referral_state *referral = &view.referrals[view.referrals_count++];

	record_init(&record_referral_state, referral);
	referral->id = text_of(id);
	referral->need = text_of(need);
	referral->service = LITERAL("s1");
	referral->agency = LITERAL("a1");
	referral->state = LITERAL("sent");
	return referral;
}

static void
add_candidate(struct candidate *candidate, struct text service, double score)
{
	record_init(&record_candidate, candidate);
	candidate->service = service;
	candidate->score = score;
}

static void
add_why(struct why *why)
{
	struct candidate *chosen = &why->chosen;

	record_init(&record_why, why);
	why->has_chosen = true;
	why->considered_count = 11;
	why->seed = 7;
	why->directory_version = LITERAL("d9");
	add_candidate(chosen, LITERAL("s1"), 20.5);
	record_init(&record_score_part, &chosen->parts[0]);
	chosen->parts[0] = (struct score_part){ LITERAL("distance"), 1.5, 20.5 };
	chosen->parts_count = 1;
	chosen->rules[0] = (struct rule_result){ LITERAL("active"), verdict_pass };
	chosen->rules[1] = (struct rule_result){ LITERAL("age"), verdict_unknown };
	chosen->rules_count = 2;
	why->refusals_by_rule[0] = (struct rule_count){ LITERAL("area"), 3 };
	why->refusals_by_rule_count = 1;
	record_init(&record_refusal, &why->refusals[0]);
	why->refusals[0].service = LITERAL("s4");
	why->refusals[0].rule = LITERAL("area");
	why->refusals_count = 1;
}

/* Two needs; the first was offered twice, the second waits. */
static int
set_view(void **state)
{
	struct referral_state *referral;

	(void)state;
	record_init(&record_case_view, &view);
	view.id = LITERAL(CASE);
	add_need(CASE "-1", "offered", 0);
	add_need(CASE "-2", "waiting", reason_full);
	(void)add_referral(CASE "-1-1", CASE "-1");
	referral = add_referral(CASE "-1-2", CASE "-1");
	referral->has_why = true;
	add_why(&referral->why);
	return 0;
}

static void
assert_told(const char *lang, const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	explain_print(&view, lang, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void
a_decision_is_told_with_its_points_its_inputs_what_is_unknown_and_what_excluded(
    void **state)
{
	struct why *why;

	(void)state;
	assert_true(explain_keep(&view, 1, 2));
	why = &view.referrals[0].why;
	view.referrals[0].service_name = LITERAL("First\x1b");
	why->policy = 4;
	add_candidate(&why->next[0], LITERAL("s2"), 21);
	add_candidate(&why->next[1], LITERAL("s3"), 18.25);
	why->next[1].name = LITERAL("Third");
	why->next_count = 2;
	assert_told("en",
	    "need " CASE "-1, housing: offered\n"
	    "referral " CASE "-1-2, offered -: sent\n"
	    "  to First? (s1)\n"
	    "  decided by policy version 4, directory version d9, seed 7\n"
	    "  chosen with 20.50 points\n"
	    "      +20.50  The way there in kilometres: 1.5.\n"
	    "  not known, to be asked: each may still exclude it\n"
	    "    age: How old is the person the need is for, and which ages does the "
	    "service take?\n"
	    "  next: s2 with 21.00 points, 0.50 more: it has this need already, or no "
	    "place could be reserved\n"
	    "  next: Third (s3) with 18.25 points, 2.25 fewer\n"
	    "  services considered: 11\n"
	    "  excluded 3 by area: It does not reach the family's settlement.\n"
	    "  one of them: s4, by area\n");
}

static void
what_is_not_stored_is_said_to_be_missing_and_equals_are_the_seeds(void **state)
{
	struct why *why = &view.referrals[1].why;

	(void)state;
	why->chosen.parts_count = 0;
	why->chosen.rules_count = 0;
	why->refusals_by_rule_count = 0;
	why->refusals_count = 0;
	why->considered_count = UINT_ABSENT;
	why->directory_version = TEXT_ABSENT;
	why->seed = UINT_ABSENT;
	add_candidate(&why->next[0], LITERAL("s2"), 20.5);
	why->next_count = 1;
	assert_told("en",
	    "need " CASE "-1, housing: offered\n"
	    "referral " CASE "-1-1, offered -: sent\n"
	    "  to s1\n"
	    "  no explanation is stored, or it is damaged\n"
	    "referral " CASE "-1-2, offered -: sent\n"
	    "  to s1\n"
	    "  decided by the standard policy\n"
	    "  chosen with 20.50 points\n"
	    "  next: s2 with 20.50 points, as many: the seed decided\n"
	    "\nneed " CASE "-2, housing: waiting, declined: no free place\n");
}

static void
sentences_and_questions_are_of_the_language(void **state)
{
	const struct why *why = &view.referrals[1].why;

	(void)state;
	explain_say(&view, "uk");
	assert_int_equal(why->says_count, 1);
	assert_string_equal(why->says[0].at, "Відстань у кілометрах: 1.5.");
	assert_int_equal(why->chosen.questions_count, 1);
	assert_string_equal(why->chosen.questions[0].at,
	    "Скільки років тому, кому потрібна допомога, і який вік приймає служба?");
	assert_int_equal(view.referrals[0].why.says_count, 0);
}

static void
only_what_was_asked_about_is_kept(void **state)
{
	(void)state;
	assert_true(explain_keep(&view, 0, 0));
	assert_int_equal(view.needs_count, 2);
	assert_int_equal(view.referrals_count, 2);
	assert_true(explain_keep(&view, 1, 0));
	assert_int_equal(view.needs_count, 1);
	assert_int_equal(view.referrals_count, 2);
	assert_true(explain_keep(&view, 1, 2));
	assert_int_equal(view.referrals_count, 1);
	assert_string_equal(view.referrals[0].id.at, CASE "-1-2");
}

static void
a_need_without_a_referral_is_kept_and_what_is_not_there_is_not_found(void **state)
{
	(void)state;
	assert_true(explain_keep(&view, 2, 0));
	assert_int_equal(view.referrals_count, 0);
	(void)set_view(state);
	assert_false(explain_keep(&view, 3, 0));
	(void)set_view(state);
	assert_false(explain_keep(&view, 1, 3));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_view)
	const struct CMUnitTest tests[] = {
		TEST(
		    a_decision_is_told_with_its_points_its_inputs_what_is_unknown_and_what_excluded),
		TEST(what_is_not_stored_is_said_to_be_missing_and_equals_are_the_seeds),
		TEST(sentences_and_questions_are_of_the_language),
		TEST(only_what_was_asked_about_is_kept),
		TEST(
		    a_need_without_a_referral_is_kept_and_what_is_not_there_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
