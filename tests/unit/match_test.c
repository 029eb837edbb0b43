/* SPDX-License-Identifier: Apache-2.0
 * Which service a need gets, in which order, and what is said about it. */
#include <math.h>
#include <stdio.h>

#include "services/matcher/index_private.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct match_result result;
static struct why why;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	new_family("food");
	return services == NULL;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	return 0;
}

/* A service as a test describes it after new_service. */
static void
put(const char *id)
{
	new_service(id, "food");
	put_service(services);
}

static void
match_now(void)
{
	match(services, &question, &result);
}

static void
explain_now(uint32_t chosen, uint32_t next_most, bool with_names)
{
	static struct defects defects;

	match_now();
	match_explain(services, &question, &result, chosen, next_most, with_names, &why);
	defects.count = 0;
	record_check(&record_why, &why, &defects);
	if (defects.count > 0)
		fail_msg("%s: %s", defects.list[0].field, defects.list[0].why);
}

/* "id, id, ..." in the order of the result. */
static const char *
order(void)
{
	static char list[256];

	list[0] = '\0';
	for (uint32_t i = 0; i < result.count; i++) {
		struct text id = indexed_facts(result.candidates[i].service)->id;

		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.*s",
		    i ? ", " : "", (int)id.length, id.at);
	}
	return list;
}

/* ---- reasons ---- */

static void
where_nobody_offers_the_term_there_is_no_service(void **unused)
{
	(void)unused;
	match_now();
	assert_int_equal(result.reason, reason_no_service);
	new_service("s1", "housing");
	put_service(services);
	match_now();
	assert_int_equal(result.reason, reason_no_service);
	assert_int_equal(result.considered_count, 0);
}

static void
a_service_that_fits_is_a_candidate_without_a_reason(void **unused)
{
	(void)unused;
	put("s1");
	match_now();
	assert_int_equal(result.reason, reason_absent);
	assert_string_equal(order(), "s1");
	assert_int_equal(result.considered_count, 1);
	assert_int_equal(result.refused_count, 0);
	assert_true(isnan(result.candidates[0].distance_km));
}

static void
without_consent_that_is_the_reason_whatever_else(void **unused)
{
	(void)unused;
	intake.has_consent = false;
	match_now();
	assert_int_equal(result.reason, reason_no_consent);
	put("s1");
	match_now();
	assert_int_equal(result.reason, reason_no_consent);
	assert_int_equal(result.refused_count, 1);
	intake.has_consent = true;
	intake.consent.until = LITERAL("2020-01-01");
	match_now();
	assert_int_equal(result.reason, reason_no_consent);
}

static void
where_every_service_excludes_the_family_it_is_not_eligible(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	facts.is_active = false;
	put_service(services);
	match_now();
	assert_int_equal(result.reason, reason_not_eligible);
	assert_int_equal(result.considered_count, 1);
	assert_int_equal(result.refused_count, 1);
}

static void
where_every_service_that_fits_was_tried_all_are_tried(void **unused)
{
	static const struct text TRIED[] = { { "s1", 2 }, { "s2", 2 } };

	(void)unused;
	question.tried = TRIED;
	question.tried_count = 2;
	put("s1");
	new_service("s2", "food");
	facts.is_active = false;
	put_service(services);
	match_now();
	assert_int_equal(result.reason, reason_all_tried);
	assert_int_equal(result.refused_count, 2);
	assert_true(index_remove(services, LITERAL("s1")));
	match_now(); /* the other one was tried and does not fit either */
	assert_int_equal(result.reason, reason_not_eligible);
	put("s3");
	match_now();
	assert_string_equal(order(), "s3");
}

static void
where_only_a_wider_consent_would_help_it_is_no_consent(void **unused)
{
	static const struct text TRIED[] = { { "s1", 2 } };

	(void)unused;
	intake.consent.recipients[0] = LITERAL("other");
	put("s1");
	match_now();
	assert_int_equal(result.reason, reason_no_consent);
	question.tried = TRIED;
	question.tried_count = 1;
	match_now(); /* two rules against it */
	assert_int_equal(result.reason, reason_not_eligible);
	new_service("s1", "food");
	facts.agency = LITERAL("other");
	put_service(services);
	put("s2");
	match_now();
	assert_int_equal(result.reason, reason_all_tried);
}

static void
the_service_for_cleared_roles_is_there_for_the_matcher_only(void **unused)
{
	(void)unused;
	put("s1");
	new_service("s2", "food");
	facts.confidentiality = CONFIDENTIALITY_cleared;
	put_service(services);
	new_service("s3", "food");
	facts.confidentiality = CONFIDENTIALITY_cleared;
	facts.is_active = false;
	put_service(services);
	match_now();
	assert_int_equal(result.count, 2);
	assert_int_equal(result.considered_count, 3);
	explain_now(UINT32_MAX, 8, true);
	assert_int_equal(why.next_count, 2);
	assert_int_equal(why.refusals_count, 1);

	question.may_be_cleared_only = false;
	match_now();
	assert_string_equal(order(), "s1");
	assert_int_equal(result.considered_count, 1);
	assert_int_equal(result.refused_count, 0);
	explain_now(UINT32_MAX, 8, true);
	assert_int_equal(why.next_count, 1);
	assert_int_equal(why.refusals_count, 0);
	assert_int_equal(why.refusals_by_rule_count, 0);
	assert_int_equal(why.considered_count, 1);
}

static void
an_explanation_for_others_leaves_out_what_the_matcher_saw(void **unused)
{
	(void)unused;
	put("s1");
	new_service("s2", "food");
	facts.confidentiality = CONFIDENTIALITY_cleared;
	facts.available = 3;
	put_service(services);
	match_now();
	assert_string_equal(order(), "s2, s1");
	question.may_be_cleared_only = false;
	match_explain(services, &question, &result, 0, 8, false, &why);
	assert_false(why.has_chosen);
	assert_int_equal(why.next_count, 1);
	assert_text(why.next[0].service, "s1");
}

/* ---- order ---- */

static void
the_nearer_service_comes_first(void **unused)
{
	(void)unused;
	set_point(50, 30);
	for (int i = 0; i < 12; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%02d", i);
		new_service(id, "food");
		add_point(50 + (i * 7 % 12) * 0.1, 30);
		put_service(services);
	}
	match_now();
	assert_string_equal(order(), "s00, s07, s02, s09, s04, s11, s06, s01");
	assert_in_range(result.considered_count, MATCH_CANDIDATES_MAX, 12);
	for (uint32_t i = 1; i < result.count; i++)
		assert_true(result.candidates[i - 1].score > result.candidates[i].score);
	assert_true(result.candidates[0].distance_km == 0);
}

static void
of_equal_scores_the_nearer_comes_first(void **unused)
{
	(void)unused;
	set_point(0, 0);
	for (unsigned seed = 0; seed < 20; seed++) {
		question.seed = seed;
		new_service("far", "food");
		add_point(
		    80, 0); /* here a kilometre is less than a hundredth of a point */
		put_service(services);
		new_service("near", "food");
		add_point(79.995, 0);
		put_service(services);
		match_now();
		assert_string_equal(order(), "near, far");
		assert_true(result.candidates[0].score == result.candidates[1].score);
		assert_true(
		    result.candidates[0].distance_km < result.candidates[1].distance_km);
	}
}

static void
equals_take_turns_by_the_seed(void **unused)
{
	unsigned first[4] = { 0 };

	(void)unused;
	put("s0");
	put("s1");
	put("s2");
	put("s3");
	for (uint32_t seed = 0; seed < 4000; seed++) {
		question.seed = seed;
		match_now();
		first[indexed_facts(result.candidates[0].service)->id.at[1] - '0']++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(first[i], 850, 1150);
}

static void
the_same_seed_gives_the_same_order_however_the_index_was_filled(void **unused)
{
	char before[256];

	(void)unused;
	for (uint32_t seed = 0; seed < 50; seed++) {
		question.seed = seed;
		put("s0");
		put("s1");
		put("s2");
		put("s3");
		match_now();
		snprintf(before, sizeof before, "%s", order());
		assert_true(index_remove(services, LITERAL("s1")));
		put("s3");
		put("s1");
		put("s0");
		match_now();
		assert_string_equal(order(), before);
	}
}

static void
a_full_service_stays_a_candidate_and_comes_last(void **unused)
{
	(void)unused;
	set_point(50, 30);
	new_service("full", "food");
	add_point(50, 30);
	facts.available = 0;
	facts.capacity_at = NOW_MS;
	put_service(services);
	new_service("far", "food");
	add_point(10, 100);
	facts.minimum_age = 18;
	put_service(services);
	match_now();
	assert_string_equal(order(), "far, full");
	index_set_capacity(services, LITERAL("full"), 3, 2);
	match_now();
	assert_string_equal(order(), "full, far");
	index_set_capacity(services, LITERAL("full"), 3, 3);
	match_now();
	assert_string_equal(order(), "far, full");
}

static void
only_the_best_eight_are_kept(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 30; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		new_service(id, "food");
		facts.response_hours = (i * 17 % 30) * 11;
		put_service(services);
	}
	match_now();
	assert_int_equal(result.count, MATCH_CANDIDATES_MAX);
	for (uint32_t i = 0; i < result.count; i++)
		assert_true(
		    result.candidates[i].service->particulars.response_hours == i * 11);
}

static void
the_term_itself_comes_before_the_term_above(void **unused)
{
	(void)unused;
	intake.needs[0].term = LITERAL("food.packages");
	new_service("above", "food");
	put_service(services);
	new_service("exact", "food.packages");
	put_service(services);
	new_service("below", "food.packages.baby");
	facts.response_hours = 300;
	put_service(services);
	match_now();
	assert_string_equal(order(), "below, exact, above");
}

static void
the_need_that_is_asked_for_is_matched(void **unused)
{
	(void)unused;
	record_init(&record_need_request, &intake.needs[1]);
	intake.needs[1].term = LITERAL("housing");
	intake.needs_count = 2;
	put("s1");
	new_service("s2", "housing");
	put_service(services);
	question.need = 1;
	match_now();
	assert_string_equal(order(), "s2");
}

/* ---- explanations ---- */

static void
the_numbers_of_an_explanation_sum_to_its_score(void **unused)
{
	double sum = 0;

	(void)unused;
	set_point(50, 30);
	add_language("uk");
	new_service("s1", "food");
	add_point(50.1, 30.1);
	facts.languages[facts.languages_count++] = LITERAL("uk");
	facts.response_hours = 7;
	facts.available = 2;
	put_service(services);
	explain_now(0, 0, false);
	assert_true(why.has_chosen);
	for (uint32_t i = 0; i < why.chosen.parts_count; i++)
		sum += why.chosen.parts[i].points;
	assert_true(fabs(sum - why.chosen.score) < 1e-9);
	assert_true(why.chosen.score == result.candidates[0].score);
	assert_true(why.chosen.distance_km == result.candidates[0].distance_km);
	assert_int_equal(why.chosen.parts_count, code_count(CODE_SET_merit));
	assert_text(why.chosen.parts[0].part, "distance");
	assert_true(why.chosen.parts[0].value == result.candidates[0].distance_km);
}

static void
a_report_is_as_old_as_redis_last_said(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	facts.available = 0;
	facts.capacity_at = NOW_MS - 8 * DAY_MS;
	facts.capacity_ttl_hours = 7 * 24;
	put_service(services);
	match_now();
	assert_true(
	    result.candidates[0].score > -100); /* whether it is full is not known */
	index_set_capacity(services, LITERAL("s1"), 0, 0);
	index_set_report(services, LITERAL("s1"), NOW_MS - DAY_MS);
	match_now();
	assert_true(result.candidates[0].score < -100);
	index_set_report(services, LITERAL("s1"), NOW_MS - 9 * DAY_MS);
	index_set_report(services, LITERAL("s1"), TIME_ABSENT);
	index_set_report(services, LITERAL("none"), NOW_MS);
	match_now();
	assert_true(result.candidates[0].score < -100);
}

static void
a_service_s_own_questions_follow_those_of_the_rules(void **unused)
{
	uint32_t questions;

	(void)unused;
	new_service("s1", "food");
	put_service(services);
	explain_now(0, 0, false);
	questions = why.chosen.questions_count;
	facts.questions[facts.questions_count++] = LITERAL("Preference to veterans.");
	put_service(services);
	explain_now(0, 0, false);
	assert_int_equal(why.chosen.questions_count, questions + 1);
	assert_text(why.chosen.questions[questions], "Preference to veterans.");
}

static void
every_rule_is_told_and_every_unknown_one_asked(void **unused)
{
	uint32_t asked = 0;

	(void)unused;
	put("s1");
	explain_now(0, 0, false);
	assert_int_equal(why.chosen.rules_count, 13);
	assert_text(why.chosen.rules[0].rule, "active");
	assert_text(why.chosen.rules[12].rule, "residence");
	for (uint32_t i = 0; i < why.chosen.rules_count; i++)
		asked += why.chosen.rules[i].verdict == verdict_unknown;
	assert_int_equal(asked, 5);
	assert_int_equal(why.chosen.questions_count, 5);
	for (uint32_t i = 0; i < why.chosen.questions_count; i++)
		assert_true(why.chosen.questions[i].length > 10);
	assert_true(why.chosen.parts[3].value == 5); /* unknowns */
}

static void
names_are_told_only_where_they_are_wanted(void **unused)
{
	(void)unused;
	put("s1");
	put("s2");
	new_service("s3", "food");
	facts.is_active = false;
	put_service(services);
	explain_now(0, 8, false);
	assert_null(why.chosen.name.at);
	assert_null(why.next[0].name.at);
	assert_null(why.refusals[0].name.at);
	explain_now(0, 8, true);
	assert_text(why.chosen.name, "Name");
	assert_text(why.next[0].name, "Name");
	assert_text(why.refusals[0].name, "Name");
	assert_text(why.chosen.agency, "agency");
}

static void
the_others_stand_beside_the_chosen_best_first(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 6; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		new_service(id, "food");
		facts.response_hours = i * 20;
		put_service(services);
	}
	explain_now(0, 3, false);
	assert_text(why.chosen.service, "s0");
	assert_int_equal(why.next_count, 3);
	assert_text(why.next[0].service, "s1");
	assert_text(why.next[2].service, "s3");
	explain_now(2, 3, false);
	assert_text(why.chosen.service, "s2");
	assert_text(why.next[0].service, "s0");
	assert_text(why.next[1].service, "s1");
	assert_text(why.next[2].service, "s3");
	explain_now(UINT32_MAX, 100, false);
	assert_false(why.has_chosen);
	assert_int_equal(why.next_count, 6);
	explain_now(0, 0, false);
	assert_int_equal(why.next_count, 0);
}

static void
refusals_are_told_nearest_first_and_counted_by_rule(void **unused)
{
	(void)unused;
	set_point(50, 30);
	for (unsigned i = 0; i < 12; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%02u", i);
		new_service(id, "food");
		if (i != 5)
			add_point(50 + (i * 5 % 12) * 0.1, 30);
		facts.is_active = i % 3 != 0;
		facts.is_referral_allowed = false;
		put_service(services);
	}
	put("fits");
	explain_now(0, 8, false);
	assert_int_equal(why.considered_count, 13);
	assert_int_equal(why.refusals_count, 8);
	assert_text(why.refusals[0].service, "s00");
	assert_text(why.refusals[0].rule, "active");
	assert_text(why.refusals[1].service, "s10"); /* s05 has no point */
	assert_text(why.refusals[1].rule, "referral_allowed");
	assert_text(why.refusals[7].service, "s04");
	assert_int_equal(why.refusals_by_rule_count, 2);
	assert_text(why.refusals_by_rule[0].rule, "active");
	assert_int_equal(why.refusals_by_rule[0].count, 4);
	assert_text(why.refusals_by_rule[1].rule, "referral_allowed");
	assert_int_equal(why.refusals_by_rule[1].count, 8);
}

static void
an_explanation_names_the_directory_and_the_seed(void **unused)
{
	(void)unused;
	put("s1");
	question.seed = 12345;
	explain_now(0, 0, false);
	assert_null(why.directory_version.at);
	index_set_version(services, LITERAL("demo=1"));
	explain_now(0, 0, false);
	assert_text(why.directory_version, "demo=1");
	assert_int_equal(why.seed, 12345);
}

static void
whatever_a_document_says_the_explanation_is_a_legal_message(void **unused)
{
	static char name[700];

	(void)unused;
	name[0] = 'x'; /* so that 300 bytes end inside a character */
	for (unsigned i = 1; i + 1 < sizeof name; i += 2) {
		name[i] = '\xd1';
		name[i + 1] = '\x97';
	}
	set_point(50, 30);
	new_service("s1", "food");
	facts.name = (struct text){ name, 601 };
	facts.agency = TEXT_ABSENT;
	facts.available = 1e300;
	facts.response_hours = -1e300;
	put_service(services);
	explain_now(0, 1, true);
	assert_int_equal(why.chosen.name.length, 299);
	assert_true(why.chosen.parts[1].value == 1e9);
	assert_true(why.chosen.parts[8].value == -1e9);
	new_service("s2", "food");
	facts.is_active = false;
	facts.name = TEXT_ABSENT;
	put_service(services);
	explain_now(0, 1, true);
	assert_text(why.refusals[0].name, "");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(where_nobody_offers_the_term_there_is_no_service),
		TEST(a_service_that_fits_is_a_candidate_without_a_reason),
		TEST(without_consent_that_is_the_reason_whatever_else),
		TEST(where_every_service_excludes_the_family_it_is_not_eligible),
		TEST(where_every_service_that_fits_was_tried_all_are_tried),
		TEST(where_only_a_wider_consent_would_help_it_is_no_consent),
		TEST(the_service_for_cleared_roles_is_there_for_the_matcher_only),
		TEST(an_explanation_for_others_leaves_out_what_the_matcher_saw),
		TEST(the_nearer_service_comes_first),
		TEST(of_equal_scores_the_nearer_comes_first),
		TEST(equals_take_turns_by_the_seed),
		TEST(the_same_seed_gives_the_same_order_however_the_index_was_filled),
		TEST(a_full_service_stays_a_candidate_and_comes_last),
		TEST(only_the_best_eight_are_kept),
		TEST(the_term_itself_comes_before_the_term_above),
		TEST(the_need_that_is_asked_for_is_matched),
		TEST(a_report_is_as_old_as_redis_last_said),
		TEST(a_service_s_own_questions_follow_those_of_the_rules),
		TEST(the_numbers_of_an_explanation_sum_to_its_score),
		TEST(every_rule_is_told_and_every_unknown_one_asked),
		TEST(names_are_told_only_where_they_are_wanted),
		TEST(the_others_stand_beside_the_chosen_best_first),
		TEST(refusals_are_told_nearest_first_and_counted_by_rule),
		TEST(an_explanation_names_the_directory_and_the_seed),
		TEST(whatever_a_document_says_the_explanation_is_a_legal_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
