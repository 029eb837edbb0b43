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
/* SIGSTOP, effective on return, and SIGCONT. */
void redis_fixture_stop_signal(struct redis_fixture *redis);
void redis_fixture_continue_signal(struct redis_fixture *redis);
/* Kills it and removes the directory. */
void redis_fixture_end(struct redis_fixture *redis);

#endif
