/* SPDX-License-Identifier: Apache-2.0
 * What an address says of its place, and the only place that is so. */
#include "common/places_resolve.h"

#include <strings.h>

#include "common/fold.h"

#define CLUES_MAX 16
/* Homonyms that are looked at; one name stands 119 times in Ukraine. */
#define CANDIDATES_MAX 256
#define WORD_BYTES 64
#define AREAS (1U << PLACE_region | 1U << PLACE_district | 1U << PLACE_community)

/* A name with the kinds that a word beside it says; its own places once they are known. */
struct clue {
	char name[FOLD_ROOM(PLACE_NAME_MAX)]; /* folded */
	uint32_t length;
	uint32_t kinds;
	bool is_exact; /* a word says which kind of populated place */
	uint32_t count;
	place_id places[CANDIDATES_MAX];
};

struct clues {
	uint32_t count;
	struct clue list[CLUES_MAX];
};

enum where { FIRST, LAST, EITHER };

static const struct kind_word {
	const char *word;
	uint32_t kinds;
	enum where where;
} WORDS[] = {
#define ONE(kind) (1U << PLACE_##kind)
#define WORD(word, kinds, where) { word, kinds, where },
#include "common/places_words.def"
};

/* ---- a part of an address ---- */

/* Takes a word off the beginning or end of a name; false: it is not there, or all there is. */
static bool
take_word(struct clue *clue, const struct kind_word *word)
{
	char folded[FOLD_ROOM(WORD_BYTES)];
	size_t length = fold(text_of(word->word), folded, sizeof folded);
	char *end = clue->name + clue->length;

	if (length >= clue->length)
		return false;
	if (word->where != LAST && memcmp(clue->name, folded, length) == 0 &&
	    clue->name[length] == ' ') {
		clue->length -= (uint32_t)length;
		memmove(clue->name, clue->name + length, clue->length);
		return true;
	}
	if (word->where == FIRST || memcmp(end - length, folded, length) != 0)
		return false;
	clue->length -= (uint32_t)length;
	return true;
}

static void
take_words(struct clue *clue)
{
	bool goes_on = true;

	while (goes_on) {
		goes_on = false;
		for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS && !goes_on; i++) {
			bool fits = clue->kinds == 0 || WORDS[i].kinds == 0;

			goes_on = fits && (WORDS[i].kinds != 0 || clue->kinds != 0) &&
			          take_word(clue, &WORDS[i]);
			if (goes_on && WORDS[i].kinds != 0)
				clue->kinds = WORDS[i].kinds;
		}
	}
}

static bool
has_digit(const struct clue *clue)
{
	for (uint32_t i = 0; i < clue->length; i++)
		if (clue->name[i] >= '0' && clue->name[i] <= '9')
			return true;
	return false;
}

/* `otherwise`: kinds where no word says them; 0: it is no name of a place then. */
static void
add_clue(struct clues *clues, struct text part, uint32_t otherwise)
{
	struct clue *clue = &clues->list[clues->count];

	if (clues->count == CLUES_MAX || part.length > PLACE_NAME_MAX)
		return;
	*clue = (struct clue){ .kinds = 0 };
	clue->length = (uint32_t)place_name_fold(part, clue->name, sizeof clue->name);
	take_words(clue);
	clue->is_exact = (clue->kinds & PLACE_SETTLED) != 0;
	if (clue->kinds == 0)
		clue->kinds = otherwise;
	if (clue->kinds == 0 || clue->length == 0 || has_digit(clue))
		return;
	clues->count++;
}

static void
add_parts(struct clues *clues, struct text line, uint32_t otherwise)
{
	uint32_t start = 0;

	for (uint32_t at = 0; at <= line.length; at++) {
		if (at < line.length && line.at[at] != ',' && line.at[at] != ';' &&
		    line.at[at] != '\n')
			continue;
		if (at > start)
			add_clue(clues, (struct text){ line.at + start, at - start },
			    otherwise);
		start = at + 1;
	}
}

/* ---- what is known of it ---- */

static bool
is_in_country(const struct places *places, struct text country, place_id place)
{
	struct place_view view;
	place_id above;

	if (country.length != 2)
		return true;
	while ((above = places_parent(places, place)) != PLACE_NONE)
		place = above;
	places_view(places, place, TEXT_ABSENT, &view);
	return view.code.length >= 2 && strncasecmp(view.code.at, country.at, 2) == 0;
}

static bool
is_within_any(const struct places *places, const struct clue *area, place_id place)
{
	for (uint32_t i = 0; i < area->count; i++)
		if (places_within(places, area->places[i], place))
			return true;
	return false;
}

/* Whether every area that is known holds the place. */
static bool
fits_areas(const struct places *places, const struct clues *clues,
    const struct clue *self, place_id place)
{
	for (uint32_t i = 0; i < clues->count; i++) {
		const struct clue *area = &clues->list[i];

		if (area != self && (area->kinds & AREAS) != 0 && area->count > 0 &&
		    !is_within_any(places, area, place) &&
		    ((self->kinds & AREAS) == 0 || area->kinds < self->kinds))
			return false;
	}
	return true;
}

static void
find_places(struct places *places, struct text country, struct clue *clue)
{
	const struct place_question question = { { clue->name, clue->length }, PLACE_NONE,
		(clue->kinds & PLACE_SETTLED) ? PLACE_SETTLED : clue->kinds, true };
	uint32_t total = places_search(places, &question, clue->places, CANDIDATES_MAX);

	total = total < CANDIDATES_MAX ? total : CANDIDATES_MAX;
	for (uint32_t i = 0; i < total; i++)
		if (is_in_country(places, country, clue->places[i]))
			clue->places[clue->count++] = clue->places[i];
}

/* Keeps those that fit the areas. */
static void
narrow(const struct places *places, const struct clues *clues, struct clue *clue)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < clue->count; i++)
		if (fits_areas(places, clues, clue, clue->places[i]))
			clue->places[count++] = clue->places[i];
	clue->count = count;
}

/* Where several are left, those of the very kind that is said. */
static void
narrow_by_kind(const struct places *places, struct clue *clue)
{
	uint32_t count = 0;
	place_id exact[CANDIDATES_MAX];

	if (!clue->is_exact || clue->count < 2)
		return;
	for (uint32_t i = 0; i < clue->count; i++) {
		struct place_view view;

		places_view(places, clue->places[i], TEXT_ABSENT, &view);
		if (clue->kinds >> view.kind & 1)
			exact[count++] = clue->places[i];
	}
	if (count == 0)
		return;
	memcpy(clue->places, exact, count * sizeof *exact);
	clue->count = count;
}

/* The only place of all clues of these kinds that have any. */
static struct place_resolved
the_only(const struct clues *clues, uint32_t kinds)
{
	struct place_resolved made = { PLACE_NONE, 0 };

	for (uint32_t i = 0; i < clues->count; i++) {
		const struct clue *clue = &clues->list[i];

		if ((clue->kinds & kinds) == 0 || clue->count == 0)
			continue;
		if (clue->count == 1 && made.place == clue->places[0])
			continue; /* said twice */
		made.place = made.candidates == 0 && clue->count == 1 ? clue->places[0]
		                                                      : PLACE_NONE;
		made.candidates += clue->count;
	}
	return made;
}

static void
look_up(struct places *places, struct text country, struct clues *clues)
{
	for (uint32_t i = 0; i < clues->count; i++)
		find_places(places, country, &clues->list[i]);
	for (uint32_t kinds = 1; kinds < 1U << PLACE_KINDS; kinds <<= 1)
		for (uint32_t i = 0; i < clues->count; i++)
			if ((clues->list[i].kinds & AREAS) == kinds)
				narrow(places, clues, &clues->list[i]);
	for (uint32_t i = 0; i < clues->count; i++) {
		if (clues->list[i].kinds & AREAS)
			continue;
		narrow(places, clues, &clues->list[i]);
		narrow_by_kind(places, &clues->list[i]);
	}
}

/* ---- an address ---- */

static place_id
find_postal(const struct places *places, const struct place_address *address)
{
	struct place_view view;
	place_id place = PLACE_NONE;

	if (address->country.length == 2 && address->postal_code.length > 0)
		place = places_find(places, address->postal_code);
	if (place == PLACE_NONE || !is_in_country(places, address->country, place))
		return PLACE_NONE;
	places_view(places, place, TEXT_ABSENT, &view);
	return view.kind == PLACE_postal_code ? place : PLACE_NONE;
}

struct place_resolved
places_resolve(struct places *places, const struct place_address *address)
{
	static struct clues clues;
	struct place_resolved made = { find_postal(places, address), 1 };

	if (made.place != PLACE_NONE)
		return made;
	clues.count = 0;
	add_parts(&clues, address->region, 1U << PLACE_region);
	add_parts(&clues, address->city, PLACE_SETTLED);
	add_parts(&clues, address->line, 0);
	look_up(places, address->country, &clues);
	made = the_only(&clues, PLACE_SETTLED);
	return made.candidates > 0 ? made : the_only(&clues, 1U << PLACE_community);
}

struct place_resolved
places_resolve_name(struct places *places, struct text country, struct text name)
{
	static struct clues clues;

	clues.count = 0;
	add_clue(&clues, name, PLACE_ANY & ~(1U << PLACE_postal_code));
	if (clues.count == 0)
		return (struct place_resolved){ PLACE_NONE, 0 };
	look_up(places, country, &clues);
	return the_only(&clues, PLACE_ANY);
}
