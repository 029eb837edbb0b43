/* SPDX-License-Identifier: Apache-2.0
 * What may be worth most first. */
#include "services/matcher/walk.h"

#include <math.h>

/* ---- how far ---- */

/* A line on spot's sphere; not more than the way. */
static inline float
km_of(float squares)
{
	float km =
	    sqrtf(squares) * (float)(SPOT_STEP_KM * 0.99999) - (float)SPOT_ERROR_KM;

	return km > 0 ? km : 0;
}

static inline float
pin_least_km(struct spot from, const struct pin *pin)
{
	float squares = 0;

	if (from.at[0] == INT16_MIN || pin->spot.at[0] == INT16_MIN)
		return -1;
	for (unsigned i = 0; i < 3; i++) {
		float along = (float)(from.at[i] - pin->spot.at[i]);

		squares += along * along;
	}
	return km_of(squares);
}

static inline float
extent_least_km(struct spot from, const struct extent *extent)
{
	float squares = 0;

	if (from.at[0] == INT16_MIN || extent->least[0] > extent->most[0])
		return -1;
	for (unsigned i = 0; i < 3; i++) {
		int before = extent->least[i] - from.at[i],
		    behind = from.at[i] - extent->most[i];
		int gap = before > behind ? before : behind;
		float along = (float)(gap > 0 ? gap : 0);

		squares += along * along;
	}
	return km_of(squares);
}

/* ---- who is out of reach ---- */

static bool
are_areas_elsewhere(const struct wanted *wanted, struct place_key areas)
{
	if (!wanted->is_place_plain || !place_key_is_elsewhere(areas, wanted->place_key))
		return false;
	for (uint32_t i = 0; i < wanted->wider_count; i++)
		if (((areas.value ^ wanted->wider_keys[i].value) & areas.mask) == 0)
			return false;
	return true;
}

/* Whether the rule on area or that on distance fails for all of them. */
static bool
is_out_of_reach(const struct wanted *wanted, const struct extent *extent)
{
	if (extent->reach_km == UINT16_MAX ||
	    (extent->reach_km > 0 &&
	        extent_least_km(wanted->spot, extent) <= extent->reach_km))
		return false;
	return extent->areas.mask == PLACE_KEY_ANY.mask ||
	       are_areas_elsewhere(wanted, extent->areas);
}

/* ---- the walk ---- */

static void
read_base(struct walk *walk)
{
	walk->base = prospect_base(&walk->prospect, walk->offers.levels);
}

static int32_t
most_of(const struct walk *walk, const struct extent *extent, int32_t base)
{
	return base + prospect_worth(&walk->prospect, extent->features, extent->reported,
	                  extent_least_km(walk->prospect.wanted->spot, extent));
}

static void
let_wait(struct walk *walk, const struct waiting *waiting, const struct extent *extent,
    int32_t least)
{
	int32_t most = most_of(walk, extent, waiting->base);

	if (most < least)
		return;
	walk->most[walk->count] = most;
	walk->waiting[walk->count++] = *waiting;
}

/* Branches of the next terms, as long as the leaves of one find room besides. */
static void
call_branches(struct walk *walk, int32_t least)
{
	struct offers *offers = &walk->offers;

	while (offers->term != NULL && walk->count < WALK_MOST - CHART_LEAVES_MAX) {
		const struct chart *chart = &offers->term->chart;
		struct waiting waiting = {
			.base = walk->base, .levels = offers->levels, .term = offers->term
		};

		if (walk->next_branch < chart->count) {
			const struct branch *branch =
			    &chart->branches[walk->next_branch++];

			waiting.at = branch;
			let_wait(walk, &waiting, &branch->extent, least);
			continue;
		}
		walk->next_branch = 0;
		offers_step(offers);
		read_base(walk);
	}
}

/* Where the one that may be worth most waits; forgets those that may not be worth enough. */
static bool
find_best(struct walk *walk, int32_t least, uint32_t *best)
{
	int32_t most = INT32_MIN;
	uint32_t count = 0;

	for (uint32_t i = 0; i < walk->count; i++) {
		if (walk->most[i] < least)
			continue;
		if (walk->most[i] > most) {
			most = walk->most[i];
			*best = count;
		}
		if (count < i) {
			walk->most[count] = walk->most[i];
			walk->waiting[count] = walk->waiting[i];
		}
		count++;
	}
	walk->count = count;
	return count > 0;
}

/* Takes the one that may be worth most; false: none may be worth enough. */
static bool
take_best(struct walk *walk, int32_t least, struct waiting *best)
{
	do {
		uint32_t at;

		call_branches(walk, least);
		if (find_best(walk, least, &at)) {
			*best = walk->waiting[at];
			walk->most[at] = walk->most[--walk->count];
			walk->waiting[at] = walk->waiting[walk->count];
			return true;
		}
	} while (walk->offers.term != NULL);
	return false;
}

static void
call_leaves(struct walk *walk, const struct waiting *from, int32_t least, bool is_brief)
{
	const struct branch *branch = from->at;
	struct waiting waiting = *from;

	waiting.is_leaf = true;
	for (uint32_t i = 0; i < branch->count; i++) {
		const struct leaf *leaf = &branch->leaves[i];

		waiting.at = leaf;
		if (leaf->count > 0 &&
		    !(is_brief && is_out_of_reach(walk->prospect.wanted, &leaf->extent)))
			let_wait(walk, &waiting, &leaf->extent, least);
	}
}

/* Position from 0 of the best of the family's languages that the service may understand. */
static inline uint32_t
language_of(const struct prospect *prospect, const struct pin *pin)
{
	uint32_t i = 0;

	while (i < prospect->wanted->languages_count &&
	       (pin->languages & prospect->languages[i]) == 0)
		i++;
	return i;
}

/* Whether a rule fails for sure. */
static bool
is_refused(const struct wanted *wanted, const struct pin *pin, float km, bool speaks)
{
	if (!speaks && pin->languages != UINT16_MAX)
		return true;
	if (!wanted->is_age_missing &&
	    (wanted->oldest + 1 <= pin->least_age || wanted->youngest > pin->most_age))
		return true;
	return (pin->reach_km < UINT16_MAX && km > pin->reach_km) ||
	       (pin->areas_mask != 0 && are_areas_elsewhere(wanted, pin_areas(pin)));
}

/* Those that may be worth enough are fetched while others are looked at. */
static void
call_pins(struct walk *walk, const struct waiting *from, int32_t least, bool is_brief)
{
	const struct leaf *leaf = from->at;
	const struct prospect *prospect = &walk->prospect;
	const struct wanted *wanted = prospect->wanted;

	walk->met = *from;
	walk->pins_count = walk->next_pin = 0;
	for (uint32_t i = 0; i < leaf->count; i++) {
		const struct pin *pin = &leaf->pins[i];
		float km = pin_least_km(wanted->spot, pin);
		uint32_t language = language_of(prospect, pin);
		int32_t most = from->base - prospect->lost[language] +
		               prospect_worth(prospect, pin->features, pin->reported, km);

		if (most < least ||
		    (is_brief && is_refused(wanted, pin, km,
		                     wanted->languages_count == 0 ||
		                         language < wanted->languages_count)))
			continue;
		__builtin_prefetch(pin->traits);
		__builtin_prefetch(pin->traits + 1); /* its particulars */
		walk->pins[walk->pins_count++] = pin;
	}
}

/* Whether it is met by another pin: nearer, or of a nearer term. */
static bool
is_elsewhere(const struct walk *walk, const struct pin *pin)
{
	const struct traits *traits = pin->traits;
	struct spot from = walk->prospect.wanted->spot, nearest;
	uint32_t count;
	const struct spot *spots;

	if (offers_are_elsewhere(&walk->offers, walk->met.term, walk->met.levels, traits))
		return true;
	if (!traits->is_scattered)
		return false;
	spots = traits_spots(traits, &count);
	nearest = spots[0];
	for (uint32_t i = 1; i < count; i++)
		if (spot_squares(from, spots[i]) < spot_squares(from, nearest))
			nearest = spots[i];
	return !spot_equal(pin->spot, nearest);
}

void
walk_open(struct walk *walk, const struct wanted *wanted, bool is_heard,
    const struct offers *offers)
{
	prospect_read(&walk->prospect, wanted, is_heard);
	walk->offers = *offers;
	walk->next_branch = walk->count = 0;
	walk->pins_count = walk->next_pin = 0;
	read_base(walk);
}

const struct traits *
walk_next(struct walk *walk, int32_t least, bool is_brief, unsigned *levels)
{
	for (;;) {
		struct waiting best;

		while (walk->next_pin < walk->pins_count) {
			const struct pin *pin = walk->pins[walk->next_pin++];

			*levels = walk->met.levels;
			if (!is_elsewhere(walk, pin))
				return pin->traits;
		}
		if (!take_best(walk, least, &best))
			return NULL;
		if (best.is_leaf)
			call_pins(walk, &best, least, is_brief);
		else if (!is_brief || !is_out_of_reach(walk->prospect.wanted,
		                          &((const struct branch *)best.at)->extent))
			call_leaves(walk, &best, least, is_brief);
	}
}
