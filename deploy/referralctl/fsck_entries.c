/* SPDX-License-Identifier: Apache-2.0
 * Entries of queues, inboxes and indexes that name nothing which is there. */
#include <stdio.h>

#include "deploy/referralctl/fsck.h"

#define NAME_BYTES 128

static const char *const SETS[] = { "leased", "delayed", "dead" };
static const char *const WHOLE[] = { "open" };
static const char *const MANY[] = { "inbox", "phone", "where" };

struct entries {
	struct session_wait wait; /* first */
	struct fsck *fsck;
	char cursor[32];
};

static void
on_entry(void *ctx, struct text item, struct text what)
{
	struct entries *entries = ctx;

	fsck_find(entries->fsck, item, true, "%.*s", (int)what.length, what.at);
}

static void
on_page(void *ctx, const struct case_result *result)
{
	struct entries *entries = ctx;

	if (!text_copy(result->cursor, entries->cursor, sizeof entries->cursor))
		(void)snprintf(entries->cursor, sizeof entries->cursor, "0");
	session_on_done(&entries->wait, result);
}

static enum status
check_set(struct fsck *fsck, const char *name)
{
	struct entries entries = { .fsck = fsck, .cursor = "0" };
	struct session *session = fsck->session;
	enum status status;

	do {
		status = session_settle(session,
		    cases_check_entries(session->cases, text_of(name),
		        text_of(entries.cursor), on_entry, on_page, &entries),
		    &entries.wait);
	} while (status == STATUS_OK && strcmp(entries.cursor, "0") != 0);
	return status;
}

static enum status
check_stage(struct fsck *fsck, const char *stage)
{
	enum status status = STATUS_OK;
	char name[NAME_BYTES];

	for (uint8_t lane = 1;
	     lane <= code_count(CODE_SET_urgency) && status == STATUS_OK; lane++) {
		(void)snprintf(name, sizeof name, "%s:ready:%s", stage,
		    code_word(CODE_SET_urgency, lane));
		status = check_set(fsck, name);
	}
	for (size_t i = 0; i < sizeof SETS / sizeof SETS[0] && status == STATUS_OK; i++) {
		(void)snprintf(name, sizeof name, "%s:%s", stage, SETS[i]);
		status = check_set(fsck, name);
	}
	return status;
}

/* Sets of one kind: an agency's inbox, or a part of an index. */
static enum status
take_sets(struct fsck *fsck, const struct session_ids *names, void *ctx)
{
	const char *kind = ctx;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < names->count && status == STATUS_OK; i++) {
		char name[NAME_BYTES];

		(void)snprintf(name, sizeof name, "%s:%s", kind, names->list[i]);
		status = check_set(fsck, name);
	}
	return status;
}

enum status
fsck_entries(struct fsck *fsck)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < sizeof WHOLE / sizeof WHOLE[0] && status == STATUS_OK; i++)
		status = check_set(fsck, WHOLE[i]);
	for (uint8_t i = 1; i <= code_count(CODE_SET_stage) && status == STATUS_OK; i++)
		status = check_stage(fsck, code_word(CODE_SET_stage, i));
	for (size_t i = 0; i < sizeof MANY / sizeof MANY[0] && status == STATUS_OK; i++) {
		char kind[NAME_BYTES];

		(void)snprintf(kind, sizeof kind, "%s", MANY[i]);
		fsck_progress(fsck, kind, 0);
		status = fsck_walk(fsck, kind, take_sets, kind);
	}
	return status;
}
