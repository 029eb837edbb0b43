/* SPDX-License-Identifier: Apache-2.0
 * The stream that tells of changes. */
#include <math.h>
#include <stdlib.h>

#include "common/directory_private.h"
#include "common/log.h"

/* Entries of the change stream taken at once. */
#define CHANGES "1000"
/* Refusals in a row after which a watch is given up: Redis does not know what we ask. */
#define WATCH_REFUSALS_MOST 16

static store_done on_changes;

static double
number_of(struct text text)
{
	char digits[40];
	char *end;
	double number;

	if (text.length == 0 || !text_copy(text, digits, sizeof digits))
		return NAN;
	number = strtod(digits, &end);
	return *end == '\0' ? number : NAN;
}

static int64_t
time_of(struct text text)
{
	double time_ms = number_of(text);

	return time_ms >= 0 && time_ms < 1e15 ? (int64_t)time_ms : TIME_ABSENT;
}

/* Nothing said: services, which were there before the others. */
static enum directory_kind
kind_of(struct text word)
{
	enum directory_kind kind = 0;

	while (kind < DIRECTORY_KINDS && !text_is(word, directory_kind_word(kind)))
		kind++;
	return kind;
}

static void
tell_change(struct directory *directory, const struct store_value *fields)
{
	struct directory_change change = {
		.available = NAN, .held = NAN, .reported_at = TIME_ABSENT
	};
	struct text kind = TEXT_ABSENT;

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));
		struct text value = store_text(store_at(fields, i + 1));

		if (text_is(name, "kind"))
			kind = value;
		else if (text_is(name, "of"))
			change.kind = kind_of(value);
		else if (text_is(name, "subject"))
			change.subject = value;
		else if (text_is(name, "available"))
			change.available = number_of(value);
		else if (text_is(name, "held"))
			change.held = number_of(value);
		else if (text_is(name, "reported_at"))
			change.reported_at = time_of(value);
		else if (text_is(name, "answers"))
			change.answers = value;
	}
	if (change.kind == DIRECTORY_KINDS) /* of a later version of us */
		return;
	if (text_is(kind, "capacity"))
		change.event = DIRECTORY_CAPACITY;
	else if (text_is(kind, "edit"))
		change.event = DIRECTORY_EDITED;
	else if (text_is(kind, "answers"))
		change.event = DIRECTORY_ANSWERED;
	else if (!text_is(kind, "swap"))
		return;
	directory->changed(directory->changed_self, &change);
}

static void
watch_next(struct directory *directory)
{
	struct text arguments[] = { LITERAL("XREAD"), LITERAL("COUNT"), LITERAL(CHANGES),
		LITERAL("BLOCK"), LITERAL("0"), LITERAL("STREAMS"),
		text_of(directory->changes_key), text_of(directory->seen) };
	enum status status = STATUS_UNAVAILABLE;

	if (directory->refusals <= WATCH_REFUSALS_MOST)
		status = store_blocking_call(
		    directory->blocking, 8, arguments, on_changes, directory);
	if (status != STATUS_OK)
		log_event(LOG_ERROR, "directory_watch_ended",
		    LOG_STRING("status", status_code(status)));
}

static void
on_changes(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	const struct store_value *entries = store_at(store_at(value, 0), 1);

	if (directory->is_closed)
		return;
	directory->refusals = status == STATUS_OK ? 0 : directory->refusals + 1;
	for (size_t i = 0; i < store_count(entries); i++) {
		const struct store_value *entry = store_at(entries, i);

		if (text_copy(store_text(store_at(entry, 0)), directory->seen,
		        sizeof directory->seen))
			tell_change(directory, store_at(entry, 1));
	}
	watch_next(directory);
}

/* The newest entry is where watching begins: "$" would forget what happens while a lost
 * connection is reopened. */
static void
on_newest(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct text newest = store_text(store_at(store_at(value, 0), 0));

	directory_answered(directory);
	if (directory->is_closed) {
		directory_release(directory);
		return;
	}
	if (status != STATUS_OK) {
		log_event(LOG_ERROR, "directory_watch_ended",
		    LOG_STRING("status", status_code(status)));
		return;
	}
	if (newest.at == NULL ||
	    !text_copy(newest, directory->seen, sizeof directory->seen))
		strcpy(directory->seen, "0-0");
	watch_next(directory);
}

enum status
directory_watch(struct directory *directory, directory_changed *changed, void *self)
{
	struct text arguments[] = { LITERAL("XREVRANGE"), text_of(directory->changes_key),
		LITERAL("+"), LITERAL("-"), LITERAL("COUNT"), LITERAL("1") };
	enum status status;

	if (directory->changed != NULL)
		return STATUS_BUSY;
	if (directory->blocking == NULL)
		directory->blocking = store_blocking_open(directory->store);
	if (directory->blocking == NULL)
		return STATUS_NO_MEMORY;
	status = directory_ask(directory, 6, arguments, on_newest, directory);
	if (status == STATUS_OK) {
		directory->changed = changed;
		directory->changed_self = self;
	}
	return status;
}
