/* SPDX-License-Identifier: Apache-2.0
 * referralctl submit: an intake from a file becomes a case. */
#include <stdio.h>

#include "deploy/referralctl/body.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] submit FILE|- [--key KEY] [--json]\n\n"
    "Stores an intake, a JSON object as POST /api/v1/intakes takes it, in the role "
    "operator.\n"
    "It is on disk when the case is printed.\n\n"
    "  --key KEY  idempotency key: the same key and intake again is the same case\n"
    "             (default: from the content of the file)\n"
    "  --json     print JSON\n\n"
    "Example: referralctl submit deploy/demo/intakes/displaced-family.json\n\n"
    "Exit: 0 stored, 1 refused (every wrong field is named) or failed, 2 usage.\n";

static int
print_text(struct session *session, const struct accepted *accepted)
{
	struct sheet *sheet = sheet_new("NEED TERM STATE");
	bool is_good = sheet != NULL;

	printf("case %.*s, version %u%s\n", (int)accepted->case_id.length,
	    accepted->case_id.at, accepted->version,
	    accepted->again == FLAG_YES ? " (was stored before)" : "");
	for (uint32_t i = 0; is_good && i < accepted->needs_count; i++) {
		sheet_text(sheet, accepted->needs[i].id);
		sheet_text(sheet, accepted->needs[i].term);
		sheet_text(sheet, accepted->needs[i].state);
	}
	is_good = is_good && sheet_print(sheet, 2, stdout);
	sheet_free(sheet);
	return is_good ? EXIT_DONE : session_failed(session, STATUS_NO_MEMORY);
}

static int
print_json(struct session *session, const struct accepted *accepted)
{
	static struct case_brief brief;

	record_init(&record_case_brief, &brief);
	brief.id = accepted->case_id;
	brief.version = accepted->version;
	brief.needs_count = accepted->needs_count;
	memcpy(
	    brief.needs, accepted->needs, accepted->needs_count * sizeof brief.needs[0]);
	return session_write(session, "case", &record_case_brief, &brief);
}

static int
submit(struct session *session, const struct body *body, const char *key)
{
	char by[SESSION_BY_BYTES + 1], digest[ID_DIGEST_BYTES + 1];
	struct submit *submit;
	const struct message *reply;

	message_init(session->out, MESSAGE_submit);
	submit = &session->out->submit;
	id_digest(body->bytes, body->length, digest);
	session_by("ctl", by);
	submit->key = text_of(key != NULL ? key : digest);
	submit->by = text_of(by);
	submit->role = role_operator;
	submit->has_intake = true;
	submit->intake = body->intake;
	reply = session_ask(session, SESSION_INTAKE, MESSAGE_accepted);
	if (reply == NULL)
		return EXIT_FAILED;
	return session->wants_json ? print_json(session, &reply->accepted)
	                           : print_text(session, &reply->accepted);
}

int
submit_command(int argc, char **argv, const char *dir)
{
	static struct body body;
	const char *key = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "key", &key, NULL },
		{ "json", NULL, &wants_json }, { NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	if (key != NULL && (key[0] == '\0' || strlen(key) > 128))
		return flags_wrong(argv[0], "--key wants 1 to 128 bytes");
	/* Read before the session changes the directory. */
	if (body_read(&body, argv[0], wants_json, words[0]) &&
	    session_open(&session, argv[0], wants_json, dir))
		exit = submit(&session, &body, key);
	session_close(&session);
	body_free(&body);
	return exit;
}
