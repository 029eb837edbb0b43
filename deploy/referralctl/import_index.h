/* SPDX-License-Identifier: Apache-2.0
 * What an import remembers of very many things: 40 bytes each, found by a key of 16 bytes.
 * A million of them take 48 MB, a third of what a table of nodes would. */
#ifndef REFERRALCTL_IMPORT_INDEX_H
#define REFERRALCTL_IMPORT_INDEX_H

#include "proto/status.h"

#define INDEX_KEY_BYTES 16

struct import_slot {
	uint8_t key[INDEX_KEY_BYTES];
	union {
		uint8_t digest[16];
		struct text text; /* borrowed */
	};
	uint64_t mark; /* what the owner makes of it */
};

/* Zeroed is empty. */
struct import_index {
	struct import_slot *slots; /* in the order they came; move when it grows */
	size_t count, size;
	uint32_t *table; /* slot number + 1, or 0 */
	size_t table_size;
	uint8_t secret[16]; /* so that no file can choose keys that collide */
};

/* A key for a text of any length. */
void import_index_key(struct text text, uint8_t key[INDEX_KEY_BYTES]);

/* NULL: not there. */
struct import_slot *import_index_find(
    const struct import_index *index, const uint8_t key[INDEX_KEY_BYTES]);
/* The slot of the key, new (all zero but the key) where *is_new.  NULL: out of memory. */
struct import_slot *import_index_add(
    struct import_index *index, const uint8_t key[INDEX_KEY_BYTES], bool *is_new);
void import_index_free(struct import_index *index);

#endif
