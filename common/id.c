/* SPDX-License-Identifier: Apache-2.0
 * Derived ids are hashes with lengths; random ones are UUIDv7. */
#include "common/id.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/hash.h"

#define ID_NUMBER_MOST 9999
/* 12 bits count within a millisecond; a new millisecond starts in the lower half. */
#define UUID_COUNTER_END 0x1000u
#define UUID_COUNTER_START_MASK 0x7ffu

/* Crockford base 32 in lower case: no i, l, o, u. */
static const char ALPHABET[] = "0123456789abcdefghjkmnpqrstvwxyz";

void
id_case(struct text by, struct text key, char id[ID_CASE_BYTES + 1])
{
	uint8_t hash[16];
	unsigned bits = 0;
	int have = 2; /* 130 bits in 26 characters: two zeros lead */
	int at = 0;

	hash_pair(NULL, by, key, hash, sizeof hash);
	for (size_t i = 0; i < sizeof hash; i++) {
		bits = (bits << 8 | hash[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			id[at++] = ALPHABET[bits >> (have - 5) & 31];
	}
	id[ID_CASE_BYTES] = '\0';
}

static void
put_child(struct text parent, unsigned number, char id[ID_ITEM_MAX])
{
	assert(number >= 1 && number <= ID_NUMBER_MOST);
	assert(parent.length + sizeof "-9999" <= ID_ITEM_MAX);
	snprintf(id, ID_ITEM_MAX, "%.*s-%u", (int)parent.length, parent.at, number);
}

void
id_need(struct text case_id, unsigned need, char id[ID_ITEM_MAX])
{
	put_child(case_id, need, id);
}

void
id_referral(struct text need_id, unsigned attempt, char id[ID_ITEM_MAX])
{
	put_child(need_id, attempt, id);
}

/* Takes "-N" off the front. */
static bool
take_number(struct text *rest, unsigned *number)
{
	uint32_t used = 1;

	*number = 0;
	if (rest->length < 2 || rest->at[0] != '-' || rest->at[1] == '0')
		return false;
	for (; used < rest->length && rest->at[used] >= '0' && rest->at[used] <= '9';
	     used++) {
		*number = *number * 10 + (unsigned)(rest->at[used] - '0');
		if (*number > ID_NUMBER_MOST)
			return false;
	}
	rest->at += used;
	rest->length -= used;
	return used > 1;
}

bool
id_split(struct text id, struct text *case_id, unsigned *need, unsigned *attempt)
{
	struct text rest;

	*need = 0;
	*attempt = 0;
	*case_id = TEXT_ABSENT;
	if (id.at == NULL || id.length < ID_CASE_BYTES || id.at[0] > '7')
		return false;
	for (uint32_t i = 0; i < ID_CASE_BYTES; i++)
		if (!memchr(ALPHABET, id.at[i], sizeof ALPHABET - 1))
			return false;
	rest = (struct text){ id.at + ID_CASE_BYTES, id.length - ID_CASE_BYTES };
	if (rest.length > 0 && !take_number(&rest, need))
		return false;
	if (rest.length > 0 && !take_number(&rest, attempt))
		return false;
	if (rest.length > 0)
		return false;
	*case_id = (struct text){ id.at, ID_CASE_BYTES };
	return true;
}

static void
put_uuid(uint8_t bytes[16], unsigned version, char id[ID_UUID_BYTES + 1])
{
	static const char DIGITS[] = "0123456789abcdef";

	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*id++ = '-';
		*id++ = DIGITS[bytes[i] >> 4];
		*id++ = DIGITS[bytes[i] & 15];
	}
	*id = '\0';
}

void
id_uuid7(char id[ID_UUID_BYTES + 1])
{
	static uint64_t last_ms;
	static unsigned counter;
	uint64_t now_ms = (uint64_t)clock_wall_ms();
	uint8_t bytes[16];

	hash_init();
	randombytes_buf(bytes, sizeof bytes);
	/* When the clock stands or falls back, the counter goes on and carries. */
	if (now_ms > last_ms || counter + 1 == UUID_COUNTER_END) {
		last_ms = now_ms > last_ms ? now_ms : last_ms + 1;
		counter = ((unsigned)bytes[6] << 8 | bytes[7]) & UUID_COUNTER_START_MASK;
	} else {
		counter++;
	}
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(last_ms >> (40 - 8 * i));
	bytes[6] = (uint8_t)(counter >> 8);
	bytes[7] = (uint8_t)counter;
	put_uuid(bytes, 7, id);
}

void
id_uuid_of(struct text space, struct text name, char id[ID_UUID_BYTES + 1])
{
	uint8_t hash[16];

	hash_pair(NULL, space, name, hash, sizeof hash);
	put_uuid(hash, 8, id);
}

void
id_digest(const void *bytes, size_t length, char digest[ID_DIGEST_BYTES + 1])
{
	uint8_t hash[16];

	crypto_generichash(hash, sizeof hash, bytes, length, NULL, 0);
	sodium_bin2hex(digest, ID_DIGEST_BYTES + 1, hash, sizeof hash);
}
