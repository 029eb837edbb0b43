/* SPDX-License-Identifier: Apache-2.0
 * Where the other needs of a family are, for the question about one of them. */
#ifndef MATCHER_TOGETHER_H
#define MATCHER_TOGETHER_H

#include "services/matcher/match.h"

/* A family's other needs. */
#define TOGETHER_MAX 15

struct together {
	const struct indexed *services[TOGETHER_MAX];
};

/* Sets `beside`, `sibling` and `siblings` of a question by what `work` says of open offers
 * ("number service", numbers from 1); `together` must outlive it. */
void together_read(const struct index *index, const struct text *beside,
    size_t beside_count, struct match_question *question, struct together *together);

/* The same where nothing was offered yet: as if the family's first need went to the best service
 * for it.  `first` is the question about that; it may be `question` but for its need and seed. */
void together_foresee(const struct index *index, const struct match_question *first,
    struct match_question *question, struct together *together);

#endif
