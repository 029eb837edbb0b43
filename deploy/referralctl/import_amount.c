/* SPDX-License-Identifier: Apache-2.0
 * Reads what is certain, and nothing else. */
#include "deploy/referralctl/import_amount.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "deploy/referralctl/import_text.h"

#define TEXT_MAX_BYTES 128
/* What spreadsheets count days from, and days that are a plausible date (1927 to 2100). */
#define SHEET_EPOCH_S (-2209161600LL)
#define SHEET_FIRST_DAY 10000
#define SHEET_LAST_DAY 73050

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* ---- numbers ---- */

/* Without the spaces and apostrophes that stand between groups of three digits. */
static bool
copy_compact(struct text text, char out[TEXT_MAX_BYTES])
{
	static const char *const GAPS[] = { " ", "'", "\xc2\xa0", "\xe2\x80\xaf",
		"\xe2\x80\x89", "\xe2\x80\x99" };
	char copy[TEXT_MAX_BYTES];
	size_t length = 0;

	if (!text_copy(import_text_trim(text), copy, sizeof copy))
		return false;
	for (const char *at = copy; *at != '\0';) {
		size_t skip = 0;

		for (size_t i = 0; i < sizeof GAPS / sizeof *GAPS; i++)
			if (strncmp(at, GAPS[i], strlen(GAPS[i])) == 0)
				skip = strlen(GAPS[i]);
		if (skip > 0 && at > copy && is_digit(at[-1]) &&
		    strspn(at + skip, "0123456789") == 3)
			at += skip;
		else
			out[length++] = *at++;
	}
	out[length] = '\0';
	return true;
}

/* Brings "1.234,5" and "1,234.5" to "1234.5"; false: it is no number so written. */
static bool
settle_points(char *digits, bool comma_is_point)
{
	char *comma = strrchr(digits, ',');
	char *point = strrchr(digits, '.');
	char *last = point == NULL || (comma != NULL && comma > point) ? comma : point;
	bool has_both = comma != NULL && point != NULL;
	bool is_grouped = last != NULL && !has_both &&
	                  (strchr(digits, *last) != last ||
	                      (*last == ',' && !comma_is_point && strlen(last + 1) == 3));
	const char *decimal = is_grouped ? NULL : last;
	char between = has_both ? (last == comma ? '.' : ',') : is_grouped ? *last : '\0';
	size_t length = 0;

	for (const char *at = digits; *at != '\0'; at++) {
		if (at == decimal)
			digits[length++] = '.';
		else if (is_digit(*at))
			digits[length++] = *at;
		else if (*at != between || strspn(at + 1, "0123456789") != 3)
			return false;
	}
	digits[length] = '\0';
	return true;
}

bool
amount_read_number(struct text text, bool comma_is_point, double *number)
{
	char compact[TEXT_MAX_BYTES];
	char digits[TEXT_MAX_BYTES];
	const char *at = compact;
	size_t length;
	char *end;

	if (!copy_compact(text, compact))
		return false;
	at += strcspn(at, "0123456789");
	length = strspn(at, "0123456789.,");
	while (length > 0 && !is_digit(at[length - 1]))
		length--;
	if (length == 0 || strcspn(at + length, "0123456789") != strlen(at + length))
		return false;
	memcpy(digits, at, length);
	digits[length] = '\0';
	if (!settle_points(digits, comma_is_point))
		return false;
	*number = strtod(digits, &end);
	if (at > compact && at[-1] == '-' && (at - 1 == compact || at[-2] == ' '))
		*number = -*number;
	return *end == '\0' && end != digits;
}

/* ---- dates ---- */

static bool
write_date(int year, int month, int day, char date[11])
{
	static const int DAYS[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year <= 1900 || year > 2200 || month < 1 || month > 12 || day < 1 ||
	    day > DAYS[month - 1] || (month == 2 && day == 29 && !is_leap))
		return false;
	snprintf(date, 11, "%04d-%02u-%02u", year % 10000, (unsigned)month % 100,
	    (unsigned)day % 100);
	return true;
}

static int
find_month(const char *word, size_t length)
{
	static const char *const MONTHS[] = { "january", "february", "march", "april",
		"may", "june", "july", "august", "september", "october", "november",
		"december" };

	for (int i = 0; i < 12 && length >= 3; i++)
		if (strncasecmp(MONTHS[i], word, length) == 0)
			return i + 1;
	return 0;
}

/* "1 March 2025", "Mar 1, 2025". */
static bool
read_words(const char *text, char date[11])
{
	int numbers[2] = { 0, 0 };
	int count = 0;
	int month = 0;

	while (*text != '\0' && count < 2) {
		size_t letters = 0;

		while (isalpha((unsigned char)text[letters]))
			letters++;
		if (letters > 0) {
			month = month ? month : find_month(text, letters);
			text += letters;
		} else if (is_digit(*text)) {
			numbers[count++] = (int)strtol(text, (char **)&text, 10);
		} else {
			text++;
		}
	}
	return month > 0 && count == 2 && write_date(numbers[1], month, numbers[0], date);
}

static bool
read_sheet_day(const char *text, char date[11])
{
	char *end;
	long day = strtol(text, &end, 10);
	time_t time;
	struct tm about;

	if (strlen(text) != 5 || *end != '\0' || day < SHEET_FIRST_DAY ||
	    day > SHEET_LAST_DAY)
		return false;
	time = (time_t)(SHEET_EPOCH_S + (long long)day * 86400);
	return gmtime_r(&time, &about) != NULL &&
	       write_date(about.tm_year + 1900, about.tm_mon + 1, about.tm_mday, date);
}

bool
amount_read_date(struct text text, enum date_order order, char date[11])
{
	char copy[TEXT_MAX_BYTES];
	int a, b, c;
	char sign;

	if (!text_copy(import_text_trim(text), copy, sizeof copy))
		return false;
	if (sscanf(copy, "%4d-%2d-%2d", &a, &b, &c) == 3 && a > 31)
		return write_date(a, b, c, date);
	if (sscanf(copy, "%2d%c%2d%*c%4d", &a, &sign, &b, &c) == 4) {
		if (c < 100)
			c += 2000;
		if (sign == '.' || (sign == '/' && (order == DATE_DAY_FIRST || a > 12)))
			return write_date(c, b, a, date);
		if (sign == '/' && (order == DATE_MONTH_FIRST || b > 12))
			return write_date(c, a, b, date);
	}
	return read_sheet_day(copy, date) || read_words(copy, date);
}

void
amount_read_time(struct text text, char time[9])
{
	char copy[TEXT_MAX_BYTES] = "";
	const char *colon;
	int hour = 0;
	int minute = 0;
	int second = 0;

	snprintf(time, 9, "00:00:00");
	if (!text_copy(text, copy, sizeof copy))
		return;
	colon = strchr(copy, ':');
	if (colon == NULL || colon == copy || !is_digit(colon[-1]))
		return;
	colon -= colon - copy >= 2 && is_digit(colon[-2]) ? 2 : 1;
	if (sscanf(colon, "%2d:%2d:%2d", &hour, &minute, &second) < 2)
		return;
	if (strcasestr(colon, "pm") != NULL && hour < 12)
		hour += 12;
	else if (strcasestr(colon, "am") != NULL && hour == 12)
		hour = 0;
	if (hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
	    second < 60)
		snprintf(time, 9, "%02u:%02u:%02u", (unsigned)hour % 24,
		    (unsigned)minute % 60, (unsigned)second % 60);
}

/* ---- points ---- */

bool
amount_read_pair(struct text text, double pair[2])
{
	char copy[TEXT_MAX_BYTES];
	char *between;

	if (!text_copy(import_text_trim(text), copy, sizeof copy))
		return false;
	between = strpbrk(copy, ";|/");
	if (between == NULL)
		between = strstr(copy, ", ");
	if (between == NULL)
		between = strchr(copy, ' ');
	if (between == NULL)
		between = strchr(copy, ',');
	if (between == NULL)
		return false;
	*between++ = '\0';
	return amount_read_number(text_of(copy), true, &pair[0]) &&
	       amount_read_number(text_of(between), true, &pair[1]);
}
