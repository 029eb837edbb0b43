/* SPDX-License-Identifier: Apache-2.0
 * What is read of cases, queues and the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/cases_fixture.h"

/* ---- one case ---- */

/* Two needs of which the first was declined once and offered again, the second accepted. */
static void
eventful_case(void)
{
	struct case_answer in;
	struct case_offer offer;
	char second[ID_ITEM_MAX], referral[ID_ITEM_MAX];

	new_case("one", urgency_urgent, 2, the.id);
	id_need(text_of(the.id), 1, the.need);
	new_referral(the.id, the.referral);
	in = usual_answer(the.referral, "decline", "c1");
	in.reason = reason_full;
	in.note = LITERAL("sealed note");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	offer = usual_offer(the.need, 3, "o2", 2);
	offer.candidates++;
	offer.candidates_count = 1;
	assert_int_equal(do_offer(&offer)->status, STATUS_OK);
	id_need(text_of(the.id), 2, second);
	offer = usual_offer(second, 1, "o3", 3);
	offer.candidates += 2;
	offer.candidates_count = 1;
	assert_int_equal(do_offer(&offer)->status, STATUS_OK);
	id_referral(text_of(second), 1, referral);
	in = usual_answer(referral, "accept", "c2");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
}

static unsigned looked;

static void
look_at_all(const struct case_record *record)
{
	const struct case_view *view = &record->view;
	char referral[ID_ITEM_MAX + 4];

	looked++;
	assert_text(view->id, the.id);
	assert_int_equal(view->version, 1);
	assert_int_equal(view->urgency, urgency_urgent);
	assert_int_equal(view->open, FLAG_YES);
	assert_true(view->accepted_at > 1000000000000);
	assert_text(record->by, "operator1");
	assert_text(record->key, "sealed key");
	assert_text(record->identity, "sealed identity");
	assert_text(record->routing, "sealed routing");

	assert_int_equal(view->needs_count, 2);
	assert_text(view->needs[0].id, the.need);
	assert_text(view->needs[0].term, "food");
	assert_text(view->needs[0].state, "offered");
	assert_int_equal(view->needs[0].reason, reason_absent);
	assert_text(view->needs[1].term, "shelter");
	assert_text(view->needs[1].state, "in_service");

	assert_int_equal(view->referrals_count, 3);
	assert_text(view->referrals[0].id, the.referral);
	assert_text(view->referrals[0].need, the.need);
	assert_text(view->referrals[0].term, "food");
	assert_text(view->referrals[0].service, "service1");
	assert_text(view->referrals[0].agency, "agency1");
	assert_text(view->referrals[0].state, "declined");
	assert_int_equal(view->referrals[0].reason, reason_full);
	assert_int_equal(view->referrals[0].version, 2);
	assert_int_equal(view->referrals[0].urgency, urgency_urgent);
	assert_int_equal(
	    view->referrals[0].expires_at, view->referrals[0].offered_at + 7200000);
	assert_in_range(view->referrals[0].offered_at - view->accepted_at, 0, 60000);
	(void)snprintf(referral, sizeof referral, "%s-2", the.need);
	assert_text(view->referrals[1].id, referral);
	assert_text(view->referrals[1].service, "service2");
	assert_text(view->referrals[2].service, "service3");
	assert_text(view->referrals[2].term, "shelter");
	assert_text(view->referrals[2].state, "accepted");
	assert_text(record->whys[0], "why1");
	assert_text(record->whys[1], "why2");
	assert_text(record->whys[2], "why3");
	assert_text(record->notes[0], "sealed note");
	assert_null(record->notes[1].at);
}

static void
a_case_is_shown_with_needs_and_referrals_in_order(void **state)
{
	(void)state;
	looked = 0;
	eventful_case();
	assert_int_equal(do_get(the.id, 20, look_at_all), STATUS_OK);
	assert_int_equal(looked, 1);
	assert_int_equal(do_get("none", 20, look_at_all), STATUS_ABSENT);
	assert_int_equal(looked, 1);
}

static void
look_without_timeline(const struct case_record *record)
{
	look_at_all(record);
	assert_int_equal(record->view.timeline_count, 0);
}

static void
a_case_is_shown_without_its_timeline(void **state)
{
	(void)state;
	looked = 0;
	eventful_case();
	assert_int_equal(do_get(the.id, 0, look_without_timeline), STATUS_OK);
	assert_int_equal(looked, 1);
	assert_int_equal(do_get("none", 0, look_without_timeline), STATUS_ABSENT);
	assert_int_equal(looked, 1);
}

static void
look_at_timeline(const struct case_record *record)
{
	static const struct {
		const char *item, *action, *from, *to;
	} LINES[] = {
		{ "", "accept", NULL, "received" },
		{ "-1-1", "offer", NULL, "queued" },
		{ "-1", "offer", "received", "offered" },
		{ "-1-1", "decline", "queued", "declined" },
		{ "-1", "decline", "offered", "matching" },
		{ "-1-2", "offer", NULL, "queued" },
		{ "-1", "offer", "matching", "offered" },
		{ "-2-1", "offer", NULL, "queued" },
		{ "-2", "offer", "received", "offered" },
		{ "-2-1", "accept", "queued", "accepted" },
		{ "-2", "accept", "offered", "in_service" },
	};
	const struct case_view *view = &record->view;

	looked++;
	assert_int_equal(view->timeline_count, sizeof LINES / sizeof *LINES);
	for (uint32_t i = 0; i < view->timeline_count; i++) {
		const struct transition *line = &view->timeline[i];
		char item[ID_ITEM_MAX + 8];

		(void)snprintf(item, sizeof item, "%s%s", the.id, LINES[i].item);
		assert_text(line->item, item);
		assert_text(line->action, LINES[i].action);
		if (LINES[i].from != NULL)
			assert_text(line->from, LINES[i].from);
		else
			assert_null(line->from.at);
		assert_text(line->to, LINES[i].to);
		assert_true(i == 0 || line->at >= view->timeline[i - 1].at);
	}
	assert_int_equal(view->timeline[0].role, role_operator);
	assert_text(view->timeline[0].by, "operator1");
	assert_int_equal(view->timeline[1].role, role_system);
	assert_text(view->timeline[1].by, "matcher.1");
	assert_int_equal(view->timeline[3].reason, reason_full);
}

static void
look_at_newest(const struct case_record *record)
{
	looked++;
	assert_int_equal(record->view.timeline_count, 4);
	assert_text(record->view.timeline[0].action, "offer");
	assert_text(record->view.timeline[3].action, "accept");
}

static void
the_timeline_tells_what_happened_oldest_first(void **state)
{
	(void)state;
	looked = 0;
	eventful_case();
	assert_int_equal(do_get(the.id, 20, look_at_timeline), STATUS_OK);
	assert_int_equal(do_get(the.id, 2, look_at_newest), STATUS_OK);
	assert_int_equal(looked, 2);
}

/* ---- lists ---- */

static struct {
	unsigned times, count;
	enum status status;
	char ids[64][ID_ITEM_MAX];
	struct transition last;
	char last_id[32], cursor[32];
} list;

static void
on_id(void *ctx, struct text id)
{
	(void)ctx;
	if (list.count < 64)
		(void)text_copy(id, list.ids[list.count++], ID_ITEM_MAX);
}

static void
on_listed(void *ctx, const struct case_result *result)
{
	(void)ctx;
	list.times++;
	list.status = result->status;
	(void)text_copy(result->cursor, list.cursor, sizeof list.cursor);
}

#define LIST(call)                                                                       \
	do {                                                                             \
		memset(&list, 0, sizeof list);                                           \
		assert_int_equal(call, STATUS_OK);                                       \
		fixture_wait(&list.times);                                               \
		assert_int_equal(list.status, STATUS_OK);                                \
	} while (0)

static void
open_cases_are_listed_newest_first_in_pages(void **state)
{
	char ids[5][ID_CASE_BYTES + 1];
	struct case_withdraw withdraw;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		char name[8];

		(void)snprintf(name, sizeof name, "c%u", i);
		new_case(name, urgency_normal, 1, ids[i]);
		(void)redis_ask("ZADD {c1}:open %u %s", i + 1, ids[i]);
	}
	withdraw = usual_withdraw(ids[2], "w1");
	assert_int_equal(do_withdraw(&withdraw)->status, STATUS_OK);
	LIST(cases_list(fixture.cases, TEXT_ABSENT, 0, 3, on_id, on_listed, NULL));
	assert_int_equal(list.count, 3);
	assert_string_equal(list.ids[0], ids[4]);
	assert_string_equal(list.ids[1], ids[3]);
	assert_string_equal(list.ids[2], ids[1]);
	LIST(cases_list(fixture.cases, TEXT_ABSENT, 3, 3, on_id, on_listed, NULL));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.ids[0], ids[0]);
	LIST(cases_list(fixture.cases, TEXT_ABSENT, 0, 0, on_id, on_listed, NULL));
	assert_int_equal(list.count, 0);
}

static void
look_at_older_times(const struct case_record *record)
{
	looked++;
	assert_int_equal(record->view.referrals[0].offered_at, 1790000000000);
	assert_int_equal(record->view.referrals[0].expires_at, 1790000007000);
}

static void
times_of_an_older_referral_are_since_1970(void **state)
{
	(void)state;
	eventful_case();
	field_put(the.id, "r1-1.offered_at", "1790000000000");
	field_put(the.id, "r1-1.expires_at", "1790000007000");
	looked = 0;
	assert_int_equal(do_get(the.id, 0, look_at_older_times), STATUS_OK);
	assert_int_equal(looked, 1);
}

static void
cases_are_found_by_blind_index(void **state)
{
	struct case_accept in = usual_accept("two", urgency_normal, 1);
	char one[ID_CASE_BYTES + 1];

	(void)state;
	new_case("one", urgency_normal, 1, one);
	in = usual_accept("two", urgency_normal, 1);
	in.phone = LITERAL("100000000000003");
	assert_int_equal(do_accept(&in)->status, STATUS_OK);
	LIST(cases_find(
	    fixture.cases, "phone", LITERAL("100000000000001"), on_id, on_listed, NULL));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.ids[0], one);
	LIST(cases_find(
	    fixture.cases, "where", LITERAL("100000000000002"), on_id, on_listed, NULL));
	assert_int_equal(list.count, 2);
	LIST(cases_find(
	    fixture.cases, "phone", LITERAL("100000000000004"), on_id, on_listed, NULL));
	assert_int_equal(list.count, 0);
}

static void
an_inbox_holds_an_agencys_open_referrals(void **state)
{
	(void)state;
	eventful_case();
	LIST(
	    cases_inbox(fixture.cases, LITERAL("agency1"), 0, 9, on_id, on_listed, NULL));
	assert_int_equal(list.count, 0);
	LIST(
	    cases_inbox(fixture.cases, LITERAL("agency2"), 0, 9, on_id, on_listed, NULL));
	assert_int_equal(list.count, 1);
	assert_memory_equal(list.ids[0], the.need, strlen(the.need));
}

static void
dead_letters_are_listed_oldest_first(void **state)
{
	char ids[2][ID_CASE_BYTES + 1];
	struct case_nack nack;

	(void)state;
	new_case("one", urgency_normal, 1, ids[0]);
	new_case("two", urgency_normal, 1, ids[1]);
	assert_int_equal(do_claim(stage_match, 2, LEASE_MS), 2);
	for (unsigned i = 0; i < 2; i++) {
		nack = usual_nack(stage_match, claimed[i].item, 1);
		nack.kind = NACK_DEAD;
		assert_true(do_nack(&nack)->is_dead);
	}
	(void)redis_ask("ZADD {c1}:match:dead 1 %s", claimed[1].item);
	LIST(cases_dead_list(fixture.cases, stage_match, 0, 9, on_id, on_listed, NULL));
	assert_int_equal(list.count, 2);
	assert_string_equal(list.ids[0], claimed[1].item);
	assert_string_equal(list.ids[1], claimed[0].item);
	assert_int_equal(do_queues()->stages[0].dead.count, 2);
}

static void
a_walk_names_every_case(void **state)
{
	char id[ID_CASE_BYTES + 1], name[8];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof name, "c%u", i);
		new_case(name, urgency_normal, 1, id);
	}
	LIST(cases_names(fixture.cases, "case", LITERAL("0"), on_id, on_listed, NULL));
	assert_int_equal(list.count, 20);
	assert_string_equal(list.cursor, "0");
	assert_int_equal(strlen(list.ids[0]), ID_CASE_BYTES);
}

/* ---- the journal ---- */

static void
on_line(void *ctx, struct text case_id, const struct transition *line, bool is_last)
{
	(void)ctx;
	assert_int_equal(case_id.length, ID_CASE_BYTES);
	assert_true(text_equal(case_id, (struct text){ line->item.at, ID_CASE_BYTES }));
	list.count += is_last;
	(void)text_copy(line->id, list.last_id, sizeof list.last_id);
}

static void
the_journal_is_read_in_pages_and_misses_nothing(void **state)
{
	char after[32] = "0";
	unsigned lines = 0, pages = 0;

	(void)state;
	eventful_case();
	do {
		LIST(cases_journal(
		    fixture.cases, text_of(after), 4, on_line, on_listed, NULL));
		lines += list.count;
		pages++;
		if (list.count > 0)
			(void)snprintf(after, sizeof after, "%s", list.last_id);
	} while (list.count > 0);
	assert_int_equal(lines, strtol(redis_ask("XLEN {c1}:journal"), NULL, 10));
	assert_int_equal(lines, 6);
	assert_int_equal(pages, 3);
}

/* ---- queues and checks ---- */

static void
queues_show_what_waits_where_and_for_how_long(void **state)
{
	const struct queue_shape *shape;

	(void)state;
	eventful_case();
	shape = do_queues();
	assert_int_equal(shape->stages[0].ready[1].count, 0);
	assert_int_equal(shape->stages[0].ready[1].oldest_ms, TIME_ABSENT);
	assert_int_equal(shape->stages[0].entered, 3);
	assert_int_equal(shape->stages[0].left, 3);
	assert_int_equal(shape->stages[1].ready[1].count, 2);
	assert_in_range(shape->stages[1].ready[1].oldest_ms, 0, 60000);
	assert_int_equal(shape->stages[2].delayed.count, 1);
	assert_in_range(-shape->stages[2].delayed.oldest_ms, 840000, 900000);
	assert_int_equal(shape->open, 1);
	assert_int_equal(shape->cases_entered, 1);
	assert_int_equal(queue_shape_error(shape), 0);
	(void)redis_ask("ZREM {c1}:notify:ready:urgent %s-2-1", the.id);
	assert_int_equal(queue_shape_error(do_queues()), 1);
	(void)redis_ask("ZADD {c1}:match:dead 1 x");
	assert_int_equal(queue_shape_error(do_queues()), 2);
	(void)redis_ask("ZREM {c1}:open %s", the.id);
	assert_int_equal(queue_shape_error(do_queues()), 3);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, cases_fixture_empty)
	const struct CMUnitTest tests[] = {
		TEST(a_case_is_shown_with_needs_and_referrals_in_order),
		TEST(a_case_is_shown_without_its_timeline),
		TEST(the_timeline_tells_what_happened_oldest_first),
		TEST(open_cases_are_listed_newest_first_in_pages),
		TEST(times_of_an_older_referral_are_since_1970),
		TEST(cases_are_found_by_blind_index),
		TEST(an_inbox_holds_an_agencys_open_referrals),
		TEST(dead_letters_are_listed_oldest_first),
		TEST(a_walk_names_every_case),
		TEST(the_journal_is_read_in_pages_and_misses_nothing),
		TEST(queues_show_what_waits_where_and_for_how_long),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
