/* SPDX-License-Identifier: Apache-2.0
 * Overlays: what an edit is, what stands, and what a document says with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/json_edits.h"

static const char PUBLISHED[] =
    "{\"id\":\"s1\",\"maximum_age\":17,\"name\":\"Shelter\",\"status\":\"active\"}";

static struct edits edits;
static struct defects defects;
static char overlay[4096];

static enum status
read_patch(const char *published, const char *patch)
{
	edits_free(&edits);
	return edits_read(text_of(published),
	    overlay[0] != '\0' ? text_of(overlay) : TEXT_ABSENT, text_of(patch),
	    LITERAL("olena"), &edits, &defects);
}

/* The overlay that Redis would keep of `edits` alone. */
static void
keep(void)
{
	size_t length = (size_t)snprintf(overlay, sizeof overlay, "%d 0123 \n", 1);

	for (unsigned i = 0; i < edits.count; i++)
		length += (size_t)snprintf(overlay + length, sizeof overlay - length,
		    "%s 1 1700000000000 %s %s\n", edits.list[i].field, edits.list[i].base,
		    edits.list[i].entry);
}

static void
edit(const char *patch)
{
	overlay[0] = '\0';
	assert_int_equal(read_patch(PUBLISHED, patch), STATUS_OK);
	keep();
}

static void
assert_seen(const char *published, const char *expected)
{
	size_t length;
	char *seen = edits_apply(text_of(published), text_of(overlay), &length);

	if (expected == NULL) {
		assert_null(seen);
	} else {
		assert_non_null(seen);
		assert_string_equal(seen, expected);
		assert_int_equal(length, strlen(expected));
	}
	free(seen);
}

static int
forget(void **state)
{
	(void)state;
	edits_free(&edits);
	overlay[0] = '\0';
	return 0;
}

static void
an_edited_field_lies_over_what_is_published(void **state)
{
	(void)state;
	edit("{\"name\":\"Night shelter\",\"maximum_age\":null}");
	assert_int_equal(edits.count, 2);
	assert_seen(PUBLISHED,
	    "{\"id\":\"s1\",\"name\":\"Night shelter\",\"status\":\"active\"}");
	assert_int_equal(edits_version(text_of(overlay)), 1);
}

static void
what_readers_saw_before_and_see_since_is_told(void **state)
{
	(void)state;
	edit("{\"alert\":\"Full on Fridays\"}");
	assert_string_equal(edits.list[0].field, "alert");
	assert_string_equal(edits.list[0].base, "-");
	assert_string_equal(edits.list[0].previous, "null");
	assert_string_equal(edits.list[0].replacement, "\"Full on Fridays\"");
	assert_string_equal(edits.list[0].entry, "[\"olena\",\"Full on Fridays\"]");
	assert_int_equal(read_patch(PUBLISHED, "{\"alert\":\"Never full\"}"), STATUS_OK);
	assert_string_equal(edits.list[0].previous, "\"Full on Fridays\"");
}

static void
an_edit_gives_way_once_the_publisher_says_something_else(void **state)
{
	struct text rest;
	struct edit_line line;

	(void)state;
	edit("{\"name\":\"Night shelter\"}");
	assert_seen("{\"id\":\"s1\",\"name\":\"Day shelter\"}", NULL);
	assert_seen("{\"id\":\"s1\",\"name\":\"Shelter\",\"x\":1}",
	    "{\"id\":\"s1\",\"name\":\"Night shelter\",\"x\":1}");
	rest = text_of(overlay);
	assert_true(edits_next(&rest, &line));
	assert_true(edits_stands(text_of(PUBLISHED), &line));
	assert_false(edits_stands(LITERAL("{\"name\":\"Day shelter\"}"), &line));
	assert_false(edits_next(&rest, &line));
}

static void
a_fact_is_an_attribute_of_our_own_taxonomy(void **state)
{
	size_t length;
	char *seen;

	(void)state;
	edit("{\"confidentiality\":\"address_hidden\",\"radius_km\":12.5}");
	seen = edits_apply(text_of(PUBLISHED), text_of(overlay), &length);
	assert_non_null(seen);
	assert_non_null(strstr(seen, "\"label\":\"confidentiality\""));
	assert_non_null(strstr(seen, "\"value\":\"12.5\""));
	assert_non_null(strstr(seen, "\"taxonomy\":\"hearthline-facts\""));
	/* The same again changes nothing, another value takes its place. */
	overlay[0] = '\0';
	assert_int_equal(
	    read_patch(seen, "{\"confidentiality\":\"address_hidden\"}"), STATUS_OK);
	assert_int_equal(edits.count, 0);
	assert_int_equal(read_patch(seen, "{\"confidentiality\":\"public\"}"), STATUS_OK);
	keep();
	free(seen);
}

static void
an_edit_is_taken_back_to_what_the_publisher_says(void **state)
{
	(void)state;
	edit("{\"name\":\"Night shelter\"}");
	edits_free(&edits);
	assert_int_equal(
	    edits_undo(text_of(PUBLISHED), text_of(overlay), LITERAL("alert"), &edits),
	    STATUS_ABSENT);
	assert_int_equal(
	    edits_undo(text_of(PUBLISHED), text_of(overlay), LITERAL("name"), &edits),
	    STATUS_OK);
	assert_string_equal(edits.list[0].entry, "");
	assert_string_equal(edits.list[0].previous, "\"Night shelter\"");
	assert_string_equal(edits.list[0].replacement, "\"Shelter\"");
}

static void
entries_of_lists_get_ids(void **state)
{
	size_t length;
	char *seen;

	(void)state;
	edit("{\"languages\":[{\"code\":\"uk\"},{\"code\":\"en\",\"id\":\"mine\"}]}");
	seen = edits_apply(text_of(PUBLISHED), text_of(overlay), &length);
	assert_non_null(seen);
	assert_null(strstr(seen, "mine"));
	assert_non_null(strstr(seen, "\"id\":\""));
	free(seen);
}

static void
every_bad_field_is_named_and_nothing_is_edited(void **state)
{
	static const char *const BAD[][3] = {
		{ "{\"id\":\"s2\"}", "id", "may not be edited" },
		{ "{\"name\":null}", "name", "must say something" },
		{ "{\"name\":\" \"}", "name", "is blank; null takes it out" },
		{ "{\"status\":\"open\"}", "status",
		    "is none of the words that it may be" },
		{ "{\"status\":\"act\"}", "status",
		    "is none of the words that it may be" },
		{ "{\"minimum_age\":18}", "minimum_age", "is above maximum_age" },
		{ "{\"minimum_age\":-1}", "minimum_age",
		    "is no number within its bounds" },
		{ "{\"assured_date\":\"2026-02-30\"}", "assured_date",
		    "is no date YYYY-MM-DD" },
		{ "{\"languages\":[{\"name\":\"x\"}]}", "languages[0]",
		    "lacks a member, or has one that is unknown or no text" },
		{ "{\"languages\":[{\"code\":\"uk\",\"cod\":\"x\"}]}", "languages[0]",
		    "lacks a member, or has one that is unknown or no text" },
		{ "{\"languages\":{}}", "languages", "is no list, or too long a one" },
		{ "{\"radius_km\":\"5 km\"}", "radius_km",
		    "is no number within its bounds" },
	};

	(void)state;
	overlay[0] = '\0';
	for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
		assert_int_equal(read_patch(PUBLISHED, BAD[i][0]), STATUS_INVALID);
		assert_string_equal(defects.list[0].field, BAD[i][1]);
		assert_string_equal(defects.list[0].why, BAD[i][2]);
		assert_int_equal(edits.count, 0);
	}
	assert_int_equal(read_patch(PUBLISHED, "[1]"), STATUS_BAD_MESSAGE);
	assert_int_equal(read_patch(PUBLISHED, "{\"name\":"), STATUS_BAD_MESSAGE);
	assert_int_equal(
	    read_patch(PUBLISHED, "{\"name\":\"a\",\"name\":\"b\"}"), STATUS_BAD_MESSAGE);
	assert_int_equal(read_patch("[]", "{\"name\":\"a\"}"), STATUS_DAMAGED);
}

static void
a_damaged_overlay_is_passed_over(void **state)
{
	static const char *const DAMAGED[] = { "", "x", "1 \n", "1 \nname", "1 \nname\n",
		"1 \nname 1 1 -\n", "1 \nname 1 1 - [\"o\"]\n",
		"1 \nname x 1 - [\"o\",1]\n", "1 \nnosuch 1 1 - [\"o\",\"v\"]\n",
		"\n\n\n" };

	(void)state;
	for (size_t i = 0; i < sizeof DAMAGED / sizeof DAMAGED[0]; i++) {
		snprintf(overlay, sizeof overlay, "%s", DAMAGED[i]);
		assert_seen("{\"id\":\"s1\"}", NULL);
	}
}

/* ---- a whole service ---- */

static const char SHOWN[] =
    "{\"attributes\":[{\"id\":\"a\",\"label\":\"workers\",\"value\":\"7\","
    "\"taxonomy_term\":{\"taxonomy\":\"hearthline-facts\"}},"
    "{\"id\":\"b\",\"taxonomy_term\":{\"code\":\"food\",\"taxonomy\":\"t\"}}],"
    "\"id\":\"s1\",\"maximum_age\":17,\"name\":\"Shelter\",\"x_opens_at\":\"1\"}";

/* What becomes of SHOWN with one text in place of another. */
static enum status
compare(const char *from, const char *to, char **patch)
{
	const char *at = strstr(SHOWN, from);
	char wanted[1024];

	assert_non_null(at);
	(void)snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(at - SHOWN), SHOWN, to,
	    at + strlen(from));
	return edits_compare(text_of(SHOWN), text_of(wanted), patch, &defects);
}

static void
assert_patch(const char *from, const char *to, const char *expected)
{
	char *patch;

	assert_int_equal(compare(from, to, &patch), STATUS_OK);
	assert_string_equal(patch, expected);
	free(patch);
}

static void
what_differs_of_a_whole_service_is_a_patch_of_that(void **state)
{
	(void)state;
	assert_patch("17", "17", "{}");
	assert_patch("Shelter", "House", "{\"name\":\"House\"}");
	assert_patch("\"maximum_age\":17,", "", "{\"maximum_age\":null}");
	assert_patch(
	    "\"id\":\"s1\"", "\"alert\":\"x\",\"id\":\"s1\"", "{\"alert\":\"x\"}");
	assert_patch("\"value\":\"7\"", "\"value\":\"9\"", "{\"workers\":\"9\"}");
	assert_patch("\"label\":\"workers\"", "\"label\":\"radius_km\"",
	    "{\"radius_km\":\"7\",\"workers\":null}");
	assert_patch(",\"x_opens_at\":\"1\"", "", "{}");
}

static void
assert_refused(const char *from, const char *to, const char *field)
{
	char *patch;

	assert_int_equal(compare(from, to, &patch), STATUS_INVALID);
	assert_null(patch);
	assert_int_equal(defects.count, 1);
	assert_string_equal(defects.list[0].field, field);
}

static void
what_may_not_be_edited_of_a_whole_service_is_refused_by_its_name(void **state)
{
	char *patch;

	(void)state;
	assert_refused("s1", "s2", "id");
	assert_refused("\"id\":\"s1\",", "", "id");
	assert_refused("\"id\":\"s1\"", "\"id\":\"s1\",\"new\":1", "new");
	assert_refused("food", "clothes", "attributes");
	assert_refused("\"id\":\"s1\"", "\"id\":\"s1\",\"workers\":9", "workers");
	assert_refused("{\"id\":\"b\"",
	    "{\"label\":\"workers\",\"value\":\"8\",\"taxonomy_term\":{\"taxonomy\":"
	    "\"hearthline-facts\"}},{\"id\":\"b\"",
	    "attributes");
	assert_int_equal(edits_compare(LITERAL("{}"), LITERAL("[]"), &patch, &defects),
	    STATUS_BAD_MESSAGE);
	assert_int_equal(
	    edits_compare(LITERAL("{}"), LITERAL("{\"a\":1,\"a\":2}"), &patch, &defects),
	    STATUS_BAD_MESSAGE);
	assert_int_equal(edits_compare(LITERAL("[]"), LITERAL("{}"), &patch, &defects),
	    STATUS_DAMAGED);
}

static void
a_number_among_the_attributes_may_be_said_as_it_stands_there(void **state)
{
	(void)state;
	overlay[0] = '\0';
	assert_int_equal(read_patch(PUBLISHED, "{\"workers\":\"12\"}"), STATUS_OK);
	assert_int_equal(edits.count, 1);
	assert_int_equal(read_patch(PUBLISHED, "{\"workers\":\"-1\"}"), STATUS_INVALID);
	assert_int_equal(read_patch(PUBLISHED, "{\"workers\":\"9e9\"}"), STATUS_INVALID);
	assert_int_equal(
	    read_patch(PUBLISHED, "{\"maximum_age\":\"12\"}"), STATUS_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    an_edited_field_lies_over_what_is_published, forget),
		cmocka_unit_test_teardown(
		    what_readers_saw_before_and_see_since_is_told, forget),
		cmocka_unit_test_teardown(
		    an_edit_gives_way_once_the_publisher_says_something_else, forget),
		cmocka_unit_test_teardown(
		    a_fact_is_an_attribute_of_our_own_taxonomy, forget),
		cmocka_unit_test_teardown(
		    an_edit_is_taken_back_to_what_the_publisher_says, forget),
		cmocka_unit_test_teardown(entries_of_lists_get_ids, forget),
		cmocka_unit_test_teardown(
		    every_bad_field_is_named_and_nothing_is_edited, forget),
		cmocka_unit_test_teardown(a_damaged_overlay_is_passed_over, forget),
		cmocka_unit_test(what_differs_of_a_whole_service_is_a_patch_of_that),
		cmocka_unit_test(
		    what_may_not_be_edited_of_a_whole_service_is_refused_by_its_name),
		cmocka_unit_test_teardown(
		    a_number_among_the_attributes_may_be_said_as_it_stands_there, forget),
	};

	return cmocka_run_group_tests_name("json_edits", tests, NULL, NULL);
}
