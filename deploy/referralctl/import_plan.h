/* SPDX-License-Identifier: Apache-2.0
 * What an import would change: the services of the file against those in use.  Pure. */
#ifndef REFERRALCTL_IMPORT_PLAN_H
#define REFERRALCTL_IMPORT_PLAN_H

#include "common/id.h"
#include "deploy/referralctl/import_report.h"

/* A service of the file. */
struct import_item {
	char id[ID_UUID_BYTES + 1];
	char digest[ID_DIGEST_BYTES + 1]; /* of the document */
	bool is_new;                      /* added or changed */
	struct text document;             /* owned by the plan */
	double available, maximum;        /* capacity, NaN unknown */
	int64_t capacity_at;              /* TIME_ABSENT unknown */
	uint64_t row, line;
};

/* Zeroed is empty. */
struct import_plan {
	struct import_item *items; /* sorted by id once it is settled */
	size_t count, size;
};

/* A service that is in use: what its document was. */
struct import_known {
	char id[ID_UUID_BYTES +
	        1]; /* empty where what Redis holds is no UUID: matches nothing */
	char digest[ID_DIGEST_BYTES + 1];
};

/* Adds a service, whose document is copied.  NULL: out of memory. */
struct import_item *import_plan_add(struct import_plan *plan,
    const char id[ID_UUID_BYTES + 1], struct text document,
    const struct import_where *where);
void import_plan_free(struct import_plan *plan);

/* Brings the services in order and each id to one: of rows that say the same one is kept
 * (noted as repeated); of rows that differ the first of the file is kept and the others are
 * quarantined (duplicate_id), since nothing tells which is right. */
void import_plan_settle(struct import_plan *plan, struct import_report *report);

/* Counts added, changed, unchanged and removed.  Sorts `known`.
 * True: something differs.  The plan must be settled. */
bool import_plan_compare(struct import_plan *plan, struct import_known *known,
    size_t known_count, struct import_report *report);

/* Whether the result may be put into use.  `most_removed_percent` of those in use may
 * vanish; a file that ends within a row may remove nothing; a file without a good row is
 * refused even where nothing is in use. */
enum import_guard import_plan_guard(const struct import_plan *plan, size_t known_count,
    double most_removed_percent, const struct import_report *report);

#endif
