/* SPDX-License-Identifier: Apache-2.0
 * Opening hours: whether a door is open at a moment, and when it opens next. */
#ifndef COMMON_HOURS_H
#define COMMON_HOURS_H

#include "common/calendar.h"
#include "proto/message.h"

/* What a rule says of the days that it means. */
enum hours_kind {
	HOURS_OPEN,    /* from `opens` to `closes` */
	HOURS_CLOSED,  /* all day, whatever else is said */
	HOURS_UNCLEAR, /* something that was not understood */
};

enum hours_repeats {
	HOURS_DAILY,
	HOURS_WEEKLY,
	HOURS_MONTHLY,
};

/* No day before or after all others. */
#define HOURS_EVER INT32_MIN
#define HOURS_FOR_EVER INT32_MAX
/* First to fifth of a weekday in a month. */
#define HOURS_NTH 5

/* The days of `repeats` from `first` to `last`: every `interval` days, weeks or months from
 * `anchor`'s.  Weekly: on `weekdays`.  Monthly: on the days that are among the `weekdays`, the
 * nth or the nth last ones (any, where all three are empty) and among the `monthdays` or
 * `last_monthdays` (any, where both are empty).  All bytes count when rules are compared. */
struct hours_rule {
	int32_t first, last;
	int32_t anchor;          /* weekly: a date with which a week begins */
	uint32_t monthdays;      /* bit 1 to 31 */
	uint32_t last_monthdays; /* bit 1: the last day, 2 the one before */
	calendar_zone_id zone;
	uint16_t opens,
	    closes;      /* minutes of the local day; closes <= opens: on the next */
	uint8_t kind;    /* enum hours_kind */
	uint8_t repeats; /* enum hours_repeats */
	uint8_t
	    is_exception; /* says all of its days: rules that are none are silent then */
	uint8_t group;    /* one door; rules of a group stand together, in one zone */
	uint8_t interval; /* from 1 */
	uint8_t weekdays; /* bit 0 Monday to 6 Sunday */
	uint8_t
	    nth[HOURS_NTH]; /* weekdays by position in the month: the first ones, ... */
	uint8_t nth_last[HOURS_NTH]; /* the last ones, the last but one, ... */
	uint8_t spare[6];
};

/* Whether the rule means a date, its bounds included. */
bool hours_is_on(const struct hours_rule *rule, int32_t date);

/* YES where any group is open; else ABSENT where one is not known; else NO.  Of a group on a
 * day: exceptions alone count where there are any; one that is open and one that is closed, or
 * one that is unclear, leave it unknown.  Else a closed rule closes.  Else what is open by any
 * rule is open, but for this: rules with dates that share a weekday with rules without any
 * (summer hours beside the usual ones) may be meant in their place, and where the two differ
 * it is unknown.  A day for which no rule holds is unknown.  Hours over midnight belong to the
 * day on which they begin. */
enum flag hours_open_at(const struct hours_rule *rules, uint32_t count, int64_t at_ms);

/* How far is looked ahead. */
#define HOURS_AHEAD_DAYS 60
/* The first moment, from `at_ms` on, at which it is known to be open: `at_ms` itself where it
 * is open then.  TIME_ABSENT: none in the days to come. */
int64_t hours_next_opening(const struct hours_rule *rules, uint32_t count, int64_t at_ms);

#endif
