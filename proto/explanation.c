/* SPDX-License-Identifier: Apache-2.0
 * Packs and unpacks explanations. */
#include "proto/explanation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_BYTES 601
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

/* A list under construction: items separated by commas. */
struct list {
	char text[LIST_BYTES];
	uint32_t used;
	bool is_cut;
};

static void
list_byte(struct list *list, char byte)
{
	if (list->used == LIST_BYTES - 1)
		list->is_cut = true;
	else
		list->text[list->used++] = byte;
}

static void
list_digits(struct list *list, uint32_t number)
{
	char digits[10];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		list_byte(list, digits[--count]);
}

static void
list_text_of(struct list *list, const char *text)
{
	for (; *text != '\0'; text++)
		list_byte(list, *text);
}

/* As %.6g writes it, which took a quarter of a match: nearly all are whole thousandths. */
static void
list_number(struct list *list, double number)
{
	double whole = round(fabs(number) * 1000);
	uint32_t rest, unit = 100;
	char text[32];

	if (!(whole < 1e6) || copysign(whole / 1000, number) != number) {
		(void)snprintf(text, sizeof text, "%.6g", number);
		list_text_of(list, text);
		return;
	}
	if (signbit(number))
		list_byte(list, '-');
	list_digits(list, (uint32_t)whole / 1000);
	rest = (uint32_t)whole % 1000;
	if (rest > 0)
		list_byte(list, '.');
	for (; rest > 0; rest %= unit, unit /= 10)
		list_byte(list, (char)('0' + rest / unit));
}

/* Begins an item with a name: as its number in codes.def, since words would be half of it all.
 * One that is not there cannot be kept. */
static void
list_add_name(struct list *list, enum code_set set, struct text name)
{
	unsigned number = code_value(set, name);

	if (number == 0 || number > code_count(set))
		list->is_cut = true;
	if (list->used > 0)
		list_byte(list, ',');
	list_digits(list, number);
}

static struct text
list_text(const struct list *list)
{
	return list->used > 0 ? (struct text){ list->text, list->used } : TEXT_ABSENT;
}

struct lists {
	struct list pass, unknown, points, counts;
};

/* Metres are enough, and a third of the bytes. */
static double
thousandths(double value)
{
	return round(value * 1000) / 1000;
}

static void
pack_candidate(
    const struct candidate *in, struct kept_candidate *out, struct lists *lists)
{
	out->score = in->score;
	out->km = thousandths(in->distance_km);
	for (uint32_t i = 0; i < in->rules_count; i++) {
		const struct rule_result *rule = &in->rules[i];
		struct list *list =
		    rule->verdict == verdict_pass ? &lists->pass : &lists->unknown;

		list_add_name(list, CODE_SET_eligibility, rule->rule);
	}
	for (uint32_t i = 0; i < in->parts_count; i++) {
		const struct score_part *part = &in->parts[i];

		list_add_name(&lists->points, CODE_SET_merit, part->part);
		list_byte(&lists->points, '=');
		if (!isnan(part->value))
			list_number(&lists->points, part->value);
		list_byte(&lists->points, ':');
		list_number(&lists->points, part->points);
	}
	out->pass = list_text(&lists->pass);
	out->unknown = list_text(&lists->unknown);
	out->points = list_text(&lists->points);
}

enum status
explanation_pack(const struct why *why, void *buffer, size_t size, size_t *length)
{
	struct defects defects = { .count = 0 };
	struct kept_why kept;
	struct lists lists;

	record_init(&record_kept_why, &kept);
	memset(&lists, 0, sizeof lists);
	kept.has_chosen = why->has_chosen;
	if (why->has_chosen) {
		record_init(&record_kept_candidate, &kept.chosen);
		pack_candidate(&why->chosen, &kept.chosen, &lists);
	}
	for (uint32_t i = 0; i < why->next_count && i < COUNT(kept.next); i++) {
		record_init(&record_kept_candidate, &kept.next[i]);
		kept.next[i].service = why->next[i].service;
		kept.next[i].score = why->next[i].score;
		kept.next_count++;
	}
	for (uint32_t i = 0; i < why->refusals_count && i < COUNT(kept.refusals); i++) {
		struct kept_refusal *refusal = &kept.refusals[kept.refusals_count++];

		record_init(&record_kept_refusal, refusal);
		refusal->service = why->refusals[i].service;
		refusal->rule =
		    (uint8_t)code_value(CODE_SET_eligibility, why->refusals[i].rule);
	}
	for (uint32_t i = 0; i < why->refusals_by_rule_count; i++) {
		list_add_name(
		    &lists.counts, CODE_SET_eligibility, why->refusals_by_rule[i].rule);
		list_byte(&lists.counts, '=');
		list_digits(&lists.counts, why->refusals_by_rule[i].count);
	}
	kept.counts = list_text(&lists.counts);
	kept.considered = why->considered_count;
	kept.directory = why->directory_version;
	kept.seed = why->seed;
	/* What the table does not allow would be damaged when it is read. */
	record_check(&record_kept_why, &kept, &defects);
	if (defects.count > 0 || lists.pass.is_cut || lists.unknown.is_cut ||
	    lists.points.is_cut || lists.counts.is_cut)
		return STATUS_TOO_LARGE;
	return record_pack(&record_kept_why, &kept, MASK_ALL, buffer, size, length);
}

/* ---- unpacking ---- */

/* The next item of a list; absent at its end. */
static struct text
next_item(struct text *rest)
{
	struct text item = *rest;
	const char *comma;

	if (rest->length == 0)
		return TEXT_ABSENT;
	comma = memchr(rest->at, ',', rest->length);
	if (comma == NULL) {
		*rest = TEXT_ABSENT;
		return item;
	}
	item.length = (uint32_t)(comma - item.at);
	*rest = (struct text){ comma + 1, rest->length - item.length - 1 };
	return item;
}

/* Cuts "name=rest" in two; false where there is no such sign. */
static bool
cut(struct text *text, char sign, struct text *rest)
{
	const char *at = text->at ? memchr(text->at, sign, text->length) : NULL;

	if (at == NULL)
		return false;
	*rest = (struct text){ at + 1, text->length - (uint32_t)(at + 1 - text->at) };
	text->length = (uint32_t)(at - text->at);
	return true;
}

static double
number_of(struct text text)
{
	char digits[40];

	return text.length > 0 && text_copy(text, digits, sizeof digits)
	           ? strtod(digits, NULL)
	           : NAN;
}

/* What is no count becomes one that no record allows. */
static uint32_t
count_of(struct text text)
{
	double number = number_of(text);

	return number >= 0 && number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* The word; the number itself where a newer writer knew more. */
static struct text
name_of(enum code_set set, struct text number)
{
	const char *word = code_word(set, count_of(number));

	return word != NULL ? text_of(word) : number;
}

static void
unpack_rules(struct candidate *out, struct text list, enum verdict verdict)
{
	struct text name;

	while ((name = next_item(&list)).at != NULL && out->rules_count < 12) {
		struct rule_result *rule = &out->rules[out->rules_count++];

		record_init(&record_rule_result, rule);
		rule->rule = name_of(CODE_SET_eligibility, name);
		rule->verdict = (uint8_t)verdict;
	}
}

static void
unpack_candidate(const struct kept_candidate *in, struct text service, struct text agency,
    struct candidate *out)
{
	struct text list = in->points, item, value, points;

	record_init(&record_candidate, out);
	out->service = in->service.at != NULL ? in->service : service;
	out->agency = agency;
	out->score = in->score;
	out->distance_km = in->km;
	unpack_rules(out, in->pass, verdict_pass);
	unpack_rules(out, in->unknown, verdict_unknown);
	while ((item = next_item(&list)).at != NULL && out->parts_count < 12) {
		struct score_part *part = &out->parts[out->parts_count];

		if (!cut(&item, '=', &value) || !cut(&value, ':', &points))
			continue;
		record_init(&record_score_part, part);
		part->part = name_of(CODE_SET_merit, item);
		part->value = number_of(value);
		part->points = number_of(points);
		out->parts_count++;
	}
}

enum status
explanation_unpack(struct decoder *decoder, const void *bytes, size_t length,
    struct text service, struct text agency, struct why *why)
{
	struct defects defects = { .count = 0 };
	struct text list, item, count;
	struct kept_why kept;

	record_init(&record_why, why);
	if (record_unpack(decoder, &record_kept_why, &kept, bytes, length, &defects) !=
	    STATUS_OK)
		return STATUS_DAMAGED;
	why->has_chosen = kept.has_chosen;
	if (kept.has_chosen)
		unpack_candidate(&kept.chosen, service, agency, &why->chosen);
	for (uint32_t i = 0; i < kept.next_count; i++)
		unpack_candidate(&kept.next[i], TEXT_ABSENT, TEXT_ABSENT,
		    &why->next[why->next_count++]);
	for (uint32_t i = 0; i < kept.refusals_count; i++) {
		struct refusal *refusal = &why->refusals[why->refusals_count++];

		record_init(&record_refusal, refusal);
		refusal->service = kept.refusals[i].service;
		refusal->rule =
		    text_of(code_word(CODE_SET_eligibility, kept.refusals[i].rule));
	}
	list = kept.counts;
	while ((item = next_item(&list)).at != NULL && why->refusals_by_rule_count < 16) {
		struct rule_count *rule =
		    &why->refusals_by_rule[why->refusals_by_rule_count];

		if (!cut(&item, '=', &count))
			continue;
		rule->rule = name_of(CODE_SET_eligibility, item);
		rule->count = count_of(count);
		why->refusals_by_rule_count++;
	}
	why->considered_count = kept.considered;
	why->directory_version = kept.directory;
	why->seed = kept.seed;
	record_check(&record_why, why, &defects);
	return defects.count == 0 ? STATUS_OK : STATUS_DAMAGED;
}
