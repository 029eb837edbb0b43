/* SPDX-License-Identifier: Apache-2.0
 * Keeps the index current: a whole load into a fresh index, then single changes. */
#include <math.h>
#include <stdlib.h>

#include "common/log.h"
#include "services/matcher/mapped.h"
#include "services/matcher/matcher.h"
#include "services/matcher/wordings.h"

#define HOUR_MS 3600000.0

static void
loading_free(struct matcher *matcher)
{
	index_free(matcher->loading);
	catalogue_free(matcher->catalogue_loading);
	matcher->loading = NULL;
	matcher->catalogue_loading = NULL;
}

/* Both, or none. */
static void
loading_new(struct matcher *matcher)
{
	matcher->loading = index_new();
	matcher->catalogue_loading = catalogue_new();
	if (matcher->loading == NULL || matcher->catalogue_loading == NULL)
		loading_free(matcher);
}

static void
fresh(void *self)
{
	struct matcher *matcher = self;

	loading_free(matcher);
	loading_new(matcher);
}

/* Reads a document into the index; false: it was left out, and logged. */
static bool
take_document(struct matcher *matcher, struct index *index, struct catalogue *catalogue,
    struct text source, struct text id, struct text document)
{
	int64_t ttl_ms = matcher->service->config->directory_capacity_ttl;
	struct service_facts facts;

	if (facts_read(matcher->reader, document, &facts) != STATUS_OK) {
		log_event(LOG_ERROR, "service_unreadable", LOG_TEXT("service", id),
		    LOG_TEXT("source", source));
		return false;
	}
	facts.source = source;
	if (isnan(facts.capacity_ttl_hours) && ttl_ms > 0)
		facts.capacity_ttl_hours = (double)ttl_ms / HOUR_MS;
	index_set_taxonomies(index, matcher->references.taxonomies);
	mapped_widen(matcher->references.taxonomies, &facts);
	wordings_widen(
	    matcher->references.taxonomies, matcher->references.places, &facts);
	if (index_put(index, &facts) == STATUS_OK &&
	    catalogue_put(catalogue, &facts, matcher->reader) == STATUS_OK)
		return true;
	log_event(LOG_ERROR, "service_left_out", LOG_TEXT("service", id));
	return false;
}

static void
on_each(void *self, struct text source, struct text id, struct text document)
{
	struct matcher *matcher = self;

	if (matcher->loading != NULL)
		(void)take_document(matcher, matcher->loading, matcher->catalogue_loading,
		    source, id, document);
}

/* ---- single services ---- */

struct edited {
	struct matcher *matcher;
	char id[INDEX_ID_BYTES];
};

static void
on_edited(void *self, enum status status, const struct directory_entry *entry)
{
	struct edited *edited = self;
	struct matcher *matcher = edited->matcher;
	struct text id = text_of(edited->id);

	if (status == STATUS_OK && matcher->index != NULL)
		(void)take_document(matcher, matcher->index, matcher->catalogue,
		    entry->source, id, entry->document);
	else if (status != STATUS_OK && status != STATUS_ABSENT)
		directory_reload(matcher); /* what was edited must be seen */
	free(edited);
}

/* Reads one service anew. */
static void
service_reload(struct matcher *matcher, struct text id)
{
	struct edited *edited = malloc(sizeof *edited);

	if (edited != NULL && text_copy(id, edited->id, sizeof edited->id)) {
		edited->matcher = matcher;
		if (directory_get_entry(matcher->directory, text_of(edited->id),
		        on_edited, edited) == STATUS_OK)
			return;
	}
	free(edited);
	directory_reload(matcher);
}

/* What is being loaded may have been read before the edit: those services are read again
 * when it is there. */
static void
edited_later(struct matcher *matcher, struct text id)
{
	if (matcher->edited_count == MATCHER_EDITED_MOST ||
	    !text_copy(
	        id, matcher->edited[matcher->edited_count], sizeof matcher->edited[0]))
		matcher->must_reload = true;
	else
		matcher->edited_count++;
}

static void
reload_edited(struct matcher *matcher)
{
	unsigned count = matcher->edited_count;

	matcher->edited_count = 0;
	for (unsigned i = 0; i < count; i++)
		service_reload(matcher, text_of(matcher->edited[i]));
}

/* ---- all of them ---- */

static void
on_loaded(void *self, enum status status, struct text version)
{
	struct matcher *matcher = self;
	bool must_reload = matcher->must_reload;

	matcher->must_reload = false;
	if (status == STATUS_OK && matcher->loading != NULL) {
		index_set_version(matcher->loading, version);
		if (matcher->index != NULL) {
			index_take_capacities(matcher->loading, matcher->index);
			index_take_prices(matcher->loading, matcher->index);
		}
		index_free(matcher->index);
		catalogue_free(matcher->catalogue);
		matcher->index = matcher->loading;
		matcher->catalogue = matcher->catalogue_loading;
		matcher->loading = NULL;
		matcher->catalogue_loading = NULL;
		log_event(LOG_INFO, "directory_loaded", LOG_TEXT("version", version),
		    LOG_NUMBER("services", index_count(matcher->index)));
		matcher->places_at = 0;
		places_load(matcher);
	} else {
		loading_free(matcher);
		log_event(LOG_WARN, "directory_not_loaded",
		    LOG_STRING("status", status_code(status)));
		must_reload = true;
	}
	if (!matcher->is_started && matcher->index != NULL) {
		matcher->is_started = true;
		worker_start(matcher->worker);
		questions_open(matcher);
		service_ready(matcher->service, NULL);
	}
	if (must_reload)
		directory_reload(matcher);
	else
		reload_edited(matcher);
}

void
directory_reload(struct matcher *matcher)
{
	if (matcher->loading != NULL) {
		matcher->must_reload = true;
		return;
	}
	matcher->edited_count = 0; /* the load sees them */
	loading_new(matcher);
	if (matcher->loading == NULL || directory_load(matcher->directory, fresh, on_each,
	                                    on_loaded, matcher) != STATUS_OK)
		log_die("cannot begin to load the directory");
}

static void
take_capacity(struct index *index, const struct directory_change *change)
{
	index_set_capacity(index, change->subject, change->available, change->held);
	if (change->reported_at != TIME_ABSENT)
		index_set_report(index, change->subject, change->reported_at);
}

void
directory_forget_all(struct matcher *matcher)
{
	loading_free(matcher);
	index_free(matcher->index);
	catalogue_free(matcher->catalogue);
}

void
on_directory_change(void *self, const struct directory_change *change)
{
	struct matcher *matcher = self;

	if (change->event == DIRECTORY_SWAPPED) {
		if (change->kind == DIRECTORY_SERVICES)
			directory_reload(matcher);
		else
			references_load(matcher, change->kind);
		return;
	}
	if (change->event == DIRECTORY_EDITED) {
		if (matcher->loading != NULL)
			edited_later(matcher, change->subject);
		if (matcher->index != NULL)
			service_reload(matcher, change->subject);
		return;
	}
	if (change->event == DIRECTORY_ANSWERED) {
		answers_set(matcher->answers, change->subject, change->answers);
		return;
	}
	if (matcher->index != NULL)
		take_capacity(matcher->index, change);
	if (matcher->loading != NULL)
		take_capacity(matcher->loading, change);
}
