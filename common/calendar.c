/* SPDX-License-Identifier: Apache-2.0
 * Dates by arithmetic, zones by libical. */
#include "common/calendar.h"

#include <libical/ical.h>
#include <string.h>

#define ZONES_MAX 256
#define NAME_MAX 48
#define SPANS_KEPT 8
#define DAY_SECONDS INT64_C(86400)
/* No zone is known to change twice within it (Morocco: five weeks). */
#define STEP_SECONDS (10 * DAY_SECONDS)
/* How far a span is followed to each side. */
#define STEPS 20
/* Years 1583 to 9999: what libical's dates hold. */
#define LEAST_SECONDS INT64_C(-12212553600)
#define MOST_SECONDS INT64_C(253402300799)
/* Days from 0000-03-01 to 1970-01-01, and of 400 years. */
#define DAYS_BEFORE_1970 719468
#define ERA_DAYS 146097

/* ---- dates: the year begins in March, so that a leap day is its last ---- */

int32_t
calendar_date(int year, int month, int day)
{
	int shifted = month > 2 ? year : year - 1;
	int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int year_of_era = shifted - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - DAYS_BEFORE_1970;
}

void
calendar_parts(int32_t date, int *year, int *month, int *day)
{
	int days = date + DAYS_BEFORE_1970;
	int era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
	int day_of_era = days - era * ERA_DAYS;
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	                      day_of_era / (ERA_DAYS - 1)) /
	                  365;
	int day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int shifted = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = year_of_era + era * 400 + (*month <= 2);
}

int
calendar_month_days(int year, int month)
{
	static const uint8_t DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return DAYS[month - 1] + (month == 2 && is_leap);
}

int
calendar_weekday(int32_t date)
{
	return ((date + 3) % 7 + 7) % 7;
}

static bool
read_digits(const char *at, int count, int *value)
{
	*value = 0;
	while (count-- > 0) {
		if (*at < '0' || *at > '9')
			return false;
		*value = *value * 10 + *at++ - '0';
	}
	return true;
}

bool
calendar_parse(struct text text, int32_t *date)
{
	int year, month, day;

	if (text.length < 10 || text.at[4] != '-' || text.at[7] != '-' ||
	    !read_digits(text.at, 4, &year) || !read_digits(text.at + 5, 2, &month) ||
	    !read_digits(text.at + 8, 2, &day))
		return false;
	if (text.length > 10 &&
	    (text.length < 16 || (text.at[10] != 'T' && text.at[10] != ' ') ||
	        memcmp(text.at + 11, "00:00", 5) != 0))
		return false;
	if (year < 1000 || month < 1 || month > 12 || day < 1 ||
	    day > calendar_month_days(year, month))
		return false;
	*date = calendar_date(year, month, day);
	return true;
}

/* ---- zones ---- */

static struct zone {
	char name[NAME_MAX];
	icaltimezone *zone;
	struct calendar_span spans[SPANS_KEPT];
	unsigned spans_count, next_span;
} zones[ZONES_MAX];
static int zones_count;

bool
calendar_zone(struct text name, calendar_zone_id *zone)
{
	char copy[NAME_MAX];
	icaltimezone *found;
	int i;

	if (name.length == 0 || !text_copy(name, copy, sizeof copy))
		return false;
	for (i = 0; i < zones_count && strcmp(zones[i].name, copy) != 0; i++)
		;
	if (i == zones_count) {
		found = i < ZONES_MAX ? icaltimezone_get_builtin_timezone(copy) : NULL;
		if (found == NULL)
			return false;
		zones[i].zone = found;
		memcpy(zones[i].name, copy, sizeof copy);
		zones_count++;
	}
	*zone = (calendar_zone_id)(CALENDAR_OFFSET_MOST + 1 + i);
	return true;
}

static int32_t
offset_at(icaltimezone *zone, int64_t at_seconds)
{
	struct icaltimetype time = icaltime_from_timet_with_zone(
	    (time_t)at_seconds, 0, icaltimezone_get_utc_timezone());
	int is_summer;

	return icaltimezone_get_utc_offset_of_utc_time(zone, &time, &is_summer);
}

/* The edge, in seconds, between `in`, where the offset holds, and `out`, where it does not. */
static int64_t
find_edge(icaltimezone *zone, int64_t in, int64_t out, int32_t offset)
{
	while (in - out > 1 || out - in > 1) {
		int64_t middle = in + (out - in) / 2;

		if (offset_at(zone, middle) == offset)
			in = middle;
		else
			out = middle;
	}
	return in > out ? in : out;
}

static int64_t
follow(icaltimezone *zone, int64_t from, int64_t step, int32_t offset)
{
	int64_t at = from;

	for (int i = 0; i < STEPS; i++, at += step)
		if (offset_at(zone, at + step) != offset)
			return find_edge(zone, at, at + step, offset);
	return at;
}

struct calendar_span
calendar_span(calendar_zone_id id, int64_t at_seconds)
{
	struct calendar_span span = { INT64_MIN, INT64_MAX, id * 60 };
	struct zone *zone;

	if (id <= CALENDAR_OFFSET_MOST)
		return span;
	zone = &zones[id - CALENDAR_OFFSET_MOST - 1];
	for (unsigned i = 0; i < zone->spans_count; i++)
		if (at_seconds >= zone->spans[i].from && at_seconds < zone->spans[i].to)
			return zone->spans[i];
	if (at_seconds < LEAST_SECONDS)
		at_seconds = LEAST_SECONDS;
	if (at_seconds > MOST_SECONDS)
		at_seconds = MOST_SECONDS;
	span.offset_seconds = offset_at(zone->zone, at_seconds);
	span.from = follow(zone->zone, at_seconds, -STEP_SECONDS, span.offset_seconds);
	span.to = follow(zone->zone, at_seconds, STEP_SECONDS, span.offset_seconds);
	zone->spans[zone->next_span++ % SPANS_KEPT] = span;
	if (zone->spans_count < SPANS_KEPT)
		zone->spans_count++;
	return span;
}
