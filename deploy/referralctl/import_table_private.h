/* SPDX-License-Identifier: Apache-2.0
 * A table as it is read.  For import_table.c and import_table_open.c only. */
#ifndef REFERRALCTL_IMPORT_TABLE_PRIVATE_H
#define REFERRALCTL_IMPORT_TABLE_PRIVATE_H

#include "deploy/referralctl/import_cells.h"
#include "deploy/referralctl/import_encoding.h"
#include "deploy/referralctl/import_table.h"

struct import_table {
	struct import_utf8 utf8;
	struct cells_reader *reader;
	struct import_report *report; /* NULL: notes go nowhere */
	struct cells cells;           /* the row that is given */
	struct cells header;
	struct cells ahead; /* the row behind it, where that had to be looked at */
	bool has_ahead, ahead_is_broken;
	bool is_cut, is_likely;
	char **names;
	size_t count;
	size_t
	    most_filled; /* cells that say something, of the fullest row that was looked at */
	json_t *made;
	uint64_t number;
	char why[80];
};

void table_note(const struct import_table *table, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why);
/* What a cell says: ="0123" is how a spreadsheet is made to keep a number's zeros. */
struct text table_cell(const struct cells *cells, size_t index);
/* Cells that say something. */
size_t table_count_filled(const struct cells *cells);
bool table_has_name(const struct import_table *table, const char *name, size_t but);

#endif
