/* SPDX-License-Identifier: Apache-2.0
 * A world's sites and families as the matcher sees them. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

void
site_facts(const struct site *site, struct service_facts *facts)
{
	facts_init(facts);
	facts->id = text_of(site->id);
	facts->agency = text_of(site->agency_id);
	facts->name = text_of(site->id);
	facts->is_active = true;
	facts->is_referral_allowed = true;
	facts->terms[facts->terms_count++] = text_of(site->term);
	for (unsigned i = 0; i < site->languages_count; i++)
		facts->languages[facts->languages_count++] = text_of(site->languages[i]);
	if (strcmp(site->kind, "access") == 0)
		facts->difficulties = 1U << difficulty_walking;
	facts->radius_km = site->reach_km;
	facts->points[0].lat = site->lat;
	facts->points[0].lon = site->lon;
	facts->points_count = 1;
}

static void
intake_household(const struct family *family, struct household *household)
{
	struct member *member = &household->members[0];

	record_init(&record_household, household);
	for (unsigned i = 0; i < family->languages_count; i++)
		household->languages[household->languages_count++] =
		    text_of(family->languages[i]);
	record_init(&record_member, member);
	if (family->has_difficulty)
		member->difficulties[member->difficulties_count++] = difficulty_walking;
	household->members_count = 1;
}

void
family_intake(const struct family *family, struct intake *intake)
{
	record_init(&record_intake, intake);
	intake->urgency = (uint8_t)family->urgency;
	intake->needs_count = 1;
	record_init(&record_need_request, &intake->needs[0]);
	intake->needs[0].term = text_of(family->term);
	intake->has_consent = true;
	record_init(&record_consent, &intake->consent);
	intake->consent.version = LITERAL("1");
	intake->consent.purposes[intake->consent.purposes_count++] = LITERAL("referral");
	intake->consent.recipients[intake->consent.recipients_count++] = LITERAL("any");
	record_init(&record_preferences, &intake->preferences);
	intake->has_household = true;
	intake_household(family, &intake->household);
	intake->has_place = true;
	record_init(&record_place, &intake->place);
	intake->place.lat = family->lat;
	intake->place.lon = family->lon;
}

struct fit {
	uint32_t site;
	float km;
};

static int
by_way(const void *one, const void *other)
{
	const struct fit *a = one, *b = other;

	if (a->km < b->km || a->km > b->km)
		return a->km < b->km ? -1 : 1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static void
keep_fits(struct family *family, struct fit *fits, uint32_t count)
{
	qsort(fits, count, sizeof *fits, by_way);
	family->fits = table_new(count, sizeof *family->fits);
	family->km = table_new(count, sizeof *family->km);
	for (uint32_t i = 0; i < count; i++) {
		family->fits[i] = fits[i].site;
		family->km[i] = fits[i].km;
	}
	family->fits_count = count;
}

/* The matcher names its best eight: it is asked again without those, until it knows no more. */
static void
find_fits(struct world *world, uint32_t number, const struct index *index,
    struct fit *fits, struct text *tried)
{
	struct family *family = &world->families[number];
	struct intake intake;
	struct match_result result;
	uint32_t count = 0;

	family_intake(family, &intake);
	do {
		const struct match_question question = { .intake = &intake,
			.tried = tried,
			.tried_count = count,
			.now_ms = START_MS,
			.may_be_cleared_only = true };

		match(index, &question, &result);
		for (uint32_t i = 0; i < result.count; i++) {
			struct text id = indexed_facts(result.candidates[i].service)->id;
			uint32_t site = (uint32_t)strtoul(id.at + 1, NULL, 10);

			tried[count] = text_of(world->sites[site].id);
			fits[count++] =
			    (struct fit){ site, (float)result.candidates[i].distance_km };
			family->has_choice |= !family->has_difficulty &&
			                      !world->sites[site].is_special &&
			                      world_would_take(world, number, site);
		}
	} while (result.count > 0);
	keep_fits(family, fits, count);
}

void
world_find_fits(struct world *world)
{
	struct index *index = index_new();
	struct fit *fits = table_new(world->sites_count, sizeof *fits);
	struct text *tried = table_new(world->sites_count, sizeof *tried);

	if (index == NULL)
		abort();
	for (uint32_t i = 0; i < world->sites_count; i++) {
		struct service_facts facts;

		site_facts(&world->sites[i], &facts);
		if (index_put(index, &facts) != STATUS_OK)
			abort();
	}
	for (uint32_t i = 0; i < world->families_count; i++)
		find_fits(world, i, index, fits, tried);
	free(fits);
	free(tried);
	index_free(index);
}
