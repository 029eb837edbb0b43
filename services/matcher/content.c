/* SPDX-License-Identifier: Apache-2.0
 * A document's facts, kept, folded, and led to their terms. */
#include "services/matcher/index_private.h"

#include <assert.h>

#include "common/fold.h"
#include "proto/field.h"

static_assert(FACTS_POINTS_MAX <= UINT8_MAX && referral_method_end <= 8 && cost_end <= 8,
    "they fit kept_facts");

/* ---- lists ---- */

static struct text
present(struct text text, uint32_t *count)
{
	*count = text.at != NULL;
	return text;
}

/* False: out of memory; those that were taken are to be given back. */
static bool
take_lists(
    struct index *index, struct kept_facts *kept, const struct service_facts *facts)
{
	uint32_t has_name, has_notice;
	struct text agency_name = present(facts->agency_name, &has_name);
	struct text notice = present(facts->notice, &has_notice);

	return texts_take(index, &agency_name, has_name, &kept->agency_name) &&
	       texts_take(index, &notice, has_notice, &kept->notice) &&
	       texts_take(index, facts->terms, facts->terms_count, &kept->terms) &&
	       texts_take(index, facts->taxonomies, facts->taxonomies_count,
	           &kept->taxonomies) &&
	       texts_take(index, facts->areas, facts->areas_count, &kept->areas) &&
	       texts_take(index, facts->residences, facts->residences_count,
	           &kept->residences) &&
	       texts_take(
	           index, facts->questions, facts->questions_count, &kept->questions);
}

static void
give_lists(struct index *index, const struct kept_facts *kept)
{
	texts_give(index, kept->agency_name);
	texts_give(index, kept->notice);
	texts_give(index, kept->terms);
	texts_give(index, kept->taxonomies);
	texts_give(index, kept->areas);
	texts_give(index, kept->residences);
	texts_give(index, kept->questions);
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

static void
give_shared(struct index *index, struct content *content)
{
	shared_give(index, content->hours);
	shared_give(index, content->shapes);
	agency_give(index, content->agency);
	give_lists(index, &content->facts);
}

/* False: out of memory, and there is nothing to give back. */
static bool
take_shared(
    struct index *index, struct content *content, const struct service_facts *facts)
{
	struct kept_facts *kept = &content->facts;
	bool is_good =
	    shared_take(index, facts->hours, facts->hours_count * sizeof *facts->hours,
	        &content->hours) &&
	    shared_take(index, facts->shapes, facts->shapes_count * sizeof *facts->shapes,
	        &content->shapes) &&
	    agency_take(index, facts->agency, &content->agency) &&
	    take_lists(index, kept, facts);

	if (!is_good) {
		give_shared(index, content);
		return false;
	}
	if (content->agency != NULL)
		kept->agency =
		    (struct text){ content->agency->id, content->agency->length };
	if (content->shapes != NULL)
		kept->shapes = (const void *)content->shapes->bytes;
	return true;
}

/* Where each part of a content's room begins. */
struct parts {
	size_t terms, points, bytes, folded, end;
};

static struct parts
parts_of(const struct service_facts *facts)
{
	struct parts parts = { .terms = traits_room(facts) };

	parts.points = parts.terms + facts->terms_count * sizeof(struct term *);
	parts.bytes = parts.points + facts->points_count * sizeof(struct kept_point);
	parts.folded = parts.bytes + facts->terms_count + facts->name.length;
	parts.end = parts.folded + FOLD_ROOM(facts->name.length);
	return parts;
}

static void
fill_room(
    struct content *content, const struct service_facts *facts, const struct parts *parts)
{
	char *room = content->room;
	uint8_t *term_taxonomies = (uint8_t *)room + parts->bytes;
	struct kept_point *points = (struct kept_point *)(room + parts->points);
	char *name = (char *)term_taxonomies + facts->terms_count;

	content->terms = (struct term **)(room + parts->terms);
	for (uint32_t i = 0; i < facts->points_count; i++)
		points[i] =
		    (struct kept_point){ facts->points[i].lat, facts->points[i].lon };
	memcpy(term_taxonomies, facts->term_taxonomies, facts->terms_count);
	if (facts->name.length > 0)
		memcpy(name, facts->name.at, facts->name.length);
	content->facts.points = points;
	content->facts.term_taxonomies = term_taxonomies;
	content->facts.name = (struct text){ name, facts->name.length };
	content->folded_name = (struct text){ room + parts->folded,
		(uint32_t)fold(
		    facts->name, room + parts->folded, FOLD_ROOM(facts->name.length)) };
}

bool
content_make(
    struct index *index, struct content *content, const struct service_facts *facts)
{
	struct parts parts = parts_of(facts);

	*content =
	    (struct content){ .facts = {
		                  .shapes_count = facts->shapes_count,
		                  .points_count = (uint8_t)facts->points_count,
		                  .referral_methods = (uint8_t)facts->referral_methods,
		                  .costs = (uint8_t)facts->costs,
		                  .is_area_unclear = facts->is_area_unclear,
		                  .is_residence_unclear = facts->is_residence_unclear,
		                  .workers = facts->workers,
		                  .verified_at = facts->verified_at,
		                  .notice_starts = facts->notice_starts,
		                  .notice_ends = facts->notice_ends,
		              } };
	content->room = index_memory(NULL, 0, parts.end);
	if (content->room == NULL)
		return false;
	fill_room(content, facts, &parts);
	if (take_shared(index, content, facts)) {
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
