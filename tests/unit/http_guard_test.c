/* SPDX-License-Identifier: Apache-2.0
 * Slow, early and impatient clients. */
#include "tests/unit/http_fixture.h"

#include "common/http_private.h"

#define BODY_MOST 4096
#define LARGE_BYTES 8000000u

struct context {
	struct http_request *waiting[4];
	unsigned waiting_count;
	unsigned calls;
	unsigned gone;
};

static struct context context;
static struct scene scene;
static struct peer peer;
static char large[LARGE_BYTES];

static void
on_hello(struct http_request *request, void *ctx)
{
	(void)ctx;
	context.calls++;
	http_answer(&request, 200, NULL, NULL, LITERAL("hello"));
}

static void
on_body(struct http_request *request, void *ctx)
{
	(void)ctx;
	context.calls++;
	http_answer(&request, 200, NULL, NULL, http_body(request));
}

static void
on_client_gone(struct http_request *request, void *ctx)
{
	(void)ctx;
	context.gone++;
	http_answer(&request, 200, NULL, NULL, TEXT_ABSENT);
}

static void
on_wait(struct http_request *request, void *ctx)
{
	(void)ctx;
	context.calls++;
	context.waiting[context.waiting_count++] = request;
	http_on_gone(request, on_client_gone, NULL);
}

static void
on_large(struct http_request *request, void *ctx)
{
	(void)ctx;
	context.calls++;
	http_answer(&request, 200, NULL, NULL, (struct text){ large, LARGE_BYTES });
}

static const struct http_route ROUTES[] = {
	{ "GET", "/", on_hello, NULL },
	{ "POST", "/", on_body, NULL },
	{ "GET", "/wait", on_wait, NULL },
	{ "GET", "/large", on_large, NULL },
	{ NULL, NULL, NULL, NULL },
};

static void
serve(const struct http_limits *limits)
{
	scene_close(&scene);
	scene_open(&scene, limits, ROUTES, NULL);
}

static int
set_up(void **state)
{
	static const struct http_limits LIMITS = { .body_bytes = BODY_MOST };

	(void)state;
	context = (struct context){ 0 };
	scene_open(&scene, &LIMITS, ROUTES, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	peer_close(&peer);
	scene_close(&scene);
	return 0;
}

#define POST "POST / HTTP/1.1\r\n" HOST

static void
pipelined_requests_are_answered_in_order(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer,
	    GET("/wait") POST "Content-Length: 3\r\n\r\none" GET("/wait") POST
	    "Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" GET("/"));
	AWAIT(&peer, context.waiting_count == 1);
	for (int i = 0; i < 3; i++)
		peer_turn(&peer);
	assert_int_equal(context.calls, 1);
	http_answer(&context.waiting[0], 200, NULL, NULL, LITERAL("zero"));
	AWAIT(&peer, context.waiting_count == 2);
	assert_int_equal(context.calls, 3);
	http_answer(&context.waiting[1], 200, NULL, NULL, LITERAL("half"));
	peer_await(&peer, "hello");
	assert_true(strstr(peer.bytes, "zero") < strstr(peer.bytes, "one"));
	assert_true(strstr(peer.bytes, "one") < strstr(peer.bytes, "half"));
	assert_true(strstr(peer.bytes, "half") < strstr(peer.bytes, "two"));
	assert_true(strstr(peer.bytes, "two") < strstr(peer.bytes, "hello"));
	assert_int_equal(context.gone, 0);
}

static void
a_thousand_pipelined_requests_get_a_thousand_answers(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	for (int i = 0; i < 100; i++)
		peer_send(&peer, GET("/") GET("/") GET("/") GET("/") GET("/") GET("/")
		                     GET("/") GET("/") GET("/") GET("/"));
	AWAIT(&peer, context.calls == 1000);
	peer_forget(&peer);
	peer_send(&peer, POST "Content-Length: 4\r\n\r\nlast");
	peer_await(&peer, "last");
}

static void
a_bad_request_behind_a_good_one_waits_for_its_answer(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait") "GET / HTTP/1.1\r\n\r\n" GET("/"));
	AWAIT(&peer, context.waiting_count == 1);
	peer_turn(&peer);
	assert_int_equal(peer.length, 0);
	http_answer(&context.waiting[0], 200, NULL, NULL, LITERAL("good"));
	peer_await_close(&peer);
	assert_int_equal(context.calls, 1);
	assert_true(strstr(peer.bytes, "good") < strstr(peer.bytes, "HTTP/1.1 400 "));
}

static void
what_is_sent_while_a_request_waits_does_not_fill_the_memory(void **state)
{
	struct http_guard *guard;

	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait"));
	AWAIT(&peer, context.waiting_count == 1);
	guard = LIST_FIRST(&scene.server->guards);
	for (int i = 0; i < 100; i++) {
		send(peer.fd, large, LARGE_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
		assert_int_equal(loop_turn(scene.loop, 1), STATUS_OK);
	}
	assert_in_range(evbuffer_get_length(guard->held), 65536, 131072);
	http_answer(&context.waiting[0], 200, NULL, NULL, LITERAL("good"));
	peer_await(&peer, "good");
	peer_await(&peer, "HTTP/1.1 400 ");
}

static void
a_slow_request_is_closed_with_408(void **state)
{
	static const struct http_limits LIMITS = { .request_ms = 60 };
	int64_t begin = clock_mono_ms();

	(void)state;
	serve(&LIMITS);
	peer_open(&peer, &scene);
	peer_send(&peer, "GET / HTTP/1.1\r\nX: ");
	while (peer.length == 0 && clock_mono_ms() < begin + DEADLINE_MS) {
		peer_send(&peer, "y"); /* busy all the time, yet never done */
		peer_turn(&peer);
	}
	peer_await(&peer, "HTTP/1.1 408 Request Timeout\r\n");
	assert_true(clock_mono_ms() - begin >= 40); /* a coarse clock */
	AWAIT(&peer, http_server_connections(scene.server) == 0);
	assert_int_equal(context.calls, 0);
}

static void
an_idle_connection_is_closed_without_a_word(void **state)
{
	static const struct http_limits LIMITS = { .idle_ms = 50 };

	(void)state;
	serve(&LIMITS);
	peer_open(&peer, &scene);
	peer_await_close(&peer);
	assert_int_equal(peer.length, 0);
	peer_close(&peer);
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/"));
	peer_await_close(&peer);
	assert_int_equal(peer_count(&peer, "HTTP/1.1 "), 1);
	assert_int_equal(context.calls, 1);
}

static void
a_handler_may_take_longer_than_the_idle_time(void **state)
{
	static const struct http_limits LIMITS = { .idle_ms = 20, .request_ms = 20 };
	int64_t begin = clock_mono_ms();

	(void)state;
	serve(&LIMITS);
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait"));
	AWAIT(&peer, clock_mono_ms() > begin + 100 && context.waiting_count == 1);
	assert_false(peer.is_closed);
	http_answer(&context.waiting[0], 200, NULL, NULL, LITERAL("good"));
	peer_await(&peer, "good");
}

static void
a_client_that_does_not_take_its_answer_is_dropped(void **state)
{
	static const struct http_limits LIMITS = { .idle_ms = 50 };

	(void)state;
	serve(&LIMITS);
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/large"));
	while (context.calls == 0 || http_server_connections(scene.server) > 0)
		assert_int_equal(loop_turn(scene.loop, 5), STATUS_OK);
}

static void
a_client_that_waits_for_continue_gets_it_and_then_its_answer(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	for (int i = 0; i < 3; i++) { /* also with the callbacks of an answer before */
		peer_forget(&peer);
		peer_send(
		    &peer, POST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
		peer_await(&peer, "HTTP/1.1 100 Continue\r\n\r\n");
		peer_turn(&peer);
		assert_int_equal(peer_count(&peer, "HTTP/1.1 "), 1);
		peer_send(&peer, "body");
		peer_await(&peer, "\r\n\r\nbody");
		assert_int_equal(peer_count(&peer, "HTTP/1.1 "), 2);
	}
	peer_forget(&peer);
	peer_send(&peer, POST "Expect: 100-continue\r\nContent-Length: 4097\r\n\r\n");
	peer_await_close(&peer);
	assert_int_equal(peer_count(&peer, "HTTP/1.1 413 "), 1);
	assert_int_equal(peer_count(&peer, "HTTP/1.1 "), 1);
}

static void
a_client_that_has_shut_down_sending_gets_its_answer(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/"));
	shutdown(peer.fd, SHUT_WR);
	peer_await(&peer, "hello");
	peer_await_close(&peer);
	assert_false(peer.is_reset);
}

static void
a_client_that_has_shut_down_sending_gets_all_of_a_large_answer(void **state)
{
	size_t total = 0;

	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/large"));
	shutdown(peer.fd, SHUT_WR);
	while (!peer.is_closed) {
		peer_turn(&peer);
		total += peer.length;
		peer_forget(&peer);
	}
	assert_true(total > LARGE_BYTES);
}

static void
a_client_that_leaves_in_the_middle_of_a_request_is_forgotten(void **state)
{
	static const char *const PARTS[] = { "", "G", "GET / HTTP/1.1\r\n" HOST,
		POST "Content-Length: 5\r\n\r\nhell",
		POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhell" };

	(void)state;
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
		peer_open(&peer, &scene);
		peer_send(&peer, PARTS[i]);
		AWAIT(&peer, http_server_connections(scene.server) == 1);
		peer_turn(&peer);
		shutdown(peer.fd, SHUT_RDWR);
		AWAIT(&peer, http_server_connections(scene.server) == 0);
		peer_close(&peer);
	}
	assert_int_equal(context.calls, 0);
	peer_open(&peer, &scene);
}

static void
a_server_closes_whatever_its_clients_are_about(void **state)
{
	static struct peer peers[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		peer_open(&peers[i], &scene);
	peer_send(&peers[1], "GET / HT");
	peer_send(&peers[2], GET("/wait") GET("/wait"));
	peer_send(&peers[3], "BAD\r\n");
	peer_send(&peers[4], GET("/large"));
	AWAIT(&peers[3], peers[3].length > 0 && context.calls == 2);
	peer_open(&peer, &scene); /* this one is not accepted yet */
	http_server_close(scene.server);
	scene.server = NULL;
	assert_int_equal(context.gone, 1);
	for (size_t i = 0; i < 5; i++)
		peer_close(&peers[i]);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(pipelined_requests_are_answered_in_order),
		TEST(a_thousand_pipelined_requests_get_a_thousand_answers),
		TEST(a_bad_request_behind_a_good_one_waits_for_its_answer),
		TEST(what_is_sent_while_a_request_waits_does_not_fill_the_memory),
		TEST(a_slow_request_is_closed_with_408),
		TEST(an_idle_connection_is_closed_without_a_word),
		TEST(a_handler_may_take_longer_than_the_idle_time),
		TEST(a_client_that_does_not_take_its_answer_is_dropped),
		TEST(a_client_that_waits_for_continue_gets_it_and_then_its_answer),
		TEST(a_client_that_has_shut_down_sending_gets_its_answer),
		TEST(a_client_that_has_shut_down_sending_gets_all_of_a_large_answer),
		TEST(a_client_that_leaves_in_the_middle_of_a_request_is_forgotten),
		TEST(a_server_closes_whatever_its_clients_are_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
