/* SPDX-License-Identifier: Apache-2.0
 * referralctl qshape: what waits where, and for how long. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "common/clock.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

#define LANES 3
#define STAGES 3

static const char HELP[] =
    "usage: referralctl [--dir DIR] qshape [--json]\n\n"
    "Shows how many work items are in each set of each stage, and the age of the "
    "oldest:\n"
    "ready ones by lane (EMERGENCY, URGENT, NORMAL) since they became ready; LEASED, "
    "when "
    "the\n"
    "first lease runs out; DELAYED, when the next is due; DEAD since it died.\n\n"
    "  --json  print JSON; ages in seconds, null where none waits\n\n"
    "Example: referralctl qshape\n\n"
    "Exit: 0 done, 1 failed, 2 usage.\n";

struct shaped {
	struct session_wait wait;
	struct queue_shape shape;
};

static void
on_shape(void *ctx, enum status status, const struct queue_shape *shape)
{
	struct shaped *shaped = ctx;

	shaped->wait.status = status;
	shaped->wait.is_over = true;
	if (shape != NULL)
		shaped->shape = *shape;
}

/* ---- for people ---- */

static void
put_set(struct sheet *sheet, uint32_t count, int64_t oldest_ms)
{
	char age[WORDS_BYTES];

	if (count == 0)
		sheet_word(sheet, "0");
	else
		sheet_format(sheet, "%" PRIu32 " (%s)", count, words_age(oldest_ms, age));
}

static bool
print_text(const struct queue_shape *shape)
{
	struct sheet *sheet =
	    sheet_new("STAGE >EMERGENCY >URGENT >NORMAL >LEASED >DELAYED >DEAD >ENTERED "
	              ">LEFT");
	bool is_good;

	for (unsigned s = 0; sheet != NULL && s < STAGES; s++) {
		sheet_word(sheet, code_word(CODE_SET_stage, s + 1));
		for (unsigned lane = 0; lane < LANES; lane++)
			put_set(sheet, shape->stages[s].ready[lane].count,
			    shape->stages[s].ready[lane].oldest_ms);
		put_set(sheet, shape->stages[s].leased.count,
		    shape->stages[s].leased.oldest_ms);
		put_set(sheet, shape->stages[s].delayed.count,
		    shape->stages[s].delayed.oldest_ms);
		put_set(
		    sheet, shape->stages[s].dead.count, shape->stages[s].dead.oldest_ms);
		sheet_format(sheet, "%" PRId64, shape->stages[s].entered);
		sheet_format(sheet, "%" PRId64, shape->stages[s].left);
	}
	is_good = sheet != NULL && sheet_print(sheet, 0, stdout);
	sheet_free(sheet);
	printf("cases: %" PRId64 " open of %" PRId64 "\n", shape->open,
	    shape->cases_entered);
	if (queue_shape_error(shape) != 0)
		printf("%" PRId64 " are not where they should be: see referralctl fsck\n",
		    queue_shape_error(shape));
	return is_good;
}

/* ---- for programs ---- */

static json_t *
set_json(uint32_t count, int64_t ms, const char *name)
{
	json_t *age = ms == TIME_ABSENT ? json_null() : json_real((double)ms / 1000);

	return json_pack("{s:i,s:o}", "count", (int)count, name, age);
}

static json_t *
stage_json(const struct queue_shape *shape, unsigned s)
{
	json_t *ready = json_object(), *stage;
	int64_t due_ms = shape->stages[s].delayed.oldest_ms;
	int64_t ends_ms = shape->stages[s].leased.oldest_ms;

	for (unsigned lane = 0; lane < LANES; lane++)
		json_object_set_new(ready, code_word(CODE_SET_urgency, lane + 1),
		    set_json(shape->stages[s].ready[lane].count,
		        shape->stages[s].ready[lane].oldest_ms, "oldest_s"));
	stage = json_pack("{s:o}", "ready", ready);
	json_object_set_new(stage, "leased",
	    set_json(shape->stages[s].leased.count,
	        ends_ms == TIME_ABSENT ? ends_ms : -ends_ms, "ends_in_s"));
	json_object_set_new(stage, "delayed",
	    set_json(shape->stages[s].delayed.count,
	        due_ms == TIME_ABSENT ? due_ms : -due_ms, "due_in_s"));
	json_object_set_new(stage, "dead",
	    set_json(shape->stages[s].dead.count, shape->stages[s].dead.oldest_ms,
	        "oldest_s"));
	json_object_set_new(stage, "entered", json_integer(shape->stages[s].entered));
	json_object_set_new(stage, "left", json_integer(shape->stages[s].left));
	return stage;
}

static json_t *
shape_json(const struct queue_shape *shape)
{
	json_t *stages = json_object();
	char now[CLOCK_TEXT_BYTES];

	clock_format(shape->now_ms, now);
	for (unsigned s = 0; s < STAGES; s++)
		json_object_set_new(
		    stages, code_word(CODE_SET_stage, s + 1), stage_json(shape, s));
	return json_pack("{s:s,s:o,s:{s:I,s:I,s:I},s:I}", "now", now, "stages", stages,
	    "cases", "open", (json_int_t)shape->open, "entered",
	    (json_int_t)shape->cases_entered, "left", (json_int_t)shape->cases_left,
	    "conservation_error", (json_int_t)queue_shape_error(shape));
}

static int
qshape(struct session *session)
{
	struct shaped shaped = { .wait = { .is_over = false } };
	enum status status = session_settle(
	    session, cases_queues(session->cases, on_shape, &shaped), &shaped.wait);

	if (status == STATUS_OK && session->wants_json)
		return session_print(session, shape_json(&shaped.shape));
	if (status == STATUS_OK && !print_text(&shaped.shape))
		status = STATUS_NO_MEMORY;
	return status == STATUS_OK ? EXIT_DONE : session_failed(session, status);
}

int
qshape_command(int argc, char **argv, const char *dir)
{
	bool wants_json = false;
	const struct choice flags[] = { { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	struct session session = { .command = argv[0] };
	int exit = EXIT_FAILED;
	char **words;
	int usage = flags_read(argc, argv, HELP, flags, 0, 0, &words);

	if (usage != FLAGS_GO_ON)
		return usage;
	if (session_open(&session, argv[0], wants_json, dir))
		exit = qshape(&session);
	session_close(&session);
	return exit;
}
