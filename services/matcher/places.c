/* SPDX-License-Identifier: Apache-2.0
 * Place codes and points. */
#include "services/matcher/places.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

#define EARTH_KM 6371.0088
#define RADIANS (M_PI / 180)

#define KATOTTG_LENGTH 19
/* Digits of each level of a KATOTTG code, after "UA". */
static const unsigned char KATOTTG_LEVELS[] = { 2, 2, 3, 3, 2 };

static bool
starts_with(struct text text, struct text start)
{
	return text.length >= start.length &&
	       strncasecmp(text.at, start.at, start.length) == 0;
}

static bool
is_katottg(struct text code)
{
	if (code.length != KATOTTG_LENGTH || !starts_with(code, LITERAL("UA")))
		return false;
	for (unsigned i = 2; i < KATOTTG_LENGTH; i++)
		if (!isdigit((unsigned char)code.at[i]))
			return false;
	return true;
}

static bool
is_katottg_within(const char *area, const char *code)
{
	unsigned at = 2;

	for (unsigned level = 0; level < sizeof KATOTTG_LEVELS; level++) {
		unsigned digits = KATOTTG_LEVELS[level];
		bool is_named = memcmp(area + at, "000", digits) != 0;

		if (is_named && memcmp(area + at, code + at, digits) != 0)
			return false;
		at += digits;
	}
	return true;
}

bool
place_within(struct text area, struct text code)
{
	if (area.length == 0 || code.length == 0)
		return false;
	if (is_katottg(area) && is_katottg(code))
		return is_katottg_within(area.at, code.at);
	return starts_with(code, area);
}

bool
place_is_comparable(struct text one, struct text other)
{
	return one.length > 0 && other.length > 0 &&
	       (isalpha((unsigned char)one.at[0]) != 0) ==
	           (isalpha((unsigned char)other.at[0]) != 0);
}

double
place_distance_km(double lat, double lon, double other_lat, double other_lon)
{
	double height = sin((other_lat - lat) * RADIANS / 2);
	double width = sin((other_lon - lon) * RADIANS / 2);
	double half_chord_squared = height * height + cos(lat * RADIANS) *
	                                                  cos(other_lat * RADIANS) *
	                                                  width * width;

	if (half_chord_squared > 1) /* opposite points, by rounding; NaN stays NaN */
		half_chord_squared = 1;
	return round(2 * EARTH_KM * asin(sqrt(half_chord_squared)) * 1000) / 1000;
}
