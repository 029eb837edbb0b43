/* SPDX-License-Identifier: Apache-2.0
 * Opening hours against an expansion by libical, which is slow and somebody else's: schedules
 * are read from documents, days and moments are compared one by one.
 *
 * ORACLE_SEED=N chooses other schedules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <libical/ical.h>

#include "common/clock.h"
#include "common/facts.h"

static struct facts_reader *reader;
static struct service_facts facts;
static uint64_t random_state;

static uint32_t
below(uint32_t end)
{
	random_state =
	    random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (uint32_t)((random_state >> 33) % end);
}

#define PICK(list) (list)[below(sizeof(list) / sizeof *(list))]

static int64_t
moment(const char *time)
{
	int64_t at_ms;

	assert_true(clock_parse(text_of(time), &at_ms));
	return at_ms;
}

static void
read_schedules(const char *zone, const char *schedules)
{
	static char document[4096];

	snprintf(document, sizeof document,
	    "{\"id\":\"s\",\"name\":\"n\",\"x_timezone\":\"%s\",\"schedules\":[%s]}",
	    zone, schedules);
	assert_int_equal(facts_read(reader, text_of(document), &facts), STATUS_OK);
}

static enum flag
open_at(const char *time)
{
	return hours_open_at(facts.hours, facts.hours_count, moment(time));
}

static int64_t
next_after(const char *time)
{
	return hours_next_opening(facts.hours, facts.hours_count, moment(time));
}

/* ---- recurrence, against libical ---- */

struct random_rule {
	char json[400];
	char rrule[200];
	int32_t start;
	int opens, closes; /* minutes */
};

static const char *const ZONES[] = { "Europe/Kyiv", "America/Los_Angeles", "Asia/Amman",
	"Australia/Lord_Howe", "Africa/Casablanca", "UTC", "America/Sao_Paulo" };

static const char *const WEEKDAYS[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

static void
random_rule(struct random_rule *rule)
{
	static const char *const DAYS[] = { "MO", "TU,TH", "MO,TU,WE,TH,FR", "SU",
		"FR,SA", "WE,SU,MO" };
	static const char *const NUMBERED[] = { "1MO", "-1FR", "2TU,4TU", "5WE", "-5SU",
		"MO,3SA", "3TH,-1TH" };
	static const char *const MONTHDAYS[] = { "1", "15,-1", "31", "-2", "29,30" };
	static const char *const WEEKS[] = { "MO", "SU", "WE" };
	bool is_monthly = below(2) == 0;
	bool has_monthdays = is_monthly && below(2) == 0;
	const char *days = is_monthly ? PICK(NUMBERED) : PICK(DAYS);
	const char *monthdays = PICK(MONTHDAYS), *week = PICK(WEEKS);
	int interval = 1 + (int)below(3), count = below(3) == 0 ? 1 + (int)below(20) : 0;
	int year, month, day;
	char end[40] = "", end_json[60] = "";

	/* libical does not find the week of a start that is none of the days. */
	do
		rule->start = calendar_date(2025, 1, 1) + (int32_t)below(700);
	while (
	    !is_monthly && strstr(days, WEEKDAYS[calendar_weekday(rule->start)]) == NULL);
	rule->opens = (int)below(96) * 15;
	do
		rule->closes = (int)below(97) * 15;
	while (rule->closes == rule->opens || (rule->opens == 0 && rule->closes == 1440));
	calendar_parts(rule->start, &year, &month, &day);
	if (count > 0) {
		snprintf(end, sizeof end, ";COUNT=%d", count);
		snprintf(end_json, sizeof end_json, ",\"count\":%d", count);
	} else if (below(2) == 0) {
		snprintf(end, sizeof end, ";UNTIL=%04d%02d%02d", year + 1, month, 17);
		snprintf(end_json, sizeof end_json, ",\"until\":\"%04d-%02d-17\"",
		    year + 1, month);
	}
	snprintf(rule->rrule, sizeof rule->rrule, "FREQ=%s;INTERVAL=%d;%s=%s;WKST=%s%s",
	    is_monthly ? "MONTHLY" : "WEEKLY", interval,
	    has_monthdays ? "BYMONTHDAY" : "BYDAY", has_monthdays ? monthdays : days,
	    week, end);
	snprintf(rule->json, sizeof rule->json,
	    "{\"freq\":\"%s\",\"interval\":%d,\"%s\":\"%s\",\"wkst\":\"%s\",\"dtstart\":"
	    "\"%04d-%02d-%02d\",\"opens_at\":\"%02d:%02d\",\"closes_at\":\"%02d:%02d\"%"
	    "s}",
	    is_monthly ? "MONTHLY" : "WEEKLY", interval,
	    has_monthdays ? "bymonthday" : "byday", has_monthdays ? monthdays : days,
	    week, year, month, day, rule->opens / 60, rule->opens % 60, rule->closes / 60,
	    rule->closes % 60, end_json);
}

#define SEEN_DAYS 1600

/* The days on which the rule opens, by libical, from its start. */
static void
expand(const struct random_rule *rule, bool is_on[SEEN_DAYS])
{
	struct icalrecurrencetype recurrence =
	    icalrecurrencetype_from_string(rule->rrule);
	struct icaltimetype start, next;
	char day_text[16];
	int year, month, monthday;
	icalrecur_iterator *iterator;

	memset(is_on, 0, SEEN_DAYS * sizeof *is_on);
	calendar_parts(rule->start, &year, &month, &monthday);
	snprintf(day_text, sizeof day_text, "%04d%02d%02d", year, month, monthday);
	start = icaltime_from_string(day_text);
	iterator = icalrecur_iterator_new(recurrence, start);
	assert_non_null(iterator);
	for (;;) {
		int32_t day;

		next = icalrecur_iterator_next(iterator);
		if (icaltime_is_null_time(next))
			break;
		day = calendar_date(next.year, next.month, next.day) - rule->start;
		if (day >= SEEN_DAYS)
			break;
		is_on[day] = true;
	}
	icalrecur_iterator_free(iterator);
}

static void
recurring_days_are_those_that_libical_finds(void **state)
{
	static bool is_on[SEEN_DAYS];
	struct random_rule rule;
	unsigned days_on = 0;

	(void)state;
	for (int round = 0; round < 600; round++) {
		random_rule(&rule);
		read_schedules("UTC", rule.json);
		if (facts.hours_count == 0) { /* a count or until before the first */
			continue;
		}
		expand(&rule, is_on);
		for (int32_t day = 0; day < SEEN_DAYS; day++) {
			if (hours_is_on(facts.hours, rule.start + day) != is_on[day])
				fail_msg("%s: day %d of %s", rule.rrule, day, rule.json);
			days_on += is_on[day];
		}
		assert_false(hours_is_on(facts.hours, rule.start - 1));
	}
	assert_true(days_on > 20000);
}

/* ---- moments, against libical's zones ---- */

static struct icaltimetype
local_time(icaltimezone *zone, int64_t at_ms)
{
	struct icaltimetype time = icaltime_from_timet_with_zone(
	    (time_t)(at_ms / 1000), 0, icaltimezone_get_utc_timezone());

	return icaltime_convert_to_zone(time, zone);
}

/* By the wall clock there, and by what days libical found. */
static bool
is_open_by_clock(const struct random_rule *rule, const bool is_on[SEEN_DAYS],
    icaltimezone *zone, int64_t at_ms)
{
	struct icaltimetype time = local_time(zone, at_ms);
	int32_t day = calendar_date(time.year, time.month, time.day) - rule->start;
	int minute = time.hour * 60 + time.minute;
	bool is_today = day >= 0 && day < SEEN_DAYS && is_on[day];
	bool was_yesterday = day >= 1 && day <= SEEN_DAYS && is_on[day - 1];

	if (rule->opens < rule->closes)
		return is_today && minute >= rule->opens && minute < rule->closes;
	return (is_today && minute >= rule->opens) ||
	       (was_yesterday && minute < rule->closes);
}

static void
a_moment_is_open_as_the_wall_clock_there_says(void **state)
{
	static bool is_on[SEEN_DAYS];
	unsigned seen_open = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct random_rule rule;
		const char *name = PICK(ZONES);
		icaltimezone *zone = icaltimezone_get_builtin_timezone(name);

		random_rule(&rule);
		read_schedules(name, rule.json);
		if (facts.hours_count == 0)
			continue;
		expand(&rule, is_on);
		for (int i = 0; i < 400; i++) {
			int64_t at_ms =
			    (rule.start * INT64_C(96) + below(96 * 1000)) * 900000;
			bool is_open = is_open_by_clock(&rule, is_on, zone, at_ms);
			enum flag answer =
			    hours_open_at(facts.hours, facts.hours_count, at_ms);

			seen_open += is_open;
			if (is_open != (answer == FLAG_YES))
				fail_msg(
				    "%s %s at %lld", name, rule.json, (long long)at_ms);
		}
	}
	assert_true(seen_open > 3000);
}

/* Looks at every quarter of an hour. */
static void
the_next_opening_is_the_first_open_moment(void **state)
{
	unsigned found = 0;

	(void)state;
	for (int round = 0; round < 150; round++) {
		struct random_rule one, other;
		char schedules[1000];
		const char *name = PICK(ZONES);
		int64_t from_ms, at_ms, next_ms;

		random_rule(&one);
		random_rule(&other);
		snprintf(schedules, sizeof schedules, "%s,%s", one.json, other.json);
		read_schedules(name, schedules);
		from_ms = (one.start * INT64_C(96) + below(96 * 400)) * 900000;
		next_ms = hours_next_opening(facts.hours, facts.hours_count, from_ms);
		for (at_ms = from_ms;
		     at_ms < from_ms + 55 * INT64_C(86400000) &&
		     hours_open_at(facts.hours, facts.hours_count, at_ms) != FLAG_YES;)
			at_ms += 900000;
		if (at_ms < from_ms + 55 * INT64_C(86400000)) {
			if (next_ms != at_ms)
				fail_msg("%s %s from %lld", name, schedules,
				    (long long)from_ms);
			found++;
		} else {
			assert_true(next_ms == TIME_ABSENT || next_ms >= at_ms);
		}
	}
	assert_true(found > 40);
}

/* ---- by hand ---- */

#define WEEKDAYS_9_TO_18                                                                 \
	"{\"freq\":\"WEEKLY\",\"byday\":\"MO,TU,WE,TH,FR\",\"opens_at\":\"09:00\","      \
	"\"closes_at\":\"18:00\"}"

static void
an_hour_that_clocks_skip_opens_at_the_change_and_one_that_comes_twice_opens_twice(
    void **state)
{
	(void)state;
	read_schedules("Europe/Kyiv",
	    "{\"freq\":\"WEEKLY\",\"byday\":\"SU\",\"opens_at\":\"03:15\",\"closes_at\":"
	    "\"03:45\"},{\"freq\":\"WEEKLY\",\"byday\":\"SU\",\"opens_at\":\"03:20\","
	    "\"closes_at\":\"05:00\"}");
	/* 2026-03-29 03:00 is 04:00. */
	assert_int_equal(open_at("2026-03-29T00:59:00Z"), FLAG_NO);
	assert_int_equal(
	    next_after("2026-03-28T12:00:00Z"), moment("2026-03-29T01:00:00Z"));
	/* 2026-10-25 04:00 is 03:00. */
	assert_int_equal(open_at("2026-10-25T00:15:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-10-25T01:14:00Z"), FLAG_NO);
	assert_int_equal(
	    next_after("2026-10-25T01:05:00Z"), moment("2026-10-25T01:15:00Z"));
	read_schedules("Europe/Kyiv",
	    "{\"freq\":\"DAILY\",\"opens_at\":\"02:00\",\"closes_at\":"
	    "\"03:30\"}");
	assert_int_equal(
	    next_after("2026-10-25T00:45:00Z"), moment("2026-10-25T01:00:00Z"));
}

static void
the_next_opening_passes_over_what_is_closed(void **state)
{
	(void)state;
	read_schedules("Europe/Kyiv", WEEKDAYS_9_TO_18
	    ",{\"x_closed\":true,\"valid_from\":\"2026-12-24\",\"valid_to\":"
	    "\"2027-01-04\"}");
	assert_int_equal(
	    next_after("2026-12-23T10:00:00Z"), moment("2026-12-23T10:00:00Z"));
	assert_int_equal(
	    next_after("2026-12-23T16:00:00Z"), moment("2027-01-05T07:00:00Z"));
	read_schedules("UTC",
	    "{\"freq\":\"WEEKLY\",\"byday\":\"MO\",\"opens_at\":\"09:00\",\"closes_at\":"
	    "\"10:"
	    "00\",\"valid_from\":\"2020-01-01\",\"valid_to\":\"2020-12-31\"}");
	assert_int_equal(next_after("2026-12-23T10:00:00Z"), TIME_ABSENT);
	assert_int_equal(open_at("2026-12-23T10:00:00Z"), FLAG_ABSENT);
	assert_int_equal(hours_next_opening(NULL, 0, 0), TIME_ABSENT);
}

static void
a_season_beside_the_usual_hours_is_unknown_where_the_two_differ(void **state)
{
	(void)state;
	read_schedules("UTC", WEEKDAYS_9_TO_18
	    ",{\"freq\":\"WEEKLY\",\"byday\":\"MO,WE\",\"opens_at\":\"10:00\",\"closes_"
	    "at\":"
	    "\"12:00\",\"valid_from\":\"2026-07-01\",\"valid_to\":\"2026-08-31\"}");
	assert_int_equal(open_at("2026-06-15T10:30:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-07-15T10:30:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-07-15T09:30:00Z"), FLAG_ABSENT);
	assert_int_equal(open_at("2026-07-14T10:30:00Z"), FLAG_ABSENT);
	assert_int_equal(open_at("2026-07-15T20:00:00Z"), FLAG_NO);
	read_schedules("UTC", WEEKDAYS_9_TO_18
	    ",{\"freq\":\"WEEKLY\",\"byday\":\"SA\",\"opens_at\":\"10:00\",\"closes_at\":"
	    "\"12:00\",\"valid_from\":\"2026-07-01\",\"valid_to\":\"2026-08-31\"}");
	assert_int_equal(open_at("2026-07-14T10:30:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-07-18T10:30:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-09-05T10:30:00Z"), FLAG_NO);
}

/* The examples of RFC 5545, 3.8.5.3, and a start that is none of the days. */
static void
a_week_begins_where_wkst_says(void **state)
{
	static const struct {
		const char *week, *days, *start;
		int on[4]; /* of August 1997, to 32 = 1 September */
	} CASES[] = {
		{ "MO", "TU,SU", "1997-08-05", { 5, 10, 19, 24 } },
		{ "SU", "TU,SU", "1997-08-05", { 5, 17, 19, 31 } },
		{ "MO", "SU", "1997-08-02", { 3, 17, 31, 45 } },
		{ "SU", "SU", "1997-08-02", { 10, 24, 38, 52 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char schedule[300];
		int at = 0;

		snprintf(schedule, sizeof schedule,
		    "{\"freq\":\"WEEKLY\",\"interval\":2,\"byday\":\"%s\",\"wkst\":\"%"
		    "s\","
		    "\"dtstart\":\"%s\",\"opens_at\":\"09:00\",\"closes_at\":\"10:00\"}",
		    CASES[i].days, CASES[i].week, CASES[i].start);
		read_schedules("UTC", schedule);
		for (int day = 1; at < 4; day++)
			if (hours_is_on(facts.hours, calendar_date(1997, 8, 1) + day - 1))
				assert_int_equal(day, CASES[i].on[at++]);
	}
}

static void
a_recurring_closed_day_closes(void **state)
{
	(void)state;
	read_schedules("UTC", WEEKDAYS_9_TO_18
	    ",{\"freq\":\"MONTHLY\",\"byday\":\"-1FR\",\"x_closed\":true}");
	assert_int_equal(open_at("2026-11-20T10:30:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-11-27T10:30:00Z"), FLAG_NO);
}

static void
exceptions_that_contradict_each_other_are_unknown(void **state)
{
	(void)state;
	read_schedules("UTC",
	    WEEKDAYS_9_TO_18 ",{\"x_closed\":true,\"valid_from\":\"2026-12-24\",\"valid_"
	                     "to\":\"2027-01-04\"}"
	                     ",{\"opens_at\":\"10:00\",\"closes_at\":\"12:00\",\"valid_"
	                     "from\":\"2026-12-31\","
	                     "\"valid_to\":\"2026-12-31\"}");
	assert_int_equal(open_at("2026-12-31T11:00:00Z"), FLAG_ABSENT);
	assert_int_equal(open_at("2026-12-31T13:00:00Z"), FLAG_NO);
}

static void
a_night_counts_for_the_day_it_begins_also_before_a_closed_one(void **state)
{
	(void)state;
	read_schedules("UTC",
	    "{\"freq\":\"DAILY\",\"opens_at\":\"20:00\",\"closes_at\":\"08:00\"},"
	    "{\"x_closed\":true,\"valid_from\":\"2026-12-25\",\"valid_to\":\"2026-12-"
	    "25\"}");
	assert_int_equal(open_at("2026-12-25T07:00:00Z"), FLAG_YES);
	assert_int_equal(open_at("2026-12-25T21:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-26T07:00:00Z"), FLAG_NO);
	assert_int_equal(open_at("2026-12-26T20:00:00Z"), FLAG_YES);
}

/* ---- dates and zones ---- */

static void
dates_go_through_their_parts_and_back(void **state)
{
	int year, month, day;

	(void)state;
	for (int32_t date = -800000; date < 2000000; date += 13) {
		calendar_parts(date, &year, &month, &day);
		assert_int_equal(calendar_date(year, month, day), date);
		assert_in_range(day, 1, (unsigned)calendar_month_days(year, month));
	}
	assert_int_equal(calendar_date(1970, 1, 1), 0);
	assert_int_equal(calendar_weekday(calendar_date(2026, 11, 20)), 4);
	assert_int_equal(calendar_weekday(calendar_date(1969, 12, 31)), 2);
}

static void
what_is_no_date_is_not_read_as_one(void **state)
{
	static const char *const GOOD[] = { "2024-02-29", "2026-12-31T00:00:00Z",
		"2026-12-31 00:00" };
	static const char *const BAD[] = { "", "2026-02-29", "2026-13-01", "2026-00-10",
		"2026-1-1", "26-01-01", "2026-12-31T12:00:00Z", "2026-12-31T",
		"0200-01-01", "2026/12/31", "2026-12-31x" };
	int32_t date;

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
		assert_true(calendar_parse(text_of(GOOD[i]), &date));
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_false(calendar_parse(text_of(BAD[i]), &date));
	assert_false(calendar_parse(TEXT_ABSENT, &date));
}

static void
a_span_holds_one_offset_from_end_to_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ZONES / sizeof *ZONES; i++) {
		icaltimezone *zone = icaltimezone_get_builtin_timezone(ZONES[i]);
		calendar_zone_id id;

		assert_true(calendar_zone(text_of(ZONES[i]), &id));
		for (int k = 0; k < 300; k++) {
			int64_t at = INT64_C(946684800) + below(2000000000);
			struct calendar_span span = calendar_span(id, at);
			struct icaltimetype time = local_time(zone, at * 1000);
			int64_t local = calendar_date(time.year, time.month, time.day) *
			                    INT64_C(86400) +
			                time.hour * 3600 + time.minute * 60 + time.second;

			assert_true(at >= span.from && at < span.to);
			assert_int_equal(local - at, span.offset_seconds);
		}
	}
}

static void
what_is_no_zone_is_refused(void **state)
{
	static const char *const BAD[] = { "", "Europe", "Mars/Base", "../../etc/passwd",
		"Europe/Kyiv ", "europe/kyiv",
		"Europe/KyivKyivKyivKyivKyivKyivKyivKyivKyivKyivKyivKyiv" };
	calendar_zone_id one, other;

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_false(calendar_zone(text_of(BAD[i]), &one));
	assert_true(calendar_zone(LITERAL("Europe/Kyiv"), &one));
	assert_true(calendar_zone(LITERAL("Europe/Kyiv"), &other));
	assert_int_equal(one, other);
	assert_true(one > CALENDAR_OFFSET_MOST);
}

static int
open_reader(void **state)
{
	const char *seed = getenv("ORACLE_SEED");

	(void)state;
	random_state = seed != NULL ? strtoull(seed, NULL, 0) : 20261120;
	reader = facts_reader_new();
	return reader == NULL;
}

static int
close_reader(void **state)
{
	(void)state;
	facts_reader_free(reader);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recurring_days_are_those_that_libical_finds),
		cmocka_unit_test(a_moment_is_open_as_the_wall_clock_there_says),
		cmocka_unit_test(the_next_opening_is_the_first_open_moment),
		cmocka_unit_test(
		    an_hour_that_clocks_skip_opens_at_the_change_and_one_that_comes_twice_opens_twice),
		cmocka_unit_test(the_next_opening_passes_over_what_is_closed),
		cmocka_unit_test(
		    a_season_beside_the_usual_hours_is_unknown_where_the_two_differ),
		cmocka_unit_test(a_week_begins_where_wkst_says),
		cmocka_unit_test(a_recurring_closed_day_closes),
		cmocka_unit_test(exceptions_that_contradict_each_other_are_unknown),
		cmocka_unit_test(
		    a_night_counts_for_the_day_it_begins_also_before_a_closed_one),
		cmocka_unit_test(dates_go_through_their_parts_and_back),
		cmocka_unit_test(what_is_no_date_is_not_read_as_one),
		cmocka_unit_test(a_span_holds_one_offset_from_end_to_end),
		cmocka_unit_test(what_is_no_zone_is_refused),
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
