/* SPDX-License-Identifier: Apache-2.0
 * What may be worth most first. */
#include "services/matcher/walk.h"

#include <assert.h>
#include <math.h>

#include "services/matcher/outline.h"

static_assert(WALK_OPEN == 32 && CHART_LEAVES_MAX == 64,
    "a bit for each open branch, and for each leaf of one");

/* ---- how far ---- */

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
	return prospect_km(squares);
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

/* ---- branches ---- */

static void
let_wait(struct walk *walk, const struct branch *branch, int32_t least)
{
	int32_t most = most_of(walk, &branch->extent, walk->base);

	if (most < least)
		return;
	walk->most[walk->count] = most;
	walk->waiting[walk->count++] = (struct waiting){
		.branch = branch,
		.term = walk->offers.term,
		.base = walk->base,
		.levels = walk->offers.levels,
		.open = WALK_OPEN,
	};
}

/* Of the next terms, as long as there is room. */
static void
call_branches(struct walk *walk, int32_t least)
{
	struct offers *offers = &walk->offers;

	while (offers->term != NULL && walk->count < WALK_MOST) {
		const struct chart *chart = &offers->term->chart;

		if (walk->next_branch < chart->count) {
			let_wait(walk, &chart->branches[walk->next_branch++], least);
			continue;
		}
		walk->next_branch = 0;
		offers_step(offers);
		read_base(walk);
	}
}

static void
close_branch(struct walk *walk, struct waiting *waiting)
{
	if (waiting->open < WALK_OPEN)
		walk->opened &= ~(1U << waiting->open);
	waiting->open = WALK_OPEN;
}

/* Where the one that may be worth most waits; forgets those that may not be worth enough. */
static bool
find_best(struct walk *walk, int32_t least, uint32_t *best)
{
	int32_t most = INT32_MIN;
	uint32_t count = 0;

	for (uint32_t i = 0; i < walk->count; i++) {
		if (walk->most[i] < least || walk->most[i] == INT32_MIN) {
			close_branch(walk, &walk->waiting[i]);
			continue;
		}
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

/* There is one that may be worth enough; false: none may. */
static bool
call_best(struct walk *walk, int32_t least, uint32_t *best)
{
	do {
		call_branches(walk, least);
		if (find_best(walk, least, best))
			return true;
	} while (walk->offers.term != NULL);
	return false;
}

/* ---- leaves ---- */

/* The open one that may be worth least is opened again when its turn comes. */
static void
close_worst(struct walk *walk)
{
	uint32_t worst = walk->count;

	for (uint32_t i = 0; i < walk->count; i++)
		if (walk->waiting[i].open < WALK_OPEN &&
		    (worst == walk->count || walk->most[i] < walk->most[worst]))
			worst = i;
	close_branch(walk, &walk->waiting[worst]);
}

static void
fetch(const struct leaf *leaf)
{
	__builtin_prefetch(leaf);
	__builtin_prefetch(&leaf->at);
	__builtin_prefetch(&leaf->at[2]);
}

/* Finds the leaf of an open branch that is next, and brings it nearer. */
static void
find_leaf(struct walk *walk, uint32_t at)
{
	struct waiting *waiting = &walk->waiting[at];
	const int32_t *leaves = walk->leaves[waiting->open];

	waiting->best = outline_best(leaves);
	walk->most[at] = leaves[waiting->best];
	fetch(&waiting->branch->leaves[waiting->best]);
}

/* Reads what its leaves may be worth. */
static void
open_branch(struct walk *walk, uint32_t at)
{
	struct waiting *waiting = &walk->waiting[at];
	int32_t *leaves;

	if (walk->opened == UINT32_MAX)
		close_worst(walk);
	waiting->open = (uint32_t)__builtin_ctz(~walk->opened);
	walk->opened |= 1U << waiting->open;
	leaves = walk->leaves[waiting->open];
	outline_most(waiting->branch->outline, &walk->prospect, waiting->base, leaves);
	for (uint32_t i = waiting->branch->count; i < CHART_LEAVES_MAX; i++)
		leaves[i] = INT32_MIN;
	for (uint64_t met = waiting->met; met != 0; met &= met - 1)
		leaves[__builtin_ctzll(met)] = INT32_MIN;
	find_leaf(walk, at);
}

/* The leaf of an open branch that may be worth most. */
static const struct leaf *
take_leaf(struct walk *walk, uint32_t best)
{
	struct waiting *waiting = &walk->waiting[best];
	uint32_t at = waiting->best;

	waiting->met |= UINT64_C(1) << at;
	walk->leaves[waiting->open][at] = INT32_MIN;
	find_leaf(walk, best);
	walk->from = *waiting;
	return &waiting->branch->leaves[at];
}

/* ---- pins ---- */

/* Position from 0 of the best of the family's languages that the service may understand. */
static inline uint32_t
language_of(const struct prospect *prospect, const struct fence *fence)
{
	uint32_t i = 0;

	while (i < prospect->wanted->languages_count &&
	       (fence->languages & prospect->languages[i]) == 0)
		i++;
	return i;
}

/* Whether a rule fails for sure. */
static bool
is_refused(
    const struct wanted *wanted, const struct fence *fence, float km, uint32_t language)
{
	bool speaks = wanted->languages_count == 0 || language < wanted->languages_count;

	if (!speaks && fence->languages != UINT16_MAX)
		return true;
	if (!wanted->is_age_missing && (wanted->oldest + 1 <= fence->least_age ||
	                                   wanted->youngest > fence->most_age))
		return true;
	return (fence->reach_km < UINT16_MAX && km > fence->reach_km) ||
	       (fence->areas_mask != 0 &&
	           are_areas_elsewhere(wanted, fence_areas(fence)));
}

/* Less than by its head. */
static int32_t
lost_by(const struct prospect *prospect, const struct fence *fence, uint8_t reported,
    uint32_t language)
{
	int32_t lost = prospect->lost[language];

	if (reported >= prospect->fresh_from)
		lost += prospect_lost_by(prospect, fence->report_day);
	return lost;
}

static void
let_pin_wait(struct walk *walk, uint32_t pin, int32_t most)
{
	uint32_t at = walk->chances_count++;

	for (; at > 0 && walk->chances[at - 1].most < most; at--)
		walk->chances[at] = walk->chances[at - 1];
	walk->chances[at] = (struct chance){ most, pin };
}

/* Those that may be worth enough by their heads.  Returns how many. */
static uint32_t
find_pins(const struct leaf *leaf, const int32_t most[CHART_PINS_MAX], int32_t least,
    uint8_t pins[CHART_PINS_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < leaf->count; i++)
		if (most[i] >= least) {
			__builtin_prefetch(&leaf->fences[i]);
			pins[count++] = (uint8_t)i;
		}
	return count;
}

/* Those that may be worth enough are fetched while others are looked at. */
static void
call_pins(struct walk *walk, const struct leaf *leaf, int32_t least, bool is_brief)
{
	const struct prospect *prospect = &walk->prospect;
	int32_t most[CHART_PINS_MAX];
	float km[CHART_PINS_MAX];
	uint8_t pins[CHART_PINS_MAX];
	uint32_t count;

	outline_pins(leaf, prospect, walk->from.base, most, km);
	count = find_pins(leaf, most, least, pins);
	walk->leaf = leaf;
	walk->chances_count = walk->next_chance = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t pin = pins[i];
		const struct fence *fence = &leaf->fences[pin];
		uint32_t language = language_of(prospect, fence);
		int32_t worth =
		    most[pin] - lost_by(prospect, fence, leaf->reported[pin], language);

		if (worth < least ||
		    (is_brief && is_refused(prospect->wanted, fence, km[pin], language)))
			continue;
		__builtin_prefetch(fence->traits);
		__builtin_prefetch(fence->traits + 1); /* its particulars */
		let_pin_wait(walk, pin, worth);
	}
}

/* Whether it is met by another pin: nearer, or of a nearer term. */
static bool
is_elsewhere(const struct walk *walk, const struct traits *traits, struct spot met)
{
	struct spot from = walk->prospect.wanted->spot, nearest;
	uint32_t count;
	const struct spot *spots;

	if (offers_are_elsewhere(
	        &walk->offers, walk->from.term, walk->from.levels, traits))
		return true;
	if (!traits->is_scattered)
		return false;
	spots = traits_spots(traits, &count);
	nearest = spots[0];
	for (uint32_t i = 1; i < count; i++)
		if (spot_squares(from, spots[i]) < spot_squares(from, nearest))
			nearest = spots[i];
	return !spot_equal(met, nearest);
}

/* The next of the leaf; NULL: there are no more that may be worth enough. */
static const struct traits *
next_of_leaf(struct walk *walk, int32_t least)
{
	while (walk->next_chance < walk->chances_count) {
		struct chance chance = walk->chances[walk->next_chance++];
		const struct traits *traits = walk->leaf->fences[chance.pin].traits;

		if (chance.most < least)
			return NULL;
		if (!is_elsewhere(walk, traits, leaf_spot(walk->leaf, chance.pin)))
			return traits;
	}
	return NULL;
}

void
walk_open(struct walk *walk, const struct wanted *wanted, bool is_heard,
    const struct offers *offers)
{
	prospect_read(&walk->prospect, wanted, is_heard);
	walk->offers = *offers;
	walk->next_branch = walk->count = walk->opened = 0;
	walk->chances_count = walk->next_chance = 0;
	read_base(walk);
}

const struct traits *
walk_next(struct walk *walk, int32_t least, bool is_brief, unsigned *levels)
{
	for (;;) {
		const struct traits *traits = next_of_leaf(walk, least);
		const struct wanted *wanted = walk->prospect.wanted;
		const struct leaf *leaf;
		uint32_t best;

		*levels = walk->from.levels;
		if (traits != NULL)
			return traits;
		if (!call_best(walk, least, &best))
			return NULL;
		if (walk->waiting[best].open < WALK_OPEN) {
			leaf = take_leaf(walk, best);
			if (!is_brief || !is_out_of_reach(wanted, &leaf->extent))
				call_pins(walk, leaf, least, is_brief);
		} else if (is_brief &&
		           is_out_of_reach(wanted, &walk->waiting[best].branch->extent))
			walk->most[best] = INT32_MIN;
		else
			open_branch(walk, best);
	}
}
