/* SPDX-License-Identifier: Apache-2.0
 * Words in the order of their letters or of their sounds: those that begin alike lie side by
 * side, and those that are nearly alike are found without reading all.  Pure. */
#ifndef MATCHER_ORDER_H
#define MATCHER_ORDER_H

#include "proto/status.h"
#include "proto/text.h"

/* Bytes of a word; never 0, at most 200. */
typedef struct text order_bytes(const void *self, uint32_t word);

struct order_entry {
	uint64_t head; /* the first 8 bytes, so that most comparisons need no more */
	uint32_t word;
};

struct order {
	order_bytes *bytes;
	const void *self;
	struct order_entry *at;
	uint8_t *shared; /* first bytes that are those of the entry before */
	uint32_t count;  /* in order */
	uint32_t fresh;  /* behind them, as they came */
	uint32_t room;
};

struct order_range {
	uint32_t first, end;
};

/* Makes room for one more.  False: out of memory. */
bool order_reserve(struct order *order) MUST_CHECK;
void order_add(struct order *order, uint32_t word);
/* Puts what was added in its place; the other calls want that done. */
void order_settle(struct order *order);
/* Takes out every word that is not to stay. */
typedef bool order_stays(const void *self, uint32_t word);
void order_keep(struct order *order, order_stays *stays);
void order_free(struct order *order);

/* Positions of the words that begin with these bytes. */
struct order_range order_find(const struct order *order, struct text beginning);

/* Those of a range that end after so many bytes: they come first. */
struct order_range order_whole(
    const struct order *order, struct order_range range, uint32_t length);

/* Bytes of the longest pattern that is looked for. */
#define ORDER_PATTERN_MAX 60
#define ORDER_EDITS_MAX 2
/* Of the first letters of a pattern, that is so many, one edit mends one at most: few err twice
 * there, and every word would have to be read for them. */
#define ORDER_EARLY 3
/* One word, with how many bytes must be replaced, left out, put in or exchanged with the next. */
typedef void order_near(void *self, uint32_t word, unsigned edits);
/* Tells every word with at most so many edits between it (or, where `is_beginning`, some beginning
 * of it) and the pattern. */
void order_walk(const struct order *order, struct text pattern, unsigned edits_most,
    bool is_beginning, order_near *near, void *self);

#endif
