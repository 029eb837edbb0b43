/* SPDX-License-Identifier: Apache-2.0
 * Compares folded words. */
#include "deploy/referralctl/import_when.h"

#include "deploy/referralctl/import_map_private.h"
#include "deploy/referralctl/import_text.h"

static const char *const YES[] = { "yes", "y", "true", "t", "1", "x", "on", "так", "т",
	"є", "в наявності", "наявний", "наявна", "наявне", "да", "д", "есть", "имеется",
	"oui", "vrai", "si", "+", "✓", "✔", NULL };
static const char *const NO[] = { "no", "n", "false", "f", "0", "off", "none", "ні", "н",
	"немає", "нема", "відсутній", "відсутня", "відсутнє", "не", "нет", "отсутствует",
	"non", "faux", "-", "–", "—", "✗", NULL };

static bool
same(struct text one, struct text other)
{
	char folded[2][PATH_NAME_BYTES];

	import_map_fold(one, folded[0]);
	import_map_fold(other, folded[1]);
	return folded[0][0] != '\0' && strcmp(folded[0], folded[1]) == 0;
}

static bool
is_among_words(struct text text, const char *const *words)
{
	while (*words != NULL && !same(text, text_of(*words)))
		words++;
	return *words != NULL;
}

bool
when_is_yes(struct text text)
{
	return is_among_words(text, YES);
}

bool
when_is_no(struct text text)
{
	return is_among_words(text, NO);
}

bool
when_is_among(struct text text, const json_t *list)
{
	size_t index;
	const json_t *word;

	json_array_foreach((json_t *)list, index, word)
	{
		if (same(text, text_of(json_string_value(word))))
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
	static const char *const WORDS[] = { "yes", "no", "not no", "says", "silent" };
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
