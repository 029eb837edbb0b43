/* SPDX-License-Identifier: Apache-2.0
 * From files, or rows that were read elsewhere, to the services they hold.  One pass, in which
 * no service is kept: each good one goes to the plan and, where it is new, to the sink. */
#ifndef REFERRALCTL_IMPORT_COLLECT_H
#define REFERRALCTL_IMPORT_COLLECT_H

#include <signal.h>

#include "common/directory.h"
#include "deploy/referralctl/import_file.h"
#include "deploy/referralctl/import_map.h"
#include "deploy/referralctl/import_plan.h"

/* Takes a service that is added or changed; its texts are valid during the call.  Anything but
 * OK ends the pass. */
typedef enum status import_sink(void *self, const struct import_service *service);

/* All of it borrowed. */
struct import_pass {
	enum directory_kind kind;
	const struct import_map *map; /* NULL: rows are HSDS, or as import_other.h says */
	const char *encoding;         /* of tables; NULL: found by looking */
	struct text source;
	struct import_plan *plan;
	struct import_report *report;
	struct places *places; /* that addresses are looked up in; NULL: none */
	const json_t *edits;   /* of import_edits_read; NULL: none */
	import_sink *sink;     /* NULL: nobody wants them */
	void *sink_self;
	bool is_older;                  /* rows are HSDS of before 3.0 */
	struct import_file *translated; /* the same rows in other languages */
	const char *const *languages;   /* of each: "ar" */
	size_t translated_count;
	const char *today;                 /* "2026-11-22" */
	const volatile sig_atomic_t *stop; /* ends the pass when it is set; may be NULL */
	bool names_files;                  /* in the report: there are several */
	bool shows_progress;               /* on standard error */
};

struct import_collect;
/* Reads where the rows of other languages are.  OK; UNSUPPORTED with *why: such a file is not
 * read; NO_MEMORY. */
enum status import_collect_new(struct import_collect **collect,
    const struct import_pass *pass, const char **why) MUST_CHECK;
void import_collect_free(struct import_collect *collect);

/* Reads every row of a JSON file, or of a table where there is a map.  Several may follow each other, such as the pages of an API;
 * they stay open until the end.
 *
 * An organization gives the services inside it; services and locations name organizations and
 * locations by id, which stand in lists before them or in a file before; rows of services at
 * locations make one service of those that name the same.
 * OK; UNSUPPORTED with *why (nothing was taken); NO_MEMORY; DRAINING: stopped; what the sink
 * said. */
enum status import_collect_file(struct import_collect *collect, struct import_file *file,
    const char **why) MUST_CHECK;
/* Takes a row that was read elsewhere: flat where there is a map, else a service, or an
 * organization with its services.  The row is spoilt, and still the caller's. */
enum status import_collect_row(struct import_collect *collect, json_t *row,
    const struct import_where *where) MUST_CHECK;
/* Takes a service of HSDS that was read elsewhere, whatever the map.  It is spoilt, and still the
 * caller's. */
enum status import_collect_service(struct import_collect *collect, json_t *service,
    const struct import_where *where) MUST_CHECK;
/* Takes what could not be taken before all was read. */
enum status import_collect_end(struct import_collect *collect) MUST_CHECK;

#endif
