/* SPDX-License-Identifier: Apache-2.0
 * Services in the order of their names. */
#include "services/matcher/match_private.h"

/* Fresh names from which on they get their place before anybody asks. */
#define FRESH_MIN 1024
#define GONE UINT32_MAX

/* ---- coming and going ---- */

void
names_join(struct names *names, uint32_t number)
{
	names->fresh[names->fresh_count] = number;
	names->rank[number] = -1 - (int32_t)names->fresh_count++;
}

void
names_leave(struct names *names, uint32_t number)
{
	int32_t rank = names->rank[number];
	uint32_t last;

	if (rank >= 0) {
		names->order[rank] = GONE;
		names->gone_count++;
		return;
	}
	last = names->fresh[--names->fresh_count];
	names->fresh[-1 - rank] = last;
	names->rank[last] = rank;
}

void
names_change(struct names *names, uint32_t number)
{
	names_leave(names, number);
	names_join(names, number);
}

/* ---- the order ---- */

static struct text
name_of(const struct numbers *numbers, uint32_t number)
{
	return numbers->service[number]->content.folded_name;
}

static int
compare(const struct numbers *numbers, uint32_t one, uint32_t other)
{
	struct text a, b;
	int order;

	if (numbers->letters[one] != numbers->letters[other])
		return numbers->letters[one] < numbers->letters[other] ? -1 : 1;
	a = name_of(numbers, one);
	b = name_of(numbers, other);
	order = memcmp(a.at, b.at, a.length < b.length ? a.length : b.length);
	if (order == 0)
		order = (a.length > b.length) - (a.length < b.length);
	return order != 0 ? order
	                  : id_compare(indexed_facts(numbers->service[one]),
	                        indexed_facts(numbers->service[other]));
}

static int
compare_fresh(const void *one, const void *other, void *numbers)
{
	return compare(numbers, *(const uint32_t *)one, *(const uint32_t *)other);
}

static uint32_t
drop_gone(struct names *names)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < names->count; i++)
		if (names->order[i] != GONE)
			names->order[kept++] = names->order[i];
	return kept;
}

/* Where a fresh one belongs among the first so many. */
static uint32_t
position_of(const struct numbers *numbers, uint32_t count, uint32_t number)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (compare(numbers, numbers->names.order[middle], number) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
names_settle(struct numbers *numbers)
{
	struct names *names = &numbers->names;
	uint32_t rest;

	if (names->fresh_count == 0 && names->gone_count == 0)
		return;
	rest = drop_gone(names);
	names->count = rest + names->fresh_count;
	if (names->fresh_count > 1)
		qsort_r(names->fresh, names->fresh_count, sizeof *names->fresh,
		    compare_fresh, numbers);
	for (uint32_t i = names->fresh_count; i > 0; i--) {
		uint32_t number = names->fresh[i - 1];
		uint32_t position = position_of(numbers, rest, number);

		memmove(names->order + position + i, names->order + position,
		    (rest - position) * sizeof *names->order);
		names->order[position + i - 1] = number;
		rest = position;
	}
	for (uint32_t i = 0; i < names->count; i++)
		names->rank[names->order[i]] = (int32_t)i;
	names->fresh_count = names->gone_count = 0;
}

void
names_settle_many(struct numbers *numbers)
{
	if (numbers->names.fresh_count > FRESH_MIN + numbers->names.count / 8)
		names_settle(numbers);
}

/* ---- beginnings ---- */

/* In their order. */
enum edge { EDGE_FIRST, EDGE_LONGER, EDGE_END };

/* Whether a name lies before an edge of those that begin so. */
static bool
is_before(struct text name, struct text beginning, enum edge edge)
{
	uint32_t least = name.length < beginning.length ? name.length : beginning.length;
	int order = memcmp(name.at, beginning.at, least);

	if (order != 0 || name.length < beginning.length)
		return order <= 0;
	return edge == EDGE_END ||
	       (edge == EDGE_LONGER && name.length == beginning.length);
}

static int32_t
find_edge(
    const struct numbers *numbers, int32_t low, struct text beginning, enum edge edge)
{
	int32_t high = (int32_t)numbers->names.count;

	while (low < high) {
		int32_t middle = low + (high - low) / 2;

		if (is_before(
		        name_of(numbers, numbers->names.order[middle]), beginning, edge))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct name_range
names_find(const struct numbers *numbers, struct text beginning)
{
	struct name_range range = { .first = 0 };

	if (beginning.length == 0)
		return range;
	range.first = find_edge(numbers, 0, beginning, EDGE_FIRST);
	range.longer = find_edge(numbers, range.first, beginning, EDGE_LONGER);
	range.end = find_edge(numbers, range.longer, beginning, EDGE_END);
	return range;
}
