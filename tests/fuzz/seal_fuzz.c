/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a sealed text never open, as a key file are taken or refused with a reason;
 * what is sealed opens, and with one change it does not. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/seal.h"
#include "common/seal_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t KEY[SEAL_KEY_BYTES] = { 1, 2, 3 };

/* Taken: then at least one key is there.  Refused: then there is a reason. */
static void
try_as_key_file(struct text text)
{
	static struct seal_keys keys;
	char why[128] = "";
	bool has_key = false;
	bool is_taken;

	memset(&keys, 0, sizeof keys);
	is_taken = seal_keys_parse(text, &keys, why, sizeof why);
	for (unsigned number = 1; number <= SEAL_KEYS_MOST; number++)
		has_key = has_key || keys.is_given[number];
	if (keys.is_given[0] || (is_taken ? !has_key : why[0] == '\0'))
		abort();
}

static void
try_as_sealed(struct text text)
{
	static uint8_t plain[65536];
	size_t length;

	if (text.length > sizeof plain)
		return;
	if (seal_get_key(KEY, LITERAL("context"), text, plain, sizeof plain, &length) !=
	    STATUS_DAMAGED)
		abort();
}

/* The first byte says which bit is flipped, the rest is sealed. */
static void
try_as_plain(struct text text)
{
	size_t size = text.length - 1 + SEAL_OVERHEAD_BYTES;
	uint8_t *sealed = malloc(size);
	uint8_t *plain = malloc(text.length);
	struct text rest = { text.at + 1, text.length - 1 };
	size_t length;
	size_t flipped = (uint8_t)text.at[0] % size;

	if (seal_put_key(KEY, LITERAL("context"), rest, sealed, size, &length) !=
	        STATUS_OK ||
	    length != size)
		abort();
	if (seal_get_key(KEY, LITERAL("context"),
	        (struct text){ (char *)sealed, (uint32_t)size }, plain, rest.length,
	        &length) != STATUS_OK ||
	    length != rest.length || memcmp(plain, rest.at, length) != 0)
		abort();
	sealed[flipped] ^= (uint8_t)(1u << (uint8_t)text.at[0] % 8);
	if (seal_get_key(KEY, LITERAL("context"),
	        (struct text){ (char *)sealed, (uint32_t)size }, plain, rest.length,
	        &length) != STATUS_DAMAGED)
		abort();
	free(sealed);
	free(plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct text text = { (const char *)bytes, (uint32_t)size };

	try_as_key_file(text);
	try_as_sealed(text);
	if (size > 0)
		try_as_plain(text);
	return 0;
}
