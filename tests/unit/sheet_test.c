/* SPDX-License-Identifier: Apache-2.0
 * Tables for people: columns are straight, and a terminal is told nothing but text. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "deploy/referralctl/sheet.h"

static char *
printed(const struct sheet *sheet, unsigned indent)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_true(sheet_print(sheet, indent, out));
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
check_cell(struct text text, const char *shown)
{
	char *cell = NULL;
	size_t length;
	FILE *out = open_memstream(&cell, &length);

	assert_non_null(out);
	sheet_put(text, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(cell, shown);
	free(cell);
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct sheet *sheet = sheet_new("ID >COUNT NAME");
	char *text;

	(void)state;
	sheet_word(sheet, "a");
	sheet_format(sheet, "%d", 7);
	sheet_word(sheet, "one");
	sheet_word(sheet, "longer");
	sheet_format(sheet, "%d", 123456);
	sheet_word(sheet, "another one");
	assert_int_equal(sheet_rows(sheet), 2);
	text = printed(sheet, 2);
	assert_string_equal(text, "  ID       COUNT  NAME\n"
	                          "  a            7  one\n"
	                          "  longer  123456  another one\n");
	free(text);
	sheet_free(sheet);
}

static void
letters_of_any_alphabet_are_one_column_wide(void **state)
{
	struct sheet *sheet = sheet_new("NAME X");
	char *text;

	(void)state;
	sheet_word(sheet, "Їжаки");
	sheet_word(sheet, "1");
	sheet_word(sheet, "кіт");
	sheet_word(sheet, "2");
	text = printed(sheet, 0);
	assert_string_equal(text, "NAME   X\n"
	                          "Їжаки  1\n"
	                          "кіт    2\n");
	free(text);
	sheet_free(sheet);
}

static void
what_is_absent_shows_as_a_dash_and_what_is_missing_as_nothing(void **state)
{
	struct sheet *sheet = sheet_new("A B C");
	char *text;

	(void)state;
	sheet_text(sheet, TEXT_ABSENT);
	sheet_word(sheet, "");
	sheet_word(sheet, "c");
	sheet_word(sheet, "a");
	assert_int_equal(sheet_rows(sheet), 2);
	text = printed(sheet, 0);
	assert_string_equal(text, "A  B  C\n"
	                          "-  -  c\n"
	                          "a     \n");
	free(text);
	sheet_free(sheet);
}

static void
without_rows_nothing_is_printed(void **state)
{
	struct sheet *sheet = sheet_new("A B");
	char *text;

	(void)state;
	text = printed(sheet, 0);
	assert_string_equal(text, "");
	assert_int_equal(sheet_rows(sheet), 0);
	free(text);
	sheet_free(sheet);
	sheet_free(NULL);
}

static void
a_terminal_is_told_nothing_but_text(void **state)
{
	(void)state;
	check_cell(LITERAL("plain, Ґрунт 猫 😀"), "plain, Ґрунт 猫 😀");
	check_cell(LITERAL("\x1b[2Jgone\x07\n\t\x7f"), "?[2Jgone????");
	check_cell(LITERAL("\xc2\x9b"
	                   "31m"),
	    "?31m"); /* the one-byte CSI, in UTF-8 */
	check_cell(LITERAL("a\xe2\x80\xae"
	                   "b"),
	    "a?b"); /* right to left override */
	check_cell(LITERAL("a\xe2\x81\xa6"
	                   "b"),
	    "a?b"); /* isolate */
	check_cell(LITERAL("\xef\xbb\xbf"
	                   "a"),
	    "?a");
	check_cell(LITERAL("\0a"), "?a");
}

static void
broken_utf8_never_reaches_a_terminal(void **state)
{
	(void)state;
	check_cell(LITERAL("\xff\xfe"), "??");
	check_cell(LITERAL("a\xd0"), "a?");           /* cut */
	check_cell(LITERAL("\xc0\xaf"), "??");        /* overlong */
	check_cell(LITERAL("\xe0\x80\xaf"), "???");   /* overlong */
	check_cell(LITERAL("\xed\xa0\x80"), "?");     /* a surrogate, whole */
	check_cell(LITERAL("\xf4\x90\x80\x80"), "?"); /* beyond Unicode */
	check_cell(LITERAL("\xf8\x88\x80\x80\x80"), "?????");
	check_cell(LITERAL("\xd0"
	                   "a"),
	    "?a");
}

/* Each prefix in a block of its own, so that the sanitizer sees a byte too far. */
static void
a_text_cut_anywhere_is_never_read_past_its_end(void **state)
{
	static const char TEXT[] = "Їж 猫 😀";

	(void)state;
	for (size_t length = 1; length < sizeof TEXT; length++) {
		char *exact = malloc(length), *text = NULL;
		size_t shown;
		FILE *out = open_memstream(&text, &shown);

		assert_non_null(exact);
		assert_non_null(out);
		memcpy(exact, TEXT, length);
		sheet_put((struct text){ exact, (uint32_t)length }, out);
		assert_int_equal(fclose(out), 0);
		assert_true(shown <= length);
		free(exact);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(letters_of_any_alphabet_are_one_column_wide),
		cmocka_unit_test(
		    what_is_absent_shows_as_a_dash_and_what_is_missing_as_nothing),
		cmocka_unit_test(without_rows_nothing_is_printed),
		cmocka_unit_test(a_terminal_is_told_nothing_but_text),
		cmocka_unit_test(broken_utf8_never_reaches_a_terminal),
		cmocka_unit_test(a_text_cut_anywhere_is_never_read_past_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
