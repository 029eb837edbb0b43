/* SPDX-License-Identifier: Apache-2.0
 * What is put in few bytes comes back; what cannot be is refused, and no other bytes are believed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/dense.h"
#include "proto/message.h"

#define UUID "780a5339-5fa6-5331-a790-cb3913ab3b92"

static uint8_t bytes[256];
static char text[DENSE_TEXT_BYTES];

static struct dense_sink
sink_of(size_t size)
{
	return (struct dense_sink){ bytes, size, false };
}

static struct dense_source
source_of(size_t length)
{
	return (struct dense_source){ bytes, length, false };
}

static size_t
text_put(struct text in)
{
	struct dense_sink sink = sink_of(sizeof bytes);

	dense_put_text(&sink, in);
	assert_false(sink.is_refused);
	return sizeof bytes - sink.left;
}

static void
check_text(struct text in, size_t wanted_bytes)
{
	size_t length = text_put(in);
	struct dense_source source = source_of(length);
	struct text out = dense_get_text(&source, text);

	assert_int_equal(length, wanted_bytes);
	assert_false(source.is_damaged);
	assert_int_equal(source.left, 0);
	assert_true(in.length > 0 ? text_equal(in, out) : out.at == NULL);
}

static void
a_text_comes_back_and_a_uuid_in_it_takes_seventeen_bytes(void **state)
{
	(void)state;
	check_text(TEXT_ABSENT, 1);
	check_text(LITERAL(""), 1);
	check_text(LITERAL("a"), 2);
	check_text(LITERAL(UUID), 18);
	check_text(LITERAL("demo=" UUID), 23);
	check_text(LITERAL(UUID "-rest"), 23);
	check_text(LITERAL("їжа " UUID " 0123456789abcdef"), 7 + 17 + 17 + 1);
	check_text(LITERAL("780A5339-5fa6-5331-a790-cb3913ab3b92"), 37);
	check_text(LITERAL("780a5339-5fa6-5331-a790_cb3913ab3b92"), 37);
	check_text(LITERAL("780a5339-5fa6-5331-a790-cb3913ab3b9"), 36);
	check_text(
	    LITERAL("0123456789012345678901234567890123456789012345678901234567890123"),
	    65);
}

static void
a_text_that_is_too_long_or_none_is_refused(void **state)
{
	static const struct text NONE[] = {
		LITERAL(
		    "01234567890123456789012345678901234567890123456789012345678901234"),
		LITERAL("\xff"), { "a\0b", 3 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
		struct dense_sink sink = sink_of(sizeof bytes);

		dense_put_text(&sink, NONE[i]);
		assert_true(sink.is_refused);
	}
}

static void
numbers_take_seven_bits_a_byte(void **state)
{
	static const struct {
		uint32_t number;
		size_t bytes;
	} NUMBERS[] = { { 0, 1 }, { 127, 1 }, { 128, 2 }, { 16383, 2 }, { 16384, 3 },
		{ UINT32_MAX, 5 } };

	(void)state;
	for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
		struct dense_sink sink = sink_of(sizeof bytes);
		struct dense_source source;

		dense_put_number(&sink, NUMBERS[i].number);
		assert_int_equal(sizeof bytes - sink.left, NUMBERS[i].bytes);
		source = source_of(NUMBERS[i].bytes);
		assert_int_equal(dense_get_number(&source), NUMBERS[i].number);
		assert_false(source.is_damaged);
		assert_int_equal(source.left, 0);
	}
}

static void
an_absent_number_stays_absent(void **state)
{
	static const uint32_t NUMBERS[] = { UINT_ABSENT, 0, 1, UINT_ABSENT - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
		struct dense_sink sink = sink_of(sizeof bytes);
		struct dense_source source = source_of(sizeof bytes);

		dense_put_optional(&sink, NUMBERS[i]);
		assert_int_equal(dense_get_optional(&source), NUMBERS[i]);
	}
}

static void
figures_come_back_to_the_bit(void **state)
{
	static const struct {
		double figure;
		size_t bytes;
	} FIGURES[] = { { 0, 1 }, { -0.0, 1 }, { 15, 1 }, { -15, 1 }, { 16, 2 },
		{ 204.7, 2 }, { -1.198, 2 }, { 58.41, 3 }, { 268435455, 5 },
		{ 268435456, 9 }, { 1e-7, 9 }, { -1e300, 9 }, { 0.1 + 0.2, 9 } };

	(void)state;
	for (size_t i = 0; i < sizeof FIGURES / sizeof *FIGURES; i++) {
		struct dense_sink sink = sink_of(sizeof bytes);
		struct dense_source source;
		double back;

		dense_put_figure(&sink, FIGURES[i].figure);
		assert_int_equal(sizeof bytes - sink.left, FIGURES[i].bytes);
		source = source_of(FIGURES[i].bytes);
		back = dense_get_figure(&source);
		assert_memory_equal(&back, &FIGURES[i].figure, sizeof back);
		assert_false(source.is_damaged);
	}
	bytes[0] = 0;
	assert_true(isnan(dense_get_figure(&(struct dense_source){ bytes, 1, false })));
}

static void
what_does_not_fit_is_refused_and_nothing_is_overrun(void **state)
{
	uint8_t *exact;

	(void)state;
	for (size_t size = 0; size < 18; size++) {
		struct dense_sink sink = { exact = malloc(size + 1), size, false };

		assert_non_null(exact);
		dense_put_text(&sink, LITERAL(UUID));
		assert_true(sink.is_refused);
		free(exact);
	}
}

static bool
is_damaged_text(const uint8_t *from, size_t length)
{
	struct dense_source source = { from, length, false };

	(void)dense_get_text(&source, text);
	return source.is_damaged;
}

static void
bytes_that_no_writer_puts_are_damaged(void **state)
{
	static const uint8_t LONG_NUMBER[] = { 0xff, 0xff, 0xff, 0xff, 0x7f },
	                     ENDLESS[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x00 },
	                     CUT_TEXT[] = { 3, 'a', 'b' },
	                     CUT_UUID[] = { 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		                     13, 14, 15, 16 };
	static uint8_t two_uuids[1 + 2 * 17] = { 2 * 17 }, long_text[67] = { 66 };
	struct dense_source source = { LONG_NUMBER, sizeof LONG_NUMBER, false };

	(void)state;
	(void)dense_get_number(&source);
	assert_true(source.is_damaged);
	source = (struct dense_source){ ENDLESS, sizeof ENDLESS, false };
	(void)dense_get_number(&source);
	assert_true(source.is_damaged);
	source = source_of(0);
	(void)dense_get_figure(&source);
	assert_true(source.is_damaged);
	assert_true(is_damaged_text(CUT_TEXT, sizeof CUT_TEXT));
	assert_true(is_damaged_text(CUT_UUID, sizeof CUT_UUID));
	assert_true(is_damaged_text(two_uuids, sizeof two_uuids)); /* 72 characters */
	memset(long_text + 1, 'a', sizeof long_text - 1);
	assert_true(is_damaged_text(long_text, sizeof long_text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_text_comes_back_and_a_uuid_in_it_takes_seventeen_bytes),
		cmocka_unit_test(a_text_that_is_too_long_or_none_is_refused),
		cmocka_unit_test(numbers_take_seven_bits_a_byte),
		cmocka_unit_test(an_absent_number_stays_absent),
		cmocka_unit_test(figures_come_back_to_the_bit),
		cmocka_unit_test(what_does_not_fit_is_refused_and_nothing_is_overrun),
		cmocka_unit_test(bytes_that_no_writer_puts_are_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
