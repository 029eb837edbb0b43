/* SPDX-License-Identifier: Apache-2.0
 * One service becomes a document, or is quarantined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/facts.h"
#include "deploy/referralctl/import_check.h"
#include "deploy/referralctl/import_hsds.h"

#define ID "ac148810-d857-441c-9679-408f346de14b"
#define ORGANIZATION "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610"
/* A good service without anything that would be noted. */
#define GOOD                                                                             \
	"\"id\":\"" ID                                                                   \
	"\",\"name\":\"N\",\"status\":\"active\",\"organization_id\":\"" ORGANIZATION    \
	"\",\"attributes\":[{\"id\":\"" ID "\",\"taxonomy_term_id\":\"" ID               \
	"\",\"taxonomy_term\":{\"id\":\"" ID                                             \
	"\",\"name\":\"Food\",\"description\":\"\"}}]"

static struct import_report report;
static struct import_buffer document;
static char id[ID_UUID_BYTES + 1];
static struct import_check check;
static json_t *made; /* the document, parsed again */

static enum import_reason
take(const char *json)
{
	static struct import_where where = { 3, 4, TEXT_ABSENT };
	json_t *service = json_loads(json, 0, NULL);
	enum import_reason reason;

	if (service == NULL)
		fail_msg("no JSON: %s", json);
	json_decref(made);
	made = NULL;
	import_report_free(&report);
	assert_true(import_report_keep_rows(&report));
	check = (struct import_check){
		.source = LITERAL("test"), .report = &report, .where = &where
	};
	reason = import_check_service(&check, service, id, &document);
	if (reason == IMPORT_FINE)
		made = json_loadb(document.bytes, document.length, 0, NULL);
	json_decref(service);
	return reason;
}

/* A good service with more members. */
static void
take_with(const char *members)
{
	char *json;

	assert_true(asprintf(&json, "{" GOOD "%s%s}", *members ? "," : "", members) > 0);
	assert_int_equal(take(json), IMPORT_FINE);
	assert_non_null(made);
	free(json);
}

/* What stands at a path of the document, as canonical JSON; "" where there is nothing. */
static const char *
at(const char *path)
{
	static char found[4000];
	struct import_buffer buffer = { 0 };
	const json_t *value = made;
	char *steps = strdup(path);
	char *rest = steps;
	char *step;

	while ((step = strsep(&rest, ".")) != NULL)
		value = step[0] >= '0' && step[0] <= '9'
		            ? json_array_get(value, (size_t)atoi(step))
		            : json_object_get(value, step);
	free(steps);
	if (value == NULL)
		return "";
	import_write(&buffer, value);
	assert_true(buffer.length < sizeof found);
	memcpy(found, buffer.bytes, buffer.length);
	found[buffer.length] = '\0';
	free(buffer.bytes);
	return found;
}

static uint64_t
all_counts(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < IMPORT_REASONS; i++)
		sum += report.counts[i];
	return sum;
}

static void
a_good_service_only_learns_its_source(void **state)
{
	(void)state;
	take_with("");
	assert_int_equal(all_counts(), 0);
	assert_string_equal(id, ID);
	assert_string_equal(at("x_source"), "\"test\"");
	json_object_del(made, "x_source");
	assert_string_equal(at("name"), "\"N\"");
	assert_int_equal(json_object_size(made), 5);
}

static void
what_a_service_needs_is_asked_for(void **state)
{
	static const struct {
		const char *json;
		enum import_reason reason;
		const char *field;
	} CASES[] = {
		{ "{}", IMPORT_missing_id, "id" },
		{ "{\"id\":\" \"}", IMPORT_missing_id, "id" },
		{ "{\"id\":1.5}", IMPORT_missing_id, "id" },
		{ "{\"id\":1}", IMPORT_missing_name, "name" },
		{ "{\"id\":1,\"name\":\"\\n\"}", IMPORT_missing_name, "name" },
		{ "{\"id\":1,\"name\":7}", IMPORT_missing_name, "name" },
		{ "{\"id\":1,\"name\":\"<b></b>\",\"status\":\"active\"}",
		    IMPORT_missing_name, "name" },
		{ "{\"id\":1,\"name\":\"n\"}", IMPORT_bad_status, "status" },
		{ "{\"id\":1,\"name\":\"n\",\"status\":\"open\"}", IMPORT_bad_status,
		    "status" },
		{ "{\"id\":1,\"name\":\"n\",\"status\":true}", IMPORT_bad_status,
		    "status" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(take(CASES[i].json), CASES[i].reason);
		assert_string_equal(check.field, CASES[i].field);
	}
}

static void
a_status_is_one_of_four_in_any_case(void **state)
{
	static const char *const GIVEN[] = { "active", "Inactive", "DEFUNCT",
		" temporarily closed " };
	static const char *const EXPECTED[] = { "\"active\"", "\"inactive\"",
		"\"defunct\"", "\"temporarily closed\"" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		char *json;

		assert_true(asprintf(&json, "{\"id\":1,\"name\":\"n\",\"status\":\"%s\"}",
		                GIVEN[i]) > 0);
		assert_int_equal(take(json), IMPORT_FINE);
		assert_string_equal(at("status"), EXPECTED[i]);
		free(json);
	}
}

static void
ages_are_numbers_in_order_or_the_row_is_bad(void **state)
{
	static const struct {
		const char *ages;
		bool is_good;
	} CASES[] = {
		{ "\"minimum_age\":0,\"maximum_age\":0.5", true },
		{ "\"minimum_age\":\"7\",\"maximum_age\":\" 18 \"", true },
		{ "\"minimum_age\":null,\"maximum_age\":\"\"", true },
		{ "\"maximum_age\":999", true },
		{ "\"minimum_age\":-1", false },
		{ "\"maximum_age\":-0.5", false },
		{ "\"minimum_age\":\"adult\"", false },
		{ "\"minimum_age\":\"0x10\"", false },
		{ "\"minimum_age\":\"1e999\"", false },
		{ "\"minimum_age\":[1]", false },
		{ "\"minimum_age\":19,\"maximum_age\":\"18\"", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char *json;

		assert_true(asprintf(&json, "{" GOOD ",%s}", CASES[i].ages) > 0);
		assert_int_equal(
		    take(json), CASES[i].is_good ? IMPORT_FINE : IMPORT_bad_age);
		free(json);
	}
}

static void
numbers_written_as_text_become_numbers(void **state)
{
	(void)state;
	take_with("\"minimum_age\":\"7\",\"schedules\":[{\"id\":\"" ID
	          "\",\"timezone\":\" -5.5 \",\"count\":\"\"}]");
	assert_string_equal(at("minimum_age"), "7");
	assert_string_equal(at("schedules.0.timezone"), "-5.5");
	assert_string_equal(at("schedules.0.count"), "");
	assert_int_equal(all_counts(), 0);
}

static void
values_of_the_wrong_kind_are_kept_aside(void **state)
{
	(void)state;
	take_with(
	    "\"description\":{\"a\":1},\"schedules\":[{\"id\":\"" ID
	    "\",\"freq\":\"DAILY\",\"timezone\":\"Kyiv\",\"notes\":5}],\"languages\":[7,"
	    "null],\"last_modified\":17,\"program\":\"P\",\"phones\":{\"number\":12}");
	assert_string_equal(at("x_description"), "{\"a\":1}");
	assert_string_equal(at("description"), "");
	assert_string_equal(at("schedules.0.x_freq"), "\"DAILY\"");
	assert_string_equal(at("schedules.0.x_timezone"), "\"Kyiv\"");
	assert_string_equal(at("schedules.0.notes"), "\"5\"");
	assert_string_equal(at("x_languages"), "[7]");
	assert_string_equal(at("languages"), "");
	assert_string_equal(at("x_last_modified"), "17");
	assert_string_equal(at("x_program"), "\"P\"");
	assert_string_equal(at("phones.0.number"), "\"12\"");
	assert_int_equal(report.counts[IMPORT_set_aside], 1); /* once for the service */
}

static void
null_is_absent_and_what_hsds_does_not_know_stays(void **state)
{
	(void)state;
	take_with("\"email\":null,\"other\":{\"b\":null,\"a\":[{}]},\"phones\":null");
	assert_string_equal(at("email"), "");
	assert_string_equal(at("phones"), "");
	assert_string_equal(at("other"), "{\"a\":[{}],\"b\":null}");
}

static void
ids_that_are_no_uuids_are_derived(void **state)
{
	char first[ID_UUID_BYTES + 1];

	(void)state;
	assert_int_equal(take("{\"id\":\"17\",\"name\":\"n\",\"status\":\"active\","
	                      "\"organization_id\":17,\"program_id\":\"\"}"),
	    IMPORT_FINE);
	strcpy(first, id);
	assert_int_equal(strlen(id), ID_UUID_BYTES);
	assert_string_equal(at("x_id"), "\"17\"");
	assert_memory_equal(at("organization_id") + 1, id, ID_UUID_BYTES);
	assert_string_equal(at("program_id"), "");
	assert_int_equal(report.counts[IMPORT_derived_id], 1);
	assert_int_equal(
	    take("{\"id\":17,\"name\":\"n\",\"status\":\"active\"}"), IMPORT_FINE);
	assert_string_equal(id, first);
	assert_int_equal(
	    take("{\"id\":18,\"name\":\"n\",\"status\":\"active\"}"), IMPORT_FINE);
	assert_string_not_equal(id, first);
	assert_int_equal(
	    take("{\"id\":\"AC148810-D857-441C-9679-408F346DE14B\",\"name\":\"n\","
	         "\"status\":\"active\"}"),
	    IMPORT_FINE);
	assert_string_equal(id, ID);
	assert_string_equal(at("x_id"), "");
	assert_int_equal(report.counts[IMPORT_derived_id], 0);
}

static void
an_id_that_is_nearly_a_uuid_is_derived(void **state)
{
	(void)state;
	for (size_t i = 0; i < strlen(ID); i++) {
		char json[1000] = "{" GOOD "}";

		json[strlen("{\"id\":\"") + i] = 'g';
		assert_int_equal(take(json), IMPORT_FINE);
		assert_int_equal(report.counts[IMPORT_derived_id], 1);
	}
}

static void
a_text_of_any_bytes_is_written_as_it_is_read(void **state)
{
	char members[40];

	(void)state;
	for (unsigned byte = 1; byte < 0x80; byte++) {
		snprintf(members, sizeof members, "\"x_one\":\"a\\u%04xb\"", byte);
		take_with(members);
		assert_int_equal(
		    json_string_value(json_object_get(made, "x_one"))[1], byte);
	}
}

static void
parts_without_an_id_get_one(void **state)
{
	char organization[40];

	(void)state;
	take_with("\"organization\":{\"name\":\"A\"},\"phones\":[{},{}]");
	assert_string_not_equal(at("phones.0.id"), "");
	strcpy(organization, at("phones.0.id"));
	assert_string_not_equal(at("phones.1.id"), organization);
	strcpy(organization, at("organization.id"));
	assert_string_equal(at("organization.description"), "\"\"");
	assert_int_equal(take("{\"id\":2,\"name\":\"n\",\"status\":\"active\","
	                      "\"organization\":{\"name\":"
	                      "\"A\"}}"),
	    IMPORT_FINE);
	assert_string_equal(at("organization.id"), organization);
}

static void
required_parts_are_made_or_the_entry_goes_aside(void **state)
{
	(void)state;
	take_with(
	    "\"capacities\":[{\"available\":3,\"updated\":\"2026-11-20T08:00:00Z\"},"
	    "{\"available\":3},{\"updated\":\"2026-11-20T08:00:00Z\",\"available\":\"x\"}"
	    "],"
	    "\"attributes\":[{\"taxonomy_term\":{\"code\":\"food\"}}]");
	assert_string_equal(at("capacities.0.unit.name"), "\"\"");
	assert_string_equal(at("capacities.1"), "");
	assert_int_equal(json_array_size(json_object_get(made, "x_capacities")), 2);
	assert_string_equal(at("attributes.0.taxonomy_term.name"), "\"food\"");
	assert_string_equal(at("attributes.0.taxonomy_term.description"), "\"\"");
}

#define PLACE(location) "\"service_at_locations\":[{\"location\":{" location "}}]"

static void
points_that_are_none_are_kept_aside(void **state)
{
	static const char *const BAD[] = {
		PLACE("\"location_type\":\"physical\",\"latitude\":0,\"longitude\":0.0"),
		PLACE(
		    "\"location_type\":\"physical\",\"latitude\":100,\"longitude\":101"),
		PLACE(
		    "\"location_type\":\"physical\",\"latitude\":1,\"longitude\":180.5"),
		PLACE(
		    "\"location_type\":\"physical\",\"latitude\":-90.5,\"longitude\":1"),
		PLACE("\"location_type\":\"physical\",\"longitude\":1"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		take_with(BAD[i]);
		assert_int_equal(report.counts[IMPORT_bad_coordinates], 1);
		assert_string_equal(at("service_at_locations.0.location.latitude"), "");
		assert_string_equal(at("service_at_locations.0.location.longitude"), "");
		assert_string_not_equal(
		    at("service_at_locations.0.location.x_longitude"), "");
	}
	take_with(PLACE(
	    "\"location_type\":\"physical\",\"latitude\":\"48.9\",\"longitude\":-180"));
	assert_int_equal(all_counts(), 0);
	assert_string_equal(at("service_at_locations.0.location.latitude"), "48.9");
}

static void
a_location_type_is_assumed_and_noted(void **state)
{
	(void)state;
	take_with(PLACE("\"addresses\":[{\"city\":\"Kyiv\"}]"));
	assert_int_equal(report.counts[IMPORT_location_type_assumed], 1);
	assert_string_equal(
	    at("service_at_locations.0.location.location_type"), "\"physical\"");
	assert_string_equal(
	    at("service_at_locations.0.location.addresses.0.address_type"),
	    "\"physical\"");
	assert_string_equal(
	    at("service_at_locations.0.location.addresses.0.country"), "\"\"");
}

static void
a_redacted_location_is_hidden_from_the_matcher_s_answers(void **state)
{
	struct facts_reader *reader = facts_reader_new();
	struct service_facts facts;

	(void)state;
	take_with(PLACE("\"location_type\":\"Redacted\",\"latitude\":1,\"longitude\":2"));
	assert_int_equal(report.counts[IMPORT_location_redacted], 1);
	assert_int_equal(
	    facts_read(reader, (struct text){ document.bytes, (uint32_t)document.length },
	        &facts),
	    STATUS_OK);
	assert_int_equal(facts.confidentiality, CONFIDENTIALITY_address_hidden);
	assert_int_equal(facts.points_count, 1);
	facts_reader_free(reader);
}

static void
gaps_are_noted(void **state)
{
	char members[4000] = "\"attributes\":[";

	(void)state;
	assert_int_equal(take("{\"id\":\"" ID
	                      "\",\"name\":\"n\",\"status\":\"active\",\"languages\":[{"
	                      "\"name\":\"Creole\"}]}"),
	    IMPORT_FINE);
	assert_int_equal(report.counts[IMPORT_without_terms], 1);
	assert_int_equal(report.counts[IMPORT_no_organization], 1);
	assert_int_equal(report.counts[IMPORT_language_without_code], 1);
	for (int i = 0; i <= FACTS_TERMS_MAX; i++)
		sprintf(members + strlen(members),
		    "%s{\"id\":\"" ID "\",\"taxonomy_term\":{\"id\":\"" ID
		    "\",\"code\":\"c%d\"}}",
		    i ? "," : "", i);
	strcat(members, "]");
	take_with(members);
	assert_int_equal(report.counts[IMPORT_terms_cut], 1);
	take_with("\"attributes\":[{\"id\":\"" ID "\",\"taxonomy_term\":{\"id\":\"" ID
	          "\",\"code\":\"c\",\"taxonomy\":\"hearthline-facts\"}}]");
	assert_int_equal(report.counts[IMPORT_without_terms], 1);
}

static void
html_leaves_texts_but_not_codes(void **state)
{
	(void)state;
	take_with(
	    "\"description\":\"<p>a &amp; b</p>\",\"url\":\" http://x/?a=1&amp;b=<i> \"");
	assert_string_equal(at("description"), "\"a & b\"");
	assert_string_equal(at("url"), "\"http://x/?a=1&amp;b=<i>\"");
	assert_int_equal(report.counts[IMPORT_tags_removed], 1);
}

static void
a_document_beyond_the_limit_is_refused(void **state)
{
	char *json;

	(void)state;
	assert_true(asprintf(&json, "{" GOOD ",\"x\":\"%0*d\"}",
	                (int)IMPORT_DOCUMENT_MAX_BYTES, 1) > 0);
	assert_int_equal(take(json), IMPORT_too_large);
	free(json);
}

static void
the_order_of_members_makes_no_difference(void **state)
{
	char *first;

	(void)state;
	take_with("\"a\":1,\"phones\":[{\"number\":\"1\",\"type\":\"voice\"}]");
	first = strndup(document.bytes, document.length);
	assert_int_equal(
	    take("{\"phones\":[{\"type\":\"voice\",\"number\":\"1\"}],\"a\":1.0," GOOD
	         "}"),
	    IMPORT_FINE);
	assert_int_equal(document.length, strlen(first));
	assert_memory_equal(document.bytes, first, document.length);
	free(first);
}

static void
what_was_checked_once_is_fine_as_it_is(void **state)
{
	char *first;

	(void)state;
	take_with(
	    "\"description\":[1],\"minimum_age\":\"3\",\"phones\":{\"number\":1}," PLACE(
	        "\"latitude\":\"1\",\"longitude\":2"));
	first = strndup(document.bytes, document.length);
	assert_int_equal(take(first), IMPORT_FINE);
	assert_int_equal(all_counts(), 0);
	assert_int_equal(document.length, strlen(first));
	assert_memory_equal(document.bytes, first, document.length);
	free(first);
}

static void
notes_say_where(void **state)
{
	FILE *out;
	char *text = NULL;
	size_t size = 0;
	const struct import_summary summary = { .file = "f.json", .source = "test" };

	(void)state;
	take_with("\"contacts\":[{},{\"phones\":[{\"extension\":\"x\"}]}]");
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_true(import_report_write(&report, &summary, out));
	fclose(out);
	assert_non_null(
	    strstr(text, "{\"row\":3,\"line\":4,\"reason\":\"set_aside\",\"field\":"
	                 "\"contacts[1].phones[0].extension\"}"));
	free(text);
}

static void
fields_of_every_entity_are_found_by_name(void **state)
{
	(void)state;
	for (const struct hsds_entity *const *entity = HSDS_ALL; *entity != NULL;
	     entity++)
		for (size_t i = 0; i < (*entity)->count; i++)
			assert_ptr_equal(hsds_find(*entity, (*entity)->fields[i].name),
			    &(*entity)->fields[i]);
	assert_null(hsds_find(&hsds_service, "nothing"));
	assert_null(hsds_find(&hsds_service, ""));
}

static int
end(void **state)
{
	(void)state;
	json_decref(made);
	free(document.bytes);
	import_report_free(&report);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_service_only_learns_its_source),
		cmocka_unit_test(what_a_service_needs_is_asked_for),
		cmocka_unit_test(a_status_is_one_of_four_in_any_case),
		cmocka_unit_test(ages_are_numbers_in_order_or_the_row_is_bad),
		cmocka_unit_test(numbers_written_as_text_become_numbers),
		cmocka_unit_test(values_of_the_wrong_kind_are_kept_aside),
		cmocka_unit_test(null_is_absent_and_what_hsds_does_not_know_stays),
		cmocka_unit_test(ids_that_are_no_uuids_are_derived),
		cmocka_unit_test(an_id_that_is_nearly_a_uuid_is_derived),
		cmocka_unit_test(a_text_of_any_bytes_is_written_as_it_is_read),
		cmocka_unit_test(parts_without_an_id_get_one),
		cmocka_unit_test(required_parts_are_made_or_the_entry_goes_aside),
		cmocka_unit_test(points_that_are_none_are_kept_aside),
		cmocka_unit_test(a_location_type_is_assumed_and_noted),
		cmocka_unit_test(
		    a_redacted_location_is_hidden_from_the_matcher_s_answers),
		cmocka_unit_test(gaps_are_noted),
		cmocka_unit_test(html_leaves_texts_but_not_codes),
		cmocka_unit_test(a_document_beyond_the_limit_is_refused),
		cmocka_unit_test(the_order_of_members_makes_no_difference),
		cmocka_unit_test(what_was_checked_once_is_fine_as_it_is),
		cmocka_unit_test(notes_say_where),
		cmocka_unit_test(fields_of_every_entity_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
