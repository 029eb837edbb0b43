/* SPDX-License-Identifier: Apache-2.0
 * Services by place. */
#include <assert.h>
#include <stdlib.h>

#include "services/matcher/chart_private.h"
#include "services/matcher/index_private.h"

/* One half of a leaf has room for a service at all its points. */
static_assert(
    CHART_PINS_MAX / 2 + FACTS_POINTS_MAX <= CHART_PINS_MAX, "one split makes room");

/* ---- finding the leaf ---- */

struct path {
	struct branch *branch;
	struct leaf *leaf;
};

/* Where a key belongs: the last one that does not begin behind it, else the first. */
static struct path
path_to(const struct chart *chart, uint64_t key)
{
	uint32_t low = 0, high = chart->count;
	struct path path;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		*(chart->branches[middle].extent.first <= key ? &low : &high) = middle;
	}
	path.branch = &chart->branches[low];
	low = 0;
	high = path.branch->count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		*(path.branch->leaves[middle].extent.first <= key ? &low : &high) =
		    middle;
	}
	path.leaf = &path.branch->leaves[low];
	return path;
}

static bool
path_step_back(const struct chart *chart, struct path *path)
{
	if (path->leaf > path->branch->leaves) {
		path->leaf--;
		return true;
	}
	if (path->branch == chart->branches)
		return false;
	path->branch--;
	path->leaf = &path->branch->leaves[path->branch->count - 1];
	return true;
}

/* Its pin of that spot.  Equal keys may lie in more than one leaf. */
static uint32_t
pin_find(const struct chart *chart, const struct traits *traits, struct spot spot,
    struct path *path)
{
	*path = path_to(chart, chart_key(spot, traits));
	do
		for (uint32_t i = 0; i < path->leaf->count; i++)
			if (path->leaf->fences[i].traits == traits &&
			    spot_equal(leaf_spot(path->leaf, i), spot))
				return i;
	while (path_step_back(chart, path));
	assert(false); /* it joined */
	return 0;
}

static void
leaf_set(struct leaf *leaf, uint32_t at, const struct pin *pin)
{
	for (unsigned i = 0; i < 3; i++)
		leaf->at[i][at] = pin->head.spot.at[i];
	leaf->features[at] = pin->head.features;
	leaf->reported[at] = pin->head.reported;
	leaf->fences[at] = pin->fence;
}

static void
leaf_add(struct leaf *leaf, const struct pin *pin)
{
	assert(leaf->count < CHART_PINS_MAX);
	leaf_set(leaf, leaf->count++, pin);
}

/* Some that lie together. */
static void
leaf_add_all(struct leaf *leaf, const struct leaf *from, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct pin pin = leaf_pin(from, first + i);

		leaf_add(leaf, &pin);
	}
}

/* ---- room ---- */

static bool
chart_reserve_branch(struct chart *chart)
{
	uint32_t room = chart->room + chart->room / 2 + 1;
	struct branch *branches;

	if (chart->count < chart->room)
		return true;
	branches = index_memory(chart->branches, 0, room * sizeof *branches);
	if (branches == NULL)
		return false;
	chart->branches = branches;
	chart->room = room;
	return true;
}

/* ---- splits ---- */

/* The upper half of its leaves becomes the next branch. */
static bool
split_branch(struct chart *chart, uint32_t at)
{
	struct branch *branch, next = { .count = 0 };

	if (!chart_reserve_branch(chart) || !branch_begin(&next, CHART_LEAVES_MAX))
		return false;
	branch = &chart->branches[at];
	next.count = branch->count / 2;
	branch->count -= next.count;
	memcpy(next.leaves, &branch->leaves[branch->count],
	    next.count * sizeof *next.leaves);
	branch_measure(branch);
	branch_measure(&next);
	branch_outline(&next, 0);
	memmove(&chart->branches[at + 2], &chart->branches[at + 1],
	    (chart->count++ - at - 1) * sizeof next);
	chart->branches[at + 1] = next;
	return true;
}

struct keyed {
	uint64_t key;
	struct pin pin;
};

static int
compare_keys(const void *one, const void *other)
{
	uint64_t a = ((const struct keyed *)one)->key,
	         b = ((const struct keyed *)other)->key;

	return (a > b) - (a < b);
}

static void
sort_pins(struct leaf *leaf)
{
	struct keyed sorted[CHART_PINS_MAX] = { { 0 } };

	for (uint32_t i = 0; i < leaf->count; i++) {
		sorted[i].pin = leaf_pin(leaf, i);
		sorted[i].key = pin_key(&sorted[i].pin);
	}
	qsort(sorted, leaf->count, sizeof *sorted, compare_keys);
	for (uint32_t i = 0; i < leaf->count; i++)
		leaf_set(leaf, i, &sorted[i].pin);
}

/* The upper half of its pins becomes the next leaf. */
static bool
split_leaf(struct branch *branch, uint32_t at)
{
	struct leaf *leaf, next = { .extent = EXTENT_OF_NOTHING };
	struct pin first;
	uint32_t count;

	if (!branch_reserve(branch))
		return false;
	leaf = &branch->leaves[at];
	sort_pins(leaf);
	count = leaf->count / 2;
	leaf->count -= count;
	leaf_add_all(&next, leaf, leaf->count, count);
	first = leaf_pin(&next, 0);
	next.extent.first = pin_key(&first);
	leaf_measure(leaf);
	leaf_measure(&next);
	branch_insert(branch, at + 1, &next);
	leaf_outline(branch, at);
	return true;
}

/* A chart of one leaf. */
static bool
begin(struct chart *chart, uint64_t key)
{
	struct branch branch = { .extent = EXTENT_OF_NOTHING };
	struct leaf leaf = { .extent = EXTENT_OF_NOTHING };

	leaf.extent.first = branch.extent.first = key;
	if (!chart_reserve_branch(chart) || !branch_begin(&branch, 1))
		return false;
	branch_insert(&branch, 0, &leaf);
	chart->branches[chart->count++] = branch;
	return true;
}

static bool
reserve_at(struct chart *chart, uint64_t key, uint32_t count)
{
	struct path path;

	if (chart->count == 0 && !begin(chart, key))
		return false;
	path = path_to(chart, key);
	if (path.leaf->count + count <= CHART_PINS_MAX)
		return true;
	if (path.branch->count == CHART_LEAVES_MAX) {
		if (!split_branch(chart, (uint32_t)(path.branch - chart->branches)))
			return false;
		path = path_to(chart, key);
	}
	return split_leaf(path.branch, (uint32_t)(path.leaf - path.branch->leaves));
}

bool
chart_reserve(struct chart *chart, const struct traits *traits)
{
	uint32_t count;
	const struct spot *spots = traits_spots(traits, &count);

	for (uint32_t i = 0; i < count; i++)
		if (!reserve_at(chart, chart_key(spots[i], traits), count))
			return false;
	return true;
}

/* ---- services ---- */

static void
path_outline(const struct path *path)
{
	leaf_outline(path->branch, (uint32_t)(path->leaf - path->branch->leaves));
}

static void
widen(const struct path *path, const struct extent *extent)
{
	extent_widen(&path->leaf->extent, extent);
	extent_widen(&path->branch->extent, extent);
	path_outline(path);
}

void
chart_join(struct chart *chart, const struct traits *traits)
{
	uint32_t count;
	const struct spot *spots = traits_spots(traits, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct pin pin = pin_of(traits, spots[i]);
		struct extent extent = extent_of_pin(&pin);
		struct path path;

		extent.first = pin_key(&pin);
		path = path_to(chart, extent.first);
		leaf_add(path.leaf, &pin);
		widen(&path, &extent);
		chart->pins_count++;
	}
}

/* It may have been the outermost. */
static void
measure(const struct path *path)
{
	leaf_measure(path->leaf);
	branch_measure(path->branch);
	path_outline(path);
}

void
chart_leave(struct chart *chart, const struct traits *traits)
{
	uint32_t count;
	const struct spot *spots = traits_spots(traits, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct path path;
		uint32_t at = pin_find(chart, traits, spots[i], &path);
		struct pin last = leaf_pin(path.leaf, --path.leaf->count);

		leaf_set(path.leaf, at, &last);
		measure(&path);
		chart->pins_count--;
	}
}

/* Reports only get younger. */
void
chart_renew(struct chart *chart, const struct traits *traits)
{
	uint32_t count;
	const struct spot *spots = traits_spots(traits, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct path path;
		uint32_t at = pin_find(chart, traits, spots[i], &path);
		struct pin pin = pin_of(traits, spots[i]);
		struct extent extent = extent_of_pin(&pin);

		leaf_set(path.leaf, at, &pin);
		widen(&path, &extent);
	}
}

/* ---- what has become empty ---- */

/* The next one's pins come to a leaf, if they fill it to one half at most. */
static bool
merge_leaves(struct branch *branch, uint32_t at)
{
	struct leaf *leaf = &branch->leaves[at], *next = leaf + 1;

	if (leaf->count + next->count > CHART_PINS_MAX / 2)
		return false;
	leaf_add_all(leaf, next, 0, next->count);
	extent_widen(&leaf->extent, &next->extent);
	branch_remove(branch, at + 1);
	leaf_outline(branch, at);
	return true;
}

void
chart_tidy(struct chart *chart, const struct traits *traits)
{
	uint32_t count;
	const struct spot *spots = traits_spots(traits, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct branch *branch =
		    path_to(chart, chart_key(spots[i], traits)).branch;

		for (uint32_t k = 0; k + 1 < branch->count;)
			k += !merge_leaves(branch, k);
		if (chart->count == 1 || branch->count > 1 || branch->leaves[0].count > 0)
			continue;
		branch_end(branch);
		memmove(branch, branch + 1,
		    (size_t)(&chart->branches[--chart->count] - branch) * sizeof *branch);
	}
}

void
chart_free(struct chart *chart)
{
	for (uint32_t i = 0; i < chart->count; i++)
		branch_end(&chart->branches[i]);
	free(chart->branches);
	*chart = (struct chart){ .count = 0 };
}
