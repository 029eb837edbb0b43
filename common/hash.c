/* SPDX-License-Identifier: Apache-2.0
 * BLAKE2b over pairs of texts. */
#include "common/hash.h"

#include <sodium.h>
#include <stdlib.h>

void
hash_init(void)
{
	static bool is_ready;

	if (!is_ready && sodium_init() < 0)
		abort();
	is_ready = true;
}

static void
add(crypto_generichash_state *state, struct text text)
{
	uint8_t length[4] = { (uint8_t)text.length, (uint8_t)(text.length >> 8),
		(uint8_t)(text.length >> 16), (uint8_t)(text.length >> 24) };

	crypto_generichash_update(state, length, sizeof length);
	if (text.length > 0)
		crypto_generichash_update(state, (const uint8_t *)text.at, text.length);
}

void
hash_pair(
    const uint8_t *key, struct text one, struct text other, uint8_t *hash, size_t length)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, key != NULL ? HASH_KEY_BYTES : 0, length);
	add(&state, one);
	add(&state, other);
	crypto_generichash_final(&state, hash, length);
	sodium_memzero(&state, sizeof state);
}
