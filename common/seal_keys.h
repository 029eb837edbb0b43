/* SPDX-License-Identifier: Apache-2.0
 * Key files: lines "NUMBER HEX64".  For seal.c only. */
#ifndef COMMON_SEAL_KEYS_H
#define COMMON_SEAL_KEYS_H

#include "common/seal.h"

/* The number is one byte of a sealed text, and 0 means a bare key. */
#define SEAL_KEYS_MOST 255

/* In locked memory. */
struct seal_keys {
	bool is_given[SEAL_KEYS_MOST + 1];
	uint8_t keys[SEAL_KEYS_MOST + 1][SEAL_KEY_BYTES];
};

/* As seal_open says.  `why` never holds a piece of a key. */
enum status seal_keys_read(
    const char *path, struct seal_keys **keys, char *why, size_t why_size) MUST_CHECK;
/* Wipes; accepts NULL. */
void seal_keys_free(struct seal_keys *keys);
/* Reads the text of a key file; false: `why` says where it is none. */
bool seal_keys_parse(
    struct text text, struct seal_keys *keys, char *why, size_t why_size);

#endif
