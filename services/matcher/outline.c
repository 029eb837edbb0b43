/* SPDX-License-Identifier: Apache-2.0
 * Loops that the compiler makes vectors of (Makefile): always over all leaves, without a branch. */
#include "services/matcher/outline.h"

#include <math.h>

/* Plain x86-64 has no vectors of whole numbers that are compared and gathered.  Without fused
 * products, so that every machine comes to the same. */
#if defined __x86_64__ && !defined __clang__ /* whose callers find no such name */
#define FOR_VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define FOR_VECTORS
#endif
/* A helper that is not part of its caller is made for the plainest machine. */
#define PART_OF_CALLER static inline __attribute__((always_inline)) void

/* Squared steps to the nearest that may lie within. */
PART_OF_CALLER
squares_to(
    const struct outline *outline, struct spot from, float squares[CHART_LEAVES_MAX])
{
	for (unsigned i = 0; i < CHART_LEAVES_MAX; i++)
		squares[i] = 0;
	for (unsigned axis = 0; axis < 3; axis++)
		for (unsigned i = 0; i < CHART_LEAVES_MAX; i++) {
			int before = outline->least[axis][i] - from.at[axis],
			    behind = from.at[axis] - outline->most[axis][i];
			int gap = before > behind ? before : behind;
			float along = (float)(gap > 0 ? gap : 0);

			squares[i] += along * along;
		}
}

/* What the way adds at most; nothing where no place is known. */
PART_OF_CALLER
add_ways(const struct outline *outline, const struct prospect *prospect,
    int32_t most[CHART_LEAVES_MAX])
{
	float squares[CHART_LEAVES_MAX];
	int32_t worth[CHART_LEAVES_MAX];

	squares_to(outline, prospect->wanted->spot, squares);
	for (unsigned i = 0; i < CHART_LEAVES_MAX; i++)
		worth[i] = prospect_way(prospect, prospect_km(squares[i]));
	for (unsigned i = 0; i < CHART_LEAVES_MAX; i++)
		most[i] += outline->least[0][i] <= outline->most[0][i] ? worth[i] : 0;
}

FOR_VECTORS void
outline_most(const struct outline *outline, const struct prospect *prospect, int32_t base,
    int32_t most[CHART_LEAVES_MAX])
{
	for (unsigned i = 0; i < CHART_LEAVES_MAX; i++)
		most[i] = base + prospect_made_known(prospect, outline->features[i],
		                     outline->reported[i]);
	if (prospect->wanted->spot.at[0] != INT16_MIN)
		add_ways(outline, prospect, most);
}

FOR_VECTORS void
outline_pins(const struct leaf *leaf, const struct prospect *prospect, int32_t base,
    int32_t most[CHART_PINS_MAX], float km[CHART_PINS_MAX])
{
	struct spot from = prospect->wanted->spot;
	int32_t worth[CHART_PINS_MAX];
	bool is_placed = from.at[0] != INT16_MIN;

	for (unsigned i = 0; i < CHART_PINS_MAX; i++)
		most[i] = base + prospect_made_known(
		                     prospect, leaf->features[i], leaf->reported[i]);
	for (unsigned i = 0; i < CHART_PINS_MAX; i++) {
		float x = (float)(leaf->at[0][i] - from.at[0]),
		      y = (float)(leaf->at[1][i] - from.at[1]),
		      z = (float)(leaf->at[2][i] - from.at[2]);

		km[i] = prospect_km(x * x + y * y + z * z);
		worth[i] = prospect_way(prospect, km[i]);
	}
	for (unsigned i = 0; i < CHART_PINS_MAX; i++) {
		bool is_known = is_placed & (leaf->at[0][i] != INT16_MIN);

		most[i] += is_known ? worth[i] : 0;
		km[i] = is_known ? km[i] : -1;
	}
}

FOR_VECTORS uint32_t
outline_best(const int32_t most[CHART_LEAVES_MAX])
{
	int32_t best = INT32_MIN;
	uint32_t at = 0;

	for (uint32_t i = 0; i < CHART_LEAVES_MAX; i++)
		best = most[i] > best ? most[i] : best;
	for (uint32_t i = 0; i < CHART_LEAVES_MAX; i++)
		at = most[i] == best ? i : at;
	return at;
}
