/* SPDX-License-Identifier: Apache-2.0
 * Compares folded words. */
#include "deploy/referralctl/import_when.h"

#include "common/fold.h"
#include "deploy/referralctl/import_map_private.h"
#include "deploy/referralctl/import_text.h"

static const char *const YES[] = { "yes", "y", "true", "t", "1", "x", "on", "так", "т",
	"є", "в наявності", "наявний", "наявна", "наявне", "да", "д", "есть", "имеется",
	"oui", "vrai", "si", "+", "✓", "✔", NULL };
static const char *const NO[] = { "no", "n", "false", "f", "0", "off", "none", "ні", "н",
	"немає", "нема", "відсутній", "відсутня", "відсутнє", "не", "нет", "отсутствует",
	"non", "faux", "-", "–", "—", "✗", NULL };

void
import_map_fold(struct text text, char key[PATH_NAME_BYTES])
{
	size_t length;

	text = import_text_trim(text);
	key[0] = '\0';
	if (FOLD_ROOM(text.length) > PATH_NAME_BYTES)
		return;
	length = fold(text, key, PATH_NAME_BYTES - 1);
	key[length] = '\0';
	if (length == 0)
		(void)text_copy(text, key, PATH_NAME_BYTES); /* nothing but signs */
}

/* Longer than any of the words. */
#define WORD_BYTES 40
#define WORDS_MAX 32

struct words {
	char folded[WORDS_MAX][WORD_BYTES];
	size_t count;
};

static bool
is_among_words(struct text text, const char *const *list, struct words *words)
{
	char folded[PATH_NAME_BYTES];

	for (; list[words->count] != NULL && words->count < WORDS_MAX; words->count++) {
		import_map_fold(text_of(list[words->count]), folded);
		(void)text_copy(text_of(folded), words->folded[words->count], WORD_BYTES);
	}
	if (text.length == 0 || text.length >= WORD_BYTES)
		return false;
	import_map_fold(text, folded);
	for (size_t i = 0; i < words->count && folded[0] != '\0'; i++)
		if (strcmp(words->folded[i], folded) == 0)
			return true;
	return false;
}

bool
when_is_yes(struct text text)
{
	static struct words words;

	return is_among_words(text, YES, &words);
}

bool
when_is_no(struct text text)
{
	static struct words words;

	return is_among_words(text, NO, &words);
}

bool
when_is_among(struct text text, const json_t *list)
{
	char folded[2][PATH_NAME_BYTES];
	size_t index;
	const json_t *word;

	import_map_fold(text, folded[0]);
	json_array_foreach((json_t *)list, index, word)
	{
		import_map_fold(text_of(json_string_value(word)), folded[1]);
		if (folded[0][0] != '\0' && strcmp(folded[0], folded[1]) == 0)
			return true;
	}
	return false;
}

/* ---- conditions ---- */

static bool
is_yes(const json_t *value)
{
	return json_is_true(value) ||
	       (json_is_string(value) &&
	           when_is_yes(text_of(json_string_value(value)))) ||
	       (json_is_integer(value) && json_integer_value(value) == 1);
}

static bool
is_no(const json_t *value)
{
	return json_is_false(value) ||
	       (json_is_string(value) && when_is_no(text_of(json_string_value(value)))) ||
	       (json_is_integer(value) && json_integer_value(value) == 0);
}

static bool
holds(const json_t *condition, const json_t *value)
{
	const char *word = json_string_value(condition);

	if (word == NULL)
		return json_is_string(value) &&
		       when_is_among(text_of(json_string_value(value)), condition);
	if (strcmp(word, "yes") == 0)
		return is_yes(value);
	if (strcmp(word, "no") == 0)
		return is_no(value);
	if (strcmp(word, "no or silent") == 0)
		return value == NULL || is_no(value);
	if (strcmp(word, "silent") == 0)
		return value == NULL;
	return value != NULL && (strcmp(word, "says") == 0 || !is_no(value));
}

bool
when_holds(const json_t *when, const json_t *row)
{
	const char *path;
	json_t *condition;

	json_object_foreach((json_t *)when, path, condition)
	{
		json_t *values = json_array();
		bool is_met;

		path_collect(row, path, values);
		is_met = holds(condition, json_array_get(values, 0));
		json_decref(values);
		if (!is_met)
			return false;
	}
	return true;
}

static bool
is_condition(const json_t *condition)
{
	static const char *const WORDS[] = { "yes", "no", "not no", "no or silent",
		"says", "silent" };
	size_t index;
	const json_t *word;

	if (json_is_string(condition)) {
		for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
			if (strcmp(WORDS[i], json_string_value(condition)) == 0)
				return true;
		return false;
	}
	json_array_foreach((json_t *)condition, index, word)
	{
		if (!json_is_string(word))
			return false;
	}
	return json_array_size(condition) > 0;
}

bool
when_is_good(const json_t *when, const char **name)
{
	const char *path;
	json_t *condition;

	*name = "when";
	if (!json_is_object(when))
		return false;
	json_object_foreach((json_t *)when, path, condition)
	{
		*name = path;
		if (!path_is_good(path) || !is_condition(condition))
			return false;
	}
	return true;
}
