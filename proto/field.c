/* SPDX-License-Identifier: Apache-2.0
 * Presence, place and bounds of a field's value; paths of defects. */
#include "proto/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- texts ---- */

/* Length of the character that starts at `at`; 0: not UTF-8, or NUL. */
static size_t
character_length(const uint8_t *at, size_t left)
{
	uint8_t first = at[0];
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint8_t low = 0x80,
	        high = 0xbf; /* of the second byte: no overlong, no surrogate */

	if (first < 0x80)
		return first != 0;
	if (first < 0xc2 || first > 0xf4 || length > left)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Whether eight bytes are all 0x01..0x7f. */
static bool
is_plain_ascii(const uint8_t *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t eight;

	memcpy(&eight, at, sizeof eight);
	return ((eight | (eight - ones)) & highs) == 0;
}

bool
text_is_clean(struct text text)
{
	const uint8_t *at = (const uint8_t *)text.at;
	size_t left = text.length;

	while (left > 0) {
		size_t length =
		    left >= 8 && is_plain_ascii(at) ? 8 : character_length(at, left);

		if (length == 0)
			return false;
		at += length;
		left -= length;
	}
	return true;
}

size_t
text_cut(const char *bytes, size_t length, size_t most)
{
	if (length <= most)
		return length;
	while (most > 0 && ((uint8_t)bytes[most] & 0xc0) == 0x80)
		most--;
	return most;
}

/* ---- defects ---- */

/* A field is named once, with what was found first. */
static bool
is_named(const struct defects *defects, const char *field)
{
	for (uint32_t i = 0; i < defects->count && i < DEFECTS_MAX; i++)
		if (strcmp(defects->list[i].field, field) == 0)
			return true;
	return false;
}

void
defects_add(struct defects *defects, const char *why, const char *path_format, ...)
{
	char path[256], field[sizeof defects->list[0].field];
	va_list list;
	size_t length;

	va_start(list, path_format);
	vsnprintf(path, sizeof path, path_format, list);
	va_end(list);
	length = text_cut(path, strlen(path), sizeof field - 1);
	memcpy(field, path, length);
	field[length] = '\0';
	if (is_named(defects, field) || defects->count == UINT32_MAX)
		return;
	if (defects->count < DEFECTS_MAX) {
		memcpy(defects->list[defects->count].field, field, length + 1);
		defects->list[defects->count].why = why;
	}
	defects->count++;
}

/* Appends to a buffer that has `size` bytes; returns the new length. */
static size_t
append_step(char *buffer, size_t size, size_t length, const struct path *step)
{
	const char *dot = length > 0 ? "." : "";
	int more = step->name
	               ? snprintf(buffer + length, size - length, "%s%s", dot, step->name)
	               : snprintf(buffer + length, size - length, "[%u]", step->index);

	length += more > 0 ? (size_t)more : 0;
	return length < size ? length : size - 1;
}

void
path_refuse(const struct path *path, const char *why, struct defects *defects)
{
	const struct path *steps[2 * 16];
	size_t depth = 0, length = 0;
	char text[256] = "";

	if (defects->count >= DEFECTS_MAX) {
		defects_add(defects, why, "%s", "");
		return;
	}
	for (; path != NULL && depth < sizeof steps / sizeof *steps; path = path->up)
		steps[depth++] = path;
	while (depth > 0)
		length = append_step(text, sizeof text, length, steps[--depth]);
	defects_add(defects, why, "%s", text);
}

/* ---- fields ---- */

static uint32_t
list_count(const struct field *field, const void *values)
{
	const uint32_t *count =
	    (const void *)((const char *)values + field->count_offset);

	return *count <= field->most_count ? *count : field->most_count;
}

bool
field_is_present(const struct field *field, const void *values)
{
	const void *at = field_at(field, values, 0);

	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		return ((const struct text *)at)->at != NULL;
	case FIELD_UINT:
	case FIELD_ASKED:
		return *(const uint32_t *)at != UINT_ABSENT;
	case FIELD_REAL:
		return !isnan(*(const double *)at);
	case FIELD_TIME:
		return *(const int64_t *)at != TIME_ABSENT;
	case FIELD_FLAG:
	case FIELD_CODE:
		return *(const uint8_t *)at != 0;
	case FIELD_ONE:
		return *(const bool *)((const char *)values + field->count_offset);
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
	case FIELD_MANY:
		return list_count(field, values) > 0;
	}
	return false;
}

uint32_t
field_count(const struct field *field, const void *values)
{
	if (field_is_list(field->type))
		return list_count(field, values);
	return field_is_present(field, values);
}

void
field_set_count(const struct field *field, void *values, uint32_t count)
{
	void *at = (char *)values + field->count_offset;

	if (field_is_list(field->type))
		*(uint32_t *)at = count;
	else if (field->type == FIELD_ONE)
		*(bool *)at = count > 0;
}

static bool
is_in_bounds(const struct field *field, double value)
{
	return value >= field->least && value <= field->largest; /* false for NaN */
}

bool
field_is_legal(const struct field *field, const void *at)
{
	const struct text *text = at;

	switch (field_element(field->type)) {
	case FIELD_TEXT:
		return text->length <= field->most_bytes && text_is_clean(*text);
	case FIELD_BYTES:
		return text->length <= field->most_bytes;
	case FIELD_UINT:
		return is_in_bounds(field, *(const uint32_t *)at);
	case FIELD_ASKED:
		return *(const uint32_t *)at == UINT_REFUSED ||
		       is_in_bounds(field, *(const uint32_t *)at);
	case FIELD_REAL:
		return is_in_bounds(field, *(const double *)at);
	case FIELD_TIME:
		return *(const int64_t *)at >= TIME_LEAST &&
		       *(const int64_t *)at <= TIME_LARGEST;
	case FIELD_FLAG:
		return *(const uint8_t *)at == FLAG_NO ||
		       *(const uint8_t *)at == FLAG_YES;
	case FIELD_CODE:
		return code_word(field->set, *(const uint8_t *)at) != NULL;
	case FIELD_ONE:
	case FIELD_MANY:
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		break;
	}
	return true;
}
