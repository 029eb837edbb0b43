/* SPDX-License-Identifier: Apache-2.0
 * Terms and mappings in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/taxonomies.h"

static struct taxonomies *all;

static int
start(void **state)
{
	(void)state;
	all = taxonomies_new();
	return all == NULL;
}

static int
end(void **state)
{
	(void)state;
	taxonomies_free(all);
	return 0;
}

static void
add(const char *json)
{
	assert_int_equal(taxonomies_read(all, text_of(json)), STATUS_OK);
}

static void
term(const char *taxonomy, const char *code, const char *parent, const char *name)
{
	char json[400];

	snprintf(json, sizeof json,
	    "{\"taxonomy\":\"%s\",\"code\":\"%s\",\"parent\":\"%s\",\"name\":\"%s\"}",
	    taxonomy, code, parent, name);
	add(json);
}

static void
map(const char *from, const char *code, const char *relation, const char *to,
    const char *to_code)
{
	char json[400];

	snprintf(json, sizeof json,
	    "{\"from_taxonomy\":\"%s\",\"from_code\":\"%s\",\"relation\":\"%s\","
	    "\"to_taxonomy\":\"%s\",\"to_code\":\"%s\"}",
	    from, code, relation, to, to_code);
	add(json);
}

/* "CODE relation from; …" */
static const char *
uses(const char *taxonomy, const char *code)
{
	static char text[600];
	struct taxonomy_use list[TAXONOMY_USES_MAX];
	uint32_t count = taxonomies_resolve(all, text_of(taxonomy), text_of(code), list);
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof text - length,
		    "%.*s %s %.*s;", (int)list[i].code.length, list[i].code.at,
		    taxonomy_relation_word(list[i].relation),
		    (int)list[i].from_code.length, list[i].from_code.at);
	return text;
}

static void
settle(void)
{
	assert_int_equal(taxonomies_settle(all), STATUS_OK);
}

static void
a_code_leads_to_our_term_whatever_the_taxonomys_name_is_written_like(void **state)
{
	(void)state;
	map("Open Eligibility", "AB", "exact", TAXONOMY_OWN, "food.packages");
	settle();
	assert_string_equal(uses("open-eligibility", "ab"), "food.packages exact AB;");
	assert_string_equal(uses("other", "ab"), "");
	assert_string_equal(uses(NULL, "ab"), "");
	assert_string_equal(uses(TAXONOMY_OWN, "food"), "");
}

static void
a_term_without_mappings_has_those_of_the_nearest_above(void **state)
{
	(void)state;
	term("oe", "1", "", "Food");
	term("oe", "2", "1", "Pantry");
	term("oe", "3", "2", "Church pantry");
	map("oe", "1", "exact", TAXONOMY_OWN, "food");
	map("oe", "2", "exact", TAXONOMY_OWN, "food.packages");
	settle();
	assert_string_equal(uses("oe", "3"), "food.packages broader 2;");
	assert_string_equal(uses("oe", "2"), "food.packages exact 2;");
}

static void
what_is_wider_than_our_term_is_coded_with_the_one_above(void **state)
{
	(void)state;
	term("t", "1", "", "Aid");
	term("t", "2", "1", "More aid");
	map("t", "1", "narrower", TAXONOMY_OWN, "food.packages");
	map("t", "1", "narrower", TAXONOMY_OWN, "food.hot_meals");
	map("t", "1", "narrower", TAXONOMY_OWN, "cash");
	settle();
	assert_string_equal(uses("t", "1"), "food narrower 1;");
	assert_string_equal(uses("t", "2"), "");
}

static void
what_is_only_related_matches_nothing(void **state)
{
	(void)state;
	map("t", "1", "related", TAXONOMY_OWN, "food");
	map("t", "2", "broader", "u", "x");
	map("u", "x", "narrower", TAXONOMY_OWN, "food.packages");
	settle();
	assert_string_equal(uses("t", "1"), "");
	assert_string_equal(uses("t", "2"), "");
}

static void
mappings_lead_by_a_third_taxonomy_and_rings_end(void **state)
{
	(void)state;
	map("a", "1", "exact", "b", "1");
	map("b", "1", "broader", "c", "1");
	map("c", "1", "exact", TAXONOMY_OWN, "food");
	map("c", "1", "exact", "a", "1");
	settle();
	assert_string_equal(uses("a", "1"), "food broader 1;");
	assert_string_equal(uses("c", "1"), "food exact 1;");
}

static void
names_stand_for_codes_both_ways(void **state)
{
	(void)state;
	term("oe", "1102", "", "Food Pantry");
	term("oe", "1103", "", "Help Pay for Food");
	map("oe", "1102", "exact", TAXONOMY_OWN, "food.packages");
	map("oe", "help pay for food", "exact", TAXONOMY_OWN, "cash");
	settle();
	assert_string_equal(
	    uses("oe", "food pantry"), "food.packages exact Food Pantry;");
	assert_string_equal(uses("oe", "1103"), "cash exact 1103;");
}

static void
parents_are_found_by_code_or_id_and_never_lead_back(void **state)
{
	struct term_view view;

	(void)state;
	add("{\"taxonomy\":\"h\",\"code\":\"A\",\"id\":\"i1\",\"name\":\"One\"}");
	add("{\"taxonomy\":\"h\",\"code\":\"B\",\"parent_id\":\"i1\",\"name\":\"Two\"}");
	term("h", "C", "gone", "Three");
	term("h", "D", "E", "Four");
	term("h", "E", "D", "Five");
	settle();
	taxonomy_term_view(
	    taxonomies_find(all, LITERAL("h"), LITERAL("b")), TEXT_ABSENT, &view);
	assert_true(text_is(view.parent, "A"));
	taxonomy_term_view(
	    taxonomies_find(all, LITERAL("h"), LITERAL("c")), TEXT_ABSENT, &view);
	assert_null(view.parent.at);
	taxonomy_term_view(
	    taxonomies_find(all, LITERAL("h"), LITERAL("e")), TEXT_ABSENT, &view);
	assert_null(view.parent.at);
	map("h", "q", "exact", TAXONOMY_OWN, "food");
	assert_string_equal(uses("h", "d"), "");
}

static const char *
found(const char *q)
{
	static char text[600];
	const struct taxonomy_term *list[3];
	uint32_t total = taxonomies_search(all, TEXT_ABSENT, text_of(q), list, 3);
	size_t length = 0;

	for (uint32_t i = 0; i < total && i < 3; i++) {
		struct term_view view;

		taxonomy_term_view(list[i], LITERAL("uk"), &view);
		length += (size_t)snprintf(text + length, sizeof text - length,
		    "%.*s=%.*s ", (int)view.code.length, view.code.at,
		    (int)view.name.length, view.name.at);
	}
	snprintf(text + length, sizeof text - length, "of %u", total);
	return text;
}

static void
terms_are_found_by_code_label_and_synonym_in_any_language(void **state)
{
	(void)state;
	add("{\"taxonomy\":\"" TAXONOMY_OWN "\",\"code\":\"food\",\"name\":\"Food\","
	    "\"labels\":{\"uk\":\"Їжа\",\"ru\":\"Еда\"}}");
	add("{\"taxonomy\":\"" TAXONOMY_OWN "\",\"code\":\"food.packages\","
	    "\"name\":\"Food packages\",\"labels\":{\"uk\":\"Продуктові набори\"},"
	    "\"synonyms\":{\"ru\":[\"продуктовая помощь\"],\"en\":[\"groceries\"]}}");
	add("{\"taxonomy\":\"other\",\"code\":\"food\",\"name\":\"Food\"}");
	settle();
	assert_int_equal(taxonomies_count_terms(all), 3);
	assert_string_equal(found("їжа"), "food=Їжа of 1");
	assert_string_equal(
	    found("Food"), "food=Їжа food.packages=Продуктові набори of 2");
	assert_string_equal(found("food.pack"), "food.packages=Продуктові набори of 1");
	assert_string_equal(found("помощь прод"), "food.packages=Продуктові набори of 1");
	assert_string_equal(found("grocer"), "food.packages=Продуктові набори of 1");
	assert_string_equal(found("ocer"), "of 0");
	assert_string_equal(found(""), "food=Їжа food.packages=Продуктові набори of 2");
}

static void
what_is_neither_term_nor_mapping_is_refused(void **state)
{
	(void)state;
	assert_int_equal(taxonomies_read(all, LITERAL("{}")), STATUS_INVALID);
	assert_int_equal(
	    taxonomies_read(all, LITERAL("{\"relation\":\"exact\"}")), STATUS_INVALID);
	assert_int_equal(
	    taxonomies_read(all, LITERAL("{\"taxonomy\":\"a\",\"code\":\"b\"}")),
	    STATUS_INVALID);
	assert_int_equal(taxonomies_read(all, LITERAL("x")), STATUS_INVALID);
	settle();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    a_code_leads_to_our_term_whatever_the_taxonomys_name_is_written_like),
		TEST(a_term_without_mappings_has_those_of_the_nearest_above),
		TEST(what_is_wider_than_our_term_is_coded_with_the_one_above),
		TEST(what_is_only_related_matches_nothing),
		TEST(mappings_lead_by_a_third_taxonomy_and_rings_end),
		TEST(names_stand_for_codes_both_ways),
		TEST(parents_are_found_by_code_or_id_and_never_lead_back),
		TEST(terms_are_found_by_code_label_and_synonym_in_any_language),
		TEST(what_is_neither_term_nor_mapping_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
