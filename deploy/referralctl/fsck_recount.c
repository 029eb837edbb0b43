/* SPDX-License-Identifier: Apache-2.0
 * The second look at the held places of one service: in its agency's open referrals, which Redis
 * counts in one step. */
#include <inttypes.h>

#include "common/directory.h"
#include "common/facts.h"
#include "deploy/referralctl/fsck.h"

struct recount {
	struct session_wait wait; /* first */
	struct fsck *fsck;
	const char *service;
	int64_t difference; /* held less counted, at the first look */
	int64_t held, counted;
	struct facts_reader *reader;
	char agency[SESSION_ID_BYTES + 1];
};

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

static void
on_counted(void *ctx, enum status status, int64_t held, int64_t counted)
{
	struct recount *recount = ctx;

	recount->held = held;
	recount->counted = counted;
	recount->wait.status = status;
	recount->wait.is_over = true;
}

static enum status
count_in_inbox(struct recount *recount)
{
	struct session *session = recount->fsck->session;

	return session_settle(session,
	    cases_check_place(session->cases, text_of(recount->service),
	        text_of(recount->agency), on_counted, recount),
	    &recount->wait);
}

/* In all cases; believed where it differs as much as a count before. */
static enum status
count_everywhere(struct recount *recount, bool *is_sure)
{
	int64_t inbox_difference = recount->held - recount->counted, difference;
	bool was_counted = recount->counted >= 0;
	struct fsck *fsck = recount->fsck;
	enum status status;

	fsck->again = 0;
	fsck->only = recount->service;
	status = fsck_all_cases(fsck);
	fsck->only = NULL;
	if (status == STATUS_OK)
		status = count_in_inbox(recount);
	recount->counted = fsck->again;
	difference = recount->held - recount->counted;
	*is_sure =
	    status == STATUS_OK && (difference == recount->difference ||
	                               (was_counted && difference == inbox_difference));
	return status;
}

/* An agency that has only now got the service does not have its old referrals, and where the
 * directory does not name the service any more there is no inbox: where it says something else
 * than the first look, all cases have the last word. */
static enum status
count_again(struct recount *recount, bool *is_sure)
{
	enum status status = count_in_inbox(recount);
	int64_t difference = recount->held - recount->counted;

	*is_sure = status == STATUS_OK && recount->counted >= 0;
	if (status != STATUS_OK ||
	    (*is_sure && (difference == 0 || difference == recount->difference)))
		return status;
	return count_everywhere(recount, is_sure);
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
	if (status == STATUS_OK && is_sure && recount.held != recount.counted)
		fsck_find(fsck, text_of(service), true,
		    "%" PRId64 " places held, %" PRId64 " accounted for", recount.held,
		    recount.counted);
	return status;
}
