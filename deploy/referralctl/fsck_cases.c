/* SPDX-License-Identifier: Apache-2.0
 * Checks cases, each in one step of Redis. */
#include <stdio.h>

#include "deploy/referralctl/fsck.h"

static void
on_check(void *ctx, struct text item, struct text what)
{
	struct fsck *fsck = ctx;

	if (fsck->only != NULL)
		fsck->again += text_is(what, "held") && text_is(item, fsck->only);
	else if (text_is(what, "held"))
		session_on_id(&fsck->held, item);
	else
		fsck_find(fsck, item, false, "%.*s", (int)what.length, what.at);
}

static enum status
check(struct fsck *fsck, const struct text *ids, unsigned count)
{
	struct session *session = fsck->session;

	return session_settle(session,
	    cases_check(session->cases, ids, count, on_check, session_on_done, fsck),
	    &fsck->wait);
}

/* A case that is so damaged that Redis' check itself fails is found by checking each. */
static enum status
check_each(struct fsck *fsck, const struct text *ids, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		enum status status = check(fsck, &ids[i], 1);

		if (status == STATUS_INTERNAL && fsck->only == NULL)
			fsck_find(fsck, ids[i], false, "cannot be checked");
		else if (status != STATUS_OK && status != STATUS_INTERNAL)
			return status;
	}
	return STATUS_OK;
}

static enum status
check_all(struct fsck *fsck, const struct session_ids *ids)
{
	for (size_t i = 0; i < ids->count; i += FSCK_BATCH) {
		struct text batch[FSCK_BATCH];
		unsigned count = 0;
		enum status status;

		while (count < FSCK_BATCH && i + count < ids->count) {
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

/* ---- all of them ---- */

struct page {
	struct session_ids ids; /* first */
	char cursor[32];
};

static void
on_page(void *ctx, const struct case_result *result)
{
	struct page *page = ctx;

	if (!text_copy(result->cursor, page->cursor, sizeof page->cursor))
		page->cursor[0] = '\0';
	session_on_done(&page->ids, result);
}

enum status
fsck_walk(struct fsck *fsck, const char *kind, fsck_page *take, void *ctx)
{
	struct page page = { .cursor = "0" };
	struct session *session = fsck->session;
	enum status status;

	do {
		page.ids.count = 0;
		status = session_settle(session,
		    cases_names(session->cases, kind, text_of(page.cursor), session_on_id,
		        on_page, &page),
		    &page.ids.wait);
		if (status == STATUS_OK && page.ids.has_failed)
			status = STATUS_NO_MEMORY;
		if (status == STATUS_OK)
			status = take(fsck, &page.ids, ctx);
	} while (status == STATUS_OK && strcmp(page.cursor, "0") != 0);
	session_ids_free(&page.ids);
	return status;
}

static enum status
take_cases(struct fsck *fsck, const struct session_ids *ids, void *ctx)
{
	(void)ctx;
	if (fsck->only == NULL) {
		fsck->cases += ids->count;
		fsck_progress(fsck, "cases", fsck->cases);
	}
	return check_all(fsck, ids);
}

enum status
fsck_all_cases(struct fsck *fsck)
{
	return fsck_walk(fsck, "case", take_cases, NULL);
}

/* ---- the second look ---- */

struct second {
	struct session_wait wait; /* first */
	struct finding *finding;
};

static void
on_second(void *ctx, struct text item, struct text what)
{
	struct second *second = ctx;

	if (text_is(item, second->finding->item) && text_is(what, second->finding->what))
		second->finding->is_violation = true;
}

enum status
fsck_look_again(struct fsck *fsck, struct finding *finding)
{
	struct second second = { .finding = finding };
	struct session *session = fsck->session;
	struct text case_id = text_of(finding->item), of;
	unsigned need, attempt;
	enum status status;

	if (id_split(case_id, &of, &need, &attempt))
		case_id = of;
	status = session_settle(session,
	    cases_check(session->cases, &case_id, 1, on_second, session_on_done, &second),
	    &second.wait);
	if (status == STATUS_INTERNAL) {
		finding->is_violation = true;
		status = STATUS_OK;
	}
	return status;
}
