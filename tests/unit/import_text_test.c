/* SPDX-License-Identifier: Apache-2.0
 * Texts without their HTML, and documents in one canonical form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_text.h"
#include "deploy/referralctl/import_write.h"

/* `expected` NULL: stays as it is. */
static void
check_clean(const char *text, const char *expected, bool had_html)
{
	bool seen = false;
	char *copy = malloc(strlen(text) + 1);
	char *clean;

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	clean = import_text_clean((struct text){ copy, (uint32_t)strlen(text) }, &seen);
	if (clean != NULL && expected == NULL)
		assert_string_equal(clean, text); /* looked at, and found good */
	else if (expected != NULL)
		assert_non_null(clean);
	if (expected != NULL)
		assert_string_equal(clean, expected);
	assert_int_equal(seen, had_html);
	free(clean);
	free(copy);
}

static void
plain_text_stays_as_it_is(void **state)
{
	(void)state;
	check_clean("", NULL, false);
	check_clean("One\ntwo  three", NULL, false);
	check_clean("a < b & c > d; AT&T, Q&A; 5<6", NULL, false);
	check_clean("<person@example.org> <unknown> </> <>", NULL, false);
	check_clean("Притулок «Калина» & друзі", NULL, false);
	check_clean("<b", NULL, false);
	check_clean("&#0; &#xd800; &#1114112; &nosuch; &;", NULL, false);
}

static void
tags_are_taken_out(void **state)
{
	(void)state;
	check_clean("<b>bold</b> and <I>italic</I>", "bold and italic", true);
	check_clean("<p class=\"x\">One</p><p>two</p>", "One\ntwo", true);
	check_clean("One<br>two<BR/>three<br />four", "One\ntwo\nthree\nfour", true);
	check_clean("<ul><li>a</li><li>b</li></ul>", "a\nb", true);
	check_clean("<tr><td>a</td><td>b</td></tr>", "a  b", true);
	check_clean("a <a href='http://x'>link</a>.", "a link.", true);
	check_clean("<p>", "", true);
	check_clean("One </p>", "One", true);
}

static void
hidden_parts_go_with_their_tags(void **state)
{
	(void)state;
	check_clean("a<script>if (1 < 2) x();</script>b", "ab", true);
	check_clean("a<style type=x>p{}</STYLE >b", "ab", true);
	check_clean("a<script>never closed", "a", true);
	check_clean("a<!-- b <p> -->c", "ac", true);
	check_clean("a<!-- never closed", NULL, false);
	check_clean("a</script>b", "ab", true);
}

static void
character_references_become_characters(void **state)
{
	(void)state;
	check_clean("Smith &amp; Sons", "Smith & Sons", true);
	check_clean("&lt;b&gt; &quot;&apos;&#39;&#x27;", "<b> \"'''", true);
	check_clean("a&nbsp;b&ndash;c", "a b–c", true);
	check_clean("&#233;&#x0456;&#8364;&#x1F600;", "éі€😀", true);
	check_clean("&amp;lt;", "&lt;", true);
}

static void
line_ends_and_margins_are_made_even(void **state)
{
	(void)state;
	check_clean("a\r\nb\rc", "a\nb\nc", false);
	check_clean(" \t a \r\n", "a", false);
	check_clean("   ", "", false);
}

static void
many_beginnings_without_an_end_take_bounded_time(void **state)
{
	size_t size = 4000000;
	char *text = malloc(size + 1);
	bool seen = false;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = "<a "[i % 3];
	text[size] = '\0';
	free(import_text_clean((struct text){ text, (uint32_t)size }, &seen));
	assert_false(seen);
	free(text);
}

/* ---- writing ---- */

static void
check_written(const char *json, const char *expected)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	struct import_buffer buffer = { 0 };

	assert_non_null(value);
	import_write(&buffer, value);
	import_buffer_add(&buffer, "", 1);
	assert_false(buffer.is_broken);
	assert_string_equal(buffer.bytes, expected);
	free(buffer.bytes);
	json_decref(value);
}

static void
members_are_sorted_and_nothing_is_spaced(void **state)
{
	(void)state;
	check_written(
	    "{ \"b\" : 1, \"a\" : [ true, false, null ], \"ab\":{}, \"\":\"\" }",
	    "{\"\":\"\",\"a\":[true,false,null],\"ab\":{},\"b\":1}");
	check_written("{\"ї\":1,\"z\":2}", "{\"z\":2,\"ї\":1}");
}

static void
more_members_than_usual_are_sorted_too(void **state)
{
	char json[2000] = "{";
	char expected[2000] = "{";

	(void)state;
	for (int i = 99; i >= 0; i--)
		sprintf(json + strlen(json), "%s\"m%02d\":%d", i < 99 ? "," : "", i, i);
	strcat(json, "}");
	for (int i = 0; i < 100; i++)
		sprintf(
		    expected + strlen(expected), "%s\"m%02d\":%d", i ? "," : "", i, i);
	strcat(expected, "}");
	check_written(json, expected);
}

static void
numbers_are_as_short_as_they_can_be(void **state)
{
	(void)state;
	check_written(
	    "[48.0, 48.925, 0.1, -7, 37.56554879999999, 1e300, 9007199254740993]",
	    "[48,48.925,0.1,-7,37.56554879999999,1e+300,9007199254740993]");
}

/* As the slow way writes them: else a directory that did not change would seem to. */
static void
decimals_are_written_as_by_printf(void **state)
{
	static const double ODD[] = { 0.001, 0.00005, 0.00099, 999999.5, 1e6,
		0.00123456789, -0.5, -0.0, 0.1 + 0.2, 999999.99999999, 1 / 3.0, 0.3,
		1.005, 123456.00000001 };
	char json[64], expected[64];
	double scale = 1;

	(void)state;
	for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++) {
		int precision = 14;

		do
			snprintf(expected, sizeof expected, "%.*g", ++precision, ODD[i]);
		while (strtod(expected, NULL) != ODD[i]);
		snprintf(json, sizeof json, "%.17e", ODD[i]);
		check_written(json, expected);
	}
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		double real = (double)(random() % 2000000000 - 1000000000) / scale;

		scale = scale < 1e9 ? scale * 10 : 1;
		snprintf(expected, sizeof expected, "%.15g", real);
		snprintf(json, sizeof json, "%.17e", real);
		check_written(json, expected);
	}
}

static void
only_what_must_be_escaped_is(void **state)
{
	(void)state;
	check_written("\"a\\\"b\\\\c\\/d\\n\\t\\u0001\\u0456é\"",
	    "\"a\\\"b\\\\c/d\\n\\u0009\\u0001іé\"");
}

static void
what_is_written_reads_back_the_same(void **state)
{
	const char *json = "{\"a\":[1.5,\"\\u001f\\\\\",{\"b\":null}],\"c\":-0.001}";
	json_t *value = json_loads(json, 0, NULL);
	struct import_buffer buffer = { 0 };
	json_t *again;

	(void)state;
	import_write(&buffer, value);
	again = json_loadb(buffer.bytes, buffer.length, 0, NULL);
	assert_true(json_equal(value, again));
	json_decref(value);
	json_decref(again);
	free(buffer.bytes);
}

static void
spaces_around_a_value_are_no_part_of_it(void **state)
{
	static const char *const PADDED[] = { " Дім ", "\xc2\xa0Дім\xc2\xa0",
		"\t\xc2\xa0 Дім\r\n\xc2\xa0 ", "Дім" };

	(void)state;
	for (size_t i = 0; i < sizeof PADDED / sizeof *PADDED; i++) {
		struct text trimmed = import_text_trim(text_of(PADDED[i]));

		assert_true(text_is(trimmed, "Дім"));
	}
	assert_int_equal(import_text_trim(LITERAL("\xc2\xa0")).length, 0);
	/* the second byte of another character */
	assert_int_equal(import_text_trim(LITERAL("\xc3\xa0")).length, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays_as_it_is),
		cmocka_unit_test(tags_are_taken_out),
		cmocka_unit_test(hidden_parts_go_with_their_tags),
		cmocka_unit_test(character_references_become_characters),
		cmocka_unit_test(line_ends_and_margins_are_made_even),
		cmocka_unit_test(many_beginnings_without_an_end_take_bounded_time),
		cmocka_unit_test(spaces_around_a_value_are_no_part_of_it),
		cmocka_unit_test(members_are_sorted_and_nothing_is_spaced),
		cmocka_unit_test(more_members_than_usual_are_sorted_too),
		cmocka_unit_test(numbers_are_as_short_as_they_can_be),
		cmocka_unit_test(decimals_are_written_as_by_printf),
		cmocka_unit_test(only_what_must_be_escaped_is),
		cmocka_unit_test(what_is_written_reads_back_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
