/* SPDX-License-Identifier: Apache-2.0
 * The processes that `up` runs: started, watched, started again, stopped. */
#ifndef REFERRALCTL_PROCESS_H
#define REFERRALCTL_PROCESS_H

#include <sys/types.h>

#include "proto/status.h"

#define PROCESS_NAME_BYTES 32

/* One process.  Its standard error goes to run/NAME.log. */
struct process {
	char name[PROCESS_NAME_BYTES];     /* redis, gateway.1 ... */
	const char *program;               /* redis-server, gateway ... */
	pid_t pid;                         /* 0: not running */
	bool is_service;                   /* one of ours: says when it is ready */
	char settings[PROCESS_NAME_BYTES]; /* of a Redis or sentinel: its file */
	char replica_of[32]; /* "HOST PORT" or "no one"; empty: as the file says */
	const char *maxmemory, *appendfsync; /* of a Redis; NULL: as the file says */
	int port;                            /* 0: none known */
	bool is_ready;
	int64_t started_at_ms; /* monotonic */
	int64_t again_at_ms;   /* when to start it again; 0: it runs */
	int64_t wait_ms;       /* how long to wait after the next death */
	int listen_fd; /* where HTTP is answered: outlives the process; 0: nowhere */
	char metrics[96];
	char http[96];
};

/* Starts it in the working directory; it gets SIGTERM when this process dies.  `bin` is the
 * folder of our programs, `config` a file or NULL.  False: cannot fork. */
bool process_start(
    struct process *process, const char *bin, const char *config, int64_t now_ms);
/* Takes note of an end: it is to be started again, at once where it ended in order, else after
 * 0.2 s.  One that dies within a second of its start, as with a wrong setting, waits twice as
 * long each time, 5 s at most. */
void process_ended(struct process *process, bool is_in_order, int64_t now_ms);
/* Reads run/NAME.json; true once it is there for this pid. */
bool process_look(struct process *process);

#endif
