/* SPDX-License-Identifier: Apache-2.0
 * What people type differently becomes equal. */
#include <stdlib.h>

#include "common/fold.h"
#include "tests/unit/matcher_fixture.h"

static void
assert_folds(const char *text, const char *expected)
{
	char folded[256];
	size_t length = fold(text_of(text), folded, sizeof folded);

	if (length != strlen(expected) || memcmp(folded, expected, length) != 0)
		fail_msg("%s: [%.*s] is not [%s]", text, (int)length, folded, expected);
}

static void
words_stand_after_one_space_each(void **unused)
{
	(void)unused;
	assert_folds("", "");
	assert_folds("one", " one");
	assert_folds("  one\ttwo\n", " one two");
	assert_folds("one,two;(three) - four/five_six.seven",
	    " one two three four five six seven");
	assert_folds("«дім» — “хата” №5…", " дим хата 5");
	assert_folds("!?", "");
	assert_folds("24/7", " 24 7");
}

static void
case_does_not_count(void **unused)
{
	(void)unused;
	assert_folds("ABC xyz", " abc xyz");
	assert_folds("ЖИТЛО Житло житло", " житло житло житло");
	assert_folds("ЇЖА ҐАНОК ЄВРОПА ЁЛКА", " ижа ганок европа елка");
	assert_folds("ҚАЗАҚ қазақ ӘЛЕМ әлем Ӏӏ Ӄӄ Ѡѡ", " қазақ қазақ әлем әлем ӏӏ ӄӄ ѡѡ");
}

static void
letters_of_both_languages_are_one(void **unused)
{
	(void)unused;
	assert_folds("і ї й ы и", " и и и и и");
	assert_folds("І Ї Й Ы И", " и и и и и");
	assert_folds("ґ г", " г г");
	assert_folds("ё е э є", " е е е е");
	assert_folds("їжа", " ижа");
	assert_folds("Київ Киев", " киив киев");
	assert_folds("сіль съезд объём", " сил сезд обем");
}

static void
apostrophes_of_every_shape_are_dropped(void **unused)
{
	(void)unused;
	assert_folds("п'ять п’ять пʼять п‘ять п`ять п´ять п′ять п＇ять",
	    " пят пят пят пят пят пят пят пят");
	assert_folds("'", "");
}

static void
marks_written_apart_are_the_same_as_marks_written_together(void **unused)
{
	(void)unused;
	assert_folds("и\u0306 і\u0308 е\u0308 за\u0301мок", " и и е замок");
	assert_folds("e\u0301 s\u0326", " e s");
}

static void
latin_loses_its_marks(void **unused)
{
	(void)unused;
	assert_folds("Łódź Iași Chișinău Ţară Müller Straße Œuvre Ærø Ĳ",
	    " lodz iasi chisinau tara muller strasse oeuvre aero ij");
	assert_folds("ÀÉÎÕÜ àéîõü ÿ Þ", " aeiou aeiou y th");
	assert_folds("5×7 8÷2", " 5 7 8 2");
}

static void
what_is_not_seen_does_not_part_words(void **unused)
{
	(void)unused;
	assert_folds("при\u00adтулок \u200bа\u200db\ufeff", " притулок аb");
	assert_folds("مـرْحبا", " مرحبا");
}

static void
other_scripts_stay_as_they_are(void **unused)
{
	(void)unused;
	assert_folds("日本語、テスト。 한국어", " 日本語 テスト 한국어");
	assert_folds("ქართული", " ქართული");
	assert_folds("a😀b", " a b");
	assert_folds("𐍈", " 𐍈");
}

static void
malformed_bytes_are_passed_over(void **unused)
{
	char folded[16];

	(void)unused;
	assert_folds("a\xff\x62", " ab");
	assert_folds("\xd0", ""); /* cut short */
	assert_folds("\xd0\x61", " a");
	/* too long a form of "a" */
	assert_folds("\xc1\xa1\x78", " x");
	assert_folds("\xe0\x81\xa1\x78", " x");
	assert_folds("\xf0\x80\x81\xa1\x78", " x");
	assert_folds("\xed\xa0\x80\x78", " x");     /* half a pair */
	assert_folds("\xf4\x90\x80\x80\x78", " x"); /* beyond Unicode */
	assert_folds("\xf5\x80\x80\x80\x78", " x");
	assert_folds("\x80\xbf", "");
	/* The rest of the character lies behind the end. */
	assert_int_equal(fold((struct text){ "д", 1 }, folded, sizeof folded), 0);
	assert_int_equal(fold((struct text){ "日", 2 }, folded, sizeof folded), 0);
	assert_folds("\xe2\x82", "");
	assert_folds("\xf0\x9f\x98", "");
}

static void
what_does_not_fit_is_left_out_whole(void **unused)
{
	char folded[16];

	(void)unused;
	assert_int_equal(fold(LITERAL("дім"), folded, 7), 7);
	assert_int_equal(fold(LITERAL("дім"), folded, 6), 5);
	assert_int_equal(fold(LITERAL("дім"), folded, 3), 3);
	assert_int_equal(fold(LITERAL("дім"), folded, 2), 0);
	assert_int_equal(fold(LITERAL("a b"), folded, 3), 2);
	assert_int_equal(fold(LITERAL("abc"), NULL, 0), 0);
	assert_int_equal(fold(TEXT_ABSENT, folded, sizeof folded), 0);
}

static void
arabic_is_one_however_it_is_typed(void **unused)
{
	(void)unused;
	assert_folds("أحمد إحمد آحمد ٱحمد", " احمد احمد احمد احمد");
	assert_folds("مدرسة مدرسه", " مدرسه مدرسه");
	assert_folds("مستشفى مستشفي مستشفی", " مستشفي مستشفي مستشفي");
	assert_folds("مُسْتَشْفَى، کتاب؟", " مستشفي كتاب");
	assert_folds("٢٤ ۲۴", " 24 24");
}

static void
words_come_one_by_one_as_they_are_written(void **unused)
{
	static const char TEXT[] = "«П'ята» ХАТА, d\u0301";
	static const char *const WORDS[] = { "пята", "хата", "d" };
	static const char *const WRITTEN[] = { "П'ята", "ХАТА", "d" };
	struct text written;
	char word[16];
	uint32_t at = 0;
	size_t length;

	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		length = fold_word(text_of(TEXT), &at, word, sizeof word, &written);
		assert_text((struct text){ word, (uint32_t)length }, WORDS[i]);
		assert_text(written, WRITTEN[i]);
	}
	assert_int_equal(fold_word(text_of(TEXT), &at, word, sizeof word, &written), 0);
	assert_int_equal(at, sizeof TEXT - 1);
	at = 0;
	length = fold_word(LITERAL("хатаа б"), &at, word, 7, &written);
	assert_text((struct text){ word, (uint32_t)length }, "хат");
	assert_text(written, "хатаа");
	length = fold_word(LITERAL("хатаа б"), &at, word, 7, &written);
	assert_text((struct text){ word, (uint32_t)length }, "б");
	at = 0; /* "b" would fit where "а" did not */
	length = fold_word(LITERAL("хатаb"), &at, word, 7, &written);
	assert_text((struct text){ word, (uint32_t)length }, "хат");
	assert_text(written, "хатаb");
}

/* Every character there is: the room is enough, and folding twice is folding once. */
static void
every_character_fits_its_room_and_folds_once(void **unused)
{
	(void)unused;
	for (uint32_t code = 0x80; code <= 0x10ffff; code++) {
		char text[4], once[8], twice[8];
		uint32_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		size_t first, second;

		for (uint32_t i = length - 1, rest = code; i > 0; i--, rest >>= 6)
			text[i] = (char)(0x80 | (rest & 0x3f));
		text[0] = (char)(length == 2   ? 0xc0 | code >> 6
		                 : length == 3 ? 0xe0 | code >> 12
		                               : 0xf0 | code >> 18);
		first = fold((struct text){ text, length }, once, sizeof once);
		assert_true(first <= FOLD_ROOM(length));
		second =
		    fold((struct text){ once, (uint32_t)first }, twice, sizeof twice);
		if (first != second || memcmp(once, twice, first) != 0)
			fail_msg("U+%04X", code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_stand_after_one_space_each),
		cmocka_unit_test(case_does_not_count),
		cmocka_unit_test(letters_of_both_languages_are_one),
		cmocka_unit_test(apostrophes_of_every_shape_are_dropped),
		cmocka_unit_test(
		    marks_written_apart_are_the_same_as_marks_written_together),
		cmocka_unit_test(latin_loses_its_marks),
		cmocka_unit_test(what_is_not_seen_does_not_part_words),
		cmocka_unit_test(arabic_is_one_however_it_is_typed),
		cmocka_unit_test(words_come_one_by_one_as_they_are_written),
		cmocka_unit_test(other_scripts_stay_as_they_are),
		cmocka_unit_test(malformed_bytes_are_passed_over),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(every_character_fits_its_room_and_folds_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
