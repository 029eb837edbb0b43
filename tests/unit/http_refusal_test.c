/* SPDX-License-Identifier: Apache-2.0
 * Malformed requests on real connections. */
#include "tests/unit/http_fixture.h"

#define BODY_MOST 4096

static struct scene scene;
static struct peer peer;
static unsigned calls;

static void
on_any(struct http_request *request, void *ctx)
{
	(void)ctx;
	calls++;
	http_answer(&request, 200, NULL, NULL, LITERAL("hello"));
}

static const struct http_route ROUTES[] = {
	{ "GET", "/", on_any, NULL },
	{ "POST", "/", on_any, NULL },
	{ NULL, NULL, NULL, NULL },
};

static int
set_up(void **state)
{
	static const struct http_limits LIMITS = { .body_bytes = BODY_MOST,
		.request_ms = 300 };

	(void)state;
	calls = 0;
	scene_open(&scene, &LIMITS, ROUTES, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scene_close(&scene);
	return 0;
}

#define POST "POST / HTTP/1.1\r\n" HOST

static const struct probe {
	const char *name;
	int code;
	const char *bytes;
} PROBES[] = {
	{ "no Host", 400, "GET / HTTP/1.1\r\n\r\n" },
	{ "two Hosts", 400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n" },
	{ "Content-Length with chunked", 400,
	    POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ "two Content-Lengths", 400,
	    POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" },
	{ "space before the colon", 400, POST "Content-Length : 5\r\n\r\nhello" },
	{ "negative length", 400, POST "Content-Length: -1\r\n\r\n" },
	{ "signed length", 400, POST "Content-Length: +2\r\n\r\nab" },
	{ "unknown coding", 501, POST "Transfer-Encoding: gzip\r\n\r\nhello" },
	{ "bare line feeds", 400, "GET / HTTP/1.1\nHost: a\n\n" },
	{ "folded line", 400, "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n" },
	{ "large body", 413, POST "Content-Length: 4097\r\n\r\n" },
	{ "large chunk", 413, POST "Transfer-Encoding: chunked\r\n\r\n1001\r\n" },
	{ "bad chunk", 400, POST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" },
	{ "body on HEAD", 400, "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx" },
	{ "other version", 505, "GET / HTTP/2.0\r\n" HOST "\r\n" },
	{ "other method", 501, "BREW / HTTP/1.1\r\n" HOST "\r\n" },
	{ "other expectation", 417, POST "Expect: tea\r\n\r\n" },
	{ "TLS", 400, "\x16\x03\x01\x02" },
};

static void
refuses(const struct probe *probe)
{
	char status[32];

	snprintf(status, sizeof status, "HTTP/1.1 %d ", probe->code);
	peer_await_close(&peer);
	if (strstr(peer.bytes, status) != peer.bytes || peer.is_reset)
		fail_msg("%s: %s", probe->name, peer.bytes);
	assert_int_equal(peer_count(&peer, "HTTP/1.1 "), 1);
	assert_int_equal(peer_count(&peer, "application/problem+json\r\n"), 1);
	assert_int_equal(peer_count(&peer, "Connection: close\r\n"), 1);
	assert_int_equal(peer.bytes[peer.length - 1], '}');
	peer_close(&peer);
	assert_int_equal(calls, 0);
}

static void
each_malformed_probe_is_refused_and_reaches_no_handler(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof PROBES / sizeof *PROBES; i++) {
		peer_open(&peer, &scene);
		peer_send(&peer, PROBES[i].bytes);
		peer_send(&peer, GET("/")); /* the smuggled one */
		refuses(&PROBES[i]);
	}
	peer_open(&peer, &scene);
	peer_send_bytes(&peer, "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 36);
	refuses(&(struct probe){ "NUL", 400, "" });
	AWAIT(&peer, http_server_connections(scene.server) == 0);
}

static void
probes_are_refused_byte_by_byte_too(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof PROBES / sizeof *PROBES; i++) {
		peer_open(&peer, &scene);
		for (const char *at = PROBES[i].bytes; *at && !peer.is_closed; at++) {
			peer_send_bytes(&peer, at, 1);
			assert_int_equal(loop_turn(scene.loop, 0), STATUS_OK);
		}
		refuses(&PROBES[i]);
	}
}

static void
a_head_beyond_the_limit_is_431(void **state)
{
	static char head[20 * 1024];

	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, "GET / HTTP/1.1\r\n" HOST "X: ");
	memset(head, 'x', sizeof head);
	peer_send_bytes(&peer, head, sizeof head);
	refuses(&(struct probe){ "large head", 431, "" });
}

static void
a_client_in_the_middle_of_a_large_upload_gets_its_413(void **state)
{
	static const char block[10000];

	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, POST "Content-Length: 1000000\r\n\r\n");
	for (int i = 0; i < 30; i++) {
		peer_send_bytes(&peer, block, sizeof block);
		peer_turn(&peer);
	}
	refuses(&(struct probe){ "upload", 413, "" });
}

static void
a_refused_client_that_stays_is_dropped(void **state)
{
	(void)state;
	peer_open(&peer, &scene);
	peer_send(&peer, "BAD\r\n");
	peer_await(&peer, "HTTP/1.1 400 ");
	AWAIT(&peer, http_server_connections(scene.server) == 0);
	peer_close(&peer);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_malformed_probe_is_refused_and_reaches_no_handler),
		TEST(probes_are_refused_byte_by_byte_too),
		TEST(a_head_beyond_the_limit_is_431),
		TEST(a_client_in_the_middle_of_a_large_upload_gets_its_413),
		TEST(a_refused_client_that_stays_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
