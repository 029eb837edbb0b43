/* SPDX-License-Identifier: Apache-2.0
 * Maps whose rows are of several kinds: an agency, a site, a program, what connects two of
 * them.  Each gives parts that are joined by id (import_parts.h). */
#ifndef REFERRALCTL_IMPORT_MAP_PARTS_H
#define REFERRALCTL_IMPORT_MAP_PARTS_H

#include "deploy/referralctl/import_map.h"
#include "deploy/referralctl/import_parts.h"

bool import_map_has_parts(const struct import_map *map);
/* Says to the parts which kinds all stand in the file. */
void import_map_expect_parts(const struct import_map *map, struct import_parts *parts);
/* Adds what a row gives.  *reason: IMPORT_FINE, or why the row is refused.
 * OK; UNAVAILABLE; NO_MEMORY. */
enum status import_map_add_parts(const struct import_map *map, const json_t *row,
    struct import_check *check, struct import_parts *parts,
    enum import_reason *reason) MUST_CHECK;

#endif
