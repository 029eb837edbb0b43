/* SPDX-License-Identifier: Apache-2.0
 * What an import met: counts, and every quarantined or noted row. */
#ifndef REFERRALCTL_IMPORT_REPORT_H
#define REFERRALCTL_IMPORT_REPORT_H

#include <stdio.h>

#include "proto/status.h"

enum import_reason {
	IMPORT_FINE,
#define REASON(name, about) IMPORT_##name,
#define NOTE(name, about) IMPORT_##name,
#include "deploy/referralctl/import_reasons.def"
	IMPORT_REASONS
};

/* The word of a reason or note: "bad_status". */
const char *import_reason_word(enum import_reason reason);
/* The note of a word; IMPORT_FINE where there is none. */
enum import_reason import_reason_find(const char *word);
/* Whether it keeps the row out. */
bool import_reason_is_quarantine(enum import_reason reason);

/* Which row, for people who look for it in the file. */
struct import_where {
	uint64_t row;   /* from 1, in the list the file holds; 0: the file as a whole */
	uint64_t line;  /* where it begins, from 1 */
	struct text id; /* as the file has it; may be absent */
};

enum import_guard {
	IMPORT_ALLOWED,
	IMPORT_MOST_REMOVED, /* more of the source would vanish than may */
	IMPORT_CUT_FILE,     /* ends within a row, and something would vanish */
	IMPORT_NOTHING_GOOD, /* no row at all, or none without a defect */
};
/* "most_removed"; NULL for IMPORT_ALLOWED. */
const char *import_guard_word(enum import_guard guard);

/* What is said in prose or names, and read from them. */
enum import_understood {
	IMPORT_UNDERSTOOD_hours,       /* texts of opening hours */
	IMPORT_UNDERSTOOD_eligibility, /* descriptions of who may come */
	IMPORT_UNDERSTOOD_places,      /* names of places */
	IMPORT_UNDERSTOODS
};

/* So many there were, and so many of them are structured data now. */
struct import_share {
	uint64_t of, understood;
};

/* Counts are filled in as they become known.
 * read = added + changed + unchanged + quarantined + repeated. */
struct import_report {
	uint64_t read, added, changed, unchanged, removed;
	uint64_t counts[IMPORT_REASONS];
	struct import_share understood[IMPORT_UNDERSTOODS];
	enum import_guard refused;
	const char
	    *file; /* borrowed; of the rows that come now; NULL: there is one only */
	/* Every row as a line of JSON, quarantined and noted; NULL: nobody wants them. */
	FILE *rows, *noted;
	uint64_t rows_lost; /* counted, but could not be written */
};

/* From now on every row is kept for import_report_write, in files without names: a file can
 * be all dirt.  False: errno says why. */
bool import_report_keep_rows(struct import_report *report) MUST_CHECK;
/* Whether every row that was read is in one of the counts. */
bool import_report_adds_up(const struct import_report *report);

/* Counts one, and keeps it where rows are kept.  `field` ("minimum_age",
 * "locations[2].latitude") may be empty; `why` may be NULL. */
void import_report_add(struct import_report *report, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why);
uint64_t import_report_quarantined(const struct import_report *report);

/* What else belongs in print and file. */
struct import_summary {
	const char *file;
	const char *source;
	const char *format; /* what the file was taken for: a word, and for people */
	const char *format_about;
	struct text version; /* now in use; absent: none, or nothing was written */
	bool is_dry_run;
};

/* The table for people. */
void import_report_print(
    const struct import_report *report, const struct import_summary *summary, FILE *out);
/* One line of JSON:
 * {"read","added","changed","unchanged","removed","quarantined":{REASON:N},
 * "notes":{NOTE:N},"understood":{"hours","eligibility","places": {"of","understood"}},
 * "without_terms","dry_run","source","format"?,"version"?,"refused"?}.
 * False: it could not be written. */
bool import_report_json(const struct import_report *report,
    const struct import_summary *summary, FILE *out) MUST_CHECK;
/* The same with "file", and every row:
 * "rows":[{"row","line","file"?,"id"?,"reason","field"?,"why"?}] (quarantined) and "noted":[...]
 * of the same shape. */
bool import_report_write(const struct import_report *report,
    const struct import_summary *summary, FILE *out) MUST_CHECK;
void import_report_free(struct import_report *report);

#endif
