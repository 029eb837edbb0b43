/* SPDX-License-Identifier: Apache-2.0
 * Makes one service the document that is stored: valid HSDS 3.1, canonical, or quarantined.
 *
 * What a publisher's field of the wrong kind says is kept under "x_" and its name; what HSDS
 * does not know stays as it is; null is absent.  Numbers written as text become numbers, ids
 * that are no UUIDs are replaced by ones derived from them (the service's own stays as x_id),
 * missing ids of parts are derived from where they stand, required texts that are missing
 * become empty.  Nothing else is added but x_source and what import_enrich.h says. */
#ifndef REFERRALCTL_IMPORT_CHECK_H
#define REFERRALCTL_IMPORT_CHECK_H

#include <jansson.h>

#include "common/id.h"
#include "deploy/referralctl/import_report.h"
#include "deploy/referralctl/import_write.h"

/* Of one stored document: with its envelope it must fit a message (MESSAGE_MAX_BYTES). */
#define IMPORT_DOCUMENT_MAX_BYTES ((size_t)128 * 1024)
/* An organization's own list of locations that is not repeated with each service beyond. */
#define IMPORT_LOCATIONS_MAX_BYTES ((size_t)16 * 1024)

struct import_step;
struct import_enrich;

/* Set up by the caller, anew for each service; report, where and enrich are borrowed. */
struct import_check {
	struct text source;
	struct import_report *report;
	const struct import_where *where;
	struct import_enrich *enrich; /* NULL: prose is not looked at */
	uint64_t noted; /* bit of every note that this service has already */
	const struct import_step *step; /* where the walk stands; NULL: at the service */
	char field[160];                /* what was wrong */
	char why[160];
};

/* Normalises a service in place and writes its document into `out` (emptied first).
 * IMPORT_FINE: `id` is its id; else why it is quarantined, with check->field and ->why, and
 * the service is spoilt. */
enum import_reason import_check_service(struct import_check *check, json_t *service,
    char id[ID_UUID_BYTES + 1], struct import_buffer *out);

/* Notes something about the service, once, where the walk stands. */
void import_check_note(
    struct import_check *check, enum import_reason reason, const char *why);

/* The UUID that stands for an id that is none, the same everywhere in a source. */
void import_check_derive(
    struct text source, struct text original, char id[ID_UUID_BYTES + 1]);

#endif
