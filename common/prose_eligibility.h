/* SPDX-License-Identifier: Apache-2.0
 * Who may come, from prose, in English, Ukrainian and Russian: rules where they are certain.
 *
 * A wrong rule excludes a family that would have been helped, so that a rule is taken only
 * from a description that as a whole can mean nothing else:
 * - Every sentence of it is made of words of prose_eligibility.def.  One that is not ("may",
 *   "priority", "or disabled", "and their families", "except", anything unknown) could widen
 *   what another says, and no rule is taken at all.
 * - One range of ages is said, once or again in the same way, and no group that reaches
 *   beyond it: "seniors" with 62 and over, not with 18 and over.
 * - Kinds of households, of displacement or of difficulty are of one sort, since "refugees
 *   and single mothers" are two groups; and stand without ages, since "refugees, children
 *   under 5" may be two groups as well.
 * "All ages", "none" beside anything else takes all rules away.
 * Ages are completed years: "under 18" is at most 17, "over 18" at least 18 (some mean so),
 * "up to 3" at most 3.
 *
 * What is no rule is a question: sentence by sentence, but for those that open the service
 * to all. */
#ifndef COMMON_PROSE_ELIGIBILITY_H
#define COMMON_PROSE_ELIGIBILITY_H

#include "proto/message.h"

/* A candidate has room for so many questions. */
#define PROSE_QUESTIONS_MAX 8

/* Texts point into the prose. */
struct prose_eligibility {
	double minimum_age, maximum_age; /* years, NaN not said */
	struct text age_evidence;        /* absent: no rule of age */
	enum code_set set;               /* of `codes` */
	uint32_t codes;                  /* bits (1 << code), 0: no rule of kinds */
	struct text codes_evidence;
	struct text questions[PROSE_QUESTIONS_MAX];
	uint32_t questions_count; /* those beyond the limit are left out */
	bool is_open_to_all;
};

/* Reads a description of eligibility.  False: it holds no sentence. */
bool prose_eligibility_read(struct text prose, struct prose_eligibility *eligibility);

/* The words of the table, for tests.  NULL: there are no more. */
const char *prose_eligibility_word_at(uint32_t index);

#endif
