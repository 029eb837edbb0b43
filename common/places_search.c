/* SPDX-License-Identifier: Apache-2.0
 * Places by name and by point. */
#include <math.h>
#include <stdlib.h>

#include "common/places_private.h"

/* Words of one name at which a search may begin. */
#define STARTS_MOST 4
/* Word starts that one search looks at: a single letter begins tens of thousands. */
#define LOOKS_MOST 200000
#define KM_PER_DEGREE 111.195

/* ---- names ---- */

/* Cyrillic letters as fold() leaves them, by the Latin ones that look like their large form. */
static const char *const LOOKALIKES['z' - 'a' + 1] = {
	['a' - 'a'] = "а",
	['b' - 'a'] = "в",
	['c' - 'a'] = "с",
	['e' - 'a'] = "е",
	['h' - 'a'] = "н",
	['i' - 'a'] = "и",
	['k' - 'a'] = "к",
	['m' - 'a'] = "м",
	['o' - 'a'] = "о",
	['p' - 'a'] = "р",
	['t' - 'a'] = "т",
	['x' - 'a'] = "х",
	['y' - 'a'] = "у",
};

static bool
has_cyrillic(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)bytes[i] >= 0xd0 && (unsigned char)bytes[i] <= 0xd4)
			return true;
	return false;
}

static size_t
word_length(const char *at, const char *end)
{
	const char *space = memchr(at, ' ', (size_t)(end - at));

	return (size_t)((space ? space : end) - at);
}

static bool
looks_cyrillic(const char *word, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (word[i] >= 'a' && word[i] <= 'z' && LOOKALIKES[word[i] - 'a'] == NULL)
			return false;
	return true;
}

size_t
place_name_fold(struct text text, char *buffer, size_t size)
{
	char plain[FOLD_ROOM(PLACE_NAME_MAX)];
	size_t length = fold(text, buffer, size), made = 0;
	size_t word = 0;

	if (length > sizeof plain || !has_cyrillic(buffer, length))
		return length;
	memcpy(plain, buffer, length);
	for (size_t i = 0; i < length; i++) {
		const char *letter = NULL;

		if (plain[i] == ' ') {
			word = word_length(plain + i + 1, plain + length);
			if (!looks_cyrillic(plain + i + 1, word))
				word = 0;
		} else if (word > 0 && plain[i] >= 'a' && plain[i] <= 'z') {
			letter = LOOKALIKES[plain[i] - 'a'];
		}
		if (made + 2 > size)
			break;
		if (letter != NULL)
			buffer[made++] = *letter++;
		buffer[made++] = letter ? *letter : plain[i];
	}
	return made;
}

/* ---- the order ---- */

static int
compare_starts(const void *one, const void *other, void *pool)
{
	const struct word_start *a = one, *b = other;
	int order = strcmp((char *)pool + a->folded, (char *)pool + b->folded);

	return order != 0 ? order : (a->name > b->name) - (a->name < b->name);
}

static uint32_t
count_starts(const struct places *places, struct word_start *starts)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < places->names_count; i++) {
		pool_text folded = places->names[i].folded;
		const char *at = pool_at(places, folded);

		for (unsigned k = 0; at != NULL && *at == ' ' && k < STARTS_MOST; k++) {
			if (starts != NULL)
				starts[count] =
				    (struct word_start){ (pool_text)(at - places->pool),
					    i };
			count++;
			at = strchr(at + 1, ' ');
		}
	}
	return count;
}

bool
places_order(struct places *places)
{
	uint32_t count = count_starts(places, NULL);

	free(places->starts);
	places->starts = malloc((count + 1) * sizeof *places->starts);
	places->starts_count = 0;
	if (places->starts == NULL)
		return false;
	places->starts_count = count_starts(places, places->starts);
	qsort_r(
	    places->starts, count, sizeof *places->starts, compare_starts, places->pool);
	return true;
}

/* The first word start that is not before `folded`. */
static uint32_t
first_start(const struct places *places, const char *folded)
{
	uint32_t low = 0, high = places->starts_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(pool_at(places, places->starts[middle].folded), folded) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- searching ---- */

enum fit { FIT_NONE, FIT_LATER_WORD, FIT_BEGINNING, FIT_WHOLE };

struct candidate {
	place_id place;
	enum fit fit;
};

static bool
is_better(const struct places *places, struct candidate one, struct candidate other)
{
	const struct spot *a = &places->spots[one.place],
	                  *b = &places->spots[other.place];

	if (one.fit != other.fit)
		return one.fit > other.fit;
	if (a->population != b->population)
		return a->population > b->population;
	if (a->kind != b->kind)
		return place_kind_rank(a->kind) < place_kind_rank(b->kind);
	return strcmp(pool_at(places, a->code), pool_at(places, b->code)) < 0;
}

/* How well a name that begins so fits. */
static enum fit
fit_of(const struct places *places, const struct word_start *start, size_t length)
{
	if (places->names[start->name].folded != start->folded)
		return FIT_LATER_WORD;
	return pool_at(places, start->folded)[length] == '\0' ? FIT_WHOLE : FIT_BEGINNING;
}

/* Each place once, by its best name: `seen` holds the search and that fit. */
static bool
is_new(struct places *places, struct candidate candidate)
{
	uint32_t *seen = &places->seen[candidate.place];
	bool was_met = *seen / 4 == places->search;

	if (was_met && *seen % 4 >= candidate.fit)
		return false;
	*seen = places->search * 4 + candidate.fit;
	return !was_met;
}

struct ranks {
	struct candidate *list;
	uint32_t count, most;
};

/* Kept best first; one that stands there with a lesser fit moves up. */
static void
rank(const struct places *places, struct ranks *ranks, struct candidate candidate)
{
	uint32_t at = 0;

	while (at < ranks->count && ranks->list[at].place != candidate.place)
		at++;
	if (at == ranks->count && ranks->count < ranks->most)
		ranks->count++;
	else if (at == ranks->count &&
	         (at == 0 || !is_better(places, candidate, ranks->list[--at])))
		return;
	for (; at > 0 && is_better(places, candidate, ranks->list[at - 1]); at--)
		ranks->list[at] = ranks->list[at - 1];
	ranks->list[at] = candidate;
}

static bool
is_asked(
    const struct places *places, const struct place_question *question, place_id place)
{
	return (question->kinds >> places->spots[place].kind & 1) != 0 &&
	       (question->within == PLACE_NONE ||
	           places_within(places, question->within, place));
}

uint32_t
places_search(struct places *places, const struct place_question *question,
    place_id *found, uint32_t most)
{
	char folded[2 * FOLD_ROOM(PLACE_NAME_MAX)];
	struct ranks ranks = { .most = most };
	size_t length = question->q.length <= PLACE_NAME_MAX
	                    ? place_name_fold(question->q, folded, sizeof folded - 1)
	                    : 0;
	uint32_t total = 0, at, looks = 0;

	folded[length] = '\0';
	ranks.list = length > 0 ? calloc(most + 1, sizeof *ranks.list) : NULL;
	if (ranks.list == NULL)
		return 0;
	if (++places->search >= UINT32_MAX / 4) {
		memset(places->seen, 0, places->spots_count * sizeof *places->seen);
		places->search = 1;
	}
	for (at = first_start(places, folded);
	     at < places->starts_count && looks++ < LOOKS_MOST; at++) {
		const struct word_start *start = &places->starts[at];
		struct candidate candidate = { places->names[start->name].spot,
			fit_of(places, start, length) };

		if (strncmp(pool_at(places, start->folded), folded, length) != 0)
			break;
		if ((question->is_whole && candidate.fit != FIT_WHOLE) ||
		    !is_asked(places, question, candidate.place))
			continue;
		total += is_new(places, candidate);
		if (places->seen[candidate.place] % 4 == candidate.fit)
			rank(places, &ranks, candidate);
	}
	for (at = 0; at < ranks.count; at++)
		found[at] = ranks.list[at].place;
	free(ranks.list);
	return total;
}

/* ---- by point ---- */

/* Near enough to compare by: the way over the plane at this latitude. */
static double
plane_km(const struct spot *spot, double lat, double lon)
{
	double width = fabs(spot->lon_e6 / 1e6 - lon);

	if (width > 180)
		width = 360 - width;
	return KM_PER_DEGREE *
	       hypot(spot->lat_e6 / 1e6 - lat, width * cos(lat * M_PI / 180));
}

uint32_t
places_nearest(const struct places *places, double lat, double lon, uint32_t kinds,
    place_id *found, uint32_t most)
{
	uint32_t count = 0;

	for (place_id id = 0; id < places->spots_count && most > 0; id++) {
		const struct spot *spot = &places->spots[id];
		uint32_t at = count;
		double km;

		if (spot->lat_e6 == SPOT_NOWHERE || (kinds >> spot->kind & 1) == 0)
			continue;
		km = plane_km(spot, lat, lon);
		if (count == most &&
		    km >= plane_km(&places->spots[found[count - 1]], lat, lon))
			continue;
		if (count < most)
			count++;
		else
			at = count - 1;
		for (; at > 0 && km < plane_km(&places->spots[found[at - 1]], lat, lon);
		     at--)
			found[at] = found[at - 1];
		found[at] = id;
	}
	return count;
}
