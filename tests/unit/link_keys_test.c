/* SPDX-License-Identifier: Apache-2.0
 * Links that leave the machine: encrypted, and only for who holds a key that is known. */
#include <sys/stat.h>

#include "tests/unit/link_fixture.h"

/* Of the loopback too, but not the one address that is in clear. */
#define ELSEWHERE "tcp://127.0.0.2:"

static char endpoint[64], public_key[LINK_KEY_BYTES];
static unsigned questions, answers;

static void
path_of(const struct scene *scene, const char *name, char path[64])
{
	(void)snprintf(path, 64, "%s/%s", scene->directory, name);
}

static int
set_up(void **state)
{
	struct scene *scene;
	char path[64];
	int result = open_scene(state);

	scene = *state;
	questions = answers = 0;
	path_of(scene, "link.key", path);
	assert_int_equal(
	    link_key_create(path, public_key, scene->why, sizeof scene->why), STATUS_OK);
	assert_int_equal(
	    link_keys_open(scene->link, scene->directory, scene->why, sizeof scene->why),
	    STATUS_OK);
	(void)snprintf(
	    endpoint, sizeof endpoint, ELSEWHERE "%s", strrchr(scene->tcp, ':') + 1);
	return result;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;
	char path[64];

	path_of(scene, "link.key", path);
	(void)unlink(path);
	path_of(scene, "link.clients", path);
	(void)unlink(path);
	link_keys_close(scene->link);
	return close_scene(state);
}

static struct link_server *server;

static void
on_question(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	(void)self;
	questions++;
	(void)!link_server_send(server, peer, bytes, length);
}

static void
on_answer(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	(void)self, (void)peer, (void)bytes, (void)length;
	answers++;
}

static void
open_server(struct scene *scene)
{
	assert_int_equal(link_server_open(scene->link, endpoint, on_question, NULL,
	                     &server, scene->why, sizeof scene->why),
	    STATUS_OK);
}

/* A program of others, with a key pair of its own where `secret` is not NULL. */
static void *
stranger(struct scene *scene, const char *server_key, const char *own, const char *secret)
{
	void *raw = raw_socket(scene, ZMQ_DEALER);

	if (secret != NULL) {
		zmq_setsockopt(raw, ZMQ_CURVE_SERVERKEY, server_key, 40);
		zmq_setsockopt(raw, ZMQ_CURVE_PUBLICKEY, own, 40);
		zmq_setsockopt(raw, ZMQ_CURVE_SECRETKEY, secret, 40);
	}
	assert_int_equal(zmq_connect(raw, endpoint), 0);
	return raw;
}

static void
let_in(struct scene *scene, const char *key)
{
	char path[64];
	FILE *file;

	path_of(scene, "link.clients", path);
	file = fopen(path, "w");
	fprintf(file,
	    "# remark\nother 0123456789012345678901234567890123456789\nshelter %s\n",
	    key);
	(void)fclose(file);
}

/* A remark that is longer than any buffer, with a line in it that was taken back. */
static void
take_back(struct scene *scene, const char *key)
{
	char path[64];
	FILE *file;

	path_of(scene, "link.clients", path);
	file = fopen(path, "w");
	for (int i = 0; i < 2000; i++)
		fprintf(file, "%s %s ", i == 0 ? "#" : "shelter", key);
	(void)fclose(file);
}

static void
who_has_the_networks_key_comes_in(void **state)
{
	struct scene *scene = *state;
	struct link_client *client;

	open_server(scene);
	assert_int_equal(link_client_open(scene->link, endpoint, on_answer, NULL, &client,
	                     scene->why, sizeof scene->why),
	    STATUS_OK);
	TURN_UNTIL(scene, link_client_send(client, "hello", 5) == STATUS_OK);
	TURN_UNTIL(scene, answers == 1);
	assert_int_equal(questions, 1);
	link_client_close(client);
	link_server_close(server);
}

static void
nobody_else_does(void **state)
{
	struct scene *scene = *state;
	char own[LINK_KEY_BYTES], secret[LINK_KEY_BYTES];
	double refused = refused_count(STATUS_FORBIDDEN);
	void *unknown, *clear;

	open_server(scene);
	assert_int_equal(zmq_curve_keypair(own, secret), 0);
	unknown = stranger(scene, public_key, own, secret);
	clear = stranger(scene, NULL, NULL, NULL);
	raw_send(unknown, "hello", 5);
	raw_send(clear, "hello", 5);
	TURN_UNTIL(scene, refused_count(STATUS_FORBIDDEN) > refused);
	turn_for(scene, 500); /* the one in clear is not even asked for its key */
	assert_int_equal(questions, 0);
	zmq_close(unknown);
	zmq_close(clear);
	link_server_close(server);
}

static void
who_stands_in_a_remark_stays_outside(void **state)
{
	struct scene *scene = *state;
	char own[LINK_KEY_BYTES], secret[LINK_KEY_BYTES];
	double refused = refused_count(STATUS_FORBIDDEN);
	void *client;

	open_server(scene);
	assert_int_equal(zmq_curve_keypair(own, secret), 0);
	take_back(scene, own);
	client = stranger(scene, public_key, own, secret);
	raw_send(client, "hello", 5);
	TURN_UNTIL(scene, refused_count(STATUS_FORBIDDEN) > refused || questions > 0);
	assert_int_equal(questions, 0);
	zmq_close(client);
	link_server_close(server);
}

static void
a_client_comes_in_as_soon_as_it_is_listed(void **state)
{
	struct scene *scene = *state;
	char own[LINK_KEY_BYTES], secret[LINK_KEY_BYTES];
	double refused = refused_count(STATUS_FORBIDDEN);
	void *client;

	open_server(scene);
	assert_int_equal(zmq_curve_keypair(own, secret), 0);
	client = stranger(scene, public_key, own, secret);
	raw_send(client, "hello", 5);
	TURN_UNTIL(scene, refused_count(STATUS_FORBIDDEN) > refused);
	let_in(scene, own);
	zmq_close(client); /* libzmq does not knock again after a refusal */
	client = stranger(scene, public_key, own, secret);
	raw_send(client, "hello", 5);
	TURN_UNTIL(scene, questions == 1);
	zmq_close(client);
	link_server_close(server);
}

static void
on_lost(void *self, const char *service, const struct link_lost *items, size_t count)
{
	(void)self, (void)service, (void)items, (void)count;
}

static void
work_is_for_the_network_alone(void **state)
{
	struct scene *scene = *state;
	char own[LINK_KEY_BYTES], secret[LINK_KEY_BYTES];
	double refused = refused_count(STATUS_FORBIDDEN);
	struct link_upstream *upstream;
	void *client;

	assert_int_equal(link_upstream_open(scene->link, endpoint, on_lost, NULL,
	                     &upstream, scene->why, sizeof scene->why),
	    STATUS_OK);
	assert_int_equal(zmq_curve_keypair(own, secret), 0);
	let_in(scene, own);
	client = stranger(scene, public_key, own, secret);
	message_init(&scene->message, MESSAGE_hello);
	scene->message.hello.service = LITERAL("matcher");
	scene->message.hello.boot = LITERAL("b");
	scene->message.hello.window = 8;
	say(scene, client);
	TURN_UNTIL(scene, refused_count(STATUS_FORBIDDEN) > refused);
	turn_for(scene, 200);
	assert_int_equal(link_upstream_credit(upstream), 0);
	zmq_close(client);
	link_upstream_close(upstream);
}

static void
an_address_is_four_numbers_and_a_port(void **state)
{
	static const char *const WRONG[] = { "tcp://localhost:5710", "tcp://*:5710",
		"tcp://[::1]:5710", "tcp://10.0.0:5710", "tcp://10.0.0.1",
		"tcp://10.0.0.1:0", "tcp://10.0.0.1:5710;10.0.0.2:5710",
		"tcp://127.0.0.1.example:5710", "tcp://1234567890123456:5710" };
	struct scene *scene = *state;
	struct link_client *client;

	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
		assert_int_equal(link_client_open(scene->link, WRONG[i], on_answer, NULL,
		                     &client, scene->why, sizeof scene->why),
		    STATUS_INVALID);
}

static void
expect_key(struct scene *scene, enum status status, const char *word)
{
	struct link *link = link_new(scene->loop);

	assert_int_equal(
	    link_keys_open(link, scene->directory, scene->why, sizeof scene->why),
	    status);
	assert_non_null(strstr(scene->why, word));
	link_free(link);
}

static void
a_key_file_is_private_and_holds_one_key(void **state)
{
	struct scene *scene = *state;
	char path[64], again[LINK_KEY_BYTES];

	path_of(scene, "link.key", path);
	assert_int_equal(
	    link_key_create(path, again, scene->why, sizeof scene->why), STATUS_DUP);
	assert_string_equal(again, public_key);
	assert_int_equal(chmod(path, 0640), 0);
	expect_key(scene, STATUS_FORBIDDEN, "600");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 39), 0);
	expect_key(scene, STATUS_INVALID, "one key");
	assert_int_equal(
	    link_key_create(path, again, scene->why, sizeof scene->why), STATUS_INVALID);
	assert_int_equal(unlink(path), 0);
	expect_key(scene, STATUS_ABSENT, "link.key");
	assert_int_equal(
	    link_key_create("/no/such/folder", again, scene->why, sizeof scene->why),
	    STATUS_UNAVAILABLE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(who_has_the_networks_key_comes_in),
		TEST(nobody_else_does),
		TEST(who_stands_in_a_remark_stays_outside),
		TEST(a_client_comes_in_as_soon_as_it_is_listed),
		TEST(work_is_for_the_network_alone),
		TEST(an_address_is_four_numbers_and_a_port),
		TEST(a_key_file_is_private_and_holds_one_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
