/* SPDX-License-Identifier: Apache-2.0
 * The leaves of a branch, and its outline. */
#include "services/matcher/chart_private.h"
#include "services/matcher/index_private.h"

void
leaf_outline(struct branch *branch, uint32_t at)
{
	struct outline *outline = branch->outline;
	const struct extent *extent = &branch->leaves[at].extent;

	for (unsigned i = 0; i < 3; i++) {
		outline->least[i][at] = extent->least[i];
		outline->most[i][at] = extent->most[i];
	}
	outline->features[at] = extent->features;
	outline->reported[at] = extent->reported;
}

void
branch_outline(struct branch *branch, uint32_t from)
{
	for (uint32_t i = from; i < branch->count; i++)
		leaf_outline(branch, i);
}

void
branch_end(struct branch *branch)
{
	free(branch->leaves);
	free(branch->outline);
}

bool
branch_begin(struct branch *branch, uint32_t room)
{
	branch->leaves = index_memory(NULL, CACHE_LINE, room * sizeof *branch->leaves);
	branch->outline = index_memory(NULL, CACHE_LINE, sizeof *branch->outline);
	branch->room = room;
	if (branch->leaves == NULL || branch->outline == NULL) {
		branch_end(branch);
		return false;
	}
	*branch->outline = (struct outline){ .features = { 0 } };
	return true;
}

bool
branch_reserve(struct branch *branch)
{
	uint32_t room = 2 * branch->room;
	struct leaf *leaves;

	if (branch->count < branch->room)
		return true;
	leaves = index_memory(NULL, CACHE_LINE, room * sizeof *leaves);
	if (leaves == NULL)
		return false;
	memcpy(leaves, branch->leaves, branch->count * sizeof *leaves);
	free(branch->leaves);
	branch->leaves = leaves;
	branch->room = room;
	return true;
}

void
branch_insert(struct branch *branch, uint32_t at, const struct leaf *leaf)
{
	memmove(&branch->leaves[at + 1], &branch->leaves[at],
	    (branch->count++ - at) * sizeof *leaf);
	branch->leaves[at] = *leaf;
	branch_outline(branch, at);
}

void
branch_remove(struct branch *branch, uint32_t at)
{
	memmove(&branch->leaves[at], &branch->leaves[at + 1],
	    (--branch->count - at) * sizeof *branch->leaves);
	branch_outline(branch, at);
}
