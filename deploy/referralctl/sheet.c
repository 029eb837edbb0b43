/* SPDX-License-Identifier: Apache-2.0
 * Collects cells, then prints them in columns. */
#include "deploy/referralctl/sheet.h"

#include <stdarg.h>
#include <stdlib.h>

#define BETWEEN 2

struct sheet {
	const char *heads[SHEET_COLUMNS_MOST];
	size_t head_bytes[SHEET_COLUMNS_MOST];
	bool is_right[SHEET_COLUMNS_MOST];
	size_t columns;
	char **cells; /* as they are shown */
	size_t count, size;
	bool has_failed;
};

struct sheet *
sheet_new(const char *heads)
{
	struct sheet *sheet = calloc(1, sizeof *sheet);

	while (sheet != NULL && sheet->columns < SHEET_COLUMNS_MOST) {
		heads += strspn(heads, " ");
		if (*heads == '\0')
			break;
		sheet->is_right[sheet->columns] = *heads == '>';
		heads += *heads == '>';
		sheet->heads[sheet->columns] = heads;
		sheet->head_bytes[sheet->columns++] = strcspn(heads, " ");
		heads += strcspn(heads, " ");
	}
	return sheet;
}

void
sheet_free(struct sheet *sheet)
{
	if (sheet == NULL)
		return;
	for (size_t i = 0; i < sheet->count; i++)
		free(sheet->cells[i]);
	free(sheet->cells);
	free(sheet);
}

/* ---- text that a terminal can be given ---- */

/* The bytes of the character at `at`, 0 where it is none: RFC 3629. */
static unsigned
character(struct text text, uint32_t at, uint32_t *code)
{
	const unsigned char *byte = (const unsigned char *)text.at + at;
	unsigned length = byte[0] < 0x80             ? 1
	                  : (byte[0] & 0xe0) == 0xc0 ? 2
	                  : (byte[0] & 0xf0) == 0xe0 ? 3
	                  : (byte[0] & 0xf8) == 0xf0 ? 4
	                                             : 0;
	static const uint32_t LEAST[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (length == 0 || length > text.length - at)
		return 0;
	*code = length == 1 ? byte[0] : byte[0] & (0xffu >> (length + 1));
	for (unsigned i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (byte[i] & 0x3fu);
	}
	return *code >= LEAST[length] ? length : 0;
}

/* Controls of both sets, marks that turn the direction of writing, surrogates. */
static bool
is_harmless(uint32_t code)
{
	return code >= 0x20 && !(code >= 0x7f && code < 0xa0) &&
	       !(code >= 0x200b && code <= 0x200f) &&
	       !(code >= 0x2028 && code <= 0x202e) &&
	       !(code >= 0x2066 && code <= 0x2069) &&
	       !(code >= 0xd800 && code <= 0xdfff) && code != 0xfeff && code <= 0x10ffff;
}

void
sheet_put(struct text text, FILE *out)
{
	uint32_t code;

	for (uint32_t at = 0; at < text.length;) {
		unsigned length = character(text, at, &code);

		if (length > 0 && is_harmless(code))
			fwrite(text.at + at, 1, length, out);
		else
			fputc('?', out);
		at += length > 0 ? length : 1;
	}
}

/* Columns that a shown text takes: its characters. */
static size_t
width_of(const char *cell)
{
	size_t width = 0;

	for (; *cell != '\0'; cell++)
		width += ((unsigned char)*cell & 0xc0) != 0x80;
	return width;
}

/* ---- cells ---- */

static char *
shown(struct text text)
{
	char *cell = NULL;
	size_t length;
	FILE *out = open_memstream(&cell, &length);

	if (out == NULL)
		return NULL;
	sheet_put(text.length > 0 ? text : LITERAL("-"), out);
	if (fclose(out) == 0)
		return cell;
	free(cell);
	return NULL;
}

void
sheet_text(struct sheet *sheet, struct text text)
{
	char *cell = shown(text);

	if (sheet->count == sheet->size) {
		size_t size = sheet->size > 0 ? 2 * sheet->size : 64;
		char **cells = realloc(sheet->cells, size * sizeof *cells);

		if (cells != NULL) {
			sheet->cells = cells;
			sheet->size = size;
		}
	}
	if (cell == NULL || sheet->count == sheet->size) {
		sheet->has_failed = true;
		free(cell);
		return;
	}
	sheet->cells[sheet->count++] = cell;
}

void
sheet_word(struct sheet *sheet, const char *word)
{
	sheet_text(sheet, text_of(word));
}

void
sheet_format(struct sheet *sheet, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		sheet->has_failed = true;
		return;
	}
	sheet_text(sheet, (struct text){ text, (uint32_t)length });
	free(text);
}

size_t
sheet_rows(const struct sheet *sheet)
{
	return (sheet->count + sheet->columns - 1) / sheet->columns;
}

/* ---- printing ---- */

static void
put_cell(const struct sheet *sheet, size_t column, const char *cell, size_t bytes,
    size_t width, size_t widest, FILE *out)
{
	bool is_last = column + 1 == sheet->columns;

	if (sheet->is_right[column])
		fprintf(out, "%*s", (int)(widest - width), "");
	fwrite(cell, 1, bytes, out);
	if (!is_last)
		fprintf(out, "%*s",
		    (int)(BETWEEN + (sheet->is_right[column] ? 0 : widest - width)), "");
	else
		fputc('\n', out);
}

bool
sheet_print(const struct sheet *sheet, unsigned indent, FILE *out)
{
	size_t widest[SHEET_COLUMNS_MOST];

	if (sheet->count == 0 || sheet->columns == 0)
		return !sheet->has_failed;
	for (size_t c = 0; c < sheet->columns; c++)
		widest[c] = sheet->head_bytes[c];
	for (size_t i = 0; i < sheet->count; i++) {
		size_t width = width_of(sheet->cells[i]);

		if (width > widest[i % sheet->columns])
			widest[i % sheet->columns] = width;
	}
	fprintf(out, "%*s", (int)indent, "");
	for (size_t c = 0; c < sheet->columns; c++)
		put_cell(sheet, c, sheet->heads[c], sheet->head_bytes[c],
		    sheet->head_bytes[c], widest[c], out);
	for (size_t i = 0; i < sheet_rows(sheet) * sheet->columns; i++) {
		const char *cell = i < sheet->count ? sheet->cells[i] : "";

		if (i % sheet->columns == 0)
			fprintf(out, "%*s", (int)indent, "");
		put_cell(sheet, i % sheet->columns, cell, strlen(cell), width_of(cell),
		    widest[i % sheet->columns], out);
	}
	return !sheet->has_failed;
}
