/* SPDX-License-Identifier: Apache-2.0
 * referralctl dead: work that was given up, to be looked at, tried again or let go. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

#define PAGE 256
#define TIMELINE_MOST 256
#define STAGES 3

static const char HELP[] =
    "usage: referralctl [--dir DIR] dead ls [--stage S] [--json]\n"
    "       referralctl [--dir DIR] dead show ITEM [--stage S] [--json]\n"
    "       referralctl [--dir DIR] dead replay ITEM|--all [--stage S] [--json]\n"
    "       referralctl [--dir DIR] dead drop ITEM [--stage S] [--json]\n\n"
    "Dead letters are work items that failed too often; nothing removes them by "
    "itself.\n\n"
    "  ls      lists them, the oldest first\n"
    "  show    what is known of one\n"
    "  replay  tries one again, or all, with fresh counters\n"
    "  drop    lets one go: a need that could not be matched is closed unmet\n\n"
    "  --stage S  only this stage: match, notify, clock (default: wherever it is dead)\n"
    "  --all      every dead letter\n"
    "  --json     print JSON\n\n"
    "Example: referralctl dead replay --all --stage notify\n\n"
    "Exit: 0 done, 1 no such dead letter or failed, 2 usage.\n";

/* One dead letter; a referral may be dead in two stages. */
struct letter {
	char item[SESSION_ID_BYTES + 1];
	enum stage stage;
};

struct letters {
	struct letter *list;
	size_t count, size;
};

static bool
add_letter(struct letters *letters, const char *item, enum stage stage)
{
	if (letters->count == letters->size) {
		size_t size = letters->size > 0 ? 2 * letters->size : 64;
		struct letter *list = realloc(letters->list, size * sizeof *list);

		if (list == NULL)
			return false;
		letters->list = list;
		letters->size = size;
	}
	(void)snprintf(
	    letters->list[letters->count].item, sizeof letters->list[0].item, "%s", item);
	letters->list[letters->count++].stage = stage;
	return true;
}

/* Those of a stage, of one item where given. */
static enum status
read_stage(
    struct session *session, enum stage stage, const char *only, struct letters *letters)
{
	struct session_ids ids = { .count = 0 };
	enum status status = STATUS_OK;
	size_t before;

	do {
		before = ids.count;
		status = session_settle(session,
		    cases_dead_list(session->cases, stage, (unsigned)before, PAGE,
		        session_on_id, session_on_done, &ids),
		    &ids.wait);
	} while (status == STATUS_OK && ids.count == before + PAGE);
	if (ids.has_failed)
		status = STATUS_NO_MEMORY;
	for (size_t i = 0; status == STATUS_OK && i < ids.count; i++)
		if ((only == NULL || strcmp(only, ids.list[i]) == 0) &&
		    !add_letter(letters, ids.list[i], stage))
			status = STATUS_NO_MEMORY;
	session_ids_free(&ids);
	return status;
}

/* stage 0: of every stage. */
static enum status
read_letters(
    struct session *session, unsigned stage, const char *only, struct letters *letters)
{
	enum status status = STATUS_OK;

	for (unsigned s = 1; status == STATUS_OK && s <= STAGES; s++)
		if (stage == 0 || stage == s)
			status = read_stage(session, (enum stage)s, only, letters);
	return status;
}

/* ---- what is known of one ---- */

struct facts_of {
	const struct letter *letter;
	struct sheet *sheet; /* a row of a list */
	json_t *list;        /* or an element of one */
	bool wants_lines;    /* and its part of the timeline */
	bool has_failed;
};

static const struct need_state *
need_of(const struct case_view *view, const char *item)
{
	for (uint32_t i = 0; i < view->needs_count; i++) {
		struct text id = view->needs[i].id;

		if (strncmp(item, id.at, id.length) == 0 &&
		    (item[id.length] == '\0' || item[id.length] == '-'))
			return &view->needs[i];
	}
	return NULL;
}

static const struct referral_state *
referral_of(const struct case_view *view, const char *item)
{
	for (uint32_t i = 0; i < view->referrals_count; i++)
		if (text_is(view->referrals[i].id, item))
			return &view->referrals[i];
	return NULL;
}

static int64_t
died_at(const struct case_view *view, const struct letter *letter)
{
	for (uint32_t i = view->timeline_count; i-- > 0;) {
		const struct transition *line = &view->timeline[i];

		if (text_is(line->item, letter->item) && text_is(line->action, "dead") &&
		    text_is(line->from, code_word(CODE_SET_stage, letter->stage)))
			return line->at;
	}
	return TIME_ABSENT;
}

static json_t *
json_of(struct text text)
{
	return text.length > 0 ? json_stringn(text.at, text.length) : json_null();
}

/* The lines of the timeline that are about the item. */
static json_t *
lines_json(const struct case_view *view, const char *item)
{
	json_t *lines = json_array();

	for (uint32_t i = 0; i < view->timeline_count; i++)
		if (text_is(view->timeline[i].item, item)) {
			char *json = json_write(&record_transition, &view->timeline[i],
			    MASK_NOT_PERSONAL, NULL);

			if (json != NULL)
				json_array_append_new(lines, json_loads(json, 0, NULL));
			free(json);
		}
	return lines;
}

static void
add_json(struct facts_of *facts, const struct case_view *view)
{
	const struct need_state *need = need_of(view, facts->letter->item);
	const struct referral_state *referral = referral_of(view, facts->letter->item);
	int64_t at_ms = died_at(view, facts->letter);
	char at[CLOCK_TEXT_BYTES];
	json_t *object = json_object();

	json_object_set_new(object, "stage",
	    json_string(code_word(CODE_SET_stage, facts->letter->stage)));
	json_object_set_new(object, "item", json_string(facts->letter->item));
	if (at_ms != TIME_ABSENT) {
		clock_format(at_ms, at);
		json_object_set_new(object, "died_at", json_string(at));
	}
	json_object_set_new(object, "state",
	    json_of(referral ? referral->state
	            : need   ? need->state
	                     : TEXT_ABSENT));
	json_object_set_new(object, "term", json_of(need ? need->term : TEXT_ABSENT));
	if (referral != NULL) {
		json_object_set_new(object, "service", json_of(referral->service));
		json_object_set_new(object, "agency", json_of(referral->agency));
	}
	if (facts->wants_lines)
		json_object_set_new(
		    object, "timeline", lines_json(view, facts->letter->item));
	if (json_array_append_new(facts->list, object) != 0)
		facts->has_failed = true;
}

static void
print_lines(const struct case_view *view, const char *item)
{
	struct sheet *sheet = sheet_new("WHEN ACTION FROM TO BY");
	char at[WORDS_BYTES];

	for (uint32_t i = 0; sheet != NULL && i < view->timeline_count; i++) {
		const struct transition *line = &view->timeline[i];

		if (!text_is(line->item, item))
			continue;
		sheet_word(sheet, words_time(line->at, at));
		sheet_text(sheet, line->action);
		sheet_text(sheet, line->from);
		sheet_text(sheet, line->to);
		sheet_text(sheet, line->by);
	}
	if (sheet != NULL)
		(void)sheet_print(sheet, 2, stdout);
	sheet_free(sheet);
}

static void
add_row(struct facts_of *facts, const struct case_view *view)
{
	const struct need_state *need = need_of(view, facts->letter->item);
	const struct referral_state *referral = referral_of(view, facts->letter->item);
	char at[WORDS_BYTES];

	sheet_word(facts->sheet, code_word(CODE_SET_stage, facts->letter->stage));
	sheet_word(facts->sheet, facts->letter->item);
	sheet_word(facts->sheet, words_time(died_at(view, facts->letter), at));
	sheet_text(facts->sheet, referral ? referral->state
	                         : need   ? need->state
	                                  : TEXT_ABSENT);
	sheet_text(facts->sheet, need ? need->term : TEXT_ABSENT);
	sheet_text(facts->sheet, referral ? referral->agency : TEXT_ABSENT);
	if (!facts->wants_lines)
		return;
	(void)sheet_print(facts->sheet, 0, stdout);
	print_lines(view, facts->letter->item);
}

static void
visit(void *ctx, struct case_view *view)
{
	struct facts_of *facts = ctx;

	if (facts->list != NULL)
		add_json(facts, view);
	else
		add_row(facts, view);
}

static enum status
read_facts(struct session *session, struct facts_of *facts)
{
	const struct session_reading reading = {
		.timeline_most = TIMELINE_MOST, .visit = visit, .ctx = facts
	};
	struct text case_id = TEXT_ABSENT;
	unsigned need, attempt;
	enum status status;

	if (!id_split(text_of(facts->letter->item), &case_id, &need, &attempt))
		return STATUS_OK;
	status = session_case(session, &reading, case_id);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* ---- the four verbs ---- */

static int
fail(struct session *session, enum status status)
{
	return session_fail(session, status, "%s",
	    status == STATUS_ABSENT ? "no such dead letter" : status_about(status));
}

static struct sheet *
new_sheet(void)
{
	return sheet_new("STAGE ITEM DIED STATE TERM AGENCY");
}

/* With `wants_lines` each letter for itself, with its timeline. */
static int
list(struct session *session, const struct letters *letters, bool wants_lines)
{
	struct facts_of facts = {
		.sheet = new_sheet(),
		.list = session->wants_json ? json_array() : NULL,
		.wants_lines = wants_lines,
	};
	enum status status = STATUS_OK;
	int exit = EXIT_DONE;

	for (size_t i = 0; status == STATUS_OK && i < letters->count; i++) {
		if (wants_lines && i > 0) {
			sheet_free(facts.sheet);
			facts.sheet = new_sheet();
		}
		facts.letter = &letters->list[i];
		status =
		    facts.sheet != NULL ? read_facts(session, &facts) : STATUS_NO_MEMORY;
	}
	if (status == STATUS_OK && (facts.has_failed || facts.sheet == NULL))
		status = STATUS_NO_MEMORY;
	if (status != STATUS_OK)
		exit = session_failed(session, status);
	else if (facts.list != NULL)
		exit = session_print(session, json_pack("{s:O}", "dead", facts.list));
	else if (!wants_lines && sheet_print(facts.sheet, 0, stdout))
		printf("%zu dead letters\n", letters->count);
	sheet_free(facts.sheet);
	json_decref(facts.list);
	return exit;
}

/* What another did meanwhile is no failure of a replay of all. */
static enum status
act_on(struct session *session, const struct letters *letters, const char *verb,
    bool is_all, json_t *done)
{
	char by[SESSION_BY_BYTES + 1];

	session_by("ctl", by);
	for (size_t i = 0; i < letters->count; i++) {
		const struct letter *letter = &letters->list[i];
		const char *stage = code_word(CODE_SET_stage, letter->stage);
		struct session_wait wait = { .is_over = false };
		enum status status = session_settle(session,
		    cases_dead(session->cases, letter->stage, text_of(letter->item), verb,
		        text_of(by), session_on_done, &wait),
		    &wait);

		if (status == STATUS_ABSENT && is_all)
			continue;
		if (status != STATUS_OK)
			return status;
		if (!session->wants_json)
			printf("%s %s %s\n", verb[0] == 'r' ? "replayed" : "dropped",
			    stage, letter->item);
		json_array_append_new(
		    done, json_pack("{s:s,s:s}", "stage", stage, "item", letter->item));
	}
	return STATUS_OK;
}

static int
act(struct session *session, const struct letters *letters, const char *verb, bool is_all)
{
	json_t *done = json_array();
	enum status status = act_on(session, letters, verb, is_all, done);
	int exit = EXIT_DONE;

	if (status != STATUS_OK)
		exit = fail(session, status);
	else if (session->wants_json)
		exit = session_print(session,
		    json_pack("{s:O}", verb[0] == 'r' ? "replayed" : "dropped", done));
	else if (is_all)
		printf("%zu replayed\n", json_array_size(done));
	json_decref(done);
	return exit;
}

static int
work(struct session *session, const char *verb, const char *item, unsigned stage)
{
	struct letters letters = { .count = 0 };
	enum status status = read_letters(session, stage, item, &letters);
	bool is_look = strcmp(verb, "ls") == 0 || strcmp(verb, "show") == 0;
	int exit;

	if (status == STATUS_OK && item != NULL && letters.count == 0)
		status = STATUS_ABSENT;
	if (status != STATUS_OK)
		exit = fail(session, status);
	else if (is_look)
		exit = list(session, &letters, item != NULL);
	else
		exit = act(session, &letters, verb, item == NULL);
	free(letters.list);
	return exit;
}

/* Which words each verb takes. */
static int
check_words(const char *command, char **words, bool is_all)
{
	static const char *const VERBS[] = { "ls", "show", "replay", "drop", NULL };
	unsigned verb = 0;

	while (VERBS[verb] != NULL && strcmp(VERBS[verb], words[0]) != 0)
		verb++;
	if (VERBS[verb] == NULL)
		return flags_wrong(command, "no such verb: %s", words[0]);
	if (is_all && strcmp(words[0], "replay") != 0)
		return flags_wrong(command, "only replay takes --all");
	if (verb == 0 && words[1] != NULL)
		return flags_wrong(command, "ls takes no item");
	if (verb > 0 && words[1] == NULL && !is_all)
		return flags_wrong(command, "%s wants an item", words[0]);
	if (words[1] != NULL && is_all)
		return flags_wrong(command, "an item or --all, not both");
	return FLAGS_GO_ON;
}

int
dead_command(int argc, char **argv, const char *dir)
{
	const char *stage_word = NULL;
	bool wants_json = false, is_all = false;
	const struct choice flags[] = { { "stage", &stage_word, NULL },
		{ "all", NULL, &is_all }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	uint8_t stage = 0;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 1, 2, &words);

	if (usage == FLAGS_GO_ON)
		usage = check_words(argv[0], words, is_all);
	if (usage != FLAGS_GO_ON)
		return usage;
	if (!flags_code(argv[0], "stage", stage_word, CODE_SET_stage, &stage))
		return EXIT_USAGE;
	if (session_open(&session, argv[0], wants_json, dir))
		exit = work(&session, words[0], words[1], stage);
	session_close(&session);
	return exit;
}
