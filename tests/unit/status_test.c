/* SPDX-License-Identifier: Apache-2.0
 * The one error type. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "proto/status.h"

static void
every_status_has_a_code_of_its_own_an_http_status_and_a_sentence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STATUS_COUNT; i++) {
		enum status status = (enum status)i;

		assert_int_equal(status_of_code(text_of(status_code(status))), status);
		assert_in_range(status_http(status), 200, 599);
		assert_true(strlen(status_about(status)) > 0);
		assert_in_range(strlen(status_code(status)), 1,
		    32); /* messages.def: refused.status */
	}
}

static void
zero_is_success_and_only_success_is_below_300(void **state)
{
	(void)state;
	assert_int_equal(STATUS_OK, 0);
	for (unsigned i = 0; i < STATUS_COUNT; i++)
		assert_int_equal(
		    status_is_success((enum status)i), status_http((enum status)i) < 300);
}

static void
what_is_no_status_counts_as_a_bug(void **state)
{
	(void)state;
	assert_int_equal(status_of_code(LITERAL("no such code")), STATUS_INTERNAL);
	assert_int_equal(status_of_code(LITERAL("")), STATUS_INTERNAL);
	assert_int_equal(status_of_code(LITERAL("stalex")), STATUS_INTERNAL);
	assert_int_equal(status_of_code(TEXT_ABSENT), STATUS_INTERNAL);
	assert_string_equal(status_code((enum status)STATUS_COUNT), "internal");
	assert_int_equal(status_http((enum status)4711), 500);
	assert_string_equal(
	    status_about((enum status) - 1), status_about(STATUS_INTERNAL));
}

static void
http_codes_are_those_that_clients_rely_on(void **state)
{
	(void)state;
	assert_int_equal(status_http(STATUS_INVALID), 422);
	assert_int_equal(status_http(STATUS_KEY_REUSED), 409);
	assert_int_equal(status_http(STATUS_STALE), 412);
	assert_int_equal(status_http(STATUS_BUSY), 503);
	assert_int_equal(status_http(STATUS_PRECONDITION), 428);
}

static void
texts_compare_by_length_and_bytes(void **state)
{
	char buffer[4];

	(void)state;
	assert_true(text_is(LITERAL("abc"), "abc"));
	assert_false(text_is(LITERAL("ab"), "abc"));
	assert_false(text_is(TEXT_ABSENT, ""));
	assert_true(text_is(LITERAL(""), ""));
	assert_true(text_equal(LITERAL("ab"), LITERAL("ab")));
	assert_false(text_equal(LITERAL("ab"), LITERAL("ac")));
	assert_true(text_copy(LITERAL("abc"), buffer, sizeof buffer));
	assert_string_equal(buffer, "abc");
	assert_false(text_copy(LITERAL("abcd"), buffer, sizeof buffer));
	assert_string_equal(buffer, "");
	assert_false(text_copy(LITERAL(""), buffer, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_status_has_a_code_of_its_own_an_http_status_and_a_sentence),
		cmocka_unit_test(zero_is_success_and_only_success_is_below_300),
		cmocka_unit_test(what_is_no_status_counts_as_a_bug),
		cmocka_unit_test(http_codes_are_those_that_clients_rely_on),
		cmocka_unit_test(texts_compare_by_length_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
