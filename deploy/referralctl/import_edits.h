/* SPDX-License-Identifier: Apache-2.0
 * Edits by hand that a file supersedes: its publisher says something else now than when they
 * were made (common/json_edits.h). */
#ifndef REFERRALCTL_IMPORT_EDITS_H
#define REFERRALCTL_IMPORT_EDITS_H

#include <jansson.h>

#include "deploy/referralctl/import_in_use.h"

/* Reads what was edited, by service; *edits is the caller's.  Waits.  OK, UNAVAILABLE,
 * INTERNAL, NO_MEMORY; with anything but OK *edits is NULL. */
enum status import_edits_read(
    const struct import_target *target, json_t **edits) MUST_CHECK;
/* Notes each edited field of a service that is added or changed whose edit does not stand on
 * what the file says.  `edits` may be NULL. */
void import_edits_note(const json_t *edits, const struct import_service *service,
    const struct import_where *where, struct import_report *report);

#endif
