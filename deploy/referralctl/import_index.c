/* SPDX-License-Identifier: Apache-2.0
 * A list of slots and an open-addressed table of their numbers. */
#include "deploy/referralctl/import_index.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "a hash is one word");
_Static_assert(crypto_shorthash_KEYBYTES == 16, "the secret is its key");

void
import_index_key(struct text text, uint8_t key[INDEX_KEY_BYTES])
{
	crypto_generichash(
	    key, INDEX_KEY_BYTES, (const uint8_t *)text.at, text.length, NULL, 0);
}

/* Where the key is in the table, or would be. */
static size_t
look(const struct import_index *index, const uint8_t key[INDEX_KEY_BYTES])
{
	uint64_t hash;
	size_t at;

	crypto_shorthash((uint8_t *)&hash, key, INDEX_KEY_BYTES, index->secret);
	at = hash & (index->table_size - 1);
	while (index->table[at] != 0 &&
	       memcmp(index->slots[index->table[at] - 1].key, key, INDEX_KEY_BYTES) != 0)
		at = (at + 1) & (index->table_size - 1);
	return at;
}

static bool
grow_slots(struct import_index *index)
{
	size_t size = index->size ? index->size + index->size / 4 : 256;
	struct import_slot *slots;

	if (index->count < index->size)
		return true;
	if (index->count >= UINT32_MAX)
		return false;
	slots = realloc(index->slots, size * sizeof *slots);
	if (slots == NULL)
		return false;
	index->slots = slots;
	index->size = size;
	return true;
}

/* At most two thirds of the table are taken. */
static bool
grow_table(struct import_index *index)
{
	size_t size = index->table_size ? index->table_size * 2 : 512;
	uint32_t *table;

	if (index->count < index->table_size / 3 * 2)
		return true;
	table = calloc(size, sizeof *table);
	if (table == NULL)
		return false;
	if (index->table == NULL) {
		hash_init();
		randombytes_buf(index->secret, sizeof index->secret);
	}
	free(index->table);
	index->table = table;
	index->table_size = size;
	for (size_t i = 0; i < index->count; i++)
		index->table[look(index, index->slots[i].key)] = (uint32_t)i + 1;
	return true;
}

struct import_slot *
import_index_find(const struct import_index *index, const uint8_t key[INDEX_KEY_BYTES])
{
	uint32_t number = index->table ? index->table[look(index, key)] : 0;

	return number ? &index->slots[number - 1] : NULL;
}

struct import_slot *
import_index_add(
    struct import_index *index, const uint8_t key[INDEX_KEY_BYTES], bool *is_new)
{
	struct import_slot *slot = import_index_find(index, key);

	*is_new = slot == NULL;
	if (slot != NULL)
		return slot;
	if (!grow_slots(index) || !grow_table(index))
		return NULL;
	slot = &index->slots[index->count++];
	memset(slot, 0, sizeof *slot);
	memcpy(slot->key, key, INDEX_KEY_BYTES);
	index->table[look(index, key)] = (uint32_t)index->count;
	return slot;
}

void
import_index_free(struct import_index *index)
{
	free(index->slots);
	free(index->table);
	*index = (struct import_index){ 0 };
}
