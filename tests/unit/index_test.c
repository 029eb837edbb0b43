/* SPDX-License-Identifier: Apache-2.0
 * The directory in memory: what is put is found, by id and by term, and nothing else. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/matcher/index_private.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	return services == NULL;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	return 0;
}

static void
put(const char *id, const char *term)
{
	new_service(id, term);
	put_service(services);
}

static const struct indexed *
find(const char *id)
{
	return index_find(services, text_of(id));
}

/* "id levels, ..." of the services that offer a term, by id. */
static const char *
offers_of(const char *term)
{
	static char list[256];
	struct offers offers;
	const struct traits *service;
	unsigned levels, count = 0;
	char lines[8][24];

	offers_open(&offers, services, text_of(term));
	while ((service = offers_next(&offers, &levels)) != NULL && count < 8) {
		struct text id = service->more->facts->id;

		snprintf(lines[count++], sizeof *lines, "%.*s %u", (int)id.length, id.at,
		    levels);
	}
	qsort(lines, count, sizeof *lines, (int (*)(const void *, const void *))strcmp);
	list[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
		    i ? ", " : "", lines[i]);
	return list;
}

static void
what_is_put_is_found_by_its_id(void **unused)
{
	(void)unused;
	assert_int_equal(index_count(services), 0);
	assert_null(find("s1"));
	put("s1", "food");
	put("s2", "food");
	assert_int_equal(index_count(services), 2);
	assert_id(find("s1"), "s1");
	assert_id(find("s2"), "s2");
	assert_null(find("s"));
	assert_null(find(""));
	assert_null(index_find(services, TEXT_ABSENT));
}

static void
facts_are_copied(void **unused)
{
	char name[] = "Name", term[] = "food", area[] = "UA26", language[] = "uk";
	const struct kept_facts *copy;

	(void)unused;
	new_service("s1", term);
	facts.name = text_of(name);
	facts.areas[facts.areas_count++] = text_of(area);
	facts.languages[facts.languages_count++] = text_of(language);
	facts.minimum_age = 3;
	put_service(services);
	memset(name, 'x', 4);
	memset(term, 'x', 4);
	memset(area, 'x', 4);
	memset(language, 'x', 2);
	copy = indexed_facts(find("s1"));
	assert_text(copy->name, "Name");
	assert_text(copy->id, "s1");
	assert_int_equal(copy->terms->count, 1);
	assert_text(copy->terms->at[0], "food");
	assert_text(copy->areas->at[0], "UA26");
	assert_text(copy->agency, "agency");
	assert_int_equal(copy->residences->count, 0);
	assert_true(find("s1")->traits.minimum_age == 3);
	assert_true(isnan(find("s1")->traits.maximum_age));
}

static void
a_service_is_replaced_whole(void **unused)
{
	(void)unused;
	put("s1", "food");
	put("s2", "food");
	put("s1", "housing.rent");
	assert_int_equal(index_count(services), 2);
	assert_string_equal(offers_of("food"), "s2 0");
	assert_string_equal(offers_of("housing.rent"), "s1 0");
	assert_string_equal(offers_of("housing"), "s1 0");
}

/* Texts that lie where the index keeps them. */
static void
a_service_may_be_replaced_by_its_own_facts(void **unused)
{
	const struct kept_facts *own;

	(void)unused;
	put("s1", "food");
	own = indexed_facts(find("s1"));
	facts.id = own->id;
	facts.name = own->name;
	facts.agency = own->agency;
	facts.terms[0] = own->terms->at[0];
	facts.is_active = false;
	put_service(services);
	assert_false(find("s1")->traits.is_active);
	assert_text(indexed_facts(find("s1"))->terms->at[0], "food");
	assert_string_equal(offers_of("food"), "s1 0");
}

static const struct texts *
terms_of(const char *id)
{
	return indexed_facts(find(id))->terms;
}

static void
lists_that_services_have_alike_are_kept_once(void **unused)
{
	const struct texts *kept;

	(void)unused;
	put("s1", "food");
	put("s2", "food");
	put("s3", "foods");
	assert_ptr_equal(terms_of("s1"), terms_of("s2"));
	assert_ptr_not_equal(terms_of("s1"), terms_of("s3"));
	kept = terms_of("s2");
	assert_true(index_remove(services, LITERAL("s1")));
	assert_ptr_equal(terms_of("s2"), kept);
	assert_text(kept->at[0], "food");
	new_service("s2", "food");
	facts.terms[facts.terms_count++] = LITERAL("");
	put_service(services);
	assert_int_equal(terms_of("s2")->count, 2);
	assert_text(terms_of("s2")->at[1], "");
}

static void
what_is_removed_is_gone(void **unused)
{
	(void)unused;
	put("s1", "food");
	put("s2", "food");
	put("s3", "food.packages");
	assert_true(index_remove(services, LITERAL("s1")));
	assert_false(index_remove(services, LITERAL("s1")));
	assert_false(index_remove(services, TEXT_ABSENT));
	assert_null(find("s1"));
	assert_id(find("s2"), "s2");
	assert_string_equal(offers_of("food"), "s2 0, s3 0");
	assert_true(index_remove(services, LITERAL("s3")));
	assert_true(index_remove(services, LITERAL("s2")));
	assert_int_equal(index_count(services), 0);
	assert_null(services->by_code);
	put("s1", "food");
	assert_string_equal(offers_of("food"), "s1 0");
}

static void
ids_that_no_message_can_name_are_refused(void **unused)
{
	char id[66] = "";

	(void)unused;
	new_service("s1", "food");
	facts.id = TEXT_ABSENT;
	assert_int_equal(index_put(services, &facts), STATUS_INVALID);
	facts.id = LITERAL("");
	assert_int_equal(index_put(services, &facts), STATUS_INVALID);
	memset(id, 'i', 65);
	facts.id = (struct text){ id, 65 };
	assert_int_equal(index_put(services, &facts), STATUS_INVALID);
	facts.id.length = 64;
	put_service(services);
	facts.agency = (struct text){ id, 65 };
	assert_int_equal(index_put(services, &facts), STATUS_INVALID);
	assert_int_equal(index_count(services), 1);
}

/* ---- terms ---- */

static void
a_need_is_offered_by_its_term_those_below_and_those_above(void **unused)
{
	(void)unused;
	put("exact", "housing.temporary");
	put("below", "housing.temporary.room");
	put("above", "housing");
	put("aside", "housing.rent");
	put("alike", "housing.temp");
	put("other", "food");
	assert_string_equal(offers_of("housing.temporary"), "above 1, below 0, exact 0");
	assert_string_equal(
	    offers_of("housing"), "above 0, alike 0, aside 0, below 0, exact 0");
	assert_string_equal(
	    offers_of("housing.temporary.room.quiet"), "above 3, below 1, exact 2");
	assert_string_equal(offers_of("housing.none"), "above 1");
	assert_string_equal(offers_of("housin"), "");
	assert_string_equal(offers_of("housing."), "above 1");
	assert_string_equal(offers_of(""), "");
	assert_string_equal(offers_of("."), "");
}

static void
terms_compare_without_case(void **unused)
{
	(void)unused;
	put("s1", "Housing.TEMPORARY");
	assert_string_equal(offers_of("housing.temporary"), "s1 0");
	assert_string_equal(offers_of("HOUSING"), "s1 0");
}

static void
a_service_with_many_related_terms_counts_once_by_its_nearest(void **unused)
{
	static const char *const TERMS[] = { "a", "a.b", "a.b.c", "a.b.d", "A.B", "a.x" };

	(void)unused;
	new_service("s1", "a");
	facts.terms_count = 0;
	for (unsigned i = 0; i < 6; i++)
		facts.terms[facts.terms_count++] = text_of(TERMS[i]);
	put_service(services);
	assert_string_equal(offers_of("a"), "s1 0");
	assert_string_equal(offers_of("a.b"), "s1 0");
	assert_string_equal(offers_of("a.b.c"), "s1 0");
	assert_string_equal(offers_of("a.b.c.e"), "s1 1");
	assert_string_equal(offers_of("a.b.f"), "s1 1");
	assert_string_equal(offers_of("a.y"), "s1 1");
	assert_string_equal(offers_of("a.x.y.z"), "s1 2");
	new_service("s1", "a");
	facts.terms[facts.terms_count++] = LITERAL("a.b.c");
	put_service(services);
	assert_string_equal(offers_of("a.b"), "s1 0"); /* below, though above as well */
}

static void
terms_that_nobody_can_ask_for_lead_nowhere(void **unused)
{
	static char term[130];

	(void)unused;
	memset(term, 'a', 129);
	new_service("s1", "food");
	facts.terms[facts.terms_count++] = (struct text){ term, 129 };
	facts.terms[facts.terms_count++] = LITERAL("");
	facts.terms[facts.terms_count++] = TEXT_ABSENT;
	put_service(services);
	assert_int_equal(HASH_CNT(by_code, services->by_code), 1);
	facts.terms[1].length = 128;
	put_service(services);
	assert_int_equal(HASH_CNT(by_code, services->by_code), 2);
	term[128] = '\0';
	assert_string_equal(offers_of(term), "s1 0");
}

static void
a_term_of_dots_is_borne(void **unused)
{
	static char term[129];

	(void)unused;
	memset(term, '.', 128);
	new_service("s1", term);
	for (unsigned i = 1; i < FACTS_TERMS_MAX; i++)
		facts.terms[facts.terms_count++] = (struct text){ term, 128 - i };
	put_service(services);
	assert_string_equal(offers_of("..."), "s1 0");
	assert_true(index_remove(services, LITERAL("s1")));
	assert_null(services->by_code);
}

/* ---- against a plain list ---- */

#define MODEL_IDS 40
#define MODEL_TERMS 12

static const char *const TERMS[MODEL_TERMS] = { "a", "a.b", "a.b.c", "a.b.d", "a.e", "b",
	"b.c", "a.b.c.d", "c.d.e", "c", "ab", "a.bc" };

/* The nearest of a service's terms, in levels above; -1: none is related. */
static int
model_levels(uint32_t terms, const char *wanted)
{
	int nearest = -1;

	for (unsigned i = 0; i < MODEL_TERMS; i++) {
		size_t length = strlen(TERMS[i]), most = strlen(wanted);
		int levels = 0;

		if ((terms >> i & 1) == 0)
			continue;
		if (length >= most) {
			if (strncmp(TERMS[i], wanted, most) != 0 ||
			    (TERMS[i][most] != '.' && TERMS[i][most] != '\0'))
				continue;
		} else {
			if (strncmp(TERMS[i], wanted, length) != 0 ||
			    wanted[length] != '.')
				continue;
			for (const char *at = wanted + length; *at; at++)
				levels += *at == '.';
		}
		if (nearest < 0 || levels < nearest)
			nearest = levels;
	}
	return nearest;
}

static void
assert_model(const uint32_t *model, const char *wanted)
{
	struct offers offers;
	const struct traits *service;
	unsigned levels, count = 0, expected = 0;
	bool is_seen[MODEL_IDS] = { false };

	offers_open(&offers, services, text_of(wanted));
	while ((service = offers_next(&offers, &levels)) != NULL) {
		char name[16];
		int id;

		assert_true(text_copy(service->more->facts->id, name, sizeof name));
		id = atoi(name + 1) - 100;
		assert_in_range(id, 0, MODEL_IDS - 1);
		assert_false(is_seen[id]);
		is_seen[id] = true;
		assert_int_equal(levels, model_levels(model[id], wanted));
		count++;
	}
	for (unsigned i = 0; i < MODEL_IDS; i++)
		expected += model_levels(model[i], wanted) >= 0;
	assert_int_equal(count, expected);
}

static void
any_order_of_changes_leaves_what_a_plain_list_would(void **unused)
{
	static const char *const ASKED[] = { "a", "a.b", "a.b.c", "a.b.c.d.e", "b.c.d",
		"c.d", "c.x", "ab.c", "x", "a.bc" };
	uint32_t model[MODEL_IDS] = { 0 };
	uint64_t random = 7;

	(void)unused;
	for (unsigned round = 0; round < 4000; round++) {
		unsigned id;
		char name[16];
		uint32_t terms;

		random = random * 6364136223846793005U + 1442695040888963407U;
		id = (unsigned)(random >> 33) % MODEL_IDS;
		terms = (uint32_t)(random >> 40) & (uint32_t)(random >> 20) &
		        ((1U << MODEL_TERMS) - 1);
		snprintf(name, sizeof name, "s%u", id + 100);
		if (terms == 0 || round % 5 == 0) {
			assert_int_equal(
			    index_remove(services, text_of(name)), model[id] != 0);
			model[id] = 0;
		} else {
			new_service(name, "");
			facts.terms_count = 0;
			for (unsigned i = 0; i < MODEL_TERMS; i++)
				if (terms >> i & 1)
					facts.terms[facts.terms_count++] =
					    text_of(TERMS[i]);
			put_service(services);
			model[id] = terms;
		}
		if (round % 7 == 0)
			assert_model(model, ASKED[round / 7 % 10]);
	}
	for (unsigned i = 0; i < 10; i++)
		assert_model(model, ASKED[i]);
}

/* ---- capacity ---- */

static double
free_places(const char *id)
{
	return indexed_free_places(find(id));
}

static void
places_are_the_documents_until_redis_says_them(void **unused)
{
	(void)unused;
	put("s1", "food");
	assert_true(isnan(free_places("s1")));
	facts.available = 5;
	put_service(services);
	assert_true(free_places("s1") == 5);
	index_set_capacity(services, LITERAL("s1"), 4, 3);
	assert_true(free_places("s1") == 1);
	facts.available = 9;
	put_service(services);
	assert_true(free_places("s1") == 1);
	index_set_capacity(services, LITERAL("s1"), NAN, 3);
	assert_true(isnan(free_places("s1")));
	index_set_capacity(services, LITERAL("s1"), 4, NAN);
	assert_true(isnan(free_places("s1")));
	index_set_capacity(services, LITERAL("s2"), 4, 3); /* nobody */
	assert_int_equal(index_count(services), 1);
}

/* ---- points that must not be found ---- */

static void
hidden_points_are_kept_to_a_tenth_of_a_degree(void **unused)
{
	(void)unused;
	for (enum confidentiality grade = CONFIDENTIALITY_public;
	     grade <= CONFIDENTIALITY_cleared; grade++) {
		bool is_public = grade == CONFIDENTIALITY_public;
		const struct kept_facts *kept;

		new_service("s1", "food");
		facts.confidentiality = grade;
		add_point(48.9215, 24.7118);
		add_point(-48.9715, -24.7618);
		put_service(services);
		kept = indexed_facts(find("s1"));
		assert_true(kept->points[0].lat == (is_public ? 48.9215 : 48.9));
		assert_true(kept->points[0].lon == (is_public ? 24.7118 : 24.7));
		assert_true(kept->points[1].lat == (is_public ? -48.9715 : -49.0));
		assert_true(kept->points[1].lon == (is_public ? -24.7618 : -24.8));
		facts.open_points = 2; /* as it is, beside one that is hidden */
		put_service(services);
		kept = indexed_facts(find("s1"));
		assert_true(kept->points[0].lat == (is_public ? 48.9215 : 48.9));
		assert_true(kept->points[1].lat == -48.9715);
	}
}

static void
the_blur_is_as_wide_as_is_said(void **unused)
{
	(void)unused;
	assert_true(place_distance_km(0, 0, 0.05, 0.05) <= TRAITS_BLUR_KM);
	assert_true(place_distance_km(0, 0, 0.05, 0.05) > TRAITS_BLUR_KM - 0.1);
}

/* ---- the version ---- */

static void
the_version_is_kept_to_64_bytes(void **unused)
{
	char name[] = "demo=0192";
	char longest[81] = "";

	(void)unused;
	assert_null(index_version(services).at);
	index_set_version(services, text_of(name));
	name[0] = 'x';
	assert_text(index_version(services), "demo=0192");
	memset(longest, 'v', 80);
	index_set_version(services, text_of(longest));
	assert_int_equal(index_version(services).length, 64);
	index_set_version(services, TEXT_ABSENT);
	assert_null(index_version(services).at);
}

/* ---- memory ---- */

static unsigned allowed;
static void *(*real_memory)(void *memory, size_t alignment, size_t size);

static void *
scarce_memory(void *memory, size_t alignment, size_t size)
{
	if (allowed == 0)
		return NULL;
	allowed--;
	return real_memory(memory, alignment, size);
}

/* Puts with 0, 1, 2 ... allocations until it succeeds; each failure changes nothing. */
static unsigned
put_scarcely(const char *id)
{
	size_t count = index_count(services);
	unsigned terms = HASH_CNT(by_code, services->by_code);
	bool was_there = find(id) != NULL;
	unsigned needed = 0;

	real_memory = index_memory;
	for (;; needed++) {
		enum status status;

		index_memory = scarce_memory;
		allowed = needed;
		status = index_put(services, &facts);
		index_memory = real_memory;
		if (status == STATUS_OK)
			return needed;
		assert_int_equal(status, STATUS_NO_MEMORY);
		assert_int_equal(index_count(services), count);
		assert_int_equal(HASH_CNT(by_code, services->by_code), terms);
		assert_int_equal(find(id) != NULL, was_there);
		assert_string_equal(offers_of("food"), count ? "s0 0" : "");
	}
}

static void
a_put_without_memory_changes_nothing(void **unused)
{
	(void)unused;
	new_service("s0", "food");
	assert_true(put_scarcely("s0") >= 5);
	new_service("s1", "housing.temporary.room");
	facts.terms[facts.terms_count++] = LITERAL("housing.rent");
	assert_true(put_scarcely("s1") >= 5);
	new_service("s1", "legal.documents");
	assert_true(put_scarcely("s1") >= 3);
	assert_string_equal(offers_of("housing"), "");
	assert_string_equal(offers_of("legal"), "s1 0");
	assert_string_equal(offers_of("food"), "s0 0");
}

static void
thousands_of_puts_without_memory_leave_every_table_whole(void **unused)
{
	unsigned put = 0, round = 0;

	(void)unused;
	real_memory = index_memory;
	index_memory = scarce_memory;
	for (; put < 1500; round++) {
		char id[8], term[24];

		snprintf(id, sizeof id, "s%u", put);
		snprintf(term, sizeof term, "t%u.u%u", put % 300, put);
		new_service(id, term);
		allowed = round % 40;
		put += index_put(services, &facts) == STATUS_OK;
	}
	index_memory = real_memory;
	assert_true(round > put);
	assert_int_equal(index_count(services), 1500);
	assert_int_equal(HASH_CNT(by_code, services->by_code), 1800);
	assert_string_equal(offers_of("t7"), "s1207 0, s307 0, s607 0, s7 0, s907 0");
}

static void
without_memory_there_is_no_index(void **unused)
{
	(void)unused;
	real_memory = index_memory;
	index_memory = scarce_memory;
	allowed = 0;
	assert_null(index_new());
	index_memory = real_memory;
	index_free(NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_found_by_its_id),
		TEST(facts_are_copied),
		TEST(a_service_is_replaced_whole),
		TEST(a_service_may_be_replaced_by_its_own_facts),
		TEST(lists_that_services_have_alike_are_kept_once),
		TEST(what_is_removed_is_gone),
		TEST(ids_that_no_message_can_name_are_refused),
		TEST(a_need_is_offered_by_its_term_those_below_and_those_above),
		TEST(terms_compare_without_case),
		TEST(a_service_with_many_related_terms_counts_once_by_its_nearest),
		TEST(terms_that_nobody_can_ask_for_lead_nowhere),
		TEST(a_term_of_dots_is_borne),
		TEST(any_order_of_changes_leaves_what_a_plain_list_would),
		TEST(places_are_the_documents_until_redis_says_them),
		TEST(hidden_points_are_kept_to_a_tenth_of_a_degree),
		TEST(the_blur_is_as_wide_as_is_said),
		TEST(the_version_is_kept_to_64_bytes),
		TEST(a_put_without_memory_changes_nothing),
		TEST(thousands_of_puts_without_memory_leave_every_table_whole),
		TEST(without_memory_there_is_no_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
