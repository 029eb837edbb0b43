/* SPDX-License-Identifier: Apache-2.0
 * How the index lies in memory: for index.c, match.c, explain.c and search.c only. */
#ifndef MATCHER_INDEX_PRIVATE_H
#define MATCHER_INDEX_PRIVATE_H

/* Running out of memory in a table leaves it as it was, and the element without a table.
 */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) index_memory(NULL, size)
#define uthash_free(memory, size) free(memory)

#include <stdlib.h>
#include <uthash.h>

#include "services/matcher/index.h"

/* realloc; tests put a failing one here. */
extern void *(*index_memory)(void *memory, size_t size);

/* Longest id, term and name of a service that messages can hold, and name of a
 * directory's state, in bytes. */
#define INDEX_ID_MAX 64
#define INDEX_TERM_MAX 128
#define INDEX_NAME_MAX 300
#define INDEX_VERSION_MAX 64

/* Texts that a search looks at, in the order of their worth. */
enum search_field {
	SEARCH_NAME,
	SEARCH_ALTERNATE_NAME,
	SEARCH_AGENCY,
	SEARCH_TERMS,
	SEARCH_DESCRIPTION,
	SEARCH_FIELDS
};

/* Services in no order; each knows its position, so that one leaves without a search. */
struct roster {
	struct indexed **at;
	uint32_t count, room;
};

/* A taxonomy term in lower case.  It lives as long as something uses it: a membership, or
 * a term right below it. */
struct term {
	UT_hash_handle by_code;
	struct term *parent; /* NULL: the code has no dot */
	struct roster own;   /* services coded with it */
	struct roster below; /* services coded with a term below it */
	uint32_t uses;
	uint32_t length;
	char code[];
};

/* A service's place in one roster of a term; once for each, however many of its terms
 * lead there. */
struct membership {
	struct term *term;
	bool is_own; /* else below */
	uint32_t position;
};

/* What comes with a service's document, and goes with it. */
struct content {
	struct service_facts facts; /* texts point into `texts` */
	char *texts;                /* of the facts, then the folded ones */
	const char *folded;         /* words of the search fields, one after the other */
	uint32_t folded_end[SEARCH_FIELDS]; /* of each, from `folded` */
	struct membership *memberships;
	uint32_t memberships_count;
	uint32_t own_count; /* of them, in `own` rosters */
};

struct indexed {
	UT_hash_handle by_id;
	struct content content;
	double available, held; /* NaN unknown */
	bool is_capacity_told;  /* by Redis, which then knows better than the document */
	uint32_t position;      /* in the roster of all */
	uint64_t id_hash;
	char id[]; /* key of by_id */
};

/* One service that a search found. */
struct hit {
	const struct indexed *service;
	uint32_t worth;
	double distance_km; /* NaN unknown */
};

struct index {
	struct indexed *by_id;
	struct term *by_code;
	struct roster all;
	struct hit *hits; /* scratch of a search: room for every service */
	uint32_t hits_room;
	uint32_t version_length;
	char version[INDEX_VERSION_MAX];
};

/* As much of a text, in whole characters, as a message may hold; an absent one is empty.
 */
struct text text_for_message(struct text text, uint32_t most_bytes);

/* ---- services that offer a term ---- */

/* Walks the services coded with a term, with one below it, or with one above it: each
 * once, nearest relation first. */
struct offers {
	const struct term *wanted; /* NULL: no service is coded with it or below it */
	const struct term *first;  /* the nearest that there is: `wanted` or one above */
	const struct term *term;   /* whose roster is walked; NULL: the walk is over */
	bool is_below;
	unsigned levels; /* of `term` above what is wanted */
	uint32_t next;
};

void offers_open(struct offers *offers, const struct index *index, struct text term);
/* The next service and how many levels its term stands above; NULL at the end. */
const struct indexed *offers_next(struct offers *offers, unsigned *levels);

#endif
