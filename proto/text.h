/* SPDX-License-Identifier: Apache-2.0
 * A run of bytes that somebody else owns. */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes: valid as long as the buffer they point into.  `at` NULL means absent;
 * an empty text has length 0 and `at` not NULL.  Not terminated. */
struct text {
	const char *at;
	uint32_t length;
};

#define TEXT_ABSENT ((struct text){ NULL, 0 })

/* A string literal as a text: LITERAL("accept"). */
#define LITERAL(literal) ((struct text){ "" literal, (uint32_t)(sizeof(literal) - 1) })

static inline struct text
text_of(const char *string)
{
	return (struct text){ string, string ? (uint32_t)strlen(string) : 0 };
}

static inline bool
text_is(struct text text, const char *string)
{
	return text.at != NULL && strlen(string) == text.length &&
	       memcmp(text.at, string, text.length) == 0;
}

static inline bool
text_equal(struct text one, struct text other)
{
	return one.length == other.length &&
	       (one.length == 0 || memcmp(one.at, other.at, one.length) == 0);
}

/* Copies into a terminated buffer; false (and an empty buffer) when it does not fit. */
static inline bool
text_copy(struct text text, char *buffer, size_t size)
{
	bool fits = text.length < size;

	if (size == 0)
		return false;
	if (fits && text.length > 0)
		memcpy(buffer, text.at, text.length);
	buffer[fits ? text.length : 0] = '\0';
	return fits;
}

#endif
