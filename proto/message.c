/* SPDX-License-Identifier: Apache-2.0
 * Filling, checking and printing by the table. */
#include "proto/message.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/field.h"

/* ---- absence ---- */

static void
field_init(const struct field *field, void *values)
{
	void *at = field_place(field, values, 0);

	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		*(struct text *)at = TEXT_ABSENT;
		return;
	case FIELD_UINT:
	case FIELD_ASKED:
		*(uint32_t *)at = UINT_ABSENT;
		return;
	case FIELD_REAL:
		*(double *)at = NAN;
		return;
	case FIELD_TIME:
		*(int64_t *)at = TIME_ABSENT;
		return;
	case FIELD_FLAG:
	case FIELD_CODE:
		*(uint8_t *)at = 0;
		return;
	case FIELD_ONE:
		record_init(field->record, at);
		field_set_count(field, values, 0);
		return;
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
	case FIELD_MANY:
		field_set_count(field, values, 0);
		return;
	}
}

void
record_init(const struct record *record, void *values)
{
	for (const struct field *field = record->fields; field->name != NULL; field++)
		field_init(field, values);
}

void
message_init(struct message *message, enum message_kind kind)
{
	message->kind = kind;
	message->id = TEXT_ABSENT;
	message->trace = TEXT_ABSENT;
	if (kind != MESSAGE_NONE)
		record_init(message_record(kind), &message->submit);
}

/* ---- checking ---- */

static void check_record(const struct path *up, const struct record *record,
    const void *values, struct defects *defects);

static void
check_value(const struct path *path, const struct field *field, const void *at,
    struct defects *defects)
{
	if (field->record != NULL)
		check_record(path, field->record, at, defects);
	else if (!field_is_legal(field, at))
		path_refuse(
		    path, path->name == NULL ? field->must_each : field->must, defects);
}

static void
check_list(const struct path *path, const struct field *field, const void *values,
    struct defects *defects)
{
	const uint32_t *count =
	    (const void *)((const char *)values + field->count_offset);

	if (*count > field->most_count)
		path_refuse(path, field->must, defects);
	for (uint32_t i = 0; i < field_count(field, values); i++) {
		struct path element = PATH_ELEMENT(path, i);

		check_value(&element, field, field_at(field, values, i), defects);
	}
}

static void
check_record(const struct path *up, const struct record *record, const void *values,
    struct defects *defects)
{
	for (const struct field *field = record->fields; field->name != NULL; field++) {
		struct path path = PATH_FIELD(up, field->name);

		if (!field_is_present(field, values)) {
			if (field->is_required)
				path_refuse(&path,
				    field_is_list(field->type) ? field->must : "missing",
				    defects);
		} else if (field_is_list(field->type)) {
			check_list(&path, field, values, defects);
		} else {
			check_value(&path, field, field_at(field, values, 0), defects);
		}
	}
}

void
record_check(const struct record *record, const void *values, struct defects *defects)
{
	check_record(NULL, record, values, defects);
}

/* ---- printing ---- */

struct line {
	char *buffer;
	size_t size, length;
};

static void line_add(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
line_add(struct line *line, const char *format, ...)
{
	size_t left = line->size - line->length;
	va_list list;
	int more;

	va_start(list, format);
	more = vsnprintf(line->buffer + line->length, left, format, list);
	va_end(list);
	if (more > 0)
		line->length += (size_t)more < left ? (size_t)more : left - 1;
}

/* No byte of a text may end the line or pass for another field. */
static void
line_add_text(struct line *line, struct text text)
{
	size_t length = text_cut(text.at, text.length, line->size - line->length - 1);

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		line->buffer[line->length++] =
		    byte <= ' ' || byte == 0x7f ? '_' : (char)byte;
	}
	line->buffer[line->length] = '\0';
}

static void print_record(
    struct line *line, const struct record *record, const void *values);

static void
print_value(struct line *line, const struct field *field, const void *at)
{
	const struct text *text = at;

	switch (field->type) {
	case FIELD_TEXT:
		line_add_text(line, *text);
		return;
	case FIELD_BYTES:
		line_add(line, "%" PRIu32 "_bytes", text->length);
		return;
	case FIELD_UINT:
	case FIELD_ASKED:
		if (*(const uint32_t *)at == UINT_REFUSED)
			line_add(line, "refused");
		else
			line_add(line, "%" PRIu32, *(const uint32_t *)at);
		return;
	case FIELD_REAL:
		line_add(line, "%.9g", *(const double *)at);
		return;
	case FIELD_TIME:
		line_add(line, "%" PRId64, *(const int64_t *)at);
		return;
	case FIELD_FLAG:
		line_add(line, "%s", *(const uint8_t *)at == FLAG_YES ? "true" : "false");
		return;
	case FIELD_CODE:
		line_add(line, "%s", code_word(field->set, *(const uint8_t *)at));
		return;
	case FIELD_ONE:
		line_add(line, "{");
		print_record(line, field->record, at);
		line_add(line, " }");
		return;
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
	case FIELD_MANY:
		return;
	}
}

static void
print_record(struct line *line, const struct record *record, const void *values)
{
	for (const struct field *field = record->fields; field->name != NULL; field++) {
		if (!field_is_present(field, values))
			continue;
		line_add(line, " %s=", field->name);
		if (field_is_list(field->type))
			line_add(line, "%" PRIu32, field_count(field, values));
		else if (field->mark != PLAIN)
			line_add(line, "***");
		else
			print_value(line, field, field_at(field, values, 0));
	}
}

void
message_print(const struct message *message, char *buffer, size_t size)
{
	const struct record *record = message_record(message->kind);
	struct line line = { buffer, size, 0 };

	if (size == 0)
		return;
	buffer[0] = '\0';
	line_add(&line, "%s", record != NULL ? record->name : "none");
	if (message->id.at != NULL) {
		line_add(&line, " ");
		line_add_text(&line, message->id);
	}
	if (record != NULL)
		print_record(&line, record, &message->submit);
}
