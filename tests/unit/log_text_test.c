/* SPDX-License-Identifier: Apache-2.0
 * Texts and numbers in log lines: legal JSON whatever they hold. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/log_fixture.h"

static void
numbers_keep_all_their_digits(void **state)
{
	size_t length;
	char *bytes;

	(void)state;
	begin_capture();
	log_event(LOG_INFO, "extremes", LOG_NUMBER("least", INT64_MIN),
	    LOG_NUMBER("largest", INT64_MAX));
	bytes = end_capture(&length);
	assert_non_null(strstr(
	    bytes, "\"least\":-9223372036854775808,\"largest\":9223372036854775807}"));
	free(bytes);
}

static void
every_character_is_escaped_so_that_it_reads_back(void **state)
{
	char all[0x80];
	json_t *line;

	(void)state;
	for (int i = 1; i < 0x80; i++)
		all[i - 1] = (char)i;
	all[0x7f] = '\0';
	begin_capture();
	log_event(LOG_INFO, "escapes", LOG_STRING("ascii", all),
	    LOG_STRING("utf8", "Ґанок є 𝄞 \u2028"), LOG_TEXT("empty", LITERAL("")));
	line = only_line();
	check_member(line, "ascii", all);
	check_member(line, "utf8", "Ґанок є 𝄞 \u2028");
	check_member(line, "empty", "");
	json_decref(line);
}

static void
what_is_not_utf_8_is_written_as_hexadecimal(void **state)
{
	static const struct {
		struct text text;
		const char *hexadecimal;
	} BAD[] = {
		{ LITERAL("\xff"), "ff" },
		{ LITERAL("ok\x80"), "6f6b80" },
		{ LITERAL("\xc0\xaf"), "c0af" },             /* overlong */
		{ LITERAL("\xe0\x9f\xbf"), "e09fbf" },       /* overlong */
		{ LITERAL("\xf0\x8f\xbf\xbf"), "f08fbfbf" }, /* overlong */
		{ LITERAL("\xed\xa0\x80"), "eda080" },       /* surrogate */
		{ LITERAL("\xf4\x90\x80\x80"), "f4908080" }, /* above U+10FFFF */
		{ LITERAL("\xd0"), "d0" },                   /* cut */
		{ LITERAL("\xe2\x82"), "e282" },
		{ LITERAL("\xf0\x9d\x84"), "f09d84" },
		{ LITERAL("\xd0\x41"), "d041" },
		{ LITERAL("a\0b"), "610062" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		char *copy = malloc(BAD[i].text.length); /* exact, for the sanitizer */
		json_t *line;

		assert_non_null(copy);
		memcpy(copy, BAD[i].text.at, BAD[i].text.length);
		begin_capture();
		log_event(LOG_INFO, "bad",
		    LOG_TEXT("text", ((struct text){ copy, BAD[i].text.length })));
		line = only_line();
		check_member(line, "text", BAD[i].hexadecimal);
		json_decref(line);
		free(copy);
	}
}

static void
long_texts_are_cut_at_512_bytes_between_characters(void **state)
{
	char letters[2000];
	char *cyrillic = malloc(2001);
	json_t *line;

	(void)state;
	memset(letters, 'x', sizeof letters);
	assert_non_null(cyrillic);
	cyrillic[0] = 'x';
	for (int i = 1; i < 2001; i += 2)
		memcpy(cyrillic + i, "є", 2);
	begin_capture();
	log_event(LOG_INFO, "long", LOG_TEXT("exact", ((struct text){ letters, 512 })),
	    LOG_TEXT("over", ((struct text){ letters, 513 })),
	    LOG_TEXT("cyrillic", ((struct text){ cyrillic, 2001 })),
	    LOG_TEXT("bad", ((struct text){ "\xff", 1 })));
	line = only_line();
	assert_int_equal(json_string_length(json_object_get(line, "exact")), 512);
	assert_int_equal(json_string_length(json_object_get(line, "over")), 512);
	assert_int_equal(json_string_length(json_object_get(line, "cyrillic")), 511);
	json_decref(line);
	memset(letters, 0xff, sizeof letters);
	begin_capture();
	log_event(
	    LOG_INFO, "long", LOG_TEXT("hexadecimal", ((struct text){ letters, 2000 })));
	line = only_line();
	assert_int_equal(json_string_length(json_object_get(line, "hexadecimal")), 512);
	json_decref(line);
	free(cyrillic);
}

static void
a_line_with_too_much_stays_legal_and_says_so(void **state)
{
	struct log_field fields[40];
	char controls[512];
	json_t *line;
	char keys[40][8];

	(void)state;
	memset(controls, 1, sizeof controls); /* six bytes each when escaped */
	for (int i = 0; i < 40; i++) {
		snprintf(keys[i], sizeof keys[i], "k%d", i);
		fields[i] = LOG_TEXT(keys[i], ((struct text){ controls, 512 }));
	}
	fields[39] = LOG_NUMBER("last", 7);
	begin_capture();
	log_write(LOG_INFO, "much", fields, 40);
	line = only_line();
	assert_int_equal(json_integer_value(json_object_get(line, "cut")), 1);
	assert_int_equal(json_string_length(json_object_get(line, "k0")), 512);
	assert_null(json_object_get(line, "k38"));
	assert_int_equal(json_integer_value(json_object_get(line, "last")), 7);
	json_decref(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(numbers_keep_all_their_digits),
		LOG_TEST(every_character_is_escaped_so_that_it_reads_back),
		LOG_TEST(what_is_not_utf_8_is_written_as_hexadecimal),
		LOG_TEST(long_texts_are_cut_at_512_bytes_between_characters),
		LOG_TEST(a_line_with_too_much_stays_legal_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
