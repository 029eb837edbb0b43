/* SPDX-License-Identifier: Apache-2.0
 * Dates, and the zones in which they are local. */
#ifndef COMMON_CALENDAR_H
#define COMMON_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/text.h"

/* A date is a number of days since 1970-01-01. */
int32_t calendar_date(int year, int month, int day);
/* Month 1 to 12, day 1 to 31. */
void calendar_parts(int32_t date, int *year, int *month, int *day);
int calendar_month_days(int year, int month);
/* 0 Monday to 6 Sunday. */
int calendar_weekday(int32_t date);
/* Reads YYYY-MM-DD of years 1000 to 9999, also where a time of 00:00 (a date that a database
 * gave) stands behind it.  False: not a date. */
bool calendar_parse(struct text text, int32_t *date);

/* Hours from UTC in minutes, up to 14:00, or a number that calendar_zone gave. */
typedef int16_t calendar_zone_id;
#define CALENDAR_OFFSET_MOST 840
/* The zone of an IANA name, as tzdata of the system has it; kept as long as the process lives.
 * False: there is none, or too many were asked for (256). */
bool calendar_zone(struct text name, calendar_zone_id *zone);

/* While a zone is so far from UTC; an offset's span has no end. */
struct calendar_span {
	int64_t from, to; /* seconds since 1970 UTC, `to` not included */
	int32_t offset_seconds;
};
/* The span at a moment.  It may be told shorter than it is, never longer. */
struct calendar_span calendar_span(calendar_zone_id zone, int64_t at_seconds);

#endif
