/* SPDX-License-Identifier: Apache-2.0
 * Asks Redis what a source has in use. */
#include "deploy/referralctl/import_in_use.h"

#define PAGE "500"

struct page {
	struct import_plan *plan;
	char cursor[32];
	enum status status;
};

static bool
know(struct import_plan *plan, struct text id, struct text document)
{
	uint8_t digest[INDEX_KEY_BYTES];

	import_index_key(document, digest);
	return import_plan_know(plan, id, digest);
}

static void
on_page(void *ctx, enum status status, const struct store_value *value)
{
	struct page *page = ctx;
	const struct store_value *pairs = store_at(value, 1);

	page->status = status;
	if (status == STATUS_OK &&
	    !text_copy(store_text(store_at(value, 0)), page->cursor, sizeof page->cursor))
		page->status = STATUS_DAMAGED;
	for (size_t i = 0; i + 1 < store_count(pairs) && page->status == STATUS_OK;
	     i += 2)
		if (!know(page->plan, store_text(store_at(pairs, i)),
		        store_text(store_at(pairs, i + 1))))
			page->status = STATUS_NO_MEMORY;
}

struct reply {
	enum status status;
	char text[KEY_MAX_BYTES]; /* empty: nil */
	int64_t number;
};

static void
on_reply(void *ctx, enum status status, const struct store_value *value)
{
	struct reply *reply = ctx;

	reply->status = status;
	reply->number = store_integer(value, -1);
	if (status == STATUS_OK && store_kind(value) == STORE_TEXT &&
	    !text_copy(store_text(value), reply->text, sizeof reply->text))
		reply->status = STATUS_DAMAGED;
}

static enum status
ask(const struct import_target *target, size_t count, const struct text *arguments,
    struct reply *reply)
{
	enum status status;

	*reply = (struct reply){ .status = STATUS_UNAVAILABLE };
	status = store_call_wait(target->store, count, arguments, on_reply, reply);
	return status == STATUS_OK ? reply->status : status;
}

static enum status
read_version(const struct import_target *target, char version[KEY_MAX_BYTES])
{
	struct text arguments[] = { LITERAL("HGET"),
		text_of(directory_sources_key(target->directory)),
		text_of(target->source) };
	struct reply reply;
	enum status status;

	status = ask(target, 3, arguments, &reply);
	memcpy(version, reply.text, sizeof reply.text);
	return status;
}

static enum status
read_pages(
    const struct import_target *target, const char *version, struct import_plan *plan)
{
	struct page page = { .plan = plan, .cursor = "0" };
	char key[KEY_MAX_BYTES];

	if (!directory_version_key(target->directory, target->source, version, key))
		return STATUS_TOO_LARGE;
	do {
		struct text arguments[] = { LITERAL("HSCAN"), text_of(key),
			text_of(page.cursor), LITERAL("COUNT"), LITERAL(PAGE) };
		enum status status =
		    store_call_wait(target->store, 5, arguments, on_page, &page);

		if (status == STATUS_OK)
			status = page.status;
		if (status != STATUS_OK)
			return status;
	} while (strcmp(page.cursor, "0") != 0);
	return STATUS_OK;
}

enum status
import_in_use_read(const struct import_target *target, struct import_plan *plan,
    char version[KEY_MAX_BYTES])
{
	char after[KEY_MAX_BYTES];
	enum status status = read_version(target, version);

	if (status == STATUS_OK && version[0] != '\0')
		status = read_pages(target, version, plan);
	if (status == STATUS_OK)
		status = read_version(target, after);
	if (status == STATUS_OK && strcmp(after, version) != 0)
		status = STATUS_STALE;
	if (status != STATUS_OK)
		import_plan_free(plan);
	return status;
}

enum status
import_in_use_count(
    const struct import_target *target, const char *version, uint64_t *count)
{
	char key[KEY_MAX_BYTES];
	struct text arguments[] = { LITERAL("HLEN"), { key, 0 } };
	struct reply reply;
	enum status status;

	if (!directory_version_key(target->directory, target->source, version, key))
		return STATUS_TOO_LARGE;
	arguments[1] = text_of(key);
	status = ask(target, 2, arguments, &reply);
	*count = (uint64_t)reply.number;
	return status;
}
