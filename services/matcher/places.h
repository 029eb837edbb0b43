/* SPDX-License-Identifier: Apache-2.0
 * Place codes and points: what lies in what, and how far it is.  Pure. */
#ifndef MATCHER_PLACES_H
#define MATCHER_PLACES_H

#include <math.h>
#include <stdint.h>

#include "proto/text.h"

/* Whether a place lies in an area or is it; letters compare without case.
 * KATOTTG codes (UA and 17 digits: 2 oblast, 2 raion, 3 hromada, 3 settlement, 2 city
 * district, 5 that only tell codes apart): every level that the area names is the
 * place's. All other codes are read as paths: "UA" and "RU" hold their country, "RU10"
 * holds "RU10701".  An absent or empty text holds nothing and lies nowhere. */
bool place_within(struct text area, struct text code);

/* Whether two codes are of one system, so that "not within" means somewhere else: both
 * begin with letters (KATOTTG, RU and OKTMO) or both do not (ZIP).  An absent text is of
 * none. */
bool place_is_comparable(struct text one, struct text other);

/* A code that compares in one step.  It holds KATOTTG codes, and up to two letters with up to
 * 13 digits behind them. */
struct place_key {
	uint64_t value;
	uint64_t mask; /* what of `value` an area asks of a place */
};

/* Mask 0: the code does not fit (or is absent), and its text must be compared. */
struct place_key place_key_of(struct text code);

/* place_within and place_is_comparable of two codes that fit. */
static inline bool
place_key_within(struct place_key area, struct place_key code)
{
	return ((area.value ^ code.value) & area.mask) == 0;
}
/* Of a code that begins a KATOTTG code at one of its levels: as KATOTTG, where what follows is
 * not named. */
struct place_key place_key_official(struct place_key key);
bool place_key_is_comparable(struct place_key one, struct place_key other);
/* What codes have in common: a place that lies in one of them has the same there.  Common to
 * any and another is the other. */
#define PLACE_KEY_ANY ((struct place_key){ 0, UINT64_MAX })
struct place_key place_key_common(struct place_key one, struct place_key other);
/* Whether the place lies in none of the areas that have this in common, none of them lies in it,
 * and each is of its system. */
bool place_key_is_elsewhere(struct place_key areas, struct place_key place);

/* Great circle between two points in degrees, in km rounded to the metre; NaN if any of
 * the four is.  Haversine (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope
 * 68, 1984) on a sphere of 6371.0088 km, the mean radius of WGS 84 (IUGG): within 0.6 %
 * of the way over the ellipsoid. */
double place_distance_km(double lat, double lon, double other_lat, double other_lon);

#define EARTH_KM 6371.0088 /* mean radius */

/* A point in six bytes, for a look whether it is worth more: on a sphere of SPOT_RADIUS. */
#define SPOT_RADIUS 32767
/* A straight line is shorter than the way over the sphere.  Each of six numbers was rounded by
 * half a step at most, so a line is wrong by sqrt(3) steps at most, and place_distance_km
 * rounds too. */
#define SPOT_STEP_KM (EARTH_KM / SPOT_RADIUS)
#define SPOT_ERROR_KM (1.7321 * SPOT_STEP_KM + 0.001)
#define SPOT_UNKNOWN ((struct spot){ { INT16_MIN, 0, 0 } })

struct spot {
	int16_t at[3];
};

static inline bool
spot_equal(struct spot one, struct spot other)
{
	return one.at[0] == other.at[0] && one.at[1] == other.at[1] &&
	       one.at[2] == other.at[2];
}

/* SPOT_UNKNOWN where one of them is NaN. */
struct spot spot_of(double lat, double lon);
/* Steps of the line between two, squared. */
static inline int64_t
spot_squares(struct spot one, struct spot other)
{
	int64_t squares = 0;

	for (int i = 0; i < 3; i++) {
		int64_t along = one.at[i] - other.at[i];

		squares += along * along;
	}
	return squares;
}

/* Not more than place_distance_km of the points, and 1 km less at most where they are within
 * 500 km; 0 where one is unknown. */
static inline double
spot_least_km(struct spot one, struct spot other)
{
	double line;

	if (one.at[0] == INT16_MIN || other.at[0] == INT16_MIN)
		return 0;
	line = sqrt((double)spot_squares(one, other)) * SPOT_STEP_KM;
	return line > SPOT_ERROR_KM ? line - SPOT_ERROR_KM : 0;
}

#endif
