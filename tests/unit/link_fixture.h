/* SPDX-License-Identifier: Apache-2.0
 * A loop and a link in a directory of their own, and raw ZeroMQ sockets that speak to it
 * without common/link.c. */
#ifndef TESTS_UNIT_LINK_FIXTURE_H
#define TESTS_UNIT_LINK_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
/* after setjmp.h and stdarg.h */
#include <cmocka.h>

#include "common/link_socket.h"
#include "common/log.h"
#include "common/metrics.h"

#define DEADLINE_MS 10000
/* A test that hangs in a call that should not block is ended. */
#define HANG_SECONDS 120

struct scene {
	struct loop *loop;
	struct link *link;
	void *raw; /* ZeroMQ context of the raw sockets */
	char directory[32];
	char ipc[64]; /* an endpoint in it */
	char tcp[64]; /* an endpoint on a port that was free just now */
	char why[256];
	struct decoder *decoder;
	struct defects defects;
	struct message message; /* what say() sends and hear() got */
	uint8_t bytes[MESSAGE_MAX_BYTES];
};

static inline int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Turns the loop until the condition holds. */
#define TURN_UNTIL(scene, condition)                                                     \
	do {                                                                             \
		int64_t deadline_ms = now_ms() + DEADLINE_MS;                            \
		bool holds;                                                              \
                                                                                         \
		while (!(holds = (condition)) && now_ms() < deadline_ms)                 \
			turn(scene, 1);                                                  \
		if (!holds)                                                              \
			fail_msg("not within %d ms: %s", DEADLINE_MS, #condition);       \
	} while (0)

static inline void
turn(struct scene *scene, int64_t most_ms)
{
	assert_int_equal(loop_turn(scene->loop, most_ms), STATUS_OK);
}

/* Turns for a while, to see that something does not happen. */
static inline void
turn_for(struct scene *scene, int64_t ms)
{
	int64_t end_ms = now_ms() + ms, left_ms;

	while ((left_ms = end_ms - now_ms()) > 0)
		turn(scene, left_ms);
}

/* libzmq closes in the background. */
#define WAIT_UNTIL_FREE(scene, endpoint) TURN_UNTIL(scene, is_free(endpoint))

static inline void
name_free_port(char *endpoint, size_t size)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	snprintf(endpoint, size, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
}

static inline int
tcp_connect(const char *endpoint)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline int
ipc_connect(const char *endpoint)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, endpoint + strlen("ipc://"));
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline bool
is_free(const char *endpoint)
{
	int fd = strncmp(endpoint, "ipc", 3) == 0 ? ipc_connect(endpoint)
	                                          : tcp_connect(endpoint);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static inline int
open_scene(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	alarm(HANG_SECONDS);
	log_open("link_test", LOG_ERROR);
	snprintf(scene->directory, sizeof scene->directory, "/tmp/link_test.XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->ipc, sizeof scene->ipc, "ipc://%s/socket", scene->directory);
	name_free_port(scene->tcp, sizeof scene->tcp);
	scene->loop = loop_new();
	scene->link = link_new(scene->loop);
	scene->raw = zmq_ctx_new();
	scene->decoder = decoder_new();
	assert_true(scene->link != NULL && scene->raw != NULL && scene->decoder != NULL);
	*state = scene;
	return 0;
}

static inline int
close_scene(void **state)
{
	struct scene *scene = *state;

	if (scene->link->sockets != NULL) /* the test has failed half-way */
		return 0;
	link_free(scene->link);
	loop_free(scene->loop);
	zmq_ctx_term(scene->raw);
	decoder_free(scene->decoder);
	unlink(scene->ipc + strlen("ipc://"));
	rmdir(scene->directory);
	free(scene);
	return 0;
}

/* ---- raw sockets ---- */

static inline void *
raw_socket(struct scene *scene, int type)
{
	const int none = 0;
	void *raw = zmq_socket(scene->raw, type);

	assert_non_null(raw);
	zmq_setsockopt(raw, ZMQ_LINGER, &none, sizeof none);
	return raw;
}

static inline void *
raw_dealer(struct scene *scene, const char *endpoint)
{
	void *raw = raw_socket(scene, ZMQ_DEALER);

	assert_int_equal(zmq_connect(raw, endpoint), 0);
	return raw;
}

static inline void
raw_send(void *raw, const void *bytes, size_t length)
{
	assert_int_equal(zmq_send(raw, bytes, length, ZMQ_DONTWAIT), length);
}

/* Says scene->message. */
static inline void
say(struct scene *scene, void *raw)
{
	size_t length;

	assert_int_equal(
	    message_encode(&scene->message, scene->bytes, sizeof scene->bytes, &length),
	    STATUS_OK);
	raw_send(raw, scene->bytes, length);
}

/* The next message, if there is one now. */
static inline bool
hear_now(struct scene *scene, void *raw)
{
	int length = zmq_recv(raw, scene->bytes, sizeof scene->bytes, ZMQ_DONTWAIT);

	if (length < 0)
		return false;
	scene->defects.count = 0;
	assert_int_equal(message_decode(scene->decoder, &scene->message, scene->bytes,
	                     (size_t)length, &scene->defects),
	    STATUS_OK);
	return true;
}

/* Turns until a message of that kind comes; what comes before it is dropped. */
static inline const struct message *
hear(struct scene *scene, void *raw, enum message_kind kind)
{
	scene->message.kind = MESSAGE_NONE;
	TURN_UNTIL(scene, hear_now(scene, raw) && scene->message.kind == kind);
	return &scene->message;
}

/* A map with this version, kind and id, whatever they mean. */
static inline size_t
forge_frame(char *bytes, unsigned version, const char *kind, const char *id)
{
	return (size_t)sprintf(bytes, "\x83\xa1v%c\xa4kind%c%s\xa2id%c%s", (int)version,
	    (int)(0xa0 + strlen(kind)), kind, (int)(0xa0 + strlen(id)), id);
}

static inline double
refused_count(enum status status)
{
	return metrics_get(METRIC_message_refused_total, status_code(status));
}

#endif
