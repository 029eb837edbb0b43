/* SPDX-License-Identifier: Apache-2.0
 * What each part of a score measures and earns. */
#include <math.h>
#include <stdlib.h>

#include "services/matcher/index_private.h"
#include "services/matcher/score.h"
#include "tests/unit/matcher_fixture.h"

static double distance_km;
static unsigned levels, unknowns;
static double dearer;

static int
start(void **unused)
{
	(void)unused;
	new_family("food");
	new_service("s1", "food");
	distance_km = NAN;
	levels = unknowns = 0;
	dearer = 0;
	return 0;
}

static struct score
score_now(void)
{
	struct wanted wanted;
	struct score score;
	struct index *index = index_new();

	assert_non_null(index);
	put_service(index);
	wanted_read(&wanted, &question);
	score_make(&score, &wanted,
	    &(struct scored){ .traits = &index_find(index, facts.id)->traits,
	        .distance_km = distance_km,
	        .levels = levels,
	        .unknowns = unknowns,
	        .dearer = dearer });
	index_free(index);
	return score;
}

static void
assert_part(enum part part, double value, int points)
{
	struct score score = score_now();

	if (isnan(value))
		assert_true(isnan(score.values[part]));
	else
		assert_true(score.values[part] == value);
	assert_int_equal(score.points[part], points);
}

static void
the_parts_sum_to_the_score(void **unused)
{
	struct score score;
	int32_t sum = 0;

	(void)unused;
	distance_km = 12.345;
	unknowns = 3;
	facts.available = 4;
	facts.response_hours = 5;
	score = score_now();
	for (enum part part = 0; part < PARTS; part++)
		sum += score.points[part];
	assert_int_equal(score.sum, sum);
	assert_true(sum > 0);
}

static void
each_part_has_a_name_and_a_place_in_an_explanation(void **unused)
{
	(void)unused;
	assert_in_range(PARTS, 1, 24); /* candidate.parts */
	for (enum part part = 0; part < PARTS; part++)
		assert_in_range(part_name(part).length, 1, 32); /* score_part.part */
}

static void
points_follow_the_weights_of_the_policy(void **unused)
{
	struct policy policy = POLICY_STANDARD;

	(void)unused;
	distance_km = 20;
	unknowns = 3;
	policy.weight_distance = 60;
	policy.weight_unknowns = -1;
	question.policy = &policy;
	assert_part(PART_distance, 20, 3000);
	assert_part(PART_unknowns, 3, -300);
	policy.distance_half_km = 60;
	assert_part(PART_distance, 20, 4500);
}

static void
the_policy_says_within_how_many_hours_somebody_must_act(void **unused)
{
	struct policy policy = POLICY_STANDARD;

	(void)unused;
	facts.response_hours = 5;
	question.policy = &policy;
	policy.deadline_normal_hours = 4;
	assert_part(PART_response, 5, 0);
	policy.deadline_normal_hours = 10;
	assert_part(PART_response, 5, 750);
	intake.urgency = urgency_urgent;
	policy.deadline_urgent_hours = 5;
	assert_part(PART_response, 5, 500);
	intake.urgency = urgency_emergency;
	policy.deadline_emergency_hours = 50;
	assert_part(PART_response, 5, 950);
}

static void
a_dearer_place_costs_a_point_for_each_of_a_hundred(void **unused)
{
	(void)unused;
	assert_part(PART_scarcity, 0, 0);
	dearer = 35;
	assert_part(PART_scarcity, 35, -3500);
}

static void
distance_halves_at_twenty_kilometres(void **unused)
{
	(void)unused;
	assert_part(PART_distance, NAN, 0);
	distance_km = 0;
	assert_part(PART_distance, 0, 3000);
	distance_km = 20;
	assert_part(PART_distance, 20, 1500);
	distance_km = 60;
	assert_part(PART_distance, 60, 750);
	distance_km = 20000;
	assert_part(PART_distance, 20000, 3);
}

static void
a_closer_service_never_earns_less(void **unused)
{
	int before = INT32_MAX;

	(void)unused;
	for (unsigned step = 0; step < 4000; step++) {
		int points;

		distance_km = step / 4.0;
		points = score_now().points[PART_distance];
		assert_true(points <= before);
		before = points;
	}
}

static void
known_places_earn_more_than_unknown_ones_and_those_more_than_none(void **unused)
{
	(void)unused;
	assert_part(PART_capacity, NAN, 750);
	facts.available = 3;
	assert_part(PART_capacity, 3, 900); /* without a date */
	facts.capacity_at = NOW_MS;
	assert_part(PART_capacity, 3, 1500);
	facts.available = 0;
	assert_part(PART_capacity, 0, 0);
	facts.available = -1;
	assert_part(PART_capacity, -1, 0);
	facts.available = 0.5;
	assert_part(PART_capacity, 0.5, 1500);
}

static void
an_older_report_of_places_is_worth_less(void **unused)
{
	(void)unused;
	facts.available = 1;
	facts.capacity_at = NOW_MS - 7 * DAY_MS / 2;
	assert_part(PART_capacity, 1, 1200);
	facts.capacity_at = NOW_MS - HOUR_MS + 1;
	assert_part(PART_capacity, 1, 1500);
	facts.capacity_at = NOW_MS - HOUR_MS;
	assert_part(PART_capacity, 1, 1496);
	facts.capacity_at = NOW_MS - 7 * DAY_MS + 1;
	assert_part(PART_capacity, 1, 904);
	facts.capacity_at = NOW_MS - 7 * DAY_MS;
	assert_part(PART_capacity, 1, 900);
	facts.capacity_at = NOW_MS - 700 * DAY_MS;
	assert_part(PART_capacity, 1, 900);
	facts.capacity_at = NOW_MS + DAY_MS; /* another clock */
	assert_part(PART_capacity, 1, 1500);
	facts.capacity_at = TIME_ABSENT + 1;
	assert_part(PART_capacity, 1, 900);
}

static void
only_a_service_known_to_be_full_is_full(void **unused)
{
	(void)unused;
	assert_part(PART_full, 0, 0);
	facts.available = 1;
	assert_part(PART_full, 0, 0);
	facts.available = 0;
	assert_part(PART_full, 1, -50000);
	facts.available = -2;
	assert_part(PART_full, 1, -50000);
}

static void
each_unknown_rule_costs(void **unused)
{
	(void)unused;
	assert_part(PART_unknowns, 0, 0);
	unknowns = 1;
	assert_part(PART_unknowns, 1, -400);
	unknowns = 7;
	assert_part(PART_unknowns, 7, -2800);
}

static void
the_first_language_earns_most(void **unused)
{
	(void)unused;
	assert_part(PART_language, NAN, 0);
	add_language("uk");
	add_language("ru");
	add_language("en");
	assert_part(PART_language, NAN, 0);
	facts.languages[facts.languages_count++] = LITERAL("en");
	assert_part(PART_language, 3, 333);
	facts.languages[facts.languages_count++] = LITERAL("ru");
	assert_part(PART_language, 2, 500);
	facts.languages[facts.languages_count++] = LITERAL("uk");
	assert_part(PART_language, 1, 1000);
}

static void
the_preferred_agency_earns(void **unused)
{
	(void)unused;
	assert_part(PART_preference, 0, 0);
	intake.preferences.agency = LITERAL("agency");
	assert_part(PART_preference, 0, 0); /* has_preferences says there is none */
	intake.has_preferences = true;
	assert_part(PART_preference, 1, 2000);
	intake.preferences.agency = LITERAL("other");
	assert_part(PART_preference, 0, 0);
	intake.preferences.agency = TEXT_ABSENT;
	facts.agency = TEXT_ABSENT;
	assert_part(PART_preference, 0, 0);
}

static void
a_term_above_earns_less_than_the_term_itself(void **unused)
{
	(void)unused;
	assert_part(PART_specificity, 0, 1000);
	levels = 1;
	assert_part(PART_specificity, 1, 500);
	levels = 3;
	assert_part(PART_specificity, 3, 250);
}

static void
a_household_kind_that_is_named_earns(void **unused)
{
	(void)unused;
	assert_part(PART_household, 0, 0);
	intake.has_household = true;
	intake.household.type = household_type_single_father;
	assert_part(PART_household, 0, 0);
	facts.household_types = 1U << household_type_single_father;
	assert_part(PART_household, 1, 500);
	intake.household.type = household_type_refused;
	facts.household_types = UINT32_MAX;
	assert_part(PART_household, 0, 0);
}

static void
a_promised_answer_is_measured_by_the_urgency(void **unused)
{
	(void)unused;
	assert_part(PART_response, NAN, 0);
	facts.response_hours = 0;
	assert_part(PART_response, 0, 1000);
	facts.response_hours = 24;
	assert_part(PART_response, 24, 964); /* of 336 */
	intake.urgency = urgency_urgent;
	assert_part(PART_response, 24, 833); /* of 72 */
	intake.urgency = urgency_emergency;
	assert_part(PART_response, 24, 500);
	facts.response_hours = 24.1;
	assert_part(PART_response, 24.1, 0);
	facts.response_hours = -5; /* a document says it */
	assert_part(PART_response, -5, 1000);
}

static void
a_report_past_its_time_to_live_says_nothing(void **unused)
{
	(void)unused;
	facts.available = 0;
	facts.capacity_at = NOW_MS - 24 * HOUR_MS;
	facts.capacity_ttl_hours = 24.5;
	assert_part(PART_full, 1, -50000);
	assert_part(PART_capacity, 0, 0);
	facts.capacity_ttl_hours = 24;
	assert_part(PART_full, 0, 0);
	assert_part(PART_capacity, NAN, 750);
	facts.capacity_at = TIME_ABSENT; /* of what has no date nobody knows the age */
	assert_part(PART_full, 1, -50000);
}

static void
a_loaded_agency_earns_less_and_one_at_its_limit_counts_as_full(void **unused)
{
	struct loads *loads = loads_new();

	(void)unused;
	assert_non_null(loads);
	question.loads = loads;
	assert_part(PART_load, NAN, 0);
	loads_set(loads, facts.agency, 17, NOW_MS);
	assert_part(PART_load, NAN, 0); /* it has no limit */
	facts.workers = 2;
	assert_part(PART_load, 0.5, -500);
	assert_part(PART_full, 0, 0);
	facts.workers = 1;
	assert_part(PART_load, 1, -1000);
	assert_part(PART_full, 1, -50000);
	question.now_ms += LOADS_BELIEVED_MS;
	assert_part(PART_load, NAN, 0);
	loads_free(loads);
}

static void
offers_that_were_lost_there_cost_a_tenth_of_a_point_for_each_of_a_hundred(void **unused)
{
	struct answers *answers = answers_new();
	char kept[64];

	(void)unused;
	assert_non_null(answers);
	question.answers = answers;
	assert_part(PART_answers, NAN, 0);
	(void)snprintf(kept, sizeof kept, "4000 4000 %d food", (int)(NOW_MS / 86400000));
	answers_set(answers, facts.id, text_of(kept));
	assert_part(PART_answers, 50, -500);
	(void)snprintf(kept, sizeof kept, "4000 0 %d food", (int)(NOW_MS / 86400000));
	answers_set(answers, facts.id, text_of(kept));
	assert_part(PART_answers, 0, 0);
	question.answers = NULL;
	answers_free(answers);
}

static void
who_opens_sooner_earns_more(void **unused)
{
	(void)unused;
	assert_part(PART_opening, NAN, 0);
	open_weekly(4, 480, 1080); /* Friday, 8:00: now */
	assert_part(PART_opening, 0, 500);
	opening[0].opens = 600;
	assert_part(PART_opening, 2, 499);
	intake.urgency = urgency_emergency;
	assert_part(PART_opening, 2, 479);
	opening[0].weekdays = 1; /* Monday */
	assert_part(PART_opening, 74, 0);
	intake.urgency = urgency_normal;
	assert_part(PART_opening, 74, 445);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(the_parts_sum_to_the_score),
		TEST(each_part_has_a_name_and_a_place_in_an_explanation),
		TEST(points_follow_the_weights_of_the_policy),
		TEST(the_policy_says_within_how_many_hours_somebody_must_act),
		TEST(a_dearer_place_costs_a_point_for_each_of_a_hundred),
		TEST(distance_halves_at_twenty_kilometres),
		TEST(a_closer_service_never_earns_less),
		TEST(known_places_earn_more_than_unknown_ones_and_those_more_than_none),
		TEST(an_older_report_of_places_is_worth_less),
		TEST(only_a_service_known_to_be_full_is_full),
		TEST(each_unknown_rule_costs),
		TEST(the_first_language_earns_most),
		TEST(the_preferred_agency_earns),
		TEST(a_term_above_earns_less_than_the_term_itself),
		TEST(a_household_kind_that_is_named_earns),
		TEST(a_promised_answer_is_measured_by_the_urgency),
		TEST(a_report_past_its_time_to_live_says_nothing),
		TEST(a_loaded_agency_earns_less_and_one_at_its_limit_counts_as_full),
		TEST(
		    offers_that_were_lost_there_cost_a_tenth_of_a_point_for_each_of_a_hundred),
		TEST(who_opens_sooner_earns_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
