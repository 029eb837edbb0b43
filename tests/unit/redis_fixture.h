/* SPDX-License-Identifier: Apache-2.0
 * A private Redis for one test: on a unix socket, with its data in a directory of its own
 * that goes away at the end.  It dies with the test. */
#ifndef TESTS_UNIT_REDIS_FIXTURE_H
#define TESTS_UNIT_REDIS_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

struct redis_fixture {
	char directory[64];
	char socket_path[80]; /* for store_options */
	pid_t pid;            /* 0: not running */
};

/* Starts it with that appendfsync ("always", "everysec", "no") and waits until it
 * answers. False, with a line on standard error: it did not; nothing is left over. */
bool redis_fixture_start(struct redis_fixture *redis, const char *appendfsync);
/* Kills it as a crash would; what was written to the files stays. */
void redis_fixture_kill9(struct redis_fixture *redis);
/* Starts it again on the same data and waits until it answers. */
bool redis_fixture_start_again(struct redis_fixture *redis);
/* The bytes of its log (append-only file) that grow with every command; after kill9.  -1: none. */
long redis_fixture_log_bytes(const struct redis_fixture *redis);
/* Starts another one on a copy of the data of `from`, which does not run, with the log cut to
 * so many bytes.  False as redis_fixture_start. */
bool redis_fixture_start_from(
    struct redis_fixture *redis, const struct redis_fixture *from, long log_bytes);
/* SIGSTOP, effective on return, and SIGCONT. */
void redis_fixture_stop_signal(struct redis_fixture *redis);
void redis_fixture_continue_signal(struct redis_fixture *redis);
/* Kills it and removes the directory. */
void redis_fixture_end(struct redis_fixture *redis);

#endif
