/* SPDX-License-Identifier: Apache-2.0
 * A simulated region: its world as drawn (world.py), and what one policy makes of it. */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "services/matcher/match.h"

#define DAY_MINUTES 1440
#define WEEK_MINUTES (7 * DAY_MINUTES)
/* Worlds begin on a Monday, 2026-06-01T00:00:00Z. */
#define START_MS INT64_C(1780272000000)
#define LANGUAGES_MOST 4
#define SITE_NONE UINT32_MAX
/* Offers of one family that may be out at once. */
#define OFFERS_MOST 2

/* ---- the world: the same for every policy ---- */

struct site {
	char id[16], agency_id[16], term[64], kind[16];
	unsigned agency;
	bool is_special; /* it can do what few can */
	double lat, lon, reach_km;
	char languages[LANGUAGES_MOST][8];
	unsigned languages_count;
	int opens, closes; /* minutes */
	double silent, declines, answers;
	int places; /* that ever open */
};

struct family {
	int minute, patience; /* minutes */
	enum urgency urgency;
	char term[64];
	double lat, lon;
	char languages[LANGUAGES_MOST][8];
	unsigned languages_count;
	bool has_difficulty;
	uint32_t *fits; /* sites that no rule refuses, nearest first */
	float *km;      /* to each */
	uint32_t fits_count;
	bool
	    has_choice; /* some ordinary service would take it, without having to improvise */
};

enum happening { HAPPENS_open, HAPPENS_report, HAPPENS_close, HAPPENS_family };

struct event {
	int minute;
	enum happening kind;
	uint32_t who; /* site or family */
	int places, told;
};

struct world {
	char name[32];
	int days;
	uint64_t seed;
	double tired_after, tired_silent, improvises;
	struct site *sites;
	uint32_t sites_count;
	struct family *families;
	uint32_t families_count;
	unsigned agencies_count;
	double *agency_weekly; /* places that open in a week */
	struct event *events;  /* in order */
	uint32_t events_count;
};

/* Dies with a sentence on stderr where the file is not a world. */
struct world *world_read(const char *path);
void world_free(struct world *world);

/* The same for a world, family and site for ever, from 0 to 1. */
double world_coin(const struct world *world, uint32_t family, uint32_t site, unsigned of);
/* What the agency would say in the end, whatever its load and its places. */
bool world_would_take(const struct world *world, uint32_t family, uint32_t site);
bool world_would_answer(const struct world *world, uint32_t family, uint32_t site);

/* The site as a service of the directory, without places. */
void site_facts(const struct site *site, struct service_facts *facts);
/* One need of a family; texts point into it. */
void family_intake(const struct family *family, struct intake *intake);
/* Which sites fit each family, by the matcher's own rules; and which have a choice. */
void world_find_fits(struct world *world);

/* ---- what a policy made of it ---- */

struct outcome {
	bool is_helped;
	uint32_t site; /* that took it */
	int minute;    /* when */
	double km;
	unsigned offers;
};

struct ledger {
	struct outcome *outcomes; /* by family */
	unsigned *accepted;       /* by site */
	unsigned offers, silent, declined, full;
};

/* All 0, and one more than so many; to be freed.  Dies where there is no memory. */
void *table_new(size_t count, size_t size);

struct ledger *ledger_new(const struct world *world);
void ledger_free(struct ledger *ledger);

/* The members of a JSON object, on stdout. */
void ledger_print(
    const struct world *world, const struct ledger *ledger, const char *policy);

/* Everything known beforehand: as many families as can be, and then the shortest ways. */
void hindsight_play(const struct world *world, struct ledger *ledger);

/* ---- a policy at work ---- */

struct play;

/* A site that may take the family and has a place; SITE_NONE: there is none. */
typedef uint32_t choose(struct play *play, uint32_t family);

struct play {
	const struct world *world;
	struct ledger *ledger;
	choose *choose;
	uint32_t emergency_agencies; /* offers of an emergency at once */
	struct index *index;         /* the matcher's, with believed places */
	struct answers *answers;
	int minute;
	struct stock {
		int places;    /* there are, */
		int believed;  /* are told of, */
		int held;      /* by offers */
		int opened;    /* as is told, since the start */
		unsigned turn; /* of the last offer among all; 0: none */
		bool is_open;
		double asked, lost; /* offers, as many as counted on */
		int answered_day;   /* since 1970 */
	} * stocks;
	struct care {
		struct offered {
			uint32_t site;
			int minute;
		} offers[OFFERS_MOST]; /* that are out */
		uint32_t offers_count;
		bool is_parked, is_noted;
		uint64_t *may; /* bits by site: fits and was not tried */
		struct text *tried;
		uint32_t tried_count;
	} * cares;
	uint32_t first_waiting; /* families before it are helped or gone */
	unsigned turns;
	struct asked {
		int *minutes;                /* of offers */
		uint32_t count, room, first; /* those before are a week old */
	} * asked;                           /* by agency */
	struct due *dues;                    /* a heap */
	uint32_t dues_count, dues_room;
};

/* Whether the family may go there, no offer is out at its agency, and a place is free as far as is
 * told. */
bool play_may_offer(const struct play *play, uint32_t family, uint32_t site);
/* An emergency is offered to so many agencies at once, at most OFFERS_MOST; all else to one. */
void play_run(const struct world *world, choose *policy, uint32_t emergency_agencies,
    struct ledger *ledger);

choose choose_nearest, choose_in_turn, choose_least_loaded, choose_ours;

#endif
