/* SPDX-License-Identifier: Apache-2.0
 * Rows of places and taxonomies, as they are stored. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_map.h"
#include "deploy/referralctl/import_other.h"

static struct import_report report;
static struct import_others others;

/* What a row makes: each document, or "!REASON FIELD", on a line of its own. */
static const char *
made(enum directory_kind kind, const char *map_text, const char *json)
{
	static char all[2000];
	static const struct import_where WHERE = { 3, 4, TEXT_ABSENT };
	struct import_check check = {
		.source = LITERAL("test"), .report = &report, .where = &WHERE
	};
	struct import_buffer document = { 0 };
	struct import_map *map = NULL;
	json_t *row = json_loads(json, 0, NULL), *mapped, *rows, *one;
	size_t index, length = 0;
	char why[256];

	assert_non_null(row);
	if (map_text != NULL)
		assert_int_equal(
		    import_map_read(&map, text_of(map_text), why), STATUS_OK);
	mapped = map ? import_map_apply(map, row, &check) : json_incref(row);
	rows = import_other_rows(kind, mapped, &others);
	all[0] = '\0';
	json_array_foreach(rows, index, one)
	{
		char id[ID_UUID_BYTES + 1];
		enum import_reason reason =
		    import_check_other(kind, &check, one, &others, id, &document);

		length +=
		    (size_t)(reason == IMPORT_FINE
		                 ? snprintf(all + length, sizeof all - length, "%.*s\n",
		                       (int)document.length, document.bytes)
		                 : snprintf(all + length, sizeof all - length, "!%s %s\n",
		                       import_reason_word(reason), check.field));
	}
	import_map_free(map);
	json_decref(rows);
	json_decref(mapped);
	json_decref(row);
	free(document.bytes);
	return all;
}

static int
clean(void **state)
{
	(void)state;
	import_others_end(&others, &report);
	import_report_free(&report);
	report = (struct import_report){ 0 };
	return 0;
}

static const char *
place(const char *json)
{
	return made(DIRECTORY_PLACES, NULL, json);
}

static const char *
term(const char *json)
{
	return made(DIRECTORY_TAXONOMIES, NULL, json);
}

static void
a_place_keeps_what_is_said_of_it_and_nothing_else(void **state)
{
	(void)state;
	assert_string_equal(
	    place("{\"code\":\" a1 \",\"name\":\" Нове \",\"kind\":\"village\","
	          "\"latitude\":\"50,5\",\"longitude\":30,\"population\":\"7\","
	          "\"names\":{\"en\":\"Nove\"},\"alternates\":\"Старе\",\"x\":1}"),
	    "{\"alternates\":[\"Старе\"],\"code\":\"a1\",\"kind\":\"village\","
	    "\"latitude\":50.5,"
	    "\"longitude\":30,\"name\":\"Нове\",\"names\":{\"en\":\"Nove\"},"
	    "\"population\":7}\n");
}

static void
what_a_place_lacks_is_named(void **state)
{
	(void)state;
	assert_string_equal(place("{\"name\":\"A\"}"), "!missing_id code\n");
	assert_string_equal(place("{\"code\":\"a\"}"), "!missing_name name\n");
	assert_string_equal(place("{\"code\":\"a\",\"name\":\"A\",\"kind\":\"moon\","
	                          "\"latitude\":99,\"longitude\":1}"),
	    "{\"code\":\"a\",\"name\":\"A\"}\n");
	assert_int_equal(report.counts[IMPORT_unknown_kind], 1);
	assert_int_equal(report.counts[IMPORT_bad_coordinates], 1);
}

static void
a_bare_number_gets_its_prefix_and_its_region_once(void **state)
{
	static const char ROW[] =
	    "{\"code\":\"%s\",\"prefix\":\"RU\",\"parent_digits\":2,"
	    "\"parent_name\":\"Амурская\",\"name\":\"Зея\"}";
	char row[200];

	(void)state;
	snprintf(row, sizeof row, ROW, "10712000001");
	assert_string_equal(place(row),
	    "{\"code\":\"RU10\",\"kind\":\"region\",\"name\":\"Амурская\"}\n"
	    "{\"code\":\"RU10712000001\",\"name\":\"Зея\",\"parent\":\"RU10\"}\n");
	snprintf(row, sizeof row, ROW, "10713000001");
	assert_string_equal(place(row),
	    "{\"code\":\"RU10713000001\",\"name\":\"Зея\",\"parent\":\"RU10\"}\n");
}

static void
a_map_says_what_its_rows_are(void **state)
{
	struct import_map *map;
	char why[256];

	(void)state;
	assert_string_equal(made(DIRECTORY_PLACES,
	                        "{\"kind\":\"places\",\"rules\":[{\"to\":\"code\","
	                        "\"from\":[\"b\",\"a\"]},"
	                        "{\"to\":\"name\",\"from\":\"n\"}]}",
	                        "{\"a\":\"1\",\"b\":\"2\",\"n\":\"N\"}"),
	    "{\"code\":\"2\",\"name\":\"N\"}\n");
	assert_int_equal(
	    import_map_read(&map, LITERAL("{\"kind\":\"stars\",\"rules\":[]}"), why),
	    STATUS_INVALID);
	assert_string_equal(why, "kind is services, taxonomies or places: stars");
}

static void
terms_within_a_row_are_below_it(void **state)
{
	(void)state;
	assert_string_equal(term("{\"taxonomy\":{\"name\":\"t\"},\"terms\":[{\"code\":"
	                         "\"SB\",\"name\":\"One\","
	                         "\"terms\":[\"Two\",7]}]}"),
	    "{\"code\":\"SB\",\"name\":\"One\",\"taxonomy\":\"t\"}\n"
	    "{\"code\":\"SB.1\",\"name\":\"Two\",\"parent\":\"SB\",\"taxonomy\":\"t\"}"
	    "\n");
}

static void
a_term_of_hsds_is_named_by_its_id_where_it_has_no_code(void **state)
{
	(void)state;
	assert_string_equal(
	    term("{\"id\":\"i1\",\"name\":\"Food\",\"parent_id\":\"i0\","
	         "\"language\":\"en\",\"taxonomy_detail\":{\"name\":\"T\"}}"),
	    "{\"code\":\"i1\",\"id\":\"i1\",\"labels\":{\"en\":\"Food\"},\"name\":"
	    "\"Food\","
	    "\"parent_id\":\"i0\",\"taxonomy\":\"T\"}\n");
	assert_string_equal(term("{\"code\":\"a\",\"labels\":{\"uk\":\"Їжа\"}}"),
	    "{\"code\":\"a\",\"labels\":{\"uk\":\"Їжа\"},\"name\":\"Їжа\","
	    "\"taxonomy\":\"test\"}\n");
}

static void
a_mapping_needs_both_ends_and_a_relation(void **state)
{
	(void)state;
	assert_string_equal(
	    term("{\"from_taxonomy\":\"a\",\"from_code\":1,\"relation\":\"exact\","
	         "\"to_taxonomy\":\"b\",\"to_code\":\"2\"}"),
	    "{\"from_code\":\"1\",\"from_taxonomy\":\"a\",\"relation\":\"exact\","
	    "\"to_code\":\"2\",\"to_taxonomy\":\"b\"}\n");
	assert_string_equal(
	    term("{\"from_taxonomy\":\"a\",\"from_code\":\"1\","
	         "\"relation\":\"same\",\"to_taxonomy\":\"b\",\"to_code\":\"2\"}"),
	    "!bad_mapping relation\n");
	assert_string_equal(term("{\"from_taxonomy\":\"a\",\"relation\":\"exact\"}"),
	    "!bad_mapping from_code\n");
}

static void
rings_and_unknown_parents_are_noted_when_all_was_read(void **state)
{
	(void)state;
	(void)term("{\"code\":\"a\",\"name\":\"A\",\"parent\":\"b\"}");
	(void)term("{\"code\":\"b\",\"name\":\"B\",\"parent\":\"a\"}");
	(void)term("{\"code\":\"c\",\"name\":\"C\",\"parent\":\"b\"}");
	(void)term("{\"code\":\"d\",\"name\":\"D\",\"parent\":\"gone\"}");
	(void)term("{\"code\":\"e\",\"name\":\"E\"}");
	import_others_end(&others, &report);
	assert_int_equal(report.counts[IMPORT_ring], 2);
	assert_int_equal(report.counts[IMPORT_unknown_parent], 1);
}

static void
what_a_file_holds_is_told_by_its_first_row_where_that_is_certain(void **state)
{
	(void)state;
	assert_int_equal(import_kind_guess(LITERAL("{\"taxonomy\":{},\"terms\":[]}")),
	    DIRECTORY_TAXONOMIES);
	assert_int_equal(import_kind_guess(LITERAL("[{\"code\":\"a\",\"name\":\"A\","
	                                           "\"taxonomy\":\"t\"}]")),
	    DIRECTORY_TAXONOMIES);
	assert_int_equal(
	    import_kind_guess(LITERAL("{\"from_code\":1,\"to_taxonomy\":\"t\"}")),
	    DIRECTORY_TAXONOMIES);
	assert_int_equal(import_kind_guess(LITERAL("{\"id\":\"a\",\"name\":\"A\"}")),
	    DIRECTORY_SERVICES);
	assert_int_equal(import_kind_guess(LITERAL("nothing")), DIRECTORY_SERVICES);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_place_keeps_what_is_said_of_it_and_nothing_else),
		TEST(what_a_place_lacks_is_named),
		TEST(a_bare_number_gets_its_prefix_and_its_region_once),
		TEST(a_map_says_what_its_rows_are),
		TEST(terms_within_a_row_are_below_it),
		TEST(a_term_of_hsds_is_named_by_its_id_where_it_has_no_code),
		TEST(a_mapping_needs_both_ends_and_a_relation),
		TEST(rings_and_unknown_parents_are_noted_when_all_was_read),
		TEST(what_a_file_holds_is_told_by_its_first_row_where_that_is_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
