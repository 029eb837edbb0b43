/* SPDX-License-Identifier: Apache-2.0
 * From characters to words that mean something. */
#include "common/prose_vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "common/prose_eligibility.h"
#include "common/prose_text.h"

#define PHRASE_WORDS 5
#define PHRASE_BYTES 96

static const struct word {
	const char *words;
	enum eligibility_kind kind;
	uint32_t value;
} WORDS[] = {
#define WORD(words, kind, value) { words, KIND_##kind, value },
#include "common/prose_eligibility.def"
};
#define WORDS_COUNT (sizeof WORDS / sizeof *WORDS)

const char *
prose_eligibility_word_at(uint32_t index)
{
	return index < WORDS_COUNT ? WORDS[index].words : NULL;
}

static const char *
skip_between(const char *at)
{
	while (*at == ' ' || *at == '"' || *at == '\'')
		at++;
	return at;
}

static const char *
read_word(const char *at, char *phrase, size_t *length)
{
	const char *from = at;

	while (prose_is_letter(*at) || (*at == '\'' && prose_is_letter(at[1]))) {
		if (*length + 1 >= PHRASE_BYTES)
			return NULL;
		if (*at != '\'')
			phrase[(*length)++] = *at;
		at++;
	}
	phrase[*length] = '\0';
	return at > from ? at : NULL;
}

static int
compare_words(const void *key, const void *member)
{
	return strcmp(key, ((const struct word *)member)->words);
}

/* The longest words of the table here; *end is behind them, or behind one strange word. */
static const struct word *
find_words(const char *at, const char **end)
{
	char phrase[PHRASE_BYTES];
	size_t length = 0;
	const struct word *found = NULL;

	*end = NULL;
	for (int i = 0; i < PHRASE_WORDS; i++) {
		const struct word *word;

		if (i > 0) {
			at = skip_between(*at == '-' ? at + 1 : at);
			if (length + 1 < PHRASE_BYTES)
				phrase[length++] = ' ';
		}
		at = read_word(at, phrase, &length);
		if (at == NULL)
			break;
		word = bsearch(phrase, WORDS, WORDS_COUNT, sizeof *WORDS, compare_words);
		if (word != NULL || *end == NULL)
			*end = at;
		if (word != NULL)
			found = word;
	}
	return found;
}

static bool
add(struct eligibility_items *items, enum eligibility_kind kind, uint32_t value)
{
	if (items->count == ELIGIBILITY_ITEMS_MAX)
		return false;
	items->list[items->count++] = (struct eligibility_item){ kind, value };
	return true;
}

static bool
add_number(struct eligibility_items *items, const char **at)
{
	uint32_t number = 0;
	int digits = 0;

	while (**at >= '0' && **at <= '9' && digits++ < 4)
		number = number * 10 + (uint32_t)(*(*at)++ - '0');
	if (digits > 3 || !add(items, KIND_NUMBER, number))
		return false;
	if (**at == '+') {
		(*at)++;
		return add(items, KIND_UP, 0);
	}
	return true;
}

bool
eligibility_items_read(const char *at, struct eligibility_items *items)
{
	items->count = 0;
	while (*(at = skip_between(at)) != '\0') {
		const char *end;
		const struct word *word;
		bool is_taken = true;

		if (*at >= '0' && *at <= '9') {
			is_taken = add_number(items, &at);
		} else if (*at == ',' || *at == '-') {
			is_taken = add(items, *at == ',' ? KIND_COMMA : KIND_DASH, 0);
			at++;
		} else if (*at == ':' && items->count > 0) {
			at++;
		} else if (prose_is_letter(*at)) {
			word = find_words(at, &end);
			is_taken =
			    end != NULL && add(items, word ? word->kind : KIND_STRANGE,
			                       word ? word->value : 0);
			at = end;
		} else {
			return false;
		}
		if (!is_taken)
			return false;
	}
	items->list[items->count].kind = KIND_END;
	return items->count > 0;
}
