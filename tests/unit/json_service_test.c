/* SPDX-License-Identifier: Apache-2.0
 * What readers see of a service's document today. */
#include <setjmp.h>
#include <stdarg.h>
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
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
