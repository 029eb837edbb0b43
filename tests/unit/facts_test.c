/* SPDX-License-Identifier: Apache-2.0
 * What a service document says, and what it does not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/facts.h"

/* A Friday, 08:00 UTC, in Ukraine's winter. */
#define FRIDAY_8_MS INT64_C(1795161600000)
#define MINUTE_MS INT64_C(60000)

static struct facts_reader *reader;
static struct service_facts facts;

/* One document after the other: the reader is used again. */
static void
read_document(const char *format, ...)
{
	static char *document;
	va_list arguments;

	free(document);
	va_start(arguments, format);
	assert_true(vasprintf(&document, format, arguments) > 0);
	va_end(arguments);
	assert_int_equal(facts_read(reader, text_of(document), &facts), STATUS_OK);
}

static void
read_service(const char *members)
{
	read_document(
	    "{\"id\":\"s1\",\"name\":\"Shelter\"%s%s}", *members ? "," : "", members);
}

static void
read_attribute(const char *taxonomy, const char *label, const char *value)
{
	read_document(
	    "{\"id\":\"s1\",\"name\":\"n\",\"attributes\":[{\"label\":\"%s\",\"value\":"
	    "\"%s\",\"taxonomy_term\":{\"code\":\"Some.Code\",\"taxonomy\":\"%s\"}}]}",
	    label, value, taxonomy);
}

static void
read_fact(const char *label, const char *value)
{
	read_attribute("hearthline-facts", label, value);
}

#define CHECK_TEXT(text, string) assert_true(text_is(text, string))

static void
what_is_not_said_is_unknown(void **state)
{
	(void)state;
	read_service("");
	CHECK_TEXT(facts.id, "s1");
	CHECK_TEXT(facts.name, "Shelter");
	assert_null(facts.agency.at);
	assert_null(facts.agency_name.at);
	assert_null(facts.alternate_name.at);
	assert_null(facts.description.at);
	assert_null(facts.source.at);
	assert_false(facts.is_active);
	assert_true(facts.is_referral_allowed);
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_public);
	assert_int_equal(facts.terms_count, 0);
	assert_true(isnan(facts.minimum_age) && isnan(facts.maximum_age));
	assert_int_equal(
	    facts.household_types | facts.displacements | facts.difficulties, 0);
	assert_int_equal(facts.languages_count, 0);
	assert_int_equal(facts.interpreter, FLAG_ABSENT);
	assert_int_equal(facts.areas_count, 0);
	assert_int_equal(facts.points_count, 0);
	assert_true(isnan(facts.radius_km) && isnan(facts.response_hours));
	assert_true(isnan(facts.available) && isnan(facts.maximum));
	assert_true(facts.capacity_at == TIME_ABSENT);
	assert_int_equal(facts.hours_count, 0);
}

static void
what_is_no_service_is_invalid(void **state)
{
	static const char *const BAD[] = { "", "x", "[]", "\"s\"", "{}",
		"{\"id\":\"s1\"}", "{\"name\":\"n\"}", "{\"id\":\"\",\"name\":\"n\"}",
		"{\"id\":7,\"name\":\"n\"}", "{\"id\":\"s1\",\"name\":\"n\"} x",
		"{\"id\":\"s1\",\"name\":\"\xff\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_int_equal(
		    facts_read(reader, text_of(BAD[i]), &facts), STATUS_INVALID);
	assert_int_equal(facts_read(reader, TEXT_ABSENT, &facts), STATUS_INVALID);
}

static void
names_come_from_the_service_and_its_organization(void **state)
{
	(void)state;
	read_service(
	    "\"alternate_name\":\"A\",\"description\":\"D\",\"x_source\":\"demo\","
	    "\"status\":\"active\",\"organization_id\":\"other\","
	    "\"organization\":{\"id\":\"o1\",\"name\":\"Agency\"}");
	CHECK_TEXT(facts.agency, "o1");
	CHECK_TEXT(facts.agency_name, "Agency");
	CHECK_TEXT(facts.alternate_name, "A");
	CHECK_TEXT(facts.description, "D");
	CHECK_TEXT(facts.source, "demo");
	assert_true(facts.is_active);
	read_service("\"organization_id\":\"o2\",\"status\":\"temporarily closed\"");
	CHECK_TEXT(facts.agency, "o2");
	assert_false(facts.is_active);
}

static void
translations_and_names_of_terms_are_wordings(void **state)
{
	(void)state;
	read_service("\"x_translations\":{\"ar\":{\"name\":\"N\",\"description\":\"D\","
	             "\"email\":\"E\"},\"uk\":7},\"attributes\":[{\"taxonomy_term\":"
	             "{\"taxonomy\":\"t\",\"code\":\"c\",\"name\":\"T\"}},"
	             "{\"taxonomy_term\":{\"taxonomy\":\"hearthline-facts\","
	             "\"code\":\"interpreter\",\"name\":\"interpreter\"}}]");
	assert_int_equal(facts.wordings_count, 3);
	CHECK_TEXT(facts.wordings[0].text, "N");
	assert_int_equal(facts.wordings[0].of, WORDING_OF_NAME);
	CHECK_TEXT(facts.wordings[1].text, "D");
	assert_int_equal(facts.wordings[1].of, WORDING_OF_DESCRIPTION);
	CHECK_TEXT(facts.wordings[2].text, "T");
	assert_int_equal(facts.wordings[2].of, WORDING_OF_TERM);
}

static void
towns_of_addresses_are_wordings_unless_one_is_hidden(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[{\"location\":{\"addresses\":["
	             "{\"city\":\"C\",\"state_province\":\"S\",\"address_1\":\"A\"}]}}]");
	assert_int_equal(facts.wordings_count, 2);
	CHECK_TEXT(facts.wordings[0].text, "C");
	CHECK_TEXT(facts.wordings[1].text, "S");
	assert_int_equal(facts.wordings[1].of, WORDING_OF_PLACE);
	read_service("\"service_at_locations\":[{\"location\":{\"addresses\":["
	             "{\"city\":\"C\"}],\"attributes\":[{\"label\":\"confidentiality\","
	             "\"value\":\"address_hidden\",\"taxonomy_term\":"
	             "{\"taxonomy\":\"hearthline-facts\"}}]}}]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_address_hidden);
	assert_int_equal(facts.wordings_count, 0);
}

static void
ages_are_numbers_in_order_or_unknown(void **state)
{
	(void)state;
	read_service("\"minimum_age\":0,\"maximum_age\":17.5");
	assert_true(facts.minimum_age == 0 && facts.maximum_age == 17.5);
	read_service("\"minimum_age\":18,\"maximum_age\":999");
	assert_true(facts.minimum_age == 18 && isnan(facts.maximum_age));
	read_service("\"minimum_age\":-1,\"maximum_age\":\"12\"");
	assert_true(isnan(facts.minimum_age) && isnan(facts.maximum_age));
	read_service("\"minimum_age\":30,\"maximum_age\":3");
	assert_true(isnan(facts.minimum_age) && isnan(facts.maximum_age));
}

static void
attributes_of_other_taxonomies_are_need_terms(void **state)
{
	(void)state;
	read_service("\"attributes\":[{\"taxonomy_term\":{\"code\":\"Housing.Shelter\","
	             "\"name\":\"x\"}},{\"taxonomy_term\":{\"name\":\"Food\"}},{"
	             "\"label\":\"alone\"},"
	             "{\"taxonomy_term\":{\"code\":\"housing.shelter\"}},7]");
	assert_int_equal(facts.terms_count, 2);
	CHECK_TEXT(facts.terms[0], "housing.shelter");
	CHECK_TEXT(facts.terms[1], "food");
}

static void
terms_beyond_the_limit_are_left_out(void **state)
{
	char members[4000] = "\"attributes\":[";
	size_t length = strlen(members);

	(void)state;
	for (int i = 0; i < FACTS_TERMS_MAX + 3; i++)
		length += (size_t)snprintf(members + length, sizeof members - length,
		    "%s{\"taxonomy_term\":{\"code\":\"t%d\"}}", i ? "," : "", i);
	strcpy(members + length, "]");
	read_service(members);
	assert_int_equal(facts.terms_count, FACTS_TERMS_MAX);
	CHECK_TEXT(facts.terms[FACTS_TERMS_MAX - 1], "t23");
}

static void
own_facts_are_read_by_label(void **state)
{
	(void)state;
	read_fact("household_type", "single_father");
	assert_int_equal(facts.household_types, 1u << household_type_single_father);
	assert_int_equal(facts.terms_count, 0);
	read_fact("displacement", "idp");
	assert_int_equal(facts.displacements, 1u << displacement_idp);
	read_fact("difficulty", "walking");
	assert_int_equal(facts.difficulties, 1u << difficulty_walking);
	read_fact("difficulty", "flying");
	assert_int_equal(facts.difficulties, 0);
	read_fact("radius_km", "37.5");
	assert_true(facts.radius_km == 37.5);
	read_fact("response_within_hours", "48");
	assert_true(facts.response_hours == 48);
	read_fact("interpreter", "no");
	assert_int_equal(facts.interpreter, FLAG_NO);
	read_attribute("hearthline-needs", "radius_km", "37.5");
	assert_true(isnan(facts.radius_km));
	CHECK_TEXT(facts.terms[0], "some.code");
}

static void
numbers_that_are_none_stay_unknown(void **state)
{
	static const char *const BAD[] = { "", "x", "-1", "1e9", "nan", "inf", "12 km",
		"123456789012345678901234567890123" };

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		read_fact("radius_km", BAD[i]);
		assert_true(isnan(facts.radius_km));
		read_fact("response_within_hours", BAD[i]);
		assert_true(isnan(facts.response_hours));
	}
}

static void
a_referral_is_allowed_unless_it_says_no(void **state)
{
	(void)state;
	read_fact("referral_allowed", "yes");
	assert_true(facts.is_referral_allowed);
	read_fact("referral_allowed", "");
	assert_true(facts.is_referral_allowed);
	read_fact("referral_allowed", "No");
	assert_false(facts.is_referral_allowed);
	read_fact("referral_allowed", "false");
	assert_false(facts.is_referral_allowed);
}

static void
secrecy_is_never_less_than_what_is_said(void **state)
{
	static const struct {
		const char *value;
		enum confidentiality expected;
	} CASES[] = {
		{ "public", CONFIDENTIALITY_public },
		{ "address_hidden", CONFIDENTIALITY_address_hidden },
		{ "cleared", CONFIDENTIALITY_cleared },
		{ "secret", CONFIDENTIALITY_cleared },
		{ "", CONFIDENTIALITY_cleared },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		read_fact("confidentiality", CASES[i].value);
		assert_int_equal(facts.confidentiality, CASES[i].expected);
	}
#define SECRECY(value)                                                                   \
	"{\"label\":\"confidentiality\",\"value\":\"" value                              \
	"\",\"taxonomy_term\":{\"taxonomy\":\"hearthline-facts\"}}"
	read_service("\"attributes\":[" SECRECY("cleared") "," SECRECY("public") "]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_cleared);
	read_service("\"service_at_locations\":[{\"attributes\":[" SECRECY(
	    "address_hidden") "]}]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_address_hidden);
	assert_int_equal(facts.points_count, 0);
	read_service("\"attributes\":[" SECRECY(
	    "public") "],\"service_at_locations\":[{\"location\":{\"attributes\":"
	              "[" SECRECY("cleared") "]}}]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_cleared);
}

static void
languages_are_short_codes_in_lower_case(void **state)
{
	(void)state;
	read_service(
	    "\"languages\":[{\"code\":\"UK\"},{\"code\":\"ukr\"},{\"code\":\"rus\"},"
	    "{\"code\":\"zh-Hant\"},{\"code\":\"tlh\"},{\"code\":\"ger\"},"
	    "{\"code\":\"SPA-419\"}]");
	assert_int_equal(facts.languages_count, 6);
	CHECK_TEXT(facts.languages[0], "uk");
	CHECK_TEXT(facts.languages[1], "ru");
	CHECK_TEXT(facts.languages[2], "zh-hant");
	CHECK_TEXT(facts.languages[3], "tlh");
	CHECK_TEXT(facts.languages[4], "de");
	CHECK_TEXT(facts.languages[5], "es-419");
}

static void
a_language_without_a_code_makes_the_languages_unknown(void **state)
{
	static const char *const BAD[] = { "{\"name\":\"Ukrainian\"}", "{\"code\":\"\"}",
		"{\"code\":\"english\"}", "{\"code\":\"e\"}", "{\"code\":\"en_\"}",
		"{\"code\":\"en-@\"}", "{\"code\":7}", "7" };

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		read_document(
		    "{\"id\":\"s\",\"name\":\"n\",\"languages\":[{\"code\":\"en\"},%s]}",
		    BAD[i]);
		assert_int_equal(facts.languages_count, 0);
	}
}

static void
too_many_languages_are_unknown(void **state)
{
	char members[2000] = "\"languages\":[{\"code\":\"en\"}";
	size_t length = strlen(members);

	(void)state;
	for (int i = 0; i < FACTS_LANGUAGES_MAX; i++)
		length += (size_t)snprintf(members + length, sizeof members - length,
		    ",{\"code\":\"q%c\"}", 'a' + i);
	strcpy(members + length, "]");
	read_service(members);
	assert_int_equal(facts.languages_count, 0);
}

static void
a_location_lends_its_languages_only_to_a_service_without(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[{\"location\":{\"languages\":[{\"code\":"
	             "\"pl\"}]}},{\"location\":{\"languages\":[{\"code\":\"uk\"}]}}]");
	assert_int_equal(facts.languages_count, 2);
	read_service(
	    "\"languages\":[{\"code\":\"en\"}],\"service_at_locations\":[{\"location\":"
	    "{\"languages\":[{\"code\":\"pl\"}]}}]");
	assert_int_equal(facts.languages_count, 1);
	CHECK_TEXT(facts.languages[0], "en");
}

static void
free_text_on_interpreters_says_yes_no_or_nothing(void **state)
{
	static const struct {
		const char *text;
		enum flag expected;
	} CASES[] = {
		{ "Available in Urdu", FLAG_YES },
		{ "Norwegian on Mondays", FLAG_YES },
		{ "None", FLAG_NO },
		{ "not available", FLAG_NO },
		{ "Немає", FLAG_NO },
		{ "No appointment needed", FLAG_ABSENT },
		{ "N/A", FLAG_ABSENT },
		{ "", FLAG_ABSENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		read_document(
		    "{\"id\":\"s\",\"name\":\"n\",\"interpretation_services\":\"%s\"}",
		    CASES[i].text);
		assert_int_equal(facts.interpreter, CASES[i].expected);
	}
}

static void
areas_are_place_codes_of_the_service_and_its_places(void **state)
{
	(void)state;
	read_service("\"service_areas\":[{\"uri\":\"urn:place:UA26\"},{\"uri\":\"URN:"
	             "place:UA26\"}],"
	             "\"service_at_locations\":[{\"service_areas\":[{\"uri\":\"urn:place:"
	             "UA44\"}]}]");
	assert_int_equal(facts.areas_count, 2);
	CHECK_TEXT(facts.areas[0], "UA26");
	CHECK_TEXT(facts.areas[1], "UA44");
}

static void
an_area_that_is_not_understood_is_told_of(void **state)
{
	static const char *const BAD[] = { "{\"name\":\"the county\"}",
		"{\"uri\":\"urn:place:\"}", "{\"uri\":\"http://example.com\"}", "7" };

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		read_document("{\"id\":\"s\",\"name\":\"n\",\"service_areas\":[{\"uri\":"
		              "\"urn:place:A\"},%s]}",
		    BAD[i]);
		assert_int_equal(facts.areas_count, 1);
		assert_true(facts.is_area_unclear);
		read_document("{\"id\":\"s\",\"name\":\"n\",\"service_areas\":[{\"uri\":"
		              "\"urn:place:A\"}],\"service_at_locations\":[{\"service_"
		              "areas\":[%s]}]}",
		    BAD[i]);
		assert_int_equal(facts.areas_count, 1);
		assert_true(facts.is_area_unclear);
	}
}

static void
areas_beyond_the_limit_are_told_of(void **state)
{
	char members[4000] = "\"service_areas\":[{\"uri\":\"urn:place:X\"}";
	size_t length = strlen(members);

	(void)state;
	for (int i = 0; i < FACTS_AREAS_MAX; i++)
		length += (size_t)snprintf(members + length, sizeof members - length,
		    ",{\"uri\":\"urn:place:%d\"}", i);
	strcpy(members + length, "]");
	read_service(members);
	assert_int_equal(facts.areas_count, FACTS_AREAS_MAX);
	assert_true(facts.is_area_unclear);
}

#define LOCATION(kind, lat, lon)                                                         \
	"{\"location\":{\"location_type\":\"" kind "\",\"latitude\":" lat                \
	",\"longitude\":" lon "}}"

static void
points_are_those_of_physical_locations(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[" LOCATION(
	    "physical", "48.9", "24.7") "," LOCATION("physical", "48.9",
	    "24.7") "," LOCATION("virtual", "1", "1") "," LOCATION("postal", "2",
	    "2") "," LOCATION("physical", "-33", "-70.5") "]");
	assert_int_equal(facts.points_count, 2);
	assert_true(facts.points[0].lat == 48.9 && facts.points[0].lon == 24.7);
	assert_true(facts.points[1].lat == -33 && facts.points[1].lon == -70.5);
}

static void
a_hidden_address_lends_only_a_rough_point(void **state)
{
	(void)state;
	read_document(
	    "{\"id\":\"s1\",\"name\":\"n\",\"attributes\":[{\"label\":"
	    "\"confidentiality\",\"value\":\"address_hidden\",\"taxonomy_term\":{"
	    "\"code\":\"c\",\"taxonomy\":\"hearthline-facts\"}}],"
	    "\"service_at_locations\":[" LOCATION("physical", "48.9172", "24.7149") "]}");
	assert_int_equal(facts.points_count, 1);
	assert_true(facts.points[0].lat == 48.9 && facts.points[0].lon == 24.7);
}

#define HOUSE(secrecy, lat, city)                                                        \
	"{\"id\":\"" city "\",\"schedules\":[{\"freq\":\"WEEKLY\",\"byday\":\"MO\","     \
	"\"opens_at\":\"09:00Z\",\"closes_at\":\"1" lat ":00Z\"}],\"location\":{"        \
	"\"location_type\":\"physical\",\"latitude\":" lat ".123,\"longitude\":24.7149," \
	"\"languages\":[{\"code\":\"" city "\"}],\"addresses\":[{\"city\":\"" city       \
	"\"}],\"attributes\":[" secrecy "]}}"

static bool
knows_town(const char *city)
{
	for (uint32_t i = 0; i < facts.wordings_count; i++)
		if (facts.wordings[i].of == WORDING_OF_PLACE &&
		    text_is(facts.wordings[i].text, city))
			return true;
	return false;
}

static void
a_place_that_hides_its_address_leaves_the_others_their_points_and_towns(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[" HOUSE(SECRECY("address_hidden"), "1",
	    "de") "," HOUSE(SECRECY("public"), "2", "uk") "]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_address_hidden);
	assert_int_equal(facts.points_count, 2);
	assert_true(facts.points[0].lat == 1.1 && facts.points[0].lon == 24.7);
	assert_true(facts.points[1].lat == 2.123 && facts.points[1].lon == 24.7149);
	assert_int_equal(facts.open_points, 2);
	assert_true(knows_town("uk"));
	assert_false(knows_town("de"));
	read_service("\"attributes\":[" SECRECY(
	    "address_hidden") "],\"service_at_locations\":[" HOUSE(SECRECY("public"), "2",
	    "uk") "]");
	assert_true(facts.points[0].lat == 2.1 && facts.open_points == 0);
	assert_false(knows_town("uk"));
	read_service("\"service_at_locations\":[" HOUSE(SECRECY("public"), "2",
	    "uk") "," HOUSE(SECRECY("address_hidden"), "2", "de") "]");
	assert_int_equal(facts.points_count, 1);
	assert_true(facts.points[0].lat == 2.1 && facts.open_points == 0);
}

static void
a_place_for_cleared_roles_is_passed_over_where_there_are_others(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[" HOUSE(
	    SECRECY("cleared"), "1", "de") "," HOUSE(SECRECY("public"), "2", "uk") "]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_public);
	assert_int_equal(facts.points_count, 1);
	assert_true(facts.points[0].lat == 2.123);
	assert_int_equal(facts.hours_count, 1);
	assert_int_equal(facts.languages_count, 1);
	assert_true(text_is(facts.languages[0], "uk"));
	assert_true(knows_town("uk") && !knows_town("de"));
	read_service("\"service_at_locations\":[" HOUSE(
	    SECRECY("cleared"), "1", "de") "," HOUSE(SECRECY("anything"), "2", "uk") "]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_cleared);
	assert_int_equal(facts.points_count, 2);
	assert_int_equal(facts.hours_count, 2);
	read_service("\"attributes\":[" SECRECY(
	    "cleared") "],\"service_at_locations\":[" HOUSE(SECRECY("cleared"), "1",
	    "de") "," HOUSE(SECRECY("public"), "2", "uk") "]");
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_cleared);
	assert_int_equal(facts.points_count, 2);
}

static void
points_that_are_none_are_passed_over(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[" LOCATION(
	    "physical", "0", "0") "," LOCATION("physical", "90.1",
	    "1") "," LOCATION("physical", "1", "180.1") "," LOCATION("physical", "\"1\"",
	    "1") "," LOCATION("physical", "null", "1") ",7]");
	assert_int_equal(facts.points_count, 0);
}

static void
a_radius_around_points_that_do_not_fit_is_unknown(void **state)
{
	char members[4000] = "\"attributes\":[{\"label\":\"radius_km\",\"value\":\"5\","
	                     "\"taxonomy_term\":{\"taxonomy\":\"hearthline-facts\"}}],"
	                     "\"service_at_locations\":[";
	size_t length = strlen(members);

	(void)state;
	for (int i = 0; i <= FACTS_POINTS_MAX; i++) {
		length += (size_t)snprintf(members + length, sizeof members - length,
		    "%s{\"location\":{\"location_type\":\"physical\",\"latitude\":1,"
		    "\"longitude\":%d}}",
		    i ? "," : "", i);
		if (i == FACTS_POINTS_MAX - 1) {
			strcpy(members + length, "]");
			read_service(members);
			assert_true(facts.radius_km == 5);
		}
	}
	strcpy(members + length, "]");
	read_service(members);
	assert_int_equal(facts.points_count, FACTS_POINTS_MAX);
	assert_true(isnan(facts.radius_km));
}

static void
the_scarcest_capacity_counts(void **state)
{
	(void)state;
	read_service(
	    "\"capacities\":[{\"available\":12,\"maximum\":10,\"updated\":"
	    "\"2026-11-20T08:00:00Z\"},{\"maximum\":5},{\"available\":2,\"maximum\":24,"
	    "\"updated\":\"1970-01-01T00:00:01Z\"},{\"available\":-1},{\"available\":3}"
	    "]");
	assert_true(facts.available == 2 && facts.maximum == 24);
	assert_true(facts.capacity_at == 1000);
	read_service("\"capacities\":[{\"available\":0,\"updated\":\"yesterday\"}]");
	assert_true(facts.available == 0 && isnan(facts.maximum));
	assert_true(facts.capacity_at == TIME_ABSENT);
}

/* ---- what HSDS has no member for, and what is only shown ---- */

#define FACT(key, value)                                                                 \
	"{\"label\":\"" key "\",\"value\":\"" value                                      \
	"\",\"taxonomy_term\":{\"taxonomy\":\"hearthline-facts\"}}"

static void
residences_are_place_codes_and_others_are_told_of(void **state)
{
	(void)state;
	read_service("\"attributes\":[" FACT("residence", "urn:place:UA26") "," FACT(
	    "residence", "94010") "," FACT("residence", "urn:place:UA26") "]");
	assert_int_equal(facts.residences_count, 2);
	CHECK_TEXT(facts.residences[0], "UA26");
	CHECK_TEXT(facts.residences[1], "94010");
	assert_false(facts.is_residence_unclear);
	read_service("\"attributes\":[" FACT("residence", "San Mateo County") "]");
	assert_int_equal(facts.residences_count, 0);
	assert_true(facts.is_residence_unclear);
	read_service("\"attributes\":[" FACT("residence", "urn:place:") "]");
	assert_true(facts.is_residence_unclear);
}

static void
methods_and_costs_are_those_that_are_named(void **state)
{
	(void)state;
	read_service("\"attributes\":[" FACT("referral_method", "phone") "," FACT(
	    "referral_method", "walk_in") "," FACT("referral_method",
	    "pigeon") "," FACT("cost", "sliding") "],\"cost_options\":[{\"amount\":0}]");
	assert_int_equal(facts.referral_methods,
	    1U << referral_method_phone | 1U << referral_method_walk_in);
	assert_int_equal(facts.costs, 1U << cost_sliding);
	read_service("\"cost_options\":[{\"amount\":0},{\"amount\":0.0}]");
	assert_int_equal(facts.costs, 1U << cost_free);
	read_service("\"cost_options\":[{\"amount\":5}]");
	assert_int_equal(facts.costs, 1U << cost_fee);
	read_service("\"cost_options\":[{\"amount\":0},{\"amount\":5}]");
	assert_int_equal(facts.costs, 0);
	read_service("\"cost_options\":[{\"amount\":0},{\"option\":\"adults\"}]");
	assert_int_equal(facts.costs, 0);
}

static void
a_notice_is_there_while_it_holds(void **state)
{
	(void)state;
	read_service("\"alert\":\"Moved\",\"attributes\":[" FACT(
	    "notice_starts", "2026-11-20") "," FACT("notice_ends", "2026-11-21") "]");
	assert_true(facts_notice(&facts, FRIDAY_8_MS - 9 * 60 * MINUTE_MS).at == NULL);
	CHECK_TEXT(facts_notice(&facts, FRIDAY_8_MS), "Moved");
	CHECK_TEXT(facts_notice(&facts, FRIDAY_8_MS + 39 * 60 * MINUTE_MS), "Moved");
	assert_true(facts_notice(&facts, FRIDAY_8_MS + 40 * 60 * MINUTE_MS).at == NULL);
	read_service(
	    "\"alert\":\"Moved\",\"attributes\":[" FACT("notice_ends", "some day") "]");
	CHECK_TEXT(facts_notice(&facts, FRIDAY_8_MS), "Moved");
	read_service("");
	assert_true(facts_notice(&facts, FRIDAY_8_MS).at == NULL);
}

static void
verified_is_another_day_than_changed(void **state)
{
	(void)state;
	read_service("\"last_modified\":\"2026-11-19\"");
	assert_true(facts.verified_at == TIME_ABSENT);
	read_service("\"assured_date\":\"2026-11-20\"");
	assert_true(facts.verified_at == FRIDAY_8_MS - 8 * 60 * MINUTE_MS);
}

static void
accessibility_counts_where_it_says_one_thing(void **state)
{
	(void)state;
#define ACCESS(says)                                                                     \
	"\"service_at_locations\":[{\"location\":{\"accessibility\":[{\"description\":"  \
	"\"" says "\"}]}}]"
	read_service(ACCESS("Wheelchair"));
	assert_int_equal(facts.difficulties, 1U << difficulty_walking);
	read_service(ACCESS("No wheelchair access"));
	assert_int_equal(facts.difficulties, 0);
}

static void
questions_and_a_time_to_live_are_kept(void **state)
{
	(void)state;
	read_service("\"attributes\":[" FACT("question", "Veterans first?") "," FACT(
	    "capacity_ttl_hours", "36") "," FACT("question", "b") "," FACT("question",
	    "c") "," FACT("question", "d") "," FACT("question", "e") "]");
	assert_int_equal(facts.questions_count, FACTS_QUESTIONS_MAX);
	CHECK_TEXT(facts.questions[0], "Veterans first?");
	assert_true(facts.capacity_ttl_hours == 36);
	assert_int_equal(facts.terms_count, 0);
}

/* ---- hours ---- */

static void
read_schedules(const char *schedules)
{
	read_document("{\"id\":\"s\",\"name\":\"n\",\"schedules\":[%s]}", schedules);
}

#define WEEKLY(days, opens, closes)                                                      \
	"{\"freq\":\"WEEKLY\",\"byday\":\"" days "\",\"opens_at\":\"" opens              \
	"\",\"closes_at\":\"" closes "\""

/* Minutes of the week from Monday, 00:00 UTC, of 2026-11-16. */
static enum flag
open_on(int day, int minute)
{
	int64_t at_ms = FRIDAY_8_MS + ((day - 4) * 1440 + minute - 480) * MINUTE_MS;

	return hours_open_at(facts.hours, facts.hours_count, at_ms);
}

static enum flag
open_at(const char *time)
{
	int64_t at_ms;

	assert_true(clock_parse(text_of(time), &at_ms));
	return hours_open_at(facts.hours, facts.hours_count, at_ms);
}

/* Open exactly then, that week. */
static void
check_hours(int day, int opens, int closes)
{
	assert_int_not_equal(open_on(day, opens - 1), FLAG_YES);
	assert_int_equal(open_on(day, opens), FLAG_YES);
	assert_int_equal(open_on(day, closes - 1), FLAG_YES);
	assert_int_not_equal(open_on(day, closes), FLAG_YES);
}

static void
weekly_schedules_become_hours(void **state)
{
	(void)state;
	read_schedules(
	    WEEKLY("MO, we ,SU", "09:30", "18:00:59") ",\"timezone\":2}," WEEKLY(
	        "MO", "20:00", "02:00") ",\"timezone\":2,\"interval\":1}");
	assert_int_equal(facts.hours_count, 2);
	check_hours(0, 450, 960);
	check_hours(2, 450, 960);
	check_hours(6, 450, 960);
	check_hours(0, 1080, 1440);
	assert_int_equal(open_on(1, 600), FLAG_NO);
}

static void
midnight_to_a_minute_before_is_the_whole_day(void **state)
{
	(void)state;
	read_schedules(WEEKLY("TU", "00:00", "23:59") "}");
	check_hours(1, 0, 1440);
	read_schedules(WEEKLY("TU", "00:00:00Z", "24:00Z") "}");
	check_hours(1, 0, 1440);
	read_schedules(WEEKLY("TU", "18:00", "23:59") "}");
	check_hours(1, 1080, 1439);
}

static void
a_time_says_its_offset_or_the_schedule_or_it_is_utc(void **state)
{
	static const struct {
		const char *offset;
		const char *more;
		int expected;
	} CASES[] = {
		{ "", "\"timezone\":null", 0 },
		{ "", "\"timezone\":-8", -480 },
		{ "", "\"timezone\":5.5", 330 },
		{ "", "\"timezone\":14", 840 },
		{ "Z", "\"timezone\":3", 0 },
		{ "+02:00", "\"timezone\":3", 120 },
		{ "-0330", "\"timezone\":null", -210 },
		{ "+05", "\"timezone\":null", 300 },
		{ "", "\"x_timezone\":\"Europe/Kyiv\",\"timezone\":3", 120 },
		{ "", "\"x_timezone\":\"America/Los_Angeles\"", -480 },
		{ "", "\"x_timezone\":\"Europe/Kyiv\",\"x_parsed\":true", 120 },
		{ "", "\"timezone\":2,\"x_parsed\":true", 120 },
		{ "Z", "\"x_timezone\":\"Europe/Kyiv\"", 0 },
		{ "", "\"x_timezone\":\"\"},{\"description\":\"words\",\"x_parsed\":true",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		read_document("{\"id\":\"s\",\"name\":\"n\",\"schedules\":[{\"freq\":"
		              "\"WEEKLY\",\"byday\":\"FR\","
		              "\"opens_at\":\"09:00%s\",\"closes_at\":\"10:00%s\","
		              "%s}]}",
		    CASES[i].offset, CASES[i].offset, CASES[i].more);
		check_hours(4, 540 - CASES[i].expected, 600 - CASES[i].expected);
	}
}

static void
a_zone_s_summer_time_moves_the_door(void **state)
{
	(void)state;
	read_document("{\"id\":\"s\",\"name\":\"n\",\"x_timezone\":\"Europe/Kyiv\","
	              "\"schedules\":[" WEEKLY("MO,TU,WE,TH,FR", "09:00", "18:00") "}]}");
	assert_int_equal(open_at("2026-07-15T06:00:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-07-15T15:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-15T06:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-15T15:59:00Z"), FLAG_YES);
}

static const char *const NOT_UNDERSTOOD[] = {
	"{}",
	"7",
	"{\"description\":\"Monday-Friday, 8-5\"}",
	"{\"freq\":\"YEARLY\",\"byday\":\"TU\",\"opens_at\":\"09:00\",\"closes_"
	"at\":"
	"\"10:00\"}",
	WEEKLY("2TU", "09:00", "10:00") "}",
	WEEKLY("MO", "09:00", "10:00") ",\"x_parsed\":true}",
	WEEKLY("", "09:00", "10:00") "}",
	WEEKLY("XX", "09:00", "10:00") "}",
	WEEKLY("MOTU", "09:00", "10:00") "}",
	WEEKLY("MO", "9:00", "10:00") "}",
	WEEKLY("MO", "09.00", "10:00") "}",
	WEEKLY("MO", "09:60", "10:00") "}",
	WEEKLY("MO", "24:00", "10:00") "}",
	WEEKLY("MO", "09:00", "24:01") "}",
	WEEKLY("MO", "09:00", "24:00:01") "}",
	WEEKLY("MO", "09:00", "09:00") "}",
	WEEKLY("MO", "09:00", "10:00+01:00") "}",
	WEEKLY("MO", "09:00+01:00", "10:00+02:00") "}",
	WEEKLY("MO", "09:00+15:00", "10:00+15:00") "}",
	WEEKLY("MO", "09:00x", "10:00x") "}",
	WEEKLY("MO", "", "10:00") "}",
	WEEKLY("MO", "09:00", "10:00") ",\"interval\":2}",
	WEEKLY("MO", "09:00", "10:00") ",\"interval\":0}",
	WEEKLY("MO", "09:00", "10:00") ",\"interval\":\"2 or 3\","
	                               "\"dtstart\":\"2026-01-01\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"count\":3}",
	WEEKLY("MO", "09:00", "10:00") ",\"byweekno\":\"41\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"bymonthday\":\"1\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"byyearday\":\"1\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"timezone\":\"EST\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"timezone\":15}",
	WEEKLY("MO", "09:00", "10:00") ",\"timezone\":0.001}",
	WEEKLY("MO", "09:00", "10:00") ",\"timezone\":1}",
	WEEKLY("MO", "09:00", "10:00") ",\"x_timezone\":\"Mars/Base\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"x_timezone\":3}",
	WEEKLY("MO", "09:00", "10:00") ",\"valid_from\":\"2026-02-29\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"until\":\"2026-12-31T12:00:00Z\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"valid_from\":\"2026-02-02\","
	                               "\"valid_to\":\"2026-02-01\"}",
	WEEKLY("MO", "09:00", "10:00") ",\"x_closed\":true}",
	WEEKLY("MO", "09:00", "10:00") ",\"x_closed\":\"yes\"}",
	"{\"valid_from\":\"2026-12-25\",\"x_closed\":true}",
	"{\"freq\":\"MONTHLY\",\"byday\":\"6MO\",\"opens_at\":\"09:00\","
	"\"closes_at\":\"10:00\"}",
	"{\"freq\":\"MONTHLY\",\"bymonthday\":\"32\",\"opens_at\":\"09:00\","
	"\"closes_at\":\"10:00\"}",
	"{\"freq\":\"MONTHLY\",\"opens_at\":\"09:00\",\"closes_at\":\"10:00\"}",
};

static void
one_schedule_not_understood_leaves_all_hours_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof NOT_UNDERSTOOD / sizeof *NOT_UNDERSTOOD; i++) {
		read_document("{\"id\":\"s\",\"name\":\"n\",\"schedules\":[%s},%s]}",
		    WEEKLY("MO", "08:00", "12:00"), NOT_UNDERSTOOD[i]);
		assert_int_equal(facts.hours_count, 0);
		assert_int_equal(open_on(0, 600), FLAG_ABSENT);
	}
}

static void
an_exception_stands_in_place_of_the_usual_hours(void **state)
{
#define DATES(from, to)                                                                  \
	"\"valid_from\":\"2026-12-" from "\",\"valid_to\":\"2026-12-" to "\"}"
	(void)state;
	read_schedules(
	    WEEKLY("MO,TU,WE,TH,FR", "09:00", "18:00") "},{\"x_closed\":true," DATES("24",
	        "25") ",{\"opens_at\":\"12:00\",\"closes_at\":\"14:00\"," DATES("26",
	        "28") ",{\"description\":\"shorter?\"," DATES("29", "29"));
	assert_int_equal(facts.hours_count, 4);
	assert_int_equal(open_at("2026-12-23T10:00:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-12-24T10:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-25T10:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-26T13:00:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-12-28T10:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-29T10:00:00Z"), FLAG_ABSENT);
	assert_int_equal(open_at("2026-12-30T10:00:00Z"), FLAG_YES);
	read_schedules("{\"x_closed\":true," DATES("25", "25"));
	assert_int_equal(open_at("2026-12-25T10:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-24T10:00:00Z"), FLAG_ABSENT);
}

static void
the_nearest_schedule_counts_at_each_place(void **state)
{
	(void)state;
#define AT(days) "\"schedules\":[" WEEKLY(days, "09:00", "10:00") "}]"
	read_service(AT("MO") ",\"service_at_locations\":[{" AT(
	    "TU") ",\"location\":{" AT("WE") "}}]");
	assert_int_equal(facts.hours_count, 1);
	check_hours(1, 540, 600);
	read_service(AT("MO") ",\"service_at_locations\":[{" AT(
	    "TU") "},{\"location\":{" AT("WE") "}}]");
	assert_int_equal(facts.hours_count, 2);
	check_hours(0, 540, 600);
	read_service("\"service_at_locations\":[{\"location\":{" AT("WE") "}}]");
	assert_int_equal(facts.hours_count, 1);
	check_hours(2, 540, 600);
	read_service(
	    AT("MO,MO") ",\"service_at_locations\":[{" AT("MO") "},{" AT("MO") "}]");
	assert_int_equal(facts.hours_count, 1);
}

static void
a_place_that_is_closed_does_not_close_another(void **state)
{
	(void)state;
	read_service("\"service_at_locations\":[{" AT("WE") "},{\"schedules\":[" WEEKLY(
	    "WE", "09:00", "10:00") "},{\"x_closed\":true," DATES("01", "31") "]}]");
	assert_int_equal(facts.hours_count, 3);
	assert_int_equal(open_at("2026-12-02T09:30:00Z"), FLAG_YES);
}

static void
more_hours_than_fit_are_unknown(void **state)
{
	char members[12000] = "";
	size_t length = 0;

	(void)state;
	for (int i = 0; i < FACTS_HOURS_MAX; i++)
		length += (size_t)snprintf(members + length, sizeof members - length,
		    "%s" WEEKLY("MO", "%02d:%02d", "23:00") "}", i ? "," : "", 8 + i / 8,
		    i % 8);
	read_schedules(members);
	assert_int_equal(facts.hours_count, FACTS_HOURS_MAX);
	strcpy(members + length, "," WEEKLY("MO", "22:00", "23:00") "}");
	read_schedules(members);
	assert_int_equal(facts.hours_count, 0);
}

static int
open_reader(void **state)
{
	(void)state;
	reader = facts_reader_new();
	return reader == NULL;
}

static int
close_reader(void **state)
{
	(void)state;
	facts_reader_free(reader);
	facts_reader_free(NULL);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_is_unknown),
		cmocka_unit_test(what_is_no_service_is_invalid),
		cmocka_unit_test(names_come_from_the_service_and_its_organization),
		cmocka_unit_test(translations_and_names_of_terms_are_wordings),
		cmocka_unit_test(towns_of_addresses_are_wordings_unless_one_is_hidden),
		cmocka_unit_test(ages_are_numbers_in_order_or_unknown),
		cmocka_unit_test(attributes_of_other_taxonomies_are_need_terms),
		cmocka_unit_test(terms_beyond_the_limit_are_left_out),
		cmocka_unit_test(own_facts_are_read_by_label),
		cmocka_unit_test(numbers_that_are_none_stay_unknown),
		cmocka_unit_test(a_referral_is_allowed_unless_it_says_no),
		cmocka_unit_test(secrecy_is_never_less_than_what_is_said),
		cmocka_unit_test(languages_are_short_codes_in_lower_case),
		cmocka_unit_test(a_language_without_a_code_makes_the_languages_unknown),
		cmocka_unit_test(too_many_languages_are_unknown),
		cmocka_unit_test(
		    a_location_lends_its_languages_only_to_a_service_without),
		cmocka_unit_test(free_text_on_interpreters_says_yes_no_or_nothing),
		cmocka_unit_test(areas_are_place_codes_of_the_service_and_its_places),
		cmocka_unit_test(an_area_that_is_not_understood_is_told_of),
		cmocka_unit_test(areas_beyond_the_limit_are_told_of),
		cmocka_unit_test(points_are_those_of_physical_locations),
		cmocka_unit_test(a_hidden_address_lends_only_a_rough_point),
		cmocka_unit_test(
		    a_place_that_hides_its_address_leaves_the_others_their_points_and_towns),
		cmocka_unit_test(
		    a_place_for_cleared_roles_is_passed_over_where_there_are_others),
		cmocka_unit_test(points_that_are_none_are_passed_over),
		cmocka_unit_test(a_radius_around_points_that_do_not_fit_is_unknown),
		cmocka_unit_test(the_scarcest_capacity_counts),
		cmocka_unit_test(residences_are_place_codes_and_others_are_told_of),
		cmocka_unit_test(methods_and_costs_are_those_that_are_named),
		cmocka_unit_test(a_notice_is_there_while_it_holds),
		cmocka_unit_test(verified_is_another_day_than_changed),
		cmocka_unit_test(accessibility_counts_where_it_says_one_thing),
		cmocka_unit_test(questions_and_a_time_to_live_are_kept),
		cmocka_unit_test(weekly_schedules_become_hours),
		cmocka_unit_test(midnight_to_a_minute_before_is_the_whole_day),
		cmocka_unit_test(a_time_says_its_offset_or_the_schedule_or_it_is_utc),
		cmocka_unit_test(a_zone_s_summer_time_moves_the_door),
		cmocka_unit_test(one_schedule_not_understood_leaves_all_hours_unknown),
		cmocka_unit_test(an_exception_stands_in_place_of_the_usual_hours),
		cmocka_unit_test(the_nearest_schedule_counts_at_each_place),
		cmocka_unit_test(a_place_that_is_closed_does_not_close_another),
		cmocka_unit_test(more_hours_than_fit_are_unknown),
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
