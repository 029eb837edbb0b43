/* SPDX-License-Identifier: Apache-2.0
 * Stages while the file is read; then reports capacities and swaps, each step waiting for all
 * of the one before. */
#include "deploy/referralctl/import_apply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "proto/message.h"

/* Of one call: what Redis does for others waits for it. */
#define BATCH_BYTES ((size_t)192 << 10)
/* Sent and not answered: one is read, one is worked on, one is synced. */
#define CALLS_MOST 3
#define REPORTS_MOST 16 /* calls */
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

/* ---- staging ---- */

struct capacity {
	char id[ID_UUID_BYTES + 1];
	double available, maximum;
	int64_t at;
};

struct import_stage {
	const struct import_target *target;
	char before[KEY_MAX_BYTES]; /* in use when it began; empty: none */
	char version[ID_UUID_BYTES + 1];
	struct wait wait;
	bool is_begun; /* Redis holds something of it, or will */
	/* What is sent next: ids each with its document, one behind the other. */
	struct import_buffer batch;
	uint32_t lengths[2 * DIRECTORY_STAGE_MOST];
	size_t batched;
	size_t staged;
	struct capacity *capacities;
	size_t capacities_count, capacities_size;
};

struct import_stage *
import_stage_new(const struct import_target *target, const char *before)
{
	struct import_stage *stage = calloc(1, sizeof *stage);

	if (stage == NULL)
		return NULL;
	stage->target = target;
	stage->wait.target = target;
	(void)text_copy(text_of(before), stage->before, sizeof stage->before);
	id_uuid7(stage->version);
	return stage;
}

typedef enum status send_batch(
    struct import_stage *stage, size_t count, const struct text *texts);

static enum status
send_documents(struct import_stage *stage, size_t count, const struct text *texts)
{
	const struct import_target *target = stage->target;

	return directory_stage_many(target->directory, text_of(target->source),
	    text_of(stage->version), count / 2, texts, on_done, &stage->wait);
}

static void
on_kept(void *ctx, enum status status, const struct store_value *value)
{
	struct import_stage *stage = ctx;

	if (status == STATUS_OK)
		stage->staged += (size_t)store_integer(store_at(value, 1), 0);
	on_done(&stage->wait, status, value);
}

static enum status
send_ids(struct import_stage *stage, size_t count, const struct text *texts)
{
	const struct import_target *target = stage->target;

	return directory_keep(target->directory, text_of(target->source),
	    text_of(stage->before), text_of(stage->version), count, texts, on_kept,
	    stage);
}

/* Sends what was gathered; what Redis has not answered yet stays bounded. */
static enum status
flush(struct import_stage *stage, send_batch *send)
{
	struct text texts[2 * DIRECTORY_STAGE_MOST];
	const char *at = stage->batch.bytes;
	enum status status;

	if (stage->batched == 0)
		return STATUS_OK;
	for (size_t i = 0; i < stage->batched; at += stage->lengths[i++])
		texts[i] = (struct text){ at, stage->lengths[i] };
	while ((status = send(stage, stage->batched, texts)) == STATUS_BUSY)
		if ((status = loop_turn(stage->target->loop, TURN_MS)) != STATUS_OK)
			return status;
	if (status != STATUS_OK)
		return status;
	stage->wait.calls++;
	stage->is_begun = true;
	stage->batched = 0;
	stage->batch.length = 0;
	status = loop_turn(stage->target->loop, 0);
	return status == STATUS_OK ? wait_for(&stage->wait, CALLS_MOST) : status;
}

static enum status
gather(struct import_stage *stage, struct text text)
{
	import_buffer_add(&stage->batch, text.at, text.length);
	stage->lengths[stage->batched++] = text.length;
	return stage->batch.is_broken ? STATUS_NO_MEMORY : STATUS_OK;
}

static bool
remember_capacity(struct import_stage *stage, const struct import_service *service)
{
	int64_t at =
	    stage->target->is_reported_now ? clock_wall_ms() : service->capacity_at;

	if (isnan(service->available) || at == TIME_ABSENT)
		return true;
	if (stage->capacities_count == stage->capacities_size) {
		size_t size = stage->capacities_size ? stage->capacities_size * 2 : 64;
		struct capacity *grown = realloc(stage->capacities, size * sizeof *grown);

		if (grown == NULL)
			return false;
		stage->capacities = grown;
		stage->capacities_size = size;
	}
	stage->capacities[stage->capacities_count] = (struct capacity){
		.available = service->available,
		.maximum = service->maximum,
		.at = at,
	};
	return text_copy(service->id, stage->capacities[stage->capacities_count++].id,
	    ID_UUID_BYTES + 1);
}

enum status
import_stage_add(void *self, const struct import_service *service)
{
	struct import_stage *stage = self;
	enum status status = STATUS_OK;

	if (!remember_capacity(stage, service))
		return STATUS_NO_MEMORY;
	if (stage->batched == 2 * DIRECTORY_STAGE_MOST ||
	    stage->batch.length + service->document.length > BATCH_BYTES)
		status = flush(stage, send_documents);
	if (status == STATUS_OK)
		status = gather(stage, service->id);
	if (status == STATUS_OK)
		status = gather(stage, service->document);
	stage->staged++;
	return status;
}

/* ---- putting into use ---- */

/* What stands as it was, Redis itself copies. */
static enum status
keep(struct import_stage *stage, const struct import_plan *plan)
{
	char uuid[ID_UUID_BYTES + 1];
	struct text id;
	size_t at = 0;
	enum status status = flush(stage, send_documents);

	while (status == STATUS_OK &&
	       (id = import_plan_next_kept(plan, &at, uuid)).at != NULL) {
		status = gather(stage, id);
		if (status == STATUS_OK && stage->batched == DIRECTORY_STAGE_MOST)
			status = flush(stage, send_ids);
		show(&stage->wait, "kept", at, plan->services.count);
	}
	if (status == STATUS_OK)
		status = flush(stage, send_ids);
	if (status == STATUS_OK)
		status = wait_for(&stage->wait, 0);
	/* Another import took away what was in use. */
	return status == STATUS_OK && stage->staged != plan->count ? STATUS_STALE
	                                                           : status;
}

/* Nothing is put into use that Redis does not hold as a whole. */
static enum status
count_staged(const struct import_stage *stage, const struct import_plan *plan)
{
	uint64_t count;
	enum status status = import_in_use_count(stage->target, stage->version, &count);

	return status == STATUS_OK && count != plan->count ? STATUS_DAMAGED : status;
}

static enum status
report_some(struct import_stage *stage, size_t from, size_t count)
{
	struct directory_report reports[DIRECTORY_REPORTS_MOST];
	enum status status;

	for (size_t i = 0; i < count; i++) {
		const struct capacity *capacity = &stage->capacities[from + i];

		reports[i] = (struct directory_report){ text_of(capacity->id),
			capacity->available, capacity->maximum, capacity->at };
	}
	status = directory_capacities(
	    stage->target->directory, count, reports, on_done, &stage->wait);
	if (status == STATUS_OK && ++stage->wait.calls >= REPORTS_MOST)
		status = wait_for(&stage->wait, REPORTS_MOST / 2);
	return status;
}

static enum status
report_capacities(struct import_stage *stage)
{
	enum status status = STATUS_OK;
	size_t count;

	for (size_t i = 0; i < stage->capacities_count && status == STATUS_OK;
	     i += count) {
		count = stage->capacities_count - i;
		if (count > DIRECTORY_REPORTS_MOST)
			count = DIRECTORY_REPORTS_MOST;
		status = report_some(stage, i, count);
	}
	return status == STATUS_OK ? wait_for(&stage->wait, 0) : status;
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
swap_in(const struct import_stage *stage)
{
	const struct import_target *target = stage->target;
	struct swap swap = { false, STATUS_UNAVAILABLE };
	enum status status = directory_swap(target->directory, text_of(target->source),
	    stage->before[0] ? text_of(stage->before) : TEXT_ABSENT,
	    text_of(stage->version), on_swap, &swap);

	while (status == STATUS_OK && !swap.is_over)
		status = loop_turn(target->loop, TURN_MS);
	if (status != STATUS_OK)
		return status;
	return status_is_success(swap.status) ? STATUS_OK : swap.status;
}

enum status
import_stage_apply(struct import_stage *stage, const struct import_plan *plan,
    char version[KEY_MAX_BYTES])
{
	enum status status = keep(stage, plan);

	if (status == STATUS_OK)
		status = count_staged(stage, plan);
	if (status == STATUS_OK)
		status = report_capacities(stage);
	if (status == STATUS_OK)
		status = swap_in(stage);
	/* An outcome that is not known may be that it is in use. */
	if (status == STATUS_OK || status == STATUS_UNAVAILABLE)
		stage->is_begun = false;
	if (status == STATUS_OK)
		(void)text_copy(text_of(stage->version), version, KEY_MAX_BYTES);
	return status;
}

static void
forget(struct import_stage *stage)
{
	const struct import_target *target = stage->target;

	if (directory_forget(target->directory, text_of(target->source),
	        text_of(stage->version), on_done, &stage->wait) == STATUS_OK)
		stage->wait.calls++;
}

void
import_stage_free(struct import_stage *stage)
{
	if (stage == NULL)
		return;
	if (stage->is_begun)
		forget(stage);
	/* Nothing may be answered into memory that is gone. */
	while (
	    stage->wait.calls > 0 && loop_turn(stage->target->loop, TURN_MS) == STATUS_OK)
		;
	free(stage->batch.bytes);
	free(stage->capacities);
	free(stage);
}
