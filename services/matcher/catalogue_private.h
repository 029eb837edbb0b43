/* SPDX-License-Identifier: Apache-2.0
 * How the catalogue lies in memory.
 *   catalogue.c       what is held by what
 *   catalogue_roll.c  ids in order, and by hash
 *   catalogue_list.c  lists */
#ifndef MATCHER_CATALOGUE_PRIVATE_H
#define MATCHER_CATALOGUE_PRIVATE_H

#include "common/id.h"
#include "services/matcher/catalogue.h"

#define CATALOGUE_NONE UINT32_MAX
#define CATALOGUE_PAGE 100

/* An entity of any kind: the kind above its number. */
#define CATALOGUE_NUMBER_BITS 29
#define CATALOGUE_MOST (UINT32_C(1) << CATALOGUE_NUMBER_BITS)
#define CATALOGUE_PART(entity, number)                                                   \
	((uint32_t)(entity) << CATALOGUE_NUMBER_BITS | (number))
#define CATALOGUE_KIND(part) ((enum entity)((part) >> CATALOGUE_NUMBER_BITS))
#define CATALOGUE_NUMBER(part) ((part) & (CATALOGUE_MOST - 1))

/* For whom it is: everybody, cleared roles. */
enum audience { AUDIENCE_OPEN, AUDIENCE_CLEARED, AUDIENCES };

struct entry {
	uint8_t id[16];              /* of its UUID */
	uint32_t holders[AUDIENCES]; /* services that hold it, for each audience */
	uint32_t
	    shown_by[AUDIENCES]; /* one of them; CATALOGUE_NONE where there is none */
};

/* Entities of one kind, in the order of their arrival. */
struct roll {
	struct entry *at;
	uint32_t count, room;
	uint32_t *slots; /* number from 1, by hash; 0 is free */
	uint32_t slots_count;
	uint32_t seen[AUDIENCES]; /* entities that have a holder */
};

/* What a service holds. */
struct holding {
	uint32_t *parts; /* CATALOGUE_PART */
	uint32_t count;
	uint32_t
	    open_count; /* the first of them, which everybody may see; 0: it is for cleared roles */
	int64_t modified_at; /* TIME_ABSENT unknown */
};

/* Parts that an audience may see. */
static inline uint32_t
holding_count(const struct holding *holding, enum audience audience)
{
	return audience == AUDIENCE_OPEN ? holding->open_count : holding->count;
}

struct of_term {
	uint32_t taxonomy; /* CATALOGUE_NONE: none is said */
	bool has_parent;
	uint8_t parent[16];
};

struct catalogue {
	struct roll rolls[entity_taxonomy_term + 1]; /* by enum entity */
	struct holding *holdings;                    /* as the roll of services */
	struct of_term *terms;                       /* as the roll of terms */
	uint32_t holdings_room, terms_room;
	char texts[2 * CATALOGUE_PAGE][ID_UUID_BYTES + 1];
};

struct catalogue_choice {
	const struct catalogue *catalogue;
	uint8_t bits[]; /* of services */
};

static inline bool
bit_is_set(const uint8_t *bits, uint32_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

static inline void
bit_set(uint8_t *bits, uint32_t at)
{
	bits[at / 8] = (uint8_t)(bits[at / 8] | 1 << at % 8);
}

/* False: no UUID. */
bool roll_key(struct text id, uint8_t key[16]) MUST_CHECK;
void roll_text(const uint8_t key[16], char text[ID_UUID_BYTES + 1]);
/* Its number; CATALOGUE_NONE. */
uint32_t roll_find(const struct roll *roll, const uint8_t key[16]);
/* The same; it is added where it is not there.  CATALOGUE_NONE: out of memory. */
uint32_t roll_add(struct roll *roll, const uint8_t key[16]);

#endif
