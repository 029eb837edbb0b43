/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after those three */
#include <cmocka.h>

#include "common/http_target.h"

/* The target keeps texts that point into this. */
static char *bytes;

static const char *
read_target(struct http_target *target, const char *text)
{
	size_t length = strlen(text);

	free(bytes);
	bytes = malloc(length + 1); /* exact, for the sanitizer */
	assert_non_null(bytes);
	memcpy(bytes, text, length);
	return http_target_read(target, bytes, length);
}

static bool
fits(const char *text, const char *pattern)
{
	struct http_target target;

	assert_null(read_target(&target, text));
	return http_target_fits(&target, pattern);
}

static void
a_path_fits_its_own_pattern_only(void **state)
{
	(void)state;
	assert_true(fits("/", "/"));
	assert_true(fits("/a/b", "/a/b"));
	assert_true(fits("/a/b?c=d/e", "/a/b"));
	assert_true(fits("/%61/b", "/a/b"));
	assert_false(fits("/a", "/"));
	assert_false(fits("/", "/a"));
	assert_false(fits("/a/b/", "/a/b"));
	assert_false(fits("/a//b", "/a/b"));
	assert_false(fits("/a", "/a/b"));
	assert_false(fits("/a/b", "/a"));
	assert_false(fits("/A/b", "/a/b"));
	assert_false(fits("/a%2Fb", "/a/b"));
}

static void
a_parameter_stands_for_one_segment_that_is_not_empty(void **state)
{
	struct http_target target;

	(void)state;
	assert_true(fits("/a/7/c", "/a/{id}/c"));
	assert_false(fits("/a//c", "/a/{id}/c"));
	assert_false(fits("/a/7/8/c", "/a/{id}/c"));
	assert_null(read_target(&target, "/a/7%2f8/x"));
	assert_true(text_is(http_target_segment(&target, "/a/{id}/{b}", "id"), "7/8"));
	assert_true(text_is(http_target_segment(&target, "/a/{id}/{b}", "b"), "x"));
	assert_null(http_target_segment(&target, "/a/{id}/{b}", "c").at);
	assert_null(http_target_segment(&target, "/a/{id}/{b}", "a").at);
}

static void
the_first_query_parameter_of_a_name_counts(void **state)
{
	struct http_target target;
	struct text empty;

	(void)state;
	assert_null(read_target(&target, "/?a=1&&b&c=x+y%2B&a=2&=z&d=a=b"));
	assert_true(text_is(http_target_parameter(&target, "a"), "1"));
	assert_true(text_is(http_target_parameter(&target, "c"), "x y+"));
	assert_true(text_is(http_target_parameter(&target, ""), "z"));
	assert_true(text_is(http_target_parameter(&target, "d"), "a=b"));
	assert_null(http_target_parameter(&target, "e").at);
	empty = http_target_parameter(&target, "b");
	assert_non_null(empty.at);
	assert_int_equal(empty.length, 0);
	assert_null(read_target(&target, "/a+b"));
	assert_true(text_is(target.segments[0], "a+b"));
}

#define EIGHT "a&b&c&d&e&f&g&h&"
#define PARAMETERS_33 "/?" EIGHT EIGHT EIGHT EIGHT "i"

static void
what_cannot_be_decoded_is_named(void **state)
{
	static const char *const TARGETS[] = { "", "a", "?a=b", "/%", "/%4", "/%4g",
		"/a%/", "/%00", "/?%00", "/?a=%", "/?a=%g0",
		"/1/2/3/4/5/6/7/8/9/10/11/12/13", PARAMETERS_33 };
	struct http_target target;

	(void)state;
	for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++)
		assert_non_null(read_target(&target, TARGETS[i]));
}

static void
a_traceparent_is_valid_or_not(void **state)
{
#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT_ID "00f067aa0ba902b7"
	static const char *const INVALID[] = { "", "00-" TRACE_ID "-" PARENT_ID,
		"00-" TRACE_ID "-" PARENT_ID "-0", "00-" TRACE_ID "-" PARENT_ID "-011",
		"00-" TRACE_ID "-" PARENT_ID "-01-x", "ff-" TRACE_ID "-" PARENT_ID "-01",
		"00-00000000000000000000000000000000-" PARENT_ID "-01",
		"00-" TRACE_ID "-0000000000000000-01", "0G-" TRACE_ID "-" PARENT_ID "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT_ID "-01",
		"00-" TRACE_ID "-00f067aa0ba902bg-01", "00-" TRACE_ID "-" PARENT_ID "-0x",
		"00_" TRACE_ID "-" PARENT_ID "-01", "00-" TRACE_ID "_" PARENT_ID "-01",
		"00-" TRACE_ID "-" PARENT_ID "_01", "01-" TRACE_ID "-" PARENT_ID "-01x" };

	(void)state;
	assert_true(http_trace_is_valid(text_of("00-" TRACE_ID "-" PARENT_ID "-01")));
	assert_true(
	    http_trace_is_valid(text_of("cc-" TRACE_ID "-" PARENT_ID "-01-what-ever")));
	for (size_t i = 0; i < sizeof INVALID / sizeof *INVALID; i++)
		if (http_trace_is_valid(text_of(INVALID[i])))
			fail_msg("taken as valid: %s", INVALID[i]);
}

static int
tear_down(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_fits_its_own_pattern_only),
		cmocka_unit_test(a_parameter_stands_for_one_segment_that_is_not_empty),
		cmocka_unit_test(the_first_query_parameter_of_a_name_counts),
		cmocka_unit_test(what_cannot_be_decoded_is_named),
		cmocka_unit_test(a_traceparent_is_valid_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
