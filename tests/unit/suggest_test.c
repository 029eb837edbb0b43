/* SPDX-License-Identifier: Apache-2.0
 * What may be meant by a term that is none. */
#include <stdio.h>

#include "services/matcher/suggest.h"
#include "tests/unit/matcher_fixture.h"

static struct taxonomies *all;

static void
add(const char *json)
{
	assert_int_equal(taxonomies_read(all, text_of(json)), STATUS_OK);
}

static int
start(void **state)
{
	(void)state;
	all = taxonomies_new();
	add("{\"taxonomy\":\"hearthline-needs\",\"code\":\"housing\",\"name\":"
	    "\"Housing\","
	    "\"labels\":{\"uk\":\"Житло\",\"ru\":\"Жильё\"}}");
	add("{\"taxonomy\":\"hearthline-needs\",\"code\":\"housing.shelter\","
	    "\"parent\":\"housing\",\"name\":\"Overnight shelter\","
	    "\"labels\":{\"uk\":\"Нічний притулок\",\"ru\":\"Ночлег\"},"
	    "\"synonyms\":{\"ru\":[\"приют\"]}}");
	add("{\"taxonomy\":\"hearthline-needs\",\"code\":\"food.packages\","
	    "\"name\":\"Food packages\",\"labels\":{\"uk\":\"Продуктові набори\","
	    "\"ru\":\"Продуктовые наборы\"}}");
	add("{\"taxonomy\":\"hearthline-needs\",\"code\":\"food.hot\","
	    "\"name\":\"Hot meals\",\"labels\":{\"uk\":\"Гарячі "
	    "обіди\"},\"synonyms\":{\"uk\":[\"їжа\"]}}");
	add("{\"taxonomy\":\"other\",\"code\":\"77\",\"name\":\"Shelters abroad\"}");
	assert_int_equal(taxonomies_settle(all), STATUS_OK);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	taxonomies_free(all);
	return 0;
}

/* "code=name code=name" */
static const char *
meant_in(const char *taxonomy, const char *typed)
{
	static char text[1000];
	struct term_brief shown[SUGGESTIONS_MAX];
	uint32_t count = suggest_briefs(all, text_of(taxonomy), text_of(typed), shown);
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof text - length,
		    "%s%.*s=%.*s", i > 0 ? " " : "", (int)shown[i].code.length,
		    shown[i].code.at, (int)shown[i].name.length, shown[i].name.at);
	return text;
}

static const char *
meant(const char *typed)
{
	return meant_in(NULL, typed);
}

static void
a_misspelt_code_suggests_the_one_that_is(void **state)
{
	(void)state;
	assert_string_equal(
	    meant("housing.sheltr"), "housing.shelter=Overnight shelter housing=Housing");
	assert_string_equal(
	    meant("food/packges"), "food.packages=Food packages food.hot=Hot meals");
	assert_string_equal(
	    meant("HUOSING"), "housing=Housing housing.shelter=Overnight shelter");
	assert_string_equal(meant("sheltering"), "housing.shelter=Overnight shelter");
	assert_string_equal(meant("shelterbelts"), "housing.shelter=Overnight shelter");
	assert_string_equal(meant("pockoges"), "food.packages=Food packages");
}

static void
words_of_three_languages_suggest_a_term_by_the_name_that_is_like_them(void **state)
{
	(void)state;
	assert_string_equal(meant("притулак"), "housing.shelter=Нічний притулок");
	assert_string_equal(meant("приюты"), "housing.shelter=приют");
	assert_string_equal(meant("prytulok"), "housing.shelter=Нічний притулок");
	assert_string_equal(
	    meant("продуктови набори"), "food.packages=Продуктові набори");
	assert_string_equal(meant("жытло"), "housing=Житло");
	assert_string_equal(meant("їжу"), "food.hot=їжа");
}

static void
words_typed_in_the_other_layout_suggest_what_the_keys_mean(void **state)
{
	(void)state;
	assert_string_equal(meant("ghbnekjr"), "housing.shelter=Нічний притулок");
}

static void
what_is_like_nothing_suggests_nothing(void **state)
{
	(void)state;
	assert_string_equal(meant("xylophone"), "");
	assert_string_equal(meant(""), "");
	assert_string_equal(meant("..."), "");
	/* A short word must be itself, of many words half must be like. */
	assert_string_equal(meant("hat"), "");
	assert_string_equal(meant("shelter for xylophone players"), "");
}

static void
the_taxonomy_that_is_asked_about_is_the_one_that_answers(void **state)
{
	(void)state;
	assert_string_equal(meant_in("other", "sheltres"), "77=Shelters abroad");
}

static void
at_most_five_are_suggested_and_they_are_the_likeliest(void **state)
{
	char json[200];

	(void)state;
	for (int i = 9; i > 0; i--) {
		snprintf(json, sizeof json,
		    "{\"taxonomy\":\"hearthline-needs\",\"code\":\"legal.%d\","
		    "\"name\":\"%s\"}",
		    i, i == 7 ? "Lawyer" : "Lawyer of a kind");
		add(json);
	}
	assert_string_equal(meant("lawyers"),
	    "legal.7=Lawyer legal.1=Lawyer of a kind legal.2=Lawyer of a kind "
	    "legal.3=Lawyer of a kind legal.4=Lawyer of a kind");
}

static void
only_a_term_that_no_taxonomy_has_is_unknown(void **state)
{
	struct taxonomies *none = taxonomies_new();
	enum reason reason = reason_no_service;

	(void)state;
	suggest_reason(all, LITERAL("Housing.Shelter"), &reason);
	assert_int_equal(reason, reason_no_service);
	suggest_reason(all, LITERAL("77"), &reason);
	assert_int_equal(reason, reason_no_service);
	suggest_reason(NULL, LITERAL("7"), &reason);
	suggest_reason(none, LITERAL("7"), &reason);
	assert_int_equal(reason, reason_no_service);
	suggest_reason(all, LITERAL("7"), &reason);
	assert_int_equal(reason, reason_unknown_term);
	reason = reason_not_eligible;
	suggest_reason(all, LITERAL("7"), &reason);
	assert_int_equal(reason, reason_not_eligible);
	taxonomies_free(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_misspelt_code_suggests_the_one_that_is),
		TEST(
		    words_of_three_languages_suggest_a_term_by_the_name_that_is_like_them),
		TEST(words_typed_in_the_other_layout_suggest_what_the_keys_mean),
		TEST(what_is_like_nothing_suggests_nothing),
		TEST(the_taxonomy_that_is_asked_about_is_the_one_that_answers),
		TEST(at_most_five_are_suggested_and_they_are_the_likeliest),
		TEST(only_a_term_that_no_taxonomy_has_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
