/* SPDX-License-Identifier: Apache-2.0
 * The best candidates of one need. */
#include "services/matcher/match.h"

#include <assert.h>
#include <math.h>

#include "services/matcher/match_private.h"
#include "services/matcher/walk.h"

static_assert(RULES <= MATCH_RULES_MAX, "each rule has its count");

#define BIT(rule) (1U << RULE_##rule)

/* ---- one service ---- */

bool
may_name(const struct match_question *question, const struct traits *traits)
{
	return question->may_be_cleared_only ||
	       traits->confidentiality != CONFIDENTIALITY_cleared;
}

static void
judged_locate(struct judged *judged, const struct wanted *wanted)
{
	judged->distance_km = wanted_distance_km(wanted, judged->traits);
}

void
judged_score(
    const struct judged *judged, const struct wanted *wanted, struct score *score)
{
	const struct scored scored = {
		.traits = judged->traits,
		.distance_km = judged->distance_km,
		.levels = judged->levels,
		.unknowns = judged->said.unknowns,
		.dearer = judged->dearer,
		.apart = judged->apart,
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
id_compare(const struct kept_facts *one, const struct kept_facts *other)
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

/* Most services are far away: their facts are not even looked at. */
static bool
may_be_ranked(const struct ranking *ranking, const struct judged *judged,
    const struct wanted *wanted)
{
	const struct scored scored = {
		.traits = judged->traits,
		.distance_km = wanted_least_km(wanted, judged->traits),
		.levels = judged->levels,
		.unknowns = judged->said.unknowns,
	};

	return ranking->count < MATCH_CANDIDATES_MAX ||
	       score_most(wanted, &scored) >= ranking->best[ranking->count - 1].sum;
}

static void
rank_judged(struct ranking *ranking, struct judged *judged, const struct wanted *wanted)
{
	struct score score;
	struct ranked ranked;

	if (!may_be_ranked(ranking, judged, wanted))
		return;
	judged_locate(judged, wanted);
	judged_score(judged, wanted, &score);
	ranked = (struct ranked){
		.candidate = { .service = indexed_of(judged->traits),
		    .score = score.sum / 100.0,
		    .distance_km = judged->distance_km,
		    .levels = judged->levels,
		    .unknowns = judged->said.unknowns },
		.sum = score.sum,
		.lot = draw_lot(judged->traits->more->id_hash, wanted->question->seed),
	};
	rank(ranking, &ranked);
}

/* ---- the refused ---- */

static bool
is_before(const struct match_refused *one, const struct match_refused *other)
{
	int order = distance_compare(one->distance_km, other->distance_km);

	return order != 0 ? order < 0
	                  : id_compare(indexed_facts(one->service),
	                        indexed_facts(other->service)) < 0;
}

/* Counts it, and keeps it if it is among the first; how far those are that are not is never
 * worked out. */
static void
refuse(struct match_result *result, struct judged *judged, const struct wanted *wanted)
{
	struct match_refused *first = result->first_refused, refused;
	uint32_t at = result->first_refused_count;

	result->refused_count++;
	result->refused_by[judged->said.first_failed]++;
	if (at == MATCH_REFUSED_MAX &&
	    wanted_least_km(wanted, judged->traits) > first[at - 1].distance_km)
		return;
	judged_locate(judged, wanted);
	refused = (struct match_refused){ indexed_of(judged->traits),
		judged->said.first_failed, judged->distance_km };
	if (at == MATCH_REFUSED_MAX && !is_before(&refused, &first[--at]))
		return;
	for (; at > 0 && is_before(&refused, &first[at - 1]); at--)
		first[at] = first[at - 1];
	first[at] = refused;
	if (result->first_refused_count < MATCH_REFUSED_MAX)
		result->first_refused_count++;
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

/* ---- all of them ---- */

/* Services of an agency that may be asked one by one. */
#define AGENCY_MOST 256
#define HEARD_MOST (1 + sizeof((struct consent *)0)->recipients / sizeof(struct text))

struct sitting {
	struct wanted wanted;
	struct offers offers;
	struct ranking ranking;
	struct match_result *result;
	uint32_t stopped; /* see why_nobody */
	struct text
	    heard[HEARD_MOST]; /* agencies, all of whose services were considered */
	uint32_t heard_count;
	uint64_t heard_bits;
	bool is_decided; /* nobody but those who were heard may be a candidate */
};

/* Nobody was considered yet. */
static void
forget(struct sitting *sitting, const struct match_question *question)
{
	*sitting->result =
	    (struct match_result){ .may_be_cleared_only = question->may_be_cleared_only };
	sitting->ranking.count = sitting->heard_count = 0;
	sitting->heard_bits = 0;
	sitting->stopped = 0;
	sitting->is_decided = false;
}

static void
consider(struct sitting *sitting, const struct traits *traits, unsigned levels)
{
	const struct wanted *wanted = &sitting->wanted;
	struct judged judged = { .traits = traits, .levels = levels };

	if (!may_name(wanted->question, traits))
		return;
	rules_judge(wanted, traits, ~(BIT(consent) | BIT(tried)), &judged.said);
	sitting->result->considered_count++;
	if (judged.said.failed == 0) {
		rank_judged(&sitting->ranking, &judged, wanted);
		return;
	}
	refuse(sitting->result, &judged, wanted);
	if ((judged.said.failed & (judged.said.failed - 1)) == 0)
		sitting->stopped |= judged.said.failed;
}

static bool
is_heard(const struct sitting *sitting, const struct traits *traits)
{
	if ((sitting->heard_bits >> traits->agency_bit & 1) == 0)
		return false;
	for (uint32_t i = 0; i < sitting->heard_count; i++)
		if (text_equal(sitting->heard[i], traits->more->facts->agency))
			return true;
	return false;
}

/* False: it has too many services. */
static bool
hear(struct sitting *sitting, const struct index *index, struct text id)
{
	const struct agency *agency = agency_find(index, id);
	const struct indexed *service = agency != NULL ? agency->first : NULL;

	if (service == NULL || is_heard(sitting, &service->traits))
		return true;
	if (agency->count > AGENCY_MOST)
		return false;
	sitting->heard[sitting->heard_count++] = id;
	sitting->heard_bits |= UINT64_C(1) << service->traits.agency_bit;
	for (; service != NULL; service = service->agency_next) {
		int levels = offers_levels(&sitting->offers, &service->content);

		if (levels >= 0)
			consider(sitting, &service->traits, (unsigned)levels);
	}
	return true;
}

/* Whether the one that a sibling waits for takes this need too: there is no other then. */
static bool
hear_sibling(struct sitting *sitting)
{
	const struct match_question *question = sitting->wanted.question;
	const struct indexed *service = question->sibling;
	int levels;

	if (service == NULL)
		return false;
	levels = offers_levels(&sitting->offers, &service->content);
	if (levels >= 0)
		consider(sitting, &service->traits, (unsigned)levels);
	if (sitting->ranking.count > 0)
		return true;
	forget(sitting, question);
	return false;
}

/* Those whom the family named come first: where they are, and how far, says little. */
static bool
hear_named(struct sitting *sitting, const struct index *index)
{
	const struct intake *intake = sitting->wanted.question->intake;
	bool is_whole = true;

	if (!sitting->wanted.is_consented) {
		sitting->is_decided = true;
		return true;
	}
	if (!sitting->wanted.is_any_consented) {
		for (uint32_t i = 0; i < intake->consent.recipients_count; i++)
			is_whole &= hear(sitting, index, intake->consent.recipients[i]);
		sitting->is_decided = is_whole;
	}
	return sitting->wanted.preferred_bits == 0 ||
	       hear(sitting, index, intake->preferences.agency);
}

/* Whether what is left could only make the list of refusals longer. */
static bool
is_over(const struct sitting *sitting)
{
	return sitting->is_decided &&
	       sitting->result->first_refused_count == MATCH_REFUSED_MAX &&
	       (sitting->ranking.count > 0 || !sitting->wanted.is_consented ||
	           (sitting->stopped & BIT(consent)));
}

static void
consider_others(struct sitting *sitting, bool is_preferred_heard)
{
	const struct ranking *ranking = &sitting->ranking;
	struct walk walk;
	const struct traits *traits;
	unsigned levels;

	walk_open(&walk, &sitting->wanted, is_preferred_heard, &sitting->offers);
	do {
		int32_t least = ranking->count < MATCH_CANDIDATES_MAX
		                    ? INT32_MIN
		                    : ranking->best[ranking->count - 1].sum;
		bool is_brief = sitting->result->first_refused_count == MATCH_REFUSED_MAX;

		traits = walk_next(&walk, least, is_brief, &levels);
		if (traits != NULL && !is_heard(sitting, traits))
			consider(sitting, traits, levels);
	} while (traits != NULL && !is_over(sitting));
}

void
match(const struct index *index, const struct match_question *question,
    struct match_result *result)
{
	struct sitting sitting;
	const struct ranking *ranking = &sitting.ranking;

	sitting.result = result;
	forget(&sitting, question);
	wanted_read(&sitting.wanted, question);
	offers_open(&sitting.offers, index, sitting.wanted.term);
	if (!hear_sibling(&sitting))
		consider_others(&sitting, hear_named(&sitting, index));
	for (; result->count < ranking->count; result->count++)
		result->candidates[result->count] =
		    ranking->best[result->count].candidate;
	candidates_charge(result->candidates, result->count, &sitting.wanted);
	if (result->count == 0)
		result->reason = why_nobody(&sitting.wanted, result, sitting.stopped);
}
