/* SPDX-License-Identifier: Apache-2.0
 * Judges the rows below the column names. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "deploy/referralctl/import_table_private.h"
#include "deploy/referralctl/import_text.h"

/* Cells of the fullest row, of which a row with one is no row of the table. */
#define HEADING_COLUMNS_LEAST 5

void
table_note(const struct import_table *table, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why)
{
	if (table->report != NULL)
		import_report_add(table->report, reason, where, field, why);
}

/* ---- cells ---- */

struct text
table_cell(const struct cells *cells, size_t index)
{
	struct text cell = import_text_trim(cells_get(cells, index));

	if (cell.length >= 3 && memcmp(cell.at, "=\"", 2) == 0 &&
	    cell.at[cell.length - 1] == '"')
		return import_text_trim((struct text){ cell.at + 2, cell.length - 3 });
	return cell;
}

size_t
table_count_filled(const struct cells *cells)
{
	size_t filled = 0;

	for (size_t i = 0; i < cells->count; i++)
		filled += table_cell(cells, i).length > 0;
	return filled;
}

static const char *const ERRORS[] = { "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!",
	"#NULL!", "#NUM!", "#Н/Д", "#ССЫЛКА!", "#ЗНАЧ!", "#ИМЯ?", "#ДЕЛ/0!",
	"#ПОСИЛАННЯ!" };

static bool
is_error(struct text cell)
{
	for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
		if (text_is(cell, ERRORS[i]))
			return true;
	return false;
}

static bool
is_number(struct text cell)
{
	for (uint32_t i = 0; i < cell.length; i++)
		if (strchr("0123456789.,%+- \xc2\xa0", cell.at[i]) == NULL)
			return false;
	return true;
}

/* "Total" and numbers. */
static bool
is_totals(const struct cells *cells)
{
	static const char *const WORDS[] = { "total", "totals", "grand total", "sum",
		"Всього", "Усього", "Разом", "ВСЬОГО", "УСЬОГО", "РАЗОМ", "Итого",
		"Всего", "ИТОГО", "ВСЕГО", NULL };
	size_t first = 0;
	size_t i = 0;
	struct text cell;

	while (first < cells->count && table_cell(cells, first).length == 0)
		first++;
	if (first == cells->count)
		return false;
	cell = table_cell(cells, first);
	while (cell.length > 0 && strchr(": ", cell.at[cell.length - 1]) != NULL)
		cell.length--;
	while (WORDS[i] != NULL && (strlen(WORDS[i]) != cell.length ||
	                               strncasecmp(WORDS[i], cell.at, cell.length) != 0))
		i++;
	if (WORDS[i] == NULL)
		return false;
	for (i = first + 1; i < cells->count; i++)
		if (!is_number(table_cell(cells, i)))
			return false;
	return true;
}

bool
table_has_name(const struct import_table *table, const char *name, size_t but)
{
	for (size_t i = 0; i < table->count; i++)
		if (i != but && table->names[i] != NULL &&
		    strcmp(table->names[i], name) == 0)
			return true;
	return false;
}

void
import_table_close(struct import_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count && table->names != NULL; i++)
		free(table->names[i]);
	free(table->names);
	json_decref(table->made);
	cells_free(&table->cells);
	cells_free(&table->header);
	cells_free(&table->ahead);
	cells_close(table->reader);
	import_utf8_close(&table->utf8);
	free(table);
}

size_t
import_table_count_columns(const struct import_table *table)
{
	return table->count;
}

const char *
import_table_column(const struct import_table *table, size_t index)
{
	return table->names[index];
}

bool
import_table_looks_so(const char *bytes, size_t length)
{
	struct import_table *table;
	const char *why;
	bool is_likely;
	size_t at = import_encoding_find(bytes, length).skip_bytes;

	while (at < length && memchr(" \t\r\n", bytes[at], 4) != NULL)
		at++;
	if (at == length || bytes[at] == '{' || bytes[at] == '[')
		return false;
	if (import_table_open(&table, bytes, length, NULL, NULL, &why) != STATUS_OK)
		return false;
	is_likely = table->is_likely;
	import_table_close(table);
	return is_likely;
}

void
import_table_rename(struct import_table *table, size_t index, const char *name)
{
	char *copy;

	if (table_has_name(table, name, index) || (copy = strdup(name)) == NULL)
		return;
	free(table->names[index]);
	table->names[index] = copy;
}

/* ---- rows ---- */

/* Cells that say something behind the last column. */
static bool
has_more(const struct import_table *table, const struct cells *cells)
{
	for (size_t i = table->count; i < cells->count; i++)
		if (table_cell(cells, i).length > 0)
			return true;
	return false;
}

static bool
is_header(const struct import_table *table)
{
	if (table->cells.count != table->header.count)
		return false;
	for (size_t i = 0; i < table->cells.count; i++)
		if (!text_equal(
		        table_cell(&table->cells, i), table_cell(&table->header, i)))
			return false;
	return true;
}

static enum status
look_ahead(struct import_table *table)
{
	enum status status;

	if (table->has_ahead)
		return STATUS_OK;
	status = cells_next(table->reader, &table->ahead);
	table->has_ahead = status == STATUS_OK;
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* Whether a line end that stands in a cell without quotes made two rows of one. */
static bool
is_broken_in_two(struct import_table *table)
{
	size_t count = table->cells.count;

	if (table->ahead_is_broken) {
		table->ahead_is_broken = false;
		return true;
	}
	if (look_ahead(table) != STATUS_OK || !table->has_ahead ||
	    table->ahead.state != CELLS_WHOLE || table->ahead.count >= table->count ||
	    count + table->ahead.count - 1 != table->count)
		return false;
	table->ahead_is_broken = true;
	return true;
}

/* Whether cells are where their columns are. */
static enum import_reason
judge_width(struct import_table *table, const struct import_where *where)
{
	size_t count = table->cells.count;

	snprintf(table->why, sizeof table->why, "%zu cells for %zu columns", count,
	    table->count);
	if (has_more(table, &table->cells))
		return IMPORT_ragged_row;
	if (count >= table->count)
		return IMPORT_FINE;
	if (is_broken_in_two(table))
		return IMPORT_ragged_row;
	if (table->cells.is_at_end) {
		table->is_cut = true;
		return IMPORT_ragged_row;
	}
	if (count * 2 < table->count)
		return IMPORT_ragged_row;
	table_note(table, IMPORT_short_row, where, "", table->why);
	return IMPORT_FINE;
}

static enum import_reason
make_cells(struct import_table *table, const struct import_where *where)
{
	size_t count =
	    table->cells.count < table->count ? table->cells.count : table->count;

	json_decref(table->made);
	table->made = json_object();
	for (size_t i = 0; i < count; i++) {
		struct text cell = table_cell(&table->cells, i);
		json_t *value;

		if (cell.length == 0)
			continue;
		if (is_error(cell)) {
			table_note(table, IMPORT_cell_error, where, table->names[i], "");
			continue;
		}
		if (memchr(cell.at, '\0', cell.length) != NULL)
			return IMPORT_nul_bytes;
		value = json_stringn(cell.at, cell.length);
		if (value == NULL) {
			snprintf(table->why, sizeof table->why, "in column %.60s",
			    table->names[i]);
			return IMPORT_bad_utf8;
		}
		json_object_set_new(table->made, table->names[i], value);
	}
	return IMPORT_FINE;
}

/* Whether one cell stands alone in a row of many, as between the rows of a sheet. */
static bool
is_heading(const struct import_table *table)
{
	return table->most_filled >= HEADING_COLUMNS_LEAST &&
	       table_count_filled(&table->cells) == 1 && table->cells.count > 1;
}

/* Judges table->cells.  False: it is nothing to be given. */
static bool
take_cells(struct import_table *table, struct import_table_row *row)
{
	*row = (struct import_table_row){
		.why = table->why,
		.where = { table->number + 1, table->cells.line, TEXT_ABSENT },
		.at = table->utf8.mapped ? NULL : cells_at(table->reader),
	};
	table->why[0] = '\0';
	switch (table->cells.state) {
	case CELLS_WHOLE:
		if (table_count_filled(&table->cells) == 0)
			return false;
		if (is_header(table)) {
			table_note(table, IMPORT_header_repeated, &row->where, "", "");
			return false;
		}
		if (is_totals(&table->cells)) {
			table_note(table, IMPORT_totals_row, &row->where, "", "");
			return false;
		}
		row->reason = judge_width(table, &row->where);
		if (row->reason == IMPORT_FINE && is_heading(table))
			row->reason = IMPORT_heading_row;
		break;
	case CELLS_UNCLOSED:
		row->reason = IMPORT_unclosed_quote;
		break;
	case CELLS_TOO_MANY:
		row->reason = IMPORT_too_large;
		break;
	}
	if (row->reason == IMPORT_FINE)
		row->reason = make_cells(table, &row->where);
	row->cells = row->reason == IMPORT_FINE ? table->made : NULL;
	table->number++;
	return true;
}

enum status
import_table_next(struct import_table *table, struct import_table_row *row)
{
	for (;;) {
		enum status status = STATUS_OK;

		if (table->has_ahead) {
			struct cells spare = table->cells;

			table->cells = table->ahead;
			table->ahead = spare;
			table->has_ahead = false;
		} else {
			status = cells_next(table->reader, &table->cells);
		}
		if (status != STATUS_OK || take_cells(table, row))
			return status;
	}
}

bool
import_table_is_cut(const struct import_table *table)
{
	return table->is_cut || cells_is_cut(table->reader);
}
