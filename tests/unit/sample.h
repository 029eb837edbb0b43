/* SPDX-License-Identifier: Apache-2.0
 * Random legal records, made from the table; and small helpers of the proto tests. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdlib.h>

#include "proto/field.h"

struct sample {
	uint64_t random; /* never 0 */
	size_t used;
	char pool[1 << 20]; /* texts of one record */
};

static inline uint64_t
sample_random(struct sample *sample)
{
	sample->random ^= sample->random << 13;
	sample->random ^= sample->random >> 7;
	sample->random ^= sample->random << 17;
	return sample->random;
}

static inline uint32_t
sample_below(struct sample *sample, uint32_t end)
{
	return (uint32_t)(sample_random(sample) % end);
}

static inline struct text
sample_bytes(struct sample *sample, uint32_t most)
{
	uint32_t length = sample_below(sample, (most < 60 ? most : 60) + 1);
	char *at = sample->pool + sample->used;

	if (sample_below(sample, 50) == 0)
		length = most;
	sample->used += length;
	for (uint32_t i = 0; i < length; i++)
		at[i] = (char)sample_random(sample);
	return (struct text){ at, length };
}

static inline struct text
sample_text(struct sample *sample, uint32_t most)
{
	static const char *const PIECES[] = { "a", "Z", "7", " ", "\"", "\\", "\n",
		"\x01", "\x7f", "/", "é", "ї", "家", "🏠", "<b>", "\xf4\x8f\xbf\xbf",
		"\xc2\x80", "\xed\x9f\xbf" };
	struct text text = sample_bytes(sample, most);
	char *at = sample->pool + sample->used - text.length;
	uint32_t length = 0;

	for (unsigned tries = 0; tries < text.length; tries++) {
		const char *piece =
		    PIECES[sample_below(sample, sizeof PIECES / sizeof *PIECES)];

		if (length + strlen(piece) > text.length)
			break;
		memcpy(at + length, piece, strlen(piece));
		length += (uint32_t)strlen(piece);
	}
	memset(at + length, 'x', text.length - length);
	return text;
}

static inline double
sample_real(struct sample *sample, const struct field *field)
{
	double part = (double)sample_below(sample, UINT32_MAX) / (double)UINT32_MAX;

	switch (sample_below(sample, 4)) {
	case 0:
		return field->least;
	case 1:
		return field->largest;
	case 2:
		return (double)(int)(field->least / 2) + 0.0;
	default:
		return field->least + (field->largest - field->least) * part + 0.0;
	}
}

static inline void sample_record(
    struct sample *sample, const struct record *record, void *values);

static inline void
sample_value(struct sample *sample, const struct field *field, void *at)
{
	uint32_t largest = field->largest < UINT32_MAX && field->largest > 0
	                       ? (uint32_t)field->largest
	                       : 0;

	switch (field_element(field->type)) {
	case FIELD_TEXT:
		*(struct text *)at = sample_text(sample, field->most_bytes);
		return;
	case FIELD_BYTES:
		*(struct text *)at = sample_bytes(sample, field->most_bytes);
		return;
	case FIELD_UINT:
	case FIELD_ASKED:
		*(uint32_t *)at = sample_below(sample, 4) == 0
		                      ? largest
		                      : sample_below(sample, largest + 1);
		if (field->type == FIELD_ASKED && sample_below(sample, 4) == 0)
			*(uint32_t *)at = UINT_REFUSED;
		return;
	case FIELD_REAL:
		*(double *)at = sample_real(sample, field);
		return;
	case FIELD_TIME:
		*(int64_t *)at =
		    TIME_LEAST + (int64_t)(sample_random(sample) %
		                           (uint64_t)(TIME_LARGEST - TIME_LEAST + 1));
		return;
	case FIELD_FLAG:
		*(uint8_t *)at = sample_below(sample, 2) == 0 ? FLAG_NO : FLAG_YES;
		return;
	case FIELD_CODE:
		*(uint8_t *)at =
		    (uint8_t)(1 + sample_below(sample, code_count(field->set)));
		return;
	case FIELD_ONE:
	case FIELD_MANY:
		sample_record(sample, field->record, at);
		return;
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		return;
	}
}

/* Every optional field is absent now and then; lists are short, seldom full. */
static inline void
sample_record(struct sample *sample, const struct record *record, void *values)
{
	record_init(record, values);
	for (const struct field *field = record->fields; field->name != NULL; field++) {
		uint32_t count = 1;

		if (field_is_list(field->type))
			count = 1 + sample_below(sample,
			                field->most_count < 3 ? field->most_count : 3);
		if (field_is_list(field->type) && field->record == NULL &&
		    sample_below(sample, 20) == 0)
			count = field->most_count;
		if (!field->is_required && sample_below(sample, 4) == 0)
			continue;
		for (uint32_t i = 0; i < count; i++)
			sample_value(sample, field, field_place(field, values, i));
		field_set_count(field, values, count);
	}
}

/* A heap copy of exactly this size, so that the sanitizer sees one byte too many. */
static inline void *
exact_copy(const void *bytes, size_t length)
{
	void *copy = malloc(length > 0 ? length : 1);

	if (copy == NULL)
		abort();
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

static inline int
hex_digit(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Reads "c4-01-ff" or "c401ff" up to the first other character; returns the byte count.
 */
static inline size_t
unhex(const char *hex, uint8_t *bytes, size_t size)
{
	size_t length = 0;

	while (length < size) {
		if (*hex == '-')
			hex++;
		if (hex_digit(hex[0]) < 0 || hex_digit(hex[1]) < 0)
			break;
		bytes[length++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
		hex += 2;
	}
	return length;
}

#endif
