/* SPDX-License-Identifier: Apache-2.0
 * Keeps the index current: a whole load into a fresh index, then single changes. */
#include "common/log.h"
#include "services/matcher/matcher.h"

static void
fresh(void *self)
{
	struct matcher *matcher = self;

	index_free(matcher->loading);
	matcher->loading = index_new();
}

static void
on_each(void *self, struct text source, struct text id, struct text document)
{
	struct matcher *matcher = self;
	struct service_facts facts;

	if (matcher->loading == NULL)
		return;
	if (facts_read(matcher->reader, document, &facts) != STATUS_OK) {
		log_event(LOG_ERROR, "service_unreadable", LOG_TEXT("service", id),
		    LOG_TEXT("source", source));
		return;
	}
	facts.source = source;
	if (index_put(matcher->loading, &facts) != STATUS_OK)
		log_event(LOG_ERROR, "service_left_out", LOG_TEXT("service", id));
}

static void
on_loaded(void *self, enum status status, struct text version)
{
	struct matcher *matcher = self;
	bool must_reload = matcher->must_reload;

	matcher->must_reload = false;
	if (status == STATUS_OK && matcher->loading != NULL) {
		index_set_version(matcher->loading, version);
		index_free(matcher->index);
		matcher->index = matcher->loading;
		log_event(LOG_INFO, "directory_loaded", LOG_TEXT("version", version),
		    LOG_NUMBER("services", index_count(matcher->index)));
	} else {
		index_free(matcher->loading);
		log_event(LOG_WARN, "directory_not_loaded",
		    LOG_STRING("status", status_code(status)));
		must_reload = true;
	}
	matcher->loading = NULL;
	if (!matcher->is_started && matcher->index != NULL) {
		matcher->is_started = true;
		worker_start(matcher->worker);
		questions_open(matcher);
		service_ready(matcher->service, NULL);
	}
	if (must_reload)
		directory_reload(matcher);
}

void
directory_reload(struct matcher *matcher)
{
	if (matcher->loading != NULL) {
		matcher->must_reload = true;
		return;
	}
	matcher->loading = index_new();
	if (matcher->loading == NULL || directory_load(matcher->directory, fresh, on_each,
	                                    on_loaded, matcher) != STATUS_OK)
		log_die("cannot begin to load the directory");
}

void
on_directory_change(void *self, const struct directory_change *change)
{
	struct matcher *matcher = self;

	if (change->is_swap) {
		if (change->kind == DIRECTORY_SERVICES)
			directory_reload(matcher);
		return;
	}
	if (matcher->index != NULL)
		index_set_capacity(
		    matcher->index, change->subject, change->available, change->held);
	if (matcher->loading != NULL)
		index_set_capacity(
		    matcher->loading, change->subject, change->available, change->held);
}
