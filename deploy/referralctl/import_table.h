/* SPDX-License-Identifier: Apache-2.0
 * Rows of one table: CSV with any of the delimiters , ; tab |, any line ends, quotes and line
 * ends within quotes, in any encoding, as spreadsheets and people save it.
 *
 * Found by looking: the encoding, the delimiter (or said by a first line "sep=;"), the row of
 * column names, which titles may stand above.  Passed over and noted: titles, column names
 * that stand again, totals.  A cell is trimmed text; ="0123" is 0123; a spreadsheet's error
 * (#N/A) and an empty cell say nothing.  A row that cannot be trusted is refused with the
 * reason, and costs itself alone. */
#ifndef REFERRALCTL_IMPORT_TABLE_H
#define REFERRALCTL_IMPORT_TABLE_H

#include <jansson.h>

#include "deploy/referralctl/import_report.h"

/* Larger rows are taken for a quote that is never closed. */
#define IMPORT_TABLE_ROW_MAX_BYTES ((size_t)1 << 20)
#define IMPORT_TABLE_COLUMNS_MAX 1000

struct import_table;

struct import_table_row {
	enum import_reason reason; /* IMPORT_FINE, or why it is refused */
	json_t *cells;   /* of a fine row: column -> text of each that says something; the
	                    table keeps it until the next row */
	const char *why; /* of a refused row, for people; the table's */
	struct import_where where;
	const char
	    *at; /* where it ends in the bytes; NULL: they were turned into UTF-8 */
};

/* Looks at the beginning.  `bytes` must outlive the table; `encoding` NULL: find it; notes go
 * to `report`, or nowhere where it is NULL.
 * OK; UNSUPPORTED: *why (a literal) says what is wrong; UNAVAILABLE; NO_MEMORY. */
enum status import_table_open(struct import_table **table, const char *bytes,
    size_t length, const char *encoding, struct import_report *report,
    const char **why) MUST_CHECK;
void import_table_close(struct import_table *table);

size_t import_table_count_columns(const struct import_table *table);
/* Names are unique: an empty one is "column 3", the second of two the same "NAME 2". */
const char *import_table_column(const struct import_table *table, size_t index);
/* Whether it is no JSON, and most rows of the beginning have the same number of cells, and more
 * than one. */
bool import_table_looks_so(const char *bytes, size_t length);
/* Gives a column another name; one that another column has is not taken. */
void import_table_rename(struct import_table *table, size_t index, const char *name);

/* The next row, good or refused.  OK; ABSENT: there is none; NO_MEMORY. */
enum status import_table_next(
    struct import_table *table, struct import_table_row *row) MUST_CHECK;
/* Whether the file ends within a row: known when all rows were read. */
bool import_table_is_cut(const struct import_table *table);

#endif
