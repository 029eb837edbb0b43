/* SPDX-License-Identifier: Apache-2.0
 * Finds the ends of values; whether they are JSON is for a parser to say. */
#include "deploy/referralctl/import_scan.h"

#include <stdlib.h>

bool
scan_is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

const char *
scan_skip_space(const char *at, const char *end)
{
	while (at < end && scan_is_space(*at))
		at++;
	return at;
}

/* `at` is behind the opening quote; gives the byte behind the closing one, NULL: none. */
static const char *
skip_string(const char *at, const char *end)
{
	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *back = quote;

		if (quote == NULL)
			return NULL;
		while (back > at && back[-1] == '\\')
			back--;
		at = quote + 1;
		if ((quote - back) % 2 == 0)
			return at;
	}
	return NULL;
}

const char *
scan_skip_value(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		char byte = *at++;

		if (byte == '"') {
			at = skip_string(at, end);
			if (at == NULL)
				return NULL;
		} else if (byte == '{' || byte == '[') {
			depth++;
		} else if (byte == '}' || byte == ']') {
			if (depth <= 1)
				return depth == 1 ? at : at - 1;
			depth--;
		} else if (depth == 0 &&
		           (byte == ',' || byte == ':' || scan_is_space(byte))) {
			return at - 1;
		} else {
			continue;
		}
		if (depth == 0)
			return at;
	}
	return depth == 0 ? at : NULL;
}

const char *
scan_line_end(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? newline : end;
}

size_t
scan_members(const char *at, const char *end,
    struct scan_member members[SCAN_MEMBERS_MAX], bool *is_cut)
{
	size_t count = 0;

	*is_cut = true;
	for (at = scan_skip_space(at + 1, end); at < end && *at == '"';) {
		struct scan_member *member = &members[count];
		const char *key_end = skip_string(at + 1, end);
		const char *colon = key_end ? scan_skip_space(key_end, end) : end;

		if (colon == end)
			return count;
		if (*colon != ':' || count == SCAN_MEMBERS_MAX)
			break;
		member->key = (struct text){ at + 1, (uint32_t)(key_end - at - 2) };
		member->value = scan_skip_space(colon + 1, end);
		member->value_end = scan_skip_value(member->value, end);
		count++;
		if (member->value_end == NULL || member->value == end)
			return count;
		at = scan_skip_space(member->value_end, end);
		if (at < end && *at == ',')
			at = scan_skip_space(at + 1, end);
	}
	*is_cut = at == end;
	return count;
}

const struct scan_member *
scan_find_list(const struct scan_member *members, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (text_is(members[i].key, key) && *members[i].value == '[')
			return &members[i];
	return NULL;
}

bool
scan_has_member(const struct scan_member *members, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (text_is(members[i].key, key))
			return true;
	return false;
}

bool
scan_member_says(
    const struct scan_member *members, size_t count, const char *key, const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (text_is(members[i].key, key) && members[i].value_end != NULL &&
		    (size_t)(members[i].value_end - members[i].value) == strlen(value) &&
		    memcmp(members[i].value, value, strlen(value)) == 0)
			return true;
	return false;
}

uint64_t
scan_member_number(const struct scan_member *members, size_t count, const char *key)
{
	char digits[20];

	for (size_t i = 0; i < count; i++)
		if (text_is(members[i].key, key) && members[i].value_end != NULL &&
		    text_copy((struct text){ members[i].value,
		                  (uint32_t)(members[i].value_end - members[i].value) },
		        digits, sizeof digits))
			return strtoull(digits, NULL, 10);
	return 0;
}
