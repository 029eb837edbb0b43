/* SPDX-License-Identifier: Apache-2.0
 * Sealing: what is stored about a family can be read only with a key that Redis never has.
 *
 * XChaCha20-Poly1305 (IETF draft, libsodium).  A sealed text is version byte 2, key number byte,
 * 8 random bytes, ciphertext, tag; the context (case id and what it is) is authenticated, so a
 * sealed text opens only where it belongs.  The nonce is 16 bytes of the context's BLAKE2b and then
 * the random ones: of the first 16 XChaCha20 makes a key of its own, so that each context has one
 * and the random bytes need to differ only within it.  A context seals a text per change of one
 * case or one note per referral: of 2^16 two have the same with a chance of 2^-33.  Version 1, with
 * all 24 bytes random and stored, still opens.
 * Neither from several threads nor in a child of fork. */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include "proto/status.h"

/* Bytes that sealing adds. */
#define SEAL_OVERHEAD_BYTES (2 + 8 + 16)
#define SEAL_KEY_BYTES 32
/* What a case's own key is made from, under a key of the file: version byte 2, key number byte, 16
 * random bytes, and 8 by which damage is seen.  Without the random ones nobody has the key. */
#define SEAL_SEED_BYTES (2 + 16 + 8)

/* Keys of one purpose, read from a file of lines "NUMBER HEX64"; the highest number seals,
 * all of them open.  Memory is locked and wiped. */
struct seal;

/* Reads a key file; it must not be readable by others (mode & 077 is refused).
 * ABSENT: no such file.  INVALID: not a key file; `why` (a buffer) says what and where. */
enum status seal_open(
    const char *path, struct seal **seal, char *why, size_t why_size) MUST_CHECK;
/* Writes a key file with one random key, mode 0600, unless it exists.  OK, DUP or
 * UNAVAILABLE (`why` says which call failed). */
enum status seal_create(const char *path, char *why, size_t why_size) MUST_CHECK;
void seal_close(struct seal *seal);

/* Seals `plain` under the newest key.  TOO_LARGE: `size` is under plain + overhead. */
enum status seal_put(const struct seal *seal, struct text context, struct text plain,
    void *out, size_t size, size_t *length) MUST_CHECK;
/* Opens; DAMAGED: altered, of another context, or of a key that is not there any more. */
enum status seal_get(const struct seal *seal, struct text context, struct text sealed,
    void *out, size_t size, size_t *length) MUST_CHECK;

/* A case's own key and the seed that gives it again, for this case alone. */
void seal_case_key_new(const struct seal *seal, struct text case_id,
    uint8_t key[SEAL_KEY_BYTES], uint8_t seed[SEAL_SEED_BYTES]);
/* A key that version 1 sealed still opens.  DAMAGED as for seal_get. */
enum status seal_case_key_open(const struct seal *seal, struct text case_id,
    struct text seed, uint8_t key[SEAL_KEY_BYTES]) MUST_CHECK;
/* The same as seal_put and seal_get under a bare key (key number 0). */
enum status seal_put_key(const uint8_t key[SEAL_KEY_BYTES], struct text context,
    struct text plain, void *out, size_t size, size_t *length) MUST_CHECK;
enum status seal_get_key(const uint8_t key[SEAL_KEY_BYTES], struct text context,
    struct text sealed, void *out, size_t size, size_t *length) MUST_CHECK;
void seal_wipe(void *bytes, size_t length);

/* Keyed hash for blind indexes: the same value gives the same number of 15 digits, which a double
 * holds exactly, and nobody without the oldest key can tell which value it was.  Of ten million
 * values another one has the same number in one search of 90 million. */
#define SEAL_BLIND_BYTES 15
void seal_blind(const struct seal *seal, struct text kind, struct text value,
    char blind[SEAL_BLIND_BYTES + 1]);

/* A secret of `length` (16..64) bytes derived from the oldest key for a name, e.g. an
 * agency's webhook secret: never stored, always the same. */
void seal_derive(const struct seal *seal, struct text name, uint8_t *out, size_t length);
/* Fingerprint of a bearer token (BLAKE2b-256, hexadecimal): what is stored instead of it. */
#define SEAL_TOKEN_DIGEST_BYTES 64
void seal_token_digest(struct text token, char digest[SEAL_TOKEN_DIGEST_BYTES + 1]);
/* A random token: 43 characters of URL-safe base 64. */
#define SEAL_TOKEN_BYTES 43
void seal_token_new(char token[SEAL_TOKEN_BYTES + 1]);

#endif
