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

/* Six digits are kept. */
static double
figure(double scale)
{
	return (below(1999999) - 999999.0) / 1e6 * scale;
}

static void
random_candidate(struct candidate *out, uint32_t longest)
{
	record_init(&record_candidate, out);
	out->service = word(1 + below(32));
	out->agency = word(1 + below(32));
	out->score = figure(10000);
	out->distance_km = below(4) ? fabs(figure(20000)) : (double)NAN;
	out->rules_count = below(13);
	for (uint32_t i = 0; i < out->rules_count; i++) {
		record_init(&record_rule_result, &out->rules[i]);
		out->rules[i].rule = word(1 + below(longest));
		out->rules[i].verdict = below(2) ? verdict_pass : verdict_unknown;
	}
	out->parts_count = below(13);
	for (uint32_t i = 0; i < out->parts_count; i++) {
		record_init(&record_score_part, &out->parts[i]);
		out->parts[i].part = word(1 + below(longest));
		out->parts[i].value = below(3) ? figure(1000000) : (double)NAN;
		out->parts[i].points = figure(1000);
	}
}

static void
random_why(uint32_t longest)
{
	record_init(&record_why, &why);
	why.has_chosen = below(4) > 0;
	if (why.has_chosen)
		random_candidate(&why.chosen, longest);
	why.next_count = below(4);
	for (uint32_t i = 0; i < why.next_count; i++)
		random_candidate(&why.next[i], longest);
	why.refusals_count = below(4);
	for (uint32_t i = 0; i < why.refusals_count; i++) {
		record_init(&record_refusal, &why.refusals[i]);
		why.refusals[i].service = word(1 + below(32));
		why.refusals[i].rule = word(1 + below(longest));
	}
	why.refusals_by_rule_count = below(17);
	for (uint32_t i = 0; i < why.refusals_by_rule_count; i++) {
		record_init(&record_rule_count, &why.refusals_by_rule[i]);
		why.refusals_by_rule[i].rule = word(1 + below(longest));
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
	assert_true(is_near(one->distance_km, other->distance_km));
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
	return explanation_unpack(decoder, bytes, length, why.chosen.agency, &back);
}

/* What does not fit is refused when it is packed, never damaged when it is read. */
static void
what_is_packed_comes_back(void **state)
{
	unsigned packed = 0, refused = 0;
	size_t length;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		enum status status;

		random_why(round % 2 ? 32 : 12);
		status = explanation_pack(&why, bytes, sizeof bytes, &length);
		if (status == STATUS_TOO_LARGE) {
			refused++;
			continue;
		}
		assert_int_equal(status, STATUS_OK);
		assert_int_equal(unpack(length), STATUS_OK);
		check_same();
		packed++;
	}
	assert_true(packed > ROUNDS / 4);
	assert_true(refused > 0);
}

static void
the_first_three_of_more_are_kept(void **state)
{
	size_t length;

	(void)state;
	random_why(8);
	why.next_count = 10;
	why.refusals_count = 8;
	for (uint32_t i = 0; i < 10; i++)
		random_candidate(&why.next[i], 8);
	for (uint32_t i = 0; i < 8; i++) {
		record_init(&record_refusal, &why.refusals[i]);
		why.refusals[i].service = word(8);
		why.refusals[i].name = word(30);
		why.refusals[i].rule = word(8);
	}
	assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
	assert_int_equal(unpack(length), STATUS_OK);
	assert_int_equal(back.refusals_count, 3);
	assert_null(back.refusals[0].name.at);
	why.next_count = why.refusals_count = 3;
	check_same();
}

static void
every_list_that_is_too_long_is_refused(void **state)
{
	size_t length;

	(void)state;
	for (int which = 0; which < 4; which++) {
		record_init(&record_why, &why);
		why.has_chosen = true;
		random_candidate(&why.chosen, 4);
		why.chosen.parts_count = why.chosen.rules_count = 0;
		assert_int_equal(
		    explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
		for (uint32_t i = 0; i < 12 && which < 2; i++) {
			record_init(&record_rule_result, &why.chosen.rules[i]);
			why.chosen.rules[i].rule = word(which == 0 ? 32 : 31);
			why.chosen.rules[i].verdict = verdict_pass;
			why.chosen.rules_count = 12;
		}
		if (which < 2) { /* 12 names of 32 and 11 commas: 395, and that fits */
			assert_int_equal(
			    explanation_pack(&why, bytes, sizeof bytes, &length),
			    STATUS_OK);
			assert_int_equal(unpack(length), STATUS_OK);
			continue;
		}
		for (uint32_t i = 0; i < 12 && which == 2; i++) {
			record_init(&record_score_part, &why.chosen.parts[i]);
			why.chosen.parts[i].part = word(32);
			why.chosen.parts[i].value = -0.000123456;
			why.chosen.parts[i].points = -999.123;
			why.chosen.parts_count = 12;
		}
		for (uint32_t i = 0; i < 16 && which == 3; i++) {
			record_init(&record_rule_count, &why.refusals_by_rule[i]);
			why.refusals_by_rule[i].rule = word(20);
			why.refusals_by_rule[i].count = 10000;
			why.refusals_by_rule_count = 16;
		}
		assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length),
		    STATUS_TOO_LARGE);
	}
}

static void
a_buffer_that_is_too_small_is_refused(void **state)
{
	size_t length, least = 0;

	(void)state;
	do
		random_why(8);
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
		random_why(8);
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

int
main(void)
{
#define TEST(name) cmocka_unit_test(name)
	const struct CMUnitTest tests[] = {
		TEST(what_is_packed_comes_back),
		TEST(the_first_three_of_more_are_kept),
		TEST(every_list_that_is_too_long_is_refused),
		TEST(a_buffer_that_is_too_small_is_refused),
		TEST(other_bytes_are_damaged_not_believed),
	};

	return cmocka_run_group_tests(tests, start, end);
}
