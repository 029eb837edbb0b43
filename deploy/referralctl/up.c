/* SPDX-License-Identifier: Apache-2.0
 * up: Redis and the services on one machine, in the foreground. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cases.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/http.h"
#include "common/library.h"
#include "common/log.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/up.h"

#define START_MS 60000
/* Longer than a service's own drain of 10 s. */
#define STOP_MS 15000
#define TICK_MS 20

static const char HELP[] =
    "usage: referralctl up [--dir DIR] [--http HOST:PORT] [--demo] [--config FILE]\n"
    "                      [--matchers N] [--maxmemory SIZE]\n"
    "                      [--appendfsync always|everysec] [--ha]\n\n"
    "Runs Redis and the services in the foreground; Ctrl-C or SIGTERM stops them in "
    "order.\n\n"
    "  --dir DIR         state directory, made if missing (default var, or "
    "REFERRAL_DIR)\n"
    "  --http HOST:PORT  address of the API; port 0: any free one (default "
    "127.0.0.1:8080)\n"
    "  --demo            load the demo directory\n"
    "  --config FILE     settings of the services (see the service's --print-config)\n"
    "  --matchers N      so many matcher processes, 1 to 4 (default 1)\n"
    "  --maxmemory SIZE  what Redis may use, e.g. 512mb (default: no limit)\n"
    "  --appendfsync always|everysec\n"
    "                    everysec: a power cut loses the last two seconds (default "
    "always)\n"
    "  --ha              a primary Redis, two replicas and three sentinels; what is "
    "there\n"
    "                    of one Redis moves over, and there is no way back\n";

/* ---- the processes ---- */

static struct process *
add(struct up *up, const char *program, unsigned number)
{
	struct process *process = &up->list[up->count++];

	process->program = program;
	process->is_service = number > 0;
	if (number > 0)
		(void)snprintf(
		    process->name, sizeof process->name, "%s.%u", program, number);
	return process;
}

static void
start(struct up *up, struct process *process)
{
	if (up->matchers > 1)
		up_set_matcher_endpoints(up, process);
	if (!process_start(process, up->bin, up->config, clock_mono_ms()))
		log_die("cannot start %s: %s", process->name, strerror(errno));
}

static void
terminate(struct up *up, bool services)
{
	for (unsigned i = 0; i < up->count; i++)
		if (up->list[i].pid > 0 && up->list[i].is_service == services)
			(void)kill(up->list[i].pid, SIGTERM);
}

/* Our own connection first: Redis going away is no loss then. */
static void
stop_redis(struct up *up)
{
	cases_close(up->cases);
	if (up->store != NULL)
		store_close(up->store);
	up->cases = NULL;
	up->store = NULL;
	terminate(up, false);
}

static void
begin_stop(void *self)
{
	struct up *up = self;

	if (up->is_stopping)
		return;
	up->is_stopping = true;
	up->until_ms = clock_mono_ms() + STOP_MS;
	terminate(up, true);
}

static unsigned
running(const struct up *up, bool services_only)
{
	unsigned count = 0;

	for (unsigned i = 0; i < up->count; i++)
		count +=
		    up->list[i].pid > 0 && (up->list[i].is_service || !services_only);
	return count;
}

static void
reap_dead(struct up *up)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned i = 0; i < up->count; i++) {
			struct process *process = &up->list[i];

			if (process->pid != pid)
				continue;
			process_ended(process, status == 0, clock_mono_ms());
			if (!up->is_stopping)
				log_event(status == 0 ? LOG_INFO : LOG_WARN,
				    "process_ended", LOG_STRING("process", process->name),
				    LOG_NUMBER("wait_status", status),
				    LOG_NUMBER("again_in_ms",
				        process->again_at_ms - clock_mono_ms()));
		}
}

static void
say_up(const struct up *up)
{
	printf("Hearthline is up.\n  API      %s/api/v1\n  tokens   %s/tokens.json\n"
	       "  all else %s/endpoints.json\nCtrl-C stops it.\n",
	    up->list[up->count - 1].http, up->dir, up->dir);
	(void)fflush(stdout);
}

/* Everything that was started says it is ready: tell the world. */
static void
look(struct up *up)
{
	bool all = true;

	if (strcmp(up->primary, store_primary(up->store)) != 0)
		up->is_changed = true;
	for (unsigned i = 0; i < up->count; i++) {
		struct process *process = &up->list[i];

		if (!process->is_service)
			continue;
		if (process->pid > 0 && !process->is_ready && process_look(process))
			up->is_changed = true;
		all &= process->is_ready;
	}
	if (up->is_changed && (all || up->is_up))
		up->is_changed = !up_write_endpoints(up);
	if (all && !up->is_up && !up->is_changed) {
		up->is_up = true;
		say_up(up);
	}
	if (!up->is_up && clock_mono_ms() > up->until_ms) {
		log_event(
		    LOG_ERROR, "not_ready_in_time", LOG_STRING("logs", "run/*.log"));
		up->exit_status = EXIT_FAILED;
		begin_stop(up);
	}
}

static void
tick(void *self)
{
	struct up *up = self;
	int64_t now_ms = clock_mono_ms();

	reap_dead(up);
	if (up->is_stopping) {
		if (now_ms > up->until_ms)
			for (unsigned i = 0; i < up->count; i++)
				if (up->list[i].pid > 0)
					(void)kill(up->list[i].pid, SIGKILL);
		if (running(up, true) == 0 && up->store != NULL)
			stop_redis(up);
		if (running(up, false) == 0)
			loop_stop(up->loop);
		return;
	}
	for (unsigned i = 0; i < up->count; i++)
		if (up->list[i].again_at_ms > 0 && now_ms >= up->list[i].again_at_ms &&
		    up_ha_may_start(up, &up->list[i])) {
			start(up, &up->list[i]);
			up->is_changed = true;
		}
	look(up);
}

/* ---- start ---- */

static void
add_redis(struct up *up)
{
	struct process *process;

	if (up->is_ha) {
		up_ha_add(up);
		return;
	}
	if (access(REACH_FILE, F_OK) == 0) {
		if (access("redis.1", F_OK) == 0)
			log_die("this directory was made with --ha, and needs it");
		return;
	}
	up_write_redis_config(up);
	(void)unlink(REACH_SOCKET); /* of a Redis that was killed */
	process = add(up, "redis-server", 0);
	strcpy(process->name, "redis");
	strcpy(process->settings, "redis.conf");
}

static void
open_store(struct up *up)
{
	struct store_options options = { .connections = 1,
		.timeout_ms = 2000,
		.stall_ms = 1000,
		.most_bytes = 1 << 20,
		.name = "up" };

	if (!reach_find(&up->reach, ".", &options))
		exit(EXIT_FAILED);
	if (up->reach.is_elsewhere)
		up_tell_services(&up->reach.config);
	up->store = store_open(up->loop, &options);
	if (up->store == NULL)
		log_die(
		    "out of memory, or sentinels in " REACH_FILE " are not HOST:PORT");
	up->cases = cases_open(up->store, "c1");
	if (up->cases == NULL)
		log_die("out of memory");
}

static void
start_redis(struct up *up)
{
	int64_t until_ms = clock_mono_ms() + START_MS;

	add_redis(up);
	for (unsigned i = 0; i < up->count; i++)
		start(up, &up->list[i]);
	while (up->count == 1 && access(REACH_SOCKET, F_OK) != 0 && up->list[0].pid > 0 &&
	       clock_mono_ms() < until_ms && loop_turn(up->loop, 5) == STATUS_OK)
		reap_dead(up);
	open_store(up);
	while (library_load(up->store) != STATUS_OK) {
		reap_dead(up);
		if (running(up, false) < up->count)
			log_die("Redis does not start; see redis*/redis.log and "
			        "run/redis*.log in %s",
			    up->dir);
		if (up->is_stopping || clock_mono_ms() > until_ms) {
			stop_redis(up);
			log_die("Redis does not answer");
		}
	}
}

/* The gateway's own setting, for the socket that every gateway of this `up` answers at. */
static int
listen_for_gateway(const struct up *up)
{
	static struct config config;
	char why[256];
	int fd;

	if (config_load(&config, up->config, stderr) != STATUS_OK)
		log_die("the settings are wrong");
	if (http_listen(config.gateway_http, &fd, why, sizeof why) != STATUS_OK)
		log_die("gateway.http: %s", why);
	return fd;
}

static void
start_services(struct up *up, unsigned matchers)
{
	struct process *gateway;

	up->until_ms = clock_mono_ms() + START_MS;
	up->matchers = matchers;
	start(up, add(up, "intake", 1));
	for (unsigned i = 1; i <= matchers; i++)
		start(up, add(up, "matcher", i));
	start(up, add(up, "notifier", 1));
	gateway = add(up, "gateway", 1);
	gateway->listen_fd = listen_for_gateway(up);
	start(up, gateway);
}

static bool
is_appendfsync(const char *word)
{
	return strcmp(word, "always") == 0 || strcmp(word, "everysec") == 0;
}

static unsigned
read_options(struct up *up, int argc, char **argv)
{
	static const struct option OPTIONS[] = { { "http", required_argument, NULL, 'h' },
		{ "demo", no_argument, NULL, 'D' },
		{ "config", required_argument, NULL, 'c' },
		{ "matchers", required_argument, NULL, 'm' },
		{ "maxmemory", required_argument, NULL, 'M' },
		{ "appendfsync", required_argument, NULL, 'a' },
		{ "ha", no_argument, NULL, 'R' }, { "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 } };
	static char config[PATH_MAX];
	unsigned matchers = 1;
	int option;

	while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1)
		switch (option) {
		case 'h':
			(void)setenv("HEARTHLINE_GATEWAY_HTTP", optarg, 1);
			break;
		case 'D':
			up->wants_demo = true;
			break;
		case 'c':
			if (realpath(optarg, config) == NULL)
				log_die("no such file: %s", optarg);
			up->config = config;
			break;
		case 'm':
			matchers = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'R':
			up->is_ha = true;
			break;
		case 'M':
			up->maxmemory = optarg;
			break;
		case 'a':
			up->appendfsync = optarg;
			break;
		case 'H':
			fputs(HELP, stdout);
			exit(EXIT_DONE);
		default:
			matchers = 0; /* said below */
		}
	if (optind < argc || matchers < 1 || matchers > 4 ||
	    !is_appendfsync(up->appendfsync)) {
		fputs(HELP, stderr);
		exit(EXIT_USAGE);
	}
	return matchers;
}

int
up_command(int argc, char **argv, const char *dir)
{
	static struct up up = { .appendfsync = "always" };
	unsigned matchers;

	log_open("up", LOG_INFO);
	up.bin = up_own_folder();
	matchers = read_options(&up, argc, argv);
	if (up.wants_demo)
		up_find_demo(&up);
	up_enter_dir(&up, dir);
	up_make_keys();
	up.loop = loop_new();
	if (up.loop == NULL || !loop_on_stop_signal(up.loop, begin_stop, &up))
		log_die("out of memory");
	start_redis(&up);
	up_make_tokens(&up);
	if (up.wants_demo)
		up_import_demo(&up);
	start_services(&up, matchers);
	if (loop_every(up.loop, TICK_MS, tick, &up) == NULL)
		log_die("out of memory");
	if (loop_run(up.loop) != STATUS_OK)
		up.exit_status = EXIT_FAILED;
	loop_free(up.loop);
	(void)unlink("endpoints.json");
	return up.exit_status;
}
