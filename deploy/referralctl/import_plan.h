/* SPDX-License-Identifier: Apache-2.0
 * What an import would change: the services of the file against those in use, by their ids
 * and the digests of their documents.  Pure; 48 bytes for each service. */
#ifndef REFERRALCTL_IMPORT_PLAN_H
#define REFERRALCTL_IMPORT_PLAN_H

#include "common/id.h"
#include "deploy/referralctl/import_index.h"
#include "deploy/referralctl/import_report.h"

/* A service of the file. */
struct import_service {
	struct text id;
	struct text document;
	double available, maximum; /* capacity, NaN unknown */
	int64_t capacity_at;       /* TIME_ABSENT unknown */
};

/* Zeroed is empty. */
struct import_plan {
	struct import_index services; /* of the file, and in use */
	struct import_index names;    /* ids that are no UUIDs, by the same keys */
	size_t count;                 /* of the file, each once */
	size_t known;                 /* in use */
};

/* Notes a service that is in use: before any is taken.  False: out of memory. */
bool import_plan_know(
    struct import_plan *plan, struct text id, const uint8_t digest[16]) MUST_CHECK;

enum import_verdict {
	IMPORT_NEW,    /* added or changed: to be stored */
	IMPORT_KEPT,   /* stands as it is */
	IMPORT_PASSED, /* not the first of its id: reported, not taken */
	IMPORT_NO_MEMORY,
};
/* Takes a service of the file and counts it as added, changed or unchanged.  Of rows with
 * the same id the first is taken: others that say the same are noted (repeated), and such as
 * say something else are quarantined (duplicate_id), since nothing tells which is right. */
enum import_verdict import_plan_take(struct import_plan *plan,
    const struct import_service *service, const struct import_where *where,
    struct import_report *report);

/* Counts those in use that the file does not hold, as removed.  True: something differs.
 * When all were taken. */
bool import_plan_end(const struct import_plan *plan, struct import_report *report);

/* The next of the file that stands as it is, from *at (0 at first); absent: there is none.
 * `uuid` is where most of them are written. */
struct text import_plan_next_kept(
    const struct import_plan *plan, size_t *at, char uuid[ID_UUID_BYTES + 1]);
void import_plan_free(struct import_plan *plan);

/* Whether the result may be put into use.  `most_removed_percent` of those in use may
 * vanish; a file that ends within a row may remove nothing; a file without a good row is
 * refused even where nothing is in use. */
enum import_guard import_plan_guard(const struct import_plan *plan,
    double most_removed_percent, const struct import_report *report);

#endif
