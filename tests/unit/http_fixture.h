/* SPDX-License-Identifier: Apache-2.0
 * A server on a free loopback port and raw clients of it, in one process and one loop. */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
/* after setjmp.h and stdarg.h */
#include <cmocka.h>

#include "common/clock.h"
#include "common/http.h"
#include "common/log.h"

#define DEADLINE_MS 10000
#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

struct scene {
	struct loop *loop;
	struct http_server *server;
};

struct peer {
	struct scene *scene;
	int fd;
	bool is_closed; /* by the server */
	bool is_reset;
	size_t length;
	char bytes[128 * 1024]; /* received, and a NUL */
};

static inline void
scene_open(struct scene *scene, const struct http_limits *limits,
    const struct http_route *routes, void *ctx)
{
	char why[200];

	log_open("test", LOG_ERROR);
	scene->loop = loop_new();
	assert_non_null(scene->loop);
	if (http_serve(scene->loop, "127.0.0.1:0", limits, routes, ctx, &scene->server,
	        why, sizeof why) != STATUS_OK)
		fail_msg("%s", why);
}

static inline void
scene_close(struct scene *scene)
{
	http_server_close(scene->server);
	loop_free(scene->loop);
}

static inline void
peer_open(struct peer *peer, struct scene *scene)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char address[HTTP_ADDRESS_BYTES];

	memset(peer, 0, sizeof *peer);
	peer->scene = scene;
	http_server_address(scene->server, address);
	to.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(connect(peer->fd, (struct sockaddr *)&to, sizeof to), errno);
}

static inline void
peer_close(struct peer *peer)
{
	close(peer->fd);
}

/* Sends what fits into the socket. */
static inline void
peer_send_bytes(struct peer *peer, const char *bytes, size_t length)
{
	ssize_t sent = send(peer->fd, bytes, length, MSG_NOSIGNAL);

	assert_true(sent == (ssize_t)length || peer->is_closed);
}

static inline void
peer_send(struct peer *peer, const char *text)
{
	peer_send_bytes(peer, text, strlen(text));
}

/* One turn of the loop, and what it brought. */
static inline void
peer_turn(struct peer *peer)
{
	size_t room = sizeof peer->bytes - 1 - peer->length;
	ssize_t got;

	assert_int_equal(loop_turn(peer->scene->loop, 5), STATUS_OK);
	got = room ? recv(peer->fd, peer->bytes + peer->length, room, MSG_DONTWAIT) : -1;
	if (got > 0)
		peer->length += (size_t)got;
	else if (room && (got == 0 || errno == ECONNRESET))
		peer->is_closed = true;
	peer->is_reset |= got < 0 && room && errno == ECONNRESET;
	peer->bytes[peer->length] = '\0';
}

/* Turns the loop until the condition holds; fails after DEADLINE_MS. */
#define AWAIT(peer, condition)                                                           \
	do {                                                                             \
		int64_t await_end = clock_mono_ms() + DEADLINE_MS;                       \
		while (!(condition)) {                                                   \
			if (clock_mono_ms() > await_end)                                 \
				fail_msg("in vain: %s; received: %s", #condition,        \
				    (peer)->bytes);                                      \
			peer_turn(peer);                                                 \
		}                                                                        \
	} while (0)

/* How often the text was received. */
static inline unsigned
peer_count(const struct peer *peer, const char *text)
{
	unsigned count = 0;

	for (const char *at = peer->bytes; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static inline void
peer_await(struct peer *peer, const char *text)
{
	AWAIT(peer, strstr(peer->bytes, text) != NULL);
}

static inline void
peer_await_close(struct peer *peer)
{
	AWAIT(peer, peer->is_closed);
}

/* Forgets what was received. */
static inline void
peer_forget(struct peer *peer)
{
	peer->length = 0;
	peer->bytes[0] = '\0';
}

/* A new client sends the bytes, waits for `text` and leaves. */
static inline void
peer_exchange(
    struct peer *peer, struct scene *scene, const char *request, const char *text)
{
	peer_open(peer, scene);
	peer_send(peer, request);
	peer_await(peer, text);
	peer_close(peer);
}

#endif
