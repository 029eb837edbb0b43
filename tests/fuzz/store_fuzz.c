/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as the answers of Redis: every call is settled exactly once, and what `done` is
 * given can be read to the last byte.  The whole path runs, from the socket on.
 *
 * First byte: bit 0, whether the greeting was answered before; bits 1-3, how many calls
 * wait; bits 4-7, into how many pieces the rest is cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/store.h"

#define CALLS_MOST 7
#define PLAIN_MOST 4      /* the others go as one */
#define ANSWER_MOST 65536 /* fits the socket, so that nothing needs to be waited for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static int listener;
static char directory[] = "/tmp/hearthline-fuzz-XXXXXX";
static char socket_path[sizeof directory + 8];

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "store_fuzz: %s\n", what);
	abort();
}

static void
clean_up(void)
{
	unlink(socket_path);
	rmdir(directory);
}

static void
start(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (loop != NULL)
		return;
	log_open("store_fuzz", LOG_ERROR);
	loop = loop_new();
	require(loop != NULL && mkdtemp(directory) != NULL, "cannot start");
	snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	require(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
	require(listen(listener, 8) == 0, "listen");
	atexit(clean_up);
}

static unsigned seen;

static void
walk(const struct store_value *value)
{
	struct text text = store_text(value);

	for (uint32_t i = 0; i < text.length; i++)
		seen += (unsigned char)text.at[i];
	seen += (unsigned)store_integer(value, 1);
	for (size_t i = 0; i < store_count(value); i++)
		walk(store_at(value, i));
	require(store_at(value, store_count(value)) == NULL, "an element too many");
}

static void
on_done(void *ctx, enum status status, const struct store_value *value)
{
	unsigned *times = ctx;

	++*times;
	require((status == STATUS_OK) == (value != NULL), "a value without success");
	require(status == STATUS_OK || status == STATUS_BUSY ||
	            status == STATUS_INTERNAL || status == STATUS_UNAVAILABLE,
	    "a status that is not promised");
	walk(value);
}

static void
turn(void)
{
	require(loop_turn(loop, 0) == STATUS_OK, "loop");
}

static void
answer(int fd, const uint8_t *bytes, size_t length, size_t pieces)
{
	size_t step = length / (pieces + 1) + 1;

	for (size_t at = 0; at < length; at += step) {
		size_t left = length - at < step ? length - at : step;

		if (send(fd, bytes + at, left, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return; /* dropped */
		turn();
	}
	for (int i = 0; i < 3; i++)
		turn();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct text ping = LITERAL("PING");
	const struct text words[] = { LITERAL("FCALL"), LITERAL("f"), LITERAL("1"),
		LITERAL("key"), LITERAL("a") };
	struct store_options options = { .connections = 1,
		.timeout_ms = 60000,
		.stall_ms = 60000,
		.most_bytes = 10000 };
	unsigned times[CALLS_MOST] = { 0 };
	unsigned calls;
	struct store *store;
	int fd;

	if (size < 1 || size > ANSWER_MOST)
		return 0;
	start();
	options.socket_path = socket_path;
	store = store_open(loop, &options);
	fd = accept(listener, NULL, NULL);
	require(store != NULL && fd >= 0, "no connection");
	turn();
	if (data[0] & 1)
		answer(fd, (const uint8_t *)"+PONG\r\n", 7, 0);
	calls = data[0] >> 1 & 7;
	for (unsigned i = 0; i < calls; i++)
		require((i < PLAIN_MOST
		                ? store_call(store, ping, 1, &ping, on_done, &times[i])
		                : store_gather(store, ping, 5, words, on_done,
		                      &times[i])) == STATUS_OK,
		    "refused");
	turn();
	answer(fd, data + 1, size - 1, data[0] >> 4);
	store_close(store);
	close(fd);
	for (unsigned i = 0; i < CALLS_MOST; i++)
		require(times[i] == (i < calls), "not settled exactly once");
	return 0;
}
