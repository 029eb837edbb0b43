/* SPDX-License-Identifier: Apache-2.0
 * From codes of terms and places to the words that people have for them. */
#include "services/matcher/wordings.h"

/* Levels of terms and of places that are looked at. */
#define LEVELS_MAX 8

struct widening {
	struct facts_wording list[WORDINGS_MAX];
	uint32_t count;
	place_id places[WORDINGS_MAX]; /* whose names are there */
	uint32_t places_count;
};

static void
add(struct widening *widening, enum facts_wording_of of, struct text text)
{
	if (text.length > 0 && widening->count < WORDINGS_MAX)
		widening->list[widening->count++] = (struct facts_wording){ text, of };
}

/* ---- terms ---- */

static void
add_name(void *self, struct text lang, struct text name, struct text folded)
{
	(void)lang;
	(void)folded;
	add(self, WORDING_OF_TERM, name);
}

static void
add_term(struct widening *widening, const struct taxonomies *taxonomies,
    struct text taxonomy, struct text code)
{
	struct term_view view = { .parent = code };

	for (unsigned level = 0; level < LEVELS_MAX && view.parent.length > 0; level++) {
		const struct taxonomy_term *term =
		    taxonomies_find(taxonomies, taxonomy, view.parent);

		if (term == NULL)
			return;
		taxonomy_term_names(term, add_name, widening);
		taxonomy_term_view(term, TEXT_ABSENT, &view);
	}
}

static void
add_terms(struct widening *widening, const struct taxonomies *taxonomies,
    const struct service_facts *facts)
{
	for (uint32_t i = 0; i < facts->terms_count; i++) {
		uint8_t number = facts->term_taxonomies[i];

		add_term(widening, taxonomies,
		    number == 0 ? LITERAL(TAXONOMY_OWN) : facts->taxonomies[number - 1],
		    facts->terms[i]);
	}
}

/* ---- places ---- */

/* False: its names are there, and of those that it lies in too. */
static bool
take_place(struct widening *widening, place_id place)
{
	for (uint32_t i = 0; i < widening->places_count; i++)
		if (widening->places[i] == place)
			return false;
	if (widening->places_count == WORDINGS_MAX)
		return false;
	widening->places[widening->places_count++] = place;
	return true;
}

static void
add_place(struct widening *widening, const struct places *places, place_id place)
{
	static const struct text LANGUAGES[] = { LITERAL(""), LITERAL("uk"),
		LITERAL("ru"), LITERAL("en") };
	struct text before = TEXT_ABSENT;

	for (unsigned i = 0; i < sizeof LANGUAGES / sizeof *LANGUAGES; i++) {
		struct place_view view;

		places_view(places, place, LANGUAGES[i], &view);
		if (i == 0 || !text_equal(view.name, before))
			add(widening, WORDING_OF_PLACE, view.name);
		before = view.name;
	}
}

static void
add_places(struct widening *widening, const struct places *places,
    const struct service_facts *facts)
{
	for (uint32_t i = 0; i < facts->areas_count; i++) {
		place_id place = places_find(places, facts->areas[i]);

		for (unsigned level = 0; level < LEVELS_MAX && place != PLACE_NONE &&
		                         take_place(widening, place);
		     level++) {
			add_place(widening, places, place);
			place = places_parent(places, place);
		}
	}
}

void
wordings_widen(const struct taxonomies *taxonomies, const struct places *places,
    struct service_facts *facts)
{
	static struct widening widening;

	widening.count = widening.places_count = 0;
	for (uint32_t i = 0; i < facts->wordings_count; i++)
		add(&widening, facts->wordings[i].of, facts->wordings[i].text);
	if (taxonomies != NULL)
		add_terms(&widening, taxonomies, facts);
	if (places != NULL)
		add_places(&widening, places, facts);
	facts->wordings = widening.list;
	facts->wordings_count = widening.count;
}
