/* SPDX-License-Identifier: Apache-2.0
 * Which services have all the words of a question, however they are spelt, and what that is
 * worth.  Pure. */
#ifndef MATCHER_SEEK_H
#define MATCHER_SEEK_H

#include "services/matcher/index_private.h"
#include "services/matcher/spell.h"

/* Bytes of the longest question (messages.def), and the words it may have. */
#define SEEK_QUESTION_MAX 300
#define SEEK_WORDS_MAX (SEEK_QUESTION_MAX / 2)

/* One word of a question. */
struct sought_word {
	struct text text, letters, sounds, stem; /* stem: its sounds */
	bool is_last;                            /* it may be typed still */
	uint32_t
	    services; /* that have it or what begins with it, at most; some counted twice */
	uint8_t worth[SEARCH_FIELDS]; /* as a whole word */
};

/* Folding adds no bytes; a word needs this much more where it is folded. */
#define SEEK_ROOM (SEEK_QUESTION_MAX + 8)

/* A question, read once. */
struct seek {
	struct sought_word words[SEEK_WORDS_MAX];
	uint32_t count;        /* 0: nothing is asked; every service is met */
	char texts[SEEK_ROOM]; /* folded */
	uint8_t letters[SEEK_ROOM], sounds[SEEK_ROOM], stems[SEEK_ROOM];
};

void seek_read(struct seek *seek, struct text question);

/* Tallies the services that have every word: numbers->tallies.blocks then holds so many blocks
 * with such services, whose worth is not 0.
 *
 *   tier 0   the word, what begins with it, or what differs in the ending alone
 *   tier 1   what sounds like it, begins with such sounds, or has its stem with the other vowel
 *            (spell.h)
 *   tier 2   with errors: what differs by one replaced, missing, needless or exchanged letter
 *            in words of 4 letters or more, by two such sounds in those of 8 or more (not both
 *            at its beginning, see order.h), if `errors_most` allows so many
 *
 * A service is of the tier of its worst word, and the better tier is worth more whatever the
 * rest; then count the field, how well each word fits, and how rare it is. */
uint32_t seek_run(
    struct index *index, struct seek *seek, bool is_cleared, unsigned errors_most);

#endif
