/* SPDX-License-Identifier: Apache-2.0
 * Conditions of rules: whether a row says yes, no, one of some words, anything or nothing. */
#ifndef REFERRALCTL_IMPORT_WHEN_H
#define REFERRALCTL_IMPORT_WHEN_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/text.h"

/* Whether a text is one of the words for yes (no) in English, Ukrainian, Russian, French or
 * Spanish, or a sign for it. */
bool when_is_yes(struct text text);
bool when_is_no(struct text text);

/* Whether "when" is what README.md of the maps says: an object of path -> "yes", "no",
 * "not no", "no or silent", "says", "silent" or a list of texts.  False: *name is the path that is wrong. */
bool when_is_good(const json_t *when, const char **name);
/* Whether all conditions hold for a row; NULL always does. */
bool when_holds(const json_t *when, const json_t *row);
/* Whether a text is one of a list of texts, without regard to case, marks and punctuation. */
bool when_is_among(struct text text, const json_t *list);

#endif
