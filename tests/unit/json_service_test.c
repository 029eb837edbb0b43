/* SPDX-License-Identifier: Apache-2.0
 * What readers see of a service's document today. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/facts.h"
#include "common/json.h"

/* 2026-11-20T08:00:00Z, a Friday. */
#define NOW_MS INT64_C(1795161600000)
#define DAY_MS INT64_C(86400000)

static const char DOCUMENT[] =
    "{\"id\":\"s\",\"name\":\"n\",\"x_source\":\"demo\",\"alert\":\"Moved\","
    "\"attributes\":[{"
    "\"label\":\"notice_ends\",\"value\":\"2026-11-20\",\"taxonomy_term\":{\"taxonomy\":"
    "\"hearthline-facts\"}}],\"schedules\":[{\"freq\":\"WEEKLY\",\"byday\":\"MO\","
    "\"opens_at\":"
    "\"09:00\",\"closes_at\":\"10:00\",\"until\":\"2026-11-23\"}]}";

static struct facts_reader *reader;

/* The document as it is shown at a moment, to compare with `strstr`. */
static char *
shown_at(int64_t now_ms)
{
	struct service_facts facts;
	size_t length;
	char *text;

	assert_int_equal(facts_read(reader, text_of(DOCUMENT), &facts), STATUS_OK);
	text = json_service(text_of(DOCUMENT), &facts, false, now_ms, &length);
	assert_non_null(text);
	assert_int_equal(length, strlen(text));
	assert_null(strstr(text, "x_source"));
	return text;
}

static void
an_alert_is_shown_while_it_holds(void **state)
{
	char *before = shown_at(NOW_MS), *after = shown_at(NOW_MS + DAY_MS);

	(void)state;
	assert_non_null(strstr(before, "\"alert\":\"Moved\""));
	assert_null(strstr(after, "alert"));
	free(before);
	free(after);
}

static void
the_next_opening_is_shown_where_there_is_one(void **state)
{
	char *before = shown_at(NOW_MS), *after = shown_at(NOW_MS + 4 * DAY_MS);

	(void)state;
	assert_non_null(strstr(before, "\"x_opens_at\":\"2026-11-23T09:00:00.000Z\""));
	assert_null(strstr(after, "x_opens_at"));
	free(before);
	free(after);
}

/* ---- what is hidden ---- */

#define SECRECY(word)                                                                    \
	"\"attributes\":[{\"label\":\"confidentiality\",\"value\":\"" word               \
	"\",\"taxonomy_term\":{\"taxonomy\":\"hearthline-facts\"}}]"
#define WHERE_SECRET                                                                     \
	"\"name\":\"SECRET\",\"latitude\":48.5,\"addresses\":[{\"city\":\"SECRET\"}],"   \
	"\"map_link\":\"SECRET\",\"x_code\":\"SECRET\",\"metadata\":[{\"previous_"       \
	"value\":"                                                                       \
	"\"SECRET\"}],\"phones\":[{\"id\":\"p\",\"location_id\":\"L1\",\"number\":"      \
	"\"112\"}]"
#define OPEN_PLACE                                                                       \
	"{\"id\":\"a2\",\"location\":{\"id\":\"L2\",\"name\":\"Office\",\"x_code\":"     \
	"\"O\"}}"
#define OFFICE "{\"id\":\"L2\",\"name\":\"Office\"}"
#define SHELTER "{\"id\":\"L1\"," WHERE_SECRET "}"

static char *
shown_to_all(const char *document)
{
	struct service_facts facts;
	char *shown, *text = NULL;
	size_t length;

	assert_int_equal(facts_read(reader, text_of(document), &facts), STATUS_OK);
	shown = json_service(text_of(document), &facts, true, NOW_MS, &length);
	assert_non_null(shown);
	assert_int_equal(
	    json_public(text_of(document), false, &text, &length), STATUS_OK);
	if (text != NULL) {
		assert_null(strstr(text, "SECRET"));
		assert_null(strstr(text, "48.5"));
	}
	free(text);
	return shown;
}

#define SHOWS(shown, text) assert_non_null(strstr(shown, text))
#define HIDES(shown, text) assert_null(strstr(shown, text))

static void
a_place_that_hides_its_address_is_hidden_alone(void **state)
{
	char *shown = shown_to_all(
	    "{\"id\":\"s\",\"name\":\"n\",\"email\":\"e@x\",\"service_at_locations\":[{"
	    "\"id\":\"a1\",\"location_id\":\"L1\",\"description\":\"SECRET\","
	    "\"location\":{"
	    "\"id\":\"L1\"," WHERE_SECRET "," SECRECY(
	        "address_hidden") "}}," OPEN_PLACE "],\"maps\":\"SECRET\","
	                          "\"metadata\":[{\"previous_value\":\"SECRET\"}],"
	                          "\"organization\":{\"id\":\"o\",\"x_at\":\"SECRET\","
	                          "\"locations\":[" SHELTER "," OFFICE "]}}");

	(void)state;
	HIDES(shown, "SECRET");
	HIDES(shown, "48.5");
	HIDES(shown, "L1");
	SHOWS(shown, "\"112\"");
	SHOWS(shown, "e@x");
	SHOWS(shown, OPEN_PLACE);
	SHOWS(shown, "\"locations\":[" OFFICE "]");
	free(shown);
}

static void
the_hidden_location_of_another_service_is_not_shown_with_the_organization(void **state)
{
	char *shown = shown_to_all(
	    "{\"id\":\"s\",\"name\":\"n\",\"x_more\":\"kept\",\"service_at_locations\":["
	    "" OPEN_PLACE "],\"organization\":{\"id\":\"o\",\"locations\":[" SHELTER
	    "," OFFICE "]}}");

	(void)state;
	HIDES(shown, "SECRET");
	HIDES(shown, "L1");
	SHOWS(shown, "\"locations\":[" OFFICE "]");
	SHOWS(shown, OPEN_PLACE);
	SHOWS(shown, "\"x_more\":\"kept\"");
	free(shown);
}

static void
a_service_that_hides_its_address_hides_it_wherever_it_stands(void **state)
{
	static const char *const WORDS[] = { SECRECY("address_hidden"),
		SECRECY("cleared"), SECRECY("who knows"), SECRECY("") };

	(void)state;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
		char document[2048];
		char *shown;

		snprintf(document, sizeof document,
		    "{\"id\":\"s\",\"name\":\"n\",%s,\"service_at_locations\":[{\"id\":"
		    "\"a1\",\"location\":" SHELTER "}],\"organization\":{\"id\":\"o\","
		    "\"locations\":[" SHELTER "]}}",
		    WORDS[i]);
		shown = shown_to_all(document);
		HIDES(shown, "SECRET");
		HIDES(shown, "L1");
		SHOWS(shown, "\"locations\":[]");
		free(shown);
	}
}

static void
each_word_for_secrecy_counts_wherever_it_stands(void **state)
{
	/* of the place; of the organization's copy alone; with what attributes may tell */
	static const char *const DOCUMENTS[] = {
		"{\"id\":\"s\",\"name\":\"n\",\"service_at_locations\":[{\"id\":"
		"\"a1\"," SECRECY(
		    "address_hidden") ",\"location\":" SHELTER
		                      "}],\"organization\":{\"locations\":[" SHELTER
		                      "]}}",
		"{\"id\":\"s\",\"name\":\"n\",\"service_at_locations\":[{\"id\":\"a2\","
		"\"location\":{\"id\":\"L2\"}}],\"organization\":{\"locations\":[{\"id\":"
		"\"L2\",\"name\":\"SECRET\"," SECRECY("address_hidden") "}]}}",
		"{\"id\":\"s\",\"name\":\"n\"," SECRECY(
		    "address_hidden") ",\"service_at_locations\":[{\"id\":\"a1\","
		                      "\"location\":{\"id\":\"L3\",\"attributes\":[{"
		                      "\"value\":\"SECRET\"}]}}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++) {
		char *shown = shown_to_all(DOCUMENTS[i]);

		HIDES(shown, "SECRET");
		free(shown);
	}
}

static void
what_hides_nothing_stays_as_it_is(void **state)
{
	static const char OPEN[] =
	    "{\"id\":\"s\",\"name\":\"n\",\"service_at_locations\":[" OPEN_PLACE "]}";
	char *text;
	size_t length;

	(void)state;
	assert_int_equal(json_public(text_of(OPEN), false, &text, &length), STATUS_OK);
	assert_null(text);
	assert_int_equal(json_public(text_of(OPEN), true, &text, &length), STATUS_OK);
	HIDES(text, "Office");
	HIDES(text, "L2");
	assert_int_equal(length, strlen(text));
	free(text);
	assert_int_equal(
	    json_public(LITERAL("[1]"), true, &text, &length), STATUS_INVALID);
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
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_is_shown_while_it_holds),
		cmocka_unit_test(the_next_opening_is_shown_where_there_is_one),
		cmocka_unit_test(a_place_that_hides_its_address_is_hidden_alone),
		cmocka_unit_test(
		    the_hidden_location_of_another_service_is_not_shown_with_the_organization),
		cmocka_unit_test(
		    a_service_that_hides_its_address_hides_it_wherever_it_stands),
		cmocka_unit_test(each_word_for_secrecy_counts_wherever_it_stands),
		cmocka_unit_test(what_hides_nothing_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
