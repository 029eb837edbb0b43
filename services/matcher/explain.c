/* SPDX-License-Identifier: Apache-2.0
 * Why this service and not another. */
#include <assert.h>
#include <math.h>

#include "services/matcher/match_private.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

static_assert(MATCH_CANDIDATES_MAX <= COUNT(((struct why *)0)->next),
    "all others fit in an explanation");

/* What one more walk over the offers collects. */
struct findings {
	struct judged candidates[MATCH_CANDIDATES_MAX]; /* as in the result; traits NULL:
	                                                 * may not be named */
	struct judged
	    refused[COUNT(((struct why *)0)->refusals)]; /* nearest first, then by id */
	uint32_t refused_count;
	uint32_t refused_by[RULES];
	uint32_t considered_count;
};

static bool
is_before(const struct judged *one, const struct judged *other)
{
	int order = distance_compare(one->distance_km, other->distance_km);

	return order != 0
	           ? order < 0
	           : id_compare(one->traits->more->facts, other->traits->more->facts) < 0;
}

static void
keep_refused(struct findings *findings, const struct judged *judged)
{
	uint32_t at = findings->refused_count;

	findings->refused_by[judged->first_failed]++;
	if (at == COUNT(findings->refused) &&
	    !is_before(judged, &findings->refused[--at]))
		return;
	for (; at > 0 && is_before(judged, &findings->refused[at - 1]); at--)
		findings->refused[at] = findings->refused[at - 1];
	findings->refused[at] = *judged;
	if (findings->refused_count < COUNT(findings->refused))
		findings->refused_count++;
}

static void
keep_candidate(struct findings *findings, const struct judged *judged,
    const struct match_result *result)
{
	for (uint32_t i = 0; i < result->count; i++)
		if (result->candidates[i].service == indexed_of(judged->traits))
			findings->candidates[i] = *judged;
}

static void
gather(
    struct findings *findings, struct docket *docket, const struct match_result *result)
{
	struct judged judged;

	*findings = (struct findings){ .refused_count = 0 };
	while (docket_next(docket, &judged)) {
		findings->considered_count++;
		judged_locate(&judged, &docket->wanted);
		if (judged.failed != 0)
			keep_refused(findings, &judged);
		else
			keep_candidate(findings, &judged, result);
	}
}

static void
write_rules(
    struct candidate *candidate, const struct judged *judged, const struct wanted *wanted)
{
	for (enum rule rule = 0; rule < RULES; rule++) {
		enum verdict verdict = rule_verdict(rule, wanted, judged->traits);
		struct rule_result *line = &candidate->rules[candidate->rules_count++];

		line->rule = rule_name(rule);
		line->verdict = (uint8_t)verdict;
		if (verdict == verdict_unknown)
			candidate->questions[candidate->questions_count++] =
			    rule_question(rule);
	}
}

/* Documents may say any number, messages may not. */
static double
within_message(double value)
{
	return isnan(value) ? value : fmax(-1e9, fmin(value, 1e9));
}

static void
write_parts(
    struct candidate *candidate, const struct judged *judged, const struct wanted *wanted)
{
	struct score score;

	judged_score(judged, wanted, &score);
	candidate->score = score.sum / 100.0;
	for (enum part part = 0; part < PARTS; part++) {
		struct score_part *line = &candidate->parts[candidate->parts_count++];

		line->part = part_name(part);
		line->value = within_message(score.values[part]);
		line->points = score.points[part] / 100.0;
	}
}

static void
write_candidate(struct candidate *candidate, const struct judged *judged,
    const struct wanted *wanted, bool with_names)
{
	const struct service_facts *facts = judged->traits->more->facts;

	record_init(&record_candidate, candidate);
	candidate->service = facts->id;
	candidate->agency = text_for_message(facts->agency, INDEX_ID_MAX);
	if (with_names)
		candidate->name = text_for_message(facts->name, INDEX_NAME_MAX);
	candidate->distance_km = judged->distance_km;
	write_rules(candidate, judged, wanted);
	write_parts(candidate, judged, wanted);
}

static void
write_refusals(const struct findings *findings, bool with_names, struct why *why)
{
	for (uint32_t i = 0; i < findings->refused_count; i++) {
		const struct judged *judged = &findings->refused[i];
		const struct service_facts *facts = judged->traits->more->facts;
		struct refusal *line = &why->refusals[why->refusals_count++];

		record_init(&record_refusal, line);
		line->service = facts->id;
		if (with_names)
			line->name = text_for_message(facts->name, INDEX_NAME_MAX);
		line->rule = rule_name(judged->first_failed);
	}
	for (enum rule rule = 0; rule < RULES; rule++) {
		struct rule_count *line =
		    &why->refusals_by_rule[why->refusals_by_rule_count];

		if (findings->refused_by[rule] == 0)
			continue;
		line->rule = rule_name(rule);
		line->count = findings->refused_by[rule];
		why->refusals_by_rule_count++;
	}
}

/* The chosen one, and of the others as many as are wanted, best first: one that was
 * better but could not be reserved stands there too. */
static void
write_candidates(const struct findings *findings, const struct match_result *result,
    const struct wanted *wanted, uint32_t chosen, uint32_t next_most, bool with_names,
    struct why *why)
{
	for (uint32_t i = 0; i < result->count; i++) {
		const struct judged *judged = &findings->candidates[i];

		if (judged->traits == NULL)
			continue;
		if (i == chosen) {
			why->has_chosen = true;
			write_candidate(&why->chosen, judged, wanted, with_names);
		} else if (why->next_count < next_most) {
			write_candidate(
			    &why->next[why->next_count++], judged, wanted, with_names);
		}
	}
}

void
match_explain(const struct index *index, const struct match_question *question,
    const struct match_result *result, uint32_t chosen, uint32_t next_most,
    bool with_names, struct why *why)
{
	struct docket docket;
	struct findings findings;

	record_init(&record_why, why);
	docket_open(&docket, index, question);
	gather(&findings, &docket, result);
	write_candidates(
	    &findings, result, &docket.wanted, chosen, next_most, with_names, why);
	write_refusals(&findings, with_names, why);
	why->considered_count = findings.considered_count;
	why->directory_version = index_version(index);
	why->seed = question->seed;
}
