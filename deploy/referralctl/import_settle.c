/* SPDX-License-Identifier: Apache-2.0
 * Ids, numbers, texts and words. */
#include "deploy/referralctl/import_settle.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "deploy/referralctl/import_text.h"

#define NAME_MAX_BYTES 128

/* "service_at_locations[0].location", from the outermost member. */
static size_t
print_step(const struct import_step *step, char *text, size_t size)
{
	size_t length;

	text[0] = '\0';
	if (step == NULL)
		return 0;
	length = print_step(step->up, text, size);
	if (step->is_list)
		snprintf(text + length, size - length, "%s%s[%zu]", length ? "." : "",
		    step->name, step->index);
	else
		snprintf(
		    text + length, size - length, "%s%s", length ? "." : "", step->name);
	return strlen(text);
}

void
import_check_note(struct import_check *check, enum import_reason reason, const char *why)
{
	char field[160];

	if (check->noted & UINT64_C(1) << reason)
		return;
	check->noted |= UINT64_C(1) << reason;
	print_step(check->step, field, sizeof field);
	import_report_add(check->report, reason, check->where, field, why);
}

struct text
settle_text_in(const json_t *value)
{
	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

struct text
settle_text_at(const json_t *object, const char *key)
{
	return settle_text_in(json_object_get(object, key));
}

void
settle_aside(struct import_check *check, json_t *object, const char *name, json_t *value)
{
	char aside[NAME_MAX_BYTES];

	import_check_note(check, IMPORT_set_aside, "");
	snprintf(aside, sizeof aside, ASIDE "%s", name);
	json_object_set_new(object, aside, value);
}

/* Lower-case hexadecimal digits in groups of 8-4-4-4-12. */
static bool
read_uuid(struct text text, char id[ID_UUID_BYTES + 1])
{
	/* Every id of every part comes here: comparing took 4 % of an import. */
	static const char DIGITS[UCHAR_MAX + 1] = { ['0'] = '0',
		['1'] = '1',
		['2'] = '2',
		['3'] = '3',
		['4'] = '4',
		['5'] = '5',
		['6'] = '6',
		['7'] = '7',
		['8'] = '8',
		['9'] = '9',
		['a'] = 'a',
		['b'] = 'b',
		['c'] = 'c',
		['d'] = 'd',
		['e'] = 'e',
		['f'] = 'f',
		['A'] = 'a',
		['B'] = 'b',
		['C'] = 'c',
		['D'] = 'd',
		['E'] = 'e',
		['F'] = 'f' };
	int digits = 0;

	if (text.length != ID_UUID_BYTES || text.at[8] != '-' || text.at[13] != '-' ||
	    text.at[18] != '-' || text.at[23] != '-')
		return false;
	for (int i = 0; i < ID_UUID_BYTES; i++) {
		id[i] = DIGITS[(unsigned char)text.at[i]];
		digits += id[i] != '\0';
	}
	id[8] = id[13] = id[18] = id[23] = '-';
	id[ID_UUID_BYTES] = '\0';
	return digits == ID_UUID_BYTES - 4;
}

void
import_check_derive(struct text source, struct text original, char id[ID_UUID_BYTES + 1])
{
	id_uuid_of(source, original, id);
}

struct text
settle_read_id(const json_t *value, char digits[32])
{
	if (json_is_integer(value)) {
		snprintf(digits, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return text_of(digits);
	}
	return import_text_trim(settle_text_in(value));
}

bool
settle_id(struct import_check *check, const json_t *value, char id[ID_UUID_BYTES + 1])
{
	char digits[32];
	struct text text = settle_read_id(value, digits);

	if (text.length == 0)
		return false;
	if (!read_uuid(text, id)) {
		import_check_derive(check->source, text, id);
		import_check_note(check, IMPORT_derived_id, "");
	}
	return true;
}

void
settle_derive(struct text space, const char *kind, struct text one, struct text other,
    char id[ID_UUID_BYTES + 1])
{
	char *name;
	int length = asprintf(&name, "%s/%.*s/%.*s", kind, (int)one.length,
	    one.length ? one.at : "", (int)other.length, other.length ? other.at : "");

	if (length < 0) {
		id_uuid_of(space, one, id);
		return;
	}
	id_uuid_of(space, (struct text){ name, (uint32_t)length }, id);
	free(name);
}

bool
settle_read_number(const json_t *value, double *number)
{
	struct text text = import_text_trim(settle_text_in(value));
	char digits[40];
	char *end;

	if (json_is_number(value)) {
		*number = json_number_value(value);
		return true;
	}
	if (text.length == 0 || !text_copy(text, digits, sizeof digits) ||
	    strspn(digits, "+-.0123456789eE") != text.length)
		return false;
	*number = strtod(digits, &end);
	return *end == '\0' && isfinite(*number);
}

static json_t *
make_number(double number)
{
	if (number == floor(number) && fabs(number) < 1e15)
		return json_integer((json_int_t)number);
	return json_real(number);
}

void
settle_number(struct import_check *check, json_t *object, const char *name, json_t *value)
{
	double number;

	if (json_is_number(value))
		return;
	json_incref(value);
	json_object_del(object, name);
	if (settle_read_number(value, &number))
		json_object_set_new(object, name, make_number(number));
	else if (import_text_trim(settle_text_in(value)).length > 0 ||
	         !json_is_string(value)) {
		settle_aside(check, object, name, value);
		return;
	}
	json_decref(value);
}

/* Text for a number or a truth; NULL: it is neither. */
static json_t *
text_from(const json_t *value)
{
	struct import_buffer buffer = { 0 };
	json_t *text;

	if (!json_is_number(value) && !json_is_boolean(value))
		return NULL;
	import_write(&buffer, value);
	text = buffer.is_broken ? NULL : json_stringn(buffer.bytes, buffer.length);
	free(buffer.bytes);
	return text;
}

static void
clean_text(
    struct import_check *check, json_t *object, const char *name, const json_t *value)
{
	bool had_html = false;
	struct text before = settle_text_in(value);
	char *clean = import_text_clean(before, &had_html);

	if (clean == NULL)
		return;
	if (had_html)
		import_check_note(check, IMPORT_tags_removed, "");
	if (!text_is(before, clean))
		json_object_set_new(object, name, json_string(clean));
	free(clean);
}

void
settle_text(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value)
{
	json_t *text;
	struct text trimmed;

	if (!json_is_string(value)) {
		text = field->type == HSDS_TIME ? NULL : text_from(value);
		if (text == NULL) {
			json_incref(value);
			json_object_del(object, field->name);
			settle_aside(check, object, field->name, value);
		} else {
			json_object_set_new(object, field->name, text);
		}
	} else if (field->type == HSDS_TEXT) {
		clean_text(check, object, field->name, value);
	} else {
		trimmed = import_text_trim(settle_text_in(value));
		if (trimmed.length != json_string_length(value))
			json_object_set_new(object, field->name,
			    json_stringn(trimmed.at, trimmed.length));
	}
}

struct text
settle_find_word(const char *words, struct text word)
{
	word = import_text_trim(word);
	while (word.length > 0 && *words != '\0') {
		size_t length = strcspn(words, "|");

		if (length == word.length && strncasecmp(words, word.at, length) == 0)
			return (struct text){ words, (uint32_t)length };
		words += length + (words[length] == '|');
	}
	return TEXT_ABSENT;
}

void
settle_word(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value)
{
	struct text word = settle_find_word(field->words, settle_text_in(value));

	if (word.at == NULL) {
		json_incref(value);
		json_object_del(object, field->name);
		if (json_is_string(value) &&
		    import_text_trim(settle_text_in(value)).length == 0)
			json_decref(value);
		else
			settle_aside(check, object, field->name, value);
	} else if (!text_equal(word, settle_text_in(value))) {
		json_object_set_new(
		    object, field->name, json_stringn(word.at, word.length));
	}
}

void
settle_reference(
    struct import_check *check, json_t *object, const char *name, json_t *value)
{
	char id[ID_UUID_BYTES + 1];

	json_incref(value);
	if (!settle_id(check, value, id)) {
		json_object_del(object, name);
		if (!json_is_string(value))
			settle_aside(check, object, name, json_incref(value));
	} else if (!text_is(settle_text_in(value), id)) {
		json_object_set_new(object, name, json_string(id));
	}
	json_decref(value);
}
