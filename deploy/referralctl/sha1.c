/* SPDX-License-Identifier: Apache-2.0
 * SHA-1 (RFC 3174). */
#include "deploy/referralctl/sha1.h"

#include <stdio.h>

#define BLOCK 64

struct sha1 {
	uint32_t state[5];
	uint8_t block[BLOCK];
	uint64_t length;
};

static uint32_t
turned(uint32_t word, unsigned by)
{
	return word << by | word >> (32 - by);
}

static void
round_block(struct sha1 *sha1)
{
	uint32_t w[80], s[5];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)sha1->block[4 * i] << 24 |
		       (uint32_t)sha1->block[4 * i + 1] << 16 |
		       (uint32_t)sha1->block[4 * i + 2] << 8 | sha1->block[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(s, sha1->state, sizeof s);
	for (int i = 0; i < 80; i++) {
		static const uint32_t K[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
			0xca62c1d6 };
		uint32_t f = i < 20   ? (s[1] & s[2]) | (~s[1] & s[3])
		             : i < 40 ? s[1] ^ s[2] ^ s[3]
		             : i < 60 ? (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])
		                      : s[1] ^ s[2] ^ s[3];
		uint32_t next = turned(s[0], 5) + f + s[4] + K[i / 20] + w[i];

		s[4] = s[3];
		s[3] = s[2];
		s[2] = turned(s[1], 30);
		s[1] = s[0];
		s[0] = next;
	}
	for (int i = 0; i < 5; i++)
		sha1->state[i] += s[i];
}

static void
add(struct sha1 *sha1, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		sha1->block[sha1->length++ % BLOCK] = ((const uint8_t *)bytes)[i];
		if (sha1->length % BLOCK == 0)
			round_block(sha1);
	}
}

void
sha1_hex(struct text one, struct text other, char hex[SHA1_HEX_BYTES + 1])
{
	struct sha1 sha1 = { .state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
		                 0xc3d2e1f0 } };
	uint8_t bits[8];

	add(&sha1, one.at, one.length);
	add(&sha1, other.at, other.length);
	for (int i = 0; i < 8; i++)
		bits[i] = (uint8_t)(sha1.length * 8 >> (56 - 8 * i));
	add(&sha1, "\x80", 1);
	while (sha1.length % BLOCK != BLOCK - 8)
		add(&sha1, "", 1);
	add(&sha1, bits, 8);
	for (int i = 0; i < 5; i++)
		(void)snprintf(hex + 8 * i, 9, "%08x", sha1.state[i]);
}
