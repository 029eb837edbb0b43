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

static void
take_with(const char *members)
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
	char *json;
	json_t *service;

	assert_true(asprintf(&json,
	                "{\"id\":\"" ID "\",\"name\":\"Meals\",\"status\":\"active\",%s}",
	                members) > 0);
	service = json_loads(json, 0, NULL);
	if (service == NULL)
		fail_msg("no JSON: %s", json);
	json_decref(made);
	import_report_free(&report);
	assert_int_equal(
	    import_check_service(&check, service, id, &document), IMPORT_FINE);
	made = json_loadb(document.bytes, document.length, 0, NULL);
	assert_non_null(made);
	json_decref(service);
	free(document.bytes);
	free(json);
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

static void
the_report_says_how_much_of_the_prose_is_understood(void **state)
{
	const struct import_summary summary = { "f.json", "test", TEXT_ABSENT, false };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_earlier_import_read_from_prose_is_read_anew),
		cmocka_unit_test(the_report_says_how_much_of_the_prose_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
