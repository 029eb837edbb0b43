/* SPDX-License-Identifier: Apache-2.0
 * Groups of days and their ranges, as the grammar of opening hours finds them.  For
 * prose_hours.c, prose_days.c and prose_clause.c only. */
#ifndef COMMON_PROSE_GRAMMAR_H
#define COMMON_PROSE_GRAMMAR_H

#include "common/prose_hours.h"
#include "common/prose_token.h"

#define PROSE_EVERY_DAY 127
#define PROSE_WEEKS 6 /* every week, the first to fourth of a month, the last */
#define PROSE_LAST_WEEK 5
#define PROSE_GROUPS_MAX 16
#define PROSE_NO_MARK -1

struct prose_group {
	uint8_t days[PROSE_WEEKS];
	struct prose_range ranges[PROSE_RANGES_MAX];
	uint32_t count;
	struct prose_range pause;
	bool has_pause, is_always, is_shut, is_by_appointment;
};

struct prose_parser {
	const struct prose_token *first, *at;
	bool is_cyrillic, are_days_first;
	struct prose_group groups[PROSE_GROUPS_MAX];
	uint32_t count;
	uint8_t shut;             /* "closed Mondays" */
	int mark;                 /* the strongest since the last days or range */
	bool has_loose_times;     /* "evenings" wait for "by appointment" */
	struct prose_range pause; /* the last one */
	uint32_t pauses;
	uint32_t groups_before_pause; /* all, where it is everyone's */
	bool is_pause_apart;          /* the pause stands in a sentence of its own */
	struct prose_hours *hours;
};

/* Comma, line end, semicolon, in the order of their strength. */
bool prose_is_mark(enum prose_kind kind);
void prose_skip_noise(struct prose_parser *parser);

bool prose_group_has_days(const struct prose_group *group);
bool prose_group_has_hours(const struct prose_group *group);
/* Something was said of its days. */
bool prose_group_is_done(const struct prose_group *group);
/* NULL: there is none yet. */
struct prose_group *prose_group_current(struct prose_parser *parser);
/* Whether days were named of which nothing was said yet. */
bool prose_group_is_open(struct prose_parser *parser);
/* NULL: too many. */
struct prose_group *prose_group_begin(struct prose_parser *parser);

/* Each takes what stands at parser->at and steps behind it; false: it is not understood. */
bool prose_days_take(struct prose_parser *parser);
/* Days and holidays behind "closed" or "except". */
bool prose_days_read_list(struct prose_parser *parser, uint8_t *days, bool *has_holidays);
bool prose_clause_take(struct prose_parser *parser);

#endif
