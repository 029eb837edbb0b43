/* SPDX-License-Identifier: Apache-2.0
 * JSON to records, by the table.  Writing is in json_write.c. */
#include "common/json.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/clock.h"
#include "proto/field.h"

/* What a BYTES field was decoded into. */
struct kept {
	struct kept *next;
	unsigned char bytes[];
};

struct json_arena {
	json_t *root; /* texts point into its strings */
	struct kept *kept;
	bool is_out_of_memory;
};

static void
arena_clear(struct json_arena *arena)
{
	json_decref(arena->root);
	arena->root = NULL;
	arena->is_out_of_memory = false;
	while (arena->kept != NULL) {
		struct kept *kept = arena->kept;

		arena->kept = kept->next;
		free(kept);
	}
}

struct json_arena *
json_arena_new(void)
{
	return calloc(1, sizeof(struct json_arena));
}

void
json_arena_free(struct json_arena *arena)
{
	if (arena == NULL)
		return;
	arena_clear(arena);
	free(arena);
}

/* ---- values ---- */

static bool
get_text(const json_t *json, struct text *text)
{
	if (!json_is_string(json) || json_string_length(json) >= UINT32_MAX)
		return false;
	*text =
	    (struct text){ json_string_value(json), (uint32_t)json_string_length(json) };
	return true;
}

static bool
get_bytes(struct json_arena *arena, const json_t *json, struct text *bytes)
{
	struct kept *kept;
	struct text base64;
	size_t most, length = 0;

	if (!get_text(json, &base64))
		return false;
	most = base64.length / 4 * 3 + 3;
	kept = malloc(sizeof *kept + most);
	if (kept == NULL) {
		arena->is_out_of_memory = true;
		return false;
	}
	kept->next = arena->kept;
	arena->kept = kept;
	if (sodium_base642bin(kept->bytes, most, base64.at, base64.length, NULL, &length,
	        NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	*bytes = (struct text){ (const char *)kept->bytes, (uint32_t)length };
	return true;
}

static bool
get_number(const json_t *json, const struct field *field, uint32_t *number)
{
	struct text word;

	if (field->type == FIELD_ASKED && get_text(json, &word) &&
	    text_is(word, "refused")) {
		*number = UINT_REFUSED;
		return true;
	}
	if (!json_is_integer(json) || json_integer_value(json) < 0 ||
	    json_integer_value(json) >= UINT_REFUSED)
		return false;
	*number = (uint32_t)json_integer_value(json);
	return true;
}

static bool
get_real(const json_t *json, double *real)
{
	if (!json_is_number(json))
		return false;
	*real = json_number_value(json) + 0.0; /* no negative zero */
	return true;
}

static bool
get_flag(const json_t *json, uint8_t *flag)
{
	if (!json_is_boolean(json))
		return false;
	*flag = json_is_true(json) ? FLAG_YES : FLAG_NO;
	return true;
}

/* False: of another type than the field's, or not to be read as it. */
static bool
get_scalar(
    struct json_arena *arena, const json_t *json, const struct field *field, void *at)
{
	struct text text;

	switch (field_element(field->type)) {
	case FIELD_TEXT:
		return get_text(json, at);
	case FIELD_BYTES:
		return get_bytes(arena, json, at);
	case FIELD_UINT:
	case FIELD_ASKED:
		return get_number(json, field, at);
	case FIELD_REAL:
		return get_real(json, at);
	case FIELD_TIME:
		return get_text(json, &text) && clock_parse(text, at);
	case FIELD_FLAG:
		return get_flag(json, at);
	case FIELD_CODE:
		if (!get_text(json, &text))
			return false;
		*(uint8_t *)at = (uint8_t)code_value(field->set, text);
		return true;
	case FIELD_ONE:
	case FIELD_MANY:
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		break;
	}
	return false;
}

/* ---- records ---- */

/* What a walk carries along. */
struct reading {
	struct json_arena *arena;
	struct defects *defects;
};

static void get_record(const struct reading *reading, json_t *json, const struct path *up,
    const struct record *record, void *values);

static void
get_value(const struct reading *reading, json_t *json, const struct path *path,
    const struct field *field, void *at)
{
	const char *must = path->name == NULL ? field->must_each : field->must;

	if (field->record == NULL) {
		if (!get_scalar(reading->arena, json, field, at) ||
		    !field_is_legal(field, at))
			path_refuse(path, must, reading->defects);
	} else {
		record_init(field->record, at);
		if (json_is_object(json))
			get_record(reading, json, path, field->record, at);
		else
			path_refuse(path, must, reading->defects);
	}
}

static void
get_list(const struct reading *reading, const json_t *json, const struct path *path,
    const struct field *field, void *values)
{
	size_t count = json_array_size(json); /* 0 for what is no array */

	if (!json_is_array(json) || count > field->most_count ||
	    (count == 0 && field->is_required))
		path_refuse(path, field->must, reading->defects);
	if (count > field->most_count)
		count = field->most_count;
	for (uint32_t i = 0; i < count; i++) {
		struct path element = PATH_ELEMENT(path, i);

		get_value(reading, json_array_get(json, i), &element, field,
		    field_place(field, values, i));
	}
	field_set_count(field, values, (uint32_t)count);
}

static void
get_field(const struct reading *reading, json_t *json, const struct path *up,
    const struct field *field, void *values)
{
	struct path path = PATH_FIELD(up, field->name);

	if (json == NULL || json_is_null(json)) {
		if (field->is_required)
			path_refuse(&path, "missing", reading->defects);
	} else if (field_is_list(field->type)) {
		get_list(reading, json, &path, field, values);
	} else {
		field_set_count(field, values, 1);
		get_value(reading, json, &path, field, field_place(field, values, 0));
	}
}

static bool
has_field(const struct record *record, const char *name)
{
	for (const struct field *field = record->fields; field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return true;
	return false;
}

/* Recurses as deep as the table's records nest, however deep the JSON does. */
static void
get_record(const struct reading *reading, json_t *json, const struct path *up,
    const struct record *record, void *values)
{
	const char *key;
	json_t *value;

	for (const struct field *field = record->fields; field->name != NULL; field++)
		get_field(reading, json_object_get(json, field->name), up, field, values);
	json_object_foreach(json, key, value)
	{
		struct path path = PATH_FIELD(up, key);

		if (!has_field(record, key))
			path_refuse(&path, "no such field", reading->defects);
	}
}

/* ---- the door ---- */

static const char *
why_no_json(const json_error_t *error)
{
	switch ((int)json_error_code(error)) {
	case json_error_duplicate_key:
		return "a key stands twice in one object";
	case json_error_invalid_utf8:
		return "must be UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "must not hold a NUL";
	case json_error_stack_overflow:
		return "nested too deeply";
	case json_error_numeric_overflow:
		return "a number is too large";
	case json_error_end_of_input_expected:
		return "nothing may follow the object";
	default:
		return "must be one JSON object";
	}
}

enum status
json_read(struct json_arena *arena, const struct record *record, void *values,
    struct text json, struct defects *defects)
{
	struct reading reading = { arena, defects };
	json_error_t error;

	arena_clear(arena);
	defects->count = 0;
	record_init(record, values);
	arena->root = json_loadb(json.at, json.length, JSON_REJECT_DUPLICATES, &error);
	if (arena->root == NULL) {
		if (json_error_code(&error) == json_error_out_of_memory)
			return STATUS_NO_MEMORY;
		defects_add(defects, why_no_json(&error), "line %d column %d", error.line,
		    error.column);
		return STATUS_BAD_MESSAGE;
	}
	if (!json_is_object(arena->root)) {
		defects_add(defects, "must be one JSON object", "%s", "");
		return STATUS_BAD_MESSAGE;
	}
	get_record(&reading, arena->root, NULL, record, values);
	if (arena->is_out_of_memory)
		return STATUS_NO_MEMORY;
	return defects->count == 0 ? STATUS_OK : STATUS_INVALID;
}
