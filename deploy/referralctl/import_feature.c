/* SPDX-License-Identifier: Apache-2.0
 * Flattens features. */
#include "deploy/referralctl/import_feature.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 128

bool
import_feature_is_one(const json_t *row)
{
	const char *type = json_string_value(json_object_get(row, "type"));

	return type != NULL && strcmp(type, "Feature") == 0 &&
	       json_is_object(json_object_get(row, "properties"));
}

bool
import_feature_is_advisor(const json_t *row)
{
	const json_t *properties = json_object_get(row, "properties");

	return import_feature_is_one(row) &&
	       json_object_get(properties, "partnerName") != NULL &&
	       json_object_get(properties, "activityName") != NULL;
}

/* ---- any feature ---- */

/* "7. Availability Day" is "Availability Day". */
static const char *
without_number(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	if (digits == 0 || name[digits] != '.' || name[digits + 1] != ' ' ||
	    name[digits + 2] == '\0')
		return name;
	return name + digits + 2;
}

/* 1: it is true; 0: it is not; -1: it is no flag. */
static int
flag_of(const json_t *value)
{
	if (json_is_boolean(value))
		return json_is_true(value);
	if (json_is_integer(value) &&
	    (json_integer_value(value) == 0 || json_integer_value(value) == 1))
		return (int)json_integer_value(value);
	return -1;
}

static bool
is_flags(const json_t *value)
{
	const char *name;
	json_t *flag;

	json_object_foreach((json_t *)value, name, flag)
	{
		if (flag_of(flag) < 0)
			return false;
	}
	return json_is_object(value);
}

/* The list, or what stands in it alone; takes the reference. */
static void
put_names(json_t *row, const char *name, json_t *names)
{
	if (json_array_size(names) == 1)
		json_object_set(row, name, json_array_get(names, 0));
	else if (json_array_size(names) > 1)
		json_object_set(row, name, names);
	json_decref(names);
}

static void
put_flags(json_t *row, const char *name, const json_t *flags)
{
	json_t *names[2] = { json_array(), json_array() };
	char no[NAME_BYTES];
	const char *word;
	json_t *flag;

	json_object_foreach((json_t *)flags, word, flag)
	{
		json_array_append_new(names[flag_of(flag)], json_string(word));
	}
	snprintf(no, sizeof no, "%.100s (no)", name);
	put_names(row, name, names[1]);
	put_names(row, no, names[0]);
}

/* As a service area holds it. */
static void
put_area(json_t *row, const json_t *geometry)
{
	char *text = json_dumps(geometry, JSON_COMPACT);

	if (text != NULL)
		json_object_set_new(row, "area", json_string(text));
	free(text);
}

static void
put_point(json_t *row, const json_t *geometry)
{
	const char *type = json_string_value(json_object_get(geometry, "type"));

	if (type != NULL && strcmp(type, "Point") == 0)
		json_object_set(row, "point", json_object_get(geometry, "coordinates"));
	else if (type != NULL &&
	         (strcmp(type, "Polygon") == 0 || strcmp(type, "MultiPolygon") == 0))
		put_area(row, geometry);
	else if (json_is_object(geometry))
		json_object_set(row, "geometry", (json_t *)geometry);
}

/* ---- Services Advisor ---- */

static const char *
text_at(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

/* Whether two texts are the same but for case and spaces. */
static bool
is_same(const char *one, const char *other)
{
	for (;; one++, other++) {
		while (isspace((unsigned char)*one))
			one++;
		while (isspace((unsigned char)*other))
			other++;
		if (tolower((unsigned char)*one) != tolower((unsigned char)*other))
			return false;
		if (*one == '\0')
			return true;
	}
}

static const char *
find_days(const char *words)
{
	static const struct {
		const char *words, *byday;
	} DAYS_KNOWN[] = {
#define DAYS(words, byday) { words, byday },
#include "deploy/referralctl/import_feature.def"
	};

	for (size_t i = 0; i < sizeof DAYS_KNOWN / sizeof *DAYS_KNOWN; i++)
		if (is_same(words, DAYS_KNOWN[i].words))
			return DAYS_KNOWN[i].byday;
	return NULL;
}

/* "8:30am" or "Close at 17:00pm" in minutes.  -1: not certain, which 12 o'clock never is,
 * since people mean noon and midnight by the same words. */
static int
find_minutes(const char *text)
{
	const char *digits = text + strcspn(text, "0123456789");
	int hour, minute, length = 0;
	bool is_pm, is_am;

	if (sscanf(digits, "%2d:%2d%n", &hour, &minute, &length) != 2 || minute > 59 ||
	    strpbrk(digits + length, "0123456789") != NULL)
		return -1;
	digits += length + (int)strspn(digits + length, " ");
	is_pm = strncasecmp(digits, "pm", 2) == 0;
	is_am = strncasecmp(digits, "am", 2) == 0;
	if (hour == 0 || hour == 12 || hour > 23 || (is_am && hour > 12))
		return -1;
	return (is_pm && hour < 12 ? hour + 12 : hour) * 60 + minute;
}

static void
put_minutes(json_t *row, const char *name, int minutes)
{
	char clock[16];

	snprintf(clock, sizeof clock, "%02d:%02d", minutes / 60, minutes % 60);
	json_object_set_new(row, name, json_string(clock));
}

/* Once a month is no week's hours; once a week is, if it is said on which day. */
static void
put_hours(json_t *row)
{
	const char *how_often = text_at(row, "Availability");
	const char *days = find_days(text_at(row, "Availability Day"));
	int opens = find_minutes(text_at(row, "Office Open at"));
	int closes = find_minutes(text_at(row, "Office close at"));

	if (days == NULL || opens < 0 || closes <= opens ||
	    !(is_same(how_often, "Every Day") ||
	        (is_same(how_often, "Once a week") && strlen(days) == 2)))
		return;
	json_object_set_new(row, "byday", json_string(days));
	put_minutes(row, "opens_at", opens);
	put_minutes(row, "closes_at", closes);
}

static void
put_end(json_t *row, const char *today)
{
	const char *end = text_at(row, "endDate");
	int year, month, day, length = 0;

	if (sscanf(end, "%4d-%2d-%2d%n", &year, &month, &day, &length) == 3 &&
	    length == 10 && strncmp(end, today, 10) < 0)
		json_object_set_new(row, "ended", json_string("yes"));
}

json_t *
import_feature_flatten(const json_t *feature, const char *today)
{
	json_t *row = json_object();
	const char *name;
	json_t *value;

	if (row == NULL)
		return NULL;
	if (json_object_get(feature, "id") != NULL)
		json_object_set(row, "id", json_object_get(feature, "id"));
	put_point(row, json_object_get(feature, "geometry"));
	json_object_foreach(json_object_get(feature, "properties"), name, value)
	{
		const char *plain = without_number(name);

		if (json_object_get(row, plain) != NULL)
			plain = name;
		if (is_flags(value))
			put_flags(row, plain, value);
		else
			json_object_set(row, plain, value);
	}
	if (import_feature_is_advisor(feature)) {
		put_hours(row);
		put_end(row, today);
	}
	return row;
}
