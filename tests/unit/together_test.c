/* SPDX-License-Identifier: Apache-2.0
 * Needs of one family keep together, and siblings are not split. */
#include <math.h>

#include "services/matcher/together.h"
#include "services/matcher/wanted.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct match_result result;
static struct together together;

/* A family with two children needs food, then clothes; it lives where the services are. */
static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	assert_non_null(services);
	new_family("food");
	intake.needs_count = 2;
	record_init(&record_need_request, &intake.needs[1]);
	intake.needs[1].term = LITERAL("clothes");
	set_point(48.9, 24.7);
	new_member(34);
	new_member(4);
	new_member(11);
	question.need = 1;
	return 0;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	return 0;
}

static void
put(const char *id, const char *agency, const char *term, double lat)
{
	new_service(id, term);
	facts.agency = text_of(agency);
	add_point(lat, 24.7);
	put_service(services);
}

/* As if the other need had an open offer there. */
static void
beside(const char *service)
{
	char text[80];
	struct text texts[1];

	(void)snprintf(text, sizeof text, "%u %s", question.need == 0 ? 2 : 1, service);
	texts[0] = text_of(text);
	question.beside_count = 0;
	question.sibling = NULL;
	together_read(services, texts, 1, &question, &together);
}

static void
assert_best(const char *id)
{
	match(services, &question, &result);
	assert_true(result.count > 0);
	assert_id(result.candidates[0].service, id);
}

static void
a_need_goes_to_the_agency_that_has_another_of_the_family_where_scores_are_close(
    void **unused)
{
	(void)unused;
	put("bread", "a", "food", 49.9);
	put("coats", "a", "clothes", 48.93);
	put("shoes", "b", "clothes", 48.92);
	assert_best("shoes");
	assert_false(result.candidates[0].apart.is_known);
	beside("bread");
	assert_best("coats");
	assert_true(result.candidates[0].apart.is_known);
	assert_true(result.candidates[0].apart.km == 0);
	assert_true(result.candidates[1].apart.km > 100);
}

static void
a_neighbour_of_that_agency_comes_before_who_is_farther_from_it(void **unused)
{
	(void)unused;
	put("bread", "a", "food", 48.93);
	put("coats", "b", "clothes", 48.93);
	put("shoes", "c", "clothes", 48.92);
	assert_best("shoes");
	beside("bread");
	assert_best("coats");
	assert_true(fabs(result.candidates[1].apart.km - 1.112) < 1e-9);
}

static void
of_several_other_needs_the_nearest_counts(void **unused)
{
	const struct text texts[] = { LITERAL("1 far"), LITERAL("1 bread"),
		LITERAL("1 far") };

	(void)unused;
	put("bread", "a", "food", 48.93);
	put("far", "b", "food", 49.9);
	put("coats", "c", "clothes", 48.93);
	together_read(services, texts, 3, &question, &together);
	assert_int_equal(question.beside_count, 3);
	assert_best("coats");
	assert_true(result.candidates[0].apart.km == 0);
}

static void
a_much_better_service_is_not_given_up_to_keep_a_family_together(void **unused)
{
	(void)unused;
	put("bread", "a", "food", 48.9);
	put("coats", "a", "clothes", 49.4);
	put("shoes", "b", "clothes", 48.9);
	beside("bread");
	assert_best("shoes");
}

static void
what_nobody_was_offered_yet_is_foreseen_from_the_first_need(void **unused)
{
	struct match_question first = question;

	(void)unused;
	put("bread", "a", "food", 48.9);
	put("soup", "b", "food", 49.9);
	put("coats", "a", "clothes", 48.93);
	put("shoes", "b", "clothes", 48.92);
	first.need = 0;
	together_foresee(services, &first, &question, &together);
	assert_best("coats");
	beside("soup");
	together_foresee(services, &first, &question, &together);
	assert_int_equal(question.beside_count, 1);
	assert_best("shoes");
	together_foresee(services, &first, &first, &together);
	assert_int_equal(first.beside_count, 0);
}

static void
a_policy_may_let_needs_go_apart(void **unused)
{
	struct policy policy = POLICY_STANDARD;
	struct match_question first = question;

	(void)unused;
	policy.weight_together = 0;
	question.policy = &policy;
	put("bread", "a", "food", 48.9);
	put("coats", "a", "clothes", 48.93);
	put("shoes", "b", "clothes", 48.92);
	first.need = 0;
	together_foresee(services, &first, &question, &together);
	assert_int_equal(question.beside_count, 0);
	beside("bread");
	assert_best("shoes");
}

static void
what_is_no_offer_is_passed_over(void **unused)
{
	static const char *const DAMAGED[] = { "", " ", "1", "1 ", "0 bread", "x bread",
		"3 bread", "bread", "1 none", "001 bread" };

	(void)unused;
	put("bread", "a", "food", 48.9);
	for (size_t i = 0; i < sizeof DAMAGED / sizeof *DAMAGED; i++) {
		struct text text = text_of(DAMAGED[i]);

		together_read(services, &text, 1, &question, &together);
		assert_int_equal(question.beside_count, 0);
	}
}

/* ---- siblings ---- */

/* Both needs are for clothes: one child each. */
static void
two_siblings(void)
{
	for (unsigned i = 0; i < 2; i++) {
		intake.needs[i].term = LITERAL("clothes");
		intake.needs[i].for_at[0] = 1 + i;
		intake.needs[i].for_count = 1;
	}
}

static void
needs_of_one_term_for_children_are_siblings(void **unused)
{
	(void)unused;
	two_siblings();
	assert_int_equal(wanted_siblings(&intake, 0), 3);
	assert_int_equal(wanted_siblings(&intake, 1), 3);
	intake.needs[0].for_at[0] = 0;
	assert_int_equal(wanted_siblings(&intake, 1), 2);
	intake.household.members[0].role = member_role_child;
	assert_int_equal(wanted_siblings(&intake, 1), 3);
	intake.household.members[2].role = member_role_parent;
	assert_int_equal(wanted_siblings(&intake, 1), 2);
	intake.household.members[2].role = member_role_child;
	intake.needs[0].term = LITERAL("food");
	assert_int_equal(wanted_siblings(&intake, 1), 2);
	two_siblings();
	intake.needs[0].for_count = 0;
	assert_int_equal(wanted_siblings(&intake, 1), 2);
	two_siblings();
	intake.household.members[1].age = UINT_ABSENT;
	assert_int_equal(wanted_siblings(&intake, 1), 2);
}

static void
a_sibling_goes_where_the_other_waits_and_nowhere_else(void **unused)
{
	(void)unused;
	two_siblings();
	put("near", "a", "clothes", 48.9);
	put("far", "b", "clothes", 49.9);
	together_read(services, NULL, 0, &question, &together);
	assert_int_equal(question.siblings, 1);
	assert_best("near");
	assert_int_equal(result.count, 2);
	beside("far");
	assert_int_equal(question.siblings, 0);
	assert_best("far");
	assert_int_equal(result.count, 1);
	assert_int_equal(result.considered_count, 1);
}

static void
where_a_rule_refuses_it_there_a_sibling_goes_to_another(void **unused)
{
	const struct text tried[] = { LITERAL("far") };

	(void)unused;
	two_siblings();
	put("near", "a", "clothes", 48.9);
	put("far", "b", "clothes", 49.9);
	question.tried = tried;
	question.tried_count = 1;
	beside("far");
	assert_best("near");
	assert_int_equal(result.count, 1);
	assert_int_equal(result.considered_count, 2);
	assert_int_equal(result.refused_count, 1);
}

static void
siblings_go_where_all_of_them_are_taken(void **unused)
{
	(void)unused;
	two_siblings();
	put("some", "a", "clothes", 48.9);
	facts.id = LITERAL("small");
	facts.minimum_age = 0;
	facts.maximum_age = 6;
	put_service(services);
	assert_best("some");
	assert_int_equal(result.count, 1);
	intake.needs[0].term =
	    LITERAL("food"); /* no sibling any more, and 11 years old */
	assert_best("some");
	assert_int_equal(result.count, 1);
	question.need = 0;
	intake.needs[0].term = LITERAL("clothes");
	intake.needs[1].term = LITERAL("food");
	assert_best("small");
	intake.needs[0].for_at[1] = 2;
	intake.needs[0].for_count = 2;
	assert_best("some");
}

static void
a_service_with_fewer_places_than_siblings_comes_after_one_that_has_them(void **unused)
{
	(void)unused;
	two_siblings();
	put("near", "a", "clothes", 48.9);
	put("far", "b", "clothes", 49.9);
	index_set_capacity(services, LITERAL("near"), 1, 0);
	index_set_capacity(services, LITERAL("far"), 2, 0);
	assert_best("far");
	index_set_capacity(services, LITERAL("near"), 2, 0);
	assert_best("near");
	index_set_capacity(services, LITERAL("near"), 2, 1);
	beside("near");
	assert_best("near");
	assert_true(result.candidates[0].score > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    a_need_goes_to_the_agency_that_has_another_of_the_family_where_scores_are_close),
		TEST(a_neighbour_of_that_agency_comes_before_who_is_farther_from_it),
		TEST(of_several_other_needs_the_nearest_counts),
		TEST(a_much_better_service_is_not_given_up_to_keep_a_family_together),
		TEST(what_nobody_was_offered_yet_is_foreseen_from_the_first_need),
		TEST(a_policy_may_let_needs_go_apart),
		TEST(what_is_no_offer_is_passed_over),
		TEST(needs_of_one_term_for_children_are_siblings),
		TEST(a_sibling_goes_where_the_other_waits_and_nowhere_else),
		TEST(where_a_rule_refuses_it_there_a_sibling_goes_to_another),
		TEST(siblings_go_where_all_of_them_are_taken),
		TEST(
		    a_service_with_fewer_places_than_siblings_comes_after_one_that_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
