/* SPDX-License-Identifier: Apache-2.0
 * Explanations are packed for storage and come back as they were. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/explanation.h"

#define ROUNDS 2000

static struct why why, back;
static struct decoder *decoder;
static uint8_t bytes[EXPLANATION_MAX_BYTES];
static uint64_t seed = 20261122;
static char names[400][33];
static unsigned named;

static int
start(void **state)
{
	(void)state;
	decoder = decoder_new();
	return decoder == NULL;
}

static int
end(void **state)
{
	(void)state;
	decoder_free(decoder);
	return 0;
}

static uint32_t
below(uint32_t most)
{
	seed ^= seed << 13; /* xorshift64 */
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % most);
}

/* A fresh word of `length` letters. */
static struct text
word(uint32_t length)
{
	char *name = names[named++ % 400];

	for (uint32_t i = 0; i < length; i++)
		name[i] = (char)('a' + below(26));
	return (struct text){ name, length };
}

static struct text
code_of(enum code_set set)
{
	return text_of(code_word(set, 1 + below(code_count(set))));
}

/* Six digits are kept. */
static double
figure(double scale)
{
	return (below(1999999) - 999999.0) / 1e6 * scale;
}

static void
random_candidate(struct candidate *out)
{
	record_init(&record_candidate, out);
	out->service = word(1 + below(32));
	out->agency = word(1 + below(32));
	out->score = figure(10000);
	out->distance_km = below(4) ? fabs(figure(20000)) : (double)NAN;
	out->rules_count = below(13);
	for (uint32_t i = 0; i < out->rules_count; i++) {
		record_init(&record_rule_result, &out->rules[i]);
		out->rules[i].rule = code_of(CODE_SET_eligibility);
		out->rules[i].verdict = below(2) ? verdict_pass : verdict_unknown;
	}
	out->parts_count = below(13);
	for (uint32_t i = 0; i < out->parts_count; i++) {
		record_init(&record_score_part, &out->parts[i]);
		out->parts[i].part = code_of(CODE_SET_merit);
		out->parts[i].value = below(3) ? figure(1000000) : (double)NAN;
		out->parts[i].points = figure(1000);
	}
}

static void
random_why(void)
{
	record_init(&record_why, &why);
	why.has_chosen = below(4) > 0;
	if (why.has_chosen)
		random_candidate(&why.chosen);
	why.next_count = below(3);
	for (uint32_t i = 0; i < why.next_count; i++)
		random_candidate(&why.next[i]);
	why.refusals_count = below(2);
	for (uint32_t i = 0; i < why.refusals_count; i++) {
		record_init(&record_refusal, &why.refusals[i]);
		why.refusals[i].service = word(1 + below(32));
		why.refusals[i].rule = code_of(CODE_SET_eligibility);
	}
	why.refusals_by_rule_count = below(17);
	for (uint32_t i = 0; i < why.refusals_by_rule_count; i++) {
		record_init(&record_rule_count, &why.refusals_by_rule[i]);
		why.refusals_by_rule[i].rule = code_of(CODE_SET_eligibility);
		why.refusals_by_rule[i].count = below(100000001);
	}
	why.considered_count = below(2) ? below(100000001) : UINT_ABSENT;
	why.directory_version = below(2) ? word(32) : TEXT_ABSENT;
	why.seed = below(2) ? below(UINT32_MAX - 10) : UINT_ABSENT;
}

static bool
is_near(double one, double other)
{
	return (isnan(one) && isnan(other)) ||
	       fabs(one - other) <= 1e-5 * fmax(1e-9, fabs(one));
}

/* The rules come back grouped: what passed, then what is unknown. */
static void
check_rules(const struct candidate *one, const struct candidate *other)
{
	static const enum verdict ORDER[] = { verdict_pass, verdict_unknown };
	uint32_t at = 0;

	assert_int_equal(one->rules_count, other->rules_count);
	for (int v = 0; v < 2; v++)
		for (uint32_t i = 0; i < one->rules_count; i++)
			if (one->rules[i].verdict == ORDER[v]) {
				assert_int_equal(other->rules[at].verdict, ORDER[v]);
				assert_true(text_equal(
				    other->rules[at].rule, one->rules[i].rule));
				at++;
			}
}

static void
check_chosen(const struct candidate *one, const struct candidate *other)
{
	assert_true(text_equal(one->service, other->service));
	assert_true(text_equal(one->agency, other->agency));
	assert_true(is_near(one->score, other->score));
	assert_true((isnan(one->distance_km) && isnan(other->distance_km)) ||
	            fabs(one->distance_km - other->distance_km) < 0.00051);
	check_rules(one, other);
	assert_int_equal(one->parts_count, other->parts_count);
	for (uint32_t i = 0; i < one->parts_count; i++) {
		assert_true(text_equal(one->parts[i].part, other->parts[i].part));
		assert_true(is_near(one->parts[i].value, other->parts[i].value));
		assert_true(is_near(one->parts[i].points, other->parts[i].points));
	}
}

static void
check_same(void)
{
	assert_int_equal(back.has_chosen, why.has_chosen);
	if (why.has_chosen)
		check_chosen(&why.chosen, &back.chosen);
	assert_int_equal(back.next_count, why.next_count);
	for (uint32_t i = 0; i < why.next_count; i++) {
		assert_true(text_equal(back.next[i].service, why.next[i].service));
		assert_true(is_near(back.next[i].score, why.next[i].score));
		assert_null(back.next[i].agency.at);
	}
	assert_int_equal(back.refusals_count, why.refusals_count);
	for (uint32_t i = 0; i < why.refusals_count; i++) {
		assert_true(
		    text_equal(back.refusals[i].service, why.refusals[i].service));
		assert_true(text_equal(back.refusals[i].rule, why.refusals[i].rule));
	}
	assert_int_equal(back.refusals_by_rule_count, why.refusals_by_rule_count);
	for (uint32_t i = 0; i < why.refusals_by_rule_count; i++) {
		assert_true(text_equal(
		    back.refusals_by_rule[i].rule, why.refusals_by_rule[i].rule));
		assert_int_equal(
		    back.refusals_by_rule[i].count, why.refusals_by_rule[i].count);
	}
	assert_int_equal(back.considered_count, why.considered_count);
	assert_true(text_equal(back.directory_version, why.directory_version));
	assert_int_equal(back.seed, why.seed);
}

static enum status
unpack(size_t length)
{
	return explanation_unpack(
	    decoder, bytes, length, why.chosen.service, why.chosen.agency, &back);
}

static void
what_is_packed_comes_back(void **state)
{
	size_t length;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random_why();
		assert_int_equal(
		    explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
		assert_int_equal(unpack(length), STATUS_OK);
		check_same();
	}
}

static void
the_first_of_more_are_kept(void **state)
{
	size_t length;

	(void)state;
	random_why();
	why.next_count = 10;
	why.refusals_count = 8;
	for (uint32_t i = 0; i < 10; i++)
		random_candidate(&why.next[i]);
	for (uint32_t i = 0; i < 8; i++) {
		record_init(&record_refusal, &why.refusals[i]);
		why.refusals[i].service = word(8);
		why.refusals[i].name = word(30);
		why.refusals[i].rule = code_of(CODE_SET_eligibility);
	}
	assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
	assert_int_equal(unpack(length), STATUS_OK);
	assert_int_equal(back.next_count, 2);
	assert_int_equal(back.refusals_count, 1);
	assert_null(back.refusals[0].name.at);
	why.next_count = 2;
	why.refusals_count = 1;
	check_same();
}

static void
a_name_without_a_number_is_refused(void **state)
{
	size_t length;

	(void)state;
	for (int which = 0; which < 5; which++) {
		do
			random_why();
		while (!why.has_chosen || why.chosen.rules_count == 0 ||
		       why.chosen.parts_count == 0 || why.refusals_count == 0 ||
		       why.refusals_by_rule_count == 0);
		if (which == 0)
			why.chosen.rules[0].rule = LITERAL("nosuch");
		else if (which == 1)
			why.chosen.parts[0].part = LITERAL("nosuch");
		else if (which == 2)
			why.refusals[0].rule = LITERAL("nosuch");
		else if (which == 3)
			why.refusals_by_rule[0].rule = LITERAL("nosuch");
		assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length),
		    which < 4 ? STATUS_TOO_LARGE : STATUS_OK);
	}
}

/* Of a usual match: half a kilobyte with every word spelt out. */
static void
a_usual_one_is_small(void **state)
{
	size_t length;

	(void)state;
	record_init(&record_why, &why);
	why.has_chosen = true;
	why.next_count = 2;
	why.refusals_count = 1;
	for (int i = 0; i < 3; i++) {
		struct candidate *candidate = i == 0 ? &why.chosen : &why.next[i - 1];

		record_init(&record_candidate, candidate);
		candidate->service = word(32);
		candidate->score = 67.46;
		candidate->distance_km = 1.4312345;
		for (unsigned rule = 0; rule < 12; rule++) {
			struct rule_result *line =
			    &candidate->rules[candidate->rules_count++];

			record_init(&record_rule_result, line);
			line->rule = text_of(code_word(CODE_SET_eligibility, rule + 1));
			line->verdict = rule < 10 ? verdict_pass : verdict_unknown;
		}
		for (unsigned part = 0; part < code_count(CODE_SET_merit); part++) {
			struct score_part *line =
			    &candidate->parts[candidate->parts_count++];

			record_init(&record_score_part, line);
			line->part = text_of(code_word(CODE_SET_merit, part + 1));
			line->value = 2;
			line->points = 13.29;
		}
	}
	record_init(&record_refusal, &why.refusals[0]);
	why.refusals[0].service = word(32);
	why.refusals[0].rule = LITERAL("area");
	why.considered_count = 11;
	why.directory_version = word(32);
	why.seed = 4000000000;
	assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
	assert_in_range(length, 1, 330);
}

static void
a_buffer_that_is_too_small_is_refused(void **state)
{
	size_t length, least = 0;

	(void)state;
	do
		random_why();
	while (explanation_pack(&why, bytes, sizeof bytes, &length) != STATUS_OK);
	least = length;
	for (size_t size = 0; size < least; size++) {
		uint8_t *exact = malloc(size + (size == 0));

		assert_non_null(exact);
		assert_int_equal(
		    explanation_pack(&why, exact, size, &length), STATUS_TOO_LARGE);
		free(exact);
	}
	assert_int_equal(explanation_pack(&why, bytes, least, &length), STATUS_OK);
}

static void
other_bytes_are_damaged_not_believed(void **state)
{
	size_t length;

	(void)state;
	assert_int_equal(unpack(0), STATUS_DAMAGED);
	bytes[0] = 0xc1;
	assert_int_equal(unpack(1), STATUS_DAMAGED);
	do
		random_why();
	while (explanation_pack(&why, bytes, sizeof bytes, &length) != STATUS_OK);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(unpack(cut), STATUS_DAMAGED);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t at = below((uint32_t)length);
		uint8_t kept = bytes[at];
		enum status status;

		bytes[at] ^= (uint8_t)(1 + below(255));
		status = unpack(length);
		assert_true(status == STATUS_OK || status == STATUS_DAMAGED);
		bytes[at] = kept;
	}
}

static void
pack_and_compare(double value)
{
	struct score_part *part = &why.chosen.parts[0];
	size_t length;

	record_init(&record_why, &why);
	why.considered_count = 1;
	why.has_chosen = true;
	random_candidate(&why.chosen);
	why.chosen.rules_count = 0;
	why.chosen.service = LITERAL("s");
	why.chosen.parts_count = 1;
	record_init(&record_score_part, part);
	part->part = text_of(code_word(CODE_SET_merit, 1));
	part->value = value;
	part->points = fabs(value) <= 1000 ? value : 0;
	assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
	assert_int_equal(
	    explanation_unpack(decoder, bytes, length, LITERAL("s"), LITERAL("a"), &back),
	    STATUS_OK);
	assert_memory_equal(&back.chosen.parts[0].value, &value, sizeof value);
	assert_memory_equal(&back.chosen.parts[0].points, &part->points, sizeof value);
}

static void
a_figure_of_up_to_six_digits_comes_back_to_the_bit(void **state)
{
	static const double EDGES[] = { 0, -0.0, 0.001, -0.01, 0.1, 0.0001, 999.999, 1000,
		-1000.01, 999999, 0.123456, 1e-7, 67.46 };

	(void)state;
	for (size_t i = 0; i < sizeof EDGES / sizeof *EDGES; i++)
		pack_and_compare(EDGES[i]);
	for (int thousandths = -1000500; thousandths <= 1000500; thousandths += 37)
		if (abs(thousandths) < 1000000 || thousandths % 10 == 0)
			pack_and_compare(thousandths / 1000.0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test(name)
	const struct CMUnitTest tests[] = {
		TEST(what_is_packed_comes_back),
		TEST(the_first_of_more_are_kept),
		TEST(a_name_without_a_number_is_refused),
		TEST(a_usual_one_is_small),
		TEST(a_buffer_that_is_too_small_is_refused),
		TEST(other_bytes_are_damaged_not_believed),
		TEST(a_figure_of_up_to_six_digits_comes_back_to_the_bit),
	};

	return cmocka_run_group_tests(tests, start, end);
}
