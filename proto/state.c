/* SPDX-License-Identifier: Apache-2.0
 * states.def as data, and what may move where. */
#include "proto/state.h"

static const char *const MACHINE_NAMES[MACHINES] = {
	[MACHINE_need] = "need",
	[MACHINE_referral] = "referral",
};

static const struct state STATES[] = {
#define STATE(machine_, name_, open, about_)                                             \
	{ .machine = MACHINE_##machine_,                                                 \
		.name = #name_,                                                          \
		.is_open = open,                                                         \
		.about = about_ },
#include "proto/states.def"
	{ .name = NULL },
};

static const struct move MOVES[] = {
#define MOVE(machine_, action_, from_, to_, who_, place_, need_, about_)                 \
	{ .machine = MACHINE_##machine_,                                                 \
		.action = #action_,                                                      \
		.from = #from_,                                                          \
		.to = #to_,                                                              \
		.who = who_,                                                             \
		.place = #place_,                                                        \
		.need = #need_,                                                          \
		.about = about_ },
#include "proto/states.def"
	{ .action = NULL },
};

static const char LETTERS[] = {
	[role_operator] = 'o',
	[role_supervisor] = 's',
	[role_coordinator] = 'c',
	[role_agency] = 'a',
	[role_operations] = 'p',
	[role_auditor] = 0, /* only reads */
	[role_system] = 'x',
};

const char *
machine_name(enum machine machine)
{
	return (unsigned)machine < MACHINES ? MACHINE_NAMES[machine] : NULL;
}

const struct state *
state_all(void)
{
	return STATES;
}

const struct move *
move_all(void)
{
	return MOVES;
}

const struct state *
state_find(enum machine machine, struct text name)
{
	for (const struct state *state = STATES; state->name != NULL; state++)
		if (state->machine == machine && text_is(name, state->name))
			return state;
	return NULL;
}

bool
action_exists(enum machine machine, struct text action)
{
	for (const struct move *move = MOVES; move->action != NULL; move++)
		if (move->machine == machine && text_is(action, move->action))
			return true;
	return false;
}

const struct move *
move_find(enum machine machine, struct text action, struct text from)
{
	for (const struct move *move = MOVES; move->action != NULL; move++)
		if (move->machine == machine && text_is(action, move->action) &&
		    text_is(from, move->from))
			return move;
	return NULL;
}

bool
move_is_allowed(const struct move *move, enum role role)
{
	char letter = (unsigned)role < sizeof LETTERS ? LETTERS[role] : 0;

	return letter != 0 && strchr(move->who, letter) != NULL;
}
