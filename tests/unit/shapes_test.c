/* SPDX-License-Identifier: Apache-2.0
 * Drawn areas, as GeoJSON has them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/facts.h"

static struct facts_reader *reader;
static struct service_facts facts;
static char document[400000];

static void
read_extent(const char *extent)
{
	snprintf(document, sizeof document,
	    "{\"id\":\"s\",\"name\":\"n\",\"service_areas\":[{\"extent_type\":"
	    "\"geojson\","
	    "\"extent\":%s}]}",
	    extent);
	assert_int_equal(facts_read(reader, text_of(document), &facts), STATUS_OK);
}

static enum flag
at(double lat, double lon)
{
	assert_true(facts.shapes_count > 0);
	return shapes_hold(facts.shapes, facts.shapes_count, lat, lon, 0.01);
}

#define BOX(west, south, east, north)                                                    \
	"[[" #west "," #south "],[" #east "," #south "],[" #east "," #north "],[" #west  \
	"," #north "],[" #west "," #south "]]"
#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"

static void
a_point_inside_holds_one_outside_not_and_one_at_the_border_is_unknown(void **unused)
{
	(void)unused;
	read_extent(POLYGON(BOX(24, 48, 25, 49)));
	assert_false(facts.is_area_unclear);
	assert_int_equal(at(48.5, 24.5), FLAG_YES);
	assert_int_equal(at(48.5, 25.5), FLAG_NO);
	assert_int_equal(at(47.5, 24.5), FLAG_NO);
	assert_int_equal(at(49.5, 24.5), FLAG_NO);
	assert_int_equal(at(48.5, 23.5), FLAG_NO);
	assert_int_equal(at(48.5, 24.004), FLAG_ABSENT);
	assert_int_equal(at(48.5, 23.996), FLAG_ABSENT);
	assert_int_equal(at(48.5, 24.006), FLAG_YES);
	assert_int_equal(at(48.5, 23.994), FLAG_NO);
	assert_int_equal(at(49.002, 24.999), FLAG_ABSENT);
}

static void
a_hole_does_not_hold(void **unused)
{
	(void)unused;
	read_extent(POLYGON(BOX(24, 48, 25, 49) "," BOX(24.4, 48.4, 24.6, 48.6)));
	assert_int_equal(at(48.5, 24.5), FLAG_NO);
	assert_int_equal(at(48.5, 24.2), FLAG_YES);
	assert_int_equal(at(48.5, 24.4), FLAG_ABSENT);
}

static void
any_of_several_polygons_holds_also_where_they_overlap(void **unused)
{
	(void)unused;
	read_extent("{\"type\":\"MultiPolygon\",\"coordinates\":[[" BOX(
	    24, 48, 25, 49) "],[" BOX(24.5, 48, 26, 49) "]]}");
	assert_int_equal(at(48.5, 24.2), FLAG_YES);
	assert_int_equal(at(48.5, 24.7), FLAG_YES);
	assert_int_equal(
	    at(48.5, 24.5), FLAG_YES); /* a border of one, inside the other */
	assert_int_equal(at(48.5, 25.8), FLAG_YES);
	assert_int_equal(at(48.5, 26.8), FLAG_NO);
}

static void
features_and_texts_are_looked_into(void **unused)
{
	(void)unused;
	read_extent("{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
	            "\"geometry\":" POLYGON(BOX(24, 48, 25,
	                49)) "},{\"type\":\"Feature\","
	                     "\"geometry\":{\"type\":\"GeometryCollection\","
	                     "\"geometries\":[" POLYGON(BOX(30, 50, 31, 51)) "]}}]}");
	assert_int_equal(at(48.5, 24.5), FLAG_YES);
	assert_int_equal(at(50.5, 30.5), FLAG_YES);
	assert_int_equal(at(50.5, 24.5), FLAG_NO);
	read_extent(
	    "\"{\\\"type\\\":\\\"Polygon\\\",\\\"coordinates\\\":[[[24,48],[25,48],"
	    "[24.5,49]]]}\"");
	assert_int_equal(at(48.3, 24.5), FLAG_YES); /* not closed by its writer */
	assert_int_equal(at(48.9, 24.2), FLAG_NO);
}

static void
a_ring_may_cross_the_antimeridian(void **unused)
{
	(void)unused;
	read_extent(POLYGON("[[170,60],[-170,60],[-170,70],[170,70],[170,60]]"));
	assert_int_equal(at(65, 175), FLAG_YES);
	assert_int_equal(at(65, -175), FLAG_YES);
	assert_int_equal(at(65, 180), FLAG_YES);
	assert_int_equal(at(65, -180), FLAG_YES);
	assert_int_equal(at(65, 165), FLAG_NO);
	assert_int_equal(at(65, -165), FLAG_NO);
	assert_int_equal(at(65, 0), FLAG_NO);
}

static void
what_is_no_polygon_leaves_the_area_unclear(void **unused)
{
	static const char *const BAD[] = {
		"\"extent\"",
		"null",
		"7",
		"{}",
		"{\"type\":\"Point\",\"coordinates\":[24,48]}",
		"{\"type\":\"Polygon\",\"coordinates\":[]}",
		"{\"type\":\"Polygon\",\"coordinates\":7}",
		POLYGON("[]"),
		POLYGON("[[24,48],[25,48]]"),
		POLYGON("[[24,48],[25,48],[24,48]]"),
		POLYGON("[[24,48],[25,\"48\"],[25,49]]"),
		POLYGON("[[24,48],[25],[25,49]]"),
		POLYGON("[[24,98],[25,48],[25,49]]"),
		POLYGON("[[224,48],[25,48],[25,49]]"),
		POLYGON("[[0,80],[120,80],[-120,80],[0,80]]"), /* around the pole */
		"{\"type\":\"GeometryCollection\",\"geometries\":[" POLYGON(BOX(
		    24, 48, 25, 49)) ",{\"type\":\"Point\",\"coordinates\":[24,48]}]}",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		read_extent(BAD[i]);
		assert_true(facts.is_area_unclear);
		assert_int_equal(facts.shapes_count, 0);
	}
}

static void
more_points_than_fit_leave_the_area_unclear_and_others_as_they_are(void **unused)
{
	static char extent[200000];
	size_t length = 0;

	(void)unused;
	length += (size_t)sprintf(extent,
	    "%s},{\"extent_type\":\"geojson\",\"extent\":{\"type\":\"Polygon\","
	    "\"coordinates\":[[",
	    POLYGON(BOX(24, 48, 25, 49)));
	for (int i = 0; i < FACTS_SHAPE_POINTS_MAX; i++)
		length += (size_t)sprintf(
		    extent + length, "%s[%.3f,%d]", i ? "," : "", i / 1000.0, i % 2);
	strcpy(extent + length, "]]}");
	read_extent(extent);
	assert_true(facts.is_area_unclear);
	assert_int_equal(facts.shapes_count, 2 + 5);
	assert_int_equal(at(48.5, 24.5), FLAG_YES);
}

/* The sum of the angles under which the sides are seen: a full turn inside. */
static bool
is_wound(const struct shape_point *ring, int count, double lat, double lon)
{
	double turned = 0;

	for (int i = 0; i < count; i++) {
		double from = atan2((double)ring[i].lat - lat, (double)ring[i].lon - lon);
		double to = atan2((double)ring[(i + 1) % count].lat - lat,
		    (double)ring[(i + 1) % count].lon - lon);

		turned += remainder(to - from, 2 * M_PI);
	}
	return fabs(turned) > M_PI;
}

/* A star with random rays around a middle, so that it does not cross itself. */
static void
random_stars_hold_what_their_sides_turn_around(void **unused)
{
	unsigned inside = 0, unknown = 0;

	(void)unused;
	srand(20261120);
	for (int round = 0; round < 2000; round++) {
		struct shape_point points[64];
		int rays = 3 + rand() % 50;

		points[0] = (struct shape_point){ 44, 20 };
		points[1] = (struct shape_point){ 52, 28 };
		for (int i = 0; i < rays; i++) {
			double reach = 0.2 + rand() % 1000 / 400.0;
			double angle = 2 * M_PI * i / rays;

			points[2 + i].lat = (float)(48 + reach * sin(angle));
			points[2 + i].lon = (float)(24 + reach * cos(angle));
		}
		points[2 + rays] = shapes_end(true);
		for (int i = 0; i < 20; i++) {
			double lat = 45 + rand() % 600 / 100.0,
			       lon = 21 + rand() % 600 / 100.0;
			enum flag answer =
			    shapes_hold(points, (uint32_t)rays + 3, lat, lon, 0.01);
			bool is_inside = is_wound(points + 2, rays, lat, lon);

			inside += answer == FLAG_YES;
			unknown += answer == FLAG_ABSENT;
			if (answer != FLAG_ABSENT)
				assert_int_equal(answer == FLAG_YES, is_inside);
			for (int k = 0; k < 8 && answer != FLAG_ABSENT; k++)
				assert_int_equal(is_wound(points + 2, rays,
				                     lat + 0.0049 * sin(k * M_PI / 4),
				                     lon + 0.0049 * cos(k * M_PI / 4)),
				    is_inside);
		}
	}
	assert_true(inside > 5000 && unknown > 100);
}

static int
open_reader(void **unused)
{
	(void)unused;
	reader = facts_reader_new();
	return reader == NULL;
}

static int
close_reader(void **unused)
{
	(void)unused;
	facts_reader_free(reader);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_point_inside_holds_one_outside_not_and_one_at_the_border_is_unknown),
		cmocka_unit_test(a_hole_does_not_hold),
		cmocka_unit_test(any_of_several_polygons_holds_also_where_they_overlap),
		cmocka_unit_test(features_and_texts_are_looked_into),
		cmocka_unit_test(a_ring_may_cross_the_antimeridian),
		cmocka_unit_test(what_is_no_polygon_leaves_the_area_unclear),
		cmocka_unit_test(
		    more_points_than_fit_leave_the_area_unclear_and_others_as_they_are),
		cmocka_unit_test(random_stars_hold_what_their_sides_turn_around),
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
