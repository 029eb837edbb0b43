/* SPDX-License-Identifier: Apache-2.0
 * Makes legal and broken messages from the table, without the code under test.
 *
 * A forge writes one record with every field present and every value at its limit.  Its
 * `target`-th value (fields and list elements are counted as they are written) gets a
 * harm. Two pens write it: msgpack and JSON. */
#ifndef TESTS_FORGE_H
#define TESTS_FORGE_H

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/field.h"

enum harm {
	NO_HARM,
	ABSENT,
	AS_NIL,
	AS_BOOL,
	AS_INT,
	AS_FLOAT,
	AS_STR,
	AS_BIN,
	AS_ARRAY, /* empty */
	AS_MAP,   /* empty */
	ONE_OVER,
	FAR_OVER,
	ONE_UNDER,
	NOT_FINITE,
	WRONG_CODE,
	NUL_BYTE,
	BAD_UTF8,
	LIST_TOO_LONG,
	HARMS
};

struct forge;

/* How values look.  `next` stands before each element of a list. */
struct pen {
	void (*nil)(struct forge *);
	void (*boolean)(struct forge *, bool);
	void (*integer)(struct forge *, int64_t);
	void (*real)(struct forge *, double);
	void (*text)(struct forge *, struct text);
	void (*bytes)(struct forge *, struct text);
	void (*time)(struct forge *, int64_t);
	void (*open)(struct forge *, bool is_map);
	void (*next)(struct forge *);
	void (*key)(struct forge *, const char *);
	void (*close)(struct forge *, bool is_map);
};

#define FORGE_BYTES (1 << 20)

struct forge {
	const struct pen *pen;
	enum harm harm;
	unsigned target, visited;
	bool applies; /* the target was reached and can suffer this harm */
	bool is_required, is_element, is_list; /* of the target */
	char path[256], hit[256];
	struct {
		size_t at; /* of the container's head */
		uint32_t count;
	} open[16];
	unsigned depth;
	size_t length;
	uint8_t bytes[FORGE_BYTES];
};

/* ---- a value and its harms ---- */

/* Filler of any length: 'x' with a two-byte character at the front. */
static inline struct text
forge_filler(uint32_t length)
{
	static char filler[1 << 17];

	memset(filler, 'x', sizeof filler);
	if (length >= 2)
		memcpy(filler, "é", 2);
	return (struct text){ filler, length };
}

static inline void
forge_number(struct forge *forge, const struct field *field, enum harm harm)
{
	int64_t value = (int64_t)field->largest;

	if (harm == ONE_OVER)
		value++;
	else if (harm == FAR_OVER)
		value = INT64_C(0x1000000000) + 1; /* 1 if it were cut to 32 bits */
	else if (harm == ONE_UNDER)
		value = -1;
	forge->pen->integer(forge, value);
}

static inline void
forge_real(struct forge *forge, const struct field *field, enum harm harm)
{
	double value = harm == ONE_UNDER  ? field->least - 0.001
	               : harm == ONE_OVER ? field->largest + 0.001
	               : harm == FAR_OVER ? 1e300
	                                  : field->largest;

	forge->pen->real(forge, harm == NOT_FINITE ? (double)NAN : value);
}

static inline void
forge_time(struct forge *forge, enum harm harm)
{
	forge->pen->time(forge, harm == ONE_OVER    ? TIME_LARGEST + 1
	                        : harm == FAR_OVER  ? INT64_MAX
	                        : harm == ONE_UNDER ? TIME_LEAST - 1
	                                            : TIME_LARGEST);
}

static inline void
forge_text(struct forge *forge, const struct field *field, enum harm harm)
{
	struct text text = forge_filler(field->most_bytes);
	char *at = (char *)text.at;

	if (harm == ONE_OVER)
		text.length++;
	else if (harm == FAR_OVER)
		text.length = text.length * 3 + 1000;
	else if (harm == NUL_BYTE)
		at[text.length - 1] = '\0';
	else if (harm == BAD_UTF8)
		at[text.length - 1] = '\xc3'; /* a character that is cut off */
	if (field_element(field->type) == FIELD_BYTES)
		forge->pen->bytes(forge, text);
	else
		forge->pen->text(forge, text);
}

static inline void forge_record(struct forge *forge, const struct record *record);

static inline void
forge_legal(struct forge *forge, const struct field *field, enum harm harm)
{
	switch (field_element(field->type)) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		forge_text(forge, field, harm);
		return;
	case FIELD_UINT:
	case FIELD_ASKED:
		forge_number(forge, field, harm);
		return;
	case FIELD_REAL:
		forge_real(forge, field, harm);
		return;
	case FIELD_TIME:
		forge_time(forge, harm);
		return;
	case FIELD_FLAG:
		forge->pen->boolean(forge, true);
		return;
	case FIELD_CODE:
		forge->pen->text(
		    forge, harm == WRONG_CODE
		               ? LITERAL("nonsense")
		               : text_of(code_word(field->set, code_count(field->set))));
		return;
	case FIELD_ONE:
	case FIELD_MANY:
		forge_record(forge, field->record);
		return;
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		return;
	}
}

static inline void
forge_other_type(struct forge *forge, enum harm harm)
{
	const struct pen *pen = forge->pen;

	if (harm == AS_NIL)
		pen->nil(forge);
	else if (harm == AS_BOOL)
		pen->boolean(forge, false);
	else if (harm == AS_INT)
		pen->integer(forge, 0);
	else if (harm == AS_FLOAT)
		pen->real(forge, 0.5);
	else if (harm == AS_STR)
		pen->text(forge, LITERAL("x"));
	else if (harm == AS_BIN)
		pen->bytes(forge, LITERAL("x"));
	else {
		pen->open(forge, harm == AS_MAP);
		pen->close(forge, harm == AS_MAP);
	}
}

/* Whether a value of this type breaks under the harm. */
static inline bool
forge_breaks(const struct field *field, bool is_value, enum harm harm)
{
	enum field_type type = is_value ? field_element(field->type) : field->type;
	bool is_text = type == FIELD_TEXT, is_code = type == FIELD_CODE;
	bool is_number = type == FIELD_UINT || type == FIELD_ASKED;
	bool is_list = !is_value;
	bool is_map = type == FIELD_ONE || (type == FIELD_MANY && is_value);

	switch (harm) {
	case NO_HARM:
	case ABSENT:
	case AS_NIL:
		return true;
	case AS_BOOL:
		return type != FIELD_FLAG;
	case AS_INT:
		return is_list ||
		       !(is_number || type == FIELD_REAL || type == FIELD_TIME);
	case AS_FLOAT:
		return type != FIELD_REAL;
	case AS_STR:
		return is_list || !is_text;
	case AS_BIN:
		return type != FIELD_BYTES;
	case AS_ARRAY:
		return true;
	case AS_MAP:
		return !is_map;
	case ONE_OVER:
	case FAR_OVER:
		return !is_list && (is_text || type == FIELD_BYTES || is_number ||
		                       type == FIELD_REAL || type == FIELD_TIME);
	case ONE_UNDER:
		return !is_list &&
		       (is_number || type == FIELD_REAL || type == FIELD_TIME);
	case NOT_FINITE:
		return type == FIELD_REAL;
	case WRONG_CODE:
		return !is_list && is_code;
	case NUL_BYTE:
	case BAD_UTF8:
		return !is_list && is_text;
	case LIST_TOO_LONG:
		return is_list;
	case HARMS:
		break;
	}
	return false;
}

/* ---- the walk ---- */

static inline enum harm
forge_visit(
    struct forge *forge, const struct field *field, bool is_value, bool is_element)
{
	if (forge->visited++ != forge->target ||
	    !forge_breaks(field, is_value, forge->harm) ||
	    (is_element && forge->harm == ABSENT))
		return NO_HARM;
	forge->applies = true;
	forge->is_required = field->is_required;
	forge->is_element = is_element;
	forge->is_list = !is_value;
	memcpy(forge->hit, forge->path, sizeof forge->hit);
	return forge->harm;
}

static inline void
forge_element(struct forge *forge, const struct field *field, unsigned index)
{
	size_t length = strlen(forge->path);
	enum harm harm;

	snprintf(forge->path + length, sizeof forge->path - length, "[%u]", index);
	forge->pen->next(forge);
	harm = forge_visit(forge, field, true, true);
	if (harm >= AS_NIL && harm <= AS_MAP)
		forge_other_type(forge, harm);
	else
		forge_legal(forge, field, harm);
	forge->path[length] = '\0';
}

static inline void
forge_list(struct forge *forge, const struct field *field, enum harm harm)
{
	unsigned count = harm == LIST_TOO_LONG ? field->most_count + 1 : 1;

	forge->pen->open(forge, false);
	for (unsigned i = 0; i < count; i++)
		forge_element(forge, field, i);
	forge->pen->close(forge, false);
}

static inline void
forge_field(struct forge *forge, const struct field *field)
{
	bool is_list = field_is_list(field->type);
	size_t length = strlen(forge->path);
	enum harm harm;

	snprintf(forge->path + length, sizeof forge->path - length, "%s%s",
	    length > 0 ? "." : "", field->name);
	harm = forge_visit(forge, field, !is_list, false);
	if (harm != ABSENT) {
		forge->pen->key(forge, field->name);
		if (harm >= AS_NIL && harm <= AS_MAP)
			forge_other_type(forge, harm);
		else if (is_list)
			forge_list(forge, field, harm);
		else
			forge_legal(forge, field, harm);
	}
	forge->path[length] = '\0';
}

static inline void
forge_fields(struct forge *forge, const struct record *record)
{
	for (const struct field *field = record->fields; field->name != NULL; field++)
		forge_field(forge, field);
}

static inline void
forge_record(struct forge *forge, const struct record *record)
{
	forge->pen->open(forge, true);
	forge_fields(forge, record);
	forge->pen->close(forge, true);
}

static inline void
forge_begin(struct forge *forge, const struct pen *pen, unsigned target, enum harm harm)
{
	memset(forge, 0, offsetof(struct forge, bytes));
	forge->pen = pen;
	forge->target = target;
	forge->harm = harm;
}

static inline void
forge_put(struct forge *forge, const void *bytes, size_t length)
{
	if (length > sizeof forge->bytes - forge->length)
		abort();
	memcpy(forge->bytes + forge->length, bytes, length);
	forge->length += length;
}

/* Whether decoding must succeed: nothing harmed, or only an optional field left out. */
static inline bool
forge_is_legal(const struct forge *forge)
{
	bool is_left_out =
	    forge->harm == ABSENT || (forge->harm == AS_ARRAY && forge->is_list);

	return forge->harm == NO_HARM ||
	       (is_left_out && !forge->is_required && !forge->is_element);
}

#endif
