/* SPDX-License-Identifier: Apache-2.0
 * Ids: derived where a repeat must be harmless, UUIDv7 elsewhere. */
#ifndef COMMON_ID_H
#define COMMON_ID_H

#include "proto/status.h"

/* 26 characters of Crockford base 32 (lower case), without the NUL. */
#define ID_CASE_BYTES 26
/* case id, dash, need number, dash, attempt number: "01h…-2-11". */
#define ID_ITEM_MAX 48
#define ID_UUID_BYTES 36

/* The case id of a caller's idempotency key: BLAKE2b-128 of both, with lengths, so that no
 * two pairs run together.  The same pair gives the same id for ever. */
void id_case(struct text by, struct text key, char id[ID_CASE_BYTES + 1]);

/* "<case>-<need>" and "<need>-<attempt>"; numbers from 1. */
void id_need(struct text case_id, unsigned need, char id[ID_ITEM_MAX]);
void id_referral(struct text need_id, unsigned attempt, char id[ID_ITEM_MAX]);

/* Takes an id apart: `need` and `attempt` are 0 where the id does not reach so deep.
 * False: not an id of ours (length, alphabet, numbers 1..9999 without leading zeros). */
bool id_split(struct text id, struct text *case_id, unsigned *need, unsigned *attempt);

/* A random, time-ordered UUID (RFC 9562 version 7), monotonic within a process. */
void id_uuid7(char id[ID_UUID_BYTES + 1]);
/* A name-based UUID (RFC 9562 version 5 form over BLAKE2b instead of SHA-1: version 8). */
void id_uuid_of(struct text space, struct text name, char id[ID_UUID_BYTES + 1]);

/* 128-bit content fingerprint as 32 hexadecimal digits. */
#define ID_DIGEST_BYTES 32
void id_digest(const void *bytes, size_t length, char digest[ID_DIGEST_BYTES + 1]);

#endif
