/* SPDX-License-Identifier: Apache-2.0
 * Times and zones of a schedule. */
#include <math.h>

#include "common/facts_schedule.h"

#define DAY_MINUTES 1440
#define LAST_MINUTE (DAY_MINUTES - 1)
/* UTC-12:00 to UTC+14:00 are in use. */
#define OFFSET_LEAST (-12 * 60)
#define OFFSET_MOST CALENDAR_OFFSET_MOST
/* Fits no offset: the text did not say one. */
#define OFFSET_ABSENT INT32_MAX

static bool
read_two_digits(struct text *rest, int most, int *value)
{
	if (rest->length < 2 || rest->at[0] < '0' || rest->at[0] > '9' ||
	    rest->at[1] < '0' || rest->at[1] > '9')
		return false;
	*value = (rest->at[0] - '0') * 10 + rest->at[1] - '0';
	rest->at += 2;
	rest->length -= 2;
	return *value <= most;
}

/* Nothing, Z, +HH, +HHMM or +HH:MM. */
static bool
read_offset(struct text *rest, int32_t *offset)
{
	bool is_negative = rest->length > 0 && rest->at[0] == '-';
	int hours;
	int minutes = 0;

	*offset = OFFSET_ABSENT;
	if (rest->length == 0)
		return true;
	*offset = 0;
	if (skip(rest, 'Z') || skip(rest, 'z'))
		return rest->length == 0;
	if (!skip(rest, '-') && !skip(rest, '+'))
		return false;
	if (!read_two_digits(rest, 14, &hours))
		return false;
	if ((skip(rest, ':') || rest->length > 0) && !read_two_digits(rest, 59, &minutes))
		return false;
	*offset = (is_negative ? -1 : 1) * (hours * 60 + minutes);
	return rest->length == 0 && *offset >= OFFSET_LEAST && *offset <= OFFSET_MOST;
}

/* Seconds are cut off; 24:00 is the end of the day. */
static bool
read_time(const json_t *value, int *minute, int32_t *offset)
{
	struct text rest = text_in(value);
	int hours, minutes, seconds = 0;

	if (rest.at == NULL || !read_two_digits(&rest, 24, &hours) || !skip(&rest, ':') ||
	    !read_two_digits(&rest, 59, &minutes))
		return false;
	if (skip(&rest, ':') && !read_two_digits(&rest, 59, &seconds))
		return false;
	*minute = hours * 60 + minutes;
	return *minute + seconds <= DAY_MINUTES && read_offset(&rest, offset);
}

static bool
read_zone(const struct reading *reading, const json_t *schedule, int32_t offset,
    calendar_zone_id *zone)
{
	const json_t *name = member(schedule, "x_timezone");
	const json_t *timezone = member(schedule, "timezone");
	double minutes = json_number_value(timezone) * 60;

	*zone = (calendar_zone_id)offset;
	if (offset != OFFSET_ABSENT)
		return true;
	if (name == NULL)
		name = reading->service_zone;
	if (name != NULL)
		return calendar_zone(text_in(name), zone);
	if (timezone == NULL && json_is_true(member(schedule, "x_parsed")))
		return false; /* words are of the clock on the wall */
	if ((timezone != NULL && !json_is_number(timezone)) ||
	    !(minutes >= OFFSET_LEAST && minutes <= OFFSET_MOST) ||
	    minutes != floor(minutes))
		return false;
	*zone = (calendar_zone_id)minutes;
	return true;
}

bool
schedule_times(
    const struct reading *reading, const json_t *schedule, struct hours_rule *rule)
{
	const json_t *from = member(schedule, "opens_at");
	const json_t *to = member(schedule, "closes_at");
	const json_t *closed = member(schedule, "x_closed");
	int opens = 0, closes = DAY_MINUTES;
	int32_t opens_offset = OFFSET_ABSENT, closes_offset = OFFSET_ABSENT;

	if (closed != NULL && !json_is_boolean(closed))
		return false;
	if (json_is_true(closed)) {
		rule->kind = HOURS_CLOSED;
		if (from != NULL || to != NULL)
			return false;
	} else if (from == NULL && to == NULL && rule->is_exception) {
		rule->kind = HOURS_UNCLEAR;
	} else if (!read_time(from, &opens, &opens_offset) ||
	           !read_time(to, &closes, &closes_offset)) {
		return false;
	}
	if (opens == 0 && closes == LAST_MINUTE)
		closes = DAY_MINUTES;
	rule->opens = (uint16_t)opens;
	rule->closes = (uint16_t)closes;
	/* The same minute twice may be the whole day or none of it. */
	return opens != closes && opens != DAY_MINUTES && opens_offset == closes_offset &&
	       read_zone(reading, schedule, opens_offset, &rule->zone);
}
