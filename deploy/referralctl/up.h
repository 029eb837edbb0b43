/* SPDX-License-Identifier: Apache-2.0
 * What up.c and up_dir.c share: the processes of `up` and its state directory. */
#ifndef REFERRALCTL_UP_H
#define REFERRALCTL_UP_H

#include <limits.h>
#include <stdio.h>

#include "common/cases.h"
#include "deploy/referralctl/process.h"
#include "deploy/referralctl/reach.h"

#define PROCESSES_MAX 16

struct up {
	struct process list[PROCESSES_MAX]; /* Redis and sentinels first */
	unsigned count;
	unsigned matchers;
	const char *config;
	const char *bin;
	const char *maxmemory;   /* of Redis, as it reads it: 512mb; NULL: no limit */
	const char *appendfsync; /* of Redis: always or everysec */
	bool wants_demo;
	bool is_ha; /* three Redises and three sentinels */
	int redis_port[3], sentinel_port[3];
	struct reach reach; /* how Redis is reached */
	char primary[128];  /* as endpoints.json has it */
	bool is_up, is_stopping;
	bool is_changed; /* endpoints.json is to be written */
	int64_t until_ms;
	struct loop *loop;
	struct store *store;
	struct cases *cases;
	int lock_fd; /* held as long as the process lives */
	char dir[PATH_MAX];
	char demo[PATH_MAX]; /* the demo directory; empty: none */
	char demo_agency[64];
	int exit_status;
};

/* Where this program lies: the services lie beside it.  Or dies. */
const char *up_own_folder(void);
/* Makes and enters the state directory with its folders and locks it, or dies. */
void up_enter_dir(struct up *up, const char *dir);
/* Makes the key files that are missing, or dies. */
void up_make_keys(void);
void up_write_redis_config(const struct up *up);
/* The lines that every Redis has. */
void up_write_redis_common(FILE *out);
void up_make_dir(const char *path);
/* Tells the services through the environment what store.conf says, unless they have it from
 * there already. */
void up_tell_services(const struct config *config);
/* Several matchers bind addresses of their own, and the notifier takes work from each; the
 * first answers the gateway. */
void up_set_matcher_endpoints(const struct up *up, const struct process *process);
/* Finds the demo directory: in the source tree, else where it is installed.  The first agency in
 * it is the one that the first agency account acts for. */
void up_find_demo(struct up *up);
/* Puts it into use, or dies. */
void up_import_demo(const struct up *up);
/* Writes endpoints.json in one rename.  False: that failed, for want of disk space perhaps. */
bool up_write_endpoints(struct up *up) MUST_CHECK;
/* On first start: one account per role, and tokens.json. */
void up_make_tokens(struct up *up);

/* ---- up_ha.c ---- */

/* Makes the files of a first start and puts the processes on the list. */
void up_ha_add(struct up *up);
/* Whether a process that died may be started again: a primary waits until it was replaced.
 * Tells a Redis whose replica it is. */
bool up_ha_may_start(struct up *up, struct process *process);

#endif
