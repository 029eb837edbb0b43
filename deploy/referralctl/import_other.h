/* SPDX-License-Identifier: Apache-2.0
 * What else is imported besides services: places, and the terms and mappings of taxonomies.
 *
 * A row, mapped or as the file has it, gives one or several documents.
 *
 * A place: "code" and "name" are needed; "names" {"en": …}, "alternates" [], "kind" (places.def),
 * "parent" (code), "latitude", "longitude", "population".  "prefix" is put before a code that
 * begins with a digit; "parent_digits": so many first characters of the code are the parent's;
 * "parent_name" makes a region of the parent, or a country where its code has two letters.
 * A term: "code" and "name"; "taxonomy" (else that of the row it stands in, else the source's
 * name), "parent" (code) or "parent_id" (another term's "id"), "labels" {"uk": …},
 * "synonyms" {"uk": […]}, "description".  "terms" [] are terms below it, a text there being a
 * name whose code is derived; a row of nothing but "terms" holds them only.
 * A mapping: "from_taxonomy", "from_code", "relation" (exact, broader, narrower, related: what
 * the second is to the first), "to_taxonomy", "to_code". */
#ifndef REFERRALCTL_IMPORT_OTHER_H
#define REFERRALCTL_IMPORT_OTHER_H

#include "common/directory.h"
#include "deploy/referralctl/import_check.h"

/* The kind of a word ("places"); DIRECTORY_KINDS: none. */
enum directory_kind import_kind_of(const char *word);

/* What a file holds by its first row, services unless it is certain.  `bytes` as in
 * import_rows_open. */
enum directory_kind import_kind_guess(struct text bytes);

/* What is remembered of the rows of one file.  Zeroed is empty. */
struct import_others {
	json_t *parents; /* code -> its parent, of terms and mappings alike */
	json_t *made;    /* codes of places that were made of "parent_name" */
};

/* The rows that a row stands for: a new list, which may be empty.  NULL: out of memory. */
json_t *import_other_rows(
    enum directory_kind kind, const json_t *row, struct import_others *others);
/* As import_check_service: spoils the row. */
enum import_reason import_check_other(enum directory_kind kind,
    struct import_check *check, json_t *row, struct import_others *others,
    char id[ID_UUID_BYTES + 1], struct import_buffer *out);
/* Notes what only all rows together tell: unknown parents, rings.  Frees. */
void import_others_end(struct import_others *others, struct import_report *report);

#endif
