/* SPDX-License-Identifier: Apache-2.0
 * Lists of cases and referrals, queues, channels and accounts. */
#include "common/cases_private.h"

#include <stdlib.h>

/* ---- lists of ids ---- */

static void
read_ids(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	for (size_t i = 0; i < store_count(value); i++) {
		result->count++;
		pending->each.on_id(pending->ctx, store_text(store_at(value, i)));
	}
}

static enum status
range(struct cases *cases, const char *command, const char *first, const char *second,
    unsigned offset, unsigned most, cases_on_id *on_id, cases_done *done, void *ctx)
{
	struct pending *pending;
	char key[KEY_MAX_BYTES];
	struct arguments a;

	if (!arguments_key(&a, key, cases, command, first, second, NULL))
		return STATUS_INVALID;
	pending = pending_take(cases, read_ids, done, ctx);
	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_id = on_id;
	/* An end of -1 would be the last one. */
	arguments_number(&a, most > 0 ? offset : 1);
	arguments_number(&a, most > 0 ? (int64_t)offset + most - 1 : 0);
	return pending_send(pending, text_of(first), &a);
}

/* How many are open, then ids of them. */
static void
read_list(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	unsigned open = (unsigned)store_integer(store_at(value, 0), 0);

	for (size_t i = 1; i < store_count(value); i++) {
		result->count++;
		pending->each.on_id(pending->ctx, store_text(store_at(value, i)));
	}
	pending->offset -= pending->offset < open ? pending->offset : open;
	pending->most -= result->count;
	if (result->status == STATUS_OK && pending->most > 0)
		find_archived(pending, NULL, result);
}

enum status
cases_list(struct cases *cases, struct text word, unsigned offset, unsigned most,
    cases_on_id *on_id, cases_done *done, void *ctx)
{
	struct pending *pending = pending_take(cases, read_list, done, ctx);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_id = on_id;
	pending->offset = offset;
	pending->most = most;
	(void)text_copy(word, pending->what, sizeof pending->what);
	arguments_begin(&a, cases, "hl_list");
	arguments_number(&a, offset);
	arguments_number(&a, most);
	return pending_send(pending, LITERAL("open"), &a);
}

enum status
cases_inbox(struct cases *cases, struct text agency, unsigned offset, unsigned most,
    cases_on_id *on_id, cases_done *done, void *ctx)
{
	char name[128];

	if (!text_copy(agency, name, sizeof name))
		return STATUS_INVALID;
	return range(cases, "ZRANGE", "inbox", name, offset, most, on_id, done, ctx);
}

enum status
cases_dead_list(struct cases *cases, enum stage stage, unsigned offset, unsigned most,
    cases_on_id *on_id, cases_done *done, void *ctx)
{
	return range(cases, "ZRANGE", code_word(CODE_SET_stage, stage), "dead", offset,
	    most, on_id, done, ctx);
}

/* An archive may hold more of one place than anybody reads. */
#define ARCHIVED_MOST 10000

static void
read_found(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	read_ids(pending, value, result);
	if (result->status == STATUS_OK)
		find_archived(pending, value, result);
}

enum status
cases_find(struct cases *cases, const char *kind, struct text blind, cases_on_id *on_id,
    cases_done *done, void *ctx)
{
	struct pending *pending;
	char key[KEY_MAX_BYTES], digits[KEY_INDEX_DIGITS + 1];
	struct arguments a;

	(void)snprintf(digits, sizeof digits, "%.*s", (int)blind.length, blind.at);
	if (!arguments_key(&a, key, cases, "ZRANGEBYSCORE", kind, digits, NULL))
		return STATUS_INVALID;
	arguments_text(&a, blind);
	arguments_text(&a, blind);
	pending = pending_take(cases, read_found, done, ctx);
	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_id = on_id;
	pending->most = ARCHIVED_MOST;
	(void)cases_word(kind, blind, pending->what);
	return pending_send(pending, blind, &a);
}

/* ---- channels and accounts ---- */

/* Stored as "channel address" and "role person agency": a word has no blank. */
static struct text
next_word(struct text *rest)
{
	struct text word = *rest;
	const char *blank = rest->at ? memchr(rest->at, ' ', rest->length) : NULL;

	if (blank == NULL) {
		*rest = (struct text){ rest->at ? rest->at + rest->length : NULL, 0 };
		return word;
	}
	word.length = (uint32_t)(blank - word.at);
	*rest = (struct text){ blank + 1, rest->length - word.length - 1 };
	return word;
}

static void
read_channel(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct text rest = store_text(value);
	struct text channel = next_word(&rest);

	if (result->status == STATUS_OK && channel.at == NULL)
		result->status = STATUS_ABSENT;
	pending->each.channel(pending->ctx, result->status, channel, rest);
}

enum status
cases_channel_get(
    struct cases *cases, struct text agency, cases_channel_got *got, void *ctx)
{
	struct pending *pending = pending_take(cases, read_channel, NULL, ctx);
	char key[KEY_MAX_BYTES];
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.channel = got;
	(void)arguments_key(&a, key, cases, "HGET", "channel", NULL, NULL);
	arguments_text(&a, agency);
	return pending_send(pending, agency, &a);
}

/* A plain write has no status word. */
static void
read_written(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	(void)value;
	(void)result;
}

static enum status
write_hash(struct cases *cases, const char *name, struct text field, const char *value,
    cases_done *done, void *ctx)
{
	char key[KEY_MAX_BYTES];
	struct arguments a;

	(void)arguments_key(&a, key, cases, "HSET", name, NULL, NULL);
	arguments_text(&a, field);
	arguments_word(&a, value);
	return pending_send(pending_take(cases, read_written, done, ctx), field, &a);
}

enum status
cases_channel_set(struct cases *cases, struct text agency, struct text channel,
    struct text address, cases_done *done, void *ctx)
{
	char value[2200];
	int length = snprintf(value, sizeof value, "%.*s %.*s", (int)channel.length,
	    channel.at, (int)address.length, address.at);

	if (length < 0 || (size_t)length >= sizeof value)
		return STATUS_INVALID;
	return write_hash(cases, "channel", agency, value, done, ctx);
}

enum status
cases_account_set(struct cases *cases, struct text digest, enum role role,
    struct text person, struct text agency, cases_done *done, void *ctx)
{
	char value[256];
	int length = snprintf(value, sizeof value, "%s %.*s %.*s",
	    code_word(CODE_SET_role, role), (int)person.length, person.at,
	    (int)agency.length, agency.at ? agency.at : "");

	if (length < 0 || (size_t)length >= sizeof value)
		return STATUS_INVALID;
	return write_hash(cases, "account", digest, value, done, ctx);
}

enum status
cases_account_remove(struct cases *cases, struct text digest, cases_done *done, void *ctx)
{
	char key[KEY_MAX_BYTES];
	struct arguments a;

	(void)arguments_key(&a, key, cases, "HDEL", "account", NULL, NULL);
	arguments_text(&a, digest);
	return pending_send(pending_take(cases, read_written, done, ctx), digest, &a);
}

static void
read_accounts(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	for (size_t i = 0; i + 1 < store_count(value); i += 2) {
		struct text rest = store_text(store_at(value, i + 1));
		enum role role = (enum role)code_value(CODE_SET_role, next_word(&rest));
		struct text person = next_word(&rest);

		result->count++;
		pending->each.on_account(
		    pending->ctx, store_text(store_at(value, i)), role, person, rest);
	}
}

enum status
cases_accounts(
    struct cases *cases, cases_on_account *on_account, cases_done *done, void *ctx)
{
	struct pending *pending = pending_take(cases, read_accounts, done, ctx);
	char key[KEY_MAX_BYTES];
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_account = on_account;
	(void)arguments_key(&a, key, cases, "HGETALL", "account", NULL, NULL);
	return pending_send(pending, LITERAL("account"), &a);
}

/* ---- the queues ---- */

static int64_t
age_ms(const struct store_value *value, size_t index, int64_t now_ms)
{
	struct text score = store_text(store_at(value, index));

	return score.length > 0 ? now_ms - (int64_t)strtod(score.at, NULL) : TIME_ABSENT;
}

static void
read_queues(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct queue_shape shape;
	size_t at = 1;

	memset(&shape, 0, sizeof shape);
	if (result->status != STATUS_OK) {
		pending->each.shaped(pending->ctx, result->status, NULL);
		return;
	}
	shape.now_ms = store_integer(store_at(value, 0), 0);
	for (int s = 0; s < 3; s++) {
		at++; /* the stage's name */
		for (int set = 0; set < 6; set++, at += 2) {
			uint32_t count = (uint32_t)store_integer(store_at(value, at), 0);
			int64_t age = age_ms(value, at + 1, shape.now_ms);

			if (set < 3) {
				shape.stages[s].ready[set].count = count;
				shape.stages[s].ready[set].oldest_ms = age;
			} else if (set == 3) {
				shape.stages[s].leased.count = count;
				shape.stages[s].leased.oldest_ms = age;
			} else if (set == 4) {
				shape.stages[s].delayed.count = count;
				shape.stages[s].delayed.oldest_ms = age;
			} else {
				shape.stages[s].dead.count = count;
				shape.stages[s].dead.oldest_ms = age;
			}
		}
		shape.stages[s].entered = store_integer(store_at(value, at++), 0);
		shape.stages[s].left = store_integer(store_at(value, at++), 0);
	}
	shape.open = store_integer(store_at(value, at), 0);
	shape.cases_entered = store_integer(store_at(value, at + 1), 0);
	shape.cases_left = store_integer(store_at(value, at + 2), 0);
	pending->each.shaped(pending->ctx, STATUS_OK, &shape);
}

enum status
cases_queues(struct cases *cases, cases_shaped *shaped, void *ctx)
{
	struct pending *pending = pending_take(cases, read_queues, NULL, ctx);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.shaped = shaped;
	arguments_begin(&a, cases, "hl_queues");
	return pending_send(pending, LITERAL("queues"), &a);
}

int64_t
queue_shape_error(const struct queue_shape *shape)
{
	int64_t error = llabs(shape->cases_entered - shape->cases_left - shape->open);

	for (int s = 0; s < 3; s++) {
		int64_t held = shape->stages[s].leased.count +
		               shape->stages[s].delayed.count +
		               shape->stages[s].dead.count;

		for (int lane = 0; lane < 3; lane++)
			held += shape->stages[s].ready[lane].count;
		error += llabs(shape->stages[s].entered - shape->stages[s].left - held);
	}
	return error;
}
