/* SPDX-License-Identifier: Apache-2.0
 * Texts as people wrote them in somebody's web form, and documents as we store them. */
#ifndef REFERRALCTL_IMPORT_TEXT_H
#define REFERRALCTL_IMPORT_TEXT_H

#include <jansson.h>

#include "proto/text.h"

/* Takes out tags that HTML knows (others stay: "<person@example.org>"), comments, scripts and
 * styles, replaces character references, makes line ends "\n" and trims.  Block tags become a
 * line end, cells a space.  A malloc'd text; NULL: nothing to change, or out of memory.
 * `had_html` is set, never cleared. */
char *import_text_clean(struct text text, bool *had_html);
/* Without white space at both ends. */
struct text import_text_trim(struct text text);

/* Grows; zeroed is empty.  is_broken: memory ran out and something is missing. */
struct import_buffer {
	char *bytes;
	size_t length, size;
	bool is_broken;
};
void import_buffer_add(struct import_buffer *buffer, const char *bytes, size_t length);

/* Appends canonical JSON: members sorted by the bytes of their names, no spaces, numbers in
 * the shortest form that reads back the same (48.0 is 48), nothing escaped that need not be.
 * So the same service always gives the same bytes. */
void import_write(struct import_buffer *buffer, const json_t *value);

#endif
