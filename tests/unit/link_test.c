/* SPDX-License-Identifier: Apache-2.0
 * Servers and clients over real sockets: nothing waits unseen, nothing a peer does stops
 * anything. */
#include "tests/unit/link_fixture.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

/* A server that echoes and a client that keeps some questions on their way. */
struct echo {
	struct scene *scene;
	struct link_server *server;
	struct link_client *client;
	unsigned window;
	long most; /* questions to ask */
	long asked, got;
	long heard; /* by the server */
	long flood; /* what it will hear, 0: no end */
	size_t heard_length;
	struct link_peer peer;  /* who asked last */
	bool is_silent;         /* the server does not answer */
	bool is_server_closing; /* from its callback */
	bool is_client_closing;
};

static void
on_question(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct echo *echo = self;

	if (++echo->heard == echo->flood)
		loop_again(echo->scene->loop); /* nothing more will come */
	echo->heard_length = length;
	echo->peer = *peer;
	if (echo->is_server_closing) {
		link_server_close(echo->server);
		echo->server = NULL;
	} else if (!echo->is_silent && length == sizeof echo->got) {
		assert_int_equal(
		    link_server_send(echo->server, peer, bytes, length), STATUS_OK);
	}
}

static void
ask(void *self)
{
	struct echo *echo = self;

	while (
	    echo->asked < echo->most && echo->asked - echo->got < echo->window &&
	    link_client_send(echo->client, &echo->asked, sizeof echo->asked) == STATUS_OK)
		echo->asked++;
}

static void
on_answer(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct echo *echo = self;
	long number;

	(void)peer;
	assert_int_equal(length, sizeof number);
	memcpy(&number, bytes, sizeof number);
	if (number < echo->got)
		return; /* to a question that was given up */
	assert_int_equal(number, echo->got);
	echo->got++;
	if (echo->got == echo->most)
		loop_again(echo->scene->loop); /* nothing more will come */
	if (echo->is_client_closing) {
		link_client_close(echo->client);
		echo->client = NULL;
	}
}

static void
open_server(struct echo *echo, const char *endpoint)
{
	struct scene *scene = echo->scene;

	assert_int_equal(link_server_open(scene->link, endpoint, on_question, echo,
	                     &echo->server, scene->why, sizeof scene->why),
	    STATUS_OK);
}

static void
open_client(struct echo *echo, const char *endpoint)
{
	struct scene *scene = echo->scene;

	assert_int_equal(link_client_open(scene->link, endpoint, on_answer, echo,
	                     &echo->client, scene->why, sizeof scene->why),
	    STATUS_OK);
}

/* The sockets call back with the address of `echo`, so it is set up in place. */
static void
start_echo(struct echo *echo, struct scene *scene, const char *endpoint, unsigned window)
{
	*echo = (struct echo){ .scene = scene, .window = window };
	open_server(echo, endpoint);
	open_client(echo, endpoint);
}

static void
stop_echo(struct echo *echo)
{
	link_client_close(echo->client);
	link_server_close(echo->server);
}

/* Asks `count` more, from a hook that runs after the link's. */
static void
run_echo(struct echo *echo, long count)
{
	echo->most += count;
	assert_true(loop_before_sleep(echo->scene->loop, ask, echo));
	TURN_UNTIL(echo->scene, echo->got == echo->most);
	loop_before_sleep_end(echo->scene->loop, ask, echo);
}

/* ---- questions and answers ---- */

static void
a_question_over_ipc_is_answered(void **state)
{
	struct scene *scene = *state;
	struct echo echo;

	start_echo(&echo, scene, scene->ipc, 1);
	run_echo(&echo, 3);
	stop_echo(&echo);
}

static void
a_question_over_tcp_is_answered(void **state)
{
	struct scene *scene = *state;
	struct echo echo;

	start_echo(&echo, scene, scene->tcp, 1);
	run_echo(&echo, 3);
	stop_echo(&echo);
}

static void
answers_find_their_asker_among_several(void **state)
{
	struct scene *scene = *state;
	struct echo echo[4];

	start_echo(&echo[0], scene, scene->ipc, 16);
	for (int i = 1; i < 4; i++) {
		echo[i] = (struct echo){ .scene = scene, .window = 16 };
		open_client(&echo[i], scene->ipc);
	}
	for (int i = 0; i < 4; i++) {
		echo[i].most = 1000 * (i + 1);
		assert_true(loop_before_sleep(scene->loop, ask, &echo[i]));
	}
	for (int i = 0; i < 4; i++)
		TURN_UNTIL(scene, echo[i].got == echo[i].most);
	assert_int_equal(echo[0].heard, 10000);
	for (int i = 0; i < 4; i++) {
		loop_before_sleep_end(scene->loop, ask, &echo[i]);
		stop_echo(&echo[i]);
	}
}

/* Nothing but messages wakes this loop, so a lost wake-up is a turn that sleeps its whole
 * time while answers are outstanding. */
static void
ask_without_a_lost_wake_up(struct echo *echo, long count)
{
	const int64_t most_ms = 3000;

	run_echo(echo, 1); /* the connection stands */
	echo->most += count;
	assert_true(loop_before_sleep(echo->scene->loop, ask, echo));
	while (echo->got < echo->most) {
		int64_t before_ms = now_ms();

		turn(echo->scene, most_ms);
		assert_true(now_ms() - before_ms < most_ms);
	}
	loop_before_sleep_end(echo->scene->loop, ask, echo);
}

static void
a_hundred_thousand_messages_lose_no_wake_up(void **state)
{
	struct scene *scene = *state;
	struct echo echo;

	start_echo(&echo, scene, scene->ipc, 64);
	ask_without_a_lost_wake_up(&echo, 100000);
	stop_echo(&echo);
}

static void
lone_messages_lose_no_wake_up(void **state)
{
	struct scene *scene = *state;
	struct echo echo;

	start_echo(&echo, scene, scene->tcp, 1);
	ask_without_a_lost_wake_up(&echo, 3000);
	stop_echo(&echo);
}

/* A server whose answer arrives between the link's turn and a send, and who says nothing to
 * what is sent. */
struct swallower {
	struct echo echo;
	void *raw;
	int stage;
};

static void
answer_then_send(void *self)
{
	const struct timespec arrival = { .tv_nsec = 20000000 };
	struct swallower *swallower = self;
	char id[5], question[sizeof(long)];

	if (swallower->stage++ > 0)
		return;
	assert_int_equal(zmq_recv(swallower->raw, id, sizeof id, 0), sizeof id);
	assert_int_equal(
	    zmq_recv(swallower->raw, question, sizeof question, 0), sizeof question);
	zmq_send(swallower->raw, id, sizeof id, ZMQ_SNDMORE);
	zmq_send(swallower->raw, question, sizeof question, 0);
	nanosleep(&arrival, NULL); /* libzmq looks at its mailbox once a millisecond */
	assert_int_equal(link_client_send(swallower->echo.client, "x", 1), STATUS_OK);
}

static void
a_send_that_takes_the_edge_of_an_answer_does_not_lose_it(void **state)
{
	struct scene *scene = *state;
	struct swallower swallower = { .echo = { .scene = scene, .window = 1 },
		.raw = raw_socket(scene, ZMQ_ROUTER) };
	struct echo *echo = &swallower.echo;
	int64_t since_ms;

	assert_int_equal(zmq_bind(swallower.raw, scene->ipc), 0);
	open_client(echo, scene->ipc);
	echo->most = 1;
	TURN_UNTIL(scene, (ask(echo), echo->asked == 1));
	turn_for(scene, 50); /* nothing is left to wake the loop */
	assert_true(loop_before_sleep(scene->loop, answer_then_send, &swallower));
	since_ms = now_ms();
	while (echo->got == 0)
		turn(scene, 3000);
	assert_true(now_ms() - since_ms < 3000);
	loop_before_sleep_end(scene->loop, answer_then_send, &swallower);
	zmq_close(swallower.raw);
	stop_echo(echo);
}

static int64_t
cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void
an_idle_link_uses_no_cpu(void **state)
{
	struct scene *scene = *state;
	struct echo echo;
	int64_t used_us;

	start_echo(&echo, scene, scene->ipc, 64);
	run_echo(&echo, 1000);
	used_us = cpu_us();
	turn_for(scene, 1000);
	assert_true(cpu_us() - used_us < 50000);
	stop_echo(&echo);
}

static void
count_call(void *self)
{
	++*(long *)self;
}

static void
a_flood_leaves_the_timers_their_turn(void **state)
{
	struct scene *scene = *state;
	struct echo echo = { .scene = scene, .is_silent = true, .flood = 500 };
	struct loop_timer *timer;
	void *raw = raw_dealer(scene, scene->ipc);
	long calls = 0, before;

	open_server(&echo, scene->ipc);
	timer = loop_timer_new(scene->loop, count_call, &calls);
	for (int i = 0; i < 500; i++)
		raw_send(raw, "?", 1);
	TURN_UNTIL(scene, echo.heard > 0);
	loop_timer_set(timer, 0);
	while ((before = echo.heard) < 500) {
		int64_t since_ms = now_ms();

		turn(scene, 3000);
		assert_true(echo.heard - before <= LINK_BATCH);
		assert_true(now_ms() - since_ms < 3000);
	}
	assert_true(calls > 0);
	loop_timer_free(timer);
	zmq_close(raw);
	stop_echo(&echo);
}

/* ---- peers that come and go ---- */

/* What went into a connection that was ending is lost, and asked again. */
static void
ask_until_answered(struct echo *echo)
{
	int64_t deadline_ms = now_ms() + DEADLINE_MS;

	do {
		assert_true(now_ms() < deadline_ms);
		echo->got = echo->asked;
		echo->most = echo->asked + 1;
		ask(echo);
		turn_for(echo->scene, 50);
	} while (echo->got < echo->most);
}

static void
a_restarted_server_is_found_again(void **state)
{
	struct scene *scene = *state;
	const char *endpoints[] = { scene->ipc, scene->tcp };

	for (int i = 0; i < 2; i++) {
		struct echo echo;

		start_echo(&echo, scene, endpoints[i], 4);
		run_echo(&echo, 100);
		link_server_close(echo.server);
		WAIT_UNTIL_FREE(scene, endpoints[i]);
		open_server(&echo, endpoints[i]);
		ask_until_answered(&echo);
		run_echo(&echo, 100);
		stop_echo(&echo);
	}
}

static void
without_a_server_a_client_is_busy_and_its_successor_hears_nothing_old(void **state)
{
	struct scene *scene = *state;
	struct echo echo = { .scene = scene, .window = 1 };

	open_client(&echo, scene->ipc);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(link_client_send(echo.client, "old", 3), STATUS_BUSY);
		turn(scene, 10);
	}
	open_server(&echo, scene->ipc);
	run_echo(&echo, 1);
	assert_int_equal(echo.heard, 1);
	stop_echo(&echo);
}

static void
an_answer_to_who_has_gone_is_absent(void **state)
{
	struct scene *scene = *state;
	struct echo echo;

	start_echo(&echo, scene, scene->ipc, 1);
	run_echo(&echo, 1);
	link_client_close(echo.client);
	echo.client = NULL;
	TURN_UNTIL(
	    scene, link_server_send(echo.server, &echo.peer, "late", 4) == STATUS_ABSENT);
	stop_echo(&echo);
}

static void
who_does_not_read_makes_its_server_busy_but_does_not_block_it(void **state)
{
	struct scene *scene = *state;
	struct echo echo = { .scene = scene, .window = 1, .is_silent = true };
	void *raw = raw_dealer(scene, scene->ipc);
	enum status status = STATUS_OK;
	int sent = 0;

	open_server(&echo, scene->ipc);
	raw_send(raw, "?", 1);
	TURN_UNTIL(scene, echo.heard == 1);
	for (int64_t end_ms = now_ms() + DEADLINE_MS; now_ms() < end_ms; sent++) {
		status = link_server_send(
		    echo.server, &echo.peer, scene->bytes, sizeof scene->bytes);
		if (status != STATUS_OK)
			break;
	}
	assert_int_equal(status, STATUS_BUSY);
	assert_true(sent >= LINK_QUEUE_MAX);
	open_client(&echo, scene->ipc);
	echo.is_silent = false;
	run_echo(&echo, 10);
	zmq_close(raw);
	stop_echo(&echo);
}

static void
a_callback_may_close_its_socket(void **state)
{
	struct scene *scene = *state;
	struct echo echo;

	start_echo(&echo, scene, scene->ipc, 4);
	run_echo(&echo, 10);
	echo.is_server_closing = true;
	echo.most += 4;
	TURN_UNTIL(scene, (ask(&echo), echo.server == NULL));
	assert_int_equal(echo.heard, 11);
	link_client_close(echo.client);
	WAIT_UNTIL_FREE(scene, scene->ipc);
	start_echo(&echo, scene, scene->ipc, 4);
	run_echo(&echo, 10);
	echo.most += 4;
	ask(&echo);
	echo.is_client_closing = true;
	TURN_UNTIL(scene, echo.client == NULL);
	assert_int_equal(echo.got, 11);
	stop_echo(&echo);
}

/* ---- what peers send ---- */

static void
the_largest_message_arrives_and_a_larger_one_costs_only_itself(void **state)
{
	struct scene *scene = *state;
	struct echo echo = { .scene = scene, .is_silent = true };
	void *raw = raw_dealer(scene, scene->tcp);
	char *bytes = calloc(1, LINK_DROP_BYTES);
	double refused = refused_count(STATUS_TOO_LARGE);

	open_server(&echo, scene->tcp);
	raw_send(raw, bytes, MESSAGE_MAX_BYTES);
	TURN_UNTIL(scene, echo.heard == 1);
	assert_int_equal(echo.heard_length, MESSAGE_MAX_BYTES);
	raw_send(raw, bytes, MESSAGE_MAX_BYTES + 1);
	raw_send(raw, bytes, LINK_DROP_BYTES);
	raw_send(raw, bytes, 7);
	TURN_UNTIL(scene, echo.heard == 2);
	assert_int_equal(echo.heard_length, 7);
	assert_true(refused_count(STATUS_TOO_LARGE) == refused + 2);
	free(bytes);
	zmq_close(raw);
	stop_echo(&echo);
}

static void
a_far_too_large_message_ends_only_its_own_connection(void **state)
{
	struct scene *scene = *state;
	struct link_peer peer;
	struct echo echo;
	void *raw = raw_dealer(scene, scene->tcp);
	char *bytes = calloc(1, LINK_DROP_BYTES + 1);

	start_echo(&echo, scene, scene->tcp, 1);
	run_echo(&echo, 1);
	raw_send(raw, "1", 1);
	TURN_UNTIL(scene, echo.heard == 2);
	peer = echo.peer;
	raw_send(raw, bytes, LINK_DROP_BYTES + 1);
	run_echo(&echo, 10);
	TURN_UNTIL(scene, link_server_send(echo.server, &peer, "", 0) == STATUS_ABSENT);
	assert_int_equal(echo.heard, 12);
	free(bytes);
	zmq_close(raw);
	stop_echo(&echo);
}

static void
a_too_large_message_is_not_sent(void **state)
{
	struct scene *scene = *state;
	struct echo echo;
	char *bytes = calloc(1, MESSAGE_MAX_BYTES + 1);

	start_echo(&echo, scene, scene->ipc, 1);
	run_echo(&echo, 1);
	assert_int_equal(link_client_send(echo.client, bytes, MESSAGE_MAX_BYTES + 1),
	    STATUS_TOO_LARGE);
	assert_int_equal(
	    link_server_send(echo.server, &echo.peer, bytes, MESSAGE_MAX_BYTES + 1),
	    STATUS_TOO_LARGE);
	run_echo(&echo, 1);
	free(bytes);
	stop_echo(&echo);
}

static void
a_message_of_several_parts_is_dropped(void **state)
{
	struct scene *scene = *state;
	struct echo echo = { .scene = scene, .is_silent = true };
	void *raw = raw_dealer(scene, scene->ipc);
	double refused = refused_count(STATUS_BAD_MESSAGE);

	open_server(&echo, scene->ipc);
	for (int parts = 2; parts < 100; parts += 10) {
		for (int i = 1; i < parts; i++)
			assert_int_equal(zmq_send(raw, "x", 1, ZMQ_SNDMORE), 1);
		raw_send(raw, "x", 1);
	}
	raw_send(raw, "good", 4);
	TURN_UNTIL(scene, echo.heard == 1);
	assert_int_equal(echo.heard_length, 4);
	assert_true(refused_count(STATUS_BAD_MESSAGE) == refused + 10);
	zmq_close(raw);
	stop_echo(&echo);
}

static void
a_routing_id_that_does_not_fit_is_dropped(void **state)
{
	struct scene *scene = *state;
	struct echo echo = { .scene = scene };
	void *raw = raw_socket(scene, ZMQ_DEALER), *good = raw_socket(scene, ZMQ_DEALER);
	char id[255];

	memset(id, 'i', sizeof id);
	open_server(&echo, scene->ipc);
	zmq_setsockopt(raw, ZMQ_ROUTING_ID, id, sizeof id);
	zmq_setsockopt(good, ZMQ_ROUTING_ID, id, 32);
	assert_int_equal(zmq_connect(raw, scene->ipc), 0);
	raw_send(raw, "bad", 3);
	turn_for(scene, 100);
	assert_int_equal(zmq_connect(good, scene->ipc), 0);
	raw_send(good, "good id.", 8);
	TURN_UNTIL(scene, zmq_recv(good, id, sizeof id, ZMQ_DONTWAIT) == 8);
	assert_int_equal(echo.heard, 1);
	zmq_close(raw);
	zmq_close(good);
	stop_echo(&echo);
}

/* Prefixes of a true ZMTP 3 handshake of a DEALER, with and without a broken bit (which can
 * make a true handshake of ZMTP 2, and a message), and noise. */
static size_t
make_garbage(uint8_t bytes[200], unsigned round)
{
	static const uint8_t HANDSHAKE[] =
	    "\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\4\x1c\5READY\vSocket-Type\0\0\0\6DEALER\0\5hello";
	size_t length = (size_t)rand() % (sizeof HANDSHAKE - 7); /* not "hello" */

	if (round % 3 == 0) {
		for (size_t i = 0; i < 200; i++)
			bytes[i] = (uint8_t)rand();
		return (size_t)rand() % 200;
	}
	memcpy(bytes, HANDSHAKE, sizeof HANDSHAKE);
	if (round % 3 == 1 && length > 0)
		bytes[(size_t)rand() % length] ^= (uint8_t)(1 << rand() % 8);
	return length;
}

static void
garbage_on_the_port_does_nothing(void **state)
{
	struct scene *scene = *state;
	struct echo echo;
	int fds[60];

	srand(7);
	start_echo(&echo, scene, scene->tcp, 1);
	run_echo(&echo, 1);
	for (unsigned round = 0; round < 600; round++) {
		int *fd = &fds[round % 60];
		uint8_t bytes[200];
		size_t length = make_garbage(bytes, round);

		if (round >= 60)
			close(*fd);
		*fd = tcp_connect(scene->tcp);
		(void)!send(*fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		run_echo(&echo, 1);
	}
	for (int i = 0; i < 60; i++)
		close(fds[i]);
	stop_echo(&echo);
}

/* ---- endpoints ---- */

static enum status
try_server(struct scene *scene, const char *endpoint)
{
	struct link_server *server;
	enum status status = link_server_open(scene->link, endpoint, on_question, NULL,
	    &server, scene->why, sizeof scene->why);

	assert_true((status == STATUS_OK) == (server != NULL));
	link_server_close(server);
	return status;
}

static enum status
try_client(struct scene *scene, const char *endpoint)
{
	struct link_client *client;
	enum status status = link_client_open(scene->link, endpoint, on_answer, NULL,
	    &client, scene->why, sizeof scene->why);

	assert_true((status == STATUS_OK) == (client != NULL));
	link_client_close(client);
	return status;
}

static void
only_unix_sockets_and_loopback_are_allowed(void **state)
{
	static const struct {
		const char *endpoint;
		enum status status;
	} CASES[] = {
		{ "tcp://0.0.0.0:5710", STATUS_FORBIDDEN },
		{ "tcp://*:5710", STATUS_FORBIDDEN },
		{ "tcp://192.168.1.1:5710", STATUS_FORBIDDEN },
		{ "tcp://127.0.0.2:5710", STATUS_FORBIDDEN },
		{ "tcp://localhost:5710", STATUS_FORBIDDEN },
		{ "tcp://127.0.0.1.evil.example:5710", STATUS_FORBIDDEN },
		{ "tcp://[::1]:5710", STATUS_FORBIDDEN },
		{ "tcp://127.0.0.1", STATUS_FORBIDDEN },
		{ "udp://127.0.0.1:5710", STATUS_FORBIDDEN },
		{ "inproc://a", STATUS_FORBIDDEN },
		{ "pgm://127.0.0.1:5710", STATUS_FORBIDDEN },
		{ "tcp://127.0.0.1:", STATUS_INVALID },
		{ "tcp://127.0.0.1:0", STATUS_INVALID },
		{ "tcp://127.0.0.1:*", STATUS_INVALID },
		{ "tcp://127.0.0.1:65536", STATUS_INVALID },
		{ "tcp://127.0.0.1:05710", STATUS_INVALID },
		{ "tcp://127.0.0.1:571000", STATUS_INVALID },
		{ "tcp://127.0.0.1:-1", STATUS_INVALID },
		{ "tcp://127.0.0.1:5710;10.0.0.1:5710", STATUS_INVALID },
		{ "tcp://127.0.0.1:5710 ", STATUS_INVALID },
		{ "ipc://", STATUS_INVALID },
		{ "ipc://@abstract", STATUS_INVALID },
		{ "ipc://*", STATUS_INVALID },
		{ "", STATUS_INVALID },
		{ "/tmp/socket", STATUS_INVALID },
		{ "127.0.0.1:5710", STATUS_INVALID },
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		scene->why[0] = '\0';
		assert_int_equal(try_server(scene, CASES[i].endpoint), CASES[i].status);
		assert_int_equal(try_client(scene, CASES[i].endpoint), CASES[i].status);
		assert_true(strlen(scene->why) > 0 && strchr(scene->why, '\n') == NULL);
	}
}

static void
a_path_of_107_bytes_is_the_longest(void **state)
{
	struct scene *scene = *state;
	char endpoint[300];
	int length = snprintf(endpoint, sizeof endpoint, "ipc://%s/", scene->directory);

	memset(endpoint + length, 'p', sizeof endpoint - (size_t)length);
	endpoint[strlen("ipc://") + 107] = '\0';
	assert_int_equal(try_server(scene, endpoint), STATUS_OK);
	assert_int_equal(try_client(scene, endpoint), STATUS_OK);
	strcat(endpoint, "p");
	assert_int_equal(try_server(scene, endpoint), STATUS_UNAVAILABLE);
	assert_int_equal(try_client(scene, endpoint), STATUS_UNAVAILABLE);
	assert_non_null(strstr(scene->why, "107 bytes"));
	assert_null(strchr(scene->why, '\n'));
}

static void
a_place_that_is_taken_is_left_alone(void **state)
{
	struct scene *scene = *state;
	const char *endpoints[] = { scene->ipc, scene->tcp };

	for (int i = 0; i < 2; i++) {
		struct echo echo;

		start_echo(&echo, scene, endpoints[i], 1);
		run_echo(&echo, 1);
		assert_int_equal(try_server(scene, endpoints[i]), STATUS_UNAVAILABLE);
		run_echo(&echo, 1);
		stop_echo(&echo);
	}
}

static void
a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct scene *scene = *state;
	const char *path = scene->ipc + strlen("ipc://");
	FILE *file = fopen(path, "w");
	struct stat stat_now;

	fputs("dear", file);
	fclose(file);
	assert_int_equal(try_server(scene, scene->ipc), STATUS_UNAVAILABLE);
	assert_int_equal(stat(path, &stat_now), 0);
	assert_int_equal(stat_now.st_size, 4);
}

static void
a_socket_that_a_dead_process_left_is_replaced(void **state)
{
	struct scene *scene = *state;
	const char *path = scene->ipc + strlen("ipc://");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct echo echo;

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	start_echo(&echo, scene, scene->ipc, 1);
	run_echo(&echo, 1);
	stop_echo(&echo);
}

static void
a_directory_that_is_missing_is_unavailable(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(
	    try_server(scene, "ipc:///nonexistent/dir/socket"), STATUS_UNAVAILABLE);
	assert_null(strchr(scene->why, '\n'));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_over_ipc_is_answered),
		TEST(a_question_over_tcp_is_answered),
		TEST(answers_find_their_asker_among_several),
		TEST(a_hundred_thousand_messages_lose_no_wake_up),
		TEST(lone_messages_lose_no_wake_up),
		TEST(a_send_that_takes_the_edge_of_an_answer_does_not_lose_it),
		TEST(an_idle_link_uses_no_cpu),
		TEST(a_flood_leaves_the_timers_their_turn),
		TEST(a_restarted_server_is_found_again),
		TEST(
		    without_a_server_a_client_is_busy_and_its_successor_hears_nothing_old),
		TEST(an_answer_to_who_has_gone_is_absent),
		TEST(who_does_not_read_makes_its_server_busy_but_does_not_block_it),
		TEST(a_callback_may_close_its_socket),
		TEST(the_largest_message_arrives_and_a_larger_one_costs_only_itself),
		TEST(a_far_too_large_message_ends_only_its_own_connection),
		TEST(a_too_large_message_is_not_sent),
		TEST(a_message_of_several_parts_is_dropped),
		TEST(a_routing_id_that_does_not_fit_is_dropped),
		TEST(garbage_on_the_port_does_nothing),
		TEST(only_unix_sockets_and_loopback_are_allowed),
		TEST(a_path_of_107_bytes_is_the_longest),
		TEST(a_place_that_is_taken_is_left_alone),
		TEST(a_file_that_is_no_socket_is_left_alone),
		TEST(a_socket_that_a_dead_process_left_is_replaced),
		TEST(a_directory_that_is_missing_is_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
