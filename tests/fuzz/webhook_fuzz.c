/* SPDX-License-Identifier: Apache-2.0
 * Webhooks: what is signed verifies and nothing else does; any body is JSON that reads back;
 * a secret that is read has one spelling.  Part by part of the input, split at 0xfe. */
#include <assert.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/field.h"
#include "services/notifier/webhook.h"

#define NOW_S INT64_C(1795161600)

/* Takes the part before the next 0xfe off the front, as an exact heap copy. */
static struct text
take_part(const uint8_t **at, size_t *left)
{
	const uint8_t *end = *left > 0 ? memchr(*at, 0xfe, *left) : NULL;
	size_t length = end != NULL ? (size_t)(end - *at) : *left;
	char *copy = malloc(length > 0 ? length : 1);

	assert(copy != NULL);
	if (length > 0)
		memcpy(copy, *at, length);
	*at += length + (end != NULL);
	*left -= length + (end != NULL);
	return (struct text){ copy, (uint32_t)length };
}

static void
check_secret(struct text text)
{
	struct webhook_secret secret;
	char again[128] = "whsec_";

	if (webhook_secret_read(text, &secret) != STATUS_OK)
		return;
	assert(secret.length >= WEBHOOK_SECRET_LEAST);
	assert(secret.length <= WEBHOOK_SECRET_MOST);
	sodium_bin2base64(again + 6, sizeof again - 6, secret.bytes, secret.length,
	    sodium_base64_VARIANT_ORIGINAL);
	assert(text_is(text, again));
}

/* The given signature verifies only where it contains the one that is right. */
static void
check_verify(
    struct text id, struct text timestamp, struct text signature, struct text body)
{
	struct webhook_secret secret = { .length = 32 };
	enum status status =
	    webhook_verify(&secret, 1, id, timestamp, signature, body, NOW_S);
	char right[WEBHOOK_SIGNATURE_BYTES];
	char at[24];

	assert(status == STATUS_OK || status == STATUS_INVALID ||
	       status == STATUS_STALE || status == STATUS_UNAUTHORIZED);
	if (webhook_sign(&secret, 1, id, NOW_S, body, right) != STATUS_OK) {
		assert(status == STATUS_INVALID);
		return;
	}
	snprintf(at, sizeof at, "%lld", (long long)NOW_S);
	if (status == STATUS_OK && text_is(timestamp, at))
		assert(
		    memmem(signature.at, signature.length, right, strlen(right)) != NULL);
	assert(webhook_verify(&secret, 1, id, text_of(at), text_of(right), body, NOW_S) ==
	       STATUS_OK);
	right[3 + id.length % 43] ^= 1;
	assert(webhook_verify(&secret, 1, id, text_of(at), text_of(right), body, NOW_S) ==
	       STATUS_UNAUTHORIZED);
}

static void
check_member(const json_t *json, const char *name, struct text text)
{
	const json_t *member = json_object_get(json_object_get(json, "data"), name);

	assert(json_is_string(member));
	assert(json_string_length(member) == text.length);
	assert(memcmp(json_string_value(member), text.at, text.length) == 0);
}

static void
check_body(const struct notification *what)
{
	static char large[1 << 20];
	size_t needed = 0;
	size_t length = 0;
	char *exact;
	json_t *json;

	if (webhook_body(what, large, sizeof large, &needed) != STATUS_OK) {
		assert(!text_is_clean(what->purpose) || !text_is_clean(what->term) ||
		       !text_is_clean(what->link));
		return;
	}
	exact = malloc(needed);
	assert(exact != NULL);
	assert(webhook_body(what, exact, needed, &length) == STATUS_OK);
	assert(length == needed && memcmp(exact, large, needed) == 0);
	json = json_loadb(exact, length, JSON_REJECT_DUPLICATES, NULL);
	assert(json != NULL);
	check_member(json, "purpose", what->purpose);
	check_member(json, "term", what->term);
	check_member(json, "link", what->link);
	json_decref(json);
	assert(webhook_body(what, exact, needed - 1, &length) == STATUS_TOO_LARGE);
	assert(webhook_body(what, exact, needed / 2, &length) == STATUS_TOO_LARGE);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct text parts[4];

	for (int i = 0; i < 4; i++)
		parts[i] = take_part(&bytes, &length);
	check_secret(parts[0]);
	check_verify(parts[0], parts[1], parts[2], parts[3]);
	check_body(&(struct notification){ .delivery = LITERAL("d"),
	    .purpose = parts[1],
	    .term = parts[2],
	    .link = parts[3],
	    .at_ms = NOW_S * (int64_t)parts[0].length });
	for (int i = 0; i < 4; i++)
		free((void *)(uintptr_t)parts[i].at);
	return 0;
}
