/* SPDX-License-Identifier: Apache-2.0
 * A worker with a real Redis: takes work, keeps its leases, gives every item back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/worker.h"
#include "common/worknote.h"
#include "tests/unit/cases_fixture.h"

#define WINDOW 8

static struct config config;
static struct service service;
static struct worker *worker;

/* ---- a handler that does what the test says ---- */

static struct {
	bool is_prompt;     /* finishes at once */
	bool is_committing; /* offers the need to service1 before */
	unsigned calls, held, most_held;
	struct worker_item *items[256];
	struct work last;
	char item[ID_ITEM_MAX];
} hand;

static void
finish(struct worker_item *item)
{
	hand.held--;
	worker_finished(worker, item);
}

static void
on_offered(void *ctx, const struct case_result *result)
{
	(void)result;
	finish(ctx);
}

static void
on_work(void *self, struct worker_item *item, const struct work *work)
{
	struct case_offer offer;

	assert_ptr_equal(self, &hand);
	hand.items[hand.calls++ % 256] = item;
	hand.held++;
	if (hand.held > hand.most_held)
		hand.most_held = hand.held;
	hand.last = *work;
	(void)text_copy(work->item, hand.item, sizeof hand.item);
	if (hand.is_committing) {
		offer = usual_offer(item->item, work->version, item->item, 1);
		assert_int_equal(
		    cases_offer(fixture.cases, &offer, on_offered, item), STATUS_OK);
	} else if (hand.is_prompt) {
		finish(item);
	}
}

static void
start_worker(const char *upstreams, unsigned stages_count)
{
	const struct worker_options options = { .service = "matcher",
		.upstreams = upstreams,
		.window = WINDOW,
		.stages = { stage_match, stage_notify },
		.stages_count = stages_count,
		.on_work = on_work,
		.self = &hand };

	worker = worker_open(&service, &options);
	worker_start(worker);
}

static int
set_up(void **state)
{
	(void)cases_fixture_empty(state);
	memset(&hand, 0, sizeof hand);
	config_defaults(&config);
	config.limits_lease = 60000;
	config.limits_claim_every = 5;
	config.limits_reap_every = 10;
	(void)mkdir("run", 0700);
	(void)unlink("run/worker_test.work");
	(void)snprintf(config.name, sizeof config.name, "worker_test");
	service = (struct service){ .config = &config,
		.loop = fixture.loop,
		.store = fixture.store,
		.cases = fixture.cases,
		.link = link_new(fixture.loop) };
	return service.link != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	worker_close(worker);
	worker = NULL;
	(void)redis_ask("PING"); /* the claim under way has come back */
	link_free(service.link);
	return 0;
}

static void
new_cases(unsigned count)
{
	char name[24], id[ID_CASE_BYTES + 1];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof name, "case %u", i);
		new_case(name, urgency_normal, 1, id);
	}
}

static int64_t
deadline_of(const char *item)
{
	return strtoll(redis_ask("ZSCORE {c1}:match:leased %s", item), NULL, 10);
}

/* ---- taking work ---- */

static void
a_backlog_is_worked_off(void **state)
{
	(void)state;
	new_cases(100);
	config.limits_claim_every = 60000; /* what is finished drains it, not this */
	hand.is_committing = true;
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == 100 && hand.held == 0);
	assert_int_equal(worker_held(worker), 0);
	assert_string_equal(redis_ask("ZCARD {c1}:notify:ready:normal"), "100");
	assert_whole();
}

static void
no_more_is_held_than_the_window(void **state)
{
	(void)state;
	new_cases(40);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == WINDOW);
	let_pass(30);
	assert_int_equal(hand.calls, WINDOW);
	assert_int_equal(worker_held(worker), WINDOW);
	finish(hand.items[0]);
	finish(hand.items[3]);
	WAIT_UNTIL(hand.calls == WINDOW + 2);
	let_pass(30);
	assert_int_equal(hand.most_held, WINDOW);
}

/* Redis stands still while room is made: the claim under way still counts. */
static void
claims_under_way_count_as_held(void **state)
{
	(void)state;
	new_cases(80);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == WINDOW);
	let_pass(30);
	redis_fixture_stop_signal(&fixture.redis);
	for (unsigned i = 0; i < WINDOW / 2; i++)
		finish(hand.items[i]);
	let_pass(30);
	for (unsigned i = WINDOW / 2; i < WINDOW; i++)
		finish(hand.items[i]);
	let_pass(50);
	redis_fixture_continue_signal(&fixture.redis);
	WAIT_UNTIL(hand.calls == 2 * WINDOW);
	let_pass(30);
	assert_int_equal(hand.held, WINDOW);
	assert_int_equal(hand.most_held, WINDOW);
}

static void
two_stages_share_the_window(void **state)
{
	char id[ID_CASE_BYTES + 1], referral[ID_ITEM_MAX], name[24];
	unsigned of_match = 0;

	(void)state;
	new_cases(40);
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "offered %u", i);
		new_case(name, urgency_normal, 1, id);
		new_referral(id, referral);
	}
	start_worker("", 2);
	WAIT_UNTIL(hand.calls == WINDOW);
	let_pass(30);
	assert_int_equal(hand.most_held, WINDOW);
	for (unsigned i = 0; i < WINDOW; i++)
		of_match += hand.items[i]->stage == stage_match;
	assert_in_range(of_match, 1, WINDOW - 1);
}

/* ---- giving back ---- */

static void
what_is_given_back_comes_again_with_its_failures(void **state)
{
	(void)state;
	new_cases(1);
	start_worker("", 1);
	for (unsigned i = 0; i < 8; i++) {
		make_due("match:delayed"); /* where the failure before put it */
		WAIT_UNTIL(hand.calls == i + 1);
		assert_int_equal(hand.items[i]->attempt, i + 1);
		assert_int_equal(hand.last.failures, i);
		hand.held--;
		worker_nack(worker, hand.items[i], NACK_FAILURE, 3600000, "test");
		WAIT_UNTIL(strcmp(where_is("match", hand.item), "leased") != 0);
		assert_string_equal(
		    where_is("match", hand.item), i < 7 ? "delayed" : "dead");
	}
	assert_int_equal(worker_held(worker), 0);
	assert_whole();
}

/* ---- leases ---- */

static void
a_lease_lasts_as_long_as_the_loop_turns(void **state)
{
	int64_t first;

	(void)state;
	config.limits_lease = 300;
	new_cases(1);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == 1);
	assert_string_equal(hand.items[0]->item, hand.item);
	assert_int_equal(hand.items[0]->attempt, 1);
	assert_int_equal(hand.items[0]->version, 1);
	assert_int_equal(hand.items[0]->stage, stage_match);
	assert_false(hand.items[0]->is_handed);
	first = deadline_of(hand.item);
	WAIT_UNTIL(deadline_of(hand.item) > first + 2 * config.limits_lease);
	assert_int_equal(hand.calls, 1);
	assert_string_equal(where_is("match", hand.item), "leased");
	finish(hand.items[0]);
	/* nobody extends it any more: it runs out and comes again */
	WAIT_UNTIL(hand.calls == 2);
	assert_int_equal(hand.items[1]->attempt, 2);
	assert_whole();
}

static void
a_dead_workers_items_are_taken_over(void **state)
{
	(void)state;
	new_cases(5);
	assert_int_equal(do_claim(stage_match, 5, 1), 5); /* and never heard of again */
	hand.is_committing = true;
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == 5 && hand.held == 0);
	assert_int_equal(hand.last.attempt, 2);
	assert_whole();
}

static void
nothing_is_lost_when_the_handler_is_late(void **state)
{
	char item[ID_ITEM_MAX];
	struct case_offer offer;

	(void)state;
	new_cases(1);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == 1);
	(void)text_copy(text_of(hand.item), item, sizeof item);
	make_due("match:leased"); /* as if this process had stood still */
	WAIT_UNTIL(hand.calls == 2);
	assert_string_equal(hand.item, item);
	offer = usual_offer(item, 1, "c1", 1);
	assert_int_equal(do_offer(&offer)->status, STATUS_OK);  /* the second commits */
	assert_int_equal(do_offer(&offer)->status, STATUS_DUP); /* the first, late */
	finish(hand.items[0]);
	hand.held--;
	worker_nack(worker, hand.items[1], NACK_FREE, 0, "late"); /* of no effect */
	let_pass(30);
	assert_int_equal(hand.calls, 2);
	assert_string_equal(where_is("match", item), "");
	assert_int_equal(worker_held(worker), 0);
	assert_whole();
}

/* ---- the end ---- */

static void
a_draining_worker_finishes_what_it_has(void **state)
{
	(void)state;
	new_cases(20);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == WINDOW);
	worker_drain(worker);
	for (unsigned i = 0; i < WINDOW; i++)
		finish(hand.items[i]);
	assert_int_equal(worker_held(worker), 0);
	let_pass(30);
	assert_int_equal(hand.calls, WINDOW);
	assert_int_equal(do_queues()->stages[0].ready[2].count, 20 - WINDOW);
	assert_whole();
}

static void
a_worker_is_closed_while_a_claim_is_out(void **state)
{
	(void)state;
	new_cases(3);
	start_worker("", 1); /* has asked, and no answer was read yet */
	worker_close(worker);
	worker = NULL;
	let_pass(30);
	assert_int_equal(hand.calls, 0);
	/* what it was given comes back when the leases run out */
	make_due("match:leased");
	assert_int_equal(do_reap(9)->count, 3);
	assert_whole();
}

/* ---- what workers died on ---- */

/* A process of this worker's name that dies in the middle of the need. */
static void
die_in_the_middle_of(const char *item, uint32_t attempt)
{
	struct worknote_death death;
	struct worknote *note;
	char why[256];

	assert_int_equal(
	    worknote_open("run/worker_test.work", &note, &death, why, sizeof why),
	    STATUS_OK);
	worknote_begin(note, stage_match, item, attempt);
	worknote_close(note);
}

static void
what_the_former_process_died_on_is_counted_before_anything_is_taken(void **state)
{
	char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];

	(void)state;
	new_case("one", urgency_normal, 1, id);
	id_need(text_of(id), 1, need);
	assert_int_equal(do_claim(stage_match, 1, LEASE_MS), 1);
	die_in_the_middle_of(need, 1);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == 1); /* long before the lease would run out */
	assert_int_equal(hand.items[0]->attempt, 2);
	assert_string_equal(field_of(id, "n1.match"), "2 0 1");
	finish(hand.items[0]);
	worker_close(worker);
	start_worker("", 1); /* what was finished is nobody's death */
	WAIT_UNTIL(worker != NULL);
	let_pass(30);
	assert_string_equal(field_of(id, "n1.match"), "2 0 1");
	assert_whole();
}

static void
what_two_died_on_waits_until_nothing_else_is_in_work(void **state)
{
	struct case_accept in;
	char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];

	(void)state;
	new_cases(WINDOW / 2);
	start_worker("", 1);
	WAIT_UNTIL(hand.calls == WINDOW / 2);
	in = usual_accept("poison", urgency_normal, 1);
	in.handoff_count = 1; /* leased to one that dies on it */
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	id_need(in.case_id, 1, need);
	assert_int_equal(do_crash(stage_match, need, 0, "first")->status, STATUS_OK);
	assert_int_equal(do_crash(stage_match, need, 1, "second")->status, STATUS_OK);
	WAIT_UNTIL(strcmp(where_is("match", need), "leased") == 0);
	new_case("later", urgency_normal, 1, id);
	let_pass(30);
	for (unsigned i = 0; i < WINDOW / 2; i++) {
		assert_int_equal(hand.calls, WINDOW / 2);
		finish(hand.items[i]);
		(void)redis_ask("PING");
	}
	WAIT_UNTIL(hand.calls == WINDOW / 2 + 1);
	let_pass(30);
	assert_int_equal(hand.calls, WINDOW / 2 + 1); /* and nothing beside it */
	assert_string_equal(hand.item, need);
	assert_int_equal(hand.held, 1);
	assert_int_equal(hand.last.term.length > 0, true);
	finish(hand.items[WINDOW / 2]);
	WAIT_UNTIL(hand.calls == WINDOW / 2 + 2);
	assert_string_not_equal(hand.item, need);
	assert_whole();
}

/* ---- handed over ---- */

static void
on_lost(void *self, const char *name, const struct link_lost *items, size_t count)
{
	(void)self, (void)name, (void)items, (void)count;
}

static void
work_that_is_handed_over_reaches_the_same_handler(void **state)
{
	static struct message message;
	struct link_upstream *upstream = NULL;
	char endpoint[128], why[256], id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX];
	struct case_accept in = usual_accept("one", urgency_normal, 1);
	unsigned credit;

	(void)state;
	(void)snprintf(
	    endpoint, sizeof endpoint, "ipc://%s/work.sock", fixture.redis.directory);
	assert_int_equal(link_upstream_open(service.link, endpoint, on_lost, NULL,
	                     &upstream, why, sizeof why),
	    STATUS_OK);
	start_worker(endpoint, 1);
	WAIT_UNTIL(link_upstream_credit(upstream) > 0);
	credit = link_upstream_credit(upstream);
	assert_true(link_upstream_reserve(upstream));
	in.handoff_count = 1;
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	(void)text_copy(in.case_id, id, sizeof id);
	id_need(in.case_id, 1, need);
	message_init(&message, MESSAGE_work);
	message.work.stage = stage_match;
	message.work.item = text_of(need);
	message.work.version = message.work.attempt = 1;
	message.work.urgency = urgency_normal;
	assert_int_equal(link_upstream_send(upstream, &message), STATUS_OK);
	WAIT_UNTIL(hand.calls == 1);
	assert_true(hand.items[0]->is_handed);
	assert_string_equal(hand.item, need);
	assert_int_equal(link_upstream_credit(upstream), credit - 1);
	finish(hand.items[0]);
	WAIT_UNTIL(link_upstream_credit(upstream) == credit);
	worker_close(worker);
	worker = NULL;
	link_upstream_close(upstream);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_backlog_is_worked_off),
		TEST(no_more_is_held_than_the_window),
		TEST(claims_under_way_count_as_held),
		TEST(two_stages_share_the_window),
		TEST(what_is_given_back_comes_again_with_its_failures),
		TEST(a_lease_lasts_as_long_as_the_loop_turns),
		TEST(a_dead_workers_items_are_taken_over),
		TEST(nothing_is_lost_when_the_handler_is_late),
		TEST(a_draining_worker_finishes_what_it_has),
		TEST(a_worker_is_closed_while_a_claim_is_out),
		TEST(what_the_former_process_died_on_is_counted_before_anything_is_taken),
		TEST(what_two_died_on_waits_until_nothing_else_is_in_work),
		TEST(work_that_is_handed_over_reaches_the_same_handler),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
