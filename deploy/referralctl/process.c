/* SPDX-License-Identifier: Apache-2.0
 * Starting and watching one process. */
#include "deploy/referralctl/process.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "deploy/referralctl/aof.h"

#define WAIT_FIRST_MS 200
#define WAIT_MOST_MS 5000
#define STEADY_MS 1000
/* Debian's redis-tools carries the server under this name; what it does depends on the name
 * it is called by.  redis-server itself would start a system service when installed. */
#define REDIS_BINARY "/usr/bin/redis-check-rdb"

/* The lock stays with Redis until it ends, so the Redis of an `up` that was killed ends before
 * this one reads the files that both write. */
static void
wait_for_former(const struct process *process)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "run/%s.lock", process->name);
	fd = open(path, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		_exit(1);
}

/* They lie beside the settings.  A sentinel has none, which is no failure. */
static void
mend_files(const struct process *process)
{
	const char *slash = strrchr(process->settings, '/');
	char path[64];

	(void)snprintf(path, sizeof path, "%.*sappendonlydir",
	    slash != NULL ? (int)(slash + 1 - process->settings) : 0, process->settings);
	if (aof_mend(path) == STATUS_UNAVAILABLE) {
		perror(path);
		_exit(1);
	}
}

static void
run_redis(const struct process *process)
{
	const char *arguments[10] = { process->program, process->settings };
	char host[sizeof process->replica_of];
	int count = 2;
	char *port;

	strcpy(host, process->replica_of);
	port = strchr(host, ' ');
	if (port != NULL) {
		*port++ = '\0';
		arguments[count++] = "--replicaof";
		arguments[count++] = host;
		arguments[count++] = port;
	}
	if (process->maxmemory != NULL) {
		arguments[count++] = "--maxmemory";
		arguments[count++] = process->maxmemory;
	}
	if (process->appendfsync != NULL) {
		arguments[count++] = "--appendfsync";
		arguments[count] = process->appendfsync;
	}
	wait_for_former(process);
	mend_files(process);
	execv(REDIS_BINARY, (char *const *)arguments);
	execvp(process->program, (char *const *)arguments);
}

static void
run_service(const struct process *process, const char *bin, const char *config)
{
	char path[4096];
	const char *arguments[8] = { process->program, "--name", process->name };

	if (config != NULL) {
		arguments[3] = "--config";
		arguments[4] = config;
	}
	(void)snprintf(path, sizeof path, "%s/%s", bin, process->program);
	execv(path, (char *const *)arguments);
}

/* The socket stays open here while nobody answers: who connects then waits, and is not refused. */
static void
hand_on_listener(const struct process *process)
{
	char address[16];

	if (process->listen_fd == 0)
		return;
	(void)snprintf(address, sizeof address, "fd:%d", process->listen_fd);
	if (fcntl(process->listen_fd, F_SETFD, 0) != 0 ||
	    setenv("HEARTHLINE_GATEWAY_HTTP", address, 1) != 0)
		_exit(1);
}

/* In the child, between fork and exec. */
static void
become(const struct process *process, const char *bin, const char *config, pid_t parent)
{
	char log[64];
	int fd;
	sigset_t none;

	(void)snprintf(log, sizeof log, "run/%s.log", process->name);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		(void)dup2(fd, STDERR_FILENO);
		(void)close(fd);
	}
	(void)setpgid(0, 0); /* Ctrl-C is for `up`, which stops the others in order */
	(void)signal(SIGTERM, SIG_DFL); /* not the handlers of `up` */
	(void)signal(SIGINT, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	hand_on_listener(process);
	if (process->is_service)
		run_service(process, bin, config);
	else
		run_redis(process);
	perror(process->program);
	_exit(127);
}

bool
process_start(
    struct process *process, const char *bin, const char *config, int64_t now_ms)
{
	pid_t parent = getpid();
	char path[64];

	(void)snprintf(path, sizeof path, "run/%s.json", process->name);
	(void)unlink(path);
	process->pid = fork();
	if (process->pid == 0)
		become(process, bin, config, parent);
	process->is_ready = false;
	process->started_at_ms = now_ms;
	process->again_at_ms = 0;
	if (process->pid < 0) {
		process->pid = 0;
		return false;
	}
	return true;
}

void
process_ended(struct process *process, bool is_in_order, int64_t now_ms)
{
	process->pid = 0;
	process->is_ready = false;
	if (is_in_order) {
		process->again_at_ms = now_ms;
		return;
	}
	if (process->wait_ms == 0 || now_ms - process->started_at_ms > STEADY_MS)
		process->wait_ms = WAIT_FIRST_MS;
	process->again_at_ms = now_ms + process->wait_ms;
	process->wait_ms =
	    process->wait_ms * 2 < WAIT_MOST_MS ? process->wait_ms * 2 : WAIT_MOST_MS;
}

bool
process_look(struct process *process)
{
	const char *metrics = NULL, *http = NULL;
	char path[64];
	json_t *root;
	int pid = 0;

	(void)snprintf(path, sizeof path, "run/%s.json", process->name);
	root = json_load_file(path, 0, NULL);
	if (root == NULL)
		return false;
	if (json_unpack(root, "{s:i,s:s,s?s}", "pid", &pid, "metrics", &metrics, "http",
	        &http) == 0 &&
	    pid == process->pid) {
		process->is_ready = true;
		(void)snprintf(process->metrics, sizeof process->metrics, "%s", metrics);
		if (http != NULL)
			(void)snprintf(process->http, sizeof process->http, "%s", http);
	}
	json_decref(root);
	return process->is_ready;
}
