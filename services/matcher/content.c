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
	visit(self, &facts->description);
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

static struct text
search_text(const struct service_facts *facts, enum search_field field, uint32_t part)
{
	const struct text texts[SEARCH_FIELDS] = {
		[SEARCH_NAME] = facts->name,
		[SEARCH_ALTERNATE_NAME] = facts->alternate_name,
		[SEARCH_AGENCY] = facts->agency_name,
		[SEARCH_TERMS] = facts->terms[part],
		[SEARCH_DESCRIPTION] = facts->description,
	};

	return texts[field];
}

static uint32_t
search_parts(const struct service_facts *facts, enum search_field field)
{
	return field == SEARCH_TERMS ? facts->terms_count : 1;
}

static size_t
fold_room(const struct service_facts *facts)
{
	size_t bytes = 0;

	for (enum search_field field = 0; field < SEARCH_FIELDS; field++)
		for (uint32_t i = 0; i < search_parts(facts, field); i++)
			bytes += FOLD_ROOM(search_text(facts, field, i).length);
	return bytes;
}

static void
fold_fields(struct content *content, char *at)
{
	const struct service_facts *facts = &content->facts;

	content->folded = at;
	for (enum search_field field = 0; field < SEARCH_FIELDS; field++) {
		for (uint32_t i = 0; i < search_parts(facts, field); i++) {
			struct text text = search_text(facts, field, i);

			at += fold(text, at, FOLD_ROOM(text.length));
		}
		content->folded_end[field] = (uint32_t)(at - content->folded);
	}
}

/* See TRAITS_BLUR_KM. */
static void
blur_points(struct service_facts *facts)
{
	for (uint32_t i = 0; i < facts->points_count; i++) {
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
	facts->hours = content->hours ? (const void *)content->hours->bytes : NULL;
	facts->shapes = content->shapes ? (const void *)content->shapes->bytes : NULL;
	return true;
}

bool
content_make(
    struct index *index, struct content *content, const struct service_facts *facts)
{
	size_t memberships = facts->terms_count * sizeof *content->memberships;
	size_t before = traits_room(facts) + memberships;
	size_t bytes = before + fold_room(facts);
	char *at;

	*content = (struct content){ .facts = *facts };
	each_text(&content->facts, count_bytes, &bytes);
	content->room = index_memory(NULL, 0, bytes);
	if (content->room == NULL)
		return false;
	content->memberships =
	    (struct membership *)((char *)content->room + traits_room(facts));
	at = (char *)content->room + before;
	each_text(&content->facts, move_text, &at);
	fold_fields(content, at);
	if (facts->confidentiality != CONFIDENTIALITY_public)
		blur_points(&content->facts);
	if (take_shared(index, content)) {
		if (memberships_make(index, content))
			return true;
		shared_give(index, content->hours);
		shared_give(index, content->shapes);
	}
	free(content->room);
	return false;
}

void
content_free(struct index *index, struct content *content)
{
	memberships_free(index, content);
	shared_give(index, content->hours);
	shared_give(index, content->shapes);
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
