/* SPDX-License-Identifier: Apache-2.0
 * One policy in one world: offers, answers, deadlines, as intake, matcher and notifier do it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/answered.h"
#include "tests/sim/sim.h"

/* What answers are promised within, in minutes: the clocks' defaults (config.def). */
static const int GIVEN[urgency_end] = {
	[urgency_emergency] = 120,
	[urgency_urgent] = 2 * DAY_MINUTES,
	[urgency_normal] = 4 * DAY_MINUTES,
};
/* However small, an agency bears so many offers in a week. */
#define TIRED_LEAST 3

enum due_kind { DUE_giveup, DUE_answer, DUE_silence };

struct due {
	int minute;
	uint64_t number; /* order of those at the same time */
	enum due_kind kind;
	uint32_t family, site;
};

/* ---- what is due, a binary heap ---- */

static bool
is_sooner(const struct due *one, const struct due *other)
{
	return one->minute != other->minute ? one->minute < other->minute
	                                    : one->number < other->number;
}

static void
due_push(struct play *play, struct due due)
{
	static uint64_t number;
	uint32_t at = play->dues_count++;

	due.number = number++;
	if (at == play->dues_room) {
		play->dues_room = play->dues_room * 2 + 64;
		play->dues = realloc(play->dues, play->dues_room * sizeof due);
		if (play->dues == NULL)
			abort();
	}
	for (; at > 0 && is_sooner(&due, &play->dues[(at - 1) / 2]); at = (at - 1) / 2)
		play->dues[at] = play->dues[(at - 1) / 2];
	play->dues[at] = due;
}

static struct due
due_pop(struct play *play)
{
	struct due first = play->dues[0], last = play->dues[--play->dues_count];
	uint32_t at = 0, next;

	while ((next = 2 * at + 1) < play->dues_count) {
		if (next + 1 < play->dues_count &&
		    is_sooner(&play->dues[next + 1], &play->dues[next]))
			next++;
		if (!is_sooner(&play->dues[next], &last))
			break;
		play->dues[at] = play->dues[next];
		at = next;
	}
	play->dues[at] = last;
	return first;
}

/* ---- places ---- */

static void
tell_index(struct play *play, uint32_t site)
{
	const struct stock *stock = &play->stocks[site];

	index_set_capacity(play->index, text_of(play->world->sites[site].id),
	    stock->believed, stock->held);
}

bool
play_may_offer(const struct play *play, uint32_t family, uint32_t site)
{
	const struct stock *stock = &play->stocks[site];
	const struct site *sites = play->world->sites;
	const struct care *care = &play->cares[family];

	for (uint32_t i = 0; i < care->offers_count; i++)
		if (sites[care->offers[i].site].agency == sites[site].agency)
			return false;
	return stock->is_open && stock->believed - stock->held >= 1 &&
	       (care->may[site / 64] >> site % 64 & 1) != 0;
}

/* ---- agencies ---- */

/* An agency that was asked much in the last seven days. */
static bool
is_tired(struct play *play, unsigned agency)
{
	struct asked *asked = &play->asked[agency];
	double most = play->world->tired_after * play->world->agency_weekly[agency];

	while (asked->first < asked->count &&
	       asked->minutes[asked->first] <= play->minute - WEEK_MINUTES)
		asked->first++;
	return asked->count - asked->first > (most > TIRED_LEAST ? most : TIRED_LEAST);
}

static void
note_asked(struct play *play, unsigned agency)
{
	struct asked *asked = &play->asked[agency];

	if (asked->count == asked->room) {
		asked->room = asked->room * 2 + 16;
		asked->minutes =
		    realloc(asked->minutes, asked->room * sizeof *asked->minutes);
		if (asked->minutes == NULL)
			abort();
	}
	asked->minutes[asked->count++] = play->minute;
}

static void
await_answer(struct play *play, uint32_t family, uint32_t site)
{
	const struct world *world = play->world;
	const struct site *at = &world->sites[site];
	int given = GIVEN[world->families[family].urgency];
	double silent = at->silent + is_tired(play, at->agency) * world->tired_silent;
	double share = at->answers * (0.25 + 1.5 * world_coin(world, family, site, 3));
	bool is_silent = world_coin(world, family, site, 2) < silent || share >= 1;

	note_asked(play, at->agency);
	due_push(
	    play, (struct due){
	              .minute = play->minute + (is_silent ? given : (int)(share * given)),
	              .kind = is_silent ? DUE_silence : DUE_answer,
	              .family = family,
	              .site = site,
	          });
}

/* ---- needs ---- */

static void
offer_family(struct play *play, uint32_t family, uint32_t site)
{
	struct care *care = &play->cares[family];

	care->offers[care->offers_count++] = (struct offered){ site, play->minute };
	care->may[site / 64] &= ~(UINT64_C(1) << site % 64);
	care->tried[care->tried_count++] = text_of(play->world->sites[site].id);
	play->stocks[site].held++;
	play->stocks[site].turn = ++play->turns;
	tell_index(play, site);
	play->ledger->offers++;
	play->ledger->outcomes[family].offers++;
	await_answer(play, family, site);
}

/* When none of its offers is out. */
static void
match_family(struct play *play, uint32_t family)
{
	bool is_emergency = play->world->families[family].urgency == urgency_emergency;
	uint32_t most = is_emergency ? play->emergency_agencies : 1;

	for (uint32_t i = 0; i < most; i++) {
		uint32_t site = play->choose(play, family);

		if (site == SITE_NONE)
			break;
		offer_family(play, family, site);
	}
	play->cares[family].is_parked = play->cares[family].offers_count == 0;
}

/* Those that wait for a place there, by lane and then by when they came. */
static void
wake(struct play *play, uint32_t site)
{
	for (enum urgency lane = urgency_emergency; lane <= urgency_normal; lane++)
		for (uint32_t i = play->first_waiting; i < play->world->families_count;
		     i++) {
			if (play->world->families[i].minute > play->minute)
				break;
			if (play->world->families[i].urgency == lane &&
			    play->cares[i].is_parked && play_may_offer(play, i, site))
				match_family(play, i);
		}
}

/* NULL: it is over. */
static struct offered *
offer_at(struct play *play, uint32_t family, uint32_t site)
{
	struct care *care = &play->cares[family];

	for (uint32_t i = 0; i < care->offers_count; i++)
		if (care->offers[i].site == site)
			return &care->offers[i];
	return NULL;
}

/* The offer is over: its place is free again, or taken. */
static void
end_offer(struct play *play, uint32_t family, uint32_t site)
{
	struct care *care = &play->cares[family];
	struct offered *offered = offer_at(play, family, site);

	*offered = care->offers[--care->offers_count];
	play->stocks[site].held--;
	tell_index(play, site);
}

/* Those that are out, with their places. */
static void
recall_offers(struct play *play, uint32_t family)
{
	struct care *care = &play->cares[family];

	while (care->offers_count > 0) {
		uint32_t site = care->offers[0].site;

		end_offer(play, family, site);
		wake(play, site);
	}
}

/* As the transition keeps it that ends an offer (3_life.lua): `lost` of it, and more for a late
 * answer.  A site has one kind of service; what it hears of others is not kept apart. */
static void
note_answer(struct play *play, const struct due *due, double lost)
{
	const struct family *family = &play->world->families[due->family];
	struct stock *stock = &play->stocks[due->site];
	int day = (int)((START_MS / 60000 + play->minute) / DAY_MINUTES);
	double part = exp2(-(double)(day - stock->answered_day) / ANSWERED_HALF_DAYS);
	double late =
	    (double)(play->minute - offer_at(play, due->family, due->site)->minute) /
	    GIVEN[family->urgency];
	char kept[128];

	if (due->kind != DUE_silence)
		lost += 0.25 * fmin(late, 1);
	stock->asked = stock->asked * part + 1;
	stock->lost = stock->lost * part + lost;
	stock->answered_day = day;
	(void)snprintf(kept, sizeof kept, "%.0f %.0f %d %s", stock->asked * 1000,
	    stock->lost * 1000, day, family->term);
	answers_set(
	    play->answers, text_of(play->world->sites[due->site].id), text_of(kept));
}

static void
accept_family(struct play *play, uint32_t family, uint32_t site)
{
	struct outcome *outcome = &play->ledger->outcomes[family];
	const struct family *who = &play->world->families[family];

	play->stocks[site].places--;
	play->stocks[site].believed--;
	end_offer(play, family, site);
	outcome->is_helped = true;
	outcome->site = site;
	outcome->minute = play->minute;
	for (uint32_t i = 0; i < who->fits_count; i++)
		if (who->fits[i] == site)
			outcome->km = (double)who->km[i];
	play->ledger->accepted[site]++;
	recall_offers(play, family);
}

static void
on_answer(struct play *play, const struct due *due)
{
	struct ledger *ledger = play->ledger;

	if (due->kind == DUE_silence) {
		ledger->silent++;
		note_answer(play, due, 1);
	} else if (!world_would_take(play->world, due->family, due->site)) {
		ledger->declined++;
		note_answer(play, due, 0.5);
	} else if (play->stocks[due->site].places < 1) {
		ledger->full++;
		note_answer(play, due, 0.25);
	} else {
		note_answer(play, due, 0);
		accept_family(play, due->family, due->site);
		return;
	}
	end_offer(play, due->family, due->site);
	if (play->cares[due->family].offers_count == 0)
		match_family(play, due->family);
	wake(play, due->site);
}

static void
on_giveup(struct play *play, uint32_t family)
{
	play->cares[family].is_parked = false;
	recall_offers(play, family);
}

static void
on_due(struct play *play, const struct due *due)
{
	play->minute = due->minute;
	if (due->kind == DUE_giveup) {
		if (!play->ledger->outcomes[due->family].is_helped)
			on_giveup(play, due->family);
	} else if (offer_at(play, due->family, due->site) != NULL) {
		on_answer(play, due);
	}
}

/* ---- the world goes on ---- */

static void
put_site(struct play *play, uint32_t site)
{
	struct service_facts facts;

	site_facts(&play->world->sites[site], &facts);
	if (index_put(play->index, &facts) != STATUS_OK)
		abort();
	play->stocks[site].is_open = true;
}

static void
on_places(struct play *play, const struct event *event)
{
	struct stock *stock = &play->stocks[event->who];

	if (!stock->is_open)
		put_site(play, event->who);
	stock->places += event->places;
	stock->believed += event->told;
	stock->opened += event->told;
	if (event->kind == HAPPENS_report)
		stock->believed = stock->places;
	tell_index(play, event->who);
	index_set_report(play->index, text_of(play->world->sites[event->who].id),
	    START_MS + (int64_t)play->minute * 60000);
	wake(play, event->who);
}

static void
on_close(struct play *play, uint32_t site)
{
	struct stock *stock = &play->stocks[site];

	stock->is_open = false;
	stock->places = stock->believed = 0;
	(void)index_remove(play->index, text_of(play->world->sites[site].id));
}

static void
on_family(struct play *play, uint32_t family)
{
	due_push(play,
	    (struct due){ .minute = play->minute + play->world->families[family].patience,
	        .kind = DUE_giveup,
	        .family = family,
	        .site = SITE_NONE });
	match_family(play, family);
}

static void
on_event(struct play *play, const struct event *event)
{
	play->minute = event->minute;
	if (event->kind == HAPPENS_family)
		on_family(play, event->who);
	else if (event->kind == HAPPENS_close)
		on_close(play, event->who);
	else if (event->minute < play->world->sites[event->who].closes)
		on_places(play, event);
}

static bool
is_over(const struct play *play, uint32_t family)
{
	const struct family *who = &play->world->families[family];

	return play->ledger->outcomes[family].is_helped ||
	       who->minute + who->patience < play->minute;
}

/* ---- from beginning to end ---- */

static void
play_open(struct play *play, const struct world *world)
{
	play->world = world;
	play->index = index_new();
	play->answers = answers_new();
	play->stocks = table_new(world->sites_count, sizeof *play->stocks);
	play->cares = table_new(world->families_count, sizeof *play->cares);
	play->asked = table_new(world->agencies_count, sizeof *play->asked);
	if (play->index == NULL || play->answers == NULL)
		abort();
	for (uint32_t i = 0; i < world->families_count; i++) {
		const struct family *family = &world->families[i];
		struct care *care = &play->cares[i];

		care->may = table_new(world->sites_count / 64 + 1, sizeof *care->may);
		care->tried = table_new(family->fits_count, sizeof *care->tried);
		for (uint32_t k = 0; k < family->fits_count; k++)
			care->may[family->fits[k] / 64] |= UINT64_C(1)
			                                   << family->fits[k] % 64;
	}
}

static void
play_close(struct play *play)
{
	for (uint32_t i = 0; i < play->world->families_count; i++) {
		free(play->cares[i].may);
		free(play->cares[i].tried);
	}
	for (unsigned i = 0; i < play->world->agencies_count; i++)
		free(play->asked[i].minutes);
	free(play->asked);
	free(play->cares);
	free(play->stocks);
	free(play->dues);
	index_free(play->index);
	answers_free(play->answers);
}

void
play_run(const struct world *world, choose *policy, uint32_t emergency_agencies,
    struct ledger *ledger)
{
	struct play play = { .choose = policy,
		.emergency_agencies = emergency_agencies,
		.ledger = ledger };
	uint32_t next = 0;

	play_open(&play, world);
	while (next < world->events_count || play.dues_count > 0) {
		bool is_event = next < world->events_count &&
		                (play.dues_count == 0 ||
		                    world->events[next].minute <= play.dues[0].minute);

		if (is_event) {
			on_event(&play, &world->events[next++]);
		} else {
			struct due due = due_pop(&play);

			on_due(&play, &due);
		}
		while (play.first_waiting < world->families_count &&
		       world->families[play.first_waiting].minute < play.minute &&
		       is_over(&play, play.first_waiting))
			play.first_waiting++;
	}
	play_close(&play);
}
