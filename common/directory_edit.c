/* SPDX-License-Identifier: Apache-2.0
 * Single services: what is edited by hand, and whose places are to be confirmed. */
#include <stdio.h>
#include <stdlib.h>

#include "common/directory_private.h"
#include "common/json_edits.h"

/* ---- overlays of a load ---- */

bool
overlays_add(struct overlays *overlays, struct text id, struct text text)
{
	char *copy;

	if (overlays->count == overlays->room) {
		size_t room = overlays->room * 2 + 16;
		struct overlay *list = realloc(overlays->list, room * sizeof *list);

		if (list == NULL)
			return false;
		overlays->list = list;
		overlays->room = room;
	}
	copy = malloc((size_t)id.length + text.length + 1);
	if (copy == NULL || id.length == 0) {
		free(copy);
		return id.length == 0;
	}
	memcpy(copy, id.at, id.length);
	copy[id.length] = '\0';
	if (text.length > 0)
		memcpy(copy + id.length + 1, text.at, text.length);
	overlays->list[overlays->count++] =
	    (struct overlay){ copy, { copy + id.length + 1, text.length } };
	return true;
}

static int
compare(const void *one, const void *other)
{
	return strcmp(
	    ((const struct overlay *)one)->id, ((const struct overlay *)other)->id);
}

void
overlays_sort(struct overlays *overlays)
{
	if (overlays->count > 0)
		qsort(overlays->list, overlays->count, sizeof *overlays->list, compare);
}

struct text
overlays_find(const struct overlays *overlays, struct text id)
{
	char name[KEY_MAX_BYTES];
	struct overlay wanted = { name, TEXT_ABSENT };
	const struct overlay *found = NULL;

	if (overlays->count > 0 && text_copy(id, name, sizeof name))
		found = bsearch(&wanted, overlays->list, overlays->count,
		    sizeof *overlays->list, compare);
	return found != NULL ? found->text : TEXT_ABSENT;
}

void
overlays_free(struct overlays *overlays)
{
	for (size_t i = 0; i < overlays->count; i++)
		free(overlays->list[i].id);
	free(overlays->list);
	*overlays = (struct overlays){ 0 };
}

/* ---- writing ---- */

#define WORDS_BEFORE 8
#define WORDS_OF_EACH 5

enum status
directory_edit(struct directory *directory, struct text service, uint32_t expected,
    struct text command, struct text by, const struct edits *edits, store_done *done,
    void *ctx)
{
	char version[16] = "";
	struct text words[WORDS_BEFORE + WORDS_OF_EACH * EDITS_MOST] = { LITERAL("FCALL"),
		LITERAL("hl_service_edit"), LITERAL("1"), text_of(directory->tag),
		service, { version, 0 }, command, by };
	size_t count = WORDS_BEFORE;

	if (expected != UINT_ABSENT)
		snprintf(version, sizeof version, "%u", expected);
	words[5] = text_of(version);
	for (unsigned i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->list[i];

		words[count++] = text_of(edit->field);
		words[count++] = text_of(edit->base);
		words[count++] = text_of(edit->entry);
		words[count++] = text_of(edit->previous);
		words[count++] = text_of(edit->replacement);
	}
	return store_call(
	    directory->store, text_of(directory->cell), count, words, done, ctx);
}

enum status
directory_history(struct directory *directory, struct text service, unsigned most,
    store_done *done, void *ctx)
{
	char key[KEY_MAX_BYTES], id[KEY_MAX_BYTES], count[16];
	struct text words[] = { LITERAL("XREVRANGE"), { key, 0 }, LITERAL("+"),
		LITERAL("-"), LITERAL("COUNT"), { count, 0 } };

	if (!text_copy(service, id, sizeof id) ||
	    !key_make(key, directory->cell, "history", id, NULL))
		return STATUS_TOO_LARGE;
	snprintf(count, sizeof count, "%u", most);
	words[1] = text_of(key);
	words[5] = text_of(count);
	return store_call(
	    directory->store, text_of(directory->cell), 6, words, done, ctx);
}

enum status
directory_changes(struct directory *directory, struct text from, unsigned most,
    store_done *done, void *ctx)
{
	char count[16];
	struct text words[] = { LITERAL("XRANGE"), text_of(directory->changes_key),
		from.length > 0 ? from : LITERAL("-"), LITERAL("+"), LITERAL("COUNT"),
		{ count, 0 } };

	snprintf(count, sizeof count, "%u", most);
	words[5] = text_of(count);
	return store_call(
	    directory->store, text_of(directory->cell), 6, words, done, ctx);
}

/* ---- places ---- */

#define PLACES_MOST 1000

enum status
directory_places(struct directory *directory, size_t count, const struct text *services,
    store_done *done, void *ctx)
{
	static struct text words[4 + PLACES_MOST];

	if (count > PLACES_MOST)
		return STATUS_TOO_LARGE;
	words[0] = LITERAL("FCALL_RO");
	words[1] = LITERAL("hl_places");
	words[2] = LITERAL("1");
	words[3] = text_of(directory->tag);
	memcpy(words + 4, services, count * sizeof *services);
	return store_call(
	    directory->store, text_of(directory->cell), 4 + count, words, done, ctx);
}

enum status
directory_stale(struct directory *directory, int64_t before, unsigned most,
    store_done *done, void *ctx)
{
	char digits[2][24];
	struct text words[] = { LITERAL("FCALL_RO"), LITERAL("hl_stale"), LITERAL("1"),
		text_of(directory->tag), { digits[0], 0 }, { digits[1], 0 } };

	snprintf(digits[0], sizeof digits[0], "%lld", (long long)before);
	snprintf(digits[1], sizeof digits[1], "%u", most);
	words[4] = text_of(digits[0]);
	words[5] = text_of(digits[1]);
	return store_call(
	    directory->store, text_of(directory->cell), 6, words, done, ctx);
}

enum status
directory_confirm_ask(struct directory *directory, struct text service,
    struct text agency, struct text name, int64_t before, store_done *done, void *ctx)
{
	char digits[24];
	struct text words[] = { LITERAL("FCALL"), LITERAL("hl_confirm_ask"), LITERAL("1"),
		text_of(directory->tag), service, agency.at ? agency : LITERAL(""),
		{ digits, 0 }, name.at ? name : LITERAL("") };

	snprintf(digits, sizeof digits, "%lld", (long long)before);
	words[6] = text_of(digits);
	return store_call(
	    directory->store, text_of(directory->cell), 8, words, done, ctx);
}

enum status
directory_confirm(
    struct directory *directory, struct text service, store_done *done, void *ctx)
{
	const struct text words[] = { LITERAL("FCALL"), LITERAL("hl_capacity_confirm"),
		LITERAL("1"), text_of(directory->tag), service };

	return store_call(
	    directory->store, text_of(directory->cell), 5, words, done, ctx);
}

enum status
directory_confirmations(struct directory *directory, struct text agency, unsigned most,
    store_done *done, void *ctx)
{
	char digits[16];
	struct text words[] = { LITERAL("FCALL_RO"), LITERAL("hl_confirmations"),
		LITERAL("1"), text_of(directory->tag), agency, { digits, 0 } };

	snprintf(digits, sizeof digits, "%u", most);
	words[5] = text_of(digits);
	return store_call(
	    directory->store, text_of(directory->cell), 6, words, done, ctx);
}

/* ---- telling agencies of it ---- */

enum status
directory_confirm_claim(struct directory *directory, unsigned most, int64_t lease_ms,
    store_done *done, void *ctx)
{
	char digits[2][24];
	struct text words[] = { LITERAL("FCALL"), LITERAL("hl_confirm_claim"),
		LITERAL("1"), text_of(directory->tag), { digits[0], 0 },
		{ digits[1], 0 } };

	snprintf(digits[0], sizeof digits[0], "%u", most);
	snprintf(digits[1], sizeof digits[1], "%lld", (long long)lease_ms);
	words[4] = text_of(digits[0]);
	words[5] = text_of(digits[1]);
	return store_call(
	    directory->store, text_of(directory->cell), 6, words, done, ctx);
}

enum status
directory_confirm_told(struct directory *directory, struct text service,
    struct text asked_at, bool is_told, int64_t again_ms, store_done *done, void *ctx)
{
	char digits[24] = "";
	struct text words[] = { LITERAL("FCALL"), LITERAL("hl_confirm_told"),
		LITERAL("1"), text_of(directory->tag), service, asked_at, { digits, 0 },
		is_told ? LITERAL("1") : LITERAL("0") };

	if (!is_told && again_ms != TIME_ABSENT)
		snprintf(digits, sizeof digits, "%lld", (long long)again_ms);
	words[6] = text_of(digits);
	return store_call(
	    directory->store, text_of(directory->cell), 8, words, done, ctx);
}
