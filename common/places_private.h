/* SPDX-License-Identifier: Apache-2.0
 * How places lie in memory.  For places*.c only. */
#ifndef COMMON_PLACES_PRIVATE_H
#define COMMON_PLACES_PRIVATE_H

#include "common/fold.h"
#include "common/places.h"

/* Position of a text in the pool, where it ends with NUL; 0: none. */
typedef uint32_t pool_text;

struct spot {
	pool_text code, parent_code;
	place_id parent; /* once settled */
	uint32_t
	    names; /* the first of its names: a position in `names`, from 1; 0: none */
	int32_t lat_e6, lon_e6; /* SPOT_NOWHERE: unknown */
	uint32_t population;
	uint8_t kind;
	bool holds_others; /* once settled */
};
#define SPOT_NOWHERE INT32_MAX

struct spot_name {
	pool_text text, folded;
	place_id spot;
	uint32_t next; /* of the same spot */
	char lang[2];  /* zeros: its own or an alternate name */
};

/* A word of a folded name at which a search may begin, in the order of the text from there. */
struct word_start {
	pool_text folded; /* from the word on, with the space before it */
	uint32_t name;    /* position in `names`, from 0 */
};

struct places {
	struct spot *spots;
	struct spot_name *names;
	struct word_start *starts;
	char *pool;
	place_id *by_code; /* open addressing; PLACE_NONE: free */
	uint32_t *seen;    /* the search that a spot was met by, and how well */
	uint32_t spots_count, spots_room, names_count, names_room;
	uint32_t starts_count, pool_used, pool_room, slots, search;
};

static inline const char *
pool_at(const struct places *places, pool_text text)
{
	return places->pool + text;
}

/* A code as it compares: letters large; KATOTTG and p-codes as the path of both, padded with
 * zeros. */
struct code_key {
	char at[PLACE_CODE_MAX + 1];
	uint32_t length;
	bool is_path;
};
/* False: empty or too long. */
bool code_key_of(struct text code, struct code_key *key);
/* The slot that holds the key's place, or the free one that would. */
uint32_t places_slot(const struct places *places, const struct code_key *key);
/* Of kinds of the same name the lower comes first. */
unsigned place_kind_rank(enum place_kind kind);
/* Fills in the word starts.  False: out of memory. */
bool places_order(struct places *places) MUST_CHECK;

#endif
