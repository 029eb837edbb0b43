/* SPDX-License-Identifier: Apache-2.0
 * Answers about places and terms, for operators who type. */
#include <math.h>

#include "services/matcher/matcher.h"

#define PLACES_DEFAULT 20
#define TERMS_DEFAULT 50
/* As find_places and find_terms allow. */
#define OFFSET_MOST 1000
#define PLACES_MOST 50
#define TERMS_MOST 200

static uint32_t
given(uint32_t number, uint32_t otherwise)
{
	return number == UINT_ABSENT ? otherwise : number;
}

/* ---- places ---- */

static void
write_within(const struct places *places, place_id place, struct text lang,
    struct place_brief *brief)
{
	const uint32_t most = sizeof brief->within / sizeof *brief->within;

	while (brief->within_count < most &&
	       (place = places_parent(places, place)) != PLACE_NONE) {
		struct place_step *step = &brief->within[brief->within_count++];
		struct place_view view;

		places_view(places, place, lang, &view);
		record_init(&record_place_step, step);
		step->code = view.code;
		step->name = view.name;
		step->kind = text_of(place_kind_word(view.kind));
	}
}

static void
write_place(const struct places *places, place_id place, struct text lang,
    struct place_brief *brief)
{
	struct place_view view;

	places_view(places, place, lang, &view);
	record_init(&record_place_brief, brief);
	brief->code = view.code;
	brief->name = view.name;
	brief->kind = text_of(place_kind_word(view.kind));
	brief->lat = view.lat;
	brief->lon = view.lon;
	if (view.population > 0)
		brief->population = view.population;
	write_within(places, place, lang, brief);
}

static uint32_t
find(struct places *places, const struct find_places *in, place_id *found, uint32_t most)
{
	struct place_question question = {
		.q = in->q, .within = PLACE_NONE, .kinds = PLACE_ANY
	};

	if (in->within.length > 0 &&
	    (question.within = places_find(places, in->within)) == PLACE_NONE)
		return 0;
	if (in->q.length > 0)
		return places_search(places, &question, found, most);
	if (isnan(in->lat) || isnan(in->lon))
		return 0;
	return places_nearest(places, in->lat, in->lon, PLACE_ANY, found, most);
}

void
answer_places(struct matcher *matcher)
{
	const struct find_places *in = &matcher->question->find_places;
	struct places_found *out = &matcher->out->places_found;
	struct places *places = matcher->references.places;
	uint32_t offset = given(in->offset, 0);
	uint32_t end = offset + given(in->most, PLACES_DEFAULT);
	static place_id found[OFFSET_MOST + PLACES_MOST];

	message_init(matcher->out, MESSAGE_places_found);
	out->total = places != NULL ? find(places, in, found, end) : 0;
	for (uint32_t i = offset; i < end && i < out->total; i++)
		write_place(
		    places, found[i], in->lang, &out->places[out->places_count++]);
	if (end < out->total && end <= OFFSET_MOST)
		out->next = end;
}

/* ---- terms ---- */

static void
write_term(const struct taxonomy_term *term, struct text lang, struct term_brief *brief)
{
	struct term_view view;

	taxonomy_term_view(term, lang, &view);
	record_init(&record_term_brief, brief);
	brief->taxonomy = view.taxonomy;
	brief->code = view.code;
	brief->name = view.name;
	brief->parent = view.parent;
}

void
answer_terms(struct matcher *matcher)
{
	const struct find_terms *in = &matcher->question->find_terms;
	struct terms_found *out = &matcher->out->terms_found;
	const struct taxonomies *taxonomies = matcher->references.taxonomies;
	uint32_t offset = given(in->offset, 0);
	uint32_t end = offset + given(in->most, TERMS_DEFAULT);
	static const struct taxonomy_term *found[OFFSET_MOST + TERMS_MOST];

	message_init(matcher->out, MESSAGE_terms_found);
	out->total = taxonomies != NULL
	                 ? taxonomies_search(taxonomies, in->taxonomy, in->q, found, end)
	                 : 0;
	if (out->total == 0 && in->q.length > 0) {
		out->near = FLAG_YES;
		out->total = out->terms_count =
		    suggest_briefs(taxonomies, in->taxonomy, in->q, out->terms);
		return;
	}
	for (uint32_t i = offset; i < end && i < out->total; i++)
		write_term(found[i], in->lang, &out->terms[out->terms_count++]);
	if (end < out->total && end <= OFFSET_MOST)
		out->next = end;
}
