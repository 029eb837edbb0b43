/* SPDX-License-Identifier: Apache-2.0
 * Tables for people: columns as wide as their widest cell. */
#ifndef REFERRALCTL_SHEET_H
#define REFERRALCTL_SHEET_H

#include <stdio.h>

#include "proto/text.h"

#define SHEET_COLUMNS_MOST 10

struct sheet;

/* `heads` names the columns, separated by blanks; one that begins with '>' (not part of the
 * name) has its cells at the right.  NULL: out of memory. */
struct sheet *sheet_new(const char *heads);
void sheet_free(struct sheet *sheet);

/* The next cell, row by row; absent and empty texts show as "-".  What a terminal should not
 * get (control characters, marks that turn the direction of writing, broken UTF-8) shows as
 * '?'.  Every character counts as one column. */
void sheet_text(struct sheet *sheet, struct text text);
void sheet_word(struct sheet *sheet, const char *word);
void sheet_format(struct sheet *sheet, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Cells that are missing in the last row are empty. */
size_t sheet_rows(const struct sheet *sheet);

/* Writes heads and rows, each line after `indent` blanks; nothing where there is no row.
 * False: memory had run out, what was written lacks rows. */
bool sheet_print(const struct sheet *sheet, unsigned indent, FILE *out);

/* Writes a text as a cell shows it. */
void sheet_put(struct text text, FILE *out);

#endif
