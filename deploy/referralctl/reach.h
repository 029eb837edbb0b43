/* SPDX-License-Identifier: Apache-2.0
 * Where the Redis of a state directory is. */
#ifndef REFERRALCTL_REACH_H
#define REFERRALCTL_REACH_H

#include "common/config.h"
#include "common/store.h"

/* In a state directory, in the format of hearthline.conf: how to reach a Redis that is not the
 * directory's own.  `up --ha` writes it; where people have, `up` starts no Redis. */
#define REACH_FILE "store.conf"
#define REACH_SOCKET "redis.sock"

struct reach {
	struct config config; /* of the file; zeroed without one */
	bool is_elsewhere;    /* the file is there */
	char socket_path[4096];
	char password[STORE_PASSWORD_MOST + 1];
};

/* The members of `options` that say where: by DIR/store.conf where it is, else DIR/redis.sock.
 * They point into `reach`.  False: said on standard error why not. */
bool reach_find(
    struct reach *reach, const char *dir, struct store_options *options) MUST_CHECK;

#endif
