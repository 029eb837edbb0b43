/* SPDX-License-Identifier: Apache-2.0
 * Requests for places, terms and words of services: the matcher has all in memory. */
#include <stdlib.h>

#include "services/gateway/gateway.h"

#define PLACES_MOST 50
#define TERMS_MOST 200
#define WORDS_MOST 20
#define OFFSET_MOST 1000

static void
answer(struct call *call, const struct message *reply, enum message_kind kind,
    const struct record *record, const void *values)
{
	size_t length = 0;
	char *json;

	if (reply->kind != kind) {
		call_fail(call, status_of_code(reply->refused.status));
		return;
	}
	json = json_write(record, values, MASK_ALL, &length);
	if (json == NULL)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, NULL, json, length);
}

static void
on_places(struct call *call, const struct message *reply)
{
	answer(call, reply, MESSAGE_places_found, &record_places_found,
	    &reply->places_found);
}

static void
on_terms(struct call *call, const struct message *reply)
{
	answer(
	    call, reply, MESSAGE_terms_found, &record_terms_found, &reply->terms_found);
}

static void
on_completed(struct call *call, const struct message *reply)
{
	answer(call, reply, MESSAGE_completed, &record_completed, &reply->completed);
}

static void
ask_or_refuse(struct call *call, const struct defects *defects, ask_reply *on_reply)
{
	if (defects->count > 0)
		call_refuse(
		    call, STATUS_INVALID, defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
	else
		ask(call, false, on_reply);
}

void
on_get_places(struct call *call)
{
	struct find_places *question = &call->gateway->out->find_places;
	struct text near = http_query(call->request, "near");
	struct defects defects = { .count = 0 };

	message_init(call->gateway->out, MESSAGE_find_places);
	question->q = http_query(call->request, "q");
	question->within = http_query(call->request, "within");
	question->lang = http_query(call->request, "lang");
	if (near.at != NULL && !query_point(near, &question->lat, &question->lon))
		defects_add(&defects, "is not LAT,LON in degrees", "near");
	if (near.at == NULL && question->q.length == 0)
		defects_add(&defects, "either a name or a point is wanted", "q");
	question->offset = query_number(call, "offset", 0, OFFSET_MOST);
	question->most = query_number(call, "limit", PLACES_MOST, PLACES_MOST);
	record_check(&record_find_places, question, &defects);
	ask_or_refuse(call, &defects, on_places);
}

void
on_get_terms(struct call *call)
{
	struct find_terms *question = &call->gateway->out->find_terms;
	struct defects defects = { .count = 0 };

	message_init(call->gateway->out, MESSAGE_find_terms);
	question->q = http_query(call->request, "q");
	question->taxonomy = http_query(call->request, "taxonomy");
	question->lang = http_query(call->request, "lang");
	question->offset = query_number(call, "offset", 0, OFFSET_MOST);
	question->most = query_number(call, "limit", TERMS_MOST, TERMS_MOST);
	record_check(&record_find_terms, question, &defects);
	ask_or_refuse(call, &defects, on_terms);
}

void
on_get_suggest(struct call *call)
{
	struct complete *question = &call->gateway->out->complete;
	struct defects defects = { .count = 0 };

	message_init(call->gateway->out, MESSAGE_complete);
	question->q = http_query(call->request, "q");
	question->cleared = role_is_in(call->account.role, "sc") ? FLAG_YES : FLAG_NO;
	question->most = query_number(call, "limit", WORDS_MOST, WORDS_MOST);
	record_check(&record_complete, question, &defects);
	ask_or_refuse(call, &defects, on_completed);
}
