/* SPDX-License-Identifier: Apache-2.0
 * Answers lists: the catalogue's, of the services that words and a place choose. */
#include <math.h>

#include "services/matcher/matcher.h"
#include "services/matcher/places.h"
#include "services/matcher/search.h"

/* A place that services must be near or serve. */
struct around {
	const struct places *places;
	struct text code;
	place_id place; /* PLACE_NONE: only its code is known */
	double lat, lon;
	double within_km; /* NaN: it must be served */
	struct catalogue_choice *choice;
};

static bool
is_near(const struct around *around, const struct kept_facts *facts)
{
	for (uint32_t i = 0; i < facts->points_count; i++)
		if (place_distance_km(around->lat, around->lon, facts->points[i].lat,
		        facts->points[i].lon) <= around->within_km)
			return true;
	return false;
}

/* A service that says no area may serve it. */
static bool
is_served(const struct around *around, const struct kept_facts *facts)
{
	for (uint32_t i = 0; i < facts->areas->count; i++) {
		place_id area = places_find(around->places, facts->areas->at[i]);

		if (place_within(facts->areas->at[i], around->code))
			return true;
		if (area != PLACE_NONE && around->place != PLACE_NONE &&
		    places_within(around->places, area, around->place))
			return true;
	}
	return facts->areas->count == 0;
}

static void
on_hit(void *self, const struct kept_facts *facts)
{
	const struct around *around = self;
	bool fits = true;

	if (!isnan(around->within_km))
		fits = is_near(around, facts);
	else if (around->code.at != NULL)
		fits = is_served(around, facts);
	if (fits)
		catalogue_choose_one(around->choice, facts->id);
}

/* False: the distance is from a place whose point is not known. */
static bool
read_around(struct around *around, const struct places *places, const struct list *list)
{
	struct place_view view = { .lat = NAN, .lon = NAN };

	*around = (struct around){ .places = places,
		.code = list->postcode,
		.place = PLACE_NONE,
		.within_km = list->within_m / 1000 };
	if (list->postcode.at == NULL)
		return true;
	around->place = places_find(places, list->postcode);
	if (around->place != PLACE_NONE)
		places_view(places, around->place, TEXT_ABSENT, &view);
	around->lat = view.lat;
	around->lon = view.lon;
	return isnan(around->within_km) || !isnan(view.lat);
}

enum status
list_answer(struct matcher *matcher, struct defects *defects)
{
	const struct list *list = &matcher->question->list;
	struct search search;
	struct around around;
	enum status status;

	if (!read_around(&around, matcher->references.places, list)) {
		defects_add(defects, "is no place whose point is known", "postcode");
		return STATUS_INVALID;
	}
	if (list->q.at != NULL || list->postcode.at != NULL) {
		around.choice = catalogue_choose(matcher->catalogue);
		if (around.choice == NULL)
			return STATUS_NO_MEMORY;
		record_init(&record_search, &search);
		search.q = list->q;
		search.cleared = list->cleared;
		search_each(
		    matcher->index, matcher->references.places, &search, on_hit, &around);
	}
	message_init(matcher->out, MESSAGE_listed);
	status = catalogue_list(
	    matcher->catalogue, list, around.choice, &matcher->out->listed);
	catalogue_choice_free(around.choice);
	return status;
}
