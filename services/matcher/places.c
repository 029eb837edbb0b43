/* SPDX-License-Identifier: Apache-2.0
 * Place codes and points. */
#include "services/matcher/places.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

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

/* A key from its top: a bit for KATOTTG, two letters of 5 bits (1 to 26), 13 digits of 4 bits
 * (1 to 10), 0 where there is none.  An area asks for all of it up to its own end. */
#define KEY_LETTERS 2
#define KEY_DIGITS 13
#define KEY_KATOTTG (UINT64_C(1) << 62)
#define KEY_LETTERS_MASK (UINT64_C(0x3ff) << 52)

static unsigned
letters_in(struct text code)
{
	unsigned count = 0;

	while (count < code.length && isalpha((unsigned char)code.at[count]))
		count++;
	return count;
}

static uint64_t
letter_bits(unsigned place, uint64_t bits)
{
	return bits << (57 - 5 * place);
}

static uint64_t
digit_bits(unsigned place, uint64_t bits)
{
	return bits << (48 - 4 * place);
}

/* Only the levels that are named; not the digits behind them. */
static uint64_t
katottg_mask(struct text code)
{
	uint64_t mask = KEY_KATOTTG | KEY_LETTERS_MASK;
	unsigned place = 0;

	for (unsigned level = 0; level < sizeof KATOTTG_LEVELS; level++) {
		unsigned digits = KATOTTG_LEVELS[level];
		bool is_named = memcmp(code.at + 2 + place, "000", digits) != 0;

		for (; digits > 0; digits--, place++)
			mask |= is_named ? digit_bits(place, 0xf) : 0;
	}
	return mask;
}

struct place_key
place_key_of(struct text code)
{
	bool is_official = is_katottg(code);
	unsigned letters = letters_in(code);
	unsigned digits = code.length - letters;
	struct place_key key = { is_official ? KEY_KATOTTG : 0, 0 };

	if (is_official)
		digits = KEY_DIGITS; /* as many as others may compare */
	if (letters > KEY_LETTERS || digits > KEY_DIGITS || code.length == 0)
		return (struct place_key){ 0, 0 };
	for (unsigned i = 0; i < letters; i++) {
		key.value |= letter_bits(i, (unsigned char)code.at[i] & 0x1fU);
		key.mask |= letter_bits(i, 0x1f);
	}
	for (unsigned i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)code.at[letters + i]))
			return (struct place_key){ 0, 0 };
		key.value |=
		    digit_bits(i, (unsigned char)code.at[letters + i] - '0' + 1U);
		key.mask |= KEY_LETTERS_MASK | digit_bits(i, 0xf);
	}
	if (is_official)
		key.mask = katottg_mask(code);
	return key;
}

struct place_key
place_key_official(struct place_key key)
{
	key.value |= KEY_KATOTTG;
	return key;
}

bool
place_key_is_comparable(struct place_key one, struct place_key other)
{
	return ((one.value & KEY_LETTERS_MASK) != 0) ==
	       ((other.value & KEY_LETTERS_MASK) != 0);
}

struct place_key
place_key_common(struct place_key one, struct place_key other)
{
	if (one.mask == PLACE_KEY_ANY.mask)
		return other;
	if (other.mask == PLACE_KEY_ANY.mask)
		return one;
	one.mask &= other.mask & ~(one.value ^ other.value);
	one.value &= one.mask;
	return one;
}

static bool
has_letters(uint64_t value)
{
	return (value & KEY_LETTERS_MASK) != 0;
}

bool
place_key_is_elsewhere(struct place_key areas, struct place_key place)
{
	bool is_numeric = (areas.mask & KEY_LETTERS_MASK) == KEY_LETTERS_MASK &&
	                  !has_letters(areas.value);

	return (has_letters(place.value) ? has_letters(areas.value) : is_numeric) &&
	       ((areas.value ^ place.value) & areas.mask & place.mask) != 0;
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

struct spot
spot_of(double lat, double lon)
{
	double across = cos(lat * RADIANS) * SPOT_RADIUS;

	if (isnan(across) || isnan(lon))
		return SPOT_UNKNOWN;
	return (struct spot){ { (int16_t)lround(across * cos(lon * RADIANS)),
	    (int16_t)lround(across * sin(lon * RADIANS)),
	    (int16_t)lround(sin(lat * RADIANS) * SPOT_RADIUS) } };
}
