/* SPDX-License-Identifier: Apache-2.0
 * The two clocks, and RFC 3339 both ways. */
#include "common/clock.h"

#include <time.h>

#define DAY_MS INT64_C(86400000)
/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits can say. */
#define YEAR_0_MS INT64_C(-62167219200000)
#define YEAR_9999_MS INT64_C(253402300799999)

/* Set by tests.  The frozen monotonic clock starts at the real one and follows the wall
 * clock forward only, as the real one does when somebody sets the wall clock back. */
static int64_t frozen_wall_ms = -1;
static int64_t frozen_mono_ms;

static int64_t
read_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return frozen_wall_ms >= 0 ? frozen_wall_ms : read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_mono_us(void)
{
	return frozen_wall_ms >= 0 ? frozen_mono_ms * 1000 : read_us(CLOCK_MONOTONIC);
}

void
clock_set(int64_t wall_ms)
{
	if (frozen_wall_ms < 0)
		frozen_mono_ms = clock_mono_ms();
	else if (wall_ms > frozen_wall_ms)
		frozen_mono_ms += wall_ms - frozen_wall_ms;
	frozen_wall_ms = wall_ms < 0 ? -1 : wall_ms;
}

/* Days since 1970 of a proleptic Gregorian date; years count from March, so that the leap
 * day is the last of its year. */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t shifted = year - (month <= 2);
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static char *
put_digits(char *at, int value, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + count;
}

void
clock_format(int64_t wall_ms, char text[CLOCK_TEXT_BYTES])
{
	int64_t bounded = wall_ms < YEAR_0_MS      ? YEAR_0_MS
	                  : wall_ms > YEAR_9999_MS ? YEAR_9999_MS
	                                           : wall_ms;
	int ms = (int)(((bounded % 1000) + 1000) % 1000);
	time_t seconds = (time_t)((bounded - ms) / 1000);
	struct tm date;

	gmtime_r(&seconds, &date);
	text = put_digits(text, date.tm_year + 1900, 4);
	*text++ = '-';
	text = put_digits(text, date.tm_mon + 1, 2);
	*text++ = '-';
	text = put_digits(text, date.tm_mday, 2);
	*text++ = 'T';
	text = put_digits(text, date.tm_hour, 2);
	*text++ = ':';
	text = put_digits(text, date.tm_min, 2);
	*text++ = ':';
	text = put_digits(text, date.tm_sec, 2);
	*text++ = '.';
	text = put_digits(text, ms, 3);
	*text++ = 'Z';
	*text = '\0';
}

/* Takes exactly `count` digits off the front. */
static bool
take_number(struct text *rest, uint32_t count, int *number)
{
	*number = 0;
	if (rest->length < count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (rest->at[i] < '0' || rest->at[i] > '9')
			return false;
		*number = *number * 10 + (rest->at[i] - '0');
	}
	rest->at += count;
	rest->length -= count;
	return true;
}

static bool
take_one_of(struct text *rest, const char *characters)
{
	if (rest->length == 0 || *rest->at == '\0' || !strchr(characters, *rest->at))
		return false;
	rest->at++;
	rest->length--;
	return true;
}

static bool
take_date(struct text *rest, int64_t *days)
{
	static const int LENGTHS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year;
	int month;
	int day;
	bool is_leap;

	if (!take_number(rest, 4, &year) || !take_one_of(rest, "-") ||
	    !take_number(rest, 2, &month) || !take_one_of(rest, "-") ||
	    !take_number(rest, 2, &day))
		return false;
	is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month < 1 || month > 12 || day < 1 ||
	    day > LENGTHS[month - 1] + (is_leap && month == 2))
		return false;
	*days = days_of(year, month, day);
	return true;
}

/* Any number of digits; what is finer than a millisecond is cut. */
static bool
take_fraction(struct text *rest, int *ms)
{
	int digit;
	int weight = 100;

	*ms = 0;
	if (!take_one_of(rest, "."))
		return true;
	if (!take_number(rest, 1, &digit))
		return false;
	do {
		*ms += digit * weight;
		weight /= 10;
	} while (take_number(rest, 1, &digit));
	return true;
}

static bool
take_offset(struct text *rest, int *minutes)
{
	bool is_west = rest->length > 0 && *rest->at == '-';
	int hour;
	int minute;

	*minutes = 0;
	if (take_one_of(rest, "Zz"))
		return true;
	if (!take_one_of(rest, "+-") || !take_number(rest, 2, &hour) || hour > 23 ||
	    !take_one_of(rest, ":") || !take_number(rest, 2, &minute) || minute > 59)
		return false;
	*minutes = (hour * 60 + minute) * (is_west ? -1 : 1);
	return true;
}

bool
clock_parse(struct text text, int64_t *wall_ms)
{
	struct text rest = text;
	int64_t days;
	int hour;
	int minute;
	int second;
	int ms;
	int offset;
	int64_t utc_minutes;

	if (text.at == NULL || !take_date(&rest, &days))
		return false;
	if (rest.length == 0) {
		*wall_ms = days * DAY_MS;
		return true;
	}
	if (!take_one_of(&rest, "Tt") || !take_number(&rest, 2, &hour) || hour > 23 ||
	    !take_one_of(&rest, ":") || !take_number(&rest, 2, &minute) || minute > 59 ||
	    !take_one_of(&rest, ":") || !take_number(&rest, 2, &second) || second > 60 ||
	    !take_fraction(&rest, &ms) || !take_offset(&rest, &offset) || rest.length > 0)
		return false;
	utc_minutes = days * 1440 + hour * INT64_C(60) + minute - offset;
	/* A leap second can only end a UTC day; it counts as the next second. */
	if (second == 60 && ((utc_minutes % 1440) + 1440) % 1440 != 1439)
		return false;
	*wall_ms = utc_minutes * 60000 + second * INT64_C(1000) + ms;
	return true;
}
