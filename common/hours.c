/* SPDX-License-Identifier: Apache-2.0
 * Rules of opening, asked for one moment at a time: nothing is expanded, so that nothing goes
 * stale. */
#include "common/hours.h"

#include <assert.h>

#define DAY_MINUTES 1440
#define DAY_SECONDS INT64_C(86400)

static_assert(sizeof(struct hours_rule) == 48, "no byte is left out of a comparison");

/* ---- which days a rule means ---- */

static bool
is_nth(const struct hours_rule *rule, int day, int month_days, int weekday)
{
	return ((rule->weekdays | rule->nth[(day - 1) / 7] |
	            rule->nth_last[(month_days - day) / 7]) >>
	               weekday &
	           1) != 0;
}

static bool
has_weekdays(const struct hours_rule *rule)
{
	unsigned all = rule->weekdays;

	for (int i = 0; i < HOURS_NTH; i++)
		all |= (unsigned)rule->nth[i] | rule->nth_last[i];
	return all != 0;
}

static bool
is_on_month(const struct hours_rule *rule, int32_t date)
{
	int year, month, day, month_days, anchor_year, anchor_month, anchor_day;

	calendar_parts(date, &year, &month, &day);
	month_days = calendar_month_days(year, month);
	if (has_weekdays(rule) && !is_nth(rule, day, month_days, calendar_weekday(date)))
		return false;
	if ((rule->monthdays | rule->last_monthdays) != 0 &&
	    (rule->monthdays >> day & 1) == 0 &&
	    (rule->last_monthdays >> (month_days - day + 1) & 1) == 0)
		return false;
	if (rule->interval == 1)
		return true;
	calendar_parts(rule->anchor, &anchor_year, &anchor_month, &anchor_day);
	return ((year - anchor_year) * 12 + month - anchor_month) % rule->interval == 0;
}

static bool
is_in_force(const struct hours_rule *rule, int32_t date)
{
	return date >= rule->first && date <= rule->last;
}

bool
hours_is_on(const struct hours_rule *rule, int32_t date)
{
	if (!is_in_force(rule, date))
		return false;
	switch ((enum hours_repeats)rule->repeats) {
	case HOURS_DAILY:
		return rule->interval == 1 || (date - rule->anchor) % rule->interval == 0;
	case HOURS_WEEKLY:
		return (rule->weekdays >> calendar_weekday(date) & 1) != 0 &&
		       (rule->interval == 1 ||
		           (date - rule->anchor) / 7 % rule->interval == 0);
	case HOURS_MONTHLY:
		return is_on_month(rule, date);
	}
	return false;
}

/* ---- one group on one day ---- */

/* What the rules of a group say of a minute of a day's hours; past 1440 it is the day after. */
struct says {
	bool is_exceptional, is_exception_open, is_closed, is_unclear;
	bool is_in_force;
	bool is_open, is_open_by_dated; /* by any rule; by one that has dates */
	bool is_dated_in_force;
	unsigned dated_weekdays, other_weekdays;
};

static bool
has_dates(const struct hours_rule *rule)
{
	return rule->first != HOURS_EVER || rule->last != HOURS_FOR_EVER;
}

static unsigned
weekdays_of(const struct hours_rule *rule)
{
	unsigned all = rule->weekdays;

	if (rule->repeats == HOURS_DAILY)
		return 0x7f;
	if (rule->repeats == HOURS_MONTHLY && !has_weekdays(rule))
		return 0x7f;
	for (int i = 0; i < HOURS_NTH; i++)
		all |= (unsigned)rule->nth[i] | rule->nth_last[i];
	return all;
}

static bool
is_within(const struct hours_rule *rule, int minute)
{
	int closes = rule->closes;

	if (closes <= rule->opens)
		closes += DAY_MINUTES;
	return minute >= rule->opens && minute < closes;
}

static void
hear_exception(struct says *says, const struct hours_rule *rule, int32_t date, int minute)
{
	if (!hours_is_on(rule, date))
		return;
	says->is_exceptional = true;
	says->is_unclear = says->is_unclear || rule->kind == HOURS_UNCLEAR;
	says->is_closed = says->is_closed || rule->kind == HOURS_CLOSED;
	if (rule->kind == HOURS_OPEN && is_within(rule, minute))
		says->is_exception_open = true;
}

static void
hear_rule(struct says *says, const struct hours_rule *rule, int32_t date, int minute)
{
	bool is_on = hours_is_on(rule, date);
	bool is_open = is_on && is_within(rule, minute);
	bool is_dated = has_dates(rule);

	if (rule->kind != HOURS_OPEN) {
		says->is_closed =
		    says->is_closed || (is_on && rule->kind == HOURS_CLOSED);
		return;
	}
	says->is_open = says->is_open || is_open;
	if (!is_dated) {
		says->is_in_force = true;
		says->other_weekdays |= weekdays_of(rule);
	} else if (is_in_force(rule, date)) {
		says->is_in_force = says->is_dated_in_force = true;
		says->is_open_by_dated = says->is_open_by_dated || is_open;
		says->dated_weekdays |= weekdays_of(rule);
	}
}

static bool
is_exceptional(const struct hours_rule *rules, uint32_t count, int32_t date)
{
	for (uint32_t i = 0; i < count; i++)
		if (rules[i].is_exception && hours_is_on(&rules[i], date))
			return true;
	return false;
}

static enum flag
ask_exceptions(const struct hours_rule *rules, uint32_t count, int32_t date, int minute)
{
	struct says says = { .is_open = false };

	for (uint32_t i = 0; i < count; i++)
		if (rules[i].is_exception)
			hear_exception(&says, &rules[i], date, minute);
	if (says.is_unclear || (says.is_exception_open && says.is_closed))
		return FLAG_ABSENT;
	return says.is_exception_open ? FLAG_YES : FLAG_NO;
}

static enum flag
ask_day(const struct hours_rule *rules, uint32_t count, int32_t date, int minute)
{
	struct says says = { .is_open = false };

	if (is_exceptional(rules, count, date))
		return ask_exceptions(rules, count, date, minute);
	for (uint32_t i = 0; i < count; i++)
		if (!rules[i].is_exception)
			hear_rule(&says, &rules[i], date, minute);
	if (says.is_closed)
		return FLAG_NO;
	if (!says.is_in_force)
		return FLAG_ABSENT;
	if (says.is_dated_in_force && (says.dated_weekdays & says.other_weekdays) != 0 &&
	    says.is_open != says.is_open_by_dated)
		return FLAG_ABSENT;
	return says.is_open ? FLAG_YES : FLAG_NO;
}

/* ---- at a moment ---- */

struct local {
	int32_t date;
	int minute;
};

static int64_t
floor_divide(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static struct local
local_of(calendar_zone_id zone, int64_t at_seconds)
{
	int64_t local = at_seconds + calendar_span(zone, at_seconds).offset_seconds;
	int64_t date = floor_divide(local, DAY_SECONDS);

	return (struct local){ (int32_t)date, (int)((local - date * DAY_SECONDS) / 60) };
}

static uint32_t
group_size(const struct hours_rule *rules, uint32_t count)
{
	uint32_t size = 1;

	while (size < count && rules[size].group == rules->group)
		size++;
	return size;
}

/* A night that began on a day of which nothing is known is not expected. */
static enum flag
ask_group(const struct hours_rule *rules, uint32_t count, int64_t at_seconds)
{
	struct local local = local_of(rules->zone, at_seconds);
	enum flag today = ask_day(rules, count, local.date, local.minute);

	if (today != FLAG_YES &&
	    ask_day(rules, count, local.date - 1, local.minute + DAY_MINUTES) == FLAG_YES)
		return FLAG_YES;
	return today;
}

enum flag
hours_open_at(const struct hours_rule *rules, uint32_t count, int64_t at_ms)
{
	int64_t at_seconds = floor_divide(at_ms, 1000);
	enum flag answer = count == 0 ? FLAG_ABSENT : FLAG_NO;
	uint32_t size;

	for (; count > 0; rules += size, count -= size) {
		enum flag group;

		size = group_size(rules, count);
		group = ask_group(rules, size, at_seconds);
		if (group == FLAG_YES)
			return FLAG_YES;
		if (group == FLAG_ABSENT)
			answer = FLAG_ABSENT;
	}
	return answer;
}

/* ---- the next opening ---- */

struct seeker {
	const struct hours_rule *rules; /* all of them */
	uint32_t count;
	int64_t from_seconds;
	int64_t best; /* INT64_MAX none */
};

static void
consider(struct seeker *seeker, int64_t at_seconds)
{
	if (at_seconds >= seeker->from_seconds && at_seconds < seeker->best &&
	    hours_open_at(seeker->rules, seeker->count, at_seconds * 1000) == FLAG_YES)
		seeker->best = at_seconds;
}

/* A local time comes once, twice (when clocks go back) or never (when they go forward: then
 * the change itself is the moment). */
static void
consider_local(struct seeker *seeker, const struct hours_rule *rule, int32_t date)
{
	int64_t local = date * DAY_SECONDS + rule->opens * INT64_C(60);

	for (int days = -1; days <= 1; days += 2) {
		struct calendar_span span =
		    calendar_span(rule->zone, local + days * DAY_SECONDS);
		int64_t at_seconds = local - span.offset_seconds;

		if (at_seconds >= span.from && at_seconds < span.to)
			consider(seeker, at_seconds);
		else if (at_seconds >= span.to)
			consider(seeker, span.to);
	}
}

static void
seek_in_group(struct seeker *seeker, const struct hours_rule *rules, uint32_t count)
{
	int32_t date = local_of(rules->zone, seeker->from_seconds).date;
	int64_t before = seeker->best;

	for (int day = 0; day <= HOURS_AHEAD_DAYS && seeker->best == before; day++)
		for (uint32_t i = 0; i < count; i++)
			if (rules[i].kind == HOURS_OPEN &&
			    hours_is_on(&rules[i], date + day))
				consider_local(seeker, &rules[i], date + day);
	/* Where clocks go back, hours that were over may come again. */
	consider(seeker, calendar_span(rules->zone, seeker->from_seconds).to);
}

int64_t
hours_next_opening(const struct hours_rule *rules, uint32_t count, int64_t at_ms)
{
	struct seeker seeker = { rules, count, -floor_divide(-at_ms, 1000), INT64_MAX };
	uint32_t size;

	if (hours_open_at(rules, count, at_ms) == FLAG_YES)
		return at_ms;
	for (uint32_t at = 0; at < count; at += size) {
		size = group_size(rules + at, count - at);
		seek_in_group(&seeker, rules + at, size);
	}
	return seeker.best == INT64_MAX ? TIME_ABSENT : seeker.best * 1000;
}
