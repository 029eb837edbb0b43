/* SPDX-License-Identifier: Apache-2.0
 * Services whose addresses and areas are places. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_places.h"

static struct places *places;
static struct import_report report;

static int
start(void **state)
{
	(void)state;
	report = (struct import_report){ 0 };
	places = places_new();
	assert_int_equal(
	    places_read(
	        places, LITERAL("{\"code\":\"UA99000000000000011\",\"name\":\"Озерна\","
	                        "\"kind\":\"region\"}")),
	    STATUS_OK);
	assert_int_equal(
	    places_read(
	        places, LITERAL("{\"code\":\"UA99020010010000044\",\"name\":\"Нове\","
	                        "\"kind\":\"village\"}")),
	    STATUS_OK);
	return places_settle(places) != STATUS_OK;
}

static int
end(void **state)
{
	(void)state;
	places_free(places);
	return 0;
}

static json_t *
enriched(const char *json)
{
	static const struct import_where WHERE = { 3, 4, TEXT_ABSENT };
	struct import_check check = {
		.source = LITERAL("test"), .report = &report, .where = &WHERE
	};
	json_t *service = json_loads(json, 0, NULL);

	assert_non_null(service);
	import_places_enrich(places, service, &check);
	return service;
}

#define LOCATION                                                                         \
	"\"location\":{\"addresses\":[{\"city\":\"с. Нове\",\"country\":\"UA\","    \
	"\"state_province\":\"Озерна обл.\"}]"

/* The code that the only location has; NULL: none. */
static const char *
place_of(const char *json)
{
	static char code[64];
	json_t *service = enriched(json);
	const json_t *location = json_object_get(
	    json_array_get(json_object_get(service, "service_at_locations"), 0),
	    "location");
	const char *place = json_string_value(json_object_get(location, "x_place"));
	bool has_place = text_copy(text_of(place ? place : ""), code, sizeof code);

	json_decref(service);
	return has_place && code[0] != '\0' ? code : NULL;
}

static void
an_address_that_is_certain_gives_its_location_a_place(void **state)
{
	(void)state;
	assert_string_equal(place_of("{\"service_at_locations\":[{" LOCATION "}}]}"),
	    "UA99020010010000044");
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_places].of, 1);
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_places].understood, 1);
}

static void
an_address_that_is_not_certain_is_noted_and_left(void **state)
{
	(void)state;
	assert_null(place_of("{\"service_at_locations\":[{\"location\":{\"addresses\":"
	                     "[{\"city\":\"Старе\",\"country\":\"UA\"}]}}]}"));
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_places].of, 1);
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_places].understood, 0);
	assert_int_equal(report.counts[IMPORT_place_not_resolved], 1);
}

static void
a_location_that_is_kept_from_some_gets_no_place(void **state)
{
	static const char SECRET[] = "\"attributes\":[{\"label\":\"confidentiality\","
	                             "\"value\":\"address_hidden\"}]";
	char json[600];

	(void)state;
	snprintf(
	    json, sizeof json, "{%s,\"service_at_locations\":[{" LOCATION "}}]}", SECRET);
	assert_null(place_of(json));
	snprintf(
	    json, sizeof json, "{\"service_at_locations\":[{%s," LOCATION "}}]}", SECRET);
	assert_null(place_of(json));
	snprintf(
	    json, sizeof json, "{\"service_at_locations\":[{" LOCATION ",%s}}]}", SECRET);
	assert_null(place_of(json));
	assert_null(place_of("{\"service_at_locations\":[{" LOCATION
	                     ",\"location_type\":\"redacted\"}}]}"));
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_places].of, 0);
}

static const char *
area_of(const char *area)
{
	static char uri[100];
	char json[600];
	json_t *service;
	const char *said;

	snprintf(json, sizeof json,
	    "{\"service_at_locations\":[{" LOCATION "}}],\"service_areas\":[%s]}", area);
	service = enriched(json);
	said = json_string_value(json_object_get(
	    json_array_get(json_object_get(service, "service_areas"), 0), "uri"));
	assert_true(text_copy(text_of(said ? said : "-"), uri, sizeof uri));
	json_decref(service);
	return uri;
}

static void
an_area_with_a_name_alone_becomes_a_place_where_that_is_certain(void **state)
{
	(void)state;
	assert_string_equal(
	    area_of("{\"name\":\"Озерна область\"}"), "urn:place:UA99000000000000011");
	assert_string_equal(area_of("{\"name\":\"Інша область\"}"), "-");
	assert_string_equal(
	    area_of("{\"name\":\"Озерна область\",\"uri\":\"urn:place:UA98\"}"),
	    "urn:place:UA98");
	assert_string_equal(
	    area_of("{\"name\":\"Озерна область\",\"extent_type\":\"geojson\"}"), "-");
}

static void
without_places_nothing_is_looked_at(void **state)
{
	struct places *all = places;

	(void)state;
	places = NULL;
	assert_null(place_of("{\"service_at_locations\":[{" LOCATION "}}]}"));
	assert_string_equal(area_of("{\"name\":\"Озерна область\"}"), "-");
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_places].of, 0);
	places = all;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_that_is_certain_gives_its_location_a_place),
		TEST(an_address_that_is_not_certain_is_noted_and_left),
		TEST(a_location_that_is_kept_from_some_gets_no_place),
		TEST(an_area_with_a_name_alone_becomes_a_place_where_that_is_certain),
		TEST(without_places_nothing_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
