/* SPDX-License-Identifier: Apache-2.0
 * Reading the reply that a call got, and keeping it elsewhere. */
#include "common/store.h"

#include <math.h>
#include <hiredis/hiredis.h>

static const redisReply *
reply_of(const struct store_value *value)
{
	return (const redisReply *)value;
}

enum store_kind
store_kind(const struct store_value *value)
{
	if (value == NULL)
		return STORE_NIL;
	switch (reply_of(value)->type) {
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		return STORE_TEXT;
	case REDIS_REPLY_INTEGER:
		return STORE_INTEGER;
	case REDIS_REPLY_ARRAY:
		return STORE_LIST;
	case REDIS_REPLY_ERROR:
		return STORE_ERROR;
	default:
		return STORE_NIL;
	}
}

struct text
store_text(const struct store_value *value)
{
	if (store_kind(value) != STORE_TEXT)
		return TEXT_ABSENT;
	return (struct text){ reply_of(value)->str, (uint32_t)reply_of(value)->len };
}

static int64_t
integer_of(struct text text, int64_t otherwise)
{
	bool is_negative = text.length > 0 && text.at[0] == '-';
	int64_t value = 0;

	if (text.length <= (is_negative ? 1U : 0U))
		return otherwise;
	for (uint32_t i = is_negative ? 1 : 0; i < text.length; i++) {
		int digit = text.at[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return otherwise;
	}
	if (is_negative)
		return value;
	return value == INT64_MIN ? otherwise : -value;
}

int64_t
store_integer(const struct store_value *value, int64_t otherwise)
{
	if (store_kind(value) == STORE_INTEGER)
		return reply_of(value)->integer;
	return integer_of(store_text(value), otherwise);
}

double
store_number(const struct store_value *value)
{
	char digits[40];
	char *end;
	double number;

	if (store_kind(value) == STORE_INTEGER)
		return (double)reply_of(value)->integer;
	if (store_text(value).length == 0 ||
	    !text_copy(store_text(value), digits, sizeof digits))
		return NAN;
	number = strtod(digits, &end);
	return *end == '\0' ? number : NAN;
}

size_t
store_count(const struct store_value *value)
{
	return store_kind(value) == STORE_LIST ? reply_of(value)->elements : 0;
}

const struct store_value *
store_at(const struct store_value *value, size_t index)
{
	if (index >= store_count(value))
		return NULL;
	return (const struct store_value *)reply_of(value)->element[index];
}

/* ---- as bytes ---- */

void
store_write(const struct store_value *value, FILE *out)
{
	struct text text;

	switch (store_kind(value)) {
	case STORE_TEXT:
	case STORE_ERROR:
		text =
		    (struct text){ reply_of(value)->str, (uint32_t)reply_of(value)->len };
		fprintf(out, "$%u\r\n", text.length);
		(void)fwrite(text.at, 1, text.length, out);
		fputs("\r\n", out);
		break;
	case STORE_INTEGER:
		fprintf(out, ":%lld\r\n", reply_of(value)->integer);
		break;
	case STORE_LIST:
		fprintf(out, "*%zu\r\n", store_count(value));
		for (size_t i = 0; i < store_count(value); i++)
			store_write(store_at(value, i), out);
		break;
	case STORE_NIL:
		fputs("$-1\r\n", out);
		break;
	}
}

struct store_value *
store_parse(const void *bytes, size_t length)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	if (reader == NULL)
		return NULL;
	if (redisReaderFeed(reader, bytes, length) == REDIS_OK &&
	    redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL &&
	    reader->pos != reader->len) {
		freeReplyObject(reply);
		reply = NULL;
	}
	redisReaderFree(reader);
	return reply;
}

void
store_value_free(struct store_value *value)
{
	freeReplyObject(value);
}
