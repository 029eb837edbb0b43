/* SPDX-License-Identifier: Apache-2.0
 * Numbers in opening hours: nearly all are times. */
#include "common/prose_lexer.h"

static const struct prose_word *
next_words(const char *at)
{
	const char *end;
	uint32_t letters;

	return prose_lexer_find(
	    prose_skip_spaces(*at == '-' ? at + 1 : at), &end, &letters);
}

static bool
is_to(const char *at)
{
	const struct prose_word *word = next_words(at);

	return word != NULL && word->kind == PROSE_TO;
}

/* Whether "8-30" at the 8 is half past eight.  Where people write so (not in English), 30
 * cannot be an hour; an hour that could be closes a range unless another time follows. */
static bool
is_dashed(struct prose_lexer *lexer, const char *dash, int minute)
{
	const char *after = prose_skip_spaces(dash + 3);

	if (!lexer->is_cyrillic || minute > 59)
		return false;
	if (minute == 0 || minute > 24 || prose_lexer_last(lexer)->kind == PROSE_TO)
		return true;
	return is_to(after) ||
	       (*after == '-' && prose_is_digit(*prose_skip_spaces(after + 1))) ||
	       (prose_lexer_last(lexer)->kind == PROSE_TIME &&
	           prose_lexer_last(lexer)->is_full) ||
	       (prose_lexer_last(lexer)->kind == PROSE_DASH &&
	           lexer->tokens->count >= 2 &&
	           lexer->tokens->list[lexer->tokens->count - 2].is_full);
}

/* The two digits of the minutes behind a separator; -1: none are there. */
static int
read_minute(struct prose_lexer *lexer)
{
	const char *at = lexer->at;
	int minute;

	if (*at == '\0' || strchr(":.,-", *at) == NULL || !prose_is_digit(at[1]) ||
	    !prose_is_digit(at[2]) || prose_is_digit(at[3]))
		return -1;
	minute = (at[1] - '0') * 10 + at[2] - '0';
	if (*at == '-' && !is_dashed(lexer, at, minute))
		return -1;
	if (*at == ',' && (!lexer->is_cyrillic || minute % 15 != 0))
		return -1;
	lexer->at += 3;
	if (*at == ':' && strncmp(lexer->at, ":00", 3) == 0 &&
	    !prose_is_digit(lexer->at[3]))
		lexer->at += 3; /* seconds */
	return minute;
}

static bool
add_time(struct prose_lexer *lexer, int hour, int minute, bool is_padded)
{
	enum prose_half half = lexer->is_cyrillic || is_padded || hour == 0 || hour > 12
	                           ? PROSE_24
	                           : PROSE_BARE;

	if (hour > 24 || minute > 59 || !prose_lexer_add(lexer, PROSE_TIME, 0))
		return false;
	prose_lexer_last(lexer)->is_full = minute >= 0;
	prose_lexer_last(lexer)->time = (struct prose_time){ (uint8_t)hour,
		(uint8_t)(minute >= 0 ? minute : 0), half };
	return true;
}

/* "0900", "1730": no year, which ends in a quarter of an hour once in fifteen. */
static bool
take_run(struct prose_lexer *lexer, int number, int digits, bool is_padded)
{
	if (digits > 4 || number % 100 % 15 != 0 || number / 100 == 20 ||
	    (digits == 3 && !lexer->is_cyrillic))
		return false;
	return add_time(lexer, number / 100, number % 100, is_padded);
}

/* "24 hours", "24-hour", "24/7". */
static bool
take_always(struct prose_lexer *lexer)
{
	const char *from = lexer->at;
	const struct prose_word *word = next_words(lexer->at);
	const char *end;
	uint32_t letters;

	if (word != NULL && word->kind == PROSE_HOUR) {
		lexer->at = prose_skip_spaces(*from == '-' ? from + 1 : from);
		(void)prose_lexer_find(lexer->at, &end, &letters);
		lexer->at = end;
		(void)(prose_lexer_take(lexer, ".") || prose_lexer_take(lexer, "/day") ||
		       prose_lexer_take(lexer, " / day"));
	} else if (prose_lexer_take(lexer, "/7") || prose_lexer_take(lexer, " / 7")) {
		(void)(prose_lexer_take(lexer, "/365") ||
		       prose_lexer_take(lexer, " / 365"));
		if (prose_is_digit(*lexer->at))
			return false;
	} else {
		return false;
	}
	return prose_lexer_add(lexer, PROSE_ALWAYS, 0);
}

/* "7 days a week": every day.  "5 days a week" does not say which. */
static bool
take_week(struct prose_lexer *lexer)
{
	const struct prose_word *word = next_words(lexer->at);
	uint32_t letters;

	if (prose_lexer_take(lexer, " days/week"))
		return prose_lexer_add(lexer, PROSE_DAYS, 127);
	if (word == NULL || word->kind != PROSE_WEEK_LONG)
		return false;
	(void)prose_lexer_find(
	    prose_skip_spaces(*lexer->at == '-' ? lexer->at + 1 : lexer->at), &lexer->at,
	    &letters);
	return prose_lexer_add(lexer, PROSE_DAYS, 127);
}

static bool
take_ordinal(struct prose_lexer *lexer, int number)
{
	static const char *const ENDS[] = { "st", "nd", "rd", "th" };

	if (number < 1 || number > 4 || strncmp(lexer->at, ENDS[number - 1], 2) != 0 ||
	    prose_is_letter(lexer->at[2]))
		return false;
	lexer->at += 2;
	return prose_lexer_add(lexer, PROSE_ORDINAL, number);
}

/* The digit 3 is typed for the letter that says "from". */
static bool
is_mistyped_from(struct prose_lexer *lexer)
{
	const char *at = prose_skip_spaces(lexer->at);

	if (!lexer->is_cyrillic || at == lexer->at || !prose_is_digit(*at))
		return false;
	while (prose_is_digit(*at))
		at++;
	if (*at == '\0' || strchr(":.-", *at) == NULL || !prose_is_digit(at[1]) ||
	    !prose_is_digit(at[2]))
		return false;
	at = prose_skip_spaces(at + 3);
	return *at == '-' || is_to(at);
}

bool
prose_number_take(struct prose_lexer *lexer)
{
	const char *from = lexer->at;
	int number = 0;
	int digits;
	bool is_padded;

	while (prose_is_digit(*lexer->at) && lexer->at - from < 5)
		number = number * 10 + *lexer->at++ - '0';
	digits = (int)(lexer->at - from);
	is_padded = digits > 1 && *from == '0';
	if (digits > 2)
		return take_run(lexer, number, digits, is_padded);
	if (take_ordinal(lexer, number))
		return true;
	if (number == 24 && take_always(lexer))
		return true;
	if (number == 7 && take_week(lexer))
		return true;
	if (number == 3 && digits == 1 && is_mistyped_from(lexer))
		return prose_lexer_add(lexer, PROSE_FROM, 0);
	return add_time(lexer, number, read_minute(lexer), is_padded);
}
