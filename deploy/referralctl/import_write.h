/* SPDX-License-Identifier: Apache-2.0
 * Documents as they are stored: the same service is always the same bytes. */
#ifndef REFERRALCTL_IMPORT_WRITE_H
#define REFERRALCTL_IMPORT_WRITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

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
