/* SPDX-License-Identifier: Apache-2.0
 * How terms lie in memory.  For taxonomies*.c only. */
#ifndef COMMON_TAXONOMIES_PRIVATE_H
#define COMMON_TAXONOMIES_PRIVATE_H

#define HASH_NONFATAL_OOM 1

#include <uthash.h>

#include "common/taxonomies.h"

/* Taxonomy, separator, code: as they compare. */
#define TERM_KEY_MAX (2 * TAXONOMY_CODE_MAX + 2)
struct term_key {
	char at[TERM_KEY_MAX];
	uint32_t length;
};

/* Texts lie behind their struct or in a block of their own. */
struct term_name {
	struct term_name *next;
	struct text text, folded;
	char lang[3]; /* empty: its own name */
	bool is_synonym;
};

struct mapping {
	struct mapping *next; /* of the same term */
	struct term_key to;
	enum relation relation;
	struct text from_code;
};

/* A term, or only what mappings lead from (then it has no name). */
struct taxonomy_term {
	UT_hash_handle by_key;
	struct term_key key;
	struct text taxonomy, code, parent_code, parent_id, id;
	struct term_name *names;
	struct mapping *mappings;
	struct taxonomy_term *parent;
};

struct taxonomies {
	struct taxonomy_term *by_key;
	struct block {
		struct block *next;
		char bytes[];
	} * blocks;
	size_t terms, mappings;
};

/* Memory that lives as long as the taxonomies.  NULL: out of it. */
void *taxonomies_memory(struct taxonomies *taxonomies, size_t size);
/* A copy; absent where memory ran out or there is no text. */
struct text taxonomies_keep(struct taxonomies *taxonomies, struct text text);
/* False: one is empty or too long. */
bool term_key_of(struct text taxonomy, struct text code, struct term_key *key);
struct taxonomy_term *term_by_key(
    const struct taxonomies *taxonomies, const struct term_key *key);
/* The term, made where it is not there.  NULL: out of memory. */
struct taxonomy_term *term_get(struct taxonomies *taxonomies, const struct term_key *key);

#endif
