/* SPDX-License-Identifier: Apache-2.0
 * Services by place. */
#include <assert.h>
#include <stdlib.h>

#include "services/matcher/chart_private.h"
#include "services/matcher/index_private.h"

/* One half of a leaf has room for a service at all its points. */
static_assert(
    CHART_PINS_MAX / 2 + FACTS_POINTS_MAX <= CHART_PINS_MAX, "one split makes room");

#define LEAF_ROOM_LEAST 4

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
static struct pin *
pin_find(const struct chart *chart, const struct traits *traits, struct spot spot,
    struct path *path)
{
	*path = path_to(chart, chart_key(spot, traits));
	do
		for (uint32_t i = 0; i < path->leaf->count; i++) {
			struct pin *pin = &path->leaf->pins[i];

			if (pin->traits == traits && spot_equal(pin->spot, spot))
				return pin;
		}
	while (path_step_back(chart, path));
	return NULL;
}

/* ---- room ---- */

static void *
resized(void *memory, uint32_t room, size_t size)
{
	return index_memory(memory, 0, room * size);
}

/* Doubles up to `most`, where so many are there. */
static bool
leaf_reserve(struct leaf *leaf, uint32_t count)
{
	uint32_t room = leaf->room > 0 ? leaf->room : LEAF_ROOM_LEAST;
	struct pin *pins;

	while (room < leaf->count + count)
		room *= 2;
	if (room == leaf->room)
		return true;
	pins = resized(leaf->pins, room, sizeof *pins);
	if (pins == NULL)
		return false;
	leaf->pins = pins;
	leaf->room = room;
	return true;
}

static bool
branch_reserve(struct branch *branch)
{
	uint32_t room = branch->room > 0 ? 2 * branch->room : 1;
	struct leaf *leaves;

	if (branch->count < branch->room)
		return true;
	leaves = resized(branch->leaves, room, sizeof *leaves);
	if (leaves == NULL)
		return false;
	branch->leaves = leaves;
	branch->room = room;
	return true;
}

static bool
chart_reserve_branch(struct chart *chart)
{
	uint32_t room = chart->room + chart->room / 2 + 1;
	struct branch *branches;

	if (chart->count < chart->room)
		return true;
	branches = resized(chart->branches, room, sizeof *branches);
	if (branches == NULL)
		return false;
	chart->branches = branches;
	chart->room = room;
	return true;
}

static void
insert_leaf(struct branch *branch, uint32_t at, const struct leaf *leaf)
{
	memmove(&branch->leaves[at + 1], &branch->leaves[at],
	    (branch->count++ - at) * sizeof *leaf);
	branch->leaves[at] = *leaf;
}

/* ---- splits ---- */

/* The upper half of its leaves becomes the next branch. */
static bool
split_branch(struct chart *chart, uint32_t at)
{
	struct branch *branch, next = { .room = CHART_LEAVES_MAX };

	if (!chart_reserve_branch(chart))
		return false;
	next.leaves = resized(NULL, next.room, sizeof *next.leaves);
	if (next.leaves == NULL)
		return false;
	branch = &chart->branches[at];
	next.count = branch->count / 2;
	branch->count -= next.count;
	memcpy(next.leaves, &branch->leaves[branch->count],
	    next.count * sizeof *next.leaves);
	branch_measure(branch);
	branch_measure(&next);
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

	for (uint32_t i = 0; i < leaf->count; i++)
		sorted[i] = (struct keyed){ pin_key(&leaf->pins[i]), leaf->pins[i] };
	qsort(sorted, leaf->count, sizeof *sorted, compare_keys);
	for (uint32_t i = 0; i < leaf->count; i++)
		leaf->pins[i] = sorted[i].pin;
}

/* The upper half of its pins becomes the next leaf. */
static bool
split_leaf(struct branch *branch, uint32_t at)
{
	struct leaf *leaf, next = { .extent = EXTENT_OF_NOTHING };

	if (!branch_reserve(branch) || !leaf_reserve(&next, CHART_PINS_MAX))
		return false;
	leaf = &branch->leaves[at];
	sort_pins(leaf);
	next.count = leaf->count / 2;
	leaf->count -= next.count;
	memcpy(next.pins, &leaf->pins[leaf->count], next.count * sizeof *next.pins);
	next.extent.first = pin_key(&next.pins[0]);
	leaf_measure(leaf);
	leaf_measure(&next);
	insert_leaf(branch, at + 1, &next);
	return true;
}

/* A chart of one leaf. */
static bool
begin(struct chart *chart, uint64_t key)
{
	struct branch branch = { .extent = EXTENT_OF_NOTHING };
	struct leaf leaf = { .extent = EXTENT_OF_NOTHING };

	leaf.extent.first = branch.extent.first = key;
	if (!chart_reserve_branch(chart) || !branch_reserve(&branch))
		return false;
	insert_leaf(&branch, 0, &leaf);
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
		return leaf_reserve(path.leaf, count);
	if (path.branch->count == CHART_LEAVES_MAX) {
		if (!split_branch(chart, (uint32_t)(path.branch - chart->branches)))
			return false;
		path = path_to(chart, key);
	}
	if (!split_leaf(path.branch, (uint32_t)(path.leaf - path.branch->leaves)))
		return false;
	path = path_to(chart, key);
	return leaf_reserve(path.leaf, count);
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
		assert(path.leaf->count < path.leaf->room);
		path.leaf->pins[path.leaf->count++] = pin;
		extent_widen(&path.leaf->extent, &extent);
		extent_widen(&path.branch->extent, &extent);
		chart->pins_count++;
	}
}

/* It may have been the outermost. */
static void
measure(const struct path *path)
{
	leaf_measure(path->leaf);
	branch_measure(path->branch);
}

void
chart_leave(struct chart *chart, const struct traits *traits)
{
	uint32_t count;
	const struct spot *spots = traits_spots(traits, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct path path;
		struct pin *pin = pin_find(chart, traits, spots[i], &path);

		assert(pin != NULL); /* it joined */
		*pin = path.leaf->pins[--path.leaf->count];
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
		struct pin *pin = pin_find(chart, traits, spots[i], &path);
		struct extent extent;

		assert(pin != NULL); /* it joined */
		*pin = pin_of(traits, spots[i]);
		extent = extent_of_pin(pin);
		extent_widen(&path.leaf->extent, &extent);
		extent_widen(&path.branch->extent, &extent);
	}
}

/* ---- what has become empty ---- */

static void
remove_leaf(struct branch *branch, uint32_t at)
{
	free(branch->leaves[at].pins);
	memmove(&branch->leaves[at], &branch->leaves[at + 1],
	    (--branch->count - at) * sizeof *branch->leaves);
}

/* The next one's pins come to a leaf, if they fill it to one half at most. */
static bool
merge_leaves(struct branch *branch, uint32_t at)
{
	struct leaf *leaf = &branch->leaves[at], *next = leaf + 1;

	if (leaf->count + next->count > CHART_PINS_MAX / 2 ||
	    !leaf_reserve(leaf, next->count))
		return false;
	if (next->count > 0)
		memcpy(&leaf->pins[leaf->count], next->pins,
		    next->count * sizeof *next->pins);
	leaf->count += next->count;
	extent_widen(&leaf->extent, &next->extent);
	remove_leaf(branch, at + 1);
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
		remove_leaf(branch, 0);
		free(branch->leaves);
		memmove(branch, branch + 1,
		    (size_t)(&chart->branches[--chart->count] - branch) * sizeof *branch);
	}
}

void
chart_free(struct chart *chart)
{
	for (uint32_t i = 0; i < chart->count; i++) {
		struct branch *branch = &chart->branches[i];

		while (branch->count > 0)
			remove_leaf(branch, branch->count - 1);
		free(branch->leaves);
	}
	free(chart->branches);
	*chart = (struct chart){ .count = 0 };
}
