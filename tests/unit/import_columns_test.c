/* SPDX-License-Identifier: Apache-2.0
 * Columns of tables against what maps call them, and the map that fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_columns.h"

static struct import_table *
open_table(const char *text)
{
	struct import_table *table;
	const char *why;

	assert_int_equal(
	    import_table_open(&table, text, strlen(text), NULL, NULL, &why), STATUS_OK);
	return table;
}

static struct import_map *
read_map(const char *columns)
{
	struct import_map *map;
	char why[256];
	char *text;

	assert_true(
	    asprintf(&text,
	        "{\"identity\":[\"id\"],\"columns\":%s,\"rules\":[{\"to\":\"name\","
	        "\"from\":\"PublicName\"},{\"to\":\"x\",\"from\":\"id\"}]}",
	        columns) > 0);
	if (import_map_read(&map, text_of(text), why) != STATUS_OK)
		fail_msg("%s", why);
	free(text);
	return map;
}

static void
columns_are_known_by_any_spelling_of_their_names(void **state)
{
	struct import_table *table = open_table("Id,public name,Код,other\n1,2,3,4\n");
	struct import_map *map =
	    read_map("{\"required\":[\"id\",\"code\"],\"names\":{\"code\":[\"КОД\"]}}");

	(void)state;
	assert_true(import_columns_fit(map, table));
	assert_string_equal(import_table_column(table, 0), "id");
	assert_string_equal(import_table_column(table, 1), "PublicName");
	assert_string_equal(import_table_column(table, 2), "code");
	assert_string_equal(import_table_column(table, 3), "other");
	import_table_close(table);
	table = open_table("id,name\n1,2\n");
	assert_false(import_columns_fit(map, table));
	import_table_close(table);
	import_map_free(map);
}

static void
two_columns_never_get_the_same_name(void **state)
{
	struct import_table *table = open_table("PublicName,public_name\n1,2\n");
	struct import_map *map = read_map("{\"required\":[]}");

	(void)state;
	assert_true(import_columns_fit(map, table));
	assert_string_equal(import_table_column(table, 0), "PublicName");
	assert_string_equal(import_table_column(table, 1), "public_name");
	import_table_close(table);
	import_map_free(map);
}

static void
check_guess(const char *text, enum status status, const char *expected)
{
	struct import_table *table = open_table(text);
	struct import_map *map;
	char name[64];

	assert_int_equal(import_map_guess(table, NULL, &map, name), status);
	if (status == STATUS_OK)
		assert_string_equal(name, expected);
	import_map_free(map);
	import_table_close(table);
}

static void
the_map_that_a_table_fits_is_found(void **state)
{
	(void)state;
	check_guess("Код;Назва центру;Адреса;Час прийому суб'єктів звернень\n1;2;3;4\n",
	    STATUS_OK, "ua-cnap");
	check_guess("LEGAL_ENTITY_ID,legal entity name,care_type,lat\n1,2,3,4\n",
	    STATUS_OK, "ua-health");
	check_guess("id,name\n1,2\n", STATUS_ABSENT, NULL);
	check_guess("zip,lat,lng,state\n1,2,3,4\n", STATUS_OK, "us-zip");
	check_guess("zip,lat,lng,state,Phone number\n1,2,3,4,5\n", STATUS_ABSENT, NULL);
	check_guess("name,zip,lat,lng,state\n1,2,3,4,5\n", STATUS_ABSENT, NULL);
}

static void
check_members(const char *text, enum status status, const char *expected)
{
	json_t *members = json_loads(text, 0, NULL);
	struct import_map *map;
	char name[64];

	assert_non_null(members);
	assert_int_equal(import_map_guess(NULL, members, &map, name), status);
	if (status == STATUS_OK)
		assert_string_equal(name, expected);
	import_map_free(map);
	json_decref(members);
}

static void
the_map_that_the_members_of_rows_fit_is_found(void **state)
{
	(void)state;
	check_members("{\"name\":1,\"service_area\":1,\"eligibility_requirements\":1,"
	              "\"services_provided\":1,\"how_to_apply\":1,"
	              "\"transportation_availability\":1,\"x\":1}",
	    STATUS_OK, "sanmateo");
	check_members("{\"name\":1,\"service_area\":1,\"eligibility_requirements\":1,"
	              "\"services_provided\":1,\"how_to_apply\":1}",
	    STATUS_ABSENT, NULL);
	check_members("{}", STATUS_ABSENT, NULL);
}

static void
every_map_of_the_project_is_good(void **state)
{
	static const char *const NAMES[] = { "sanmateo", "ua-cnap", "ua-health",
		"icarol-211" };
	struct import_map *map;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		if (import_map_load(&map, NAMES[i], why) != STATUS_OK)
			fail_msg("%s: %s", NAMES[i], why);
		import_map_free(map);
	}
}

static void
wrong_columns_of_a_map_are_refused(void **state)
{
	static const char *const WRONG[] = { "{\"need\":[]}", "{\"required\":[1]}", "{}",
		"{\"required\":[],\"names\":{\"a\":\"b\"}}" };
	struct import_map *map;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		char *text;

		assert_true(
		    asprintf(&text, "{\"identity\":[\"id\"],\"rules\":[],\"columns\":%s}",
		        WRONG[i]) > 0);
		assert_int_equal(
		    import_map_read(&map, text_of(text), why), STATUS_INVALID);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_known_by_any_spelling_of_their_names),
		cmocka_unit_test(two_columns_never_get_the_same_name),
		cmocka_unit_test(the_map_that_a_table_fits_is_found),
		cmocka_unit_test(the_map_that_the_members_of_rows_fit_is_found),
		cmocka_unit_test(every_map_of_the_project_is_good),
		cmocka_unit_test(wrong_columns_of_a_map_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
