/* SPDX-License-Identifier: Apache-2.0
 * Stages, reports capacities, swaps: each step waits for all of the one before. */
#include "deploy/referralctl/import_apply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "proto/message.h"

#define PAGE "500"
/* Sent and not answered: enough for Redis to sync many at once. */
#define CALLS_MOST 512
#define BYTES_MOST ((size_t)8 << 20)
#define TURN_MS 50
#define PROGRESS_EVERY_MS 200

/* ---- waiting for many calls ---- */

struct wait {
	const struct import_target *target;
	size_t calls;
	enum status status; /* of the first that failed */
	int64_t told_at;    /* monotonic, when progress was shown */
};

static void
on_done(void *ctx, enum status status, const struct store_value *value)
{
	struct wait *wait = ctx;

	(void)value;
	wait->calls--;
	if (!status_is_success(status) && wait->status == STATUS_OK)
		wait->status = status;
}

/* Turns the loop until at most `most` calls are out.  The first failure of any. */
static enum status
wait_for(struct wait *wait, size_t most)
{
	while (wait->calls > most) {
		enum status status = loop_turn(wait->target->loop, TURN_MS);

		if (status != STATUS_OK)
			return status;
	}
	return wait->status;
}

static void
show(struct wait *wait, const char *what, size_t done, size_t all)
{
	int64_t now = clock_mono_ms();

	if (!wait->target->shows_progress ||
	    (now - wait->told_at < PROGRESS_EVERY_MS && done < all))
		return;
	wait->told_at = now;
	fprintf(stderr, "\r%s %zu of %zu%s", what, done, all, done < all ? "" : "\n");
}

/* ---- what is in use ---- */

void
import_in_use_free(struct import_in_use *in_use)
{
	free(in_use->known);
	*in_use = (struct import_in_use){ 0 };
}

static bool
add_known(struct import_in_use *in_use, struct text id, struct text document)
{
	struct import_known *known;

	if (in_use->count == in_use->size) {
		size_t size = in_use->size ? in_use->size * 2 : 1024;

		known = realloc(in_use->known, size * sizeof *known);
		if (known == NULL)
			return false;
		in_use->known = known;
		in_use->size = size;
	}
	known = &in_use->known[in_use->count++];
	(void)text_copy(id, known->id, sizeof known->id);
	id_digest(document.at, document.length, known->digest);
	return true;
}

struct page {
	struct import_in_use *in_use;
	char cursor[32];
	enum status status;
};

static void
on_page(void *ctx, enum status status, const struct store_value *value)
{
	struct page *page = ctx;
	const struct store_value *pairs = store_at(value, 1);

	page->status = status;
	if (status == STATUS_OK &&
	    !text_copy(store_text(store_at(value, 0)), page->cursor, sizeof page->cursor))
		page->status = STATUS_DAMAGED;
	for (size_t i = 0; i + 1 < store_count(pairs) && page->status == STATUS_OK;
	     i += 2)
		if (!add_known(page->in_use, store_text(store_at(pairs, i)),
		        store_text(store_at(pairs, i + 1))))
			page->status = STATUS_NO_MEMORY;
}

struct reply {
	enum status status;
	char text[KEY_MAX_BYTES]; /* empty: nil */
	int64_t number;
};

static void
on_reply(void *ctx, enum status status, const struct store_value *value)
{
	struct reply *reply = ctx;

	reply->status = status;
	reply->number = store_integer(value, -1);
	if (status == STATUS_OK && store_kind(value) == STORE_TEXT &&
	    !text_copy(store_text(value), reply->text, sizeof reply->text))
		reply->status = STATUS_DAMAGED;
}

static enum status
ask(const struct import_target *target, size_t count, const struct text *arguments,
    struct reply *reply)
{
	enum status status;

	*reply = (struct reply){ .status = STATUS_UNAVAILABLE };
	status = store_call_wait(target->store, count, arguments, on_reply, reply);
	return status == STATUS_OK ? reply->status : status;
}

static enum status
read_version(const struct import_target *target, char version[KEY_MAX_BYTES])
{
	struct text arguments[] = { LITERAL("HGET"),
		text_of(directory_sources_key(target->directory)),
		text_of(target->source) };
	struct reply reply;
	enum status status;

	status = ask(target, 3, arguments, &reply);
	memcpy(version, reply.text, sizeof reply.text);
	return status;
}

static enum status
read_pages(const struct import_target *target, struct import_in_use *in_use)
{
	struct page page = { .in_use = in_use, .cursor = "0" };
	char key[KEY_MAX_BYTES];

	if (!directory_version_key(
	        target->directory, target->source, in_use->version, key))
		return STATUS_TOO_LARGE;
	do {
		struct text arguments[] = { LITERAL("HSCAN"), text_of(key),
			text_of(page.cursor), LITERAL("COUNT"), LITERAL(PAGE) };
		enum status status =
		    store_call_wait(target->store, 5, arguments, on_page, &page);

		if (status == STATUS_OK)
			status = page.status;
		if (status != STATUS_OK)
			return status;
	} while (strcmp(page.cursor, "0") != 0);
	return STATUS_OK;
}

static int
compare_known(const void *one, const void *other)
{
	return strcmp(((const struct import_known *)one)->id,
	    ((const struct import_known *)other)->id);
}

/* HSCAN may name an entry twice. */
static void
drop_repeats(struct import_in_use *in_use)
{
	size_t kept = 0;

	if (in_use->count == 0)
		return;
	qsort(in_use->known, in_use->count, sizeof *in_use->known, compare_known);
	for (size_t i = 1; i < in_use->count; i++)
		if (strcmp(in_use->known[kept].id, in_use->known[i].id) != 0)
			in_use->known[++kept] = in_use->known[i];
	in_use->count = kept + 1;
}

enum status
import_in_use_read(const struct import_target *target, struct import_in_use *in_use)
{
	char after[KEY_MAX_BYTES];
	enum status status;

	*in_use = (struct import_in_use){ 0 };
	status = read_version(target, in_use->version);
	if (status == STATUS_OK && in_use->version[0] != '\0')
		status = read_pages(target, in_use);
	if (status == STATUS_OK)
		status = read_version(target, after);
	if (status == STATUS_OK && strcmp(after, in_use->version) != 0)
		status = STATUS_STALE;
	if (status == STATUS_OK)
		drop_repeats(in_use);
	else
		import_in_use_free(in_use);
	return status;
}

/* ---- putting into use ---- */

static enum status
stage(struct wait *wait, const struct import_plan *plan, const char *version)
{
	const struct import_target *target = wait->target;
	enum status status = STATUS_OK;
	size_t bytes = 0;

	for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
		const struct import_item *item = &plan->items[i];

		status = directory_stage(target->directory, text_of(target->source),
		    text_of(version), text_of(item->id), item->document, on_done, wait);
		if (status ==
		    STATUS_BUSY) { /* let some of it go out, then the same again */
			i--;
			bytes = BYTES_MOST;
			status = STATUS_OK;
		} else if (status == STATUS_OK) {
			wait->calls++;
			bytes += item->document.length;
		}
		if (status == STATUS_OK &&
		    (wait->calls >= CALLS_MOST || bytes >= BYTES_MOST)) {
			status = wait_for(wait, wait->calls / 2);
			bytes /= 2;
		}
		show(wait, "staged", i + 1, plan->count);
	}
	return status == STATUS_OK ? wait_for(wait, 0) : status;
}

/* Nothing is put into use that Redis does not hold as a whole. */
static enum status
count_staged(const struct import_target *target, const struct import_plan *plan,
    const char *version)
{
	char key[KEY_MAX_BYTES];
	struct text arguments[] = { LITERAL("HLEN"), { key, 0 } };
	struct reply reply;
	enum status status;

	if (!directory_version_key(target->directory, target->source, version, key))
		return STATUS_TOO_LARGE;
	arguments[1] = text_of(key);
	status = ask(target, 2, arguments, &reply);
	if (status == STATUS_OK && reply.number != (int64_t)plan->count)
		status = STATUS_DAMAGED;
	return status;
}

static enum status
report_capacities(struct wait *wait, const struct import_plan *plan)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
		const struct import_item *item = &plan->items[i];

		if (!item->is_new || isnan(item->available) ||
		    item->capacity_at == TIME_ABSENT)
			continue;
		status = directory_capacity(wait->target->directory, text_of(item->id),
		    item->available, item->maximum, item->capacity_at, on_done, wait);
		if (status == STATUS_OK && ++wait->calls >= CALLS_MOST)
			status = wait_for(wait, CALLS_MOST / 2);
	}
	return status == STATUS_OK ? wait_for(wait, 0) : status;
}

struct swap {
	bool is_over;
	enum status status;
};

static void
on_swap(void *ctx, enum status status, const struct store_value *value)
{
	struct swap *swap = ctx;

	swap->is_over = true;
	swap->status = status;
	if (status == STATUS_OK)
		swap->status = status_of_code(store_text(store_at(value, 0)));
}

static enum status
swap_in(const struct import_target *target, const char *expected, const char *version)
{
	struct swap swap = { false, STATUS_UNAVAILABLE };
	enum status status = directory_swap(target->directory, text_of(target->source),
	    expected[0] ? text_of(expected) : TEXT_ABSENT, text_of(version), on_swap,
	    &swap);

	while (status == STATUS_OK && !swap.is_over)
		status = loop_turn(target->loop, TURN_MS);
	if (status != STATUS_OK)
		return status;
	return status_is_success(swap.status) ? STATUS_OK : swap.status;
}

enum status
import_apply(const struct import_target *target, const struct import_plan *plan,
    const struct import_in_use *in_use, char version[ID_UUID_BYTES + 1])
{
	struct wait wait = { .target = target, .status = STATUS_OK };
	enum status status;

	id_uuid7(version);
	status = stage(&wait, plan, version);
	if (status == STATUS_OK)
		status = count_staged(target, plan, version);
	if (status == STATUS_OK)
		status = report_capacities(&wait, plan);
	if (status == STATUS_OK)
		status = swap_in(target, in_use->version, version);
	/* Whatever failed, nothing may be answered into memory that is gone. */
	while (wait.calls > 0 && loop_turn(target->loop, TURN_MS) == STATUS_OK)
		;
	return status;
}
