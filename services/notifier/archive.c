/* SPDX-License-Identifier: Apache-2.0
 * When the next round of archiving begins. */
#include <stdlib.h>

#include "common/log.h"
#include "common/metrics.h"
#include "services/notifier/notifier.h"

struct archiver {
	struct service *service;
	struct loop_timer *timer;
	bool is_under_way, is_draining;
};

static void archive(void *self);

static void
on_round(void *ctx, const struct case_round *round)
{
	struct archiver *archiver = ctx;
	const struct config *config = archiver->service->config;
	bool is_full = round->lines == (uint32_t)config->archive_batch;

	archiver->is_under_way = false;
	metrics_add(METRIC_archive_round_total, status_code(round->status), 1);
	if (round->lines > 0)
		metrics_observe_us(METRIC_archive_seconds, NULL, round->write_us);
	if (round->status == STATUS_OK && round->lines > 0) {
		metrics_add(METRIC_archived_total, "line", round->lines);
		metrics_add(METRIC_archived_total, "case", round->cases - round->stayed);
		metrics_set(METRIC_archived_cases, NULL, (double)round->archived);
	} else if (round->status != STATUS_OK) {
		log_event(LOG_WARN, "not_archived",
		    LOG_STRING("status", status_code(round->status)));
	}
	/* While more is there than one round takes, the next begins after what else is due. */
	loop_timer_set(archiver->timer,
	    is_full && round->status == STATUS_OK ? 0 : config->archive_every);
}

static void
archive(void *self)
{
	struct archiver *archiver = self;
	const struct config *config = archiver->service->config;
	enum status status;

	if (archiver->is_draining)
		return;
	status = cases_archive(archiver->service->cases, config->archive_keep,
	    (unsigned)config->archive_batch, on_round, archiver);
	archiver->is_under_way = status == STATUS_OK;
	if (status != STATUS_OK)
		loop_timer_set(archiver->timer, config->archive_every);
}

struct archiver *
archiver_open(struct service *service)
{
	struct archiver *archiver;

	if (service->config->archive_keep == 0)
		return NULL;
	archiver = calloc(1, sizeof *archiver);
	if (archiver == NULL)
		log_die("out of memory");
	archiver->service = service;
	archiver->timer = loop_timer_new(service->loop, archive, archiver);
	if (archiver->timer == NULL)
		log_die("out of memory");
	loop_timer_set(archiver->timer, service->config->archive_every);
	return archiver;
}

void
archiver_close(struct archiver *archiver)
{
	if (archiver == NULL)
		return;
	loop_timer_free(archiver->timer);
	free(archiver);
}

void
archiver_drain(struct archiver *archiver)
{
	if (archiver != NULL)
		archiver->is_draining = true;
}

bool
archiver_is_idle(const struct archiver *archiver)
{
	return archiver == NULL || !archiver->is_under_way;
}
