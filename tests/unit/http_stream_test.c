/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_fixture.h"

#include "common/http_private.h"

static struct http_request *stream;
static enum status started;
static unsigned gone;
static struct scene scene;
static struct peer peer;

static void
on_client_gone(struct http_request *request, void *ctx)
{
	(void)ctx;
	assert_ptr_equal(request, stream);
	gone++;
	http_stream_close(&stream); /* from within, as a hub does */
}

static void
on_events(struct http_request *request, void *ctx)
{
	(void)ctx;
	http_on_gone(request, on_client_gone, NULL);
	stream = request;
	started = http_stream_start(&stream);
}

static void
on_hello(struct http_request *request, void *ctx)
{
	(void)ctx;
	http_answer(&request, 200, NULL, NULL, LITERAL("hello"));
}

static const struct http_route ROUTES[] = {
	{ "GET", "/events", on_events, NULL },
	{ "GET", "/", on_hello, NULL },
	{ NULL, NULL, NULL, NULL },
};

static int
set_up(void **state)
{
	static const struct http_limits LIMITS = { .idle_ms = 200 };

	(void)state;
	gone = 0;
	stream = NULL;
	scene_open(&scene, &LIMITS, ROUTES, NULL);
	peer_open(&peer, &scene);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	peer_close(&peer);
	scene_close(&scene);
	assert_null(stream);
	return 0;
}

static void
subscribe(void)
{
	peer_send(&peer, GET("/events"));
	peer_await(&peer, "\r\n\r\n");
	assert_int_equal(started, STATUS_OK);
	assert_non_null(stream);
	peer_forget(&peer);
}

static void
a_stream_begins_with_the_head_of_an_event_stream(void **state)
{
	(void)state;
	peer_send(&peer, GET("/events"));
	peer_await(&peer, "\r\n\r\n");
	assert_non_null(strstr(peer.bytes, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(peer.bytes, "Content-Type: text/event-stream\r\n"));
	assert_non_null(strstr(peer.bytes, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(peer.bytes, "X-Accel-Buffering: no\r\n"));
	assert_null(strstr(peer.bytes, "Content-Length"));
	http_stream_close(&stream);
}

static void
events_arrive_line_by_line(void **state)
{
	(void)state;
	subscribe();
	assert_int_equal(
	    http_stream_send(stream, "7", "case", LITERAL("{\"a\":1}")), STATUS_OK);
	peer_await(&peer, "id: 7\nevent: case\ndata: {\"a\":1}\n\n\r\n");
	assert_int_equal(
	    http_stream_send(stream, NULL, NULL, LITERAL("one\ntwo\r\nthree\r")),
	    STATUS_OK);
	peer_await(&peer, "\r\ndata: one\ndata: two\ndata: three\ndata: \n\n\r\n");
	assert_int_equal(http_stream_send(stream, "8", NULL, LITERAL("")), STATUS_OK);
	peer_await(&peer, "\r\nid: 8\ndata: \n\n\r\n");
	assert_int_equal(http_stream_comment(stream, "alive"), STATUS_OK);
	peer_await(&peer, "\r\n: alive\n\n\r\n");
	http_stream_close(&stream);
}

static void
a_line_end_in_an_id_is_invalid(void **state)
{
	(void)state;
	subscribe();
	assert_int_equal(
	    http_stream_send(stream, "7\ndata: x", NULL, LITERAL("")), STATUS_INVALID);
	assert_int_equal(
	    http_stream_send(stream, NULL, "a\rb", LITERAL("")), STATUS_INVALID);
	http_stream_close(&stream);
}

static void
closing_a_stream_ends_the_answer_and_the_connection(void **state)
{
	(void)state;
	subscribe();
	assert_int_equal(
	    http_stream_send(stream, NULL, NULL, LITERAL("last")), STATUS_OK);
	http_stream_close(&stream);
	peer_await_close(&peer);
	assert_non_null(strstr(peer.bytes, "data: last\n\n\r\n0\r\n\r\n"));
	assert_int_equal(gone, 0);
	assert_int_equal(http_server_connections(scene.server), 0);
}

static void
a_stream_learns_that_its_client_left(void **state)
{
	(void)state;
	subscribe();
	shutdown(peer.fd, SHUT_RDWR);
	AWAIT(&peer, gone == 1);
	assert_int_equal(http_server_connections(scene.server), 0);
}

static void
sending_to_a_client_that_left_says_so(void **state)
{
	(void)state;
	subscribe();
	http_on_gone(stream, NULL, NULL);
	shutdown(peer.fd, SHUT_RDWR);
	AWAIT(&peer, http_server_connections(scene.server) == 0);
	assert_int_equal(
	    http_stream_send(stream, NULL, NULL, LITERAL("x")), STATUS_UNAVAILABLE);
	assert_int_equal(http_stream_comment(stream, ""), STATUS_UNAVAILABLE);
	http_stream_close(&stream);
}

static void
a_slow_client_is_dropped_at_the_cap(void **state)
{
	static char block[16 * 1024];
	enum status status = STATUS_OK;
	size_t sent = 0;

	(void)state;
	memset(block, 'x', sizeof block);
	subscribe();
	while (status == STATUS_OK && sent < 64000000) {
		status = http_stream_send(
		    stream, NULL, NULL, (struct text){ block, sizeof block });
		sent += sizeof block;
		assert_int_equal(loop_turn(scene.loop, 0), STATUS_OK);
	}
	assert_int_equal(status, STATUS_UNAVAILABLE);
	while (gone == 0)
		assert_int_equal(loop_turn(scene.loop, 5), STATUS_OK);
	assert_int_equal(http_server_connections(scene.server), 0);
}

static void
the_cap_holds_within_one_turn_and_the_drop_comes_from_the_loop(void **state)
{
	static char block[16 * 1024];
	unsigned sent = 0;

	(void)state;
	memset(block, 'x', sizeof block);
	subscribe();
	while (http_stream_send(
	           stream, NULL, NULL, (struct text){ block, sizeof block }) == STATUS_OK)
		sent++;
	assert_in_range(sent, 15, 16);
	assert_int_equal(gone, 0);
	assert_int_equal(http_stream_comment(stream, ""), STATUS_UNAVAILABLE);
	AWAIT(&peer, gone == 1);
}

static void
a_dropped_stream_may_be_closed_before_it_is_told(void **state)
{
	static char block[HTTP_STREAM_MOST_BYTES];

	(void)state;
	memset(block, 'x', sizeof block);
	subscribe();
	assert_int_equal(
	    http_stream_send(stream, NULL, NULL, (struct text){ block, sizeof block }),
	    STATUS_UNAVAILABLE);
	http_stream_close(&stream);
	peer_await_close(&peer);
	assert_int_equal(gone, 0);
}

static void
a_quiet_stream_outlives_the_idle_time(void **state)
{
	int64_t begin = clock_mono_ms();

	(void)state;
	subscribe();
	AWAIT(&peer, clock_mono_ms() > begin + 400);
	assert_int_equal(http_stream_send(stream, NULL, NULL, LITERAL("x")), STATUS_OK);
	peer_await(&peer, "data: x\n");
	http_stream_close(&stream);
}

static void
what_a_client_sends_during_its_stream_is_thrown_away(void **state)
{
	struct http_guard *guard;

	(void)state;
	subscribe();
	for (int i = 0; i < 100; i++) {
		peer_send(&peer, GET("/"));
		peer_turn(&peer);
	}
	guard = LIST_FIRST(&scene.server->guards);
	assert_null(guard->held);
	assert_int_equal(
	    evbuffer_get_length(bufferevent_get_input(guard->bufferevent)), 0);
	http_stream_close(&stream);
	peer_await_close(&peer);
	assert_null(strstr(peer.bytes, "hello"));
}

static void
head_is_answered_without_a_stream(void **state)
{
	(void)state;
	peer_send(&peer, "HEAD /events HTTP/1.1\r\n" HOST "\r\n" GET("/"));
	peer_await(&peer, "hello");
	assert_int_equal(started, STATUS_UNAVAILABLE);
	assert_null(stream);
	assert_non_null(strstr(peer.bytes, "Content-Type: text/event-stream\r\n"));
	assert_int_equal(gone, 0);
}

static void
http_1_0_gets_a_stream_that_ends_with_the_connection(void **state)
{
	(void)state;
	peer_send(&peer, "GET /events HTTP/1.0\r\n\r\n");
	peer_await(&peer, "\r\n\r\n");
	assert_null(strstr(peer.bytes, "chunked"));
	assert_int_equal(http_stream_send(stream, NULL, NULL, LITERAL("x")), STATUS_OK);
	peer_await(&peer, "\r\n\r\ndata: x\n\n");
	http_stream_close(&stream);
	peer_await_close(&peer);
}

static void
draining_leaves_streams_until_they_are_closed(void **state)
{
	(void)state;
	subscribe();
	http_server_drain(scene.server);
	assert_int_equal(http_stream_send(stream, NULL, NULL, LITERAL("x")), STATUS_OK);
	peer_await(&peer, "data: x\n");
	assert_int_equal(http_server_connections(scene.server), 1);
	http_stream_close(&stream);
	peer_await_close(&peer);
	assert_int_equal(http_server_connections(scene.server), 0);
}

static void
closing_the_server_tells_its_streams(void **state)
{
	(void)state;
	subscribe();
	http_server_close(scene.server);
	scene.server = NULL;
	assert_int_equal(gone, 1);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_stream_begins_with_the_head_of_an_event_stream),
		TEST(events_arrive_line_by_line),
		TEST(a_line_end_in_an_id_is_invalid),
		TEST(closing_a_stream_ends_the_answer_and_the_connection),
		TEST(a_stream_learns_that_its_client_left),
		TEST(sending_to_a_client_that_left_says_so),
		TEST(a_slow_client_is_dropped_at_the_cap),
		TEST(the_cap_holds_within_one_turn_and_the_drop_comes_from_the_loop),
		TEST(a_dropped_stream_may_be_closed_before_it_is_told),
		TEST(a_quiet_stream_outlives_the_idle_time),
		TEST(what_a_client_sends_during_its_stream_is_thrown_away),
		TEST(head_is_answered_without_a_stream),
		TEST(http_1_0_gets_a_stream_that_ends_with_the_connection),
		TEST(draining_leaves_streams_until_they_are_closed),
		TEST(closing_the_server_tells_its_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
