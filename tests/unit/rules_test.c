/* SPDX-License-Identifier: Apache-2.0
 * What each rule says of a family and a service: pass, fail, or a question. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/matcher/index_private.h"
#include "services/matcher/rules.h"
#include "tests/unit/matcher_fixture.h"

static int
start(void **unused)
{
	(void)unused;
	new_family("food");
	new_service("s1", "food");
	return 0;
}

static enum verdict
verdict_of(enum rule rule)
{
	struct wanted wanted;
	struct index *index = index_new();
	enum verdict verdict;

	assert_non_null(index);
	put_service(index);
	wanted_read(&wanted, &question);
	verdict = rule_verdict(rule, &wanted, &index_find(index, facts.id)->traits);
	index_free(index);
	return verdict;
}

#define PASSES(rule) assert_int_equal(verdict_of(RULE_##rule), verdict_pass)
#define FAILS(rule) assert_int_equal(verdict_of(RULE_##rule), verdict_fail)
#define ASKS(rule) assert_int_equal(verdict_of(RULE_##rule), verdict_unknown)

static void
what_is_not_known_never_excludes(void **unused)
{
	(void)unused;
	intake.urgency = urgency_absent;
	facts.agency = TEXT_ABSENT;
	for (enum rule rule = 0; rule < RULES; rule++)
		assert_int_not_equal(verdict_of(rule), verdict_fail);
	ASKS(age);
	ASKS(household_type);
	ASKS(displacement);
	ASKS(language);
	ASKS(area);
	PASSES(difficulty);
	PASSES(distance);
	PASSES(residence);
}

static void
every_rule_that_may_be_unknown_has_a_question(void **unused)
{
	unsigned questions = 0;

	(void)unused;
	for (enum rule rule = 0; rule < RULES; rule++) {
		assert_in_range(rule_name(rule).length, 1, 32); /* rule_result.rule */
		assert_in_range(
		    rule_question(rule).length, 0, 200); /* candidate.questions */
		questions += rule_question(rule).length > 0;
	}
	assert_in_range(RULES, 1, 16);
	assert_int_equal(questions, RULES - RULE_age);
	assert_in_range(questions, 1, 8);
	assert_text(rule_name(RULE_deny_list), "deny_list");
}

static void
only_an_active_entry_passes(void **unused)
{
	(void)unused;
	PASSES(active);
	facts.is_active = false;
	FAILS(active);
}

static void
a_service_may_refuse_all_referrals(void **unused)
{
	(void)unused;
	PASSES(referral_allowed);
	facts.is_referral_allowed = false;
	FAILS(referral_allowed);
}

/* ---- consent ---- */

static void
without_consent_nobody_is_told(void **unused)
{
	(void)unused;
	PASSES(consent);
	intake.has_consent = false;
	FAILS(consent);
}

static void
consent_to_something_else_is_none(void **unused)
{
	(void)unused;
	intake.consent.purposes[0] = LITERAL("statistics");
	FAILS(consent);
	intake.consent.purposes[intake.consent.purposes_count++] = LITERAL("referral");
	PASSES(consent);
	intake.consent.purposes[1] = LITERAL("referrals");
	FAILS(consent);
}

static void
consent_may_name_agencies(void **unused)
{
	(void)unused;
	intake.consent.recipients[0] = LITERAL("other");
	FAILS(consent);
	intake.consent.recipients[intake.consent.recipients_count++] = LITERAL("agency");
	PASSES(consent);
	facts.agency = LITERAL("agenc");
	FAILS(consent);
	facts.agency = LITERAL("Agency");
	FAILS(consent);
}

static void
the_last_day_of_consent_counts_to_its_end(void **unused)
{
	(void)unused;
	intake.consent.until = LITERAL("2026-11-20");
	PASSES(consent);
	question.now_ms = NOW_MS + 16 * HOUR_MS - 1;
	PASSES(consent);
	question.now_ms++;
	FAILS(consent);
	intake.consent.until = LITERAL("2026-11-21");
	PASSES(consent);
	intake.consent.until = LITERAL("2026-11-19");
	FAILS(consent);
}

static void
an_end_of_consent_to_the_minute_is_kept(void **unused)
{
	(void)unused;
	intake.consent.until = LITERAL("2026-11-20T08:00:01Z");
	PASSES(consent);
	question.now_ms = NOW_MS + 1000;
	FAILS(consent);
}

static void
an_end_of_consent_that_is_no_date_is_over(void **unused)
{
	(void)unused;
	intake.consent.until = LITERAL("soon");
	FAILS(consent);
	intake.consent.until = LITERAL("");
	FAILS(consent);
}

/* ---- lists of ids ---- */

static void
an_agency_on_the_deny_list_fails(void **unused)
{
	(void)unused;
	PASSES(deny_list);
	intake.preferences.deny_agencies[0] = LITERAL("other");
	intake.preferences.deny_agencies[1] = LITERAL("agency");
	intake.preferences.deny_agencies_count = 2;
	PASSES(deny_list); /* has_preferences says there is no list */
	intake.has_preferences = true;
	FAILS(deny_list);
	intake.preferences.deny_agencies_count = 1;
	PASSES(deny_list);
}

static void
a_service_that_had_the_need_fails(void **unused)
{
	static const struct text TRIED[] = { { "s0", 2 }, { "s1", 2 } };

	(void)unused;
	PASSES(tried);
	question.tried = TRIED;
	question.tried_count = 1;
	PASSES(tried);
	question.tried_count = 2;
	FAILS(tried);
	facts.id = LITERAL("s10");
	PASSES(tried);
}

/* Ids are first looked for by one of 64 bits: many share it. */
static void
ids_that_share_a_bit_are_told_apart(void **unused)
{
	static char ids[300][8];
	static struct text tried[300];

	(void)unused;
	for (unsigned i = 0; i < 300; i++) {
		snprintf(ids[i], sizeof ids[i], "t%u", i);
		tried[i] = text_of(ids[i]);
	}
	question.tried = tried;
	question.tried_count = 300;
	for (unsigned i = 0; i < 600; i++) {
		char id[16];

		snprintf(id, sizeof id, "t%u", i);
		facts.id = text_of(id);
		assert_int_equal(
		    verdict_of(RULE_tried), i < 300 ? verdict_fail : verdict_pass);
	}
}

/* ---- ages ---- */

static void
set_ages(double least, double most)
{
	facts.minimum_age = least;
	facts.maximum_age = most;
}

static void
an_age_inside_passes_and_outside_fails(void **unused)
{
	struct member *child = new_member(6);

	(void)unused;
	set_ages(6, 17);
	PASSES(age);
	child->age = 17;
	PASSES(age);
	child->age = 18;
	FAILS(age);
	child->age = 5;
	FAILS(age);
}

static void
completed_years_are_an_interval(void **unused)
{
	struct member *child = new_member(0);

	(void)unused;
	set_ages(0.5, 3);
	PASSES(age); /* may be six months */
	set_ages(1, 3);
	FAILS(age);
	child->age = 3;
	PASSES(age);
	set_ages(1, 2.9);
	FAILS(age);
}

static void
a_bound_that_is_left_out_is_open(void **unused)
{
	struct member *member = new_member(70);

	(void)unused;
	set_ages(18, NAN);
	PASSES(age);
	member->age = 17;
	FAILS(age);
	set_ages(NAN, 18);
	PASSES(age);
	member->age = 19;
	FAILS(age);
}

static void
without_bounds_or_ages_the_age_is_asked(void **unused)
{
	struct member *member = new_member(30);

	(void)unused;
	set_ages(NAN, NAN);
	ASKS(age);
	set_ages(18, 60);
	member->age = UINT_ABSENT;
	ASKS(age);
	member->age = UINT_REFUSED;
	ASKS(age);
	intake.household.members_count = 0;
	ASKS(age);
	intake.has_household = false;
	ASKS(age);
}

static void
a_service_for_every_age_needs_no_answer(void **unused)
{
	struct member *member = new_member(UINT_REFUSED);

	(void)unused;
	set_ages(0, NAN);
	PASSES(age);
	set_ages(0, 130);
	PASSES(age);
	set_ages(0, 129);
	ASKS(age);
	set_ages(1, NAN);
	ASKS(age);
	member->age = 200; /* nobody is: known and outside */
	set_ages(NAN, 129);
	FAILS(age);
}

static void
one_person_inside_is_enough_and_one_unknown_may_be(void **unused)
{
	(void)unused;
	new_member(34);
	new_member(7);
	set_ages(0, 17);
	PASSES(age);
	set_ages(60, NAN);
	FAILS(age);
	new_member(UINT_ABSENT);
	ASKS(age);
}

static void
only_the_persons_the_need_is_for_count(void **unused)
{
	(void)unused;
	new_member(34);
	new_member(7);
	set_ages(18, NAN);
	PASSES(age);
	intake.needs[0].for_at[0] = 1;
	intake.needs[0].for_count = 1;
	FAILS(age);
	intake.needs[0].for_at[1] = 0;
	intake.needs[0].for_count = 2;
	PASSES(age);
	intake.needs[0].for_at[1] = 2; /* nobody */
	ASKS(age);
	intake.needs[0].for_at[1] = UINT32_MAX;
	ASKS(age);
}

/* ---- sets ---- */

static void
a_household_kind_passes_where_it_is_named(void **unused)
{
	(void)unused;
	intake.has_household = true;
	facts.household_types =
	    1U << household_type_foster | 1U << household_type_kinship;
	ASKS(household_type);
	intake.household.type = household_type_foster;
	PASSES(household_type);
	intake.household.type = household_type_couple;
	FAILS(household_type);
	intake.household.type = household_type_refused;
	ASKS(household_type);
	intake.household.type = household_type_couple;
	facts.household_types = 0;
	ASKS(household_type);
}

static void
a_displacement_passes_where_it_is_named(void **unused)
{
	(void)unused;
	intake.has_household = true;
	facts.displacements = 1U << displacement_idp;
	ASKS(displacement);
	intake.household.displacement = displacement_idp;
	PASSES(displacement);
	intake.household.displacement = displacement_none;
	FAILS(displacement);
	intake.household.displacement = displacement_refused;
	ASKS(displacement);
	intake.household.displacement = displacement_none;
	facts.displacements = 0;
	ASKS(displacement);
}

static void
a_difficulty_that_is_not_provided_for_is_asked_and_never_fails(void **unused)
{
	struct member *member = new_member(7);

	(void)unused;
	PASSES(difficulty); /* none is known */
	member->difficulties[member->difficulties_count++] = difficulty_walking;
	ASKS(difficulty);
	facts.difficulties = 1U << difficulty_seeing;
	ASKS(difficulty);
	facts.difficulties |= 1U << difficulty_walking;
	PASSES(difficulty);
	member->difficulties[member->difficulties_count++] = difficulty_communicating;
	ASKS(difficulty);
	new_member(30);
	intake.needs[0].for_at[0] = 1;
	intake.needs[0].for_count = 1;
	PASSES(difficulty); /* it is for the other one */
}

/* ---- languages ---- */

static void
speak(const char *tag)
{
	facts.languages[facts.languages_count++] = text_of(tag);
}

static void
a_common_language_passes_and_none_fails(void **unused)
{
	(void)unused;
	add_language("uk");
	add_language("ru");
	speak("en");
	FAILS(language);
	speak("ru");
	PASSES(language);
}

static void
languages_compare_by_their_first_subtag(void **unused)
{
	static const struct {
		const char *family, *service;
		bool is_common;
	} CASES[] = {
		{ "uk-UA", "uk", true },
		{ "UK", "uk", true },
		{ "uk", "uk_UA", true },
		{ "zh-Hant", "zh-hans", true },
		{ "ukr", "ukr", true },
		{ "uk", "ukr", false },
		{ "u", "u", false },
		{ "x-a", "x-b", false },
		{ "klingon", "klingon", false },
		{ "", "", false },
		{ "u1", "u1", false },
	};

	(void)unused;
	for (unsigned i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		start(NULL);
		add_language(CASES[i].family);
		speak(CASES[i].service);
		assert_int_equal(verdict_of(RULE_language),
		    CASES[i].is_common ? verdict_pass : verdict_fail);
	}
}

static void
the_last_of_many_languages_counts(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < FACTS_LANGUAGES_MAX; i++) {
		static char tags[FACTS_LANGUAGES_MAX][3];

		tags[i][0] = 'x';
		tags[i][1] = (char)('a' + i);
		speak(tags[i]);
	}
	add_language("xp");
	PASSES(language);
	intake.household.languages[0] = LITERAL("xq");
	FAILS(language);
	intake.household.languages[0] = LITERAL("xf");
	PASSES(language);
}

static void
an_interpreter_makes_any_language_common(void **unused)
{
	(void)unused;
	add_language("uk");
	speak("en");
	facts.interpreter = FLAG_NO;
	FAILS(language);
	facts.interpreter = FLAG_YES;
	PASSES(language);
	facts.languages_count = 0;
	PASSES(language);
}

static void
unknown_languages_are_asked(void **unused)
{
	(void)unused;
	speak("en");
	ASKS(language);
	facts.interpreter = FLAG_YES;
	ASKS(language);
	add_language("uk");
	facts.interpreter = FLAG_ABSENT;
	facts.languages_count = 0;
	ASKS(language);
}

/* ---- place ---- */

static void
serve(const char *area)
{
	facts.areas[facts.areas_count++] = text_of(area);
}

static void
a_place_inside_any_area_passes(void **unused)
{
	(void)unused;
	set_place("UA26040190010043657");
	serve("UA26080000000050130");
	FAILS(area);
	serve("UA26040000000044761");
	PASSES(area);
	serve("UA46000000000026241");
	PASSES(area);
}

static void
a_place_code_wider_than_the_area_is_asked(void **unused)
{
	(void)unused;
	serve("UA26040190010043657");
	set_place("UA26000000000069363");
	ASKS(area);
	set_place("UA");
	ASKS(area);
	facts.areas[0] = LITERAL("US-CA-081"); /* compared as texts */
	set_place("US-CA");
	ASKS(area);
	set_place("US-NV");
	FAILS(area);
	serve("UA26000000000069363");
	set_place("UA26000000000069363");
	PASSES(area);
}

/* A hierarchy that the codes do not tell. */
static void
settle_hierarchy(void)
{
	static const char *const DOCUMENTS[] = {
		"{\"code\":\"UA\",\"name\":\"Україна\",\"kind\":\"country\"}",
		"{\"code\":\"UA.06\",\"name\":\"Oblast\",\"parent\":\"UA\"}",
		"{\"code\":\"f3a1\",\"name\":\"Town\",\"parent\":\"UA.06\"}",
		"{\"code\":\"f3a2\",\"name\":\"Quarter\",\"parent\":\"f3a1\"}",
		"{\"code\":\"UA.07\",\"name\":\"Other\",\"parent\":\"UA\"}",
		"{\"code\":\"UA2604\",\"name\":\"Raion\"}",
		"{\"code\":\"94010\",\"name\":\"94010\",\"parent\":\"US-CA\"}",
		"{\"code\":\"US-CA\",\"name\":\"California\"}",
		"{\"code\":\"12\",\"name\":\"Region\"}",
		"{\"code\":\"3401\",\"name\":\"Village\",\"parent\":\"12\"}",
	};
	struct places *places = places_new();

	assert_non_null(places);
	for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++)
		assert_int_equal(places_read(places, text_of(DOCUMENTS[i])), STATUS_OK);
	assert_int_equal(places_settle(places), STATUS_OK);
	question.places = places;
}

static void
drop_hierarchy(void)
{
	places_free((struct places *)(uintptr_t)question.places);
	question.places = NULL;
}

static void
a_place_lies_in_what_the_hierarchy_says_whatever_its_code(void **unused)
{
	(void)unused;
	serve("UA.06");
	set_place("f3a2");
	FAILS(area); /* by the codes alone */
	settle_hierarchy();
	PASSES(area);
	facts.areas[0] = LITERAL("UA"); /* two and three levels above */
	PASSES(area);
	facts.areas[0] = LITERAL("UA.07");
	FAILS(area);
	facts.areas[0] = LITERAL("US-CA");
	set_place("94010");
	PASSES(area);
	facts.areas[0] = LITERAL("US");
	PASSES(area);
	facts.areas[0] = LITERAL("12");
	set_place("3401");
	PASSES(area);
	facts.areas[0] = LITERAL("UA26040000000044761"); /* of which it is the p-code */
	set_place("UA2604");
	PASSES(area);
	facts.residences[facts.residences_count++] = LITERAL("UA26000000000069363");
	PASSES(residence);
	drop_hierarchy();
}

static void
a_place_that_the_hierarchy_says_to_hold_the_area_is_asked(void **unused)
{
	(void)unused;
	serve("f3a2");
	set_place("UA.06");
	FAILS(area); /* by the codes alone */
	settle_hierarchy();
	ASKS(area);
	set_place("UA.07");
	FAILS(area);
	facts.areas[0] = LITERAL("3401");
	set_place("12");
	ASKS(area);
	facts.areas[0] = LITERAL("UA26040190010043657");
	set_place("UA2604");
	ASKS(area);
	drop_hierarchy();
}

static void
codes_of_two_kinds_that_the_hierarchy_does_not_join_are_asked(void **unused)
{
	(void)unused;
	serve("UA26040190010043657");
	set_place("f3a2");
	FAILS(area);
	settle_hierarchy();
	ASKS(area);
	facts.areas[0] = LITERAL("UA.07");
	set_place("UA2604");
	ASKS(area);
	drop_hierarchy();
}

static void
codes_of_different_systems_are_asked(void **unused)
{
	(void)unused;
	serve("94010");
	set_place("US06081");
	ASKS(area);
	set_place("US-CA-081"); /* compared as a text */
	ASKS(area);
	set_place("94011");
	FAILS(area);
	set_place("94011-1234");
	FAILS(area);
	set_place("94010-1234");
	PASSES(area);
}

static void
an_unknown_place_or_area_is_asked(void **unused)
{
	(void)unused;
	serve("UA");
	ASKS(area);
	intake.has_place = true;
	ASKS(area);
	set_place("UA26");
	facts.areas_count = 0;
	ASKS(area);
}

/* A box of a degree around 48.5, 24.5. */
static void
draw(void)
{
	static const struct {
		float lat, lon;
	} CORNERS[] = { { 48, 24 }, { 49, 25 }, { 48, 24 }, { 48, 25 }, { 49, 25 },
		{ 49, 24 } };
	static struct shape_point box[7];

	for (int i = 0; i < 6; i++)
		box[i] = (struct shape_point){ CORNERS[i].lat, CORNERS[i].lon };
	box[6] = shapes_end(true);
	facts.shapes = box;
	facts.shapes_count = 7;
}

static void
a_drawn_area_holds_the_family_s_rounded_point(void **unused)
{
	(void)unused;
	draw();
	ASKS(area);
	set_place("UA26");
	ASKS(area);
	set_point(48.5, 24.5);
	PASSES(area);
	set_point(48.5, 25.5);
	FAILS(area);
	set_point(48.5, 25.004);
	ASKS(area);
	serve("UA26");
	PASSES(area);
	serve("UA44");
	set_point(48.5, 25.5);
	facts.areas[0] = facts.areas[facts.areas_count - 1];
	facts.areas_count = 1;
	FAILS(area);
	facts.radius_km = 1000; /* does not stand for areas that are drawn */
	FAILS(area);
}

static void
an_area_that_was_not_understood_never_fails_and_never_passes(void **unused)
{
	(void)unused;
	facts.is_area_unclear = true;
	set_place("UA26");
	set_point(48.5, 25.5);
	ASKS(area);
	facts.radius_km = 1000;
	ASKS(area);
	serve("UA44");
	ASKS(area);
	draw();
	ASKS(area);
	set_point(48.5, 24.5);
	PASSES(area);
}

static void
residents_pass_and_who_lives_elsewhere_fails_unless_displaced(void **unused)
{
	(void)unused;
	PASSES(residence);
	facts.residences[facts.residences_count++] = LITERAL("UA26");
	ASKS(residence);
	set_place("UA26040000000044761");
	PASSES(residence);
	set_place("UA44");
	ASKS(residence);
	intake.has_household = true;
	ASKS(residence);
	intake.household.displacement = displacement_idp;
	ASKS(residence);
	intake.household.displacement = displacement_none;
	FAILS(residence);
	set_place("94010");
	ASKS(residence);
	set_place("UA");
	ASKS(residence);
	set_place("UA44");
	facts.is_residence_unclear = true;
	ASKS(residence);
	facts.is_residence_unclear = false;
	facts.residences[facts.residences_count++] = LITERAL("UA44");
	PASSES(residence);
}

static void
a_radius_stands_for_the_area(void **unused)
{
	(void)unused;
	facts.radius_km = 10;
	PASSES(area);
	ASKS(distance); /* one question, not two */
	serve("RU");
	set_place("UA26");
	FAILS(area);
}

static void
farther_than_the_radius_fails(void **unused)
{
	(void)unused;
	set_point(50, 30);
	PASSES(distance);
	facts.radius_km = 10;
	ASKS(distance);
	add_point(50.2, 30);
	FAILS(distance); /* 22.2 km */
	facts.radius_km = 23;
	PASSES(distance);
	facts.radius_km = 10;
	add_point(50.05, 30); /* the nearest point counts */
	PASSES(distance);
	intake.place.lon = NAN;
	ASKS(distance);
}

static void
the_radius_is_kept_to_the_metre(void **unused)
{
	(void)unused;
	set_point(50, 30);
	add_point(50.2, 30);
	facts.radius_km = 22.239;
	PASSES(distance);
	facts.radius_km = 22.238;
	FAILS(distance);
}

static void
a_hidden_point_gets_the_benefit_of_its_blur(void **unused)
{
	(void)unused;
	set_point(50, 30);
	add_point(50.2, 30);
	facts.radius_km = 14.4;
	FAILS(distance);
	facts.confidentiality = CONFIDENTIALITY_address_hidden;
	PASSES(distance); /* 22.239 - 7.9 */
	facts.radius_km = 14.3;
	FAILS(distance);
}

static void
the_family_stands_at_a_rounded_point(void **unused)
{
	struct wanted wanted;

	(void)unused;
	set_point(50.0049, 30.0151);
	wanted_read(&wanted, &question);
	assert_true(wanted.lat == 50.0);
	assert_true(wanted.lon == 30.02);
	set_point(-50.0149, -30.0051);
	wanted_read(&wanted, &question);
	assert_true(wanted.lat == -50.01);
	assert_true(wanted.lon == -30.01);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_known_never_excludes),
		TEST(every_rule_that_may_be_unknown_has_a_question),
		TEST(only_an_active_entry_passes),
		TEST(a_service_may_refuse_all_referrals),
		TEST(without_consent_nobody_is_told),
		TEST(consent_to_something_else_is_none),
		TEST(consent_may_name_agencies),
		TEST(the_last_day_of_consent_counts_to_its_end),
		TEST(an_end_of_consent_to_the_minute_is_kept),
		TEST(an_end_of_consent_that_is_no_date_is_over),
		TEST(an_agency_on_the_deny_list_fails),
		TEST(a_service_that_had_the_need_fails),
		TEST(ids_that_share_a_bit_are_told_apart),
		TEST(an_age_inside_passes_and_outside_fails),
		TEST(completed_years_are_an_interval),
		TEST(a_bound_that_is_left_out_is_open),
		TEST(without_bounds_or_ages_the_age_is_asked),
		TEST(a_service_for_every_age_needs_no_answer),
		TEST(one_person_inside_is_enough_and_one_unknown_may_be),
		TEST(only_the_persons_the_need_is_for_count),
		TEST(a_household_kind_passes_where_it_is_named),
		TEST(a_displacement_passes_where_it_is_named),
		TEST(a_difficulty_that_is_not_provided_for_is_asked_and_never_fails),
		TEST(a_common_language_passes_and_none_fails),
		TEST(languages_compare_by_their_first_subtag),
		TEST(the_last_of_many_languages_counts),
		TEST(an_interpreter_makes_any_language_common),
		TEST(unknown_languages_are_asked),
		TEST(a_place_inside_any_area_passes),
		TEST(a_place_code_wider_than_the_area_is_asked),
		TEST(a_place_lies_in_what_the_hierarchy_says_whatever_its_code),
		TEST(a_place_that_the_hierarchy_says_to_hold_the_area_is_asked),
		TEST(codes_of_two_kinds_that_the_hierarchy_does_not_join_are_asked),
		TEST(codes_of_different_systems_are_asked),
		TEST(an_unknown_place_or_area_is_asked),
		TEST(a_drawn_area_holds_the_family_s_rounded_point),
		TEST(an_area_that_was_not_understood_never_fails_and_never_passes),
		TEST(residents_pass_and_who_lives_elsewhere_fails_unless_displaced),
		TEST(a_radius_stands_for_the_area),
		TEST(farther_than_the_radius_fails),
		TEST(the_radius_is_kept_to_the_metre),
		TEST(a_hidden_point_gets_the_benefit_of_its_blur),
		TEST(the_family_stands_at_a_rounded_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
