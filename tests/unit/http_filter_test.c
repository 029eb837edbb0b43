/* SPDX-License-Identifier: Apache-2.0
 * Request lines and header fields. */
#include "tests/unit/http_filter_fixture.h"

static void
ordinary_requests_pass(void **state)
{
	(void)state;
	passes(GET "\r\n", 1);
	passes("GET /a/b%20c?x=1&y=[2]|3 HTTP/1.1\r\nhOsT: [::1]:80\r\n\r\n", 1);
	passes(
	    "OPTIONS / HTTP/1.1\r\nHost:a.example:8080  \r\nX-Y: \xc3\xa4 b\r\n\r\n", 1);
	passes("GET / HTTP/1.0\r\n\r\n", 1);
	passes("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 1);
	passes(POST "Content-Length: 5\r\n\r\nhello", 1);
	passes(POST "Content-Length: 0005 \r\n\r\nhello", 1);
	passes(POST "\r\n", 1);
	passes(POST "X:\r\nAccept:    \r\n\r\n", 1);
}

static void
host_must_be_there_once_and_be_one(void **state)
{
	(void)state;
	refuses(400, "GET / HTTP/1.1\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
	refuses(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost:\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
}

static void
a_field_name_is_a_token_and_nothing_else(void **state)
{
	char request[64];

	(void)state;
	refuses(400, POST "Content-Length : 5\r\n\r\nhello");
	refuses(400, POST "Content-Length\t: 5\r\n\r\nhello");
	refuses(400, GET ": x\r\n\r\n");
	refuses(400, GET "no colon\r\n\r\n");
	refuses(400, GET "nocolon\r\n\r\n");
	for (int byte = 1; byte < 256; byte++) {
		bool is_token =
		    strchr("!#$%&'*+-.^_`|~", byte) != NULL ||
		    (byte < 0x80 && ((byte >= '0' && byte <= '9') ||
		                        ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z')));

		if (byte == ':')
			continue;
		snprintf(request, sizeof request, GET "X%cY: 1\r\n\r\n", byte);
		if (is_token)
			passes(request, 1);
		else
			refuses(400, request);
	}
}

static void
a_folded_header_line_is_refused(void **state)
{
	(void)state;
	refuses(400, GET "X: 1\r\n 2\r\n\r\n");
	refuses(400, GET "X: 1\r\n\t2\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
}

static void
control_bytes_in_a_head_are_refused(void **state)
{
	static const char *const PLACES[] = { "GET /%c HTTP/1.1\r\n",
		"G%cT / HTTP/1.1\r\n", "GET / HTT%c/1.1\r\n" };
	char request[64];

	(void)state;
	assert_int_equal(OUTCOME(GET "X: a\0b\r\n\r\n").code, 400);
	assert_int_equal(OUTCOME(GET "X\0: a\r\n\r\n").code, 400);
	assert_int_equal(OUTCOME("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n").code, 400);
	assert_int_equal(OUTCOME("\0GET / HTTP/1.1\r\n").code, 400);
	for (int byte = 1; byte < 0x20; byte++) {
		snprintf(request, sizeof request, GET "X: a%cb\r\n\r\n", byte);
		refuses(400, request);
		for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
			snprintf(request, sizeof request, PLACES[i], byte);
			refuses(400, request);
		}
	}
	refuses(400, GET "X: a\x7f\r\n\r\n");
}

static void
lines_end_in_cr_lf_only(void **state)
{
	(void)state;
	refuses(400, "GET / HTTP/1.1\nHost: a\n\n");
	refuses(400, "GET / HTTP/1.1\r\nHost: a\n\r\n");
	refuses(400, GET "\n");
	refuses(400, GET "X: a\rb\r\n\r\n");
	refuses(400, GET "\rX: a\r\n\r\n");
	refuses(400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n");
	refuses(400, "\r\n" GET "\r\n");
	refuses(400, CHUNKED "1\nx\r\n0\r\n\r\n");
	refuses(400, CHUNKED "1\r\nx\n0\r\n\r\n");
	refuses(400, CHUNKED "0\r\n\n");
}

static void
a_head_beyond_the_limit_is_431(void **state)
{
	char request[HEAD_MOST + 64];
	int rest = HEAD_MOST - (int)strlen(GET "X: \r\n\r\n");

	(void)state;
	snprintf(request, sizeof request, GET "X: %0*d\r\n\r\n", rest, 0);
	passes(request, 1);
	snprintf(request, sizeof request, GET "X: %0*d\r\n\r\n", rest + 1, 0);
	refuses(431, request);
	snprintf(request, sizeof request, "GET /%0*d", HEAD_MOST, 0);
	refuses(431, request);
}

static void
too_many_fields_are_431(void **state)
{
	static const char BEGIN[] = GET;
	static const char FIELD[] = "X:\r\n";
	struct http_filter filter;
	size_t used;

	(void)state;
	http_filter_init(&filter, SIZE_MAX, 0);
	assert_int_equal(
	    http_filter_feed(&filter, BEGIN, sizeof BEGIN - 1, &used), HTTP_FILTER_MORE);
	for (int i = 1; i < HTTP_FILTER_FIELDS_MOST; i++)
		assert_int_equal(
		    http_filter_feed(&filter, FIELD, sizeof FIELD - 1, &used),
		    HTTP_FILTER_MORE);
	assert_int_equal(http_filter_feed(&filter, FIELD, sizeof FIELD - 1, &used),
	    HTTP_FILTER_REFUSED);
	assert_int_equal(filter.code, 431);
}

static void
bad_request_lines_are_refused(void **state)
{
	(void)state;
	refuses(400, "GET  / HTTP/1.1\r\n");
	refuses(400, "GET / HTTP/1.1 \r\n");
	refuses(400, "GET /a b HTTP/1.1\r\n");
	refuses(400, " GET / HTTP/1.1\r\n");
	refuses(400, "GET /\r\n");
	refuses(400, "GET / http/1.1\r\n");
	refuses(400, "GET / HTTP/11\r\n");
	refuses(400, "GET / HTTP/1.10\r\n");
	refuses(400, "GET / \r\n");
	refuses(505, "GET / HTTP/2.0\r\n");
	refuses(505, "GET / HTTP/1.2\r\n");
	refuses(505, "GET / HTTP/0.9\r\n");
}

static void
only_paths_are_targets(void **state)
{
	(void)state;
	refuses(400, "GET http://a/ HTTP/1.1\r\n");
	refuses(400, "GET //a/b HTTP/1.1\r\n");
	refuses(400, "GET a HTTP/1.1\r\n");
	refuses(400, "OPTIONS * HTTP/1.1\r\n");
	refuses(400, "GET /a#b HTTP/1.1\r\n");
	refuses(400, "GET /\xc3\xa4 HTTP/1.1\r\n");
}

static void
methods_that_nobody_serves_are_501(void **state)
{
	(void)state;
	refuses(501, "TRACE / HTTP/1.1\r\n");
	refuses(501, "CONNECT a:1 HTTP/1.1\r\n");
	refuses(501, "get / HTTP/1.1\r\n");
	refuses(501, "PRI * HTTP/2.0\r\n");
	refuses(501, "AMETHODTHATISFARTOOLONGFORITSBUFFER / HTTP/1.1\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_requests_pass),
		cmocka_unit_test(host_must_be_there_once_and_be_one),
		cmocka_unit_test(a_field_name_is_a_token_and_nothing_else),
		cmocka_unit_test(a_folded_header_line_is_refused),
		cmocka_unit_test(control_bytes_in_a_head_are_refused),
		cmocka_unit_test(lines_end_in_cr_lf_only),
		cmocka_unit_test(a_head_beyond_the_limit_is_431),
		cmocka_unit_test(too_many_fields_are_431),
		cmocka_unit_test(bad_request_lines_are_refused),
		cmocka_unit_test(only_paths_are_targets),
		cmocka_unit_test(methods_that_nobody_serves_are_501),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
