/* SPDX-License-Identifier: Apache-2.0
 * A need is offered to a service, or parked. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/cases_fixture.h"

static char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];

static int
one_case(void **state)
{
	(void)cases_fixture_empty(state);
	new_case("one", urgency_urgent, 1, id);
	id_need(text_of(id), 1, need);
	return 0;
}

static const char *
place_of(const char *service, const char *field)
{
	return redis_ask("HGET {c1}:place:%s %s", service, field);
}

/* Claims the need and parks it for that reason. */
static const struct case_result *
park(enum reason reason, const char *commit)
{
	struct case_offer in;

	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	in = usual_offer(need, claimed[0].work.version, commit, 0);
	in.reason = reason;
	return do_offer(&in);
}

/* ---- offered ---- */

static void
an_offer_reserves_a_place_and_starts_telling_and_clock(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 2);
	const struct case_result *result;
	char referral[ID_ITEM_MAX];
	long long at;

	(void)state;
	assert_string_equal(do_capacity("service1", "1", 1000), "ok");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	result = do_offer(&in);
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->offered[0].position, 0);
	assert_false(result->offered[0].is_told);
	id_referral(text_of(need), 1, referral);
	assert_text(result->offered[0].referral, referral);
	assert_string_equal(field_of(id, "n1.state"), "offered");
	assert_string_equal(field_of(id, "n1.version"), "2");
	assert_string_equal(field_of(id, "n1.referrals"), "1");
	assert_string_equal(field_of(id, "n1.match"), "1");
	assert_string_equal(field_of(id, "r1-1.state"), "queued");
	assert_string_equal(field_of(id, "r1-1.version"), "1");
	assert_string_equal(field_of(id, "r1-1.service"), "service1");
	assert_string_equal(field_of(id, "r1-1.agency"), "agency1");
	assert_string_equal(field_of(id, "r1-1.why"), "why1");
	assert_string_equal(field_of(id, "r1-1.place"), "held");
	assert_string_equal(field_of(id, "r1-1.tell"), "offer");
	assert_string_equal(field_of(id, "r1-1.next"), "remind");
	assert_string_equal(field_of(id, "open"), "2");
	at = strtoll(field_of(id, "r1-1.offered_at"), NULL, 10);
	assert_int_equal(
	    strtoll(field_of(id, "r1-1.expires_at"), NULL, 10), at + in.expires_ms);
	at += strtoll(field_of(id, "at"), NULL, 10);
	assert_string_equal(place_of("service1", "held"), "1");
	assert_string_equal(place_of("service1", "available"), "1");
	assert_string_equal(where_is("match", need), "");
	assert_string_equal(where_is("notify", referral), "ready:urgent");
	assert_string_equal(where_is("clock", referral), "delayed");
	assert_int_equal(
	    strtoll(redis_ask("ZSCORE {c1}:clock:delayed %s", referral), NULL, 10),
	    at + in.first_ms);
	assert_int_equal(
	    strtoll(redis_ask("ZSCORE {c1}:inbox:agency1 %s", referral), NULL, 10), at);
	assert_whole();
}

static void
a_telling_is_leased_at_once_where_the_notifier_has_room(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	char referral[ID_ITEM_MAX];

	(void)state;
	in.lease_ms = LEASE_MS;
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	id_referral(text_of(need), 1, referral);
	assert_string_equal(where_is("notify", referral), "leased");
	assert_string_equal(field_of(id, "r1-1.notify"), "1 0 0");
	assert_int_equal(do_extend(stage_notify, referral, 1, LEASE_MS)->count, 1);
	assert_whole();
}

static void
look_at_the_offer(const struct case_record *record)
{
	const struct case_view *view = &record->view;

	assert_int_equal(
	    view->timeline_count, 3); /* the offer, and what it did to its need */
	assert_text(view->timeline[1].action, "offer");
	assert_null(view->timeline[1].from.at);
	assert_text(view->timeline[1].to, "sent");
	assert_text(view->timeline[2].to, "offered");
	assert_text(view->referrals[0].state, "sent");
	assert_int_equal(view->referrals[0].version, 1);
}

static void
without_a_webhook_the_inbox_has_told_the_agency_with_the_offer(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	const struct case_result *result;
	char referral[ID_ITEM_MAX];

	(void)state;
	inbox_alone("agency1");
	in.lease_ms = LEASE_MS;
	result = do_offer(&in);
	assert_int_equal(result->status, STATUS_OK);
	assert_true(result->offered[0].is_told);
	id_referral(text_of(need), 1, referral);
	assert_text(result->offered[0].referral, referral);
	assert_string_equal(field_of(id, "r1-1.told"), "1");
	assert_string_equal(field_of(id, "r1-1.tell"), "");
	assert_string_equal(field_of(id, "r1-1.place"), "held");
	assert_string_equal(where_is("notify", referral), "");
	assert_string_equal(where_is("clock", referral), "delayed");
	assert_string_equal(redis_ask("ZRANGE {c1}:inbox:agency1 0 -1"), referral);
	assert_int_equal(do_queues()->stages[1].entered, 0);
	assert_int_equal(do_get(id, 20, look_at_the_offer), STATUS_OK);
	assert_whole();
}

static void
an_offer_that_was_told_with_itself_is_made_and_told_once(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	char referral[ID_ITEM_MAX], *before;

	(void)state;
	inbox_alone("agency1");
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	id_referral(text_of(need), 1, referral);
	before = redis_dump();
	assert_int_equal(do_offer(&in)->status, STATUS_DUP);
	assert_int_equal(do_told(referral, 0, "offer", false)->status, STATUS_DUP);
	assert_unchanged(before);
}

static void
what_is_set_as_a_channel_and_is_no_webhook_is_the_inbox(void **state)
{
	static const struct {
		const char *channel;
		bool is_told;
	} CHANNELS[] = { { "inbox ", true }, { "inbox", true }, { "", true },
		{ "webhooks https://a.example/", true }, { "webhook", false },
		{ "webhook https://a.example/", false } };

	(void)state;
	for (unsigned i = 0; i < sizeof CHANNELS / sizeof *CHANNELS; i++) {
		const struct text set[] = { LITERAL("HSET"), LITERAL("{c1}:channel"),
			LITERAL("agency1"), text_of(CHANNELS[i].channel) };
		char name[8], other[ID_CASE_BYTES + 1], item[ID_ITEM_MAX];
		struct case_offer in;

		(void)redis_send(4, set);
		(void)snprintf(name, sizeof name, "h%u", i);
		new_case(name, urgency_normal, 1, other);
		id_need(text_of(other), 1, item);
		in = usual_offer(item, 1, name, 1);
		assert_int_equal(do_offer(&in)->offered[0].is_told, CHANNELS[i].is_told);
		assert_string_equal(field_of(other, "r1-1.state"),
		    CHANNELS[i].is_told ? "sent" : "queued");
		assert_whole();
	}
}

static void
the_channel_that_counts_is_that_of_the_agency_that_gets_the_offer(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 2);

	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	inbox_alone("agency2");
	assert_true(do_offer(&in)->offered[0].is_told);
	assert_string_equal(field_of(id, "r1-1.agency"), "agency2");
	assert_whole();
}

static void
what_a_packed_record_lacks_at_its_end_is_absent(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);

	(void)state;
	redis_script("local key = '{c1}:case:' .. ARGV[1]\n"
	             "local need = redis.call('HGET', key, 'n1')\n"
	             "need = string.match(need, '^%Z*%z%Z*%z%Z*')\n"
	             "redis.call('HSET', key, 'n1', need)",
	    id);
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "offered");
	assert_string_equal(field_of(id, "n1.referrals"), "1");
	assert_whole();
}

static void
the_first_candidate_with_a_free_place_gets_it(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 3);
	const struct case_result *result;

	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	result = do_offer(&in);
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->offered[0].position, 1);
	assert_string_equal(field_of(id, "r1-1.service"), "service2");
	assert_string_equal(field_of(id, "r1-1.agency"), "agency2");
	assert_string_equal(field_of(id, "r1-1.why"), "why2");
	assert_string_equal(place_of("service1", "held"), "");
	assert_string_equal(place_of("service3", "held"), "");
	assert_whole();
}

static void
a_report_that_is_too_old_refuses_nobody(void **state)
{
	static const struct case_candidate OLD[] = {
		{ { "service1", 8 }, { "agency1", 7 }, { "why1", 4 }, 0.5, { NULL, 0 } },
		{ { "service2", 8 }, { "agency2", 7 }, { "why2", 4 }, NAN, { NULL, 0 } },
	};
	struct case_offer in = usual_offer(need, 1, "c1", 2);
	int64_t now_ms = clock_wall_ms();
	char other[ID_CASE_BYTES + 1], second[ID_ITEM_MAX];

	(void)state;
	in.candidates = OLD;
	assert_string_equal(do_capacity("service1", "0", now_ms - 1795000), "ok");
	assert_string_equal(do_capacity("service2", "0", 1000), "ok");
	assert_int_equal(do_offer(&in)->offered_count, 0);
	redis_ask(
	    "HSET {c1}:place:service1 reported_at %lld", (long long)now_ms - 1801000);
	new_case("two", urgency_urgent, 1, other);
	id_need(text_of(other), 1, second);
	in.need = text_of(second);
	in.commit_id = LITERAL("c2");
	assert_int_equal(do_offer(&in)->offered_count, 1);
	assert_string_equal(place_of("service1", "held"), "1");
	assert_string_equal(place_of("service1", "available"), "0");
	assert_string_equal(place_of("service2", "held"), "");
	assert_whole();
}

static void
the_last_place_is_given_once(void **state)
{
	char other[ID_CASE_BYTES + 1], second[ID_ITEM_MAX];
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	const struct case_result *result;

	(void)state;
	assert_string_equal(do_capacity("service1", "1", 1000), "ok");
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	new_case("two", urgency_urgent, 1, other);
	id_need(text_of(other), 1, second);
	in = usual_offer(second, 1, "c2", 1);
	result = do_offer(&in);
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->offered_count, 0);
	assert_int_equal(result->reason, reason_no_capacity);
	assert_string_equal(redis_ask("SISMEMBER {c1}:waiting:service1 %s", second), "1");
	assert_string_equal(place_of("service1", "held"), "1");
	assert_whole();
}

/* What found a place elsewhere waits for none, and the list of who waits has an end. */
static void
only_what_is_parked_waits_for_a_place_and_no_more_than_a_thousand(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 2);

	(void)state;
	assert_string_equal(do_capacity("service1", "0", 1000), "ok");
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	assert_string_equal(redis_ask("EXISTS {c1}:waiting:service1"), "0");
	for (unsigned i = 0; i < 1000; i++)
		(void)redis_ask("SADD {c1}:waiting:service1 %u", i);
	for (unsigned i = 0; i < 5; i++) {
		char name[8], other[ID_CASE_BYTES + 1], waits[ID_ITEM_MAX];

		(void)snprintf(name, sizeof name, "w%u", i);
		new_case(name, urgency_normal, 1, other);
		id_need(text_of(other), 1, waits);
		in = usual_offer(waits, 1, "c1", 1);
		assert_int_equal(do_offer(&in)->offered_count, 0);
		assert_string_equal(redis_ask("SCARD {c1}:waiting:service1"), "1000");
	}
	assert_whole();
}

static void
of_an_unknown_number_any_number_may_be_held(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		char name[8], other[ID_CASE_BYTES + 1], referral[ID_ITEM_MAX];

		(void)snprintf(name, sizeof name, "c%u", i);
		new_case(name, urgency_normal, 1, other);
		new_referral(other, referral);
	}
	assert_string_equal(place_of("service1", "held"), "5");
	assert_string_equal(place_of("service1", "available"), "");
	assert_whole();
}

/* ---- parked ---- */

static void
without_a_candidate_a_need_is_parked_and_looked_at_again(void **state)
{
	const struct case_result *result = park(reason_no_service, "c1");

	(void)state;
	assert_int_equal(result->status, STATUS_OK);
	assert_int_equal(result->offered_count, 0);
	assert_int_equal(result->reason, reason_no_service);
	assert_string_equal(field_of(id, "n1.state"), "parked");
	assert_string_equal(field_of(id, "n1.reason"), "no_service");
	assert_string_equal(field_of(id, "n1.version"), "2");
	assert_string_equal(where_is("match", need), "delayed");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 0);
	make_due("match:delayed");
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	assert_int_equal(claimed[0].work.version, 2);
	assert_int_equal(claimed[0].work.attempt, 2);
	assert_whole();
}

/* The commit id of a worker is made of need and version. */
static void
a_parked_need_can_be_looked_at_again_and_again(void **state)
{
	static const enum reason REASONS[] = { reason_no_service, reason_no_capacity,
		reason_no_capacity, reason_all_tried, reason_no_service,
		reason_no_service };
	char commit[64];

	(void)state;
	for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
		(void)snprintf(
		    commit, sizeof commit, "%s:%s", need, field_of(id, "n1.version"));
		assert_int_equal(park(REASONS[i], commit)->status, STATUS_OK);
		assert_string_equal(where_is("match", need), "delayed");
		assert_string_equal(
		    field_of(id, "n1.reason"), code_word(CODE_SET_reason, REASONS[i]));
		assert_whole();
		make_due("match:delayed");
	}
	/* accept and the four that changed something */
	assert_string_equal(redis_ask("XLEN {c1}:journal"), "5");
}

static void
a_parked_need_is_offered_when_somebody_fits(void **state)
{
	struct case_offer in;

	(void)state;
	assert_int_equal(park(reason_no_service, "c1")->status, STATUS_OK);
	in = usual_offer(need, 2, "c2", 1);
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	assert_string_equal(field_of(id, "n1.state"), "offered");
	assert_string_equal(field_of(id, "n1.reason"), "");
	assert_string_equal(where_is("match", need), "");
	assert_whole();
}

/* ---- repeats and refusals ---- */

static void
the_same_commit_again_changes_nothing(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	char *before;

	(void)state;
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(do_offer(&in)->status, STATUS_DUP);
	assert_unchanged(before);
}

static void
the_same_parking_again_changes_nothing(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 0);
	char *before;

	(void)state;
	assert_int_equal(park(reason_no_service, "c1")->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(do_offer(&in)->status, STATUS_DUP);
	assert_unchanged(before);
}

static void
of_two_workers_the_first_wins(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	const struct case_result *result;
	char *before;

	(void)state;
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	before = redis_dump();
	in = usual_offer(need, 1, "c2", 2);
	result = do_offer(&in);
	assert_int_equal(result->status, STATUS_STALE);
	assert_text(result->state, "offered");
	assert_int_equal(result->version, 2);
	in.version = 2; /* the version of now, but the need is not to be matched */
	assert_int_equal(do_offer(&in)->status, STATUS_STALE);
	assert_unchanged(before);
}

static void
what_was_decided_on_older_facts_is_stale(void **state)
{
	struct case_amend amend = usual_amend(id, 1, "a1");
	struct case_offer in = usual_offer(need, 1, "c1", 1);
	char *before;

	(void)state;
	assert_int_equal(do_amend(&amend)->status, STATUS_OK);
	before = redis_dump();
	assert_int_equal(do_offer(&in)->status, STATUS_STALE);
	assert_unchanged(before);
}

static void
what_is_not_there_is_absent(void **state)
{
	static const char *const OTHERS[] = { "01234567890123456789012345-1", "none",
		"" };
	char *before = redis_dump();
	struct case_offer in;

	(void)state;
	for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
		in = usual_offer(OTHERS[i], 1, "c1", 1);
		assert_int_equal(do_offer(&in)->status, STATUS_ABSENT);
	}
	in = usual_offer(need, 1, "c1", 1);
	need[strlen(need) - 1] = '9';
	assert_int_equal(do_offer(&in)->status, STATUS_ABSENT);
	assert_unchanged(before);
}

static void
a_commit_counts_even_when_the_lease_has_run_out(void **state)
{
	struct case_offer in = usual_offer(need, 1, "c1", 1);

	(void)state;
	assert_int_equal(do_claim(stage_match, 1, 0), 1);
	assert_int_equal(do_reap(10)->counts[0], 1);
	assert_string_equal(where_is("match", need), "ready:urgent");
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	assert_string_equal(where_is("match", need), "");
	assert_whole();
}

static void
the_next_offer_is_another_referral(void **state)
{
	char referral[ID_ITEM_MAX];
	struct case_answer decline;
	struct case_offer in;

	(void)state;
	new_referral(id, referral);
	decline = usual_answer(referral, "decline", "d1");
	decline.reason = reason_full;
	assert_int_equal(do_answer(&decline)->status, STATUS_OK);
	in = usual_offer(need, 3, "c2", 2);
	in.candidates++;
	in.candidates_count = 1;
	assert_int_equal(do_offer(&in)->status, STATUS_OK);
	assert_string_equal(field_of(id, "r1-2.service"), "service2");
	assert_string_equal(field_of(id, "r1-1.state"), "declined");
	assert_string_equal(field_of(id, "n1.referrals"), "2");
	assert_string_equal(redis_ask("ZCARD {c1}:inbox:agency1"), "0");
	assert_string_equal(redis_ask("ZCARD {c1}:inbox:agency2"), "1");
	assert_whole();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, one_case)
	const struct CMUnitTest tests[] = {
		TEST(an_offer_reserves_a_place_and_starts_telling_and_clock),
		TEST(a_telling_is_leased_at_once_where_the_notifier_has_room),
		TEST(without_a_webhook_the_inbox_has_told_the_agency_with_the_offer),
		TEST(an_offer_that_was_told_with_itself_is_made_and_told_once),
		TEST(what_is_set_as_a_channel_and_is_no_webhook_is_the_inbox),
		TEST(the_channel_that_counts_is_that_of_the_agency_that_gets_the_offer),
		TEST(what_a_packed_record_lacks_at_its_end_is_absent),
		TEST(the_first_candidate_with_a_free_place_gets_it),
		TEST(a_report_that_is_too_old_refuses_nobody),
		TEST(the_last_place_is_given_once),
		TEST(only_what_is_parked_waits_for_a_place_and_no_more_than_a_thousand),
		TEST(of_an_unknown_number_any_number_may_be_held),
		TEST(without_a_candidate_a_need_is_parked_and_looked_at_again),
		TEST(a_parked_need_can_be_looked_at_again_and_again),
		TEST(a_parked_need_is_offered_when_somebody_fits),
		TEST(the_same_commit_again_changes_nothing),
		TEST(the_same_parking_again_changes_nothing),
		TEST(of_two_workers_the_first_wins),
		TEST(what_was_decided_on_older_facts_is_stale),
		TEST(what_is_not_there_is_absent),
		TEST(a_commit_counts_even_when_the_lease_has_run_out),
		TEST(the_next_offer_is_another_referral),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
