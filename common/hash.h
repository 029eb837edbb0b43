/* SPDX-License-Identifier: Apache-2.0
 * What id and seal share of libsodium. */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include "proto/text.h"

#define HASH_KEY_BYTES 32

/* Makes libsodium ready, which random bytes and locked memory need; aborts where it
 * cannot be.  Cheap when called again. */
void hash_init(void);

/* BLAKE2b of `length` (16..64) bytes over both texts, each behind its length (4 bytes,
 * little-endian), so that no two pairs run together.  `key` NULL: not keyed. */
void hash_pair(
    const uint8_t *key, struct text one, struct text other, uint8_t *hash, size_t length);

#endif
