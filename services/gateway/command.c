/* SPDX-License-Identifier: Apache-2.0
 * Requests that change a case: JSON in, command to intake, answer out. */
#include <stdio.h>
#include <stdlib.h>

#include "common/id.h"
#include "proto/rules.h"
#include "services/gateway/gateway.h"

/* ---- refusals of intake ---- */

/* Paths of a message begin with where its body stands in it; those of the API do not. */
static const char *
without_prefix(struct text field)
{
	static const char *const PREFIXES[] = { "intake.", "changes." };
	static char path[97];

	(void)text_copy(field, path, sizeof path);
	for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++)
		if (strncmp(path, PREFIXES[i], strlen(PREFIXES[i])) == 0)
			return path + strlen(PREFIXES[i]);
	return path;
}

void
call_pass_refusal(struct call *call, const struct refused *refused)
{
	static char whys[DEFECTS_MAX][161];
	struct defects defects = { .count = 0 };

	for (uint32_t i = 0; i < refused->defects_count; i++) {
		(void)text_copy(refused->defects[i].why, whys[i], sizeof whys[i]);
		defects_add(
		    &defects, whys[i], "%s", without_prefix(refused->defects[i].field));
	}
	call_refuse(call, status_of_code(refused->status), &defects, refused->state,
	    refused->version, refused->retry_after_ms);
}

/* ---- answers ---- */

/* {"<key>": record} with the version as ETag. */
static void
answer_record(struct call *call, int code, const char *key, const struct record *record,
    const void *values, uint32_t version, const char *location)
{
	char etag[16];
	struct http_field fields[3] = { { "ETag", etag }, { "Location", location },
		{ NULL, NULL } };
	size_t length = 0;
	char *json = json_write(record, values, MASK_ALL, &length);
	char *body = json != NULL ? json_wrap(key, json, &length) : NULL;

	free(json);
	if (body == NULL) {
		call_fail(call, STATUS_NO_MEMORY);
		return;
	}
	(void)snprintf(etag, sizeof etag, "\"%u\"", version);
	if (location == NULL)
		fields[1] = (struct http_field){ NULL, NULL };
	call_answer(call, code, fields, body, length);
}

static void
on_accepted(struct call *call, const struct message *reply)
{
	const struct accepted *accepted = &reply->accepted;
	struct case_brief brief;
	char location[96];

	if (reply->kind != MESSAGE_accepted) {
		call_pass_refusal(call, &reply->refused);
		return;
	}
	record_init(&record_case_brief, &brief);
	brief.id = accepted->case_id;
	brief.version = accepted->version;
	brief.needs_count = accepted->needs_count;
	memcpy(
	    brief.needs, accepted->needs, accepted->needs_count * sizeof brief.needs[0]);
	(void)snprintf(location, sizeof location, "/api/v1/cases/%.*s",
	    (int)accepted->case_id.length, accepted->case_id.at);
	answer_record(call, accepted->again == FLAG_YES ? 200 : 201, "case",
	    &record_case_brief, &brief, accepted->version, location);
}

static void
on_case_moved(struct call *call, const struct message *reply)
{
	struct case_brief brief;

	if (reply->kind != MESSAGE_moved) {
		call_pass_refusal(call, &reply->refused);
		return;
	}
	record_init(&record_case_brief, &brief);
	brief.id = reply->moved.item;
	brief.version = reply->moved.version;
	answer_record(call, 200, "case", &record_case_brief, &brief, brief.version, NULL);
}

static void
on_referral_moved(struct call *call, const struct message *reply)
{
	struct referral_brief brief;

	if (reply->kind != MESSAGE_moved) {
		call_pass_refusal(call, &reply->refused);
		return;
	}
	record_init(&record_referral_brief, &brief);
	brief.id = reply->moved.item;
	brief.state = reply->moved.state;
	brief.version = reply->moved.version;
	answer_record(
	    call, 200, "referral", &record_referral_brief, &brief, brief.version, NULL);
}

/* ---- the handlers ---- */

void
intake_submit(struct call *call)
{
	struct submit *submit = &call->gateway->out->submit;
	struct text key;

	message_init(call->gateway->out, MESSAGE_submit);
	if (!call_take_key(call, &key) ||
	    !call_take_body(call, &record_intake, &submit->intake, false))
		return;
	submit->key = key;
	submit->by = text_of(call->account.person);
	submit->role = (uint8_t)call->account.role;
	submit->has_intake = true;
	ask(call, true, on_accepted);
}

void
on_post_intake(struct call *call)
{
	struct text key;

	if (!strict_is_wanted(call))
		intake_submit(call);
	else if (call_take_key(call, &key))
		intake_preview(call, 1, strict_on_previewed);
}

void
on_patch_case(struct call *call)
{
	struct amend *amend = &call->gateway->out->amend;
	struct text key;
	uint32_t version;
	char fresh[ID_UUID_BYTES + 1];

	message_init(call->gateway->out, MESSAGE_amend);
	if (!call_take_version(call, true, &version) ||
	    !call_take_body(call, &record_changes, &amend->changes, false))
		return;
	key = http_header(call->request, "Idempotency-Key");
	if (key.length ==
	    0) { /* the version alone keeps a repeat from being done twice */
		id_uuid7(fresh);
		key = text_of(fresh);
	}
	amend->case_id = http_path(call->request, "id");
	amend->version = version;
	amend->command_id = key;
	amend->by = text_of(call->account.person);
	amend->role = (uint8_t)call->account.role;
	amend->has_changes = true;
	ask(call, true, on_case_moved);
}

void
on_post_withdraw(struct call *call)
{
	struct withdraw *withdraw = &call->gateway->out->withdraw;
	struct withdraw_body body;
	struct text key;
	uint32_t version;
	char fresh[ID_UUID_BYTES + 1];

	if (!call_take_version(call, false, &version) ||
	    !call_take_body(call, &record_withdraw_body, &body, true))
		return;
	key = http_header(call->request, "Idempotency-Key");
	if (key.length == 0) {
		id_uuid7(fresh);
		key = text_of(fresh);
	}
	message_init(call->gateway->out, MESSAGE_withdraw);
	withdraw->case_id = http_path(call->request, "id");
	withdraw->need = body.need;
	withdraw->version = version;
	withdraw->command_id = key;
	withdraw->by = text_of(call->account.person);
	withdraw->role = (uint8_t)call->account.role;
	withdraw->reason = body.reason;
	ask(call, true, on_case_moved);
}

void
on_post_answer(struct call *call)
{
	struct answer *answer = &call->gateway->out->answer;
	struct answer_body body;
	struct text key;
	uint32_t version;

	if (!call_take_key(call, &key) || !call_take_version(call, true, &version) ||
	    !call_take_body(call, &record_answer_body, &body, true))
		return;
	message_init(call->gateway->out, MESSAGE_answer);
	answer->referral = http_path(call->request, "id");
	answer->action = http_path(call->request, "action");
	answer->version = version;
	answer->command_id = key;
	answer->by = text_of(call->account.person);
	answer->role = (uint8_t)call->account.role;
	if (call->account.role == role_agency)
		answer->agency = text_of(call->account.agency);
	answer->reason = body.reason;
	answer->note = body.note;
	ask(call, true, on_referral_moved);
}

static void
on_previewed(struct call *call, const struct message *reply)
{
	size_t length = 0;
	char *json;

	if (reply->kind != MESSAGE_previewed) {
		call_pass_refusal(call, &reply->refused);
		return;
	}
	json = json_write(&record_previewed, &reply->previewed, MASK_ALL, &length);
	if (json == NULL)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, NULL, json, length);
}

void
intake_preview(struct call *call, uint32_t most, ask_reply *on_reply)
{
	struct preview *preview = &call->gateway->out->preview;

	message_init(call->gateway->out, MESSAGE_preview);
	if (!call_take_body(call, &record_intake, &preview->intake, false))
		return;
	/* The matcher has no use for who it is, nor for where exactly. */
	preview->intake.has_contact = false;
	rules_coarsen_place(&preview->intake.place);
	for (uint32_t i = 0; i < preview->intake.needs_count; i++)
		preview->intake.needs[i].note = TEXT_ABSENT;
	preview->has_intake = true;
	preview->most = most;
	preview->lang = http_query(call->request, "lang");
	if (preview->lang.length > LANG_MOST)
		preview->lang = TEXT_ABSENT;
	ask(call, false, on_reply);
}

void
on_post_match(struct call *call)
{
	intake_preview(call, 5, on_previewed);
}

/* ---- channels ---- */

static void
on_channel_set(void *ctx, const struct case_result *result)
{
	struct call *call = ctx;

	if (result->status == STATUS_OK)
		call_answer(call, 204, NULL, NULL, 0);
	else
		call_fail(call, result->status);
}

static void
set_channel(struct call *call, const struct channel_body *body)
{
	enum status status = cases_channel_set(call->gateway->service->cases,
	    http_path(call->request, "id"), body->channel, body->address, on_channel_set,
	    call);

	if (status != STATUS_OK)
		call_fail(call, status);
}

/* Not kept while the matcher was asked: it lies in memory that other requests use. */
static void
on_agency_looked_up(struct call *call, const struct message *reply)
{
	struct channel_body body;

	if (reply->kind != MESSAGE_listed)
		call_fail(call, status_of_code(reply->refused.status));
	else if (reply->listed.items_count == 0)
		call_fail(call, STATUS_ABSENT);
	else if (call_take_body(call, &record_channel_body, &body, false))
		set_channel(call, &body);
}

/* Whether it has a service, were it out of use or for cleared roles: a mistyped id would never be
 * told anything. */
static void
look_up_agency(struct call *call)
{
	struct list *list = &call->gateway->out->list;

	message_init(call->gateway->out, MESSAGE_list);
	list->entity = entity_organization;
	list->only = http_path(call->request, "id");
	list->cleared = FLAG_YES;
	list->offset = 0;
	list->most = 1;
	ask(call, false, on_agency_looked_up);
}

void
on_put_channel(struct call *call)
{
	struct defects defects = { .count = 0 };
	struct channel_body body;
	bool is_webhook;

	if (!call_take_body(call, &record_channel_body, &body, false))
		return;
	is_webhook = text_is(body.channel, "webhook");
	if (is_webhook &&
	    (body.address.length < 8 || (memcmp(body.address.at, "https://", 8) != 0 &&
	                                    memcmp(body.address.at, "http://", 7) != 0)))
		defects_add(&defects, "is not a http or https URL", "address");
	if (!is_webhook && !text_is(body.channel, "inbox"))
		defects_add(&defects, "is neither webhook nor inbox", "channel");
	if (defects.count > 0)
		call_refuse(call, STATUS_INVALID, &defects, TEXT_ABSENT, UINT_ABSENT,
		    UINT_ABSENT);
	else if (is_webhook)
		look_up_agency(call);
	else /* what holds without a setting */
		set_channel(call, &body);
}
