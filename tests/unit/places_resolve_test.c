/* SPDX-License-Identifier: Apache-2.0
 * Addresses, and the only place that they can mean. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/places_resolve.h"

static struct places *places;

static void
add(const char *code, const char *kind, const char *name)
{
	char json[300];

	snprintf(json, sizeof json, "{\"code\":\"%s\",\"kind\":\"%s\",\"name\":\"%s\"}",
	    code, kind, name);
	assert_int_equal(places_read(places, text_of(json)), STATUS_OK);
}

static int
start(void **state)
{
	(void)state;
	places = places_new();
	add("UA99000000000000011", "region", "Озерна");
	add("UA99020000000000022", "district", "Озерний");
	add("UA99020010000000033", "community", "Верхня");
	add("UA99020010010000044", "village", "Кам’янка");
	add("UA99020010020000045", "city", "Верхів");
	add("UA99020030000000055", "community", "Нижня");
	add("UA99020030010000066", "village", "Кам’янка");
	add("UA99020030020000067", "settlement", "Кам’янка");
	add("UA98000000000000012", "region", "Степова");
	add("UA98020010010000088", "village", "Кам’янка");
	add("UA98020010020000089", "village", "Степове");
	add("UA97000000000000013", "city", "Столиця");
	assert_int_equal(
	    places_read(places, LITERAL("{\"code\":\"94063\",\"kind\":\"postal_code\","
	                                "\"name\":\"94063\",\"parent\":\"US\"}")),
	    STATUS_OK);
	add("US", "country", "United States");
	return places_settle(places) != STATUS_OK;
}

static int
end(void **state)
{
	(void)state;
	places_free(places);
	return 0;
}

static const char *
said(struct place_resolved made)
{
	static char text[64];
	struct place_view view = { .code = TEXT_ABSENT };

	if (made.place != PLACE_NONE)
		places_view(places, made.place, TEXT_ABSENT, &view);
	snprintf(text, sizeof text, "%.*s of %u", (int)view.code.length, view.code.at,
	    made.candidates);
	return text;
}

static const char *
line(const char *text)
{
	const struct place_address address = { .line = text_of(text) };

	return said(places_resolve(places, &address));
}

static void
the_only_place_of_its_name_within_what_is_said_is_certain(void **state)
{
	(void)state;
	assert_string_equal(
	    line("Миру, 126, с. Кам'янка, Верхня територіальна громада, Озерна область"),
	    "UA99020010010000044 of 1");
	assert_string_equal(line("с. Степове"), "UA98020010020000089 of 1");
	assert_string_equal(
	    line("вул. М. Заньковецької, 15, м. Столиця"), "UA97000000000000013 of 1");
}

static void
homonyms_are_no_answer_but_counted(void **state)
{
	(void)state;
	assert_string_equal(line("с. Кам’янка, Озерний р-н"), " of 2");
	assert_string_equal(line("село Кам’янка"), " of 3");
}

static void
a_kind_of_populated_place_tells_homonyms_apart(void **state)
{
	(void)state;
	assert_string_equal(
	    line("смт Кам’янка, Нижня громада"), "UA99020030020000067 of 1");
	assert_string_equal(line("селище Степове"), "UA98020010020000089 of 1");
}

static void
a_community_is_an_answer_and_a_region_is_none(void **state)
{
	(void)state;
	assert_string_equal(
	    line("Миру, 9, Нижня міська територіальна громада, Озерна область"),
	    "UA99020030000000055 of 1");
	assert_string_equal(line("Миру, 9, Озерна область"), " of 0");
}

static void
what_is_not_a_place_of_the_named_region_is_none(void **state)
{
	(void)state;
	assert_string_equal(line("с. Степове, Озерна область"), " of 0");
	assert_string_equal(line("С. Бандери, 5"), " of 0");
	assert_string_equal(line(""), " of 0");
}

static void
fields_need_no_words_for_kinds(void **state)
{
	const struct place_address address = { .country = LITERAL("UA"),
		.region = LITERAL("Степова"),
		.city = LITERAL("КАМ`ЯНКА ") };
	struct place_address abroad = address;

	(void)state;
	assert_string_equal(
	    said(places_resolve(places, &address)), "UA98020010010000088 of 1");
	abroad.country = LITERAL("RU");
	assert_string_equal(said(places_resolve(places, &abroad)), " of 0");
}

static void
a_postal_code_counts_in_its_own_country(void **state)
{
	struct place_address address = { .country = LITERAL("US"),
		.postal_code = LITERAL("94063") };

	(void)state;
	assert_string_equal(said(places_resolve(places, &address)), "94063 of 1");
	address.country = LITERAL("UA");
	assert_string_equal(said(places_resolve(places, &address)), " of 0");
	address.country = TEXT_ABSENT;
	assert_string_equal(said(places_resolve(places, &address)), " of 0");
}

static void
two_places_in_one_address_are_no_answer(void **state)
{
	(void)state;
	assert_string_equal(line("с. Степове, м. Столиця"), " of 2");
	assert_string_equal(
	    line("м. Столиця, місто Столиця"), "UA97000000000000013 of 1");
}

static void
a_name_alone_is_found_by_its_kind(void **state)
{
	const struct text nowhere = TEXT_ABSENT;

	(void)state;
	assert_string_equal(
	    said(places_resolve_name(places, nowhere, LITERAL("Озерна обл."))),
	    "UA99000000000000011 of 1");
	assert_string_equal(said(places_resolve_name(places, nowhere, LITERAL("Верхів"))),
	    "UA99020010020000045 of 1");
	assert_string_equal(
	    said(places_resolve_name(places, nowhere, LITERAL("Кам’янка"))), " of 4");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_only_place_of_its_name_within_what_is_said_is_certain),
		TEST(homonyms_are_no_answer_but_counted),
		TEST(a_kind_of_populated_place_tells_homonyms_apart),
		TEST(a_community_is_an_answer_and_a_region_is_none),
		TEST(what_is_not_a_place_of_the_named_region_is_none),
		TEST(fields_need_no_words_for_kinds),
		TEST(a_postal_code_counts_in_its_own_country),
		TEST(two_places_in_one_address_are_no_answer),
		TEST(a_name_alone_is_found_by_its_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
