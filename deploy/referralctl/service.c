/* SPDX-License-Identifier: Apache-2.0
 * referralctl service: one service of the directory, looked at and edited by hand. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/directory.h"
#include "common/json_edits.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

#define HISTORY_MOST 100

static const char HELP[] =
    "usage: referralctl [--dir DIR] service show ID [--json]\n"
    "       referralctl [--dir DIR] service edit ID FIELD=VALUE... [--json]\n"
    "       referralctl [--dir DIR] service undo ID FIELD [--json]\n"
    "       referralctl [--dir DIR] service history ID [--json]\n"
    "       referralctl [--dir DIR] service capacity ID FREE [MOST] [--json]\n"
    "       referralctl [--dir DIR] service confirm ID [--json]\n\n"
    "  show      the service as readers see it, as JSON\n"
    "  edit      a field by hand; it stands until its publisher says something else.\n"
    "            VALUE is JSON where it is that, else a text; empty: takes the field "
    "out\n"
    "  undo      back to what the publisher says\n"
    "  history   what was edited, by whom, when\n"
    "  capacity  free places as they are now, and places in all; FREE - is unknown\n"
    "  confirm   the places that were reported still hold\n\n"
    "  --json    print JSON\n\n"
    "Example: referralctl service edit a35c3817-9769-554b-b77d-11767878e8f9 \\\n"
    "             status='temporarily closed' alert='Ремонт до 1 березня'\n\n"
    "Exit: 0 done, 1 failed, 2 usage.\n";

/* What a verb works with. */
struct editor {
	struct session *session;
	struct directory *directory;
	struct session_wait wait; /* of the call under way */
	char **words;             /* behind the verb: ID ... */
	char by[SESSION_BY_BYTES + 1];
	struct edits edits; /* to be made */
	struct defects defects;
	uint32_t version;
	char status[32]; /* that a function's reply begins with */
	json_t *shown;
};

static void
on_status(void *ctx, enum status status, const struct store_value *value)
{
	struct editor *work = ctx;

	work->wait.status = status;
	work->wait.is_over = true;
	work->version = (uint32_t)store_integer(store_at(value, 1), work->version);
	(void)text_copy(
	    store_text(store_at(value, 0)), work->status, sizeof work->status);
}

/* Waits for a function and for what it says of itself. */
static enum status
settle(struct editor *work, enum status accepted)
{
	enum status status;

	work->wait = (struct session_wait){ .is_over = false };
	status = session_settle(work->session, accepted, &work->wait);
	return status == STATUS_OK ? status_of_code(text_of(work->status)) : status;
}

/* ---- looking ---- */

static int
print_version(struct editor *work)
{
	if (work->session->wants_json)
		return session_print(work->session,
		    json_pack("{s:{s:s,s:I}}", "service", "id", work->words[0], "version",
		        (json_int_t)work->version));
	sheet_put(text_of(work->words[0]), stdout);
	printf(" was edited %u times\n", work->version);
	return EXIT_DONE;
}

static void
on_shown(void *self, enum status status, const struct directory_entry *entry)
{
	struct editor *work = self;

	work->wait.status = status;
	work->wait.is_over = true;
	if (entry != NULL)
		work->shown =
		    json_loadb(entry->document.at, entry->document.length, 0, NULL);
}

static int
show(struct editor *work)
{
	enum status status = session_settle(work->session,
	    directory_get_entry(work->directory, text_of(work->words[0]), on_shown, work),
	    &work->wait);

	if (status != STATUS_OK)
		return session_failed(work->session, status);
	if (work->session->wants_json)
		return session_print(work->session, work->shown);
	json_dumpf(work->shown, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	fputc('\n', stdout);
	json_decref(work->shown);
	return EXIT_DONE;
}

static json_t *
change_of(const struct store_value *fields)
{
	json_t *change = json_object();

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));
		struct text value = store_text(store_at(fields, i + 1));
		bool is_json = text_is(name, "previous") || text_is(name, "replacement");
		char key[32], at[CLOCK_TEXT_BYTES];
		json_t *said =
		    is_json ? json_loadb(value.at, value.length, JSON_DECODE_ANY, NULL)
		            : json_stringn(value.at, value.length);

		if (text_is(name, "at")) {
			clock_format(strtoll(json_string_value(said), NULL, 10), at);
			json_string_set(said, at);
		}
		if (text_copy(name, key, sizeof key))
			json_object_set_new(change, key, said);
		else
			json_decref(said);
	}
	return change;
}

static void
on_history(void *ctx, enum status status, const struct store_value *value)
{
	struct editor *work = ctx;

	work->wait.status = status;
	work->wait.is_over = true;
	work->shown = json_array();
	for (size_t i = 0; i < store_count(value); i++)
		json_array_append_new(
		    work->shown, change_of(store_at(store_at(value, i), 1)));
}

static void
put_value(struct sheet *sheet, const json_t *value)
{
	char *text = json_is_string(value)
	                 ? NULL
	                 : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	sheet_text(sheet, text_of(text != NULL ? text : json_string_value(value)));
	free(text);
}

static int
history(struct editor *work)
{
	static const char *const COLUMNS[] = { "at", "by", "field", "previous",
		"replacement" };
	enum status status = session_settle(work->session,
	    directory_history(
	        work->directory, text_of(work->words[0]), HISTORY_MOST, on_history, work),
	    &work->wait);
	struct sheet *sheet;
	const json_t *change;
	size_t i;

	if (status != STATUS_OK)
		return session_failed(work->session, status);
	if (work->session->wants_json)
		return session_print(
		    work->session, json_pack("{s:o}", "history", work->shown));
	sheet = sheet_new("WHEN WHO FIELD BEFORE SINCE");
	json_array_foreach(work->shown, i,
	    change) if (sheet != NULL) for (size_t c = 0;
	                                    c < sizeof COLUMNS / sizeof COLUMNS[0]; c++)
	    put_value(sheet, json_object_get(change, COLUMNS[c]));
	json_decref(work->shown);
	if (sheet == NULL || !sheet_print(sheet, 0, stdout))
		status = STATUS_NO_MEMORY;
	sheet_free(sheet);
	return status == STATUS_OK ? EXIT_DONE : session_failed(work->session, status);
}

/* ---- editing ---- */

/* The words FIELD=VALUE as a merge patch.  NULL: one has no "=", said so. */
static char *
patch_of(const struct editor *work)
{
	json_t *patch = json_object();
	char *text;

	for (char **word = work->words + 1; *word != NULL; word++) {
		char *value = strchr(*word, '=');
		json_t *said;

		if (value == NULL) {
			json_decref(patch);
			return NULL;
		}
		*value++ = '\0';
		said = value[0] == '\0' ? json_null()
		                        : json_loads(value, JSON_DECODE_ANY, NULL);
		json_object_set_new(
		    patch, *word, said != NULL ? said : json_string(value));
	}
	text = json_dumps(patch, JSON_COMPACT);
	json_decref(patch);
	return text;
}

struct editing {
	struct editor *work; /* first member's wait is the work's own */
	const char *patch;   /* NULL: undo */
};

static void
on_edit_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct editing *editing = self;
	struct editor *work = editing->work;

	if (status == STATUS_OK)
		status = editing->patch != NULL
		             ? edits_read(entry->published, entry->overlay,
		                   text_of(editing->patch), text_of(work->by),
		                   &work->edits, &work->defects)
		             : edits_undo(entry->published, entry->overlay,
		                   text_of(work->words[1]), &work->edits);
	work->version = entry != NULL ? entry->version : 0;
	work->wait.status = status;
	work->wait.is_over = true;
}

static int
change(struct editor *work, const char *patch)
{
	struct editing editing = { work, patch };
	char command[ID_UUID_BYTES + 1];
	enum status status = session_settle(work->session,
	    directory_get_entry(
	        work->directory, text_of(work->words[0]), on_edit_entry, &editing),
	    &work->wait);

	if (work->defects.count > 0)
		return session_defects(work->session->command, work->session->wants_json,
		    status, &work->defects);
	if (status == STATUS_OK && work->edits.count > 0) {
		id_uuid7(command);
		status =
		    settle(work, directory_edit(work->directory, text_of(work->words[0]),
		                     work->version, text_of(command), text_of(work->by),
		                     &work->edits, on_status, work));
	}
	edits_free(&work->edits);
	return status_is_success(status) ? print_version(work)
	                                 : session_failed(work->session, status);
}

static int
edit(struct editor *work)
{
	char *patch = patch_of(work);
	int exit;

	if (patch == NULL)
		return flags_wrong(work->session->command, "edit wants FIELD=VALUE");
	exit = change(work, patch);
	free(patch);
	return exit;
}

static int
undo(struct editor *work)
{
	return change(work, NULL);
}

/* ---- places ---- */

static int
print_done(struct editor *work, enum status status)
{
	if (!status_is_success(status))
		return session_failed(work->session, status);
	if (work->session->wants_json)
		return session_print(
		    work->session, json_pack("{s:s,s:s}", "service", work->words[0],
		                       "status", work->status));
	puts(status == STATUS_DUP ? "nothing was reported yet, so nothing changed"
	                          : "done");
	return EXIT_DONE;
}

static bool
read_places(const char *word, double *places)
{
	char *end;

	*places = NAN;
	if (word == NULL || strcmp(word, "-") == 0)
		return true;
	*places = strtod(word, &end);
	return end != word && *end == '\0' && *places >= 0 && *places <= 1e9;
}

/* Whether there is such a service: a report for another would wait for ever. */
static enum status
find(struct editor *work)
{
	enum status status = session_settle(work->session,
	    directory_get_entry(work->directory, text_of(work->words[0]), on_shown, work),
	    &work->wait);

	json_decref(work->shown);
	work->shown = NULL;
	return status;
}

static int
capacity(struct editor *work)
{
	double available, maximum;
	enum status status;

	if (!read_places(work->words[1], &available) ||
	    !read_places(work->words[2], &maximum) || available > maximum)
		return flags_wrong(work->session->command,
		    "capacity wants FREE and MOST as numbers, FREE not above MOST");
	status = find(work);
	if (status == STATUS_OK)
		status = settle(
		    work, directory_capacity(work->directory, text_of(work->words[0]),
		              available, maximum, clock_wall_ms(), on_status, work));
	return print_done(work, status);
}

static int
confirm(struct editor *work)
{
	enum status status = find(work);

	if (status == STATUS_OK)
		status = settle(work, directory_confirm(work->directory,
		                          text_of(work->words[0]), on_status, work));
	return print_done(work, status);
}

/* ---- the command ---- */

static const struct verb {
	const char *name;
	int (*run)(struct editor *work);
	int least, most; /* words behind the id */
} VERBS[] = {
	{ "show", show, 0, 0 },
	{ "edit", edit, 1, 30 },
	{ "undo", undo, 1, 1 },
	{ "history", history, 0, 0 },
	{ "capacity", capacity, 1, 2 },
	{ "confirm", confirm, 0, 0 },
	{ NULL, NULL, 0, 0 },
};

/* NULL: said what is wrong. */
static const struct verb *
find_verb(const char *command, char **words)
{
	const struct verb *verb = VERBS;
	int count = 0;

	while (verb->name != NULL && strcmp(verb->name, words[0]) != 0)
		verb++;
	while (words[count] != NULL)
		count++;
	if (verb->name == NULL)
		(void)flags_wrong(command, "no such verb: %s", words[0]);
	else if (strlen(words[1]) > SESSION_ID_BYTES)
		(void)flags_wrong(command, "%s wants a service's id", words[0]);
	else if (count - 2 < verb->least || count - 2 > verb->most)
		(void)flags_wrong(command, "%s wants other words, see --help", words[0]);
	else
		return verb;
	return NULL;
}

int
service_command(int argc, char **argv, const char *dir)
{
	bool wants_json = false;
	const struct choice flags[] = { { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	struct editor work = { .session = &session };
	const struct verb *verb;
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 2, 32, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	verb = find_verb(argv[0], words);
	if (verb == NULL)
		return EXIT_USAGE;
	work.words = words + 1;
	session_by("ctl", work.by);
	if (session_open(&session, argv[0], wants_json, dir)) {
		work.directory =
		    directory_open(session.store, SESSION_CELL, DIRECTORY_SERVICES);
		if (work.directory != NULL)
			exit = verb->run(&work);
		else
			exit = session_failed(&session, STATUS_NO_MEMORY);
		directory_close(work.directory);
	}
	session_close(&session);
	return exit;
}
