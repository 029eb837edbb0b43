/* SPDX-License-Identifier: Apache-2.0
 * Which encoding a file of text is in, and the same file in UTF-8. */
#ifndef REFERRALCTL_IMPORT_ENCODING_H
#define REFERRALCTL_IMPORT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/status.h"

struct import_encoding {
	const char *name;  /* as iconv knows it */
	bool is_assumed;   /* chosen by a rule of thumb: to be said to people */
	size_t skip_bytes; /* of the byte order mark */
};

/* UTF-8 or UTF-16 by the byte order mark; UTF-16 where every other byte of the beginning is
 * NUL; UTF-8 where most of what is not ASCII is UTF-8 (what is not is then a defect of its
 * row); else one byte per letter: windows-1251 where at least half of the bytes above 127
 * stand beside another such byte, as in words of Cyrillic letters, else windows-1252. */
struct import_encoding import_encoding_find(const char *bytes, size_t length);
/* Whether iconv knows an encoding by this name. */
bool import_encoding_is_known(const char *name);

/* A file in UTF-8: the caller's bytes, or others that are kept on disk meanwhile. */
struct import_utf8 {
	const char *bytes; /* without a byte order mark */
	size_t length;
	void *mapped; /* NULL: the caller's */
	size_t mapped_bytes;
};

/* Bytes that are none of the encoding become 0xFF, which is no UTF-8, so that their row can
 * be told.  OK; UNAVAILABLE: no place for temporary files (errno); NO_MEMORY. */
enum status import_utf8_open(struct import_utf8 *utf8, const char *bytes, size_t length,
    const struct import_encoding *encoding) MUST_CHECK;
void import_utf8_close(struct import_utf8 *utf8);

#endif
