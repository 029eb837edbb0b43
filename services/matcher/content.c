/* SPDX-License-Identifier: Apache-2.0
 * A document's facts, copied, folded, and led to their terms. */
#include "services/matcher/index_private.h"

#include <math.h>

#include "common/fold.h"
#include "proto/field.h"

typedef void text_visit(void *self, struct text *text);

static void
each_text(struct service_facts *facts, text_visit *visit, void *self)
{
	visit(self, &facts->id);
	visit(self, &facts->agency);
	visit(self, &facts->agency_name);
	visit(self, &facts->name);
	visit(self, &facts->alternate_name);
	visit(self, &facts->source);
	for (uint32_t i = 0; i < facts->terms_count; i++)
		visit(self, &facts->terms[i]);
	for (uint32_t i = 0; i < facts->taxonomies_count; i++)
		visit(self, &facts->taxonomies[i]);
	for (uint32_t i = 0; i < facts->languages_count; i++)
		visit(self, &facts->languages[i]);
	visit(self, &facts->notice);
	for (uint32_t i = 0; i < facts->areas_count; i++)
		visit(self, &facts->areas[i]);
	for (uint32_t i = 0; i < facts->residences_count; i++)
		visit(self, &facts->residences[i]);
	for (uint32_t i = 0; i < facts->questions_count; i++)
		visit(self, &facts->questions[i]);
}

static void
count_bytes(void *self, struct text *text)
{
	size_t *bytes = self;

	*bytes += text->length;
}

static void
move_text(void *self, struct text *text)
{
	char **at = self;

	if (text->length > 0)
		memcpy(*at, text->at, text->length);
	if (text->at != NULL)
		text->at = *at;
	*at += text->length;
}

/* ---- words ---- */

static bool
read_words(struct vocabulary *vocabulary, const struct service_facts *facts)
{
	static const enum search_field FIELD_OF[] = {
		[WORDING_OF_NAME] = SEARCH_ALTERNATE_NAME,
		[WORDING_OF_DESCRIPTION] = SEARCH_DESCRIPTION,
		[WORDING_OF_TERM] = SEARCH_TERMS,
		[WORDING_OF_PLACE] = SEARCH_PLACE,
	};
	bool is_good =
	    vocabulary_read(vocabulary, SEARCH_NAME, facts->name) &&
	    vocabulary_read(vocabulary, SEARCH_ALTERNATE_NAME, facts->alternate_name) &&
	    vocabulary_read(vocabulary, SEARCH_AGENCY, facts->agency_name) &&
	    vocabulary_read(vocabulary, SEARCH_DESCRIPTION, facts->description);

	for (uint32_t i = 0; i < facts->terms_count && is_good; i++)
		is_good = vocabulary_read(vocabulary, SEARCH_TERMS, facts->terms[i]);
	for (uint32_t i = 0; i < facts->wordings_count && is_good; i++)
		is_good = vocabulary_read(
		    vocabulary, FIELD_OF[facts->wordings[i].of], facts->wordings[i].text);
	return is_good;
}

/* Nobody finds a service that is out of use. */
static bool
make_words(
    struct index *index, struct content *content, const struct service_facts *facts)
{
	struct vocabulary *vocabulary =
	    &index->vocabularies[facts->confidentiality == CONFIDENTIALITY_cleared
	                             ? WORDS_CLEARED
	                             : WORDS_PUBLIC];

	if (!facts->is_active)
		return true;
	vocabulary_begin(vocabulary);
	if (!read_words(vocabulary, facts))
		return false;
	content->words = vocabulary_end(vocabulary);
	content->vocabulary = vocabulary;
	return content->words != NULL;
}

/* ---- the whole ---- */

/* See TRAITS_BLUR_KM. */
static void
blur_points(struct service_facts *facts)
{
	for (uint32_t i = 0; i < facts->points_count; i++) {
		if (facts->open_points >> i & 1)
			continue;
		facts->points[i].lat = round(facts->points[i].lat * 10) / 10;
		facts->points[i].lon = round(facts->points[i].lon * 10) / 10;
	}
}

/* False: out of memory, and there is nothing to give back. */
static bool
take_shared(struct index *index, struct content *content)
{
	struct service_facts *facts = &content->facts;

	if (!shared_take(index, facts->hours, facts->hours_count * sizeof *facts->hours,
	        &content->hours))
		return false;
	if (!shared_take(index, facts->shapes,
	        facts->shapes_count * sizeof *facts->shapes, &content->shapes)) {
		shared_give(index, content->hours);
		return false;
	}
	if (!agency_take(index, facts->agency, &content->agency)) {
		shared_give(index, content->hours);
		shared_give(index, content->shapes);
		return false;
	}
	facts->hours = content->hours ? (const void *)content->hours->bytes : NULL;
	facts->shapes = content->shapes ? (const void *)content->shapes->bytes : NULL;
	return true;
}

static void
give_shared(struct index *index, struct content *content)
{
	shared_give(index, content->hours);
	shared_give(index, content->shapes);
	agency_give(index, content->agency);
}

bool
content_make(
    struct index *index, struct content *content, const struct service_facts *facts)
{
	size_t before = traits_room(facts) + facts->terms_count * sizeof *content->terms;
	size_t folded = FOLD_ROOM(facts->name.length), bytes = before + folded;
	char *at;

	*content = (struct content){ .facts = *facts };
	content->facts.description = TEXT_ABSENT; /* only its words are wanted */
	content->facts.wordings = NULL;
	content->facts.wordings_count = 0;
	each_text(&content->facts, count_bytes, &bytes);
	content->room = index_memory(NULL, 0, bytes);
	if (content->room == NULL)
		return false;
	content->terms = (struct term **)((char *)content->room + traits_room(facts));
	at = (char *)content->room + before;
	each_text(&content->facts, move_text, &at);
	content->folded_name =
	    (struct text){ at, (uint32_t)fold(facts->name, at, folded) };
	if (facts->confidentiality != CONFIDENTIALITY_public)
		blur_points(&content->facts);
	if (take_shared(index, content)) {
		if (memberships_make(index, content)) {
			if (make_words(index, content, facts))
				return true;
			memberships_free(index, content);
		}
		give_shared(index, content);
	}
	free(content->room);
	return false;
}

void
content_free(struct index *index, struct content *content)
{
	memberships_free(index, content);
	give_shared(index, content);
	free(content->words);
	free(content->room);
}

struct text
text_for_message(struct text text, uint32_t most_bytes)
{
	if (text.at == NULL)
		return LITERAL("");
	text.length = (uint32_t)text_cut(text.at, text.length, most_bytes);
	return text;
}
