/* SPDX-License-Identifier: Apache-2.0
 * Packs and unpacks explanations. */
#include "proto/explanation.h"

#include <math.h>

#define VERSION 2 /* 1 was a record packed as others are */
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

/* ---- packing ---- */

/* A bit for a name, by its number in codes.def; in the order of the codes, since that is how they
 * come back. */
static void
mask_add(struct dense_sink *sink, uint32_t *mask, enum code_set set, struct text name)
{
	unsigned number = code_value(set, name);
	uint32_t bit = number > 0 && number <= 32 ? 1u << (number - 1) : 0;

	if (bit <= *mask)
		sink->is_refused = true;
	*mask |= bit;
}

/* Metres are enough. */
static double
thousandths(double value)
{
	return round(value * 1000) / 1000;
}

static bool
is_silent(const struct score_part *part)
{
	return isnan(part->value) && part->points == 0;
}

static void
put_chosen(struct dense_sink *sink, const struct candidate *in)
{
	uint32_t pass = 0, unknown = 0, parts = 0;

	dense_put_figure(sink, in->score);
	dense_put_figure(sink, thousandths(in->distance_km));
	for (uint32_t i = 0; i < in->rules_count; i++)
		mask_add(sink, in->rules[i].verdict == verdict_pass ? &pass : &unknown,
		    CODE_SET_eligibility, in->rules[i].rule);
	for (uint32_t i = 0; i < in->parts_count; i++)
		if (!is_silent(&in->parts[i]))
			mask_add(sink, &parts, CODE_SET_merit, in->parts[i].part);
	dense_put_number(sink, pass);
	dense_put_number(sink, unknown);
	dense_put_number(sink, parts);
	for (uint32_t i = 0; i < in->parts_count; i++) {
		if (is_silent(&in->parts[i]))
			continue;
		dense_put_figure(sink, in->parts[i].value);
		dense_put_figure(sink, in->parts[i].points);
	}
}

static void
put_refusals(struct dense_sink *sink, const struct why *why, uint32_t refusals_count)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < refusals_count; i++) {
		const struct refusal *refusal = &why->refusals[i];
		unsigned rule = code_value(CODE_SET_eligibility, refusal->rule);

		if (rule == 0)
			sink->is_refused = true;
		dense_put_text(sink, refusal->service);
		dense_put_number(sink, rule);
	}
	for (uint32_t i = 0; i < why->refusals_by_rule_count; i++)
		mask_add(
		    sink, &mask, CODE_SET_eligibility, why->refusals_by_rule[i].rule);
	dense_put_number(sink, mask);
	for (uint32_t i = 0; i < why->refusals_by_rule_count; i++)
		dense_put_number(sink, why->refusals_by_rule[i].count);
}

static uint32_t
at_most(uint32_t count, uint32_t most)
{
	return count < most ? count : most;
}

enum status
explanation_pack(const struct why *why, void *buffer, size_t size, size_t *length)
{
	struct dense_sink sink = { buffer, size, false };
	uint32_t next = at_most(why->next_count, EXPLANATION_NEXT_MOST);
	uint32_t refusals = at_most(why->refusals_count, EXPLANATION_REFUSALS_MOST);
	bool has_via = why->has_chosen && why->chosen.via.length > 0;
	bool has_policy = why->policy != UINT_ABSENT;
	bool has_report = why->has_chosen && why->report_hours != UINT_ABSENT;

	dense_put_byte(&sink, VERSION);
	dense_put_byte(&sink, why->has_chosen | next << 1 | refusals << 3 |
	                          (has_via ? 1U << 4 : 0) | (has_policy ? 1U << 5 : 0) |
	                          (has_report ? 1U << 6 : 0));
	if (why->has_chosen)
		put_chosen(&sink, &why->chosen);
	for (uint32_t i = 0; i < next; i++) {
		dense_put_text(&sink, why->next[i].service);
		dense_put_figure(&sink, why->next[i].score);
	}
	put_refusals(&sink, why, refusals);
	dense_put_optional(&sink, why->considered_count);
	dense_put_text(&sink, why->directory_version);
	dense_put_optional(&sink, why->seed);
	if (has_via)
		dense_put_text(&sink, why->chosen.via);
	if (has_policy)
		dense_put_number(&sink, why->policy);
	if (has_report)
		dense_put_number(&sink, why->report_hours);
	*length = size - sink.left;
	return sink.is_refused ? STATUS_TOO_LARGE : STATUS_OK;
}

/* ---- unpacking ---- */

/* The name of a mask's bit; absent where a newer writer knew more. */
static struct text
mask_name(uint32_t mask, unsigned bit, enum code_set set)
{
	const char *word = mask >> bit & 1 ? code_word(set, bit + 1) : NULL;

	return word != NULL ? text_of(word) : TEXT_ABSENT;
}

static void
get_rules(struct candidate *out, uint32_t mask, enum verdict verdict)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		struct text name = mask_name(mask, bit, CODE_SET_eligibility);
		struct rule_result *rule = &out->rules[out->rules_count];

		if (name.at == NULL || out->rules_count == COUNT(out->rules))
			continue;
		record_init(&record_rule_result, rule);
		rule->rule = name;
		rule->verdict = (uint8_t)verdict;
		out->rules_count++;
	}
}

static void
get_parts(struct dense_source *source, struct candidate *out, uint32_t mask)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		struct score_part *part = &out->parts[out->parts_count];
		const char *word = code_word(CODE_SET_merit, bit + 1);
		double value = NAN, points = 0;

		if (mask >> bit & 1) {
			value = dense_get_figure(source);
			points = dense_get_figure(source);
		}
		if (word == NULL || out->parts_count == COUNT(out->parts))
			continue;
		record_init(&record_score_part, part);
		part->part = text_of(word);
		part->value = value;
		part->points = points;
		out->parts_count++;
	}
}

static void
get_chosen(struct dense_source *source, struct candidate *out)
{
	uint32_t pass, unknown, parts;

	out->score = dense_get_figure(source);
	out->distance_km = dense_get_figure(source);
	pass = dense_get_number(source);
	unknown = dense_get_number(source);
	parts = dense_get_number(source);
	get_rules(out, pass, verdict_pass);
	get_rules(out, unknown, verdict_unknown);
	get_parts(source, out, parts);
}

static void
get_next(struct dense_source *source, uint32_t count, struct explanation_texts *texts,
    struct why *why)
{
	for (; why->next_count < count; why->next_count++) {
		struct candidate *next = &why->next[why->next_count];

		record_init(&record_candidate, next);
		next->service = dense_get_text(source, texts->next[why->next_count]);
		next->score = dense_get_figure(source);
	}
}

static void
get_refusals(struct dense_source *source, uint32_t count, struct explanation_texts *texts,
    struct why *why)
{
	uint32_t mask;

	for (; why->refusals_count < count; why->refusals_count++) {
		struct refusal *refusal = &why->refusals[why->refusals_count];

		record_init(&record_refusal, refusal);
		refusal->service =
		    dense_get_text(source, texts->refusals[why->refusals_count]);
		refusal->rule =
		    text_of(code_word(CODE_SET_eligibility, dense_get_number(source)));
	}
	mask = dense_get_number(source);
	for (unsigned bit = 0; bit < 32; bit++) {
		struct text name = mask_name(mask, bit, CODE_SET_eligibility);
		struct rule_count *rule =
		    &why->refusals_by_rule[why->refusals_by_rule_count];
		uint32_t refused = mask >> bit & 1 ? dense_get_number(source) : 0;

		if (name.at == NULL ||
		    why->refusals_by_rule_count == COUNT(why->refusals_by_rule))
			continue;
		rule->rule = name;
		rule->count = refused;
		why->refusals_by_rule_count++;
	}
}

enum status
explanation_unpack(const void *bytes, size_t length, struct text service,
    struct text agency, struct explanation_texts *texts, struct why *why)
{
	struct dense_source source = { bytes, length, false };
	struct defects defects = { .count = 0 };
	uint32_t shape, next, refusals;

	record_init(&record_why, why);
	if (dense_get_byte(&source) != VERSION)
		return STATUS_DAMAGED;
	shape = dense_get_byte(&source);
	why->has_chosen = shape & 1;
	next = shape >> 1 & 3;
	refusals = shape >> 3 & 1;
	if (shape >> 7 != 0 || next > EXPLANATION_NEXT_MOST ||
	    refusals > EXPLANATION_REFUSALS_MOST ||
	    ((shape & (1U << 4 | 1U << 6)) != 0 && !why->has_chosen))
		return STATUS_DAMAGED;
	if (why->has_chosen) {
		why->chosen.service = service;
		why->chosen.agency = agency;
		get_chosen(&source, &why->chosen);
	}
	get_next(&source, next, texts, why);
	get_refusals(&source, refusals, texts, why);
	why->considered_count = dense_get_optional(&source);
	why->directory_version = dense_get_text(&source, texts->directory);
	why->seed = dense_get_optional(&source);
	if (shape >> 4 & 1)
		why->chosen.via = dense_get_text(&source, texts->via);
	if (shape >> 5 & 1)
		why->policy = dense_get_number(&source);
	if (shape >> 6 & 1)
		why->report_hours = dense_get_number(&source);
	record_check(&record_why, why, &defects);
	return defects.count > 0 || source.is_damaged || source.left > 0 ? STATUS_DAMAGED
	                                                                 : STATUS_OK;
}
