/* SPDX-License-Identifier: Apache-2.0
 * Ranking: most services are passed over by what lies close together of them. */
#include "services/matcher/rank.h"

#include <math.h>

/* As in places.h. */
#define EARTH_KM 6371.0088
/* Single precision and rounding to the metre are less than this. */
#define SLACK_KM 0.05

/* ---- at a glance ---- */

static struct point
point_of(double lat, double lon)
{
	double north = lat * M_PI / 180, east = lon * M_PI / 180;

	return (struct point){ { (float)(cos(north) * cos(east)),
	    (float)(cos(north) * sin(east)), (float)sin(north) } };
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
	const struct service_facts *facts = &service->content.facts;
	const struct traits *traits = &service->traits;
	uint32_t number = service->number;

	numbers->seen[number] = !traits->is_active ? SEEN_BY_NOBODY
	                        : traits->confidentiality == CONFIDENTIALITY_cleared
	                            ? SEEN_BY_CLEARED
	                            : SEEN_BY_ALL;
	numbers->letters[number] = first_letters(service->content.folded_name);
	numbers->point[number] = facts->points_count == 1 ? point_of(facts->points[0].lat,
	                                                        facts->points[0].lon)
	                                                  : point_of(NAN, NAN);
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
		.point = point_of(wanted->lat, wanted->lon),
		.most = most < numbers->count ? most : numbers->count,
	};
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

/* Than the worst; both are worth the same. */
static bool
is_surely_worse(const struct ranking *ranking, uint32_t number)
{
	const float *one = ranking->point.at;
	const float *other = ranking->numbers->point[number].at;
	float square = 0;

	if (isnan(one[0]))
		return ranking->numbers->letters[number] > ranking->letters;
	for (unsigned i = 0; i < 3; i++)
		square += (one[i] - other[i]) * (one[i] - other[i]);
	return square > ranking->limit;
}

void
ranking_add(struct ranking *ranking, uint32_t number, uint32_t worth)
{
	struct hit hit = { .worth = worth };
	bool is_full = ranking->count == ranking->most;

	if (ranking->most == 0)
		return;
	if (is_full &&
	    (worth < ranking->hits[0].worth ||
	        (worth == ranking->hits[0].worth && is_surely_worse(ranking, number))))
		return;
	hit.service = ranking->numbers->service[number];
	hit.distance_km = wanted_distance_km(ranking->wanted, indexed_facts(hit.service));
	if (!is_full)
		sift_up(ranking->hits, ranking->count++, hit);
	else if (is_better(&hit, &ranking->hits[0]))
		sift_down(ranking->hits, ranking->count, hit);
	else
		return;
	if (ranking->count == ranking->most)
		note_worst(ranking);
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
