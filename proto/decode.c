/* SPDX-License-Identifier: Apache-2.0
 * msgpack to structs, by the table; what wire.c has not let through is never built. */
#include <msgpack.h>
#include <stdlib.h>

#include "proto/field.h"
#include "proto/wire.h"

/* The first chunk of the zone holds the objects of any message that wire_check lets
 * through (24 bytes a value, and alignment), so that decoding never allocates. */
#define ZONE_BYTES (WIRE_MAX_VALUES * (sizeof(msgpack_object) + MSGPACK_ZONE_ALIGN))

struct decoder {
	msgpack_zone zone;
};

struct decoder *
decoder_new(void)
{
	struct decoder *decoder = malloc(sizeof *decoder);

	if (decoder != NULL && !msgpack_zone_init(&decoder->zone, ZONE_BYTES)) {
		free(decoder);
		decoder = NULL;
	}
	return decoder;
}

void
decoder_free(struct decoder *decoder)
{
	if (decoder == NULL)
		return;
	msgpack_zone_destroy(&decoder->zone);
	free(decoder);
}

/* ---- objects ---- */

static bool
is_name(const msgpack_object *key, struct text name)
{
	return text_equal((struct text){ key->via.str.ptr, key->via.str.size }, name);
}

static bool
is_kept_key(const msgpack_object *key, uint32_t position)
{
	if (key->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		return key->via.u64 == position;
	return key->via.str.size == 1 && (uint8_t)key->via.str.ptr[0] == 'A' + position;
}

/* Looks from `*next` on, where the key stands if the sender used the table's order.  By its
 * position where `name` is absent. */
static const msgpack_object *
find(const msgpack_object_map *map, struct text name, uint32_t position, uint32_t *next)
{
	for (uint32_t i = 0; i < map->size; i++) {
		uint32_t at = (*next + i) % map->size;
		const msgpack_object *key = &map->ptr[at].key;

		if (name.at != NULL ? is_name(key, name) : is_kept_key(key, position)) {
			*next = at + 1;
			return &map->ptr[at].val;
		}
	}
	return NULL;
}

/* An empty text that is the first of all points nowhere in msgpack. */
static struct text
text_there(const char *at, uint32_t length)
{
	return at != NULL ? (struct text){ at, length } : LITERAL("");
}

static bool
get_text(const msgpack_object *object, struct text *text)
{
	if (object->type != MSGPACK_OBJECT_STR)
		return false;
	*text = text_there(object->via.str.ptr, object->via.str.size);
	return true;
}

static bool
get_bytes(const msgpack_object *object, struct text *text)
{
	if (object->type != MSGPACK_OBJECT_BIN)
		return false;
	*text = text_there(object->via.bin.ptr, object->via.bin.size);
	return true;
}

static bool
get_number(const msgpack_object *object, const struct field *field, uint32_t *number)
{
	struct text word;

	if (field->type == FIELD_ASKED && get_text(object, &word) &&
	    text_is(word, "refused")) {
		*number = UINT_REFUSED;
		return true;
	}
	if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
	    object->via.u64 >= UINT_REFUSED)
		return false;
	*number = (uint32_t)object->via.u64;
	return true;
}

static bool
get_real(const msgpack_object *object, double parts, double *real)
{
	if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		*real = (double)object->via.u64 / parts;
	else if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		*real = (double)object->via.i64 / parts;
	else if (object->type == MSGPACK_OBJECT_FLOAT32 ||
	         object->type == MSGPACK_OBJECT_FLOAT64)
		*real = object->via.f64 + 0.0; /* no negative zero */
	else
		return false;
	return true;
}

static bool
get_time(const msgpack_object *object, int64_t *time)
{
	if (object->type != MSGPACK_OBJECT_NEGATIVE_INTEGER &&
	    (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
	        object->via.u64 > INT64_MAX))
		return false;
	*time = object->via.i64;
	return true;
}

static bool
get_flag(const msgpack_object *object, uint8_t *flag)
{
	if (object->type != MSGPACK_OBJECT_BOOLEAN)
		return false;
	*flag = object->via.boolean ? FLAG_YES : FLAG_NO;
	return true;
}

static bool
get_code(const msgpack_object *object, enum form form, const struct field *field,
    uint8_t *code)
{
	struct text word;

	if (form != FORM_MESSAGE) {
		if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER ||
		    object->via.u64 > UINT8_MAX)
			return false;
		*code = (uint8_t)object->via.u64;
		return true;
	}
	if (!get_text(object, &word))
		return false;
	*code = (uint8_t)code_value(field->set, word);
	return true;
}

/* False: of another type than the field's. */
static bool
get_scalar(
    const msgpack_object *object, enum form form, const struct field *field, void *at)
{
	switch (field_element(field->type)) {
	case FIELD_TEXT:
		return get_text(object, at);
	case FIELD_BYTES:
		return get_bytes(object, at);
	case FIELD_UINT:
	case FIELD_ASKED:
		return get_number(object, field, at);
	case FIELD_REAL:
		return get_real(object, form == FORM_MESSAGE ? 1 : KEPT_REAL_PARTS, at);
	case FIELD_TIME:
		return get_time(object, at);
	case FIELD_FLAG:
		return get_flag(object, at);
	case FIELD_CODE:
		return get_code(object, form, field, at);
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

static void get_fields(const msgpack_object_map *map, enum form form,
    const struct path *up, const struct record *record, void *values,
    struct defects *defects);

/* A field's value or one element of its list. */
static void
get_value(const msgpack_object *object, enum form form, const struct path *path,
    const struct field *field, void *at, struct defects *defects)
{
	const char *must = path->name == NULL ? field->must_each : field->must;

	if (field->record == NULL) {
		if (!get_scalar(object, form, field, at) || !field_is_legal(field, at))
			path_refuse(path, must, defects);
	} else if (object->type == MSGPACK_OBJECT_MAP) {
		get_fields(&object->via.map, form, path, field->record, at, defects);
	} else {
		path_refuse(path, must, defects);
	}
}

static void
get_list(const msgpack_object *object, enum form form, const struct path *path,
    const struct field *field, void *values, struct defects *defects)
{
	uint32_t count, there = 0;

	if (object->type != MSGPACK_OBJECT_ARRAY) {
		path_refuse(path, field->must, defects);
		return;
	}
	count = object->via.array.size;
	if (form == FORM_KEPT_ONTO && field->record != NULL)
		there = field_count(field, values);
	if (count > field->most_count || (count == 0 && field->is_required) ||
	    (there > 0 && count != there))
		path_refuse(path, field->must, defects);
	if (count > field->most_count)
		count = field->most_count;
	for (uint32_t i = 0; i < count; i++) {
		struct path element = PATH_ELEMENT(path, i);

		if (field->record != NULL && i >= there)
			record_init(field->record, field_place(field, values, i));
		get_value(&object->via.array.ptr[i], form, &element, field,
		    field_place(field, values, i), defects);
	}
	field_set_count(field, values, count);
}

static void
get_field(const msgpack_object *object, enum form form, const struct path *up,
    const struct field *field, void *values, struct defects *defects)
{
	struct path path = PATH_FIELD(up, field->name);

	if (object == NULL) {
		if (field->is_required && form != FORM_KEPT_ONTO)
			path_refuse(&path, "missing", defects);
	} else if (field_is_list(field->type)) {
		get_list(object, form, &path, field, values, defects);
	} else {
		field_set_count(field, values, 1);
		get_value(
		    object, form, &path, field, field_place(field, values, 0), defects);
	}
}

/* Recurses as deep as the table's records nest, however deep the bytes do. */
static void
get_fields(const msgpack_object_map *map, enum form form, const struct path *up,
    const struct record *record, void *values, struct defects *defects)
{
	uint32_t next = 0;

	for (const struct field *field = record->fields; field->name != NULL; field++)
		get_field(
		    find(map, form == FORM_MESSAGE ? field_name(field) : TEXT_ABSENT,
		        kept_key(record, field), &next),
		    form, up, field, values, defects);
}

/* ---- the doors ---- */

static enum status
unpack(struct decoder *decoder, enum form form, const void *bytes, size_t length,
    msgpack_object *root, struct defects *defects)
{
	size_t end = 0;

	defects->count = 0;
	if (length > MESSAGE_MAX_BYTES ||
	    (form == FORM_MESSAGE ? wire_check(bytes, length)
	                          : wire_check_kept(bytes, length)) != STATUS_OK) {
		defects_add(defects,
		    "must be one msgpack map within the limits of wire.h", "%s", "");
		return STATUS_BAD_MESSAGE;
	}
	msgpack_zone_clear(&decoder->zone);
	if (msgpack_unpack(bytes, length, &end, &decoder->zone, root) !=
	    MSGPACK_UNPACK_SUCCESS)
		return STATUS_INTERNAL;
	return STATUS_OK;
}

enum status
record_get(struct decoder *decoder, enum form form, const struct record *record,
    void *values, const void *bytes, size_t length, struct defects *defects)
{
	msgpack_object root;
	enum status status = unpack(decoder, form, bytes, length, &root, defects);

	if (status != STATUS_OK)
		return status;
	get_fields(&root.via.map, form, NULL, record, values, defects);
	return defects->count == 0 ? STATUS_OK : STATUS_INVALID;
}

enum status
record_decode(struct decoder *decoder, const struct record *record, void *values,
    const void *bytes, size_t length, struct defects *defects)
{
	record_init(record, values);
	return record_get(decoder, FORM_MESSAGE, record, values, bytes, length, defects);
}

static const struct field ENVELOPE_TEXT = { .type = FIELD_TEXT,
	.most_bytes = ENVELOPE_MOST_BYTES,
	.must = "must be UTF-8 text without NUL of at most 64 bytes" };

/* id or trace: absent unless it is legal. */
static void
get_envelope(const msgpack_object_map *map, const char *name, struct text *text,
    struct defects *defects)
{
	uint32_t next = 0;
	const msgpack_object *object = find(map, text_of(name), 0, &next);

	if (object == NULL)
		return;
	if (get_text(object, text) && field_is_legal(&ENVELOPE_TEXT, text))
		return;
	*text = TEXT_ABSENT;
	defects_add(defects, ENVELOPE_TEXT.must, "%s", name);
}

static enum status
get_version(const msgpack_object_map *map, struct defects *defects)
{
	uint32_t next = 0;
	const msgpack_object *object = find(map, LITERAL("v"), 0, &next);
	bool is_integer =
	    object != NULL && (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER ||
	                          object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER);

	if (is_integer && object->via.u64 == MESSAGE_MAJOR)
		return STATUS_OK;
	defects->count = 0;
	defects_add(defects, "must be 1", "v");
	return is_integer ? STATUS_UNSUPPORTED : STATUS_BAD_MESSAGE;
}

static enum status
get_kind(const msgpack_object_map *map, enum message_kind *kind, struct defects *defects)
{
	uint32_t next = 0;
	const msgpack_object *object = find(map, LITERAL("kind"), 0, &next);
	struct text name;

	if (object != NULL && get_text(object, &name))
		*kind = message_kind_of(name);
	if (*kind != MESSAGE_NONE)
		return STATUS_OK;
	defects->count = 0;
	defects_add(defects, "must be the name of a message", "kind");
	return STATUS_BAD_MESSAGE;
}

enum status
message_decode(struct decoder *decoder, struct message *message, const void *bytes,
    size_t length, struct defects *defects)
{
	enum message_kind kind = MESSAGE_NONE;
	msgpack_object root;
	enum status status = unpack(decoder, FORM_MESSAGE, bytes, length, &root, defects);

	message_init(message, MESSAGE_NONE);
	if (status != STATUS_OK)
		return status;
	get_envelope(&root.via.map, "id", &message->id, defects);
	if ((status = get_version(&root.via.map, defects)) != STATUS_OK ||
	    (status = get_kind(&root.via.map, &kind, defects)) != STATUS_OK)
		return status;
	record_init(message_record(kind), &message->submit);
	message->kind = kind;
	get_envelope(&root.via.map, "trace", &message->trace, defects);
	get_fields(&root.via.map, FORM_MESSAGE, NULL, message_record(kind),
	    &message->submit, defects);
	return defects->count == 0 ? STATUS_OK : STATUS_INVALID;
}
