/* SPDX-License-Identifier: Apache-2.0
 * The services of one term by place, so that a walk may begin with the nearest ones and leave
 * out what cannot matter.  Pure.
 *
 * A chart is a tree of three levels: branches of up to CHART_LEAVES_MAX leaves of up to
 * CHART_PINS_MAX pins.  They are ordered by what services make known, since as much as the way
 * that decides what one is worth at most (a leaf of all sorts promises the best of each), and
 * then by a curve over the globe that seldom leaves a neighbourhood (D. Hilbert, 1891, on the
 * six sides of a cube).  Branches and leaves know an extent of what
 * lies in them.  A service has a pin at each of its points, or one without a place. */
#ifndef MATCHER_CHART_H
#define MATCHER_CHART_H

#include "services/matcher/traits.h"

#define CHART_PINS_MAX 16
#define CHART_LEAVES_MAX 64

/* A service at one of its points, as much of it as tells whether it is worth a look: */
struct head {
	struct spot spot; /* SPOT_UNKNOWN: it has none */
	uint8_t features; /* bits (1 << enum feature) */
	uint8_t
	    reported; /* CHART_REPORT_DAYS since CHART_REPORT_FROM of its report of places,
	                    * and the last that can be told from there on; 0: before or never */
};
/* and whether it may be refused without one. */
struct fence {
	const struct traits *traits;
	uint32_t areas,
	    areas_mask;      /* upper halves of what its areas have in common; mask 0:
	                             * codes do not bound it */
	uint16_t languages;  /* chart_language of each; all bits: any may be understood */
	uint16_t reach_km;   /* serves no farther; UINT16_MAX: it may */
	uint16_t report_day; /* as in its traits */
	uint8_t least_age, most_age; /* completed years; takes no others */
};
struct pin {
	struct head head;
	struct fence fence;
};

/* Days since 1970. */
#define CHART_REPORT_FROM 19723 /* 2024-01-01; the last that can be told begins in 2035 */
#define CHART_REPORT_DAYS 16

/* What a service makes known.  Where it does not, the rule of that name is unknown whoever asks,
 * or the part earns nothing. */
enum feature {
	FEATURE_language, /* or there is an interpreter */
	FEATURE_household_type,
	FEATURE_displacement,
	FEATURE_age,
	FEATURE_area, /* or a radius */
	FEATURE_opening,
	FEATURE_response,
	FEATURES
};

/* What no pin within goes beyond. */
struct extent {
	uint64_t first; /* the least key */
	struct place_key
	    areas; /* those that have only areas with keys serve nowhere else */
	int16_t least[3], most[3]; /* of their spots */
	uint16_t
	    reach_km; /* no other serves farther; UINT16_MAX: it may, 0: there is no other */
	uint8_t features; /* of any */
	uint8_t reported; /* the last */
};

/* Its pins in two parts, since most are left out by their heads, which lie side by side as in
 * an outline; in whole cache lines. */
struct leaf {
	struct extent extent;
	uint32_t count;
	_Alignas(64) int16_t at[3][CHART_PINS_MAX];
	uint8_t features[CHART_PINS_MAX], reported[CHART_PINS_MAX];
	struct fence fences[CHART_PINS_MAX];
};

/* What decides how much a leaf may be worth, of all leaves side by side: a look at a branch
 * reads no more.  Behind the last one anything. */
struct outline {
	int16_t least[3][CHART_LEAVES_MAX], most[3][CHART_LEAVES_MAX];
	uint8_t features[CHART_LEAVES_MAX], reported[CHART_LEAVES_MAX];
};

struct branch {
	struct extent extent;
	struct leaf *leaves;
	struct outline *outline;
	uint32_t count, room;
};

struct chart {
	struct branch *branches;
	uint32_t count, room;
	uint32_t pins_count;
};

/* The last day that comes to the same. */
static inline uint16_t
chart_last_day(uint8_t reported)
{
	return reported == UINT8_MAX
	           ? UINT16_MAX
	           : (uint16_t)(CHART_REPORT_FROM + reported * CHART_REPORT_DAYS - 1);
}

static inline uint16_t
chart_language(uint32_t number)
{
	return (uint16_t)(1U << (number * 0x9e3779b1U >> 28));
}

static inline struct place_key
fence_areas(const struct fence *fence)
{
	return (struct place_key){ (uint64_t)fence->areas << 32,
		(uint64_t)fence->areas_mask << 32 };
}

static inline struct spot
leaf_spot(const struct leaf *leaf, uint32_t at)
{
	return (struct spot){ { leaf->at[0][at], leaf->at[1][at], leaf->at[2][at] } };
}

static inline struct pin
leaf_pin(const struct leaf *leaf, uint32_t at)
{
	return (
	    struct pin){ { leaf_spot(leaf, at), leaf->features[at], leaf->reported[at] },
		leaf->fences[at] };
}

/* The group of a service with these traits. */
uint8_t chart_group(const struct traits *traits);

/* Makes room for a service of its group and spots.  False: out of memory; nothing that is in the
 * chart has changed. */
bool chart_reserve(struct chart *chart, const struct traits *traits) MUST_CHECK;
/* Room is there; it stays where it is, and its group what it is, as long as it is in the chart. */
void chart_join(struct chart *chart, const struct traits *traits);
/* What was reserved before stays. */
void chart_leave(struct chart *chart, const struct traits *traits);
/* Its report of places has changed. */
void chart_renew(struct chart *chart, const struct traits *traits);
/* Once it has left for good: nothing is reserved. */
void chart_tidy(struct chart *chart, const struct traits *traits);
void chart_free(struct chart *chart);

#endif
