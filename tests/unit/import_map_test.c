/* SPDX-License-Identifier: Apache-2.0
 * Flat rows through field maps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "deploy/referralctl/import_map.h"

static struct import_report report;

/* Applies {"identity":["n"],"rules":[...],MORE} to a row; the service as canonical JSON. */
static char *
apply(const char *rules, const char *more, const char *row)
{
	struct import_where where = { 1, 1, TEXT_ABSENT };
	struct import_check check = {
		.source = LITERAL("test"), .report = &report, .where = &where
	};
	struct import_buffer buffer = { 0 };
	struct import_map *map;
	char why[256];
	char *text;
	json_t *value = json_loads(row, 0, NULL);
	json_t *service;

	assert_non_null(value);
	assert_true(asprintf(&text, "{\"identity\":[\"n\"],\"rules\":[%s]%s%s}", rules,
	                *more ? "," : "", more) > 0);
	if (import_map_read(&map, text_of(text), why) != STATUS_OK)
		fail_msg("%s", why);
	free(text);
	import_report_free(&report);
	service = import_map_apply(map, value, &check);
	assert_non_null(service);
	import_write(&buffer, service);
	import_buffer_add(&buffer, "", 1);
	json_decref(service);
	json_decref(value);
	import_map_free(map);
	return buffer.bytes;
}

static void
check_map(const char *rules, const char *more, const char *row, const char *expected)
{
	char *made = apply(rules, more, row);

	assert_string_equal(made, expected);
	free(made);
}

static void
check_bad(const char *map, const char *complaint)
{
	struct import_map *read;
	char why[256];

	assert_int_equal(import_map_read(&read, text_of(map), why), STATUS_INVALID);
	assert_null(read);
	if (strstr(why, complaint) == NULL)
		fail_msg("\"%s\" should hold \"%s\"", why, complaint);
}

static void
a_field_goes_where_the_rule_says(void **state)
{
	(void)state;
	check_map("{\"to\":\"name\",\"from\":\"title\"}", "", "{\"title\":\" Food \"}",
	    "{\"name\":\"Food\"}");
	check_map("{\"to\":\"a.b\",\"from\":\"x.y\"}", "", "{\"x\":{\"y\":7}}",
	    "{\"a\":{\"b\":\"7\"}}");
	check_map("{\"to\":\"a[1].b[0].c\",\"from\":\"x\"}", "", "{\"x\":true}",
	    "{\"a\":[{},{\"b\":[{\"c\":\"true\"}]}]}");
}

static void
what_says_nothing_makes_nothing(void **state)
{
	(void)state;
	check_map("{\"to\":\"a.b\",\"from\":\"x\"}", "", "{}", "{}");
	check_map("{\"to\":\"a.b\",\"from\":\"x\"}", "", "{\"x\":null}", "{}");
	check_map("{\"to\":\"a.b\",\"from\":\"x\"}", "", "{\"x\":\"  \"}", "{}");
	check_map("{\"to\":\"a.b\",\"from\":\"x\"}", "", "{\"x\":{\"y\":1}}", "{}");
	check_map("{\"to\":\"a[]\",\"from\":\"x[]\"}", "", "{\"x\":[null,\"\"]}", "{}");
	check_map("{\"to\":\"a\",\"from\":\"x[3]\"}", "", "{\"x\":[1]}", "{}");
}

static void
the_first_of_several_fields_that_says_something_is_taken(void **state)
{
	static const char RULE[] =
	    "{\"to\":\"o\",\"from\":[\"a\",\"b\"],\"note\":\"agency_is_name\"}";

	(void)state;
	check_map(RULE, "", "{\"a\":\"1\",\"b\":\"2\"}", "{\"o\":\"1\"}");
	assert_int_equal(report.counts[IMPORT_agency_is_name], 0);
	check_map(RULE, "", "{\"a\":\"\",\"b\":\"2\"}", "{\"o\":\"2\"}");
	assert_int_equal(report.counts[IMPORT_agency_is_name], 1);
	check_map("{\"to\":\"o\",\"from\":\"a\"},{\"to\":\"o\",\"from\":\"b\"}", "",
	    "{\"a\":\"1\",\"b\":\"2\"}", "{\"o\":\"1\"}");
}

static void
all_of_several_fields_are_joined(void **state)
{
	(void)state;
	check_map("{\"to\":\"o\",\"from\":[\"a\",\"b[]\"],\"all\":true,\"join\":\", \"}",
	    "", "{\"a\":\"1\",\"b\":[\"2\",\"\",3]}", "{\"o\":\"1, 2, 3\"}");
	check_map("{\"to\":\"o\",\"from\":\"b[]\",\"join\":\"; \"}", "",
	    "{\"b\":[\"2\",\"3\"]}", "{\"o\":\"2; 3\"}");
	check_map("{\"to\":\"o\",\"from\":\"b[]\"}", "", "{\"b\":[\"2\",\"3\"]}",
	    "{\"o\":\"2\"}");
}

static void
lists_take_each_value_once(void **state)
{
	(void)state;
	check_map("{\"to\":\"l[]\",\"from\":\"b[]\"}", "",
	    "{\"b\":[\"2\",[\"3\"],\"2\"]}", "{\"l\":[\"2\",\"3\"]}");
	check_map("{\"to\":\"l[]\",\"from\":\"b[]\"}", "", "{\"b\":\"alone\"}",
	    "{\"l\":[\"alone\"]}");
	check_map("{\"to\":\"l[]\",\"from\":\"b[].c\"}", "",
	    "{\"b\":[{\"c\":1},{},{\"c\":2}]}", "{\"l\":[\"1\",\"2\"]}");
}

static void
entries_are_made_by_rules_of_their_own(void **state)
{
	static const char RULE[] = "{\"to\":\"p[]\",\"from\":\"t[]\",\"fields\":[{\"to\":"
	                           "\"number\",\"from\":\"n\"},"
	                           "{\"to\":\"type\",\"constant\":\"voice\"}]}";

	(void)state;
	check_map(RULE, "",
	    "{\"t\":[[{\"n\":\"1\"}],[{\"n\":\"2\"},{\"m\":1}],{\"n\":\"1\"}]}",
	    "{\"p\":[{\"number\":\"1\",\"type\":\"voice\"},{\"number\":\"2\",\"type\":"
	    "\"voice\"}]"
	    "}");
}

static void
constants_make_nothing_exist_without_them(void **state)
{
	static const char RULES[] =
	    "{\"to\":\"l.type\",\"constant\":\"physical\"},{\"to\":\"l.city\",\"from\":"
	    "\"c\"},"
	    "{\"to\":\"status\",\"constant\":\"active\"},{\"to\":\"n\",\"from\":\"n\"}";

	(void)state;
	check_map(RULES, "", "{}", "{}");
	check_map(
	    "{\"to\":\"l.type\",\"constant\":\"physical\"},{\"to\":\"l.city\",\"from\":"
	    "\"c\"},{\"to\":\"status\",\"constant\":\"active\"},{\"to\":\"m\",\"from\":"
	    "\"m\"}",
	    "", "{\"m\":\"x\"}", "{\"m\":\"x\",\"status\":\"active\"}");
	check_map(
	    "{\"to\":\"l.type\",\"constant\":\"physical\"},{\"to\":\"l.city\",\"from\":"
	    "\"c\"}",
	    "", "{\"c\":\"Kyiv\"}", "{\"l\":{\"city\":\"Kyiv\",\"type\":\"physical\"}}");
}

static void
values_become_what_as_says(void **state)
{
	(void)state;
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"slug\"}", "",
	    "{\"x\":\" Farmers' Market/Food \"}", "{\"a\":\"farmers-market-food\"}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"slug\"}", "",
	    "{\"x\":\"Їжа № 1\"}", "{\"a\":\"Їжа-№-1\"}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"slug\"}", "", "{\"x\":\"--\"}",
	    "{\"x_x\":\"--\"}");
	check_map("{\"to\":\"a\",\"from\":\"x.$date\",\"as\":\"time_ms\"}", "",
	    "{\"x\":{\"$date\":1372910164050}}", "{\"a\":\"2013-07-04T03:56:04.050Z\"}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"time_ms\"}", "", "{\"x\":\"1\"}",
	    "{\"x_x\":\"1\"}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"as_it_is\"}", "",
	    "{\"x\":[1,{}]}", "{\"a\":[1,{}]}");
}

static void
points_are_read_in_either_order(void **state)
{
	(void)state;
	check_map("{\"to\":\"l[0].p\",\"from\":\"x\",\"as\":\"lon_lat\"}", "",
	    "{\"x\":[24.5,48]}",
	    "{\"l\":[{\"p\":{\"latitude\":48,\"longitude\":24.5}}]}");
	check_map("{\"to\":\".\",\"from\":\"x\",\"as\":\"lat_lon\"}", "",
	    "{\"x\":[48,24.5]}", "{\"latitude\":48,\"longitude\":24.5}");
	check_map("{\"to\":\"p\",\"from\":\"x\",\"as\":\"lon_lat\"}", "", "{\"x\":[1]}",
	    "{\"x_x\":[1]}");
}

static void
tables_translate_and_choose(void **state)
{
	static const char TABLES[] = "\"tables\":{\"codes\":{\"Spanish "
	                             "\":\"es\"},\"helpers\":{\"Interpreter\":true}}";
	static const char ROW[] = "{\"x\":[\"spanish\",\"Krio\",\" INTERPRETER\",7]}";

	(void)state;
	check_map("{\"to\":\"l[]\",\"from\":\"x[]\",\"table\":\"codes\"}", TABLES, ROW,
	    "{\"l\":[\"es\"]}");
	check_map("{\"to\":\"l[]\",\"from\":\"x[]\",\"except\":\"helpers\"}", TABLES, ROW,
	    "{\"l\":[\"spanish\",\"Krio\",\"7\"]}");
	check_map("{\"to\":\"l[]\",\"from\":\"x[]\",\"only\":\"helpers\"}", TABLES, ROW,
	    "{\"l\":[\"INTERPRETER\"]}");
	check_map("{\"to\":\"l[]\",\"from\":\"x[]\",\"fields\":[{\"to\":\"name\","
	          "\"from\":\".\"},"
	          "{\"to\":\"code\",\"from\":\".\",\"table\":\"codes\"}]}",
	    TABLES, "{\"x\":[\"Spanish\",\"Krio\"]}",
	    "{\"l\":[{\"code\":\"es\",\"name\":\"Spanish\"},{\"name\":\"Krio\"}]}");
}

static void
rules_that_contradict_each_other_harm_nothing(void **state)
{
	(void)state;
	check_map("{\"to\":\"a\",\"from\":\"x\"},{\"to\":\"a.b.c\",\"from\":\"x\"},{"
	          "\"to\":\"a[]\","
	          "\"from\":\"x\"},{\"to\":\"a[2].b\",\"from\":\"x\"}",
	    "", "{\"x\":\"1\"}", "{\"a\":\"1\"}");
	check_map("{\"to\":\"a[]\",\"from\":\"x\"},{\"to\":\"a.b.c\",\"from\":\"x\"},{"
	          "\"to\":\"a[0].b."
	          "c\",\"from\":\"x\"}",
	    "", "{\"x\":\"1\"}", "{\"a\":[\"1\"]}");
}

static void
what_no_rule_looks_at_is_kept_under_its_name(void **state)
{
	(void)state;
	check_map(
	    "{\"to\":\"a\",\"from\":\"x.y\"},{\"to\":\"b\",\"from\":[\"u\",\"v[]\"]}",
	    "\"rest\":\"x_\"", "{\"x\":{\"z\":1},\"u\":1,\"v\":2,\"w\":[3],\"e\":\"\"}",
	    "{\"b\":\"1\",\"x_w\":[3]}");
	check_map("{\"to\":\"a\",\"from\":\"x\"}", "", "{\"w\":[3]}", "{}");
}

static void
the_identity_gives_the_same_id_and_other_rows_another(void **state)
{
	const char *rule = "{\"to\":\"m\",\"from\":\"m\"}";
	char *one = apply(rule, "", "{\"n\":\"1\",\"m\":\"x\"}");
	char *same = apply(rule, "", "{\"m\":\"x\",\"n\":\" 1 \"}");
	char *other = apply(rule, "", "{\"n\":\"2\",\"m\":\"x\"}");

	(void)state;
	assert_non_null(strstr(one, "\"id\":\""));
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	free(one);
	free(same);
	free(other);
	check_map(rule, "", "{\"m\":\"x\"}", "{\"m\":\"x\"}");
}

static void
parts_of_an_identity_do_not_run_together(void **state)
{
	static const char MAP[] =
	    "{\"identity\":[\"a\",\"b\"],\"rules\":[{\"to\":\"c\",\"from\":\"c\"}]}";
	static const char *const ROWS[] = { "{\"a\":\"x y\",\"b\":\"z\"}",
		"{\"a\":\"x\",\"b\":\"y z\"}", "{\"a\":\"x yz\"}", "{\"b\":\"x yz\"}" };
	struct import_check check = { .source = LITERAL("test"), .report = &report };
	struct import_map *map;
	char why[256];
	char ids[4][ID_UUID_BYTES + 1];

	(void)state;
	assert_int_equal(import_map_read(&map, text_of(MAP), why), STATUS_OK);
	for (int i = 0; i < 4; i++) {
		json_t *row = json_loads(ROWS[i], 0, NULL);
		json_t *service = import_map_apply(map, row, &check);

		strcpy(ids[i], json_string_value(json_object_get(service, "id")));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
		json_decref(row);
		json_decref(service);
	}
	import_map_free(map);
}

#define RULE(members) "{\"identity\":[\"n\"],\"rules\":[{" members "}]}"

static void
a_cell_is_split_and_patterns_find_its_parts(void **state)
{
	(void)state;
	check_map("{\"to\":\"a[]\",\"from\":\"x\",\"split\":\";*\"}", "",
	    "{\"x\":\"BD-1800; LH* ;BD-1800\"}", "{\"a\":[\"BD-1800\",\"LH\"]}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"match\":\", *(м\\\\. *[^,]+)\"}", "",
	    "{\"x\":\"пл. Миру, 3, м. Рахів, Закарпаття\"}", "{\"a\":\"м. Рахів\"}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"match\":\"[0-9]+\"}", "",
	    "{\"x\":\"none\"}", "{}");
	check_map(
	    "{\"to\":\"a[]\",\"from\":\"x\",\"split\":\",\",\"match\":\"^ *([0-9]+)\"}",
	    "", "{\"x\":\"12 a, b, 7\"}", "{\"a\":[\"12\",\"7\"]}");
}

static void
a_rule_with_a_condition_speaks_only_when_it_holds(void **state)
{
	static const char RULE_WHEN[] =
	    "{\"to\":\"a.b\",\"when\":{\"x\":\"yes\"},\"constant\":1}";

	(void)state;
	check_map(RULE_WHEN, "", "{\"x\":\"Yes\"}", "{\"a\":{\"b\":1}}");
	check_map(RULE_WHEN, "", "{\"x\":\"No\"}", "{}");
	check_map("{\"to\":\"a\",\"from\":\"y\",\"when\":{\"x\":\"not no\"}}", "",
	    "{\"x\":\"secret\",\"y\":\"1\"}", "{\"a\":\"1\"}");
	check_map("{\"to\":\"a\",\"from\":\"y\",\"when\":{\"x\":\"not no\"}}", "",
	    "{\"y\":\"1\"}", "{}");
}

static void
facts_are_attributes_of_our_own_taxonomy(void **state)
{
	(void)state;
	check_map(
	    "{\"fact\":\"confidentiality\",\"constant\":\"cleared\",\"when\":{\"x\":"
	    "\"yes\"}},{\"fact\":\"notice_ends\",\"from\":\"d\",\"as\":\"date\"}",
	    "", "{\"x\":\"1\",\"d\":\"1.2.2025\"}",
	    "{\"attributes\":[{\"label\":\"confidentiality\",\"link_entity\":\"service\","
	    "\"taxonomy_term\":{\"code\":\"confidentiality\",\"name\":"
	    "\"confidentiality\","
	    "\"taxonomy\":\"hearthline-facts\"},\"value\":\"cleared\"},{\"label\":"
	    "\"notice_ends\",\"link_entity\":\"service\",\"taxonomy_term\":{\"code\":"
	    "\"notice_ends\",\"name\":\"notice_ends\",\"taxonomy\":\"hearthline-facts\"},"
	    "\"value\":\"2025-02-01\"}]}");
}

static void
what_the_map_calls_nothing_says_nothing(void **state)
{
	(void)state;
	check_map("{\"to\":\"a\",\"from\":[\"x\",\"y\"]}",
	    "\"nothing\":[\"-\",\"Немає\"]", "{\"x\":\" - \",\"y\":\"НЕМАЄ\"}", "{}");
}

static void
a_value_of_another_kind_is_kept_and_noted(void **state)
{
	(void)state;
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"number\"}", "",
	    "{\"x\":\"1 234 beds\"}", "{\"a\":1234}");
	check_map("{\"to\":\"a\",\"from\":\"x\",\"as\":\"number\"}", "",
	    "{\"x\":\"some\"}", "{\"x_x\":\"some\"}");
	assert_int_equal(report.counts[IMPORT_not_understood], 1);
	check_map("{\"to\":\"a\",\"from\":\"'No. of beds'\"}", "",
	    "{\"No. of beds\":\"7\"}", "{\"a\":\"7\"}");
}

static void
a_wrong_map_is_refused_with_what_is_wrong(void **state)
{
	(void)state;
	check_bad("", "not a JSON object");
	check_bad("[]", "not a JSON object");
	check_bad("{}", "identify");
	check_bad("{\"identity\":[],\"rules\":[]}", "identify");
	check_bad("{\"identity\":[7],\"rules\":[]}", "identity");
	check_bad("{\"identity\":[\"a..b\"],\"rules\":[]}", "a..b");
	check_bad("{\"identity\":[\"n\"]}", "rules");
	check_bad(
	    "{\"identity\":[\"n\"],\"rules\":[],\"rule\":1}", "unknown member: rule");
	check_bad("{\"identity\":[\"n\"],\"rules\":[],\"rest\":\"\"}", "rest");
	check_bad("{\"identity\":[\"n\"],\"rules\":[],\"tables\":{\"t\":7}}", "table");
	check_bad("{\"identity\":[\"n\"],\"rules\":[7]}", "\"to\"");
	check_bad(RULE("\"from\":\"a\""), "\"to\"");
	check_bad(RULE("\"to\":\"a[\",\"from\":\"a\""), "\"to\"");
	check_bad(RULE("\"to\":\"a[].b\",\"from\":\"c\""), "not a target");
	check_bad(RULE("\"to\":\".\",\"from\":\"c\""), "not a target");
	check_bad(RULE("\"to\":\".\",\"constant\":1"), "not a target");
	check_bad(RULE("\"to\":\"a\""), "either");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b\",\"constant\":1"), "either");
	check_bad(RULE("\"to\":\"a\",\"form\":\"b\""), "unknown member: form");
	check_bad(RULE("\"to\":\"a\",\"from\":[]"), "from");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b.\""), "not a path");
	check_bad(RULE("\"to\":\"a\",\"from\":7"), "not a path");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b\",\"as\":\"dates\""), "dates");
	check_bad(
	    RULE("\"to\":\"a\",\"from\":\"b\",\"table\":\"t\""), "no such table: t");
	check_bad(
	    RULE("\"to\":\"a\",\"from\":\"b\",\"note\":\"bad_age\""), "no such note");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b\",\"fields\":[]"), "list");
	check_bad(RULE("\"to\":\"a[]\",\"from\":\"b\",\"fields\":[{}]"), "\"to\"");
	check_bad(RULE("\"fact\":\"secret\",\"from\":\"b\""), "no such fact");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b\",\"match\":\"(\""), "not a pattern");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b\",\"split\":\"\""), "split");
	check_bad(RULE("\"to\":\"a\",\"from\":\"b\",\"when\":{\"x\":\"perhaps\"}"),
	    "not a condition: x");
	check_bad("{\"identity\":[\"n\"],\"rules\":[],\"nothing\":[1]}", "nothing");
}

static void
maps_are_found_by_name_or_path(void **state)
{
	struct import_map *map;
	char why[256];

	(void)state;
	if (access("deploy/maps/sanmateo.json", R_OK) != 0)
		skip();
	assert_int_equal(import_map_load(&map, "sanmateo", why), STATUS_OK);
	import_map_free(map);
	assert_int_equal(
	    import_map_load(&map, "deploy/maps/sanmateo.json", why), STATUS_OK);
	import_map_free(map);
	assert_int_equal(import_map_load(&map, "nowhere", why), STATUS_ABSENT);
	assert_int_equal(import_map_load(&map, "/nowhere.json", why), STATUS_ABSENT);
	import_map_free(NULL);
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
		cmocka_unit_test(a_field_goes_where_the_rule_says),
		cmocka_unit_test(what_says_nothing_makes_nothing),
		cmocka_unit_test(
		    the_first_of_several_fields_that_says_something_is_taken),
		cmocka_unit_test(all_of_several_fields_are_joined),
		cmocka_unit_test(lists_take_each_value_once),
		cmocka_unit_test(entries_are_made_by_rules_of_their_own),
		cmocka_unit_test(constants_make_nothing_exist_without_them),
		cmocka_unit_test(values_become_what_as_says),
		cmocka_unit_test(points_are_read_in_either_order),
		cmocka_unit_test(tables_translate_and_choose),
		cmocka_unit_test(rules_that_contradict_each_other_harm_nothing),
		cmocka_unit_test(what_no_rule_looks_at_is_kept_under_its_name),
		cmocka_unit_test(the_identity_gives_the_same_id_and_other_rows_another),
		cmocka_unit_test(parts_of_an_identity_do_not_run_together),
		cmocka_unit_test(a_cell_is_split_and_patterns_find_its_parts),
		cmocka_unit_test(a_rule_with_a_condition_speaks_only_when_it_holds),
		cmocka_unit_test(facts_are_attributes_of_our_own_taxonomy),
		cmocka_unit_test(what_the_map_calls_nothing_says_nothing),
		cmocka_unit_test(a_value_of_another_kind_is_kept_and_noted),
		cmocka_unit_test(a_wrong_map_is_refused_with_what_is_wrong),
		cmocka_unit_test(maps_are_found_by_name_or_path),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
