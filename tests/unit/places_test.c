/* SPDX-License-Identifier: Apache-2.0
 * What lies in what, and how far it is. */
#include <math.h>
#include <stdio.h>

#include "services/matcher/places.h"
#include "tests/unit/matcher_fixture.h"

#define OBLAST "UA26000000000069363"     /* Ivano-Frankivsk region */
#define RAION "UA26040000000044761"      /* its district of that name */
#define HROMADA "UA26040190000081578"    /* the city's community */
#define SETTLEMENT "UA26040190010043657" /* the city */
#define VILLAGE "UA26040190030012345"    /* another place of the community */
#define OTHER_RAION "UA26080000000050130"
#define OTHER_OBLAST "UA46000000000026241"

static const char *const CODES[] = { OBLAST, RAION, HROMADA, SETTLEMENT, VILLAGE,
	OTHER_RAION, OTHER_OBLAST, "UA80000000000093317", "UA80000000000126643",
	"UA00000000000012345", "UA", "ua", "U", "UA2", "UA26", "UA2604", "UA260401900100",
	"UA2604019001004", "UA260401900100436", "UA260401900100436570", "RU", "RU1",
	"RU10", "RU10701", "RU10701000001", "RU1070100000123", "RU10710", "R", "94010",
	"940", "9", "94010-1234", "US-CA", "US", "USA", "26", "", "UA26040190O10043657",
	"UA 26", "Україна", "-" };
#define CODES_COUNT (sizeof CODES / sizeof *CODES)

static bool
within(const char *area, const char *code)
{
	return place_within(text_of(area), text_of(code));
}

static void
a_katottg_area_holds_every_place_of_its_named_levels(void **unused)
{
	static const char *const LINEAGE[] = { OBLAST, RAION, HROMADA, SETTLEMENT };

	(void)unused;
	for (unsigned area = 0; area < 4; area++)
		for (unsigned code = 0; code < 4; code++)
			assert_int_equal(
			    within(LINEAGE[area], LINEAGE[code]), area <= code);
	assert_true(within(HROMADA, VILLAGE));
	assert_false(within(SETTLEMENT, VILLAGE));
	assert_false(within(OTHER_RAION, SETTLEMENT));
	assert_false(within(OTHER_OBLAST, SETTLEMENT));
}

static void
a_city_with_districts_skips_levels(void **unused)
{
	(void)unused;
	assert_true(within("UA80000000000093317", "UA80000000000126643"));
	assert_false(within("UA80000000000126643", "UA80000000000093317"));
	assert_false(within("UA80000000000126643", "UA80000000000279894"));
}

static void
the_last_five_digits_only_tell_codes_apart(void **unused)
{
	(void)unused;
	assert_true(within(HROMADA, "UA26040190000099999"));
	assert_true(within("UA26040190000099999", HROMADA));
}

static void
a_country_holds_all_of_it_and_nothing_else(void **unused)
{
	(void)unused;
	assert_true(within("UA", SETTLEMENT));
	assert_true(within("ua", SETTLEMENT));
	assert_true(within("RU", "RU10701000001"));
	assert_true(within("UA", "UA"));
	assert_false(within("UA", "RU10"));
	assert_false(within("RU", SETTLEMENT));
}

static void
other_codes_are_paths(void **unused)
{
	(void)unused;
	assert_true(within("RU10", "RU10701000001"));
	assert_true(within("RU10701", "RU10701"));
	assert_false(within("RU10701000001", "RU10"));
	assert_false(within("RU10710", "RU10701"));
	assert_true(within("94010", "94010"));
	assert_false(within("94010", "94011"));
	assert_true(within("US-CA", "us-ca-081"));
	assert_true(within("UA26", SETTLEMENT));
	assert_true(within("UA260401900100436", SETTLEMENT));
	assert_false(within(OBLAST, "UA26"));
}

static void
nothing_holds_and_lies_nowhere(void **unused)
{
	(void)unused;
	assert_false(within("", SETTLEMENT));
	assert_false(within("UA", ""));
	assert_false(within("", ""));
	assert_false(place_within(TEXT_ABSENT, LITERAL("UA")));
	assert_false(place_within(LITERAL("UA"), TEXT_ABSENT));
	assert_false(place_is_comparable(TEXT_ABSENT, LITERAL("UA")));
	assert_false(place_is_comparable(LITERAL(""), LITERAL("")));
}

static void
codes_of_two_systems_do_not_compare(void **unused)
{
	(void)unused;
	assert_true(place_is_comparable(LITERAL("UA"), LITERAL("RU10")));
	assert_true(place_is_comparable(LITERAL("94010"), LITERAL("10001")));
	assert_false(place_is_comparable(LITERAL("US-CA"), LITERAL("94010")));
}

static void
keys_say_what_the_texts_say(void **unused)
{
	(void)unused;
	for (unsigned area = 0; area < CODES_COUNT; area++)
		for (unsigned code = 0; code < CODES_COUNT; code++) {
			struct text a = text_of(CODES[area]), c = text_of(CODES[code]);
			struct place_key area_key = place_key_of(a),
			                 code_key = place_key_of(c);

			if (area_key.mask == 0 || code_key.mask == 0)
				continue;
			if (place_key_within(area_key, code_key) != place_within(a, c))
				fail_msg("%s in %s", CODES[code], CODES[area]);
			if (place_key_is_comparable(area_key, code_key) !=
			    place_is_comparable(a, c))
				fail_msg("%s and %s", CODES[code], CODES[area]);
		}
}

/* Random codes that share much. */
static struct text
random_code(char at[32], uint64_t *random)
{
	static const char *const STARTS[] = { "UA", "RU", "U", "", "UA26",
		"UA2604019001004" };
	uint32_t length, start;

	*random = *random * 6364136223846793005U + 1442695040888963407U;
	start = (uint32_t)snprintf(at, 32, "%s", STARTS[(*random >> 33) % 6]);
	for (uint32_t i = start; i < 20; i++)
		at[i] = (char)('0' + (*random >> (i + 8) & 1));
	length = (*random >> 50) % 3 ? 19 : (uint32_t)(*random >> 40) % 20;
	return (struct text){ at, length };
}

static void
keys_say_what_the_texts_say_of_random_codes(void **unused)
{
	uint64_t random = 1;
	unsigned compared = 0, held = 0;

	(void)unused;
	for (unsigned i = 0; i < 200000; i++) {
		char first[32], second[32];
		struct text a = random_code(first, &random),
		            c = random_code(second, &random);
		struct place_key area_key = place_key_of(a), code_key = place_key_of(c);

		if (area_key.mask == 0 || code_key.mask == 0)
			continue;
		compared++;
		held += place_within(a, c);
		assert_int_equal(
		    place_key_within(area_key, code_key), place_within(a, c));
		assert_int_equal(place_key_is_comparable(area_key, code_key),
		    place_is_comparable(a, c));
	}
	assert_true(compared > 50000);
	assert_true(held > 1000);
}

static void
codes_in_use_have_keys_and_strange_ones_do_not(void **unused)
{
	static const char *const PACKED[] = { SETTLEMENT, "UA", "RU10701000001",
		"94010" };
	static const char *const STRANGE[] = { "", "US-CA", "USA", "UA26040190O10043657",
		"UA260401900100436570", "94010-1234", "Україна" };

	(void)unused;
	for (unsigned i = 0; i < sizeof PACKED / sizeof *PACKED; i++)
		assert_true(place_key_of(text_of(PACKED[i])).mask != 0);
	for (unsigned i = 0; i < sizeof STRANGE / sizeof *STRANGE; i++)
		assert_true(place_key_of(text_of(STRANGE[i])).mask == 0);
}

static void
distances_are_great_circles_to_the_metre(void **unused)
{
	double lat = -13.073160000000001, lon = 46.368200000000002;
	double quarter = round(M_PI / 2 * 6371008.8) / 1000;

	(void)unused;
	assert_true(place_distance_km(48.92, 24.71, 48.92, 24.71) == 0);
	assert_true(place_distance_km(0, 0, 0, 90) == quarter);
	assert_true(place_distance_km(0, 0, 90, 0) == quarter);
	assert_true(fabs(place_distance_km(0, 0, 0, 180) - 2 * quarter) < 0.002);
	assert_true(fabs(place_distance_km(12, 34, -12, -146) - 2 * quarter) < 0.002);
	/* By rounding these are farther apart than the earth is wide. */
	assert_true(place_distance_km(lat, lon, -lat, lon - 180) ==
	            place_distance_km(0, 0, 0, 180));
	/* Kyiv to Lviv, 468.953 km over the ellipsoid (Vincenty). */
	assert_true(place_distance_km(50.4501, 30.5234, 49.8397, 24.0297) == 467.531);
	/* Over the date line: two degrees of the equator. */
	assert_true(fabs(place_distance_km(0, 179, 0, -179) - 222.390) < 0.01);
}

static void
a_distance_is_the_same_both_ways(void **unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++) {
		double a = i % 181 - 90, b = i * 7 % 361 - 180;
		double c = i * 13 % 181 - 90, d = i * 29 % 361 - 180;

		assert_true(
		    place_distance_km(a, b, c, d) == place_distance_km(c, d, a, b));
	}
}

static void
without_a_point_there_is_no_distance(void **unused)
{
	(void)unused;
	assert_true(isnan(place_distance_km(NAN, 1, 2, 3)));
	assert_true(isnan(place_distance_km(1, NAN, 2, 3)));
	assert_true(isnan(place_distance_km(1, 2, NAN, 3)));
	assert_true(isnan(place_distance_km(1, 2, 3, NAN)));
}

static double
degrees(uint64_t *random, double from, double to)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return from + (to - from) * (double)(*random >> 11) * 0x1p-53;
}

static void
a_spot_is_never_farther_than_its_point_and_hardly_nearer(void **unused)
{
	uint64_t random = 1;

	(void)unused;
	for (int i = 0; i < 100000; i++) {
		double lat = degrees(&random, -90, 90), lon = degrees(&random, -180, 180);
		double reach = i % 2 == 0 ? 1 : 180; /* half of them near each other */
		double other_lat =
		    fmax(-90, fmin(90, lat + degrees(&random, -reach, reach)));
		double other_lon = lon + degrees(&random, -reach, reach);
		double km = place_distance_km(lat, lon, other_lat, other_lon);
		double least_km =
		    spot_least_km(spot_of(lat, lon), spot_of(other_lat, other_lon));

		assert_true(least_km <= km);
		assert_true(km > 500 || km - least_km < 1);
	}
	assert_true(spot_least_km(spot_of(1, 2), spot_of(NAN, 2)) == 0);
	assert_true(spot_least_km(SPOT_UNKNOWN, spot_of(1, 2)) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_katottg_area_holds_every_place_of_its_named_levels),
		cmocka_unit_test(a_city_with_districts_skips_levels),
		cmocka_unit_test(the_last_five_digits_only_tell_codes_apart),
		cmocka_unit_test(a_country_holds_all_of_it_and_nothing_else),
		cmocka_unit_test(other_codes_are_paths),
		cmocka_unit_test(nothing_holds_and_lies_nowhere),
		cmocka_unit_test(codes_of_two_systems_do_not_compare),
		cmocka_unit_test(keys_say_what_the_texts_say),
		cmocka_unit_test(keys_say_what_the_texts_say_of_random_codes),
		cmocka_unit_test(codes_in_use_have_keys_and_strange_ones_do_not),
		cmocka_unit_test(distances_are_great_circles_to_the_metre),
		cmocka_unit_test(a_distance_is_the_same_both_ways),
		cmocka_unit_test(without_a_point_there_is_no_distance),
		cmocka_unit_test(
		    a_spot_is_never_farther_than_its_point_and_hardly_nearer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
