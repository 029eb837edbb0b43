/* SPDX-License-Identifier: Apache-2.0
 * Field maps: which field of a flat row becomes which field of HSDS.  The language is
 * described in deploy/maps/README.md. */
#ifndef REFERRALCTL_IMPORT_MAP_H
#define REFERRALCTL_IMPORT_MAP_H

#include "common/directory.h"
#include "deploy/referralctl/import_check.h"

struct import_map;

/* Loads a map: a path (with a "/" or ending in ".json"), or a name that is looked for as
 * deploy/maps/NAME.json beside the working directory and beside this program.
 * OK; ABSENT, INVALID (what is wrong with it is in `why`), NO_MEMORY. */
enum status import_map_load(
    struct import_map **map, const char *name, char why[256]) MUST_CHECK;
/* The same from text. */
enum status import_map_read(
    struct import_map **map, struct text text, char why[256]) MUST_CHECK;
void import_map_free(struct import_map *map);
/* What its rows are. */
enum directory_kind import_map_kind(const struct import_map *map);

/* Makes a service of a row, which import_check_service then judges.  Its id is derived from
 * the source and the row's identity; without identity it has none.  Notes go to `check`.
 * A new object; NULL: out of memory. */
json_t *import_map_apply(
    const struct import_map *map, const json_t *row, struct import_check *check);

#endif
