/* SPDX-License-Identifier: Apache-2.0
 * Structs to msgpack, by the table, into a buffer of the caller. */
#include <assert.h>
#include <math.h>
#include <msgpack.h>

#include "proto/field.h"

/* What msgpack writes into. */
struct sink {
	char *buffer;
	size_t size, length;
	enum form form;
};

static inline int
put(struct sink *sink, const void *bytes, size_t length)
{
	if (length > sink->size - sink->length)
		return -1;
	memcpy(sink->buffer + sink->length, bytes, length);
	sink->length += length;
	return 0;
}

/* msgpack_pack_NAME as sink_NAME: its template without a call through a pointer for every few
 * bytes. */
#define msgpack_pack_inline_func(name)                                                   \
	static inline __attribute__((unused)) int sink##name
#define msgpack_pack_inline_func_cint(name) msgpack_pack_inline_func(name)
#define msgpack_pack_user struct sink *
#define msgpack_pack_append_buffer(sink, bytes, length) return put(sink, bytes, length)
#include <msgpack/pack_template.h>

static bool
put_text(struct sink *sink, struct text text)
{
	return sink_str(sink, text.length) == 0 &&
	       (text.length == 0 || sink_str_body(sink, text.at, text.length) == 0);
}

static bool
put_bytes(struct sink *sink, struct text text)
{
	return sink_bin(sink, text.length) == 0 &&
	       (text.length == 0 || sink_bin_body(sink, text.at, text.length) == 0);
}

static bool
put_number(struct sink *sink, const struct field *field, uint32_t value)
{
	if (field->type == FIELD_ASKED && value == UINT_REFUSED)
		return put_text(sink, LITERAL("refused"));
	return sink_uint32(sink, value) == 0;
}

static bool
put_real(struct sink *sink, double real)
{
	double thousandths = real * KEPT_REAL_PARTS;

	if (sink->form == FORM_KEPT && fabs(thousandths) < INT32_MAX &&
	    round(thousandths) / KEPT_REAL_PARTS == real)
		return sink_int32(sink, (int32_t)round(thousandths)) == 0;
	/* + 0.0: there is no negative zero in a message */
	return sink_double(sink, real + 0.0) == 0;
}

static bool put_record(
    struct sink *sink, const struct record *record, const void *values, enum mask mask);

static bool
put_value(struct sink *sink, const struct field *field, const void *at, enum mask mask)
{
	switch (field_element(field->type)) {
	case FIELD_TEXT:
		return put_text(sink, *(const struct text *)at);
	case FIELD_BYTES:
		return put_bytes(sink, *(const struct text *)at);
	case FIELD_UINT:
	case FIELD_ASKED:
		return put_number(sink, field, *(const uint32_t *)at);
	case FIELD_REAL:
		return put_real(sink, *(const double *)at);
	case FIELD_TIME:
		return sink_int64(sink, *(const int64_t *)at) == 0;
	case FIELD_FLAG:
		return (*(const uint8_t *)at == FLAG_YES ? sink_true(sink)
		                                         : sink_false(sink)) == 0;
	case FIELD_CODE:
		if (sink->form == FORM_KEPT)
			return sink_uint8(sink, *(const uint8_t *)at) == 0;
		return put_text(
		    sink, text_of(code_word(field->set, *(const uint8_t *)at)));
	case FIELD_ONE:
	case FIELD_MANY:
		return put_record(sink, field->record, at, mask);
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		break;
	}
	return false;
}

static bool
put_field(struct sink *sink, const struct record *record, const struct field *field,
    const void *values, enum mask mask)
{
	uint32_t count;

	if (mask == MASK_PERSONAL && field->mark == PERSONAL)
		mask = MASK_ALL;
	if (sink->form == FORM_KEPT ? sink_uint32(sink, kept_key(record, field)) != 0
	                            : !put_text(sink, field_name(field)))
		return false;
	if (!field_is_list(field->type))
		return put_value(sink, field, field_at(field, values, 0), mask);
	count = field_count(field, values);
	if (sink_array(sink, count) != 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!put_value(sink, field, field_at(field, values, i), mask))
			return false;
	return true;
}

static uint32_t put_count(
    const struct record *record, const void *values, enum mask mask);

/* Whether MASK_PERSONAL puts anything of it. */
static bool
is_personal(const struct field *field, const void *values)
{
	if (field->mark == PERSONAL || field->mark == COARSE)
		return true;
	for (uint32_t i = 0; field->record != NULL && i < field_count(field, values); i++)
		if (put_count(field->record, field_at(field, values, i), MASK_PERSONAL) >
		    0)
			return true;
	return false;
}

static bool
is_put(const struct field *field, const void *values, enum mask mask)
{
	if (!field_is_present(field, values))
		return false;
	switch (mask) {
	case MASK_ALL:
		return true;
	case MASK_NOT_PERSONAL:
		return field->mark != PERSONAL;
	case MASK_PERSONAL:
		return is_personal(field, values);
	}
	return false;
}

static uint32_t
put_count(const struct record *record, const void *values, enum mask mask)
{
	uint32_t count = 0;

	for (const struct field *field = record->fields; field->name != NULL; field++)
		count += is_put(field, values, mask);
	return count;
}

static bool
put_fields(
    struct sink *sink, const struct record *record, const void *values, enum mask mask)
{
	for (const struct field *field = record->fields; field->name != NULL; field++)
		if (is_put(field, values, mask) &&
		    !put_field(sink, record, field, values, mask))
			return false;
	return true;
}

/* Recurses as deep as the table's records nest. */
static bool
put_record(
    struct sink *sink, const struct record *record, const void *values, enum mask mask)
{
	return sink_map(sink, put_count(record, values, mask)) == 0 &&
	       put_fields(sink, record, values, mask);
}

static bool
put_envelope(struct sink *sink, const char *name, struct text text)
{
	return text.at == NULL || (put_text(sink, text_of(name)) && put_text(sink, text));
}

enum status
record_encode(const struct record *record, const void *values, enum mask mask,
    void *buffer, size_t size, size_t *length)
{
	struct sink sink = { buffer, size, 0, FORM_MESSAGE };

	if (!put_record(&sink, record, values, mask))
		return STATUS_TOO_LARGE;
	*length = sink.length;
	return STATUS_OK;
}

enum status
record_pack(const struct record *record, const void *values, enum mask mask, void *buffer,
    size_t size, size_t *length)
{
	static const char VERSION = KEPT_VERSION;
	struct sink sink = { buffer, size, 0, FORM_KEPT };

	if (put(&sink, &VERSION, 1) != 0 || !put_record(&sink, record, values, mask))
		return STATUS_TOO_LARGE;
	*length = sink.length;
	return STATUS_OK;
}

enum status
message_encode(const struct message *message, void *buffer, size_t size, size_t *length)
{
	const struct record *record = message_record(message->kind);
	struct sink sink = { buffer, size, 0, FORM_MESSAGE };
	const void *values = &message->submit; /* every member of the union starts here */
	uint32_t count = 2;

	assert(record != NULL);
	if (sink.size > MESSAGE_MAX_BYTES)
		sink.size = MESSAGE_MAX_BYTES; /* nobody would look at more */
	count += message->id.at != NULL;
	count += message->trace.at != NULL;
	count += put_count(record, values, MASK_ALL);
	if (sink_map(&sink, count) != 0 || !put_text(&sink, LITERAL("v")) ||
	    sink_uint32(&sink, MESSAGE_MAJOR) != 0 ||
	    !put_envelope(&sink, "kind", text_of(record->name)) ||
	    !put_envelope(&sink, "id", message->id) ||
	    !put_envelope(&sink, "trace", message->trace) ||
	    !put_fields(&sink, record, values, MASK_ALL))
		return STATUS_TOO_LARGE;
	*length = sink.length;
	return STATUS_OK;
}
