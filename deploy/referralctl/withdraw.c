/* SPDX-License-Identifier: Apache-2.0
 * referralctl withdraw: a case or one of its needs is no longer wanted. */
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] withdraw CASE [--need ID] [--reason CODE] "
    "[--json]\n\n"
    "Ends the open needs of a case, or one of them; agencies that were told are told "
    "again.\n\n"
    "  --need ID      only this need: its id, or its number in the case\n"
    "  --reason CODE  why (default withdrawn); duplicate, entered_in_error and "
    "not_helped\n"
    "                 lead to states of their own\n"
    "  --json         print JSON\n\n"
    "Example: referralctl withdraw 01h2… --need 2 --reason duplicate\n\n"
    "Exit: 0 done, 1 nothing is open there or failed, 2 usage.\n";

static int
print_moved(struct session *session, const struct moved *moved)
{
	static struct case_brief brief;

	if (!session->wants_json) {
		printf("case %.*s is withdrawn, version %u%s\n", (int)moved->item.length,
		    moved->item.at, moved->version,
		    session->out->withdraw.need.at != NULL ? " (one need)" : "");
		return EXIT_DONE;
	}
	record_init(&record_case_brief, &brief);
	brief.id = moved->item;
	brief.version = moved->version;
	return session_write(session, "case", &record_case_brief, &brief);
}

static int
withdraw(struct session *session, struct text case_id, struct text need, uint8_t reason)
{
	char by[SESSION_BY_BYTES + 1], command_id[ID_UUID_BYTES + 1];
	struct withdraw *out = &session->out->withdraw;
	const struct message *reply;

	message_init(session->out, MESSAGE_withdraw);
	session_by("ctl", by);
	id_uuid7(command_id);
	out->case_id = case_id;
	out->need = need;
	out->command_id = text_of(command_id);
	out->by = text_of(by);
	out->role = role_operator;
	out->reason = reason;
	reply = session_ask(session, SESSION_INTAKE, MESSAGE_moved);
	return reply != NULL ? print_moved(session, &reply->moved) : EXIT_FAILED;
}

/* "2" is the second need of the case; an id must be one of its needs. */
static bool
read_need(struct text case_id, const char *value, char id[ID_ITEM_MAX])
{
	struct text owner;
	unsigned need, attempt;
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (*end == '\0' && number >= 1 && number <= CASE_NEEDS_MAX) {
		id_need(case_id, (unsigned)number, id);
		return true;
	}
	return id_split(text_of(value), &owner, &need, &attempt) && need > 0 &&
	       attempt == 0 && text_equal(owner, case_id) &&
	       text_copy(text_of(value), id, ID_ITEM_MAX);
}

int
withdraw_command(int argc, char **argv, const char *dir)
{
	const char *need = NULL, *reason = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "need", &need, NULL },
		{ "reason", &reason, NULL }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	char need_id[ID_ITEM_MAX] = "";
	struct text case_id, case_part;
	unsigned number, attempt;
	uint8_t code = 0;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	case_id = text_of(words[0]);
	if (!id_split(case_id, &case_part, &number, &attempt) || number > 0)
		return flags_wrong(argv[0], "%s is no case id", words[0]);
	if (need != NULL && !read_need(case_id, need, need_id))
		return flags_wrong(argv[0], "%s is no need of that case", need);
	if (!flags_code(argv[0], "reason", reason, CODE_SET_reason, &code))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir))
		exit = withdraw(&session, case_id,
		    need != NULL ? text_of(need_id) : TEXT_ABSENT, code);
	session_close(&session);
	return exit;
}
