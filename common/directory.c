/* SPDX-License-Identifier: Apache-2.0
 * The directory's handle, the names of what it reads, and writing.
 *
 * Every call of a directory has one route, so Redis sees them in order: a watch that was
 * begun before a load misses nothing between the two. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/directory_private.h"

/* Redis forgets a version that was staged and never swapped in. */
#define STAGED_SECONDS "3600"
/* Documents between two renewals of that. */
#define RENEW_EVERY 5000

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

bool
directory_version_key(const struct directory *directory, const char *source,
    const char *version, char key[KEY_MAX_BYTES])
{
	return key_make(
	    key, directory->cell, KINDS[directory->kind].version, source, version);
}

/* ---- writing ---- */

/* A document and the expiry of its version, told of as one. */
struct staging {
	enum status status; /* of the first of the two that failed */
	store_done *done;   /* NULL: the expiry could not be sent */
	void *ctx;
};

static void
on_staged(void *ctx, enum status status, const struct store_value *value)
{
	struct staging *staging = ctx;

	(void)value;
	staging->status = status;
	if (staging->done == NULL)
		free(staging);
}

static void
on_expiry(void *ctx, enum status status, const struct store_value *value)
{
	struct staging *staging = ctx;

	if (staging->status != STATUS_OK)
		status = staging->status;
	staging->done(staging->ctx, status, status == STATUS_OK ? value : NULL);
	free(staging);
}

/* The expiry is awaited with the document: repeated after the swap, on a connection that
 * was lost, it would end the version in use. */
static enum status
stage_with_expiry(struct directory *directory, const struct text document[4],
    store_done *done, void *ctx)
{
	struct text route = text_of(directory->cell);
	struct text expire[] = { LITERAL("EXPIRE"), document[1],
		LITERAL(STAGED_SECONDS) };
	struct staging *staging = calloc(1, sizeof *staging);
	enum status status;

	if (staging == NULL)
		return STATUS_NO_MEMORY;
	*staging = (struct staging){ STATUS_OK, done, ctx };
	status = store_call(directory->store, route, 4, document, on_staged, staging);
	if (status != STATUS_OK) {
		free(staging);
		return status;
	}
	status = store_call(directory->store, route, 3, expire, on_expiry, staging);
	if (status != STATUS_OK)
		staging->done = NULL;
	return status;
}

enum status
directory_stage(struct directory *directory, struct text source, struct text version,
    struct text id, struct text document, store_done *done, void *ctx)
{
	struct source names;
	char key[KEY_MAX_BYTES];
	struct text arguments[] = { LITERAL("HSET"), TEXT_ABSENT, id, document };
	bool is_new;
	enum status status;

	if (!text_copy(source, names.name, sizeof names.name) ||
	    !text_copy(version, names.version, sizeof names.version) ||
	    !directory_version_key(directory, names.name, names.version, key))
		return STATUS_TOO_LARGE;
	arguments[1] = text_of(key);
	is_new = strcmp(key, directory->staged_key) != 0;
	if (!is_new && directory->staged_count % RENEW_EVERY != 0)
		status = store_call(
		    directory->store, text_of(directory->cell), 4, arguments, done, ctx);
	else
		status = stage_with_expiry(directory, arguments, done, ctx);
	if (status == STATUS_OK) {
		directory->staged_count = is_new ? 1 : directory->staged_count + 1;
		memcpy(directory->staged_key, key, sizeof key);
	}
	return status;
}

enum status
directory_swap(struct directory *directory, struct text source, struct text expected,
    struct text version, store_done *done, void *ctx)
{
	struct text arguments[] = { LITERAL("FCALL"), LITERAL("hl_directory_swap"),
		LITERAL("1"), text_of(directory->tag), source,
		expected.at ? expected : LITERAL(""), version,
		text_of(directory_kind_word(directory->kind)) };

	return store_call(
	    directory->store, text_of(directory->cell), 8, arguments, done, ctx);
}

/* As text; empty where it is unknown. */
static struct text
print_number(double number, char digits[40])
{
	digits[0] = '\0';
	if (!isnan(number))
		snprintf(digits, 40, "%.15g", number);
	return text_of(digits);
}

enum status
directory_capacity(struct directory *directory, struct text service, double available,
    double maximum, int64_t reported_at, store_done *done, void *ctx)
{
	char digits[3][40];
	struct text arguments[] = { LITERAL("FCALL"), LITERAL("hl_capacity"),
		LITERAL("1"), text_of(directory->tag), service,
		print_number(available, digits[0]), print_number(maximum, digits[1]),
		{ digits[2], 0 } };

	snprintf(digits[2], sizeof digits[2], "%lld", (long long)reported_at);
	arguments[7] = text_of(digits[2]);
	return store_call(
	    directory->store, text_of(directory->cell), 8, arguments, done, ctx);
}
