/* SPDX-License-Identifier: Apache-2.0
 * Finds a table's encoding, delimiter and column names. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "deploy/referralctl/import_table_private.h"

/* Rows of the beginning that say what the delimiter is and where the names stand. */
#define LOOK_ROWS 20
#define NAME_MAX_BYTES 120

struct look {
	size_t rows;
	size_t usual;       /* cells that most rows have */
	size_t usual_rows;  /* rows that have so many */
	size_t most_filled; /* cells that say something, of the fullest row */
};

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

static bool
name_column(struct import_table *table, size_t index, const struct import_where *where)
{
	struct text cell = shorten(table_cell(&table->header, index));
	char *name;
	int made;

	made = cell.length > 0 ? asprintf(&name, "%.*s", (int)cell.length, cell.at)
	                       : asprintf(&name, "column %zu", index + 1);
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
name_columns(struct import_table *table)
{
	const struct import_where where = { 0, table->header.line, TEXT_ABSENT };
	json_t *probe;

	table->count = table->header.count;
	while (
	    table->count > 0 && table_cell(&table->header, table->count - 1).length == 0)
		table->count--;
	table->names = calloc(table->count + 1, sizeof *table->names);
	if (table->names == NULL)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < table->count; i++) {
		if (!name_column(table, i, &where))
			return STATUS_NO_MEMORY;
		probe = json_string(table->names[i]);
		if (probe == NULL)
			return STATUS_UNSUPPORTED;
		json_decref(probe);
	}
	return table->count > 0 ? STATUS_OK : STATUS_UNSUPPORTED;
}

/* The first row of which more than half of the columns say something. */
static enum status
find_header(struct import_table *table, const struct look *found)
{
	for (;;) {
		enum status status = cells_next(table->reader, &table->header);
		struct import_where where = { 0, table->header.line, TEXT_ABSENT };
		size_t filled;

		if (status == STATUS_ABSENT)
			return STATUS_UNSUPPORTED;
		if (status != STATUS_OK)
			return status;
		filled = table_count_filled(&table->header);
		if (table->header.state == CELLS_WHOLE && filled * 2 > found->most_filled)
			return name_columns(table);
		if (filled > 0) {
			struct text text = shorten((struct text){
			    table->header.bytes, (uint32_t)table->header.length });
			char title[NAME_MAX_BYTES + 1];

			(void)text_copy(text, title, sizeof title);
			table_note(table, IMPORT_title_row, &where, "", title);
		}
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
	struct look found;
	char delimiter;
	bool skips_line;
	enum status status;

	table->reader = cells_open(table->utf8.bytes, table->utf8.length, ',');
	if (table->reader == NULL)
		return STATUS_NO_MEMORY;
	status = find_delimiter(table, &delimiter, &skips_line, &found);
	if (status != STATUS_OK)
		return status;
	cells_rewind(table->reader, delimiter);
	if (skips_line)
		cells_skip_line(table->reader);
	table->is_likely = found.usual > 1 && found.usual_rows * 2 > found.rows;
	status = find_header(table, &found);
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
