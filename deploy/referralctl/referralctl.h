/* SPDX-License-Identifier: Apache-2.0
 * referralctl: runs everything on one machine, and the operations' commands. */
#ifndef REFERRALCTL_REFERRALCTL_H
#define REFERRALCTL_REFERRALCTL_H

#include "proto/status.h"

/* Exit statuses of every command. */
#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_REFUSED 3

/* A command gets its own name as argv[0]; `dir` is the state directory (--dir anywhere before
 * the command's own words, else REFERRAL_DIR, else "var").  Returns an exit status. */
typedef int command_main(int argc, char **argv, const char *dir);

command_main up_command, import_command, export_command, submit_command, preview_command,
    cases_command, show_command, explain_command, search_command, suggest_command,
    places_command, terms_command, answer_command, withdraw_command, qshape_command,
    dead_command, fsck_command, account_command, channel_command, restart_command,
    link_key_command, service_command, policy_command;

#endif
