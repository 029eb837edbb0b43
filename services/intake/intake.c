/* SPDX-License-Identifier: Apache-2.0
 * Takes commands apart and hands each to its handler. */
#include "services/intake/intake.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"

/* Everything that intake listens to. */
static const struct {
	enum message_kind kind;
	void (*on_command)(struct intake_service *intake, const struct link_peer *peer);
} ROUTES[] = {
	{ MESSAGE_submit, on_submit },
	{ MESSAGE_amend, on_amend },
	{ MESSAGE_withdraw, on_withdraw },
	{ MESSAGE_answer, on_answer },
};

static void
dispatch(struct intake_service *intake, const struct link_peer *peer)
{
	for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++)
		if (ROUTES[i].kind == intake->message->kind) {
			ROUTES[i].on_command(intake, peer);
			return;
		}
	reply_to_peer(intake, peer, intake->message->id, STATUS_BAD_MESSAGE, NULL);
}

static void
on_bytes(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct intake_service *intake = self;
	struct defects defects = { .count = 0 };
	enum status status;

	if (intake->service->is_draining)
		return; /* unanswered, so the client repeats it: to our successor */
	status =
	    message_decode(intake->decoder, intake->message, bytes, length, &defects);
	if (status != STATUS_OK) {
		metrics_add(METRIC_message_refused_total, status_code(status), 1);
		reply_to_peer(intake, peer, intake->message->id, status, &defects);
		return;
	}
	dispatch(intake, peer);
}

void
handoff_return(struct intake_service *intake, struct text need, uint32_t attempt)
{
	const struct case_nack nack = {
		.stage = stage_match,
		.item = need,
		.attempt = attempt,
		.kind = NACK_FREE,
		.why = LITERAL("worker_lost"),
	};

	(void)!cases_nack(intake->service->cases, &nack, NULL, NULL);
}

/* A matcher died or froze: what it held goes back at once.  What it died on, if anything, its
 * successor knows. */
static void
on_lost(void *self, const char *service, const struct link_lost *items, size_t count)
{
	log_event(LOG_WARN, "worker_lost", LOG_STRING("worker", service),
	    LOG_NUMBER("items", count));
	for (size_t i = 0; i < count; i++)
		handoff_return(self, items[i].item, items[i].attempt);
}

void
intake_open(struct intake_service *intake, struct service *service)
{
	const struct config *config = service->config;
	char why[256];

	intake->service = service;
	intake->identity_keys = service_key(service, "identity");
	intake->routing_keys = service_key(service, "routing");
	intake->index_keys = service_key(service, "index");
	intake->decoder = decoder_new();
	intake->family = (struct family_keys){ intake->identity_keys,
		intake->routing_keys, decoder_new() };
	intake->message = malloc(sizeof *intake->message);
	intake->out = malloc(sizeof *intake->out);
	if (!intake->decoder || !intake->family.decoder || !intake->message ||
	    !intake->out)
		log_die("out of memory");
	if (link_upstream_open(service->link, config->intake_work, on_lost, intake,
	        &intake->work, why, sizeof why) != STATUS_OK)
		log_die("intake.work: %s", why);
	if (link_server_open(service->link, config->intake_commands, on_bytes, intake,
	        &intake->commands, why, sizeof why) != STATUS_OK)
		log_die("intake.commands: %s", why);
}

void
intake_close(struct intake_service *intake)
{
	link_server_close(intake->commands);
	link_upstream_close(intake->work);
	while (intake->free != NULL) {
		struct command *command = intake->free;

		intake->free = command->next;
		free(command);
	}
	decoder_free(intake->decoder);
	decoder_free(intake->family.decoder);
	free(intake->message);
	free(intake->out);
	seal_close(intake->identity_keys);
	seal_close(intake->routing_keys);
	seal_close(intake->index_keys);
}

void
intake_drain(void *self)
{
	(void)self; /* on_bytes takes nothing from now on */
}

bool
intake_is_idle(void *self)
{
	const struct intake_service *intake = self;

	return intake->under_way == 0;
}

/* ---- gauges ---- */

static void
set_age(const char *stage, int64_t oldest_ms)
{
	if (oldest_ms == TIME_ABSENT)
		metrics_clear(METRIC_queue_oldest_ready_seconds, stage);
	else
		metrics_set(
		    METRIC_queue_oldest_ready_seconds, stage, (double)oldest_ms / 1000);
}

static void
on_shape(void *ctx, enum status status, const struct queue_shape *shape)
{
	(void)ctx;
	if (status != STATUS_OK)
		return;
	for (unsigned s = 0; s < code_count(CODE_SET_stage); s++) {
		const char *stage = code_word(CODE_SET_stage, s + 1);
		int64_t oldest_ms = TIME_ABSENT;
		double ready = 0;

		for (int lane = 0; lane < 3; lane++) {
			ready += shape->stages[s].ready[lane].count;
			if (shape->stages[s].ready[lane].oldest_ms > oldest_ms)
				oldest_ms = shape->stages[s].ready[lane].oldest_ms;
		}
		metrics_set(METRIC_queue_ready, stage, ready);
		metrics_set(METRIC_queue_leased, stage, shape->stages[s].leased.count);
		metrics_set(METRIC_queue_delayed, stage, shape->stages[s].delayed.count);
		metrics_set(METRIC_queue_dead, stage, shape->stages[s].dead.count);
		set_age(stage, oldest_ms);
	}
	metrics_set(METRIC_open_cases, NULL, (double)shape->open);
	metrics_set(METRIC_conservation_error, NULL, (double)queue_shape_error(shape));
}

void
intake_second(void *self)
{
	struct intake_service *intake = self;

	(void)!cases_queues(intake->service->cases, on_shape, NULL);
	pressure_look(intake);
}
