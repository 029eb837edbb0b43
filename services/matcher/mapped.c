/* SPDX-License-Identifier: Apache-2.0
 * From codes of other taxonomies to our terms, and how that came. */
#include "services/matcher/mapped.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "services/matcher/index_private.h"

/* Bytes of a taxonomy and of a code that are shown. */
#define SHOWN_BYTES 25

struct via {
	UT_hash_handle by_text;
	char text[MAPPED_VIA_MAX + 1];
};

void
index_set_taxonomies(struct index *index, const struct taxonomies *taxonomies)
{
	index->taxonomies = taxonomies;
}

void
vias_free(struct index *index)
{
	struct via *via, *next;

	HASH_ITER(by_text, index->vias, via, next)
	{
		HASH_DELETE(by_text, index->vias, via);
		free(via);
	}
}

/* ---- terms of ours ---- */

/* `number`: of the term's taxonomy among `of`, from 1; 0: none that is known. */
static uint32_t
resolve(const struct taxonomies *taxonomies, const struct text *of, uint8_t number,
    struct text term, struct taxonomy_use uses[TAXONOMY_USES_MAX])
{
	return number == 0 ? 0
	                   : taxonomies_resolve(taxonomies, of[number - 1], term, uses);
}

static bool
has_term(const struct service_facts *facts, struct text code)
{
	for (uint32_t i = 0; i < facts->terms_count; i++)
		if (text_equal(facts->terms[i], code))
			return true;
	return false;
}

void
mapped_widen(const struct taxonomies *taxonomies, struct service_facts *facts)
{
	uint32_t own = facts->terms_count;

	for (uint32_t i = 0; taxonomies != NULL && i < own; i++) {
		struct taxonomy_use uses[TAXONOMY_USES_MAX];
		uint32_t count = resolve(taxonomies, facts->taxonomies,
		    facts->term_taxonomies[i], facts->terms[i], uses);

		for (uint32_t k = 0; k < count && facts->terms_count < FACTS_TERMS_MAX;
		     k++) {
			if (has_term(facts, uses[k].code))
				continue;
			facts->term_taxonomies[facts->terms_count] = 0;
			facts->terms[facts->terms_count++] = uses[k].code;
		}
	}
}

/* ---- how that came ---- */

static bool
is_at_or_below(struct text code, struct text above)
{
	return code.length >= above.length &&
	       strncasecmp(code.at, above.at, above.length) == 0 &&
	       (code.length == above.length || code.at[above.length] == '.');
}

/* Nearness to what is wanted: itself, below it, above it (the longest); 0: neither. */
static uint32_t
nearness(struct text code, struct text wanted)
{
	if (is_at_or_below(code, wanted))
		return code.length == wanted.length ? UINT32_MAX : UINT32_MAX - 1;
	return is_at_or_below(wanted, code) ? code.length : 0;
}

/* Position of the term that a service offers what is wanted by; their count: none. */
static uint32_t
nearest_term(const struct texts *terms, struct text wanted)
{
	uint32_t best = terms->count;
	uint32_t most = 0;

	for (uint32_t i = 0; i < terms->count; i++) {
		uint32_t near = nearness(terms->at[i], wanted);

		if (near > most) {
			most = near;
			best = i;
		}
	}
	return best;
}

/* What was said once stays, and changes nothing that is asked of an index. */
static struct text
keep_via(struct index *index, const char *text)
{
	struct via *via;

	HASH_FIND(by_text, index->vias, text, strlen(text), via);
	if (via == NULL) {
		via = calloc(1, sizeof *via);
		if (via == NULL)
			return TEXT_ABSENT;
		(void)text_copy(text_of(text), via->text, sizeof via->text);
		HASH_ADD_KEYPTR(by_text, index->vias, via->text, strlen(via->text), via);
		if (via->by_text.tbl == NULL) {
			free(via);
			return TEXT_ABSENT;
		}
	}
	return text_of(via->text);
}

static int
shown(struct text text)
{
	return (int)text_for_message(text, SHOWN_BYTES).length;
}

struct text
mapped_via(const struct index *index, const struct kept_facts *facts, struct text wanted)
{
	const struct texts *terms = facts->terms;
	const struct text *taxonomies = facts->taxonomies->at;
	uint32_t met = nearest_term(terms, wanted);

	if (index->taxonomies == NULL || facts->taxonomies->count == 0 ||
	    met == terms->count || facts->term_taxonomies[met] != 0)
		return TEXT_ABSENT;
	for (uint32_t i = 0; i < terms->count; i++) {
		struct taxonomy_use uses[TAXONOMY_USES_MAX];
		uint32_t count = resolve(index->taxonomies, taxonomies,
		    facts->term_taxonomies[i], terms->at[i], uses);

		for (uint32_t k = 0; k < count; k++) {
			struct text taxonomy, code = uses[k].from_code;
			char text[MAPPED_VIA_MAX + 1];

			if (!text_equal(uses[k].code, terms->at[met]))
				continue;
			taxonomy = taxonomies[facts->term_taxonomies[i] - 1];
			(void)snprintf(text, sizeof text, "%.*s %.*s %s", shown(taxonomy),
			    taxonomy.at, shown(code), code.at,
			    taxonomy_relation_word(uses[k].relation));
			return keep_via((struct index *)(uintptr_t)index, text);
		}
	}
	return TEXT_ABSENT;
}
