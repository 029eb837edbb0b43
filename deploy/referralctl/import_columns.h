/* SPDX-License-Identifier: Apache-2.0
 * Columns of tables and the names that field maps know them by. */
#ifndef REFERRALCTL_IMPORT_COLUMNS_H
#define REFERRALCTL_IMPORT_COLUMNS_H

#include "deploy/referralctl/import_map.h"
#include "deploy/referralctl/import_table.h"

/* Whether "columns" and "nothing" of a map are what README.md of the maps says. */
bool import_columns_check(const json_t *root, char why[256]);

/* Renames the columns of a table to what the map calls them: names are the same without
 * regard to case, spaces, marks and punctuation.  True: every required column is there. */
bool import_columns_fit(const struct import_map *map, struct import_table *table);

/* Notes each column that the map does not look at, once it was found to fit. */
void import_columns_note_left_out(const struct import_map *map,
    const struct import_table *table, struct import_report *report);

/* The map of deploy/maps whose required columns a table has, or where that is NULL, which are
 * among these members of JSON rows, by their very names; one that requires more is nearer than
 * one that requires less.  OK: *map is the caller's and `name` what it is called; ABSENT: none
 * fits, or several equally; NO_MEMORY. */
enum status import_map_guess(const struct import_table *table, const json_t *members,
    struct import_map **map, char name[64]) MUST_CHECK;

#endif
