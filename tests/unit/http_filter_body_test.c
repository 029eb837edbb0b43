/* SPDX-License-Identifier: Apache-2.0
 * Where a request ends. */
#include "tests/unit/http_filter_fixture.h"

static void
an_incomplete_request_is_not_passed(void **state)
{
	static const char REQUEST[] = CHUNKED "a\r\n0123456789\r\n0\r\n\r\n";

	(void)state;
	for (size_t length = 1; length < sizeof REQUEST - 1; length++) {
		struct outcome outcome = outcome_of(REQUEST, length);

		assert_int_equal(outcome.requests + (unsigned)outcome.code, 0);
	}
	passes(REQUEST, 1);
}

static void
pipelined_requests_are_told_apart_by_their_bodies(void **state)
{
	(void)state;
	passes(GET "\r\n" POST "Content-Length: 4\r\n\r\nGET " GET "\r\n", 3);
	passes(CHUNKED "5\r\nGET /\r\n0\r\n\r\n" GET "\r\n", 2);
	passes("GET / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab" GET "\r\n", 2);
}

static void
a_fault_behind_a_good_request_is_found(void **state)
{
	struct outcome outcome = OUTCOME(POST "Content-Length: 1\r\n\r\nabcd" GET "\r\n");

	(void)state;
	assert_int_equal(outcome.requests, 1);
	assert_int_equal(outcome.code, 501); /* "bcdGET" is no method */
}

static void
two_content_lengths_are_refused(void **state)
{
	(void)state;
	refuses(400, POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello");
	refuses(400, POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello");
	refuses(400, POST "Content-Length: 5, 5\r\n\r\nhello");
}

static void
content_length_with_transfer_encoding_is_refused(void **state)
{
	(void)state;
	refuses(400, POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
	refuses(400, POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n");
}

static void
a_content_length_that_is_not_digits_is_refused(void **state)
{
	static const char *const VALUES[] = { "+2", "-1", "", " ", "0x5", "5a", "5 5",
		"5,", "\t5", "5.", "99999999999999999999", "00000000000000000005" };
	char request[128];

	(void)state;
	for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
		snprintf(request, sizeof request, POST "Content-Length: %s\r\n\r\n",
		    VALUES[i]);
		refuses(400, request);
	}
}

static void
a_transfer_coding_other_than_chunked_is_refused(void **state)
{
	(void)state;
	refuses(501, POST "Transfer-Encoding: gzip\r\n\r\n");
	refuses(501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n");
	refuses(501, POST "Transfer-Encoding: chunked, identity\r\n\r\n");
	refuses(501, POST "Transfer-Encoding: chun ked\r\n\r\n");
	refuses(501, POST "Transfer-Encoding: xchunked\r\n\r\n");
	refuses(501, POST "Transfer-Encoding:\r\n\r\n");
	refuses(400, POST "Transfer-Encoding:\tchunked\r\n\r\n");
	refuses(
	    400, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
	refuses(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
	passes(POST "Transfer-Encoding:  CHUNKED \r\n\r\n0\r\n\r\n", 1);
}

static void
bad_chunks_are_refused(void **state)
{
	(void)state;
	refuses(400, CHUNKED "\r\n");
	refuses(400, CHUNKED "g\r\n");
	refuses(400, CHUNKED "0x1\r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "+1\r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "-1\r\n");
	refuses(400, CHUNKED " 1\r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "1 \r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "1;a=b\r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "000000001\r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "1\r\nxy\r\n0\r\n\r\n");
	refuses(400, CHUNKED "2\r\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "0\r\nX: trailer\r\n\r\n");
	passes(CHUNKED "0000000A\r\n0123456789\r\n1\r\nx\r\n00\r\n\r\n", 1);
}

static void
a_body_beyond_the_limit_is_413(void **state)
{
	(void)state;
	refuses(413, POST "Content-Length: 65\r\n\r\n");
	refuses(413, POST "Content-Length: 9223372036854775808\r\n\r\n");
	refuses(413, CHUNKED "41\r\n");
	refuses(413, CHUNKED "ffffffff\r\n");
	refuses(413, CHUNKED "20\r\n0123456789abcdef0123456789abcdef\r\n21\r\n");
	passes(CHUNKED "40\r\n0123456789abcdef0123456789abcdef"
	               "0123456789abcdef0123456789abcdef\r\n0\r\n\r\n",
	    1);
}

static void
head_has_no_body(void **state)
{
	(void)state;
	refuses(400, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
	refuses(400, "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void
continue_is_asked_for_once_and_before_the_body(void **state)
{
	static const char REQUEST[] =
	    POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx";
	struct http_filter filter;
	size_t head = sizeof REQUEST - 2;
	size_t used;

	(void)state;
	refuses(417, POST "Expect: a pony\r\n\r\n");
	http_filter_init(&filter, HEAD_MOST, BODY_MOST);
	assert_int_equal(
	    http_filter_feed(&filter, REQUEST, head - 1, &used), HTTP_FILTER_MORE);
	assert_false(http_filter_take_continue(&filter));
	assert_int_equal(
	    http_filter_feed(&filter, REQUEST + head - 1, 1, &used), HTTP_FILTER_MORE);
	assert_true(http_filter_take_continue(&filter));
	assert_false(http_filter_take_continue(&filter));

	http_filter_init(&filter, HEAD_MOST, BODY_MOST);
	assert_int_equal(http_filter_feed(&filter, REQUEST, sizeof REQUEST - 1, &used),
	    HTTP_FILTER_REQUEST);
	assert_false(http_filter_take_continue(&filter));
}

static void
continue_is_not_for_http_1_0_nor_without_a_body(void **state)
{
	static const char *const REQUESTS[] = { POST "Expect: 100-continue\r\n\r\n",
		"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n" };
	struct http_filter filter;
	size_t used;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		http_filter_init(&filter, HEAD_MOST, BODY_MOST);
		assert_int_not_equal(
		    http_filter_feed(&filter, REQUESTS[i], strlen(REQUESTS[i]), &used),
		    HTTP_FILTER_REFUSED);
		assert_false(http_filter_take_continue(&filter));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_incomplete_request_is_not_passed),
		cmocka_unit_test(pipelined_requests_are_told_apart_by_their_bodies),
		cmocka_unit_test(a_fault_behind_a_good_request_is_found),
		cmocka_unit_test(two_content_lengths_are_refused),
		cmocka_unit_test(content_length_with_transfer_encoding_is_refused),
		cmocka_unit_test(a_content_length_that_is_not_digits_is_refused),
		cmocka_unit_test(a_transfer_coding_other_than_chunked_is_refused),
		cmocka_unit_test(bad_chunks_are_refused),
		cmocka_unit_test(a_body_beyond_the_limit_is_413),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(continue_is_asked_for_once_and_before_the_body),
		cmocka_unit_test(continue_is_not_for_http_1_0_nor_without_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
