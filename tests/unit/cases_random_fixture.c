/* SPDX-License-Identifier: Apache-2.0
 * Chooses and makes random calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_random_fixture.h"

#define CASES 100
#define SERVICES 3

uint32_t
random_below(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13; /* xorshift64 */
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)((*state >> 16) % below);
}

/* ---- choosing ---- */

static void
name_of(uint32_t number, char name[ID_ITEM_MAX])
{
	(void)snprintf(name, ID_ITEM_MAX, "case %u", number);
}

/* An open case, or now and then any that may be there. */
static void
choose_case(uint64_t *state, char id[ID_CASE_BYTES + 1])
{
	uint32_t open = (uint32_t)strtoul(redis_ask("ZCARD {c1}:open"), NULL, 10);
	char name[ID_ITEM_MAX];

	if (open > 0 && random_below(state, 4) > 0) {
		open = random_below(state, open);
		(void)text_copy(text_of(redis_ask("ZRANGE {c1}:open %u %u", open, open)),
		    id, ID_CASE_BYTES + 1);
		return;
	}
	name_of(random_below(state, CASES), name);
	id_case(LITERAL("operator1"), text_of(name), id);
}

static uint32_t
number_of(const char *id, unsigned need, unsigned attempt, const char *field)
{
	char name[64];

	if (attempt > 0)
		(void)snprintf(name, sizeof name, "r%u-%u.%s", need, attempt, field);
	else
		(void)snprintf(name, sizeof name, "n%u.%s", need, field);
	return (uint32_t)strtoul(field_of(id, name), NULL, 10);
}

/* A need and its last referral, or one before it. */
static void
choose_item(
    uint64_t *state, char id[ID_CASE_BYTES + 1], unsigned *need, unsigned *attempt)
{
	unsigned needs, referrals;

	choose_case(state, id);
	needs = (unsigned)strtoul(field_of(id, "needs"), NULL, 10);
	*need = 1 + random_below(state, needs > 0 ? needs : 1);
	referrals = number_of(id, *need, 0, "referrals");
	*attempt = referrals > 0 ? referrals : 1;
	if (*attempt > 1 && random_below(state, 8) == 0)
		*attempt -= 1;
}

static void
choose_set(uint64_t *state, char set[ID_ITEM_MAX])
{
	(void)snprintf(set, ID_ITEM_MAX, "%s:%s",
	    code_word(CODE_SET_stage, 1 + random_below(state, 3)),
	    random_below(state, 2) ? "delayed" : "leased");
}

static void
choose_referral(uint64_t *state, struct random_call *call)
{
	static const char *const TOLD[] = { "offer", "remind", "recall" };
	char id[ID_CASE_BYTES + 1], field[32];
	unsigned need, attempt;
	const char *tell;

	choose_item(state, id, &need, &attempt);
	(void)snprintf(call->item, sizeof call->item, "%s-%u-%u", id, need, attempt);
	if (call->kind == RANDOM_TOLD) {
		call->version = number_of(id, need, attempt, "told");
		(void)snprintf(field, sizeof field, "r%u-%u.tell", need, attempt);
		tell = field_of(id, field);
		(void)snprintf(call->word, sizeof call->word, "%.*s",
		    (int)strcspn(tell, ","),
		    random_below(state, 9) ? tell : TOLD[random_below(state, 3)]);
	} else if (call->kind == RANDOM_CLOCK) {
		call->version = number_of(id, need, attempt, "step");
		(void)snprintf(field, sizeof field, "r%u-%u.next", need, attempt);
		(void)snprintf(call->word, sizeof call->word, "%s", field_of(id, field));
	} else {
		call->version = random_below(state, 2)
		                    ? UINT_ABSENT
		                    : number_of(id, need, attempt, "version");
	}
	if (call->version != UINT_ABSENT && call->version > 0 &&
	    random_below(state, 10) == 0)
		call->version--;
}

/* Any action, but every second time one that the life cycle allows now. */
static void
choose_action(uint64_t *state, struct random_call *call)
{
	const struct move *legal[32] = { NULL }, *all = move_all(), *move;
	unsigned count = 0, moves = 0, need, attempt;
	char field[32];
	struct text id;

	choose_referral(state, call);
	(void)id_split(text_of(call->item), &id, &need, &attempt);
	(void)snprintf(field, sizeof field, "r%u-%u.state", need, attempt);
	call->item[ID_CASE_BYTES] = '\0';
	(void)snprintf(call->word, sizeof call->word, "%s", field_of(call->item, field));
	call->item[ID_CASE_BYTES] = '-';
	for (const struct move *m = all; m->action; m++, moves++)
		if (m->machine == MACHINE_referral && count < 32 &&
		    strcmp(m->from, call->word) == 0)
			legal[count++] = m;
	if (count == 0 || random_below(state, 8) == 0)
		legal[0] = &all[random_below(state, moves)], count = 1;
	move = legal[random_below(state, count)];
	/* of two the one that does not end it, so that much happens to it */
	if (move->machine == MACHINE_referral &&
	    !state_find(MACHINE_referral, text_of(move->to))->is_open)
		move = legal[random_below(state, count)];
	(void)snprintf(call->word, sizeof call->word, "%s", move->action);
	call->a = 1 + random_below(state, code_count(CODE_SET_role));
	for (int tries = 0; tries < 20 && !move_is_allowed(move, (enum role)call->a);
	     tries++)
		call->a = 1 + random_below(state, code_count(CODE_SET_role));
	call->b = random_below(state, code_count(CODE_SET_reason) + 1);
	if (strcmp(call->word, "complete") == 0)
		call->b = reason_helped + random_below(state, 3);
}

static void
choose_leased(uint64_t *state, struct random_call *call)
{
	char id[ID_CASE_BYTES + 1];
	unsigned need, attempt;

	call->stage = (enum stage)(1 + random_below(state, 3));
	choose_item(state, id, &need, &attempt);
	if (call->stage == stage_match)
		attempt = 0;
	(void)snprintf(call->item, sizeof call->item, attempt ? "%s-%u-%u" : "%s-%u", id,
	    need, attempt);
	call->version =
	    number_of(id, need, attempt, code_word(CODE_SET_stage, call->stage));
	if (call->version > 0 && random_below(state, 8) == 0)
		call->version--;
	(void)snprintf(call->word, sizeof call->word, "%s",
	    random_below(state, 2) ? "replay" : "drop");
}

struct random_call
random_next(uint64_t *state)
{
	static const uint8_t WEIGHTS[RANDOM_KINDS] = { [RANDOM_ACCEPT] = 6,
		[RANDOM_CLAIM] = 8,
		[RANDOM_OFFER] = 22,
		[RANDOM_TOLD] = 12,
		[RANDOM_CLOCK] = 8,
		[RANDOM_ANSWER] = 26,
		[RANDOM_WITHDRAW] = 1,
		[RANDOM_AMEND] = 4,
		[RANDOM_NACK] = 8,
		[RANDOM_REAP] = 3,
		[RANDOM_EXTEND] = 2,
		[RANDOM_CAPACITY] = 4,
		[RANDOM_DUE] = 4,
		[RANDOM_DEAD] = 3,
		[RANDOM_CHANNEL] = 2 };
	struct random_call call = { .kind = RANDOM_ACCEPT };
	uint32_t rest = random_below(state, 113);
	char id[ID_CASE_BYTES + 1];
	unsigned need, attempt;

	while (rest >= WEIGHTS[call.kind])
		rest -= WEIGHTS[call.kind++];
	call.command = random_below(state, 1000000);
	call.a = random_below(state, 1000000);
	call.b = random_below(state, 1000000);
	call.stage = (enum stage)(1 + random_below(state, 3));
	if (call.kind == RANDOM_ACCEPT) {
		name_of(random_below(state, CASES), call.item);
	} else if (call.kind == RANDOM_OFFER) {
		choose_item(state, id, &need, &attempt);
		(void)snprintf(call.item, sizeof call.item, "%s-%u", id, need);
		call.version = number_of(id, need, 0, "version");
		call.version -= call.version > 1 && random_below(state, 10) == 0;
	} else if (call.kind == RANDOM_TOLD || call.kind == RANDOM_CLOCK) {
		choose_referral(state, &call);
	} else if (call.kind == RANDOM_ANSWER) {
		choose_action(state, &call);
	} else if (call.kind == RANDOM_WITHDRAW || call.kind == RANDOM_AMEND) {
		choose_case(state, call.item);
		call.version =
		    (uint32_t)strtoul(field_of(call.item, "version"), NULL, 10);
		call.version -= call.version > 1 && random_below(state, 8) == 0;
	} else if (call.kind == RANDOM_NACK || call.kind == RANDOM_EXTEND ||
	           call.kind == RANDOM_DEAD) {
		choose_leased(state, &call);
	} else if (call.kind == RANDOM_CAPACITY) {
		(void)snprintf(call.item, sizeof call.item, "service%u", 1 + call.a % 3);
		call.version =
		    random_below(state, 100) +
		    (uint32_t)strtoul(
		        redis_ask("HGET {c1}:place:%s reported_at", call.item), NULL, 10);
	} else if (call.kind == RANDOM_DUE) {
		choose_set(state, call.item);
	} else if (call.kind == RANDOM_CHANNEL) {
		(void)snprintf(call.item, sizeof call.item, "agency%u", 1 + call.a % 3);
	}
	return call;
}

/* ---- making ---- */

static void
make_offer(const struct random_call *call)
{
	char commit[80];
	struct case_offer in;
	unsigned from = call->a % SERVICES;

	/* As the matcher does; sometimes two workers decide alike, sometimes not. */
	(void)snprintf(commit, sizeof commit, "%s:%u", call->item, call->version);
	in = usual_offer(call->item, call->version, commit, SERVICES - from);
	in.candidates += from;
	in.candidates_count = call->b % (SERVICES - from + 1);
	in.reason = call->a % 2 ? reason_no_service : reason_all_tried;
	in.lease_ms = call->b % 3 ? 0 : LEASE_MS;
	in.offers_most = 1 + call->command % SERVICES;
	(void)do_offer(&in);
}

static void
make_answer(const struct random_call *call)
{
	char command[24], agency[24] = "";
	struct case_answer in;

	(void)snprintf(command, sizeof command, "c%u", call->command);
	in = usual_answer(call->item, call->word, command);
	in.version = call->version;
	in.role = (enum role)call->a;
	in.reason = (enum reason)call->b;
	in.lease_ms = call->command % 3 ? 0 : LEASE_MS;
	for (unsigned i = 1; i <= SERVICES && in.role == role_agency; i++)
		if (call->command % 8 != 0) {
			(void)snprintf(agency, sizeof agency, "agency%u", i);
			in.agency = text_of(agency);
			if (do_answer(&in)->status != STATUS_ABSENT)
				return;
		}
	(void)do_answer(&in);
}

static void
make_change(const struct random_call *call)
{
	static const struct text TERMS[] = { { "care", 4 }, { "law", 3 } };
	char command[24];

	(void)snprintf(command, sizeof command, "c%u", call->command);
	if (call->kind == RANDOM_WITHDRAW) {
		struct case_withdraw in = usual_withdraw(call->item, command);

		in.version = call->a % 2 ? UINT_ABSENT : call->version;
		in.need = call->b % 4;
		in.reason = (enum reason)(
		    call->a % 2 ? reason_not_helped + call->b % 4 : reason_absent);
		(void)do_withdraw(&in);
	} else {
		struct case_amend in = usual_amend(call->item, call->version, command);

		in.urgency = (enum urgency)(call->a % 4);
		in.phone = call->b % 3 ? in.phone : LITERAL("100000000000003");
		in.where = call->b % 5 ? in.where : TEXT_ABSENT;
		in.terms = TERMS;
		in.terms_count = call->b % 7 == 0 ? 1 + call->a % 2 : 0;
		(void)do_amend(&in);
	}
}

static void
make_nack(const struct random_call *call)
{
	struct case_nack in = usual_nack(call->stage, call->item, call->version);

	in.kind = (enum nack_kind)(call->a % 16 == 0 ? NACK_DEAD : call->a % 3);
	in.delay_ms = call->b % 2 ? 0 : 100000;
	(void)do_nack(&in);
}

void
random_make(const struct random_call *call)
{
	if (call->kind == RANDOM_ACCEPT) {
		struct case_accept in =
		    usual_accept(call->item, (enum urgency)(1 + call->item[5] % 3),
		        1 + (unsigned)strlen(call->item) % 3);

		in.handoff_count = call->a % 3;
		(void)do_accept(&in);
	} else if (call->kind == RANDOM_CLAIM) {
		(void)do_claim(call->stage, 1 + call->a % 8, call->b % 4 ? LEASE_MS : 0);
	} else if (call->kind == RANDOM_OFFER) {
		make_offer(call);
	} else if (call->kind == RANDOM_TOLD) {
		(void)do_told(call->item, call->version, call->word, call->a % 2);
	} else if (call->kind == RANDOM_CLOCK) {
		(void)do_clock(call->item, call->version, call->word,
		    call->a % 2 ? "escalate" : "expire", call->b);
	} else if (call->kind == RANDOM_ANSWER) {
		make_answer(call);
	} else if (call->kind == RANDOM_WITHDRAW || call->kind == RANDOM_AMEND) {
		make_change(call);
	} else if (call->kind == RANDOM_NACK) {
		make_nack(call);
	} else if (call->kind == RANDOM_REAP) {
		(void)do_reap(1 + call->a % 9);
	} else if (call->kind == RANDOM_EXTEND) {
		(void)do_extend(call->stage, call->item, call->version, LEASE_MS);
	} else if (call->kind == RANDOM_CAPACITY) {
		char figure[24];

		(void)snprintf(figure, sizeof figure, "%u", call->b % 3 * (call->b % 11));
		(void)do_capacity(call->item, call->b % 7 ? figure : "", call->version);
	} else if (call->kind == RANDOM_DUE) {
		make_due(call->item);
	} else if (call->kind == RANDOM_CHANNEL) {
		(void)redis_ask("HSET {c1}:channel %s %s", call->item,
		    call->b % 2 ? "inbox" : "webhook");
	} else {
		(void)do_dead(call->stage, call->item, call->word);
	}
}

void
random_print(const struct random_call *call)
{
	static const char *const NAMES[RANDOM_KINDS] = { "accept", "claim", "offer",
		"told", "clock", "answer", "withdraw", "amend", "nack", "reap", "extend",
		"capacity", "due", "dead", "channel" };

	print_message("  %s %s %s version %u command %u stage %u a %u b %u\n",
	    NAMES[call->kind], call->item, call->word, call->version, call->command,
	    call->stage, call->a, call->b);
}
