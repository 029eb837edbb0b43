/* SPDX-License-Identifier: Apache-2.0
 * Between the files of the vocabulary. */
#ifndef MATCHER_VOCABULARY_PRIVATE_H
#define MATCHER_VOCABULARY_PRIVATE_H

#include "services/matcher/index_private.h"

#define NO_WORD UINT32_MAX

/* Makes room for so many elements, and some more.  False: out of memory. */
bool vocabulary_grow(
    void **memory, uint32_t *room, uint32_t wanted, size_t size) MUST_CHECK;
/* Makes room for one more word.  False: out of memory. */
bool vocabulary_reserve_word(struct vocabulary *vocabulary) MUST_CHECK;
/* Adds a word that is not there, at most SPELL_WORD_MAX bytes; its number. */
uint32_t vocabulary_add_word(
    struct vocabulary *vocabulary, struct text text, struct text written);
/* Takes out the words that nobody has; without memory they stay until the next time. */
void vocabulary_sweep(struct vocabulary *vocabulary);

#endif
