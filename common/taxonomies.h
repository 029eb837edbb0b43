/* SPDX-License-Identifier: Apache-2.0
 * Terms of needs in memory: our own taxonomy, others, and which of their terms are which of
 * ours.  Pure. */
#ifndef COMMON_TAXONOMIES_H
#define COMMON_TAXONOMIES_H

#include "proto/status.h"
#include "proto/text.h"

/* The taxonomy that needs are coded with. */
#define TAXONOMY_OWN "hearthline-needs"
#define TAXONOMY_CODE_MAX 128
#define TAXONOMY_NAME_MAX 300
/* Of our terms that one code leads to. */
#define TAXONOMY_USES_MAX 16

/* What the second term of a mapping is to the first. */
enum relation {
	RELATION_NONE,
	RELATION_exact,
	RELATION_broader,  /* what the first says is a kind of it */
	RELATION_narrower, /* it is a kind of what the first says */
	RELATION_related,  /* neither: no service is matched by it */
};
/* "exact"; RELATION_NONE: another word. */
const char *taxonomy_relation_word(enum relation relation);
enum relation taxonomy_relation_of(struct text word);

struct taxonomies;
/* NULL: out of memory. */
struct taxonomies *taxonomies_new(void);
void taxonomies_free(struct taxonomies *taxonomies);

/* Adds a stored document: a term {"taxonomy","code","name","parent"|"parent_id","id",
 * "labels":{LANG:TEXT},"synonyms":{LANG:[TEXT]}} or a mapping {"from_taxonomy","from_code",
 * "relation","to_taxonomy","to_code"}.  Of two terms with the same taxonomy and code the last
 * counts.  Taxonomies compare by their letters and digits, codes without case.  A code of a
 * mapping may be the term's name instead.  INVALID, NO_MEMORY. */
enum status taxonomies_read(
    struct taxonomies *taxonomies, struct text document) MUST_CHECK;
/* When all were added, before anything is asked: finds parents.  An unknown parent, or one
 * that leads back, leaves the term at the top.  NO_MEMORY. */
enum status taxonomies_settle(struct taxonomies *taxonomies) MUST_CHECK;
size_t taxonomies_count_terms(const struct taxonomies *taxonomies);
size_t taxonomies_count_mappings(const struct taxonomies *taxonomies);

/* A term of ours that a service coded otherwise offers, and by what. */
struct taxonomy_use {
	struct text code;       /* of ours, lower case */
	enum relation relation; /* along the whole way */
	struct text from_code;  /* of the mapping that leads there, as it is written */
};
/* Our terms for a code of another taxonomy: by its mappings, else by those of the nearest term
 * above it (which are then broader).  Mappings may lead by a third taxonomy; a way that comes
 * back to where it was ends.  exact and broader lead to the term itself; narrower to the one
 * above it, since a service coded wider may or may not offer it; related to none, as what
 * mixes broader and narrower.  Each of ours once; returns how many. */
uint32_t taxonomies_resolve(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text code, struct taxonomy_use uses[TAXONOMY_USES_MAX]);

/* ---- for people ---- */

struct term_view {
	struct text taxonomy, code,
	    name;           /* name: in the language that is wanted, where known */
	struct text parent; /* code; absent: none */
};
/* The term, or NULL. */
struct taxonomy_term;
const struct taxonomy_term *taxonomies_find(
    const struct taxonomies *taxonomies, struct text taxonomy, struct text code);
void taxonomy_term_view(
    const struct taxonomy_term *term, struct text lang, struct term_view *view);
/* Calls for each label and synonym of a term, as it is written and folded (fold.h). */
typedef void taxonomy_each_name(
    void *self, struct text lang, struct text name, struct text folded);
void taxonomy_term_names(
    const struct taxonomy_term *term, taxonomy_each_name *each, void *self);

/* Calls for each term of a taxonomy (absent: our own), in whatever order. */
typedef void taxonomy_each_term(void *self, const struct taxonomy_term *term);
void taxonomies_each(const struct taxonomies *taxonomies, struct text taxonomy,
    taxonomy_each_term *each, void *self);
/* Whether it is a code of any taxonomy, without case, or one that mappings lead from. */
bool taxonomies_has_code(const struct taxonomies *taxonomies, struct text code);

/* Terms by code, label or synonym in any language (fold.h); each word of `q` must begin a word
 * of one of them, and no words give all.  `taxonomy` absent: our own.  Best first: code, whole
 * name, beginning of a name, else; then by code.  Returns how many there are. */
uint32_t taxonomies_search(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text q, const struct taxonomy_term **found, uint32_t most);

#endif
