/* SPDX-License-Identifier: Apache-2.0
 * Outcomes of calls, and the fake Redis. */
#include "tests/unit/store_fixture.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20000

/* The real clock: tests may have set the one of common/clock.h. */
static int64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool gone;

void
outcomes_are_gone(bool are_gone)
{
	gone = are_gone;
}

void
outcome_done(void *ctx, enum status status, const struct store_value *value)
{
	struct outcome *outcome = ctx;
	struct text text = store_text(value);

	if (gone)
		return;
	outcome->times++;
	outcome->status = status;
	outcome->kind = store_kind(value);
	outcome->integer = store_integer(value, -1);
	outcome->length = text.length;
	if (text.length >= sizeof outcome->text)
		text.length = sizeof outcome->text - 1;
	text_copy(text, outcome->text, sizeof outcome->text);
}

bool
outcome_wait_all(struct loop *loop, const struct outcome *outcomes, size_t count)
{
	int64_t until = real_ms() + WAIT_MS;

	for (size_t i = 0; i < count; i++)
		while (outcomes[i].times == 0) {
			if (real_ms() > until || loop_turn(loop, 100) != STATUS_OK)
				return false;
		}
	return true;
}

bool
outcome_wait(struct loop *loop, const struct outcome *outcome)
{
	return outcome_wait_all(loop, outcome, 1);
}

void
turn_for(struct loop *loop, int64_t ms)
{
	int64_t until = real_ms() + ms;
	int64_t left;

	while ((left = until - real_ms()) > 0)
		if (loop_turn(loop, left) != STATUS_OK)
			return;
}

static int
listen_unix(struct fake_redis *fake)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(fake->directory, sizeof fake->directory, "/tmp/hearthline-fake-XXXXXX");
	if (mkdtemp(fake->directory) == NULL)
		return -1;
	snprintf(
	    fake->socket_path, sizeof fake->socket_path, "%s/socket", fake->directory);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", fake->socket_path);
	return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static int
listen_inet(struct fake_redis *fake, const char *host)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, host, &address.sin_addr);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return -1;
	snprintf(fake->socket_path, sizeof fake->socket_path, "%s:%d", host,
	    ntohs(address.sin_port));
	return fd;
}

void
fake_redis_start(struct fake_redis *fake, struct loop *loop, const char *numeric_host)
{
	*fake = (struct fake_redis){ .loop = loop, .fd = -1 };
	fake->listener =
	    numeric_host ? listen_inet(fake, numeric_host) : listen_unix(fake);
	if (fake->listener < 0 || listen(fake->listener, 16) != 0) {
		perror("fake_redis");
		abort();
	}
}

void
fake_redis_hang_up(struct fake_redis *fake)
{
	if (fake->fd >= 0)
		close(fake->fd);
	fake->fd = -1;
	fake->length = 0;
}

void
fake_redis_end(struct fake_redis *fake)
{
	char path[80];

	fake_redis_hang_up(fake);
	close(fake->listener);
	if (fake->directory[0] != '\0') {
		snprintf(path, sizeof path, "%s/socket", fake->directory);
		unlink(path);
		rmdir(fake->directory);
	}
	free(fake->input);
}

bool
fake_redis_accept(struct fake_redis *fake)
{
	int64_t until = real_ms() + WAIT_MS;

	fake_redis_hang_up(fake);
	while (real_ms() < until) {
		fake->fd =
		    accept4(fake->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fake->fd >= 0)
			return true;
		if (loop_turn(fake->loop, 5) != STATUS_OK)
			return false;
	}
	return false;
}

static void
read_input(struct fake_redis *fake)
{
	ssize_t count;

	do {
		if (fake->capacity - fake->length < 65536) {
			fake->capacity = 2 * fake->capacity + 65536;
			fake->input = realloc(fake->input, fake->capacity);
			assert(fake->input != NULL);
		}
		count = fake->fd < 0 ? 0
		                     : recv(fake->fd, fake->input + fake->length,
		                           fake->capacity - fake->length, 0);
		if (count > 0)
			fake->length += (size_t)count;
	} while (count > 0);
}

size_t
fake_redis_pending(struct fake_redis *fake)
{
	for (int i = 0; i < 20; i++) {
		read_input(fake);
		turn_for(fake->loop, 1);
	}
	read_input(fake);
	return fake->length;
}

/* Reads "*12\r\n" at *at.  False: not all there. */
static bool
read_number(const struct fake_redis *fake, size_t *at, char type, size_t *number)
{
	const char *from = fake->input + *at;
	const char *end = memmem(from, fake->length - *at, "\r\n", 2);

	if (end == NULL)
		return false;
	assert(*from == type);
	*number = strtoul(from + 1, NULL, 10);
	*at = (size_t)(end - fake->input) + 2;
	return true;
}

static bool
take_now(struct fake_redis *fake, char *command, size_t size)
{
	size_t at = 0;
	size_t count;
	size_t length;
	size_t used = 0;

	if (fake->length == 0 || !read_number(fake, &at, '*', &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (at >= fake->length || !read_number(fake, &at, '$', &length) ||
		    at + length + 2 > fake->length)
			return false;
		if (i > 0 && used + 1 < size)
			command[used++] = ' ';
		for (size_t j = 0; j < length && used + 1 < size; j++)
			command[used++] = fake->input[at + j];
		assert(memcmp(fake->input + at + length, "\r\n", 2) == 0);
		at += length + 2;
	}
	command[used] = '\0';
	fake->length -= at;
	memmove(fake->input, fake->input + at, fake->length);
	return true;
}

bool
fake_redis_take(struct fake_redis *fake, int64_t ms, char *command, size_t size)
{
	int64_t until = real_ms() + ms;

	do {
		read_input(fake);
		if (take_now(fake, command, size))
			return true;
		if (loop_turn(fake->loop, 2) != STATUS_OK)
			return false;
	} while (real_ms() < until);
	return false;
}

void
fake_redis_say(struct fake_redis *fake, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = send(fake->fd, bytes, length, MSG_NOSIGNAL);

		if (count > 0) {
			bytes += count;
			length -= (size_t)count;
		} else if (errno != EAGAIN || loop_turn(fake->loop, 2) != STATUS_OK) {
			return;
		} else {
			read_input(fake);
		}
	}
}

bool
fake_redis_greet(struct fake_redis *fake, unsigned count)
{
	char command[64];

	if (!fake_redis_accept(fake))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (!fake_redis_take(fake, WAIT_MS, command, sizeof command))
			return false;
		FAKE_SAY(fake, "+OK\r\n");
	}
	return true;
}
