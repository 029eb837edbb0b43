/* SPDX-License-Identifier: Apache-2.0
 * Services whose prose says something. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_enrich.h"

#define ID "11111111-1111-4111-8111-111111111111"

static struct import_report report;
static json_t *made; /* the document, parsed again */

/* Takes the reference. */
static void
take(json_t *service)
{
	static const struct import_where WHERE = { 3, 4, TEXT_ABSENT };
	struct import_enrich enrich = { .report = &report };
	struct import_check check = {
		.source = LITERAL("test"),
		.report = &report,
		.where = &WHERE,
		.enrich = &enrich,
	};
	struct import_buffer document = { 0 };
	char id[ID_UUID_BYTES + 1];

	json_decref(made);
	import_report_free(&report);
	assert_int_equal(
	    import_check_service(&check, service, id, &document), IMPORT_FINE);
	made = json_loadb(document.bytes, document.length, 0, NULL);
	assert_non_null(made);
	json_decref(service);
	free(document.bytes);
}

static void
take_with(const char *members)
{
	char *json;
	json_t *service;

	assert_true(asprintf(&json,
	                "{\"id\":\"" ID "\",\"name\":\"Meals\",\"status\":\"active\",%s}",
	                members) > 0);
	service = json_loads(json, 0, NULL);
	if (service == NULL)
		fail_msg("no JSON: %s", json);
	free(json);
	take(service);
}

static size_t
count_facts(void)
{
	return json_array_size(json_object_get(made, "attributes"));
}

static void
what_an_earlier_import_read_from_prose_is_read_anew(void **state)
{
	(void)state;
	take_with(
	    "\"attributes\":["
	    "{\"label\":\"residence\",\"value\":\"UA01\",\"taxonomy_term\":"
	    "{\"code\":\"residence\",\"taxonomy\":\"hearthline-facts\"}},"
	    "{\"label\":\"difficulty\",\"value\":\"seeing\",\"x_evidence\":\"Blind.\","
	    "\"taxonomy_term\":{\"code\":\"difficulty\",\"taxonomy\":"
	    "\"hearthline-facts\"}},"
	    "{\"label\":\"theirs\",\"x_evidence\":\"Blind.\",\"taxonomy_term\":"
	    "{\"code\":\"food\",\"taxonomy\":\"theirs\"}}]");
	assert_int_equal(count_facts(), 2);
	assert_string_equal(
	    json_string_value(json_object_get(
	        json_array_get(json_object_get(made, "attributes"), 0), "label")),
	    "residence");
}

/* What stands at the n-th schedule of a part: "WEEKLY MO,TU 09:00-17:00"; "" for words. */
static const char *
schedule_at(const json_t *owner, size_t n)
{
	static char said[200];
	const json_t *schedule = json_array_get(json_object_get(owner, "schedules"), n);

	if (schedule == NULL)
		return "nothing";
	if (!json_is_true(json_object_get(schedule, "x_parsed")))
		return "";
	snprintf(said, sizeof said, "%s %s %s-%s",
	    json_string_value(json_object_get(schedule, "freq")),
	    json_string_value(json_object_get(schedule, "byday")),
	    json_string_value(json_object_get(schedule, "opens_at")),
	    json_string_value(json_object_get(schedule, "closes_at")));
	return said;
}

static void
hours_in_prose_become_schedules_beside_their_words(void **state)
{
	const struct import_share *share = &report.understood[IMPORT_UNDERSTOOD_hours];
	char *before, *again;

	(void)state;
	take_with("\"schedules\":[{\"description\":\"Mon, Tue 8-12, 1-5\"},"
	          "{\"description\":\"first Sat. 24 hours; Fri 4 pm-midnight\"}]");
	assert_string_equal(schedule_at(made, 0), "");
	assert_string_equal(schedule_at(made, 1), "");
	assert_string_equal(schedule_at(made, 2), "WEEKLY MO,TU 08:00-12:00");
	assert_string_equal(schedule_at(made, 3), "WEEKLY MO,TU 13:00-17:00");
	assert_string_equal(schedule_at(made, 4), "MONTHLY 1SA 00:00-23:59");
	assert_string_equal(schedule_at(made, 5), "WEEKLY FR 16:00-00:00");
	assert_string_equal(schedule_at(made, 6), "nothing");
	assert_int_equal(share->of, 1);
	assert_int_equal(share->understood, 1);
	before = json_dumps(json_object_get(made, "schedules"), JSON_SORT_KEYS);
	take(json_pack("{s:s, s:s, s:s, s:O}", "id", ID, "name", "Meals", "status",
	    "active", "schedules", json_object_get(made, "schedules")));
	again = json_dumps(json_object_get(made, "schedules"), JSON_SORT_KEYS);
	assert_string_equal(again, before);
	free(before);
	free(again);
}

static void
hours_that_are_not_certain_stay_words_and_are_counted(void **state)
{
	const struct import_share *share = &report.understood[IMPORT_UNDERSTOOD_hours];

	(void)state;
	take_with("\"schedules\":[{\"description\":\"Mondays, call first\"}],"
	          "\"service_at_locations\":[{\"schedules\":[{\"description\":\"-\"}]}]");
	assert_string_equal(schedule_at(made, 0), "");
	assert_string_equal(schedule_at(made, 1), "nothing");
	assert_int_equal(share->of, 1);
	assert_int_equal(share->understood, 0);
	assert_int_equal(report.counts[IMPORT_hours_not_understood], 1);
}

static void
hours_that_the_publisher_gives_are_left_alone(void **state)
{
	(void)state;
	take_with("\"schedules\":[{\"description\":\"Mon 9-5\"},"
	          "{\"freq\":\"WEEKLY\",\"byday\":\"MO\"}]");
	assert_string_equal(schedule_at(made, 1), "");
	assert_string_equal(schedule_at(made, 2), "nothing");
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_hours].of, 0);
}

static void
hours_at_a_place_become_schedules_of_the_place(void **state)
{
	const json_t *place, *location;

	(void)state;
	take_with("\"service_at_locations\":[{\"location\":{\"schedules\":["
	          "{\"description\":\"вт 9.00-12.00 за записом\"}]}}]");
	place = json_array_get(json_object_get(made, "service_at_locations"), 0);
	location = json_object_get(place, "location");
	assert_string_equal(schedule_at(location, 1), "WEEKLY TU 09:00-12:00");
	assert_true(json_is_true(
	    json_object_get(json_array_get(json_object_get(location, "schedules"), 1),
	        "x_by_appointment")));
}

static void
a_service_of_the_night_says_am_and_pm(void **state)
{
	(void)state;
	take_with("\"description\":\"Beds for the NIGHT.\",\"schedules\":["
	          "{\"description\":\"Daily 7-6\"}]");
	assert_string_equal(schedule_at(made, 1), "nothing");
	take_with("\"description\":\"Meals.\",\"schedules\":["
	          "{\"description\":\"Daily 7-6\"}]");
	assert_string_equal(
	    schedule_at(made, 1), "WEEKLY MO,TU,WE,TH,FR,SA,SU 07:00-18:00");
}

/* "LABEL VALUE; ..." of the service's facts. */
static const char *
facts(void)
{
	static char said[1000];
	size_t length = 0;
	size_t index;
	const json_t *attribute;

	said[0] = '\0';
	json_array_foreach(json_object_get(made, "attributes"), index, attribute)
	{
		assert_non_null(json_object_get(attribute, "x_evidence"));
		length += (size_t)snprintf(said + length, sizeof said - length, "%s%s %s",
		    index > 0 ? "; " : "",
		    json_string_value(json_object_get(attribute, "label")),
		    json_string_value(json_object_get(attribute, "value")));
	}
	return said;
}

static void
eligibility_in_prose_becomes_rules_with_their_sentence(void **state)
{
	const struct import_share *share =
	    &report.understood[IMPORT_UNDERSTOOD_eligibility];

	(void)state;
	take_with("\"eligibility_description\":\"Children 6 months-4 years\"");
	assert_string_equal(facts(), "minimum_age 0.5; maximum_age 4");
	assert_true(json_real_value(json_object_get(made, "minimum_age")) == 0.5);
	assert_int_equal(json_integer_value(json_object_get(made, "maximum_age")), 4);
	assert_int_equal(share->of, 1);
	assert_int_equal(share->understood, 1);
	json_object_set_new(made, "eligibility_description", json_string("ВПО"));
	json_object_del(made, "x_source");
	take(json_incref(made));
	assert_string_equal(facts(), "displacement idp");
	assert_null(json_object_get(made, "minimum_age"));
	assert_null(json_object_get(made, "maximum_age"));
}

static void
what_is_no_rule_is_asked_and_cut_where_it_is_long(void **state)
{
	(void)state;
	take_with("\"eligibility_description\":\"Call first. Age 60 or over, or frail\"");
	assert_string_equal(
	    facts(), "question Call first; question Age 60 or over, or frail");
	assert_int_equal(report.counts[IMPORT_eligibility_in_words], 1);
	assert_int_equal(report.understood[IMPORT_UNDERSTOOD_eligibility].understood, 0);
	take_with("\"eligibility_description\":\""
	          "ййййййййййййййййййййййййййййййййййййййййййййййййййййййййййййййййй"
	          "ййййййййййййййййййййййййййййййййййййййййййййййййй\"");
	assert_int_equal(strlen(facts()), strlen("question ") + 199);
	assert_non_null(strstr(facts(), "й\xe2\x80\xa6"));
}

static void
what_the_publisher_says_of_ages_and_kinds_stands(void **state)
{
	(void)state;
	take_with("\"maximum_age\":99,\"eligibility_description\":\"Age 60 or over\"");
	assert_null(json_object_get(made, "minimum_age"));
	assert_int_equal(count_facts(), 0);
	take_with("\"eligibility_description\":\"Refugees\",\"attributes\":["
	          "{\"label\":\"displacement\",\"value\":\"idp\",\"taxonomy_term\":"
	          "{\"code\":\"displacement\",\"taxonomy\":\"hearthline-facts\"}}]");
	assert_int_equal(count_facts(), 1);
}

static void
the_report_says_how_much_of_the_prose_is_understood(void **state)
{
	const struct import_summary summary = { .file = "f.json", .source = "test" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	report = (struct import_report){ 0 };
	report.understood[IMPORT_UNDERSTOOD_hours] = (struct import_share){ 8, 7 };
	import_report_print(&report, &summary, out);
	assert_true(import_report_json(&report, &summary, out));
	fclose(out);
	assert_non_null(
	    strstr(text, "understood: hours                      7  of 8 (87.5 %)\n"));
	assert_null(strstr(text, "understood: places"));
	assert_non_null(
	    strstr(text, "\"understood\":{\"hours\":{\"of\":8,\"understood\":7},"));
	free(text);
}

static int
end(void **state)
{
	(void)state;
	json_decref(made);
	import_report_free(&report);
	return 0;
}

/* The zone of the n-th schedule of a service at an address; "" for none. */
static const char *
zone_at(const char *times, const char *addresses, size_t n)
{
	char *members;
	const char *zone;

	assert_true(asprintf(&members, "\"schedules\":[%s],\"service_at_locations\":[%s]",
	                times, addresses) > 0);
	take_with(members);
	free(members);
	zone = json_string_value(json_object_get(
	    json_array_get(json_object_get(made, "schedules"), n), "x_timezone"));
	return zone ? zone : "";
}

#define NINE_WITH(more)                                                                  \
	"{\"freq\":\"WEEKLY\",\"byday\":\"MO\",\"opens_at\":\"09:00\"," more "}"
#define NINE NINE_WITH("\"closes_at\":\"17:00\"")
#define ADDRESS(country, state)                                                          \
	"{\"country\":\"" country "\",\"state_province\":\"" state "\"}"
#define AT(addresses) "{\"location\":{\"name\":\"l\",\"addresses\":[" addresses "]}}"

static void
hours_without_a_zone_have_that_of_the_address_where_there_is_one(void **state)
{
	static const struct {
		const char *addresses, *zone;
	} CASES[] = {
		{ AT(ADDRESS("UA", "Закарпатська")), "Europe/Kyiv" },
		{ AT(ADDRESS("ua", "")), "Europe/Kyiv" },
		{ AT(ADDRESS("US", "CA")), "America/Los_Angeles" },
		{ AT(ADDRESS("US", "new york")), "America/New_York" },
		{ AT(ADDRESS("US", "TX")), "" }, /* two */
		{ AT(ADDRESS("", "CA")), "" },   /* Canada's? */
		{ AT(""), "" },
		{ "", "" },
		{ AT(ADDRESS("UA", "")) "," AT(ADDRESS("UA", "")), "Europe/Kyiv" },
		{ AT(ADDRESS("UA", "")) "," AT(ADDRESS("PL", "")), "" },
		{ AT(ADDRESS("UA", "")) "," AT(""), "" },
		{ AT(ADDRESS("UA", "") "," ADDRESS("PL", "")), "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_string_equal(zone_at(NINE, CASES[i].addresses, 0), CASES[i].zone);
		assert_int_equal(
		    report.counts[IMPORT_zone_derived], CASES[i].zone[0] != '\0');
		assert_string_equal(zone_at("{\"description\":\"Mon 9:00-17:00\"}",
		                        CASES[i].addresses, 1),
		    CASES[i].zone);
	}
	take_with("\"service_at_locations\":[{\"schedules\":[" NINE "],"
	          "\"location\":{\"schedules\":[" NINE
	          "],\"addresses\":[" ADDRESS("PL", "") "]}}," AT(ADDRESS("UA", "")) "]");
	for (int i = 0; i < 2; i++) {
		const json_t *place =
		    json_array_get(json_object_get(made, "service_at_locations"), 0);
		const json_t *owner = i == 0 ? place : json_object_get(place, "location");

		assert_string_equal(
		    json_string_value(json_object_get(
		        json_array_get(json_object_get(owner, "schedules"), 0),
		        "x_timezone")),
		    "Europe/Warsaw");
	}
}

static void
hours_that_say_their_zone_keep_it(void **state)
{
	static const struct {
		const char *times, *zone;
	} CASES[] = {
		{ NINE_WITH("\"timezone\":3"), "" },
		{ NINE_WITH("\"x_timezone\":\"Europe/Paris\""), "Europe/Paris" },
		{ NINE_WITH("\"closes_at\":\"17:00Z\""), "" },
		{ NINE_WITH("\"closes_at\":\"17:00+03:00\""), "" },
		{ "{\"x_closed\":true,\"valid_from\":\"2026-12-24\"}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
		assert_string_equal(
		    zone_at(CASES[i].times, AT(ADDRESS("UA", "")), 0), CASES[i].zone);
	take_with("\"x_timezone\":\"Europe/Paris\",\"schedules\":[" NINE
	          "],\"service_at_locations\":[" AT(ADDRESS("UA", "")) "]");
	assert_null(json_object_get(
	    json_array_get(json_object_get(made, "schedules"), 0), "x_timezone"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    hours_without_a_zone_have_that_of_the_address_where_there_is_one),
		cmocka_unit_test(hours_that_say_their_zone_keep_it),
		cmocka_unit_test(what_an_earlier_import_read_from_prose_is_read_anew),
		cmocka_unit_test(hours_in_prose_become_schedules_beside_their_words),
		cmocka_unit_test(hours_that_are_not_certain_stay_words_and_are_counted),
		cmocka_unit_test(hours_that_the_publisher_gives_are_left_alone),
		cmocka_unit_test(hours_at_a_place_become_schedules_of_the_place),
		cmocka_unit_test(a_service_of_the_night_says_am_and_pm),
		cmocka_unit_test(eligibility_in_prose_becomes_rules_with_their_sentence),
		cmocka_unit_test(what_is_no_rule_is_asked_and_cut_where_it_is_long),
		cmocka_unit_test(what_the_publisher_says_of_ages_and_kinds_stands),
		cmocka_unit_test(the_report_says_how_much_of_the_prose_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
