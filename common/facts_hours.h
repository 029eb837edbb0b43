/* SPDX-License-Identifier: Apache-2.0
 * HSDS schedules as rules of opening. */
#ifndef COMMON_FACTS_HOURS_H
#define COMMON_FACTS_HOURS_H

#include <jansson.h>

#include "common/facts.h"

/* Fills the rules of a parsed service, and returns how many: 0 where its hours are unknown.
 *
 * Which schedules count: at each service_at_location its own, else the service's, else its
 * location's; without any service_at_location the service's.  Each place is a group of its
 * own (hours.h): who is open at one place is open.
 *
 * A schedule is understood with
 *   freq        DAILY, WEEKLY (byday of plain days, else the day of dtstart) or MONTHLY (byday
 *               with or without numbers to 5, bymonthday, both, else the day of dtstart);
 *               interval and count only with a dtstart or valid_from, wkst, until
 *   dates       valid_from, valid_to, dtstart, until: the days of all of them, both ends
 *               included (calendar_parse)
 *   times       opens_at and closes_at as HH:MM[:SS][Z|+HH[:MM]]; 00:00 to 23:59 or 24:00 is
 *               the whole day; or `x_closed` true and none
 *   zone        of the times, else x_timezone (IANA) of the schedule, else of the service, else
 *               timezone (hours from UTC) of the schedule, else UTC, as HSDS says; but not what was
 *               parsed from words (x_parsed), which are of a clock on a wall
 * and without byweekno and byyearday.  valid_from and valid_to without freq and byday is an
 * exception: open so on each of these days, closed (x_closed), or unclear without either.
 * An entry that only describes is passed over where another one of its list says x_parsed:
 * it holds the words that were parsed.
 *
 * Anything else, two zones at one place, or more than FACTS_HOURS_MAX rules leaves ALL hours
 * unknown: hours that are half understood would show a service closed that may be open. */
uint32_t facts_hours(const json_t *service, struct hours_rule rules[FACTS_HOURS_MAX]);

#endif
