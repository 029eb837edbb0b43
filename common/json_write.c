/* SPDX-License-Identifier: Apache-2.0
 * Records to JSON, by the table, without a tree in between.  Reading is in json.c. */
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json.h"
#include "proto/field.h"

/* A text that grows; once memory ran out nothing more is written. */
struct out {
	char *bytes;
	size_t length, size;
	bool has_failed;
};

/* Makes room for `more` bytes and a NUL; NULL: there is none. */
static char *
out_room(struct out *out, size_t more)
{
	size_t size = out->size > 0 ? out->size : 1024;
	char *bytes;

	if (out->has_failed)
		return NULL;
	while (size - out->length <= more)
		size *= 2;
	if (size != out->size) {
		bytes = realloc(out->bytes, size);
		if (bytes == NULL) {
			out->has_failed = true;
			return NULL;
		}
		out->bytes = bytes;
		out->size = size;
	}
	return out->bytes + out->length;
}

static void
out_put(struct out *out, const char *bytes, size_t length)
{
	char *at = out_room(out, length);

	if (at == NULL)
		return;
	memcpy(at, bytes, length);
	out->length += length;
}

static void
out_string(struct out *out, const char *string)
{
	out_put(out, string, strlen(string));
}

static char *
out_finish(struct out *out, size_t *length)
{
	if (out_room(out, 0) == NULL) {
		free(out->bytes);
		return NULL;
	}
	out->bytes[out->length] = '\0';
	if (length != NULL)
		*length = out->length;
	return out->bytes;
}

/* ---- values ---- */

static bool
must_escape(char byte)
{
	return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
}

static void
out_escape(struct out *out, char byte)
{
	char escape[8];

	if (byte == '"' || byte == '\\')
		snprintf(escape, sizeof escape, "\\%c", byte);
	else if (byte == '\n')
		snprintf(escape, sizeof escape, "\\n");
	else
		snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)byte);
	out_string(out, escape);
}

static void
out_text(struct out *out, struct text text)
{
	uint32_t start = 0;

	out_put(out, "\"", 1);
	for (uint32_t i = 0; i < text.length; i++) {
		if (!must_escape(text.at[i]))
			continue;
		out_put(out, text.at + start, i - start);
		out_escape(out, text.at[i]);
		start = i + 1;
	}
	if (text.length > start)
		out_put(out, text.at + start, text.length - start);
	out_put(out, "\"", 1);
}

static void
out_base64(struct out *out, struct text bytes)
{
	size_t size =
	    sodium_base64_ENCODED_LEN(bytes.length, sodium_base64_VARIANT_ORIGINAL);
	char *at = out_room(out, size + 2);

	if (at == NULL)
		return;
	*at++ = '"';
	sodium_bin2base64(at, size, (const unsigned char *)bytes.at, bytes.length,
	    sodium_base64_VARIANT_ORIGINAL);
	at[size - 1] = '"';
	out->length += size + 1;
}

/* The shortest of 15 and 17 digits that reads back as the same number. */
static void
out_real(struct out *out, double real)
{
	char text[32];

	snprintf(text, sizeof text, "%.15g", real + 0.0); /* no negative zero */
	if (strtod(text, NULL) != real)
		snprintf(text, sizeof text, "%.17g", real);
	out_string(out, text);
}

static void
out_number(struct out *out, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof text, "%" PRIu32, number);
	out_string(out, text);
}

static void
out_time(struct out *out, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	out_text(out, text_of(text));
}

/* ---- records ---- */

static void out_record(
    struct out *out, const struct record *record, const void *values, enum mask mask);

static void
out_value(struct out *out, const struct field *field, const void *at, enum mask mask)
{
	switch (field_element(field->type)) {
	case FIELD_TEXT:
		out_text(out, *(const struct text *)at);
		return;
	case FIELD_BYTES:
		out_base64(out, *(const struct text *)at);
		return;
	case FIELD_UINT:
	case FIELD_ASKED:
		if (field->type == FIELD_ASKED && *(const uint32_t *)at == UINT_REFUSED)
			out_string(out, "\"refused\"");
		else
			out_number(out, *(const uint32_t *)at);
		return;
	case FIELD_REAL:
		out_real(out, *(const double *)at);
		return;
	case FIELD_TIME:
		out_time(out, *(const int64_t *)at);
		return;
	case FIELD_FLAG:
		out_string(out, *(const uint8_t *)at == FLAG_YES ? "true" : "false");
		return;
	case FIELD_CODE:
		out_text(out, text_of(code_word(field->set, *(const uint8_t *)at)));
		return;
	case FIELD_ONE:
	case FIELD_MANY:
		assert(field->record != NULL);
		out_record(out, field->record, at, mask);
		return;
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		return;
	}
}

static void
out_field(struct out *out, const struct field *field, const void *values, enum mask mask)
{
	bool is_list = field_is_list(field->type);
	uint32_t count = field_count(field, values);

	out_text(out, text_of(field->name));
	out_string(out, is_list ? ":[" : ":");
	for (uint32_t i = 0; i < count; i++) {
		const void *at = field_at(field, values, i);

		if (i > 0)
			out_string(out, ",");
		if (field->record != NULL || field_is_legal(field, at))
			out_value(out, field, at, mask);
		else
			out_string(out, "null");
	}
	if (is_list)
		out_string(out, "]");
}

static void
out_record(
    struct out *out, const struct record *record, const void *values, enum mask mask)
{
	const char *before = "{";

	for (const struct field *field = record->fields; field->name != NULL; field++) {
		if (mask == MASK_NOT_PERSONAL && field->mark == PERSONAL)
			continue;
		if (!field_is_list(field->type) && !field_is_present(field, values))
			continue;
		out_string(out, before);
		out_field(out, field, values, mask);
		before = ",";
	}
	out_string(out, *before == '{' ? "{}" : "}");
}

/* ---- the doors ---- */

char *
json_write(
    const struct record *record, const void *values, enum mask mask, size_t *length)
{
	struct out out = { 0 };

	out_record(&out, record, values, mask);
	return out_finish(&out, length);
}

char *
json_wrap(const char *key, const char *json, size_t *length)
{
	struct out out = { 0 };

	out_string(&out, "{");
	out_text(&out, text_of(key));
	out_string(&out, ":");
	out_string(&out, json);
	out_string(&out, "}");
	return out_finish(&out, length);
}

static void
out_defects(struct out *out, const struct defects *defects)
{
	out_string(out, ",\"errors\":[");
	for (uint32_t i = 0; i < defects->count && i < DEFECTS_MAX; i++) {
		out_string(out, i > 0 ? ",{\"field\":" : "{\"field\":");
		out_text(out, text_of(defects->list[i].field));
		out_string(out, ",\"why\":");
		out_text(out, text_of(defects->list[i].why));
		out_string(out, "}");
	}
	out_string(out, "]");
}

char *
json_problem(enum status status, const struct defects *defects, struct text state,
    uint32_t version, size_t *length)
{
	struct out out = { 0 };

	out_string(&out, "{\"type\":\"urn:hearthline:problem:");
	out_string(&out, status_code(status));
	out_string(&out, "\",\"title\":");
	out_text(&out, text_of(status_about(status)));
	out_string(&out, ",\"status\":");
	out_number(&out, (uint32_t)status_http(status));
	out_string(&out, ",\"code\":");
	out_text(&out, text_of(status_code(status)));
	if (defects != NULL && defects->count > 0)
		out_defects(&out, defects);
	if (state.at != NULL) {
		out_string(&out, ",\"state\":");
		out_text(&out, state);
	}
	if (version != UINT_ABSENT) {
		out_string(&out, ",\"version\":");
		out_number(&out, version);
	}
	out_string(&out, "}");
	return out_finish(&out, length);
}
