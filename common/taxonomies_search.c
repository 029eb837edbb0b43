/* SPDX-License-Identifier: Apache-2.0
 * Terms for people: labels, and finding them by words. */
#include "common/fold.h"
#include "common/taxonomies_private.h"

#define WORDS_MAX 200

void
taxonomy_term_view(
    const struct taxonomy_term *term, struct text lang, struct term_view *view)
{
	*view = (struct term_view){
		.taxonomy = term->taxonomy,
		.code = term->code,
		.name = term->names->text,
		.parent = term->parent ? term->parent->code : TEXT_ABSENT,
	};
	for (const struct term_name *name = term->names; name != NULL; name = name->next)
		if (!name->is_synonym && lang.length >= 2 &&
		    strncmp(name->lang, lang.at, 2) == 0) {
			view->name = name->text;
			return;
		}
}

void
taxonomy_term_names(
    const struct taxonomy_term *term, taxonomy_each_name *each, void *self)
{
	for (const struct term_name *name = term->names; name != NULL; name = name->next)
		each(self, text_of(name->lang), name->text, name->folded);
}

/* Terms of the taxonomy: their keys begin with its. */
static bool
space_of(struct text taxonomy, struct term_key *space)
{
	if (!term_key_of(
	        taxonomy.at ? taxonomy : LITERAL(TAXONOMY_OWN), LITERAL("-"), space))
		return false;
	space->length--;
	return true;
}

static bool
is_in(const struct taxonomy_term *term, const struct term_key *space)
{
	return term->names != NULL && term->key.length >= space->length &&
	       memcmp(term->key.at, space->at, space->length) == 0;
}

void
taxonomies_each(const struct taxonomies *taxonomies, struct text taxonomy,
    taxonomy_each_term *each, void *self)
{
	struct term_key space;

	if (!space_of(taxonomy, &space))
		return;
	for (const struct taxonomy_term *term = taxonomies->by_key; term != NULL;
	     term = term->by_key.next)
		if (is_in(term, &space))
			each(self, term);
}

bool
taxonomies_has_code(const struct taxonomies *taxonomies, struct text code)
{
	struct term_key any;

	if (!term_key_of(TEXT_ABSENT, code, &any))
		return false;
	for (const struct taxonomy_term *term = taxonomies->by_key; term != NULL;
	     term = term->by_key.next)
		if (term->key.length >= any.length &&
		    memcmp(term->key.at + term->key.length - any.length, any.at,
		        any.length) == 0)
			return true;
	return false;
}

/* ---- searching ---- */

enum fit { FIT_NONE, FIT_WORDS, FIT_BEGINNING, FIT_WHOLE, FIT_CODE };

/* A word with the space before it; absent at the end. */
static struct text
next_word(struct text words, uint32_t *at)
{
	uint32_t start = *at;

	if (start == words.length)
		return TEXT_ABSENT;
	for (++*at; *at < words.length && words.at[*at] != ' ';)
		++*at;
	return (struct text){ words.at + start, *at - start };
}

static bool
holds_word(const struct taxonomy_term *term, struct text word)
{
	for (const struct term_name *name = term->names; name != NULL; name = name->next)
		if (memmem(name->folded.at, name->folded.length, word.at, word.length))
			return true;
	return false;
}

static enum fit
fit_of_code(const struct taxonomy_term *term, struct text q)
{
	struct term_key key;

	if (!term_key_of(term->taxonomy, q, &key) || key.length > term->key.length ||
	    memcmp(key.at, term->key.at, key.length) != 0)
		return FIT_NONE;
	return key.length == term->key.length ? FIT_CODE : FIT_WORDS;
}

static enum fit
fit_of(const struct taxonomy_term *term, struct text words, struct text q)
{
	enum fit best = q.length > 0 ? fit_of_code(term, q) : FIT_WORDS;
	struct text word;
	uint32_t at = 0;

	for (const struct term_name *name = term->names; name != NULL && words.length > 0;
	     name = name->next) {
		enum fit fit = FIT_NONE;

		if (name->folded.length >= words.length &&
		    memcmp(name->folded.at, words.at, words.length) == 0)
			fit = name->folded.length == words.length ? FIT_WHOLE
			                                          : FIT_BEGINNING;
		best = fit > best ? fit : best;
	}
	if (best != FIT_NONE || words.length == 0)
		return best;
	while ((word = next_word(words, &at)).at != NULL)
		if (!holds_word(term, word))
			return FIT_NONE;
	return FIT_WORDS;
}

struct ranked {
	const struct taxonomy_term *term;
	enum fit fit;
};

static bool
is_better(struct ranked one, struct ranked other)
{
	const struct term_key *a = &one.term->key, *b = &other.term->key;
	int order = memcmp(a->at, b->at, a->length < b->length ? a->length : b->length);

	if (one.fit != other.fit)
		return one.fit > other.fit;
	return order != 0 ? order < 0 : a->length < b->length;
}

uint32_t
taxonomies_search(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text q, const struct taxonomy_term **found, uint32_t most)
{
	char buffer[FOLD_ROOM(WORDS_MAX)];
	struct text words = { buffer, (uint32_t)fold(q, buffer, sizeof buffer) };
	struct term_key space;
	uint32_t total = 0, count = 0;

	if (!space_of(taxonomy, &space))
		return 0;
	for (const struct taxonomy_term *term = taxonomies->by_key; term != NULL;
	     term = term->by_key.next) {
		struct ranked ranked = { term, FIT_NONE };
		uint32_t at = count;

		if (!is_in(term, &space) ||
		    (ranked.fit = fit_of(term, words, q)) == FIT_NONE)
			continue;
		total++;
		if (count < most)
			count++;
		else if (most == 0 ||
		         !is_better(ranked, (struct ranked){ found[at - 1],
		                                fit_of(found[at - 1], words, q) }))
			continue;
		else
			at--;
		for (; at > 0 && is_better(ranked, (struct ranked){ found[at - 1],
		                                       fit_of(found[at - 1], words, q) });
		     at--)
			found[at] = found[at - 1];
		found[at] = term;
	}
	return total;
}
