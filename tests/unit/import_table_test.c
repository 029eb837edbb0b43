/* SPDX-License-Identifier: Apache-2.0
 * Tables as spreadsheets, publishers and accidents leave them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_table.h"
#include "deploy/referralctl/import_write.h"

static struct import_report report;

/* All rows as lines: "LINE {cells}" or "LINE !reason". */
static char *
read_bytes(const char *bytes, size_t length, const char *encoding)
{
	struct import_table *table;
	struct import_table_row row;
	struct import_buffer out = { 0 };
	const char *why;
	char *copy = malloc(length); /* the end is an end for the sanitizer, too */

	import_report_free(&report);
	memcpy(copy, bytes, length);
	if (import_table_open(&table, copy, length, encoding, &report, &why) !=
	    STATUS_OK) {
		free(copy);
		return strdup(why ? why : "?");
	}
	while (import_table_next(table, &row) == STATUS_OK) {
		char line[32];

		snprintf(line, sizeof line, "%llu ", (unsigned long long)row.where.line);
		import_buffer_add(&out, line, strlen(line));
		if (row.cells != NULL) {
			import_write(&out, row.cells);
		} else {
			const char *word = import_reason_word(row.reason);

			import_buffer_add(&out, "!", 1);
			import_buffer_add(&out, word, strlen(word));
		}
		import_buffer_add(&out, "\n", 1);
	}
	if (import_table_is_cut(table))
		import_buffer_add(&out, "cut\n", 4);
	import_buffer_add(&out, "", 1);
	import_table_close(table);
	free(copy);
	return out.bytes;
}

static void
check_bytes(const char *bytes, size_t length, const char *encoding, const char *expected)
{
	char *made = read_bytes(bytes, length, encoding);

	assert_string_equal(made, expected);
	free(made);
}

static void
check(const char *text, const char *expected)
{
	check_bytes(text, strlen(text), NULL, expected);
}

static void
check_notes(enum import_reason reason, uint64_t count)
{
	assert_int_equal(report.counts[reason], count);
}

static void
cells_stand_under_the_names_of_their_columns(void **state)
{
	(void)state;
	check("a,b\n1, x y \n2,\n", "2 {\"a\":\"1\",\"b\":\"x y\"}\n3 {\"a\":\"2\"}\n");
	check("a,b\n", "");
	check("a,b\n1,2", "2 {\"a\":\"1\",\"b\":\"2\"}\n");
}

static void
every_delimiter_and_line_end_is_found(void **state)
{
	(void)state;
	check("a;b\n1,5;2\n3;4,5\n",
	    "2 {\"a\":\"1,5\",\"b\":\"2\"}\n3 {\"a\":\"3\",\"b\":\"4,5\"}\n");
	check("a\tb\r\n1\t2\r\n", "2 {\"a\":\"1\",\"b\":\"2\"}\n");
	check("a|b\r1|2\r3|4\r",
	    "2 {\"a\":\"1\",\"b\":\"2\"}\n3 {\"a\":\"3\",\"b\":\"4\"}\n");
	check("sep=;\r\na,x;b\r\n1;2\r\n", "3 {\"a,x\":\"1\",\"b\":\"2\"}\n");
	check("name\nonly\n", "2 {\"name\":\"only\"}\n");
}

static void
quotes_hold_delimiters_quotes_and_line_ends(void **state)
{
	(void)state;
	check("a,b\n\"x, \"\"y\"\"\",\"1\n2\"\n3,4\n",
	    "2 {\"a\":\"x, \\\"y\\\"\",\"b\":\"1\\n2\"}\n4 {\"a\":\"3\",\"b\":\"4\"}\n");
	check("a,b\n5\" pipe,x\n", "2 {\"a\":\"5\\\" pipe\",\"b\":\"x\"}\n");
}

static void
a_quote_that_is_never_closed_costs_its_own_line(void **state)
{
	(void)state;
	check("a,b\n1,2\n3,\"x\n5,6\n7,8\n",
	    "2 {\"a\":\"1\",\"b\":\"2\"}\n3 !unclosed_quote\n4 "
	    "{\"a\":\"5\",\"b\":\"6\"}\n5 "
	    "{\"a\":\"7\",\"b\":\"8\"}\ncut\n");
	check("a,b\n1,2\n3,\"x", "2 {\"a\":\"1\",\"b\":\"2\"}\n3 !unclosed_quote\ncut\n");
}

static void
a_forgotten_quote_does_not_swallow_a_large_file(void **state)
{
	struct import_buffer file = { 0 };
	struct import_table *table;
	struct import_table_row row;
	const char *why;
	size_t good = 0;
	size_t bad = 0;

	(void)state;
	import_buffer_add(&file, "a,b\n1,\"x\n", 9);
	for (int i = 0; i < 5000; i++)
		import_buffer_add(&file, "5,6\n", 4);
	import_buffer_add(&file, "7,\"y\"\n", 6);
	assert_int_equal(
	    import_table_open(&table, file.bytes, file.length, NULL, NULL, &why),
	    STATUS_OK);
	while (import_table_next(table, &row) == STATUS_OK) {
		good += row.cells != NULL;
		bad += row.reason == IMPORT_unclosed_quote;
	}
	assert_false(import_table_is_cut(table));
	import_table_close(table);
	free(file.bytes);
	assert_int_equal(good, 5001);
	assert_int_equal(bad, 1);
}

static void
rows_whose_cells_may_stand_in_other_columns_are_refused(void **state)
{
	(void)state;
	check("a,b\n1,2,3\n4,5,,\n", "2 !ragged_row\n3 {\"a\":\"4\",\"b\":\"5\"}\n");
	check("a,b,c,d\n1,2,3,4\n1,te\nxt,3,4\n5,6,7,8\n",
	    "2 {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}\n3 !ragged_row\n4 "
	    "!ragged_row\n5 {\"a\":\"5\",\"b\":\"6\",\"c\":\"7\",\"d\":\"8\"}\n");
	check("a,b,c,d\n1,2,3\n5,6,7,8\n",
	    "2 {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n3 "
	    "{\"a\":\"5\",\"b\":\"6\",\"c\":\"7\",\"d\":\"8\"}\n");
	check_notes(IMPORT_short_row, 1);
	check("a,b,c,d\n5,6,7,8\n1,2,3",
	    "2 {\"a\":\"5\",\"b\":\"6\",\"c\":\"7\",\"d\":\"8\"}\n3 !ragged_row\ncut\n");
}

static void
what_spreadsheets_leave_around_the_rows_is_passed_over(void **state)
{
	(void)state;
	check("Register of shelters,,\n,,\na,b,c\n1,2,3\na,b,c\n4,5,6\nTotal:,7,9\n",
	    "4 {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n6 "
	    "{\"a\":\"4\",\"b\":\"5\",\"c\":\"6\"}\n");
	check_notes(IMPORT_title_row, 1);
	check_notes(IMPORT_header_repeated, 1);
	check_notes(IMPORT_totals_row, 1);
	check("a,b\nTotal,Care Home\n", "2 {\"a\":\"Total\",\"b\":\"Care Home\"}\n");
	check("a,b\n=\"007\",#N/A\n", "2 {\"a\":\"007\"}\n");
	check_notes(IMPORT_cell_error, 1);
}

static void
every_column_gets_a_name_of_its_own(void **state)
{
	(void)state;
	check("a,,a,d,\n1,2,3,4,\n",
	    "2 {\"a\":\"1\",\"a 2\":\"3\",\"column 2\":\"2\",\"d\":\"4\"}\n");
	check_notes(IMPORT_column_renamed, 1);
}

static void
names_under_merged_cells_are_the_names(void **state)
{
	(void)state;
	check("Register,,,,\nAgency,,Site,,No.\nName,City,Name,Phone,\n"
	      "Aid,Ely,Hall,555,5\nHelp,Roe,Barn,556,7\n",
	    "4 {\"City\":\"Ely\",\"Name\":\"Aid\",\"No.\":\"5\",\"Phone\":\"555\","
	    "\"Site Name\":\"Hall\"}\n"
	    "5 {\"City\":\"Roe\",\"Name\":\"Help\",\"No.\":\"7\",\"Phone\":\"556\","
	    "\"Site Name\":\"Barn\"}\n");
	check_notes(IMPORT_title_row, 2);
}

/* One like a row below, one with a number, one that fills a single gap, one as all below. */
static void
a_row_below_columns_without_names_is_a_row(void **state)
{
	static const char *const FIRST[] = { "x,y,z,w,v", "s,1,z,w,v", "s,y,,w,v",
		"s,y,z,w,v" };

	(void)state;
	for (size_t i = 0; i < sizeof FIRST / sizeof *FIRST; i++) {
		bool is_last = i + 1 == sizeof FIRST / sizeof *FIRST;
		char text[200];
		char *made;

		(void)snprintf(text, sizeof text, "a,,,b,c\n%s\nx,k,l,%s,p\nq,m,n,6,p\n",
		    FIRST[i], is_last ? "j" : "5");
		made = read_bytes(text, strlen(text), NULL);
		assert_non_null(strstr(made, "2 {\"a\":"));
		free(made);
		check_notes(IMPORT_title_row, 0);
	}
}

static void
a_cell_alone_in_a_row_of_many_is_refused(void **state)
{
	(void)state;
	check("a,b,c,d,e\n1,2,3,4,5\n,North,,,\n6,7,8,9,0\nMade by me,,,,\n",
	    "2 {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\",\"e\":\"5\"}\n"
	    "3 !heading_row\n"
	    "4 {\"a\":\"6\",\"b\":\"7\",\"c\":\"8\",\"d\":\"9\",\"e\":\"0\"}\n"
	    "5 !heading_row\n");
	check("a,b,c,d,e\n1,2,3,4,5\n,North,5,,\n",
	    "2 {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\",\"e\":\"5\"}\n"
	    "3 {\"b\":\"North\",\"c\":\"5\"}\n");
	check("a,b,c,d\n1,2,3,4\n,North,,\n",
	    "2 {\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}\n"
	    "3 {\"b\":\"North\"}\n");
}

static void
long_names_and_titles_are_cut_between_characters(void **state)
{
	char text[2000] = "\"a";
	char expected[200] = "3 {\"a";

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(text, "Ж");
	strcat(text, "\",\nb,a");
	for (int i = 0; i < 200; i++)
		strcat(text, "Ж");
	strcat(text, "\n2,1\n");
	for (int i = 0; i < 59; i++)
		strcat(expected, "Ж");
	strcat(expected, "\":\"1\",\"b\":\"2\"}\n");
	check(text, expected);
	check_notes(IMPORT_title_row, 1);
}

static void
bytes_that_are_no_text_cost_their_row(void **state)
{
	(void)state;
	check("a,b\n\xd0\x96,\xd0\x96\n1,\xff\n3,4\n",
	    "2 {\"a\":\"\xd0\x96\",\"b\":\"\xd0\x96\"}\n3 !bad_utf8\n4 "
	    "{\"a\":\"3\",\"b\":\"4\"}\n");
	check_bytes("a,b\n1,x\0y\n3,4\n5,6\n", 18, NULL,
	    "2 !nul_bytes\n3 {\"a\":\"3\",\"b\":\"4\"}\n4 {\"a\":\"5\",\"b\":\"6\"}\n");
}

static void
every_encoding_is_read_and_what_was_assumed_is_said(void **state)
{
	static const char UTF16[] = "\xff\xfe"
	                            "a\0,\0b\0\r\0\n\0\x16\x04,\0\x31\0\r\0\n";

	(void)state;
	check("\xef\xbb\xbf"
	      "a,b\n1,2\n",
	    "2 {\"a\":\"1\",\"b\":\"2\"}\n");
	check_bytes(UTF16, sizeof UTF16, NULL, "2 {\"a\":\"\xd0\x96\",\"b\":\"1\"}\n");
	check_bytes(
	    UTF16 + 2, sizeof UTF16 - 2, NULL, "2 {\"a\":\"\xd0\x96\",\"b\":\"1\"}\n");
	check_notes(IMPORT_encoding_assumed, 1);
	check("a,b\n\xcf\xf0\xe8\xf2\xf3\xeb\xee\xea,\xb3\n", /* Притулок, і */
	    "2 {\"a\":\"Притулок\",\"b\":\"і\"}\n");
	check_notes(IMPORT_encoding_assumed, 1);
	check("a,b\nCaf\xe9,Z\xfcrich\n", "2 {\"a\":\"Café\",\"b\":\"Zürich\"}\n");
	check_bytes("a,b\n\xf0\xd2\xc9\xc0\xd4,1\n", 12, "KOI8-R",
	    "2 {\"a\":\"Приют\",\"b\":\"1\"}\n");
	check_notes(IMPORT_encoding_assumed, 0);
	check_bytes("a,b\n", 4, "morse", "there is no encoding of that name");
}

static void
a_file_without_a_row_of_names_is_refused(void **state)
{
	(void)state;
	check_bytes("", 0, NULL, "no row of column names was found");
	check("\n\n", "no row of column names was found");
}

static void
a_row_of_too_many_cells_is_refused(void **state)
{
	char text[3000] = "a,b\n1,2\n3,4\n";

	(void)state;
	memset(text + strlen(text), ',', 2000);
	strcat(text, "x\n5,6\n");
	check(text, "2 {\"a\":\"1\",\"b\":\"2\"}\n3 {\"a\":\"3\",\"b\":\"4\"}\n4 "
	            "!too_large\n5 {\"a\":\"5\",\"b\":\"6\"}\n");
}

static int
end(void **state)
{
	(void)state;
	import_report_free(&report);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_stand_under_the_names_of_their_columns),
		cmocka_unit_test(every_delimiter_and_line_end_is_found),
		cmocka_unit_test(quotes_hold_delimiters_quotes_and_line_ends),
		cmocka_unit_test(a_quote_that_is_never_closed_costs_its_own_line),
		cmocka_unit_test(a_forgotten_quote_does_not_swallow_a_large_file),
		cmocka_unit_test(rows_whose_cells_may_stand_in_other_columns_are_refused),
		cmocka_unit_test(what_spreadsheets_leave_around_the_rows_is_passed_over),
		cmocka_unit_test(every_column_gets_a_name_of_its_own),
		cmocka_unit_test(names_under_merged_cells_are_the_names),
		cmocka_unit_test(a_row_below_columns_without_names_is_a_row),
		cmocka_unit_test(a_cell_alone_in_a_row_of_many_is_refused),
		cmocka_unit_test(long_names_and_titles_are_cut_between_characters),
		cmocka_unit_test(bytes_that_are_no_text_cost_their_row),
		cmocka_unit_test(every_encoding_is_read_and_what_was_assumed_is_said),
		cmocka_unit_test(a_file_without_a_row_of_names_is_refused),
		cmocka_unit_test(a_row_of_too_many_cells_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
