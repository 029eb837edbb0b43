/* SPDX-License-Identifier: Apache-2.0
 * referralctl fsck: whether everything is exactly where it should be.
 *
 * Redis looks at one case, some entries of a set, or all counts in one step, so what it sees
 * there is a true moment.  Places and cases are counted over many steps: places that differ are
 * counted again, cases between what the counters say before and after. */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/fsck.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/sheet.h"

#define STAGES 3
#define LANES 3

static const char HELP[] =
    "usage: referralctl [--dir DIR] fsck [--json]\n\n"
    "Checks every case, open, closed or archived: each work item is in exactly one set "
    "of its "
    "stage\n"
    "and in no other, open counts, the open set and inboxes agree with the states, the\n"
    "journal has every line of every case and their hashes agree, no queue, inbox or\n"
    "index names what is not there, every held place belongs to an offer, for cases and\n"
    "each stage what entered is what left and what is there, and as many cases are "
    "there\n"
    "as were accepted and not archived.  The system may run.\n\n"
    "  --json  print JSON: {\"cases\",\"items\",\"violations\":[{\"item\",\"what\"}]}\n\n"
    "Example: referralctl fsck\n\n"
    "Exit: 0 all is well, 1 violations, or it could not be checked, 2 usage.\n";

void
fsck_find(struct fsck *fsck, struct text item, bool is_violation, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;
	int length;

	if (fsck->findings_count == fsck->findings_size) {
		size_t size = fsck->findings_size > 0 ? 2 * fsck->findings_size : 64;
		void *findings = realloc(fsck->findings, size * sizeof *finding);

		if (findings == NULL) {
			fsck->has_failed = true;
			return;
		}
		fsck->findings = findings;
		fsck->findings_size = size;
	}
	finding = &fsck->findings[fsck->findings_count];
	(void)text_copy(item, finding->item, sizeof finding->item);
	finding->is_violation = is_violation;
	va_start(arguments, format);
	length = vasprintf(&finding->what, format, arguments);
	va_end(arguments);
	if (length < 0)
		fsck->has_failed = true;
	else
		fsck->findings_count++;
}

void
fsck_progress(const struct fsck *fsck, const char *what, uint64_t count)
{
	if (!isatty(STDERR_FILENO) || fsck->session->wants_json)
		return;
	if (count > 0)
		fprintf(stderr, "\r%" PRIu64 " %s\033[K", count, what);
	else
		fprintf(stderr, "\r%s\033[K", what);
	(void)fflush(stderr);
}

/* ---- conservation ---- */

struct shaped {
	struct session_wait wait; /* first */
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

static int64_t
there(const struct queue_shape *shape, unsigned stage)
{
	int64_t there = (int64_t)shape->stages[stage].leased.count +
	                shape->stages[stage].delayed.count +
	                shape->stages[stage].dead.count;

	for (unsigned lane = 0; lane < LANES; lane++)
		there += shape->stages[stage].ready[lane].count;
	return there;
}

static void
compare_counts(struct fsck *fsck, const char *what, const char *where, int64_t entered,
    int64_t left, int64_t count)
{
	if (entered != left + count)
		fsck_find(fsck, text_of(what), true,
		    "%" PRId64 " entered, %" PRId64 " left, %" PRId64 " %s", entered,
		    left, count, where);
}

/* Wrong twice is wrong.  *items: all that is there. */
static enum status
check_conservation(struct fsck *fsck, int64_t *items)
{
	struct session *session = fsck->session;
	struct shaped shaped = { .shape = { .open = 0 } };
	enum status status = STATUS_OK;
	int64_t error = 1;

	for (int look = 0; look < 2 && status == STATUS_OK && error != 0; look++) {
		status = session_settle(session,
		    cases_queues(session->cases, on_shape, &shaped), &shaped.wait);
		error = queue_shape_error(&shaped.shape);
	}
	if (status != STATUS_OK)
		return status;
	for (unsigned s = 0; s < STAGES; s++) {
		int64_t count = there(&shaped.shape, s);

		*items += count;
		compare_counts(fsck, code_word(CODE_SET_stage, s + 1), "there",
		    shaped.shape.stages[s].entered, shaped.shape.stages[s].left, count);
	}
	compare_counts(fsck, "cases", "open", shaped.shape.cases_entered,
	    shaped.shape.cases_left, shaped.shape.open);
	return STATUS_OK;
}

/* ---- */

static enum status
run(struct fsck *fsck, int64_t *items)
{
	enum status status = fsck_all_cases(fsck);
	size_t found = fsck->findings_count;

	for (size_t i = 0; status == STATUS_OK && i < found; i++)
		status = fsck_look_again(fsck, &fsck->findings[i]);
	if (status == STATUS_OK)
		status = fsck_entries(fsck);
	if (status == STATUS_OK)
		status = fsck_places(fsck);
	if (status == STATUS_OK)
		status = fsck_archive(fsck);
	if (status == STATUS_OK)
		status = fsck_count(fsck);
	if (status == STATUS_OK)
		status = check_conservation(fsck, items);
	fsck_progress(fsck, "", 0);
	return status == STATUS_OK && fsck->has_failed ? STATUS_NO_MEMORY : status;
}

static size_t
count_violations(const struct fsck *fsck)
{
	size_t count = 0;

	for (size_t i = 0; i < fsck->findings_count; i++)
		count += fsck->findings[i].is_violation;
	return count;
}

static void
print_text(const struct fsck *fsck, int64_t items)
{
	size_t count = count_violations(fsck);

	for (size_t i = 0; i < fsck->findings_count; i++) {
		if (!fsck->findings[i].is_violation)
			continue;
		sheet_put(text_of(fsck->findings[i].item), stdout);
		fputs(": ", stdout);
		sheet_put(text_of(fsck->findings[i].what), stdout);
		fputc('\n', stdout);
	}
	printf("checked %" PRIu64 " cases, %" PRId64 " items, ", fsck->cases, items);
	if (count == 0)
		puts("no violation");
	else
		printf("%zu violation%s\n", count, count == 1 ? "" : "s");
}

static int
print_json(const struct fsck *fsck, int64_t items)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fsck->findings_count; i++)
		if (fsck->findings[i].is_violation)
			json_array_append_new(
			    list, json_pack("{s:s,s:s}", "item", fsck->findings[i].item,
			              "what", fsck->findings[i].what));
	return session_print(
	    fsck->session, json_pack("{s:I,s:I,s:o}", "cases", (json_int_t)fsck->cases,
	                       "items", (json_int_t)items, "violations", list));
}

static int
fsck(struct session *session)
{
	struct fsck fsck = { .session = session };
	int64_t items = 0;
	enum status status = run(&fsck, &items);
	int exit = EXIT_DONE;

	if (status != STATUS_OK)
		exit = session_failed(session, status);
	else if (session->wants_json)
		exit = print_json(&fsck, items);
	else
		print_text(&fsck, items);
	if (count_violations(&fsck) > 0)
		exit = EXIT_FAILED;
	for (size_t i = 0; i < fsck.findings_count; i++)
		free(fsck.findings[i].what);
	free(fsck.findings);
	session_ids_free(&fsck.held);
	return exit;
}

int
fsck_command(int argc, char **argv, const char *dir)
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
		exit = fsck(&session);
	session_close(&session);
	return exit;
}
