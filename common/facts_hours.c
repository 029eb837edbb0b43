/* SPDX-License-Identifier: Apache-2.0
 * All or nothing: one schedule that is not understood makes the hours unknown. */
#include "common/facts_hours.h"

#include <math.h>
#include <strings.h>

#define DAY_MINUTES 1440
#define LAST_MINUTE (DAY_MINUTES - 1)
/* UTC-12:00 to UTC+14:00 are in use. */
#define OFFSET_LEAST (-12 * 60)
#define OFFSET_MOST (14 * 60)
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

static bool
skip(struct text *rest, char what)
{
	if (rest->length == 0 || rest->at[0] != what)
		return false;
	rest->at++;
	rest->length--;
	return true;
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
	struct text rest = { json_string_value(value),
		(uint32_t)json_string_length(value) };
	int hours, minutes, seconds = 0;

	if (rest.at == NULL || !read_two_digits(&rest, 24, &hours) || !skip(&rest, ':') ||
	    !read_two_digits(&rest, 59, &minutes))
		return false;
	if (skip(&rest, ':') && !read_two_digits(&rest, 59, &seconds))
		return false;
	*minute = hours * 60 + minutes;
	return *minute + seconds <= DAY_MINUTES && read_offset(&rest, offset);
}

/* The offset of a schedule: of its times, else its timezone, else UTC. */
static bool
choose_offset(const json_t *schedule, int32_t opens, int32_t closes, int32_t *offset)
{
	const json_t *timezone = json_object_get(schedule, "timezone");
	double minutes = json_number_value(timezone) * 60;

	if (opens != closes)
		return false;
	*offset = opens;
	if (opens != OFFSET_ABSENT)
		return true;
	if (timezone != NULL && !json_is_null(timezone) && !json_is_number(timezone))
		return false;
	if (!(minutes >= OFFSET_LEAST && minutes <= OFFSET_MOST) ||
	    minutes != floor(minutes))
		return false;
	*offset = (int32_t)minutes;
	return true;
}

static bool
read_day(struct text *rest, uint8_t *day)
{
	static const char DAYS[7][3] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

	while (skip(rest, ' '))
		;
	for (uint8_t i = 0; i < 7; i++)
		if (rest->length >= 2 && strncasecmp(rest->at, DAYS[i], 2) == 0) {
			*day = i;
			rest->at += 2;
			rest->length -= 2;
			while (skip(rest, ' '))
				;
			return rest->length == 0 || skip(rest, ',');
		}
	return false;
}

/* The same hours twice (a service's schedule repeated at its location) count once. */
static bool
add_hours(struct service_facts *facts, uint8_t day, int opens, int closes)
{
	struct weekly_hours *hours = facts->hours;

	for (uint32_t i = 0; i < facts->hours_count; i++)
		if (hours[i].day == day && hours[i].opens == opens &&
		    hours[i].closes == closes)
			return true;
	if (facts->hours_count == FACTS_HOURS_MAX)
		return false;
	hours[facts->hours_count++] = (struct weekly_hours){
		.day = day,
		.opens = (uint16_t)opens,
		.closes = (uint16_t)closes,
	};
	return true;
}

static bool
says(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value != NULL && !json_is_null(value) &&
	       !(json_is_string(value) && json_string_length(value) == 0);
}

static bool
is_every_week(const json_t *schedule)
{
	static const char *const NARROWED[] = { "count", "byweekno", "bymonthday",
		"byyearday" };
	const char *freq = json_string_value(json_object_get(schedule, "freq"));

	for (size_t i = 0; i < sizeof NARROWED / sizeof *NARROWED; i++)
		if (says(schedule, NARROWED[i]))
			return false;
	return freq != NULL && strcasecmp(freq, "WEEKLY") == 0 &&
	       (!says(schedule, "interval") ||
	           json_number_value(json_object_get(schedule, "interval")) == 1);
}

static bool
read_schedule(const json_t *schedule, bool is_first, struct service_facts *facts)
{
	const json_t *byday = json_object_get(schedule, "byday");
	struct text days = { json_string_value(byday),
		(uint32_t)json_string_length(byday) };
	int opens, closes;
	int32_t opens_offset, closes_offset, offset;

	if (!is_every_week(schedule) || days.length == 0 ||
	    !read_time(json_object_get(schedule, "opens_at"), &opens, &opens_offset) ||
	    !read_time(json_object_get(schedule, "closes_at"), &closes, &closes_offset) ||
	    !choose_offset(schedule, opens_offset, closes_offset, &offset))
		return false;
	if (opens == 0 && closes == LAST_MINUTE)
		closes = DAY_MINUTES;
	/* The same minute twice may be the whole day or none of it. */
	if (opens == closes || opens == DAY_MINUTES ||
	    (!is_first && offset != facts->utc_offset_minutes))
		return false;
	facts->utc_offset_minutes = offset;
	while (days.length > 0) {
		uint8_t day;

		if (!read_day(&days, &day) || !add_hours(facts, day, opens, closes))
			return false;
	}
	return true;
}

static bool
read_schedules(const json_t *schedules, struct service_facts *facts)
{
	size_t index;
	const json_t *schedule;

	json_array_foreach((json_t *)schedules, index, schedule)
	{
		bool is_exception = says(schedule, "valid_from") &&
		                    says(schedule, "valid_to") && !says(schedule, "freq");

		if (!is_exception &&
		    !read_schedule(schedule, facts->hours_count == 0, facts))
			return false;
	}
	return true;
}

static const json_t *
schedules_of(const json_t *object)
{
	const json_t *schedules = json_object_get(object, "schedules");

	return json_array_size(schedules) > 0 ? schedules : NULL;
}

void
facts_read_hours(const json_t *service, struct service_facts *facts)
{
	const json_t *places = json_object_get(service, "service_at_locations");
	const json_t *place;
	const json_t *own = schedules_of(service);
	size_t index;
	bool is_understood = true;

	facts->hours_count = 0;
	facts->utc_offset_minutes = 0;
	json_array_foreach((json_t *)places, index, place)
	{
		const json_t *schedules = schedules_of(place);

		if (schedules == NULL)
			schedules = own;
		if (schedules == NULL)
			schedules = schedules_of(json_object_get(place, "location"));
		is_understood = is_understood && read_schedules(schedules, facts);
	}
	if (json_array_size(places) == 0)
		is_understood = read_schedules(own, facts);
	if (!is_understood) {
		facts->hours_count = 0;
		facts->utc_offset_minutes = 0;
	}
}
