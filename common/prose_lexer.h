/* SPDX-License-Identifier: Apache-2.0
 * From characters to tokens.  For prose_token.c and prose_number.c only. */
#ifndef COMMON_PROSE_LEXER_H
#define COMMON_PROSE_LEXER_H

#include "common/prose_token.h"

struct prose_word {
	const char *words;
	enum prose_kind kind;
	int value;
};

struct prose_lexer {
	const char *at;
	struct prose_tokens *tokens;
	bool is_cyrillic;
};

/* False: too many. */
bool prose_lexer_add(struct prose_lexer *lexer, enum prose_kind kind, int value);
/* The token added last; a PROSE_END where there is none. */
struct prose_token *prose_lexer_last(struct prose_lexer *lexer);
/* Steps behind these very bytes, if they stand here. */
bool prose_lexer_take(struct prose_lexer *lexer, const char *what);
/* The longest words of the table that stand at `at`; NULL: none.  *end is behind them,
 * *letters those of the last one. */
const struct prose_word *prose_lexer_find(
    const char *at, const char **end, uint32_t *letters);
const char *prose_skip_spaces(const char *at);
bool prose_is_digit(char byte);

/* Takes what begins with a digit: a time, "24/7", "1st", "7 days a week". */
bool prose_number_take(struct prose_lexer *lexer);

#endif
