/* SPDX-License-Identifier: Apache-2.0
 * Opens and closes the matcher. */
#include "services/matcher/matcher.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/metrics.h"

/* A notifier died or froze: what it held goes back.  Its successor knows what it died on. */
static void
on_lost(void *self, const char *service, const struct link_lost *items, size_t count)
{
	log_event(LOG_WARN, "worker_lost", LOG_STRING("worker", service),
	    LOG_NUMBER("items", count));
	for (size_t i = 0; i < count; i++)
		give_telling_back(self, items[i].item, items[i].attempt);
}

static void
open_memory(struct matcher *matcher)
{
	matcher->decoder = decoder_new();
	matcher->asked = decoder_new();
	matcher->question = malloc(sizeof *matcher->question);
	matcher->out = malloc(sizeof *matcher->out);
	matcher->intake = malloc(sizeof *matcher->intake);
	matcher->why = malloc(sizeof *matcher->why);
	matcher->reader = facts_reader_new();
	matcher->loads = loads_new();
	matcher->answers = answers_new();
	matcher->directory = directory_open(matcher->service->store,
	    matcher->service->config->redis_cell, DIRECTORY_SERVICES);
	if (!matcher->decoder || !matcher->asked || !matcher->question || !matcher->out ||
	    !matcher->intake || !matcher->why || !matcher->loads || !matcher->answers ||
	    !matcher->reader || !matcher->directory)
		log_die("out of memory");
}

void
matcher_open(struct matcher *matcher, struct service *service)
{
	const struct config *config = service->config;
	const struct worker_options options = {
		.service = "matcher",
		.upstreams = config->matcher_upstream,
		.window = (unsigned)config->matcher_window,
		.stages = { stage_match },
		.stages_count = 1,
		.on_work = on_match_work,
		.self = matcher,
	};
	char why[256];

	matcher->service = service;
	matcher->policy = POLICY_STANDARD;
	matcher->routing_keys = service_key(service, "routing");
	open_memory(matcher);
	if (link_upstream_open(service->link, config->matcher_work, on_lost, matcher,
	        &matcher->notifiers, why, sizeof why) != STATUS_OK)
		log_die("matcher.work: %s", why);
	matcher->worker = worker_open(service, &options);
	if (directory_watch(matcher->directory, on_directory_change, matcher) !=
	    STATUS_OK)
		log_die("cannot watch the directory");
	policy_look(matcher);
	references_open(matcher);
}

void
matcher_close(struct matcher *matcher)
{
	worker_close(matcher->worker);
	link_server_close(matcher->queries);
	link_upstream_close(matcher->notifiers);
	directory_close(matcher->directory);
	references_close(&matcher->references);
	facts_reader_free(matcher->reader);
	directory_forget_all(matcher);
	offers_free(matcher);
	loads_free(matcher->loads);
	answers_free(matcher->answers);
	decoder_free(matcher->decoder);
	decoder_free(matcher->asked);
	free(matcher->question);
	free(matcher->out);
	free(matcher->intake);
	free(matcher->why);
	seal_close(matcher->routing_keys);
}

void
matcher_drain(void *self)
{
	struct matcher *matcher = self;

	worker_drain(matcher->worker);
}

bool
matcher_is_idle(void *self)
{
	const struct matcher *matcher = self;

	return worker_held(matcher->worker) == 0;
}

void
matcher_second(void *self)
{
	struct matcher *matcher = self;

	if (matcher->index != NULL)
		metrics_set(
		    METRIC_directory_services, NULL, (double)index_count(matcher->index));
	confirm_look(matcher);
	policy_look(matcher);
}
