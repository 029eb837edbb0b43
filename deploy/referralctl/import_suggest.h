/* SPDX-License-Identifier: Apache-2.0
 * A draft of a field map for rows that no map fits, guessed from their headings in English,
 * Ukrainian and Russian (import_suggest.def).  For people, who look at it before they use it. */
#ifndef REFERRALCTL_IMPORT_SUGGEST_H
#define REFERRALCTL_IMPORT_SUGGEST_H

#include "deploy/referralctl/import_table.h"

/* Reads the table to its end.  OK: *map is the caller's and loads as it is; columns that were
 * not placed are named in its "about", with an example each.  NO_MEMORY. */
enum status import_suggest_map(struct import_table *table, json_t **map) MUST_CHECK;

/* The same of rows of JSON, or features of GeoJSON: members within members are columns, whose
 * headings are the names on the way to them.  Of a list of objects the first is looked into.
 * UNSUPPORTED, too: *why (a literal) says what is wrong. */
enum status import_suggest_map_of_rows(
    const char *bytes, size_t length, json_t **map, const char **why) MUST_CHECK;

/* Whether a column of this heading says what services have, and places and terms have not: a
 * telephone, opening hours, a price. */
bool import_suggest_is_of_service(const char *heading);

#endif
