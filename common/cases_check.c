/* SPDX-License-Identifier: Apache-2.0
 * What fsck reads: walks over all cases and places, and the checks of the functions. */
#include "common/cases_private.h"

/* Keys looked at for one page of a walk. */
#define PAGE "1000"
/* Entries of a set looked at in one call: Redis does nothing else meanwhile. */
#define ENTRIES "200"

/* Keys "{cell}:KIND:ID", all of one kind; the id is what follows. */
static void
read_page(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	const struct store_value *keys = store_at(value, 1);

	result->cursor = store_text(store_at(value, 0));
	for (size_t i = 0; i < store_count(keys); i++) {
		struct text key = store_text(store_at(keys, i));
		const char *colon = memchr(key.at, ':', key.length);
		const char *second = colon
		                         ? memchr(colon + 1, ':',
		                               key.length - 1 - (size_t)(colon - key.at))
		                         : NULL;

		if (second == NULL)
			continue;
		result->count++;
		pending->each.on_id(
		    pending->ctx, (struct text){ second + 1,
		                      key.length - 1 - (uint32_t)(second - key.at) });
	}
}

enum status
cases_names(struct cases *cases, const char *kind, struct text cursor, cases_on_id *on_id,
    cases_done *done, void *ctx)
{
	struct pending *pending;
	char pattern[KEY_MAX_BYTES];
	struct arguments a = { .count = 0 };

	if (!key_make(pattern, cases->cell, kind, "*", NULL))
		return STATUS_INVALID;
	pending = pending_take(cases, read_page, done, ctx);
	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_id = on_id;
	arguments_word(&a, "SCAN");
	arguments_text(&a, cursor);
	arguments_word(&a, "MATCH");
	arguments_word(&a, pattern);
	arguments_word(&a, "COUNT");
	arguments_word(&a, PAGE);
	return pending_send(pending, LITERAL("scan"), &a);
}

static void
read_held(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	pending->each.held(pending->ctx, result->status, store_integer(value, 0));
}

enum status
cases_held(struct cases *cases, struct text service, cases_held_got *got, void *ctx)
{
	struct pending *pending;
	char key[KEY_MAX_BYTES], name[128];
	struct arguments a;

	if (!text_copy(service, name, sizeof name) ||
	    !arguments_key(&a, key, cases, "HGET", "place", name, NULL))
		return STATUS_INVALID;
	pending = pending_take(cases, read_held, NULL, ctx);
	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.held = got;
	arguments_word(&a, "held");
	return pending_send(pending, service, &a);
}

static void
read_place(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	pending->each.place(pending->ctx, result->status,
	    store_integer(store_at(value, 0), 0), store_integer(store_at(value, 1), -1));
}

enum status
cases_check_place(struct cases *cases, struct text service, struct text agency,
    cases_place_counted *counted, void *ctx)
{
	struct pending *pending = pending_take(cases, read_place, NULL, ctx);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.place = counted;
	arguments_begin(&a, cases, "hl_check_place");
	arguments_text(&a, service);
	arguments_text(&a, agency);
	return pending_send(pending, service, &a);
}

static void
read_check(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	for (size_t i = 0; i + 1 < store_count(value); i += 2) {
		struct text first = store_text(store_at(value, i));
		struct text second = store_text(store_at(value, i + 1));

		if (text_is(first, "held")) {
			pending->each.on_check(pending->ctx, second, first);
		} else {
			result->count++;
			pending->each.on_check(pending->ctx, first, second);
		}
	}
}

enum status
cases_check(struct cases *cases, const struct text *case_ids, unsigned count,
    cases_on_check *on_check, cases_done *done, void *ctx)
{
	struct pending *pending = pending_take(cases, read_check, done, ctx);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_check = on_check;
	arguments_begin(&a, cases, "hl_check");
	for (unsigned i = 0; i < count; i++)
		arguments_text(&a, case_ids[i]);
	return pending_send(pending, LITERAL("check"), &a);
}

/* ---- entries of nothing ---- */

static void
read_entries(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	result->cursor = store_text(store_at(value, 0));
	for (size_t i = 1; i + 1 < store_count(value); i += 2) {
		result->count++;
		pending->each.on_check(pending->ctx, store_text(store_at(value, i)),
		    store_text(store_at(value, i + 1)));
	}
}

enum status
cases_check_entries(struct cases *cases, struct text name, struct text cursor,
    cases_on_check *on_check, cases_done *done, void *ctx)
{
	struct pending *pending = pending_take(cases, read_entries, done, ctx);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_check = on_check;
	arguments_begin(&a, cases, "hl_check_entries");
	arguments_text(&a, name);
	arguments_text(&a, cursor);
	arguments_word(&a, ENTRIES);
	return pending_send(pending, LITERAL("check"), &a);
}
