/* SPDX-License-Identifier: Apache-2.0
 * Calls on cases, waited for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

struct claimed claimed[CLAIMED_MAX];

/* ---- results ---- */

static struct came {
	unsigned times;
	struct case_result result;
	char texts[4][64], states[CASE_NEEDS_MAX][32];
	char referrals[CASE_OFFERS_MAX][ID_ITEM_MAX];
	struct claimed work;
	unsigned claimed;
} came;

static struct text
keep(struct text text, char *buffer, size_t size)
{
	if (text.at == NULL)
		return TEXT_ABSENT;
	(void)text_copy(text, buffer, size);
	return text_of(buffer);
}
#define KEEP(text, buffer) keep(text, buffer, sizeof(buffer))

static void
keep_work(const struct work *from, struct claimed *to)
{
	to->work = *from;
	to->work.item = KEEP(from->item, to->item);
	to->work.purpose = KEEP(from->purpose, to->purpose);
	to->work.state = KEEP(from->state, to->state);
	to->work.term = KEEP(from->term, to->term);
	to->work.service = KEEP(from->service, to->service);
	to->work.agency = KEEP(from->agency, to->agency);
	to->work.routing = KEEP(from->routing, to->routing);
	for (uint32_t i = 0; i < from->tried_count && i < 8; i++)
		to->work.tried[i] = KEEP(from->tried[i], to->tried[i]);
	for (uint32_t i = 0; i < from->beside_count && i < 8; i++)
		to->work.beside[i] = KEEP(from->beside[i], to->beside[i]);
}

static void
on_done(void *ctx, const struct case_result *result)
{
	(void)ctx;
	came.times++;
	came.result = *result;
	came.result.state = KEEP(result->state, came.texts[0]);
	for (uint32_t i = 0; i < result->offered_count; i++)
		came.result.offered[i].referral =
		    KEEP(result->offered[i].referral, came.referrals[i]);
	came.result.cursor = KEEP(result->cursor, came.texts[2]);
	for (uint32_t i = 0; i < result->states_count; i++)
		came.result.states[i] = KEEP(result->states[i], came.states[i]);
	if (result->work != NULL) {
		keep_work(result->work, &came.work);
		came.result.work = &came.work.work;
	}
}

/* The call was accepted; waits for what came of it, exactly once. */
static const struct case_result *
wait_done(enum status status)
{
	assert_int_equal(status, STATUS_OK);
	fixture_wait(&came.times);
	assert_int_equal(came.times, 1);
	return &came.result;
}
#define DO(call) (came = (struct came){ 0 }, wait_done(call))

/* ---- intake ---- */

struct case_accept
usual_accept(const char *name, enum urgency urgency, unsigned needs)
{
	static const struct text TERMS[CASE_NEEDS_MAX] = { { "food", 4 },
		{ "shelter", 7 }, { "care", 4 }, { "law", 3 }, { "e", 1 }, { "f", 1 },
		{ "g", 1 }, { "h", 1 }, { "i", 1 }, { "j", 1 }, { "k", 1 }, { "l", 1 },
		{ "m", 1 }, { "n", 1 }, { "o", 1 }, { "p", 1 } };
	static char id[ID_CASE_BYTES + 1];

	id_case(LITERAL("operator1"), text_of(name), id);
	return (struct case_accept){ .case_id = text_of(id),
		.digest = text_of(name),
		.by = LITERAL("operator1"),
		.role = role_operator,
		.urgency = urgency,
		.key = LITERAL("sealed key"),
		.identity = LITERAL("sealed identity"),
		.routing = LITERAL("sealed routing"),
		.phone = LITERAL("100000000000001"),
		.where = LITERAL("100000000000002"),
		.lease_ms = LEASE_MS,
		.ready_most = 1000000,
		.terms = TERMS,
		.terms_count = needs };
}

const struct case_result *
do_accept(const struct case_accept *in)
{
	return DO(cases_accept(fixture.cases, in, on_done, NULL));
}

void
new_case(
    const char *name, enum urgency urgency, unsigned needs, char id[ID_CASE_BYTES + 1])
{
	struct case_accept in = usual_accept(name, urgency, needs);

	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	(void)text_copy(in.case_id, id, ID_CASE_BYTES + 1);
}

struct case_answer
usual_answer(const char *referral, const char *action, const char *command)
{
	return (struct case_answer){ .referral = text_of(referral),
		.action = text_of(action),
		.version = UINT_ABSENT,
		.command_id = text_of(command),
		.by = LITERAL("operator1"),
		.role = role_operator };
}

const struct case_result *
do_answer(const struct case_answer *in)
{
	return DO(cases_answer(fixture.cases, in, on_done, NULL));
}

struct case_withdraw
usual_withdraw(const char *case_id, const char *command)
{
	return (struct case_withdraw){ .case_id = text_of(case_id),
		.version = UINT_ABSENT,
		.command_id = text_of(command),
		.by = LITERAL("operator1"),
		.role = role_operator,
		.reason = reason_withdrawn };
}

const struct case_result *
do_withdraw(const struct case_withdraw *in)
{
	return DO(cases_withdraw(fixture.cases, in, on_done, NULL));
}

struct case_amend
usual_amend(const char *case_id, uint32_t version, const char *command)
{
	return (struct case_amend){ .case_id = text_of(case_id),
		.version = version,
		.command_id = text_of(command),
		.by = LITERAL("operator1"),
		.role = role_operator,
		.identity = LITERAL("sealed anew"),
		.routing = LITERAL("routing anew"),
		.phone = LITERAL("100000000000001"),
		.where = LITERAL("100000000000002") };
}

const struct case_result *
do_amend(const struct case_amend *in)
{
	return DO(cases_amend(fixture.cases, in, on_done, NULL));
}

/* ---- workers ---- */

static void
on_work(void *ctx, const struct work *work)
{
	(void)ctx;
	if (came.claimed < CLAIMED_MAX)
		keep_work(work, &claimed[came.claimed++]);
}

unsigned
do_claim(enum stage stage, unsigned most, int64_t lease_ms)
{
	const struct case_result *result =
	    DO(cases_claim(fixture.cases, stage, most, lease_ms, on_work, on_done, NULL));

	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->count, came.claimed);
	return came.claimed;
}

const struct case_result *
do_extend(enum stage stage, const char *item, uint32_t attempt, int64_t lease_ms)
{
	struct case_lease lease = { .attempt = attempt };

	(void)text_copy(text_of(item), lease.item, sizeof lease.item);
	return DO(cases_extend(fixture.cases, stage, lease_ms, &lease, 1, on_done, NULL));
}

const struct case_result *
do_extend_all(enum stage stage, const struct case_lease *leases, unsigned count)
{
	return DO(
	    cases_extend(fixture.cases, stage, LEASE_MS, leases, count, on_done, NULL));
}

struct case_nack
usual_nack(enum stage stage, const char *item, uint32_t attempt)
{
	return (struct case_nack){ .stage = stage,
		.item = text_of(item),
		.attempt = attempt,
		.kind = NACK_FAILURE,
		.failures_most = 8,
		.why = LITERAL("test") };
}

const struct case_result *
do_nack(const struct case_nack *in)
{
	return DO(cases_nack(fixture.cases, in, on_done, NULL));
}

const struct case_result *
do_crash(enum stage stage, const char *item, uint32_t attempt, const char *death)
{
	const struct case_crash in = { .stage = stage,
		.item = text_of(item),
		.attempt = attempt,
		.crashes_most = 4,
		.by = LITERAL("matcher.1"),
		.death = text_of(death) };

	return DO(cases_crash(fixture.cases, &in, on_done, NULL));
}

const struct case_result *
do_reap(unsigned most)
{
	return DO(cases_reap(fixture.cases, most, on_done, NULL));
}

struct case_offer
usual_offer(const char *need, uint32_t version, const char *commit, unsigned count)
{
	static const struct case_candidate CANDIDATES[] = {
		{ { "service1", 8 }, { "agency1", 7 }, { "why1", 4 }, NAN, { NULL, 0 } },
		{ { "service2", 8 }, { "agency2", 7 }, { "why2", 4 }, NAN, { NULL, 0 } },
		{ { "service3", 8 }, { "agency3", 7 }, { "why3", 4 }, NAN, { NULL, 0 } },
	};

	return (struct case_offer){ .need = text_of(need),
		.version = version,
		.commit_id = text_of(commit),
		.by = LITERAL("matcher.1"),
		.reason = reason_no_service,
		.look_ms = 60000,
		.expires_ms = 7200000,
		.first_ms = 900000,
		.first_purpose = LITERAL("remind"),
		.candidates = CANDIDATES,
		.candidates_count = count,
		.offers_most = 1 };
}

const struct case_result *
do_offer(const struct case_offer *in)
{
	return DO(cases_offer(fixture.cases, in, on_done, NULL));
}

void
new_referral(const char *case_id, char referral[ID_ITEM_MAX])
{
	struct case_offer in;
	char need[ID_ITEM_MAX], commit[ID_ITEM_MAX + 8];

	id_need(text_of(case_id), 1, need);
	(void)snprintf(commit, sizeof commit, "%s:1", need);
	in = usual_offer(need, 1, commit, 1);
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	assert_true(text_copy(came.result.offered[0].referral, referral, ID_ITEM_MAX));
}

const struct case_result *
do_told(const char *referral, uint32_t version, const char *purpose, bool is_delivered)
{
	struct work work = { .version = version };

	work.item = text_of(referral);
	work.purpose = text_of(purpose);
	return DO(cases_told(fixture.cases, &work, "inbox", is_delivered,
	    LITERAL("notifier.1"), on_done, NULL));
}

const struct case_result *
do_clock(const char *referral, uint32_t step, const char *purpose, const char *next,
    int64_t next_ms)
{
	struct work work = { .version = step };
	const struct case_clock in = { .work = &work,
		.next_purpose = text_of(next),
		.next_ms = next_ms,
		.by = LITERAL("notifier.1") };

	work.item = text_of(referral);
	work.purpose = text_of(purpose);
	return DO(cases_clock(fixture.cases, &in, on_done, NULL));
}

const struct case_result *
do_dead(enum stage stage, const char *item, const char *action)
{
	return DO(cases_dead(fixture.cases, stage, text_of(item), action,
	    LITERAL("keeper"), on_done, NULL));
}

const char *
do_capacity(const char *service, const char *available, int64_t reported_at)
{
	return redis_ask("FCALL hl_capacity 1 {c1} %s %s 10 %lld", service, available,
	    (long long)reported_at);
}
