/* SPDX-License-Identifier: Apache-2.0
 * Sealing: opens only where it belongs, with a key that is there. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>

#include "tests/unit/seal_fixture.h"

#define PLAIN_TEXT "Олена, +380 44 000 00 00"
#define CONTEXT LITERAL("4bp9xc3nx0kbt5zx4j8pmbe4yc identity")

static struct text
put(const struct seal *seal, const char *plain, uint8_t *out, size_t size)
{
	size_t length = 0;

	assert_int_equal(
	    seal_put(seal, CONTEXT, text_of(plain), out, size, &length), STATUS_OK);
	assert_int_equal(length, strlen(plain) + SEAL_OVERHEAD_BYTES);
	return (struct text){ (const char *)out, (uint32_t)length };
}

static enum status
get(const struct seal *seal, struct text context, struct text sealed)
{
	char plain[256];
	size_t length = 0;
	enum status status =
	    seal_get(seal, context, sealed, plain, sizeof plain, &length);

	if (status == STATUS_OK)
		assert_true(
		    text_is((struct text){ plain, (uint32_t)length }, PLAIN_TEXT));
	return status;
}

static void
a_sealed_text_opens_and_only_in_its_context(void **state)
{
	struct seal *seal = open_keys("1 " HEX_A "\n");
	uint8_t bytes[256];
	struct text sealed = put(seal, PLAIN_TEXT, bytes, sizeof bytes);

	(void)state;
	assert_int_equal(get(seal, CONTEXT, sealed), STATUS_OK);
	assert_int_equal(get(seal, LITERAL("4bp9xc3nx0kbt5zx4j8pmbe4yc notes"), sealed),
	    STATUS_DAMAGED);
	assert_int_equal(
	    get(seal, LITERAL("4bp9xc3nx0kbt5zx4j8pmbe4yd identity"), sealed),
	    STATUS_DAMAGED);
	assert_int_equal(get(seal, LITERAL(""), sealed), STATUS_DAMAGED);
	assert_int_equal(get(seal, TEXT_ABSENT, sealed), STATUS_DAMAGED);
	seal_close(seal);
	seal_close(NULL);
}

/* Two keys, so that a flipped key number may hit another key. */
static void
every_flipped_bit_of_a_sealed_text_is_damage(void **state)
{
	struct seal *seal = open_keys("2 " HEX_A "\n3 " HEX_B "\n");
	uint8_t bytes[256];
	struct text sealed = put(seal, PLAIN_TEXT, bytes, sizeof bytes);

	(void)state;
	for (uint32_t bit = 0; bit < sealed.length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(get(seal, CONTEXT, sealed), STATUS_DAMAGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(get(seal, CONTEXT, sealed), STATUS_OK);
	seal_close(seal);
}

static void
a_sealed_text_of_another_length_is_damage(void **state)
{
	struct seal *seal = open_keys("1 " HEX_A "\n");
	uint8_t bytes[256] = { 0 };
	struct text sealed = put(seal, PLAIN_TEXT, bytes, sizeof bytes);

	(void)state;
	for (uint32_t length = 0; length < sealed.length; length++) {
		uint8_t *copy = malloc(length + 1);

		assert_non_null(copy);
		memcpy(copy, bytes, length);
		assert_int_equal(
		    get(seal, CONTEXT, (struct text){ (char *)copy, length }),
		    STATUS_DAMAGED);
		free(copy);
	}
	sealed.length++;
	assert_int_equal(get(seal, CONTEXT, sealed), STATUS_DAMAGED);
	assert_int_equal(get(seal, CONTEXT, TEXT_ABSENT), STATUS_DAMAGED);
	seal_close(seal);
}

/* A key that is not there must not pass for one of zeros. */
static void
a_text_forged_under_a_missing_key_is_damage(void **state)
{
	struct seal *seal = open_keys("1 " HEX_A "\n");
	uint8_t zeros[SEAL_KEY_BYTES] = { 0 };
	uint8_t bytes[256];
	size_t length;

	(void)state;
	assert_int_equal(seal_put_key(zeros, CONTEXT, LITERAL(PLAIN_TEXT), bytes,
	                     sizeof bytes, &length),
	    STATUS_OK);
	for (int number = 0; number < 256; number++) {
		bytes[1] = (uint8_t)number;
		assert_int_equal(
		    get(seal, CONTEXT, (struct text){ (char *)bytes, (uint32_t)length }),
		    STATUS_DAMAGED);
	}
	seal_close(seal);
}

static void
a_buffer_that_is_too_small_is_said(void **state)
{
	struct seal *seal = open_keys("1 " HEX_A "\n");
	uint8_t bytes[8 + SEAL_OVERHEAD_BYTES];
	char plain[8];
	size_t length;
	struct text sealed = put(seal, "12345678", bytes, sizeof bytes);

	(void)state;
	assert_int_equal(
	    seal_put(seal, CONTEXT, LITERAL("123456789"), bytes, sizeof bytes, &length),
	    STATUS_TOO_LARGE);
	assert_int_equal(
	    seal_get(seal, CONTEXT, sealed, plain, sizeof plain - 1, &length),
	    STATUS_TOO_LARGE);
	assert_int_equal(
	    seal_get(seal, CONTEXT, sealed, plain, sizeof plain, &length), STATUS_OK);
	assert_int_equal(
	    seal_put(seal, CONTEXT, LITERAL(""), bytes, SEAL_OVERHEAD_BYTES, &length),
	    STATUS_OK);
	sealed.length = (uint32_t)length;
	assert_int_equal(seal_get(seal, CONTEXT, sealed, NULL, 0, &length), STATUS_OK);
	assert_int_equal(length, 0);
	seal_close(seal);
}

static void
rotated_keys_open_old_texts_until_they_are_taken_out(void **state)
{
	uint8_t old_bytes[256];
	uint8_t new_bytes[256];
	struct seal *seal = open_keys("7 " HEX_A "\n");
	struct text old_text = put(seal, PLAIN_TEXT, old_bytes, sizeof old_bytes);
	struct text new_text;

	(void)state;
	seal_close(seal);
	seal =
	    open_keys("9 " HEX_B "\n7 " HEX_A "\n"); /* order in the file means nothing */
	new_text = put(seal, PLAIN_TEXT, new_bytes, sizeof new_bytes);
	assert_int_equal(old_bytes[1], 7);
	assert_int_equal(new_bytes[1], 9);
	assert_int_equal(get(seal, CONTEXT, old_text), STATUS_OK);
	assert_int_equal(get(seal, CONTEXT, new_text), STATUS_OK);
	seal_close(seal);
	seal = open_keys("9 " HEX_B "\n");
	assert_int_equal(get(seal, CONTEXT, old_text), STATUS_DAMAGED);
	assert_int_equal(get(seal, CONTEXT, new_text), STATUS_OK);
	seal_close(seal);
}

static int
compare_randoms(const void *one, const void *other)
{
	return memcmp(one, other, 8);
}

static void
no_nonce_repeats_in_a_hundred_thousand_seals_of_one_context(void **state)
{
	enum { SEALS = 100000 };
	struct seal *seal = open_keys("1 " HEX_A "\n");
	uint8_t(*randoms)[8] = malloc(SEALS * sizeof *randoms);
	uint8_t bytes[SEAL_OVERHEAD_BYTES];

	(void)state;
	assert_non_null(randoms);
	for (int i = 0; i < SEALS; i++) {
		put(seal, "", bytes, sizeof bytes);
		memcpy(randoms[i], bytes + 2, 8);
	}
	qsort(randoms, SEALS, sizeof *randoms, compare_randoms);
	for (int i = 1; i < SEALS; i++)
		assert_true(compare_randoms(randoms[i - 1], randoms[i]) != 0);
	free(randoms);
	seal_close(seal);
}

/* What lies in Redis for years: version, key number, random bytes, ciphertext, tag, under a
 * subkey of the key file's key. */
static void
the_stored_form_is_the_one_that_was_promised(void **state)
{
	struct seal *seal = open_keys("5 " HEX_A "\n");
	uint8_t bytes[256];
	struct text sealed = put(seal, PLAIN_TEXT, bytes, sizeof bytes);
	uint8_t file_key[32];
	uint8_t key[32];
	uint8_t nonce[24];
	char plain[256] = "";

	(void)state;
	assert_int_equal(bytes[0], 2);
	assert_int_equal(bytes[1], 5);
	sodium_hex2bin(file_key, 32, HEX_A, 64, NULL, NULL, NULL);
	crypto_kdf_derive_from_key(key, 32, 1, "hearthln", file_key);
	crypto_generichash(
	    nonce, 16, (const uint8_t *)CONTEXT.at, CONTEXT.length, NULL, 0);
	memcpy(nonce + 16, bytes + 2, 8);
	assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)plain,
	                     NULL, NULL, bytes + 10, sealed.length - 10,
	                     (const uint8_t *)CONTEXT.at, CONTEXT.length, nonce, key),
	    0);
	assert_string_equal(plain, PLAIN_TEXT);
	seal_close(seal);
}

/* A text as version 1 sealed it, under the key file's first key. */
static struct text
put_before(struct text plain, struct text context, uint8_t *out)
{
	unsigned long long length;
	uint8_t file_key[32];
	uint8_t key[32];

	out[0] = 1;
	out[1] = 5;
	randombytes_buf(out + 2, 24);
	sodium_hex2bin(file_key, 32, HEX_A, 64, NULL, NULL, NULL);
	crypto_kdf_derive_from_key(key, 32, 1, "hearthln", file_key);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + 26, &length,
	    (const uint8_t *)plain.at, plain.length, (const uint8_t *)context.at,
	    context.length, NULL, out + 2, key);
	return (struct text){ (const char *)out, 26 + (uint32_t)length };
}

static void
what_version_1_sealed_still_opens(void **state)
{
	struct seal *seal = open_keys("5 " HEX_A "\n");
	uint8_t bytes[256];
	uint8_t key[SEAL_KEY_BYTES];
	uint8_t again[SEAL_KEY_BYTES];
	struct text sealed = put_before(LITERAL(PLAIN_TEXT), CONTEXT, bytes);

	(void)state;
	assert_int_equal(get(seal, CONTEXT, sealed), STATUS_OK);
	for (uint32_t bit = 0; bit < sealed.length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(get(seal, CONTEXT, sealed), STATUS_DAMAGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	sealed.length = 41;
	assert_int_equal(get(seal, CONTEXT, sealed), STATUS_DAMAGED);
	randombytes_buf(key, sizeof key);
	sealed = put_before(
	    (struct text){ (const char *)key, sizeof key }, LITERAL("case-a"), bytes);
	assert_int_equal(
	    seal_case_key_open(seal, LITERAL("case-a"), sealed, again), STATUS_OK);
	assert_memory_equal(key, again, sizeof key);
	assert_int_equal(
	    seal_case_key_open(seal, LITERAL("case-b"), sealed, again), STATUS_DAMAGED);
	seal_close(seal);
}

/* ---- case keys ---- */

static void
a_case_key_opens_for_its_case_only(void **state)
{
	struct seal *seal = open_keys("1 " HEX_A "\n");
	uint8_t key[SEAL_KEY_BYTES];
	uint8_t again[SEAL_KEY_BYTES] = { 0 };
	uint8_t seed[SEAL_SEED_BYTES];
	struct text text = { (const char *)seed, sizeof seed };

	(void)state;
	seal_case_key_new(seal, LITERAL("case-a"), key, seed);
	assert_int_equal(
	    seal_case_key_open(seal, LITERAL("case-a"), text, again), STATUS_OK);
	assert_memory_equal(key, again, sizeof key);
	assert_int_equal(
	    seal_case_key_open(seal, LITERAL("case-b"), text, again), STATUS_DAMAGED);
	text.length--;
	assert_int_equal(
	    seal_case_key_open(seal, LITERAL("case-a"), text, again), STATUS_DAMAGED);
	assert_int_equal(seal_case_key_open(seal, LITERAL("case-a"), TEXT_ABSENT, again),
	    STATUS_DAMAGED);
	seal_case_key_new(seal, LITERAL("case-a"), again, seed);
	assert_memory_not_equal(key, again, sizeof key);
	seal_wipe(key, sizeof key);
	assert_memory_equal(key, (uint8_t[SEAL_KEY_BYTES]){ 0 }, sizeof key);
	seal_close(seal);
}

/* Two keys, so that a flipped key number may hit another key. */
static void
every_flipped_bit_of_a_seed_is_damage(void **state)
{
	struct seal *seal = open_keys("2 " HEX_A "\n3 " HEX_B "\n");
	uint8_t key[SEAL_KEY_BYTES];
	uint8_t seed[SEAL_SEED_BYTES];
	struct text text = { (const char *)seed, sizeof seed };

	(void)state;
	seal_case_key_new(seal, LITERAL("case-a"), key, seed);
	for (uint32_t bit = 0; bit < sizeof seed * 8; bit++) {
		seed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(seal_case_key_open(seal, LITERAL("case-a"), text, key),
		    STATUS_DAMAGED);
		seed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(
	    seal_case_key_open(seal, LITERAL("case-a"), text, key), STATUS_OK);
	seal_close(seal);
}

static void
what_one_case_sealed_another_cannot_open(void **state)
{
	uint8_t one[SEAL_KEY_BYTES] = { 1 };
	uint8_t other[SEAL_KEY_BYTES] = { 2 };
	uint8_t bytes[256];
	char plain[256];
	size_t length;
	struct text sealed = { (const char *)bytes, 0 };

	(void)state;
	assert_int_equal(
	    seal_put_key(one, CONTEXT, LITERAL(PLAIN_TEXT), bytes, sizeof bytes, &length),
	    STATUS_OK);
	sealed.length = (uint32_t)length;
	assert_int_equal(
	    seal_get_key(one, CONTEXT, sealed, plain, sizeof plain, &length), STATUS_OK);
	assert_true(text_is((struct text){ plain, (uint32_t)length }, PLAIN_TEXT));
	assert_int_equal(
	    seal_get_key(other, CONTEXT, sealed, plain, sizeof plain, &length),
	    STATUS_DAMAGED);
	assert_int_equal(
	    seal_get_key(one, LITERAL("x"), sealed, plain, sizeof plain, &length),
	    STATUS_DAMAGED);
	for (uint32_t bit = 0; bit < sealed.length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    seal_get_key(one, CONTEXT, sealed, plain, sizeof plain, &length),
		    STATUS_DAMAGED);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* ---- blind indexes, secrets, tokens ---- */

static void
blind_indexes_and_secrets_come_from_the_oldest_key(void **state)
{
	struct seal *seal = open_keys("4 " HEX_A "\n");
	char blind[SEAL_BLIND_BYTES + 1];
	char again[SEAL_BLIND_BYTES + 1];
	uint8_t secret[64];
	uint8_t secret_again[64];

	(void)state;
	seal_blind(seal, LITERAL("phone"), LITERAL("+380440000000"), blind);
	seal_derive(seal, LITERAL("webhook agency-7"), secret, 32);
	seal_close(seal);
	seal = open_keys("9 " HEX_B "\n4 " HEX_A "\n");
	seal_blind(seal, LITERAL("phone"), LITERAL("+380440000000"), again);
	seal_derive(seal, LITERAL("webhook agency-7"), secret_again, 32);
	assert_string_equal(blind, again);
	assert_memory_equal(secret, secret_again, 32);
	assert_int_equal(strspn(blind, "0123456789"), SEAL_BLIND_BYTES);
	assert_int_not_equal(blind[0], '0');
	seal_close(seal);
	seal = open_keys("4 " HEX_B "\n");
	seal_blind(seal, LITERAL("phone"), LITERAL("+380440000000"), again);
	seal_derive(seal, LITERAL("webhook agency-7"), secret_again, 32);
	assert_string_not_equal(blind, again);
	assert_memory_not_equal(secret, secret_again, 32);
	seal_close(seal);
}

static void
blind_indexes_of_two_kinds_never_meet(void **state)
{
	struct seal *seal = open_keys("1 " HEX_A "\n");
	char one[SEAL_BLIND_BYTES + 1];
	char other[SEAL_BLIND_BYTES + 1];
	uint8_t secret[64];
	uint8_t other_secret[64];

	(void)state;
	seal_blind(seal, LITERAL("phone"), LITERAL("x"), one);
	seal_blind(seal, LITERAL("phon"), LITERAL("ex"), other);
	assert_string_not_equal(one, other);
	seal_blind(seal, LITERAL("phone"), LITERAL("y"), other);
	assert_string_not_equal(one, other);
	seal_derive(seal, LITERAL("a"), secret, 64);
	seal_derive(seal, LITERAL("b"), other_secret, 64);
	assert_memory_not_equal(secret, other_secret, 64);
	seal_derive(seal, LITERAL("a"), other_secret, 16);
	assert_memory_not_equal(secret, other_secret, 16);
	seal_close(seal);
}

static void
tokens_are_random_and_stored_as_their_fingerprint(void **state)
{
	static const char ALPHABET[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_";
	char one[SEAL_TOKEN_BYTES + 1];
	char other[SEAL_TOKEN_BYTES + 1];
	char digest[SEAL_TOKEN_DIGEST_BYTES + 1];

	(void)state;
	seal_token_new(one);
	seal_token_new(other);
	assert_int_equal(strlen(one), SEAL_TOKEN_BYTES);
	assert_int_equal(strspn(one, ALPHABET), SEAL_TOKEN_BYTES);
	assert_string_not_equal(one, other);
	seal_token_digest(LITERAL("token"), digest);
	assert_string_equal(
	    digest, "7b3efc0a1c4bc54e7398811f7e474e461a9c00cbc951f33b886a5f207c820ef2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_text_opens_and_only_in_its_context),
		cmocka_unit_test(every_flipped_bit_of_a_sealed_text_is_damage),
		cmocka_unit_test(a_sealed_text_of_another_length_is_damage),
		cmocka_unit_test(a_text_forged_under_a_missing_key_is_damage),
		cmocka_unit_test(a_buffer_that_is_too_small_is_said),
		cmocka_unit_test(rotated_keys_open_old_texts_until_they_are_taken_out),
		cmocka_unit_test(
		    no_nonce_repeats_in_a_hundred_thousand_seals_of_one_context),
		cmocka_unit_test(the_stored_form_is_the_one_that_was_promised),
		cmocka_unit_test(what_version_1_sealed_still_opens),
		cmocka_unit_test(a_case_key_opens_for_its_case_only),
		cmocka_unit_test(every_flipped_bit_of_a_seed_is_damage),
		cmocka_unit_test(what_one_case_sealed_another_cannot_open),
		cmocka_unit_test(blind_indexes_and_secrets_come_from_the_oldest_key),
		cmocka_unit_test(blind_indexes_of_two_kinds_never_meet),
		cmocka_unit_test(tokens_are_random_and_stored_as_their_fingerprint),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
