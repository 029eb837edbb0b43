/* SPDX-License-Identifier: Apache-2.0
 * A worker below an upstream that forgets, contradicts itself or sends too much. */
#include "tests/unit/link_work_fixture.h"

struct raw_upstream {
	struct scene *scene;
	void *raw;
	struct link_peer peer; /* who spoke last */
};

static bool
upstream_hears_now(struct raw_upstream *upstream)
{
	int length = zmq_recv(
	    upstream->raw, upstream->peer.id, sizeof upstream->peer.id, ZMQ_DONTWAIT);

	if (length < 0)
		return false;
	upstream->peer.length = (uint32_t)length;
	assert_true(hear_now(upstream->scene, upstream->raw));
	return true;
}

static const struct message *
upstream_hears(struct raw_upstream *upstream, enum message_kind kind)
{
	TURN_UNTIL(upstream->scene,
	    upstream_hears_now(upstream) && upstream->scene->message.kind == kind);
	return &upstream->scene->message;
}

static void
upstream_says(struct raw_upstream *upstream)
{
	assert_int_equal(zmq_send(upstream->raw, upstream->peer.id, upstream->peer.length,
	                     ZMQ_SNDMORE | ZMQ_DONTWAIT),
	    upstream->peer.length);
	say(upstream->scene, upstream->raw);
}

static void
upstream_welcomes(struct raw_upstream *upstream, uint32_t epoch)
{
	struct message *out = &upstream->scene->message;

	message_init(out, MESSAGE_welcome);
	out->welcome.boot = LITERAL("boot");
	out->welcome.epoch = epoch;
	upstream_says(upstream);
}

static void
upstream_works(struct raw_upstream *upstream, uint32_t epoch)
{
	struct message *out = &upstream->scene->message;

	message_init(out, MESSAGE_work);
	out->work.epoch = epoch;
	out->work.stage = stage_match;
	out->work.item = LITERAL("item");
	out->work.version = out->work.attempt = 1;
	out->work.urgency = urgency_normal;
	upstream_says(upstream);
}

static void
upstream_pings(struct raw_upstream *upstream, enum message_kind kind, uint32_t epoch)
{
	message_init(&upstream->scene->message, kind);
	if (kind == MESSAGE_ping)
		upstream->scene->message.ping.epoch = epoch;
	else
		upstream->scene->message.pong.epoch = epoch;
	upstream_says(upstream);
}

static void
start_raw_upstream(
    struct raw_upstream *upstream, struct worker *worker, struct scene *scene)
{
	*upstream = (struct raw_upstream){ .scene = scene };
	upstream->raw = raw_socket(scene, ZMQ_ROUTER);
	assert_int_equal(zmq_bind(upstream->raw, scene->ipc), 0);
	start_worker(worker, scene, scene->ipc, WINDOW);
}

static void
a_worker_says_hello_until_it_is_welcome(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;
	char boot[33];

	scene->link->tick_ms = QUICK_TICK_MS;
	start_raw_upstream(&upstream, &worker, scene);
	for (int i = 0; i < 3; i++) {
		const struct hello *hello =
		    &upstream_hears(&upstream, MESSAGE_hello)->hello;

		assert_true(text_is(hello->service, "matcher"));
		assert_int_equal(hello->window, WINDOW);
		assert_true(i == 0 || text_is(hello->boot, boot));
		assert_true(text_copy(hello->boot, boot, sizeof boot));
	}
	upstream_welcomes(&upstream, 7);
	for (int i = 0; i < 20; i++) { /* a welcome that is kept alive is enough */
		turn_for(scene, QUICK_TICK_MS);
		upstream_pings(&upstream, MESSAGE_ping, 7);
		while (upstream_hears_now(&upstream))
			assert_int_equal(scene->message.kind, MESSAGE_pong);
	}
	upstream_hears(&upstream, MESSAGE_hello); /* three seconds later */
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_that_hears_of_another_epoch_says_hello_once(void **state)
{
	static const struct {
		enum message_kind kind;
		uint32_t epoch;
	} CASES[] = { { MESSAGE_ping, 8 }, { MESSAGE_pong, 8 },
		{ MESSAGE_pong, UINT_ABSENT }, { MESSAGE_work, 8 },
		{ MESSAGE_work, UINT_ABSENT } };
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		upstream_welcomes(&upstream, 7);
		for (int times = 0; times < 3; times++)
			if (CASES[i].kind == MESSAGE_work)
				upstream_works(&upstream, CASES[i].epoch);
			else
				upstream_pings(&upstream, CASES[i].kind, CASES[i].epoch);
		TURN_UNTIL(scene, upstream_hears_now(&upstream));
		assert_int_equal(scene->message.kind, MESSAGE_hello);
		upstream_pings(&upstream, MESSAGE_ping, 8); /* not yet heard */
		turn_for(scene, 50);
		assert_false(upstream_hears_now(&upstream));
	}
	assert_int_equal(worker.taken, 0);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_keeps_its_window_against_its_upstream(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;
	double refused = refused_count(STATUS_FULL);

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	upstream_welcomes(&upstream, 7);
	for (int i = 0; i < WINDOW + 2; i++)
		upstream_works(&upstream, 7);
	TURN_UNTIL(scene, refused_count(STATUS_FULL) == refused + 2);
	assert_int_equal(worker.taken, WINDOW);
	finish(&worker, 3);
	finish(&worker, 0);
	assert_int_equal(upstream_hears(&upstream, MESSAGE_credit)->credit.finished, 2);
	assert_int_equal(scene->message.credit.epoch, 7);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_counts_anew_in_a_new_epoch(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	upstream_welcomes(&upstream, 7);
	for (int i = 0; i < 3; i++)
		upstream_works(&upstream, 7);
	TURN_UNTIL(scene, worker.taken == 3);
	finish(&worker, 0);
	upstream_welcomes(&upstream, 8);
	upstream_works(&upstream, 8);
	TURN_UNTIL(scene, worker.taken == 4);
	assert_int_equal(link_worker_held(worker.link), 3);
	finish(&worker, 0);
	finish(&worker, 0);
	assert_int_equal(link_worker_held(worker.link), 1);
	finish(&worker, 0);
	do
		upstream_hears(&upstream, MESSAGE_credit);
	while (scene->message.credit.epoch == 7);
	assert_int_equal(scene->message.credit.epoch, 8);
	assert_int_equal(scene->message.credit.finished, 1);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_counts_on_when_its_welcome_is_repeated(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	upstream_welcomes(&upstream, 7);
	upstream_works(&upstream, 7);
	TURN_UNTIL(scene, worker.taken == 1);
	finish(&worker, 0);
	upstream_welcomes(&upstream, 7);
	upstream_works(&upstream, 7);
	TURN_UNTIL(scene, worker.taken == 2);
	finish(&worker, 0);
	do
		upstream_hears(&upstream, MESSAGE_credit);
	while (scene->message.credit.finished == 1);
	assert_int_equal(scene->message.credit.finished, 2);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_that_drains_says_so_in_every_epoch(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	link_worker_drain(worker.link);
	upstream_welcomes(&upstream, 7);
	assert_int_equal(upstream_hears(&upstream, MESSAGE_drain)->drain.epoch, 7);
	upstream_works(&upstream, 7);
	TURN_UNTIL(scene, worker.taken == 1);
	finish(&worker, 0);
	assert_int_equal(upstream_hears(&upstream, MESSAGE_credit)->credit.finished, 1);
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_that_drains_does_not_say_hello(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream = { .scene = scene,
		.raw = raw_socket(scene, ZMQ_ROUTER) };
	struct worker worker;

	scene->link->tick_ms = QUICK_TICK_MS;
	start_worker(&worker, scene, scene->ipc, WINDOW);
	turn(scene, 10);
	link_worker_drain(worker.link);
	assert_int_equal(zmq_bind(upstream.raw, scene->ipc), 0);
	turn_for(scene, 10 * QUICK_TICK_MS);
	assert_false(upstream_hears_now(&upstream));
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_refuses_what_it_does_not_understand(void **state)
{
	struct scene *scene = *state;
	struct raw_upstream upstream;
	struct worker worker;
	char bytes[100];

	start_raw_upstream(&upstream, &worker, scene);
	upstream_hears(&upstream, MESSAGE_hello);
	zmq_send(upstream.raw, upstream.peer.id, upstream.peer.length, ZMQ_SNDMORE);
	raw_send(upstream.raw, bytes, forge_frame(bytes, 9, "welcome", "question"));
	upstream_hears(&upstream, MESSAGE_refused);
	assert_true(text_is(scene->message.refused.status, "unsupported"));
	assert_true(text_is(scene->message.id, "question"));
	zmq_send(upstream.raw, upstream.peer.id, upstream.peer.length, ZMQ_SNDMORE);
	raw_send(upstream.raw, bytes, forge_frame(bytes, 1, "search", "question"));
	upstream_hears(&upstream, MESSAGE_refused);
	assert_true(text_is(scene->message.refused.status, "bad_message"));
	zmq_close(upstream.raw);
	link_worker_close(worker.link);
}

static void
a_worker_is_told_what_is_wrong_with_its_settings(void **state)
{
	struct scene *scene = *state;
	struct link_worker *worker;
	char seventeen[17 * 16 + 1] = "";
	const struct {
		const char *endpoints;
		unsigned window;
		enum status status;
	} CASES[] = {
		{ scene->ipc, 0, STATUS_INVALID },
		{ scene->ipc, LINK_WINDOW_MAX + 1, STATUS_INVALID },
		{ "", 8, STATUS_INVALID },
		{ "ipc:///tmp/a,", 8, STATUS_INVALID },
		{ "ipc:///tmp/a,,ipc:///tmp/b", 8, STATUS_INVALID },
		{ "ipc:///tmp/a,tcp://10.0.0.1:5720", 8, STATUS_FORBIDDEN },
		{ seventeen, 8, STATUS_INVALID },
	};

	for (int i = 0; i < 17; i++)
		strcat(seventeen, i == 0 ? "ipc:///tmp/a" : ",ipc:///tmp/a");
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		scene->why[0] = '\0';
		assert_int_equal(link_worker_open(scene->link, CASES[i].endpoints,
		                     "matcher", CASES[i].window, on_work, NULL, &worker,
		                     scene->why, sizeof scene->why),
		    CASES[i].status);
		assert_null(worker);
		assert_true(strlen(scene->why) > 0 && strchr(scene->why, '\n') == NULL);
	}
	seventeen[strlen(seventeen) - strlen(",ipc:///tmp/a")] = '\0';
	assert_int_equal(
	    link_worker_open(scene->link, seventeen, "matcher", LINK_WINDOW_MAX, on_work,
	        NULL, &worker, scene->why, sizeof scene->why),
	    STATUS_OK);
	link_worker_close(worker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_says_hello_until_it_is_welcome),
		TEST(a_worker_that_hears_of_another_epoch_says_hello_once),
		TEST(a_worker_keeps_its_window_against_its_upstream),
		TEST(a_worker_counts_anew_in_a_new_epoch),
		TEST(a_worker_counts_on_when_its_welcome_is_repeated),
		TEST(a_worker_that_drains_says_so_in_every_epoch),
		TEST(a_worker_that_drains_does_not_say_hello),
		TEST(a_worker_refuses_what_it_does_not_understand),
		TEST(a_worker_is_told_what_is_wrong_with_its_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
