/* SPDX-License-Identifier: Apache-2.0
 * One need against the whole directory: which service, and why.  Pure: no clock, no Redis. */
#ifndef MATCHER_MATCH_H
#define MATCHER_MATCH_H

#include "common/places.h"
#include "common/policy.h"
#include "services/matcher/answers.h"
#include "services/matcher/index.h"
#include "services/matcher/loads.h"

/* Candidates that are offered to the reservation, best first: the first with a free place
 * gets the need. */
#define MATCH_CANDIDATES_MAX 8

/* The way from a service to the nearest one that has another need of the family; to one of the
 * same agency there is none. */
struct apart {
	bool is_known;
	double km;
};

/* What is asked. */
struct match_question {
	const struct intake
	    *intake; /* routing facts: place, household, preferences, consent, urgency */
	const struct places *places;   /* what lies in what; NULL: only codes say it */
	const struct policy *policy;   /* NULL: the standard */
	const struct loads *loads;     /* NULL: nothing is known of them */
	const struct answers *answers; /* the same */
	unsigned need;                 /* position in intake->needs */
	const struct text *tried;      /* services that had this need already */
	size_t tried_count;
	const struct indexed *const
	    *beside; /* services that have other needs of the family, or are about to */
	size_t beside_count;
	const struct indexed
	    *sibling; /* the one that a sibling waits for with the same need:
	                                * unless a rule refuses it there is no other; NULL: none */
	uint32_t
	    siblings; /* bit (1 << position): needs that must go to the same service, and
	                    * where they are is not known */
	int64_t now_ms; /* wall clock of the decision */
	uint32_t seed;  /* orders equals; recorded, so that a decision can be replayed */
	bool
	    may_be_cleared_only; /* whether services for cleared roles may be named to the asker;
	                              * the matcher itself always may */
};

struct match_candidate {
	const struct indexed *service;
	double score;
	double distance_km; /* NaN unknown */
	unsigned levels;    /* of its term above the need's */
	unsigned unknowns;  /* rules that are unknown */
	double dearer;      /* part scarcity */
	struct apart apart; /* part together */
};

/* As many as an explanation names, nearest first, then by id. */
#define MATCH_REFUSED_MAX 8
/* At least as many as there are rules. */
#define MATCH_RULES_MAX 16

struct match_refused {
	const struct indexed *service;
	unsigned rule; /* the first that failed: enum rule */
	double distance_km;
};

/* What came of it.  Services are looked at in the order of what each may be worth at most, by
 * what it makes known and its way, until none that is left could be among the best: the counts
 * tell of those, and so do the refusals.  With fewer than MATCH_CANDIDATES_MAX candidates every
 * service that its area, its radius, its languages and its ages let come into question was looked
 * at, and with fewer than MATCH_REFUSED_MAX refusals too simply every one.  Which others were
 * depends on how the index grew; the candidates never do.  reason is 0 when there is a candidate, else why there is none:
 * no_consent, no_service, not_eligible or all_tried. */
struct match_result {
	enum reason reason;
	uint32_t count;
	struct match_candidate candidates[MATCH_CANDIDATES_MAX];
	uint32_t considered_count; /* looked at */
	uint32_t refused_count;
	bool may_be_cleared_only; /* as it was asked */
	uint32_t first_refused_count;
	struct match_refused first_refused[MATCH_REFUSED_MAX];
	uint32_t refused_by[MATCH_RULES_MAX]; /* enum rule, the first that failed */
};

/* Finds the best candidates.  Exactly what a scan of every service by the same rules and
 * score would give (the oracle in the tests is the definition). */
void match(const struct index *index, const struct match_question *question,
    struct match_result *result);

/* The need is matched for the first time: its candidates are wanted by one family more (price.h),
 * in equal shares those of which least is unknown. */
void match_note(struct index *index, const struct match_result *result, int64_t now_ms);

/* `question` is that of the result, or one for a reader who may see less.
 * Writes the explanation of candidate `chosen` (or of none, with chosen = UINT32_MAX):
 * its rules and parts, the `next_most` next ones, the first refusals and how many
 * each rule refused.  `with_names` adds service names (for people; stored explanations leave them out).
 * Texts point into the index. */
void match_explain(const struct index *index, const struct match_question *question,
    const struct match_result *result, uint32_t chosen, uint32_t next_most,
    bool with_names, struct why *why);

#endif
