/* SPDX-License-Identifier: Apache-2.0
 * Services coded with other taxonomies. */
#include <stdio.h>

#include "services/matcher/mapped.h"
#include "tests/unit/matcher_fixture.h"

static struct taxonomies *taxonomies;
static struct index *mapped_index;

static void
map(const char *code, const char *relation, const char *to)
{
	char json[300];

	snprintf(json, sizeof json,
	    "{\"from_taxonomy\":\"Open Eligibility\",\"from_code\":\"%s\","
	    "\"relation\":\"%s\",\"to_taxonomy\":\"" TAXONOMY_OWN
	    "\",\"to_code\":\"%s\"}",
	    code, relation, to);
	assert_int_equal(taxonomies_read(taxonomies, text_of(json)), STATUS_OK);
}

/* A service coded so, in the index; `taxonomy` NULL: of none. */
static void
put(const char *id, const char *taxonomy, const char *code)
{
	facts_init(&facts);
	facts.id = text_of(id);
	facts.name = text_of(id);
	facts.is_active = true;
	facts.terms[facts.terms_count++] = text_of(code);
	if (taxonomy != NULL) {
		facts.taxonomies[facts.taxonomies_count++] = text_of(taxonomy);
		facts.term_taxonomies[0] = 1;
	}
	mapped_widen(taxonomies, &facts);
	assert_int_equal(index_put(mapped_index, &facts), STATUS_OK);
}

/* The best service for a need and by which mapping: "ID via". */
static const char *
best(const char *need)
{
	static char text[200];
	static struct why why;
	struct match_result result;

	new_family(need);
	match(mapped_index, &question, &result);
	if (result.count == 0)
		return "";
	match_explain(mapped_index, &question, &result, 0, 0, false, &why);
	snprintf(text, sizeof text, "%.*s %.*s", (int)why.chosen.service.length,
	    why.chosen.service.at, (int)why.chosen.via.length, why.chosen.via.at);
	return text;
}

static int
start(void **state)
{
	(void)state;
	taxonomies = taxonomies_new();
	mapped_index = index_new();
	index_set_taxonomies(mapped_index, taxonomies);
	return taxonomies == NULL || mapped_index == NULL;
}

static int
end(void **state)
{
	(void)state;
	index_free(mapped_index);
	taxonomies_free(taxonomies);
	return 0;
}

static void
a_need_finds_what_another_taxonomy_codes_and_says_by_which_mapping(void **state)
{
	(void)state;
	map("1130", "exact", "food.packages");
	put("a", "open-eligibility", "1130");
	assert_string_equal(best("food.packages"), "a open-eligibility 1130 exact");
	assert_string_equal(best("food"), "a open-eligibility 1130 exact");
	assert_string_equal(best("housing"), "");
}

static void
a_service_coded_with_our_term_says_no_mapping(void **state)
{
	(void)state;
	map("1130", "exact", "food.packages");
	put("a", NULL, "food.packages");
	assert_string_equal(best("food.packages"), "a ");
}

static void
a_code_of_no_taxonomy_leads_nowhere(void **state)
{
	(void)state;
	map("1130", "exact", "food.packages");
	put("a", NULL, "1130");
	put("b", "other", "1130");
	assert_string_equal(best("food.packages"), "");
}

static void
the_term_that_is_met_decides_which_mapping_is_named(void **state)
{
	(void)state;
	map("1", "broader", "food");
	map("1", "exact", "housing.rent");
	put("a", "open-eligibility", "1");
	assert_string_equal(best("food.packages"), "a open-eligibility 1 broader");
	assert_string_equal(best("housing.rent"), "a open-eligibility 1 exact");
}

static void
own_terms_keep_their_room(void **state)
{
	(void)state;
	map("c0", "exact", "food");
	map("c0", "exact", "housing");
	facts_init(&facts);
	facts.taxonomies[facts.taxonomies_count++] = LITERAL("openeligibility");
	for (uint32_t i = 0; i < FACTS_TERMS_MAX - 1; i++) {
		static char codes[FACTS_TERMS_MAX][8];

		snprintf(codes[i], sizeof codes[i], "c%u", i);
		facts.terms[facts.terms_count] = text_of(codes[i]);
		facts.term_taxonomies[facts.terms_count++] = 1;
	}
	mapped_widen(taxonomies, &facts);
	assert_int_equal(facts.terms_count, FACTS_TERMS_MAX);
	assert_true(text_is(facts.terms[FACTS_TERMS_MAX - 1], "food"));
	assert_int_equal(facts.term_taxonomies[FACTS_TERMS_MAX - 1], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_need_finds_what_another_taxonomy_codes_and_says_by_which_mapping),
		TEST(a_service_coded_with_our_term_says_no_mapping),
		TEST(a_code_of_no_taxonomy_leads_nowhere),
		TEST(the_term_that_is_met_decides_which_mapping_is_named),
		TEST(own_terms_keep_their_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
