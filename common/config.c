/* SPDX-License-Identifier: Apache-2.0
 * The key table, and values as text. */
#include "common/config.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

/* What a value's problem line shows of it, in bytes. */
#define SHOWN_MOST 60

struct unit {
	const char *name;
	int64_t factor;
};

/* Smallest first; NULL ends. */
static const struct unit DURATIONS[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 },
	{ "h", 3600000 }, { "d", 86400000 }, { NULL, 0 } };
static const struct unit SIZES[] = { { "B", 1 }, { "kB", 1024 }, { "MB", 1048576 },
	{ "GB", 1073741824 }, { NULL, 0 } };

const struct config_key *
config_keys(void)
{
#define KEY(section, name, type, fallback, least, largest, unit, help)                   \
	{ #section, #name, CONFIG_##type, fallback, least, largest, unit, help,          \
		offsetof(struct config, section##_##name) },
	static const struct config_key KEYS[] = {
#include "common/config.def"
		{ NULL, NULL, CONFIG_TEXT, NULL, 0, 0, NULL, NULL, 0 }
	};

	return KEYS;
}

const struct config_key *
config_find(const char *section, const char *name)
{
	for (const struct config_key *key = config_keys(); key->name != NULL; key++)
		if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

void
config_defaults(struct config *config)
{
	char why[256];

	memset(config, 0, sizeof *config);
	for (const struct config_key *key = config_keys(); key->name != NULL; key++) {
		bool is_legal = config_set(config, key, key->fallback, why, sizeof why);

		assert(is_legal);
		(void)is_legal;
	}
}

static const struct unit *
units_of(enum config_type type)
{
	static const struct unit NONE[] = { { NULL, 0 } };

	return type == CONFIG_MS ? DURATIONS : type == CONFIG_BYTES ? SIZES : NONE;
}

/* In the largest unit that leaves a whole number; 0 and counts without unit. */
static int
format_number(int64_t number, enum config_type type, char *text, size_t size)
{
	const struct unit *best = NULL;

	for (const struct unit *unit = units_of(type); unit->name != NULL && number != 0;
	     unit++)
		if (number % unit->factor == 0)
			best = unit;
	if (best == NULL)
		return snprintf(text, size, "%" PRId64, number);
	return snprintf(text, size, "%" PRId64 " %s", number / best->factor, best->name);
}

void
config_range(const struct config_key *key, char *text, size_t size)
{
	char least[32];
	char largest[32];

	format_number(key->least, key->type, least, sizeof least);
	format_number(key->largest, key->type, largest, sizeof largest);
	switch (key->type) {
	case CONFIG_YESNO:
		snprintf(text, size, "yes or no");
		break;
	case CONFIG_WORD:
		snprintf(text, size, "one of %s", key->unit);
		break;
	case CONFIG_TEXT:
		snprintf(text, size, "%s to %s bytes", least, largest);
		break;
	case CONFIG_LIST:
		snprintf(
		    text, size, "%s to %s bytes, separated by commas", least, largest);
		break;
	case CONFIG_COUNT:
	case CONFIG_MS:
	case CONFIG_BYTES:
		snprintf(text, size, "%s to %s", least, largest);
		break;
	}
}

bool
config_format(
    const struct config *config, const struct config_key *key, char *value, size_t size)
{
	const void *field = (const char *)config + key->offset;
	int length = 0;

	switch (key->type) {
	case CONFIG_YESNO:
		length = snprintf(value, size, "%s", *(const bool *)field ? "yes" : "no");
		break;
	case CONFIG_TEXT:
	case CONFIG_LIST:
	case CONFIG_WORD:
		length = snprintf(value, size, "%s", (const char *)field);
		break;
	case CONFIG_COUNT:
	case CONFIG_MS:
	case CONFIG_BYTES:
		length = format_number(*(const int64_t *)field, key->type, value, size);
		break;
	}
	return length >= 0 && (size_t)length < size;
}

static struct text
trim(struct text text)
{
	while (text.length > 0 && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.length--;
	}
	while (text.length > 0 &&
	       (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
		text.length--;
	return text;
}

/* The parsers below return NULL, or what is wrong with the value. */

static const char *
parse_unit(const struct config_key *key, struct text rest, int64_t *number)
{
	const struct unit *unit = units_of(key->type);

	if (rest.length == 0 && (unit->name == NULL || *number == 0))
		return NULL;
	if (unit->name == NULL)
		return "is not a whole number";
	while (unit->name != NULL && !text_is(rest, unit->name))
		unit++;
	if (unit->name == NULL)
		return key->type == CONFIG_MS ? "is no duration in ms, s, min, h or d"
		                              : "is no size in B, kB, MB or GB";
	return __builtin_mul_overflow(*number, unit->factor, number) ? "is out of range"
	                                                             : NULL;
}

static const char *
parse_number(const struct config_key *key, struct text text, int64_t *number)
{
	const char *problem;
	uint32_t digits = 0;

	*number = 0;
	for (; digits < text.length && text.at[digits] >= '0' && text.at[digits] <= '9';
	     digits++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, text.at[digits] - '0', number))
			return "is out of range";
	if (digits == 0)
		return "does not begin with a digit";
	problem = parse_unit(
	    key, trim((struct text){ text.at + digits, text.length - digits }), number);
	if (problem == NULL && (*number < key->least || *number > key->largest))
		problem = "is out of range";
	return problem;
}

static const char *
parse_yesno(struct text text, bool *flag)
{
	*flag = text_is(text, "yes");
	return *flag || text_is(text, "no") ? NULL : "is neither yes nor no";
}

/* A ';' would begin a comment when the value is printed and read again. */
static const char *
check_bytes(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f ||
		    text.at[i] == ';')
			return "holds a control character or ';'";
	return NULL;
}

static const char *
parse_text(const struct config_key *key, struct text text, char *field)
{
	const char *problem = check_bytes(text);

	if (problem != NULL)
		return problem;
	if (text.length < key->least || text.length > key->largest)
		return text.length == 0 ? "is empty" : "has a wrong length";
	memset(field, 0, (size_t)key->largest + 1);
	memcpy(field, text.at, text.length);
	return NULL;
}

static const char *
parse_word(const struct config_key *key, struct text text, char *field)
{
	const char *word = key->unit;

	while (word != NULL) {
		const char *end = strchrnul(word, '|');

		if (text_equal(text, (struct text){ word, (uint32_t)(end - word) }))
			return parse_text(key, text, field);
		word = *end == '|' ? end + 1 : NULL;
	}
	return "is none of the words";
}

/* Copies the items with single commas between them.  A comma may end the value, so that a
 * list can go on in the next line. */
static const char *
parse_list(const struct config_key *key, struct text rest, char *field)
{
	char joined[CONFIG_LIST_MOST + 1] = "";
	uint32_t length = 0;

	while (rest.length > 0) {
		const char *comma = memchr(rest.at, ',', rest.length);
		uint32_t used = comma != NULL ? (uint32_t)(comma - rest.at) : rest.length;
		struct text item = trim((struct text){ rest.at, used });

		rest.at += used + (comma != NULL);
		rest.length -= used + (comma != NULL);
		if (item.length == 0)
			return "has an empty item";
		if (item.length > CONFIG_TEXT_MOST ||
		    memchr(item.at, ' ', item.length) != NULL)
			return "has an item that is too long or holds a space";
		if (length + 1 + item.length > CONFIG_LIST_MOST)
			return "has a wrong length";
		if (length > 0)
			joined[length++] = ',';
		memcpy(joined + length, item.at, item.length);
		length += item.length;
	}
	return parse_text(key, (struct text){ joined, length }, field);
}

static const char *
parse(const struct config_key *key, struct text text, void *field)
{
	int64_t number;
	bool flag;
	const char *problem = NULL;

	switch (key->type) {
	case CONFIG_TEXT:
		return parse_text(key, text, field);
	case CONFIG_LIST:
		return parse_list(key, text, field);
	case CONFIG_WORD:
		return parse_word(key, text, field);
	case CONFIG_YESNO:
		problem = parse_yesno(text, &flag);
		if (problem == NULL)
			*(bool *)field = flag;
		return problem;
	case CONFIG_COUNT:
	case CONFIG_MS:
	case CONFIG_BYTES:
		problem = parse_number(key, text, &number);
		if (problem == NULL)
			*(int64_t *)field = number;
		return problem;
	}
	return problem;
}

bool
config_set(struct config *config, const struct config_key *key, const char *value,
    char *why, size_t why_size)
{
	const char *problem =
	    parse(key, trim(text_of(value)), (char *)config + key->offset);
	char shown[SHOWN_MOST + 1];
	char range[128];

	if (problem == NULL)
		return true;
	snprintf(shown, sizeof shown, "%s", value);
	for (char *at = shown; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	config_range(key, range, sizeof range);
	snprintf(why, why_size, "\"%s\" %s; legal: %s", shown, problem, range);
	return false;
}

struct text
config_list_next(const char **rest)
{
	const char *item = *rest;
	const char *end;

	if (*item == '\0')
		return TEXT_ABSENT;
	end = strchrnul(item, ',');
	*rest = *end == ',' ? end + 1 : end;
	return (struct text){ item, (uint32_t)(end - item) };
}
