/* SPDX-License-Identifier: Apache-2.0
 * Ids of entities, 16 bytes each. */
#include <stdlib.h>

#include "services/matcher/catalogue_private.h"

#define FIRST_ROOM 64

static int
digit_of(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

bool
roll_key(struct text id, uint8_t key[16])
{
	int at = 0, digit;

	if (id.length != ID_UUID_BYTES)
		return false;
	memset(key, 0, 16);
	for (uint32_t i = 0; i < ID_UUID_BYTES; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (id.at[i] != '-')
				return false;
			continue;
		}
		digit = digit_of(id.at[i]);
		if (digit < 0)
			return false;
		key[at / 2] = (uint8_t)(key[at / 2] << 4 | digit);
		at++;
	}
	return true;
}

void
roll_text(const uint8_t key[16], char text[ID_UUID_BYTES + 1])
{
	static const char DIGITS[] = "0123456789abcdef";
	int at = 0;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = DIGITS[key[i] >> 4];
		text[at++] = DIGITS[key[i] & 15];
	}
	text[at] = '\0';
}

/* Where a key is, or would be. */
static uint32_t
slot_of(const struct roll *roll, const uint8_t key[16])
{
	uint64_t one, other;
	uint32_t slot;

	memcpy(&one, key, 8);
	memcpy(&other, key + 8, 8);
	one = (one ^ other * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
	slot = (uint32_t)(one >> 32) & (roll->slots_count - 1);
	while (roll->slots[slot] != 0 &&
	       memcmp(roll->at[roll->slots[slot] - 1].id, key, 16) != 0)
		slot = (slot + 1) & (roll->slots_count - 1);
	return slot;
}

uint32_t
roll_find(const struct roll *roll, const uint8_t key[16])
{
	return roll->slots_count == 0 ? CATALOGUE_NONE
	                              : roll->slots[slot_of(roll, key)] - 1;
}

/* Half of the slots stay free. */
static bool
grow(struct roll *roll)
{
	uint32_t room = roll->room == 0 ? FIRST_ROOM : 2 * roll->room;
	uint32_t *slots;
	struct entry *at;

	if (roll->count < roll->room)
		return true;
	if (room > CATALOGUE_MOST)
		return false;
	at = realloc(roll->at, room * sizeof *at);
	if (at == NULL)
		return false;
	roll->at = at;
	slots = calloc((size_t)room * 2, sizeof *slots);
	if (slots == NULL)
		return false;
	free(roll->slots);
	roll->slots = slots;
	roll->slots_count = 2 * room;
	roll->room = room;
	for (uint32_t i = 0; i < roll->count; i++)
		slots[slot_of(roll, at[i].id)] = i + 1;
	return true;
}

uint32_t
roll_add(struct roll *roll, const uint8_t key[16])
{
	uint32_t number = roll_find(roll, key);

	if (number != CATALOGUE_NONE)
		return number;
	if (!grow(roll))
		return CATALOGUE_NONE;
	number = roll->count;
	roll->slots[slot_of(roll, key)] = number + 1;
	roll->at[number] = (struct entry){
		.shown_by = { CATALOGUE_NONE, CATALOGUE_NONE },
	};
	memcpy(roll->at[number].id, key, 16);
	roll->count++;
	return number;
}
