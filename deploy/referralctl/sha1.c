/* SPDX-License-Identifier: Apache-2.0
 * The only file that knows nettle. */
#include "deploy/referralctl/sha1.h"

#include <nettle/base16.h>
#include <nettle/sha1.h>

_Static_assert(SHA1_HEX_BYTES == BASE16_ENCODE_LENGTH(SHA1_DIGEST_SIZE), "digits");

void
sha1_hex(struct text one, struct text other, char hex[SHA1_HEX_BYTES + 1])
{
	struct sha1_ctx sha1;
	uint8_t digest[SHA1_DIGEST_SIZE];

	sha1_init(&sha1);
	sha1_update(&sha1, one.length, (const uint8_t *)one.at);
	sha1_update(&sha1, other.length, (const uint8_t *)other.at);
	sha1_digest(&sha1, sizeof digest, digest);
	base16_encode_update(hex, sizeof digest, digest);
	hex[SHA1_HEX_BYTES] = '\0';
}
