/* SPDX-License-Identifier: Apache-2.0
 * A draft of a field map for a table that no map fits, guessed from its headings in English,
 * Ukrainian and Russian (import_suggest.def).  For people, who look at it before they use it. */
#ifndef REFERRALCTL_IMPORT_SUGGEST_H
#define REFERRALCTL_IMPORT_SUGGEST_H

#include "deploy/referralctl/import_table.h"

/* Reads the table to its end.  OK: *map is the caller's and loads as it is; columns that were
 * not placed are named in its "about", with an example each.  NO_MEMORY. */
enum status import_suggest_map(struct import_table *table, json_t **map) MUST_CHECK;

#endif
