/* SPDX-License-Identifier: Apache-2.0
 * Claims, leases and credit of a worker. */
#include "common/worker_private.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"

/* Items of one extend call; ARGUMENTS_MAX bounds it. */
#define EXTEND_MOST 64
#define REAP_MOST 256

static struct worker_item *
take_slot(struct worker *worker)
{
	for (unsigned i = 0; i < worker->capacity; i++)
		if (!worker->items[i].is_used) {
			worker->items[i] = (struct worker_item){ .is_used = true };
			worker->held++;
			return &worker->items[i];
		}
	return NULL;
}

void
worker_hand(struct worker *worker, struct worker_item *item, const struct work *work)
{
	worker_enter(worker, item);
	worker->options.on_work(worker->options.self, item, work);
	worker_leave(worker);
}

static void
give_to_handler(
    struct worker *worker, const struct work *work, bool is_handed, unsigned upstream)
{
	struct worker_item *item = worker->is_closed ? NULL : take_slot(worker);

	/* No slot: more was handed over than the windows allow, or claims overlapped. The
	 * lease runs out and the item is claimed again: time is lost, nothing else. */
	if (item == NULL) {
		if (is_handed && !worker->is_closed)
			link_worker_finished(worker->link, upstream, work->epoch);
		return;
	}
	item->stage = (enum stage)work->stage;
	item->attempt = work->attempt;
	item->version = work->version;
	item->is_handed = is_handed;
	item->upstream = upstream;
	item->epoch = work->epoch;
	worker->claimed += !is_handed;
	(void)text_copy(work->item, item->item, sizeof item->item);
	metrics_add(is_handed ? METRIC_handed_off_total : METRIC_claimed_total,
	    code_word(CODE_SET_stage, work->stage), 1);
	if (work->alone == FLAG_YES)
		alone_begin(worker, item, work);
	else if (worker->alone != NULL)
		worker_nack(worker, item, NACK_FREE, 0, "not_alone");
	else
		worker_hand(worker, item, work);
}

static void
on_handed(void *self, const struct message *message, unsigned upstream)
{
	give_to_handler(self, &message->work, true, upstream);
}

static void
on_claimed(void *ctx, const struct work *work)
{
	give_to_handler(ctx, work, false, 0);
}

/* A backlog is drained by what is finished, not by the timer: half a window at a time. */
static void
claim_soon(struct worker *worker)
{
	if ((worker->has_more[0] || worker->has_more[1]) &&
	    worker->claimed <= worker->options.window / 2)
		loop_timer_set(worker->soon, 0);
}

void
worker_free(struct worker *worker)
{
	if (worker->asked[0] + worker->asked[1] > 0 || worker->is_counting)
		return;
	decoder_free(worker->decoder);
	free(worker->items);
	free(worker);
}

static void
on_claim_done(struct worker *worker, unsigned stage, const struct case_result *result)
{
	worker->asked[stage] = 0;
	if (worker->is_closed) {
		worker_free(worker);
		return;
	}
	worker->has_more[stage] = result->status == STATUS_OK && result->count > 0;
	claim_soon(worker);
}

static void
on_claim_done_0(void *ctx, const struct case_result *result)
{
	on_claim_done(ctx, 0, result);
}

static void
on_claim_done_1(void *ctx, const struct case_result *result)
{
	on_claim_done(ctx, 1, result);
}

static void
claim(void *self)
{
	static cases_done *const DONE[2] = { on_claim_done_0, on_claim_done_1 };
	struct worker *worker = self;
	unsigned stages = worker->options.stages_count;

	if (worker->alone != NULL) {
		alone_go_on(worker);
		return;
	}
	worker->first++;
	for (unsigned i = 0; i < stages && !worker->is_draining; i++) {
		unsigned s = (worker->first + i) % stages;
		unsigned taken = worker->claimed + worker->asked[0] + worker->asked[1];
		unsigned room =
		    taken < worker->options.window ? worker->options.window - taken : 0;
		unsigned most = i + 1 < stages ? (room + 1) / 2 : room;

		if (most > 0 && worker->asked[s] == 0 &&
		    cases_claim(worker->service->cases, worker->options.stages[s], most,
		        worker->service->config->limits_lease, on_claimed, DONE[s],
		        worker) == STATUS_OK)
			worker->asked[s] = most;
	}
}

/* Leases of what is under way last as long as this process turns its loop. */
static void
extend(void *self)
{
	struct worker *worker = self;
	struct case_lease leases[EXTEND_MOST];

	for (unsigned s = 0; s < worker->options.stages_count; s++) {
		unsigned count = 0;

		for (unsigned i = 0; i <= worker->capacity; i++) {
			const struct worker_item *item = &worker->items[i];

			if (count == EXTEND_MOST ||
			    (i == worker->capacity && count > 0)) {
				(void)!cases_extend(worker->service->cases,
				    worker->options.stages[s],
				    worker->service->config->limits_lease, leases, count,
				    NULL, NULL);
				count = 0;
			}
			if (i == worker->capacity || !item->is_used ||
			    item->stage != worker->options.stages[s])
				continue;
			memcpy(leases[count].item, item->item, sizeof leases[count].item);
			leases[count++].attempt = item->attempt;
		}
	}
}

static void
on_reaped(void *ctx, const struct case_result *result)
{
	(void)ctx;
	for (unsigned s = 0; s < 3 && result->status == STATUS_OK; s++)
		if (result->counts[s] > 0)
			metrics_add(METRIC_lease_expired_total,
			    code_word(CODE_SET_stage, s + 1), result->counts[s]);
}

static void
reap(void *self)
{
	struct worker *worker = self;

	(void)!cases_reap(worker->service->cases, REAP_MOST, on_reaped, NULL);
}

static unsigned
count_upstreams(const char *list)
{
	unsigned count = list[0] != '\0';

	for (; *list != '\0'; list++)
		count += *list == ',';
	return count;
}

struct worker *
worker_open(struct service *service, const struct worker_options *options)
{
	struct worker *worker = calloc(1, sizeof *worker);

	if (worker == NULL)
		log_die("out of memory");
	worker->service = service;
	worker->options = *options;
	worker->capacity = options->window * (count_upstreams(options->upstreams) + 2);
	worker->items = calloc(worker->capacity + 1, sizeof *worker->items);
	worker->decoder = decoder_new();
	worker->claim_timer = loop_timer_new(service->loop, claim, worker);
	worker->soon = loop_timer_new(service->loop, claim, worker);
	if (!worker->items || !worker->decoder || !worker->claim_timer || !worker->soon)
		log_die("out of memory");
	return worker;
}

void
worker_begin_taking(struct worker *worker)
{
	const struct config *config = worker->service->config;
	struct loop *loop = worker->service->loop;
	char why[256];

	if (worker->options.upstreams[0] != '\0' &&
	    link_worker_open(worker->service->link, worker->options.upstreams,
	        worker->options.service, worker->options.window, on_handed, worker,
	        &worker->link, why, sizeof why) != STATUS_OK)
		log_die("%s", why);
	loop_timer_free(worker->claim_timer);
	worker->claim_timer = loop_every(loop, config->limits_claim_every, claim, worker);
	worker->extend_timer = loop_every(loop, config->limits_lease / 3, extend, worker);
	worker->reap_timer = loop_every(loop, config->limits_reap_every, reap, worker);
	if (!worker->claim_timer || !worker->extend_timer || !worker->reap_timer)
		log_die("out of memory");
	if (worker->is_draining && worker->link != NULL)
		link_worker_drain(worker->link);
	claim(worker);
}

void
worker_start(struct worker *worker)
{
	alone_open_note(worker);
}

void
worker_close(struct worker *worker)
{
	if (worker == NULL)
		return;
	link_worker_close(worker->link);
	loop_timer_free(worker->claim_timer);
	loop_timer_free(worker->extend_timer);
	loop_timer_free(worker->reap_timer);
	loop_timer_free(worker->soon);
	loop_timer_free(worker->count_timer);
	worknote_close(worker->note);
	worker->is_closed = true;
	worker_free(worker);
}

void
worker_finished(struct worker *worker, struct worker_item *item)
{
	if (item->is_handed)
		link_worker_finished(worker->link, item->upstream, item->epoch);
	else
		worker->claimed--;
	item->is_used = false;
	worker->held--;
	if (item == worker->alone)
		alone_end(worker);
	else if (worker->alone != NULL)
		loop_timer_set(worker->soon, 0);
	if (!item->is_handed)
		claim_soon(worker);
}

void
worker_enter(struct worker *worker, const struct worker_item *item)
{
	worknote_begin(worker->note, item->stage, item->item, item->attempt);
}

void
worker_leave(struct worker *worker)
{
	worknote_end(worker->note);
}

static void
on_nacked(void *ctx, const struct case_result *result)
{
	const enum stage *stage = ctx;

	if (result->is_dead)
		metrics_add(METRIC_dead_total, code_word(CODE_SET_stage, *stage), 1);
}

void
worker_nack(struct worker *worker, struct worker_item *item, enum nack_kind kind,
    int64_t delay_ms, const char *why)
{
	static enum stage STAGES[] = { [stage_match] = stage_match,
		[stage_notify] = stage_notify,
		[stage_clock] = stage_clock };
	const struct config *config = worker->service->config;
	const struct case_nack nack = {
		.stage = item->stage,
		.item = text_of(item->item),
		.attempt = item->attempt,
		.kind = kind,
		.delay_ms = delay_ms,
		.failures_most = (uint32_t)config->limits_failures_most,
		.why = text_of(why),
	};

	metrics_add(METRIC_nack_total, why, 1);
	log_event(LOG_WARN, "given_back", LOG_STRING("item", item->item),
	    LOG_STRING("stage", code_word(CODE_SET_stage, item->stage)),
	    LOG_STRING("why", why), LOG_NUMBER("delay_ms", delay_ms));
	/* Not sent: the lease runs out and the item is claimed again. */
	(void)!cases_nack(worker->service->cases, &nack, on_nacked, &STAGES[item->stage]);
	worker_finished(worker, item);
}

void
worker_drain(struct worker *worker)
{
	worker->is_draining = true;
	if (worker->link != NULL)
		link_worker_drain(worker->link);
}

size_t
worker_held(const struct worker *worker)
{
	return worker->held;
}
