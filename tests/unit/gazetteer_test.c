/* SPDX-License-Identifier: Apache-2.0
 * Places in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/places.h"

static struct places *places;

static void
add(const char *document)
{
	assert_int_equal(places_read(places, text_of(document)), STATUS_OK);
}

static void
settle(void)
{
	assert_int_equal(places_settle(places), STATUS_OK);
}

static int
start(void **state)
{
	(void)state;
	places = places_new();
	return places == NULL;
}

static int
end(void **state)
{
	(void)state;
	places_free(places);
	return 0;
}

/* What lies above a place, from the nearest: "CODE CODE ". */
static const char *
above(const char *code)
{
	static char all[400];
	place_id place = places_find(places, text_of(code));
	size_t length = 0;

	all[0] = '\0';
	assert_int_not_equal(place, PLACE_NONE);
	while ((place = places_parent(places, place)) != PLACE_NONE) {
		struct place_view view;

		places_view(places, place, TEXT_ABSENT, &view);
		length += (size_t)snprintf(all + length, sizeof all - length, "%.*s ",
		    (int)view.code.length, view.code.at);
		assert_true(length < sizeof all);
	}
	return all;
}

static const char *
name_in(const char *code, const char *lang)
{
	static char name[100];
	struct place_view view;

	places_view(places, places_find(places, text_of(code)), text_of(lang), &view);
	assert_true(text_copy(view.name, name, sizeof name));
	return name;
}

/* Codes that a search finds, best first, and how many there are: "CODE CODE =2". */
static const char *
found(const char *q, const char *within, bool is_whole)
{
	static char all[400];
	const struct place_question question = { text_of(q),
		within ? places_find(places, text_of(within)) : PLACE_NONE, PLACE_ANY,
		is_whole };
	place_id list[5];
	uint32_t total = places_search(places, &question, list, 5);
	size_t length = 0;

	for (uint32_t i = 0; i < total && i < 5; i++) {
		struct place_view view;

		places_view(places, list[i], TEXT_ABSENT, &view);
		length += (size_t)snprintf(all + length, sizeof all - length, "%.*s ",
		    (int)view.code.length, view.code.at);
	}
	snprintf(all + length, sizeof all - length, "=%u", total);
	return all;
}

static void
add_ukraine(void)
{
	add("{\"code\":\"UA59000000000057109\",\"name\":\"Сумська\",\"kind\":"
	    "\"region\"}");
	add("{\"code\":\"UA59080000000041155\",\"name\":\"Сумський\",\"kind\":"
	    "\"district\"}");
	add("{\"code\":\"UA59080270000036297\",\"name\":\"Сумська\",\"kind\":"
	    "\"community\"}");
	add("{\"code\":\"UA59080270010089434\",\"name\":\"Суми\",\"kind\":\"city\"}");
	add("{\"code\":\"UA59080270020012345\",\"name\":\"Іванівка\",\"kind\":"
	    "\"village\"}");
	add("{\"code\":\"UA48000000000039575\",\"name\":\"Миколаївська\",\"kind\":"
	    "\"region\"}");
	add("{\"code\":\"UA48060150010035747\",\"name\":\"Іванівка\",\"kind\":"
	    "\"village\"}");
	settle();
}

static void
a_codifiers_codes_say_what_lies_in_what(void **state)
{
	(void)state;
	add_ukraine();
	assert_string_equal(above("UA59080270010089434"),
	    "UA59080270000036297 UA59080000000041155 UA59000000000057109 ");
	assert_string_equal(above("UA48060150010035747"), "UA48000000000039575 ");
	assert_true(
	    places_within(places, places_find(places, LITERAL("ua59000000000057109")),
	        places_find(places, LITERAL("UA59080270010089434"))));
	assert_false(
	    places_within(places, places_find(places, LITERAL("UA48000000000039575")),
	        places_find(places, LITERAL("UA59080270010089434"))));
	assert_int_equal(places_find(places, LITERAL("UA99")), PLACE_NONE);
}

static void
a_p_code_is_the_place_of_the_code_that_it_begins(void **state)
{
	(void)state;
	add("{\"code\":\"UA5908027\",\"name\":\"Сумська\",\"names\":{\"en\":\"Sumska\"},"
	    "\"latitude\":50.9,\"longitude\":34.8}");
	add_ukraine();
	assert_int_equal(places_count(places), 7);
	assert_string_equal(name_in("UA59080270000036297", "en"), "Sumska");
	assert_string_equal(name_in("UA5908027", NULL), "Сумська");
	assert_string_equal(
	    above("UA5908027"), "UA59080000000041155 UA59000000000057109 ");
}

static void
other_codes_lie_in_the_longest_that_they_begin_with(void **state)
{
	(void)state;
	add("{\"code\":\"RU10\",\"name\":\"Амурская\",\"kind\":\"region\"}");
	add("{\"code\":\"RU10701000001\",\"name\":\"Благовещенск\"}");
	add("{\"code\":\"94063\",\"name\":\"Redwood City\",\"parent\":\"US.CA\"}");
	add("{\"code\":\"US.CA\",\"name\":\"California\"}");
	settle();
	assert_string_equal(above("RU10701000001"), "RU10 ");
	assert_string_equal(above("94063"), "US.CA ");
}

static void
parents_that_lead_back_are_cut(void **state)
{
	(void)state;
	add("{\"code\":\"aa\",\"name\":\"A\",\"parent\":\"bb\"}");
	add("{\"code\":\"bb\",\"name\":\"B\",\"parent\":\"cc\"}");
	add("{\"code\":\"cc\",\"name\":\"C\",\"parent\":\"aa\"}");
	add("{\"code\":\"dd\",\"name\":\"D\",\"parent\":\"dd\"}");
	settle();
	assert_string_equal(above("aa"), "bb cc ");
	assert_string_equal(above("cc"), "");
	assert_string_equal(above("dd"), "");
}

static void
of_two_sources_the_first_that_says_something_counts(void **state)
{
	struct place_view view;

	(void)state;
	add("{\"code\":\"x1\",\"name\":\"One\",\"population\":0,\"latitude\":0,"
	    "\"longitude\":0}");
	add("{\"code\":\"x1\",\"name\":\"Two\",\"kind\":\"city\",\"population\":7,"
	    "\"latitude\":1.5,\"longitude\":-2}");
	add("{\"code\":\"x1\",\"name\":\"Three\",\"kind\":\"town\",\"population\":8,"
	    "\"latitude\":3,\"longitude\":3}");
	settle();
	places_view(places, places_find(places, LITERAL("X1")), TEXT_ABSENT, &view);
	assert_true(text_is(view.name, "One"));
	assert_int_equal(view.kind, PLACE_city);
	assert_int_equal(view.population, 7);
	assert_true(view.lat == 1.5 && view.lon == -2);
	assert_string_equal(found("three", NULL, true), "x1 =1");
}

static void
homonyms_are_all_found_and_told_apart_by_what_they_lie_in(void **state)
{
	(void)state;
	add_ukraine();
	assert_string_equal(
	    found("іванівка", NULL, true), "UA48060150010035747 UA59080270020012345 =2");
	assert_string_equal(
	    found("іванівка", "UA59000000000057109", true), "UA59080270020012345 =1");
}

static void
a_name_is_found_by_its_beginning_and_whole_names_come_first(void **state)
{
	(void)state;
	add_ukraine();
	assert_string_equal(found("сум", NULL, false),
	    "UA59080270010089434 UA59000000000057109 UA59080000000041155 "
	    "UA59080270000036297 =4");
	assert_string_equal(found("сум", NULL, true), "=0");
	assert_string_equal(found("Суми", NULL, false), "UA59080270010089434 =1");
	assert_string_equal(found("", NULL, false), "=0");
	assert_string_equal(found("-", NULL, false), "=0");
}

static void
a_later_word_of_a_name_is_found_after_beginnings(void **state)
{
	(void)state;
	add("{\"code\":\"a1\",\"name\":\"Івано-Франківськ\",\"kind\":\"city\"}");
	add("{\"code\":\"a2\",\"name\":\"Франкове\",\"kind\":\"village\"}");
	settle();
	assert_string_equal(found("франк", NULL, false), "a2 a1 =2");
	assert_string_equal(found("івано франк", NULL, false), "a1 =1");
}

static void
what_looks_the_same_is_the_same(void **state)
{
	(void)state;
	add("{\"code\":\"a1\",\"name\":\"Кам’янське\"}");
	add("{\"code\":\"a2\",\"name\":\"Cтарa Coлoтвинa\"}"); /* Latin C, a, o */
	add("{\"code\":\"a3\",\"name\":\"Kyiv\",\"names\":{\"uk\":\"Київ\"}}");
	settle();
	assert_string_equal(found("Кам'янське", NULL, true), "a1 =1");
	assert_string_equal(found("Кам`янське ", NULL, true), "a1 =1");
	assert_string_equal(found("стара солотвина", NULL, true), "a2 =1");
	assert_string_equal(found("Kиїв", NULL, true), "a3 =1"); /* Latin K */
	assert_string_equal(found("kyiv", NULL, true), "a3 =1");
}

static void
a_place_of_two_fitting_names_is_found_once(void **state)
{
	(void)state;
	add("{\"code\":\"a1\",\"name\":\"Нове Село\",\"alternates\":[\"Село "
	    "Нове\",\"Нове\"]}");
	settle();
	assert_string_equal(found("нове", NULL, false), "a1 =1");
	assert_string_equal(found("нове", NULL, true), "a1 =1");
	add("{\"code\":\"b1\",\"name\":\"Аа Старе\",\"alternates\":[\"Старе\"]}");
	add("{\"code\":\"b2\",\"name\":\"Старе Б\",\"population\":9}");
	settle();
	assert_string_equal(found("старе", NULL, false), "b1 b2 =2");
}

static void
the_nearest_to_a_point_comes_first(void **state)
{
	place_id list[2];
	struct place_view view;

	(void)state;
	add("{\"code\":\"a1\",\"name\":\"A\",\"latitude\":50,\"longitude\":179.9}");
	add("{\"code\":\"a2\",\"name\":\"B\",\"latitude\":50,\"longitude\":-179.9}");
	add("{\"code\":\"a3\",\"name\":\"C\",\"latitude\":50,\"longitude\":178}");
	add("{\"code\":\"a4\",\"name\":\"D\"}");
	settle();
	assert_int_equal(places_nearest(places, 50, -179.95, PLACE_ANY, list, 2), 2);
	places_view(places, list[0], TEXT_ABSENT, &view);
	assert_true(text_is(view.code, "a2"));
	places_view(places, list[1], TEXT_ABSENT, &view);
	assert_true(text_is(view.code, "a1"));
}

static void
what_is_no_place_is_refused(void **state)
{
	(void)state;
	assert_int_equal(
	    places_read(places, LITERAL("{\"name\":\"A\"}")), STATUS_INVALID);
	assert_int_equal(
	    places_read(places, LITERAL("{\"code\":\"a\"}")), STATUS_INVALID);
	assert_int_equal(places_read(places, LITERAL("[")), STATUS_INVALID);
	settle();
	assert_int_equal(places_count(places), 0);
}

/* A few hundred bytes each: a whole country's settlements cost tens of megabytes. */
static void
a_hundred_thousand_places_take_under_25_megabytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char code[24], name[40], english[40];
		struct place_entry entry = { .lat = 50, .lon = 30, .names_count = 1 };

		snprintf(code, sizeof code, "UA%017llu", 1000000ULL * (i + 1));
		snprintf(name, sizeof name, "Новоселівка %u", i);
		snprintf(english, sizeof english, "Novoselivka %u", i);
		entry.code = text_of(code);
		entry.name = text_of(name);
		entry.names[0].lang = LITERAL("en");
		entry.names[0].text = text_of(english);
		assert_int_equal(places_add(places, &entry), STATUS_OK);
	}
	settle();
	assert_int_equal(places_count(places), 100000);
	assert_true(places_bytes(places) < 25U << 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_codifiers_codes_say_what_lies_in_what),
		TEST(a_p_code_is_the_place_of_the_code_that_it_begins),
		TEST(other_codes_lie_in_the_longest_that_they_begin_with),
		TEST(parents_that_lead_back_are_cut),
		TEST(of_two_sources_the_first_that_says_something_counts),
		TEST(homonyms_are_all_found_and_told_apart_by_what_they_lie_in),
		TEST(a_name_is_found_by_its_beginning_and_whole_names_come_first),
		TEST(a_later_word_of_a_name_is_found_after_beginnings),
		TEST(what_looks_the_same_is_the_same),
		TEST(a_place_of_two_fitting_names_is_found_once),
		TEST(the_nearest_to_a_point_comes_first),
		TEST(what_is_no_place_is_refused),
		TEST(a_hundred_thousand_places_take_under_25_megabytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
