/* SPDX-License-Identifier: Apache-2.0
 * Times, ages and explanations in words, for people. */
#ifndef REFERRALCTL_WORDS_H
#define REFERRALCTL_WORDS_H

#include <stdio.h>

#include "proto/message.h"

#define WORDS_BYTES 64

/* Both return the words, not always in the buffer.
 *
 * "0 s", "59 s", "3 min", "2 h 5 min", "4 d 3 h": rounded down, two units at most.  What is
 * yet to come (below zero) is "in 12 s"; "-" where absent. */
const char *words_age(int64_t ms, char words[WORDS_BYTES]);
/* Local time, "2026-11-20 08:00:05"; "-" where absent. */
const char *words_time(int64_t at_ms, char words[WORDS_BYTES]);
/* The word of a code; "-" for none. */
const char *words_code(enum code_set set, unsigned value);

/* An explanation, a few lines of `indent` blanks each. */
void words_why(const struct why *why, const char *lang, unsigned indent, FILE *out);
/* What a candidate's score is made of and which rules are unknown. */
void words_candidate(
    const struct candidate *candidate, const char *lang, unsigned indent, FILE *out);

#endif
