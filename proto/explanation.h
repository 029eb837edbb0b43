/* SPDX-License-Identifier: Apache-2.0
 * Explanations, packed for storage with every referral and unpacked for readers. */
#ifndef PROTO_EXPLANATION_H
#define PROTO_EXPLANATION_H

#include "proto/message.h"

/* Largest packed explanation that is stored. */
#define EXPLANATION_MAX_BYTES 2048

/* Packs `why` as a record kept_why: the chosen candidate with its verdicts and points, the
 * next two with their scores, the first refusal, all counts.  Questions and names are left
 * out: they follow from the rules and the directory.  TOO_LARGE: also for what codes.def has no
 * number for. */
enum status explanation_pack(
    const struct why *why, void *buffer, size_t size, size_t *length) MUST_CHECK;

/* The reverse; texts point into `bytes`.  `service` and `agency` are of the chosen
 * candidate: the referral itself holds them.  DAMAGED: not a packed explanation. */
enum status explanation_unpack(struct decoder *decoder, const void *bytes, size_t length,
    struct text service, struct text agency, struct why *why) MUST_CHECK;

#endif
