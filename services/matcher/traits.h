/* SPDX-License-Identifier: Apache-2.0
 * A service as the rules and the score see it: its facts read once, close together, so that
 * refusing a service costs one cache line.  Pure. */
#ifndef MATCHER_TRAITS_H
#define MATCHER_TRAITS_H

#include "services/matcher/kept_facts.h"
#include "services/matcher/places.h"
#include "services/matcher/price.h"

/* Points of a service that is not public are kept to a tenth of a degree only, so that no
 * series of questions finds the house (index_put does it).  So far may the true point be
 * from the kept one, in km: half the diagonal of such a field at the equator. */
#define TRAITS_BLUR_KM 7.9

/* So many in one word, by their numbers. */
#define TRAITS_LANGUAGES 3
#define TRAITS_LANGUAGE_BITS 20

struct shared;

/* The rest, in one place per service.  What most scores need comes first, in a cache line. */
struct particulars {
	uint64_t id_hash;
	double lat, lon;           /* of its only point; NaN: it has none or several */
	double radius_km;          /* where the traits say there is one */
	double response_hours;     /* NaN unknown */
	double free_places;        /* NaN unknown */
	int64_t capacity_at;       /* TIME_ABSENT unknown */
	double capacity_ttl_hours; /* NaN unknown */
	struct shared *hours;      /* NULL: unknown */
	const struct kept_facts *facts;
	const struct place_key *more_areas; /* from the second on */
	const uint32_t *more_languages;     /* behind those in the traits */
	const struct spot *spots;           /* of its points, each once; at least one */
	uint32_t spots_count;
	struct price price;
};

/* What most refusals need: one cache line, which may be copied. */
struct traits {
	const struct particulars *more;
	float minimum_age, maximum_age; /* years, NaN unknown */
	uint16_t household_types;       /* sets as in facts.h */
	uint8_t displacements;
	uint8_t difficulties;
	bool is_active : 1;
	bool is_referral_allowed : 1;
	bool has_radius : 1;
	bool may_repeat : 1;     /* two of its terms are related; set by the index */
	bool has_response : 1;   /* it promises one */
	bool has_other_area : 1; /* drawn, or not understood */
	bool has_residence : 1;  /* known or not */
	bool has_hours : 1;
	bool is_scattered : 1;   /* its points have more than one spot */
	uint8_t confidentiality; /* enum confidentiality */
	uint8_t interpreter;     /* enum flag */
	uint8_t agency_bit;      /* traits_bit of the ids */
	uint8_t id_bit;
	uint8_t languages_count; /* 0: unknown */
	uint8_t areas_count;     /* 0: unknown */
	uint16_t
	    report_day; /* traits_day of its report of places; 0: never a fresh one */
	uint16_t radius_most_km; /* at least its radius, where it has one */
	struct spot spot;        /* of its points, unless it is scattered */
	uint8_t group;           /* chart_group when it joined its charts */
	uint64_t languages;      /* numbers of the first ones, from the lowest bits */
	struct place_key area;   /* the first */
};

/* Bytes that traits_read needs besides, for what comes in numbers: a multiple of 8, aligned
 * likewise. */
size_t traits_room(const struct service_facts *facts);
/* The spots of its points, each once, or SPOT_UNKNOWN alone; there is room for as many as points,
 * and for one.  Returns how many. */
uint32_t spots_read(const struct service_facts *facts, struct spot *spots);
/* Reads facts; `more` and `room` must outlive what is read.  Free places are those of the document,
 * and the facts, hours and price of `more` are none. */
void traits_read(struct traits *traits, struct particulars *more,
    const struct service_facts *facts, void *room);

static inline uint32_t
traits_language(const struct traits *traits, uint32_t position)
{
	return (
	    uint32_t)(position < TRAITS_LANGUAGES
	                  ? traits->languages >> position * TRAITS_LANGUAGE_BITS &
	                        ((UINT64_C(1) << TRAITS_LANGUAGE_BITS) - 1)
	                  : traits->more->more_languages[position - TRAITS_LANGUAGES]);
}

static inline struct place_key
traits_area(const struct traits *traits, uint32_t position)
{
	return position == 0 ? traits->area : traits->more->more_areas[position - 1];
}

/* Of its points, each once; SPOT_UNKNOWN alone where it has none. */
static inline const struct spot *
traits_spots(const struct traits *traits, uint32_t *count)
{
	*count = traits->more->spots_count;
	return traits->more->spots;
}

/* When its door is known to be open, from `now_ms` on; TIME_ABSENT unknown. */
int64_t traits_next_opening(const struct traits *traits, int64_t now_ms);

/* A language by its tag's first subtag, without case: "uk-UA" is "uk".  0, which equals no
 * language, where that is not of 2 to 4 letters (ISO 639). */
uint32_t language_number(struct text tag);

/* Days since 1970; the last that can be told from there on, 0 for before. */
uint16_t traits_day(int64_t at_ms);

/* FNV-1a, 64 bits. */
uint64_t traits_hash(struct text id);
/* One of 64, for sets of ids: an id whose bit is not in the set is not in it. */
static inline uint8_t
traits_bit(uint64_t hash)
{
	return (uint8_t)(hash >> 58);
}

#endif
