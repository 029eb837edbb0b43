/* SPDX-License-Identifier: Apache-2.0
 * What one need asks, read once per match, so that a rule only compares.  Pure. */
#ifndef MATCHER_WANTED_H
#define MATCHER_WANTED_H

#include "services/matcher/match.h"
#include "services/matcher/traits.h"

/* Most persons and languages of one household (messages.def). */
#define WANTED_PERSONS_MAX 24
#define WANTED_LANGUAGES_MAX 8
/* Places that a place lies in, and that its code does not say. */
#define WANTED_WIDER_MAX 8
/* To which a family's point is rounded. */
#define WANTED_GRID_DEGREES 0.01

/* Persons are those the need is for, with those of siblings' needs; where it names none, the whole
 * household. */
struct wanted {
	const struct match_question *question;
	struct text term;
	bool is_consented;       /* to a referral, on the day of the decision */
	bool is_any_consented;   /* whoever receives it */
	uint64_t recipient_bits; /* traits_bit of the agencies that may receive it, */
	uint64_t denied_bits;    /* of those that never may, */
	uint64_t preferred_bits; /* of the one that the family prefers, */
	uint64_t tried_bits;     /* and of services that had this need */
	unsigned household_type; /* 0: unknown or refused */
	unsigned displacement;   /* 0: unknown or refused */
	uint32_t ages[WANTED_PERSONS_MAX]; /* completed years, where known */
	uint32_t ages_count;
	uint32_t youngest, oldest; /* of the ages */
	bool is_age_missing;       /* of a person, or no person is known */
	bool is_for_siblings;      /* several children, whom one service must take */
	unsigned places;           /* that they ask for, one each need */
	uint32_t difficulties;     /* bit (1 << enum difficulty) */
	uint32_t languages[WANTED_LANGUAGES_MAX]; /* numbers, best first */
	uint32_t languages_count;
	struct text place; /* code; absent unknown */
	struct place_key place_key;
	place_id place_id; /* PLACE_NONE: not in the hierarchy */
	bool holds_others; /* places lie in it whose codes do not say so */
	struct text wider[WANTED_WIDER_MAX];
	uint32_t wider_count;
	struct place_key wider_keys[WANTED_WIDER_MAX];
	bool is_place_plain; /* its keys alone tell areas that it is not in */
	double lat, lon;     /* rounded to 0.01 degrees; both NaN unknown */
	struct spot spot;
	uint16_t today; /* traits_day of the decision */
};

/* The needs (bit 1 << position) that must go to one service with this one, itself among them: those
 * of its term that, like it, name children alone.  A child is who has that role, or none and less
 * than 18 years. */
uint32_t wanted_siblings(const struct intake *intake, unsigned need);

/* Reads a question; valid as long as its intake. */
void wanted_read(struct wanted *wanted, const struct match_question *question);

/* From the family to the nearest of the service's points, in km; NaN unknown. */
double wanted_distance_km(const struct wanted *wanted, const struct traits *traits);

/* Between the nearest points of two services, in km; NaN unknown. */
double traits_distance_km(const struct traits *one, const struct traits *other);

/* No service is nearer than this; 0 where that is not known without its points. */
static inline double
wanted_least_km(const struct wanted *wanted, const struct traits *traits)
{
	return spot_least_km(wanted->spot, traits->spot);
}

/* Position from 1, in the family's list, of the best language that the service speaks; 0:
 * none or unknown. */
unsigned wanted_language(const struct wanted *wanted, const struct traits *traits);

#endif
