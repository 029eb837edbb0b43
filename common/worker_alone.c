/* SPDX-License-Identifier: Apache-2.0
 * What workers died on: counted by the successor, and worked on with nothing beside it. */
#include <stdio.h>

#include "common/log.h"
#include "common/metrics.h"
#include "common/worker_private.h"

/* Between two tries to count a crash. */
#define COUNT_AGAIN_MS 500

/* ---- alone ---- */

/* What comes over the link meanwhile is given back, and its credit waits, so that the windows
 * run dry. */
void
alone_begin(struct worker *worker, struct worker_item *item, const struct work *work)
{
	if (worker->alone != NULL ||
	    record_encode(&record_work, work, MASK_ALL, worker->kept, sizeof worker->kept,
	        &worker->kept_length) != STATUS_OK) {
		worker_nack(worker, item, NACK_FREE, 1000, "not_alone");
		return;
	}
	worker->alone = item;
	if (worker->link != NULL)
		link_worker_pause(worker->link, true);
	loop_timer_set(worker->soon, 0);
}

void
alone_go_on(struct worker *worker)
{
	struct defects defects = { .count = 0 };
	struct work work;
	size_t length = worker->kept_length;

	if (length == 0 || worker->held > 1)
		return;
	worker->kept_length = 0;
	if (record_decode(worker->decoder, &record_work, &work, worker->kept, length,
	        &defects) == STATUS_OK)
		worker_hand(worker, worker->alone, &work);
	else
		worker_nack(worker, worker->alone, NACK_DEAD, 0, "damaged");
}

void
alone_end(struct worker *worker)
{
	worker->alone = NULL;
	worker->kept_length = 0;
	if (worker->link != NULL)
		link_worker_pause(worker->link, false);
}

/* ---- the death of the former process ---- */

static void
on_crash_counted(void *ctx, const struct case_result *result)
{
	struct worker *worker = ctx;
	const char *stage = code_word(CODE_SET_stage, worker->death.stage);

	worker->is_counting = false;
	if (worker->is_closed) {
		worker_free(worker);
		return;
	}
	if (result->status == STATUS_UNAVAILABLE || result->status == STATUS_BUSY) {
		loop_timer_set(worker->count_timer, COUNT_AGAIN_MS);
		return;
	}
	log_event(LOG_ERROR, "died_on", LOG_STRING("item", worker->death.item),
	    LOG_STRING("stage", stage),
	    LOG_STRING("counted", status_code(result->status)));
	metrics_add(METRIC_crash_total, stage, result->status == STATUS_OK);
	metrics_add(METRIC_dead_total, stage, result->is_dead);
	worker_begin_taking(worker);
}

static void
count_crash(void *self)
{
	struct worker *worker = self;
	const struct config *config = worker->service->config;
	const struct case_crash crash = {
		.stage = worker->death.stage,
		.item = text_of(worker->death.item),
		.attempt = worker->death.attempt,
		.crashes_most = (uint32_t)config->limits_crashes_most,
		.by = text_of(config->name),
		.death = text_of(worker->death.id),
	};

	worker->is_counting = cases_crash(worker->service->cases, &crash,
	                          on_crash_counted, worker) == STATUS_OK;
	if (!worker->is_counting)
		loop_timer_set(worker->count_timer, COUNT_AGAIN_MS);
}

void
alone_open_note(struct worker *worker)
{
	char path[CONFIG_NAME_BYTES + 16], why[256];

	(void)snprintf(path, sizeof path, "run/%s.work", worker->service->config->name);
	if (worknote_open(path, &worker->note, &worker->death, why, sizeof why) !=
	    STATUS_OK)
		log_die("%s", why);
	if (worker->death.stage == 0) {
		worker_begin_taking(worker);
		return;
	}
	worker->count_timer = loop_timer_new(worker->service->loop, count_crash, worker);
	if (worker->count_timer == NULL)
		log_die("out of memory");
	count_crash(worker);
}
