/* SPDX-License-Identifier: Apache-2.0
 * From the bytes of a file to the services it holds. */
#ifndef REFERRALCTL_IMPORT_COLLECT_H
#define REFERRALCTL_IMPORT_COLLECT_H

#include "deploy/referralctl/import_map.h"
#include "deploy/referralctl/import_plan.h"

/* Reads every row, through `map` where it is not NULL (else the file is HSDS, or what
 * import_other.h says), puts good services into the plan (settled) and all else into the
 * report.
 *
 * An organization gives the services inside it; services and locations name organizations and
 * locations by id where the file holds them in lists of their own; rows of services at
 * locations make one service of those that name the same.
 * OK; UNSUPPORTED with *why; NO_MEMORY. */
enum status import_collect(struct text bytes, enum directory_kind kind,
    const struct import_map *map, struct text source, bool shows_progress,
    struct import_plan *plan, struct import_report *report, const char **why) MUST_CHECK;

#endif
