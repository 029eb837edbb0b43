/* SPDX-License-Identifier: Apache-2.0
 * Prose on eligibility becomes a rule where it is certain, else a question. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/prose_eligibility.h"
#include "common/prose_text.h"

static struct prose_eligibility read;

/* "6..12", "..17", "displacement idp refugee", "open"; "?" without a rule; then how many
 * questions there are. */
static const char *
rules_of(const char *text)
{
	static char said[300];
	size_t length = 0;

	assert_true(prose_eligibility_read(text_of(text), &read));
	said[0] = '\0';
	if (read.age_evidence.at != NULL) {
		if (!isnan(read.minimum_age))
			length += (size_t)sprintf(said, "%g", read.minimum_age);
		length += (size_t)sprintf(said + length, "..");
		if (!isnan(read.maximum_age))
			length += (size_t)sprintf(said + length, "%g", read.maximum_age);
	} else if (read.codes != 0) {
		length += (size_t)sprintf(said, "%s", code_set_name(read.set));
		for (unsigned code = 1; code < code_count(read.set); code++)
			if (read.codes & 1u << code)
				length += (size_t)sprintf(
				    said + length, " %s", code_word(read.set, code));
	} else {
		length += (size_t)sprintf(said, read.is_open_to_all ? "open" : "?");
	}
	if (read.questions_count > 0)
		sprintf(said + length, " q%u", read.questions_count);
	return said;
}

struct reading {
	const char *text, *said;
};

static void
check_all(const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *said = rules_of(readings[i].text);

		if (strcmp(said, readings[i].said) != 0)
			fail_msg(
			    "%s: %s, not %s", readings[i].text, said, readings[i].said);
	}
}

#define CHECK_ALL(readings) check_all(readings, sizeof(readings) / sizeof *(readings))

static void
the_words_are_in_the_order_of_their_bytes_and_folded(void **state)
{
	static struct prose_text folded;
	const char *before = "";

	(void)state;
	for (uint32_t i = 0; prose_eligibility_word_at(i) != NULL; i++) {
		const char *words = prose_eligibility_word_at(i);

		assert_true(strcmp(before, words) < 0);
		assert_true(prose_fold(text_of(words), &folded));
		assert_string_equal(folded.bytes, words);
		before = words;
	}
}

static void
an_age_that_is_said_alone_is_a_rule(void **state)
{
	static const struct reading READINGS[] = {
		{ "18 and over", "18.." },
		{ "18+", "18.." },
		{ "Must be 18 years of age or older.", "18.." },
		{ "Seniors, age 62 or over", "62.." },
		{ "Children under 5", "..4" },
		{ "Age 18 or under", "..18" },
		{ "Over 65", "65.." },
		{ "4 years and older", "4.." },
		{ "Children ages 6 to 12 years old", "6..12" },
		{ "Ages: 6\xe2\x80\x93"
		  "18",
		    "6..18" },
		{ "Children 3 months-4 years", "0.25..4" },
		{ "Infants 6-18 months", "0.5..1.5" },
		{ "Birth to age 5", "0..5" },
		{ "Between 13 and 17 years old", "13..17" },
		{ "від 18 років", "18.." },
		{ "Діти до 3 років", "..3" },
		{ "діти віком від 6 до 18 років", "6..18" },
		{ "дети 6-12 лет", "6..12" },
		{ "старше 60 лет", "60.." },
		{ "Age 60 or over\nSenior citizens age 60 or over", "60.." },
		{ "Age 60 or over\nSeniors", "60.." },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
what_narrows_beside_an_age_leaves_the_rule_and_is_asked(void **state)
{
	static const struct reading READINGS[] = {
		{ "San Mateo County resident, age 18 or over", "18.. q1" },
		{ "Resident of area served, age 18 or over", "18.. q1" },
		{ "Low-income, age 62 or over", "62.. q1" },
		{ "Age 62 or over. Must meet HUD income requirements", "62.. q1" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
what_could_widen_an_age_takes_the_rule_away(void **state)
{
	static const struct reading READINGS[] = {
		{ "Age 62 or over, or disabled", "? q1" },
		{ "Low-income or age 62 or over", "? q1" },
		{ "Age 18 or over (age 16 if a high school graduate)", "? q1" },
		{ "Youth age 13-18 and their families", "? q1" },
		{ "Age 60 or over and spouse of any age", "? q1" },
		{ "Preference to age 60 or over", "? q1" },
		{ "Age 60 or over may apply", "? q1" },
		{ "Age 18 or over except veterans", "? q1" },
		{ "Not under 18", "? q1" },
		{ "Age 18 or over. Children welcome with parent", "? q2" },
		{ "Age 62 or over\nSenior citizens, disabled persons", "? q2" },
		{ "Age 62 or over\nAdults", "? q2" },
		{ "Adults, seniors age 62 or over", "? q1" },
		{ "Children, youth age 14-18", "? q1" },
		{ "Boy age 7-17, girl age 14-20", "? q1" },
		{ "Age 60 or over. Age 50 or over for meals", "? q2" },
		{ "Age 60 or over. Age 50 or over", "? q2" },
		{ "None. Age 11 or under", "? q1" },
		{ "Under 18 or over 65", "? q1" },
		{ "Age 5-7, age 9-12", "? q1" },
		{ "Age 5 or over\nChildren", "? q2" },
		{ "Age 18", "? q1" },
		{ "Age 18-16", "? q1" },
		{ "Age 500 or over", "? q1" },
		{ "3-12", "? q1" },
		{ "Families of 5 or more", "? q1" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
one_sort_of_kinds_is_a_rule(void **state)
{
	static const struct reading READINGS[] = {
		{ "Single parents", "household_type single_mother single_father" },
		{ "Foster families only", "household_type foster" },
		{ "ВПО", "displacement idp" },
		{ "Для ВПО та біженців", "displacement idp refugee" },
		{ "Беженцы", "displacement refugee" },
		{ "Must be blind or visually impaired", "difficulty seeing" },
		{ "Low-income refugees", "displacement refugee q1" },
		{ "Refugees and single mothers", "? q1" },
		{ "Refugees. Single mothers", "? q2" },
		{ "Refugees, children under 5", "? q1" },
		{ "Refugees\nAge 18 or over", "? q2" },
		{ "Open to refugees", "? q1" },
		{ "Families with children", "? q1" },
		{ "Families", "? q1" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
a_service_for_all_has_no_rules_and_no_questions(void **state)
{
	static const struct reading READINGS[] = {
		{ "None", "open" },
		{ "None\nAll ages", "open" },
		{ "Без обмежень", "open" },
		{ "None, but Pacifica residents have priority", "? q1" },
		{ "All children", "? q1" },
	};

	(void)state;
	CHECK_ALL(READINGS);
	assert_false(prose_eligibility_read(text_of(" \n. "), &read));
	assert_false(prose_eligibility_read(TEXT_ABSENT, &read));
}

static void
evidence_is_the_sentence_and_questions_are_limited(void **state)
{
	(void)state;
	assert_string_equal(
	    rules_of("Call for details. Age 60 or over; homeless"), "60.. q2");
	assert_true(text_is(read.age_evidence, "Age 60 or over"));
	assert_true(text_is(read.questions[0], "Call for details"));
	assert_true(text_is(read.questions[1], "homeless"));
	assert_string_equal(rules_of("a. a. b. c. d. e. f. g. h. i. j"), "? q8");
	assert_string_equal(
	    rules_of("Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; "
	             "Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; "
	             "Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; Age 9+; "
	             "Age 9+"),
	    "? q1"); /* more sentences than are looked at */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_are_in_the_order_of_their_bytes_and_folded),
		cmocka_unit_test(an_age_that_is_said_alone_is_a_rule),
		cmocka_unit_test(what_narrows_beside_an_age_leaves_the_rule_and_is_asked),
		cmocka_unit_test(what_could_widen_an_age_takes_the_rule_away),
		cmocka_unit_test(one_sort_of_kinds_is_a_rule),
		cmocka_unit_test(a_service_for_all_has_no_rules_and_no_questions),
		cmocka_unit_test(evidence_is_the_sentence_and_questions_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
