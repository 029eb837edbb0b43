/* SPDX-License-Identifier: Apache-2.0
 * referralctl places, terms and suggest: what intakes are coded with, and words of services. */
#include <stdio.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

static const char PLACES_HELP[] =
    "usage: referralctl [--dir DIR] places TEXT [--within CODE] [--lang L] [--limit N]\n"
    "                   [--offset N] [--json]\n\n"
    "Finds places by name or its beginning, best first, with what they lie in.\n\n"
    "  --within CODE   only in this place\n"
    "  --lang L        names in this language, where they are known\n"
    "  --limit N       so many, 1 to 50 (default 20)\n"
    "  --offset N      pass over the first N\n"
    "  --json          print JSON, as GET /api/v1/places answers\n\n"
    "Exit: 0 done (also where nothing was found), 1 failed, 2 usage.\n";

static const char TERMS_HELP[] =
    "usage: referralctl [--dir DIR] terms [TEXT] [--taxonomy T] [--lang L] [--limit N]\n"
    "                   [--offset N] [--json]\n\n"
    "Finds terms of needs by code, label or synonym, best first; without TEXT lists "
    "them.\n\n"
    "  --taxonomy T    of this taxonomy (default: the needs' own)\n"
    "  --lang L        names in this language, where they are known\n"
    "  --limit N       so many, 1 to 200 (default 50)\n"
    "  --offset N      pass over the first N\n"
    "  --json          print JSON, as GET /api/v1/terms answers\n\n"
    "Exit: 0 done (also where nothing was found), 1 failed, 2 usage.\n";

static const char SUGGEST_HELP[] =
    "usage: referralctl [--dir DIR] suggest TEXT [--limit N] [--json]\n\n"
    "Completes the last word by words that services are found by, those of most "
    "services\n"
    "first.  Words of entries for cleared roles only are not shown.\n\n"
    "  --limit N       so many, 1 to 20 (default 20)\n"
    "  --json          print JSON, as GET /api/v1/services/suggest answers\n\n"
    "Exit: 0 done (also where nothing was found), 1 failed, 2 usage.\n";

static int
end_page(struct session *session, struct sheet *sheet, bool is_good, uint32_t offset,
    uint32_t count, uint32_t total)
{
	is_good = is_good && sheet_print(sheet, 0, stdout);
	sheet_free(sheet);
	if (!is_good)
		return session_failed(session, STATUS_NO_MEMORY);
	if (count == 0)
		printf("none of %u\n", total);
	else
		printf("%u to %u of %u\n", offset + 1, offset + count, total);
	return EXIT_DONE;
}

static void
put_within(struct sheet *sheet, const struct place_brief *place)
{
	char path[600] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < place->within_count && used < sizeof path; i++)
		used += (size_t)snprintf(path + used, sizeof path - used, "%s%.*s",
		    i > 0 ? ", " : "", (int)place->within[i].name.length,
		    place->within[i].name.at);
	sheet_word(sheet, path);
}

static int
print_places(struct session *session, const struct places_found *found, uint32_t offset)
{
	struct sheet *sheet = sheet_new("CODE NAME KIND WITHIN");

	for (uint32_t i = 0; sheet != NULL && i < found->places_count; i++) {
		sheet_text(sheet, found->places[i].code);
		sheet_text(sheet, found->places[i].name);
		sheet_text(sheet, found->places[i].kind);
		put_within(sheet, &found->places[i]);
	}
	return end_page(
	    session, sheet, sheet != NULL, offset, found->places_count, found->total);
}

static int
print_terms(struct session *session, const struct terms_found *found, uint32_t offset)
{
	struct sheet *sheet = sheet_new("CODE NAME TAXONOMY");

	if (found->near == FLAG_YES && found->terms_count > 0)
		puts("no term has these words; like them are:");
	for (uint32_t i = 0; sheet != NULL && i < found->terms_count; i++) {
		sheet_text(sheet, found->terms[i].code);
		sheet_text(sheet, found->terms[i].name);
		sheet_text(sheet, found->terms[i].taxonomy);
	}
	return end_page(
	    session, sheet, sheet != NULL, offset, found->terms_count, found->total);
}

/* Asks session->out, and prints. */
static int
look_up(struct session *session)
{
	bool is_places = session->out->kind == MESSAGE_find_places;
	uint32_t offset = is_places ? session->out->find_places.offset
	                            : session->out->find_terms.offset;
	const struct message *reply = session_ask(session, SESSION_MATCHER,
	    is_places ? MESSAGE_places_found : MESSAGE_terms_found);

	if (reply == NULL)
		return EXIT_FAILED;
	if (session->wants_json)
		return is_places ? session_write(session, NULL, &record_places_found,
		                       &reply->places_found)
		                 : session_write(session, NULL, &record_terms_found,
		                       &reply->terms_found);
	return is_places ? print_places(session, &reply->places_found, offset)
	                 : print_terms(session, &reply->terms_found, offset);
}

/* Checks what the table says of the message; each defect is a wrong option. */
static bool
is_legal(const char *command, const struct record *record, const void *question)
{
	struct defects defects = { .count = 0 };

	record_check(record, question, &defects);
	return defects.count == 0 || flags_wrong(command, "%s: %s", defects.list[0].field,
	                                 defects.list[0].why) == EXIT_DONE;
}

int
places_command(int argc, char **argv, const char *dir)
{
	const char *within = NULL, *lang = NULL, *limit = NULL, *offset = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "within", &within, NULL },
		{ "lang", &lang, NULL }, { "limit", &limit, NULL },
		{ "offset", &offset, NULL }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct find_places question;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, PLACES_HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	record_init(&record_find_places, &question);
	question.q = text_of(words[0]);
	question.within = text_of(within);
	question.lang = text_of(lang);
	question.offset = 0;
	question.most = 20;
	if (!flags_number(argv[0], "limit", limit, 1, 50, &question.most) ||
	    !flags_number(argv[0], "offset", offset, 0, 1000, &question.offset) ||
	    !is_legal(argv[0], &record_find_places, &question))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir)) {
		message_init(session.out, MESSAGE_find_places);
		session.out->find_places = question;
		exit = look_up(&session);
	}
	session_close(&session);
	return exit;
}

int
terms_command(int argc, char **argv, const char *dir)
{
	const char *taxonomy = NULL, *lang = NULL, *limit = NULL, *offset = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "taxonomy", &taxonomy, NULL },
		{ "lang", &lang, NULL }, { "limit", &limit, NULL },
		{ "offset", &offset, NULL }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct find_terms question;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, TERMS_HELP, flags, 0, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	record_init(&record_find_terms, &question);
	question.q = text_of(words[0]);
	question.taxonomy = text_of(taxonomy);
	question.lang = text_of(lang);
	question.offset = 0;
	question.most = 50;
	if (!flags_number(argv[0], "limit", limit, 1, 200, &question.most) ||
	    !flags_number(argv[0], "offset", offset, 0, 1000, &question.offset) ||
	    !is_legal(argv[0], &record_find_terms, &question))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir)) {
		message_init(session.out, MESSAGE_find_terms);
		session.out->find_terms = question;
		exit = look_up(&session);
	}
	session_close(&session);
	return exit;
}

static int
suggest(struct session *session)
{
	const struct message *reply =
	    session_ask(session, SESSION_MATCHER, MESSAGE_completed);
	const struct completed *completed;

	if (reply == NULL)
		return EXIT_FAILED;
	completed = &reply->completed;
	if (session->wants_json)
		return session_write(session, NULL, &record_completed, completed);
	for (uint32_t i = 0; i < completed->words_count; i++)
		printf("%.*s\n", (int)completed->words[i].word.length,
		    completed->words[i].word.at);
	return EXIT_DONE;
}

int
suggest_command(int argc, char **argv, const char *dir)
{
	const char *limit = NULL;
	bool wants_json = false;
	const struct choice flags[] = { { "limit", &limit, NULL },
		{ "json", NULL, &wants_json }, { NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct complete question;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, SUGGEST_HELP, flags, 1, 1, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	record_init(&record_complete, &question);
	question.q = text_of(words[0]);
	question.cleared = FLAG_NO;
	question.most = 20;
	if (!flags_number(argv[0], "limit", limit, 1, 20, &question.most) ||
	    !is_legal(argv[0], &record_complete, &question))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir)) {
		message_init(session.out, MESSAGE_complete);
		session.out->complete = question;
		exit = suggest(&session);
	}
	session_close(&session);
	return exit;
}
