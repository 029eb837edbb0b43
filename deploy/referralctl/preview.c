/* SPDX-License-Identifier: Apache-2.0
 * referralctl preview: who could help with an intake, and why; stores nothing. */
#include <math.h>
#include <stdio.h>

#include "deploy/referralctl/body.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

static const char HELP[] =
    "usage: referralctl [--dir DIR] preview FILE|- [--most N] [--lang TAG] [--json]\n\n"
    "Shows who could take each need of an intake, best first, and why, without any "
    "effect.\n\n"
    "  --most N  candidates per need, 1 to 10 (default 5)\n"
    "  --lang TAG  what was measured as sentences: en, uk, ru\n"
    "  --json    print JSON, as POST /api/v1/matches answers\n\n"
    "Example: referralctl preview --most 3 deploy/demo/intakes/single-father.json\n\n"
    "Exit: 0 done (also where nobody could help), 1 refused or failed, 2 usage.\n";

static void
add_candidate(struct sheet *sheet, unsigned rank, const struct candidate *candidate)
{
	sheet_format(sheet, "%u", rank);
	sheet_format(sheet, "%.2f", candidate->score);
	if (isnan(candidate->distance_km))
		sheet_word(sheet, "");
	else
		sheet_format(sheet, "%.1f", candidate->distance_km);
	sheet_text(sheet, candidate->service);
	sheet_text(sheet, candidate->name);
}

/* The sheet first, then how each came to its score. */
static bool
print_need(const struct need_preview *need, const char *lang)
{
	struct sheet *sheet = sheet_new("> >SCORE >KM SERVICE NAME");
	const struct why *why = &need->why;
	struct why rest = *why;
	bool is_good;

	fputs("need ", stdout);
	sheet_put(need->term, stdout);
	if (need->reason != 0)
		printf(": %s", code_about(CODE_SET_reason, need->reason));
	fputc('\n', stdout);
	for (uint32_t i = 0; i < need->suggestions_count; i++) {
		fputs(i == 0 ? "  did you mean " : ", ", stdout);
		sheet_put(need->suggestions[i].code, stdout);
		fputs(" (", stdout);
		sheet_put(need->suggestions[i].name, stdout);
		fputs(i + 1 < need->suggestions_count ? ")" : ")?\n", stdout);
	}
	if (sheet == NULL)
		return false;
	if (why->has_chosen)
		add_candidate(sheet, 1, &why->chosen);
	for (uint32_t i = 0; i < why->next_count; i++)
		add_candidate(sheet, i + 2, &why->next[i]);
	is_good = sheet_print(sheet, 2, stdout);
	sheet_free(sheet);
	if (why->has_chosen) {
		fputs("  1:\n", stdout);
		words_candidate(&why->chosen, lang, 4, stdout);
	}
	for (uint32_t i = 0; i < why->next_count; i++) {
		printf("  %u:\n", i + 2);
		words_candidate(&why->next[i], lang, 4, stdout);
	}
	rest.has_chosen = false;
	rest.next_count = 0;
	words_why(&rest, NULL, 2, stdout);
	return is_good;
}

static int
preview(struct session *session, const struct body *body, uint32_t most, const char *lang)
{
	struct preview *preview = &session->out->preview;
	const struct message *reply;
	bool is_good = true;

	message_init(session->out, MESSAGE_preview);
	preview->has_intake = true;
	preview->intake = body->intake;
	/* The matcher has no use for who it is. */
	preview->intake.has_contact = false;
	preview->intake.place.text = TEXT_ABSENT;
	for (uint32_t i = 0; i < preview->intake.needs_count; i++)
		preview->intake.needs[i].note = TEXT_ABSENT;
	preview->most = most;
	preview->lang = text_of(lang);
	reply = session_ask(session, SESSION_MATCHER, MESSAGE_previewed);
	if (reply == NULL)
		return EXIT_FAILED;
	if (session->wants_json)
		return session_write(session, NULL, &record_previewed, &reply->previewed);
	for (uint32_t i = 0; i < reply->previewed.needs_count; i++)
		is_good &= print_need(&reply->previewed.needs[i], lang);
	return is_good ? EXIT_DONE : session_failed(session, STATUS_NO_MEMORY);
}

int
preview_command(int argc, char **argv, const char *dir)
{
	static struct body body;
	const char *most_text = NULL, *lang = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "most", &most_text, NULL },
		{ "lang", &lang, NULL }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	uint32_t most = 5;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	if (!flags_number(argv[0], "most", most_text, 1, 10, &most))
		return EXIT_USAGE;
	if (body_read(&body, argv[0], wants_json, words[0]) &&
	    session_open(&session, argv[0], wants_json, dir))
		exit = preview(&session, &body, most, lang);
	session_close(&session);
	body_free(&body);
	return exit;
}
