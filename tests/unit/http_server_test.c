/* SPDX-License-Identifier: Apache-2.0
 * The life of a server: its address, draining, closing, room for clients. */
#include "tests/unit/http_fixture.h"

/* What handlers leave for the test. */
struct context {
	struct http_request *waiting;
	unsigned calls;
	unsigned gone;
};

static struct context context;
static struct scene scene;
static struct peer peer;

static void
on_hello(struct http_request *request, void *ctx)
{
	(void)ctx;
	context.calls++;
	http_answer(&request, 200, "text/plain", NULL, LITERAL("hello"));
}

static void
on_client_gone(struct http_request *request, void *ctx)
{
	(void)ctx;
	assert_ptr_equal(request, context.waiting);
	context.gone++;
}

static void
on_wait(struct http_request *request, void *ctx)
{
	context.waiting = request;
	http_on_gone(request, on_client_gone, ctx);
}

static const struct http_route ROUTES[] = {
	{ "GET", "/", on_hello, NULL },
	{ "GET", "/wait", on_wait, NULL },
	{ NULL, NULL, NULL, NULL },
};

static int
set_up(void **state)
{
	(void)state;
	context = (struct context){ 0 };
	scene_open(&scene, NULL, ROUTES, NULL);
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
an_address_that_cannot_be_used_is_told_in_one_line(void **state)
{
	struct http_server *other;
	char address[HTTP_ADDRESS_BYTES];
	char why[200];

	(void)state;
	http_server_address(scene.server, address);
	assert_int_equal(
	    http_serve(scene.loop, address, NULL, ROUTES, NULL, &other, why, sizeof why),
	    STATUS_UNAVAILABLE);
	assert_null(other);
	assert_non_null(strstr(why, address));
	assert_non_null(strstr(why, "Address already in use"));
	assert_null(strchr(why, '\n'));
}

static void
what_is_no_address_is_invalid(void **state)
{
	static const char *const ADDRESSES[] = { "", "127.0.0.1", ":80",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1:-1" };
	struct http_server *other;
	char why[200];

	(void)state;
	for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++) {
		assert_int_equal(http_serve(scene.loop, ADDRESSES[i], NULL, ROUTES, NULL,
		                     &other, why, sizeof why),
		    STATUS_INVALID);
		assert_null(other);
	}
}

static void
an_ipv6_address_is_told_in_brackets(void **state)
{
	struct http_server *other;
	char address[HTTP_ADDRESS_BYTES];
	char why[200];

	(void)state;
	if (http_serve(scene.loop, "[::1]:0", NULL, ROUTES, NULL, &other, why,
	        sizeof why) != STATUS_OK)
		skip(); /* no IPv6 here */
	http_server_address(other, address);
	assert_memory_equal(address, "[::1]:", 6);
	http_server_close(other);
}

static void
a_drained_server_finishes_what_it_has_and_takes_nobody_new(void **state)
{
	static struct peer idle;
	static struct peer half;

	(void)state;
	peer_open(&idle, &scene);
	peer_send(&idle, GET("/"));
	peer_await(&idle, "hello");
	peer_open(&half, &scene);
	peer_send(&half, "GET / HTTP/1.1\r\n");
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait"));
	AWAIT(&peer, context.waiting && http_server_connections(scene.server) == 3);
	http_server_drain(scene.server);
	peer_await_close(&idle);
	http_answer(&context.waiting, 200, NULL, NULL, LITERAL("late"));
	peer_await(&peer, "late");
	peer_await_close(&peer);
	assert_non_null(strstr(peer.bytes, "Connection: close\r\n"));
	peer_send(&half, HOST "\r\n");
	peer_await(&half, "hello");
	peer_await_close(&half);
	assert_int_equal(http_server_connections(scene.server), 0);
	peer_close(&idle);
	peer_close(&half);
	peer_close(&peer);
}

static void
an_answer_given_before_the_drain_is_still_written(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/"));
	AWAIT(&peer, context.calls == 1);
	http_server_drain(scene.server);
	peer_await_close(&peer);
	assert_non_null(strstr(peer.bytes, "hello"));
	peer_close(&peer);
}

static void
closing_the_server_tells_handlers_that_wait(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, GET("/wait"));
	AWAIT(&peer, context.waiting);
	http_server_close(scene.server);
	scene.server = NULL;
	assert_int_equal(context.gone, 1);
	http_answer(&context.waiting, 200, NULL, NULL, LITERAL("late"));
	peer_await_close(&peer);
	assert_int_equal(peer.length, 0);
	peer_close(&peer);
}

static void
clients_beyond_the_limit_wait_for_a_place(void **state)
{
	static const struct http_limits LIMITS = { .connections_most = 1 };
	static struct peer peers[6];
	int64_t begin = clock_mono_ms();

	(void)state;
	scene_close(&scene);
	scene_open(&scene, &LIMITS, ROUTES, NULL);
	for (int i = 0; i < 6; i++) {
		peer_open(&peers[i], &scene);
		peer_send(&peers[i], GET("/"));
	}
	for (unsigned i = 0; i < 6; i++) {
		peer_await(&peers[i], "hello");
		assert_int_equal(http_server_connections(scene.server), 1);
		assert_int_equal(context.calls, i + 1);
		peer_close(&peers[i]);
	}
	assert_true(clock_mono_ms() - begin < 3000); /* not one per tick of the retry */
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_address_that_cannot_be_used_is_told_in_one_line),
		TEST(what_is_no_address_is_invalid),
		TEST(an_ipv6_address_is_told_in_brackets),
		TEST(a_drained_server_finishes_what_it_has_and_takes_nobody_new),
		TEST(an_answer_given_before_the_drain_is_still_written),
		TEST(closing_the_server_tells_handlers_that_wait),
		TEST(clients_beyond_the_limit_wait_for_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
