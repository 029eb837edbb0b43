/* SPDX-License-Identifier: Apache-2.0
 * A referral in any state, brought there by legal moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

#define STATES_MAX 32

struct the the;

static unsigned commands;

/* Moves by which a state is first reached from queued, found by going through the table. */
static const struct move *
way_to(const char *wanted)
{
	const struct move *ways[STATES_MAX] = { NULL };
	const char *known[STATES_MAX] = { "queued" };
	unsigned count = 1;

	for (unsigned i = 0; i < count; i++)
		for (const struct move *m = move_all(); m->action; m++) {
			bool is_known = false;

			if (m->machine != MACHINE_referral ||
			    strcmp(m->from, known[i]) != 0)
				continue;
			for (unsigned k = 0; k < count; k++)
				is_known |= strcmp(known[k], m->to) == 0;
			if (is_known)
				continue;
			ways[count] = m;
			known[count++] = m->to;
		}
	for (unsigned i = 1; i < count; i++)
		if (strcmp(known[i], wanted) == 0)
			return ways[i];
	return NULL;
}

static enum role
role_of(const struct move *move)
{
	for (unsigned role = 1; role <= code_count(CODE_SET_role); role++)
		if (move_is_allowed(move, (enum role)role))
			return (enum role)role;
	fail_msg("nobody may %s", move->action);
	return role_absent;
}

struct case_answer
next_answer(const char *action, enum role role)
{
	static char command[24];
	struct case_answer in;

	(void)snprintf(command, sizeof command, "command%u", ++commands);
	in = usual_answer(the.referral, action, command);
	in.role = role;
	if (role == role_agency)
		in.agency = LITERAL("agency1");
	return in;
}

static void
walk_to(const char *wanted)
{
	const struct move *move = way_to(wanted);
	struct case_answer in;

	if (strcmp(wanted, "queued") == 0)
		return;
	assert_non_null(move);
	walk_to(move->from);
	in = next_answer(move->action, role_of(move));
	if (strcmp(move->action, "complete") == 0)
		in.reason = reason_helped;
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
}

/* No function leaves a referral proposed: one that is queued, made so by hand. */
static void
make_proposed(void)
{
	(void)kept_script(
	    "local case, referral = '{c1}:case:' .. string.sub(ARGV[1], 1, 26), ARGV[1]\n"
	    "case_put(case, 'r1-1.state', 'proposed')\n"
	    "for _, name in ipairs({ 'place', 'tell', 'next' }) do\n"
	    "  case_put(case, 'r1-1.' .. name, '')\n"
	    "end\n"
	    "redis.call('HINCRBY', '{c1}:place:service1', 'held', -1)\n"
	    "redis.call('ZREM', '{c1}:notify:ready:normal', referral)\n"
	    "redis.call('ZREM', '{c1}:clock:delayed', referral)\n"
	    "redis.call('HINCRBY', '{c1}:count', 'notify.left', 1)\n"
	    "redis.call('HINCRBY', '{c1}:count', 'clock.left', 1)\n",
	    the.referral);
}

void
new_referral_in(const char *wanted)
{
	redis_begin();
	new_case("one", urgency_normal, 1, the.id);
	id_need(text_of(the.id), 1, the.need);
	assert_string_equal(do_capacity("service1", "5", 1000), "ok");
	new_referral(the.id, the.referral);
	if (strcmp(wanted, "proposed") == 0)
		make_proposed();
	else
		walk_to(wanted);
}
