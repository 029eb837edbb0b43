/* SPDX-License-Identifier: Apache-2.0
 * Picks the command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/config.h"
#include "deploy/referralctl/referralctl.h"

static const struct {
	const char *name;
	command_main *main;
	const char *about;
} COMMANDS[] = {
	{ "up", up_command, "run Redis and the services on this machine" },
	{ "restart", restart_command, "restart services, refusing nobody" },
	{ "import", import_command, "load a directory of services" },
	{ "export", export_command, "write a source's services as HSDS" },
	{ "submit", submit_command, "store an intake" },
	{ "preview", preview_command, "who could help with an intake, and why" },
	{ "cases", cases_command, "list and find cases" },
	{ "show", show_command, "a case with all that happened" },
	{ "explain", explain_command, "why a need was offered where it was" },
	{ "search", search_command, "find services" },
	{ "suggest", suggest_command, "complete a word that services are found by" },
	{ "service", service_command, "edit one service, report its places" },
	{ "places", places_command, "find places by name" },
	{ "terms", terms_command, "find terms of needs" },
	{ "answer", answer_command, "answer for an agency that telephoned" },
	{ "withdraw", withdraw_command, "end a case or one of its needs" },
	{ "qshape", qshape_command, "what waits where, and how long" },
	{ "dead", dead_command, "work that was given up: look, replay, drop" },
	{ "fsck", fsck_command, "check that everything is where it should be" },
	{ "account", account_command, "who may use the API" },
	{ "channel", channel_command, "how an agency is told" },
	{ "policy", policy_command, "weights and limits of matching" },
	{ "link-key", link_key_command, "the key of links between machines" },
};

static void
help(FILE *out)
{
	fputs("usage: referralctl [--dir DIR] COMMAND ...\n\n", out);
	for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
		fprintf(out, "  %-9s %s\n", COMMANDS[i].name, COMMANDS[i].about);
	fputs("\nreferralctl COMMAND --help tells more.  DIR is the state directory\n"
	      "(default: REFERRAL_DIR, else var).\n",
	    out);
}

/* Takes "--dir DIR" or "--dir=DIR" out of the words, wherever it stands; the rest keeps its
 * order.  NULL: the word after --dir is missing. */
static const char *
take_dir(int *argc, char **argv)
{
	const char *dir = getenv("REFERRAL_DIR");
	int kept = 1;

	if (dir == NULL || dir[0] == '\0')
		dir = "var";
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--dir") == 0)
			dir = argv[++i];
		else if (strncmp(argv[i], "--dir=", 6) == 0)
			dir = argv[i] + 6;
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	*argc = kept;
	return dir;
}

/* What could not be printed was not done: a token is shown only once.  Who stops reading, as
 * `head` does, knows it: no complaint then. */
static int
finish(int status)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	if (errno != EPIPE)
		fputs("referralctl: standard output cannot be written\n", stderr);
	return status == EXIT_DONE ? EXIT_FAILED : status;
}

int
main(int argc, char **argv)
{
	const char *dir = take_dir(&argc, argv);

	if (argc > 1 && dir != NULL && strcmp(argv[1], "--help") == 0) {
		help(stdout);
		return EXIT_DONE;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts(HEARTHLINE_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0;
	     dir != NULL && argc > 1 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
		if (strcmp(argv[1], COMMANDS[i].name) == 0)
			return finish(COMMANDS[i].main(argc - 1, argv + 1, dir));
	if (argc > 1 && dir != NULL)
		fprintf(stderr, "referralctl: no such command: %s\n", argv[1]);
	help(stderr);
	return EXIT_USAGE;
}
