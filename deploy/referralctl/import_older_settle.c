/* SPDX-License-Identifier: Apache-2.0
 * Schedules, addresses, ages and terms of older forms. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "deploy/referralctl/import_older_private.h"
#include "deploy/referralctl/import_settle.h"

static json_t *
list_at(json_t *object, const char *name)
{
	json_t *list = json_object_get(object, name);

	if (json_is_array(list))
		return list;
	list = json_array();
	json_object_set_new(object, name, list);
	return list;
}

/* Calls `each` with every object of a member that is a list or one object. */
static bool
for_each(json_t *object, const char *name,
    void (*each)(json_t *object, json_t *entry, const char *word), const char *word)
{
	json_t *value = json_object_get(object, name);
	size_t index;
	json_t *entry;

	if (json_is_object(value))
		each(object, value, word);
	json_array_foreach(value, index, entry)
	{
		if (json_is_object(entry))
			each(object, entry, word);
		else if (!json_is_null(entry))
			return false;
	}
	return json_is_object(value) || json_is_array(value);
}

/* ---- schedules ---- */

/* "Monday", "mon" or 1; NULL: it is no day.  Sunday is 7, or 0. */
static const char *
day_of(const json_t *value)
{
	static const char *const DAYS[] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA",
		"SU" };
	static const char *const NAMES[] = { "sunday", "monday", "tuesday", "wednesday",
		"thursday", "friday", "saturday" };
	const char *word = json_string_value(value);
	size_t length = word ? strlen(word) : 0;
	double number;

	if (settle_read_number(value, &number) && number >= 0 && number <= 7 &&
	    number == floor(number))
		return DAYS[(int)number];
	for (size_t i = 0; length >= 2 && i < 7; i++)
		if (length <= strlen(NAMES[i]) &&
		    strncasecmp(word, NAMES[i], length) == 0)
			return DAYS[i];
	return NULL;
}

/* "2000-01-01T09:00:00.000Z", as the Ohana API gives times of a day, is "09:00". */
static void
cut_time(json_t *schedule, const char *name)
{
	const char *text = json_string_value(json_object_get(schedule, name));
	int hour, minute;

	if (text != NULL && strlen(text) > 16 &&
	    sscanf(text + 10, "T%2d:%2d", &hour, &minute) == 2)
		json_object_set_new(schedule, name, json_stringn(text + 11, 5));
}

static void
take_regular(json_t *object, json_t *schedule, const char *word)
{
	const char *day = day_of(json_object_get(schedule, "weekday"));

	(void)word;
	cut_time(schedule, "opens_at");
	cut_time(schedule, "closes_at");
	if (day != NULL && json_object_get(schedule, "byday") == NULL) {
		json_object_set_new(schedule, "byday", json_string(day));
		json_object_del(schedule, "weekday");
	}
	if (json_is_string(json_object_get(schedule, "byday")) &&
	    json_object_get(schedule, "freq") == NULL)
		json_object_set_new(schedule, "freq", json_string("WEEKLY"));
	json_array_append(list_at(object, "schedules"), schedule);
}

static void
take_holiday(json_t *object, json_t *schedule, const char *word)
{
	const json_t *closed = json_object_get(schedule, "closed");
	const char *text = json_string_value(closed);

	(void)word;
	cut_time(schedule, "opens_at");
	cut_time(schedule, "closes_at");
	older_move(schedule, "start_date", "valid_from");
	older_move(schedule, "end_date", "valid_to");
	if (json_is_true(closed) || (text != NULL && strcasecmp(text, "true") == 0)) {
		json_object_set_new(schedule, "x_closed", json_true());
		json_object_del(schedule, "closed");
		json_object_del(schedule, "opens_at");
		json_object_del(schedule, "closes_at");
	}
	json_array_append(list_at(object, "schedules"), schedule);
}

static void
settle_schedules(json_t *object)
{
	static const char *const REGULAR[] = { "regular_schedules", "regular_schedule" };
	static const char *const HOLIDAY[] = { "holiday_schedules", "holiday_schedule" };

	for (size_t i = 0; i < 2; i++) {
		if (for_each(object, REGULAR[i], take_regular, ""))
			json_object_del(object, REGULAR[i]);
		if (for_each(object, HOLIDAY[i], take_holiday, ""))
			json_object_del(object, HOLIDAY[i]);
	}
}

/* ---- locations ---- */

static void
take_address(json_t *object, json_t *address, const char *type)
{
	if (json_object_get(address, "address_type") == NULL)
		json_object_set_new(address, "address_type", json_string(type));
	json_array_append(list_at(object, "addresses"), address);
}

static void
settle_location(json_t *location)
{
	static const char *const PHYSICAL[] = { "physical_addresses", "address" };
	static const char *const POSTAL[] = { "postal_addresses", "mail_address" };
	const json_t *point = json_object_get(location, "coordinates");

	for (size_t i = 0; i < 2; i++) {
		if (for_each(location, PHYSICAL[i], take_address, "physical"))
			json_object_del(location, PHYSICAL[i]);
		if (for_each(location, POSTAL[i], take_address, "postal"))
			json_object_del(location, POSTAL[i]);
	}
	if (json_array_size(point) == 2 &&
	    json_object_get(location, "latitude") == NULL) {
		json_object_set(location, "longitude", json_array_get(point, 0));
		json_object_set(location, "latitude", json_array_get(point, 1));
		json_object_del(location, "coordinates");
	}
}

/* ---- eligibility ---- */

/* The widest of all entries, as far as each says a number: nobody whom one of them takes
 * is kept out. */
static void
widen_age(json_t *service, const json_t *entries, const char *name, bool is_least)
{
	double widest = NAN;
	size_t index;
	json_t *entry;

	if (json_object_get(service, name) != NULL)
		return;
	json_array_foreach((json_t *)entries, index, entry)
	{
		double age;

		if (!settle_read_number(json_object_get(entry, name), &age))
			return;
		if (isnan(widest) || (is_least ? age < widest : age > widest))
			widest = age;
	}
	if (!isnan(widest))
		json_object_set_new(service, name, json_real(widest));
}

static void
add_eligibility(json_t *service, json_t *entry, const char *word)
{
	struct text text = settle_text_at(entry, "eligibility");
	struct text before = settle_text_at(service, "eligibility_description");
	char *both;

	(void)word;
	if (text.length == 0 ||
	    asprintf(&both, "%.*s%s%.*s", (int)before.length,
	        before.length ? before.at : "", before.length ? "\n" : "",
	        (int)text.length, text.at) < 0)
		return;
	json_object_set_new(service, "eligibility_description", json_string(both));
	free(both);
}

static void
settle_eligibility(json_t *service)
{
	static const char *const NAMES[] = { "eligibilitys", "eligibilities",
		"eligibility" };
	bool was_said = json_object_get(service, "eligibility_description") != NULL;

	if (json_is_string(json_object_get(service, "eligibility")))
		older_move(service, "eligibility", "eligibility_description");
	for (size_t i = 0; i < 3; i++) {
		const json_t *entries = json_object_get(service, NAMES[i]);

		widen_age(service, entries, "minimum_age", true);
		widen_age(service, entries, "maximum_age", false);
		if (!was_said)
			(void)for_each(service, NAMES[i], add_eligibility, "");
	}
}

/* ---- terms ---- */

/* {"taxonomy":{"id","name","vocabulary"}}, or {"taxonomy_id","name"} of Ohana. */
static void
take_term(json_t *service, json_t *entry, const char *word)
{
	json_t *inner = json_object_get(entry, "taxonomy");
	bool is_inside = json_is_object(inner);
	const json_t *from = is_inside ? inner : entry;
	char digits[32];
	struct text code = settle_read_id(
	    json_object_get(from, is_inside ? "id" : "taxonomy_id"), digits);
	struct text name = settle_text_at(from, "name");
	json_t *term = json_object();

	(void)word;
	if (code.length > 0)
		json_object_set_new(term, "code", json_stringn(code.at, code.length));
	if (name.length > 0)
		json_object_set_new(term, "name", json_stringn(name.at, name.length));
	if (json_is_string(json_object_get(from, "vocabulary")))
		json_object_set(term, "taxonomy", json_object_get(from, "vocabulary"));
	if (json_object_size(term) > 0)
		json_array_append_new(list_at(service, "attributes"),
		    json_pack(
		        "{s:s, s:O}", "link_entity", "service", "taxonomy_term", term));
	json_decref(term);
}

static void
settle_terms(json_t *service)
{
	static const char *const NAMES[] = { "service_taxonomys", "service_taxonomies",
		"service_taxonomy", "categories" };
	size_t index;
	json_t *word;

	for (size_t i = 0; i < 4; i++)
		(void)for_each(service, NAMES[i], take_term, "");
	json_array_foreach(json_object_get(service, "keywords"), index, word)
	{
		if (json_is_string(word))
			json_array_append_new(list_at(service, "attributes"),
			    json_pack("{s:s, s:{s:O, s:O, s:s}}", "link_entity",
			        "service", "taxonomy_term", "code", word, "name", word,
			        "taxonomy", "keywords"));
	}
}

/* A code where it looks like one, as older versions ask for. */
static void
settle_language(json_t *language)
{
	struct text word = settle_text_at(language, "language");
	bool is_code = word.length == 2 || word.length == 3;

	for (uint32_t i = 0; i < word.length; i++)
		is_code &= islower((unsigned char)word.at[i]) != 0;
	if (is_code)
		older_move(language, "language", "code");
}

void
older_settle(const char *entity, json_t *object)
{
	settle_schedules(object);
	if (strcmp(entity, "location") == 0)
		settle_location(object);
	if (strcmp(entity, "language") == 0)
		settle_language(object);
	if (strcmp(entity, "service") == 0) {
		settle_eligibility(object);
		settle_terms(object);
	}
}
