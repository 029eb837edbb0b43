/* SPDX-License-Identifier: Apache-2.0
 * libcsv takes a line at a time, so that it is known in which line a row begins. */
#include "deploy/referralctl/import_cells.h"

#include <csv.h>

#include "deploy/referralctl/import_table.h"

/* Beyond these a quote was forgotten: no row is so long. */
#define ROW_MAX_LINES 2000
/* Reading again behind quotes that are never closed: so much in all, and then no more. */
#define AGAIN_MAX_BYTES ((size_t)256 << 20)

struct cells_reader {
	const char *begin, *end;
	const char *at;      /* the next line */
	const char *newline; /* the next "\n" at or behind `at`, once it was looked for */
	uint64_t line;       /* the number of the next line */
	struct csv_parser parser;
	struct cells *cells; /* of the row that is read */
	bool is_done;        /* the row's end was met */
	bool is_broken;      /* out of memory */
	bool is_cut;
	size_t again_bytes;
};

/* ---- what libcsv calls ---- */

static bool
grow(void **memory, size_t *size, size_t wanted, size_t each)
{
	size_t more = *size ? *size : 64;
	void *grown;

	if (wanted <= *size)
		return true;
	while (more < wanted)
		more *= 2;
	grown = realloc(*memory, more * each);
	if (grown == NULL)
		return false;
	*memory = grown;
	*size = more;
	return true;
}

static void
on_cell(void *bytes, size_t length, void *self)
{
	struct cells_reader *reader = self;
	struct cells *cells = reader->cells;

	if (cells->count == IMPORT_TABLE_COLUMNS_MAX) {
		cells->state = CELLS_TOO_MANY;
		return;
	}
	if (!grow(
	        (void **)&cells->bytes, &cells->bytes_size, cells->length + length, 1) ||
	    !grow((void **)&cells->ends, &cells->ends_size, cells->count + 1,
	        sizeof *cells->ends)) {
		reader->is_broken = true;
		return;
	}
	if (length > 0)
		memcpy(cells->bytes + cells->length, bytes, length);
	cells->length += length;
	cells->ends[cells->count++] = cells->length;
}

static void
on_row(int byte, void *self)
{
	struct cells_reader *reader = self;

	(void)byte;
	reader->is_done = true;
}

/* ---- lines ---- */

static const char *
line_end(struct cells_reader *reader)
{
	const char *newline = reader->newline;
	const char *carriage;

	if (newline == NULL || newline < reader->at) {
		newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
		reader->newline = newline = newline ? newline : reader->end;
	}
	carriage = memchr(reader->at, '\r', (size_t)(newline - reader->at));
	if (carriage != NULL && carriage + 1 != newline)
		return carriage + 1;
	return newline == reader->end ? newline : newline + 1;
}

static bool
parse(struct cells_reader *reader, const char *bytes, size_t length)
{
	return csv_parse(&reader->parser, bytes, length, on_cell, on_row, reader) ==
	           length &&
	       !reader->is_broken;
}

static bool
is_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	return at == end;
}

static bool
start_parser(struct cells_reader *reader, char delimiter)
{
	if (csv_init(&reader->parser, 0) != 0)
		return false;
	csv_set_delim(&reader->parser, (unsigned char)delimiter);
	return true;
}

void
cells_rewind(struct cells_reader *reader, char delimiter)
{
	csv_free(&reader->parser);
	(void)start_parser(reader, delimiter);
	reader->at = reader->begin;
	reader->newline = NULL;
	reader->line = 1;
	reader->is_cut = false;
	reader->again_bytes = 0;
}

struct cells_reader *
cells_open(const char *bytes, size_t length, char delimiter)
{
	struct cells_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		return NULL;
	reader->begin = reader->at = bytes;
	reader->end = bytes + length;
	reader->line = 1;
	(void)start_parser(reader, delimiter);
	return reader;
}

void
cells_close(struct cells_reader *reader)
{
	if (reader == NULL)
		return;
	csv_free(&reader->parser);
	free(reader);
}

void
cells_skip_line(struct cells_reader *reader)
{
	reader->at = line_end(reader);
	reader->line++;
}

/* ---- rows ---- */

/* Gives up the row that begins at `start`: its first line stands for it, and what follows is
 * read as rows again. */
static void
step_back(struct cells_reader *reader, const char *start, uint64_t line)
{
	char delimiter = (char)csv_get_delim(&reader->parser);

	csv_free(&reader->parser);
	(void)start_parser(reader, delimiter);
	reader->cells->state = CELLS_UNCLOSED;
	reader->again_bytes += (size_t)(reader->at - start);
	if (reader->again_bytes > AGAIN_MAX_BYTES) {
		reader->at = reader->end;
		reader->is_cut = true;
		return;
	}
	reader->at = start;
	reader->newline = NULL;
	reader->line = line;
	cells_skip_line(reader);
}

/* A row without a line end behind it: is there a quote open? */
static bool
finish(struct cells_reader *reader, const char *start, uint64_t line)
{
	if (reader->at == start)
		return false;
	if (!parse(reader, "\n", 1))
		return false;
	if (reader->is_done) {
		reader->cells->is_at_end = true;
		return true;
	}
	reader->is_cut = true;
	step_back(reader, start, line);
	return true;
}

static enum status
read_row(struct cells_reader *reader)
{
	const char *start = reader->at;
	uint64_t line = reader->line;

	reader->cells->line = line;
	while (reader->at < reader->end) {
		const char *end = line_end(reader);

		if (!parse(reader, reader->at, (size_t)(end - reader->at)))
			return STATUS_NO_MEMORY;
		reader->at = end;
		reader->line++;
		if (reader->is_done)
			return STATUS_OK;
		if (end - start > (ptrdiff_t)IMPORT_TABLE_ROW_MAX_BYTES ||
		    reader->line - line > ROW_MAX_LINES) {
			step_back(reader, start, line);
			return STATUS_OK;
		}
	}
	if (finish(reader, start, line))
		return STATUS_OK;
	return reader->is_broken ? STATUS_NO_MEMORY : STATUS_ABSENT;
}

enum status
cells_next(struct cells_reader *reader, struct cells *cells)
{
	enum status status;

	while (reader->at < reader->end && is_blank(reader->at, line_end(reader)))
		cells_skip_line(reader);
	cells->state = CELLS_WHOLE;
	cells->is_at_end = false;
	cells->count = cells->length = 0;
	reader->cells = cells;
	reader->is_done = reader->is_broken = false;
	status = read_row(reader);
	if (cells->state == CELLS_UNCLOSED)
		cells->count = cells->length = 0;
	return status;
}

const char *
cells_at(const struct cells_reader *reader)
{
	return reader->at;
}

struct text
cells_get(const struct cells *cells, size_t index)
{
	size_t from = index > 0 ? cells->ends[index - 1] : 0;

	return (struct text){ cells->bytes ? cells->bytes + from : "",
		(uint32_t)(cells->ends[index] - from) };
}

void
cells_free(struct cells *cells)
{
	free(cells->bytes);
	free(cells->ends);
	*cells = (struct cells){ .count = 0 };
}

bool
cells_is_cut(const struct cells_reader *reader)
{
	return reader->is_cut;
}
