/* SPDX-License-Identifier: Apache-2.0
 * Works a decision out again and names what differs. */
#include "deploy/referralctl/replayed.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/merit.h"

static long
hundredths(double points)
{
	return lround(points * 100);
}

static void differ(struct replay *replay, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
differ(struct replay *replay, const char *format, ...)
{
	va_list arguments;

	if (replay->differences_count == REPLAY_DIFFERENCES_MOST)
		return;
	va_start(arguments, format);
	(void)vsnprintf(replay->differences[replay->differences_count++],
	    REPLAY_DIFFERENCE_BYTES, format, arguments);
	va_end(arguments);
}

/* Each part by its value; and the sum. */
static void
replay_points(struct replay *replay, const struct why *why, enum urgency urgency,
    const struct policy *policy)
{
	const struct candidate *chosen = &why->chosen;
	double report_hours =
	    why->report_hours != UINT_ABSENT ? why->report_hours : MERIT_STALE_HOURS;
	long sum = 0;

	for (uint32_t i = 0; i < chosen->parts_count; i++) {
		const struct score_part *part = &chosen->parts[i];
		unsigned merit = code_value(CODE_SET_merit, part->part);
		long kept = hundredths(part->points), again = kept;

		if (merit > 0)
			again = merit_points(policy, urgency, (enum merit)merit,
			    part->value, report_hours);
		if (kept != again)
			differ(replay, "%.*s: %.2f points are kept, %.2f follow",
			    (int)part->part.length, part->part.at, (double)kept / 100,
			    (double)again / 100);
		sum += again;
	}
	if (sum != hundredths(chosen->score))
		differ(replay, "score: %.2f is kept, %.2f is the sum", chosen->score,
		    (double)sum / 100);
}

/* Where two figures say the same. */
static void
replay_figures(struct replay *replay, const struct candidate *chosen)
{
	unsigned unknowns = 0;

	for (uint32_t i = 0; i < chosen->rules_count; i++)
		unknowns += chosen->rules[i].verdict == verdict_unknown;
	for (uint32_t i = 0; i < chosen->parts_count; i++) {
		const struct score_part *part = &chosen->parts[i];

		if (text_is(part->part, "unknowns") && lround(part->value) != unknowns)
			differ(replay, "unknowns: %.0f are kept, %u rules are unknown",
			    part->value, unknowns);
		if (text_is(part->part, "distance") &&
		    (isnan(part->value) != isnan(chosen->distance_km) ||
		        fabs(part->value - chosen->distance_km) > 0.0005))
			differ(replay, "distance: %.3f km are scored, %.3f are kept",
			    part->value, chosen->distance_km);
	}
}

void
replay_decision(struct replay *replay, const struct why *why, enum urgency urgency,
    const struct policy *policy)
{
	replay->differences_count = 0;
	replay_points(replay, why, urgency, policy);
	replay_figures(replay, &why->chosen);
	for (uint32_t i = 1; i < why->next_count; i++)
		if (why->next[i].score > why->next[i - 1].score)
			differ(replay, "next: %.2f stands before %.2f",
			    why->next[i - 1].score, why->next[i].score);
}
