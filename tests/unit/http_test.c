/* SPDX-License-Identifier: Apache-2.0
 * Routes, requests, answers, late answers. */
#include "tests/unit/http_fixture.h"

/* What handlers leave for the test. */
struct context {
	struct http_request *waiting;
	unsigned gone;
};

static struct peer peer;

static void
on_hello(struct http_request *request, void *ctx)
{
	(void)ctx;
	http_answer(&request, 200, "text/plain", NULL, LITERAL("hello"));
	assert_null(request);
}

/* Answers with what it was asked. */
static void
on_echo(struct http_request *request, void *ctx)
{
	struct text parts[] = { http_path(request, "id"), http_path(request, "action"),
		http_query(request, "q"), http_header(request, "x-thing"),
		http_body(request), http_trace(request) };
	char text[4096];
	int length = snprintf(text, sizeof text, "%s %s %s:", http_method(request),
	    http_route_path(request), (const char *)http_tag(request));

	(void)ctx;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		length += snprintf(text + length, sizeof text - (size_t)length, "<%.*s>",
		    parts[i].at ? (int)parts[i].length : 6,
		    parts[i].at ? parts[i].at : "absent");
	http_answer(
	    &request, 200, "text/plain", NULL, (struct text){ text, (uint32_t)length });
}

static void
on_client_gone(struct http_request *request, void *ctx)
{
	struct context *context = ctx;

	assert_ptr_equal(request, context->waiting);
	context->gone++;
}

static void
on_wait(struct http_request *request, void *ctx)
{
	struct context *context = ctx;

	context->waiting = request;
	http_on_gone(request, on_client_gone, ctx);
}

static void
on_problem(struct http_request *request, void *ctx)
{
	(void)ctx;
	http_problem(
	    &request, 409, "urn:x", "No \"way\"", "a\\b\n", "\"state\":\"open\"");
}

static void
on_fields(struct http_request *request, void *ctx)
{
	const struct http_field own[] = { { "Cache-Control", "max-age=60" },
		{ "ETag", "\"3\"" }, { NULL, NULL } };

	(void)ctx;
	http_answer(&request, 204, NULL, own, TEXT_ABSENT);
}

static void
on_split(struct http_request *request, void *ctx)
{
	const struct http_field bad[] = { { "ETag", "\"3\"" },
		{ "Location", http_tag(request) }, { NULL, NULL } };

	(void)ctx;
	http_answer(&request, 201, "text/plain", bad, LITERAL("secret"));
}

static const struct http_route ROUTES[] = {
	{ "GET", "/", on_hello, NULL },
	{ "GET", "/wait", on_wait, NULL },
	{ "GET", "/problem", on_problem, NULL },
	{ "GET", "/fields", on_fields, NULL },
	{ "GET", "/split", on_split, "/a\r\n Set-Cookie: b" },
	{ "GET", "/control", on_split, "/a\x01" },
	{ "GET", "/cases/{id}", on_echo, "one" },
	{ "PUT", "/cases/{id}", on_echo, "put" },
	{ "POST", "/cases/{id}/{action}", on_echo, "do" },
	{ NULL, NULL, NULL, NULL },
};

static struct context context;
static struct scene scene;

static int
set_up(void **state)
{
	(void)state;
	context = (struct context){ 0 };
	scene_open(&scene, NULL, ROUTES, &context);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scene_close(&scene);
	return 0;
}

static void
a_get_is_answered_with_length_and_safe_fields(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/"), "\r\n\r\nhello");
	assert_ptr_equal(strstr(peer.bytes, "HTTP/1.1 200 OK\r\n"), peer.bytes);
	assert_int_equal(peer_count(&peer, "Content-Length: 5\r\n"), 1);
	assert_int_equal(peer_count(&peer, "Content-Type: text/plain\r\n"), 1);
	assert_int_equal(peer_count(&peer, "X-Content-Type-Options: nosniff\r\n"), 1);
	assert_int_equal(peer_count(&peer, "Cache-Control: no-store\r\n"), 1);
}

static void
fields_of_the_handler_come_before_the_defaults(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/fields"), "\r\n\r\n");
	assert_non_null(strstr(peer.bytes, "HTTP/1.1 204 No Content\r\n"));
	assert_non_null(strstr(peer.bytes, "ETag: \"3\"\r\n"));
	assert_int_equal(peer_count(&peer, "Cache-Control: "), 1);
	assert_non_null(strstr(peer.bytes, "Cache-Control: max-age=60\r\n"));
	assert_null(strstr(peer.bytes, "Content-Length"));
	assert_null(strstr(peer.bytes, "Transfer-Encoding"));
}

static void
head_gets_the_head_of_get_and_no_body(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, "HEAD / HTTP/1.1\r\n" HOST "\r\n" GET("/cases/7"));
	peer_await(&peer, "GET /cases/{id}");
	assert_non_null(strstr(peer.bytes, "Content-Length: 5\r\n"));
	assert_null(strstr(peer.bytes, "hello"));
	peer_close(&peer);
}

static void
path_and_query_are_decoded(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/cases/a%2Fb+c?x=1&q=d+e%26%C3%A4&q=z"),
	    "GET /cases/{id} one:<a/b+c><absent><d e&\xc3\xa4>");
}

static void
a_field_is_found_whatever_its_case(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene,
	    "PUT /cases/7 HTTP/1.1\r\n" HOST "X-THING:  a b \r\nX-Thing: 2\r\n\r\n",
	    "put:<7><absent><absent><a b><><absent>");
}

static void
a_body_arrives_whole_however_it_is_sent(void **state)
{
	static const char CHUNKS[] =
	    "POST /cases/7/close HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\none\r\n4\r\n two\r\n0\r\n\r\n";

	(void)state;
	peer_exchange(&peer, &scene,
	    "POST /cases/7/close HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\none two",
	    "do:<7><close><absent><absent><one two>");
	peer_open(&peer, &scene);
	for (size_t i = 0; i < sizeof CHUNKS - 1; i++) {
		peer_send_bytes(&peer, CHUNKS + i, 1);
		peer_turn(&peer);
	}
	peer_await(&peer, "do:<7><close><absent><absent><one two>");
	peer_close(&peer);
}

static void
only_one_valid_traceparent_is_passed_through(void **state)
{
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	(void)state;
	peer_exchange(&peer, &scene,
	    "GET /cases/7 HTTP/1.1\r\n" HOST "Traceparent: " TRACE "\r\n\r\n",
	    "<><" TRACE ">");
	peer_exchange(&peer, &scene,
	    "GET /cases/7 HTTP/1.1\r\n" HOST "Traceparent: " TRACE "0\r\n\r\n",
	    "<><absent>");
	peer_exchange(&peer, &scene,
	    "GET /cases/7 HTTP/1.1\r\n" HOST "Traceparent: " TRACE "\r\n"
	    "Traceparent: " TRACE "\r\n\r\n",
	    "<><absent>");
}

static void
an_unknown_path_is_404_with_problem_details(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/cases/"), "}");
	assert_non_null(strstr(peer.bytes, "HTTP/1.1 404 Not Found\r\n"));
	assert_non_null(strstr(peer.bytes, "Content-Type: application/problem+json\r\n"));
	assert_non_null(strstr(peer.bytes,
	    "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
	    "\"detail\":\"nothing has this path\"}"));
}

static void
another_method_is_405_and_allow_names_the_known_ones(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, "DELETE /cases/7 HTTP/1.1\r\n" HOST "\r\n", "}");
	assert_non_null(strstr(peer.bytes, "HTTP/1.1 405 Method Not Allowed\r\n"));
	assert_non_null(strstr(peer.bytes, "Allow: GET, HEAD, PUT\r\n"));
}

static void
a_target_that_cannot_be_decoded_is_400(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/cases/%zz"), "HTTP/1.1 400 Bad Request\r\n");
	peer_exchange(
	    &peer, &scene, GET("/cases/7?q=%00"), "HTTP/1.1 400 Bad Request\r\n");
}

static void
problem_details_are_escaped_and_carry_more_members(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/problem"),
	    "{\"type\":\"urn:x\",\"title\":\"No \\\"way\\\"\",\"status\":409,"
	    "\"detail\":\"a\\\\b\\n\",\"state\":\"open\"}");
}

static void
a_field_with_a_control_byte_becomes_a_500(void **state)
{
	(void)state;
	peer_exchange(&peer, &scene, GET("/split"), "\r\n\r\n");
	assert_non_null(strstr(peer.bytes, "HTTP/1.1 500 Internal Server Error\r\n"));
	assert_null(strstr(peer.bytes, "Set-Cookie"));
	assert_null(strstr(peer.bytes, "ETag"));
	assert_null(strstr(peer.bytes, "secret"));
	peer_exchange(&peer, &scene, GET("/control"), "HTTP/1.1 500 ");
}

static void
a_late_answer_reaches_its_client(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait") GET("/"));
	AWAIT(&peer, context.waiting);
	peer_turn(&peer);
	assert_int_equal(peer.length, 0);
	http_answer(&context.waiting, 202, NULL, NULL, LITERAL("late"));
	peer_await(&peer, "hello");
	assert_true(strstr(peer.bytes, "late") < strstr(peer.bytes, "hello"));
	assert_int_equal(context.gone, 0);
	peer_close(&peer);
}

static void
a_late_answer_after_the_client_left_is_dropped(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait"));
	AWAIT(&peer, context.waiting);
	peer_close(&peer);
	AWAIT(&peer, context.gone == 1);
	assert_int_equal(http_server_connections(scene.server), 0);
	assert_string_equal(http_method(context.waiting), "GET");
	assert_int_equal(http_header(context.waiting, "Host").length, 1);
	http_answer(&context.waiting, 200, NULL, NULL, LITERAL("late"));
	assert_null(context.waiting);
}

static void
a_problem_after_the_client_left_is_dropped(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait"));
	AWAIT(&peer, context.waiting);
	peer_close(&peer);
	AWAIT(&peer, context.gone == 1);
	http_problem(&context.waiting, 503, NULL, NULL, "late", NULL);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_get_is_answered_with_length_and_safe_fields),
		TEST(fields_of_the_handler_come_before_the_defaults),
		TEST(head_gets_the_head_of_get_and_no_body),
		TEST(path_and_query_are_decoded),
		TEST(a_field_is_found_whatever_its_case),
		TEST(a_body_arrives_whole_however_it_is_sent),
		TEST(only_one_valid_traceparent_is_passed_through),
		TEST(an_unknown_path_is_404_with_problem_details),
		TEST(another_method_is_405_and_allow_names_the_known_ones),
		TEST(a_target_that_cannot_be_decoded_is_400),
		TEST(problem_details_are_escaped_and_carry_more_members),
		TEST(a_field_with_a_control_byte_becomes_a_500),
		TEST(a_late_answer_reaches_its_client),
		TEST(a_late_answer_after_the_client_left_is_dropped),
		TEST(a_problem_after_the_client_left_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
