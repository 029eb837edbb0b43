/* SPDX-License-Identifier: Apache-2.0
 * Reads entities: ids from the matcher, documents from the directory; then writes them as one or as a
 * page. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "services/gateway/hsds.h"

/* ---- pages ---- */

void
hsds_write_envelope(const struct browse *browse, unsigned size, FILE *out)
{
	unsigned pages = (browse->total + browse->per_page - 1) / browse->per_page;

	fprintf(out,
	    "{\"total_items\":%u,\"total_pages\":%u,\"page_number\":%u,\"size\":%u,"
	    "\"first_page\":%s,\"last_page\":%s,\"empty\":%s,\"contents\":[",
	    browse->total, pages, browse->page, size,
	    browse->page == 1 ? "true" : "false",
	    browse->page >= pages ? "true" : "false", size == 0 ? "true" : "false");
}

static void
write_page(struct browse *browse)
{
	char *body = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&body, &length);
	unsigned size = 0;
	const char *comma = "";

	if (out == NULL) {
		call_fail(browse->call, STATUS_NO_MEMORY);
		return;
	}
	for (unsigned i = 0; i < browse->count; i++)
		size += browse->items[i].json != NULL;
	hsds_write_envelope(browse, size, out);
	for (unsigned i = 0; i < browse->count; i++)
		if (browse->items[i].json != NULL) {
			fputs(comma, out);
			fwrite(browse->items[i].json, 1, browse->items[i].length, out);
			comma = ",";
		}
	fputs("]}", out);
	if (fclose(out) == 0) {
		call_answer(browse->call, 200, NULL, body, length);
		return;
	}
	free(body);
	call_fail(browse->call, STATUS_NO_MEMORY);
}

static void
write_one(struct browse *browse)
{
	struct browse_item *item = &browse->items[0];
	char *json = item->json;

	if (json == NULL) {
		call_fail(browse->call, STATUS_ABSENT);
	} else {
		item->json = NULL;
		call_answer(browse->call, 200, NULL, json, item->length);
	}
}

/* ---- documents ---- */

static void
write_all(struct browse *browse)
{
	if (browse->status != STATUS_OK)
		call_fail(browse->call, browse->status);
	else if (hsds_nest_begin(browse))
		hsds_read_page(browse);
	else if (browse->is_stream)
		hsds_write_stream(browse);
	else if (browse->is_one)
		write_one(browse);
	else
		write_page(browse);
}

static enum status
cut(struct browse_item *item, struct text document)
{
	struct browse *browse = item->browse;
	struct gateway *gateway = browse->call->gateway;
	bool is_cleared = role_is_in(browse->call->account.role, "sc");
	struct service_facts facts;
	enum status status = facts_read(gateway->reader, document, &facts);
	struct hsds_form form = {
		.entity = browse->entity,
		.id = text_of(item->id),
		.detail = browse->detail,
		.profile = browse->profile,
		.is_nested = browse->is_nested,
		.facts = &facts,
		.hides_addresses = !is_cleared,
		.now_ms = clock_wall_ms(),
	};

	if (status != STATUS_OK)
		return status;
	if (facts.confidentiality == CONFIDENTIALITY_cleared && !is_cleared)
		return STATUS_OK; /* since it was listed */
	item->json = json_hsds(document, &form, &item->length);
	return STATUS_OK;
}

static void
document_done(struct browse *browse)
{
	if (--browse->left == 0)
		write_all(browse);
}

static void
on_document(void *self, enum status status, struct text document)
{
	struct browse_item *item = self;

	if (status == STATUS_OK)
		status = cut(item, document);
	if (status != STATUS_OK && status != STATUS_ABSENT)
		item->browse->status = status;
	document_done(item->browse);
}

static void
read_documents(struct browse *browse)
{
	struct directory *directory = browse->call->gateway->directory;

	browse->left = browse->count + 1; /* one for this loop */
	for (unsigned i = 0; i < browse->count; i++) {
		struct browse_item *item = &browse->items[i];
		enum status status =
		    directory_get(directory, text_of(item->service), on_document, item);

		if (status != STATUS_OK) {
			browse->status = status;
			browse->left--;
		}
	}
	document_done(browse);
}

/* ---- the matcher ---- */

/* What it says of the question is said of the query. */
static void
pass_refusal(struct call *call, const struct refused *refused)
{
	struct defects defects = { .count = 0 };
	enum status status = status_of_code(refused->status);

	for (uint32_t i = 0; i < refused->defects_count; i++) {
		const struct defect *defect = &refused->defects[i];

		defects_add(&defects, "is not known here", "%.*s",
		    (int)defect->field.length, defect->field.at);
	}
	if (status == STATUS_INVALID)
		status = STATUS_BAD_MESSAGE;
	call_refuse(call, status, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
}

static void
on_listed(struct call *call, const struct message *reply)
{
	struct browse *browse = call->held;
	const struct listed *listed = &reply->listed;

	if (reply->kind != MESSAGE_listed) {
		pass_refusal(call, &reply->refused);
		return;
	}
	browse->next = listed->next;
	if (listed->total != UINT_ABSENT)
		browse->total = listed->total;
	browse->count = listed->items_count;
	for (uint32_t i = 0; i < browse->count; i++) {
		struct browse_item *item = &browse->items[i];

		free(item->json);
		*item = (struct browse_item){ .browse = browse };
		(void)text_copy(listed->items[i].id, item->id, sizeof item->id);
		(void)text_copy(
		    listed->items[i].service, item->service, sizeof item->service);
	}
	read_documents(browse);
}

static struct text
text_unless_empty(const char *text)
{
	return text[0] != '\0' ? text_of(text) : TEXT_ABSENT;
}

/* The question that the client asked, whichever page of it. */
static void
put_filters(const struct browse *browse, struct list *list)
{
	list->only = text_unless_empty(browse->only);
	list->organization = text_unless_empty(browse->organization);
	list->taxonomy = text_unless_empty(browse->taxonomy);
	list->term = text_unless_empty(browse->term);
	list->parent = text_unless_empty(browse->parent);
	list->top_only = browse->is_top_only ? FLAG_YES : FLAG_ABSENT;
	list->modified_after = browse->modified_after;
	list->q = text_unless_empty(browse->q);
	list->postcode = text_unless_empty(browse->postcode);
	list->within_m = browse->within_m;
}

void
hsds_read_page(struct browse *browse)
{
	struct call *call = browse->call;
	struct list *list = &call->gateway->out->list;

	message_init(call->gateway->out, MESSAGE_list);
	list->entity = (uint8_t)browse->entity;
	if (browse->is_nested)
		list->organization = text_of(browse->hosts[browse->host].id);
	else
		put_filters(browse, list);
	list->cleared = role_is_in(call->account.role, "sc") ? FLAG_YES : FLAG_NO;
	if (browse->is_stream) {
		list->start = browse->start;
		list->most = HSDS_STREAM_PAGE;
	} else {
		list->offset = (browse->page - 1) * browse->per_page;
		list->most = browse->per_page;
	}
	ask(call, false, on_listed);
}

void
hsds_run(struct browse *browse)
{
	browse->status = STATUS_OK;
	if (!browse->is_stream || hsds_turn_take(browse))
		hsds_read_page(browse);
}
