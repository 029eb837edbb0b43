/* SPDX-License-Identifier: Apache-2.0
 * What is said of days: times, closed, breaks, exceptions, appointments. */
#include "common/prose_grammar.h"

static struct prose_group *
group_for_range(struct prose_parser *parser)
{
	struct prose_group *group = prose_group_current(parser);

	if (group == NULL)
		return parser->are_days_first ? NULL : prose_group_begin(parser);
	if (!parser->are_days_first && prose_group_has_days(group) &&
	    prose_group_is_done(group))
		return prose_group_begin(parser);
	if (group->is_shut || group->is_always ||
	    (group->is_by_appointment && parser->mark > PROSE_COMMA))
		return NULL;
	return group;
}

/* ---- times ---- */

static bool
read_time(struct prose_parser *parser, struct prose_time *time, bool *is_full)
{
	prose_skip_noise(parser);
	if (parser->at->kind != PROSE_TIME)
		return false;
	*time = parser->at->time;
	*is_full = parser->at->is_full;
	parser->at++;
	return true;
}

/* What stands between the times of a range; false: not a range. */
static bool
read_connector(struct prose_parser *parser, bool is_between, bool is_full)
{
	bool is_joined = false;

	prose_skip_noise(parser);
	while (parser->at->kind == PROSE_DASH || parser->at->kind == PROSE_TO) {
		parser->at++;
		is_joined = true;
		prose_skip_noise(parser);
	}
	if (is_joined)
		return true;
	if (is_between && parser->at->kind == PROSE_AND) {
		parser->at++;
		return true;
	}
	/* Forms that were filled in by hand have "9:00 17:00" and "9:00 : 17:00". */
	if (parser->at->kind == PROSE_COLON)
		parser->at++;
	return parser->is_cyrillic && is_full && parser->at->kind == PROSE_TIME &&
	       parser->at->is_full;
}

static bool
read_range(struct prose_parser *parser, struct prose_range *range)
{
	bool is_between = parser->at->kind == PROSE_FROM && parser->at->value == 1;
	bool is_full, is_closing_full;

	if (parser->at->kind == PROSE_FROM)
		parser->at++;
	return read_time(parser, &range->opens, &is_full) &&
	       read_connector(parser, is_between, is_full) &&
	       read_time(parser, &range->closes, &is_closing_full);
}

static bool
take_range(struct prose_parser *parser)
{
	struct prose_group *group = group_for_range(parser);

	if (group == NULL || group->count == PROSE_RANGES_MAX || group->has_pause ||
	    !read_range(parser, &group->ranges[group->count]))
		return false;
	group->count++;
	group->is_by_appointment = false;
	parser->mark = PROSE_NO_MARK;
	return true;
}

static bool
take_always(struct prose_parser *parser)
{
	struct prose_group *group = group_for_range(parser);

	if (group == NULL || group->count > 0)
		return false;
	parser->at++;
	group->is_always = true;
	parser->mark = PROSE_NO_MARK;
	return true;
}

/* ---- closed, breaks, exceptions ---- */

static bool
begins_range(const struct prose_token *token)
{
	return token->kind == PROSE_TIME ||
	       (token->kind == PROSE_FROM && token[1].kind == PROSE_TIME);
}

static bool
range_follows(struct prose_parser *parser)
{
	const struct prose_token *token = parser->at;

	while (token->kind == PROSE_COMMA || token->kind == PROSE_COLON ||
	       token->kind == PROSE_DASH || token->kind == PROSE_NOISE ||
	       token->kind == PROSE_HOUR)
		token++;
	return begins_range(token) || token->kind == PROSE_ALWAYS;
}

/* "lunch 12-1", at the time. */
static bool
take_pause(struct prose_parser *parser)
{
	struct prose_group *group = prose_group_current(parser);
	struct prose_range range;

	if (!read_range(parser, &range))
		return false;
	parser->pauses++;
	parser->is_pause_apart = parser->mark > PROSE_COMMA;
	parser->groups_before_pause = parser->count;
	parser->pause = range;
	if (group != NULL) {
		if (group->has_pause || !prose_group_has_hours(group))
			return false;
		group->pause = range;
		group->has_pause = true;
	}
	prose_skip_noise(parser);
	if (parser->at->kind == PROSE_BREAK) /* "closed 12-1 for lunch" */
		parser->at++;
	return true;
}

static void
skip_colon(struct prose_parser *parser)
{
	prose_skip_noise(parser);
	while (parser->at->kind == PROSE_COLON || parser->at->kind == PROSE_DASH)
		parser->at++;
	prose_skip_noise(parser);
}

static bool
take_break(struct prose_parser *parser)
{
	parser->at++;
	skip_colon(parser);
	return take_pause(parser);
}

static bool
take_closed(struct prose_parser *parser)
{
	bool may_be_pause = parser->at->value == 1;
	uint8_t days;
	bool has_holidays;

	parser->at++;
	if (prose_group_is_open(parser)) {
		prose_group_current(parser)->is_shut = true;
		return true;
	}
	skip_colon(parser);
	if (parser->at->kind == PROSE_BREAK)
		return take_break(parser);
	if (begins_range(parser->at))
		return may_be_pause && take_pause(parser);
	if (parser->at->kind == PROSE_EXCEPT ||
	    !prose_days_read_list(parser, &days, &has_holidays))
		return false;
	parser->shut |= days;
	parser->hours->is_shut_on_holidays |= has_holidays;
	return !range_follows(parser);
}

static bool
take_except(struct prose_parser *parser)
{
	struct prose_group *group = prose_group_current(parser);
	uint8_t days;
	bool has_holidays;

	parser->at++;
	prose_skip_noise(parser);
	if (!prose_days_read_list(parser, &days, &has_holidays))
		return false;
	parser->hours->is_shut_on_holidays |= has_holidays;
	if (days == 0)
		return true;
	if (group == NULL)
		group = prose_group_begin(parser);
	if (group == NULL || (prose_group_has_hours(group) && range_follows(parser)))
		return false;
	if (!prose_group_has_days(group))
		group->days[0] = PROSE_EVERY_DAY;
	if ((group->days[0] & days) != days || group->days[0] == days)
		return false;
	group->days[0] &= (uint8_t)~days;
	return true;
}

/* "Saturday, Sunday and holidays, 10-4": what is said of the days holds on holidays, too. */
static bool
take_holiday(struct prose_parser *parser)
{
	bool has_been_open = prose_group_is_open(parser);

	parser->at++;
	skip_colon(parser);
	if (parser->at->kind != PROSE_CLOSED)
		return has_been_open;
	parser->hours->is_shut_on_holidays = true;
	if (!has_been_open)
		parser->at++;
	return true;
}

/* ---- the rest ---- */

static bool
take_dash(struct prose_parser *parser)
{
	enum prose_kind before =
	    parser->at > parser->first ? parser->at[-1].kind : PROSE_END;
	enum prose_kind next = (++parser->at)->kind;

	/* "Mon: -", "пн: - вт: 8-17" */
	if (prose_group_is_open(parser) &&
	    (prose_is_mark(next) || next == PROSE_END ||
	        (next == PROSE_DAYS && before == PROSE_COLON))) {
		prose_group_current(parser)->is_shut = true;
		return true;
	}
	return (next != PROSE_DAYS || !prose_group_is_open(parser)) &&
	       (before != PROSE_TIME || next != PROSE_TIME);
}

/* A lone "0" where hours would stand. */
static bool
is_nil(const struct prose_token *token)
{
	return token->kind == PROSE_TIME && !token->is_full && token->time.hour == 0 &&
	       (prose_is_mark(token[1].kind) || token[1].kind == PROSE_END ||
	           token[1].kind == PROSE_DAYS);
}

static bool
take_nothing(struct prose_parser *parser)
{
	if (!prose_group_is_open(parser))
		return false;
	parser->at++;
	prose_group_current(parser)->is_shut = true;
	return true;
}

static bool
take_colon(struct prose_parser *parser)
{
	parser->at++;
	return parser->at->kind != PROSE_COLON;
}

static bool
take_mark(struct prose_parser *parser)
{
	if (parser->has_loose_times && parser->at->kind > PROSE_COMMA)
		return false;
	if ((int)parser->at->kind > parser->mark)
		parser->mark = (int)parser->at->kind;
	parser->at++;
	return true;
}

static bool
take_appointment(struct prose_parser *parser)
{
	bool is_of_days = !parser->are_days_first && parser->count > 0 &&
	                  parser->at[-1].kind == PROSE_DAYS;

	parser->at++;
	parser->hours->is_by_appointment = true;
	parser->has_loose_times = false;
	if (is_of_days) /* "9-5 weekdays, Saturday by appointment": which of them? */
		return false;
	if (prose_group_is_open(parser) && !begins_range(parser->at) &&
	    (parser->at->kind != PROSE_COLON || !begins_range(parser->at + 1)))
		prose_group_current(parser)->is_by_appointment = true;
	return true;
}

/* "Office:" begins a text, "(office)" ends it. */
static bool
take_label(struct prose_parser *parser)
{
	const struct prose_token *next = ++parser->at;

	if (parser->count == 0)
		return true;
	while (prose_is_mark(next->kind))
		next++;
	return next->kind == PROSE_END;
}

/* "January - December" is the whole year; any other part of it is not certain. */
static bool
take_months(struct prose_parser *parser)
{
	if (parser->at[0].value != 1 || parser->at[1].kind != PROSE_DASH ||
	    parser->at[2].kind != PROSE_MONTH || parser->at[2].value != 12)
		return false;
	parser->at += 3;
	return true;
}

static bool
take_from(struct prose_parser *parser)
{
	if (begins_range(parser->at))
		return take_range(parser);
	parser->at++; /* "from Monday to Friday" */
	return parser->at->kind == PROSE_DAYS;
}

static bool
skip_one(struct prose_parser *parser)
{
	parser->at++;
	return true;
}

static bool
take_loose(struct prose_parser *parser)
{
	parser->has_loose_times = true;
	return skip_one(parser);
}

bool
prose_clause_take(struct prose_parser *parser)
{
	static bool (*const TAKES[])(struct prose_parser *) = {
		[PROSE_DAYS] = prose_days_take,
		[PROSE_ORDINAL] = prose_days_take,
		[PROSE_EVERY] = prose_days_take,
		[PROSE_MONTH] = take_months,
		[PROSE_HOUR] = skip_one,
		[PROSE_FROM] = take_from,
		[PROSE_AND] = skip_one,
		[PROSE_CLOSED] = take_closed,
		[PROSE_NONE] = take_nothing,
		[PROSE_BREAK] = take_break,
		[PROSE_NO_BREAK] = skip_one,
		[PROSE_EXCEPT] = take_except,
		[PROSE_HOLIDAY] = take_holiday,
		[PROSE_APPOINTMENT] = take_appointment,
		[PROSE_ALSO] = take_loose,
		[PROSE_ALWAYS] = take_always,
		[PROSE_LABEL] = take_label,
		[PROSE_NOISE] = skip_one,
		[PROSE_TIME] = take_range,
		[PROSE_DASH] = take_dash,
		[PROSE_COLON] = take_colon,
		[PROSE_SLASH] = skip_one,
		[PROSE_COMMA] = take_mark,
		[PROSE_LINE] = take_mark,
		[PROSE_STOP] = take_mark,
	};

	if (is_nil(parser->at))
		return take_nothing(parser);
	return TAKES[parser->at->kind] != NULL && TAKES[parser->at->kind](parser);
}
