/* SPDX-License-Identifier: Apache-2.0
 * The best candidates of one need. */
#include "services/matcher/match.h"

#include <math.h>

#include "services/matcher/match_private.h"

#define BIT(rule) (1U << RULE_##rule)

/* ---- one service ---- */

void
docket_open(struct docket *docket, const struct index *index,
    const struct match_question *question)
{
	wanted_read(&docket->wanted, question);
	offers_open(&docket->offers, index, docket->wanted.term);
}

static void
judge(struct judged *judged, const struct wanted *wanted)
{
	judged->unknowns = 0;
	judged->first_failed = RULES;
	judged->failed = 0;
	for (enum rule rule = 0; rule < RULES; rule++) {
		enum verdict verdict = rule_verdict(rule, wanted, judged->traits);

		judged->unknowns += verdict == verdict_unknown;
		if (verdict != verdict_fail)
			continue;
		if (judged->failed == 0)
			judged->first_failed = rule;
		judged->failed |= 1U << rule;
		if (judged->failed & ~(BIT(consent) | BIT(tried)))
			return;
	}
}

/* Whether the asker may know that there is such a service. */
static bool
may_name(const struct match_question *question, const struct traits *traits)
{
	return question->may_be_cleared_only ||
	       traits->confidentiality != CONFIDENTIALITY_cleared;
}

bool
docket_next(struct docket *docket, struct judged *judged)
{
	do {
		judged->traits = offers_next(&docket->offers, &judged->levels);
		if (judged->traits == NULL)
			return false;
	} while (!may_name(docket->wanted.question, judged->traits));
	judge(judged, &docket->wanted);
	return true;
}

void
judged_locate(struct judged *judged, const struct wanted *wanted)
{
	judged->distance_km = wanted_distance_km(wanted, judged->traits->more->facts);
}

void
judged_score(
    const struct judged *judged, const struct wanted *wanted, struct score *score)
{
	const struct scored scored = {
		.traits = judged->traits,
		.distance_km = judged->distance_km,
		.levels = judged->levels,
		.unknowns = judged->unknowns,
	};

	score_make(score, wanted, &scored);
}

/* ---- the best ---- */

struct ranked {
	struct match_candidate candidate;
	int32_t sum;
	uint64_t lot; /* drawn among equals */
};

/* Kept best first. */
struct ranking {
	uint32_t count;
	struct ranked best[MATCH_CANDIDATES_MAX];
};

/* The same for a service and a seed for ever: the finish of splitmix64. */
static uint64_t
draw_lot(uint64_t id_hash, uint32_t seed)
{
	uint64_t lot = id_hash + (seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);

	lot = (lot ^ lot >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	lot = (lot ^ lot >> 27) * UINT64_C(0x94d049bb133111eb);
	return lot ^ lot >> 31;
}

int
distance_compare(double one, double other)
{
	if (isnan(one) || isnan(other))
		return isnan(one) - isnan(other);
	return (one > other) - (one < other);
}

int
id_compare(const struct service_facts *one, const struct service_facts *other)
{
	struct text a = one->id, b = other->id;
	int order = memcmp(a.at, b.at, a.length < b.length ? a.length : b.length);

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static bool
is_better(const struct ranked *one, const struct ranked *other)
{
	int order;

	if (one->sum != other->sum)
		return one->sum > other->sum;
	order =
	    distance_compare(one->candidate.distance_km, other->candidate.distance_km);
	if (order != 0)
		return order < 0;
	if (one->lot != other->lot)
		return one->lot < other->lot;
	return id_compare(indexed_facts(one->candidate.service),
	           indexed_facts(other->candidate.service)) < 0;
}

/* Drops the last one where there is no room. */
static void
rank(struct ranking *ranking, const struct ranked *ranked)
{
	uint32_t at = ranking->count;

	if (at == MATCH_CANDIDATES_MAX && !is_better(ranked, &ranking->best[--at]))
		return;
	for (; at > 0 && is_better(ranked, &ranking->best[at - 1]); at--)
		ranking->best[at] = ranking->best[at - 1];
	ranking->best[at] = *ranked;
	if (ranking->count < MATCH_CANDIDATES_MAX)
		ranking->count++;
}

static void
rank_judged(struct ranking *ranking, struct judged *judged, const struct wanted *wanted)
{
	struct score score;
	struct ranked ranked;

	judged_locate(judged, wanted);
	judged_score(judged, wanted, &score);
	ranked = (struct ranked){
		.candidate = { .service = indexed_of(judged->traits),
		    .score = score.sum / 100.0,
		    .distance_km = judged->distance_km },
		.sum = score.sum,
		.lot = draw_lot(judged->traits->more->id_hash, wanted->question->seed),
	};
	rank(ranking, &ranked);
}

/* `stopped` has the failures of every service that one rule alone refused.  Who may be
 * helped by asking the family comes before who is not. */
static enum reason
why_nobody(
    const struct wanted *wanted, const struct match_result *result, uint32_t stopped)
{
	if (!wanted->is_consented)
		return reason_no_consent;
	if (result->considered_count == 0)
		return reason_no_service;
	if (stopped & BIT(tried))
		return reason_all_tried;
	return stopped & BIT(consent) ? reason_no_consent : reason_not_eligible;
}

void
match(const struct index *index, const struct match_question *question,
    struct match_result *result)
{
	struct docket docket;
	struct judged judged;
	struct ranking ranking;
	uint32_t stopped = 0;

	*result = (struct match_result){ .count = 0 };
	ranking.count = 0;
	docket_open(&docket, index, question);
	while (docket_next(&docket, &judged)) {
		result->considered_count++;
		if (judged.failed == 0) {
			rank_judged(&ranking, &judged, &docket.wanted);
			continue;
		}
		result->refused_count++;
		if ((judged.failed & (judged.failed - 1)) == 0)
			stopped |= judged.failed;
	}
	for (; result->count < ranking.count; result->count++)
		result->candidates[result->count] = ranking.best[result->count].candidate;
	if (result->count == 0)
		result->reason = why_nobody(&docket.wanted, result, stopped);
}
