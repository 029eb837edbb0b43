/* SPDX-License-Identifier: Apache-2.0
 * Cells of one row after the other, of UTF-8 text with a known delimiter.  What rows mean is
 * import_table.h's business. */
#ifndef REFERRALCTL_IMPORT_CELLS_H
#define REFERRALCTL_IMPORT_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/status.h"
#include "proto/text.h"

enum cells_state {
	CELLS_WHOLE,
	CELLS_UNCLOSED, /* its quote is never closed: the line alone, reading goes on behind it */
	CELLS_TOO_MANY, /* no row may have so many */
};

/* One row; keeps its memory for the next. */
struct cells {
	enum cells_state state;
	uint64_t line;  /* where it begins, from 1 */
	bool is_at_end; /* the file ends with it, without a line end */
	size_t count;
	char *bytes;  /* of all cells, one behind the other */
	size_t *ends; /* of each cell in `bytes` */
	size_t length, bytes_size, ends_size;
};

struct cells_reader;
/* `text` is borrowed.  NULL: out of memory. */
struct cells_reader *cells_open(const char *bytes, size_t length, char delimiter);
void cells_close(struct cells_reader *reader);
/* Starts over, with another delimiter. */
void cells_rewind(struct cells_reader *reader, char delimiter);
/* Passes over the first line. */
void cells_skip_line(struct cells_reader *reader);

/* The next row that is not an empty line.
 * OK; ABSENT: there is none; NO_MEMORY. */
enum status cells_next(struct cells_reader *reader, struct cells *cells) MUST_CHECK;
/* Where reading goes on. */
const char *cells_at(const struct cells_reader *reader);
struct text cells_get(const struct cells *cells, size_t index);
void cells_free(struct cells *cells);
/* Whether the text ends within quotes: known when all was read. */
bool cells_is_cut(const struct cells_reader *reader);

#endif
