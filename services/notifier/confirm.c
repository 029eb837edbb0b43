/* SPDX-License-Identifier: Apache-2.0
 * Agencies with a webhook are told there too that places are to be confirmed. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/directory.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/notifier/notifier.h"

#define LOOK_EVERY_MS 2000
#define QUESTIONS_MOST 16
/* Beyond the longest attempt: what a notifier that died had claimed is due again then. */
#define LEASE_MORE_MS 30000

struct confirmer {
	struct notifier *notifier;
	struct directory *directory;
	struct loop_timer *timer;
	bool is_looking, is_draining;
	unsigned under_way; /* questions */
};

/* One that is being told. */
struct question {
	struct confirmer *confirmer;
	unsigned tries;
	char service[65], agency[65], asked_at[24], delivery[128];
};

static void
question_end(struct question *question)
{
	question->confirmer->under_way--;
	free(question);
}

/* Where it was not kept, the lease runs out and the same delivery is made again. */
static void
on_kept(void *ctx, enum status status, const struct store_value *value)
{
	struct question *question = ctx;

	(void)value;
	if (status != STATUS_OK)
		log_event(LOG_WARN, "confirmation_not_kept",
		    LOG_STRING("service", question->service),
		    LOG_STRING("status", status_code(status)));
	question_end(question);
}

static void
keep(struct question *question, bool is_told, int64_t again_ms)
{
	if (directory_confirm_told(question->confirmer->directory,
	        text_of(question->service), text_of(question->asked_at), is_told,
	        again_ms, on_kept, question) != STATUS_OK)
		question_end(question);
}

/* ---- the attempt ---- */

static void
on_attempted(void *ctx, const struct channel_outcome *outcome)
{
	struct question *question = ctx;
	const struct config *config = question->confirmer->notifier->service->config;
	bool is_last = question->tries >= (unsigned)config->limits_failures_most ||
	               outcome->status != STATUS_UNAVAILABLE;

	metrics_add(METRIC_delivery_total, status_code(outcome->status), 1);
	if (outcome->status == STATUS_OK) {
		keep(question, true, TIME_ABSENT);
		return;
	}
	log_event(LOG_WARN, "confirmation_not_delivered",
	    LOG_STRING("service", question->service),
	    LOG_STRING("agency", question->agency),
	    LOG_STRING("detail", outcome->detail));
	keep(question, false,
	    is_last ? TIME_ABSENT
	            : notifier_backoff_ms(
	                  question->confirmer->notifier, question->tries, outcome));
}

static void
on_channel(void *ctx, enum status status, struct text channel, struct text address)
{
	struct question *question = ctx;
	struct notifier *notifier = question->confirmer->notifier;
	const struct notification what = {
		.delivery = text_of(question->delivery),
		.referral = LITERAL(""),
		.purpose = LITERAL("confirm"),
		.agency = text_of(question->agency),
		.service = text_of(question->service),
		.term = LITERAL(""),
		.urgency = LITERAL(""),
		.at_ms = strtoll(question->asked_at, NULL, 10),
		.link = text_of(notifier->link),
	};

	if (status != STATUS_OK && status != STATUS_ABSENT) {
		question_end(question); /* the lease runs out */
		return;
	}
	if (status == STATUS_ABSENT || !text_is(channel, webhook_channel.name)) {
		keep(question, false, TIME_ABSENT); /* the inbox is its channel now */
		return;
	}
	status = webhook_channel.tell(
	    &notifier->webhook, address, &what, on_attempted, question);
	if (status == STATUS_BUSY)
		question_end(question);
	else if (status != STATUS_OK)
		keep(question, false, TIME_ABSENT);
}

/* ---- the look ---- */

static void
begin(struct confirmer *confirmer, const struct store_value *value, size_t at)
{
	struct question *question = malloc(sizeof *question);

	if (question == NULL)
		return;
	question->confirmer = confirmer;
	question->tries = (unsigned)store_integer(store_at(value, at + 3), 1);
	(void)text_copy(
	    store_text(store_at(value, at)), question->service, sizeof question->service);
	(void)text_copy(store_text(store_at(value, at + 1)), question->agency,
	    sizeof question->agency);
	(void)text_copy(store_text(store_at(value, at + 2)), question->asked_at,
	    sizeof question->asked_at);
	(void)snprintf(question->delivery, sizeof question->delivery, "%s-confirm-%s",
	    question->service, question->asked_at);
	confirmer->under_way++;
	if (cases_channel_get(confirmer->notifier->service->cases,
	        text_of(question->agency), on_channel, question) != STATUS_OK)
		question_end(question);
}

static void
on_claimed(void *ctx, enum status status, const struct store_value *value)
{
	struct confirmer *confirmer = ctx;

	confirmer->is_looking = false;
	for (size_t i = 0; status == STATUS_OK && i + 3 < store_count(value); i += 4)
		begin(confirmer, value, i);
}

static void
look(void *self)
{
	struct confirmer *confirmer = self;
	const struct config *config = confirmer->notifier->service->config;

	if (confirmer->is_looking || confirmer->is_draining || confirmer->under_way > 0)
		return;
	confirmer->is_looking =
	    directory_confirm_claim(confirmer->directory, QUESTIONS_MOST,
	        config->notifier_webhook_timeout + LEASE_MORE_MS, on_claimed,
	        confirmer) == STATUS_OK;
}

/* ---- opening and closing ---- */

struct confirmer *
confirmer_open(struct notifier *notifier)
{
	struct service *service = notifier->service;
	struct confirmer *confirmer = calloc(1, sizeof *confirmer);

	if (confirmer == NULL)
		log_die("out of memory");
	confirmer->notifier = notifier;
	confirmer->directory = directory_open(
	    service->store, service->config->redis_cell, DIRECTORY_SERVICES);
	confirmer->timer = loop_every(service->loop, LOOK_EVERY_MS, look, confirmer);
	if (confirmer->directory == NULL || confirmer->timer == NULL)
		log_die("out of memory");
	return confirmer;
}

void
confirmer_close(struct confirmer *confirmer)
{
	loop_timer_free(confirmer->timer);
	directory_close(confirmer->directory);
	free(confirmer);
}

void
confirmer_drain(struct confirmer *confirmer)
{
	confirmer->is_draining = true;
}

bool
confirmer_is_idle(const struct confirmer *confirmer)
{
	return !confirmer->is_looking && confirmer->under_way == 0;
}
