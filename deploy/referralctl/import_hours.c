/* SPDX-License-Identifier: Apache-2.0
 * From the words of a list of schedules to entries of it. */
#include "deploy/referralctl/import_hours.h"

#include "common/prose_hours.h"
#include "common/prose_text.h"
#include "deploy/referralctl/import_settle.h"

#define TIME_BYTES sizeof "00:00"
#define BYDAY_BYTES (7 * sizeof "-1MO,")
#define DAY_MINUTES 1440

static void
forget_parsed(json_t *schedules)
{
	for (size_t i = json_array_size(schedules); i-- > 0;)
		if (json_is_true(
		        json_object_get(json_array_get(schedules, i), "x_parsed")))
			json_array_remove(schedules, i);
}

static bool
says_when(const json_t *schedule)
{
	static const char *const NAMES[] = { "freq", "byday", "bymonthday", "byweekno",
		"byyearday", "opens_at", "closes_at", "valid_from", "valid_to", "dtstart",
		"until", "x_closed" };

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (json_object_get(schedule, NAMES[i]) != NULL)
			return true;
	return false;
}

/* The words of all entries, one per line; false: an entry says more than words. */
static bool
gather_words(const json_t *schedules, struct import_buffer *words)
{
	size_t index;
	const json_t *schedule;

	json_array_foreach((json_t *)schedules, index, schedule)
	{
		struct text description = settle_text_at(schedule, "description");

		if (says_when(schedule))
			return false;
		if (description.length == 0)
			continue;
		if (words->length > 0)
			import_buffer_add(words, "\n", 1);
		import_buffer_add(words, description.at, description.length);
	}
	return words->length > 0 && !words->is_broken;
}

/* "-" says nothing that could be understood. */
static bool
has_words(struct text words)
{
	for (uint32_t i = 0; i < words.length; i++)
		if ((unsigned char)words.at[i] >= 0x80 ||
		    (words.at[i] >= '0' && words.at[i] <= '9') ||
		    (words.at[i] >= 'A' && words.at[i] <= 'z'))
			return true;
	return false;
}

static void
write_time(int minute, char time[TIME_BYTES])
{
	unsigned hour = (unsigned)minute / 60 % 24;

	snprintf(time, TIME_BYTES, "%02u:%02u", hour, (unsigned)minute % 60);
}

static void
write_days(const struct prose_opening *opening, char byday[BYDAY_BYTES])
{
	static const char *const DAYS[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
	size_t length = 0;

	byday[0] = '\0';
	for (int day = 0; day < 7; day++) {
		char week[8] = "";

		if ((opening->days >> day & 1) == 0)
			continue;
		if (opening->week != 0)
			snprintf(week, sizeof week, "%d", opening->week);
		length += (size_t)snprintf(byday + length, BYDAY_BYTES - length, "%s%s%s",
		    length > 0 ? "," : "", week, DAYS[day]);
	}
}

static void
add_opening(json_t *schedules, const char *owner, uint32_t number,
    const struct prose_hours *hours)
{
	const struct prose_opening *opening = &hours->list[number];
	bool is_all_day = opening->span.opens == 0 && opening->span.closes == DAY_MINUTES;
	char id[ID_UUID_BYTES + 1];
	char place[24];
	char opens[TIME_BYTES], closes[TIME_BYTES];
	char byday[BYDAY_BYTES];
	json_t *schedule;

	snprintf(place, sizeof place, "parsed/%u", number);
	settle_derive(text_of(owner), "schedule", text_of(place), TEXT_ABSENT, id);
	write_time(opening->span.opens, opens);
	write_time(is_all_day ? DAY_MINUTES - 1 : opening->span.closes, closes);
	write_days(opening, byday);
	schedule = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "id", id, "freq",
	    opening->week != 0 ? "MONTHLY" : "WEEKLY", "byday", byday, "opens_at", opens,
	    "closes_at", closes, "x_parsed", 1);
	if (hours->is_by_appointment)
		json_object_set_new(schedule, "x_by_appointment", json_true());
	json_array_append_new(schedules, schedule);
}

static void
read_list(json_t *owner, bool may_be_night, struct import_check *check)
{
	static struct prose_hours hours;
	struct import_share *share = &check->report->understood[IMPORT_UNDERSTOOD_hours];
	json_t *schedules = json_object_get(owner, "schedules");
	const char *id = json_string_value(json_object_get(owner, "id"));
	struct import_buffer words = { 0 };
	struct text text;

	forget_parsed(schedules);
	if (gather_words(schedules, &words)) {
		text = (struct text){ words.bytes, (uint32_t)words.length };
		share->of += has_words(text);
		if (prose_hours_read(text, may_be_night, &hours)) {
			share->understood++;
			for (uint32_t i = 0; i < hours.count; i++)
				add_opening(schedules, id ? id : "", i, &hours);
		} else if (has_words(text)) {
			import_check_note(check, IMPORT_hours_not_understood,
			    json_string_value(json_object_get(
			        json_array_get(schedules, 0), "description")));
		}
	}
	free(words.bytes);
}

/* A service of the night writes "7-6" and may mean the evening. */
static bool
mentions_night(const json_t *service)
{
	static const char *const NAMES[] = { "name", "alternate_name", "description" };
	static const char *const WORDS[] = { "night", "shelter", "sleep" };

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		for (size_t word = 0; word < sizeof WORDS / sizeof *WORDS; word++) {
			const char *text =
			    json_string_value(json_object_get(service, NAMES[i]));

			if (text != NULL && strcasestr(text, WORDS[word]) != NULL)
				return true;
		}
	return false;
}

void
import_hours_enrich(json_t *service, struct import_check *check)
{
	bool may_be_night = mentions_night(service);
	size_t index;
	json_t *place;

	read_list(service, may_be_night, check);
	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		json_t *location = json_object_get(place, "location");

		read_list(place, may_be_night, check);
		read_list(location, may_be_night, check);
	}
}
