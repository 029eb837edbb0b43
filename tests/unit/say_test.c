/* SPDX-License-Identifier: Apache-2.0
 * What an operator says of the parts of a score and of the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "proto/say.h"

static char sentence[SAY_BYTES];

static void
assert_says(const char *part, const char *lang, double value, const char *expected)
{
	assert_true(say_part(text_of(part), lang, value, sentence));
	assert_string_equal(sentence, expected);
}

static void
a_value_stands_in_a_sentence_of_the_language(void **unused)
{
	(void)unused;
	assert_says("distance", "en", 1.4311, "The way there in kilometres: 1.4.");
	assert_says("distance", "uk", 12, "Відстань у кілометрах: 12.");
	assert_says("distance", "ru-RU", 0, "Расстояние в километрах: 0.");
	assert_says("preference", "UK", 1, "Чи обрала родина цю організацію: так.");
	assert_says("full", "en-GB", 0, "Is it known to be full: no.");
	assert_false(say_part(LITERAL("colour"), "en", 1, sentence));
}

static void
another_language_is_answered_in_english(void **unused)
{
	(void)unused;
	assert_says("distance", "pl", 2, "The way there in kilometres: 2.");
	assert_says("distance", "", 2, "The way there in kilometres: 2.");
	assert_says("distance", "ukx", 2, "The way there in kilometres: 2.");
	assert_says("distance", "r", 2, "The way there in kilometres: 2.");
}

static void
what_is_not_known_is_said_so(void **unused)
{
	(void)unused;
	assert_says("capacity", "en", NAN, "Free places as last reported: not known.");
	assert_says(
	    "capacity", "uk", NAN, "Вільних місць за останнім повідомленням: невідомо.");
	assert_says("full", "ru", NAN, "Известно ли, что мест нет: неизвестно.");
}

/* A sentence without its place would be filled with what is not there. */
static void
every_part_has_one_place_in_each_sentence_and_room_for_it(void **unused)
{
	static const char *const SENTENCES[] = {
#define PART(name, unit, weight, least, largest, en, uk, ru, about) en, uk, ru,
#include "proto/score.def"
#undef PART
	};

	(void)unused;
	for (size_t i = 0; i < sizeof SENTENCES / sizeof *SENTENCES; i++) {
		const char *place = strchr(SENTENCES[i], '{');

		assert_non_null(place);
		assert_true(place[1] == '}' || (place[1] == '?' && place[2] == '}'));
		assert_null(strchr(place + 1, '{'));
		assert_in_range(strlen(SENTENCES[i]), 1, SAY_BYTES - 23);
	}
}

static void
what_is_asked_and_why_a_rule_excludes_is_said_in_the_language(void **unused)
{
	(void)unused;
	assert_string_equal(say_question(LITERAL("area"), "uk-UA"),
	    "У якому населеному пункті родина, і чи працює там служба?");
	assert_string_equal(
	    say_refusal(LITERAL("age"), "ru"), "Людей такого возраста не принимают.");
	assert_string_equal(
	    say_refusal(LITERAL("age"), "pl"), "It takes nobody of that age.");
	assert_null(say_question(LITERAL("colour"), "en"));
	assert_null(say_refusal(LITERAL("ag"), "en"));
}

static void
every_rule_is_told_in_each_language_or_in_none(void **unused)
{
	static const char *const TAGS[] = { "en", "uk", "ru" };
	unsigned rules = 0, asked = 0;

	(void)unused;
	for (unsigned code = 1; code_word(CODE_SET_eligibility, code) != NULL; code++) {
		struct text rule = text_of(code_word(CODE_SET_eligibility, code));
		bool is_asked = say_question(rule, "en")[0] != '\0';

		rules++;
		asked += is_asked;
		for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++) {
			const char *question = say_question(rule, TAGS[i]);
			const char *refusal = say_refusal(rule, TAGS[i]);

			assert_true((question[0] != '\0') == is_asked);
			assert_true(strlen(question) <= 200); /* candidate.questions */
			assert_true((refusal[0] == '\0') == text_is(rule, "difficulty"));
			for (size_t other = 0; is_asked && other < i; other++)
				assert_string_not_equal(
				    question, say_question(rule, TAGS[other]));
		}
	}
	assert_int_equal(rules, eligibility_residence);
	assert_int_equal(asked, eligibility_residence - eligibility_age + 1);
}

static void
only_three_languages_are_known(void **unused)
{
	(void)unused;
	assert_true(say_knows("en"));
	assert_true(say_knows("UK-ua"));
	assert_true(say_knows("ru"));
	assert_false(say_knows("pl"));
	assert_false(say_knows(""));
	assert_false(say_knows("ukr"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test(name)
	const struct CMUnitTest tests[] = {
		TEST(a_value_stands_in_a_sentence_of_the_language),
		TEST(another_language_is_answered_in_english),
		TEST(what_is_not_known_is_said_so),
		TEST(what_is_asked_and_why_a_rule_excludes_is_said_in_the_language),
		TEST(every_rule_is_told_in_each_language_or_in_none),
		TEST(only_three_languages_are_known),
		TEST(every_part_has_one_place_in_each_sentence_and_room_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
