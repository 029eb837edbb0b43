/* SPDX-License-Identifier: Apache-2.0
 * Sorted words.  Nearly alike ones are found with an automaton that stands in all its states
 * at once, one bit for each letter of the pattern (S. Wu and U. Manber, "Fast text searching
 * allowing errors", CACM 35, 1992), kept for each letter of the word before: what two words
 * begin alike is read once, and what no edit mends is passed over with all that begin so. */
#include "services/matcher/order.h"

#include <stdlib.h>

#include "services/matcher/index_private.h"

static uint64_t
head_of(struct text bytes)
{
	uint64_t head = 0;

	for (uint32_t i = 0; i < 8; i++)
		head = head << 8 | (i < bytes.length ? (uint8_t)bytes.at[i] : 0);
	return head;
}

static int
compare_bytes(struct text one, struct text other)
{
	uint32_t least = one.length < other.length ? one.length : other.length;
	int order = memcmp(one.at, other.at, least);

	return order != 0 ? order
	                  : (one.length > other.length) - (one.length < other.length);
}

static int
compare(const void *one, const void *other, void *self)
{
	const struct order *order = self;
	const struct order_entry *a = one, *b = other;
	int difference;

	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	difference = (a->head & 0xff) == 0
	                 ? 0
	                 : compare_bytes(order->bytes(order->self, a->word),
	                       order->bytes(order->self, b->word));
	return difference != 0 ? difference : (a->word > b->word) - (a->word < b->word);
}

/* ---- keeping the order ---- */

bool
order_reserve(struct order *order)
{
	/* What is fresh is sorted in a second place. */
	uint32_t wanted = order->count + 2 * (order->fresh + 1);
	uint32_t room = wanted + wanted / 2 + 32;
	struct order_entry *at;
	uint8_t *shared;

	if (wanted <= order->room)
		return true;
	at = index_memory(order->at, 0, room * sizeof *at);
	if (at == NULL)
		return false;
	order->at = at;
	shared = index_memory(order->shared, 0, room);
	if (shared == NULL)
		return false;
	order->shared = shared;
	order->room = room;
	return true;
}

void
order_add(struct order *order, uint32_t word)
{
	order->at[order->count + order->fresh++] =
	    (struct order_entry){ .head = head_of(order->bytes(order->self, word)),
		    .word = word };
}

/* The first of `count` entries that is not before this one. */
static uint32_t
position_of(struct order *order, uint32_t count, const struct order_entry *entry)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (compare(&order->at[middle], entry, order) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
count_shared(struct order *order, uint32_t position)
{
	struct text one, other;
	uint32_t shared = 0;

	if (position >= order->count)
		return;
	if (position > 0) {
		one = order->bytes(order->self, order->at[position - 1].word);
		other = order->bytes(order->self, order->at[position].word);
		while (shared < one.length && shared < other.length &&
		       one.at[shared] == other.at[shared])
			shared++;
	}
	order->shared[position] = (uint8_t)shared;
}

void
order_settle(struct order *order)
{
	struct order_entry *fresh;
	uint32_t count = order->fresh, rest = order->count;

	if (count == 0)
		return;
	fresh = order->at + order->count + order->fresh;
	memcpy(fresh, order->at + order->count, count * sizeof *fresh);
	qsort_r(fresh, count, sizeof *fresh, compare, order);
	order->count += count;
	order->fresh = 0;
	for (uint32_t i = count; i > 0; i--) {
		struct order_entry entry = fresh[i - 1];
		uint32_t position = position_of(order, rest, &entry);

		memmove(order->at + position + i, order->at + position,
		    (rest - position) * sizeof entry);
		memmove(order->shared + position + i, order->shared + position,
		    rest - position);
		order->at[position + i - 1] = entry;
		fresh[i - 1].word = position + i - 1;
		rest = position;
	}
	for (uint32_t i = 0; i < count; i++) {
		count_shared(order, fresh[i].word);
		count_shared(order, fresh[i].word + 1);
	}
}

void
order_keep(struct order *order, order_stays *stays)
{
	uint32_t kept = 0;

	order_settle(order);
	for (uint32_t i = 0; i < order->count; i++)
		if (stays(order->self, order->at[i].word))
			order->at[kept++] = order->at[i];
	order->count = kept;
	for (uint32_t i = 0; i < kept; i++)
		count_shared(order, i);
}

void
order_free(struct order *order)
{
	free(order->at);
	free(order->shared);
}

/* ---- beginnings ---- */

/* Below, at or above the words that begin so. */
static int
compare_beginning(const struct order *order, uint32_t position, struct text beginning)
{
	struct text bytes = order->bytes(order->self, order->at[position].word);

	if (bytes.length > beginning.length)
		bytes.length = beginning.length;
	return compare_bytes(bytes, beginning);
}

static uint32_t
find_edge(const struct order *order, struct text beginning, int least)
{
	uint32_t low = 0, high = order->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (compare_beginning(order, middle, beginning) < least)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct order_range
order_find(const struct order *order, struct text beginning)
{
	return (struct order_range){ find_edge(order, beginning, 0),
		find_edge(order, beginning, 1) };
}

struct order_range
order_whole(const struct order *order, struct order_range range, uint32_t length)
{
	uint32_t end = range.first;

	while (end < range.end &&
	       order->bytes(order->self, order->at[end].word).length == length)
		end++;
	return (struct order_range){ range.first, end };
}

/* ---- nearly alike ---- */

/* Bit n: n letters of the pattern are read, with as many edits as the place in the list says.
 * `exchanged`: likewise, and the letter after the next was read in place of the next. */
struct states {
	uint64_t read[ORDER_EDITS_MAX + 1], exchanged[ORDER_EDITS_MAX + 1];
	unsigned edits; /* fewest of any beginning so far; more than the most: none */
};

struct automaton {
	uint64_t letters[256]; /* bit n + 1: the n-th letter of the pattern is this one */
	uint64_t goal, all;
	unsigned edits_most;
	struct states states[ORDER_PATTERN_MAX + ORDER_EDITS_MAX + 2]; /* by bytes read */
};

/* Fewest edits with which the whole pattern is read; more than the most: it is not. */
static unsigned
edits_now(const struct automaton *automaton, const struct states *states)
{
	unsigned edits = 0;

	while (edits <= automaton->edits_most && !(states->read[edits] & automaton->goal))
		edits++;
	return edits;
}

static void
start(struct automaton *automaton, struct text pattern, unsigned edits_most)
{
	memset(automaton->letters, 0, sizeof automaton->letters);
	for (uint32_t i = 0; i < pattern.length; i++)
		automaton->letters[(uint8_t)pattern.at[i]] |= UINT64_C(2) << i;
	automaton->goal = UINT64_C(1) << pattern.length;
	automaton->all = (automaton->goal << 1) - 1;
	automaton->edits_most = edits_most;
	automaton->states[0] = (struct states){ .read = { 1, 3 } };
	automaton->states[0].edits = edits_now(automaton, &automaton->states[0]);
}

/* Of the states in which no more than ORDER_EARLY letters are read. */
#define EARLY ((UINT64_C(2) << ORDER_EARLY) - 1)

/* Returns all states; 0: nothing that begins so is near. */
static inline uint64_t
step(uint64_t letters, const struct states *from, struct states *to, unsigned edits_most)
{
	uint64_t any = from->read[0] << 1 & letters;

	to->read[0] = any;
	for (unsigned i = 1; i <= edits_most; i++) {
		to->read[i] = (from->read[i] << 1 & letters) | from->read[i - 1] |
		              from->read[i - 1] << 1 | to->read[i - 1] << 1 |
		              (from->exchanged[i] << 1 & letters) << 1;
		to->exchanged[i] = from->read[i - 1] & letters >> 2;
		if (i == 2)
			to->read[i] &= ~EARLY;
		any |= to->read[i] | to->exchanged[i];
	}
	return any;
}

/* Reads a letter behind so many.  False: nothing that begins so is near. */
static inline bool
read_letter(struct automaton *automaton, uint32_t depth, uint8_t letter)
{
	const struct states *from = &automaton->states[depth];
	struct states *to = &automaton->states[depth + 1];
	uint64_t letters = automaton->letters[letter];
	uint64_t any = automaton->edits_most == 1 ? step(letters, from, to, 1)
	                                          : step(letters, from, to, 2);

	to->edits = from->edits;
	if (any & automaton->goal) {
		unsigned edits = edits_now(automaton, to);

		to->edits = edits < to->edits ? edits : to->edits;
	}
	return (any & automaton->all) != 0;
}

/* A byte of a word; 0: it has ended. */
static inline uint8_t
letter_at(const struct order *order, const struct order_entry *entry, uint32_t depth)
{
	struct text bytes;

	if (depth < 8)
		return (uint8_t)(entry->head >> (56 - 8 * depth));
	bytes = order->bytes(order->self, entry->word);
	return depth < bytes.length ? (uint8_t)bytes.at[depth] : 0;
}

/* Reads on from what the word shares with the one before, up to `depth`.  True: nothing that
 * begins like that can come nearer. */
static inline bool
read_word(struct automaton *automaton, const struct order *order, uint32_t position,
    uint32_t *depth)
{
	uint8_t letter;

	if (order->shared[position] < *depth)
		*depth = order->shared[position];
	while ((letter = letter_at(order, &order->at[position], *depth)) != 0) {
		bool may_be_near = read_letter(automaton, *depth, letter);

		++*depth;
		if (!may_be_near)
			return true;
	}
	return false;
}

/* The next position, behind this one, that shares less than so many bytes (below 128) with the
 * one before; eight at a time. */
static uint32_t
pass_over(const struct order *order, uint32_t position, uint32_t depth)
{
	const uint64_t each = UINT64_MAX / 255;

	for (position++; position + 8 <= order->count; position += 8) {
		uint64_t shared, less;

		memcpy(&shared, order->shared + position, sizeof shared);
		less = (shared - each * depth) & ~shared & each << 7;
		if (less != 0)
			break;
	}
	while (position < order->count && order->shared[position] >= depth)
		position++;
	return position;
}

void
order_walk(const struct order *order, struct text pattern, unsigned edits_most,
    bool is_beginning, order_near *near, void *self)
{
	struct automaton automaton;
	uint32_t depth = 0, next;

	if (pattern.length == 0 || pattern.length > ORDER_PATTERN_MAX)
		return;
	start(&automaton, pattern, edits_most);
	for (uint32_t i = 0; i < order->count; i = next) {
		bool is_settled = read_word(&automaton, order, i, &depth);
		const struct states *states = &automaton.states[depth];
		unsigned edits =
		    is_beginning ? states->edits : edits_now(&automaton, states);

		next = is_settled ? pass_over(order, i, depth) : i + 1;
		for (uint32_t k = i; k < next && edits <= edits_most; k++)
			near(self, order->at[k].word, edits);
	}
}
