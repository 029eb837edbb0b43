/* SPDX-License-Identifier: Apache-2.0
 * Replies of the function library as results. */
#include "common/cases_private.h"

#include <stddef.h>
#include <stdlib.h>

static struct text
text_at(const struct store_value *value, size_t index)
{
	return store_text(store_at(value, index));
}

uint32_t
value_version(const struct store_value *value)
{
	int64_t number = store_integer(value, -1);

	return number < 0 || number >= UINT_REFUSED ? UINT_ABSENT : (uint32_t)number;
}

static uint32_t
count_at(const struct store_value *value, size_t index)
{
	return (uint32_t)store_integer(store_at(value, index), 0);
}

/* Takes the status word of a reply; false where there is nothing more to read. */
static bool
read_status(const struct store_value *value, struct case_result *result)
{
	if (result->status != STATUS_OK)
		return false;
	result->status = status_of_code(text_at(value, 0));
	return true;
}

void
read_simple(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	(void)read_status(value, result);
}

void
read_accept(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (!read_status(value, result) || !status_is_success(result->status))
		return;
	result->version = value_version(store_at(value, 1));
	if (result->status == STATUS_OK) {
		result->at_ms = store_integer(store_at(value, 2), 0);
		return;
	}
	for (size_t i = 2;
	     i < store_count(value) && result->states_count < CASE_NEEDS_MAX; i++)
		result->states[result->states_count++] = text_at(value, i);
}

void
read_answer(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	if (!read_status(value, result))
		return;
	result->state = text_at(value, 1);
	result->version = value_version(store_at(value, 2));
	if (store_count(value) > 3) {
		work_read(&pending->cases->work, value, 3);
		result->work = &pending->cases->work;
	}
}

void
read_withdraw(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (!read_status(value, result))
		return;
	if (result->status == STATUS_ILLEGAL_MOVE) {
		result->state = text_at(value, 1);
		result->version = value_version(store_at(value, 2));
	} else {
		result->version = value_version(store_at(value, 1));
	}
}

void
read_amend(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (!read_status(value, result))
		return;
	result->version = value_version(store_at(value, 1));
	result->first_need = count_at(value, 2);
}

void
read_claim(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	if (result->status != STATUS_OK)
		return;
	for (size_t i = 0; i < store_count(value); i++) {
		work_read(&pending->cases->work, store_at(value, i), 0);
		result->count++;
		pending->each.on_work(pending->ctx, &pending->cases->work);
	}
}

void
read_extend(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (read_status(value, result))
		result->count = count_at(value, 1);
}

void
read_nack(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (result->status != STATUS_OK)
		return;
	result->is_dead = text_is(text_at(value, 0), "dead");
	if (!result->is_dead)
		result->status = status_of_code(text_at(value, 0));
}

void
read_reap(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (!read_status(value, result))
		return;
	for (size_t i = 0; i < 3; i++) {
		result->counts[i] = count_at(value, i + 1);
		result->count += result->counts[i];
	}
}

/* The last of the reply, where an agency with limits was asked. */
static void
get_loads(const struct store_value *value, struct case_result *result)
{
	const struct store_value *loads = store_at(value, store_count(value) - 1);

	for (size_t at = 0;
	     at + 1 < store_count(loads) &&
	     result->loads_count < sizeof result->loads / sizeof *result->loads;
	     at += 2) {
		result->loads[result->loads_count].candidate = count_at(loads, at);
		result->loads[result->loads_count++].open = count_at(loads, at + 1);
	}
}

void
read_offer(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (result->status != STATUS_OK)
		return;
	get_loads(value, result);
	if (text_is(text_at(value, 0), "parked")) {
		result->reason =
		    (enum reason)code_value(CODE_SET_reason, text_at(value, 1));
		return;
	}
	result->status = status_of_code(text_at(value, 0));
	if (result->status == STATUS_OK) {
		for (uint32_t i = 0; i < CASE_OFFERS_MAX; i++) {
			struct case_offered *offered = &result->offered[i];

			offered->referral = text_at(value, 3 * i + 1);
			offered->position = count_at(value, 3 * i + 2);
			offered->is_told = text_is(text_at(value, 3 * i + 3), "1");
			result->offered_count += offered->referral.at != NULL;
		}
	} else if (result->status == STATUS_STALE) {
		result->state = text_at(value, 1);
		result->version = value_version(store_at(value, 2));
	}
}

void
read_told(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	(void)pending;
	if (read_status(value, result))
		result->is_more = text_is(text_at(value, 1), "1");
}

/* ---- work ---- */

static const struct field *
field_named(const struct record *record, struct text name)
{
	for (const struct field *f = record->fields; f->name != NULL; f++)
		if (text_is(name, f->name))
			return f;
	return NULL;
}

static void
set_list_text(const struct field *f, void *values, struct text text)
{
	uint32_t *count = (uint32_t *)((char *)values + f->count_offset);

	if (*count < f->most_count)
		((struct text *)((char *)values + f->offset))[(*count)++] = text;
}

/* Redis gives texts only; the table says what each of them is. */
static void
set_field(const struct field *f, void *values, const struct store_value *value)
{
	void *at = (char *)values + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		*(struct text *)at = store_text(value);
		break;
	case FIELD_UINT:
		*(uint32_t *)at = value_version(value);
		break;
	case FIELD_TIME:
		*(int64_t *)at = store_integer(value, TIME_ABSENT);
		break;
	case FIELD_CODE:
		*(uint8_t *)at = (uint8_t)code_value(f->set, store_text(value));
		break;
	case FIELD_FLAG:
		*(uint8_t *)at = text_is(store_text(value), "1") ? FLAG_YES : FLAG_NO;
		break;
	case FIELD_TEXTS:
		set_list_text(f, values, store_text(value));
		break;
	case FIELD_ASKED:
	case FIELD_REAL:
	case FIELD_CODES:
	case FIELD_UINTS:
	case FIELD_ONE:
	case FIELD_MANY:
		break; /* the functions send none of these */
	}
}

void
work_read(struct work *work, const struct store_value *value, size_t from)
{
	record_init(&record_work, work);
	for (size_t i = from; i + 1 < store_count(value); i += 2) {
		const struct field *f = field_named(&record_work, text_at(value, i));

		if (f != NULL)
			set_field(f, work, store_at(value, i + 1));
	}
}
