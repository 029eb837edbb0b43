/* SPDX-License-Identifier: Apache-2.0
 * Rules between the fields of an intake. */
#include "proto/rules.h"

#include <math.h>

#define GRID_PER_DEGREE 100

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Taxonomies of others use any script and punctuation. */
static bool
is_term(struct text term)
{
	for (uint32_t i = 0; i < term.length; i++)
		if ((unsigned char)term.at[i] < ' ' || term.at[i] == 0x7f)
			return false;
	return term.length > 0 && term.at[0] != ' ' && term.at[term.length - 1] != ' ';
}

/* Subtags of 1 to 8 letters or digits, the first of 2 to 8 letters (RFC 5646, 2.1). */
static bool
is_language(struct text tag)
{
	uint32_t subtag = 0, count = 0;

	for (uint32_t i = 0; i <= tag.length; i++) {
		if (i == tag.length || tag.at[i] == '-') {
			if (subtag == 0 || subtag > 8 || (count == 0 && subtag < 2))
				return false;
			subtag = 0;
			count++;
			continue;
		}
		if (!is_letter(tag.at[i]) && !(count > 0 && is_digit(tag.at[i])))
			return false;
		subtag++;
	}
	return true;
}

bool
rules_phone_normal(struct text phone, char number[RULES_PHONE_BYTES])
{
	uint32_t digits = 0;
	bool has_plus = false;

	number[0] = '+';
	for (uint32_t i = 0; i < phone.length; i++) {
		char c = phone.at[i];

		if (c == '+' && digits == 0 && !has_plus)
			has_plus = true;
		else if (is_digit(c) && digits < 16)
			number[1 + digits++] = c;
		else if (strchr(" -().", c) == NULL || c == '\0')
			return false;
		if (!has_plus && digits == 2 && number[1] == '0' && number[2] == '0') {
			has_plus = true; /* 00 is another way to dial it */
			digits = 0;
		}
	}
	number[1 + digits] = '\0';
	return digits >= 8 && digits <= 15;
}

static bool
is_email(struct text email)
{
	const char *at = email.at ? memchr(email.at, '@', email.length) : NULL;
	size_t rest;

	if (at == NULL || at == email.at)
		return false;
	rest = email.length - (size_t)(at + 1 - email.at);
	return memchr(at + 1, '@', rest) == NULL && memchr(at + 1, '.', rest) != NULL &&
	       at[1] != '.' && email.at[email.length - 1] != '.' &&
	       memchr(email.at, ' ', email.length) == NULL;
}

static int
two_digits(const char *at)
{
	return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

static bool
is_time(const char *at)
{
	int hour = two_digits(at), minute = two_digits(at + 3);

	return at[2] == ':' && minute >= 0 && minute <= 59 &&
	       ((hour >= 0 && hour <= 23) || (hour == 24 && minute == 0));
}

static bool
is_hours(struct text hours)
{
	return hours.length == 11 && is_time(hours.at) && hours.at[5] == '-' &&
	       is_time(hours.at + 6);
}

static bool
is_date(struct text date)
{
	static const int DAYS[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int century, year, month, day;

	if (date.length != 10 || date.at[4] != '-' || date.at[7] != '-')
		return false;
	century = two_digits(date.at);
	year = two_digits(date.at + 2);
	month = two_digits(date.at + 5);
	day = two_digits(date.at + 8);
	if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 ||
	    day > DAYS[month - 1])
		return false;
	year += century * 100;
	return month != 2 || day < 29 ||
	       (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* Each text of a list stands for something and once. */
static void
check_texts(const struct text *texts, uint32_t count, const char *prefix,
    const char *path, struct defects *defects)
{
	for (uint32_t i = 0; i < count; i++) {
		if (texts[i].length == 0)
			defects_add(defects, "is empty", "%s%s[%u]", prefix, path, i);
		for (uint32_t j = 0; j < i; j++)
			if (text_equal(texts[i], texts[j])) {
				defects_add(defects, "stands there twice", "%s%s[%u]",
				    prefix, path, i);
				break;
			}
	}
}

static void
check_place(const struct place *place, const char *prefix, struct defects *defects)
{
	if (isnan(place->lat) != isnan(place->lon))
		defects_add(defects, "lat and lon must stand together", "%splace.%s",
		    prefix, isnan(place->lat) ? "lat" : "lon");
	if (isnan(place->lat) && place->code.length == 0 && place->text.length == 0)
		defects_add(
		    defects, "needs a code, a point or a text", "%splace", prefix);
}

static void
check_household(
    const struct household *household, const char *prefix, struct defects *defects)
{
	check_texts(household->languages, household->languages_count, prefix,
	    "household.languages", defects);
	for (uint32_t i = 0; i < household->languages_count; i++)
		if (household->languages[i].length > 0 &&
		    !is_language(household->languages[i]))
			defects_add(defects,
			    "is not a BCP 47 language tag, e.g. uk or ru",
			    "%shousehold.languages[%u]", prefix, i);
}

static void
check_contact(const struct contact *contact, const char *prefix, struct defects *defects)
{
	char number[RULES_PHONE_BYTES];

	if (contact->phone.at != NULL && !rules_phone_normal(contact->phone, number))
		defects_add(defects,
		    "is not a phone number: 8 to 15 digits, e.g. +380342550100",
		    "%scontact.phone", prefix);
	if (contact->email.at != NULL && !is_email(contact->email))
		defects_add(
		    defects, "is not an e-mail address", "%scontact.email", prefix);
	if (contact->has_safe && contact->safe.hours.at != NULL &&
	    !is_hours(contact->safe.hours))
		defects_add(
		    defects, "is not HH:MM-HH:MM", "%scontact.safe.hours", prefix);
}

static void
check_consent(const struct consent *consent, const char *prefix, struct defects *defects)
{
	if (consent->version.length == 0)
		defects_add(defects, "is empty", "%sconsent.version", prefix);
	check_texts(consent->purposes, consent->purposes_count, prefix,
	    "consent.purposes", defects);
	check_texts(consent->recipients, consent->recipients_count, prefix,
	    "consent.recipients", defects);
	if (consent->until.at != NULL && !is_date(consent->until))
		defects_add(
		    defects, "is not a date YYYY-MM-DD", "%sconsent.until", prefix);
}

static void
check_needs(const struct need_request *needs, uint32_t count, uint32_t members_count,
    const char *prefix, const char *path, struct defects *defects)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct need_request *need = &needs[i];

		if (need->term.at != NULL && !is_term(need->term))
			defects_add(defects,
			    "is not a term code: empty, or with blanks around it or "
			    "control characters",
			    "%s%s[%u].term", prefix, path, i);
		for (uint32_t f = 0; f < need->for_count; f++) {
			if (need->for_at[f] >= members_count)
				defects_add(defects, "names a member that is not there",
				    "%s%s[%u].for[%u]", prefix, path, i, f);
			for (uint32_t g = 0; g < f; g++)
				if (need->for_at[f] == need->for_at[g])
					defects_add(defects, "stands there twice",
					    "%s%s[%u].for[%u]", prefix, path, i, f);
		}
	}
}

static void
check_preferences(
    const struct preferences *preferences, const char *prefix, struct defects *defects)
{
	check_texts(preferences->deny_agencies, preferences->deny_agencies_count, prefix,
	    "preferences.deny_agencies", defects);
}

void
rules_check_intake(
    const struct intake *intake, const char *prefix, struct defects *defects)
{
	if (intake->has_place)
		check_place(&intake->place, prefix, defects);
	if (intake->has_household)
		check_household(&intake->household, prefix, defects);
	check_needs(intake->needs, intake->needs_count,
	    intake->has_household ? intake->household.members_count : 0, prefix, "needs",
	    defects);
	if (intake->has_contact)
		check_contact(&intake->contact, prefix, defects);
	if (intake->has_preferences)
		check_preferences(&intake->preferences, prefix, defects);
	if (intake->has_consent)
		check_consent(&intake->consent, prefix, defects);
}

void
rules_check_changes(const struct changes *changes, uint32_t members_count,
    const char *prefix, struct defects *defects)
{
	if (changes->has_place)
		check_place(&changes->place, prefix, defects);
	if (changes->has_household)
		check_household(&changes->household, prefix, defects);
	check_needs(changes->add_needs, changes->add_needs_count, members_count, prefix,
	    "add_needs", defects);
	if (changes->has_contact)
		check_contact(&changes->contact, prefix, defects);
	if (changes->has_preferences)
		check_preferences(&changes->preferences, prefix, defects);
	if (changes->has_consent)
		check_consent(&changes->consent, prefix, defects);
}

void
rules_coarsen_place(struct place *place)
{
	place->lat = round(place->lat * GRID_PER_DEGREE) / GRID_PER_DEGREE;
	place->lon = round(place->lon * GRID_PER_DEGREE) / GRID_PER_DEGREE;
	place->text = TEXT_ABSENT;
}
