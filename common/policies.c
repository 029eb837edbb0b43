/* SPDX-License-Identifier: Apache-2.0
 * Reads and writes the stream of policies. */
#include "common/policies.h"

#include "common/keys.h"

/* Of one version in a reply: version, at, by, text. */
#define FIELDS 4

static bool
tag_of(const char *cell, char tag[KEY_MAX_BYTES])
{
	int length = snprintf(tag, KEY_MAX_BYTES, "{%s}", cell);

	return length > 0 && length < KEY_MAX_BYTES;
}

enum status
policies_read(
    struct store *store, const char *cell, unsigned most, store_done *done, void *ctx)
{
	char tag[KEY_MAX_BYTES], digits[16];

	if (!tag_of(cell, tag))
		return STATUS_INVALID;
	(void)snprintf(digits, sizeof digits, "%u", most);
	const struct text words[] = { LITERAL("FCALL_RO"), LITERAL("hl_policies"),
		LITERAL("1"), text_of(tag), text_of(digits) };

	return store_call(store, text_of(cell), 5, words, done, ctx);
}

bool
policies_at(
    const struct store_value *value, size_t position, struct policies_entry *entry)
{
	size_t at = position * FIELDS;

	if (at + FIELDS > store_count(value))
		return false;
	*entry = (struct policies_entry){
		.version = (uint32_t)store_integer(store_at(value, at), 0),
		.at_ms = store_integer(store_at(value, at + 1), 0),
		.by = store_text(store_at(value, at + 2)),
		.text = store_text(store_at(value, at + 3)),
	};
	return true;
}

enum status
policies_add(struct store *store, const char *cell, uint32_t version, struct text by,
    struct text text, store_done *done, void *ctx)
{
	char tag[KEY_MAX_BYTES], digits[16];

	if (!tag_of(cell, tag))
		return STATUS_INVALID;
	(void)snprintf(digits, sizeof digits, "%u", version);
	const struct text words[] = { LITERAL("FCALL"), LITERAL("hl_policy"),
		LITERAL("1"), text_of(tag), text_of(digits), by, text };

	return store_call(store, text_of(cell), 7, words, done, ctx);
}
