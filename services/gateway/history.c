/* SPDX-License-Identifier: Apache-2.0
 * Requests that read how the directory changed: one service's edits, and all changes in order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_edits.h"
#include "services/gateway/gateway.h"

#define HISTORY_MOST 100
/* Read where those of one field are wanted: as many as are kept, about. */
#define HISTORY_KEPT 500
#define CHANGES_MOST 500
#define CONFIRMATIONS_MOST 100

/* The value of a field of a stream's entry; absent: it has none. */
static struct text
field_of(const struct store_value *fields, const char *name)
{
	for (size_t i = 0; i + 1 < store_count(fields); i += 2)
		if (text_is(store_text(store_at(fields, i)), name))
			return store_text(store_at(fields, i + 1));
	return TEXT_ABSENT;
}

static int64_t
number_of(struct text text)
{
	char digits[32];

	return text_copy(text, digits, sizeof digits) ? strtoll(digits, NULL, 10) : 0;
}

static double
places_of(struct text text)
{
	char digits[40];

	return text.length > 0 && text_copy(text, digits, sizeof digits)
	           ? strtod(digits, NULL)
	           : NAN;
}

static void
answer_json(struct call *call, const struct record *record, const void *values)
{
	size_t length = 0;
	char *json = json_write(record, values, MASK_ALL, &length);

	if (json == NULL)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, NULL, json, length);
}

/* ---- one service ---- */

/* An object that was written, opened again for more members. */
static void
put_open(FILE *out, const char *json, size_t length)
{
	fwrite(json, 1, length - 1, out);
}

static void
put_value(FILE *out, const char *name, struct text json)
{
	fprintf(out, ",\"%s\":%.*s", name, (int)json.length, json.at);
}

/* Values stand in Redis as JSON, and go out as they are. */
static bool
put_change(FILE *out, const struct store_value *fields)
{
	struct service_change change;
	size_t length = 0;
	char *json;

	record_init(&record_service_change, &change);
	change.version = (uint32_t)number_of(field_of(fields, "version"));
	change.at = number_of(field_of(fields, "at"));
	change.by = field_of(fields, "by");
	change.field = field_of(fields, "field");
	json = json_write(&record_service_change, &change, MASK_ALL, &length);
	if (json == NULL)
		return false;
	put_open(out, json, length);
	put_value(out, "previous", field_of(fields, "previous"));
	put_value(out, "replacement", field_of(fields, "replacement"));
	fputc('}', out);
	free(json);
	return true;
}

/* The changes, of one field where that is not absent.  NULL: out of memory. */
static char *
write_history(const struct service_history *head, const struct store_value *changes,
    struct text field, size_t *length)
{
	size_t head_length = 0, count = store_count(changes);
	unsigned written = 0;
	char *json = json_write(&record_service_history, head, MASK_ALL, &head_length);
	char *body = NULL;
	FILE *out = json != NULL ? open_memstream(&body, length) : NULL;
	bool is_good = out != NULL;

	if (is_good) {
		put_open(out, json, head_length);
		fputs(",\"history\":[", out);
		for (size_t i = 0; is_good && i < count && written < HISTORY_MOST; i++) {
			const struct store_value *one = store_at(store_at(changes, i), 1);

			if (field.at != NULL &&
			    !text_equal(field_of(one, "field"), field))
				continue;
			if (written++ > 0)
				fputc(',', out);
			is_good = put_change(out, one);
		}
		fputs("]}", out);
		is_good = fclose(out) == 0 && is_good;
	}
	free(json);
	if (is_good)
		return body;
	free(body);
	return NULL;
}

struct asked_history {
	struct call *call;
	uint32_t version;
	uint32_t edits_count;
	struct service_edit edits[EDITS_MOST];
};

static void
take_edits(struct asked_history *asked, const struct directory_entry *entry)
{
	struct text rest = entry->overlay;
	struct edit_line line;

	while (asked->edits_count < EDITS_MOST && edits_next(&rest, &line)) {
		struct service_edit *edit = &asked->edits[asked->edits_count];
		const char *field = edits_field(line.field);

		if (field == NULL)
			continue;
		*edit = (struct service_edit){ text_of(field), line.version, line.at,
			edits_stands(entry->published, &line) ? FLAG_YES : FLAG_NO };
		asked->edits_count++;
	}
}

static void
on_history(void *ctx, enum status status, const struct store_value *value)
{
	struct asked_history *asked = ctx;
	struct call *call = asked->call;
	struct service_history head;
	size_t length = 0;
	char *body = NULL;

	record_init(&record_service_history, &head);
	head.id = http_path(call->request, "id");
	head.version = asked->version;
	head.edits_count = asked->edits_count;
	memcpy(head.edits, asked->edits, asked->edits_count * sizeof asked->edits[0]);
	free(asked);
	if (status == STATUS_OK)
		body = write_history(
		    &head, value, http_query(call->request, "field"), &length);
	if (body != NULL)
		call_answer(call, 200, NULL, body, length);
	else
		call_fail(call, status == STATUS_OK ? STATUS_NO_MEMORY : status);
}

/* Whoever may not see a service may not see how it was edited. */
static void
on_history_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;
	struct service_facts facts;
	struct asked_history *asked = NULL;

	if (status == STATUS_OK)
		status = facts_read(call->gateway->reader, entry->document, &facts);
	if (status == STATUS_OK && facts.confidentiality == CONFIDENTIALITY_cleared &&
	    !role_is_in(call->account.role, "sc") &&
	    !text_is(facts.agency, call->account.agency))
		status = STATUS_ABSENT;
	if (status == STATUS_OK)
		asked = calloc(1, sizeof *asked);
	if (asked != NULL) {
		asked->call = call;
		asked->version = entry->version;
		take_edits(asked, entry);
		status = directory_history(call->gateway->directory,
		    http_path(call->request, "id"),
		    http_query(call->request, "field").at != NULL ? HISTORY_KEPT
		                                                  : HISTORY_MOST,
		    on_history, asked);
	} else if (status == STATUS_OK) {
		status = STATUS_NO_MEMORY;
	}
	if (status != STATUS_OK) {
		free(asked);
		call_fail(call, status);
	}
}

void
on_get_history(struct call *call)
{
	struct text field = http_query(call->request, "field");
	struct defects defects = { .count = 0 };

	if (field.at == NULL || edits_field(field) != NULL) {
		edit_get_entry(call, on_history_entry);
		return;
	}
	defects_add(&defects, "is no field that may be edited", "field");
	call_refuse(
	    call, STATUS_INVALID, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
}

/* ---- the change stream ---- */

static struct change_page page;

static void
take_entry(struct change_entry *change, const struct store_value *entry)
{
	const struct store_value *fields = store_at(entry, 1);
	struct text version = field_of(fields, "version");

	record_init(&record_change_entry, change);
	change->id = store_text(store_at(entry, 0));
	change->kind = field_of(fields, "kind");
	change->of = field_of(fields, "of");
	change->subject = field_of(fields, "subject");
	if (version.length > 0)
		change->version = (uint32_t)number_of(version);
	change->available = places_of(field_of(fields, "available"));
	change->held = places_of(field_of(fields, "held"));
}

/* How agencies answered is the matchers' alone. */
static bool
is_told(const struct store_value *entry)
{
	return !text_is(field_of(store_at(entry, 1), "kind"), "answers");
}

/* The entry that the client has is read again: while it is there, nothing between is lost. */
static void
on_changes(void *ctx, enum status status, const struct store_value *value)
{
	struct call *call = ctx;
	struct text since = http_query(call->request, "since");
	size_t count = store_count(value), first = 0;

	if (status != STATUS_OK) {
		call_fail(call, status);
		return;
	}
	record_init(&record_change_page, &page);
	page.next = since;
	page.reset = FLAG_NO;
	if (since.length > 0 &&
	    (count == 0 ||
	        !text_equal(store_text(store_at(store_at(value, 0), 0)), since)))
		page.reset = FLAG_YES;
	else if (since.length > 0)
		first = 1;
	for (size_t i = first; i < count && page.changes_count < CHANGES_MOST; i++) {
		if (is_told(store_at(value, i)))
			take_entry(
			    &page.changes[page.changes_count++], store_at(value, i));
		page.next = store_text(store_at(store_at(value, i), 0));
	}
	answer_json(call, &record_change_page, &page);
}

static bool
is_stream_id(struct text id)
{
	char copy[48];
	unsigned long long ms, number;
	int used = 0;

	return text_copy(id, copy, sizeof copy) &&
	       sscanf(copy, "%20llu-%20llu%n", &ms, &number, &used) == 2 &&
	       copy[used] == '\0';
}

void
on_get_changes(struct call *call)
{
	struct text since = http_query(call->request, "since");
	unsigned most = query_number(call, "limit", CHANGES_MOST, CHANGES_MOST);
	struct defects defects = { .count = 0 };
	enum status status;

	if (since.length > 0 && !is_stream_id(since)) {
		defects_add(&defects, "is no `next` of an earlier page", "%s", "since");
		call_refuse(call, STATUS_INVALID, &defects, TEXT_ABSENT, UINT_ABSENT,
		    UINT_ABSENT);
		return;
	}
	status = directory_changes(call->gateway->directory, since,
	    since.length > 0 ? most + 1 : most, on_changes, call);
	if (status != STATUS_OK)
		call_fail(call, status);
}

/* ---- what an agency is asked to confirm ---- */

char *
confirmations_write(const struct store_value *value, size_t *length)
{
	static struct confirmations list;

	record_init(&record_confirmations, &list);
	for (size_t i = 0; i + 6 < store_count(value); i += 7) {
		struct confirmation *one = &list.confirmations[list.confirmations_count];
		struct text reported = store_text(store_at(value, i + 4));
		struct text tries = store_text(store_at(value, i + 5));
		struct text told = store_text(store_at(value, i + 6));

		if (list.confirmations_count == CONFIRMATIONS_MOST)
			break;
		list.confirmations_count++;
		record_init(&record_confirmation, one);
		one->service = store_text(store_at(value, i));
		one->asked_at = number_of(store_text(store_at(value, i + 1)));
		one->name = store_text(store_at(value, i + 2));
		one->available = places_of(store_text(store_at(value, i + 3)));
		if (reported.length > 0)
			one->reported_at = number_of(reported);
		if (tries.length > 0)
			one->tries = (uint32_t)number_of(tries);
		if (text_is(told, "-"))
			one->undeliverable = FLAG_YES;
		else if (told.length > 0)
			one->told_at = number_of(told);
	}
	return json_write(&record_confirmations, &list, MASK_ALL, length);
}
