/* SPDX-License-Identifier: Apache-2.0
 * Who gets the next offer: three simple policies, and the matcher. */
#include <stdlib.h>

#include "tests/sim/sim.h"

uint32_t
choose_nearest(struct play *play, uint32_t family)
{
	const struct family *who = &play->world->families[family];

	for (uint32_t i = 0; i < who->fits_count; i++)
		if (play_may_offer(play, family, who->fits[i]))
			return who->fits[i];
	return SITE_NONE;
}

/* Whose last turn is longest ago. */
uint32_t
choose_in_turn(struct play *play, uint32_t family)
{
	const struct family *who = &play->world->families[family];
	uint32_t best = SITE_NONE;

	for (uint32_t i = 0; i < who->fits_count; i++) {
		uint32_t site = who->fits[i];

		if (!play_may_offer(play, family, site))
			continue;
		if (best == SITE_NONE ||
		    play->stocks[site].turn < play->stocks[best].turn)
			best = site;
	}
	return best;
}

/* Share of all places that it ever had which are taken or held. */
static double
load_of(const struct stock *stock)
{
	return stock->opened < 1
	           ? 1
	           : 1 - (double)(stock->believed - stock->held) / stock->opened;
}

uint32_t
choose_least_loaded(struct play *play, uint32_t family)
{
	const struct family *who = &play->world->families[family];
	uint32_t best = SITE_NONE;

	for (uint32_t i = 0; i < who->fits_count; i++) {
		uint32_t site = who->fits[i];

		if (play_may_offer(play, family, site) &&
		    (best == SITE_NONE ||
		        load_of(&play->stocks[site]) < load_of(&play->stocks[best])))
			best = site;
	}
	return best;
}

uint32_t
choose_ours(struct play *play, uint32_t family)
{
	struct care *care = &play->cares[family];
	struct intake intake;
	struct match_result result;
	const struct match_question question = {
		.intake = &intake,
		.answers = play->answers,
		.tried = care->tried,
		.tried_count = care->tried_count,
		.now_ms = START_MS + (int64_t)play->minute * 60000,
		.seed = family,
		.may_be_cleared_only = true,
	};

	family_intake(&play->world->families[family], &intake);
	match(play->index, &question, &result);
	if (!care->is_noted)
		match_note(play->index, &result, question.now_ms);
	care->is_noted = true;
	for (uint32_t i = 0; i < result.count; i++) {
		struct text id = indexed_facts(result.candidates[i].service)->id;
		uint32_t site = (uint32_t)strtoul(id.at + 1, NULL, 10);

		if (play_may_offer(play, family, site))
			return site;
	}
	return SITE_NONE;
}
