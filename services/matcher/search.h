/* SPDX-License-Identifier: Apache-2.0
 * Finding services by words, term, place, language and time.  Pure. */
#ifndef MATCHER_SEARCH_H
#define MATCHER_SEARCH_H

#include "common/places.h"
#include "services/matcher/index.h"

/* Answers a search from the index, best first: by words (seek.h says how they are found and
 * weighed), then distance, then name.  Of what its words are worth the same, the service whose name
 * is the question comes before all; where no point is asked for, those whose names begin with it
 * come next, then those of shorter names.  Where nothing is found as it is written, the question is
 * read as typed with the keyboard switched to the other language; where little is, words are
 * found with errors too.  No words: by distance or name.  What is not known of a service does
 * not pass a filter.  Entries for cleared roles only where `search->cleared` is FLAG_YES:
 * otherwise they are not in the list nor in the total, and have no say in the order.  Inactive
 * services are left out.
 * `places`: what lies in what; NULL: only codes say it.  Texts point into the index. */
void search_run(struct index *index, const struct places *places,
    const struct search *search, struct found *found);

/* Calls for every service with all the words as they are written, in no order. */
typedef void search_each_hit(void *self, const struct kept_facts *facts);
void search_each(struct index *index, const struct places *places,
    const struct search *search, search_each_hit *each, void *self);

#endif
