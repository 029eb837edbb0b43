/* SPDX-License-Identifier: Apache-2.0
 * Places are kept for who has no other. */
#include <math.h>

#include "services/matcher/price.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	assert_non_null(services);
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
nobody_came_and_it_costs_nothing(void **unused)
{
	const struct price price = { .families = 0 };

	(void)unused;
	assert_true(price_percent(&price, 0, NOW_MS) == 0);
	assert_true(price_percent(&price, 5, NOW_MS) == 0);
	assert_true(price_percent(&price, NAN, NOW_MS) == 0);
}

static void
a_price_rises_as_families_come_and_as_places_go(void **unused)
{
	struct price price = { .families = 0 };
	double before = 0;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		double now;

		price_note(&price, 2, NOW_MS + i * HOUR_MS);
		now = price_percent(&price, 10, NOW_MS + i * HOUR_MS);
		assert_true(now > before);
		before = now;
	}
	for (double places = 30; places >= 0; places--) {
		double now = price_percent(&price, places, NOW_MS + 10 * HOUR_MS);

		assert_true(places == 30 || now >= before);
		before = now;
	}
	assert_true(before == 100); /* and half of it where there are as many places: */
	assert_true(price_percent(&price, price.families, NOW_MS + 9 * HOUR_MS) == 50);
	assert_true(price_percent(&price, -1, NOW_MS + 10 * HOUR_MS) == 100);
}

static void
a_family_counts_half_after_ten_days_and_never_more_than_whole(void **unused)
{
	struct price price = { .families = 0 };

	(void)unused;
	price_note(&price, 8, NOW_MS);
	assert_true(price_percent(&price, 8, NOW_MS) == 50);
	assert_true(price_percent(&price, 4, NOW_MS + 10 * DAY_MS) == 50);
	assert_true(price_percent(&price, 2, NOW_MS + 20 * DAY_MS) == 50);
	assert_true(price_percent(&price, 8, NOW_MS - 10 * DAY_MS) == 50);
	assert_true(price_percent(&price, 0, NOW_MS + 20000 * DAY_MS) == 0);
	price_note(&price, 4, NOW_MS + 10 * DAY_MS);
	assert_true(price_percent(&price, 8, NOW_MS + 10 * DAY_MS) == 50);
	price_note(&price, 8, NOW_MS); /* by a clock that was set back */
	assert_true(price_percent(&price, 16, NOW_MS + 10 * DAY_MS) == 50);
}

/* Places at the same point, all with the same free places. */
static void
new_place(const char *id, bool is_equipped)
{
	new_service(id, "food");
	add_point(49, 24);
	facts.available = 4;
	facts.radius_km = 50;
	if (is_equipped)
		facts.difficulties = 1U << difficulty_walking;
	put_service(services);
}

static struct match_result
ask(bool has_difficulty)
{
	struct match_result result;

	new_family("food");
	set_point(49, 24);
	if (has_difficulty) {
		struct member *member = new_member(40);

		member->difficulties[member->difficulties_count++] = difficulty_walking;
	} else {
		(void)new_member(40);
	}
	match(services, &question, &result);
	return result;
}

static void
a_place_that_is_the_only_one_for_some_is_left_to_them_by_who_has_a_choice(void **unused)
{
	struct match_result result;

	(void)unused;
	new_place("equipped", true);
	new_place("ordinary", false);
	for (int i = 0; i < 4; i++) {
		result = ask(true);
		assert_id(result.candidates[0].service, "equipped");
		assert_true(result.candidates[0].dearer == 0);
		match_note(services, &result, NOW_MS);
	}
	result = ask(false);
	assert_id(result.candidates[0].service, "ordinary");
	assert_id(result.candidates[1].service, "equipped");
	assert_true(result.candidates[1].dearer == 50); /* four families, four places */
	assert_true(result.candidates[0].score - result.candidates[1].score == 50);
}

static void
who_has_a_choice_counts_in_equal_shares(void **unused)
{
	struct match_result result;

	(void)unused;
	new_place("one", false);
	new_place("other", false);
	for (int i = 0; i < 8; i++) {
		result = ask(false);
		assert_true(result.candidates[0].score == result.candidates[1].score);
		match_note(services, &result, NOW_MS);
	}
	new_place("third", false);
	result = ask(false); /* four families at each of the two, and four places */
	assert_id(result.candidates[0].service, "third");
	assert_true(result.candidates[1].dearer == 50);
	assert_true(result.candidates[2].dearer == 50);
}

static void
unknown_places_are_priced_as_twenty(void **unused)
{
	const struct price price = { .families = 5, .at_minute = NOW_MS / 60000 };

	(void)unused;
	assert_true(price_percent(&price, NAN, NOW_MS) == 20);
	assert_true(price_percent(&price, 20, NOW_MS) == 20);
}

static void
assert_one_is_dearer(void)
{
	struct match_result result = ask(false);

	assert_id(result.candidates[0].service, "other");
	assert_id(result.candidates[1].service, "one");
	assert_true(result.candidates[1].dearer == 20);
}

static void
a_price_outlives_a_change_of_the_service_and_a_new_directory(void **unused)
{
	struct index *old = services;
	struct match_result result;

	(void)unused;
	new_place("one", false);
	result = ask(false);
	match_note(services, &result, NOW_MS);
	new_place("one", false);
	new_place("other", false);
	assert_one_is_dearer();
	new_place("gone", false);
	services = index_new();
	assert_non_null(services);
	new_place("one", false);
	new_place("other", false);
	index_take_prices(services, old);
	index_free(old);
	assert_one_is_dearer();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_came_and_it_costs_nothing),
		cmocka_unit_test(a_price_rises_as_families_come_and_as_places_go),
		cmocka_unit_test(
		    a_family_counts_half_after_ten_days_and_never_more_than_whole),
		cmocka_unit_test(unknown_places_are_priced_as_twenty),
		cmocka_unit_test_setup_teardown(
		    a_place_that_is_the_only_one_for_some_is_left_to_them_by_who_has_a_choice,
		    start, stop),
		cmocka_unit_test_setup_teardown(
		    who_has_a_choice_counts_in_equal_shares, start, stop),
		cmocka_unit_test_setup_teardown(
		    a_price_outlives_a_change_of_the_service_and_a_new_directory, start,
		    stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
