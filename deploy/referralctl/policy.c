/* SPDX-License-Identifier: Apache-2.0
 * referralctl policy: what operations decide about matching. */
#include "deploy/referralctl/policy.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

#define DAY_MS INT64_C(86400000)

static const char HELP[] =
    "usage: referralctl [--dir DIR] policy show [VERSION] [--json]\n"
    "       referralctl policy check FILE\n"
    "       referralctl [--dir DIR] policy apply FILE [--dry-run] [--cases N] [--by "
    "NAME] "
    "[--json]\n"
    "       referralctl [--dir DIR] policy history [--json]\n"
    "       referralctl [--dir DIR] policy rollback VERSION [--by NAME] [--json]\n\n"
    "A policy holds the weights of the score, deadlines and limits.\n\n"
    "  show      prints the one in force, or an earlier one, as a file\n"
    "  check     says what is wrong with a file; asks nobody\n"
    "  apply     takes a file into force; matchers follow within a second or two\n"
    "  history   lists all that were in force\n"
    "  rollback  takes an earlier one into force again, as a new version; 0 is the "
    "standard\n\n"
    "  --dry-run  changes nothing: decides the offers of the last seven days anew, by "
    "the "
    "one\n"
    "             in force and by the file, with today's directory and places\n"
    "  --cases N  of at most so many cases, the newest (default 1000)\n"
    "  --by NAME  who decides (default: the login name)\n"
    "  --json     print JSON\n\n"
    "Example: referralctl policy show > policy; $EDITOR policy;\n"
    "         referralctl policy apply policy --dry-run\n\n"
    "Exit: 0 done, 1 not legal or failed, 2 usage.\n";

/* ---- the verbs ---- */

static void
add_difference(void *self, const char *name, double one, double other)
{
	json_object_set_new(
	    self, name, json_pack("{s:f,s:f}", "before", one, "after", other));
}

static json_t *
differences(const struct policy *before, const struct policy *after)
{
	json_t *changed = json_object();

	if (changed != NULL)
		policy_compare(before, after, add_difference, changed);
	return changed;
}

static void
print_difference(void *self, const char *name, double one, double other)
{
	(void)self;
	printf("  %s: %g, was %g\n", name, other, one);
}

static int
show(struct order *order)
{
	static struct reading reading;
	char *text;
	int exit;

	if (!policy_version(order, order->version, &reading))
		return EXIT_FAILED;
	if (!order->session->wants_json) {
		printf("# version %" PRIu32 "\n", order->policy.version);
		policy_print(&order->policy, stdout);
		return EXIT_DONE;
	}
	text = policy_text(&order->policy);
	exit = session_print(
	    order->session, json_pack("{s:I,s:s*}", "version",
	                        (json_int_t)order->policy.version, "text", text));
	free(text);
	return exit;
}

struct adding {
	struct session_wait wait;
};

static void
on_added(void *ctx, enum status status, const struct store_value *value)
{
	struct adding *adding = ctx;

	adding->wait.is_over = true;
	adding->wait.status = status;
	if (status == STATUS_OK && text_is(store_text(store_at(value, 0)), "stale"))
		adding->wait.status = STATUS_STALE;
}

/* Takes order->policy into force after `before`. */
static int
take_into_force(struct order *order, uint32_t newest, const struct policy *before)
{
	struct session *session = order->session;
	struct adding adding = { .wait = { .is_over = false } };
	char *text = policy_text(&order->policy);
	enum status status = STATUS_NO_MEMORY;

	if (text != NULL)
		status = session_settle(session,
		    policies_add(session->store, SESSION_CELL, newest + 1,
		        text_of(order->by), text_of(text), on_added, &adding),
		    &adding.wait);
	free(text);
	if (status == STATUS_STALE)
		return session_fail(session, status,
		    "another policy came into force "
		    "meanwhile: look at it first");
	if (status != STATUS_OK)
		return session_failed(session, status);
	if (session->wants_json)
		return session_print(session,
		    json_pack("{s:I,s:s,s:o}", "version", (json_int_t)newest + 1, "by",
		        order->by, "changed", differences(before, &order->policy)));
	printf("version %" PRIu32 " is in force\n", newest + 1);
	policy_compare(before, &order->policy, print_difference, NULL);
	return EXIT_DONE;
}

static int
print_trial(
    struct order *order, const struct policy_trial *trial, const struct policy *before)
{
	json_t *examples = json_array();

	if (order->session->wants_json) {
		for (uint32_t i = 0; i < trial->examples_count; i++)
			json_array_append_new(
			    examples, json_pack("{s:s,s:s,s:s}", "referral",
			                  trial->examples[i].referral, "before",
			                  trial->examples[i].before, "after",
			                  trial->examples[i].after));
		return session_print(
		    order->session, json_pack("{s:I,s:I,s:I,s:o,s:o}", "decisions",
		                        (json_int_t)trial->decisions, "elsewhere",
		                        (json_int_t)trial->elsewhere, "unread",
		                        (json_int_t)trial->unread, "examples", examples,
		                        "changed", differences(before, &order->policy)));
	}
	json_decref(examples);
	policy_compare(before, &order->policy, print_difference, NULL);
	printf("%" PRIu32 " of %" PRIu32 " offers would have gone elsewhere\n",
	    trial->elsewhere, trial->decisions);
	if (trial->unread > 0)
		printf("%" PRIu32 " cases could not be opened\n", trial->unread);
	for (uint32_t i = 0; i < trial->examples_count; i++)
		printf("  %s: %s, was %s\n", trial->examples[i].referral,
		    trial->examples[i].after[0] ? trial->examples[i].after : "nobody",
		    trial->examples[i].before[0] ? trial->examples[i].before : "nobody");
	return EXIT_DONE;
}

static int
apply(struct order *order)
{
	static struct reading reading;
	static struct policy_trial trial;
	struct policy after = order->policy, before;

	if (!policy_version(order, UINT_ABSENT, &reading))
		return EXIT_FAILED;
	before = order->policy;
	order->policy = after;
	if (!order->is_dry)
		return take_into_force(order, reading.newest, &before);
	return policy_try(order->session, text_of(order->text),
	           clock_wall_ms() - 7 * DAY_MS, order->cases, &trial)
	           ? print_trial(order, &trial, &before)
	           : EXIT_FAILED;
}

static int
rollback(struct order *order)
{
	static struct reading reading;
	struct policy before;

	if (!policy_version(order, UINT_ABSENT, &reading))
		return EXIT_FAILED;
	before = order->policy;
	if (!policy_version(order, order->version, &reading))
		return EXIT_FAILED;
	return take_into_force(order, reading.newest, &before);
}

static void
list_version(struct reading *reading, const struct policies_entry *entry)
{
	char words[WORDS_BYTES];

	sheet_format(reading->sheet, "%" PRIu32, entry->version);
	sheet_word(reading->sheet, words_time(entry->at_ms, words));
	sheet_text(reading->sheet, entry->by);
	json_array_append_new(reading->list,
	    json_pack("{s:I,s:I,s:s%}", "version", (json_int_t)entry->version, "at",
	        (json_int_t)entry->at_ms, "by", entry->by.at, (size_t)entry->by.length));
}

static int
history(struct order *order)
{
	static struct reading reading;
	enum status status;
	int exit = EXIT_DONE;

	reading = (struct reading){ .each = list_version,
		.sheet = sheet_new(">VERSION AT BY"),
		.list = json_array() };
	if (reading.sheet == NULL || reading.list == NULL)
		return session_failed(order->session, STATUS_NO_MEMORY);
	status = policy_versions(order->session, POLICY_HISTORY_MOST, &reading);
	if (status != STATUS_OK)
		exit = session_failed(order->session, status);
	else if (order->session->wants_json)
		exit = session_print(
		    order->session, json_pack("{s:O}", "policies", reading.list));
	else if (!sheet_print(reading.sheet, 0, stdout))
		exit = session_failed(order->session, STATUS_NO_MEMORY);
	sheet_free(reading.sheet);
	json_decref(reading.list);
	return exit;
}

/* ---- words ---- */

static const struct verb {
	const char *name;
	int (*run)(struct order *order); /* NULL: asks nobody */
	enum { NO_WORD, A_FILE, A_VERSION, MAYBE_A_VERSION } takes;
} VERBS[] = {
	{ "show", show, MAYBE_A_VERSION },
	{ "check", NULL, A_FILE },
	{ "apply", apply, A_FILE },
	{ "history", history, NO_WORD },
	{ "rollback", rollback, A_VERSION },
};

static const struct verb *
find_verb(const char *command, char **words, int *usage)
{
	for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++) {
		const struct verb *verb = &VERBS[i];

		if (strcmp(words[0], verb->name) != 0)
			continue;
		if (verb->takes != MAYBE_A_VERSION &&
		    (verb->takes == NO_WORD) != (words[1] == NULL))
			*usage = flags_wrong(command, "%s wants %s", verb->name,
			    verb->takes == NO_WORD  ? "no word"
			    : verb->takes == A_FILE ? "a file"
			                            : "a version");
		return verb;
	}
	*usage = flags_wrong(command, "no such verb: %s", words[0]);
	return NULL;
}

static int
run(struct order *order, const struct verb *verb, const char *command, const char *dir,
    bool wants_json)
{
	static struct session session;
	int exit = EXIT_FAILED;

	session = (struct session){ .command = command };
	if (verb->takes == A_FILE && !policy_file(order))
		return EXIT_FAILED;
	if (verb->run == NULL) {
		printf("%s is legal\n", order->word);
		return EXIT_DONE;
	}
	order->session = &session;
	if (session_open(&session, command, wants_json, dir))
		exit = verb->run(order);
	session_close(&session);
	return exit;
}

int
policy_command(int argc, char **argv, const char *dir)
{
	const char *by = NULL, *cases = NULL;
	bool wants_json = false;
	static struct order order;
	const struct choice flags[] = { { "by", &by, NULL }, { "cases", &cases, NULL },
		{ "dry-run", NULL, &order.is_dry }, { "json", NULL, &wants_json },
		{ NULL, NULL, NULL } };
	const struct verb *verb = NULL;
	char **words;
	int exit;
	int usage = flags_read(argc, argv, HELP, flags, 1, 2, &words);

	if (usage == FLAGS_GO_ON)
		verb = find_verb(argv[0], words, &usage);
	if (usage != FLAGS_GO_ON)
		return usage;
	order.word = words[1];
	order.version = UINT_ABSENT;
	order.cases = 1000;
	session_by("ctl", order.by);
	if (by != NULL)
		(void)snprintf(order.by, sizeof order.by, "%s", by);
	if (!flags_number(argv[0], "cases", cases, 1, 1000000, &order.cases) ||
	    (verb->takes >= A_VERSION && !flags_number(argv[0], "VERSION", words[1], 0,
	                                     1000000000, &order.version)))
		return EXIT_USAGE;
	exit = run(&order, verb, argv[0], dir, wants_json);
	free(order.text);
	return exit;
}
