/* SPDX-License-Identifier: Apache-2.0
 * Days, and the groups they make. */
#include "common/prose_grammar.h"

bool
prose_is_mark(enum prose_kind kind)
{
	return kind >= PROSE_COMMA;
}

void
prose_skip_noise(struct prose_parser *parser)
{
	while (parser->at->kind == PROSE_NOISE || parser->at->kind == PROSE_HOUR)
		parser->at++;
}

/* ---- groups ---- */

bool
prose_group_has_days(const struct prose_group *group)
{
	for (int week = 0; week < PROSE_WEEKS; week++)
		if (group->days[week] != 0)
			return true;
	return false;
}

bool
prose_group_has_hours(const struct prose_group *group)
{
	return group->count > 0 || group->is_always;
}

bool
prose_group_is_done(const struct prose_group *group)
{
	return prose_group_has_hours(group) || group->is_shut || group->is_by_appointment;
}

struct prose_group *
prose_group_current(struct prose_parser *parser)
{
	return parser->count > 0 ? &parser->groups[parser->count - 1] : NULL;
}

/* Days that were named and of which nothing was said yet. */
bool
prose_group_is_open(struct prose_parser *parser)
{
	struct prose_group *group = prose_group_current(parser);

	return group != NULL && prose_group_has_days(group) &&
	       !prose_group_is_done(group);
}

struct prose_group *
prose_group_begin(struct prose_parser *parser)
{
	if (parser->count == PROSE_GROUPS_MAX)
		return NULL;
	parser->groups[parser->count] = (struct prose_group){ 0 };
	return &parser->groups[parser->count++];
}

/* The group that days (a range) belong to; NULL: none can be. */
static struct prose_group *
group_for_days(struct prose_parser *parser)
{
	struct prose_group *group = prose_group_current(parser);

	if (group == NULL)
		return prose_group_begin(parser);
	if (parser->are_days_first || !prose_group_has_hours(group))
		return prose_group_is_done(group) ? prose_group_begin(parser) : group;
	return group;
}

/* ---- days ---- */

static int
day_of(uint8_t days)
{
	int day = 0;

	while (days > 1) {
		days >>= 1;
		day++;
	}
	return day;
}

static bool
is_one_day(uint8_t days)
{
	return days != 0 && (days & (days - 1)) == 0;
}

/* "Monday", "Monday-Friday", "weekdays". */
static bool
read_days(struct prose_parser *parser, uint8_t *days)
{
	enum prose_kind next;

	while (parser->at->kind == PROSE_EVERY)
		parser->at++;
	if (parser->at->kind != PROSE_DAYS)
		return false;
	*days = (uint8_t)parser->at++->value;
	next = parser->at->kind;
	if ((next != PROSE_DASH && next != PROSE_TO) || parser->at[1].kind != PROSE_DAYS)
		return true;
	parser->at++;
	if (!is_one_day(*days) || !is_one_day((uint8_t)parser->at->value) ||
	    *days == parser->at->value)
		return false;
	for (int day = day_of(*days); *days != (*days | parser->at->value);
	     day = (day + 1) % 7)
		*days |= (uint8_t)(1 << day);
	parser->at++;
	next = parser->at->kind;
	return (next != PROSE_DASH && next != PROSE_TO) ||
	       parser->at[1].kind != PROSE_DAYS;
}

/* "first and third Saturday of the month". */
static bool
read_ordinals(struct prose_parser *parser, struct prose_group *group)
{
	bool weeks[PROSE_WEEKS] = { false };
	int count = 0;
	uint8_t days;

	while (parser->at->kind == PROSE_ORDINAL) {
		weeks[parser->at->value < 0 ? PROSE_LAST_WEEK : parser->at->value] = true;
		count++;
		parser->at++;
		while (
		    (parser->at->kind == PROSE_AND || parser->at->kind == PROSE_COMMA) &&
		    parser->at[1].kind == PROSE_ORDINAL)
			parser->at++;
	}
	if (parser->at->kind != PROSE_DAYS || !read_days(parser, &days) ||
	    !is_one_day(days))
		return false;
	if (parser->at->kind == PROSE_OF_MONTH)
		parser->at++;
	for (int week = 0; week < PROSE_WEEKS; week++)
		if (weeks[week])
			group->days[week] |= days;
	return group->days[0] == 0;
}

/* Whether days that come now would belong to others, from which a mark parts them. */
static bool
are_days_torn(struct prose_parser *parser)
{
	struct prose_group *group = prose_group_current(parser);

	return group != NULL && prose_group_has_days(group) &&
	       parser->mark > PROSE_COMMA &&
	       (!prose_group_is_done(group) || !parser->are_days_first);
}

bool
prose_days_take(struct prose_parser *parser)
{
	bool is_every_day =
	    parser->at->kind == PROSE_DAYS && parser->at->value == PROSE_EVERY_DAY;
	struct prose_group *group = prose_group_current(parser);
	uint8_t days;

	if (is_every_day && group != NULL && group->days[0] == PROSE_EVERY_DAY) {
		parser->at++; /* "24 hours daily, 7 days a week" */
		return true;
	}
	if (are_days_torn(parser) ||
	    (parser->at > parser->first && parser->at[-1].kind == PROSE_DAYS))
		return false; /* "Monday Friday" has lost its dash, or a comma */
	group = group_for_days(parser);
	if (group == NULL)
		return false;
	parser->mark = PROSE_NO_MARK;
	if (parser->at->kind == PROSE_ORDINAL)
		return read_ordinals(parser, group);
	if (!read_days(parser, &days))
		return false;
	group->days[0] |= days;
	for (int week = 1; week < PROSE_WEEKS; week++)
		if (group->days[week] != 0)
			return false;
	return true;
}

/* Days that stand behind "closed" or "except"; false: none do, or more than days. */
bool
prose_days_read_list(struct prose_parser *parser, uint8_t *days, bool *has_holidays)
{
	*days = 0;
	*has_holidays = false;
	for (;;) {
		const struct prose_token *from = parser->at;
		uint8_t more;

		while (prose_is_mark(parser->at->kind) && parser->at->kind < PROSE_LINE)
			parser->at++;
		while (parser->at->kind == PROSE_AND || parser->at->kind == PROSE_SLASH)
			parser->at++;
		prose_skip_noise(parser);
		if (parser->at->kind == PROSE_HOLIDAY) {
			parser->at++;
			*has_holidays = true;
		} else if (parser->at->kind == PROSE_DAYS ||
		           parser->at->kind == PROSE_EVERY) {
			if (!read_days(parser, &more))
				return false;
			*days |= more;
		} else {
			parser->at = from;
			return *days != 0 || *has_holidays;
		}
	}
}
