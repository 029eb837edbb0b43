/* SPDX-License-Identifier: Apache-2.0
 * Ranking: most services are passed over by what lies close together of them. */
#include "services/matcher/rank.h"

#include <math.h>

/* Single precision and rounding to the metre are less than this. */
#define SLACK_KM 0.05

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
	if (facts->points_count == 1)
		find_point(facts->points[0].lat, facts->points[0].lon, point);
	for (unsigned i = 0; i < 3; i++)
		numbers->along[i][number] = facts->points_count > 1 ? NAN : point[i];
}

/* ---- the order ---- */

static int
name_compare(const struct content *one, const struct content *other)
{
	struct text a = one->folded_name, b = other->folded_name;
	int order = memcmp(a.at, b.at, a.length < b.length ? a.length : b.length);

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static bool
is_better(const struct hit *one, const struct hit *other)
{
	int order;

	if (one->worth != other->worth)
		return one->worth > other->worth;
	order = distance_compare(one->distance_km, other->distance_km);
	if (order == 0)
		order = name_compare(&one->service->content, &other->service->content);
	if (order == 0)
		order = id_compare(
		    indexed_facts(one->service), indexed_facts(other->service));
	return order < 0;
}

/* Gives way to what is better. */
static void
sift_down(struct hit *hits, size_t count, struct hit hit)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < count) {
		if (child + 1 < count && is_better(&hits[child], &hits[child + 1]))
			child++;
		if (!is_better(&hit, &hits[child]))
			break;
		hits[at] = hits[child];
		at = child;
	}
	hits[at] = hit;
}

static void
sift_up(struct hit *hits, size_t at, struct hit hit)
{
	while (at > 0 && is_better(&hits[(at - 1) / 2], &hit)) {
		hits[at] = hits[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	hits[at] = hit;
}

/* ---- the ranking ---- */

void
ranking_open(struct ranking *ranking, struct numbers *numbers,
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

/* What is worse at a glance from now on. */
static void
note_worst(struct ranking *ranking)
{
	const struct hit *worst = &ranking->hits[0];
	double angle = (worst->distance_km + SLACK_KM) / EARTH_KM;

	ranking->letters = ranking->numbers->letters[worst->service->number];
	ranking->limit = angle < M_PI ? (float)(4 * pow(sin(angle / 2), 2)) : NAN;
}

/* Squares of the chords to the point; NaN: several, or there is no point. */
static void
measure(const struct ranking *ranking, uint32_t first, float squares[TALLY_BLOCK])
{
	const float *x = ranking->numbers->along[0] + first;
	const float *y = ranking->numbers->along[1] + first;
	const float *z = ranking->numbers->along[2] + first;
	const float from[3] = { ranking->point[0], ranking->point[1], ranking->point[2] };

	for (uint32_t i = 0; i < TALLY_BLOCK; i++)
		squares[i] = (x[i] - from[0]) * (x[i] - from[0]) +
		             (y[i] - from[1]) * (y[i] - from[1]) +
		             (z[i] - from[2]) * (z[i] - from[2]);
}

/* Than the worst; both are worth the same. */
static bool
is_surely_worse(const struct ranking *ranking, uint32_t number, float square)
{
	bool is_placed = !isnan(ranking->point[0]);

	if (is_placed && !isnan(ranking->limit))
		return square > ranking->limit;
	/* The worst has no distance, and this one neither. */
	return (!is_placed || square > 4.5f) &&
	       ranking->numbers->letters[number] > ranking->letters;
}

static bool
is_full(const struct ranking *ranking)
{
	return ranking->count == ranking->most;
}

/* Of one that may be among the best. */
static void
add(struct ranking *ranking, uint32_t number, uint32_t worth)
{
	struct hit hit = { .worth = worth };

	hit.service = ranking->numbers->service[number];
	hit.distance_km = wanted_distance_km(ranking->wanted, &hit.service->traits);
	if (!is_full(ranking))
		sift_up(ranking->hits, ranking->count++, hit);
	else if (is_better(&hit, &ranking->hits[0]))
		sift_down(ranking->hits, ranking->count, hit);
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

/* How much a service is worth that is looked at closer. */
static uint32_t
least_worth(const struct ranking *ranking)
{
	return is_full(ranking) ? ranking->hits[0].worth : 1;
}

void
ranking_add_block(
    struct ranking *ranking, uint32_t block, const uint16_t worths[TALLY_BLOCK])
{
	uint32_t first = block * TALLY_BLOCK;
	uint32_t least = least_worth(ranking);
	uint16_t most = 0;
	float squares[TALLY_BLOCK];

	for (uint32_t i = 0; i < TALLY_BLOCK; i++)
		most = worths[i] > most ? worths[i] : most;
	if (ranking->most == 0 || most < least)
		return;
	measure(ranking, first, squares);
	for (uint32_t i = 0; i < TALLY_BLOCK; i++) {
		if (worths[i] < least)
			continue;
		if (worths[i] == least && is_full(ranking) &&
		    is_surely_worse(ranking, first + i, squares[i]))
			continue;
		add(ranking, first + i, worths[i]);
		least = least_worth(ranking);
	}
}

/* The worst goes to the end, again and again. */
void
ranking_sort(struct ranking *ranking)
{
	for (size_t left = ranking->count; left > 1; left--) {
		struct hit last = ranking->hits[left - 1];

		ranking->hits[left - 1] = ranking->hits[0];
		sift_down(ranking->hits, left - 1, last);
	}
}
