/* SPDX-License-Identifier: Apache-2.0
 * Terms, what is above them, and what mappings lead to. */
#include <assert.h>
#include <stdlib.h>

#include "common/taxonomies_private.h"

/* Mappings one after the other that are followed. */
#define WAY_MOST 8

static const char *const RELATIONS[] = {
	[RELATION_NONE] = "",
	[RELATION_exact] = "exact",
	[RELATION_broader] = "broader",
	[RELATION_narrower] = "narrower",
	[RELATION_related] = "related",
};

const char *
taxonomy_relation_word(enum relation relation)
{
	return RELATIONS[relation];
}

enum relation
taxonomy_relation_of(struct text word)
{
	for (enum relation i = RELATION_exact; i <= RELATION_related; i++)
		if (text_is(word, RELATIONS[i]))
			return i;
	return RELATION_NONE;
}

/* ---- memory ---- */

void *
taxonomies_memory(struct taxonomies *taxonomies, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);

	if (block == NULL)
		return NULL;
	block->next = taxonomies->blocks;
	taxonomies->blocks = block;
	return block->bytes;
}

struct text
taxonomies_keep(struct taxonomies *taxonomies, struct text text)
{
	char *copy = text.length ? taxonomies_memory(taxonomies, text.length) : NULL;

	if (copy == NULL)
		return TEXT_ABSENT;
	memcpy(copy, text.at, text.length);
	return (struct text){ copy, text.length };
}

struct taxonomies *
taxonomies_new(void)
{
	return calloc(1, sizeof(struct taxonomies));
}

void
taxonomies_free(struct taxonomies *taxonomies)
{
	if (taxonomies == NULL)
		return;
	HASH_CLEAR(by_key, taxonomies->by_key);
	while (taxonomies->blocks != NULL) {
		struct block *block = taxonomies->blocks;

		taxonomies->blocks = block->next;
		free(block);
	}
	free(taxonomies);
}

size_t
taxonomies_count_terms(const struct taxonomies *taxonomies)
{
	return taxonomies->terms;
}

size_t
taxonomies_count_mappings(const struct taxonomies *taxonomies)
{
	return taxonomies->mappings;
}

/* ---- keys ---- */

static char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
}

static bool
is_letter(char byte)
{
	byte = lower(byte);
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
	       (byte & 0x80);
}

bool
term_key_of(struct text taxonomy, struct text code, struct term_key *key)
{
	key->length = 0;
	if (code.length == 0 || code.length > TAXONOMY_CODE_MAX ||
	    taxonomy.length > TAXONOMY_CODE_MAX)
		return false;
	for (uint32_t i = 0; i < taxonomy.length; i++)
		if (is_letter(taxonomy.at[i]))
			key->at[key->length++] = lower(taxonomy.at[i]);
	key->at[key->length++] = '\n';
	for (uint32_t i = 0; i < code.length; i++)
		key->at[key->length++] = lower(code.at[i]);
	return true;
}

struct taxonomy_term *
term_by_key(const struct taxonomies *taxonomies, const struct term_key *key)
{
	struct taxonomy_term *term;

	HASH_FIND(by_key, taxonomies->by_key, key->at, key->length, term);
	return term;
}

struct taxonomy_term *
term_get(struct taxonomies *taxonomies, const struct term_key *key)
{
	struct taxonomy_term *term = term_by_key(taxonomies, key);

	if (term != NULL)
		return term;
	term = taxonomies_memory(taxonomies, sizeof *term);
	if (term == NULL)
		return NULL;
	term->key = *key;
	HASH_ADD_KEYPTR(by_key, taxonomies->by_key, term->key.at, key->length, term);
	return term->by_key.tbl ? term : NULL;
}

const struct taxonomy_term *
taxonomies_find(
    const struct taxonomies *taxonomies, struct text taxonomy, struct text code)
{
	struct term_key key;
	struct taxonomy_term *term = NULL;

	if (term_key_of(taxonomy.at ? taxonomy : LITERAL(TAXONOMY_OWN), code, &key))
		term = term_by_key(taxonomies, &key);
	return term && term->names ? term : NULL;
}

/* ---- what is above ---- */

/* Terms name what is above them by its id, which is no key. */
static struct taxonomy_term *
find_id(const struct taxonomies *taxonomies, struct text id)
{
	for (struct taxonomy_term *term = taxonomies->by_key; term != NULL;
	     term = term->by_key.next)
		if (text_equal(term->id, id))
			return term;
	return NULL;
}

static bool
leads_to(const struct taxonomy_term *term, const struct taxonomy_term *wanted)
{
	while (term != NULL && term != wanted)
		term = term->parent;
	return term != NULL;
}

static bool
lead(struct taxonomies *taxonomies, struct taxonomy_term *from,
    const struct taxonomy_term *to, struct text from_code)
{
	struct mapping *mapping = taxonomies_memory(taxonomies, sizeof *mapping);

	if (mapping == NULL)
		return false;
	*mapping = (struct mapping){ NULL, to->key, RELATION_exact, from_code };
	from->mappings = mapping;
	return true;
}

/* Who publishes no codes writes names in their place. */
static bool
join_name(struct taxonomies *taxonomies, struct taxonomy_term *term)
{
	struct term_key key;
	struct taxonomy_term *other;

	if (term->names == NULL || !term_key_of(term->taxonomy, term->names->text, &key))
		return true;
	other = term_get(taxonomies, &key);
	if (other == NULL || other == term || other->names != NULL)
		return other != NULL;
	if (other->mappings == NULL)
		return lead(taxonomies, other, term, term->names->text);
	return term->mappings != NULL || lead(taxonomies, term, other, term->code);
}

enum status
taxonomies_settle(struct taxonomies *taxonomies)
{
	/* Those that are added meanwhile come last, and have no names. */
	for (struct taxonomy_term *term = taxonomies->by_key; term != NULL;
	     term = term->by_key.next)
		if (!join_name(taxonomies, term))
			return STATUS_NO_MEMORY;
	for (struct taxonomy_term *term = taxonomies->by_key; term != NULL;
	     term = term->by_key.next) {
		struct taxonomy_term *parent = NULL;
		struct term_key key;

		if (term->parent_code.length > 0 &&
		    term_key_of(term->taxonomy, term->parent_code, &key))
			parent = term_by_key(taxonomies, &key);
		else if (term->parent_id.length > 0)
			parent = find_id(taxonomies, term->parent_id);
		term->parent = leads_to(parent, term) ? NULL : parent;
	}
	return STATUS_OK;
}

/* ---- mappings ---- */

/* Two relations, one after the other. */
static enum relation
compose(enum relation first, enum relation second)
{
	if (first == RELATION_exact)
		return second;
	if (second == RELATION_exact || first == second)
		return first;
	return RELATION_related;
}

struct walk {
	const struct taxonomies *taxonomies;
	struct taxonomy_use *uses;
	uint32_t count;
	const struct taxonomy_term *way[WAY_MOST];
};

static bool
is_own(const struct term_key *key, struct text *code)
{
	static const char OWN[] = "hearthlineneeds\n";

	if (key->length < sizeof OWN || memcmp(key->at, OWN, sizeof OWN - 1) != 0)
		return false;
	*code = (struct text){ key->at + sizeof OWN - 1,
		(uint32_t)(key->length - (sizeof OWN - 1)) };
	return true;
}

/* The code above, by its dots. */
static struct text
above_of(struct text code)
{
	while (code.length > 0 && code.at[code.length - 1] != '.')
		code.length--;
	if (code.length > 0)
		code.length--;
	return code;
}

static void
use(struct walk *walk, struct text code, enum relation relation, struct text from_code)
{
	if (relation == RELATION_narrower)
		code = above_of(code);
	for (uint32_t i = 0; i < walk->count; i++)
		if (text_equal(walk->uses[i].code, code))
			return;
	if (code.length == 0 || walk->count == TAXONOMY_USES_MAX)
		return;
	walk->uses[walk->count++] = (struct taxonomy_use){ code, relation, from_code };
}

/* Follows the mappings of a term; false: it has none. */
static bool
follow(struct walk *walk, const struct taxonomy_term *term, enum relation so_far,
    struct text from_code, unsigned steps)
{
	bool has_any = false;

	for (unsigned i = 0; i < steps; i++)
		if (walk->way[i] == term)
			return true;
	if (steps == WAY_MOST)
		return true;
	walk->way[steps] = term;
	for (const struct mapping *mapping = term->mappings; mapping != NULL;
	     mapping = mapping->next) {
		enum relation relation = compose(so_far, mapping->relation);
		struct text from = from_code.at ? from_code : mapping->from_code;
		const struct taxonomy_term *next;
		struct text code;

		has_any = true;
		if (relation == RELATION_related)
			continue;
		next = term_by_key(walk->taxonomies, &mapping->to);
		if (is_own(&mapping->to, &code))
			use(walk, code, relation, from);
		else if (next != NULL)
			(void)follow(walk, next, relation, from, steps + 1);
	}
	return has_any;
}

uint32_t
taxonomies_resolve(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text code, struct taxonomy_use uses[TAXONOMY_USES_MAX])
{
	struct walk walk = { .taxonomies = taxonomies, .uses = uses };
	enum relation relation = RELATION_exact;
	const struct taxonomy_term *term;
	struct term_key key;
	struct text own;

	if (!term_key_of(taxonomy, code, &key) || is_own(&key, &own))
		return 0;
	term = term_by_key(taxonomies, &key);
	while (term != NULL && !follow(&walk, term, relation, TEXT_ABSENT, 0)) {
		term = term->parent;
		relation = RELATION_broader;
	}
	return walk.count;
}
