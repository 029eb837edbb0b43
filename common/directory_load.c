/* SPDX-License-Identifier: Apache-2.0
 * Pages of a directory that may be swapped meanwhile. */
#include <stdio.h>
#include <stdlib.h>

#include "common/directory_private.h"
#include "common/id.h"
#include "common/json_edits.h"

#define PAGE "500"
#define VERSION_MAX_BYTES 64

/* "demo=0192…,sanmateo=0192…", or its digest where it is longer than 64 bytes.  False:
 * out of memory. */
static bool
sources_version(const struct sources *sources, char version[VERSION_MAX_BYTES + 1])
{
	size_t size = 1;
	size_t length = 0;
	char *all;

	for (size_t i = 0; i < sources->count; i++)
		size +=
		    strlen(sources->list[i].name) + strlen(sources->list[i].version) + 2;
	all = malloc(size);
	if (all == NULL)
		return false;
	all[0] = '\0';
	for (size_t i = 0; i < sources->count; i++)
		length += (size_t)snprintf(all + length, size - length, "%s%s=%s",
		    i ? "," : "", sources->list[i].name, sources->list[i].version);
	if (length <= VERSION_MAX_BYTES)
		memcpy(version, all, length + 1);
	else
		id_digest(all, length, version);
	free(all);
	return true;
}

static store_done on_sources;
static store_done on_page;
static void load_edits(struct directory *directory);

static void
load_end(struct directory *directory, enum status status)
{
	struct load *load = &directory->load;
	char version[VERSION_MAX_BYTES + 1] = "";

	if (status == STATUS_OK && !sources_version(&load->sources, version))
		status = STATUS_NO_MEMORY;
	free(load->sources.list);
	load->sources = (struct sources){ 0 };
	overlays_free(&load->overlays);
	load->is_running = false;
	if (!directory->is_closed)
		load->done(load->self, status,
		    status == STATUS_OK ? text_of(version) : TEXT_ABSENT);
}

/* Asks for the next page, or whether the sources still stand. */
static enum status
load_next(struct directory *directory)
{
	struct load *load = &directory->load;
	const struct source *source;
	char key[KEY_MAX_BYTES];
	struct text page[] = { LITERAL("HSCAN"), { key, 0 }, text_of(load->cursor),
		LITERAL("COUNT"), LITERAL(PAGE) };
	struct text all[] = { LITERAL("HGETALL"), text_of(directory->sources_key) };

	if (load->at == load->sources.count)
		return directory_ask(directory, 2, all, on_sources, directory);
	source = &load->sources.list[load->at];
	if (!directory_version_key(directory, source->name, source->version, key))
		return STATUS_DAMAGED;
	page[1] = text_of(key);
	return directory_ask(directory, 5, page, on_page, directory);
}

static void
load_go_on(struct directory *directory)
{
	enum status status = load_next(directory);

	if (status != STATUS_OK)
		load_end(directory, status);
}

static void
load_tell(struct load *load, struct text source, struct text id, struct text published)
{
	size_t length;
	char *merged =
	    edits_apply(published, overlays_find(&load->overlays, id), &length);

	load->each(load->self, source, id,
	    merged != NULL ? (struct text){ merged, (uint32_t)length } : published);
	free(merged);
}

static void
on_page(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct load *load = &directory->load;
	const struct store_value *pairs = store_at(value, 1);
	struct text source;

	directory_answered(directory);
	if (status == STATUS_OK &&
	    !text_copy(store_text(store_at(value, 0)), load->cursor, sizeof load->cursor))
		status = STATUS_DAMAGED;
	if (status != STATUS_OK || directory->is_closed) {
		load_end(directory, status);
		directory_release(directory);
		return;
	}
	source = text_of(load->sources.list[load->at].name);
	for (size_t i = 0; i + 1 < store_count(pairs) && !directory->is_closed; i += 2)
		load_tell(load, source, store_text(store_at(pairs, i)),
		    store_text(store_at(pairs, i + 1)));
	if (strcmp(load->cursor, "0") == 0)
		load->at++;
	load_go_on(directory);
	directory_release(directory);
}

/* The sources, first at the start and again at the end: a swap in between has removed
 * what was being read, which looks like an early end. */
static void
on_sources(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct load *load = &directory->load;
	struct sources now = { 0 };
	bool is_first = load->cursor[0] == '\0';

	directory_answered(directory);
	if (status == STATUS_OK)
		status = sources_read(&now, value);
	if (status != STATUS_OK || directory->is_closed ||
	    (!is_first && sources_equal(&now, &load->sources))) {
		free(now.list);
		load_end(directory, status);
		directory_release(directory);
		return;
	}
	if (!is_first)
		load->reset(load->self);
	free(load->sources.list);
	load->sources = now;
	load->at = 0;
	strcpy(load->cursor, "0");
	overlays_free(&load->overlays);
	if (now.count == 0) /* nothing to read that a swap could take away */
		load_end(directory, STATUS_OK);
	else if (directory->kind == DIRECTORY_SERVICES)
		load_edits(directory);
	else
		load_go_on(directory);
	directory_release(directory);
}

/* ---- what is edited, before the documents ---- */

static void
on_edits(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct load *load = &directory->load;
	const struct store_value *pairs = store_at(value, 1);

	directory_answered(directory);
	if (status == STATUS_OK &&
	    !text_copy(store_text(store_at(value, 0)), load->cursor, sizeof load->cursor))
		status = STATUS_DAMAGED;
	for (size_t i = 0; status == STATUS_OK && i + 1 < store_count(pairs); i += 2)
		if (!overlays_add(&load->overlays, store_text(store_at(pairs, i)),
		        store_text(store_at(pairs, i + 1))))
			status = STATUS_NO_MEMORY;
	if (status != STATUS_OK || directory->is_closed) {
		load_end(directory, status);
	} else if (strcmp(load->cursor, "0") == 0) {
		overlays_sort(&load->overlays);
		load_go_on(directory);
	} else {
		load_edits(directory);
	}
	directory_release(directory);
}

static void
load_edits(struct directory *directory)
{
	struct load *load = &directory->load;
	struct text page[] = { LITERAL("HSCAN"), text_of(directory->edits_key),
		text_of(load->cursor), LITERAL("COUNT"), LITERAL(PAGE) };
	enum status status = directory_ask(directory, 5, page, on_edits, directory);

	if (status != STATUS_OK)
		load_end(directory, status);
}

enum status
directory_load(struct directory *directory, loop_call *reset, directory_each *each,
    directory_done *done, void *self)
{
	struct text all[] = { LITERAL("HGETALL"), text_of(directory->sources_key) };
	enum status status;

	if (directory->load.is_running)
		return STATUS_BUSY;
	status = directory_ask(directory, 2, all, on_sources, directory);
	if (status == STATUS_OK)
		directory->load = (struct load){
			.is_running = true,
			.reset = reset,
			.each = each,
			.done = done,
			.self = self,
		};
	return status;
}
