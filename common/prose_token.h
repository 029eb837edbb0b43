/* SPDX-License-Identifier: Apache-2.0
 * Opening hours in prose, cut into words and times that mean something.  For prose_hours.c and
 * tests only. */
#ifndef COMMON_PROSE_TOKEN_H
#define COMMON_PROSE_TOKEN_H

#include "common/prose_clock.h"
#include "common/prose_text.h"

enum prose_kind {
	PROSE_END,
	/* From prose_hours.def. */
	PROSE_DAYS,
	PROSE_ORDINAL,
	PROSE_OF_MONTH,
	PROSE_MONTH,
	PROSE_EVERY,
	PROSE_WEEK_LONG, /* "days a week", of which there must be 7 */
	PROSE_HOUR,
	PROSE_HALF_AM,
	PROSE_HALF_PM,
	PROSE_HALF_NOON,
	PROSE_HALF_MIDNIGHT,
	PROSE_FROM,
	PROSE_TO,
	PROSE_AND,
	PROSE_CLOSED, /* value 1: may be followed by a time of day */
	PROSE_NONE,   /* "none", where hours would stand */
	PROSE_BREAK,
	PROSE_NO_BREAK,
	PROSE_EXCEPT,
	PROSE_HOLIDAY,
	PROSE_APPOINTMENT,
	PROSE_ALSO, /* "evenings", "or": for times by appointment */
	PROSE_ALWAYS,
	PROSE_LABEL,
	PROSE_NOISE,
	/* Made of characters. */
	PROSE_TIME, /* time */
	PROSE_DASH,
	PROSE_COLON,
	PROSE_SLASH,
	PROSE_COMMA,
	PROSE_LINE,
	PROSE_STOP, /* semicolon, full stop */
};

struct prose_token {
	enum prose_kind kind;
	int value;
	struct prose_time time;
	bool is_full; /* a time with minutes */
};

#define PROSE_TOKENS_MAX 400

struct prose_tokens {
	struct prose_token list[PROSE_TOKENS_MAX + 1]; /* ends with PROSE_END */
	uint32_t count;
	bool is_cyrillic;
};

/* False: something in it is neither a word of the table nor a time. */
bool prose_tokens_read(struct text prose, struct prose_tokens *tokens);

/* The words and kinds of the table, for tests.  NULL: there are no more. */
const char *prose_word_at(uint32_t index, enum prose_kind *kind);

#endif
