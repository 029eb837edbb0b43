/* SPDX-License-Identifier: Apache-2.0
 * A decision follows from what is kept of it, and nothing of that can be altered unseen. */
#include <math.h>

#include "deploy/referralctl/replayed.h"
#include "proto/explanation.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct match_result result;
static struct policy policy;
static struct why why;
static struct explanation_texts texts;
static struct replay replay;

/* Three services of which much is known, by a policy of odd weights. */
static int
start(void **unused)
{
	static const double LAT[] = { 48.91, 48.97, 49.3 };
	static const char *const IDS[] = { "one", "two", "three" };

	(void)unused;
	services = index_new();
	assert_non_null(services);
	policy = POLICY_STANDARD;
	policy.version = 3;
	policy.weight_distance = 31.37;
	policy.weight_capacity = 17.77;
	policy.weight_response = 9.13;
	policy.deadline_urgent_hours = 71;
	new_family("food");
	intake.urgency = urgency_urgent;
	set_point(48.9, 24.7);
	(void)new_member(5);
	add_language("uk");
	question.policy = &policy;
	for (unsigned i = 0; i < 3; i++) {
		new_service(IDS[i], "food");
		add_point(LAT[i], 24.7);
		facts.response_hours = 11 + i;
		facts.available = 3;
		facts.capacity_at = NOW_MS - (30 + i) * HOUR_MS;
		facts.languages[facts.languages_count++] = LITERAL("uk");
		put_service(services);
	}
	return 0;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	return 0;
}

/* As it is decided, stored and read. */
static void
decide(void)
{
	static uint8_t bytes[EXPLANATION_MAX_BYTES];
	static struct why decided;
	size_t length;

	match(services, &question, &result);
	assert_true(result.count > 0);
	match_explain(
	    services, &question, &result, 0, EXPLANATION_NEXT_MOST, false, &decided);
	assert_int_equal(
	    explanation_pack(&decided, bytes, sizeof bytes, &length), STATUS_OK);
	assert_int_equal(explanation_unpack(bytes, length, LITERAL("one"),
	                     LITERAL("agency"), &texts, &why),
	    STATUS_OK);
}

static uint32_t
replayed(void)
{
	replay_decision(&replay, &why, urgency_urgent, &policy);
	return replay.differences_count;
}

static void
a_stored_decision_follows_to_the_bit_from_what_is_kept(void **unused)
{
	(void)unused;
	decide();
	assert_int_equal(why.report_hours, 30);
	assert_int_equal(replayed(), 0);
	question.now_ms += 200 * HOUR_MS; /* no report is fresh any more */
	decide();
	assert_int_equal(why.report_hours, UINT_ABSENT);
	assert_int_equal(replayed(), 0);
}

/* Each figure, by the last place that is kept of it. */
static void
what_was_altered_shows(void **unused)
{
	(void)unused;
	decide();
	for (uint32_t i = 0; i < why.chosen.parts_count; i++) {
		decide();
		why.chosen.parts[i].points += 0.01;
		assert_int_equal(replayed(), 1);
		assert_memory_equal(replay.differences[0], why.chosen.parts[i].part.at,
		    why.chosen.parts[i].part.length);
	}
	decide();
	why.chosen.score += 0.01;
	assert_int_equal(replayed(), 1);
	decide();
	why.report_hours++;
	assert_int_equal(replayed(), 2); /* capacity and the sum */
	decide();
	why.chosen.parts[0].value += 0.5;
	assert_true(replayed() >= 2);
	decide();
	why.chosen.rules[why.chosen.rules_count - 1].verdict = verdict_pass;
	assert_int_equal(replayed(), 1);
	decide();
	why.chosen.distance_km += 0.001;
	assert_int_equal(replayed(), 1);
}

static void
another_policy_or_urgency_shows(void **unused)
{
	(void)unused;
	decide();
	policy.weight_capacity += 0.1;
	assert_int_equal(replayed(), 2);
	policy.weight_capacity -= 0.1;
	assert_int_equal(replayed(), 0);
	replay_decision(&replay, &why, urgency_normal, &policy);
	assert_int_equal(replay.differences_count, 2);
}

static void
the_next_ones_stand_in_the_order_of_their_scores(void **unused)
{
	double score;

	(void)unused;
	decide();
	assert_int_equal(why.next_count, 2);
	score = why.next[0].score;
	why.next[0].score = why.next[1].score;
	why.next[1].score = score;
	assert_int_equal(replayed(), 1);
	assert_memory_equal(replay.differences[0], "next: ", 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stored_decision_follows_to_the_bit_from_what_is_kept),
		TEST(what_was_altered_shows),
		TEST(another_policy_or_urgency_shows),
		TEST(the_next_ones_stand_in_the_order_of_their_scores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
