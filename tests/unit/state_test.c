/* SPDX-License-Identifier: Apache-2.0
 * The two life cycles: what the table must keep true, whatever it says. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "proto/state.h"

static const struct state *
find(enum machine machine, const char *name)
{
	return state_find(machine, text_of(name));
}

static void
states_and_moves_name_only_what_exists(void **unused)
{
	(void)unused;
	for (const struct move *move = move_all(); move->action != NULL; move++) {
		assert_non_null(find(move->machine, move->from));
		assert_non_null(find(move->machine, move->to));
		assert_true(action_exists(move->machine, text_of(move->action)));
		assert_in_range(
		    strlen(move->action), 1, 32); /* messages.def: answer.action */
	}
	for (const struct state *state = state_all(); state->name != NULL; state++) {
		assert_ptr_equal(
		    find(state->machine, state->name), state); /* named once */
		assert_in_range(strlen(state->name), 1, 32);   /* need_state.state */
		assert_true(strlen(state->about) > 0);
	}
	assert_null(find(MACHINE_need, "accepted"));
	assert_null(find(MACHINE_referral, "parked"));
	assert_null(find(MACHINE_referral, ""));
	assert_null(state_find(MACHINE_need, TEXT_ABSENT));
	assert_false(action_exists(MACHINE_referral, LITERAL("serve")));
	assert_false(action_exists(MACHINE_need, LITERAL("accept")));
	assert_false(action_exists(MACHINE_need, TEXT_ABSENT));
}

static void
every_move_says_what_happens_to_the_place_and_to_the_need(void **unused)
{
	(void)unused;
	for (const struct move *move = move_all(); move->action != NULL; move++) {
		assert_non_null(strstr(" keep hold take free giveback ", move->place));
		assert_true(strcmp(move->need, "none") == 0 ||
		            strcmp(move->need, "close") == 0 ||
		            action_exists(MACHINE_need, text_of(move->need)));
		if (move->machine == MACHINE_need) {
			assert_string_equal(move->place, "keep");
			assert_string_equal(move->need, "none");
		}
	}
}

static void
an_action_leads_from_a_state_to_one_state(void **unused)
{
	(void)unused;
	for (const struct move *one = move_all(); one->action != NULL; one++)
		for (const struct move *other = one + 1; other->action != NULL; other++)
			assert_false(one->machine == other->machine &&
			             strcmp(one->action, other->action) == 0 &&
			             strcmp(one->from, other->from) == 0);
}

/* How many moves of the table are this one. */
static unsigned
count(enum machine machine, const char *action, const char *from)
{
	unsigned found = 0;

	for (const struct move *move = move_all(); move->action != NULL; move++)
		found += move->machine == machine && strcmp(move->action, action) == 0 &&
		         strcmp(move->from, from) == 0;
	return found;
}

static void
a_move_is_found_exactly_where_the_table_holds_it(void **unused)
{
	unsigned found = 0, forbidden = 0;

	(void)unused;
	for (const struct state *state = state_all(); state->name != NULL; state++)
		for (const struct move *move = move_all(); move->action != NULL; move++) {
			const struct move *it = move_find(
			    state->machine, text_of(move->action), text_of(state->name));

			assert_int_equal(
			    it != NULL, count(state->machine, move->action, state->name));
			forbidden += it == NULL;
			if (it == NULL)
				continue;
			found++;
			assert_int_equal(it->machine, state->machine);
			assert_string_equal(it->action, move->action);
			assert_string_equal(it->from, state->name);
		}
	assert_true(found > 0 && forbidden > 0);
	assert_null(move_find(MACHINE_referral, LITERAL("accept"), LITERAL("declined")));
	assert_null(move_find(MACHINE_referral, TEXT_ABSENT, LITERAL("sent")));
	assert_null(move_find(MACHINE_referral, LITERAL("accept"), TEXT_ABSENT));
}

/* Whether some move leads into (or out of) the state. */
static bool
is_end(const struct state *state, bool into)
{
	for (const struct move *move = move_all(); move->action != NULL; move++)
		if (move->machine == state->machine &&
		    strcmp(into ? move->to : move->from, state->name) == 0)
			return true;
	return false;
}

static void
an_open_state_has_a_way_out_and_all_but_the_first_a_way_in(void **unused)
{
	(void)unused;
	for (const struct state *state = state_all(); state->name != NULL; state++) {
		bool is_first = strcmp(state->name, "received") == 0 ||
		                strcmp(state->name, "proposed") == 0;

		assert_int_equal(is_end(state, true), !is_first);
		if (state->is_open)
			assert_true(is_end(state, false));
	}
}

static void
only_a_person_leads_out_of_a_closed_state(void **unused)
{
	(void)unused;
	for (const struct move *move = move_all(); move->action != NULL; move++) {
		if (find(move->machine, move->from)->is_open)
			continue;
		assert_int_equal(move->machine, MACHINE_referral);
		assert_true(strcmp(move->action, "reopen") == 0 ||
		            strcmp(move->action, "confirm") == 0);
		assert_false(move_is_allowed(move, role_system));
	}
}

static void
a_role_may_make_the_moves_that_bear_its_letter(void **unused)
{
	static const char LETTERS[] = "-oscap-x"; /* by value of enum role */

	(void)unused;
	assert_int_equal(strlen(LETTERS), role_end);
	for (const struct move *move = move_all(); move->action != NULL; move++) {
		assert_int_equal(strspn(move->who, "oscapx"), strlen(move->who));
		assert_in_range(strlen(move->who), 1, 6);
		for (unsigned role = 0; role < role_end; role++)
			assert_int_equal(move_is_allowed(move, (enum role)role),
			    LETTERS[role] != '-' &&
			        strchr(move->who, LETTERS[role]) != NULL);
		assert_false(move_is_allowed(move, (enum role)role_end));
		assert_false(move_is_allowed(move, (enum role) - 1));
	}
}

static void
an_agency_answers_and_never_reopens(void **unused)
{
	const struct move *accept =
	    move_find(MACHINE_referral, LITERAL("accept"), LITERAL("sent"));
	const struct move *reopen =
	    move_find(MACHINE_referral, LITERAL("reopen"), LITERAL("declined"));

	(void)unused;
	assert_non_null(accept);
	assert_non_null(reopen);
	assert_string_equal(accept->to, "accepted");
	assert_string_equal(accept->place, "take");
	assert_true(move_is_allowed(accept, role_agency));
	assert_false(move_is_allowed(accept, role_auditor));
	assert_false(move_is_allowed(reopen, role_agency));
	assert_true(move_is_allowed(reopen, role_supervisor));
}

static void
the_machines_have_names(void **unused)
{
	(void)unused;
	assert_string_equal(machine_name(MACHINE_need), "need");
	assert_string_equal(machine_name(MACHINE_referral), "referral");
	assert_null(machine_name(MACHINES));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_and_moves_name_only_what_exists),
		cmocka_unit_test(
		    every_move_says_what_happens_to_the_place_and_to_the_need),
		cmocka_unit_test(an_action_leads_from_a_state_to_one_state),
		cmocka_unit_test(a_move_is_found_exactly_where_the_table_holds_it),
		cmocka_unit_test(
		    an_open_state_has_a_way_out_and_all_but_the_first_a_way_in),
		cmocka_unit_test(only_a_person_leads_out_of_a_closed_state),
		cmocka_unit_test(a_role_may_make_the_moves_that_bear_its_letter),
		cmocka_unit_test(an_agency_answers_and_never_reopens),
		cmocka_unit_test(the_machines_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
