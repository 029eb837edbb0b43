/* SPDX-License-Identifier: Apache-2.0
 * Numbers, dates and points as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_amount.h"
#include "deploy/referralctl/import_when.h"

static void
check_number(const char *text, bool comma_is_point, double expected)
{
	double number;

	if (!amount_read_number(text_of(text), comma_is_point, &number))
		fail_msg("\"%s\" is no number", text);
	if (number != expected)
		fail_msg("\"%s\" is %g, not %g", text, number, expected);
}

static void
numbers_are_read_with_their_separators_and_units(void **state)
{
	(void)state;
	check_number("17", false, 17);
	check_number("1 234,5", false, 1234.5);
	check_number("1,234.5", false, 1234.5);
	check_number("1.234,5", false, 1234.5);
	check_number("1,234", false, 1234);
	check_number("1,234", true, 1.234);
	check_number("12,5", false, 12.5);
	check_number("1,234,567", false, 1234567);
	check_number("1'234", false, 1234);
	check_number("1\xc2\xa0"
	             "234",
	    false, 1234);
	check_number("12 beds", false, 12);
	check_number("$5.", false, 5);
	check_number("-78.7315522", true, -78.7315522);
	check_number("50,5495954", true, 50.5495954);
}

static void
what_may_be_two_numbers_is_none(void **state)
{
	static const char *const NONE[] = { "", "many", "10-12", "1.2.3", "12,34,5",
		"5 to 7", "1 2" };
	double number;

	(void)state;
	for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++)
		if (amount_read_number(text_of(NONE[i]), false, &number))
			fail_msg("\"%s\" is %g", NONE[i], number);
}

static void
check_date(const char *text, enum date_order order, const char *expected)
{
	char date[11] = "";

	(void)amount_read_date(text_of(text), order, date);
	assert_string_equal(date, expected);
}

static void
dates_are_read_where_only_one_is_meant(void **state)
{
	(void)state;
	check_date("2025-03-01", DATE_CLEAR_ONLY, "2025-03-01");
	check_date("2025-06-09 19:29:58", DATE_CLEAR_ONLY, "2025-06-09");
	check_date("01.03.2025", DATE_MONTH_FIRST, "2025-03-01");
	check_date("3/1/2025", DATE_CLEAR_ONLY, "");
	check_date("3/1/2025", DATE_MONTH_FIRST, "2025-03-01");
	check_date("3/1/2025", DATE_DAY_FIRST, "2025-01-03");
	check_date("25/12/2025", DATE_CLEAR_ONLY, "2025-12-25");
	check_date("12/25/15", DATE_CLEAR_ONLY, "2015-12-25");
	check_date("1 March 2025", DATE_CLEAR_ONLY, "2025-03-01");
	check_date("Mar 1, 2025", DATE_CLEAR_ONLY, "2025-03-01");
	check_date("45717", DATE_CLEAR_ONLY, "2025-03-01");
	check_date("1900-01-01 0:00:00", DATE_CLEAR_ONLY, "");
	check_date("2025-02-30", DATE_CLEAR_ONLY, "");
	check_date("2024-02-29", DATE_CLEAR_ONLY, "2024-02-29");
	check_date("2023-02-29", DATE_CLEAR_ONLY, "");
	check_date("soon", DATE_CLEAR_ONLY, "");
}

static void
the_time_behind_a_date_is_read(void **state)
{
	char time[9];

	(void)state;
	amount_read_time(text_of("2025-06-09 19:29:58"), time);
	assert_string_equal(time, "19:29:58");
	amount_read_time(text_of("6/9/2025 7:05 PM"), time);
	assert_string_equal(time, "19:05:00");
	amount_read_time(text_of("6/9/2025"), time);
	assert_string_equal(time, "00:00:00");
}

static void
points_stand_in_one_cell_with_any_comma(void **state)
{
	static const char *const ONE[] = { "48.5, 24.25", "48,5; 24,25", "48.5 24.25",
		"48.5,24.25" };
	double pair[2];

	(void)state;
	for (size_t i = 0; i < sizeof ONE / sizeof *ONE; i++) {
		assert_true(amount_read_pair(text_of(ONE[i]), pair));
		assert_true(pair[0] == 48.5 && pair[1] == 24.25);
	}
	assert_false(amount_read_pair(text_of("48.5"), pair));
	assert_false(amount_read_pair(text_of("here, there"), pair));
}

static bool
holds(const char *when, const char *row)
{
	json_t *condition = json_loads(when, 0, NULL);
	json_t *value = json_loads(row, 0, NULL);
	const char *name;
	bool is_met;

	assert_true(when_is_good(condition, &name));
	is_met = when_holds(condition, value);
	json_decref(condition);
	json_decref(value);
	return is_met;
}

static void
conditions_know_yes_and_no_in_the_languages_of_the_directories(void **state)
{
	(void)state;
	assert_true(holds("{\"a\":\"yes\"}", "{\"a\":\"ТАК\"}"));
	assert_true(holds("{\"a\":\"yes\"}", "{\"a\":true}"));
	assert_false(holds("{\"a\":\"yes\"}", "{\"a\":\"perhaps\"}"));
	assert_false(holds("{\"a\":\"yes\"}", "{}"));
	assert_true(holds("{\"a\":\"no\"}", "{\"a\":\"Ні\"}"));
	assert_false(holds("{\"a\":\"no\"}", "{}"));
	assert_true(holds("{\"a\":\"not no\"}", "{\"a\":\"Confidential\"}"));
	assert_false(holds("{\"a\":\"not no\"}", "{\"a\":\"FALSE\"}"));
	assert_false(holds("{\"a\":\"not no\"}", "{}"));
	assert_true(holds("{\"a\":\"silent\",\"b\":\"says\"}", "{\"b\":\"1\"}"));
	assert_true(holds("{\"a\":[\"Agency\",\"Site\"]}", "{\"a\":\"site\"}"));
	assert_false(holds("{\"a\":[\"Agency\",\"Site\"]}", "{\"a\":\"Program\"}"));
}

static void
wrong_conditions_are_refused(void **state)
{
	static const char *const WRONG[] = { "[]", "{\"a\":\"maybe\"}", "{\"a\":[]}",
		"{\"a\":[1]}", "{\"a..b\":\"yes\"}" };
	const char *name;

	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		json_t *condition = json_loads(WRONG[i], 0, NULL);

		assert_false(when_is_good(condition, &name));
		json_decref(condition);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_with_their_separators_and_units),
		cmocka_unit_test(what_may_be_two_numbers_is_none),
		cmocka_unit_test(dates_are_read_where_only_one_is_meant),
		cmocka_unit_test(the_time_behind_a_date_is_read),
		cmocka_unit_test(points_stand_in_one_cell_with_any_comma),
		cmocka_unit_test(
		    conditions_know_yes_and_no_in_the_languages_of_the_directories),
		cmocka_unit_test(wrong_conditions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
