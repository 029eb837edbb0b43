/* SPDX-License-Identifier: Apache-2.0
 * XChaCha20-Poly1305 under numbered keys; blind indexes, derived secrets and tokens. */
#include "common/seal.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "common/hash.h"
#include "common/seal_keys.h"

#define VERSION 1
#define HEADER_BYTES 2
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
/* Of the kernel's random bytes, how many are fetched at once. */
#define POOL_BYTES 512
/* The key number of a bare key; key files count from 1. */
#define BARE_KEY 0
#define BLIND_FIRST 100000000000000 /* the least number of SEAL_BLIND_BYTES digits */

_Static_assert(SEAL_OVERHEAD_BYTES == HEADER_BYTES + NONCE_BYTES + TAG_BYTES, "overhead");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

/* The key file's keys are never used themselves: each use has a subkey of its own. */
enum use { USE_SEAL = 1, USE_BLIND, USE_DERIVE };

struct seal {
	bool has_key[SEAL_KEYS_MOST + 1];
	uint8_t keys[SEAL_KEYS_MOST + 1][SEAL_KEY_BYTES];
	uint8_t blind_key[SEAL_KEY_BYTES];
	uint8_t derive_key[SEAL_KEY_BYTES];
	uint8_t newest;
};

static void
subkey(uint8_t out[SEAL_KEY_BYTES], enum use use, const uint8_t key[SEAL_KEY_BYTES])
{
	crypto_kdf_derive_from_key(out, SEAL_KEY_BYTES, use, "hearthln", key);
}

enum status
seal_open(const char *path, struct seal **seal, char *why, size_t why_size)
{
	struct seal_keys *file = NULL;
	struct seal *made = NULL;
	enum status status = seal_keys_read(path, &file, why, why_size);

	if (status != STATUS_OK)
		return status;
	made = sodium_malloc(sizeof *made);
	if (made == NULL) {
		seal_keys_free(file);
		return STATUS_NO_MEMORY;
	}
	memset(made, 0, sizeof *made);
	for (unsigned number = 1; number <= SEAL_KEYS_MOST; number++) {
		if (!file->is_given[number])
			continue;
		if (made->newest == 0) {
			subkey(made->blind_key, USE_BLIND, file->keys[number]);
			subkey(made->derive_key, USE_DERIVE, file->keys[number]);
		}
		subkey(made->keys[number], USE_SEAL, file->keys[number]);
		made->has_key[number] = true;
		made->newest = (uint8_t)number;
	}
	seal_keys_free(file);
	*seal = made;
	return STATUS_OK;
}

void
seal_close(struct seal *seal)
{
	sodium_free(seal); /* wipes, accepts NULL */
}

/* Random bytes.  The kernel was asked four times for each case, which took a twentieth of intake.
 * What is taken is wiped; a child of fork would take the same again, so it must not. */
static void
draw(uint8_t *out, size_t length)
{
	static uint8_t pool[POOL_BYTES];
	static size_t left;

	if (left < length) {
		randombytes_buf(pool, sizeof pool);
		left = sizeof pool;
	}
	left -= length;
	memcpy(out, pool + left, length);
	sodium_memzero(pool + left, length);
}

static enum status
put(uint8_t number, const uint8_t *key, struct text context, struct text plain, void *out,
    size_t size, size_t *length)
{
	uint8_t *sealed = out;

	if (size < (size_t)plain.length + SEAL_OVERHEAD_BYTES)
		return STATUS_TOO_LARGE;
	sealed[0] = VERSION;
	sealed[1] = number;
	draw(sealed + HEADER_BYTES, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + HEADER_BYTES + NONCE_BYTES,
	    NULL, (const uint8_t *)plain.at, plain.length, (const uint8_t *)context.at,
	    context.length, NULL, sealed + HEADER_BYTES, key);
	*length = (size_t)plain.length + SEAL_OVERHEAD_BYTES;
	return STATUS_OK;
}

/* The key number is not authenticated by itself, but another number is another key. */
static enum status
get(const uint8_t *key, struct text context, struct text sealed, void *out, size_t size,
    size_t *length)
{
	const uint8_t *bytes = (const uint8_t *)sealed.at;

	if (size < sealed.length - SEAL_OVERHEAD_BYTES)
		return STATUS_TOO_LARGE;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL,
	        bytes + HEADER_BYTES + NONCE_BYTES,
	        sealed.length - HEADER_BYTES - NONCE_BYTES, (const uint8_t *)context.at,
	        context.length, bytes + HEADER_BYTES, key) != 0)
		return STATUS_DAMAGED;
	*length = sealed.length - SEAL_OVERHEAD_BYTES;
	return STATUS_OK;
}

static bool
is_sealed(struct text sealed)
{
	return sealed.at != NULL && sealed.length >= SEAL_OVERHEAD_BYTES &&
	       sealed.at[0] == VERSION;
}

enum status
seal_put(const struct seal *seal, struct text context, struct text plain, void *out,
    size_t size, size_t *length)
{
	return put(
	    seal->newest, seal->keys[seal->newest], context, plain, out, size, length);
}

enum status
seal_get(const struct seal *seal, struct text context, struct text sealed, void *out,
    size_t size, size_t *length)
{
	uint8_t number;

	if (!is_sealed(sealed))
		return STATUS_DAMAGED;
	number = (uint8_t)sealed.at[1];
	if (!seal->has_key[number])
		return STATUS_DAMAGED;
	return get(seal->keys[number], context, sealed, out, size, length);
}

enum status
seal_put_key(const uint8_t key[SEAL_KEY_BYTES], struct text context, struct text plain,
    void *out, size_t size, size_t *length)
{
	return put(BARE_KEY, key, context, plain, out, size, length);
}

enum status
seal_get_key(const uint8_t key[SEAL_KEY_BYTES], struct text context, struct text sealed,
    void *out, size_t size, size_t *length)
{
	if (!is_sealed(sealed) || sealed.at[1] != BARE_KEY)
		return STATUS_DAMAGED;
	return get(key, context, sealed, out, size, length);
}

enum status
seal_case_key_new(const struct seal *seal, struct text case_id,
    uint8_t key[SEAL_KEY_BYTES], uint8_t wrapped[SEAL_WRAPPED_BYTES])
{
	size_t length;

	draw(key, SEAL_KEY_BYTES);
	return seal_put(seal, case_id, (struct text){ (const char *)key, SEAL_KEY_BYTES },
	    wrapped, SEAL_WRAPPED_BYTES, &length);
}

enum status
seal_case_key_open(const struct seal *seal, struct text case_id, struct text wrapped,
    uint8_t key[SEAL_KEY_BYTES])
{
	size_t length;

	if (wrapped.length != SEAL_WRAPPED_BYTES)
		return STATUS_DAMAGED;
	return seal_get(seal, case_id, wrapped, key, SEAL_KEY_BYTES, &length);
}

void
seal_wipe(void *bytes, size_t length)
{
	sodium_memzero(bytes, length);
}

void
seal_blind(const struct seal *seal, struct text kind, struct text value,
    char blind[SEAL_BLIND_BYTES + 1])
{
	uint64_t number = 0;
	uint8_t hash[16]; /* libsodium makes none shorter */

	hash_pair(seal->blind_key, kind, value, hash, sizeof hash);
	for (size_t i = 0; i < sizeof number; i++)
		number = number << 8 | hash[i];
	number = BLIND_FIRST + number % (9 * BLIND_FIRST);
	(void)snprintf(blind, SEAL_BLIND_BYTES + 1, "%llu", (unsigned long long)number);
}

void
seal_derive(const struct seal *seal, struct text name, uint8_t *out, size_t length)
{
	assert(length >= 16 && length <= 64);
	crypto_generichash(out, length, (const uint8_t *)name.at, name.length,
	    seal->derive_key, SEAL_KEY_BYTES);
}

void
seal_token_digest(struct text token, char digest[SEAL_TOKEN_DIGEST_BYTES + 1])
{
	uint8_t hash[SEAL_TOKEN_DIGEST_BYTES / 2];

	crypto_generichash(
	    hash, sizeof hash, (const uint8_t *)token.at, token.length, NULL, 0);
	sodium_bin2hex(digest, SEAL_TOKEN_DIGEST_BYTES + 1, hash, sizeof hash);
}

void
seal_token_new(char token[SEAL_TOKEN_BYTES + 1])
{
	uint8_t secret[32];

	hash_init();
	randombytes_buf(secret, sizeof secret);
	sodium_bin2base64(token, SEAL_TOKEN_BYTES + 1, secret, sizeof secret,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(secret, sizeof secret);
}
