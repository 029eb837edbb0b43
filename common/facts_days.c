/* SPDX-License-Identifier: Apache-2.0
 * Which days a schedule means: a subset of RFC 5545's recurrence rules. */
#include <strings.h>

#include "common/facts_schedule.h"

#define INTERVAL_MOST 100
#define COUNT_MOST 1000
/* Days that a count is followed, about 100 years. */
#define COUNT_DAYS 36525

/* -1: none. */
static int
find_day(struct text *rest)
{
	static const char DAYS[7][3] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

	for (int day = 0; day < 7; day++)
		if (rest->length >= 2 && strncasecmp(rest->at, DAYS[day], 2) == 0) {
			rest->at += 2;
			rest->length -= 2;
			return day;
		}
	return -1;
}

/* A whole number that may have a sign; 0, and no character taken: there is none. */
static int
read_number(struct text *rest)
{
	struct text start = *rest;
	bool is_negative = skip(rest, '-');
	int number = 0;

	if (!is_negative)
		(void)skip(rest, '+');
	while (rest->length > 0 && *rest->at >= '0' && *rest->at <= '9' && number < 100) {
		number = number * 10 + *rest->at - '0';
		rest->at++;
		rest->length--;
	}
	if (number == 0)
		*rest = start;
	return is_negative ? -number : number;
}

static bool
end_of_part(struct text *rest)
{
	while (skip(rest, ' '))
		;
	return rest->length == 0 || skip(rest, ',');
}

static bool
read_weekdays(struct text rest, struct hours_rule *rule)
{
	while (rest.length > 0) {
		int nth, day;

		while (skip(&rest, ' '))
			;
		nth = read_number(&rest);
		day = find_day(&rest);
		if (day < 0 || nth > HOURS_NTH || nth < -HOURS_NTH ||
		    !end_of_part(&rest) || (nth != 0 && rule->repeats != HOURS_MONTHLY))
			return false;
		if (nth > 0)
			rule->nth[nth - 1] |= (uint8_t)(1U << day);
		else if (nth < 0)
			rule->nth_last[-nth - 1] |= (uint8_t)(1U << day);
		else
			rule->weekdays |= (uint8_t)(1U << day);
	}
	return true;
}

static bool
read_monthdays(const json_t *value, struct hours_rule *rule)
{
	struct text rest = text_in(value);

	if (json_is_integer(value)) {
		json_int_t day = json_integer_value(value);

		if (day < 1 || day > 31)
			return false;
		rule->monthdays |= 1U << day;
		return true;
	}
	while (rest.length > 0) {
		int day;

		while (skip(&rest, ' '))
			;
		day = read_number(&rest);
		if (day == 0 || day > 31 || day < -31 || !end_of_part(&rest))
			return false;
		if (day > 0)
			rule->monthdays |= 1U << day;
		else
			rule->last_monthdays |= 1U << -day;
	}
	return json_is_string(value);
}

/* 0 absent, -1 not understood. */
static int
read_count(const json_t *schedule, const char *key, int most)
{
	const json_t *value = member(schedule, key);
	struct text rest = text_in(value);
	int number = json_is_integer(value) && json_integer_value(value) > 0 &&
	                     json_integer_value(value) <= most
	                 ? (int)json_integer_value(value)
	                 : read_number(&rest);

	if (value == NULL)
		return 0;
	return number < 1 || number > most || rest.length > 0 ? -1 : number;
}

/* False: it is no date.  Absent changes nothing. */
static bool
read_date(const json_t *schedule, const char *key, int32_t *date, bool *is_said)
{
	const json_t *value = member(schedule, key);

	*is_said = value != NULL;
	return value == NULL || calendar_parse(text_in(value), date);
}

/* The day from which intervals and counts are reckoned. */
struct dates {
	int32_t start;
	bool has_start, has_dtstart;
};

static bool
read_dates(const json_t *schedule, struct hours_rule *rule, struct dates *dates)
{
	int32_t from = HOURS_EVER, start = HOURS_EVER;
	int32_t to = HOURS_FOR_EVER, until = HOURS_FOR_EVER;
	bool has_from, has_until;

	if (!read_date(schedule, "valid_from", &from, &has_from) ||
	    !read_date(schedule, "valid_to", &to, &has_until) ||
	    !read_date(schedule, "dtstart", &start, &dates->has_dtstart) ||
	    !read_date(schedule, "until", &until, &has_until))
		return false;
	dates->has_start = has_from || dates->has_dtstart;
	dates->start = dates->has_dtstart ? start : from;
	rule->first = start > from ? start : from;
	rule->last = until < to ? until : to;
	return rule->first <= rule->last;
}

/* What is repeated where byday and bymonthday do not say: the day of dtstart. */
static bool
read_days(const json_t *schedule, const struct dates *dates, struct hours_rule *rule)
{
	const json_t *byday = member(schedule, "byday");
	const json_t *bymonthday = member(schedule, "bymonthday");
	int year, month, day;

	if ((byday != NULL && !json_is_string(byday)) ||
	    !read_weekdays(text_in(byday), rule))
		return false;
	if (bymonthday != NULL &&
	    (rule->repeats != HOURS_MONTHLY || !read_monthdays(bymonthday, rule)))
		return false;
	if (rule->repeats == HOURS_DAILY)
		return byday == NULL;
	if (byday != NULL || bymonthday != NULL)
		return true;
	if (!dates->has_dtstart)
		return false;
	if (rule->repeats == HOURS_WEEKLY) {
		rule->weekdays = (uint8_t)(1U << calendar_weekday(dates->start));
		return true;
	}
	calendar_parts(dates->start, &year, &month, &day);
	rule->monthdays = 1U << day;
	return true;
}

static bool
read_interval(const json_t *schedule, const struct dates *dates, struct hours_rule *rule)
{
	struct text wkst = text_in(member(schedule, "wkst"));
	int interval = read_count(schedule, "interval", INTERVAL_MOST);
	int week_begins = wkst.length == 0 ? 0 : find_day(&wkst);

	rule->interval = interval < 1 ? 1 : (uint8_t)interval;
	if (interval <= 1)
		return interval >= 0;
	if (!dates->has_start)
		return false;
	rule->anchor = dates->start;
	if (rule->repeats == HOURS_WEEKLY)
		rule->anchor -= (calendar_weekday(dates->start) - week_begins + 7) % 7;
	return week_begins >= 0;
}

static bool
read_end(const json_t *schedule, const struct dates *dates, struct hours_rule *rule)
{
	int count = read_count(schedule, "count", COUNT_MOST);
	struct hours_rule unbounded = *rule;
	int32_t date = dates->start;

	if (count <= 0)
		return count == 0;
	if (!dates->has_start)
		return false;
	unbounded.first = HOURS_EVER;
	unbounded.last = HOURS_FOR_EVER;
	for (int days = 0; days < COUNT_DAYS; days++, date++)
		if (hours_is_on(&unbounded, date) && --count == 0)
			break;
	if (date < rule->last)
		rule->last = date;
	return rule->first <= rule->last;
}

static bool
read_repeats(const json_t *schedule, struct hours_rule *rule)
{
	const char *freq = json_string_value(member(schedule, "freq"));

	rule->interval = 1;
	if (member(schedule, "byweekno") != NULL || member(schedule, "byyearday") != NULL)
		return false;
	rule->is_exception = freq == NULL;
	if (freq == NULL) /* an exception: all of its days */
		return member(schedule, "byday") == NULL &&
		       member(schedule, "bymonthday") == NULL &&
		       member(schedule, "valid_from") != NULL &&
		       member(schedule, "valid_to") != NULL;
	if (strcasecmp(freq, "DAILY") == 0)
		rule->repeats = HOURS_DAILY;
	else if (strcasecmp(freq, "WEEKLY") == 0)
		rule->repeats = HOURS_WEEKLY;
	else if (strcasecmp(freq, "MONTHLY") == 0)
		rule->repeats = HOURS_MONTHLY;
	else
		return false;
	return true;
}

bool
schedule_days(const json_t *schedule, struct hours_rule *rule)
{
	struct dates dates;

	if (!read_repeats(schedule, rule) || !read_dates(schedule, rule, &dates))
		return false;
	return rule->is_exception || (read_days(schedule, &dates, rule) &&
	                                 read_interval(schedule, &dates, rule) &&
	                                 read_end(schedule, &dates, rule));
}
