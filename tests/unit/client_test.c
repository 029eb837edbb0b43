/* SPDX-License-Identifier: Apache-2.0
 * The client against a receiver that does what receivers do, on the same loop. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "services/notifier/client.h"

#define POSTS_MOST 1024
/* No wait is longer: a test that needs so much has failed. */
#define PATIENCE_MS 20000

/* ---- a resolver with names of our own ---- */

static pthread_mutex_t stall = PTHREAD_MUTEX_INITIALIZER;

/* Takes the place of libc's in this process, libcurl included: "stalled.test" gets no answer
 * while `stall` is held, "both.test" is a forbidden and an allowed address, "inside.test"
 * and "приклад.test" are this host, and so is "localhost." as with systemd-resolved; no
 * other name under .test exists. */
int
getaddrinfo(const char *restrict name, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	int (*real)(
	    const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	const char *end = strrchr(name, '.');
	int failure;

	memcpy(&real, &symbol, sizeof real);
	if (strcmp(name, "stalled.test") == 0) {
		pthread_mutex_lock(&stall);
		pthread_mutex_unlock(&stall);
	} else if (strcmp(name, "inside.test") == 0 ||
	           strcmp(name, "xn--80aikifvh.test") == 0 ||
	           strcmp(name, "localhost.") == 0) {
		return real("127.0.0.1", service, hints, found);
	} else if (strcmp(name, "both.test") == 0) {
		failure = real("169.254.169.254", service, hints, found);
		if (failure == 0 && *found != NULL)
			failure = real("127.0.0.1", service, hints, &(*found)->ai_next);
		return failure;
	}
	if (end != NULL && strcmp(end, ".test") == 0)
		return EAI_NONAME;
	return real(name, service, hints, found);
}

/* ---- the receiver ---- */

/* What it does with a connection. */
enum manner {
	ANSWERS,      /* `answer`, after each whole request */
	ANSWERS_ONCE, /* and closes */
	SAYS_NOTHING, /* reads, never answers */
	HANGS_UP,     /* closes after the request */
	RESETS,       /* `answer`, then a TCP reset */
	NEVER_ENDS,   /* `answer`, then the letter x for ever */
	REPEATS,      /* `answer` for ever */
	DRIPS, /* a byte of `answer` every few ms, from the start again at its end */
};

struct receiver {
	struct loop *loop;
	struct event *listener;
	uint16_t port;
	enum manner manner;
	const char *answer;
	unsigned connections;      /* standing */
	unsigned connections_most; /* at once */
	unsigned connections_ever;
	unsigned requests;
	char last[16384]; /* the last whole request */
	struct connection *all;
};

struct connection {
	struct receiver *receiver;
	struct bufferevent *stream;
	struct event *drip;
	size_t dripped;
	bool
	    has_answered; /* libevent also calls on_written before anything was written */
	struct connection *next;
};

static void
hang_up(struct connection *connection)
{
	struct connection **link = &connection->receiver->all;

	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	connection->receiver->connections--;
	if (connection->drip != NULL)
		event_free(connection->drip);
	bufferevent_free(connection->stream);
	free(connection);
}

static void
hang_up_hard(struct connection *connection)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(bufferevent_getfd(connection->stream), SOL_SOCKET, SO_LINGER, &now,
	    sizeof now);
	hang_up(connection);
}

static void
on_stream_event(struct bufferevent *stream, short events, void *self)
{
	(void)stream;
	if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		hang_up(self);
}

static void
on_drip(evutil_socket_t fd, short events, void *self)
{
	struct connection *connection = self;
	const char *answer = connection->receiver->answer;

	(void)fd;
	(void)events;
	bufferevent_write(connection->stream, answer + connection->dripped, 1);
	connection->dripped = (connection->dripped + 1) % strlen(answer);
}

static void
on_written(struct bufferevent *stream, void *self)
{
	static const char MANY[16384] = { [0 ... 16383] = 'x' };
	struct connection *connection = self;
	const char *answer = connection->receiver->answer;

	if (!connection->has_answered)
		return;
	switch (connection->receiver->manner) {
	case ANSWERS_ONCE:
		hang_up(connection);
		return;
	case RESETS:
		hang_up_hard(connection);
		return;
	case NEVER_ENDS:
		bufferevent_write(stream, MANY, sizeof MANY);
		return;
	case REPEATS:
		bufferevent_write(stream, answer, strlen(answer));
		return;
	case ANSWERS:
	case SAYS_NOTHING:
	case HANGS_UP:
	case DRIPS:
		return;
	}
}

static void
answer(struct connection *connection)
{
	static const struct timeval OFTEN = { .tv_usec = 5000 };
	const struct receiver *receiver = connection->receiver;

	connection->has_answered = true;
	switch (receiver->manner) {
	case SAYS_NOTHING:
		return;
	case HANGS_UP:
		hang_up(connection);
		return;
	case DRIPS:
		connection->drip = event_new(
		    loop_base(receiver->loop), -1, EV_PERSIST, on_drip, connection);
		event_add(connection->drip, &OFTEN);
		return;
	case ANSWERS:
	case ANSWERS_ONCE:
	case RESETS:
	case NEVER_ENDS:
	case REPEATS:
		bufferevent_write(
		    connection->stream, receiver->answer, strlen(receiver->answer));
		return;
	}
}

/* The length of the whole request at the start of `text`; 0: not whole yet. */
static size_t
request_length(const char *text, size_t length)
{
	const char *body = memmem(text, length, "\r\n\r\n", 4);
	const char *field = memmem(text, length, "Content-Length: ", 16);
	size_t whole;

	if (body == NULL || field == NULL)
		return 0;
	whole = (size_t)(body + 4 - text) + strtoul(field + 16, NULL, 10);
	return whole <= length ? whole : 0;
}

static void
on_bytes(struct bufferevent *stream, void *self)
{
	struct connection *connection = self;
	struct receiver *receiver = connection->receiver;
	struct evbuffer *in = bufferevent_get_input(stream);
	size_t whole = request_length(
	    (const char *)evbuffer_pullup(in, -1), evbuffer_get_length(in));

	if (whole == 0)
		return;
	assert_in_range(whole, 1, sizeof receiver->last - 1);
	evbuffer_remove(in, receiver->last, whole);
	receiver->last[whole] = '\0';
	receiver->requests++;
	answer(connection);
}

static void
on_client(evutil_socket_t fd, short events, void *self)
{
	struct receiver *receiver = self;
	struct connection *connection = calloc(1, sizeof *connection);

	(void)events;
	connection->receiver = receiver;
	connection->stream = bufferevent_socket_new(loop_base(receiver->loop),
	    accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(
	    connection->stream, on_bytes, on_written, on_stream_event, connection);
	bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	connection->next = receiver->all;
	receiver->all = connection;
	receiver->connections_ever++;
	receiver->connections++;
	if (receiver->connections > receiver->connections_most)
		receiver->connections_most = receiver->connections;
}

/* Any free port of every local address, IPv4 and IPv6. */
static int
listen_anywhere(uint16_t *port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t size = sizeof any;
	int both = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
	assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &size), 0);
	*port = ntohs(any.sin6_port);
	return fd;
}

static void
receiver_open(struct receiver *receiver, struct loop *loop)
{
	int fd = listen_anywhere(&receiver->port);

	receiver->loop = loop;
	receiver->answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	receiver->listener =
	    event_new(loop_base(loop), fd, EV_READ | EV_PERSIST, on_client, receiver);
	event_add(receiver->listener, NULL);
}

static void
receiver_close(struct receiver *receiver)
{
	while (receiver->all != NULL)
		hang_up(receiver->all);
	close(event_get_fd(receiver->listener));
	event_free(receiver->listener);
}

/* ---- the world of a test ---- */

struct world {
	struct loop *loop;
	struct client *client;
	struct receiver receiver;
	struct post {
		struct world *world;
		unsigned done_count;
		struct channel_outcome outcome;
	} posts[POSTS_MOST];
	unsigned post_count;
	unsigned done_count;
	bool is_posting; /* inside client_post */
	unsigned more;   /* posts to make from inside done */
	enum status status_in_done;
};

static struct client *
new_client(struct world *world, bool is_private_allowed, int64_t timeout_ms)
{
	struct client_settings settings = { .is_private_allowed = is_private_allowed,
		.timeout_ms = timeout_ms };

	return client_open(world->loop, &settings);
}

/* Gives the test another client than the one it came with. */
static void
use_client(struct world *world, bool is_private_allowed, int64_t timeout_ms)
{
	client_close(world->client);
	world->client = new_client(world, is_private_allowed, timeout_ms);
	assert_non_null(world->client);
}

static int
open_world(void **state)
{
	struct world *world = test_calloc(1, sizeof *world);

	world->loop = loop_new();
	receiver_open(&world->receiver, world->loop);
	world->client = new_client(world, true, PATIENCE_MS);
	*state = world;
	return world->client == NULL;
}

static int
close_world(void **state)
{
	struct world *world = *state;

	client_close(world->client);
	receiver_close(&world->receiver);
	loop_free(world->loop);
	test_free(world);
	return 0;
}

static void on_done(void *ctx, const struct channel_outcome *outcome);

static enum status
post_to(struct world *world, const char *url)
{
	static const struct client_header HEADERS[] = { { "Content-Type", "text/plain" },
		{ "x-test", "one two" }, { NULL, NULL } };
	struct post *post = &world->posts[world->post_count];
	enum status status;

	assert_in_range(world->post_count, 0, POSTS_MOST - 1);
	post->world = world;
	world->is_posting = true;
	status = client_post(
	    world->client, text_of(url), HEADERS, LITERAL("the body"), on_done, post);
	world->is_posting = false;
	if (status == STATUS_OK)
		world->post_count++;
	return status;
}

/* Posts to the receiver, under one of its names. */
static enum status
post_to_host(struct world *world, const char *host)
{
	char url[128];

	snprintf(url, sizeof url, "http://%s:%u/hook", host, world->receiver.port);
	return post_to(world, url);
}

static enum status
post(struct world *world)
{
	return post_to_host(world, "127.0.0.1");
}

static void
on_done(void *ctx, const struct channel_outcome *outcome)
{
	struct post *done = ctx;
	struct world *world = done->world;

	assert_false(world->is_posting);
	done->done_count++;
	done->outcome = *outcome;
	world->done_count++;
	if (world->more > 0) {
		world->more--;
		world->status_in_done = post(world);
	}
}

/* Turns the loop until so many are done. */
static void
wait_for_done(struct world *world, unsigned count)
{
	int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

	while (world->done_count < count && clock_mono_ms() < until_ms)
		assert_int_equal(loop_turn(world->loop, 100), STATUS_OK);
	assert_int_equal(world->done_count, count);
}

/* The outcome of one POST. */
static const struct channel_outcome *
outcome_of(struct world *world, const char *url)
{
	assert_int_equal(post_to(world, url), STATUS_OK);
	wait_for_done(world, world->post_count);
	return &world->posts[world->post_count - 1].outcome;
}

static const struct channel_outcome *
outcome_of_host(struct world *world, const char *host)
{
	assert_int_equal(post_to_host(world, host), STATUS_OK);
	wait_for_done(world, world->post_count);
	return &world->posts[world->post_count - 1].outcome;
}

/* The outcome of one POST to a receiver of that manner. */
static const struct channel_outcome *
outcome_with(struct world *world, enum manner manner, const char *answer)
{
	world->receiver.manner = manner;
	world->receiver.answer = answer;
	return outcome_of_host(world, "127.0.0.1");
}

static void
check_outcome(
    const struct channel_outcome *outcome, enum status status, const char *detail)
{
	assert_string_equal(outcome->detail, detail);
	assert_int_equal(outcome->status, status);
	assert_int_equal(outcome->is_delivered, status == STATUS_OK);
}

/* ---- requests and answers ---- */

static void
a_request_says_exactly_what_was_asked(void **state)
{
	struct world *world = *state;
	char host[64];

	check_outcome(outcome_of_host(world, "127.0.0.1"), STATUS_OK, "HTTP 200");
	snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", world->receiver.port);
	assert_ptr_equal(strstr(world->receiver.last, "POST /hook HTTP/1.1\r\n"),
	    world->receiver.last);
	assert_non_null(strstr(world->receiver.last, host));
	assert_non_null(strstr(world->receiver.last, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(world->receiver.last, "\r\nx-test: one two\r\n"));
	assert_non_null(strstr(world->receiver.last, "\r\nUser-Agent: Hearthline\r\n"));
	assert_non_null(strstr(world->receiver.last, "\r\n\r\nthe body"));
	assert_null(strstr(world->receiver.last, "Expect:"));
	assert_int_equal(world->receiver.requests, 1);
}

static void
a_body_may_be_absent(void **state)
{
	struct world *world = *state;
	struct client_header none = { NULL, NULL };
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/", world->receiver.port);
	world->posts[0].world = world;
	assert_int_equal(client_post(world->client, text_of(url), &none, TEXT_ABSENT,
	                     on_done, &world->posts[0]),
	    STATUS_OK);
	wait_for_done(world, 1);
	check_outcome(&world->posts[0].outcome, STATUS_OK, "HTTP 200");
	assert_non_null(strstr(world->receiver.last, "\r\nContent-Length: 0\r\n"));
}

static void
the_status_code_decides_what_becomes_of_it(void **state)
{
	static const struct {
		int code;
		enum status status;
	} CODES[] = {
		{ 200, STATUS_OK },
		{ 201, STATUS_OK },
		{ 202, STATUS_OK },
		{ 204, STATUS_OK },
		{ 299, STATUS_OK },
		{ 300, STATUS_REFUSED },
		{ 301, STATUS_REFUSED },
		{ 304, STATUS_REFUSED },
		{ 307, STATUS_REFUSED },
		{ 400, STATUS_REFUSED },
		{ 401, STATUS_REFUSED },
		{ 403, STATUS_REFUSED },
		{ 404, STATUS_REFUSED },
		{ 407, STATUS_REFUSED },
		{ 408, STATUS_UNAVAILABLE },
		{ 409, STATUS_REFUSED },
		{ 410, STATUS_REFUSED },
		{ 417, STATUS_REFUSED },
		{ 424, STATUS_REFUSED },
		{ 425, STATUS_UNAVAILABLE },
		{ 426, STATUS_REFUSED },
		{ 428, STATUS_REFUSED },
		{ 429, STATUS_UNAVAILABLE },
		{ 430, STATUS_REFUSED },
		{ 499, STATUS_REFUSED },
		{ 500, STATUS_UNAVAILABLE },
		{ 501, STATUS_UNAVAILABLE },
		{ 502, STATUS_UNAVAILABLE },
		{ 503, STATUS_UNAVAILABLE },
		{ 504, STATUS_UNAVAILABLE },
		{ 599, STATUS_UNAVAILABLE },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++) {
		const struct channel_outcome *outcome;
		char text[96];
		char detail[16];

		snprintf(text, sizeof text, "HTTP/1.1 %d Whatever\r\n%s\r\n",
		    CODES[i].code,
		    CODES[i].code == 204 || CODES[i].code == 304
		        ? ""
		        : "Content-Length: 0\r\n");
		snprintf(detail, sizeof detail, "HTTP %d", CODES[i].code);
		outcome = outcome_with(world, ANSWERS, text);
		check_outcome(outcome, CODES[i].status, detail);
		assert_int_equal(outcome->retry_after_ms, 0);
		assert_int_equal(world->receiver.requests, i + 1);
	}
}

static int64_t
retry_after_of(struct world *world, const char *code, const char *value)
{
	char text[256];

	snprintf(text, sizeof text,
	    "HTTP/1.1 %s Later\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", code,
	    value);
	return outcome_with(world, ANSWERS, text)->retry_after_ms;
}

static void
retry_after_is_read_as_seconds_or_as_a_date(void **state)
{
	struct world *world = *state;
	time_t later = time(NULL) + 3600;
	char date[64];
	struct tm parts;

	assert_int_equal(retry_after_of(world, "429", "7"), 7000);
	assert_int_equal(retry_after_of(world, "503", "120"), 120000);
	assert_int_equal(retry_after_of(world, "500", "1"), 1000);
	assert_int_equal(retry_after_of(world, "503", "0"), 0);
	strftime(
	    date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&later, &parts));
	assert_in_range(retry_after_of(world, "503", date), 3500000, 3600000);
	assert_int_equal(
	    retry_after_of(world, "503", "Sun, 06 Nov 1994 08:49:37 GMT"), 0);
	assert_int_equal(retry_after_of(world, "503", "soon"), 0);
	assert_int_equal(retry_after_of(world, "503", "-5"), 0);
	assert_int_equal(retry_after_of(world, "503", "99999999999999999999"), 0);
	assert_int_equal(retry_after_of(world, "503", "9223372036854775807"),
	    CLIENT_RETRY_AFTER_MOST_MS);
	assert_int_equal(
	    retry_after_of(world, "503", "604801"), CLIENT_RETRY_AFTER_MOST_MS);
	assert_int_equal(
	    retry_after_of(world, "503", "604800"), CLIENT_RETRY_AFTER_MOST_MS);
	assert_int_equal(retry_after_of(world, "404", "7"), 0);
	assert_int_equal(retry_after_of(world, "200", "7"), 0);
}

static void
a_redirect_is_not_followed(void **state)
{
	struct world *world = *state;
	char text[128];

	snprintf(text, sizeof text,
	    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/other\r\n"
	    "Content-Length: 0\r\n\r\n",
	    world->receiver.port);
	check_outcome(outcome_with(world, ANSWERS, text), STATUS_REFUSED, "HTTP 302");
	assert_int_equal(world->receiver.requests, 1);
}

static void
informational_answers_are_passed_over(void **state)
{
	struct world *world = *state;

	check_outcome(
	    outcome_with(world, ANSWERS,
	        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
	        "</a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
	    STATUS_OK, "HTTP 204");
}

static void
connections_are_used_again(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 20; i++)
		check_outcome(outcome_of_host(world, "127.0.0.1"), STATUS_OK, "HTTP 200");
	assert_int_equal(world->receiver.connections_ever, 1);
}

static void
a_connection_that_the_receiver_closed_meanwhile_does_no_harm(void **state)
{
	struct world *world = *state;

	world->receiver.manner = ANSWERS_ONCE;
	for (int i = 0; i < 5; i++)
		check_outcome(outcome_of_host(world, "127.0.0.1"), STATUS_OK, "HTTP 200");
	assert_int_equal(world->receiver.requests, 5);
}

static void
the_environment_does_not_add_a_proxy(void **state)
{
	struct world *world = *state;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	check_outcome(outcome_of_host(world, "127.0.0.1"), STATUS_OK, "HTTP 200");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

/* ---- receivers that misbehave ---- */

static void
no_answer_ends_at_the_time_limit(void **state)
{
	struct world *world = *state;
	int64_t start_ms = clock_mono_ms();

	use_client(world, true, 100);
	check_outcome(
	    outcome_with(world, SAYS_NOTHING, ""), STATUS_UNAVAILABLE, "timeout");
	assert_in_range(clock_mono_ms() - start_ms, 100, 5000);
}

static void
slow_headers_and_slow_bodies_end_at_the_time_limit(void **state)
{
	struct world *world = *state;

	use_client(world, true, 100);
	check_outcome(
	    outcome_with(world, DRIPS, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
	    STATUS_UNAVAILABLE, "timeout");
	world->receiver.manner = ANSWERS;
	check_outcome(outcome_with(world, ANSWERS,
	                  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
	    STATUS_UNAVAILABLE, "timeout");
}

static void
nobody_listening_is_worth_another_try(void **state)
{
	struct world *world = *state;
	uint16_t port;
	char url[64];

	close(listen_anywhere(&port));
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	check_outcome(outcome_of(world, url), STATUS_UNAVAILABLE, "no connection");
	check_outcome(outcome_of(world, "http://nowhere.test/"), STATUS_UNAVAILABLE,
	    "name not found");
}

static void
an_answer_that_breaks_off_is_worth_another_try(void **state)
{
	struct world *world = *state;

	check_outcome(outcome_with(world, HANGS_UP, ""), STATUS_UNAVAILABLE, "no answer");
	check_outcome(outcome_with(world, RESETS, "HTTP/1.1 2"), STATUS_UNAVAILABLE,
	    "connection lost");
	check_outcome(
	    outcome_with(world, RESETS, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
	    STATUS_UNAVAILABLE, "connection lost");
	check_outcome(outcome_with(world, ANSWERS_ONCE,
	                  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
	    STATUS_UNAVAILABLE, "answer cut short");
}

static void
what_is_not_http_is_not_delivered(void **state)
{
	struct world *world = *state;

	check_outcome(
	    outcome_with(world, ANSWERS_ONCE, "ok"), STATUS_UNAVAILABLE, "not HTTP");
	check_outcome(outcome_with(world, ANSWERS_ONCE, "220 mail.example ESMTP\r\n"),
	    STATUS_UNAVAILABLE, "not HTTP");
	check_outcome(outcome_with(world, ANSWERS_ONCE, "HTTP/1.1 abc\r\n\r\n"),
	    STATUS_UNAVAILABLE, "not HTTP");
	check_outcome(outcome_with(world, ANSWERS_ONCE,
	                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
	    STATUS_UNAVAILABLE, "connection lost");
}

static void
an_endless_body_is_cut_off_and_the_code_counts(void **state)
{
	struct world *world = *state;

	check_outcome(outcome_with(world, NEVER_ENDS, "HTTP/1.1 200 OK\r\n\r\n"),
	    STATUS_OK, "HTTP 200");
	check_outcome(outcome_with(world, NEVER_ENDS,
	                  "HTTP/1.1 410 Gone\r\nContent-Length: 99999999\r\n\r\n"),
	    STATUS_REFUSED, "HTTP 410");
	check_outcome(outcome_with(world, NEVER_ENDS,
	                  "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n"),
	    STATUS_UNAVAILABLE, "HTTP 503");
	assert_int_equal(world->posts[2].outcome.retry_after_ms, 3000);
}

static void
a_body_of_the_limit_is_read_whole(void **state)
{
	struct world *world = *state;
	char text[CLIENT_ANSWER_BODY_MOST + 64];
	int length = snprintf(text, sizeof text,
	    "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", CLIENT_ANSWER_BODY_MOST);

	memset(text + length, 'x', CLIENT_ANSWER_BODY_MOST);
	text[length + CLIENT_ANSWER_BODY_MOST] = '\0';
	for (int i = 0; i < 3; i++)
		check_outcome(outcome_with(world, ANSWERS, text), STATUS_OK, "HTTP 200");
	assert_int_equal(world->receiver.connections_ever, 1);
}

static void
an_endless_head_is_given_up(void **state)
{
	struct world *world = *state;

	check_outcome(outcome_with(world, NEVER_ENDS, "HTTP/1.1 200 OK\r\nX: "),
	    STATUS_UNAVAILABLE, "too long a line, or no memory");
	check_outcome(outcome_with(world, REPEATS, "HTTP/1.1 200 OK\r\nX: y"),
	    STATUS_UNAVAILABLE, "answer too large");
	check_outcome(outcome_with(world, REPEATS, "HTTP/1.1 100 Continue\r\n\r\n"),
	    STATUS_UNAVAILABLE, "answer too large");
}

/* ---- where it goes ---- */

static void
only_http_and_https_urls_without_a_password_are_addresses(void **state)
{
	static const char *const URLS[] = { "", "agency", "127.0.0.1", "//127.0.0.1/",
		"/hook", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/",
		"smtp://127.0.0.1/", "dict://127.0.0.1/", "telnet://127.0.0.1/",
		"scp://127.0.0.1/", "ws://127.0.0.1/", "mailto:a@b.example",
		"javascript:1", "http:", "http://", "http:///",
		"https://user@agency.example/", "https://user:word@agency.example/",
		"https://:@agency.example/", "http://agency.example:99999/",
		"http://agency.example:x/", "http://agency example/",
		"http://agency.example/a b", "http://agency.example/\r\nX: y",
		"http://[::1/", "http://[1.2.3.4]/" };
	struct world *world = *state;
	char url[CLIENT_URL_BYTES + 2];
	struct text with_nul = LITERAL("http://127.0.0.1\0.agency.example/");
	struct client_header none = { NULL, NULL };

	for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++)
		if (post_to(world, URLS[i]) != STATUS_INVALID)
			fail_msg("taken: %s", URLS[i]);
	assert_int_equal(client_post(world->client, TEXT_ABSENT, &none, TEXT_ABSENT,
	                     on_done, world->posts),
	    STATUS_INVALID);
	assert_int_equal(client_post(world->client, with_nul, &none, TEXT_ABSENT, on_done,
	                     world->posts),
	    STATUS_INVALID);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", world->receiver.port);
	memset(url + strlen(url), 'a', sizeof url - strlen(url) - 1);
	url[sizeof url - 1] = '\0';
	assert_int_equal(post_to(world, url), STATUS_INVALID); /* one byte too long */
	url[CLIENT_URL_BYTES] = '\0';
	check_outcome(outcome_of(world, url), STATUS_OK, "HTTP 200");
	assert_int_equal(world->done_count, 1);
}

/* Spellings of this host and of others that are nobody's business. */
static const char *const INSIDE[] = { "127.0.0.1", "localhost", "LOCALHOST", "localhost.",
	"inside.test", "приклад.test", "[::1]", "[0:0:0:0:0:0:0:1]", "127.0.0.2",
	"127.255.255.254", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001",
	"0177.0.0.01", "１２７.０.０.１", "ｌocalhost" };
static const char *const FORBIDDEN[] = { "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
	"[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]",
	"[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[::]", "0.0.0.0",
	"0", "0.1.2.3", "169.254.169.254", "0xa9fea9fe", "224.0.0.1", "239.255.255.250",
	"240.0.0.1", "255.255.255.255", "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]",
	"[ff02::1]", "192.0.2.1", "[2001:db8::1]" };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void
every_spelling_of_this_host_is_refused_without_the_flag(void **state)
{
	struct world *world = *state;

	use_client(world, false, PATIENCE_MS);
	for (size_t i = 0; i < COUNT(INSIDE); i++)
		check_outcome(outcome_of_host(world, INSIDE[i]), STATUS_REFUSED,
		    "address not allowed");
	for (size_t i = 0; i < COUNT(FORBIDDEN); i++)
		check_outcome(outcome_of_host(world, FORBIDDEN[i]), STATUS_REFUSED,
		    "address not allowed");
	check_outcome(outcome_of(world, "https://localhost/"), STATUS_REFUSED,
	    "address not allowed");
	check_outcome(
	    outcome_of_host(world, "both.test"), STATUS_REFUSED, "address not allowed");
	assert_int_equal(world->receiver.connections_ever, 0);
}

static void
the_flag_lets_this_host_be_reached_but_not_what_is_always_forbidden(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(INSIDE); i++)
		check_outcome(outcome_of_host(world, INSIDE[i]), STATUS_OK, "HTTP 200");
	assert_int_equal(world->receiver.requests, COUNT(INSIDE));
	for (size_t i = 0; i < COUNT(FORBIDDEN); i++)
		check_outcome(outcome_of_host(world, FORBIDDEN[i]), STATUS_REFUSED,
		    "address not allowed");
	assert_int_equal(world->receiver.requests, COUNT(INSIDE));
}

static void
a_name_with_an_allowed_address_is_reached_there(void **state)
{
	struct world *world = *state;

	uint16_t port;
	char url[64];

	check_outcome(outcome_of_host(world, "both.test"), STATUS_OK, "HTTP 200");
	close(listen_anywhere(&port));
	snprintf(url, sizeof url, "http://both.test:%u/", port);
	check_outcome(outcome_of(world, url), STATUS_UNAVAILABLE, "no connection");
}

static void
a_refusal_does_not_rub_off_on_the_next_request(void **state)
{
	struct world *world = *state;

	check_outcome(
	    outcome_of_host(world, "0.0.0.0"), STATUS_REFUSED, "address not allowed");
	check_outcome(outcome_of(world, "http://nowhere.test/"), STATUS_UNAVAILABLE,
	    "name not found");
}

static bool
may_reach(const char *address, bool is_private_allowed)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return client_may_reach((struct sockaddr *)&in, is_private_allowed);
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	return client_may_reach((struct sockaddr *)&in6, is_private_allowed);
}

static void
each_range_ends_where_the_registry_says(void **state)
{
	static const char *const OUTSIDE[] = { "1.0.0.0", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255",
		"192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255",
		"203.0.114.0", "223.255.255.255",
		"2000::", "2001:200::", "2001:db7:ffff::", "2001:db9::", "2001:ffff::",
		"2003::", "2a00:1450:4001::1", "3ffe:ffff::1", "3fff:1000::" };
	static const char *const WITH_FLAG[] = { "10.0.0.0", "10.255.255.255",
		"100.64.0.0", "100.127.255.255", "127.0.0.0", "127.255.255.255",
		"172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "::1",
		"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	static const char *const NOWHERE[] = { "0.0.0.0", "0.255.255.255", "169.254.0.0",
		"169.254.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255",
		"192.88.99.0", "192.88.99.255", "198.18.0.0", "198.19.255.255",
		"198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255",
		"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",
		"::", "::2", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:10.0.0.1",
		"64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "1fff:ffff::", "2001::1",
		"2001:1ff:ffff::", "2001:20::1",
		"2001:db8::", "2001:db8:ffff::", "2002::", "2002:808:808::1",
		"2002:ffff::", "3fff::", "3fff:fff:ffff::", "4000::", "5f00::1",
		"fbff:ffff::", "fe00::", "fe80::1", "febf::1", "fec0::1", "ff02::1",
		"ffff::" };

	(void)state;
	for (size_t i = 0; i < COUNT(OUTSIDE); i++)
		if (!may_reach(OUTSIDE[i], false) || !may_reach(OUTSIDE[i], true))
			fail_msg("refused: %s", OUTSIDE[i]);
	for (size_t i = 0; i < COUNT(WITH_FLAG); i++)
		if (may_reach(WITH_FLAG[i], false) || !may_reach(WITH_FLAG[i], true))
			fail_msg("wrong: %s", WITH_FLAG[i]);
	for (size_t i = 0; i < COUNT(NOWHERE); i++)
		if (may_reach(NOWHERE[i], false) || may_reach(NOWHERE[i], true))
			fail_msg("allowed: %s", NOWHERE[i]);
	assert_false(client_may_reach(&(struct sockaddr){ .sa_family = AF_UNIX }, true));
	assert_false(
	    client_may_reach(&(struct sockaddr){ .sa_family = AF_UNSPEC }, true));
}

/* ---- many ---- */

static void
a_thousand_posts_are_bounded_and_each_ends_once(void **state)
{
	struct world *world = *state;
	unsigned busy = 0;

	for (int i = 0; i < 1000; i++)
		busy += post(world) == STATUS_BUSY;
	assert_int_equal(busy, 1000 - CLIENT_UNDER_WAY_MOST);
	assert_int_equal(client_under_way(world->client), CLIENT_UNDER_WAY_MOST);
	world->more = busy;
	wait_for_done(world, 1000);
	assert_int_equal(client_under_way(world->client), 0);
	assert_int_equal(world->receiver.requests, 1000);
	assert_int_equal(world->receiver.connections_most, CLIENT_PER_HOST_MOST);
	assert_int_equal(world->receiver.connections_ever, CLIENT_PER_HOST_MOST);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(world->posts[i].done_count, 1);
		check_outcome(&world->posts[i].outcome, STATUS_OK, "HTTP 200");
	}
}

static void
waiting_for_a_connection_counts_in_the_time(void **state)
{
	struct world *world = *state;
	int64_t start_ms;

	use_client(world, true, 1000);
	world->receiver.manner = SAYS_NOTHING;
	start_ms = clock_mono_ms();
	for (int i = 0; i < CLIENT_UNDER_WAY_MOST; i++)
		assert_int_equal(post(world), STATUS_OK);
	wait_for_done(world, CLIENT_UNDER_WAY_MOST);
	assert_in_range(clock_mono_ms() - start_ms, 1000, 10000); /* not 32 s */
	for (int i = 0; i < CLIENT_UNDER_WAY_MOST; i++)
		check_outcome(&world->posts[i].outcome, STATUS_UNAVAILABLE, "timeout");
	assert_in_range(world->receiver.connections_most, 1, 2 * CLIENT_PER_HOST_MOST);
}

static void
a_name_server_without_an_answer_holds_nobody_up(void **state)
{
	struct world *world = *state;
	int64_t start_ms;

	pthread_mutex_lock(&stall);
	use_client(world, true, 1000);
	start_ms = clock_mono_ms();
	assert_int_equal(post_to(world, "http://stalled.test/"), STATUS_OK);
	assert_int_equal(post(world), STATUS_OK);
	wait_for_done(world, 1);
	check_outcome(&world->posts[1].outcome, STATUS_OK, "HTTP 200");
	wait_for_done(world, 2);
	check_outcome(&world->posts[0].outcome, STATUS_UNAVAILABLE, "timeout");
	assert_int_equal(post_to(world, "http://stalled.test/"), STATUS_OK);
	assert_int_equal(loop_turn(world->loop, 10), STATUS_OK);
	client_close(world->client);
	world->client = NULL;
	check_outcome(&world->posts[2].outcome, STATUS_UNAVAILABLE, "closed");
	assert_in_range(clock_mono_ms() - start_ms, 1000, 10000);
	pthread_mutex_unlock(&stall);
}

static void
closing_ends_what_is_under_way_and_takes_no_more(void **state)
{
	struct world *world = *state;

	world->receiver.manner = SAYS_NOTHING;
	for (int i = 0; i < 20; i++)
		assert_int_equal(post(world), STATUS_OK);
	while (world->receiver.requests < CLIENT_PER_HOST_MOST)
		assert_int_equal(loop_turn(world->loop, 100), STATUS_OK);
	assert_int_equal(post_to(world, "http://inside.test:1/"), STATUS_OK);
	assert_int_equal(client_under_way(world->client), 21);
	world->more = 1;
	client_close(world->client);
	world->client = NULL;
	assert_int_equal(world->done_count, 21);
	assert_int_equal(world->status_in_done, STATUS_BUSY);
	for (int i = 0; i < 21; i++) {
		assert_int_equal(world->posts[i].done_count, 1);
		check_outcome(&world->posts[i].outcome, STATUS_UNAVAILABLE, "closed");
	}
}

/* ---- TLS ---- */

/* A directory with a certificate for the name localhost that only itself vouches for, and a
 * server that has it. */
struct tls_server {
	char directory[64];
	char certificate[96];
	pid_t pid;
	int lifeline; /* the server leaves when this closes */
	unsigned port;
};

static const char SERVER[] =
    "import http.server, ssl, sys, threading\n"
    "class Hook(http.server.BaseHTTPRequestHandler):\n"
    "    def do_POST(self):\n"
    "        self.rfile.read(int(self.headers['Content-Length']))\n"
    "        self.send_response(204)\n"
    "        self.end_headers()\n"
    "    def log_message(self, *words):\n"
    "        pass\n"
    "class Quiet(http.server.ThreadingHTTPServer):\n"
    "    def handle_error(self, *what):\n"
    "        pass\n"
    "server = Quiet(('127.0.0.1', 0), Hook)\n"
    "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
    "context.load_cert_chain(sys.argv[1] + '/cert.pem', sys.argv[1] + '/key.pem')\n"
    "server.socket = context.wrap_socket(\n"
    "    server.socket, server_side=True, do_handshake_on_connect=False)\n"
    "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
    "sys.stdout.write('%d\\n' % server.server_address[1])\n"
    "sys.stdout.flush()\n"
    "sys.stdin.read()\n";

static bool
make_certificate(struct tls_server *server)
{
	char command[512];

	snprintf(server->directory, sizeof server->directory, "/tmp/client_test.XXXXXX");
	assert_non_null(mkdtemp(server->directory));
	snprintf(server->certificate, sizeof server->certificate, "%s/cert.pem",
	    server->directory);
	snprintf(command, sizeof command,
	    "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
	    "-nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost "
	    "-addext subjectAltName=DNS:localhost >openssl.out 2>&1",
	    server->directory);
	return system(command) == 0;
}

static bool
tls_server_open(struct tls_server *server)
{
	int in[2];
	int out[2];
	char line[16] = "";

	*server = (struct tls_server){ .pid = -1, .lifeline = -1 };
	if (!make_certificate(server))
		return false;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	server->pid = fork();
	if (server->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		closefrom(3);
		execl("/usr/bin/python3", "/usr/bin/python3", "-I", "-c", SERVER,
		    server->directory, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	server->lifeline = in[1];
	for (size_t length = 0; length < sizeof line - 1; length++)
		if (read(out[0], line + length, 1) != 1 || line[length] == '\n')
			break;
	server->port = (unsigned)strtoul(line, NULL, 10);
	close(out[0]);
	return server->port != 0;
}

static void
tls_server_close(struct tls_server *server)
{
	char command[128];

	if (server->lifeline >= 0)
		close(server->lifeline);
	if (server->pid > 0)
		waitpid(server->pid, NULL, 0);
	snprintf(command, sizeof command, "rm -r %s", server->directory);
	assert_int_equal(system(command), 0);
}

static const struct channel_outcome *
outcome_of_tls(struct world *world, const struct tls_server *server, const char *host)
{
	char url[64];

	snprintf(url, sizeof url, "https://%s:%u/hook", host, server->port);
	return outcome_of(world, url);
}

static void
a_certificate_must_prove_the_host(void **state)
{
	struct world *world = *state;
	struct tls_server server;
	struct client_settings settings = { .is_private_allowed = true,
		.timeout_ms = PATIENCE_MS,
		.ca_file = server.certificate };

	if (!tls_server_open(&server) || access(CLIENT_CA_FILE, R_OK) != 0) {
		tls_server_close(&server);
		print_message("TLS is not tested: needs openssl, /usr/bin/python3 and "
		              "ca-certificates\n");
		skip();
	}
	check_outcome(
	    outcome_of_tls(world, &server, "localhost"), STATUS_REFUSED, "certificate");
	client_close(world->client);
	world->client = client_open(world->loop, &settings);
	check_outcome(outcome_of_tls(world, &server, "localhost"), STATUS_OK, "HTTP 204");
	check_outcome(
	    outcome_of_tls(world, &server, "127.0.0.1"), STATUS_REFUSED, "certificate");
	check_outcome(
	    outcome_of_tls(world, &server, "inside.test"), STATUS_REFUSED, "certificate");
	settings.ca_file = "/nonexistent";
	client_close(world->client);
	world->client = client_open(world->loop, &settings);
	check_outcome(outcome_of_tls(world, &server, "localhost"), STATUS_UNAVAILABLE,
	    "no CA certificates here");
	tls_server_close(&server);
}

static void
https_to_a_port_without_tls_is_not_delivered(void **state)
{
	struct world *world = *state;
	char url[64];

	use_client(world, true, 300);
	snprintf(url, sizeof url, "https://127.0.0.1:%u/", world->receiver.port);
	assert_int_equal(outcome_of(world, url)->status, STATUS_UNAVAILABLE);
	assert_int_equal(world->receiver.requests, 0);
}

int
main(void)
{
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_request_says_exactly_what_was_asked),
		WORLD_TEST(a_body_may_be_absent),
		WORLD_TEST(the_status_code_decides_what_becomes_of_it),
		WORLD_TEST(retry_after_is_read_as_seconds_or_as_a_date),
		WORLD_TEST(a_redirect_is_not_followed),
		WORLD_TEST(informational_answers_are_passed_over),
		WORLD_TEST(connections_are_used_again),
		WORLD_TEST(a_connection_that_the_receiver_closed_meanwhile_does_no_harm),
		WORLD_TEST(the_environment_does_not_add_a_proxy),
		WORLD_TEST(no_answer_ends_at_the_time_limit),
		WORLD_TEST(slow_headers_and_slow_bodies_end_at_the_time_limit),
		WORLD_TEST(nobody_listening_is_worth_another_try),
		WORLD_TEST(an_answer_that_breaks_off_is_worth_another_try),
		WORLD_TEST(what_is_not_http_is_not_delivered),
		WORLD_TEST(an_endless_body_is_cut_off_and_the_code_counts),
		WORLD_TEST(a_body_of_the_limit_is_read_whole),
		WORLD_TEST(an_endless_head_is_given_up),
		WORLD_TEST(only_http_and_https_urls_without_a_password_are_addresses),
		WORLD_TEST(every_spelling_of_this_host_is_refused_without_the_flag),
		WORLD_TEST(
		    the_flag_lets_this_host_be_reached_but_not_what_is_always_forbidden),
		WORLD_TEST(a_name_with_an_allowed_address_is_reached_there),
		WORLD_TEST(a_refusal_does_not_rub_off_on_the_next_request),
		cmocka_unit_test(each_range_ends_where_the_registry_says),
		WORLD_TEST(a_thousand_posts_are_bounded_and_each_ends_once),
		WORLD_TEST(waiting_for_a_connection_counts_in_the_time),
		WORLD_TEST(a_name_server_without_an_answer_holds_nobody_up),
		WORLD_TEST(closing_ends_what_is_under_way_and_takes_no_more),
		WORLD_TEST(a_certificate_must_prove_the_host),
		WORLD_TEST(https_to_a_port_without_tls_is_not_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
