/* SPDX-License-Identifier: Apache-2.0
 * Ranking: most services are passed over by what lies close together of them. */
#include "services/matcher/rank.h"

#include <math.h>

/* Single precision and rounding to the metre are less than this. */
#define SLACK_KM 0.05
/* More than the square of any chord. */
#define CHORD_MOST 4.5f
/* ---- at a glance ---- */

static void
find_point(double lat, double lon, float point[3])
{
	double north = lat * M_PI / 180, east = lon * M_PI / 180;

	point[0] = (float)(cos(north) * cos(east));
	point[1] = (float)(cos(north) * sin(east));
	point[2] = (float)sin(north);
}

/* So that what is less comes first. */
static uint64_t
first_letters(struct text name)
{
	uint64_t letters = 0;

	for (uint32_t i = 1; i < 9; i++) /* behind the space */
		letters = letters << 8 | (i < name.length ? (uint8_t)name.at[i] : 0);
	return letters;
}

static uint8_t
terse(struct text name)
{
	uint8_t words = 0;

	for (uint32_t i = 0; i < name.length && words < TERSE_MOST; i++)
		words = (uint8_t)(words + (name.at[i] == ' '));
	return (uint8_t)(TERSE_MOST - words);
}

void
numbers_note(struct numbers *numbers, const struct indexed *service)
{
	const struct kept_facts *facts = &service->content.facts;
	const struct traits *traits = &service->traits;
	uint32_t number = service->number;
	float point[3] = { POINT_NONE, POINT_NONE, POINT_NONE };

	numbers->seen[number] = !traits->is_active ? SEEN_BY_NOBODY
	                        : traits->confidentiality == CONFIDENTIALITY_cleared
	                            ? SEEN_BY_CLEARED
	                            : SEEN_BY_ALL;
	numbers->letters[number] = first_letters(service->content.folded_name);
	numbers->terse[number] = terse(service->content.folded_name);
	if (facts->points_count == 1)
		find_point(facts->points[0].lat, facts->points[0].lon, point);
	for (unsigned i = 0; i < 3; i++)
		numbers->along[i][number] = facts->points_count > 1 ? NAN : point[i];
	names_settle_many(numbers);
}

/* ---- the order ---- */

static bool
is_better(const struct ranking *ranking, const struct hit *one, const struct hit *other)
{
	const int32_t *rank = ranking->numbers->names.rank;
	int order;

	if (one->worth != other->worth)
		return one->worth > other->worth;
	order = distance_compare(one->distance_km, other->distance_km);
	return order != 0 ? order < 0
	                  : rank[one->service->number] < rank[other->service->number];
}

/* Gives way to what is better. */
static void
sift_down(const struct ranking *ranking, size_t count, struct hit hit)
{
	struct hit *hits = ranking->hits;
	size_t at = 0, child;

	while ((child = 2 * at + 1) < count) {
		if (child + 1 < count &&
		    is_better(ranking, &hits[child], &hits[child + 1]))
			child++;
		if (!is_better(ranking, &hit, &hits[child]))
			break;
		hits[at] = hits[child];
		at = child;
	}
	hits[at] = hit;
}

static void
sift_up(const struct ranking *ranking, size_t at, struct hit hit)
{
	struct hit *hits = ranking->hits;

	while (at > 0 && is_better(ranking, &hits[(at - 1) / 2], &hit)) {
		hits[at] = hits[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	hits[at] = hit;
}

/* ---- the ranking ---- */

void
ranking_open(struct ranking *ranking, const struct numbers *numbers,
    const struct wanted *wanted, size_t most)
{
	*ranking = (struct ranking){
		.numbers = numbers,
		.wanted = wanted,
		.hits = numbers->hits,
		.most = most < numbers->count ? most : numbers->count,
	};
	find_point(wanted->lat, wanted->lon, ranking->point);
}

static bool
is_placed(const struct ranking *ranking)
{
	return !isnan(ranking->point[0]);
}

/* What is worse at a glance from now on. */
static void
note_worst(struct ranking *ranking)
{
	const struct hit *worst = &ranking->hits[0];
	double angle = (worst->distance_km + SLACK_KM) / EARTH_KM;
	bool is_far = !is_placed(ranking) || isnan(angle);

	ranking->limit = angle < M_PI ? (float)(4 * pow(sin(angle / 2), 2)) : INFINITY;
	ranking->nowhere = is_far ? CHORD_MOST : INFINITY;
	ranking->rank = ranking->numbers->names.rank[worst->service->number];
}

static bool
is_full(const struct ranking *ranking)
{
	return ranking->count == ranking->most;
}

/* How much a service is worth that is looked at closer. */
static int32_t
least_worth(const struct ranking *ranking)
{
	return is_full(ranking) ? (int32_t)ranking->hits[0].worth : 1;
}

/* Of one that may be among the best. */
static void
add(struct ranking *ranking, uint32_t number, uint32_t worth)
{
	struct hit hit = { .worth = worth };

	hit.service = ranking->numbers->service[number];
	hit.distance_km = is_placed(ranking)
	                      ? wanted_distance_km(ranking->wanted, &hit.service->traits)
	                      : NAN;
	if (!is_full(ranking))
		sift_up(ranking, ranking->count++, hit);
	else if (is_better(ranking, &hit, &ranking->hits[0]))
		sift_down(ranking, ranking->count, hit);
	else
		return;
	if (is_full(ranking))
		note_worst(ranking);
}

void
ranking_add(struct ranking *ranking, uint32_t number, uint32_t worth)
{
	if (ranking->most > 0 && (!is_full(ranking) || worth >= ranking->hits[0].worth))
		add(ranking, number, worth);
}

/* ---- a block ---- */

/* Worths of a block's services, and of each whether it may be among the best: else 0. */
struct looked_at {
	int32_t worths[TALLY_BLOCK], picked[TALLY_BLOCK];
};

static int32_t
pick_by_name(const struct ranking *ranking, uint32_t first, struct looked_at *block)
{
	const int32_t *rank = ranking->numbers->names.rank + first;
	const int32_t least = least_worth(ranking), worst = ranking->rank;
	int32_t any = 0;

	for (uint32_t i = 0; i < TALLY_BLOCK; i++) {
		int32_t worth = block->worths[i];

		block->picked[i] =
		    (worth > least) | ((worth == least) & (rank[i] < worst));
		any |= block->picked[i];
	}
	return any;
}

static int32_t
pick_by_place(const struct ranking *ranking, uint32_t first, struct looked_at *block)
{
	const int32_t *rank = ranking->numbers->names.rank + first;
	const float *x = ranking->numbers->along[0] + first;
	const float *y = ranking->numbers->along[1] + first;
	const float *z = ranking->numbers->along[2] + first;
	const float from[3] = { ranking->point[0], ranking->point[1], ranking->point[2] };
	const float limit = ranking->limit, nowhere = ranking->nowhere;
	const int32_t least = least_worth(ranking), worst = ranking->rank;
	int32_t any = 0;

	for (uint32_t i = 0; i < TALLY_BLOCK; i++) {
		int32_t worth = block->worths[i];
		float square = (x[i] - from[0]) * (x[i] - from[0]) +
		               (y[i] - from[1]) * (y[i] - from[1]) +
		               (z[i] - from[2]) * (z[i] - from[2]);
		int32_t is_worse =
		    (square > limit) | ((square > nowhere) & (rank[i] > worst));

		block->picked[i] = (worth > least) | ((worth == least) & !is_worse);
		any |= block->picked[i];
	}
	return any;
}

static int32_t
pick_any(struct looked_at *block)
{
	for (uint32_t i = 0; i < TALLY_BLOCK; i++)
		block->picked[i] = block->worths[i];
	return 1;
}

void
ranking_add_block(
    struct ranking *ranking, uint32_t block, const uint16_t worths[TALLY_BLOCK])
{
	uint32_t first = block * TALLY_BLOCK;
	struct looked_at looked;
	uint16_t most = 0;
	int32_t any;

	for (uint32_t i = 0; i < TALLY_BLOCK; i++)
		most = worths[i] > most ? worths[i] : most;
	if (ranking->most == 0 || most == 0 || most < least_worth(ranking))
		return;
	for (uint32_t i = 0; i < TALLY_BLOCK; i++)
		looked.worths[i] = worths[i];
	any = !is_full(ranking)    ? pick_any(&looked)
	      : is_placed(ranking) ? pick_by_place(ranking, first, &looked)
	                           : pick_by_name(ranking, first, &looked);
	for (uint32_t i = 0; any && i < TALLY_BLOCK; i++)
		if (looked.picked[i] && looked.worths[i] >= least_worth(ranking))
			add(ranking, first + i, (uint32_t)looked.worths[i]);
}

/* The worst goes to the end, again and again. */
void
ranking_sort(struct ranking *ranking)
{
	for (size_t left = ranking->count; left > 1; left--) {
		struct hit last = ranking->hits[left - 1];

		ranking->hits[left - 1] = ranking->hits[0];
		sift_down(ranking, left - 1, last);
	}
}
