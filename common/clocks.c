/* SPDX-License-Identifier: Apache-2.0
 * Which clock of an offer runs out next. */
#include "common/clocks.h"

#define STEPS 3

struct step {
	struct text purpose;
	int64_t after_ms;
};

static void
steps_of(const struct config *config, enum urgency urgency, struct step steps[STEPS])
{
	const int64_t all[3][STEPS] = {
		{ config->clocks_emergency_remind, config->clocks_emergency_escalate,
		    config->clocks_emergency_expire },
		{ config->clocks_urgent_remind, config->clocks_urgent_escalate,
		    config->clocks_urgent_expire },
		{ config->clocks_normal_remind, config->clocks_normal_escalate,
		    config->clocks_normal_expire },
	};
	const int64_t *ms = all[urgency >= urgency_emergency && urgency <= urgency_normal
	                            ? urgency - urgency_emergency
	                            : 2];

	steps[0] = (struct step){ LITERAL("remind"), ms[0] };
	steps[1] = (struct step){ LITERAL("escalate"), ms[1] };
	steps[2] = (struct step){ LITERAL("expire"), ms[2] };
}

struct text
clocks_next(const struct config *config, enum urgency urgency, struct text purpose,
    int64_t *after_ms)
{
	struct step steps[STEPS];
	int at = 0;

	steps_of(config, urgency, steps);
	while (
	    purpose.at != NULL && at < STEPS && !text_equal(steps[at].purpose, purpose))
		at++;
	for (at += purpose.at != NULL; at < STEPS; at++)
		if (at == STEPS - 1 ||
		    (steps[at].after_ms > 0 &&
		        steps[at].after_ms < steps[STEPS - 1].after_ms)) {
			*after_ms = steps[at].after_ms;
			return steps[at].purpose;
		}
	*after_ms = 0;
	return TEXT_ABSENT;
}
