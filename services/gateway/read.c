/* SPDX-License-Identifier: Apache-2.0
 * Requests that read one thing: a case, services, the interface itself. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/id.h"
#include "proto/rules.h"
#include "services/gateway/gateway.h"

#define TIMELINE_MOST 200
#define PAGE_MOST 50

/* ---- one case ---- */

static void
on_case(void *ctx, enum status status, const struct case_record *record)
{
	struct call *call = ctx;
	struct case_view *view = view_buffer();
	char etag[16];
	const struct http_field fields[] = { { "ETag", etag }, { NULL, NULL } };
	size_t length = 0;
	char *json, *body;

	if (status == STATUS_OK && view == NULL)
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK &&
	    !view_prepare(call->gateway, &call->account, record, view))
		status =
		    STATUS_ABSENT; /* an agency is not told of cases that are not its own */
	if (status != STATUS_OK) {
		call_fail(call, status);
		return;
	}
	view_say(view, http_query(call->request, "lang"));
	(void)snprintf(etag, sizeof etag, "\"%u\"", view->version);
	json = json_write(&record_case_view, view, MASK_ALL, &length);
	body = json != NULL ? json_wrap("case", json, &length) : NULL;
	free(json);
	if (body == NULL)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, fields, body, length);
}

void
on_get_case(struct call *call)
{
	struct text id = http_path(call->request, "id"), case_id;
	unsigned need, attempt;
	enum status status = STATUS_ABSENT;

	if (id_split(id, &case_id, &need, &attempt) && need == 0)
		status = cases_get(
		    call->gateway->service->cases, id, TIMELINE_MOST, on_case, call);
	if (status != STATUS_OK)
		call_fail(call, status);
}

/* ---- services ---- */

static void
on_found(struct call *call, const struct message *reply)
{
	size_t length = 0;
	char *json = NULL;

	if (reply->kind != MESSAGE_found) {
		call_fail(call, status_of_code(reply->refused.status));
		return;
	}
	json = json_write(&record_found, &reply->found, MASK_ALL, &length);
	if (json == NULL)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, NULL, json, length);
}

bool
query_point(struct text text, double *lat, double *lon)
{
	char buffer[64];
	int used = 0;

	return text_copy(text, buffer, sizeof buffer) &&
	       sscanf(buffer, "%lf,%lf%n", lat, lon, &used) == 2 &&
	       buffer[used] == '\0' && *lat >= -90 && *lat <= 90 && *lon >= -180 &&
	       *lon <= 180;
}

static bool
read_km(struct text text, double *km)
{
	char buffer[64];
	int used = 0;

	return text_copy(text, buffer, sizeof buffer) &&
	       sscanf(buffer, "%lf%n", km, &used) == 1 && buffer[used] == '\0' &&
	       *km >= 0;
}

void
on_get_services(struct call *call)
{
	struct search *search = &call->gateway->out->search;
	struct text near = http_query(call->request, "near");
	struct text within_km = http_query(call->request, "within_km");
	struct text open_at = http_query(call->request, "open_at");
	struct defects defects = { .count = 0 };

	message_init(call->gateway->out, MESSAGE_search);
	search->q = http_query(call->request, "q");
	search->term = http_query(call->request, "term");
	search->place = http_query(call->request, "place");
	search->lang = http_query(call->request, "lang");
	search->agency = http_query(call->request, "agency");
	if (within_km.at != NULL && near.at == NULL)
		defects_add(&defects, "wants near", "within_km");
	else if (within_km.at != NULL && !read_km(within_km, &search->within_km))
		defects_add(&defects, "is no distance", "within_km");
	if (near.at != NULL && !query_point(near, &search->lat, &search->lon))
		defects_add(&defects, "is not LAT,LON in degrees", "near");
	if (open_at.at != NULL && !clock_parse(open_at, &search->open_at))
		defects_add(&defects, "is not an RFC 3339 time", "open_at");
	search->cleared = role_is_in(call->account.role, "sc") ? FLAG_YES : FLAG_NO;
	search->offset = query_number(call, "offset", 0, 10000000);
	search->most = query_number(call, "limit", PAGE_MOST, PAGE_MOST);
	record_check(&record_search, search, &defects);
	if (defects.count > 0)
		call_refuse(call, STATUS_INVALID, &defects, TEXT_ABSENT, UINT_ABSENT,
		    UINT_ABSENT);
	else
		ask(call, false, on_found);
}

static void
answer_service(struct call *call, uint32_t version, char *json, size_t length)
{
	char etag[16];
	const struct http_field fields[] = { { "ETag", etag }, { NULL, NULL } };

	(void)snprintf(etag, sizeof etag, "\"%u\"", version);
	call_answer(call, 200, fields, json, length);
}

static void
on_service(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;
	struct gateway *gateway = call->gateway;
	struct service_facts facts;
	size_t length = 0;
	char *json = NULL;

	if (status == STATUS_OK)
		status = facts_read(gateway->reader, entry->document, &facts);
	if (status == STATUS_OK && facts.confidentiality == CONFIDENTIALITY_cleared &&
	    !role_is_in(call->account.role, "sc"))
		status = STATUS_ABSENT;
	if (status == STATUS_OK) {
		json = json_service(entry->document, &facts,
		    !role_is_in(call->account.role, "sc"), clock_wall_ms(), &length);
		if (json == NULL)
			status = STATUS_NO_MEMORY;
	}
	if (status != STATUS_OK)
		call_fail(call, status);
	else
		answer_service(call, entry->version, json, length);
}

void
on_get_service(struct call *call)
{
	edit_get_entry(call, on_service);
}

/* proto/openapi.json, part of the binary (Makefile). */
extern const char _binary_openapi_json_start[];
extern const char _binary_openapi_json_end[];

void
on_get_openapi(struct call *call)
{
	size_t length = (size_t)(_binary_openapi_json_end - _binary_openapi_json_start);
	char *copy = malloc(length);

	if (copy == NULL) {
		call_fail(call, STATUS_NO_MEMORY);
		return;
	}
	memcpy(copy, _binary_openapi_json_start, length);
	call_answer(call, 200, NULL, copy, length);
}
