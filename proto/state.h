/* SPDX-License-Identifier: Apache-2.0
 * The two life cycles, need and referral: states and moves of states.def. */
#ifndef PROTO_STATE_H
#define PROTO_STATE_H

#include "proto/message.h"

enum machine { MACHINE_need, MACHINE_referral, MACHINES };

/* One state; `name` NULL ends a list. */
struct state {
	enum machine machine;
	const char *name;
	bool is_open; /* somebody must still act */
	const char *about;
};

/* One move; `action` NULL ends a list.  Columns as in states.def. */
struct move {
	enum machine machine;
	const char *action;
	const char *from;
	const char *to;
	const char *who;
	const char *place;
	const char *need;
	const char *about;
};

const char *machine_name(enum machine machine);
/* Every state and every move, in the order of states.def. */
const struct state *state_all(void);
const struct move *move_all(void);

/* The state of that name; NULL if the machine has none. */
const struct state *state_find(enum machine machine, struct text name);
/* Whether any move of the machine bears this action's name. */
bool action_exists(enum machine machine, struct text action);
/* The move that this action makes from this state; NULL: the life cycle forbids it. */
const struct move *move_find(enum machine machine, struct text action, struct text from);
/* Whether the role may make the move. */
bool move_is_allowed(const struct move *move, enum role role);

#endif
