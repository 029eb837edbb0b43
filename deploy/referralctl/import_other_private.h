/* SPDX-License-Identifier: Apache-2.0
 * Rows of places and of taxonomies.  For import_other.c, import_place.c and import_term.c only. */
#ifndef REFERRALCTL_IMPORT_OTHER_PRIVATE_H
#define REFERRALCTL_IMPORT_OTHER_PRIVATE_H

#include "deploy/referralctl/import_other.h"

/* Separates what together is one name. */
#define UNIT_SEPARATOR "\x1f"
/* Room for what tells a document from all others of its source. */
#define OTHER_KEY_BYTES 600

enum import_reason other_refuse(struct import_check *check, enum import_reason reason,
    const char *field, const char *why);
/* A text or whole number as trimmed text; empty where there is none.  False: too long. */
bool other_word(const json_t *row, const char *name, char *word, size_t size);
/* Nothing where the word is empty. */
void other_put(json_t *object, const char *name, const char *word);
/* {"uk": "…"}, {"uk": ["…"]}, ["…"] or a text, as far as it is such. */
void other_put_names(json_t *made, const json_t *row, const char *name);

/* Each fills in `made`, and `key` with what tells it from all others of its source. */
enum import_reason other_make_place(struct import_check *check, const json_t *row,
    json_t *made, char key[OTHER_KEY_BYTES]);
enum import_reason other_make_term(struct import_check *check, const json_t *row,
    json_t *made, char key[OTHER_KEY_BYTES]);
enum import_reason other_make_mapping(struct import_check *check, const json_t *row,
    json_t *made, char key[OTHER_KEY_BYTES]);
/* Adds the place that a row names as its parent, once in a file. */
void other_add_region(json_t *rows, const json_t *row, struct import_others *others);

#endif
