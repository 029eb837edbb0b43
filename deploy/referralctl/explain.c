/* SPDX-License-Identifier: Apache-2.0
 * referralctl explain: why a need was offered where it was. */
#include "deploy/referralctl/explain.h"

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/naming.h"
#include "deploy/referralctl/referralctl.h"
#include "proto/say.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] explain CASE|NEED|REFERRAL [--lang TAG] [--json]\n"
    "       referralctl [--dir DIR] explain CASE|NEED|REFERRAL --replay [--json]\n\n"
    "Tells why each need of a case, or one need or referral, was offered where it was: "
    "the\n"
    "points of the chosen service, the next ones, what excluded others, what is not "
    "known and\n"
    "what to ask.  It is told as it was decided, also of archived cases; names of "
    "services are\n"
    "those of now.\n\n"
    "  --lang TAG  sentences and questions: en, uk, ru (default en)\n"
    "  --replay    work each decision out again from what is kept of it, by the policy "
    "that was\n"
    "              in force: each part's points from what was measured, their sum, the "
    "order of\n"
    "              the next ones; tells what is not the same\n"
    "  --json      print JSON, as GET /api/v1/cases/{id} answers, without persons and\n"
    "              transitions\n\n"
    "Example: referralctl explain 01h2m7kx3v9q0c5t8r1w6z4b2n-1 --lang uk\n\n"
    "Exit: 0 done, 1 no such case, need or referral, one not the same, or failed, 2 "
    "usage.\n";

struct explaining {
	struct session *session;
	const char *lang;
	unsigned need, attempt;
	struct replaying *replaying; /* NULL: told, not worked out again */
	bool is_found;
	int exit;
};

static void
explain_view(void *ctx, struct case_view *view)
{
	struct explaining *explaining = ctx;

	explaining->is_found = explain_keep(view, explaining->need, explaining->attempt);
	if (!explaining->is_found)
		return;
	if (explaining->replaying != NULL) {
		replaying_view(explaining->replaying, view);
		return;
	}
	if (!explaining->session->wants_json) {
		explain_print(view, explaining->lang, stdout);
		return;
	}
	explain_say(view, explaining->lang);
	explaining->exit =
	    session_write(explaining->session, "case", &record_case_view, view);
}

static int
explain(struct explaining *explaining, struct text case_id, const char *id)
{
	struct session *session = explaining->session;
	const struct session_reading reading = {
		.wants_whys = true, .visit = explain_view, .ctx = explaining
	};
	struct naming *naming = naming_new(session);
	enum status status;

	if (naming == NULL)
		return EXIT_FAILED;
	status = naming_case(naming, &reading, case_id);
	naming_free(naming);
	if (status == STATUS_ABSENT || (status == STATUS_OK && !explaining->is_found))
		return session_fail(session, STATUS_ABSENT, "no such %s: %s",
		    explaining->attempt > 0 ? "referral"
		    : explaining->need > 0  ? "need"
		                            : "case",
		    id);
	if (status != STATUS_OK)
		return session_failed(session, status);
	return explaining->replaying == NULL
	           ? explaining->exit
	           : replaying_end(explaining->replaying, session);
}

int
explain_command(int argc, char **argv, const char *dir)
{
	bool wants_json = false, wants_replay = false;
	struct session session = { .command = argv[0] };
	struct explaining explaining = { .session = &session, .lang = "en" };
	const struct choice flags[] = { { "lang", &explaining.lang, NULL },
		{ "replay", NULL, &wants_replay }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct text case_id;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	if (!id_split(text_of(words[0]), &case_id, &explaining.need, &explaining.attempt))
		return flags_wrong(
		    argv[0], "%s is no id of a case, need or referral", words[0]);
	if (!say_knows(explaining.lang))
		return flags_wrong(
		    argv[0], "lang: %s is none of en, uk, ru", explaining.lang);
	if (session_open(&session, argv[0], wants_json, dir) &&
	    (!wants_replay || (explaining.replaying = replaying_new(&session)) != NULL))
		exit = explain(&explaining, case_id, words[0]);
	replaying_free(explaining.replaying);
	session_close(&session);
	return exit;
}
