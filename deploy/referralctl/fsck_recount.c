/* SPDX-License-Identifier: Apache-2.0
 * The second look at the held places of one service: in its agency's open referrals, with calls
 * that Redis gets at once and does one after the other, nothing moving in between. */
#include <inttypes.h>

#include "common/directory.h"
#include "common/facts.h"
#include "deploy/referralctl/fsck.h"

/* Looks until nothing moved during one. */
#define QUIET_TRIES 50
/* Open referrals of one agency. */
#define INBOX_MOST 1000000

struct recount {
	struct session_wait wait; /* first */
	struct fsck *fsck;
	const char *service;
	int64_t difference; /* held less counted, at the first look */
	int64_t before;     /* what the place says before a count */
	int64_t now;        /* and after it */
	size_t asked;       /* store calls out */
	struct facts_reader *reader;
	char agency[SESSION_ID_BYTES + 1];
};

/* ---- whose it is ---- */

static void
on_document(void *self, enum status status, struct text document)
{
	struct recount *recount = self;
	struct service_facts facts;

	recount->wait.status = status;
	recount->wait.is_over = true;
	if (status == STATUS_OK &&
	    facts_read(recount->reader, document, &facts) == STATUS_OK)
		(void)text_copy(facts.agency, recount->agency, sizeof recount->agency);
}

/* recount->agency, empty at first, stays so where the directory does not name the service. */
static enum status
find_agency(struct recount *recount, struct directory *directory)
{
	enum status status = session_settle(recount->fsck->session,
	    directory_get(directory, text_of(recount->service), on_document, recount),
	    &recount->wait);

	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* ---- many calls at once: begin, ask each, finish ---- */

static void
begin_asking(struct recount *recount)
{
	recount->wait = (struct session_wait){ .status = STATUS_OK };
	recount->asked = 0;
}

static void
asked(struct recount *recount, enum status accepted)
{
	if (accepted == STATUS_OK)
		recount->asked++;
	else
		recount->wait.status = accepted;
}

static void
one_over(struct recount *recount, enum status status)
{
	if (status != STATUS_OK && recount->wait.status == STATUS_OK)
		recount->wait.status = status;
	if (--recount->asked == 0)
		recount->wait.is_over = true;
}

static enum status
finish_asking(struct recount *recount)
{
	return recount->asked == 0
	           ? recount->wait.status
	           : session_settle(recount->fsck->session, STATUS_OK, &recount->wait);
}

static void
on_held_before(void *ctx, enum status status, int64_t held)
{
	struct recount *recount = ctx;

	recount->before = held;
	one_over(recount, status);
}

static void
on_held(void *ctx, enum status status, int64_t held)
{
	struct recount *recount = ctx;

	recount->now = held;
	one_over(recount, status);
}

static void
ask_held(struct recount *recount, cases_held_got *got)
{
	asked(recount, cases_held(recount->fsck->session->cases,
	                   text_of(recount->service), got, recount));
}

/* An agency's open referrals. */
struct inbox {
	struct session_ids ids; /* first */
	struct recount *recount;
};

static void
on_inbox(void *ctx, const struct case_result *result)
{
	struct inbox *inbox = ctx;

	one_over(
	    inbox->recount, inbox->ids.has_failed ? STATUS_NO_MEMORY : result->status);
}

static void
ask_inbox(struct inbox *inbox)
{
	struct recount *recount = inbox->recount;

	asked(
	    recount, cases_inbox(recount->fsck->session->cases, text_of(recount->agency),
	                 0, INBOX_MOST, session_on_id, on_inbox, inbox));
}

static void
on_place(void *ctx, struct text item, struct text what)
{
	struct recount *recount = ctx;

	recount->fsck->again += text_is(what, "held") && text_is(item, recount->service);
}

/* A case that is too damaged to be checked is a finding already. */
static void
on_checked(void *ctx, const struct case_result *result)
{
	one_over(ctx, result->status == STATUS_INTERNAL ? STATUS_OK : result->status);
}

static void
ask_cases(struct recount *recount, const struct session_ids *ids)
{
	struct text batch[FSCK_BATCH];
	unsigned count = 0;

	for (size_t i = 0; i < ids->count; i++) {
		batch[count++] = text_of(ids->list[i]);
		if (count < FSCK_BATCH && i + 1 < ids->count)
			continue;
		asked(recount, cases_check(recount->fsck->session->cases, batch, count,
		                   on_place, on_checked, recount));
		count = 0;
	}
}

static bool
is_equal(const struct session_ids *one, const struct session_ids *other)
{
	bool is_equal = one->count == other->count;

	for (size_t i = 0; is_equal && i < one->count; i++)
		is_equal = strcmp(one->list[i], other->list[i]) == 0;
	return is_equal;
}

static bool
case_of(const char *referral, struct text *case_id)
{
	unsigned need, attempt;

	return id_split(text_of(referral), case_id, &need, &attempt);
}

/* Whether these are all the cases of the referrals. */
static bool
covers(const struct session_ids *cases, const struct session_ids *referrals)
{
	struct text case_id;

	for (size_t i = 0; i < referrals->count; i++)
		if (case_of(referrals->list[i], &case_id) &&
		    !session_ids_have(cases, case_id))
			return false;
	return true;
}

static bool
add_cases(struct session_ids *cases, const struct session_ids *referrals)
{
	for (size_t i = 0; i < referrals->count; i++) {
		struct text case_id;

		if (case_of(referrals->list[i], &case_id))
			session_on_id(cases, case_id);
	}
	session_ids_sort(cases);
	return !cases->has_failed;
}

/* Counts in the agency's open referrals, `cases` being those it knows of (more do no harm); the
 * ones that it learns of are added.  *is_quiet: nothing moved meanwhile, so fsck->again and
 * recount->now belong together. */
static enum status
count_once(struct recount *recount, struct session_ids *cases, bool *is_quiet)
{
	struct inbox before = { .recount = recount }, after = { .recount = recount };
	enum status status;

	recount->fsck->again = 0;
	begin_asking(recount);
	ask_held(recount, on_held_before);
	ask_inbox(&before);
	ask_cases(recount, cases);
	ask_inbox(&after);
	ask_held(recount, on_held);
	status = finish_asking(recount);
	*is_quiet = status == STATUS_OK && recount->before == recount->now &&
	            is_equal(&before.ids, &after.ids) && covers(cases, &before.ids);
	if (status == STATUS_OK && !add_cases(cases, &after.ids))
		status = STATUS_NO_MEMORY;
	session_ids_free(&before.ids);
	session_ids_free(&after.ids);
	return status;
}

static enum status
count_quietly(struct recount *recount, bool *is_quiet)
{
	struct session_ids cases = { .count = 0 };
	enum status status = STATUS_OK;

	*is_quiet = false;
	for (int i = 0; status == STATUS_OK && !*is_quiet && i < QUIET_TRIES; i++)
		status = count_once(recount, &cases, is_quiet);
	session_ids_free(&cases);
	return status;
}

/* ---- in all cases ---- */

/* Believed where it differs as much as one of the counts before. */
static enum status
count_everywhere(struct recount *recount, int64_t inbox_difference, bool *is_sure)
{
	struct fsck *fsck = recount->fsck;
	int64_t difference;
	enum status status;

	fsck->again = 0;
	fsck->only = recount->service;
	status = fsck_all_cases(fsck);
	fsck->only = NULL;
	begin_asking(recount);
	if (status == STATUS_OK) {
		ask_held(recount, on_held);
		status = finish_asking(recount);
	}
	difference = recount->now - fsck->again;
	*is_sure = status == STATUS_OK &&
	           (difference == recount->difference || difference == inbox_difference);
	return status;
}

/* An agency that has only now got the service does not have its old referrals, and where the
 * directory does not name the service any more there is no inbox: where it says something else
 * than the first look, all cases have the last word. */
static enum status
count_again(struct recount *recount, bool *is_sure)
{
	enum status status;
	int64_t difference;

	status = count_quietly(recount, is_sure);
	difference = recount->now - recount->fsck->again;
	if (status != STATUS_OK || !*is_sure || difference == 0 ||
	    difference == recount->difference)
		return status;
	return count_everywhere(recount, difference, is_sure);
}

enum status
fsck_recount(struct fsck *fsck, struct directory *directory, struct facts_reader *reader,
    const char *service, int64_t difference)
{
	struct recount recount = { .fsck = fsck,
		.service = service,
		.difference = difference,
		.reader = reader };
	enum status status = find_agency(&recount, directory);
	bool is_sure = false;

	if (status == STATUS_OK)
		status = count_again(&recount, &is_sure);
	if (status == STATUS_OK && is_sure && recount.now != fsck->again)
		fsck_find(fsck, text_of(service), true,
		    "%" PRId64 " places held, %" PRId64 " accounted for", recount.now,
		    fsck->again);
	return status;
}
