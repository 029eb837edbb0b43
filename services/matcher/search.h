/* SPDX-License-Identifier: Apache-2.0
 * Finding services by words, term, place, language and time.  Pure. */
#ifndef MATCHER_SEARCH_H
#define MATCHER_SEARCH_H

#include "services/matcher/index.h"

/* Answers a search from the index, best first: words in name, alternate name, agency, terms
 * and description (folded: case, і/ї/и, ґ/г, ё/е, apostrophes, soft signs; every word must
 * occur, as a whole word or its beginning), then distance, then name.  No words: by distance
 * or name.  Entries for cleared roles only where `search->cleared` is FLAG_YES: otherwise they
 * are not in the list nor in the total.  Inactive services are left out.
 * Texts point into the index. */
void search_run(
    const struct index *index, const struct search *search, struct found *found);

#endif
