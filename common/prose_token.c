/* SPDX-License-Identifier: Apache-2.0
 * From characters to tokens. */
#include "common/prose_lexer.h"

#include <stdlib.h>

#define PHRASE_WORDS 5
#define PHRASE_BYTES 80
/* Longer words end with a full stop of their own: "Mon." is short for Monday. */
#define SHORT_LETTERS 5

static const struct prose_word WORDS[] = {
#define WORD(words, kind, value) { words, PROSE_##kind, value },
#include "common/prose_hours.def"
};
#define WORDS_COUNT (sizeof WORDS / sizeof *WORDS)

const char *
prose_word_at(uint32_t index, enum prose_kind *kind)
{
	if (index >= WORDS_COUNT)
		return NULL;
	*kind = WORDS[index].kind;
	return WORDS[index].words;
}

bool
prose_lexer_add(struct prose_lexer *lexer, enum prose_kind kind, int value)
{
	struct prose_tokens *tokens = lexer->tokens;

	if (tokens->count == PROSE_TOKENS_MAX)
		return false;
	tokens->list[tokens->count++] =
	    (struct prose_token){ .kind = kind, .value = value };
	return true;
}

struct prose_token *
prose_lexer_last(struct prose_lexer *lexer)
{
	static struct prose_token none;

	none = (struct prose_token){ .kind = PROSE_END };
	return lexer->tokens->count > 0 ? &lexer->tokens->list[lexer->tokens->count - 1]
	                                : &none;
}

bool
prose_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

const char *
prose_skip_spaces(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

bool
prose_lexer_take(struct prose_lexer *lexer, const char *what)
{
	if (strncmp(lexer->at, what, strlen(what)) != 0)
		return false;
	lexer->at += strlen(what);
	return true;
}

/* ---- words ---- */

/* Appends the word at `at`, without apostrophes; behind it, or NULL where there is none or no
 * room. */
static const char *
read_word(const char *at, char *phrase, size_t *length, uint32_t *letters)
{
	const char *from = at;

	*letters = 0;
	while (prose_is_letter(*at) ||
	       ((*at == '\'' || *at == '"') && at > from && prose_is_letter(at[1]))) {
		if (*at != '\'' && *at != '"') {
			if (*length + 1 >= PHRASE_BYTES)
				return NULL;
			phrase[(*length)++] = *at;
			*letters += ((unsigned char)*at & 0xc0) != 0x80;
		}
		at++;
	}
	phrase[*length] = '\0';
	return at > from ? at : NULL;
}

static int
compare_words(const void *key, const void *member)
{
	return strcmp(key, ((const struct prose_word *)member)->words);
}

/* The longest words of the table that stand here; NULL: none.  *end is behind them. */
const struct prose_word *
prose_lexer_find(const char *at, const char **end, uint32_t *letters)
{
	char phrase[PHRASE_BYTES];
	size_t length = 0;
	const struct prose_word *found = NULL;

	for (int i = 0; i < PHRASE_WORDS; i++) {
		const struct prose_word *word;
		uint32_t last_letters;

		if (i > 0) { /* "24-hour", "by-appointment" */
			at = prose_skip_spaces(
			    *at == '-' && prose_is_letter(at[1]) ? at + 1 : at);
			if (length + 1 < PHRASE_BYTES)
				phrase[length++] = ' ';
		}
		at = read_word(at, phrase, &length, &last_letters);
		if (at == NULL)
			break;
		word = bsearch(phrase, WORDS, WORDS_COUNT, sizeof *WORDS, compare_words);
		if (word != NULL) {
			found = word;
			*end = at;
			*letters = last_letters;
		}
	}
	return found;
}

/* "a.m.", "p.m", and "5p". */
static bool
take_half(struct prose_lexer *lexer)
{
	const char *at = lexer->at;
	enum prose_kind kind = *at == 'a' ? PROSE_HALF_AM : PROSE_HALF_PM;

	if ((*at != 'a' && *at != 'p') || prose_lexer_last(lexer)->kind != PROSE_TIME)
		return false;
	at++;
	if (*at == '.')
		at = prose_skip_spaces(at + 1);
	if (*at == 'm')
		at++;
	if (prose_is_letter(*at) || (at[-1] != 'm' && at[-1] != 'a' && at[-1] != 'p'))
		return false;
	if (*at == '.')
		at++;
	lexer->at = at;
	return prose_lexer_add(lexer, kind, 0);
}

static bool
take_word(struct prose_lexer *lexer)
{
	const char *end;
	uint32_t letters;
	const struct prose_word *word;

	if (take_half(lexer))
		return true;
	word = prose_lexer_find(lexer->at, &end, &letters);
	if (word == NULL)
		return false;
	lexer->at = end;
	if (letters <= SHORT_LETTERS && *lexer->at == '.')
		lexer->at++;
	return prose_lexer_add(lexer, word->kind, word->value);
}

/* ---- marks ---- */

static bool
take_mark(struct prose_lexer *lexer)
{
	static const struct {
		const char *mark;
		enum prose_kind kind;
	} MARKS[] = {
		{ ",", PROSE_COMMA },
		{ "(", PROSE_COMMA },
		{ ")", PROSE_COMMA },
		{ "[", PROSE_COMMA },
		{ "]", PROSE_COMMA },
		{ "\n", PROSE_LINE },
		{ ";", PROSE_STOP },
		{ ".", PROSE_STOP },
		{ "|", PROSE_STOP },
		{ "\xe2\x80\xa2", PROSE_STOP },
		{ "\xc2\xb7", PROSE_STOP },
		{ "*", PROSE_STOP },
		{ ":", PROSE_COLON },
		{ "-", PROSE_DASH },
		{ "/", PROSE_SLASH },
		{ "&amp;", PROSE_AND },
		{ "&", PROSE_AND },
	};

	if (strncmp(lexer->at, ".-", 2) == 0) /* "8.00.-17.00" */
		lexer->at++;
	for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++)
		if (prose_lexer_take(lexer, MARKS[i].mark))
			return prose_lexer_add(lexer, MARKS[i].kind, 0);
	return false;
}

static bool
read_all(struct prose_lexer *lexer)
{
	while (*lexer->at != '\0') {
		bool is_taken;

		if (*lexer->at == ' ' || *lexer->at == '"' || *lexer->at == '\'') {
			lexer->at++;
			continue;
		}
		is_taken = prose_is_digit(*lexer->at) ? prose_number_take(lexer)
		                                      : take_mark(lexer);
		if (!is_taken && (!prose_is_letter(*lexer->at) || !take_word(lexer)))
			return false;
	}
	return true;
}

/* A text that counts to 24 somewhere does so everywhere. */
static void
count_to_24(struct prose_tokens *tokens)
{
	bool counts_to_24 = false;

	for (uint32_t i = 0; i < tokens->count; i++)
		counts_to_24 = counts_to_24 || (tokens->list[i].kind == PROSE_TIME &&
		                                   tokens->list[i].time.half == PROSE_24);
	for (uint32_t i = 0; i < tokens->count && counts_to_24; i++)
		if (tokens->list[i].kind == PROSE_TIME &&
		    tokens->list[i].time.half == PROSE_BARE)
			tokens->list[i].time.half = PROSE_24;
}

/* Joins "9" and "am", "12" and "noon". */
static bool
join_halves(struct prose_tokens *tokens)
{
	static const enum prose_half HALVES[] = { PROSE_AM, PROSE_PM, PROSE_NOON,
		PROSE_MIDNIGHT };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tokens->count; i++) {
		struct prose_token token = tokens->list[i];
		struct prose_token *before = kept > 0 ? &tokens->list[kept - 1] : &token;
		enum prose_half half;

		if (token.kind < PROSE_HALF_AM || token.kind > PROSE_HALF_MIDNIGHT) {
			tokens->list[kept++] = token;
			continue;
		}
		half = HALVES[token.kind - PROSE_HALF_AM];
		if (kept > 0 && before->kind == PROSE_TIME &&
		    (before->time.half == PROSE_BARE || before->time.half == PROSE_24)) {
			before->time.half = half;
			before->is_full = true;
		} else if (half == PROSE_NOON || half == PROSE_MIDNIGHT) {
			token.kind = PROSE_TIME;
			token.time = (struct prose_time){ 12, 0, half };
			token.is_full = true;
			tokens->list[kept++] = token;
		} else {
			return false;
		}
	}
	tokens->count = kept;
	return true;
}

bool
prose_tokens_read(struct text prose, struct prose_tokens *tokens)
{
	struct prose_text folded;
	struct prose_lexer lexer = { .at = folded.bytes, .tokens = tokens };

	tokens->count = 0;
	if (!prose_fold(prose, &folded))
		return false;
	lexer.is_cyrillic = tokens->is_cyrillic = folded.is_cyrillic;
	if (!read_all(&lexer) || !join_halves(tokens))
		return false;
	count_to_24(tokens);
	tokens->list[tokens->count] = (struct prose_token){ .kind = PROSE_END };
	return true;
}
