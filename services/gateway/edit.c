/* SPDX-License-Identifier: Apache-2.0
 * Requests that change one service of the directory: its fields, its places. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/json_edits.h"
#include "services/gateway/gateway.h"

#define COMMAND_BYTES 256

/* ---- who may ---- */

enum status
edit_may(const struct call *call, const struct directory_entry *entry,
    struct service_facts *facts)
{
	enum status status = facts_read(call->gateway->reader, entry->document, facts);

	if (status != STATUS_OK)
		return status;
	if (role_is_in(call->account.role, "sc"))
		return STATUS_OK;
	if (text_is(facts->agency, call->account.agency) && facts->agency.length > 0)
		return STATUS_OK;
	return facts->confidentiality == CONFIDENTIALITY_cleared ? STATUS_ABSENT
	                                                         : STATUS_FORBIDDEN;
}

/* An agency hides more of itself, never less: others decided that for the families' sake. */
static bool
shows_more(
    const struct call *call, const struct edits *edits, const struct service_facts *facts)
{
	static const char *const WORDS[] = { "\"public\"", "\"address_hidden\"",
		"\"cleared\"" };

	if (role_is_in(call->account.role, "sc"))
		return false;
	for (unsigned i = 0; i < edits->count; i++)
		if (strcmp(edits->list[i].field, "confidentiality") == 0)
			for (unsigned rank = 0; rank <= CONFIDENTIALITY_cleared; rank++)
				if (strcmp(edits->list[i].replacement, "null") == 0 ||
				    strcmp(edits->list[i].replacement, WORDS[rank]) == 0)
					return rank < (unsigned)facts->confidentiality;
	return false;
}

/* ---- answers ---- */

static void
answer_version(struct call *call, uint32_t version)
{
	char etag[16];
	const struct http_field fields[] = { { "ETag", etag }, { NULL, NULL } };
	struct service_version brief = { http_path(call->request, "id"), version };
	size_t length = 0;
	char *json = json_write(&record_service_version, &brief, MASK_ALL, &length);
	char *body = json != NULL ? json_wrap("service", json, &length) : NULL;

	free(json);
	(void)snprintf(etag, sizeof etag, "\"%u\"", version);
	if (body == NULL)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, fields, body, length);
}

/* The status word that a function's reply begins with. */
static enum status
reply_status(enum status status, const struct store_value *value)
{
	return status == STATUS_OK ? status_of_code(store_text(store_at(value, 0)))
	                           : status;
}

static void
on_edited(void *ctx, enum status status, const struct store_value *value)
{
	struct call *call = ctx;
	uint32_t version = (uint32_t)store_integer(store_at(value, 1), 0);

	status = reply_status(status, value);
	if (status == STATUS_OK || status == STATUS_DUP)
		answer_version(call, version);
	else if (status == STATUS_STALE)
		call_refuse(call, status, NULL, TEXT_ABSENT, version, UINT_ABSENT);
	else
		call_fail(call, status);
}

/* ---- edits ---- */

/* The caller's key with whose it is and what it asks: another's key, or another request under
 * the same, is another command. */
static void
command_of(const struct call *call, struct text what, char command[COMMAND_BYTES])
{
	struct text key = http_header(call->request, "Idempotency-Key");
	char fresh[ID_UUID_BYTES + 1], digest[ID_DIGEST_BYTES + 1];

	if (key.length == 0 || key.length > 128) {
		id_uuid7(
		    fresh); /* the version alone keeps a repeat from being done twice */
		key = text_of(fresh);
	}
	id_digest(what.at != NULL ? what.at : "", what.length, digest);
	(void)snprintf(command, COMMAND_BYTES, "%s %.*s %s", call->account.person,
	    (int)key.length, key.at, digest);
}

static void
edit(struct call *call, const struct directory_entry *entry, uint32_t expected,
    struct text what, const struct edits *edits, store_done *done)
{
	char command[COMMAND_BYTES];
	enum status status;

	if (edits->count == 0) {
		answer_version(call, entry->version); /* it says so already */
		return;
	}
	command_of(call, what, command);
	status = directory_edit(call->gateway->directory, http_path(call->request, "id"),
	    expected, text_of(command), text_of(call->account.person), edits, done, call);
	if (status != STATUS_OK)
		call_fail(call, status);
}

void
edit_patch(struct call *call, enum status status, const struct directory_entry *entry,
    struct text what)
{
	struct service_facts facts;
	struct defects defects = { .count = 0 };
	struct edits edits = { 0 };
	uint32_t expected;

	if (!call_take_version(call, true, &expected))
		return;
	if (status == STATUS_OK)
		status = edit_may(call, entry, &facts);
	if (status == STATUS_OK)
		status = edits_read(entry->published, entry->overlay, what,
		    text_of(call->account.person), &edits, &defects);
	if (status == STATUS_OK && shows_more(call, &edits, &facts)) {
		defects_add(&defects, "an agency may hide more, not less", "%s",
		    "confidentiality");
		status = STATUS_FORBIDDEN;
	}
	if (status != STATUS_OK)
		call_refuse(
		    call, status, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
	else
		edit(call, entry, expected, what, &edits, on_edited);
	edits_free(&edits);
}

static void
on_patch_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;

	edit_patch(call, status, entry, http_body(call->request));
}

/* A withdrawn service stays as an entry that is over: others may refer to it, and it can be taken
 * back like every edit. */
static void
on_withdraw_entry(void *self, enum status status, const struct directory_entry *entry)
{
	edit_patch(self, status, entry, LITERAL("{\"status\":\"defunct\"}"));
}

void
edit_get_entry(struct call *call, directory_entry_got *got)
{
	enum status status = directory_get_entry(
	    call->gateway->directory, http_path(call->request, "id"), got, call);

	if (status != STATUS_OK)
		call_fail(call, status);
}

void
on_patch_service(struct call *call)
{
	uint32_t expected;

	if (call_take_version(call, true, &expected))
		edit_get_entry(call, on_patch_entry);
}

void
on_delete_service(struct call *call)
{
	uint32_t expected;

	if (call_take_version(call, true, &expected))
		edit_get_entry(call, on_withdraw_entry);
}

static void
on_undo_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;
	struct text field = http_path(call->request, "field");
	struct service_facts facts;
	struct edits edits = { 0 };
	uint32_t expected;

	if (!call_take_version(call, true, &expected))
		return;
	if (status == STATUS_OK)
		status = edit_may(call, entry, &facts);
	if (status == STATUS_OK)
		status = edits_undo(entry->published, entry->overlay, field, &edits);
	if (status == STATUS_OK && text_is(field, "confidentiality") &&
	    !role_is_in(call->account.role, "sc"))
		status = STATUS_FORBIDDEN;
	if (status != STATUS_OK)
		call_fail(call, status);
	else
		edit(call, entry, expected, field, &edits, on_edited);
	edits_free(&edits);
}

void
on_delete_edit(struct call *call)
{
	uint32_t expected;

	if (call_take_version(call, true, &expected))
		edit_get_entry(call, on_undo_entry);
}

/* ---- places ---- */

static void
on_capacity(void *ctx, enum status status, const struct store_value *value)
{
	struct call *call = ctx;

	status = reply_status(status, value);
	if (status == STATUS_OK || status == STATUS_DUP)
		call_answer(call, 204, NULL, NULL, 0);
	else
		call_fail(call, status);
}

static void
on_capacity_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;
	struct service_facts facts;
	struct capacity_body body;

	if (status == STATUS_OK)
		status = edit_may(call, entry, &facts);
	if (status != STATUS_OK) {
		call_fail(call, status);
		return;
	}
	if (!call_take_body(call, &record_capacity_body, &body, false))
		return;
	status =
	    directory_capacity(call->gateway->directory, http_path(call->request, "id"),
	        body.available, body.maximum, clock_wall_ms(), on_capacity, call);
	if (status != STATUS_OK)
		call_fail(call, status);
}

void
on_put_capacity(struct call *call)
{
	struct defects defects = { .count = 0 };
	struct capacity_body body;

	if (!call_take_body(call, &record_capacity_body, &body, false))
		return;
	if (body.available > body.maximum)
		defects_add(&defects, "is above maximum", "%s", "available");
	if (defects.count > 0)
		call_refuse(call, STATUS_INVALID, &defects, TEXT_ABSENT, UINT_ABSENT,
		    UINT_ABSENT);
	else
		edit_get_entry(call, on_capacity_entry);
}

/* ---- confirming ---- */

static void
on_confirmed(void *ctx, enum status status, const struct store_value *value)
{
	struct call *call = ctx;

	status = reply_status(status, value);
	if (status == STATUS_OK || status == STATUS_DUP)
		answer_version(call, call->version);
	else
		call_fail(call, status);
}

static void
confirm_places(struct call *call)
{
	enum status status = directory_confirm(
	    call->gateway->directory, http_path(call->request, "id"), on_confirmed, call);

	if (status != STATUS_OK)
		call_fail(call, status);
}

static void
on_assured(void *ctx, enum status status, const struct store_value *value)
{
	struct call *call = ctx;

	status = reply_status(status, value);
	call->version = (uint32_t)store_integer(store_at(value, 1), 0);
	if (status == STATUS_OK || status == STATUS_DUP)
		confirm_places(call);
	else
		call_fail(call, status);
}

static void
on_confirm_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;
	struct service_facts facts;
	struct defects defects = { .count = 0 };
	struct edits edits = { 0 };
	char now[CLOCK_TEXT_BYTES], patch[64];

	clock_format(clock_wall_ms(), now);
	(void)snprintf(patch, sizeof patch, "{\"assured_date\":\"%.10s\"}", now);
	if (status == STATUS_OK)
		status = edit_may(call, entry, &facts);
	if (status == STATUS_OK)
		status = edits_read(entry->published, entry->overlay, text_of(patch),
		    text_of(call->account.person), &edits, &defects);
	if (status != STATUS_OK) {
		call_fail(call, status);
	} else if (edits.count == 0) { /* for the second time today */
		call->version = entry->version;
		confirm_places(call);
	} else {
		edit(call, entry, UINT_ABSENT, text_of(patch), &edits, on_assured);
	}
	edits_free(&edits);
}

void
on_post_confirm(struct call *call)
{
	edit_get_entry(call, on_confirm_entry);
}
