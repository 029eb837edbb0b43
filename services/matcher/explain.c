/* SPDX-License-Identifier: Apache-2.0
 * Why this service and not another. */
#include <assert.h>
#include <math.h>

#include "common/merit.h"
#include "services/matcher/mapped.h"
#include "services/matcher/match_private.h"

/* Bytes of a question (messages.def). */
#define QUESTION_MAX 200
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

static_assert(MATCH_CANDIDATES_MAX <= COUNT(((struct why *)0)->next),
    "all others fit in an explanation");

static_assert(MATCH_REFUSED_MAX == COUNT(((struct why *)0)->refusals),
    "the first refusals fill their place");

static void
write_rules(
    struct candidate *candidate, const struct judged *judged, const struct wanted *wanted)
{
	const struct kept_facts *facts = judged->traits->more->facts;

	for (enum rule rule = 0; rule < RULES; rule++) {
		enum verdict verdict = rule_verdict(rule, wanted, judged->traits);
		struct rule_result *line = &candidate->rules[candidate->rules_count++];

		line->rule = rule_name(rule);
		line->verdict = (uint8_t)verdict;
		if (verdict == verdict_unknown)
			candidate->questions[candidate->questions_count++] =
			    rule_question(rule);
	}
	for (uint32_t i = 0; i < facts->questions->count &&
	                     candidate->questions_count < COUNT(candidate->questions);
	     i++)
		candidate->questions[candidate->questions_count++] =
		    text_for_message(facts->questions->at[i], QUESTION_MAX);
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

		record_init(&record_score_part, line);
		line->part = part_name(part);
		line->value = within_message(score.values[part]);
		line->points = score.points[part] / 100.0;
	}
}

static void
write_candidate(struct candidate *candidate, const struct match_candidate *found,
    const struct wanted *wanted, bool with_names)
{
	const struct kept_facts *facts = indexed_facts(found->service);
	struct judged judged = { .traits = &found->service->traits,
		.levels = found->levels,
		.distance_km = found->distance_km,
		.dearer = found->dearer,
		.apart = found->apart };

	rules_judge(wanted, judged.traits, 0, &judged.said);
	record_init(&record_candidate, candidate);
	candidate->service = facts->id;
	candidate->agency = text_for_message(facts->agency, INDEX_ID_MAX);
	if (with_names)
		candidate->name = text_for_message(facts->name, INDEX_NAME_MAX);
	candidate->distance_km = found->distance_km;
	write_rules(candidate, &judged, wanted);
	write_parts(candidate, &judged, wanted);
}

static void
write_refusals(const struct match_result *result, bool with_names, struct why *why)
{
	for (uint32_t i = 0; i < result->first_refused_count; i++) {
		const struct match_refused *refused = &result->first_refused[i];
		const struct kept_facts *facts = indexed_facts(refused->service);
		struct refusal *line = &why->refusals[why->refusals_count++];

		record_init(&record_refusal, line);
		line->service = facts->id;
		if (with_names)
			line->name = text_for_message(facts->name, INDEX_NAME_MAX);
		line->rule = rule_name((enum rule)refused->rule);
	}
	for (enum rule rule = 0; rule < RULES; rule++) {
		struct rule_count *line =
		    &why->refusals_by_rule[why->refusals_by_rule_count];

		if (result->refused_by[rule] == 0)
			continue;
		line->rule = rule_name(rule);
		line->count = result->refused_by[rule];
		why->refusals_by_rule_count++;
	}
}

/* The chosen one, and of the others as many as are wanted, best first: one that was
 * better but could not be reserved stands there too. */
static void
write_candidates(const struct match_result *result, const struct wanted *wanted,
    uint32_t chosen, uint32_t next_most, bool with_names, struct why *why)
{
	for (uint32_t i = 0; i < result->count; i++) {
		const struct match_candidate *found = &result->candidates[i];

		if (!may_name(wanted->question, &found->service->traits))
			continue;
		if (i == chosen) {
			why->has_chosen = true;
			write_candidate(&why->chosen, found, wanted, with_names);
		} else if (why->next_count < next_most) {
			write_candidate(
			    &why->next[why->next_count++], found, wanted, with_names);
		}
	}
}

static void
write_report(struct why *why, const struct wanted *wanted, const struct traits *traits)
{
	double hours = score_report_hours(wanted, traits);

	if (why->chosen.parts[PART_capacity].value > 0 && hours < MERIT_STALE_HOURS)
		why->report_hours = (uint32_t)hours;
}

void
match_explain(const struct index *index, const struct match_question *question,
    const struct match_result *result, uint32_t chosen, uint32_t next_most,
    bool with_names, struct why *why)
{
	struct wanted wanted;
	struct match_result seen;

	record_init(&record_why, why);
	wanted_read(&wanted, question);
	write_candidates(result, &wanted, chosen, next_most, with_names, why);
	if (why->has_chosen) {
		write_report(why, &wanted, &result->candidates[chosen].service->traits);
		why->chosen.via = mapped_via(index,
		    indexed_facts(result->candidates[chosen].service), wanted.term);
	}
	if (question->may_be_cleared_only != result->may_be_cleared_only) {
		match(
		    index, question, &seen); /* what this reader may know of the others */
		result = &seen;
	}
	write_refusals(result, with_names, why);
	why->considered_count = result->considered_count;
	why->directory_version = index_version(index);
	why->seed = question->seed;
	if (question->policy != NULL && question->policy->version > 0)
		why->policy = question->policy->version;
}
