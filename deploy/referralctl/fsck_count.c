/* SPDX-License-Identifier: Apache-2.0
 * As many cases are in Redis as were accepted and not archived.  Cases come and go while their
 * names are walked, so the counters are read before and after: a case that was there all the
 * time is found, and none is found that never was. */
#include <inttypes.h>

#include "deploy/referralctl/fsck.h"

struct counters {
	struct session_wait wait; /* first */
	int64_t entered, archived;
};

static void
on_queues(void *ctx, enum status status, const struct queue_shape *shape)
{
	struct counters *counters = ctx;

	counters->entered = shape != NULL ? shape->cases_entered : 0;
	counters->wait.status = status;
	counters->wait.is_over = true;
}

static void
on_archived(void *ctx, enum status status, int64_t count)
{
	struct counters *counters = ctx;

	counters->archived = count;
	counters->wait.status = status;
	counters->wait.is_over = true;
}

static enum status
read_counters(struct session *session, struct counters *counters)
{
	enum status status = session_settle(
	    session, cases_queues(session->cases, on_queues, counters), &counters->wait);

	if (status == STATUS_OK)
		status = session_settle(session,
		    cases_archived_count(session->cases, on_archived, counters),
		    &counters->wait);
	return status;
}

static enum status
take_names(struct fsck *fsck, const struct session_ids *names, void *ctx)
{
	struct session_ids *all = ctx;

	(void)fsck;
	for (size_t i = 0; i < names->count; i++)
		session_on_id(all, text_of(names->list[i]));
	return all->has_failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* A walk may name a case twice. */
static enum status
count_names(struct fsck *fsck, int64_t *count)
{
	struct session_ids names = { .count = 0 };
	enum status status = fsck_walk(fsck, "case", take_names, &names);

	session_ids_sort(&names);
	*count = (int64_t)names.count;
	session_ids_free(&names);
	return status;
}

static enum status
look(struct fsck *fsck, struct counters *before, struct counters *after, int64_t *count)
{
	enum status status = read_counters(fsck->session, before);

	if (status == STATUS_OK)
		status = count_names(fsck, count);
	if (status == STATUS_OK)
		status = read_counters(fsck->session, after);
	return status;
}

enum status
fsck_count(struct fsck *fsck)
{
	struct counters before = { .entered = 0 }, after = { .entered = 0 };
	int64_t count = 0, entered, archived;
	enum status status = look(fsck, &before, &after, &count);

	if (status != STATUS_OK)
		return status;
	entered = before.entered;
	archived = after.archived;
	if (count >= entered - archived) {
		entered = after.entered;
		archived = before.archived;
		if (count <= entered - archived)
			return STATUS_OK;
	}
	fsck_find(fsck, LITERAL("cases"), true,
	    "%" PRId64 " entered, %" PRId64 " archived, %" PRId64 " found", entered,
	    archived, count);
	return STATUS_OK;
}
