/* SPDX-License-Identifier: Apache-2.0
 * Walks msgpack bytes without building anything, so that only bounded ones are built. */
#include "proto/wire.h"

/* What is compared for repeated keys grows with the square of a map, so maps are small.
 */
#define MAP_MOST_KEYS 64

enum form { SCALAR, STRING, ARRAY, MAP, EXTENSION, NEVER };

/* One value's first bytes.  `size`: bytes that follow, or elements of a container. */
struct head {
	enum form form;
	uint64_t size;
};

/* A container that is being walked. */
struct level {
	uint64_t left; /* values, keys included */
	bool is_map;
	unsigned key_count;
	struct text keys[MAP_MOST_KEYS];
};

struct walk {
	const uint8_t *at, *end;
	bool is_strict; /* a message: string keys once each, no extensions */
	bool is_kept;   /* keys may be numbers of one byte */
	uint32_t value_count;
	unsigned depth;
	struct level levels[WIRE_MAX_DEPTH];
};

/* 0xc0 .. 0xdf: bytes of the length that follows, and fixed bytes after it. */
static const struct {
	uint8_t form, length_bytes, more;
} HEADS[32] = {
	{ SCALAR, 0, 0 },
	{ NEVER, 0, 0 },
	{ SCALAR, 0, 0 },
	{ SCALAR, 0, 0 },
	{ SCALAR, 1, 0 },
	{ SCALAR, 2, 0 },
	{ SCALAR, 4, 0 },
	{ EXTENSION, 1, 1 },
	{ EXTENSION, 2, 1 },
	{ EXTENSION, 4, 1 },
	{ SCALAR, 0, 4 },
	{ SCALAR, 0, 8 },
	{ SCALAR, 0, 1 },
	{ SCALAR, 0, 2 },
	{ SCALAR, 0, 4 },
	{ SCALAR, 0, 8 },
	{ SCALAR, 0, 1 },
	{ SCALAR, 0, 2 },
	{ SCALAR, 0, 4 },
	{ SCALAR, 0, 8 },
	{ EXTENSION, 0, 2 },
	{ EXTENSION, 0, 3 },
	{ EXTENSION, 0, 5 },
	{ EXTENSION, 0, 9 },
	{ EXTENSION, 0, 17 },
	{ STRING, 1, 0 },
	{ STRING, 2, 0 },
	{ STRING, 4, 0 },
	{ ARRAY, 2, 0 },
	{ ARRAY, 4, 0 },
	{ MAP, 2, 0 },
	{ MAP, 4, 0 },
};

static size_t
bytes_left(const struct walk *walk)
{
	return (size_t)(walk->end - walk->at);
}

static bool
read_length(struct walk *walk, unsigned length_bytes, uint64_t *length)
{
	*length = 0;
	if (length_bytes > bytes_left(walk))
		return false;
	while (length_bytes-- > 0)
		*length = *length << 8 | *walk->at++;
	return true;
}

static bool
read_head(struct walk *walk, struct head *head)
{
	uint8_t first;

	if (walk->at == walk->end)
		return false;
	first = *walk->at++;
	if (first <= 0x7f || first >= 0xe0) {
		*head = (struct head){ SCALAR, 0 };
	} else if (first <= 0x8f) {
		*head = (struct head){ MAP, first & 0x0f };
	} else if (first <= 0x9f) {
		*head = (struct head){ ARRAY, first & 0x0f };
	} else if (first <= 0xbf) {
		*head = (struct head){ STRING, first & 0x1f };
	} else {
		head->form = (enum form)HEADS[first & 0x1f].form;
		if (!read_length(walk, HEADS[first & 0x1f].length_bytes, &head->size))
			return false;
		head->size += HEADS[first & 0x1f].more;
	}
	return head->form != NEVER;
}

/* Keeps a key of the map that is being walked; false if it stood there before. */
static bool
keep_key(struct level *level, struct text key)
{
	for (unsigned i = 0; i < level->key_count; i++)
		if (text_equal(level->keys[i], key))
			return false;
	level->keys[level->key_count++] = key;
	return true;
}

/* However many elements are declared, the walk ends with the bytes or WIRE_MAX_VALUES. */
static bool
enter(struct walk *walk, const struct head *head)
{
	bool is_map = head->form == MAP;
	struct level *level;

	if (walk->depth == WIRE_MAX_DEPTH)
		return false;
	if (is_map && walk->is_strict && head->size > MAP_MOST_KEYS)
		return false;
	level = &walk->levels[walk->depth++];
	level->left = is_map ? head->size * 2 : head->size;
	level->is_map = is_map;
	level->key_count = 0;
	return true;
}

/* Whether a value that began there is of a form that may stand where it stands. */
static bool
is_allowed(const struct walk *walk, enum form form, const uint8_t *began, bool is_key)
{
	if (!walk->is_strict)
		return true;
	if (is_key && form != STRING)
		return walk->is_kept && form == SCALAR && *began <= 0x7f;
	return form != EXTENSION;
}

/* One value; of a container only its head. */
static bool
step(struct walk *walk)
{
	struct level *level = walk->depth > 0 ? &walk->levels[walk->depth - 1] : NULL;
	bool is_key = level != NULL && level->is_map && level->left % 2 == 0;
	struct head head = { NEVER, 0 };
	const uint8_t *at = walk->at;

	if (!read_head(walk, &head) || ++walk->value_count > WIRE_MAX_VALUES)
		return false;
	if (level != NULL)
		level->left--;
	if (!is_allowed(walk, head.form, at, is_key))
		return false;
	if (head.form == ARRAY || head.form == MAP)
		return enter(walk, &head);
	if (head.size > bytes_left(walk))
		return false;
	if (head.form == STRING)
		at = walk->at;
	walk->at += head.size;
	return !is_key || !walk->is_strict ||
	       keep_key(
	           level, (struct text){ (const char *)at, (uint32_t)(walk->at - at) });
}

static enum status
check(const void *bytes, size_t length, bool is_strict, bool is_kept)
{
	struct walk walk; /* 12 KiB of keys: not worth clearing */

	walk.at = bytes;
	walk.end = walk.at + length;
	walk.is_strict = is_strict;
	walk.is_kept = is_kept;
	walk.value_count = 0;
	walk.depth = 0;
	do {
		if (!step(&walk))
			return STATUS_BAD_MESSAGE;
		while (walk.depth > 0 && walk.levels[walk.depth - 1].left == 0)
			walk.depth--;
	} while (walk.depth > 0);
	return walk.at == walk.end ? STATUS_OK : STATUS_BAD_MESSAGE;
}

static bool
is_map(const uint8_t *bytes, size_t length)
{
	return length > 0 &&
	       (bytes[0] >> 4 == 0x8 || bytes[0] == 0xde || bytes[0] == 0xdf);
}

enum status
wire_check(const void *bytes, size_t length)
{
	return is_map(bytes, length) ? check(bytes, length, true, false)
	                             : STATUS_BAD_MESSAGE;
}

enum status
wire_check_kept(const void *bytes, size_t length)
{
	return is_map(bytes, length) ? check(bytes, length, true, true)
	                             : STATUS_BAD_MESSAGE;
}

enum status
wire_check_any(const void *bytes, size_t length)
{
	return check(bytes, length, false, false);
}
