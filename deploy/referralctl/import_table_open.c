/* SPDX-License-Identifier: Apache-2.0
 * Finds a table's encoding, delimiter and column names. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "deploy/referralctl/import_table_private.h"

/* Rows of the beginning that say what the delimiter is and where the names stand. */
#define LOOK_ROWS 20
#define NAME_MAX_BYTES 120
/* Cells without a name, below which names stand, that make two rows of them. */
#define GAPS_LEAST 2

struct look {
	size_t rows;
	size_t usual;       /* cells that most rows have */
	size_t usual_rows;  /* rows that have so many */
	size_t most_filled; /* cells that say something, of the fullest row */
};

/* How a table is cut into cells, and where it begins. */
struct layout {
	char delimiter;
	bool skips_line;
	struct look found;
};

static void
rewind_to(struct import_table *table, const struct layout *layout)
{
	cells_rewind(table->reader, layout->delimiter);
	if (layout->skips_line)
		cells_skip_line(table->reader);
}

static enum status
look(struct import_table *table, char delimiter, bool skips_line, struct look *found)
{
	size_t counts[LOOK_ROWS];

	*found = (struct look){ .rows = 0 };
	cells_rewind(table->reader, delimiter);
	if (skips_line)
		cells_skip_line(table->reader);
	while (found->rows < LOOK_ROWS) {
		enum status status = cells_next(table->reader, &table->cells);
		size_t filled;

		if (status == STATUS_ABSENT)
			break;
		if (status != STATUS_OK)
			return status;
		filled = table_count_filled(&table->cells);
		if (filled > found->most_filled)
			found->most_filled = filled;
		counts[found->rows++] = table->cells.count;
	}
	for (size_t i = 0; i < found->rows; i++) {
		size_t same = 0;

		for (size_t j = 0; j < found->rows; j++)
			same += counts[i] == counts[j];
		if (same > found->usual_rows ||
		    (same == found->usual_rows && counts[i] > found->usual)) {
			found->usual_rows = same;
			found->usual = counts[i];
		}
	}
	return STATUS_OK;
}

/* "sep=;" stands above what a spreadsheet is to open with that delimiter. */
static bool
says_delimiter(const struct import_table *table, char *delimiter)
{
	const char *at = table->utf8.bytes;
	size_t length = table->utf8.length;

	if (length >= 6 && at[0] == '"') {
		at++;
		length--;
	}
	if (length < 5 || strncasecmp(at, "sep=", 4) != 0 || at[4] == '\r' ||
	    at[4] == '\n')
		return false;
	*delimiter = at[4];
	return true;
}

/* The delimiter by which most rows of the beginning have the same number of cells. */
static enum status
find_delimiter(
    struct import_table *table, char *delimiter, bool *skips_line, struct look *best)
{
	static const char CANDIDATES[] = { ',', ';', '\t', '|' };

	*skips_line = says_delimiter(table, delimiter);
	if (*skips_line)
		return look(table, *delimiter, true, best);
	*delimiter = ',';
	*best = (struct look){ .rows = 0 };
	for (size_t i = 0; i < sizeof CANDIDATES; i++) {
		struct look found;
		enum status status = look(table, CANDIDATES[i], false, &found);

		if (status != STATUS_OK)
			return status;
		if (found.usual < 2 && best->rows > 0)
			continue;
		if (best->usual < 2 ||
		    found.usual_rows * found.usual > best->usual_rows * best->usual) {
			*best = found;
			*delimiter = CANDIDATES[i];
		}
	}
	return STATUS_OK;
}

/* Never within a character. */
static struct text
shorten(struct text text)
{
	uint32_t length = text.length > NAME_MAX_BYTES ? NAME_MAX_BYTES : text.length;

	while (length < text.length && length > 0 && (text.at[length] & 0xc0) == 0x80)
		length--;
	return (struct text){ text.at ? text.at : "", length };
}

/* Rows of names may be of different lengths. */
static struct text
cell_at(const struct cells *cells, size_t index)
{
	return index < cells->count ? table_cell(cells, index) : (struct text){ "", 0 };
}

/* What the cell merged over this column and its neighbours says. */
static struct text
group_of(const struct cells *upper, size_t index)
{
	struct text cell = cell_at(upper, index);

	while (cell.length == 0 && index > 0)
		cell = cell_at(upper, --index);
	return shorten(cell);
}

/* `upper` is the row of names above the header; empty where there is one row of names. */
static bool
name_column(struct import_table *table, const struct cells *upper, size_t index,
    const struct import_where *where)
{
	struct text cell = shorten(cell_at(&table->header, index));
	struct text group = group_of(upper, index);
	char *name;
	int made;

	if (cell.length == 0)
		cell = shorten(cell_at(upper, index));
	made = cell.length > 0 ? asprintf(&name, "%.*s", (int)cell.length, cell.at)
	                       : asprintf(&name, "column %zu", index + 1);
	if (made >= 0 && group.length > 0 && table_has_name(table, name, index)) {
		free(name);
		made = asprintf(&name, "%.*s %.*s", (int)group.length, group.at,
		    (int)cell.length, cell.at);
	}
	for (int again = 2; made >= 0 && table_has_name(table, name, index); again++) {
		free(name);
		made = asprintf(&name, "%.*s %d", (int)cell.length, cell.at, again);
	}
	if (made < 0)
		return false;
	table->names[index] = name;
	if (!text_is(cell, name) && cell.length > 0)
		table_note(table, IMPORT_column_renamed, where, name, "");
	return true;
}

/* The columns without a name at the end are none unless a row says something there. */
static enum status
name_columns(struct import_table *table, const struct cells *upper)
{
	const struct import_where where = { 0, table->header.line, TEXT_ABSENT };
	json_t *probe;

	table->count =
	    table->header.count > upper->count ? table->header.count : upper->count;
	while (table->count > 0 &&
	       cell_at(&table->header, table->count - 1).length == 0 &&
	       cell_at(upper, table->count - 1).length == 0)
		table->count--;
	table->names = calloc(table->count + 1, sizeof *table->names);
	if (table->names == NULL)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < table->count; i++) {
		if (!name_column(table, upper, i, &where))
			return STATUS_NO_MEMORY;
		probe = json_string(table->names[i]);
		if (probe == NULL)
			return STATUS_UNSUPPORTED;
		json_decref(probe);
	}
	return table->count > 0 ? STATUS_OK : STATUS_UNSUPPORTED;
}

/* ---- two rows of names ---- */

static void
note_title(const struct import_table *table, const struct cells *cells)
{
	struct import_where where = { 0, cells->line, TEXT_ABSENT };
	struct text text =
	    shorten((struct text){ cells->bytes, (uint32_t)cells->length });
	char title[NAME_MAX_BYTES + 1];

	(void)text_copy(text, title, sizeof title);
	table_note(table, IMPORT_title_row, &where, "", title);
}

static bool
has_digit(struct text cell)
{
	for (uint32_t i = 0; i < cell.length; i++)
		if (cell.at[i] >= '0' && cell.at[i] <= '9')
			return true;
	return false;
}

/* Whether a row without any digit stands below `upper` and fills cells that are empty there, as
 * under merged ones. */
static bool
fills_gaps(const struct cells *upper, const struct cells *lower)
{
	size_t filled = 0;

	if (lower->state != CELLS_WHOLE || lower->count > IMPORT_TABLE_COLUMNS_MAX)
		return false;
	for (size_t i = 0; i < lower->count; i++) {
		struct text cell = cell_at(lower, i);

		if (has_digit(cell))
			return false;
		filled += cell.length > 0 && cell_at(upper, i).length == 0;
	}
	return filled >= GAPS_LEAST;
}

/* Whether the rows below differ in kind from this one: it is no row of theirs then.  A column
 * that always has digits there has none here, and no cell here says what one there says. */
static enum status
look_below(struct import_table *table, const struct cells *lower, bool *differs)
{
	unsigned seen[IMPORT_TABLE_COLUMNS_MAX] = { 0 };
	unsigned digits[IMPORT_TABLE_COLUMNS_MAX] = { 0 };
	enum status status = STATUS_OK;
	bool is_same = false;

	for (int row = 0; row < LOOK_ROWS && status == STATUS_OK; row++) {
		status = cells_next(table->reader, &table->cells);
		for (size_t i = 0; status == STATUS_OK && i < lower->count; i++) {
			struct text cell = cell_at(&table->cells, i);

			seen[i] += cell.length > 0;
			digits[i] += has_digit(cell);
			is_same |= cell.length > 0 && text_equal(cell, cell_at(lower, i));
		}
	}
	*differs = false;
	for (size_t i = 0; i < lower->count; i++)
		*differs |=
		    cell_at(lower, i).length > 0 && seen[i] >= 2 && digits[i] == seen[i];
	*differs = *differs && !is_same;
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* The names, when table->header holds the first row of them. */
static enum status
take_header(struct import_table *table, const struct layout *layout)
{
	static const struct cells NONE;
	uint64_t line = table->header.line;
	enum status status = cells_next(table->reader, &table->ahead);
	bool has_two = status == STATUS_OK && fills_gaps(&table->header, &table->ahead);
	struct cells upper;

	if (has_two)
		status = look_below(table, &table->ahead, &has_two);
	if (status != STATUS_OK && status != STATUS_ABSENT)
		return status;
	if (has_two) {
		upper = table->header;
		table->header = table->ahead;
		table->ahead = upper;
		line = table->header.line;
		note_title(table, &table->ahead);
	}
	status = name_columns(table, has_two ? &table->ahead : &NONE);
	rewind_to(table, layout);
	do {
		if (status == STATUS_OK)
			status = cells_next(table->reader, &table->cells);
	} while (status == STATUS_OK && table->cells.line < line);
	return status;
}

/* The first row of which more than half of the columns say something. */
static enum status
find_header(struct import_table *table, const struct layout *layout)
{
	for (;;) {
		enum status status = cells_next(table->reader, &table->header);
		size_t filled;

		if (status == STATUS_ABSENT)
			return STATUS_UNSUPPORTED;
		if (status != STATUS_OK)
			return status;
		filled = table_count_filled(&table->header);
		if (table->header.state == CELLS_WHOLE &&
		    filled * 2 > layout->found.most_filled)
			return take_header(table, layout);
		if (filled > 0)
			note_title(table, &table->header);
	}
}

static enum status
find_encoding(struct import_table *table, const char *bytes, size_t length,
    const char *name, const char **why)
{
	struct import_encoding encoding = import_encoding_find(bytes, length);
	static const struct import_where FILE_ITSELF;

	if (name != NULL) {
		if (!import_encoding_is_known(name)) {
			*why = "there is no encoding of that name";
			return STATUS_UNSUPPORTED;
		}
		if (strcasecmp(encoding.name, name) != 0)
			encoding.skip_bytes = 0;
		encoding.name = name;
		encoding.is_assumed = false;
	}
	if (encoding.is_assumed)
		table_note(
		    table, IMPORT_encoding_assumed, &FILE_ITSELF, "", encoding.name);
	return import_utf8_open(&table->utf8, bytes, length, &encoding);
}

static enum status
open_rows(struct import_table *table, const char **why)
{
	struct layout layout;
	enum status status;

	table->reader = cells_open(table->utf8.bytes, table->utf8.length, ',');
	if (table->reader == NULL)
		return STATUS_NO_MEMORY;
	status =
	    find_delimiter(table, &layout.delimiter, &layout.skips_line, &layout.found);
	if (status != STATUS_OK)
		return status;
	rewind_to(table, &layout);
	table->most_filled = layout.found.most_filled;
	table->is_likely =
	    layout.found.usual > 1 && layout.found.usual_rows * 2 > layout.found.rows;
	status = find_header(table, &layout);
	if (status == STATUS_UNSUPPORTED)
		*why = "no row of column names was found";
	return status;
}

enum status
import_table_open(struct import_table **table, const char *bytes, size_t length,
    const char *encoding, struct import_report *report, const char **why)
{
	enum status status;

	*why = NULL;
	*table = calloc(1, sizeof **table);
	if (*table == NULL)
		return STATUS_NO_MEMORY;
	(*table)->report = report;
	status = find_encoding(*table, bytes, length, encoding, why);
	if (status == STATUS_OK)
		status = open_rows(*table, why);
	if (status != STATUS_OK) {
		import_table_close(*table);
		*table = NULL;
	}
	return status;
}
