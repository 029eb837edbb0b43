/* SPDX-License-Identifier: Apache-2.0
 * One document, in whichever source it is. */
#include <stdlib.h>

#include "common/directory_private.h"

/* Beginnings of a read, when each time a swap came between. */
#define GET_ROUNDS 4

struct get {
	struct directory *directory;
	directory_got *got;
	void *self;
	struct sources sources;
	size_t left; /* sources that were not looked into yet */
	unsigned rounds;
	struct text id; /* behind this struct */
};

static void
get_end(struct get *get, enum status status, struct text document)
{
	if (!get->directory->is_closed)
		get->got(get->self, status, document);
	free(get->sources.list);
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

enum status
directory_get(struct directory *directory, struct text id, directory_got *got, void *self)
{
	struct get *get = calloc(1, sizeof *get + id.length);
	enum status status;

	if (get == NULL)
		return STATUS_NO_MEMORY;
	*get = (struct get){
		.directory = directory,
		.got = got,
		.self = self,
		.id = { (char *)(get + 1), id.length },
	};
	if (id.length > 0)
		memcpy(get + 1, id.at, id.length);
	status = get_begin(get);
	if (status != STATUS_OK)
		free(get);
	return status;
}
