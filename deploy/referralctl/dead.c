/* SPDX-License-Identifier: Apache-2.0
 * referralctl dead: work that was given up, to be looked at, tried again or let go. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/dead.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"

#define PAGE 256
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

/* ---- the verbs ---- */

static int
fail(struct session *session, enum status status)
{
	return session_fail(session, status, "%s",
	    status == STATUS_ABSENT ? "no such dead letter" : status_about(status));
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
		exit = dead_print(session, letters.list, letters.count, item != NULL);
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
