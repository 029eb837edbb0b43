/* SPDX-License-Identifier: Apache-2.0
 * A pass over files while it goes on.  For import_collect*.c only. */
#ifndef REFERRALCTL_IMPORT_COLLECT_PRIVATE_H
#define REFERRALCTL_IMPORT_COLLECT_PRIVATE_H

#include "deploy/referralctl/import_collect.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_join.h"
#include "deploy/referralctl/import_other.h"
#include "deploy/referralctl/import_read.h"

struct import_collect {
	struct import_pass pass;
	struct import_join *join;
	struct import_translation **translations; /* NULL behind the last */
	struct import_buffer document;
	struct import_enrich enrich;
	struct import_others others;
	enum status status; /* of the first thing that ends the pass */
	const struct import_file *file;
	bool is_container; /* the file that is read has lists of its own */
	uint64_t rows, pages, pages_of;
	bool is_page_of_many, is_cut;
	int64_t began_at, told_at; /* monotonic */
};

/* Ends the pass, unless it ended before. */
void collect_end_with(struct import_collect *collect, enum status status);
void collect_must(struct import_collect *collect, bool had_memory);
/* Counts a row that was read and is not taken. */
void collect_quarantine(struct import_collect *collect, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why);
/* Takes a service with the organization it was found in (NULL: none). */
void collect_service(struct import_collect *collect, json_t *service,
    const json_t *organization, const struct import_where *where);
/* Takes an organization with its services; `row` NULL: it does not stand in a file. */
void collect_organization(struct import_collect *collect, json_t *organization,
    const struct import_row *row, const struct import_where *where);
/* Takes a row of HSDS by its role, or by what it holds. */
void collect_hsds(struct import_collect *collect, json_t *object,
    const struct import_row *row, const struct import_where *where);
/* Takes a row of a file of JSON. */
void collect_row(struct import_collect *collect, const struct import_row *row);
/* Takes a row that does not stand in a file of JSON. */
void collect_given(
    struct import_collect *collect, json_t *row, const struct import_where *where);

#endif
