/* SPDX-License-Identifier: Apache-2.0
 * What an operator says of the parts of a score. */
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

int
main(void)
{
#define TEST(name) cmocka_unit_test(name)
	const struct CMUnitTest tests[] = {
		TEST(a_value_stands_in_a_sentence_of_the_language),
		TEST(another_language_is_answered_in_english),
		TEST(what_is_not_known_is_said_so),
		TEST(every_part_has_one_place_in_each_sentence_and_room_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
