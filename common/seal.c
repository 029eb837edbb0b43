/* SPDX-License-Identifier: Apache-2.0
 * XChaCha20-Poly1305 under numbered keys; blind indexes, derived secrets and tokens. */
#include "common/seal.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "common/hash.h"
#include "common/seal_keys.h"

#define VERSION 2
#define VERSION_BEFORE 1 /* all of the nonce was stored */
#define HEADER_BYTES 2
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define RANDOM_BYTES 8
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
/* Of the kernel's random bytes, how many are fetched at once. */
#define POOL_BYTES 512
/* The key number of a bare key; key files count from 1. */
#define BARE_KEY 0
#define BLIND_FIRST 100000000000000 /* the least number of SEAL_BLIND_BYTES digits */

#define OVERHEAD_BEFORE_BYTES (HEADER_BYTES + NONCE_BYTES + TAG_BYTES)
#define SALT_BYTES 16
#define CHECK_BYTES 8

_Static_assert(
    SEAL_OVERHEAD_BYTES == HEADER_BYTES + RANDOM_BYTES + TAG_BYTES, "overhead");
_Static_assert(NONCE_BYTES - RANDOM_BYTES == crypto_core_hchacha20_INPUTBYTES, "nonce");
_Static_assert(SEAL_SEED_BYTES == HEADER_BYTES + SALT_BYTES + CHECK_BYTES, "seed");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

/* The key file's keys are never used themselves: each use has a subkey of its own. */
enum use { USE_SEAL = 1, USE_BLIND, USE_DERIVE, USE_CASE };

struct seal {
	bool has_key[SEAL_KEYS_MOST + 1];
	uint8_t keys[SEAL_KEYS_MOST + 1][SEAL_KEY_BYTES];
	uint8_t case_keys[SEAL_KEYS_MOST + 1][SEAL_KEY_BYTES];
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
		subkey(made->case_keys[number], USE_CASE, file->keys[number]);
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

/* The nonce of a text that begins at `sealed`. */
static void
nonce_of(const uint8_t *sealed, struct text context, uint8_t nonce[NONCE_BYTES])
{
	const size_t hash_bytes = NONCE_BYTES - RANDOM_BYTES;

	if (sealed[0] == VERSION_BEFORE) {
		memcpy(nonce, sealed + HEADER_BYTES, NONCE_BYTES);
		return;
	}
	crypto_generichash(
	    nonce, hash_bytes, (const uint8_t *)context.at, context.length, NULL, 0);
	memcpy(nonce + hash_bytes, sealed + HEADER_BYTES, RANDOM_BYTES);
}

static enum status
put(uint8_t number, const uint8_t *key, struct text context, struct text plain, void *out,
    size_t size, size_t *length)
{
	uint8_t *sealed = out, nonce[NONCE_BYTES];

	if (size < (size_t)plain.length + SEAL_OVERHEAD_BYTES)
		return STATUS_TOO_LARGE;
	sealed[0] = VERSION;
	sealed[1] = number;
	draw(sealed + HEADER_BYTES, RANDOM_BYTES);
	nonce_of(sealed, context, nonce);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + HEADER_BYTES + RANDOM_BYTES,
	    NULL, (const uint8_t *)plain.at, plain.length, (const uint8_t *)context.at,
	    context.length, NULL, nonce, key);
	*length = (size_t)plain.length + SEAL_OVERHEAD_BYTES;
	return STATUS_OK;
}

static size_t
overhead_of(const uint8_t *sealed)
{
	return sealed[0] == VERSION ? SEAL_OVERHEAD_BYTES : OVERHEAD_BEFORE_BYTES;
}

/* The key number is not authenticated by itself, but another number is another key; nor is the
 * version, but another version is another nonce. */
static enum status
get(const uint8_t *key, struct text context, struct text sealed, void *out, size_t size,
    size_t *length)
{
	const uint8_t *bytes = (const uint8_t *)sealed.at;
	size_t begin = overhead_of(bytes) - TAG_BYTES;
	uint8_t nonce[NONCE_BYTES];

	if (size < sealed.length - begin - TAG_BYTES)
		return STATUS_TOO_LARGE;
	nonce_of(bytes, context, nonce);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes + begin,
	        sealed.length - begin, (const uint8_t *)context.at, context.length, nonce,
	        key) != 0)
		return STATUS_DAMAGED;
	*length = sealed.length - begin - TAG_BYTES;
	return STATUS_OK;
}

static bool
is_sealed(struct text sealed)
{
	return sealed.at != NULL && sealed.length >= SEAL_OVERHEAD_BYTES &&
	       (sealed.at[0] == VERSION || sealed.at[0] == VERSION_BEFORE) &&
	       sealed.length >= overhead_of((const uint8_t *)sealed.at);
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

/* The salt of the seed, under the key that it names, gives the case's key and the check. */
static void
case_key_of(const struct seal *seal, struct text case_id, const uint8_t *seed,
    uint8_t key[SEAL_KEY_BYTES], uint8_t check[CHECK_BYTES])
{
	uint8_t both[SEAL_KEY_BYTES + CHECK_BYTES];

	hash_pair(seal->case_keys[seed[1]], case_id,
	    (struct text){ (const char *)seed + HEADER_BYTES, SALT_BYTES }, both,
	    sizeof both);
	memcpy(key, both, SEAL_KEY_BYTES);
	memcpy(check, both + SEAL_KEY_BYTES, CHECK_BYTES);
	sodium_memzero(both, sizeof both);
}

void
seal_case_key_new(const struct seal *seal, struct text case_id,
    uint8_t key[SEAL_KEY_BYTES], uint8_t seed[SEAL_SEED_BYTES])
{
	seed[0] = VERSION;
	seed[1] = seal->newest;
	draw(seed + HEADER_BYTES, SALT_BYTES);
	case_key_of(seal, case_id, seed, key, seed + HEADER_BYTES + SALT_BYTES);
}

enum status
seal_case_key_open(const struct seal *seal, struct text case_id, struct text seed,
    uint8_t key[SEAL_KEY_BYTES])
{
	const uint8_t *bytes = (const uint8_t *)seed.at;
	uint8_t check[CHECK_BYTES];
	size_t length;

	if (seed.length == OVERHEAD_BEFORE_BYTES + SEAL_KEY_BYTES &&
	    bytes[0] == VERSION_BEFORE)
		return seal_get(seal, case_id, seed, key, SEAL_KEY_BYTES, &length);
	if (seed.length != SEAL_SEED_BYTES || bytes[0] != VERSION ||
	    !seal->has_key[bytes[1]])
		return STATUS_DAMAGED;
	case_key_of(seal, case_id, bytes, key, check);
	return sodium_memcmp(check, bytes + HEADER_BYTES + SALT_BYTES, CHECK_BYTES) == 0
	           ? STATUS_OK
	           : STATUS_DAMAGED;
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
