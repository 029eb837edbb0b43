/* SPDX-License-Identifier: Apache-2.0
 * How the index lies in memory: for the matcher's own modules only.
 *   index.c    services by id, and the whole
 *   demand.c   who wants which places
 *   content.c  what comes with a service's document
 *   shared.c, texts.c   what several services have in common
 *   agencies.c which services an agency has
 *   terms.c    which services offer a term
 *   chart.c, branch.c, extent.c   those of one term by place
 *   vocabulary.c, order.c   which services have a word
 *   numbers.c, names.c   services by number and by name */
#ifndef MATCHER_INDEX_PRIVATE_H
#define MATCHER_INDEX_PRIVATE_H

/* Running out of memory in a table leaves it as it was, and the element without a table. */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) index_memory(NULL, 0, size)
#define uthash_free(memory, size) free(memory)

#include <stdlib.h>
#include <uthash.h>

#include "services/matcher/chart.h"
#include "services/matcher/index.h"
#include "services/matcher/traits.h"
#include "services/matcher/vocabulary.h"

/* realloc, or with an alignment (and no memory yet) aligned_alloc.  Tests put one here that
 * fails. */
extern void *(*index_memory)(void *memory, size_t alignment, size_t size);

/* Longest id, term and name of a service that messages can hold, and name of a directory's
 * state, in bytes. */
#define INDEX_ID_MAX (INDEX_ID_BYTES - 1)
#define INDEX_TERM_MAX 128
#define INDEX_NAME_MAX 300
#define INDEX_VERSION_MAX 64
#define CACHE_LINE 64

/* ---- services ---- */

/* Bytes that several services have in common: hours, shapes. */
struct shared {
	UT_hash_handle by_bytes;
	uint32_t uses;
	uint32_t length;
	int64_t asked_at,
	    next; /* hours: nothing opens from the one to the other; 0 not asked */
	_Alignas(8) char bytes[];
};

/* A list that several services have in common. */
struct listed_texts {
	UT_hash_handle by_bytes; /* of the texts, each behind its length */
	uint32_t uses;
	uint32_t length;
	_Alignas(8) struct texts texts;
};

/* What comes with a service's document, and goes with it. */
struct content {
	struct shared *hours, *shapes; /* NULL: none */
	struct kept_facts
	    facts; /* all but its lists, its agency and its id lies in `room` */
	void *
	    room; /* of the traits, the memberships, the points, the name and the folded name */
	struct text folded_name;
	struct vocabulary *vocabulary; /* NULL: it is not searched */
	struct word_list *words;
	struct term **terms; /* each once, however often it is named */
	uint32_t terms_count;
	struct agency *agency; /* NULL: none */
};

struct indexed {
	struct traits traits; /* first, so that they lead back here, in a cache line */
	struct particulars particulars;
	UT_hash_handle by_id;
	struct indexed *agency_next, *agency_prior;
	uint32_t position; /* in the roster of all */
	uint32_t number;   /* its own as long as it is there; numbers are used again */
	double available, held; /* NaN unknown */
	bool is_capacity_told;  /* by Redis, which then knows better than the document */
	struct content content;
	char id[]; /* key of by_id */
};

/* Services in no order.  Each knows its position, so that one leaves without a search. */
struct roster {
	struct indexed **at;
	uint32_t count, room;
};

static inline struct indexed *
indexed_of(const struct traits *traits)
{
	return (struct indexed *)(uintptr_t)traits;
}

/* A service of this index, by whoever may change it. */
static inline struct indexed *
index_own(struct index *index, const struct indexed *service)
{
	(void)index;
	return (struct indexed *)(uintptr_t)service;
}

/* Its services, in no order. */
struct agency {
	UT_hash_handle by_id;
	struct indexed *first;
	uint32_t count;
	uint32_t uses;
	uint32_t length;
	char id[];
};

/* One service that a search found. */
struct hit {
	const struct indexed *service;
	uint32_t worth;
	double distance_km; /* NaN unknown */
};

/* Services that are tallied and ranked together, so that those that nobody asks for cost little. */
#define TALLY_BLOCK 256

/* What the words of a question have come to, by the numbers of services. */
struct tallies {
	/* How the worst spelt word is (TALLY_SPELLING), and the sum of what they are worth: more is
	 * better; 0: a word is missing. */
	uint16_t *worth;
	uint16_t *last;   /* the same of the word that is read; 0 between questions */
	uint8_t *touched; /* block: it has a service with the word that is read */
	uint32_t *blocks; /* in order, that have services with all words so far */
};
#define TALLY_SPELLING 0xc000u
/* What a ranking favours is added, and must not make a tier of it. */
#define TALLY_SUM_MOST (0x3fffu - 63)

enum seen { SEEN_BY_NOBODY, SEEN_BY_ALL, SEEN_BY_CLEARED };

/* Services in the order of their folded names, then of their ids, so that which of two comes first
 * is one comparison. */
struct names {
	uint32_t *order; /* numbers; UINT32_MAX: it has gone */
	uint32_t *fresh; /* those that have no place in the order yet */
	int32_t *rank; /* by number: its place in the order; -1 - place among the fresh */
	uint32_t count, fresh_count, gone_count;
};

/* Ranks of names that begin with a text; from `longer` on they go on behind it. */
struct name_range {
	int32_t first, longer, end;
};

/* Services by number, with the scratch of searches: room for every service. */
struct numbers {
	const struct indexed **service;
	/* What settles most comparisons, each close together: */
	uint8_t *seen;     /* enum seen */
	uint64_t *letters; /* first 8 bytes of the folded name */
	uint8_t *terse;    /* more for fewer words of the name, up to TERSE_MOST */
	struct names names;
	float *along
	    [3]; /* where it is, on the unit sphere; POINT_NONE, or NaN: there are several */
	uint32_t *free; /* numbers below the highest, so many: */
	struct hit *hits;
	struct tallies tallies;
	uint32_t count;            /* numbers given so far, freed ones included */
	uint32_t free_count, room; /* room: whole blocks */
};

#define TERSE_MOST 10

/* Farther than all others. */
#define POINT_NONE 1e9f

/* Words of entries for cleared roles are kept apart: nothing that others are told, nor the time
 * it takes, depends on them. */
enum { WORDS_PUBLIC, WORDS_CLEARED, VOCABULARIES };

struct index {
	struct indexed *by_id;
	struct term *by_code;
	const struct taxonomies *taxonomies; /* NULL: none */
	struct via *vias;                    /* that explanations name */
	struct shared *by_bytes;
	struct listed_texts *lists;
	struct agency *agencies;
	struct roster all;
	struct numbers numbers;
	struct vocabulary vocabularies[VOCABULARIES];
	uint32_t version_length;
	char version[INDEX_VERSION_MAX];
};

/* ---- numbers.c ---- */

static inline uint32_t
numbers_blocks(const struct numbers *numbers)
{
	return (numbers->count + TALLY_BLOCK - 1) / TALLY_BLOCK;
}

/* Makes room for one more of so many.  False: out of memory. */
bool numbers_reserve(struct numbers *numbers, uint32_t count) MUST_CHECK;
/* The service gets a number; numbers_note follows. */
void numbers_join(struct numbers *numbers, struct indexed *service);
void numbers_leave(struct numbers *numbers, const struct indexed *service);
void numbers_free(struct numbers *numbers);

/* ---- names.c ---- */

/* There is room for each. */
void names_join(struct names *names, uint32_t number);
void names_leave(struct names *names, uint32_t number);
/* Its name is another from now on. */
void names_change(struct names *names, uint32_t number);
/* Gives all their ranks; cheap where nothing has changed. */
void names_settle(struct numbers *numbers);
/* The same where so many have changed that it would keep the next search. */
void names_settle_many(struct numbers *numbers);
/* The names that begin with a folded text; none do with an empty one.  All have their ranks. */
struct name_range names_find(const struct numbers *numbers, struct text beginning);

/* ---- content.c ---- */

/* Copies facts but for the id, and makes the memberships they lead to.
 * False: out of memory, and there is nothing to free. */
bool content_make(
    struct index *index, struct content *content, const struct service_facts *facts);
void content_free(struct index *index, struct content *content);

/* As much of a text, in whole characters, as a message may hold; an absent one is empty. */
struct text text_for_message(struct text text, uint32_t most_bytes);

/* ---- mapped.c ---- */

void vias_free(struct index *index);

/* ---- shared.c ---- */

/* Takes a use of these bytes; NULL where there are none.  False: out of memory. */
bool shared_take(
    struct index *index, const void *bytes, size_t length, struct shared **shared);
/* Gives it back; NULL is accepted. */
void shared_give(struct index *index, struct shared *shared);
/* Of hours, which are unknown where they are NULL (hours.h). */
enum flag shared_open_at(const struct shared *hours, int64_t at_ms);
int64_t shared_next_opening(struct shared *hours, int64_t at_ms);

/* ---- texts.c ---- */

/* Takes a use of a list of these texts.  False: out of memory; `list` is an empty one then, too. */
bool texts_take(struct index *index, const struct text *texts, uint32_t count,
    const struct texts **list) MUST_CHECK;
/* Gives it back; NULL is accepted. */
void texts_give(struct index *index, const struct texts *list);

/* ---- agencies.c ---- */

/* NULL: there is none. */
const struct agency *agency_find(const struct index *index, struct text id);
/* Takes a use of an agency; NULL where there is none.  False: out of memory, NULL too. */
bool agency_take(struct index *index, struct text id, struct agency **agency) MUST_CHECK;
/* Gives it back; NULL is accepted. */
void agency_give(struct index *index, struct agency *agency);
/* A service joins or leaves that of its content. */
void agency_join(struct indexed *service);
void agency_leave(struct indexed *service);

/* ---- terms.c ---- */

/* Makes room for one more.  False: out of memory. */
bool roster_reserve(struct roster *roster);
/* Returns the position. */
uint32_t roster_join(struct roster *roster, struct indexed *service);
/* The last one takes the place of the one that leaves; returns it. */
struct indexed *roster_leave(struct roster *roster, uint32_t position);

/* A taxonomy term in lower case.  It lives as long as something uses it: a membership, or a
 * term right below it. */
struct term {
	UT_hash_handle by_code;
	struct term *parent;       /* NULL: the code has no dot */
	struct term *child;        /* the first below */
	struct term *next, *prior; /* below the same parent */
	struct chart chart;        /* services coded with it */
	uint32_t uses;
	uint32_t length;
	char code[];
};

/* Finds the terms that a content's facts name, with a use of each, but joins no chart; there
 * is room for each.
 * False: out of memory, and nothing is used. */
bool memberships_make(struct index *index, struct content *content);
void memberships_free(struct index *index, struct content *content);
/* Whether one walk over offers may meet the service twice. */
bool memberships_may_repeat(const struct content *content);
/* Makes room in every chart for a service with these traits.  False: out of memory. */
bool memberships_reserve(const struct content *content, const struct traits *traits);
/* Joins, where there is room, or leaves all charts. */
void memberships_join(struct indexed *service);
void memberships_leave(struct indexed *service);
/* Its charts are tidied: it has left for good, and nothing is reserved. */
void memberships_tidy(struct indexed *service);
/* Its report of places has changed. */
void memberships_renew(struct indexed *service);

/* Goes through the terms of the services coded with a term, with one below it, or with one
 * above it. */
struct offers {
	const struct term *wanted;  /* NULL: no service is coded with it or below it */
	const struct term *first;   /* the nearest that there is: `wanted` or one above */
	const struct term *term;    /* whose services are met; NULL: there are no more */
	unsigned levels;            /* of `term` above what is wanted; 0: it or below */
	unsigned first_levels;      /* of `first` */
	uint32_t branch, leaf, pin; /* of offers_next */
};

void offers_open(struct offers *offers, const struct index *index, struct text term);
/* The wanted term, all below it, then those above it. */
void offers_step(struct offers *offers);
/* Whether a service is coded with the wanted term or with one below. */
bool offers_hold(const struct offers *offers, const struct content *content);
/* Levels of the nearest of its terms above the wanted one; -1: it offers nothing of that. */
int offers_levels(const struct offers *offers, const struct content *content);
/* Whether a service of `term`, at so many levels, belongs to another one: each is met once, by
 * its nearest relation. */
bool offers_are_elsewhere(const struct offers *offers, const struct term *term,
    unsigned levels, const struct traits *traits);
/* Walks all services: the next one, and how many levels its term stands above; NULL at the
 * end. */
const struct traits *offers_next(struct offers *offers, unsigned *levels);

#endif
