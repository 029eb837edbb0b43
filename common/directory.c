/* SPDX-License-Identifier: Apache-2.0
 * The directory's handle and the names of what it reads.
 *
 * Every call of a directory has one route, so Redis sees them in order: a watch that was
 * begun before a load misses nothing between the two. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/directory_private.h"

void
directory_release(struct directory *directory)
{
	if (!directory->is_closed || directory->calls > 0)
		return;
	free(directory->load.sources.list);
	overlays_free(&directory->load.overlays);
	free(directory->cell);
	free(directory);
}

/* The names that each kind's keys have. */
static const struct kind {
	const char *word, *sources, *version;
} KINDS[DIRECTORY_KINDS] = {
	[DIRECTORY_SERVICES] = { "services", "directory", "service" },
	[DIRECTORY_TAXONOMIES] = { "taxonomies", "taxonomies", "taxonomy" },
	[DIRECTORY_PLACES] = { "places", "gazetteers", "gazetteer" },
};

const char *
directory_kind_word(enum directory_kind kind)
{
	return KINDS[kind].word;
}

struct directory *
directory_open(struct store *store, const char *cell, enum directory_kind kind)
{
	struct directory *directory = calloc(1, sizeof *directory);

	if (directory == NULL)
		return NULL;
	directory->store = store;
	directory->kind = kind;
	directory->cell = strdup(cell);
	if (directory->cell == NULL ||
	    (size_t)snprintf(directory->tag, KEY_MAX_BYTES, "{%s}", cell) >=
	        KEY_MAX_BYTES ||
	    !key_make(directory->sources_key, cell, KINDS[kind].sources, NULL, NULL) ||
	    !key_make(directory->changes_key, cell, "changes", NULL, NULL) ||
	    !key_make(directory->edits_key, cell, "edits", NULL, NULL)) {
		directory->is_closed = true;
		directory_release(directory);
		return NULL;
	}
	return directory;
}

void
directory_close(struct directory *directory)
{
	if (directory == NULL)
		return;
	directory->is_closed = true;
	directory->changed = NULL;
	store_blocking_close(directory->blocking);
	directory->blocking = NULL;
	directory_release(directory);
}

enum status
directory_ask(struct directory *directory, size_t count, const struct text *arguments,
    store_done *done, void *ctx)
{
	enum status status = store_call(
	    directory->store, text_of(directory->cell), count, arguments, done, ctx);

	if (status == STATUS_OK)
		directory->calls++;
	return status;
}

void
directory_answered(struct directory *directory)
{
	assert(directory->calls > 0);
	directory->calls--;
}

/* ---- sources ---- */

static int
compare_sources(const void *one, const void *other)
{
	return strcmp(
	    ((const struct source *)one)->name, ((const struct source *)other)->name);
}

enum status
sources_read(struct sources *sources, const struct store_value *value)
{
	size_t count = store_count(value) / 2;

	*sources = (struct sources){ 0 };
	if (count == 0)
		return STATUS_OK;
	sources->list = calloc(count, sizeof *sources->list);
	if (sources->list == NULL)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		struct source *source = &sources->list[i];

		if (!text_copy(store_text(store_at(value, 2 * i)), source->name,
		        sizeof source->name) ||
		    !text_copy(store_text(store_at(value, 2 * i + 1)), source->version,
		        sizeof source->version)) {
			free(sources->list);
			*sources = (struct sources){ 0 };
			return STATUS_DAMAGED;
		}
	}
	sources->count = count;
	qsort(sources->list, count, sizeof *sources->list, compare_sources);
	return STATUS_OK;
}

bool
sources_equal(const struct sources *one, const struct sources *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->list[i].name, other->list[i].name) != 0 ||
		    strcmp(one->list[i].version, other->list[i].version) != 0)
			return false;
	return true;
}

const char *
directory_sources_key(const struct directory *directory)
{
	return directory->sources_key;
}

const char *
directory_edits_key(const struct directory *directory)
{
	return directory->edits_key;
}

bool
directory_version_key(const struct directory *directory, const char *source,
    const char *version, char key[KEY_MAX_BYTES])
{
	return key_make(
	    key, directory->cell, KINDS[directory->kind].version, source, version);
}
