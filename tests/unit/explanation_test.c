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
static struct explanation_texts texts;
static uint8_t bytes[EXPLANATION_MAX_BYTES];
static uint64_t seed = 20261122;
static char names[400][64];
static unsigned named;

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

/* Half of them as most directories have them. */
static struct text
id(void)
{
	struct text text = word(36);
	char *at = names[(named - 1) % 400];

	if (below(2))
		return (struct text){ text.at, 1 + below(36) };
	for (unsigned i = 0; i < 36; i++)
		at[i] = i == 8 || i == 13 || i == 18 || i == 23
		            ? '-'
		            : "0123456789abcdef"[below(16)];
	return text;
}

static struct text
code_of(enum code_set set)
{
	return text_of(code_word(set, 1 + below(code_count(set))));
}

/* Codes of a set in their order, some left out; how many. */
static uint32_t
codes_of(enum code_set set, uint32_t most, struct text *out)
{
	uint32_t count = 0;

	for (unsigned code = 1; code <= code_count(set) && count < most; code++)
		if (below(3) > 0)
			out[count++] = text_of(code_word(set, code));
	return count;
}

static double
figure(double scale)
{
	return (below(1999999) - 999999.0) / 1e6 * scale;
}

static void
random_candidate(struct candidate *out)
{
	struct text codes[16];

	record_init(&record_candidate, out);
	out->service = id();
	out->agency = word(1 + below(32));
	out->score = figure(10000);
	out->distance_km = below(4) ? fabs(figure(20000)) : (double)NAN;
	if (below(3) == 0)
		out->via = word(1 + below(63));
	out->rules_count = codes_of(CODE_SET_eligibility, 16, codes);
	for (uint32_t i = 0; i < out->rules_count; i++) {
		record_init(&record_rule_result, &out->rules[i]);
		out->rules[i].rule = codes[i];
		out->rules[i].verdict = below(2) ? verdict_pass : verdict_unknown;
	}
	out->parts_count = codes_of(CODE_SET_merit, 12, codes);
	for (uint32_t i = 0; i < out->parts_count; i++) {
		record_init(&record_score_part, &out->parts[i]);
		out->parts[i].part = codes[i];
		out->parts[i].value = below(3) ? figure(1000000) : (double)NAN;
		out->parts[i].points =
		    isnan(out->parts[i].value) && below(2) ? 0 : figure(1000);
	}
}

static void
random_why(void)
{
	struct text rules[16];

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
		why.refusals[i].service = id();
		why.refusals[i].rule = code_of(CODE_SET_eligibility);
	}
	why.refusals_by_rule_count = codes_of(CODE_SET_eligibility, 16, rules);
	for (uint32_t i = 0; i < why.refusals_by_rule_count; i++) {
		record_init(&record_rule_count, &why.refusals_by_rule[i]);
		why.refusals_by_rule[i].rule = rules[i];
		why.refusals_by_rule[i].count = below(100000001);
	}
	why.considered_count = below(2) ? below(100000001) : UINT_ABSENT;
	why.directory_version = below(2) ? id() : TEXT_ABSENT;
	if (why.has_chosen && below(2))
		why.report_hours = below(168);
	why.seed = below(2) ? below(UINT32_MAX - 10) : UINT_ABSENT;
	why.policy = below(2) ? below(UINT32_MAX - 10) : UINT_ABSENT;
}

static bool
is_same(double one, double other)
{
	return (isnan(one) && isnan(other)) || memcmp(&one, &other, sizeof one) == 0;
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

/* Each comes back, and those that were left out as what is unknown and gives nothing. */
static void
check_parts(const struct candidate *one, const struct candidate *other)
{
	uint32_t at = 0;

	assert_int_equal(other->parts_count, merit_end - 1);
	for (uint32_t i = 0; i < other->parts_count; i++) {
		bool is_there = at < one->parts_count &&
		                text_equal(one->parts[at].part, other->parts[i].part);

		assert_int_equal(code_value(CODE_SET_merit, other->parts[i].part), i + 1);
		assert_true(is_same(other->parts[i].value,
		    is_there ? one->parts[at].value : (double)NAN));
		assert_true(is_same(
		    other->parts[i].points, is_there ? one->parts[at].points : 0));
		at += is_there;
	}
	assert_int_equal(at, one->parts_count);
}

static void
check_chosen(const struct candidate *one, const struct candidate *other)
{
	assert_true(text_equal(one->service, other->service));
	assert_true(text_equal(one->agency, other->agency));
	assert_true(is_same(one->score, other->score));
	assert_true((isnan(one->distance_km) && isnan(other->distance_km)) ||
	            fabs(one->distance_km - other->distance_km) < 0.00051);
	check_rules(one, other);
	assert_true(text_equal(one->via, other->via));
	check_parts(one, other);
}

static void
check_same(void)
{
	assert_int_equal(back.has_chosen, why.has_chosen);
	assert_int_equal(back.report_hours, why.report_hours);
	if (why.has_chosen)
		check_chosen(&why.chosen, &back.chosen);
	assert_int_equal(back.next_count, why.next_count);
	for (uint32_t i = 0; i < why.next_count; i++) {
		assert_true(text_equal(back.next[i].service, why.next[i].service));
		assert_true(is_same(back.next[i].score, why.next[i].score));
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
	assert_int_equal(back.policy, why.policy);
}

static enum status
unpack(size_t length)
{
	return explanation_unpack(
	    bytes, length, why.chosen.service, why.chosen.agency, &texts, &back);
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

static struct rule_count
refused(unsigned rule, uint32_t count)
{
	return (
	    struct rule_count){ text_of(code_word(CODE_SET_eligibility, rule)), count };
}

static void
usual_chosen(struct candidate *out)
{
	static const double PARTS[][2] = { { 1.198, 28.3 }, { 3, 13.11 }, { 0, 0 },
		{ 2, -8 }, { 1, 10 }, { 0, 0 }, { 0, 10 }, { 0, 0 }, { 72, 5 },
		{ 2, 4.99 }, { 35, -35 } };

	record_init(&record_candidate, out);
	out->service = LITERAL("a15306d7-92b5-57fa-bb95-3057ad460459");
	out->score = 58.41;
	out->distance_km = 1.1982345;
	for (unsigned rule = 0; rule < code_count(CODE_SET_eligibility); rule++) {
		struct rule_result *line = &out->rules[out->rules_count++];

		record_init(&record_rule_result, line);
		line->rule = text_of(code_word(CODE_SET_eligibility, rule + 1));
		line->verdict = rule != 6 && rule != 7 ? verdict_pass : verdict_unknown;
	}
	for (unsigned part = 0; part < sizeof PARTS / sizeof *PARTS; part++) {
		struct score_part *line = &out->parts[out->parts_count++];

		record_init(&record_score_part, line);
		line->part = text_of(code_word(CODE_SET_merit, part + 1));
		line->value = PARTS[part][0];
		line->points = PARTS[part][1];
	}
}

static void
usual_why(void)
{
	record_init(&record_why, &why);
	why.has_chosen = true;
	usual_chosen(&why.chosen);
	why.next_count = 2;
	record_init(&record_candidate, &why.next[0]);
	record_init(&record_candidate, &why.next[1]);
	why.next[0].service = LITERAL("780a5339-5fa6-5331-a790-cb3913ab3b92");
	why.next[0].score = 43.97;
	why.next[1].service = LITERAL("982c955d-4d44-52d3-8b17-684fb0500478");
	why.next[1].score = 30.54;
	why.refusals_count = 1;
	record_init(&record_refusal, &why.refusals[0]);
	why.refusals[0].service = LITERAL("92236413-1971-546f-ae8c-89eb2bbe62ae");
	why.refusals[0].rule = LITERAL("area");
	why.refusals_by_rule_count = 2;
	why.refusals_by_rule[0] = refused(9, 3);
	why.refusals_by_rule[1] = refused(11, 3);
	why.considered_count = 10;
	why.directory_version = LITERAL("demo=01a20360-71a4-7694-af8e-77523dcbf809");
	why.seed = 1914928028;
}

static void
a_name_without_a_number_or_out_of_order_is_refused(void **state)
{
	struct text *const NAMES[] = { &why.chosen.rules[0].rule,
		&why.chosen.parts[0].part, &why.refusals[0].rule,
		&why.refusals_by_rule[0].rule, &why.chosen.rules[11].rule,
		&why.chosen.parts[8].part, &why.refusals_by_rule[1].rule };
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		usual_why();
		*NAMES[i] = i < 4 ? LITERAL("nosuch")
		                  : *NAMES[i == 4   ? 0
		                           : i == 5 ? 1
		                                    : 3];
		assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length),
		    STATUS_TOO_LARGE);
	}
}

/* What lies in Redis must be read by every later version. */
static void
a_usual_one_is_these_bytes(void **state)
{
	static const char BYTES[] = "02"
	                            "0d"       /* chosen, two next ones, a refusal */
	                            "8eed02"   /* 58.41 */
	                            "f84a"     /* 1.198 */
	                            "bf3ec001" /* all but rules 7 and 8; those */
	                            "ff0f"     /* eleven parts */
	                            "f84adc11" /* 1.198: 28.3 */
	                            "1afe51"   /* 3: 13.11 */
	                            "0202"     /* 0: 0 */
	                            "1243"     /* 2: -8 */
	                            "0a52"     /* 1: 10 */
	                            "0202"     /* 0: 0 */
	                            "0252"     /* 0: 10 */
	                            "0202"     /* 0: 0 */
	                            "c2042a"   /* 72: 5 */
	                            "129e1f"   /* 2: 4.99 */
	                            "9a029b02" /* 35: -35 */
	                            "1100780a53395fa65331a790cb3913ab3b92"
	                            "ee9202" /* 43.97 */
	                            "1100982c955d4d4452d38b17684fb0500478"
	                            "f6be01" /* 30.54 */
	                            "110092236413"
	                            "1971546fae8c89eb2bbe62ae"
	                            "0b"       /* rule 11 */
	                            "800a0303" /* rules 9 and 11, three each */
	                            "0b"       /* of ten */
	                            "1664656d6f3d0001a2036071a47694af8e77523dcbf809"
	                            "9df78d9107"; /* the seed */
	char hex[2 * EXPLANATION_MAX_BYTES + 1] = "";
	size_t length;

	(void)state;
	usual_why();
	assert_int_equal(explanation_pack(&why, bytes, sizeof bytes, &length), STATUS_OK);
	for (size_t i = 0; i < length; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	assert_string_equal(hex, BYTES);
	assert_int_equal(unpack(length), STATUS_OK);
	check_same();
}

/* A newer writer may know more codes than this reader. */
static void
what_has_no_name_here_is_passed_over(void **state)
{
	static const uint8_t NEWER[] = { 2, 1, 0, 0,       /* chosen, 0 points */
		0x81, 0x80, 0x80, 0x80, 0x08, 0x00,        /* rules 1 and 32 passed */
		0x81, 0x80, 0x80, 0x80, 0x08, 2, 2, 18, 2, /* parts 1 and 32 */
		0x82, 0x80, 0x80, 0x80, 0x08, 7, 9,        /* rules 2 and 32 refused */
		0, 0, 0 };
	const struct text service = LITERAL("s"), agency = LITERAL("a");

	(void)state;
	memcpy(bytes, NEWER, sizeof NEWER);
	bytes[2] = 2; /* a score of 0 */
	assert_int_equal(
	    explanation_unpack(bytes, sizeof NEWER, service, agency, &texts, &back),
	    STATUS_OK);
	assert_int_equal(back.chosen.rules_count, 1);
	assert_int_equal(back.chosen.parts_count, merit_end - 1);
	assert_int_equal(back.refusals_by_rule_count, 1);
	assert_int_equal(back.refusals_by_rule[0].count, 7);
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
	bytes[length] = 0;
	assert_int_equal(unpack(length + 1), STATUS_DAMAGED);
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
	    explanation_unpack(bytes, length, LITERAL("s"), LITERAL("a"), &texts, &back),
	    STATUS_OK);
	assert_memory_equal(&back.chosen.parts[0].value, &value, sizeof value);
	assert_memory_equal(&back.chosen.parts[0].points, &part->points, sizeof value);
}

static void
a_figure_comes_back_to_the_bit(void **state)
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
		TEST(a_name_without_a_number_or_out_of_order_is_refused),
		TEST(a_usual_one_is_these_bytes),
		TEST(what_has_no_name_here_is_passed_over),
		TEST(a_buffer_that_is_too_small_is_refused),
		TEST(other_bytes_are_damaged_not_believed),
		TEST(a_figure_comes_back_to_the_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
