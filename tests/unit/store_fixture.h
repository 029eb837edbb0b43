/* SPDX-License-Identifier: Apache-2.0
 * For tests around common/store.h: outcomes of calls, turning the loop until something
 * holds, and a Redis that says what the test tells it. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "common/store.h"

/* How one call went; zeroed before. */
struct outcome {
	unsigned times; /* that it was settled */
	enum status status;
	enum store_kind kind;
	int64_t integer; /* as store_integer, otherwise -1 */
	uint32_t length; /* of the text */
	char text[64];   /* its first bytes, terminated */
};
/* A store_done; ctx is the outcome. */
void outcome_done(void *ctx, enum status status, const struct store_value *value);

/* Before a store is closed in a tear-down: after a failed test outcomes may be gone, and
 * done leaves them alone from now on, or no longer. */
void outcomes_are_gone(bool are_gone);

/* Turns the loop until the call is settled.  False: not within 20 s. */
bool outcome_wait(struct loop *loop, const struct outcome *outcome);
/* The same for so many outcomes. */
bool outcome_wait_all(struct loop *loop, const struct outcome *outcomes, size_t count);
/* Turns the loop for so long. */
void turn_for(struct loop *loop, int64_t ms);

/* A listening socket and the connection that was accepted last, both driven by the test.
 * It lives in this process, so every step happens when the test says so. */
struct fake_redis {
	struct loop *loop;
	char directory[64];
	char socket_path[80]; /* unix, or "127.0.0.1:PORT" */
	int listener;
	int fd; /* -1: none */
	char *input;
	size_t length;
	size_t capacity;
};
void fake_redis_start(
    struct fake_redis *fake, struct loop *loop, const char *numeric_host);
void fake_redis_end(struct fake_redis *fake);
/* Turns the loop until the store connects; the connection before stays open unless it was
 * closed.  False: not within 20 s. */
bool fake_redis_accept(struct fake_redis *fake);
void fake_redis_hang_up(struct fake_redis *fake);
/* Accepts and answers the greeting, `count` commands, with +OK. */
bool fake_redis_greet(struct fake_redis *fake, unsigned count);
/* Turns the loop until a whole command is there and takes it: arguments joined by spaces,
 * cut to the size.  False: none within `ms`. */
bool fake_redis_take(struct fake_redis *fake, int64_t ms, char *command, size_t size);
/* Bytes that have come and were not taken, after turning the loop for 20 ms. */
size_t fake_redis_pending(struct fake_redis *fake);
void fake_redis_say(struct fake_redis *fake, const char *bytes, size_t length);
#define FAKE_SAY(fake, literal) fake_redis_say(fake, literal, sizeof(literal) - 1)

#endif
