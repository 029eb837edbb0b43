/* SPDX-License-Identifier: Apache-2.0
 * Whether a value is one that its field may have. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/json_edits_private.h"

static bool
refuse(struct defects *defects, const struct editable *editable, const char *why)
{
	defects_add(defects, why, "%s", editable->name);
	return false;
}

/* Whether `word` is one of "a|b!|c". */
static bool
is_among(const char *words, const char *word, size_t length)
{
	const char *at = words;

	while (*at != '\0') {
		size_t span = strcspn(at, "|");
		size_t bare = span > 0 && at[span - 1] == '!' ? span - 1 : span;

		if (bare == length && memcmp(at, word, length) == 0)
			return true;
		at += at[span] == '|' ? span + 1 : span;
	}
	return false;
}

static bool
check_text(const struct editable *editable, const json_t *value, struct defects *defects)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	if (text == NULL)
		return refuse(defects, editable, "is no text");
	if ((double)length > editable->most)
		return refuse(defects, editable, "is too long");
	if (text[strspn(text, " \t\r\n")] == '\0')
		return refuse(defects, editable, "is blank; null takes it out");
	return true;
}

/* Attributes hold numbers as texts: what was read may be said again. */
static bool
read_number(const struct editable *editable, const json_t *value, double *number)
{
	const char *text = json_string_value(value);
	char *end;

	*number = json_number_value(value);
	if (text == NULL)
		return json_is_number(value);
	if (editable->kind != EDIT_FACT_NUMBER || text[0] < '0' || text[0] > '9')
		return false;
	*number = strtod(text, &end);
	return *end == '\0';
}

static bool
check_number(
    const struct editable *editable, const json_t *value, struct defects *defects)
{
	double number;

	if (!read_number(editable, value, &number) ||
	    !(number >= 0 && number <= editable->most))
		return refuse(defects, editable, "is no number within its bounds");
	return true;
}

static bool
check_date(const struct editable *editable, const json_t *value, struct defects *defects)
{
	struct text text = { json_string_value(value),
		(uint32_t)json_string_length(value) };
	int64_t ms;

	if (text.length != 10 || !clock_parse(text, &ms))
		return refuse(defects, editable, "is no date YYYY-MM-DD");
	return true;
}

static bool
check_word(const struct editable *editable, const json_t *value, struct defects *defects)
{
	if (!json_is_string(value) || !is_among(editable->words, json_string_value(value),
	                                  json_string_length(value)))
		return refuse(defects, editable, "is none of the words that it may be");
	return true;
}

/* ---- lists ---- */

/* The member with "!" behind it must be there. */
static bool
has_all(const char *words, const json_t *entry)
{
	char name[32];
	const char *mark = strchr(words, '!');
	const char *from = mark;

	if (mark == NULL)
		return true;
	while (from > words && from[-1] != '|')
		from--;
	(void)snprintf(name, sizeof name, "%.*s", (int)(mark - from), from);
	return json_string_length(json_object_get(entry, name)) > 0;
}

static bool
check_entry(const struct editable *editable, const json_t *entry)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)entry, name,
	    value) if (!json_is_string(value) ||
	               (strcmp(name, "id") != 0 &&
	                   !is_among(editable->words, name, strlen(name)))) return false;
	return json_is_object(entry) && has_all(editable->words, entry);
}

/* Every entry of HSDS has an id: by where it stands, whatever the request says. */
static void
give_id(const struct editable *editable, json_t *entry, size_t place, struct text service)
{
	char name[48], id[ID_UUID_BYTES + 1];

	(void)snprintf(name, sizeof name, "%s %zu", editable->name, place);
	id_uuid_of(service, text_of(name), id);
	(void)json_object_set_new(entry, "id", json_string(id));
}

static bool
check_list(const struct editable *editable, json_t *value, struct text service,
    struct defects *defects)
{
	json_t *entry;
	size_t i;

	if (!json_is_array(value) || (double)json_array_size(value) > editable->most)
		return refuse(defects, editable, "is no list, or too long a one");
	json_array_foreach(value, i, entry)
	{
		if (!check_entry(editable, entry)) {
			defects_add(defects,
			    "lacks a member, or has one that is unknown or no text",
			    "%s[%zu]", editable->name, i);
			return false;
		}
		give_id(editable, entry, i, service);
	}
	return true;
}

bool
edits_check(const struct editable *editable, json_t *value, struct text service,
    struct defects *defects)
{
	bool is_needed =
	    strcmp(editable->name, "name") == 0 || strcmp(editable->name, "status") == 0;

	if (json_is_null(value))
		return !is_needed || refuse(defects, editable, "must say something");
	switch (editable->kind) {
	case EDIT_TEXT:
		return check_text(editable, value, defects);
	case EDIT_AGE:
		return check_number(editable, value, defects);
	case EDIT_DATE:
	case EDIT_FACT_DATE:
		return check_date(editable, value, defects);
	case EDIT_WORD:
	case EDIT_FACT_WORD:
		return check_word(editable, value, defects);
	case EDIT_LIST:
		return check_list(editable, value, service, defects);
	case EDIT_FACT_NUMBER:
		return check_number(editable, value, defects);
	}
	return false;
}
