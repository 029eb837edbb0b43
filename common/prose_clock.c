/* SPDX-License-Identifier: Apache-2.0
 * Every reading of a day's ranges is tried; one must be left. */
#include "common/prose_clock.h"

#define HALF_DAY 720
#define DAY 1440
#define EARLIEST (5 * 60)
#define SHARED_MOST (4 * 60) /* "5-7 pm" */
#define NIGHT_OPENS (15 * 60)
#define NIGHT_CLOSES (11 * 60)
#define NIGHT_MOST (15 * 60)
#define EVENING (17 * 60)

/* What a time can be: one or two minutes of the day. */
struct readings {
	uint16_t minutes[2];
	int count;
};

static bool
is_time(const struct prose_time *time)
{
	if (time->minute > 59)
		return false;
	switch (time->half) {
	case PROSE_BARE:
		return time->hour >= 1 && time->hour <= 12;
	case PROSE_AM:
		return time->hour >= 1 && time->hour <= 12;
	case PROSE_PM: /* "17:00 pm" says it twice */
		return time->hour >= 1 && time->hour <= 23;
	case PROSE_24:
		return time->hour < 24 || (time->hour == 24 && time->minute == 0);
	case PROSE_NOON:
	case PROSE_MIDNIGHT:
		return time->hour == 12 && time->minute == 0;
	}
	return false;
}

static struct readings
read_time(const struct prose_time *time, bool is_closing)
{
	uint16_t dial = (uint16_t)(time->hour % 12 * 60 + time->minute);
	uint16_t midnight = is_closing ? DAY : 0;
	uint16_t of_24 = (uint16_t)(time->hour * 60 + time->minute);

	switch (time->half) {
	case PROSE_BARE:
		if (time->hour == 12)
			return (struct readings){ { (uint16_t)(HALF_DAY + dial) }, 1 };
		return (struct readings){ { dial, (uint16_t)(HALF_DAY + dial) }, 2 };
	case PROSE_AM:
		return (struct readings){ { dial == 0 ? midnight : dial }, 1 };
	case PROSE_PM:
		return (struct readings){ { (uint16_t)(HALF_DAY + dial) }, 1 };
	case PROSE_24:
		return (struct readings){ { of_24 % DAY == 0 ? midnight : of_24 }, 1 };
	case PROSE_NOON:
		return (struct readings){ { HALF_DAY }, 1 };
	case PROSE_MIDNIGHT:
		return (struct readings){ { midnight }, 1 };
	}
	return (struct readings){ { 0 }, 0 };
}

/* Of times that say their half. */
static bool
is_plausible(const struct prose_range *range, uint16_t opens, uint16_t closes)
{
	if (opens == 0 && closes >= DAY - 1)
		return true;
	if (closes > opens)
		return !(opens > 0 && opens < EARLIEST && closes > HALF_DAY) &&
		       !(opens == 0 && range->opens.half == PROSE_AM &&
		           closes > HALF_DAY) &&
		       !(closes == DAY && range->closes.half == PROSE_AM &&
		           opens < HALF_DAY);
	return opens != closes && opens >= NIGHT_OPENS && closes <= NIGHT_CLOSES &&
	       closes + DAY - opens <= NIGHT_MOST;
}

/* Where at least one half is to be found out. */
static bool
is_by_day(const struct prose_range *range, uint16_t opens, uint16_t closes)
{
	bool is_bare = range->opens.half == PROSE_BARE;
	bool has_bare_end = range->closes.half == PROSE_BARE;

	if (closes <= opens || opens < EARLIEST)
		return false;
	if (is_bare && has_bare_end)
		return closes - opens != HALF_DAY;
	if (has_bare_end) /* "6 pm-8" may end the next morning, "9 am-9" in the evening */
		return opens < EVENING && closes - opens != HALF_DAY;
	/* "5-7 pm": the other reading of the 5 gives way where the shared one is short. */
	return range->closes.half != PROSE_PM || opens >= HALF_DAY ||
	       opens + HALF_DAY >= closes || closes - opens - HALF_DAY > SHARED_MOST;
}

static bool
fits(const struct prose_range *range, uint16_t opens, uint16_t closes, bool may_be_night)
{
	bool has_bare_opening = range->opens.half == PROSE_BARE;
	bool has_bare_closing = range->closes.half == PROSE_BARE;

	if (!has_bare_opening && !has_bare_closing)
		return is_plausible(range, opens, closes);
	if (may_be_night && has_bare_opening && has_bare_closing)
		return false;
	return is_by_day(range, opens, closes);
}

/* How many readings there are of the ranges from the first on, which begins at `after` or
 * later; the last one found is in `spans`. */
static int
count_readings(const struct prose_range *ranges, uint32_t count, bool may_be_night,
    uint16_t after, struct prose_span *spans)
{
	struct readings opens, closes;
	struct prose_span rest[PROSE_RANGES_MAX];
	int found = 0;

	if (count == 0)
		return 1;
	opens = read_time(&ranges->opens, false);
	closes = read_time(&ranges->closes, true);
	for (int i = 0; i < opens.count * closes.count; i++) {
		struct prose_span span = { opens.minutes[i / closes.count],
			closes.minutes[i % closes.count] };
		uint16_t end = span.closes > span.opens ? span.closes : DAY;
		int more;

		if (span.opens < after ||
		    !fits(ranges, span.opens, span.closes, may_be_night))
			continue;
		more = count_readings(ranges + 1, count - 1, may_be_night, end, rest);
		if (more == 0)
			continue;
		found += more;
		spans[0] = span;
		for (uint32_t other = 1; other < count; other++)
			spans[other] = rest[other - 1];
	}
	return found;
}

bool
prose_clock_read(const struct prose_range *ranges, uint32_t count, bool may_be_night,
    struct prose_span *spans)
{
	if (count > PROSE_RANGES_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!is_time(&ranges[i].opens) || !is_time(&ranges[i].closes))
			return false;
	return count_readings(ranges, count, may_be_night, 0, spans) == 1;
}
