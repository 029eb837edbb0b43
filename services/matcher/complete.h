/* SPDX-License-Identifier: Apache-2.0
 * What the word that is being typed may become.  Pure. */
#ifndef MATCHER_COMPLETE_H
#define MATCHER_COMPLETE_H

#include "services/matcher/index.h"

/* The words that begin as the last word of a question does, those that most services have first;
 * where there are none, those that begin so with the keyboard switched to the other language, and
 * else those that do with one error.  Words of entries for cleared roles, and what those add to a
 * count, only where `complete->cleared` is FLAG_YES.  Texts point into the index. */
void complete_run(
    struct index *index, const struct complete *complete, struct completed *completed);

#endif
