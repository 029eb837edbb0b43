/* SPDX-License-Identifier: Apache-2.0
 * A buffer that grows, and canonical JSON. */
#include "deploy/referralctl/import_write.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
import_buffer_add(struct import_buffer *buffer, const char *bytes, size_t length)
{
	if (length > buffer->size - buffer->length) {
		size_t size = buffer->size ? buffer->size * 2 : 4096;
		char *grown;

		while (size < buffer->length + length)
			size *= 2;
		grown = buffer->is_broken ? NULL : realloc(buffer->bytes, size);
		if (grown == NULL) {
			buffer->is_broken = true;
			return;
		}
		buffer->bytes = grown;
		buffer->size = size;
	}
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

static void
add_byte(struct import_buffer *buffer, char byte)
{
	if (buffer->length < buffer->size)
		buffer->bytes[buffer->length++] = byte;
	else
		import_buffer_add(buffer, &byte, 1);
}

/* Members of one object that are sorted without asking for memory. */
#define MEMBERS_MAX 64

struct member {
	const char *key;
	size_t length;
	const json_t *value;
};

static bool
is_before(const struct member *one, const struct member *other)
{
	size_t shorter = one->length < other->length ? one->length : other->length;
	int order = memcmp(one->key, other->key, shorter);

	return order < 0 || (order == 0 && one->length < other->length);
}

static int
compare_members(const void *one, const void *other)
{
	return is_before(one, other) ? -1 : is_before(other, one);
}

/* For few members. */
static void
sort_members(struct member *members, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct member member = members[i];
		size_t at = i;

		for (; at > 0 && is_before(&member, &members[at - 1]); at--)
			members[at] = members[at - 1];
		members[at] = member;
	}
}

/* Looked at for every byte of every text. */
#define ESCAPED_8(from)                                                                  \
	[from] = true, [from + 1] = true, [from + 2] = true, [from + 3] = true,          \
	[from + 4] = true, [from + 5] = true, [from + 6] = true, [from + 7] = true
static const bool NEEDS_ESCAPE[UCHAR_MAX + 1] = { ESCAPED_8(0), ESCAPED_8(8),
	ESCAPED_8(16), ESCAPED_8(24), ['"'] = true, ['\\'] = true };

static void
write_escape(struct import_buffer *buffer, unsigned char byte)
{
	char escape[8];

	if (byte == '\n')
		snprintf(escape, sizeof escape, "\\n");
	else if (byte >= 0x20)
		snprintf(escape, sizeof escape, "\\%c", byte);
	else
		snprintf(escape, sizeof escape, "\\u%04x", byte);
	import_buffer_add(buffer, escape, strlen(escape));
}

static void
write_text(struct import_buffer *buffer, const char *at, size_t length)
{
	const char *end = at + length;

	add_byte(buffer, '"');
	while (at < end) {
		const char *run = at;

		while (at < end && !NEEDS_ESCAPE[(unsigned char)*at])
			at++;
		import_buffer_add(buffer, run, (size_t)(at - run));
		if (at < end)
			write_escape(buffer, (unsigned char)*at++);
	}
	add_byte(buffer, '"');
}

/* Of few digits behind the point, as coordinates and prices are: what "%.15g" gives, at a
 * tenth of its price.  Both sides of the division are exact, so that it rounds as strtod
 * does.  False: it is not such a one. */
static bool
write_decimal(struct import_buffer *buffer, double real)
{
	double scale = 1, size = fabs(real);
	int decimals = 0;
	uint64_t digits;
	char text[24];
	char *at = text + sizeof text;

	if (!(size >= 1e-3 && size < 1e6))
		return false;
	while (nearbyint(size * scale) / scale != size) {
		if (++decimals > 8)
			return false;
		scale *= 10;
	}
	digits = (uint64_t)nearbyint(size * scale);
	for (int i = 0; i <= decimals || digits > 0; i++, digits /= 10) {
		if (i == decimals && i > 0)
			*--at = '.';
		*--at = (char)('0' + digits % 10);
	}
	if (real < 0)
		*--at = '-';
	import_buffer_add(buffer, at, (size_t)(text + sizeof text - at));
	return true;
}

static void
write_real(struct import_buffer *buffer, double real)
{
	char digits[40];
	int length = 0;

	if (write_decimal(buffer, real))
		return;
	for (int precision = 15; precision <= 17; precision++) {
		length = snprintf(digits, sizeof digits, "%.*g", precision, real);
		if (strtod(digits, NULL) == real)
			break;
	}
	import_buffer_add(buffer, digits, (size_t)length);
}

static void
write_object(struct import_buffer *buffer, const json_t *object)
{
	struct member few[MEMBERS_MAX];
	struct member *members = few;
	size_t count = 0;
	void *at = json_object_iter((json_t *)object);

	if (json_object_size(object) > MEMBERS_MAX)
		members = malloc(json_object_size(object) * sizeof *members);
	if (members == NULL) {
		buffer->is_broken = true;
		return;
	}
	for (; at != NULL; at = json_object_iter_next((json_t *)object, at))
		members[count++] = (struct member){ json_object_iter_key(at),
			json_object_iter_key_len(at), json_object_iter_value(at) };
	if (count <= MEMBERS_MAX)
		sort_members(members, count);
	else
		qsort(members, count, sizeof *members, compare_members);
	add_byte(buffer, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			add_byte(buffer, ',');
		write_text(buffer, members[i].key, members[i].length);
		add_byte(buffer, ':');
		import_write(buffer, members[i].value);
	}
	add_byte(buffer, '}');
	if (members != few)
		free(members);
}

static void
write_array(struct import_buffer *buffer, const json_t *array)
{
	size_t index;
	const json_t *value;

	add_byte(buffer, '[');
	json_array_foreach((json_t *)array, index, value)
	{
		if (index > 0)
			add_byte(buffer, ',');
		import_write(buffer, value);
	}
	add_byte(buffer, ']');
}

void
import_write(struct import_buffer *buffer, const json_t *value)
{
	char digits[32];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		write_object(buffer, value);
		break;
	case JSON_ARRAY:
		write_array(buffer, value);
		break;
	case JSON_STRING:
		write_text(buffer, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		import_buffer_add(buffer, digits,
		    (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT,
		        json_integer_value(value)));
		break;
	case JSON_REAL:
		write_real(buffer, json_real_value(value));
		break;
	case JSON_TRUE:
		import_buffer_add(buffer, "true", 4);
		break;
	case JSON_FALSE:
		import_buffer_add(buffer, "false", 5);
		break;
	case JSON_NULL:
		import_buffer_add(buffer, "null", 4);
		break;
	}
}
