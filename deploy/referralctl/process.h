/* SPDX-License-Identifier: Apache-2.0
 * The processes that `up` runs: started, watched, started again, stopped. */
#ifndef REFERRALCTL_PROCESS_H
#define REFERRALCTL_PROCESS_H

#include <sys/types.h>

#include "proto/status.h"

#define PROCESS_NAME_BYTES 32

/* One process.  Its standard error goes to run/NAME.log. */
struct process {
	char name[PROCESS_NAME_BYTES]; /* redis, gateway.1 ... */
	const char *program;           /* redis-server, gateway ... */
	pid_t pid;                     /* 0: not running */
	bool is_service;               /* one of ours: says when it is ready */
	bool is_ready;
	int64_t started_at_ms; /* monotonic */
	int64_t again_at_ms;   /* when to start it again */
	int64_t wait_ms;       /* how long to wait after the next death */
	char metrics[96];
	char http[96];
};

/* Starts it in the working directory; it gets SIGTERM when this process dies.  `bin` is the
 * folder of our programs, `config` a file or NULL.  False: cannot fork. */
bool process_start(
    struct process *process, const char *bin, const char *config, int64_t now_ms);
/* Takes note of a death: it is to be started again after a wait that doubles from 0.2 to 5 s,
 * and starts anew once the process has run for 10 s. */
void process_died(struct process *process, int64_t now_ms);
/* Reads run/NAME.json; true once it is there for this pid. */
bool process_look(struct process *process);

#endif
