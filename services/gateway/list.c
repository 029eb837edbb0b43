/* SPDX-License-Identifier: Apache-2.0
 * Requests for lists: cases, an agency's inbox.  Ids first, then each case; open cases before
 * archived ones. */
#include <stdio.h>
#include <stdlib.h>

#include "common/id.h"
#include "proto/rules.h"
#include "services/gateway/gateway.h"

#define PAGE_MOST 50
/* Cases looked through for one page of a filtered list. */
#define SCAN_MOST 500
#define CONFIRMATIONS_MOST 100
/* Cases asked for at once: about a millisecond of Redis, which others wait for. */
#define CASES_AT_ONCE 250

unsigned
query_number(const struct call *call, const char *name, unsigned otherwise, unsigned most)
{
	char digits[16];
	char *end = NULL;
	unsigned long number;

	if (!text_copy(http_query(call->request, name), digits, sizeof digits) ||
	    digits[0] == '\0')
		return otherwise;
	number = strtoul(digits, &end, 10);
	return *end != '\0' ? otherwise : number > most ? most : (unsigned)number;
}

struct gather {
	struct call *call;
	const char *key; /* of the answer's list: cases, referrals */
	bool is_inbox;
	char state[33], agency[65];
	unsigned offset, ids_count;
	unsigned asked, left; /* of the ids; of those asked for, still to come */
	unsigned unread;      /* that are there and could not be read */
	unsigned page; /* so many ids mean that there may be more; 0: all are there */
	char *more;    /* further members of the answer, written; NULL: none */
	char ids[SCAN_MOST][ID_ITEM_MAX];
	char *parts[SCAN_MOST];
	struct gather_part {
		struct gather *gather;
		unsigned at;
	} each[SCAN_MOST];
};

static void
gather_free(struct gather *gather)
{
	free(gather->more);
	free(gather);
}

static void
gather_answer(struct gather *gather)
{
	struct call *call = gather->call;
	char *body = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&body, &length);
	const char *comma = "";
	bool is_good = out != NULL;

	if (is_good) {
		fprintf(out, "{\"%s\":[", gather->key);
		for (unsigned i = 0; i < gather->ids_count; i++)
			if (gather->parts[i] != NULL) {
				fprintf(out, "%s%s", comma, gather->parts[i]);
				comma = ",";
			}
		fputs("]", out);
		if (gather->page > 0 && gather->ids_count == gather->page)
			fprintf(out, ",\"next\":%u", gather->offset + gather->ids_count);
		if (gather->unread > 0)
			fprintf(out, ",\"unread\":%u", gather->unread);
		if (gather->more != NULL)
			fprintf(out, ",%s", gather->more);
		fputs("}", out);
		is_good = fclose(out) == 0;
	}
	for (unsigned i = 0; i < gather->ids_count; i++)
		free(gather->parts[i]);
	gather_free(gather);
	if (is_good)
		call_answer(call, 200, NULL, body, length);
	else
		call_fail(call, STATUS_NO_MEMORY);
}

/* Lists show no persons: whoever may see one opens the case. */
static bool
is_wanted(const struct gather *gather, const struct case_view *view)
{
	bool state_fits = gather->state[0] == '\0',
	     agency_fits = gather->agency[0] == '\0';

	for (uint32_t i = 0; i < view->needs_count; i++)
		state_fits |= text_is(view->needs[i].state, gather->state);
	for (uint32_t i = 0; i < view->referrals_count; i++) {
		state_fits |= text_is(view->referrals[i].state, gather->state);
		agency_fits |= text_is(view->referrals[i].agency, gather->agency);
	}
	return state_fits && agency_fits;
}

static char *
write_case(const struct gather *gather, const struct case_record *record)
{
	struct case_view *view = view_buffer();
	size_t length;

	if (view == NULL)
		return NULL;
	*view = record->view;
	return view_keep_own(&gather->call->account, view) && is_wanted(gather, view)
	           ? json_write(&record_case_view, view, MASK_NOT_PERSONAL, &length)
	           : NULL;
}

static char *
write_referral(
    const struct gather *gather, const struct case_record *record, const char *id)
{
	struct case_view *view = view_buffer();
	size_t length;

	if (view == NULL ||
	    !view_prepare(gather->call->gateway, &gather->call->account, record, view))
		return NULL;
	for (uint32_t i = 0; i < view->referrals_count; i++)
		if (text_is(view->referrals[i].id, id))
			return json_write(&record_referral_state, &view->referrals[i],
			    MASK_ALL, &length);
	return NULL;
}

static void ask_more(struct gather *gather);

static void
on_part(void *ctx, enum status status, const struct case_record *record)
{
	struct gather_part *part = ctx;
	struct gather *gather = part->gather;

	if (status == STATUS_OK)
		gather->parts[part->at] =
		    gather->is_inbox
		        ? write_referral(gather, record, gather->ids[part->at])
		        : write_case(gather, record);
	else if (status != STATUS_ABSENT) /* closed or archived since it was listed */
		gather->unread++;
	gather->left--;
	ask_more(gather);
}

static void
ask_more(struct gather *gather)
{
	struct cases *cases = gather->call->gateway->service->cases;

	while (gather->asked < gather->ids_count && gather->left < CASES_AT_ONCE) {
		unsigned at = gather->asked++, need, attempt;
		struct text case_id = text_of(gather->ids[at]);

		(void)id_split(text_of(gather->ids[at]), &case_id, &need, &attempt);
		gather->each[at] = (struct gather_part){ gather, at };
		if (cases_get(cases, case_id, 0, on_part, &gather->each[at]) == STATUS_OK)
			gather->left++;
		else
			gather->unread++;
	}
	if (gather->left == 0)
		gather_answer(gather);
}

static void
on_id(void *ctx, struct text id)
{
	struct gather *gather = ctx;

	if (gather->ids_count < SCAN_MOST &&
	    text_copy(id, gather->ids[gather->ids_count], ID_ITEM_MAX))
		gather->ids_count++;
}

static void
on_ids(void *ctx, const struct case_result *result)
{
	struct gather *gather = ctx;
	struct call *call = gather->call;

	if (result->status != STATUS_OK) {
		gather_free(gather);
		call_fail(call, result->status);
		return;
	}
	ask_more(gather);
}

static struct gather *
gather_new(struct call *call, const char *key)
{
	struct gather *gather = calloc(1, sizeof *gather);

	if (gather == NULL) {
		call_fail(call, STATUS_NO_MEMORY);
		return NULL;
	}
	gather->call = call;
	gather->key = key;
	gather->offset = query_number(call, "offset", 0, 10000000);
	return gather;
}

static void
gather_start(struct gather *gather, enum status status)
{
	struct call *call = gather->call;

	if (status == STATUS_OK)
		return;
	gather_free(gather);
	call_fail(call, status);
}

/* What is to be confirmed becomes a member beside the referrals. */
static void
on_confirmations(void *ctx, enum status status, const struct store_value *value)
{
	struct gather *gather = ctx;
	struct call *call = gather->call;
	unsigned most = query_number(call, "limit", PAGE_MOST, PAGE_MOST);
	size_t length = 0;
	char *json = status == STATUS_OK ? confirmations_write(value, &length) : NULL;

	if (status == STATUS_OK && json == NULL)
		status = STATUS_NO_MEMORY;
	if (json != NULL) {
		memmove(json, json + 1, length - 2);
		json[length - 2] = '\0';
		gather->more = json;
		status = cases_inbox(call->gateway->service->cases,
		    text_of(call->account.agency), gather->offset, most, on_id, on_ids,
		    gather);
	}
	gather_start(gather, status);
}

void
on_get_inbox(struct call *call)
{
	struct gather *gather = gather_new(call, "referrals");

	if (gather == NULL)
		return;
	gather->is_inbox = true;
	gather_start(gather, directory_confirmations(call->gateway->directory,
	                         text_of(call->account.agency), CONFIRMATIONS_MOST,
	                         on_confirmations, gather));
}

/* By phone or place; the index is blind, so the value is hashed first. */
static enum status
find_cases(struct gather *gather, const char *kind, struct text value)
{
	struct gateway *gateway = gather->call->gateway;
	char number[RULES_PHONE_BYTES], blind[SEAL_BLIND_BYTES + 1];
	bool is_phone = strcmp(kind, "phone") == 0;

	if (is_phone && !rules_phone_normal(value, number))
		return STATUS_INVALID;
	seal_blind(gateway->index_keys, is_phone ? LITERAL("phone") : LITERAL("place"),
	    is_phone ? text_of(number) : value, blind);
	return cases_find(
	    gateway->service->cases, kind, text_of(blind), on_id, on_ids, gather);
}

/* What archived cases are found by; is_wanted does the rest. */
static struct text
list_word(const struct gather *gather, char word[CASES_WORD_BYTES])
{
	if (gather->agency[0] != '\0')
		return cases_word("agency", text_of(gather->agency), word);
	if (gather->state[0] != '\0')
		return cases_word("state", text_of(gather->state), word);
	return TEXT_ABSENT;
}

void
on_get_cases(struct call *call)
{
	char word[CASES_WORD_BYTES];
	struct cases *cases = call->gateway->service->cases;
	struct text phone = http_query(call->request, "phone");
	struct text place = http_query(call->request, "place");
	struct text agency = http_query(call->request, "agency");
	struct gather *gather = gather_new(call, "cases");
	unsigned most = SCAN_MOST;
	enum status status;

	if (gather == NULL)
		return;
	if (!role_is_in(call->account.role, "osc") && phone.at != NULL) {
		gather_start(gather, STATUS_FORBIDDEN);
		return;
	}
	if (call->account.role == role_agency)
		agency = text_of(call->account.agency);
	(void)text_copy(
	    http_query(call->request, "state"), gather->state, sizeof gather->state);
	(void)text_copy(agency, gather->agency, sizeof gather->agency);
	if (gather->state[0] == '\0' && agency.at == NULL)
		most = PAGE_MOST;
	if (phone.at != NULL)
		status = find_cases(gather, "phone", phone);
	else if (place.at != NULL)
		status = find_cases(gather, "where", place);
	else {
		gather->page = most;
		status = cases_list(cases, list_word(gather, word), gather->offset, most,
		    on_id, on_ids, gather);
	}
	gather_start(gather, status);
}
