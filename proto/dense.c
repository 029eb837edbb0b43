/* SPDX-License-Identifier: Apache-2.0
 * Puts and gets what is kept in few bytes. */
#include "proto/dense.h"

#include <math.h>

#include "proto/field.h"

#define UUID_CHARACTERS 36
#define UUID_BYTES 16
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

/* What a figure's number says. */
enum {
	FIGURE_ABSENT,
	FIGURE_LONG, /* the eight bytes of a double follow, lowest first */
	FIGURE_SHORT /* and up: digits, two bits for decimal places, one for the sign */
};
/* So that a short one fits in 32 bits. */
#define FIGURE_DIGITS_END (1 << 28)
static const double SCALES[] = { 1, 10, 100, 1000 };

static bool
is_hyphen_place(uint32_t place)
{
	return place == 8 || place == 13 || place == 18 || place == 23;
}

/* ---- writing ---- */

void
dense_put_byte(struct dense_sink *sink, unsigned byte)
{
	if (sink->left == 0) {
		sink->is_refused = true;
		return;
	}
	*sink->at++ = (uint8_t)byte;
	sink->left--;
}

void
dense_put_number(struct dense_sink *sink, uint32_t number)
{
	for (; number >= 0x80; number >>= 7)
		dense_put_byte(sink, 0x80 | (number & 0x7f));
	dense_put_byte(sink, number);
}

void
dense_put_optional(struct dense_sink *sink, uint32_t number)
{
	dense_put_number(sink, number == UINT_ABSENT ? 0 : number + 1);
}

void
dense_put_figure(struct dense_sink *sink, double figure)
{
	double size = fabs(figure);
	uint64_t bits;

	if (isnan(figure)) {
		dense_put_number(sink, FIGURE_ABSENT);
		return;
	}
	for (uint32_t places = 0; places < COUNT(SCALES); places++) {
		double digits = round(size * SCALES[places]);

		if (digits < FIGURE_DIGITS_END && digits / SCALES[places] == size) {
			dense_put_number(
			    sink, FIGURE_SHORT + ((uint32_t)digits << 3 | places << 1 |
			                             (signbit(figure) != 0)));
			return;
		}
	}
	dense_put_number(sink, FIGURE_LONG);
	memcpy(&bits, &figure, sizeof bits);
	for (unsigned shift = 0; shift < 64; shift += 8)
		dense_put_byte(sink, (unsigned)(bits >> shift) & 0xff);
}

static int
hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Whether the text begins with a UUID as they are written: then its bytes. */
static bool
uuid_read(struct text text, uint8_t bytes[UUID_BYTES])
{
	uint32_t digits = 0;

	if (text.length < UUID_CHARACTERS)
		return false;
	for (uint32_t i = 0; i < UUID_CHARACTERS; i++) {
		int digit = hex_digit(text.at[i]);

		if (is_hyphen_place(i) ? text.at[i] != '-' : digit < 0)
			return false;
		if (is_hyphen_place(i))
			continue;
		bytes[digits / 2] =
		    (uint8_t)((digits % 2 ? bytes[digits / 2] : 0) << 4 | digit);
		digits++;
	}
	return true;
}

void
dense_put_text(struct dense_sink *sink, struct text text)
{
	uint8_t coded[DENSE_TEXT_BYTES];
	uint32_t used = 0;

	if (text.length > sizeof coded || !text_is_clean(text)) {
		sink->is_refused = true;
		return;
	}
	while (text.length > 0) {
		uint32_t step = 1;

		if (uuid_read(text, coded + used + 1)) {
			coded[used] = '\0';
			used += 1 + UUID_BYTES;
			step = UUID_CHARACTERS;
		} else {
			coded[used++] = (uint8_t)*text.at;
		}
		text = (struct text){ text.at + step, text.length - step };
	}
	dense_put_number(sink, used);
	for (uint32_t i = 0; i < used; i++)
		dense_put_byte(sink, coded[i]);
}

/* ---- reading ---- */

uint8_t
dense_get_byte(struct dense_source *source)
{
	if (source->left == 0) {
		source->is_damaged = true;
		return 0;
	}
	source->left--;
	return *source->at++;
}

uint32_t
dense_get_number(struct dense_source *source)
{
	uint64_t number = 0;
	uint8_t byte = 0x80;

	for (unsigned shift = 0; shift < 35 && (byte & 0x80) != 0; shift += 7) {
		byte = dense_get_byte(source);
		number |= (uint64_t)(byte & 0x7f) << shift;
	}
	if ((byte & 0x80) != 0 || number > UINT32_MAX)
		source->is_damaged = true;
	return (uint32_t)number;
}

uint32_t
dense_get_optional(struct dense_source *source)
{
	uint32_t number = dense_get_number(source);

	return number == 0 ? UINT_ABSENT : number - 1;
}

double
dense_get_figure(struct dense_source *source)
{
	uint32_t number = dense_get_number(source);
	uint64_t bits = 0;
	double figure;

	if (number == FIGURE_ABSENT)
		return NAN;
	if (number == FIGURE_LONG) {
		for (unsigned shift = 0; shift < 64; shift += 8)
			bits |= (uint64_t)dense_get_byte(source) << shift;
		memcpy(&figure, &bits, sizeof figure);
		return figure;
	}
	number -= FIGURE_SHORT;
	figure = (number >> 3) / SCALES[number >> 1 & 3];
	return number & 1 ? -figure : figure;
}

static void
uuid_write(struct dense_source *source, char text[UUID_CHARACTERS])
{
	static const char DIGITS[] = "0123456789abcdef";
	uint8_t byte = 0;
	bool is_second = false;

	for (uint32_t i = 0; i < UUID_CHARACTERS; i++) {
		if (is_hyphen_place(i)) {
			text[i] = '-';
			continue;
		}
		if (!is_second)
			byte = dense_get_byte(source);
		text[i] = DIGITS[is_second ? byte & 0xf : byte >> 4];
		is_second = !is_second;
	}
}

struct text
dense_get_text(struct dense_source *source, char text[DENSE_TEXT_BYTES])
{
	uint32_t coded = dense_get_number(source), used = 0;
	size_t end = source->left - coded;

	if (coded > source->left) {
		source->is_damaged = true;
		return TEXT_ABSENT;
	}
	while (source->left > end && !source->is_damaged) {
		uint32_t step = *source->at == '\0' ? UUID_CHARACTERS : 1;
		char byte = (char)dense_get_byte(source);

		if (used + step > DENSE_TEXT_BYTES)
			source->is_damaged = true;
		else if (step > 1)
			uuid_write(source, text + used);
		else
			text[used] = byte;
		used += step;
	}
	if (source->left != end)
		source->is_damaged = true;
	return used > 0 ? (struct text){ text, used } : TEXT_ABSENT;
}
