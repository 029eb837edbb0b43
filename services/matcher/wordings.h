/* SPDX-License-Identifier: Apache-2.0
 * What a service is looked for by besides its own texts.  Pure. */
#ifndef MATCHER_WORDINGS_H
#define MATCHER_WORDINGS_H

#include "common/facts.h"
#include "common/places.h"
#include "common/taxonomies.h"

/* Of one service, its own translations included; what is beyond them is left out. */
#define WORDINGS_MAX 512

/* Adds the labels and synonyms of its terms and of those above them, in every language, and the
 * names of the places that it serves and of those that they lie in: their own, Ukrainian, Russian
 * and English ones.  Either may be NULL.  They live as long as both, and until the next call. */
void wordings_widen(const struct taxonomies *taxonomies, const struct places *places,
    struct service_facts *facts);

#endif
