/* SPDX-License-Identifier: Apache-2.0
 * Every answer to a referral: each action of states.def in each state by each role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

/* ---- what a move must have done ---- */

struct snapshot {
	char state[32], need_state[32], place[32];
	long version, available, held;
};

static struct snapshot
snapshot(void)
{
	struct snapshot s;

	(void)snprintf(s.state, sizeof s.state, "%s", field_of(the.id, "r1-1.state"));
	(void)snprintf(
	    s.need_state, sizeof s.need_state, "%s", field_of(the.id, "n1.state"));
	(void)snprintf(s.place, sizeof s.place, "%s", field_of(the.id, "r1-1.place"));
	s.version = strtol(field_of(the.id, "r1-1.version"), NULL, 10);
	s.available = strtol(redis_ask("HGET {c1}:place:service1 available"), NULL, 10);
	s.held = strtol(redis_ask("HGET {c1}:place:service1 held"), NULL, 10);
	return s;
}

static void
check_place_effect(const struct move *move, struct snapshot before, struct snapshot after)
{
	bool was_held = strcmp(before.place, "held") == 0;
	bool was_taken = before.place[0] != '\0' && !was_held;
	long held = before.held, available = before.available;
	const char *place = before.place;

	if (strcmp(move->place, "hold") == 0) {
		held++;
		place = "held";
	} else if (strcmp(move->place, "free") == 0) {
		held -= was_held;
		place = "";
	} else if (strcmp(move->place, "take") == 0) {
		held -= was_held;
		available -= was_held;
		place = "taken 1000";
	} else if (strcmp(move->place, "giveback") == 0) {
		available += was_taken;
		place = "";
	} else {
		assert_string_equal(move->place, "keep");
	}
	assert_int_equal(after.held, held);
	assert_int_equal(after.available, available);
	assert_string_equal(after.place, place);
}

static void
check_need_effect(const char *action, struct snapshot before, struct snapshot after)
{
	const struct move *move =
	    move_find(MACHINE_need, text_of(action), text_of(before.need_state));

	assert_string_equal(after.need_state, move ? move->to : before.need_state);
}

static void
check_moved(const struct move *move, enum role role)
{
	struct snapshot before = snapshot(), after;
	struct case_answer in = next_answer(move->action, role);
	bool is_close = strcmp(move->need, "close") == 0;
	const struct case_result *result;
	char *done, *again;

	in.version = (uint32_t)before.version;
	if (is_close)
		in.reason = reason_partly_helped;
	result = do_answer(&in);
	assert_int_equal(result->status, STATUS_OK);
	assert_text(result->state, move->to);
	assert_int_equal(result->version, before.version + 1);
	after = snapshot();
	assert_string_equal(after.state, move->to);
	assert_int_equal(after.version, before.version + 1);
	check_place_effect(move, before, after);
	check_need_effect(is_close ? "meet_partly" : move->need, before, after);
	assert_whole();

	done = redis_dump();
	result = do_answer(&in);
	assert_int_equal(result->status, STATUS_DUP);
	assert_text(result->state, move->to);
	assert_int_equal(result->version, before.version + 1);
	again = redis_dump();
	assert_string_equal(again, done);
	free(done);
	free(again);
}

static void
check_refused(const char *action, const char *from, enum role role)
{
	const struct move *move =
	    move_find(MACHINE_referral, text_of(action), text_of(from));
	struct case_answer in = next_answer(action, role);
	char *before = redis_dump();
	const struct case_result *result = do_answer(&in);

	assert_int_equal(
	    result->status, move != NULL ? STATUS_FORBIDDEN : STATUS_ILLEGAL_MOVE);
	assert_text(result->state, from);
	assert_unchanged(before);
}

/* Each name once, at its first line of the table. */
static bool
is_first(const struct move *move)
{
	for (const struct move *m = move_all(); m < move; m++)
		if (m->machine == MACHINE_referral &&
		    strcmp(m->action, move->action) == 0)
			return false;
	return move->machine == MACHINE_referral;
}

static void
try_action(const char *from, const char *action)
{
	const struct move *move =
	    move_find(MACHINE_referral, text_of(action), text_of(from));

	for (unsigned role = 1; role <= code_count(CODE_SET_role); role++) {
		if (move == NULL || !move_is_allowed(move, (enum role)role)) {
			check_refused(action, from, (enum role)role);
			continue;
		}
		check_moved(move, (enum role)role);
		new_referral_in(from);
	}
}

static void
every_action_in_every_state_by_every_role_does_what_the_table_says(void **state)
{
	unsigned states = 0;

	(void)state;
	for (const struct state *s = state_all(); s->name; s++) {
		if (s->machine != MACHINE_referral)
			continue;
		states++;
		new_referral_in(s->name);
		assert_string_equal(field_of(the.id, "r1-1.state"), s->name);
		if (strcmp(s->name, "proposed") != 0)
			assert_whole();
		for (const struct move *m = move_all(); m->action; m++)
			if (is_first(m))
				try_action(s->name, m->action);
		try_action(s->name, "dance");
		try_action(s->name, "offer");
	}
	assert_int_equal(states, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_action_in_every_state_by_every_role_does_what_the_table_says),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
