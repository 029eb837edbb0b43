/* SPDX-License-Identifier: Apache-2.0
 * Opening hours in prose are read where they are certain, and only there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/prose_hours.h"
#include "common/prose_token.h"

static struct prose_hours hours;

/* "Mo,Tu 08:00-12:00; 1:Sa 10:00-12:00"; "?" where it is not certain. */
static const char *
read_with(const char *text, bool may_be_night)
{
	static const char *const DAYS[] = { "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su" };
	static char said[4000];
	size_t length = 0;

	if (!prose_hours_read(text_of(text), may_be_night, &hours)) {
		assert_int_equal(hours.count, 0);
		return "?";
	}
	said[0] = '\0';
	for (uint32_t i = 0; i < hours.count; i++) {
		const struct prose_opening *opening = &hours.list[i];
		const char *comma = "";

		length += (size_t)sprintf(said + length, "%s", i > 0 ? "; " : "");
		if (opening->week != 0)
			length += (size_t)sprintf(said + length, "%d:", opening->week);
		for (int day = 0; day < 7; day++)
			if (opening->days >> day & 1) {
				length += (size_t)sprintf(
				    said + length, "%s%s", comma, DAYS[day]);
				comma = ",";
			}
		length += (size_t)sprintf(said + length, " %02u:%02u-%02u:%02u",
		    opening->span.opens / 60u, opening->span.opens % 60u,
		    opening->span.closes / 60u, opening->span.closes % 60u);
	}
	return said;
}

struct reading {
	const char *text, *said;
};

static void
check_all(const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *said = read_with(readings[i].text, false);

		if (strcmp(said, readings[i].said) != 0)
			fail_msg(
			    "%s: %s, not %s", readings[i].text, said, readings[i].said);
	}
}

#define CHECK_ALL(readings) check_all(readings, sizeof(readings) / sizeof *(readings))

#define WEEK "Mo,Tu,We,Th,Fr"
#define DAILY "Mo,Tu,We,Th,Fr,Sa,Su"

static void
the_words_are_in_the_order_of_their_bytes_and_folded(void **state)
{
	static struct prose_text folded;
	enum prose_kind kind;
	const char *before = "";

	(void)state;
	for (uint32_t i = 0; prose_word_at(i, &kind) != NULL; i++) {
		const char *words = prose_word_at(i, &kind);

		assert_true(strcmp(before, words) < 0);
		assert_true(prose_fold(text_of(words), &folded));
		assert_string_equal(folded.bytes, words);
		before = words;
	}
}

static void
days_stand_before_their_hours(void **state)
{
	static const struct reading READINGS[] = {
		{ "Monday-Friday, 8-5", WEEK " 08:00-17:00" },
		{ "Mon. – Fri.: 9:00 A.M. — 5:00 p.m.", WEEK " 09:00-17:00" },
		{ "Monday through Friday from 9:00 a.m. to 5:00 p.m.",
		    WEEK " 09:00-17:00" },
		{ "M, W, F 9-12; T/Th 1-5", "Mo,We,Fr 09:00-12:00; Tu,Th 13:00-17:00" },
		{ "Wednesday, Friday-Sunday, 11-5; Thursday, 11-8",
		    "We,Fr,Sa,Su 11:00-17:00; Th 11:00-20:00" },
		{ "Sunday-Thursday 10-4", "Mo,Tu,We,Th,Su 10:00-16:00" },
		{ "Mon: 9-5\nTue: 9-5\nWed: Closed", "Mo 09:00-17:00; Tu 09:00-17:00" },
		{ "Mo-Fr 09:00-17:00; Sa 10:00-14:00",
		    WEEK " 09:00-17:00; Sa 10:00-14:00" },
		{ "weekdays 0900-1730", WEEK " 09:00-17:30" },
		{ "Monday- Friday, 8 am-5 pm; Tuesday, Thursday, 5 pm-9 pm",
		    WEEK " 08:00-17:00; Tu,Th 17:00-21:00" },
		{ "January - December Saturday 9:00 AM to 1:00 PM", "Sa 09:00-13:00" },
		{ "Office hours: Monday-Friday, 9-4", WEEK " 09:00-16:00" },
		{ "Monday-Friday, 9-4 (Office)", WEEK " 09:00-16:00" },
		{ "Between 9 and 5, Monday to Friday", WEEK " 09:00-17:00" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
days_stand_behind_their_hours_all_through_a_text(void **state)
{
	static const struct reading READINGS[] = {
		{ "9:00am-5:00pm M-F", WEEK " 09:00-17:00" },
		{ "9am-5pm Monday to Friday, 10am-2pm Saturday",
		    WEEK " 09:00-17:00; Sa 10:00-14:00" },
		{ "8:00 a.m. to 4:30 p.m., Monday - Friday, excluding holidays",
		    WEEK " 08:00-16:30" },
		{ "9-5 Mon-Fri, Saturday by appointment", "?" },
		{ "9-5 Mon-Fri; Saturday", "?" },
		{ "9-5 Mon-Fri; Saturday closed", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
ukrainian_and_russian_are_read_too(void **state)
{
	static const struct reading READINGS[] = {
		{ "пн: 8.00-17.15; вт: 8.00-17.15; ср: -; чт: ні; пт: 8.00-16.00; сб: 0",
		    "Mo 08:00-17:15; Tu 08:00-17:15; Fr 08:00-16:00" },
		{ "пн: 08-00 до 16-00 вт: - ср: з 8:00 - до 17:00",
		    "Mo 08:00-16:00; We 08:00-17:00" },
		{ "пн: 8:00 17:15 вт: 9.00:18.00 ср: 8-00  17-15 чт: 8 до 17",
		    "Mo 08:00-17:15; Tu 09:00-18:00; We 08:00-17:15; Th 08:00-17:00" },
		{ "пн: 8-15 - 17-15; вт: 3 8:00- до 17:00; ср: 900-14.00; чт: 8-20",
		    "Mo 08:15-17:15; Tu 08:00-17:00; We 09:00-14:00; Th 08:00-20:00" },
		{ "Понеділок – П’ятниця: 9:00 – 18:00; субота, неділя: вихідні дні",
		    WEEK " 09:00-18:00" },
		{ "з понеділка по п'ятницю з 8.00 до 17.00 год.", WEEK " 08:00-17:00" },
		{ "cб-нд 10-16", "Sa,Su 10:00-16:00" }, /* a Latin c */
		{ "щодня, крім неділі, з 9 до 18", "Mo,Tu,We,Th,Fr,Sa 09:00-18:00" },
		{ "Цілодобово, без вихідних", DAILY " 00:00-24:00" },
		{ "Ежедневно круглосуточно", DAILY " 00:00-24:00" },
		{ "Пн-Пт с 9:00 до 18:00, перерыв на обед с 13:00 до 14:00. Сб, Вс - "
		  "выходные",
		    WEEK " 09:00-13:00; " WEEK " 14:00-18:00" },
		{ "Графік роботи: пн-пт 8:00-17:00, сб: 9:00-14:00, нд: вихідний",
		    WEEK " 08:00-17:00; Sa 09:00-14:00" },
		{ "пн-пт 22:00-06:00", WEEK " 22:00-06:00" },
		{ "пн-пт 9-6", "?" },
		{ "пн: 8:00-70:00", "?" },
		{ "пн: 8.00-20.0", "?" },
		{ "пн: - вт: - ср: -", "?" },
		{ "вихідні 10-16", "?" },
		{ "пн 8-17, вихідні 10-16", "?" },
		{ "пн-пт 9-17, среда до 20", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
a_time_without_am_and_pm_counts_where_one_reading_is_left(void **state)
{
	static const struct reading READINGS[] = {
		{ "Mon 9-12", "Mo 09:00-12:00" }, { "Mon 1-5", "Mo 13:00-17:00" },
		{ "Mon 12-8", "Mo 12:00-20:00" },
		{ "Mon 8-11, 1-4", "Mo 08:00-11:00; Mo 13:00-16:00" },
		{ "Mon 5-7 pm", "Mo 17:00-19:00" }, { "Mon 10-6 pm", "Mo 10:00-18:00" },
		{ "Mon 9-11am", "Mo 09:00-11:00" }, { "Mon 10-noon", "Mo 10:00-12:00" },
		{ "Mon 9 am-5", "Mo 09:00-17:00" }, { "Mon 8-9", "?" },
		{ "Mon 8-11", "?" }, { "Mon 5-8", "?" }, { "Mon 7-7", "?" },
		{ "Mon 6-11 pm", "?" }, { "Mon 6 pm-8", "?" }, { "Mon 8 am-9", "?" },
		{ "Mon 9:00-17:00, Tue 9:00-1:00", "?" }, /* counts to 24 */
	};

	(void)state;
	CHECK_ALL(READINGS);
	assert_string_equal(read_with("Daily, 7-6", false), DAILY " 07:00-18:00");
	assert_string_equal(read_with("Daily, 7-6", true), "?");
	assert_string_equal(read_with("Weekdays, 7-6", true), WEEK " 07:00-18:00");
	assert_string_equal(read_with("Daily, 7 pm-6 am", true), DAILY " 19:00-06:00");
}

static void
midnight_noon_and_night_are_told_apart(void **state)
{
	static const struct reading READINGS[] = {
		{ "Daily, 5:30 am-12 midnight", DAILY " 05:30-24:00" },
		{ "Sunday 12 noon-6 pm", "Su 12:00-18:00" },
		{ "Sat 8 am-12 pm", "Sa 08:00-12:00" },
		{ "Fri 4 pm-12 am", "Fr 16:00-24:00" },
		{ "Daily 20:00 - 8:00", DAILY " 20:00-08:00" },
		{ "Daily 00:00-24:00", DAILY " 00:00-24:00" },
		{ "24/7", DAILY " 00:00-24:00" },
		{ "Open 24 hours", DAILY " 00:00-24:00" },
		{ "24-hour facility", DAILY " 00:00-24:00" },
		{ "7 days a week, 24 hours a day", DAILY " 00:00-24:00" },
		{ "24 hours/day, 7 days/week", DAILY " 00:00-24:00" },
		{ "Fri 9am-12am", "?" },
		{ "Fri 9am-5am", "?" },
		{ "Fri 11 am-1 am", "?" },
		{ "Fri 1:00 am - 5:00 pm", "?" },
		{ "Fri 10 pm-12 pm", "?" },
		{ "Fri 13 am-5 pm", "?" },
		{ "5 days a week, 9-5", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
closed_days_and_exceptions_are_taken_out(void **state)
{
	static const struct reading READINGS[] = {
		{ "Mon-Fri, 9am-5pm, closed Wed", "Mo,Tu,Th,Fr 09:00-17:00" },
		{ "Daily except Sunday, 9 am-5 pm", "Mo,Tu,We,Th,Fr,Sa 09:00-17:00" },
		{ "Closed Monday. Tuesday-Sunday 9-5", "Tu,We,Th,Fr,Sa,Su 09:00-17:00" },
		{ "Sun: Closed, Mon-Sat 10am to 6pm", "Mo,Tu,We,Th,Fr,Sa 10:00-18:00" },
		{ "Saturday 9-12 closed Sunday", "Sa 09:00-12:00" },
		{ "Saturday, Sunday, holidays 10-4", "Sa,Su 10:00-16:00" },
		{ "Closed Monday, Tuesday 9-5", "?" },
		{ "Wed 9-12, closed Monday, 1-5", "?" },
		{ "Monday 9-5, Monday closed", "?" },
		{ "Monday 9-5, closed Monday", "?" },
		{ "Daily, 9-12, except Sunday, 1-4", "?" },
		{ "Monday-Friday 9-5; holidays 6pm-8pm", "?" },
		{ "Weekdays 9-5 except Saturday", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
	assert_string_equal(
	    read_with("Mon 9-12 (Closed on Federal holidays)", false), "Mo 09:00-12:00");
	assert_true(hours.is_shut_on_holidays);
	assert_string_equal(read_with("Mon 9-12", false), "Mo 09:00-12:00");
	assert_false(hours.is_shut_on_holidays);
}

static void
a_lunch_break_is_taken_out_of_the_hours_it_is_said_of(void **state)
{
	static const struct reading READINGS[] = {
		{ "Mon-Tue, 9-5, closed for lunch 1 pm - 2 pm",
		    "Mo,Tu 09:00-13:00; Mo,Tu 14:00-17:00" },
		{ "Mon 8-5; Wed 11-5; closed 12-1",
		    "Mo 08:00-12:00; Mo 13:00-17:00; We 11:00-12:00; We 13:00-17:00" },
		{ "Пн 8:00-17:00; Пт 8:00-15:45; обідня перерва: 12:00-12:45",
		    "Mo 08:00-12:00; Mo 12:45-17:00; Fr 08:00-12:00; Fr 12:45-15:45" },
		{ "Пн: 9:00-18:00 (перерва 13:00-14:00); Сб: 9:00-13:00",
		    "Mo 09:00-13:00; Mo 14:00-18:00; Sa 09:00-13:00" },
		{ "обід 12-13, пн 8-17", "Mo 08:00-12:00; Mo 13:00-17:00" },
		{ "пн 8-17 без перерви", "Mo 08:00-17:00" },
		{ "Пн 8-17, Пт 8-15, обід 12-13", "?" }, /* of Friday alone? */
		{ "Пн 8-17 обід 12-13, Пт 8-16", "?" },  /* none on Friday? */
		{ "Пн 8-17; обід 12-13; Пт 8-16", "?" },
		{ "Пн 9-13, обід 13-14", "?" },
		{ "Пн 9-13, обід 12-14", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
times_by_appointment_are_no_hours(void **state)
{
	static const struct reading READINGS[] = {
		{ "Monday-Friday, 9-5; Saturday by appointment", WEEK " 09:00-17:00" },
		{ "Monday-Friday, 8:30-5; evenings and weekends as scheduled",
		    WEEK " 08:30-17:00" },
		{ "By appointment: Monday-Friday, 8-5", WEEK " 08:00-17:00" },
		{ "Saturday, 1-4 pm or by appointment", "Sa 13:00-16:00" },
		{ "вт, чт 9.00-12.00 за попереднім записом", "Tu,Th 09:00-12:00" },
		{ "Tuesday, Thursday - by appointment only", "?" },
		{ "By appointment", "?" },
		{ "Monday-Friday, 8:30-5; some evening appointments", "?" },
		{ "Monday-Friday, 9-5; evenings", "?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof READINGS / sizeof *READINGS; i++) {
		assert_string_equal(read_with(READINGS[i].text, false), READINGS[i].said);
		assert_int_equal(hours.is_by_appointment, READINGS[i].said[0] != '?');
	}
}

static void
days_of_a_month_are_counted(void **state)
{
	static const struct reading READINGS[] = {
		{ "First Monday of the month, 1:30-4", "1:Mo 13:30-16:00" },
		{ "1st & 3rd Saturday, 10am-12pm", "1:Sa 10:00-12:00; 3:Sa 10:00-12:00" },
		{ "Tue 12-3; last Friday of each month, 8 pm-11 pm",
		    "Tu 12:00-15:00; -1:Fr 20:00-23:00" },
		{ "every other Monday 9-12", "?" },
		{ "every second Monday 9-12", "?" },
		{ "Saturday 9-12; first Saturday 9-3", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

static void
what_can_mean_more_than_one_thing_is_not_read(void **state)
{
	static const struct reading READINGS[] = {
		{ "", "?" },
		{ "-", "?" },
		{ "9-5", "?" },
		{ "Monday-Friday", "?" },
		{ "Monday Friday 9-5", "?" },
		{ "Monday-Wednesday-Friday 9-5", "?" },
		{ "Monday; Friday 9-5", "?" },
		{ "Monday-Friday, 9-5, Saturday, Sunday", "?" },
		{ "Monday-Friday, 9-5; summer 9-3", "?" },
		{ "May - October Wednesday 9:00 AM to 12:30 PM", "?" },
		{ "Office: Monday, 8-5; hotline: Tuesday, 8-9 pm", "?" },
		{ "Food pantry: Monday, 9-12", "?" },
		{ "Mon 9-5 office Tue 9-5", "?" },
		{ "Monday-Friday, 9-5 (EST)", "?" },
		{ "Monday-Friday, 7:30-4;30", "?" },
		{ "Monday-Firday, 9-5", "?" },
		{ "Mon 9-12-1-5", "?" },
		{ "Mon 2019-2021", "?" },
		{ "Mon 0900-2015", "?" },
		{ "Mon 1103-1700", "?" },
		{ "Mon 10-2 or 4-6", "?" },
		{ "Tuesday, 1:30; Wednesday, 4 pm", "?" },
		{ "Mon 9-5\xff", "?" },
		{ "Vary", "?" },
	};

	(void)state;
	CHECK_ALL(READINGS);
}

/* ---- what is printed is read ---- */

struct style {
	const char *range, *days, *from, *to, *clauses;
	const char *const *names;
	int clock; /* 0: to 24; 1: am, pm; 2: with minutes in full */
};

static void
print_time(FILE *out, int minute, const struct style *style)
{
	int hour = minute / 60 % 12 == 0 ? 12 : minute / 60 % 12;

	if (style->clock == 0)
		fprintf(out, "%02d:%02d", minute / 60, minute % 60);
	else if (minute % 60 == 0 && style->clock == 1)
		fprintf(out, "%d%s", hour, minute < 720 ? " am" : " pm");
	else
		fprintf(
		    out, "%d:%02d %s", hour, minute % 60, minute < 720 ? "a.m." : "p.m.");
}

static void
print_days(FILE *out, unsigned days, const struct style *style)
{
	const char *comma = "";

	for (int day = 0; day < 7; day++) {
		int last = day;

		if ((days >> day & 1) == 0)
			continue;
		while (last < 6 && (days >> (last + 1) & 1))
			last++;
		fprintf(out, "%s%s", comma, style->names[day]);
		if (last > day + 1)
			fprintf(out, "%s%s", style->range, style->names[last]);
		else
			last = day;
		comma = style->days;
		day = last;
	}
}

/* Hours of a day in quarters: up to three spans, apart from each other. */
static uint32_t
make_spans(struct prose_span spans[3])
{
	uint32_t count = (uint32_t)rand() % 3 + 1;
	int at = 20 + rand() % 20;

	for (uint32_t i = 0; i < count; i++) {
		int end = at + 1 + rand() % 12;

		spans[i] =
		    (struct prose_span){ (uint16_t)(at * 15), (uint16_t)(end * 15) };
		at = end + 1 + rand() % 5;
	}
	return count;
}

static void
make_hours(FILE *out, const struct style *style, struct prose_hours *made)
{
	unsigned left = 127;

	while (left != 0) {
		unsigned days = left & (unsigned)rand();
		struct prose_span spans[3];
		uint32_t count = make_spans(spans);

		left &= (unsigned)rand();
		if (days == 0)
			continue;
		left &= ~days;
		fprintf(out, "%s", made->count > 0 ? style->clauses : "");
		print_days(out, days, style);
		for (uint32_t i = 0; i < count; i++) {
			fprintf(out, "%s%s", i > 0 ? ", " : " ", style->from);
			print_time(out, spans[i].opens, style);
			fprintf(out, "%s", style->to);
			print_time(out, spans[i].closes, style);
			made->list[made->count++] =
			    (struct prose_opening){ (uint8_t)days, 0, spans[i] };
		}
	}
}

static void
hours_in_any_style_are_read_as_they_were_printed(void **state)
{
	static const char *const EN[] = { "Monday", "Tuesday", "Wednesday", "Thursday",
		"Friday", "Saturday", "Sunday" };
	static const char *const SHORT[] = { "Mon.", "Tue.", "Wed.", "Thu.", "Fri.",
		"Sat.", "Sun." };
	static const char *const UK[] = { "Пн", "вт", "ср", "чт", "Пт", "сб", "нд" };
	static const char *const RU[] = { "понедельник", "вторник", "среда", "четверг",
		"пятница", "суббота", "воскресенье" };
	static const struct style STYLES[] = {
		{ "-", ", ", "", "-", "; ", EN, 1 },
		{ " through ", " and ", "from ", " to ", "\n", EN, 2 },
		{ " – ", " & ", "", " – ", ", ", SHORT, 1 },
		{ "-", "/", "", "-", " | ", SHORT, 0 },
		{ "-", ", ", "з ", " до ", "; ", UK, 0 },
		{ "—", ", ", "", "-", " ", UK, 0 },
		{ " - ", ", ", "с ", " до ", "\n", RU, 0 },
	};

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		const struct style *style =
		    &STYLES[(size_t)rand() % (sizeof STYLES / sizeof *STYLES)];
		static struct prose_hours made;
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		made = (struct prose_hours){ 0 };
		make_hours(out, style, &made);
		fclose(out);
		if (made.count > 0) {
			if (!prose_hours_read(text_of(text), false, &hours))
				fail_msg("not read: %s", text);
			assert_int_equal(hours.count, made.count);
			assert_memory_equal(
			    hours.list, made.list, made.count * sizeof *made.list);
		}
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_are_in_the_order_of_their_bytes_and_folded),
		cmocka_unit_test(days_stand_before_their_hours),
		cmocka_unit_test(days_stand_behind_their_hours_all_through_a_text),
		cmocka_unit_test(ukrainian_and_russian_are_read_too),
		cmocka_unit_test(
		    a_time_without_am_and_pm_counts_where_one_reading_is_left),
		cmocka_unit_test(midnight_noon_and_night_are_told_apart),
		cmocka_unit_test(closed_days_and_exceptions_are_taken_out),
		cmocka_unit_test(a_lunch_break_is_taken_out_of_the_hours_it_is_said_of),
		cmocka_unit_test(times_by_appointment_are_no_hours),
		cmocka_unit_test(days_of_a_month_are_counted),
		cmocka_unit_test(what_can_mean_more_than_one_thing_is_not_read),
		cmocka_unit_test(hours_in_any_style_are_read_as_they_were_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
