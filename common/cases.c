/* SPDX-License-Identifier: Apache-2.0
 * Transitions of cases as calls on the function library. */
#include "common/cases_private.h"

#include <math.h>
#include <stdlib.h>

#define BLOCK_COUNT 64

struct pending_block {
	struct pending_block *next;
	struct pending items[BLOCK_COUNT];
};

struct cases *
cases_open(struct store *store, const char *cell)
{
	struct cases *cases = calloc(1, sizeof *cases);

	if (cases == NULL)
		return NULL;
	cases->record = malloc(sizeof *cases->record);
	if (cases->record == NULL) {
		free(cases);
		return NULL;
	}
	cases->store = store;
	(void)snprintf(cases->cell, sizeof cases->cell, "%s", cell);
	(void)snprintf(cases->tag, sizeof cases->tag, "{%s}", cases->cell);
	return cases;
}

void
cases_close(struct cases *cases)
{
	if (cases == NULL)
		return;
	while (cases->blocks != NULL) {
		struct pending_block *block = cases->blocks;

		cases->blocks = block->next;
		free(block);
	}
	free(cases->record);
	free(cases);
}

/* ---- argument vectors ---- */

void
arguments_text(struct arguments *arguments, struct text text)
{
	if (arguments->count == ARGUMENTS_MAX)
		arguments->is_cut = true;
	else
		arguments->list[arguments->count++] =
		    text.at != NULL ? text : (struct text){ "", 0 };
}

void
arguments_word(struct arguments *arguments, const char *word)
{
	arguments_text(arguments, text_of(word != NULL ? word : ""));
}

void
arguments_number(struct arguments *arguments, int64_t number)
{
	char *at = arguments->numbers + arguments->used;
	size_t left = sizeof arguments->numbers - arguments->used;
	int length = snprintf(at, left, "%lld", (long long)number);

	if (length < 0 || (size_t)length >= left) {
		arguments->is_cut = true;
		return;
	}
	arguments->used += (uint32_t)length + 1;
	arguments_text(arguments, (struct text){ at, (uint32_t)length });
}

void
arguments_version(struct arguments *arguments, uint32_t version)
{
	if (version == UINT_ABSENT)
		arguments_word(arguments, "");
	else
		arguments_number(arguments, version);
}

void
arguments_begin(
    struct arguments *arguments, const struct cases *cases, const char *function)
{
	arguments->count = 0;
	arguments->used = 0;
	arguments->is_cut = false;
	arguments->is_gathered = false;
	arguments_word(arguments, "FCALL");
	arguments_word(arguments, function);
	arguments_word(arguments, "1");
	arguments_word(arguments, cases->tag);
}

void
arguments_gather(
    struct arguments *arguments, const struct cases *cases, const char *function)
{
	arguments_begin(arguments, cases, function);
	arguments->is_gathered = true;
}

bool
arguments_key(struct arguments *a, char key[KEY_MAX_BYTES], const struct cases *cases,
    const char *command, const char *first, const char *second, const char *third)
{
	a->count = 0;
	a->used = 0;
	a->is_cut = false;
	a->is_gathered = false;
	arguments_word(a, command);
	if (!key_make(key, cases->cell, first, second, third))
		return false;
	arguments_word(a, key);
	return true;
}

/* ---- calls under way ---- */

static bool
more_pending(struct cases *cases)
{
	struct pending_block *block = malloc(sizeof *block);

	if (block == NULL)
		return false;
	block->next = cases->blocks;
	cases->blocks = block;
	for (int i = 0; i < BLOCK_COUNT; i++) {
		block->items[i].next = cases->free;
		cases->free = &block->items[i];
	}
	return true;
}

struct pending *
pending_take(struct cases *cases, read_reply *read, cases_done *done, void *ctx)
{
	struct pending *pending;

	if (cases->free == NULL && !more_pending(cases))
		return NULL;
	pending = cases->free;
	cases->free = pending->next;
	*pending =
	    (struct pending){ .cases = cases, .read = read, .done = done, .ctx = ctx };
	return pending;
}

static void
pending_give(struct pending *pending)
{
	pending->next = pending->cases->free;
	pending->cases->free = pending;
}

static void
on_reply(void *ctx, enum status status, const struct store_value *value)
{
	struct pending *pending = ctx;
	struct case_result result = { .status = status, .version = UINT_ABSENT };

	pending->read(pending, value, &result);
	if (pending->done != NULL)
		pending->done(pending->ctx, &result);
	pending_give(pending);
}

enum status
pending_send(
    struct pending *pending, struct text route, const struct arguments *arguments)
{
	enum status status = STATUS_TOO_LARGE;
	struct store *store;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	store = pending->cases->store;
	if (!arguments->is_cut)
		status = (arguments->is_gathered ? store_gather : store_call)(
		    store, route, arguments->count, arguments->list, on_reply, pending);
	if (status != STATUS_OK)
		pending_give(pending);
	return status;
}

/* All calls of one case go over one connection, whatever item they name. */
static struct text
route_of(struct text id)
{
	struct text case_id = id;
	unsigned need, attempt;

	if (!id_split(id, &case_id, &need, &attempt))
		return id;
	return case_id;
}

/* ---- transitions ---- */

enum status
cases_accept(
    struct cases *cases, const struct case_accept *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_gather(&a, cases, "hl_accept");
	arguments_text(&a, in->case_id);
	arguments_text(&a, in->digest);
	arguments_text(&a, in->by);
	arguments_word(&a, code_word(CODE_SET_role, in->role));
	arguments_word(&a, code_word(CODE_SET_urgency, in->urgency));
	arguments_text(&a, in->key);
	arguments_text(&a, in->identity);
	arguments_text(&a, in->routing);
	arguments_text(&a, in->phone);
	arguments_text(&a, in->where);
	arguments_number(&a, in->lease_ms);
	arguments_number(&a, in->handoff_count);
	arguments_number(&a, in->ready_most);
	for (uint32_t i = 0; i < in->terms_count; i++)
		arguments_text(&a, in->terms[i]);
	return pending_send(pending_take(cases, read_accept, done, ctx), in->case_id, &a);
}

enum status
cases_answer(
    struct cases *cases, const struct case_answer *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_answer");
	arguments_text(&a, in->referral);
	arguments_text(&a, in->action);
	arguments_version(&a, in->version);
	arguments_text(&a, in->command_id);
	arguments_text(&a, in->by);
	arguments_word(&a, code_word(CODE_SET_role, in->role));
	arguments_text(&a, in->agency);
	arguments_word(&a, code_word(CODE_SET_reason, in->reason));
	arguments_text(&a, in->note);
	arguments_number(&a, in->lease_ms);
	return pending_send(
	    pending_take(cases, read_answer, done, ctx), route_of(in->referral), &a);
}

enum status
cases_withdraw(
    struct cases *cases, const struct case_withdraw *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_withdraw");
	arguments_text(&a, in->case_id);
	arguments_number(&a, in->need);
	arguments_version(&a, in->version);
	arguments_text(&a, in->command_id);
	arguments_text(&a, in->by);
	arguments_word(&a, code_word(CODE_SET_role, in->role));
	arguments_word(&a, code_word(CODE_SET_reason, in->reason));
	return pending_send(
	    pending_take(cases, read_withdraw, done, ctx), in->case_id, &a);
}

enum status
cases_amend(struct cases *cases, const struct case_amend *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_amend");
	arguments_text(&a, in->case_id);
	arguments_version(&a, in->version);
	arguments_text(&a, in->command_id);
	arguments_text(&a, in->by);
	arguments_word(&a, code_word(CODE_SET_role, in->role));
	arguments_word(&a, code_word(CODE_SET_urgency, in->urgency));
	arguments_text(&a, in->identity);
	arguments_text(&a, in->routing);
	arguments_text(&a, in->phone);
	arguments_text(&a, in->where);
	for (uint32_t i = 0; i < in->terms_count; i++)
		arguments_text(&a, in->terms[i]);
	return pending_send(pending_take(cases, read_amend, done, ctx), in->case_id, &a);
}

enum status
cases_claim(struct cases *cases, enum stage stage, unsigned most, int64_t lease_ms,
    cases_on_work *on_work, cases_done *done, void *ctx)
{
	struct pending *pending = pending_take(cases, read_claim, done, ctx);
	const char *word = code_word(CODE_SET_stage, stage);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_work = on_work;
	arguments_begin(&a, cases, "hl_claim");
	arguments_word(&a, word);
	arguments_number(&a, most);
	arguments_number(&a, lease_ms);
	return pending_send(pending, text_of(word), &a);
}

enum status
cases_extend(struct cases *cases, enum stage stage, int64_t lease_ms,
    const struct case_lease *leases, unsigned count, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_extend");
	arguments_word(&a, code_word(CODE_SET_stage, stage));
	arguments_number(&a, lease_ms);
	for (unsigned i = 0; i < count; i++) {
		arguments_word(&a, leases[i].item);
		arguments_number(&a, leases[i].attempt);
	}
	return pending_send(
	    pending_take(cases, read_extend, done, ctx), LITERAL("extend"), &a);
}

enum status
cases_nack(struct cases *cases, const struct case_nack *in, cases_done *done, void *ctx)
{
	static const char *const KINDS[] = {
		[NACK_FREE] = "free", [NACK_FAILURE] = "failure", [NACK_DEAD] = "dead"
	};
	struct arguments a;

	arguments_begin(&a, cases, "hl_nack");
	arguments_word(&a, code_word(CODE_SET_stage, in->stage));
	arguments_text(&a, in->item);
	arguments_number(&a, in->attempt);
	arguments_word(&a, KINDS[in->kind]);
	arguments_number(&a, in->delay_ms);
	arguments_number(&a, in->failures_most);
	arguments_text(&a, in->why);
	return pending_send(
	    pending_take(cases, read_nack, done, ctx), route_of(in->item), &a);
}

enum status
cases_crash(struct cases *cases, const struct case_crash *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_crash");
	arguments_word(&a, code_word(CODE_SET_stage, in->stage));
	arguments_text(&a, in->item);
	arguments_number(&a, in->attempt);
	arguments_number(&a, in->crashes_most);
	arguments_text(&a, in->by);
	arguments_text(&a, in->death);
	return pending_send(
	    pending_take(cases, read_nack, done, ctx), route_of(in->item), &a);
}

enum status
cases_reap(struct cases *cases, unsigned most, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_reap");
	arguments_number(&a, most);
	return pending_send(
	    pending_take(cases, read_reap, done, ctx), LITERAL("reap"), &a);
}

static void
arguments_hours(struct arguments *arguments, double hours)
{
	if (isnan(hours))
		arguments_word(arguments, "");
	else
		arguments_number(arguments, (int64_t)(hours * 3600000));
}

enum status
cases_offer(struct cases *cases, const struct case_offer *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_gather(&a, cases, "hl_offer");
	arguments_text(&a, in->need);
	arguments_number(&a, in->version);
	arguments_text(&a, in->commit_id);
	arguments_text(&a, in->by);
	arguments_word(&a, code_word(CODE_SET_reason, in->reason));
	arguments_number(&a, in->look_ms);
	arguments_number(&a, in->expires_ms);
	arguments_number(&a, in->first_ms);
	arguments_text(&a, in->first_purpose);
	arguments_number(&a, in->lease_ms);
	arguments_number(&a, in->offers_most);
	arguments_text(&a, in->siblings);
	for (uint32_t i = 0; i < in->candidates_count; i++) {
		arguments_text(&a, in->candidates[i].service);
		arguments_text(&a, in->candidates[i].agency);
		arguments_text(&a, in->candidates[i].why);
		arguments_hours(&a, in->candidates[i].report_hours);
		arguments_text(&a, in->candidates[i].limits);
	}
	return pending_send(
	    pending_take(cases, read_offer, done, ctx), route_of(in->need), &a);
}

enum status
cases_told(struct cases *cases, const struct work *work, const char *channel,
    bool is_delivered, struct text by, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_gather(&a, cases, "hl_told");
	arguments_text(&a, work->item);
	arguments_number(&a, work->version);
	arguments_text(&a, work->purpose);
	arguments_word(&a, channel);
	arguments_word(&a, is_delivered ? "1" : "0");
	arguments_text(&a, by);
	return pending_send(
	    pending_take(cases, read_told, done, ctx), route_of(work->item), &a);
}

enum status
cases_clock(struct cases *cases, const struct case_clock *in, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_clock");
	arguments_text(&a, in->work->item);
	arguments_number(&a, in->work->version);
	arguments_text(&a, in->work->purpose);
	arguments_text(&a, in->next_purpose);
	arguments_number(&a, in->next_ms);
	arguments_text(&a, in->by);
	arguments_number(&a, 0);
	return pending_send(
	    pending_take(cases, read_told, done, ctx), route_of(in->work->item), &a);
}

enum status
cases_dead(struct cases *cases, enum stage stage, struct text item, const char *action,
    struct text by, cases_done *done, void *ctx)
{
	struct arguments a;

	arguments_begin(&a, cases, "hl_dead");
	arguments_word(&a, code_word(CODE_SET_stage, stage));
	arguments_text(&a, item);
	arguments_word(&a, action);
	arguments_text(&a, by);
	return pending_send(
	    pending_take(cases, read_simple, done, ctx), route_of(item), &a);
}
