/* SPDX-License-Identifier: Apache-2.0
 * Any bytes from a client of the HTTP server, from its socket on: handlers are given clean
 * texts, every request is answered once and in order, whole answers come back and nothing
 * else, and no connection stays when the client has gone.
 *
 * The first byte says into how many pieces the rest is cut. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/http.h"
#include "common/log.h"

#define INPUT_MOST 8192
#define IDLE_TURNS 6 /* without a byte: nothing more will come */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct loop *loop;
	struct http_server *server;
	struct sockaddr_un address; /* unlike TCP, bytes are there when send returns */
	socklen_t address_size;
	struct http_request *late; /* to be answered in a later turn */
	struct http_request *stream;
	unsigned handled;
	unsigned seen; /* keeps reads of texts from being left out */
	int fd;
	bool is_over;
	size_t length;
	char bytes[1 << 20]; /* what came back */
} its;

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "http_fuzz: %s\n%.*s\n", what, (int)its.length, its.bytes);
	abort();
}

/* ---- the server's side ---- */

static void
read_text(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		its.seen += (unsigned char)text.at[i];
}

static void
read_request(const struct http_request *request)
{
	struct text trace = http_trace(request);
	struct text header = http_header(request, "x-a");

	its.handled++;
	require(its.late == NULL && its.stream == NULL, "two requests at once");
	read_text(http_path(request, "id"));
	read_text(http_query(request, "q"));
	read_text(header);
	for (uint32_t i = 0; i < header.length; i++)
		require(header.at[i] != '\r' && header.at[i] != '\n', "a line end");
	read_text(http_body(request));
	require(trace.length == 0 || trace.length >= 55, "half a trace");
}

static void
on_echo(struct http_request *request, void *ctx)
{
	char value[256];
	struct text header = http_header(request, "x-a");
	const struct http_field fields[] = { { "X-A", value }, { NULL, NULL } };

	(void)ctx;
	read_request(request);
	snprintf(value, sizeof value, "%.*s", (int)header.length, header.at);
	http_answer(
	    &request, 200, "application/octet-stream", fields, http_body(request));
}

static void
on_case(struct http_request *request, void *ctx)
{
	(void)ctx;
	read_request(request);
	require(http_path(request, "id").length > 0, "an empty segment");
	http_problem(&request, 404, NULL, NULL, "not here", NULL);
}

static void
on_late(struct http_request *request, void *ctx)
{
	(void)ctx;
	read_request(request);
	its.late = request;
}

static void
on_stream(struct http_request *request, void *ctx)
{
	(void)ctx;
	read_request(request);
	if (http_stream_start(&request) != STATUS_OK)
		return;
	its.stream = request;
	(void)!http_stream_send(request, "1", "moved", http_query(request, "q"));
}

static const struct http_route ROUTES[] = {
	{ "POST", "/echo", on_echo, NULL },
	{ "GET", "/cases/{id}", on_case, NULL },
	{ "POST", "/cases/{id}/late", on_late, NULL },
	{ "GET", "/late", on_late, NULL },
	{ "GET", "/events", on_stream, NULL },
	{ NULL, NULL, NULL, NULL },
};

static void
start(void)
{
	const struct http_limits limits = { .head_bytes = 1024, .body_bytes = 512 };
	char address[HTTP_ADDRESS_BYTES], why[200];
	int listener;

	if (its.loop != NULL)
		return;
	log_open("http_fuzz", LOG_ERROR);
	its.loop = loop_new();
	its.address.sun_family = AF_UNIX;
	its.address_size = sizeof its.address;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Without a path the kernel finds a name that needs no file. */
	require(bind(listener, (struct sockaddr *)&its.address,
	            sizeof its.address.sun_family) == 0 &&
	            listen(listener, 8) == 0 &&
	            getsockname(listener, (struct sockaddr *)&its.address,
	                &its.address_size) == 0,
	    "cannot listen");
	snprintf(address, sizeof address, "fd:%d", listener);
	require(its.loop != NULL && http_serve(its.loop, address, &limits, ROUTES, NULL,
	                                &its.server, why, sizeof why) == STATUS_OK,
	    "cannot serve");
}

/* ---- the client's side ---- */

static void
end_late(void)
{
	if (its.late != NULL)
		http_answer(&its.late, 202, NULL, NULL, LITERAL("late"));
	if (its.stream != NULL && its.is_over)
		http_stream_close(&its.stream);
}

/* Until nothing comes any more. */
static void
turn(void)
{
	for (int idle = 0; idle < IDLE_TURNS; idle++) {
		ssize_t got;

		require(loop_turn(its.loop, 0) == STATUS_OK, "loop");
		got = its.fd < 0 ? -1
		                 : recv(its.fd, its.bytes + its.length,
		                       sizeof its.bytes - its.length, MSG_DONTWAIT);
		if (got > 0) {
			its.length += (size_t)got;
			idle = 0;
		}
	}
}

static void
connect_client(void)
{
	its.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(its.fd >= 0 && connect(its.fd, (struct sockaddr *)&its.address,
	                           its.address_size) == 0,
	    "cannot connect");
}

static void
send_pieces(const uint8_t *bytes, size_t length, size_t pieces)
{
	size_t step = length / (pieces + 1) + 1;

	for (size_t at = 0; at < length; at += step) {
		size_t left = length - at < step ? length - at : step;

		if (send(its.fd, bytes + at, left, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return; /* refused before */
		require(loop_turn(its.loop, 0) == STATUS_OK, "loop");
	}
}

/* The length of the answer at `at`: a status line, fields, a body of the length they say; 0
 * for a stream, which has no end.  100 goes before the answer and has no body. */
static size_t
answer_length(const char *at, size_t left)
{
	const char *end = memmem(at, left, "\r\n\r\n", 4);
	const char *length;
	size_t head;

	require(left > 13 && memcmp(at, "HTTP/1.", 7) == 0, "not an answer");
	require(end != NULL, "half an answer");
	head = (size_t)(end - at) + 4;
	if (memmem(at, head, "\r\nContent-Type: text/event-stream", 33) != NULL)
		return 0;
	length = memmem(at, head, "\r\nContent-Length: ", 18);
	if (memcmp(at + 9, "100", 3) == 0)
		return head;
	require(length != NULL, "an answer without a length");
	return head + strtoul(length + 18, NULL, 10);
}

static unsigned
count_answers(void)
{
	unsigned count = 0;

	for (size_t at = 0; at < its.length;) {
		size_t length = answer_length(its.bytes + at, its.length - at);

		require(length <= its.length - at, "half a body");
		count += memcmp(its.bytes + at + 9, "100", 3) != 0;
		if (length == 0)
			break;
		at += length;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > INPUT_MOST)
		return 0;
	start();
	its.handled = 0;
	its.length = 0;
	its.is_over = false;
	connect_client();
	turn();
	send_pieces(data + 1, size - 1, data[0]);
	do {
		end_late();
		turn();
	} while (its.late != NULL);
	/* An answer to HEAD names a length and has no body. */
	if (memmem(data + 1, size - 1, "HEAD", 4) == NULL)
		require(count_answers() >= its.handled, "a request without an answer");
	close(its.fd);
	its.fd = -1;
	its.is_over = true;
	turn();
	end_late();
	turn();
	require(http_server_connections(its.server) == 0, "a connection stays");
	return 0;
}
