/* SPDX-License-Identifier: Apache-2.0
 * Parts of services that come in any order and name each other by id, joined on disk: memory
 * stays small however many there are.
 *
 * A part is one entity of HSDS (import_hsds.def).  Its REF members say what it belongs to: a
 * part that names an entity with a LIST of its kind goes into that list, a ONE member takes
 * the part that is named beside it (organization_id gives organization).  Attributes and
 * metadata name their owner with link_id and link_entity (resource_id, resource_type). */
#ifndef REFERRALCTL_IMPORT_PARTS_H
#define REFERRALCTL_IMPORT_PARTS_H

#include <jansson.h>

#include "deploy/referralctl/import_hsds.h"
#include "deploy/referralctl/import_report.h"

struct import_parts;

/* The report is borrowed, and of its file the name.  Keeps everything in a database without a name, in the folder for temporary files.
 * OK; UNAVAILABLE: there is no room there; NO_MEMORY. */
enum status import_parts_open(
    struct import_parts **parts, struct import_report *report) MUST_CHECK;
void import_parts_close(struct import_parts *parts);

/* Says that all parts of a kind that are named should be there. */
void import_parts_expect(struct import_parts *parts, const struct hsds_entity *entity);
/* Adds a part of report->file, whose name must outlive the parts.  A weak one stands only
 * where no other part has its id, and nobody misses it.  A part without an id belongs to what it
 * names, but nothing can name it.  OK; UNAVAILABLE: no room on disk; NO_MEMORY. */
enum status import_parts_add(struct import_parts *parts, const struct hsds_entity *entity,
    const json_t *object, bool is_weak, const struct import_where *where) MUST_CHECK;

/* When all are in: quarantines parts that name what should be there and is not, and parts
 * whose id another of their file has that says something else; counts them as read.  Where
 * files share an id for different parts, the first keeps it.  A part whose owner is quarantined
 * is not quarantined for that. */
enum status import_parts_settle(struct import_parts *parts) MUST_CHECK;
/* The next service, with all that belongs to it; the caller's.  report->file becomes its
 * file; `where->id` is valid until the next call.  OK; ABSENT: there is none; UNAVAILABLE; NO_MEMORY. */
enum status import_parts_next(
    struct import_parts *parts, json_t **service, struct import_where *where) MUST_CHECK;
/* Then: notes every part that no service led to. */
enum status import_parts_end(struct import_parts *parts) MUST_CHECK;

#endif
