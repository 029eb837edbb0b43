/* SPDX-License-Identifier: Apache-2.0
 * Keeps taxonomies and places current: each is loaded as a whole, then taken into use. */
#include "services/matcher/references.h"

#include "common/log.h"
#include "services/matcher/mapped.h"
#include "services/matcher/matcher.h"

static void
leave_out(enum directory_kind kind, struct text source, struct text id)
{
	log_event(LOG_ERROR, "reference_left_out",
	    LOG_STRING("kind", directory_kind_word(kind)), LOG_TEXT("source", source),
	    LOG_TEXT("id", id));
}

/* ---- places ---- */

static void
fresh_places(void *self)
{
	struct references *references = &((struct matcher *)self)->references;

	places_free(references->places_loading);
	references->places_loading = places_new();
}

static void
on_place(void *self, struct text source, struct text id, struct text document)
{
	struct references *references = &((struct matcher *)self)->references;

	if (references->places_loading == NULL ||
	    places_read(references->places_loading, document) != STATUS_OK)
		leave_out(DIRECTORY_PLACES, source, id);
}

static bool
use_places(struct references *references)
{
	struct places *places = references->places_loading;

	references->places_loading = NULL;
	if (places == NULL || places_settle(places) != STATUS_OK) {
		places_free(places);
		return false;
	}
	places_free(references->places);
	references->places = places;
	return true;
}

/* ---- taxonomies ---- */

static void
fresh_taxonomies(void *self)
{
	struct references *references = &((struct matcher *)self)->references;

	taxonomies_free(references->taxonomies_loading);
	references->taxonomies_loading = taxonomies_new();
}

static void
on_term(void *self, struct text source, struct text id, struct text document)
{
	struct references *references = &((struct matcher *)self)->references;

	if (references->taxonomies_loading == NULL ||
	    taxonomies_read(references->taxonomies_loading, document) != STATUS_OK)
		leave_out(DIRECTORY_TAXONOMIES, source, id);
}

/* The index in use explains by the new ones until it is replaced itself. */
static bool
use_taxonomies(struct matcher *matcher)
{
	struct references *references = &matcher->references;
	struct taxonomies *taxonomies = references->taxonomies_loading;

	references->taxonomies_loading = NULL;
	if (taxonomies == NULL || taxonomies_settle(taxonomies) != STATUS_OK) {
		taxonomies_free(taxonomies);
		return false;
	}
	if (matcher->index != NULL)
		index_set_taxonomies(matcher->index, taxonomies);
	if (matcher->loading != NULL)
		index_set_taxonomies(matcher->loading, taxonomies);
	taxonomies_free(references->taxonomies);
	references->taxonomies = taxonomies;
	return true;
}

/* ---- loading ---- */

static void
on_loaded(struct matcher *matcher, enum directory_kind kind, enum status status,
    bool is_used, size_t count)
{
	struct references *references = &matcher->references;
	bool must_reload = references->must_reload[kind] || !is_used;

	references->must_reload[kind] = false;
	log_event(is_used ? LOG_INFO : LOG_WARN,
	    is_used ? "references_loaded" : "references_not_loaded",
	    LOG_STRING("kind", directory_kind_word(kind)),
	    LOG_STRING("status", status_code(status)), LOG_NUMBER("count", count));
	if (must_reload)
		references_load(matcher, kind);
	else if (kind == DIRECTORY_PLACES && !references->is_loaded)
		references_load(matcher, DIRECTORY_TAXONOMIES);
	else
		directory_reload(matcher);
	references->is_loaded |= kind == DIRECTORY_TAXONOMIES && !must_reload;
}

static void
on_places(void *self, enum status status, struct text version)
{
	struct matcher *matcher = self;
	struct references *references = &matcher->references;
	bool is_used = status == STATUS_OK && use_places(references);

	(void)version;
	places_free(references->places_loading);
	references->places_loading = NULL;
	on_loaded(matcher, DIRECTORY_PLACES, status, is_used,
	    references->places ? places_count(references->places) : 0);
}

static void
on_taxonomies(void *self, enum status status, struct text version)
{
	struct matcher *matcher = self;
	struct references *references = &matcher->references;
	bool is_used = status == STATUS_OK && use_taxonomies(matcher);

	(void)version;
	taxonomies_free(references->taxonomies_loading);
	references->taxonomies_loading = NULL;
	on_loaded(matcher, DIRECTORY_TAXONOMIES, status, is_used,
	    references->taxonomies ? taxonomies_count_terms(references->taxonomies) : 0);
}

void
references_load(struct matcher *matcher, enum directory_kind kind)
{
	bool is_places = kind == DIRECTORY_PLACES;
	struct references *references = &matcher->references;
	enum status status = directory_load(references->directories[kind],
	    is_places ? fresh_places : fresh_taxonomies, is_places ? on_place : on_term,
	    is_places ? on_places : on_taxonomies, matcher);

	if (status == STATUS_BUSY)
		references->must_reload[kind] = true;
	else if (status != STATUS_OK)
		log_die("cannot begin to load %s", directory_kind_word(kind));
	else if (is_places && references->places_loading == NULL)
		references->places_loading = places_new();
	else if (!is_places && references->taxonomies_loading == NULL)
		references->taxonomies_loading = taxonomies_new();
}

void
references_open(struct matcher *matcher)
{
	struct service *service = matcher->service;

	for (enum directory_kind kind = DIRECTORY_TAXONOMIES; kind < DIRECTORY_KINDS;
	     kind++) {
		matcher->references.directories[kind] =
		    directory_open(service->store, service->config->redis_cell, kind);
		if (matcher->references.directories[kind] == NULL)
			log_die("out of memory");
	}
	references_load(matcher, DIRECTORY_PLACES);
}

void
references_close(struct references *references)
{
	for (enum directory_kind kind = 0; kind < DIRECTORY_KINDS; kind++)
		directory_close(references->directories[kind]);
	taxonomies_free(references->taxonomies);
	taxonomies_free(references->taxonomies_loading);
	places_free(references->places);
	places_free(references->places_loading);
}
