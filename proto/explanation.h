/* SPDX-License-Identifier: Apache-2.0
 * Explanations, packed for storage with every referral and unpacked for readers. */
#ifndef PROTO_EXPLANATION_H
#define PROTO_EXPLANATION_H

#include "proto/dense.h"
#include "proto/message.h"

/* Largest packed explanation that is stored. */
#define EXPLANATION_MAX_BYTES 1024
#define EXPLANATION_NEXT_MOST 2
#define EXPLANATION_REFUSALS_MOST 1

/* Packs a legal `why`: the chosen candidate with its verdicts and points, the next two with
 * their scores, the first refusal, all counts.  Questions and names are left out: they follow
 * from the rules and the directory.  In this order, as dense.h puts them:
 *   byte 2; byte: 1 where one was chosen, 2 for each next one, 8 for each refusal, 16 where
 *   the chosen one's `via` stands at the end, 32 where the policy's version does, after it, 64
 *   where the age of the chosen one's report does, after both
 *   the chosen one: score, km; masks of the rules that passed, of the unknown ones, of the parts
 *   (bit 0: the first code of eligibility or merit); each part's value and points; a part that
 *   is unknown and gives nothing is left out and comes back in its place
 *   each next one: service, score; each refusal: service, number of the rule
 *   mask of the rules that refused, how many each; considered; directory; seed
 * TOO_LARGE: also for what codes.def has no number for, or not in its order. */
enum status explanation_pack(
    const struct why *why, void *buffer, size_t size, size_t *length) MUST_CHECK;

/* What an unpacked explanation's texts point into. */
struct explanation_texts {
	char next[EXPLANATION_NEXT_MOST][DENSE_TEXT_BYTES];
	char refusals[EXPLANATION_REFUSALS_MOST][DENSE_TEXT_BYTES];
	char directory[DENSE_TEXT_BYTES], via[DENSE_TEXT_BYTES];
};

/* The reverse.  `service` and `agency` are of the chosen candidate: the referral itself holds
 * them.  DAMAGED: not a packed explanation. */
enum status explanation_unpack(const void *bytes, size_t length, struct text service,
    struct text agency, struct explanation_texts *texts, struct why *why) MUST_CHECK;

#endif
