/* SPDX-License-Identifier: Apache-2.0
 * Walking the table of messages.def: what encoding, decoding, JSON and checking share. */
#ifndef PROTO_FIELD_H
#define PROTO_FIELD_H

#include "proto/message.h"

/* Years 1 to 9999, what RFC 3339 can write. */
#define TIME_LEAST INT64_C(-62135596800000)
#define TIME_LARGEST INT64_C(253402300799999)

/* How an envelope text (id, trace) is bounded: a traceparent has 55 bytes. */
#define ENVELOPE_MOST_BYTES 64

/* Where a value stands, linked from the inside out; lives on the stack of a walk. */
struct path {
	const struct path *up;
	const char *name; /* NULL: an element, `index` counts */
	uint32_t index;
};

#define PATH_FIELD(up, name) ((struct path){ (up), (name), 0 })
#define PATH_ELEMENT(up, index) ((struct path){ (up), NULL, (index) })

/* Adds a defect at this path; `path` NULL stands for the whole. */
void path_refuse(const struct path *path, const char *why, struct defects *defects);

static inline struct text
field_name(const struct field *field)
{
	return (struct text){ field->name, field->name_length };
}

/* How a record is written: with names and words, as in a message, or packed for storage, and
 * then perhaps a part that belongs onto another one. */
enum form { FORM_MESSAGE, FORM_KEPT, FORM_KEPT_ONTO };

/* First byte of a packed record; before, keys were letters, from 'A' on. */
#define KEPT_VERSION 2
#define KEPT_VERSION_BEFORE 1
/* Reals that are whole in these are integers of them. */
#define KEPT_REAL_PARTS 1000.0

/* The field's position: one byte, since a map has at most 64 keys. */
static inline uint32_t
kept_key(const struct record *record, const struct field *field)
{
	return (uint32_t)(field - record->fields);
}

/* Reads a record in one of the forms onto values that are initialised; `defects` starts afresh. */
enum status record_get(struct decoder *decoder, enum form form,
    const struct record *record, void *values, const void *bytes, size_t length,
    struct defects *defects) MUST_CHECK;

static inline bool
field_is_list(enum field_type type)
{
	return type == FIELD_CODES || type == FIELD_TEXTS || type == FIELD_UINTS ||
	       type == FIELD_MANY;
}

/* The type of a list's elements; the type itself for what is no list, and MANY. */
static inline enum field_type
field_element(enum field_type type)
{
	return type == FIELD_CODES   ? FIELD_CODE
	       : type == FIELD_TEXTS ? FIELD_TEXT
	       : type == FIELD_UINTS ? FIELD_UINT
	                             : type;
}

/* Whether the values hold this field at all. */
bool field_is_present(const struct field *field, const void *values);
/* Elements of a list (never over most_count); 1 or 0 for other fields. */
uint32_t field_count(const struct field *field, const void *values);
/* The value, or a list's element. */
static inline const void *
field_at(const struct field *field, const void *values, uint32_t index)
{
	return (const char *)values + field->offset +
	       (size_t)index * field->element_bytes;
}

static inline void *
field_place(const struct field *field, void *values, uint32_t index)
{
	return (char *)values + field->offset + (size_t)index * field->element_bytes;
}
/* Sets a list's count, or that a ONE is there; nothing for other fields. */
void field_set_count(const struct field *field, void *values, uint32_t count);

/* Whether one present scalar (a value or an element, never ONE or MANY) keeps the bounds.
 */
bool field_is_legal(const struct field *field, const void *at);

/* UTF-8 (RFC 3629) without NUL. */
bool text_is_clean(struct text text);
/* The largest length up to `most` that does not cut a character in two. */
size_t text_cut(const char *bytes, size_t length, size_t most);

#endif
