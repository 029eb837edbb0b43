/* SPDX-License-Identifier: Apache-2.0
 * Every key name in Redis, once for C.  functions.lua builds the same names from the same
 * cell tag; PROTOCOL.md lists them and `make check` compares the three.
 *
 * All keys of a cell begin with its hash tag, so that one transition touches one slot. */
#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

#include <stdio.h>

#include "proto/text.h"

#define KEY_MAX_BYTES 256

/*  key                          type    what
 *  {c1}:case:CASE               hash    a case with its needs and referrals
 *  {c1}:open                    zset    open cases by time of acceptance
 *  {c1}:STAGE:ready:URGENCY     zset    work items by ready-since
 *  {c1}:STAGE:leased            zset    by lease deadline
 *  {c1}:STAGE:delayed           zset    by due time
 *  {c1}:STAGE:dead              zset    by time of death
 *  {c1}:count                   hash    counters of conservation
 *  {c1}:journal                 stream  every transition
 *  {c1}:inbox:AGENCY            zset    an agency's open referrals by time of offer
 *  {c1}:gone:CASE               string  the case was archived a moment ago
 *  {c1}:place:SERVICE           hash    available, held, maximum, reported_at, asked, answers
 *  {c1}:reported                zset    services whose places are known, by reported_at
 *  {c1}:confirm:AGENCY          zset    services it is asked to confirm, by since when
 *  {c1}:confirming              zset    those to be told by webhook, by when
 *  {c1}:waiting:SERVICE         set     parked needs that would take a place here
 *  {c1}:limited:AGENCY          set     parked needs that wait for it to have fewer open
 *  {c1}:phone:DIGITS            zset    cases by keyed hash of the phone
 *  {c1}:where:DIGITS            zset    cases by keyed hash of the place code
 *  {c1}:directory               hash    source -> version in use
 *  {c1}:service:SOURCE:VERSION  hash    service id -> HSDS document
 *  {c1}:taxonomies              hash    source -> version in use
 *  {c1}:taxonomy:SOURCE:VERSION hash    id -> term or mapping
 *  {c1}:gazetteers              hash    source -> version in use
 *  {c1}:gazetteer:SOURCE:VERSION hash   code -> place
 *  {c1}:changes                 stream  directory swaps, capacity changes, edits and answers
 *  {c1}:edits                   hash    service id -> its edits (json_edits.h)
 *  {c1}:history:SERVICE         stream  what was edited of it, at most about 500 fields
 *  {c1}:channel                 hash    agency -> how it wants to be told
 *  {c1}:policy                  stream  policies of matching by version, the last in force
 *  {c1}:account                 hash    token digest -> role, person, agency  */

/* So many digits of a blind number name the set of an index that it is in. */
#define KEY_INDEX_DIGITS 3

/* Builds "{CELL}:first[:second[:third]]"; NULL second or third are left out.
 * False: too long. */
static inline bool
key_make(char key[KEY_MAX_BYTES], const char *cell, const char *first, const char *second,
    const char *third)
{
	int length = snprintf(key, KEY_MAX_BYTES, "{%s}:%s%s%s%s%s", cell, first,
	    second ? ":" : "", second ? second : "", third ? ":" : "",
	    third ? third : "");

	return length > 0 && length < KEY_MAX_BYTES;
}

#endif
