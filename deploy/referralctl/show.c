/* SPDX-License-Identifier: Apache-2.0
 * referralctl show: one case, all but the persons. */
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/naming.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

/* As many as a case_view holds. */
#define TIMELINE_MOST 256

static const char HELP[] =
    "usage: referralctl [--dir DIR] show CASE [--lang TAG] [--json]\n\n"
    "Shows a case: its needs, its referrals with the reasons of each choice, what was "
    "told "
    "to\n"
    "whom, and every transition (the last 255).  CASE may be the id of one of its needs "
    "or\n"
    "referrals.  Personal data is never shown here.\n\n"
    "  --lang TAG  what was measured as sentences: en, uk, ru\n"
    "  --json  print JSON, as GET /api/v1/cases/{id} answers, without persons\n\n"
    "Example: referralctl show 01h2m7kx3v9q0c5t8r1w6z4b2n\n\n"
    "Exit: 0 done, 1 no such case or failed, 2 usage.\n";

/* ---- for people ---- */

static void
print_needs(const struct case_view *view)
{
	struct sheet *sheet = sheet_new("NEED TERM STATE WHY");

	for (uint32_t i = 0; sheet != NULL && i < view->needs_count; i++) {
		const struct need_state *need = &view->needs[i];

		sheet_text(sheet, need->id);
		sheet_text(sheet, need->term);
		sheet_text(sheet, need->state);
		sheet_word(sheet,
		    need->reason != 0 ? code_about(CODE_SET_reason, need->reason) : "");
	}
	if (sheet != NULL)
		(void)sheet_print(sheet, 0, stdout);
	sheet_free(sheet);
}

static void
put_line(const char *what, const char *name, struct text id)
{
	printf("  %s: ", what);
	if (name[0] != '\0') {
		sheet_put(text_of(name), stdout);
		fputs(" (", stdout);
	}
	sheet_put(id, stdout);
	puts(name[0] != '\0' ? ")" : "");
}

static bool
awaits_answer(struct text state)
{
	return text_is(state, "queued") || text_is(state, "sent") ||
	       text_is(state, "delivered") || text_is(state, "seen");
}

static void
print_referral(
    const struct referral_state *referral, const struct naming *naming, const char *lang)
{
	char at[WORDS_BYTES];

	fputs("\nreferral ", stdout);
	sheet_put(referral->id, stdout);
	fputs(": ", stdout);
	sheet_put(referral->state, stdout);
	if (referral->reason != 0)
		printf(", %s", code_about(CODE_SET_reason, referral->reason));
	printf(", version %u\n", referral->version);
	put_line("service", naming_service(naming, referral->service), referral->service);
	put_line("agency", naming_agency(naming, referral->service), referral->agency);
	printf("  offered: %s", words_time(referral->offered_at, at));
	if (awaits_answer(referral->state))
		printf(", to be answered by %s", words_time(referral->expires_at, at));
	fputc('\n', stdout);
	if (!referral->has_why)
		return;
	fputs("  why:\n", stdout);
	words_why(&referral->why, lang, 4, stdout);
}

/* What went to an agency, or should have. */
static bool
is_delivery(const struct transition *line)
{
	static const char *const ACTIONS[] = { "send", "deliver", "remind", "escalate",
		"recall", "dead" };

	for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++)
		if (text_is(line->action, ACTIONS[i]))
			return true;
	/* Told of an offer that was answered before. */
	return text_is(line->action, "offer") && text_equal(line->from, line->to);
}

static void
print_lines(const struct case_view *view, const char *title, bool only_deliveries)
{
	struct sheet *sheet = sheet_new("WHEN ITEM ACTION FROM TO BY ROLE REASON");
	char at[WORDS_BYTES];

	for (uint32_t i = 0; sheet != NULL && i < view->timeline_count; i++) {
		const struct transition *line = &view->timeline[i];

		if (only_deliveries && !is_delivery(line))
			continue;
		sheet_word(sheet, words_time(line->at, at));
		sheet_text(sheet, line->item);
		sheet_text(sheet, line->action);
		sheet_text(sheet, line->from);
		sheet_text(sheet, line->to);
		sheet_text(sheet, line->by);
		sheet_word(sheet, words_code(CODE_SET_role, line->role));
		sheet_word(sheet, words_code(CODE_SET_reason, line->reason));
	}
	if (sheet != NULL && sheet_rows(sheet) > 0) {
		printf("\n%s\n", title);
		(void)sheet_print(sheet, 2, stdout);
	}
	sheet_free(sheet);
}

static void
print_case(const struct case_view *view, const struct naming *naming, const char *lang)
{
	char at[WORDS_BYTES];

	fputs("case ", stdout);
	sheet_put(view->id, stdout);
	printf(": %s, %s, accepted %s, version %u\n",
	    words_code(CODE_SET_urgency, view->urgency),
	    view->archived == FLAG_YES ? "archived"
	    : view->open == FLAG_YES   ? "open"
	                               : "closed",
	    words_time(view->accepted_at, at), view->version);
	print_needs(view);
	for (uint32_t i = 0; i < view->referrals_count; i++)
		print_referral(&view->referrals[i], naming, lang);
	print_lines(view, "deliveries", true);
	print_lines(view, "transitions", false);
}

/* ---- */

struct showing {
	struct session *session;
	struct naming *naming;
	const char *lang; /* of sentences; NULL: none */
	int exit;
};

static void
show_view(void *ctx, struct case_view *view)
{
	struct showing *showing = ctx;

	if (showing->session->wants_json)
		showing->exit =
		    session_write(showing->session, "case", &record_case_view, view);
	else
		print_case(view, showing->naming, showing->lang);
}

static int
show(struct session *session, struct text case_id, const char *lang)
{
	struct showing showing = {
		.session = session, .naming = naming_new(session), .lang = lang
	};
	const struct session_reading reading = { .timeline_most = TIMELINE_MOST,
		.wants_whys = true,
		.visit = show_view,
		.ctx = &showing };
	enum status status;

	if (showing.naming == NULL)
		return EXIT_FAILED;
	status = naming_case(showing.naming, &reading, case_id);
	naming_free(showing.naming);
	if (status == STATUS_ABSENT)
		return session_fail(session, status, "no such case: %.*s",
		    (int)case_id.length, case_id.at);
	if (status != STATUS_OK)
		return session_failed(session, status);
	return showing.exit;
}

int
show_command(int argc, char **argv, const char *dir)
{
	const char *lang = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "lang", &lang, NULL },
		{ "json", NULL, &wants_json }, { NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct text case_id;
	unsigned need, attempt;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	if (!id_split(text_of(words[0]), &case_id, &need, &attempt))
		return flags_wrong(argv[0], "%s is no id of a case", words[0]);
	if (session_open(&session, argv[0], wants_json, dir))
		exit = show(&session, case_id, lang);
	session_close(&session);
	return exit;
}
