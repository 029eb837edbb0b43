/* SPDX-License-Identifier: Apache-2.0
 * One telling at a time per referral: channel, attempt, commit; and the clocks of offers. */
#include "services/notifier/notifier.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/clocks.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/notifier/backoff.h"

/* A referral that is being told. */
struct telling {
	struct notifier *notifier;
	struct telling *next;
	struct worker_item *item;
	const char *channel;
	uint32_t failures;
	int64_t accepted_at;
	uint8_t urgency;
	char purpose[33], agency[65], service[65], term[129], delivery[96];
};

static struct telling *
telling_take(struct notifier *notifier, struct worker_item *item, const struct work *work)
{
	struct telling *telling = notifier->free;

	if (telling != NULL)
		notifier->free = telling->next;
	else if ((telling = malloc(sizeof *telling)) == NULL)
		return NULL;
	telling->notifier = notifier;
	telling->item = item;
	telling->failures = work->failures == UINT_ABSENT ? 0 : work->failures;
	telling->accepted_at = work->accepted_at;
	telling->urgency = work->urgency;
	(void)text_copy(work->purpose, telling->purpose, sizeof telling->purpose);
	(void)text_copy(work->agency, telling->agency, sizeof telling->agency);
	(void)text_copy(work->service, telling->service, sizeof telling->service);
	(void)text_copy(work->term, telling->term, sizeof telling->term);
	/* Derived, so that a retry from whatever process is the same delivery. */
	(void)snprintf(telling->delivery, sizeof telling->delivery, "%s-%s-%u",
	    item->item, telling->purpose, item->version);
	notifier->under_way++;
	return telling;
}

static void
telling_end(struct telling *telling)
{
	telling->notifier->under_way--;
	telling->next = telling->notifier->free;
	telling->notifier->free = telling;
}

static void
give_back(struct telling *telling, enum nack_kind kind, int64_t delay_ms, const char *why)
{
	worker_nack(telling->notifier->worker, telling->item, kind, delay_ms, why);
	telling_end(telling);
}

/* ---- after the attempt ---- */

static void
on_committed(void *ctx, const struct case_result *result)
{
	struct telling *telling = ctx;

	metrics_add(METRIC_commit_total, status_code(result->status), 1);
	if (result->status == STATUS_OK && strcmp(telling->purpose, "offer") == 0)
		metrics_observe_since(
		    METRIC_delivered_seconds, NULL, telling->accepted_at);
	/* Not committed: the lease runs out and it is told again under the same delivery id. */
	worker_finished(telling->notifier->worker, telling->item);
	telling_end(telling);
}

static void
commit(struct telling *telling, bool is_delivered)
{
	struct notifier *notifier = telling->notifier;
	struct work work;

	record_init(&record_work, &work);
	work.item = text_of(telling->item->item);
	work.version = telling->item->version;
	work.purpose = text_of(telling->purpose);
	if (cases_told(notifier->service->cases, &work, telling->channel, is_delivered,
	        text_of(notifier->service->config->name), on_committed,
	        telling) != STATUS_OK)
		give_back(telling, NACK_FREE, 1000, "not_committed");
}

int64_t
notifier_backoff_ms(const struct notifier *notifier, unsigned failures,
    const struct channel_outcome *outcome)
{
	const struct config *config = notifier->service->config;
	uint64_t random;

	randombytes_buf(&random, sizeof random);
	return backoff_ms(failures, config->limits_backoff_first,
	    config->limits_backoff_most, outcome->retry_after_ms, random);
}

static void
on_attempted(void *ctx, const struct channel_outcome *outcome)
{
	struct telling *telling = ctx;

	metrics_add(METRIC_delivery_total, status_code(outcome->status), 1);
	if (outcome->status == STATUS_OK) {
		commit(telling, outcome->is_delivered);
		return;
	}
	log_event(LOG_WARN, "not_delivered", LOG_STRING("referral", telling->item->item),
	    LOG_STRING("channel", telling->channel),
	    LOG_STRING("detail", outcome->detail));
	if (outcome->status == STATUS_UNAVAILABLE)
		give_back(telling, NACK_FAILURE,
		    notifier_backoff_ms(
		        telling->notifier, telling->failures + 1, outcome),
		    "undeliverable");
	else
		give_back(telling, NACK_DEAD, 0, "undeliverable");
}

/* ---- the attempt ---- */

static void
attempt(struct telling *telling, const struct channel *channel, void *self,
    struct text address)
{
	struct notification what = {
		.delivery = text_of(telling->delivery),
		.referral = text_of(telling->item->item),
		.purpose = text_of(telling->purpose),
		.agency = text_of(telling->agency),
		.service = text_of(telling->service),
		.term = text_of(telling->term),
		.urgency = text_of(code_word(CODE_SET_urgency, telling->urgency)),
		.at_ms = clock_wall_ms(),
		.link = text_of(telling->notifier->link),
	};
	enum status status;

	telling->channel = channel->name;
	status = channel->tell(self, address, &what, on_attempted, telling);
	if (status == STATUS_BUSY)
		give_back(telling, NACK_FREE, 250, "channel_busy");
	else if (status != STATUS_OK)
		give_back(telling, NACK_DEAD, 0, "bad_address");
}

static void
on_channel(void *ctx, enum status status, struct text channel, struct text address)
{
	struct telling *telling = ctx;
	struct notifier *notifier = telling->notifier;

	worker_enter(notifier->worker, telling->item);
	if (status == STATUS_OK && text_is(channel, webhook_channel.name))
		attempt(telling, &webhook_channel, &notifier->webhook, address);
	else if (status == STATUS_OK || status == STATUS_ABSENT)
		attempt(telling, &inbox_channel, notifier->inbox, TEXT_ABSENT);
	else
		give_back(telling, NACK_FREE, 1000, status_code(status));
	worker_leave(notifier->worker);
}

static void
on_notify_work(
    struct notifier *notifier, struct worker_item *item, const struct work *work)
{
	struct telling *telling = telling_take(notifier, item, work);

	if (telling == NULL) {
		worker_nack(notifier->worker, item, NACK_FREE, 1000, "no_memory");
		return;
	}
	if (cases_channel_get(
	        notifier->service->cases, work->agency, on_channel, telling) != STATUS_OK)
		give_back(telling, NACK_FREE, 1000, "no_channel");
}

/* ---- clocks ---- */

static void
on_clock_committed(void *ctx, const struct case_result *result)
{
	struct worker_item *item = ctx;
	struct notifier *notifier = item->ctx;

	metrics_add(METRIC_commit_total, status_code(result->status), 1);
	worker_finished(notifier->worker, item);
}

static void
on_clock_work(
    struct notifier *notifier, struct worker_item *item, const struct work *work)
{
	struct case_clock clock = {
		.work = work,
		.by = text_of(notifier->service->config->name),
	};

	clock.next_purpose = clocks_next(notifier->service->config,
	    (enum urgency)work->urgency, work->purpose, &clock.next_ms);
	item->ctx = notifier;
	if (cases_clock(notifier->service->cases, &clock, on_clock_committed, item) !=
	    STATUS_OK)
		worker_nack(notifier->worker, item, NACK_FREE, 1000, "not_committed");
}

static void
on_work(void *self, struct worker_item *item, const struct work *work)
{
	if (item->stage == stage_clock)
		on_clock_work(self, item, work);
	else
		on_notify_work(self, item, work);
}

/* ---- opening and closing ---- */

void
notifier_open(struct notifier *notifier, struct service *service)
{
	const struct config *config = service->config;
	const struct client_settings settings = {
		.is_private_allowed = config->notifier_webhook_private,
		.timeout_ms = config->notifier_webhook_timeout,
	};
	const struct worker_options options = {
		.service = "notifier",
		.upstreams = config->notifier_upstream,
		.window = (unsigned)config->notifier_window,
		.stages = { stage_notify, stage_clock },
		.stages_count = 2,
		.on_work = on_work,
		.self = notifier,
	};

	notifier->service = service;
	(void)snprintf(notifier->link, sizeof notifier->link, "%s/api/v1/inbox",
	    config->notifier_public_url);
	notifier->notify_keys = service_key(service, "notify");
	notifier->client = client_open(service->loop, &settings);
	notifier->inbox = inbox_open(service->loop);
	if (notifier->client == NULL || notifier->inbox == NULL)
		log_die("out of memory");
	notifier->webhook =
	    (struct webhook){ .client = notifier->client, .seal = notifier->notify_keys };
	notifier->worker = worker_open(service, &options);
	notifier->archiver = archiver_open(service);
	notifier->confirmer = confirmer_open(notifier);
}

void
notifier_start(struct notifier *notifier)
{
	worker_start(notifier->worker);
}

void
notifier_close(struct notifier *notifier)
{
	archiver_close(notifier->archiver);
	client_close(notifier->client);
	confirmer_close(notifier->confirmer);
	inbox_close(notifier->inbox);
	worker_close(notifier->worker);
	while (notifier->free != NULL) {
		struct telling *telling = notifier->free;

		notifier->free = telling->next;
		free(telling);
	}
	seal_close(notifier->notify_keys);
}

void
notifier_drain(void *self)
{
	struct notifier *notifier = self;

	worker_drain(notifier->worker);
	archiver_drain(notifier->archiver);
	confirmer_drain(notifier->confirmer);
}

bool
notifier_is_idle(void *self)
{
	const struct notifier *notifier = self;

	return worker_held(notifier->worker) == 0 &&
	       archiver_is_idle(notifier->archiver) &&
	       confirmer_is_idle(notifier->confirmer);
}
