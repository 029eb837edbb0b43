/* SPDX-License-Identifier: Apache-2.0
 * An upstream among workers that lie, repeat themselves, fall silent or talk nonsense. */
#include "tests/unit/link_work_fixture.h"

static void
credit_is_a_total_so_repeats_and_old_ones_are_harmless(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	static const uint32_t TOTALS[] = { 2, 2, 2, 1, 0, 2 };
	struct upstream upstream;
	uint32_t epoch;

	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 4);
	for (size_t i = 0; i < sizeof TOTALS / sizeof *TOTALS; i++) {
		raw_credit(scene, raw, epoch, TOTALS[i]);
		raw_sync(scene, raw);
		assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 2);
	}
	raw_credit(scene, raw, epoch, 4);
	raw_sync(scene, raw);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
credit_for_more_than_was_sent_is_refused(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	uint32_t epoch;

	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 4);
	raw_credit(scene, raw, epoch, 5);
	assert_true(
	    text_is(hear(scene, raw, MESSAGE_refused)->refused.status, "invalid"));
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 4);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
credit_of_another_epoch_is_ignored(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	uint32_t first, second;

	start_upstream(&upstream, scene, scene->ipc);
	first = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 4);
	second = raw_epoch(scene, raw, "boot", WINDOW);
	assert_true(first != second);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	send_items(&upstream, 4);
	raw_credit(scene, raw, first, 4);
	raw_verb(scene, raw, MESSAGE_drain, first);
	raw_sync(scene, raw);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW - 4);
	raw_credit(scene, raw, second, 4);
	raw_sync(scene, raw);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
a_greedy_window_is_cut(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;

	start_upstream(&upstream, scene, scene->ipc);
	raw_epoch(scene, raw, "boot", 4096);
	assert_int_equal(link_upstream_credit(upstream.link), LINK_WINDOW_MAX);
	send_items(&upstream, LINK_WINDOW_MAX);
	assert_false(link_upstream_reserve(upstream.link));
	raw_epoch(scene, raw, "boot", 0);
	assert_int_equal(link_upstream_credit(upstream.link), 0);
	zmq_close(raw);
	link_upstream_close(upstream.link);
	assert_int_equal(upstream.lost_count, LINK_WINDOW_MAX);
	assert_string_equal(upstream.lost[0], "item-0");
	assert_string_equal(upstream.lost[LINK_WINDOW_MAX - 1], "item-255");
}

static void
more_workers_than_there_are_seats_are_refused(void **state)
{
	struct scene *scene = *state;
	struct upstream upstream;
	void *raw[257];
	char boot[16];

	scene->link->tick_ms = 5000; /* nobody gets lost while the others come */
	start_upstream(&upstream, scene, scene->ipc);
	for (int i = 0; i < 257; i++) {
		raw[i] = raw_dealer(scene, scene->ipc);
		snprintf(boot, sizeof boot, "boot-%d", i);
		raw_hello(scene, raw[i], boot, 1);
		if (i < 256)
			hear(scene, raw[i], MESSAGE_welcome);
	}
	assert_true(
	    text_is(hear(scene, raw[256], MESSAGE_refused)->refused.status, "full"));
	assert_int_equal(link_upstream_credit(upstream.link), 256);
	for (int i = 0; i < 256; i++)
		zmq_close(raw[i]);
	TURN_UNTIL(scene, link_upstream_credit(upstream.link) == 0);
	raw_epoch(scene, raw[256], "boot-256", 1);
	zmq_close(raw[256]);
	link_upstream_close(upstream.link);
}

static void
who_says_hello_anew_gives_its_items_back(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc), *again = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	uint32_t epoch;

	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, raw, "boot", WINDOW);
	send_items(&upstream, 5);
	raw_credit(scene, raw, epoch, 2);
	raw_epoch(scene, raw, "boot", WINDOW);
	assert_int_equal(upstream.lost_calls, 1);
	assert_int_equal(upstream.lost_count, 3);
	assert_string_equal(upstream.lost[0], "item-2");
	assert_string_equal(upstream.lost[2], "item-4");
	assert_string_equal(upstream.service, "raw");
	send_items(&upstream, 1);
	raw_epoch(scene, again, "boot", WINDOW); /* over another connection */
	assert_int_equal(upstream.lost_calls, 2);
	assert_string_equal(upstream.lost[0], "item-5");
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	send_items(&upstream, 1);
	raw_epoch(scene, raw, "boot 2", WINDOW); /* somebody else */
	assert_int_equal(upstream.lost_calls, 2);
	assert_int_equal(link_upstream_credit(upstream.link), 2 * WINDOW - 1);
	raw_epoch(scene, raw, "boot 3", WINDOW); /* over the same connection */
	assert_int_equal(link_upstream_credit(upstream.link), 2 * WINDOW - 1);
	zmq_close(raw);
	zmq_close(again);
	link_upstream_close(upstream.link);
}

static void
who_is_not_known_is_told_to_say_hello(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;

	start_upstream(&upstream, scene, scene->ipc);
	raw_credit(scene, raw, 1, 0);
	assert_int_equal(hear(scene, raw, MESSAGE_pong)->pong.epoch, UINT_ABSENT);
	raw_verb(scene, raw, MESSAGE_pong, 7);
	assert_int_equal(hear(scene, raw, MESSAGE_pong)->pong.epoch, UINT_ABSENT);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
a_silent_worker_is_lost_and_one_that_answers_is_not(void **state)
{
	struct scene *scene = *state;
	void *silent, *alive;
	struct upstream upstream;
	uint32_t epoch;
	int pings = 0;

	scene->link->tick_ms =
	    3 * QUICK_TICK_MS; /* who has no processor for a while is not silent */
	silent = raw_dealer(scene, scene->ipc);
	alive = raw_dealer(scene, scene->ipc);
	start_upstream(&upstream, scene, scene->ipc);
	epoch = raw_epoch(scene, alive, "alive", WINDOW);
	raw_epoch(scene, silent, "silent", WINDOW + 2);
	send_items(&upstream, 1);
	for (int64_t end_ms = now_ms() + DEADLINE_MS; pings < 12 && now_ms() < end_ms;) {
		turn(scene, 5);
		if (!hear_now(scene, alive) || scene->message.kind != MESSAGE_ping)
			continue;
		assert_int_equal(scene->message.ping.epoch, epoch);
		if (pings < 2 || pings > 3) /* six ticks after its hello */
			assert_int_equal(upstream.lost_calls, pings > 3);
		raw_verb(scene, alive, MESSAGE_pong, epoch);
		pings++;
	}
	assert_int_equal(upstream.lost_calls, 1);
	assert_int_equal(upstream.lost_count, 1);
	assert_int_equal(link_upstream_credit(upstream.link), WINDOW);
	/* It wakes up, and is sent to the door. */
	raw_verb(scene, silent, MESSAGE_pong, 1);
	TURN_UNTIL(scene, hear_now(scene, silent) && scene->message.kind == MESSAGE_pong);
	assert_int_equal(scene->message.pong.epoch, UINT_ABSENT);
	zmq_close(silent);
	zmq_close(alive);
	link_upstream_close(upstream.link);
}

static void
what_is_not_understood_is_refused_by_id(void **state)
{
	static const struct {
		unsigned version;
		const char *kind, *status;
	} CASES[] = {
		{ 2, "hello", "unsupported" },
		{ 0, "hello", "unsupported" },
		{ 1, "hullo", "bad_message" },
		{ 1, "hello", "invalid" },
		{ 1, "credit", "invalid" },
		{ 1, "search", "bad_message" },
		{ 1, "welcome", "invalid" },
		{ 1, "work", "invalid" },
	};
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	char bytes[100];

	start_upstream(&upstream, scene, scene->ipc);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		enum status status = status_of_code(text_of(CASES[i].status));
		double before = refused_count(status);
		size_t length =
		    forge_frame(bytes, CASES[i].version, CASES[i].kind, "question");
		const struct message *in;

		raw_send(raw, bytes, length);
		in = hear(scene, raw, MESSAGE_refused);
		assert_true(text_is(in->id, "question"));
		assert_true(text_is(in->refused.status, CASES[i].status));
		assert_int_equal(in->refused.defects_count > 0, status == STATUS_INVALID);
		assert_true(refused_count(status) == before + 1);
	}
	raw_epoch(scene, raw, "boot", WINDOW);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
a_refusal_is_never_refused(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	char bytes[100];

	start_upstream(&upstream, scene, scene->ipc);
	raw_send(
	    raw, bytes, forge_frame(bytes, 1, "refused", "question")); /* no status */
	message_init(&scene->message, MESSAGE_refused);
	scene->message.refused.status = LITERAL("busy");
	say(scene, raw);
	raw_send(raw, "\xc1", 1); /* no kind, no id */
	raw_hello(scene, raw, "boot", WINDOW);
	TURN_UNTIL(scene, hear_now(scene, raw));
	assert_int_equal(scene->message.kind, MESSAGE_welcome);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
refusals_are_bounded_so_that_two_sides_do_not_refuse_for_ever(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	double before = refused_count(STATUS_UNSUPPORTED);
	struct upstream upstream;
	int refusals = 0;
	char bytes[100];

	scene->link->tick_ms = 5000;
	start_upstream(&upstream, scene, scene->ipc);
	for (int i = 0; i < 100; i++)
		raw_send(raw, bytes, forge_frame(bytes, 2, "refused", "question"));
	TURN_UNTIL(scene, refused_count(STATUS_UNSUPPORTED) == before + 100);
	raw_hello(scene, raw, "boot", WINDOW);
	for (scene->message.kind = MESSAGE_NONE; scene->message.kind != MESSAGE_welcome;
	     refusals++)
		TURN_UNTIL(scene, hear_now(scene, raw));
	assert_int_equal(refusals - 1, LINK_REFUSALS_MAX);
	zmq_close(raw);
	link_upstream_close(upstream.link);
}

static void
noise_stops_nothing(void **state)
{
	struct scene *scene = *state;
	void *raw = raw_dealer(scene, scene->ipc);
	struct upstream upstream;
	struct worker worker;

	srand(11);
	start_upstream(&upstream, scene, scene->ipc);
	start_worker(&worker, scene, scene->ipc, WINDOW);
	worker.is_prompt = true;
	upstream.to_send = 5000;
	assert_true(loop_before_sleep(scene->loop, produce, &upstream));
	for (int round = 0; worker.taken < upstream.to_send && round < 100000; round++) {
		char bytes[100];
		size_t length = forge_frame(bytes, 1, "hello", "question");

		for (int flips = rand() % 4; flips >= 0; flips--)
			bytes[(size_t)rand() % length] ^= (char)(1 << rand() % 8);
		(void)!zmq_send(raw, bytes, (size_t)rand() % (length + 1), ZMQ_DONTWAIT);
		turn(scene, 1);
	}
	loop_before_sleep_end(scene->loop, produce, &upstream);
	assert_int_equal(worker.taken, upstream.to_send);
	zmq_close(raw);
	link_worker_close(worker.link);
	link_upstream_close(upstream.link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(credit_is_a_total_so_repeats_and_old_ones_are_harmless),
		TEST(credit_for_more_than_was_sent_is_refused),
		TEST(credit_of_another_epoch_is_ignored),
		TEST(a_greedy_window_is_cut),
		TEST(more_workers_than_there_are_seats_are_refused),
		TEST(who_says_hello_anew_gives_its_items_back),
		TEST(who_is_not_known_is_told_to_say_hello),
		TEST(a_silent_worker_is_lost_and_one_that_answers_is_not),
		TEST(what_is_not_understood_is_refused_by_id),
		TEST(a_refusal_is_never_refused),
		TEST(refusals_are_bounded_so_that_two_sides_do_not_refuse_for_ever),
		TEST(noise_stops_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
