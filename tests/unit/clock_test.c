/* SPDX-License-Identifier: Apache-2.0
 * Clocks and RFC 3339. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "common/clock.h"

static const struct {
	const char *text;
	int64_t ms;
} LEGAL[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1970-01-01", 0 },
	{ "2026-11-20", 1795132800000 },
	{ "2026-11-20T08:00:00.000Z", 1795161600000 },
	{ "2026-11-20t08:00:00z", 1795161600000 },
	{ "2026-11-20T10:00:00+02:00", 1795161600000 },
	{ "2026-11-20T02:30:00-05:30", 1795161600000 },
	{ "2026-11-20T08:00:00-00:00", 1795161600000 },
	{ "2026-11-20T08:00:00.9Z", 1795161600900 },
	{ "2026-11-20T08:00:00.1239999999999Z", 1795161600123 },
	{ "2000-02-29T23:59:59Z", 951868799000 },
	{ "1969-12-31T23:59:59.999Z", -1 },
	{ "0000-01-01T00:00:00Z", -62167219200000 },
	{ "9999-12-31T23:59:59.999Z", 253402300799999 },
	{ "1990-12-31T23:59:60Z", 662688000000 }, /* leap seconds of RFC 3339, 5.8 */
	{ "1990-12-31T15:59:60-08:00", 662688000000 },
};

static const char *const ILLEGAL[] = { "", "2026", "2026-11", "2026-11-2", "2026-11-20T",
	"2026-11-20T08", "2026-11-20T08:00", "2026-11-20T08:00:00",
	"2026-11-20T08:00:00.Z", "2026-11-20T08:00:00+0200", "2026-11-20T08:00:00+02",
	"2026-11-20T08:00:00+24:00", "2026-11-20T08:00:00+02:60", "2026-11-20T24:00:00Z",
	"2026-11-20T08:60:00Z", "2026-11-20T08:00:61Z", "2026-11-20T08:00:60Z",
	"2026-00-20", "2026-13-20", "2026-11-00", "2026-11-31", "2026-02-29",
	"1900-02-29", "2026-11-20T08:00:00ZZ", " 2026-11-20", "2026-11-20 ",
	"2026-11-20 08:00:00Z", "2026/11/20", "+026-11-20", "2026-11-20T08:00:00,5Z",
	"20261120T080000Z", "-026-11-20", "2026-11-20T-8:00:00Z" };

static void
every_form_of_rfc_3339_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof LEGAL / sizeof *LEGAL; i++) {
		int64_t ms = 42;

		assert_true(clock_parse(text_of(LEGAL[i].text), &ms));
		assert_int_equal(ms, LEGAL[i].ms);
	}
}

static void
what_is_no_rfc_3339_is_refused_and_changes_nothing(void **state)
{
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof ILLEGAL / sizeof *ILLEGAL; i++)
		if (clock_parse(text_of(ILLEGAL[i]), &ms))
			fail_msg("\"%s\" was taken", ILLEGAL[i]);
	assert_false(clock_parse(TEXT_ABSENT, &ms));
	assert_false(clock_parse((struct text){ "2026-11-20\0Z", 12 }, &ms));
	assert_int_equal(ms, 42);
}

/* Heap copies, so that a sanitizer sees a read past the end. */
static void
a_text_cut_anywhere_is_never_read_past_its_end(void **state)
{
	static const char WHOLE[] = "2026-11-20T08:00:00.123+02:00";

	(void)state;
	for (uint32_t length = 1; length < sizeof WHOLE - 1; length++) {
		char *copy = malloc(length);
		int64_t ms;

		assert_non_null(copy);
		memcpy(copy, WHOLE, length);
		assert_int_equal(
		    clock_parse((struct text){ copy, length }, &ms), length == 10);
		free(copy);
	}
}

static void
what_is_written_reads_back_to_the_same_millisecond(void **state)
{
	uint64_t random = 88172645463325252u;
	const int64_t first = -62167219200000;
	const uint64_t span = 253402300799999 + 62167219200000 + 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char text[CLOCK_TEXT_BYTES];
		int64_t ms;
		int64_t back;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		ms = first + (int64_t)(random % span);
		clock_format(ms, text);
		assert_int_equal(strlen(text), CLOCK_TEXT_BYTES - 1);
		assert_true(clock_parse(text_of(text), &back));
		assert_int_equal(back, ms);
	}
}

static void
times_outside_of_four_digit_years_are_written_as_the_nearest_one(void **state)
{
	char text[CLOCK_TEXT_BYTES];

	(void)state;
	clock_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	clock_format(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
	clock_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void
a_clock_that_was_set_stands_and_moves_both_clocks(void **state)
{
	int64_t mono_ms;

	(void)state;
	clock_set(1795161600000);
	mono_ms = clock_mono_ms();
	assert_int_equal(clock_wall_ms(), 1795161600000);
	clock_set(1795161600000 + 5000);
	assert_int_equal(clock_wall_ms(), 1795161605000);
	assert_int_equal(clock_mono_ms(), mono_ms + 5000);
	assert_int_equal(clock_mono_us(), (mono_ms + 5000) * 1000);
	clock_set(-1);
}

static void
the_monotonic_clock_never_falls_back_with_the_wall_clock(void **state)
{
	int64_t mono_ms;

	(void)state;
	clock_set(5000000);
	mono_ms = clock_mono_ms();
	clock_set(4000000);
	assert_int_equal(clock_wall_ms(), 4000000);
	assert_int_equal(clock_mono_ms(), mono_ms);
	clock_set(4000010);
	assert_int_equal(clock_mono_ms(), mono_ms + 10);
	clock_set(-1);
}

static void
a_negative_time_gives_the_real_clocks_back(void **state)
{
	(void)state;
	clock_set(0);
	assert_int_equal(clock_wall_ms(), 0);
	clock_set(-1);
	assert_in_range(clock_wall_ms() / 1000, time(NULL) - 1, time(NULL) + 1);
	assert_true(clock_mono_us() / 1000 <= clock_mono_ms());
	assert_true(clock_mono_ms() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_rfc_3339_is_read),
		cmocka_unit_test(what_is_no_rfc_3339_is_refused_and_changes_nothing),
		cmocka_unit_test(a_text_cut_anywhere_is_never_read_past_its_end),
		cmocka_unit_test(what_is_written_reads_back_to_the_same_millisecond),
		cmocka_unit_test(
		    times_outside_of_four_digit_years_are_written_as_the_nearest_one),
		cmocka_unit_test(a_clock_that_was_set_stands_and_moves_both_clocks),
		cmocka_unit_test(
		    the_monotonic_clock_never_falls_back_with_the_wall_clock),
		cmocka_unit_test(a_negative_time_gives_the_real_clocks_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
