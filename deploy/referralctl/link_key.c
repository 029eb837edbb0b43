/* SPDX-License-Identifier: Apache-2.0
 * referralctl link-key: the key that encrypts links between machines. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/link.h"
#include "deploy/referralctl/referralctl.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] link-key\n\n"
    "Makes DIR/keys/link.key unless it is there, and prints its public key.  Every "
    "process\n"
    "of a network has the same file; with it they may use tcp:// addresses of other\n"
    "machines.  A program of others makes a CURVE key pair of its own: its public key "
    "goes\n"
    "into DIR/keys/link.clients on the machine of intake, as a line \"NAME KEY\", and it "
    "gets\n"
    "the public key that is printed here.\n\n"
    "Exit: 0 done, 1 failed, 2 usage.\n";

int
link_key_command(int argc, char **argv, const char *dir)
{
	static const struct option OPTIONS[] = { { "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 } };
	char public_key[41], why[256];
	int option = getopt_long(argc, argv, "", OPTIONS, NULL);

	if (option == 'H') {
		fputs(HELP, stdout);
		return EXIT_DONE;
	}
	if (option != -1 || optind < argc) {
		fputs(HELP, stderr);
		return EXIT_USAGE;
	}
	if (chdir(dir) != 0) {
		fprintf(stderr, "referralctl link-key: %s: %s\n", dir, strerror(errno));
		return EXIT_FAILED;
	}
	if (!status_is_success(
	        link_key_create("keys/link.key", public_key, why, sizeof why))) {
		fprintf(stderr, "referralctl link-key: %s\n", why);
		return EXIT_FAILED;
	}
	printf("%s\n", public_key);
	return EXIT_DONE;
}
