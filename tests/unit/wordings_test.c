/* SPDX-License-Identifier: Apache-2.0
 * Words of terms and places by which services are found. */
#include "services/matcher/search.h"
#include "services/matcher/wordings.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct places *places;
static struct taxonomies *taxonomies;
static struct search search;

static void
read_place(const char *document)
{
	assert_int_equal(places_read(places, text_of(document)), STATUS_OK);
}

static void
read_term(const char *document)
{
	assert_int_equal(taxonomies_read(taxonomies, text_of(document)), STATUS_OK);
}

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	places = places_new();
	taxonomies = taxonomies_new();
	record_init(&record_search, &search);
	read_place("{\"code\":\"UA63\",\"name\":\"Харківська\",\"kind\":\"region\","
	           "\"names\":{\"en\":\"Kharkivska\",\"ru\":\"Харьковская\"}}");
	read_place("{\"code\":\"UA6312\",\"name\":\"Харків\",\"kind\":\"city\","
	           "\"parent\":\"UA63\",\"names\":{\"en\":\"Kharkiv\"}}");
	read_place("{\"code\":\"X7\",\"name\":\"Слобідський\",\"kind\":\"district\","
	           "\"parent\":\"UA6312\"}");
	read_term("{\"taxonomy\":\"hearthline-needs\",\"code\":\"housing\","
	          "\"name\":\"Житло\",\"labels\":{\"en\":\"Housing\"}}");
	read_term(
	    "{\"taxonomy\":\"hearthline-needs\",\"code\":\"housing.shelter\","
	    "\"name\":\"Притулок\",\"parent\":\"housing\","
	    "\"labels\":{\"en\":\"Shelter\"},\"synonyms\":{\"uk\":[\"прихисток\"]}}");
	assert_int_equal(places_settle(places), STATUS_OK);
	assert_int_equal(taxonomies_settle(taxonomies), STATUS_OK);
	return 0;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	places_free(places);
	taxonomies_free(taxonomies);
	return 0;
}

static void
put(const char *id, const char *term, const char *area)
{
	new_service(id, term);
	facts.areas[facts.areas_count++] = text_of(area);
	wordings_widen(taxonomies, places, &facts);
	put_service(services);
}

static uint32_t
count(const char *words)
{
	static struct found found;

	search.q = text_of(words);
	search_run(services, places, &search, &found);
	return found.total;
}

static void
synonyms_of_terms_and_names_of_places_find(void **unused)
{
	static const char *const FINDING[] = { "прихисток Харків", "shelter Kharkiv",
		"житло харьковская", "housing kharkivska", "притулок слобідський" };

	(void)unused;
	put("s1", "housing.shelter", "X7");
	put("s2", "food", "UA63");
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(count(FINDING[i]), 1);
	assert_int_equal(count("kharkivska"), 2);
	assert_int_equal(count("прихисток Київ"), 0);
}

static void
own_words_stay_beside_them(void **unused)
{
	static const struct facts_wording NAME = { LITERAL("مأوى"), WORDING_OF_NAME };

	(void)unused;
	new_service("s1", "housing.shelter");
	facts.wordings = &NAME;
	facts.wordings_count = 1;
	wordings_widen(taxonomies, places, &facts);
	put_service(services);
	assert_int_equal(count("مأوى shelter"), 1);
	new_service("s1", "housing.shelter");
	wordings_widen(NULL, NULL, &facts);
	put_service(services);
	assert_int_equal(count("shelter name"), 1); /* of its code */
	assert_int_equal(count("прихисток"), 0);
}

static void
words_beyond_the_limit_are_left_out(void **unused)
{
	(void)unused;
	new_service("s1", "housing.shelter");
	facts.wordings_count = 0;
	for (unsigned i = 0; i < FACTS_AREAS_MAX; i++)
		facts.areas[facts.areas_count++] = LITERAL("X7");
	for (unsigned i = 1; i < FACTS_TERMS_MAX; i++)
		facts.terms[facts.terms_count++] = LITERAL("housing.shelter");
	wordings_widen(taxonomies, places, &facts);
	assert_true(
	    facts.wordings_count < 200); /* a place that is named again adds none */
}

static void
a_place_is_served_by_who_serves_what_it_lies_in(void **unused)
{
	(void)unused;
	put("s1", "food", "UA6312");
	put("s2", "food", "UA80");
	search.place = LITERAL("X7");
	assert_int_equal(count(""), 1);
	search.place = LITERAL("UA63");
	assert_int_equal(count(""), 0);
	search.place = LITERAL("X8");
	assert_int_equal(count(""), 0);
	search.place = LITERAL("UA8000");
	assert_int_equal(count(""), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    synonyms_of_terms_and_names_of_places_find, start, stop),
		cmocka_unit_test_setup_teardown(own_words_stay_beside_them, start, stop),
		cmocka_unit_test_setup_teardown(
		    words_beyond_the_limit_are_left_out, start, stop),
		cmocka_unit_test_setup_teardown(
		    a_place_is_served_by_who_serves_what_it_lies_in, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
