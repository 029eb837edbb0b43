/* SPDX-License-Identifier: Apache-2.0
 * Splits first and decodes the pieces after, so that %2F stays inside its segment. */
#include <ctype.h>

#include "common/http_target.h"

static int
hex_value(char byte)
{
	if (isdigit((unsigned char)byte))
		return byte - '0';
	return isxdigit((unsigned char)byte) ? (byte | 0x20) - 'a' + 10 : -1;
}

/* Decodes a piece in place. */
static const char *
decode(struct text *piece, char *bytes, size_t length, bool has_plus)
{
	size_t out = 0;

	for (size_t i = 0; i < length; i++) {
		char byte = bytes[i];

		if (byte == '+' && has_plus)
			byte = ' ';
		if (byte == '%') {
			int high = i + 2 < length ? hex_value(bytes[i + 1]) : -1;
			int low = i + 2 < length ? hex_value(bytes[i + 2]) : -1;

			if (high < 0 || low < 0)
				return "a % in the target without two hexadecimal digits";
			byte = (char)(high << 4 | low);
			i += 2;
		}
		if (byte == '\0')
			return "a NUL in the target";
		bytes[out++] = byte;
	}
	*piece = (struct text){ bytes, (uint32_t)out };
	return NULL;
}

static size_t
span(const char *bytes, size_t length, char end)
{
	const char *at = length > 0 ? memchr(bytes, end, length) : NULL;

	return at ? (size_t)(at - bytes) : length;
}

static const char *
read_path(struct http_target *target, char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t piece = span(bytes + at + 1, length - at - 1, '/');
		const char *why;

		if (target->segment_count == HTTP_SEGMENTS_MOST)
			return "more path segments than the limit";
		why = decode(&target->segments[target->segment_count++], bytes + at + 1,
		    piece, false);
		if (why)
			return why;
		at += 1 + piece;
	}
	return NULL;
}

static const char *
read_parameter(struct http_target *target, char *bytes, size_t length)
{
	size_t name = span(bytes, length, '=');
	size_t value = name < length ? name + 1 : length;
	uint32_t count = target->parameter_count;
	const char *why;

	if (length == 0)
		return NULL;
	if (count == HTTP_PARAMETERS_MOST)
		return "more query parameters than the limit";
	why = decode(&target->parameters[count].name, bytes, name, true);
	if (why == NULL)
		why = decode(&target->parameters[count].value, bytes + value,
		    length - value, true);
	target->parameter_count++;
	return why;
}

const char *
http_target_read(struct http_target *target, char *bytes, size_t length)
{
	size_t path = span(bytes, length, '?');
	const char *why;

	target->segment_count = 0;
	target->parameter_count = 0;
	if (path == 0 || bytes[0] != '/')
		return "the request target is not a path";
	why = read_path(target, bytes, path);
	for (size_t at = path + 1; why == NULL && at < length;) {
		size_t piece = span(bytes + at, length - at, '&');

		why = read_parameter(target, bytes + at, piece);
		at += piece + 1;
	}
	return why;
}

/* Takes the next segment off a pattern. */
static bool
next_segment(const char **pattern, struct text *segment)
{
	if (**pattern != '/')
		return false;
	segment->at = *pattern + 1;
	segment->length = (uint32_t)strcspn(segment->at, "/");
	*pattern = segment->at + segment->length;
	return true;
}

static bool
is_parameter(struct text segment)
{
	return segment.length > 2 && segment.at[0] == '{';
}

bool
http_target_fits(const struct http_target *target, const char *pattern)
{
	struct text want;
	uint32_t count = 0;

	for (; next_segment(&pattern, &want); count++) {
		struct text is;

		if (count == target->segment_count)
			return false;
		is = target->segments[count];
		if (is_parameter(want) ? is.length == 0 : !text_equal(want, is))
			return false;
	}
	return count == target->segment_count;
}

struct text
http_target_segment(
    const struct http_target *target, const char *pattern, const char *name)
{
	struct text segment;

	for (uint32_t i = 0; next_segment(&pattern, &segment); i++) {
		struct text inner = { segment.at + 1, segment.length - 2 };

		if (i < target->segment_count && is_parameter(segment) &&
		    text_is(inner, name))
			return target->segments[i];
	}
	return TEXT_ABSENT;
}

struct text
http_target_parameter(const struct http_target *target, const char *name)
{
	for (uint32_t i = 0; i < target->parameter_count; i++)
		if (text_is(target->parameters[i].name, name))
			return target->parameters[i].value;
	return TEXT_ABSENT;
}

/* Lower-case hexadecimal digits, not all zero. */
static bool
is_id(const char *digits, size_t length)
{
	return strspn(digits, "0123456789abcdef") >= length &&
	       strspn(digits, "0") < length;
}

bool
http_trace_is_valid(struct text trace)
{
	char copy[56]; /* "00-<32>-<16>-<2>" */

	if (trace.length < 55 || (trace.length > 55 && trace.at[55] != '-'))
		return false;
	text_copy((struct text){ trace.at, 55 }, copy, sizeof copy);
	if (copy[2] != '-' || copy[35] != '-' || copy[52] != '-')
		return false;
	if (memcmp(copy, "ff", 2) == 0 ||
	    (memcmp(copy, "00", 2) == 0 && trace.length > 55))
		return false;
	return strspn(copy, "0123456789abcdef") == 2 && is_id(copy + 3, 32) &&
	       is_id(copy + 36, 16) && strspn(copy + 53, "0123456789abcdef") == 2;
}
