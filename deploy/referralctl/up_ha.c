/* SPDX-License-Identifier: Apache-2.0
 * up --ha: a primary, two replicas and three sentinels on one machine.  It shows and tests what
 * happens when a Redis dies; the loss of the machine it does not survive. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/seal.h"
#include "deploy/referralctl/up.h"

#define EACH 3 /* Redises, sentinels */
#define NAME "hearthline"
#define PASSWORD_FILE "redis.password"
#define SETTINGS_BYTES 32
/* Below the ports that Linux gives to connections, which could take one of ours while its
 * process is down. */
#define PORT_LEAST 20000
#define PORT_MOST 32000
#define PORT_TRIES 1000
/* So long the sentinels have, for four attempts, to replace a dead primary; it comes back as
 * a replica then.  If they cannot, it comes back as what it was. */
#define PATIENCE_MS 30000
/* A sentinel counts from when it begins to know a Redis, and pings it a second later (Redis 7.0,
 * sentinel.c, createInstanceLink and SENTINEL_PING_PERIOD).  At 1000 it finds each new primary dead
 * a second after it was made one, and a replica takes its place that may not have caught up. */
#define DOWN_AFTER_MS 2000

static FILE *
create(const char *path)
{
	mode_t mask = umask(0077);
	FILE *out = fopen(path, "w");

	(void)umask(mask);
	if (out == NULL)
		log_die("cannot write %s: %s", path, strerror(errno));
	return out;
}

static void
finish(FILE *out, const char *path)
{
	if (fflush(out) != 0 || fsync(fileno(out)) != 0 || fclose(out) != 0)
		log_die("cannot write %s: %s", path, strerror(errno));
}

/* ---- first start ---- */

static bool
is_free(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_bound =
	    fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;

	if (fd >= 0)
		(void)close(fd);
	return is_bound;
}

/* Increasing, so that no port comes twice. */
static int
free_port(int above)
{
	for (int port = above + 1; port < above + PORT_TRIES; port++)
		if (is_free(port))
			return port;
	log_die("no free port above %d", above);
}

static void
choose_ports(struct up *up)
{
	int port = PORT_LEAST + (int)((unsigned)getpid() * 37 % (PORT_MOST - PORT_LEAST));

	for (int i = 0; i < EACH; i++)
		up->redis_port[i] = port = free_port(port);
	for (int i = 0; i < EACH; i++)
		up->sentinel_port[i] = port = free_port(port);
}

static void
write_redis(const struct up *up, int i, const char *password)
{
	char path[SETTINGS_BYTES];
	FILE *out;

	(void)snprintf(path, sizeof path, "redis.%d/redis.conf", i + 1);
	out = create(path);
	fprintf(out,
	    "port %d\nbind 127.0.0.1\nrequirepass %s\nmasterauth %s\ndir "
	    "\"%s/redis.%d\"\n",
	    up->redis_port[i], password, password, up->dir, i + 1);
	up_write_redis_common(out);
	fputs("repl-diskless-sync yes\nrepl-diskless-sync-delay 0\n"
	      "repl-ping-replica-period 1\nrepl-timeout 5\nrepl-backlog-size 64mb\n"
	      "min-replicas-to-write 1\nmin-replicas-max-lag 3\n",
	    out);
	finish(out, path);
}

/* They know each other and the replicas from the beginning, so they may decide at once. */
static void
write_sentinel(const struct up *up, int i, const char *password, char ids[EACH][41])
{
	char path[SETTINGS_BYTES];
	FILE *out;

	(void)snprintf(path, sizeof path, "sentinel.%d/sentinel.conf", i + 1);
	out = create(path);
	fprintf(out,
	    "port %d\nbind 127.0.0.1\nrequirepass %s\ndir \"%s/sentinel.%d\"\n"
	    "logfile sentinel.log\nsentinel sentinel-pass %s\nsentinel myid %s\n"
	    "sentinel monitor " NAME " 127.0.0.1 %d 2\n"
	    "sentinel auth-pass " NAME " %s\n"
	    "sentinel down-after-milliseconds " NAME " %d\n"
	    "sentinel failover-timeout " NAME " 3000\n"
	    "sentinel parallel-syncs " NAME " 2\n",
	    up->sentinel_port[i], password, up->dir, i + 1, password, ids[i],
	    up->redis_port[0], password, DOWN_AFTER_MS);
	for (int other = 1; other < EACH; other++)
		fprintf(out, "sentinel known-replica " NAME " 127.0.0.1 %d\n",
		    up->redis_port[other]);
	for (int other = 0; other < EACH; other++)
		if (other != i)
			fprintf(out, "sentinel known-sentinel " NAME " 127.0.0.1 %d %s\n",
			    up->sentinel_port[other], ids[other]);
	finish(out, path);
}

/* The last file of a first start: with it all others are there. */
static void
write_reach(const struct up *up)
{
	FILE *out = create(REACH_FILE ".new");

	fprintf(out,
	    "# Written by the first referralctl up --ha.\n[redis]\n"
	    "sentinels = 127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d\n"
	    "primary = " NAME "\npassword = " PASSWORD_FILE "\nreplicas = %d\n",
	    up->sentinel_port[0], up->sentinel_port[1], up->sentinel_port[2], EACH - 1);
	finish(out, REACH_FILE ".new");
	if (rename(REACH_FILE ".new", REACH_FILE) != 0)
		log_die("cannot write " REACH_FILE);
}

/* Of a directory that had one Redis until now, the first takes the state. */
static void
take_state(void)
{
	if (access("appendonlydir", F_OK) == 0 &&
	    rename("appendonlydir", "redis.1/appendonlydir") != 0)
		log_die("cannot move appendonlydir to redis.1: %s", strerror(errno));
}

static void
make_files(struct up *up)
{
	char password[SEAL_TOKEN_BYTES + 1], digest[SEAL_TOKEN_DIGEST_BYTES + 1];
	char token[SEAL_TOKEN_BYTES + 1], ids[EACH][41], path[SETTINGS_BYTES];
	FILE *out = create(PASSWORD_FILE);

	seal_token_new(password);
	fprintf(out, "%s\n", password);
	finish(out, PASSWORD_FILE);
	choose_ports(up);
	for (int i = 0; i < EACH; i++) {
		seal_token_new(token);
		seal_token_digest(text_of(token), digest);
		(void)snprintf(ids[i], sizeof ids[i], "%.32s%08d", digest, i + 1);
		(void)snprintf(path, sizeof path, "redis.%d", i + 1);
		up_make_dir(path);
		(void)snprintf(path, sizeof path, "sentinel.%d", i + 1);
		up_make_dir(path);
	}
	take_state();
	for (int i = 0; i < EACH; i++) {
		write_redis(up, i, password);
		write_sentinel(up, i, password, ids);
	}
	write_reach(up);
}

/* ---- every start ---- */

/* The number behind `words` in the file, which the Redises rewrite; -1: none. */
static int
number_in(const char *path, const char *words)
{
	FILE *in = fopen(path, "r");
	char line[1024];
	int number = -1;

	if (in == NULL)
		log_die("cannot read %s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, in) != NULL)
		if (strncmp(line, words, strlen(words)) == 0)
			number = (int)strtol(line + strlen(words), NULL, 10);
	(void)fclose(in);
	return number;
}

/* Ports, and who was the primary last: what the sentinel knows that saw the latest change. */
static int
read_files(struct up *up)
{
	int primary = 0, newest = -1;

	for (int i = 0; i < EACH; i++) {
		char path[SETTINGS_BYTES];
		int epoch;

		(void)snprintf(path, sizeof path, "redis.%d/redis.conf", i + 1);
		up->redis_port[i] = number_in(path, "port ");
		(void)snprintf(path, sizeof path, "sentinel.%d/sentinel.conf", i + 1);
		up->sentinel_port[i] = number_in(path, "port ");
		epoch = number_in(path, "sentinel config-epoch " NAME " ");
		if (epoch < newest)
			continue;
		newest = epoch;
		primary = number_in(path, "sentinel monitor " NAME " 127.0.0.1 ");
	}
	return primary;
}

static void
set_role(struct process *process, int primary)
{
	if (process->port == primary)
		strcpy(process->replica_of, "no one");
	else
		(void)snprintf(process->replica_of, sizeof process->replica_of,
		    "127.0.0.1 %d", primary);
}

void
up_ha_add(struct up *up)
{
	int primary;

	if (access(REACH_FILE, F_OK) != 0)
		make_files(up);
	primary = read_files(up);
	for (int i = 0; i < 2 * EACH; i++) {
		bool is_redis = i < EACH;
		const char *kind = is_redis ? "redis" : "sentinel";
		struct process *process = &up->list[up->count++];
		int number = i % EACH + 1;

		process->program = is_redis ? "redis-server" : "redis-sentinel";
		process->port =
		    is_redis ? up->redis_port[i] : up->sentinel_port[i - EACH];
		(void)snprintf(
		    process->name, sizeof process->name, "%s.%d", kind, number);
		(void)snprintf(process->settings, sizeof process->settings,
		    "%s.%d/%s.conf", kind, number, kind);
		if (!is_redis)
			continue;
		set_role(process, primary);
		process->maxmemory = up->maxmemory != NULL ? up->maxmemory : "0";
		process->appendfsync = up->appendfsync;
	}
}

bool
up_ha_may_start(struct up *up, struct process *process)
{
	const char *primary = store_primary(up->store);
	const char *colon = strrchr(primary, ':');
	int port = colon != NULL ? (int)strtol(colon + 1, NULL, 10) : 0;

	if (process->replica_of[0] == '\0')
		return true;
	if (port == process->port && clock_mono_ms() < process->again_at_ms + PATIENCE_MS)
		return false;
	set_role(process, port);
	return true;
}
