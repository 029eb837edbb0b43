/* SPDX-License-Identifier: Apache-2.0
 * referralctl fsck: whether everything is exactly where it should be.
 *
 * Redis looks at one case, or at all queues, in one step, so what it sees there is a true
 * moment.  Still the system is alive: what is found is looked at twice, and counts when it is
 * there both times.  Held places are summed over many steps, so they need more care: the
 * second look goes only to one agency's open referrals, with nothing changed in between. */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "common/directory.h"
#include "common/facts.h"
#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

/* Cases that Redis checks in one call: it does nothing else meanwhile. */
#define BATCH 50
#define STAGES 3
#define LANES 3
/* Places asked for at once. */
#define PLACES_AT_ONCE 256
/* Second looks at a service until nothing moved during one. */
#define QUIET_TRIES 20
/* Open referrals of one agency. */
#define INBOX_MOST 1000000

static const char HELP[] =
    "usage: referralctl [--dir DIR] fsck [--json]\n\n"
    "Checks every case, open or closed: each work item is in exactly one set of its "
    "stage\n"
    "and in no other, open counts, the open set, inboxes and the hash chain agree with "
    "the\n"
    "states, every held place belongs to an offer, and for cases and each stage what "
    "entered\n"
    "is what left and what is there.  The system may run; what is found is looked at "
    "twice.\n\n"
    "  --json  print JSON: {\"cases\",\"items\",\"violations\":[{\"item\",\"what\"}]}\n\n"
    "Example: referralctl fsck\n\n"
    "Exit: 0 all is well, 1 violations, or it could not be checked, 2 usage.\n";

/* Something that looked wrong. */
struct finding {
	char item[SESSION_ID_BYTES + 1];
	char *what;
	bool is_violation; /* seen twice */
};

/* A service of which places are or were held. */
struct held {
	UT_hash_handle hh;
	struct fsck *fsck;
	int64_t counted;    /* in cases, first look */
	int64_t difference; /* to what its place says, first look */
	int64_t again;      /* in cases, second look */
	int64_t now;        /* what its place says */
	char service[SESSION_ID_BYTES + 1];
};

struct fsck {
	struct session_wait wait; /* first: store calls end here */
	struct session *session;
	struct finding *findings;
	size_t findings_count, findings_size;
	struct held *held;
	size_t held_asked; /* store calls out */
	uint64_t cases, items;
	bool has_failed; /* memory ran out */
	bool is_recount; /* second look at places: nothing but places counts */
	char cursor[32];
};

/* ---- findings ---- */

static void __attribute__((format(printf, 4, 5)))
find(struct fsck *fsck, struct text item, bool is_violation, const char *format, ...)
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

static struct held *
held_of(struct fsck *fsck, struct text service)
{
	char name[SESSION_ID_BYTES + 1];
	struct held *held = NULL;

	if (!text_copy(service, name, sizeof name))
		return NULL;
	HASH_FIND_STR(fsck->held, name, held);
	if (held != NULL)
		return held;
	held = calloc(1, sizeof *held);
	if (held == NULL) {
		fsck->has_failed = true;
		return NULL;
	}
	held->fsck = fsck;
	(void)text_copy(service, held->service, sizeof held->service);
	HASH_ADD_STR(fsck->held, service, held);
	return held;
}

/* ---- first look: every case ---- */

static void
on_check(void *ctx, struct text item, struct text what)
{
	struct fsck *fsck = ctx;
	struct held *held;

	if (!text_is(what, "held")) {
		if (!fsck->is_recount)
			find(fsck, item, false, "%.*s", (int)what.length, what.at);
		return;
	}
	held = held_of(fsck, item);
	if (held != NULL && fsck->is_recount)
		held->again++;
	else if (held != NULL)
		held->counted++;
}

static enum status
check(struct fsck *fsck, const struct text *ids, unsigned count)
{
	struct session *session = fsck->session;

	return session_settle(session,
	    cases_check(session->cases, ids, count, on_check, session_on_done, fsck),
	    &fsck->wait);
}

/* A case whose fields are so damaged that Redis' check fails is found by checking each. */
static enum status
check_each(struct fsck *fsck, const struct text *ids, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		enum status status = check(fsck, &ids[i], 1);

		if (status == STATUS_INTERNAL && !fsck->is_recount)
			find(fsck, ids[i], false, "cannot be checked");
		else if (status != STATUS_OK && status != STATUS_INTERNAL)
			return status;
	}
	return STATUS_OK;
}

static enum status
check_all(struct fsck *fsck, const struct session_ids *ids)
{
	for (size_t i = 0; i < ids->count; i += BATCH) {
		struct text batch[BATCH];
		unsigned count = 0;
		enum status status;

		while (count < BATCH && i + count < ids->count) {
			batch[count] = text_of(ids->list[i + count]);
			count++;
		}
		status = check(fsck, batch, count);
		if (status == STATUS_INTERNAL)
			status = check_each(fsck, batch, count);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

struct page {
	struct session_ids ids; /* first */
	struct fsck *fsck;
};

static void
on_page(void *ctx, const struct case_result *result)
{
	struct page *page = ctx;

	if (!text_copy(result->cursor, page->fsck->cursor, sizeof page->fsck->cursor))
		(void)strcpy(page->fsck->cursor, "0");
	session_on_done(&page->ids, result);
}

/* One page after the other, of cases or of places. */
typedef enum status scan_call(struct cases *cases, struct text cursor, cases_on_id *on_id,
    cases_done *done, void *ctx);
typedef enum status page_call(struct fsck *fsck, const struct session_ids *ids);

static enum status
walk(struct fsck *fsck, scan_call *scan, page_call *take)
{
	struct page page = { .fsck = fsck };
	struct session *session = fsck->session;
	enum status status;

	(void)strcpy(fsck->cursor, "0");
	do {
		page.ids.count = 0;
		status = session_settle(session,
		    scan(session->cases, text_of(fsck->cursor), session_on_id, on_page,
		        &page),
		    &page.ids.wait);
		if (status == STATUS_OK && page.ids.has_failed)
			status = STATUS_NO_MEMORY;
		if (status == STATUS_OK)
			status = take(fsck, &page.ids);
	} while (status == STATUS_OK && strcmp(fsck->cursor, "0") != 0);
	session_ids_free(&page.ids);
	return status;
}

static enum status
take_cases(struct fsck *fsck, const struct session_ids *ids)
{
	if (!fsck->is_recount)
		fsck->cases += ids->count;
	return check_all(fsck, ids);
}

/* ---- second look: cases ---- */

struct second {
	struct session_wait wait; /* first */
	struct finding *finding;
};

/* The figures in it may have changed meanwhile, since the case went on. */
static bool
is_same_kind(const char *one, struct text other)
{
	size_t words = strcspn(one, "0123456789");

	return other.length >= words && memcmp(one, other.at, words) == 0;
}

static void
on_second(void *ctx, struct text item, struct text what)
{
	struct second *second = ctx;

	if (text_is(item, second->finding->item) &&
	    is_same_kind(second->finding->what, what))
		second->finding->is_violation = true;
}

static void
ignore_case(void *ctx, struct case_view *view)
{
	(void)ctx;
	(void)view;
}

/* "no such case": it has been archived meanwhile, or lacks what makes it one. */
static enum status
look_for_case(struct fsck *fsck, struct finding *finding)
{
	const struct session_reading reading = { .timeline_most = 1,
		.visit = ignore_case };
	enum status status =
	    session_case(fsck->session, &reading, text_of(finding->item));

	finding->is_violation = status == STATUS_OK;
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static enum status
look_again(struct fsck *fsck, struct finding *finding)
{
	struct second second = { .finding = finding };
	struct session *session = fsck->session;
	struct text case_id = text_of(finding->item);
	unsigned need, attempt;
	enum status status;

	if (strcmp(finding->what, "no such case") == 0)
		return look_for_case(fsck, finding);
	(void)id_split(text_of(finding->item), &case_id, &need, &attempt);
	status = session_settle(session,
	    cases_check(session->cases, &case_id, 1, on_second, session_on_done, &second),
	    &second.wait);
	if (status == STATUS_INTERNAL) {
		finding->is_violation = true;
		status = STATUS_OK;
	}
	return status;
}

/* ---- held places ---- */

static void
on_held(void *ctx, enum status status, int64_t now)
{
	struct held *held = ctx;

	held->now = now;
	if (status != STATUS_OK && held->fsck->wait.status == STATUS_OK)
		held->fsck->wait.status = status;
	if (--held->fsck->held_asked == 0)
		held->fsck->wait.is_over = true;
}

/* Reads what the places of up to PLACES_AT_ONCE services say. */
static enum status
read_held(struct fsck *fsck, struct held **list, size_t count)
{
	struct session *session = fsck->session;

	fsck->wait = (struct session_wait){ .status = STATUS_OK };
	fsck->held_asked = 1; /* so that it does not end before all are asked */
	for (size_t i = 0; i < count; i++) {
		enum status status = cases_held(
		    session->cases, text_of(list[i]->service), on_held, list[i]);

		if (status == STATUS_OK)
			fsck->held_asked++;
		else
			fsck->wait.status = status;
	}
	if (--fsck->held_asked == 0)
		return fsck->wait.status;
	return session_settle(session, STATUS_OK, &fsck->wait);
}

static enum status
take_places(struct fsck *fsck, const struct session_ids *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		(void)held_of(fsck, text_of(ids->list[i]));
	return STATUS_OK;
}

static enum status
compare_held(struct fsck *fsck)
{
	struct held *list[PLACES_AT_ONCE], *held, *next;
	enum status status = STATUS_OK;
	size_t count = 0;

	HASH_ITER(hh, fsck->held, held, next)
	{
		list[count++] = held;
		if (count < PLACES_AT_ONCE && next != NULL)
			continue;
		if (status == STATUS_OK)
			status = read_held(fsck, list, count);
		for (size_t i = 0; i < count; i++)
			list[i]->difference = list[i]->now - list[i]->counted;
		count = 0;
	}
	return status;
}

/* ---- second look: held places ---- */

struct lookup {
	struct session_wait wait; /* first */
	struct facts_reader *reader;
	char agency[SESSION_ID_BYTES + 1];
};

static void
on_document(void *self, enum status status, struct text document)
{
	struct lookup *lookup = self;
	struct service_facts facts;

	lookup->wait.status = status;
	lookup->wait.is_over = true;
	if (status == STATUS_OK &&
	    facts_read(lookup->reader, document, &facts) == STATUS_OK)
		(void)text_copy(facts.agency, lookup->agency, sizeof lookup->agency);
}

static enum status
read_inbox(struct fsck *fsck, const char *agency, struct session_ids *ids)
{
	struct session *session = fsck->session;
	enum status status;

	ids->count = 0;
	status = session_settle(session,
	    cases_inbox(session->cases, text_of(agency), 0, INBOX_MOST, session_on_id,
	        session_on_done, ids),
	    &ids->wait);
	return status == STATUS_OK && ids->has_failed ? STATUS_NO_MEMORY : status;
}

static bool
is_equal(const struct session_ids *one, const struct session_ids *other)
{
	return one->count == other->count &&
	       (one->count == 0 ||
	           memcmp(one->list, other->list, one->count * sizeof *one->list) == 0);
}

static int
compare_ids(const void *one, const void *other)
{
	return strcmp(one, other);
}

/* Of referrals their cases, each once. */
static void
keep_cases(struct session_ids *ids)
{
	size_t kept = 0;

	for (size_t i = 0; i < ids->count; i++) {
		struct text case_id;
		unsigned need, attempt;

		if (id_split(text_of(ids->list[i]), &case_id, &need, &attempt))
			ids->list[i][case_id.length] = '\0';
	}
	if (ids->count > 0)
		qsort(ids->list, ids->count, sizeof *ids->list, compare_ids);
	for (size_t i = 0; i < ids->count; i++)
		if (kept == 0 || strcmp(ids->list[kept - 1], ids->list[i]) != 0)
			memmove(ids->list[kept++], ids->list[i], sizeof *ids->list);
	ids->count = kept;
}

/* Counts the places of one service in its agency's open referrals.  *is_quiet: nothing moved
 * meanwhile, so the count and held->now belong together. */
static enum status
count_quietly(struct fsck *fsck, struct held *held, const char *agency, bool *is_quiet)
{
	struct session_ids before = { .count = 0 }, after = { .count = 0 },
	                   cases = { .count = 0 };
	int64_t held_before;
	enum status status = read_held(fsck, &held, 1);

	held_before = held->now;
	held->again = 0;
	*is_quiet = false;
	if (status == STATUS_OK)
		status = read_inbox(fsck, agency, &before);
	for (size_t i = 0; i < before.count; i++)
		session_on_id(&cases, text_of(before.list[i]));
	keep_cases(&cases);
	if (status == STATUS_OK)
		status = cases.has_failed ? STATUS_NO_MEMORY : check_all(fsck, &cases);
	if (status == STATUS_OK)
		status = read_inbox(fsck, agency, &after);
	if (status == STATUS_OK)
		status = read_held(fsck, &held, 1);
	*is_quiet =
	    status == STATUS_OK && is_equal(&before, &after) && held->now == held_before;
	session_ids_free(&before);
	session_ids_free(&after);
	session_ids_free(&cases);
	return status;
}

/* The directory does not name the service any more: it gets no new offers, so a second count
 * over all cases is good enough. */
static enum status
count_everywhere(struct fsck *fsck, struct held *held, bool *is_quiet)
{
	enum status status;

	held->again = 0;
	status = walk(fsck, cases_scan, take_cases);
	if (status == STATUS_OK)
		status = read_held(fsck, &held, 1);
	*is_quiet = held->now - held->again == held->difference;
	return status;
}

static enum status
look_at_place(struct fsck *fsck, struct held *held, const char *agency)
{
	enum status status = STATUS_OK;
	bool is_quiet = false;

	for (int i = 0; status == STATUS_OK && !is_quiet && i < QUIET_TRIES; i++) {
		status = agency[0] != '\0' ? count_quietly(fsck, held, agency, &is_quiet)
		                           : count_everywhere(fsck, held, &is_quiet);
		if (agency[0] == '\0')
			break;
	}
	if (status == STATUS_OK && is_quiet && held->now != held->again)
		find(fsck, text_of(held->service), true,
		    "%" PRId64 " places held, %" PRId64 " accounted for", held->now,
		    held->again);
	return status;
}

static enum status
look_at_places(struct fsck *fsck)
{
	struct session *session = fsck->session;
	struct directory *directory = directory_open(session->store, SESSION_CELL);
	struct lookup lookup = { .reader = facts_reader_new() };
	struct held *held, *next;
	enum status status = STATUS_OK;

	if (directory == NULL || lookup.reader == NULL)
		status = STATUS_NO_MEMORY;
	fsck->is_recount = true;
	HASH_ITER(hh, fsck->held, held, next)
	{
		if (status != STATUS_OK || held->difference == 0)
			continue;
		lookup.agency[0] = '\0';
		status = session_settle(session,
		    directory_get(
		        directory, text_of(held->service), on_document, &lookup),
		    &lookup.wait);
		if (status == STATUS_OK || status == STATUS_ABSENT)
			status = look_at_place(fsck, held, lookup.agency);
	}
	fsck->is_recount = false;
	facts_reader_free(lookup.reader);
	directory_close(directory);
	return status;
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
		find(fsck, text_of(what), true,
		    "%" PRId64 " entered, %" PRId64 " left, %" PRId64 " %s", entered,
		    left, count, where);
}

/* Wrong twice is wrong. */
static enum status
check_conservation(struct fsck *fsck)
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

		fsck->items += (uint64_t)count;
		compare_counts(fsck, code_word(CODE_SET_stage, s + 1), "there",
		    shaped.shape.stages[s].entered, shaped.shape.stages[s].left, count);
	}
	compare_counts(fsck, "cases", "open", shaped.shape.cases_entered,
	    shaped.shape.cases_left, shaped.shape.open);
	return STATUS_OK;
}

/* ---- */

static enum status
run(struct fsck *fsck)
{
	enum status status = walk(fsck, cases_scan, take_cases);
	size_t found = fsck->findings_count;

	if (status == STATUS_OK)
		status = walk(fsck, cases_places, take_places);
	if (status == STATUS_OK)
		status = compare_held(fsck);
	for (size_t i = 0; status == STATUS_OK && i < found; i++)
		status = look_again(fsck, &fsck->findings[i]);
	if (status == STATUS_OK)
		status = look_at_places(fsck);
	if (status == STATUS_OK)
		status = check_conservation(fsck);
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
print_text(const struct fsck *fsck)
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
	printf(
	    "checked %" PRIu64 " cases, %" PRIu64 " items, ", fsck->cases, fsck->items);
	if (count == 0)
		puts("no violation");
	else
		printf("%zu violation%s\n", count, count == 1 ? "" : "s");
}

static int
print_json(const struct fsck *fsck)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fsck->findings_count; i++)
		if (fsck->findings[i].is_violation)
			json_array_append_new(
			    list, json_pack("{s:s,s:s}", "item", fsck->findings[i].item,
			              "what", fsck->findings[i].what));
	return session_print(
	    fsck->session, json_pack("{s:I,s:I,s:o}", "cases", (json_int_t)fsck->cases,
	                       "items", (json_int_t)fsck->items, "violations", list));
}

static int
fsck(struct session *session)
{
	struct fsck fsck = { .session = session };
	enum status status = run(&fsck);
	struct held *held, *next;
	int exit = EXIT_DONE;

	if (status != STATUS_OK)
		exit = session_failed(session, status);
	else if (session->wants_json)
		exit = print_json(&fsck);
	else
		print_text(&fsck);
	if (count_violations(&fsck) > 0)
		exit = EXIT_FAILED;
	for (size_t i = 0; i < fsck.findings_count; i++)
		free(fsck.findings[i].what);
	free(fsck.findings);
	HASH_ITER(hh, fsck.held, held, next)
	{
		HASH_DEL(fsck.held, held);
		free(held);
	}
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
