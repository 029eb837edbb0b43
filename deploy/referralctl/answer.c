/* SPDX-License-Identifier: Apache-2.0
 * referralctl answer: what an agency said on the telephone. */
#include <stdio.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "proto/state.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] answer REFERRAL ACTION [--reason CODE] [--note "
    "TEXT]\n"
    "                   [--version N] [--json]\n\n"
    "Acts for an agency that answered by telephone; recorded as done by phone:<your "
    "login>\n"
    "in the role operator.\n\n"
    "  --reason CODE  why, or the outcome; a decline needs one\n"
    "  --note TEXT    in words; sealed with the case\n"
    "  --version N    refuse if the referral has another version by now\n"
    "  --json         print JSON\n\n"
    "Example: referralctl answer 01h2…-1-1 decline --reason full\n\n"
    "Exit: 0 done, 1 the life cycle forbids it (the state is named) or failed, 2 usage.\n"
    "Actions:";

static bool
is_first(const struct move *move)
{
	for (const struct move *m = move_all(); m != move; m++)
		if (m->machine == move->machine && strcmp(m->action, move->action) == 0)
			return false;
	return true;
}

/* HELP ends with the actions that an operator may do. */
static const char *
help(void)
{
	static char text[4096];
	size_t used = (size_t)snprintf(text, sizeof text, "%s", HELP);

	for (const struct move *m = move_all(); m->action != NULL; m++)
		if (m->machine == MACHINE_referral && is_first(m) &&
		    move_is_allowed(m, role_operator) && used < sizeof text)
			used += (size_t)snprintf(
			    text + used, sizeof text - used, " %s", m->action);
	if (used < sizeof text)
		(void)snprintf(text + used, sizeof text - used, "\n");
	return text;
}

static int
print_moved(struct session *session, const struct moved *moved)
{
	struct referral_brief brief;

	if (!session->wants_json) {
		printf("referral %.*s is %.*s, version %u\n", (int)moved->item.length,
		    moved->item.at, (int)moved->state.length, moved->state.at,
		    moved->version);
		return EXIT_DONE;
	}
	record_init(&record_referral_brief, &brief);
	brief.id = moved->item;
	brief.state = moved->state;
	brief.version = moved->version;
	return session_write(session, "referral", &record_referral_brief, &brief);
}

static int
answer(struct session *session, const struct answer *in)
{
	char by[SESSION_BY_BYTES + 1], command_id[ID_UUID_BYTES + 1];
	const struct message *reply;

	message_init(session->out, MESSAGE_answer);
	session_by("phone", by);
	id_uuid7(command_id);
	session->out->answer = *in;
	session->out->answer.by = text_of(by);
	session->out->answer.command_id = text_of(command_id);
	session->out->answer.role = role_operator;
	reply = session_ask(session, SESSION_INTAKE, MESSAGE_moved);
	return reply != NULL ? print_moved(session, &reply->moved) : EXIT_FAILED;
}

int
answer_command(int argc, char **argv, const char *dir)
{
	const char *reason = NULL, *note = NULL, *version = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "reason", &reason, NULL },
		{ "note", &note, NULL }, { "version", &version, NULL },
		{ "json", NULL, &wants_json }, { NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct answer in;
	struct text case_id;
	unsigned need, attempt;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, help(), flags, 2, 2, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	record_init(&record_answer, &in);
	in.referral = text_of(words[0]);
	in.action = text_of(words[1]);
	if (note != NULL && note[0] != '\0')
		in.note = text_of(note);
	if (!id_split(in.referral, &case_id, &need, &attempt) || attempt == 0)
		return flags_wrong(argv[0], "%s is no referral id", words[0]);
	if (!action_exists(MACHINE_referral, in.action))
		return flags_wrong(argv[0], "%s is no action", words[1]);
	if (in.note.length > 4000)
		return flags_wrong(argv[0], "--note wants at most 4000 bytes");
	if (!flags_code(argv[0], "reason", reason, CODE_SET_reason, &in.reason) ||
	    !flags_number(argv[0], "version", version, 1, UINT_REFUSED - 4, &in.version))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir))
		exit = answer(&session, &in);
	session_close(&session);
	return exit;
}
