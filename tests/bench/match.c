/* SPDX-License-Identifier: Apache-2.0
 * Matches over so many services in this process: build/bench/match [SERVICES [QUESTIONS]].
 * Prints one JSON object: microseconds of a match (p50, p99), of one over 1,000 services, of a
 * vectorised scan of all services that gives the same answers (or the program fails), of putting
 * a service and of replacing one, and bytes of memory.
 *
 * The country is that of tests/bench/country.py: a third of the services bounded by a region, a
 * third by a radius, each of 56 terms; some count places, promise an answer or say their hours. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/matcher/match.h"
#include "services/matcher/places.h"
#include "services/matcher/traits.h"
#include "tests/bench/bench.h"

#define TERMS 56
#define FEW 1000
#define COLUMNS 12
#define BANDS 4
#define SOUTH 46.5
#define WEST 24.0
#define HEIGHT 4.0
#define WIDTH 12.0
#define LANGUAGES 3
#define NOW_MS INT64_C(1795161600000)
#define DAY_MS INT64_C(86400000)
#define SCANS 20
#define BLOCK 4096

static const char *const LANGUAGE_CODES[LANGUAGES] = { "uk", "ru", "en" };
static uint64_t state;

static uint32_t
draw(uint32_t most)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % most);
}

static double
share(void)
{
	return draw(1u << 30) / (double)(1u << 30);
}

/* ---- the country ---- */

struct service {
	double lat, lon;
	double response_hours; /* NaN unknown */
	double places;
	int64_t reported_at;
	unsigned term, agency;
	uint8_t languages; /* bits */
	uint8_t first;     /* of them, as written */
	uint8_t least_age, most_age;
	uint8_t region; /* 0: none */
	uint8_t radius; /* 0: none */
};

static uint8_t
region_of(double lat, double lon)
{
	int column = (int)((lon - WEST) / WIDTH * COLUMNS),
	    band = (int)((lat - SOUTH) / HEIGHT * BANDS);

	return (uint8_t)(10 + (column < COLUMNS ? column : COLUMNS - 1) +
	                 COLUMNS * (band < BANDS ? band : BANDS - 1));
}

static struct service
draw_service(unsigned number, unsigned change)
{
	static const uint8_t AGES[][2] = { { 0, 255 }, { 0, 255 }, { 0, 18 }, { 0, 6 },
		{ 18, 255 }, { 60, 255 } };
	static const uint8_t RADII[] = { 15, 30, 60, 120 };
	struct service service;
	unsigned ages, bound;

	state = (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15) + change;
	(void)draw(2);
	service = (struct service){ .response_hours = NAN,
		.places = NAN,
		.reported_at = TIME_ABSENT,
		.agency = number / 10 };
	service.term = draw(TERMS);
	service.lat = SOUTH + share() * HEIGHT;
	service.lon = WEST + share() * WIDTH;
	service.languages = (uint8_t)(1 + draw(7));
	ages = draw(6);
	service.least_age = AGES[ages][0];
	service.most_age = AGES[ages][1];
	bound = draw(3);
	if (bound == 0)
		service.region = region_of(service.lat, service.lon);
	else if (bound == 1)
		service.radius = RADII[draw(4)];
	if (draw(10) == 0) {
		service.places = 1 + draw(5);
		service.reported_at = NOW_MS - (int64_t)draw(20) * DAY_MS;
	}
	if (draw(3) == 0)
		service.response_hours = 12 + draw(100);
	return service;
}

static void
write_facts(struct service_facts *facts, const struct service *service, unsigned number)
{
	static char id[40], name[40], term[16], agency[40], region[8];

	facts_init(facts);
	(void)snprintf(
	    id, sizeof id, "%08x-0000-4000-8000-%012x", number * 2654435761u, number);
	(void)snprintf(agency, sizeof agency, "%08x-0000-4000-9000-%012x",
	    service->agency * 2654435761u, service->agency);
	(void)snprintf(name, sizeof name, "Service %u", number);
	(void)snprintf(term, sizeof term, "need.kind%02u", service->term);
	(void)snprintf(region, sizeof region, "UA%02u", service->region);
	facts->id = text_of(id);
	facts->agency = text_of(agency);
	facts->name = text_of(name);
	facts->is_active = facts->is_referral_allowed = true;
	facts->terms[facts->terms_count++] = text_of(term);
	facts->points[0].lat = service->lat;
	facts->points[facts->points_count++].lon = service->lon;
	for (unsigned i = 0; i < LANGUAGES; i++)
		if (service->languages >> i & 1)
			facts->languages[facts->languages_count++] =
			    text_of(LANGUAGE_CODES[i]);
	if (service->least_age > 0)
		facts->minimum_age = service->least_age;
	if (service->most_age < 255)
		facts->maximum_age = service->most_age;
	if (service->region > 0)
		facts->areas[facts->areas_count++] = text_of(region);
	if (service->radius > 0)
		facts->radius_km = service->radius;
	facts->available = service->places;
	facts->capacity_at = service->reported_at;
	facts->response_hours = service->response_hours;
}

/* ---- a family ---- */

static struct intake intake;
static struct match_question question = {
	.intake = &intake, .now_ms = NOW_MS, .may_be_cleared_only = true
};
static unsigned family_term, family_region, family_age, family_languages[2];

static void
draw_family(unsigned number)
{
	static char term[16], code[24];

	state = (number + UINT64_C(77)) * UINT64_C(0xbf58476d1ce4e5b9);
	(void)draw(2);
	record_init(&record_intake, &intake);
	intake.urgency = urgency_normal;
	intake.needs_count = 1;
	record_init(&record_need_request, &intake.needs[0]);
	family_term = draw(TERMS);
	(void)snprintf(term, sizeof term, "need.kind%02u", family_term);
	intake.needs[0].term = text_of(term);
	intake.has_consent = intake.has_place = intake.has_household = true;
	record_init(&record_consent, &intake.consent);
	intake.consent.purposes[intake.consent.purposes_count++] = LITERAL("referral");
	intake.consent.recipients[intake.consent.recipients_count++] = LITERAL("any");
	record_init(&record_place, &intake.place);
	intake.place.lat = round((SOUTH + share() * HEIGHT) * 100) / 100;
	intake.place.lon = round((WEST + share() * WIDTH) * 100) / 100;
	family_region = region_of(intake.place.lat, intake.place.lon);
	(void)snprintf(
	    code, sizeof code, "UA%02u0000000000000%02u", family_region, family_region);
	intake.place.code = text_of(code);
	record_init(&record_household, &intake.household);
	family_languages[0] = draw(LANGUAGES);
	family_languages[1] = (family_languages[0] + 1 + draw(2)) % LANGUAGES;
	for (unsigned i = 0; i < 2; i++)
		intake.household.languages[intake.household.languages_count++] =
		    text_of(LANGUAGE_CODES[family_languages[i]]);
	family_age = draw(80);
	record_init(&record_member, &intake.household.members[0]);
	intake.household.members[intake.household.members_count++].age = family_age;
	question.seed = number;
}

/* ---- the scan ---- */

/* A column for each thing that is compared; what comes of it is exact to a tenth of a point. */
static struct {
	float *x, *y, *z;
	float *worth; /* of all parts but those that depend on the family */
	uint8_t *term, *languages, *least_age, *most_age, *region, *radius;
} columns;
static struct service *all;
static unsigned all_count;

static void
unit_of(double lat, double lon, float at[3])
{
	double d = M_PI / 180;

	at[0] = (float)(cos(lat * d) * cos(lon * d));
	at[1] = (float)(cos(lat * d) * sin(lon * d));
	at[2] = (float)sin(lat * d);
}

static double
capacity_of(const struct service *service)
{
	double age = 168;

	if (service->reported_at != TIME_ABSENT)
		age = fmin(168, (double)(NOW_MS - service->reported_at) / 3600e3);
	return isnan(service->places) ? 7.5 : 15 * (0.6 + 0.4 * (1 - age / 168));
}

static double
response_of(const struct service *service)
{
	double hours = service->response_hours;

	return hours <= 336 ? 10 * (1 - hours / 336 / 2) : 0;
}

static void
make_columns(void)
{
	columns.x = malloc(all_count * sizeof(float));
	columns.y = malloc(all_count * sizeof(float));
	columns.z = malloc(all_count * sizeof(float));
	columns.worth = malloc(all_count * sizeof(float));
	columns.term = malloc(all_count);
	columns.languages = malloc(all_count);
	columns.least_age = malloc(all_count);
	columns.most_age = malloc(all_count);
	columns.region = malloc(all_count);
	columns.radius = malloc(all_count);
	for (unsigned i = 0; i < all_count; i++) {
		const struct service *service = &all[i];
		float at[3];

		unit_of(service->lat, service->lon, at);
		columns.x[i] = at[0];
		columns.y[i] = at[1];
		columns.z[i] = at[2];
		columns.worth[i] = (float)(capacity_of(service) + response_of(service));
		columns.term[i] = (uint8_t)service->term;
		columns.languages[i] = service->languages;
		columns.least_age[i] = service->least_age;
		columns.most_age[i] = service->most_age;
		columns.region[i] = service->region;
		columns.radius[i] = service->radius;
	}
}

/* Of which it is known whether it fits, and that it scores not more than that. */
__attribute__((target("avx2,fma"), optimize("O3", "fast-math"))) static void
scan_block(unsigned from, unsigned count, float *restrict most)
{
	const float *x = columns.x + from, *y = columns.y + from, *z = columns.z + from,
	            *worth = columns.worth + from;
	const uint8_t *term = columns.term + from, *languages = columns.languages + from,
	              *least_age = columns.least_age + from,
	              *most_age = columns.most_age + from,
	              *region = columns.region + from, *radius = columns.radius + from;
	float at[3];
	int best = 1 << family_languages[0], second = 1 << family_languages[1];
	int age = (int)family_age, wanted = (int)family_term, home = (int)family_region;

	unit_of(intake.place.lat, intake.place.lon, at);
	for (unsigned i = 0; i < count; i++) {
		float dx = x[i] - at[0], dy = y[i] - at[1], dz = z[i] - at[2];
		float km = 6371.0088f * sqrtf(dx * dx + dy * dy + dz * dz);
		float sum = worth[i] + 600 / (20 + km);
		int fits = (term[i] == wanted) & ((languages[i] & (best | second)) != 0) &
		           (age + 1 > least_age[i]) & (age <= most_age[i]) &
		           ((region[i] == 0) | (region[i] == home)) &
		           ((radius[i] == 0) | (km <= (float)radius[i] + 1));

		sum += (languages[i] & best) != 0 ? 10.0f : 5.0f;
		sum -= (least_age[i] == 0) & (most_age[i] == 255) ? 4.0f : 0.0f;
		sum -= (region[i] == 0) & (radius[i] == 0) ? 4.0f : 0.0f;
		most[i] = fits ? sum + 0.1f : -1000.0f;
	}
}

struct scored_service {
	unsigned number;
	int points; /* hundredths */
	double km;
	uint64_t lot;
};

static uint64_t
lot_of(unsigned number)
{
	struct service_facts facts;
	uint64_t lot;

	write_facts(&facts, &all[number], number);
	lot = traits_hash(facts.id) +
	      (question.seed + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
	lot = (lot ^ lot >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	lot = (lot ^ lot >> 27) * UINT64_C(0x94d049bb133111eb);
	return lot ^ lot >> 31;
}

/* But for what is the same for all.  Returns false where it is too far. */
static bool
score_exactly(unsigned number, struct scored_service *scored)
{
	const struct service *service = &all[number];
	unsigned unknowns =
	    (service->least_age == 0 && service->most_age == 255 ? 1U : 0U) +
	    (service->region == 0 && service->radius == 0 ? 1U : 0U);
	bool speaks_best = service->languages >> family_languages[0] & 1;

	scored->number = number;
	scored->km = place_distance_km(
	    intake.place.lat, intake.place.lon, service->lat, service->lon);
	if (service->radius > 0 && scored->km > service->radius)
		return false;
	scored->points =
	    (int)(lround(30 * (20 / (20 + scored->km)) * 100) +
	          lround(capacity_of(service) * 100) - 400 * (int)unknowns +
	          (speaks_best ? 1000 : 500) + lround(response_of(service) * 100));
	scored->lot = 0;
	return true;
}

static bool
is_better(const struct scored_service *one, const struct scored_service *other)
{
	if (one->points != other->points)
		return one->points > other->points;
	if (one->km != other->km)
		return one->km < other->km;
	return lot_of(one->number) < lot_of(other->number);
}

/* Returns how many fit, MATCH_CANDIDATES_MAX at most. */
static unsigned
scan(struct scored_service best[MATCH_CANDIDATES_MAX])
{
	static float most[BLOCK];
	float least = -999;
	unsigned found = 0;

	for (unsigned from = 0; from < all_count; from += BLOCK) {
		unsigned count = all_count - from < BLOCK ? all_count - from : BLOCK;

		scan_block(from, count, most);
		for (unsigned i = 0; i < count; i++) {
			struct scored_service one;
			unsigned at = found;

			if (most[i] < least || !score_exactly(from + i, &one))
				continue;
			if (found == MATCH_CANDIDATES_MAX &&
			    !is_better(&one, &best[--at]))
				continue;
			for (; at > 0 && is_better(&one, &best[at - 1]); at--)
				best[at] = best[at - 1];
			best[at] = one;
			if (found < MATCH_CANDIDATES_MAX)
				found++;
			if (found == MATCH_CANDIDATES_MAX)
				least = (float)best[found - 1].points / 100;
		}
	}
	return found;
}

/* ---- measuring ---- */

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct index *
make_index(unsigned count, double *put_us)
{
	struct index *index = index_new();
	struct service_facts facts;
	double began = now_us();

	if (index == NULL)
		bench_die("out of memory");
	for (unsigned i = 0; i < count; i++) {
		write_facts(&facts, &all[i], i);
		if (index_put(index, &facts) != STATUS_OK)
			bench_die("service %u is refused", i);
	}
	*put_us = (now_us() - began) / count;
	return index;
}

static int
compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

/* Both sorted. */
static double *
measure(const struct index *index, unsigned questions)
{
	double *took = malloc(questions * sizeof *took);
	struct match_result result;

	for (unsigned i = 0; i < questions; i++) {
		double began;

		draw_family(i);
		began = now_us();
		match(index, &question, &result);
		took[i] = now_us() - began;
	}
	qsort(took, questions, sizeof *took, compare);
	return took;
}

/* Microseconds of a scan, in the middle; dies where a match answers otherwise. */
static double
compare_answers(const struct index *index)
{
	double took[SCANS];

	for (unsigned i = 0; i < SCANS; i++) {
		struct scored_service best[MATCH_CANDIDATES_MAX];
		struct match_result result;
		unsigned found;
		double began;

		draw_family(100000 + i);
		began = now_us();
		found = scan(best);
		took[i] = now_us() - began;
		match(index, &question, &result);
		if (found != result.count)
			bench_die("%u fit, not %u", found, result.count);
		for (unsigned k = 0; k < found; k++) {
			struct service_facts facts;

			write_facts(&facts, &all[best[k].number], best[k].number);
			if (result.candidates[k].distance_km != best[k].km ||
			    result.candidates[k].service != index_find(index, facts.id))
				bench_die("family %u, candidate %u is another", i, k);
		}
	}
	qsort(took, SCANS, sizeof *took, compare);
	return took[SCANS / 2];
}

static double
replace_us(struct index *index, unsigned questions)
{
	double sum = 0;

	for (unsigned i = 0; i < questions; i++) {
		unsigned number = (unsigned)((uint64_t)i * all_count / questions);
		struct service moved = draw_service(number, 1);
		struct service_facts facts;
		double began;

		write_facts(&facts, &moved, number);
		began = now_us();
		if (index_put(index, &facts) != STATUS_OK)
			bench_die("service %u is refused", number);
		sum += now_us() - began;
	}
	return sum / questions;
}

int
main(int argc, char **argv)
{
	unsigned questions = argc > 2 ? bench_number(argv[2]) : 4096;
	struct mallinfo2 before, after;
	struct index *index, *few;
	double put_us, few_put_us, *took, *few_took, scan_us;

	all_count = argc > 1 ? bench_number(argv[1]) : 1000000;
	all = malloc(all_count * sizeof *all);
	for (unsigned i = 0; i < all_count; i++)
		all[i] = draw_service(i, 0);
	make_columns();
	before = mallinfo2();
	index = make_index(all_count, &put_us);
	after = mallinfo2();
	few = make_index(all_count < FEW ? all_count : FEW, &few_put_us);
	scan_us = compare_answers(index);
	took = measure(index, questions);
	few_took = measure(few, questions);
	printf(
	    "{\"services\": %u, \"p50_us\": %.2f, \"p99_us\": %.2f, \"most_us\": %.1f, "
	    "\"few_p50_us\": %.2f, \"few_p99_us\": %.2f, \"scan_us\": %.1f, "
	    "\"bytes\": %.0f, \"put_us\": %.2f, ",
	    all_count, took[questions / 2], took[questions * 99 / 100],
	    took[questions - 1], few_took[questions / 2], few_took[questions * 99 / 100],
	    scan_us,
	    (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
	        all_count,
	    put_us);
	printf("\"replace_us\": %.2f}\n", replace_us(index, questions));
	index_free(few);
	index_free(index);
	free(took);
	free(few_took);
	return EXIT_SUCCESS;
}
