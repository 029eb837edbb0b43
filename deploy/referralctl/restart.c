/* SPDX-License-Identifier: Apache-2.0
 * referralctl restart: one service after the other ends in order and comes again; nobody is
 * refused meanwhile. */
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/loop.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/process.h"
#include "deploy/referralctl/referralctl.h"

/* A drain of 10 s, then a start on a slow machine. */
#define RESTART_MS 60000
#define LOOK_MS 10
#define NAMES_MOST 64

static const char HELP[] =
    "usage: referralctl [--dir DIR] restart [NAME...]\n\n"
    "Restarts the services of a running `referralctl up`, or those named, one after the\n"
    "other: each finishes what it holds, and the next one's turn comes when its "
    "successor\n"
    "is ready.  Clients are not refused; what they ask meanwhile waits.  Redis is not\n"
    "restarted.\n\n"
    "Example: referralctl restart gateway.1\n\n"
    "Exit: 0 done, 1 a service did not come again or none runs, 2 usage.\n";

/* Downstream first, so that no service waits for work of one that is away. */
static const char *const ORDER[] = { "notifier", "matcher", "intake", "gateway" };

static int
fail(const char *format, const char *name)
{
	fputs("referralctl restart: ", stderr);
	fprintf(stderr, format, name);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

/* 0: not there, or between two processes. */
static pid_t
read_pid(const char *name)
{
	json_t *root = json_load_file("endpoints.json", 0, NULL);
	json_int_t pid =
	    json_integer_value(json_object_get(json_object_get(root, "pids"), name));

	json_decref(root);
	return (pid_t)pid;
}

/* The file may be of an `up` that was killed, and the number somebody else's by now. */
static bool
is_ours(pid_t pid)
{
	char link[64], theirs[PATH_MAX], ours[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	length = readlink(link, theirs, sizeof theirs - 1);
	if (pid <= 0 || length < 0 || getcwd(ours, sizeof ours) == NULL)
		return false;
	theirs[length] = '\0';
	return strcmp(theirs, ours) == 0;
}

static bool
is_ready_again(const char *name, pid_t former)
{
	struct process process = { .pid = read_pid(name) };

	(void)snprintf(process.name, sizeof process.name, "%s", name);
	return process.pid > 0 && process.pid != former && process_look(&process);
}

static int
restart(struct loop *loop, const char *name)
{
	int64_t began_ms = clock_mono_ms();
	pid_t former = read_pid(name);

	if (!is_ours(former) || kill(former, SIGTERM) != 0)
		return fail("%s does not run", name);
	while (!is_ready_again(name, former))
		if (clock_mono_ms() - began_ms > RESTART_MS ||
		    loop_turn(loop, LOOK_MS) != STATUS_OK)
			return fail("%s did not come again; see run/*.log", name);
	printf("%s is ready again after %.1f s\n", name,
	    (double)(clock_mono_ms() - began_ms) / 1000);
	(void)fflush(stdout);
	return EXIT_DONE;
}

/* ---- which ---- */

struct names {
	char list[NAMES_MOST][PROCESS_NAME_BYTES];
	unsigned count;
};

static void
add_all_of(struct names *names, const json_t *metrics, const char *program)
{
	size_t length = strlen(program);
	const char *name;
	json_t *url;

	json_object_foreach((json_t *)metrics, name, url)
	{
		if (strncmp(name, program, length) == 0 && name[length] == '.' &&
		    names->count < NAMES_MOST)
			(void)snprintf(
			    names->list[names->count++], PROCESS_NAME_BYTES, "%s", name);
	}
}

static bool
read_names(struct names *names, char **words)
{
	json_t *root = json_load_file("endpoints.json", 0, NULL);
	const json_t *metrics = json_object_get(root, "metrics");
	bool is_known = metrics != NULL;

	for (size_t i = 0; words[0] == NULL && i < sizeof ORDER / sizeof ORDER[0]; i++)
		add_all_of(names, metrics, ORDER[i]);
	for (; is_known && *words != NULL; words++) {
		is_known =
		    names->count < NAMES_MOST && json_object_get(metrics, *words) != NULL;
		if (!is_known)
			(void)fail("no service is called %s", *words);
		else
			(void)snprintf(names->list[names->count++], PROCESS_NAME_BYTES,
			    "%s", *words);
	}
	if (metrics == NULL)
		(void)fail("no `referralctl up` %s", "runs there");
	json_decref(root);
	return is_known;
}

int
restart_command(int argc, char **argv, const char *dir)
{
	static const struct choice FLAGS[] = { { NULL, NULL, NULL } };
	struct names names = { .count = 0 };
	struct loop *loop;
	int exit = EXIT_DONE;
	char **words;
	int usage = flags_read(argc, argv, HELP, FLAGS, 0, NAMES_MOST, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	if (chdir(dir) != 0)
		return fail("cannot enter %s", dir);
	if (!read_names(&names, words))
		return EXIT_FAILED;
	loop = loop_new();
	if (loop == NULL)
		return fail("%s", "out of memory");
	for (unsigned i = 0; i < names.count && exit == EXIT_DONE; i++)
		exit = restart(loop, names.list[i]);
	loop_free(loop);
	return exit;
}
