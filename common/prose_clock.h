/* SPDX-License-Identifier: Apache-2.0
 * Times as people write them, and the minutes that they can only mean. */
#ifndef COMMON_PROSE_CLOCK_H
#define COMMON_PROSE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum prose_half {
	PROSE_BARE,     /* "9", "4:30": of which half of the day is not said */
	PROSE_AM,       /* "9 am" */
	PROSE_PM,       /* "5 pm" */
	PROSE_24,       /* "17:00", and every time of a text that counts to 24 */
	PROSE_NOON,     /* "noon", "12 noon" */
	PROSE_MIDNIGHT, /* "midnight", "12 midnight" */
};

/* As it is written. */
struct prose_time {
	uint8_t hour, minute;
	enum prose_half half;
};

struct prose_range {
	struct prose_time opens, closes;
};

/* Minutes of the day, 0 to 1440; over midnight: closes < opens. */
struct prose_span {
	uint16_t opens, closes;
};

/* More in one day are not hours. */
#define PROSE_RANGES_MAX 6

/* Ranges of one day, in their order, as spans.  False: some are no times, more than one
 * reading of them is possible or none is plausible.
 *
 * Times without am and pm are read by these rules, each of which says what nobody writes:
 * - 12 is noon.  Who means midnight writes so.
 * - A range between two of them is of one day, opens at 5:00 or later, and is not 12 hours
 *   long.  So 9-5 is 9:00 to 17:00 and 1-5 is 13:00 to 17:00, but 8-9 and 5-8 can be
 *   either, and 7-7 may be a night: those are refused.
 * - Ranges of a day ascend and do not overlap: in "8-11, 1-4" 8-11 is a morning.
 * - Before a pm (am) they are of the same half if that makes up to 4 hours, or if nothing
 *   else is possible: 5-7 pm is an evening, 10-6 pm begins in the morning, 6-11 pm may be
 *   either.
 * Times with am and pm or of 24 hours: nobody opens between 0:01 and 4:59 to stay past
 * noon; over midnight is from 15:00 on and to 11:00 at most, up to 15 hours; 12 am is no
 * closing time of what opened in the morning.  What breaks these is a slip, and refused.
 * `may_be_night`: a service of the night, whose 7-6 may begin in the evening: ranges between
 * two times without am and pm are refused. */
bool prose_clock_read(const struct prose_range *ranges, uint32_t count, bool may_be_night,
    struct prose_span *spans);

#endif
