/* SPDX-License-Identifier: Apache-2.0
 * What a pin says of its service, and an extent of many. */
#include <assert.h>
#include <stdlib.h>

#include "services/matcher/chart_private.h"

static_assert(FEATURES + 1 <= 8, "they fit their bits, with one of the report");
static_assert(
    sizeof(struct leaf) == 9 * 64, "a look at the heads of a leaf takes two cache lines");
static_assert(sizeof(struct branch) == 64, "a cache line");

#define CURVE_BITS 16
#define CURVE_SHIFT 21 /* below it, bits of the id */

/* ---- the curve ---- */

/* Position of a point on the Hilbert curve through a square. */
static uint64_t
curve_at(uint32_t x, uint32_t y)
{
	uint64_t at = 0;

	for (uint32_t side = 1U << (CURVE_BITS - 1); side > 0; side >>= 1) {
		uint32_t right = (x & side) != 0, upper = (y & side) != 0;

		at = at << 2 | ((3 * right) ^ upper);
		if (upper == 0) {
			uint32_t old = x;

			x = right ? ~y : y;
			y = right ? ~old : old;
		}
	}
	return at;
}

/* Then on the side of the cube that it looks at; last those without a place; then by id. */
uint64_t
chart_key(struct spot spot, const struct traits *traits)
{
	uint64_t group = (uint64_t)traits->group << 56,
	         last = traits->more->id_hash >> (64 - CURVE_SHIFT);
	unsigned axis = 0, other;

	if (spot.at[0] == INT16_MIN)
		return group | UINT64_C(7) << 53 | last;
	for (unsigned i = 1; i < 3; i++)
		if (abs(spot.at[i]) > abs(spot.at[axis]))
			axis = i;
	other = axis == 0 ? 1 : 0;
	return group | (uint64_t)(2 * axis + (spot.at[axis] < 0)) << 53 |
	       curve_at((uint32_t)(spot.at[other] + 0x8000),
	           (uint32_t)(spot.at[3 - axis - other] + 0x8000))
	           << CURVE_SHIFT |
	       last;
}

uint64_t
pin_key(const struct pin *pin)
{
	return chart_key(pin->head.spot, pin->fence.traits);
}

/* ---- pins ---- */

static uint8_t
features_of(const struct traits *traits)
{
	bool has_language =
	    traits->languages_count > 0 || traits->interpreter == FLAG_YES;
	bool has_age = !isnan(traits->minimum_age) || !isnan(traits->maximum_age);
	bool has_area =
	    traits->areas_count > 0 || traits->has_other_area || traits->has_radius;

	return (
	    uint8_t)((unsigned)has_language << FEATURE_language |
	             (unsigned)(traits->household_types != 0) << FEATURE_household_type |
	             (unsigned)(traits->displacements != 0) << FEATURE_displacement |
	             (unsigned)has_age << FEATURE_age |
	             (unsigned)has_area << FEATURE_area |
	             (unsigned)traits->has_hours << FEATURE_opening |
	             (unsigned)traits->has_response << FEATURE_response);
}

static uint8_t
reported_of(const struct traits *traits)
{
	int days = traits->report_day - CHART_REPORT_FROM;

	if (days < 0)
		return 0;
	days = 1 + days / CHART_REPORT_DAYS;
	return (uint8_t)(days < UINT8_MAX ? days : UINT8_MAX);
}

/* More sorts would leave each too few services in a neighbourhood: what these earn outweighs a
 * way of many kilometres. */
#define GROUPING (1U << FEATURE_language | 1U << FEATURE_opening | 1U << FEATURE_response)

uint8_t
chart_group(const struct traits *traits)
{
	return (uint8_t)((features_of(traits) & GROUPING) |
	                 (unsigned)(traits->report_day > 0) << FEATURES);
}

static uint16_t
languages_of(const struct traits *traits)
{
	uint16_t languages = 0;

	if (traits->languages_count == 0 || traits->interpreter == FLAG_YES)
		return UINT16_MAX;
	for (uint32_t i = 0; i < traits->languages_count; i++)
		languages |= chart_language(traits_language(traits, i));
	return languages;
}

static uint16_t
reach_of(const struct traits *traits, struct spot spot)
{
	uint32_t reach = traits->radius_most_km + 1U;

	if (!traits->has_radius || spot.at[0] == INT16_MIN)
		return UINT16_MAX;
	if (traits->confidentiality != CONFIDENTIALITY_public)
		reach += (uint32_t)TRAITS_BLUR_KM + 1;
	return (uint16_t)(reach < UINT16_MAX ? reach : UINT16_MAX);
}

static struct place_key
areas_of(const struct traits *traits)
{
	struct place_key areas = PLACE_KEY_ANY;

	if (traits->areas_count == 0 || traits->has_other_area)
		return (struct place_key){ 0, 0 };
	for (uint32_t i = 0; i < traits->areas_count; i++)
		areas = place_key_common(areas, traits_area(traits, i));
	return areas;
}

/* NaN is `otherwise`. */
static uint8_t
years(float age, double otherwise)
{
	return (uint8_t)fmax(0, fmin(isnan(age) ? otherwise : (double)age, UINT8_MAX));
}

struct pin
pin_of(const struct traits *traits, struct spot spot)
{
	struct place_key areas = areas_of(traits);

	return (struct pin){
		.head = { spot, features_of(traits), reported_of(traits) },
		.fence = {
		    .traits = traits,
		    .areas = (uint32_t)(areas.value >> 32),
		    .areas_mask = (uint32_t)(areas.mask >> 32),
		    .languages = languages_of(traits),
		    .reach_km = reach_of(traits, spot),
		    .report_day = traits->report_day,
		    .least_age = years(traits->minimum_age, 0),
		    .most_age = years(ceilf(traits->maximum_age), UINT8_MAX),
		},
	};
}

/* ---- extents ---- */

/* Of nothing. */
const struct extent EXTENT_OF_NOTHING = {
	.first = UINT64_MAX,
	.areas = { 0, UINT64_MAX }, /* PLACE_KEY_ANY */
	.least = { INT16_MAX, INT16_MAX, INT16_MAX },
	.most = { INT16_MIN, INT16_MIN, INT16_MIN },
};

void
extent_widen(struct extent *extent, const struct extent *by)
{
	if (by->first < extent->first)
		extent->first = by->first;
	extent->areas = place_key_common(extent->areas, by->areas);
	for (unsigned i = 0; i < 3; i++) {
		if (by->least[i] < extent->least[i])
			extent->least[i] = by->least[i];
		if (by->most[i] > extent->most[i])
			extent->most[i] = by->most[i];
	}
	if (by->reach_km > extent->reach_km)
		extent->reach_km = by->reach_km;
	if (by->reported > extent->reported)
		extent->reported = by->reported;
	extent->features |= by->features;
}

struct extent
extent_of_pin(const struct pin *pin)
{
	struct extent extent = EXTENT_OF_NOTHING;
	const struct head *head = &pin->head;

	for (unsigned i = 0; i < 3 && head->spot.at[0] != INT16_MIN; i++)
		extent.least[i] = extent.most[i] = head->spot.at[i];
	extent.features = head->features;
	extent.reported = head->reported;
	if (pin->fence.areas_mask != 0)
		extent.areas = fence_areas(&pin->fence);
	else
		extent.reach_km = pin->fence.reach_km;
	return extent;
}

void
leaf_measure(struct leaf *leaf)
{
	uint64_t first = leaf->extent.first;

	leaf->extent = EXTENT_OF_NOTHING;
	for (uint32_t i = 0; i < leaf->count; i++) {
		struct pin pin = leaf_pin(leaf, i);
		struct extent one = extent_of_pin(&pin);

		extent_widen(&leaf->extent, &one);
	}
	leaf->extent.first = first;
}

void
branch_measure(struct branch *branch)
{
	branch->extent = EXTENT_OF_NOTHING;
	for (uint32_t i = 0; i < branch->count; i++)
		extent_widen(&branch->extent, &branch->leaves[i].extent);
}
