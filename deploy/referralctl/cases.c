/* SPDX-License-Identifier: Apache-2.0
 * referralctl cases: lists open and archived cases, finds cases by phone or place. */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"
#include "proto/rules.h"
#include "proto/state.h"

/* Cases looked at in one go. */
#define PAGE 256

static const char HELP[] =
    "usage: referralctl [--dir DIR] cases [--state S] [--agency A] [--place P] [--phone "
    "N]\n"
    "                   [--limit N] [--json]\n\n"
    "Lists open cases, the newest first, then archived ones, the last closed first.  By "
    "phone or\n"
    "place cases that are closed and not archived yet are found too; only keyed hashes "
    "of "
    "both\n"
    "are kept, so the whole number or place code is wanted.\n\n"
    "  --state S   with a need or referral in this state\n"
    "  --agency A  with a referral to this agency\n"
    "  --place P   of this place code\n"
    "  --phone N   of this telephone number, in any spelling\n"
    "  --limit N   at most so many (default 50)\n"
    "  --json      print JSON, as GET /api/v1/cases answers\n\n"
    "Example: referralctl cases --phone '+380 342 55-0190'\n\n"
    "Exit: 0 done (also where there is none), 1 failed, 2 usage.\n";

struct listing {
	struct session *session;
	const char *state, *agency, *place, *phone;
	uint32_t limit, shown;
	struct sheet *sheet;
	FILE *json;
	bool has_failed;
};

static bool
is_wanted(const struct listing *listing, const struct case_view *view)
{
	bool state_fits = listing->state == NULL, agency_fits = listing->agency == NULL;

	for (uint32_t i = 0; !state_fits && i < view->needs_count; i++)
		state_fits = text_is(view->needs[i].state, listing->state);
	for (uint32_t i = 0; i < view->referrals_count; i++) {
		state_fits =
		    state_fits || text_is(view->referrals[i].state, listing->state);
		agency_fits =
		    agency_fits || text_is(view->referrals[i].agency, listing->agency);
	}
	return state_fits && agency_fits;
}

static void
add_json(struct listing *listing, const struct case_view *view)
{
	char *json = json_write(&record_case_view, view, MASK_NOT_PERSONAL, NULL);

	if (json == NULL)
		listing->has_failed = true;
	else
		fprintf(listing->json, "%s%s", listing->shown > 1 ? "," : "", json);
	free(json);
}

/* "food.packages offered, legal.documents parked (no_capacity)" */
static void
put_needs(struct sheet *sheet, const struct case_view *view)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL) {
		sheet_word(sheet, "?");
		return;
	}
	for (uint32_t i = 0; i < view->needs_count; i++) {
		const struct need_state *need = &view->needs[i];

		fprintf(out, "%s%.*s %.*s", i > 0 ? ", " : "", (int)need->term.length,
		    need->term.at, (int)need->state.length, need->state.at);
		if (need->reason != 0)
			fprintf(out, " (%s)", words_code(CODE_SET_reason, need->reason));
	}
	(void)fclose(out);
	sheet_word(sheet, text);
	free(text);
}

static void
add_row(struct sheet *sheet, const struct case_view *view)
{
	char words[WORDS_BYTES];

	sheet_text(sheet, view->id);
	sheet_word(sheet, words_code(CODE_SET_urgency, view->urgency));
	sheet_word(sheet, words_time(view->accepted_at, words));
	sheet_word(sheet, view->open == FLAG_YES ? "yes" : "no");
	sheet_format(sheet, "%u", view->referrals_count);
	put_needs(sheet, view);
}

static void
visit(void *ctx, struct case_view *view)
{
	struct listing *listing = ctx;

	if (listing->shown == listing->limit || !is_wanted(listing, view))
		return;
	listing->shown++;
	if (listing->json != NULL)
		add_json(listing, view);
	else
		add_row(listing->sheet, view);
}

/* ---- which cases ---- */

static enum status
list_all(struct listing *listing, const struct session_reading *reading)
{
	struct session *session = listing->session;
	const char *kind = listing->agency != NULL ? "agency" : "state";
	const char *value = listing->agency != NULL ? listing->agency : listing->state;
	char buffer[CASES_WORD_BYTES];
	struct text word =
	    value != NULL ? cases_word(kind, text_of(value), buffer) : TEXT_ABSENT;
	struct session_ids ids = { .count = PAGE };
	enum status status = STATUS_OK;

	for (unsigned offset = 0;
	     status == STATUS_OK && ids.count == PAGE && listing->shown < listing->limit;
	     offset += PAGE) {
		ids.count = 0;
		status = session_settle(session,
		    cases_list(session->cases, word, offset, PAGE, session_on_id,
		        session_on_done, &ids),
		    &ids.wait);
		if (status == STATUS_OK)
			status = session_cases(session, reading, &ids);
	}
	listing->has_failed |= ids.has_failed;
	session_ids_free(&ids);
	return status;
}

static enum status
find(struct listing *listing, const struct seal *keys, const char *kind,
    struct text blind_kind, const char *value, struct session_ids *ids)
{
	char blind[SEAL_BLIND_BYTES + 1];
	enum status status;

	seal_blind(keys, blind_kind, text_of(value), blind);
	status = session_settle(listing->session,
	    cases_find(listing->session->cases, kind, text_of(blind), session_on_id,
	        session_on_done, ids),
	    &ids->wait);
	listing->has_failed |= ids->has_failed;
	return status;
}

/* Keeps of `ids` what `others` hold too. */
static void
keep_common(struct session_ids *ids, struct session_ids *others)
{
	size_t kept = 0;

	session_ids_sort(others);
	for (size_t i = 0; ids->list != NULL && i < ids->count; i++)
		if (session_ids_have(others, text_of(ids->list[i])))
			memmove(ids->list[kept++], ids->list[i], sizeof *ids->list);
	ids->count = kept;
}

static enum status
find_by_hash(struct listing *listing, const struct session_reading *reading,
    const struct seal *keys)
{
	struct session_ids ids = { .count = 0 }, others = { .count = 0 };
	char number[RULES_PHONE_BYTES];
	enum status status = STATUS_OK;

	if (listing->phone != NULL && rules_phone_normal(text_of(listing->phone), number))
		status = find(listing, keys, "phone", LITERAL("phone"), number, &ids);
	if (status == STATUS_OK && listing->place != NULL)
		status = find(listing, keys, "where", LITERAL("place"), listing->place,
		    listing->phone != NULL ? &others : &ids);
	if (listing->phone != NULL && listing->place != NULL)
		keep_common(&ids, &others);
	if (status == STATUS_OK)
		status = session_cases(listing->session, reading, &ids);
	session_ids_free(&ids);
	session_ids_free(&others);
	return status;
}

static enum status
gather(struct listing *listing, const struct seal *keys)
{
	const struct session_reading reading = { .visit = visit, .ctx = listing };

	return keys != NULL ? find_by_hash(listing, &reading, keys)
	                    : list_all(listing, &reading);
}

static int
print(struct listing *listing, const char *json)
{
	if (json != NULL)
		printf("{\"cases\":[%s]}\n", json);
	else if (!sheet_print(listing->sheet, 0, stdout))
		return session_failed(listing->session, STATUS_NO_MEMORY);
	else
		printf("%u cases%s\n", listing->shown,
		    listing->shown == listing->limit ? ", perhaps more: see --limit"
		                                     : "");
	return EXIT_DONE;
}

/* `keys` is of the blind index, where something is to be found by it. */
static int
list(struct listing *listing, const struct seal *keys)
{
	bool wants_json = listing->session->wants_json;
	char *json = NULL;
	size_t length = 0;
	enum status status;
	int exit;

	listing->sheet = sheet_new("CASE URGENCY ACCEPTED OPEN >REFERRALS NEEDS");
	if (wants_json)
		listing->json = open_memstream(&json, &length);
	listing->has_failed =
	    listing->sheet == NULL || (wants_json && listing->json == NULL);
	status = listing->has_failed ? STATUS_NO_MEMORY : gather(listing, keys);
	if (listing->json != NULL && fclose(listing->json) != 0)
		listing->has_failed = true;
	if (status == STATUS_OK && listing->has_failed)
		status = STATUS_NO_MEMORY;
	exit = status == STATUS_OK ? print(listing, json)
	                           : session_failed(listing->session, status);
	sheet_free(listing->sheet);
	free(json);
	return exit;
}

static int
open_and_list(struct listing *listing, bool wants_json, const char *dir)
{
	struct session *session = listing->session;
	struct seal *keys = NULL;
	int exit;

	if (!session_open(session, session->command, wants_json, dir))
		return EXIT_FAILED;
	if (listing->phone != NULL || listing->place != NULL) {
		keys = session_key(session, "index");
		if (keys == NULL)
			return EXIT_FAILED;
	}
	exit = list(listing, keys);
	if (keys != NULL)
		seal_close(keys);
	return exit;
}

static bool
is_legal(const char *command, const struct listing *listing)
{
	char number[RULES_PHONE_BYTES];

	if (listing->phone != NULL &&
	    !rules_phone_normal(text_of(listing->phone), number)) {
		(void)flags_wrong(command, "--phone wants 8 to 15 digits");
		return false;
	}
	if (listing->state == NULL ||
	    state_find(MACHINE_need, text_of(listing->state)) != NULL ||
	    state_find(MACHINE_referral, text_of(listing->state)) != NULL)
		return true;
	(void)flags_wrong(
	    command, "%s is no state of a need or referral", listing->state);
	return false;
}

int
cases_command(int argc, char **argv, const char *dir)
{
	struct session session = { .command = argv[0] };
	struct listing listing = { .session = &session, .limit = 50 };
	const char *limit = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "state", &listing.state, NULL },
		{ "agency", &listing.agency, NULL }, { "place", &listing.place, NULL },
		{ "phone", &listing.phone, NULL }, { "limit", &limit, NULL },
		{ "json", NULL, &wants_json }, { NULL, NULL, NULL } };
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 0, 0, &words), exit;

	if (usage != FLAGS_GO_ON)
		return usage;
	if (!flags_number(argv[0], "limit", limit, 1, 100000000, &listing.limit) ||
	    !is_legal(argv[0], &listing))
		return EXIT_USAGE;
	exit = open_and_list(&listing, wants_json, dir);
	session_close(&session);
	return exit;
}
