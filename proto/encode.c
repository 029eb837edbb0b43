/* SPDX-License-Identifier: Apache-2.0
 * Structs to msgpack, by the table, into a buffer of the caller. */
#include <assert.h>
#include <msgpack.h>

#include "proto/field.h"

/* What msgpack writes into. */
struct sink {
	char *buffer;
	size_t size, length;
};

static int
put(void *self, const char *bytes, size_t length)
{
	struct sink *sink = self;

	if (length > sink->size - sink->length)
		return -1;
	memcpy(sink->buffer + sink->length, bytes, length);
	sink->length += length;
	return 0;
}

static bool
put_text(msgpack_packer *packer, struct text text)
{
	return msgpack_pack_str(packer, text.length) == 0 &&
	       (text.length == 0 ||
	           msgpack_pack_str_body(packer, text.at, text.length) == 0);
}

static bool
put_bytes(msgpack_packer *packer, struct text text)
{
	return msgpack_pack_bin(packer, text.length) == 0 &&
	       (text.length == 0 ||
	           msgpack_pack_bin_body(packer, text.at, text.length) == 0);
}

static bool
put_number(msgpack_packer *packer, const struct field *field, uint32_t value)
{
	if (field->type == FIELD_ASKED && value == UINT_REFUSED)
		return put_text(packer, LITERAL("refused"));
	return msgpack_pack_uint32(packer, value) == 0;
}

static bool put_record(msgpack_packer *packer, const struct record *record,
    const void *values, enum mask mask);

static bool
put_value(
    msgpack_packer *packer, const struct field *field, const void *at, enum mask mask)
{
	switch (field_element(field->type)) {
	case FIELD_TEXT:
		return put_text(packer, *(const struct text *)at);
	case FIELD_BYTES:
		return put_bytes(packer, *(const struct text *)at);
	case FIELD_UINT:
	case FIELD_ASKED:
		return put_number(packer, field, *(const uint32_t *)at);
	case FIELD_REAL: /* + 0.0: there is no negative zero in a message */
		return msgpack_pack_double(packer, *(const double *)at + 0.0) == 0;
	case FIELD_TIME:
		return msgpack_pack_int64(packer, *(const int64_t *)at) == 0;
	case FIELD_FLAG:
		return (*(const uint8_t *)at == FLAG_YES
		               ? msgpack_pack_true(packer)
		               : msgpack_pack_false(packer)) == 0;
	case FIELD_CODE:
		return put_text(
		    packer, text_of(code_word(field->set, *(const uint8_t *)at)));
	case FIELD_ONE:
	case FIELD_MANY:
		return put_record(packer, field->record, at, mask);
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		break;
	}
	return false;
}

static bool
put_field(
    msgpack_packer *packer, const struct field *field, const void *values, enum mask mask)
{
	uint32_t count = field_count(field, values);

	if (!put_text(packer, text_of(field->name)))
		return false;
	if (field_is_list(field->type) && msgpack_pack_array(packer, count) != 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!put_value(packer, field, field_at(field, values, i), mask))
			return false;
	return true;
}

static bool
is_put(const struct field *field, const void *values, enum mask mask)
{
	return field_is_present(field, values) &&
	       !(mask == MASK_NOT_PERSONAL && field->mark == PERSONAL);
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
put_fields(msgpack_packer *packer, const struct record *record, const void *values,
    enum mask mask)
{
	for (const struct field *field = record->fields; field->name != NULL; field++)
		if (is_put(field, values, mask) &&
		    !put_field(packer, field, values, mask))
			return false;
	return true;
}

/* Recurses as deep as the table's records nest. */
static bool
put_record(msgpack_packer *packer, const struct record *record, const void *values,
    enum mask mask)
{
	return msgpack_pack_map(packer, put_count(record, values, mask)) == 0 &&
	       put_fields(packer, record, values, mask);
}

static bool
put_envelope(msgpack_packer *packer, const char *name, struct text text)
{
	return text.at == NULL ||
	       (put_text(packer, text_of(name)) && put_text(packer, text));
}

enum status
record_encode(const struct record *record, const void *values, enum mask mask,
    void *buffer, size_t size, size_t *length)
{
	struct sink sink = { buffer, size, 0 };
	msgpack_packer packer = { &sink, put };

	if (!put_record(&packer, record, values, mask))
		return STATUS_TOO_LARGE;
	*length = sink.length;
	return STATUS_OK;
}

enum status
message_encode(const struct message *message, void *buffer, size_t size, size_t *length)
{
	const struct record *record = message_record(message->kind);
	struct sink sink = { buffer, size, 0 };
	msgpack_packer packer = { &sink, put };
	const void *values = &message->submit; /* every member of the union starts here */
	uint32_t count = 2;

	assert(record != NULL);
	if (sink.size > MESSAGE_MAX_BYTES)
		sink.size = MESSAGE_MAX_BYTES; /* nobody would look at more */
	count += message->id.at != NULL;
	count += message->trace.at != NULL;
	count += put_count(record, values, MASK_ALL);
	if (msgpack_pack_map(&packer, count) != 0 || !put_text(&packer, LITERAL("v")) ||
	    msgpack_pack_uint32(&packer, MESSAGE_MAJOR) != 0 ||
	    !put_envelope(&packer, "kind", text_of(record->name)) ||
	    !put_envelope(&packer, "id", message->id) ||
	    !put_envelope(&packer, "trace", message->trace) ||
	    !put_fields(&packer, record, values, MASK_ALL))
		return STATUS_TOO_LARGE;
	*length = sink.length;
	return STATUS_OK;
}
