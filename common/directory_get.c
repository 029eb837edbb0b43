/* SPDX-License-Identifier: Apache-2.0
 * One document, in whichever source it is, with what was edited by hand. */
#include <stdlib.h>

#include "common/directory_private.h"
#include "common/json_edits.h"

/* Beginnings of a read, when each time a swap came between. */
#define GET_ROUNDS 4

struct get {
	struct directory *directory;
	directory_got *got;             /* or */
	directory_entry_got *entry_got; /* this one */
	void *self;
	char *overlay; /* NULL: never edited */
	uint32_t overlay_bytes;
	struct sources sources;
	size_t left; /* sources that were not looked into yet */
	unsigned rounds;
	struct text id; /* behind this struct */
};

static void
get_tell(struct get *get, enum status status, struct text published)
{
	struct directory_entry entry = {
		.published = published,
		.document = published,
		.overlay = { get->overlay, get->overlay_bytes },
	};
	size_t length = 0;
	char *merged =
	    status == STATUS_OK ? edits_apply(published, entry.overlay, &length) : NULL;

	entry.version = edits_version(entry.overlay);
	if (merged != NULL)
		entry.document = (struct text){ merged, (uint32_t)length };
	if (get->left < get->sources.count)
		entry.source = text_of(get->sources.list[get->left].name);
	if (get->got != NULL)
		get->got(get->self, status, entry.document);
	else
		get->entry_got(get->self, status, status == STATUS_OK ? &entry : NULL);
	free(merged);
}

static void
get_end(struct get *get, enum status status, struct text published)
{
	if (status == STATUS_OK && published.at == NULL)
		status = STATUS_ABSENT;
	if (!get->directory->is_closed)
		get_tell(get, status, published);
	free(get->sources.list);
	free(get->overlay);
	free(get);
}

static store_done on_get_sources;

static enum status
get_begin(struct get *get)
{
	struct directory *directory = get->directory;
	struct text all[] = { LITERAL("HGETALL"), text_of(directory->sources_key) };

	return directory_ask(directory, 2, all, on_get_sources, get);
}

static store_done on_document;

static void
get_next(struct get *get)
{
	const struct source *source;
	char key[KEY_MAX_BYTES];
	struct text one[] = { LITERAL("HGET"), { key, 0 }, get->id };
	enum status status = STATUS_DAMAGED;

	source = get->left > 0 ? &get->sources.list[--get->left] : NULL;
	if (source == NULL)
		status = get_begin(get); /* gone, or swapped while we looked? */
	else if (directory_version_key(
	             get->directory, source->name, source->version, key)) {
		one[1] = text_of(key);
		status = directory_ask(get->directory, 3, one, on_document, get);
	}
	if (status != STATUS_OK)
		get_end(get, status, TEXT_ABSENT);
}

static void
on_document(void *ctx, enum status status, const struct store_value *value)
{
	struct get *get = ctx;
	struct directory *directory = get->directory;
	struct text document = store_text(value);

	directory_answered(directory);
	if (status != STATUS_OK || document.at != NULL || directory->is_closed)
		get_end(get, status, document);
	else
		get_next(get);
	directory_release(directory);
}

static void
on_get_sources(void *ctx, enum status status, const struct store_value *value)
{
	struct get *get = ctx;
	struct directory *directory = get->directory;
	struct sources now = { 0 };

	directory_answered(directory);
	if (status == STATUS_OK)
		status = sources_read(&now, value);
	if (status == STATUS_OK && (now.count == 0 || sources_equal(&now, &get->sources)))
		status = STATUS_ABSENT;
	else if (status == STATUS_OK && get->rounds++ == GET_ROUNDS)
		status = STATUS_UNAVAILABLE;
	free(get->sources.list);
	get->sources = now;
	get->left = now.count;
	if (status != STATUS_OK || directory->is_closed)
		get_end(get, status, TEXT_ABSENT);
	else
		get_next(get);
	directory_release(directory);
}

/* What is edited of it is read before the document: an edit that comes between is told of by
 * the change stream. */
static void
on_overlay(void *ctx, enum status status, const struct store_value *value)
{
	struct get *get = ctx;
	struct directory *directory = get->directory;
	struct text overlay = store_text(value);

	directory_answered(directory);
	if (status == STATUS_OK && overlay.length > 0) {
		get->overlay = malloc(overlay.length);
		if (get->overlay == NULL)
			status = STATUS_NO_MEMORY;
		else
			memcpy(get->overlay, overlay.at, overlay.length);
		get->overlay_bytes = overlay.length;
	}
	if (status == STATUS_OK && !directory->is_closed)
		status = get_begin(get);
	else if (status == STATUS_OK)
		status = STATUS_UNAVAILABLE;
	if (status != STATUS_OK)
		get_end(get, status, TEXT_ABSENT);
	directory_release(directory);
}

static enum status
get_open(struct directory *directory, struct text id, directory_got *got,
    directory_entry_got *entry_got, void *self)
{
	struct text one[] = { LITERAL("HGET"), text_of(directory->edits_key), id };
	struct get *get = calloc(1, sizeof *get + id.length);
	enum status status;

	if (get == NULL)
		return STATUS_NO_MEMORY;
	*get = (struct get){
		.directory = directory,
		.got = got,
		.entry_got = entry_got,
		.self = self,
		.id = { (char *)(get + 1), id.length },
	};
	if (id.length > 0)
		memcpy(get + 1, id.at, id.length);
	status = directory->kind == DIRECTORY_SERVICES
	             ? directory_ask(directory, 3, one, on_overlay, get)
	             : get_begin(get);
	if (status != STATUS_OK)
		free(get);
	return status;
}

enum status
directory_get(struct directory *directory, struct text id, directory_got *got, void *self)
{
	return get_open(directory, id, got, NULL, self);
}

enum status
directory_get_entry(
    struct directory *directory, struct text id, directory_entry_got *got, void *self)
{
	return get_open(directory, id, NULL, got, self);
}
