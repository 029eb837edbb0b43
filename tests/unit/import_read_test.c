/* SPDX-License-Identifier: Apache-2.0
 * How rows are cut out of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_read.h"

static struct import_shape shape;
static uint64_t lines[32];
static enum import_role roles[32];

/* Checks the rows of a file, given as "row|row|row". */
static void
check_rows(const char *content, const char *expected)
{
	struct import_rows *rows;
	struct import_row row;
	const char *why;
	char *copy =
	    malloc(strlen(content)); /* exact, so that a look behind it is seen */
	char found[1000] = "";
	size_t length = 0;
	size_t count = 0;

	assert_non_null(copy);
	memcpy(copy, content, strlen(content));
	assert_int_equal(import_rows_open(&rows, copy, strlen(content), &why), STATUS_OK);
	while (import_rows_next(rows, &row)) {
		length += (size_t)snprintf(found + length, sizeof found - length,
		    "%s%.*s", length ? "|" : "", (int)row.text.length, row.text.at);
		assert_true(
		    count < sizeof lines / sizeof *lines && length < sizeof found);
		roles[count] = row.role;
		lines[count++] = row.line;
	}
	assert_false(import_rows_next(rows, &row));
	shape = import_rows_about(rows);
	import_rows_close(rows);
	free(copy);
	assert_string_equal(found, expected);
}

static void
check_refused(const char *content, size_t length)
{
	struct import_rows *rows;
	const char *why = NULL;

	assert_int_equal(
	    import_rows_open(&rows, content, length, &why), STATUS_UNSUPPORTED);
	assert_null(rows);
	assert_non_null(why);
}

static void
elements_of_an_array_are_rows(void **state)
{
	(void)state;
	check_rows("[{\"a\":1},\n {\"a\":[2,{}]} ,7,\"x,]\",null]\n",
	    "{\"a\":1}|{\"a\":[2,{}]}|7|\"x,]\"|null");
	assert_int_equal(lines[0], 1);
	assert_int_equal(lines[1], 2);
	assert_false(shape.is_cut);
	check_rows(" [ ] ", "");
	assert_false(shape.is_cut);
	check_rows("[[1,2],[3]]", "[1,2]|[3]");
}

static void
brackets_and_quotes_inside_texts_are_text(void **state)
{
	(void)state;
	check_rows("[{\"a\":\"]}\\\"{\"},{\"b\":\"\\\\\"},3]",
	    "{\"a\":\"]}\\\"{\"}|{\"b\":\"\\\\\"}|3");
	check_rows("[\"\\\\\\\"\",2]", "\"\\\\\\\"\"|2");
}

static void
a_page_gives_its_contents(void **state)
{
	(void)state;
	check_rows(
	    "{\"total_items\":2,\"contents\":[{\"id\":1},{\"id\":2}],\"empty\":false}",
	    "{\"id\":1}|{\"id\":2}");
	assert_false(shape.is_page_of_many);
	assert_false(shape.is_container);
	check_rows("{\"last_page\":false,\"contents\":[1]}", "1");
	assert_true(shape.is_page_of_many);
	check_rows("{\"contents\":[1],\"first_page\": false }", "1");
	assert_true(shape.is_page_of_many);
	check_rows("{\"contents\":[1],\"first_page\":true,\"last_page\":true}", "1");
	assert_false(shape.is_page_of_many);
}

static void
the_list_of_another_envelope_gives_rows(void **state)
{
	(void)state;
	check_rows(
	    "{\"status\":1,\"tags\":[{\"a\":0}],\"records\":[{\"a\":1},\n{\"a\":2}]}",
	    "{\"a\":1}|{\"a\":2}");
	assert_int_equal(lines[1], 2);
	assert_false(shape.is_page_of_many);
	check_rows("{\"results\":[{\"a\":1}],\"next\":\"http://x\"}", "{\"a\":1}");
	assert_true(shape.is_page_of_many);
	check_rows("{\"results\":[{\"a\":1}],\"next\":null}", "{\"a\":1}");
	assert_false(shape.is_page_of_many);
	check_rows("{\"data\":[{\"a\":1},{\"a\"", "{\"a\":1}|{\"a\"");
	assert_true(shape.is_cut);
	check_rows(
	    "{\"data\":[{\"a\":1}],\"name\":1}", "{\"data\":[{\"a\":1}],\"name\":1}");
	check_rows("{\"data\":[{\"a\":1}],\"id\":1}", "{\"data\":[{\"a\":1}],\"id\":1}");
	check_rows("{\"data\":[1]}", "{\"data\":[1]}");
	check_rows("{\"terms\":[{\"a\":1}]}", "{\"terms\":[{\"a\":1}]}");
}

static void
one_object_is_one_row(void **state)
{
	(void)state;
	check_rows("{}", "{}");
	assert_false(shape.is_cut);
	check_rows(
	    "\n{\"id\":1,\n\"services\":[{}]}\n", "{\"id\":1,\n\"services\":[{}]}");
	assert_int_equal(lines[0], 2);
	check_rows("{\"contents\":{\"a\":1}}", "{\"contents\":{\"a\":1}}");
}

static void
what_services_refer_to_comes_before_them(void **state)
{
	(void)state;
	check_rows("{\"services\":[1,\n2],\n\"organizations\":[3],\"locations\":[4],"
	           "\"service_at_locations\":[5],\"others\":[6]}",
	    "4|3|5|1|2");
	assert_true(shape.is_container && shape.has_organizations && shape.has_locations);
	assert_int_equal(roles[0], IMPORT_ROLE_location);
	assert_int_equal(roles[1], IMPORT_ROLE_organization);
	assert_int_equal(roles[2], IMPORT_ROLE_service_at_location);
	assert_int_equal(roles[3], IMPORT_ROLE_service);
	assert_int_equal(lines[0], 3);
	assert_int_equal(lines[3], 1);
	assert_int_equal(lines[4], 2);
	check_rows("{\"services\":[1]}", "1");
	assert_false(shape.has_organizations || shape.has_locations);
}

static void
each_line_is_a_row(void **state)
{
	(void)state;
	check_rows("{\"a\":1}\n{\"a\":2}\r\n\n  \n{\"a\":3} \n",
	    "{\"a\":1}|{\"a\":2}|{\"a\":3}");
	assert_int_equal(lines[2], 5);
	assert_false(shape.is_cut);
}

static void
a_broken_line_costs_itself_only(void **state)
{
	(void)state;
	check_rows("{\"a\":\"1\n{\"a\":2}\n{\"a\":\n{\"a\":4}",
	    "{\"a\":\"1|{\"a\":2}|{\"a\":|{\"a\":4}");
	check_rows("garbage\n{\"a\":2}", "garbage|{\"a\":2}");
	check_rows("{\"a\":1}}\n{\"a\":2}", "{\"a\":1}}|{\"a\":2}");
	assert_false(shape.is_cut);
}

static void
an_object_spread_over_lines_is_not_taken_for_lines(void **state)
{
	(void)state;
	check_rows("{\"contents\":[\n{\"a\":1},\n{\"a\":2}]}", "{\"a\":1}|{\"a\":2}");
	check_rows(
	    "{\n\"id\":1,\n\"b\":\n{\"c\":2}}", "{\n\"id\":1,\n\"b\":\n{\"c\":2}}");
	check_rows("{\n\"id\":1\n}\n{\n\"id\":2\n}\n", "{\n\"id\":1\n}|{\n\"id\":2\n}");
}

static void
a_byte_order_mark_is_passed_over(void **state)
{
	(void)state;
	check_rows("\xef\xbb\xbf[1,2]", "1|2");
	check_rows("\xef\xbb\xbf{\"a\":1}\n{\"a\":2}", "{\"a\":1}|{\"a\":2}");
}

static void
a_file_that_ends_within_a_row_says_so(void **state)
{
	static const char *const CUT[] = { "[1,{\"a\":2", "[1,{\"a\":\"2", "[1,\"2", "[1",
		"[1,", "[", "{\"a\":1}\n{\"a\":2", "{\"contents\":[1,2",
		"{\"services\":[1,", "{\"id\":1,\"a\":[", "{\"id\":1,",
		"{\"contents\":[1,2],\"a\":" };

	(void)state;
	for (size_t i = 0; i < sizeof CUT / sizeof *CUT; i++) {
		struct import_rows *rows;
		struct import_row row;
		const char *why;

		assert_int_equal(
		    import_rows_open(&rows, CUT[i], strlen(CUT[i]), &why), STATUS_OK);
		while (import_rows_next(rows, &row))
			;
		assert_true(import_rows_about(rows).is_cut);
		import_rows_close(rows);
	}
	check_rows("[1,{\"a\":2", "1|{\"a\":2");
}

static void
what_stands_between_rows_becomes_one_row(void **state)
{
	(void)state;
	check_rows("[1,:}}:{\"a\":2}]", "1|:}}:|{\"a\":2}");
	check_rows("[{\"a\":1}{\"a\":2},,,3]", "{\"a\":1}|{\"a\":2}|3");
	check_rows("{\"id\":1} x", "{\"id\":1}|x");
	check_rows("{\"id\":1} }", "{\"id\":1}|}");
}

static void
what_is_no_json_is_refused(void **state)
{
	(void)state;
	check_refused("id,name\n1,x\n", 12);
	check_refused("\xff\xfe{\0}\0", 6);
	check_refused("\xfe\xff\0{\0}", 6);
	check_refused("<html>", 6);
	check_refused("{\"services.csv\":[{}]}", 21);
	check_rows("", "");
	check_rows(" \n", "");
}

static void
parsing_a_row_says_what_is_wrong(void **state)
{
	static const struct {
		const char *row;
		enum import_reason expected;
	} CASES[] = {
		{ "{\"a\":1}", IMPORT_FINE },
		{ "{}", IMPORT_FINE },
		{ "[]", IMPORT_not_object },
		{ "7", IMPORT_not_object },
		{ "null", IMPORT_not_object },
		{ "", IMPORT_not_json },
		{ "{\"a\":1", IMPORT_not_json },
		{ "{\"a\":1}x", IMPORT_not_json },
		{ "{\"a\":1,\"a\":2}", IMPORT_not_json },
		{ "{\"a\":\"\\u0000\"}", IMPORT_not_json },
		{ "{\"a\":\"\xff\"}", IMPORT_bad_utf8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char why[JSON_ERROR_TEXT_LENGTH];
		json_t *object;

		assert_int_equal(import_row_parse(text_of(CASES[i].row), &object, why),
		    CASES[i].expected);
		assert_int_equal(object != NULL, CASES[i].expected == IMPORT_FINE);
		json_decref(object);
	}
}

static void
a_row_beyond_the_limit_is_not_parsed(void **state)
{
	struct text huge = { "{}", IMPORT_ROW_MAX_BYTES + 1 };
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *object;

	(void)state;
	assert_int_equal(import_row_parse(huge, &object, why), IMPORT_too_large);
	assert_null(object);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_of_an_array_are_rows),
		cmocka_unit_test(brackets_and_quotes_inside_texts_are_text),
		cmocka_unit_test(a_page_gives_its_contents),
		cmocka_unit_test(the_list_of_another_envelope_gives_rows),
		cmocka_unit_test(one_object_is_one_row),
		cmocka_unit_test(what_services_refer_to_comes_before_them),
		cmocka_unit_test(each_line_is_a_row),
		cmocka_unit_test(a_broken_line_costs_itself_only),
		cmocka_unit_test(an_object_spread_over_lines_is_not_taken_for_lines),
		cmocka_unit_test(a_byte_order_mark_is_passed_over),
		cmocka_unit_test(a_file_that_ends_within_a_row_says_so),
		cmocka_unit_test(what_stands_between_rows_becomes_one_row),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(parsing_a_row_says_what_is_wrong),
		cmocka_unit_test(a_row_beyond_the_limit_is_not_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
