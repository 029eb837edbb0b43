/* SPDX-License-Identifier: Apache-2.0
 * Groups of days and their ranges, one after the other, become openings.
 *
 * Days stand before their ranges, or behind them, all through a text. */
#include "common/prose_hours.h"

#include "common/prose_grammar.h"

#define WEEKEND 0x60

/* A pause is everyone's where it stands before all groups, or after all in a sentence of its
 * own or behind the only group. */
static bool
is_everyones(const struct prose_parser *parser)
{
	return parser->pauses == 1 &&
	       (parser->groups_before_pause == 0 ||
	           (parser->groups_before_pause == parser->count &&
	               (parser->is_pause_apart || parser->count == 1)));
}

/* Takes a pause out of spans; false: it lies across an end of one. */
static bool
take_out(struct prose_span pause, struct prose_span *spans, uint32_t *count)
{
	uint32_t before = *count;

	for (uint32_t i = 0; i < before; i++) {
		struct prose_span span = spans[i];

		if (pause.closes <= span.opens || pause.opens >= span.closes)
			continue;
		if (pause.opens <= span.opens || pause.closes >= span.closes ||
		    *count == PROSE_RANGES_MAX)
			return false;
		spans[i].closes = pause.opens;
		spans[(*count)++] = (struct prose_span){ pause.closes, span.closes };
	}
	return true;
}

/* Which pause a group has; false: another group's, and it overlaps. */
static bool
pause_group(const struct prose_parser *parser, const struct prose_group *group,
    struct prose_span *spans, uint32_t *count)
{
	const struct prose_range *range =
	    group->has_pause && !is_everyones(parser) ? &group->pause : &parser->pause;
	struct prose_span pause;
	uint32_t before = *count;

	if (parser->pauses == 0)
		return true;
	if (!prose_clock_read(range, 1, false, &pause) || pause.closes <= pause.opens ||
	    !take_out(pause, spans, count))
		return false;
	if (is_everyones(parser))
		return parser->count > 1 || *count > before;
	return group->has_pause == (*count > before);
}

static bool
put_opening(struct prose_hours *hours, struct prose_opening opening)
{
	uint16_t end = (uint16_t)(opening.span.closes +
	                          (opening.span.closes < opening.span.opens ? 1440 : 0));

	for (uint32_t i = 0; i < hours->count; i++) {
		const struct prose_opening *other = &hours->list[i];
		uint16_t other_end =
		    (uint16_t)(other->span.closes +
		               (other->span.closes < other->span.opens ? 1440 : 0));

		if ((other->days & opening.days) != 0 &&
		    (other->week == 0 || opening.week == 0 ||
		        other->week == opening.week) &&
		    other->span.opens < end && opening.span.opens < other_end)
			return false;
	}
	if (hours->count == PROSE_HOURS_MAX)
		return false;
	hours->list[hours->count++] = opening;
	return true;
}

static bool
put_group(struct prose_parser *parser, const struct prose_group *group, bool may_be_night)
{
	struct prose_span spans[PROSE_RANGES_MAX] = { { 0, 1440 } };
	uint32_t count = group->is_always ? 1 : group->count;
	bool is_office_week = (group->days[0] & WEEKEND) == 0;

	if (!group->is_always && !prose_clock_read(group->ranges, count,
	                             may_be_night && !is_office_week, spans))
		return false;
	if (!pause_group(parser, group, spans, &count))
		return false;
	for (int week = 0; week < PROSE_WEEKS; week++)
		for (uint32_t i = 0; i < count && group->days[week] != 0; i++)
			if (!put_opening(parser->hours,
			        (struct prose_opening){ group->days[week],
			            (int8_t)(week == PROSE_LAST_WEEK ? -1 : week),
			            spans[i] }))
				return false;
	return true;
}

/* Takes the closed days out of a group; false: none are left, or they were not meant. */
static bool
shut_days(const struct prose_parser *parser, struct prose_group *group, uint8_t shut)
{
	for (int week = 0; week < PROSE_WEEKS; week++)
		if ((group->days[week] & shut) != 0 ||
		    (week > 0 && (group->days[week] & parser->shut) != 0))
			return false;
	if (group->days[0] == 0)
		return true;
	group->days[0] &= (uint8_t)~parser->shut;
	return group->days[0] != 0;
}

static bool
finish(struct prose_parser *parser, bool may_be_night)
{
	uint8_t shut = 0;

	if (parser->count == 1 && !prose_group_has_days(&parser->groups[0]) &&
	    parser->groups[0].is_always)
		parser->groups[0].days[0] = PROSE_EVERY_DAY;
	for (uint32_t i = 0; i < parser->count; i++) {
		const struct prose_group *group = &parser->groups[i];

		if (!prose_group_has_days(group) || !prose_group_is_done(group) ||
		    (group->is_shut && prose_group_has_hours(group)))
			return false;
		if (group->is_shut)
			shut |= group->days[0];
	}
	for (uint32_t i = 0; i < parser->count; i++) {
		struct prose_group *group = &parser->groups[i];

		if (prose_group_has_hours(group) &&
		    (!shut_days(parser, group, shut) ||
		        !put_group(parser, group, may_be_night)))
			return false;
	}
	return parser->hours->count > 0 && !parser->has_loose_times;
}

static bool
begins_with_days(const struct prose_token *token)
{
	while (token->kind != PROSE_END && token->kind != PROSE_DAYS &&
	       token->kind != PROSE_ORDINAL && token->kind != PROSE_TIME &&
	       token->kind != PROSE_ALWAYS)
		token++;
	return token->kind == PROSE_DAYS || token->kind == PROSE_ORDINAL;
}

bool
prose_hours_read(struct text prose, bool may_be_night, struct prose_hours *hours)
{
	static const struct prose_hours NONE;
	struct prose_tokens tokens;
	struct prose_parser parser = { .hours = hours, .mark = PROSE_NO_MARK };
	bool is_certain = false;

	*hours = NONE;
	if (prose_tokens_read(prose, &tokens)) {
		parser.first = parser.at = tokens.list;
		parser.is_cyrillic = tokens.is_cyrillic;
		parser.are_days_first = begins_with_days(tokens.list);
		is_certain = true;
		while (is_certain && parser.at->kind != PROSE_END)
			is_certain = prose_clause_take(&parser);
		is_certain = is_certain && finish(&parser, may_be_night);
	}
	if (!is_certain)
		*hours = NONE;
	return is_certain;
}
