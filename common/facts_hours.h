/* SPDX-License-Identifier: Apache-2.0
 * HSDS schedules as weekly hours. */
#ifndef COMMON_FACTS_HOURS_H
#define COMMON_FACTS_HOURS_H

#include <jansson.h>

#include "common/facts.h"

/* Fills hours, hours_count and utc_offset_minutes of `facts` from a parsed service.
 *
 * Which schedules count: at each service_at_location its own, else the service's, else
 * its location's; without any service_at_location the service's.  All of them together.
 *
 * Understood is: freq WEEKLY, interval absent or 1, byday of plain days, opens_at and
 * closes_at as HH:MM[:SS][Z|+HH[:MM]], none of count, byweekno, bymonthday, byyearday.
 * 00:00 to 23:59 is the whole day.  A time's own offset stands, else the schedule's
 * timezone (hours from UTC), else UTC: so HSDS says.  Passed over: an entry with
 * valid_from and valid_to but no freq (an exception of some days).  Anything else,
 * different offsets within one service, or more than FACTS_HOURS_MAX leaves ALL hours
 * unknown: hours that are half understood would show a service closed that may be open.
 *
 * NOT LOOKED AT for now: valid_from, valid_to, dtstart, until.  They would need a clock,
 * and facts are read once and kept for long; a seasonal schedule counts all year. */
void facts_read_hours(const json_t *service, struct service_facts *facts);

#endif
