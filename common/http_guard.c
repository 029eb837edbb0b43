/* SPDX-License-Identifier: Apache-2.0
 * Keeps evhttp from seeing anything but whole, well-formed requests, one at a time.
 *
 * The bytes of an arriving request lie in the bufferevent's input, whose low watermark
 * keeps evhttp from being called; a callback of that buffer shows each addition to the
 * filter.  When a request is complete, whatever follows it is moved aside and the
 * watermark falls.
 *
 * Two traps of libevent 2.1.12 shape this file.  evhttp exits the process if its read
 * callback runs while a request is being handled: so bytes that come then never stay in
 * the input.  And it leaves the write callback of the last answer in place, which would
 * end the next request before its time: whoever else writes takes it away first. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/http_private.h"
#include "common/log.h"

/* Pipelined bytes beyond this stay in the kernel. */
#define HELD_MOST_BYTES ((size_t)64 * 1024)
#define NEVER SIZE_MAX
/* Of a server that drains: for a request that was sent before its client knew. */
#define LINGER_MS 500

static void
set_timer(struct http_guard *guard, int64_t after_ms)
{
	struct timeval after = { after_ms / 1000, after_ms % 1000 * 1000 };

	event_add(guard->timer, &after);
}

void
http_guard_await(struct http_guard *guard)
{
	const struct http_server *server = guard->server;

	set_timer(guard, server->bound != NULL ? server->limits.idle_ms : LINGER_MS);
}

/* evhttp reads only when the input holds at least so much. */
static void
show_from(struct http_guard *guard, size_t bytes)
{
	bufferevent_setwatermark(guard->bufferevent, EV_READ, bytes, 0);
}

static void
guard_free(struct http_guard *guard)
{
	struct http_server *server = guard->server;

	if (guard->watch)
		evbuffer_remove_cb_entry(
		    bufferevent_get_input(guard->bufferevent), guard->watch);
	if (guard->bufferevent)
		bufferevent_decref(guard->bufferevent);
	if (guard->held)
		evbuffer_free(guard->held);
	if (guard->timer)
		event_free(guard->timer);
	if (guard->soon)
		event_free(guard->soon);
	if (server->arrived == guard)
		server->arrived = NULL;
	LIST_REMOVE(guard, link);
	free(guard);
	server->connections--;
	http_server_admit(server);
}

static void
on_close(struct evhttp_connection *connection, void *self)
{
	struct http_guard *guard = self;
	struct http_request *request = guard->request;

	(void)connection;
	guard_free(guard);
	if (request)
		http_request_lost(request);
}

/* Finds the connection that evhttp has made for our bufferevent: it is handed over
 * nowhere, but stands as the argument of evhttp's callbacks.  False: none was made. */
static bool
adopt(struct http_guard *guard)
{
	void *connection;
	int on = 1;

	if (guard->connection)
		return true;
	bufferevent_getcb(guard->bufferevent, NULL, NULL, NULL, &connection);
	if (connection == NULL)
		return false;
	guard->connection = connection;
	evhttp_connection_set_closecb(connection, on_close, guard);
	/* small events of a stream must not wait for the last one's acknowledgement */
	setsockopt(bufferevent_getfd(guard->bufferevent), IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof on);
	http_guard_await(guard);
	return true;
}

void
http_guard_close(struct http_guard *guard)
{
	if (adopt(guard))
		bufferevent_trigger_event(
		    guard->bufferevent, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
	else
		guard_free(guard);
}

void
http_guard_doom(struct http_guard *guard)
{
	guard->is_doomed = true;
	event_active(guard->soon, 0, 0);
}

static void
empty(struct evbuffer *buffer)
{
	evbuffer_drain(buffer, evbuffer_get_length(buffer));
}

/* ---- refusing ---- */

static void
on_refusal_written(struct bufferevent *bufferevent, void *self)
{
	(void)self;
	shutdown(bufferevent_getfd(bufferevent), SHUT_WR);
	bufferevent_disable(bufferevent, EV_WRITE);
}

static void
on_refusal_over(struct bufferevent *bufferevent, short what, void *self)
{
	struct http_guard *guard = self;

	(void)bufferevent;
	(void)what;
	evhttp_connection_free(guard->connection);
}

static void
refuse(struct http_guard *guard, int code, const char *why)
{
	struct bufferevent *bufferevent = guard->bufferevent;

	guard->state = HTTP_CLOSING;
	bufferevent_setcb(bufferevent, NULL, on_refusal_written, on_refusal_over, guard);
	http_write_refusal(bufferevent_get_output(bufferevent), code, why);
	bufferevent_enable(bufferevent, EV_READ | EV_WRITE);
	/* time to take it: closing at once would reset the connection and could destroy
	 * the answer on its way */
	set_timer(guard, guard->server->limits.request_ms);
	http_count(code);
	log_event(
	    LOG_INFO, "http_refused", LOG_NUMBER("code", code), LOG_STRING("why", why));
}

/* ---- reading ---- */

/* Moves what lies behind the first `keep_bytes` of the input to the end of `held`. */
static bool
set_aside(struct http_guard *guard, struct evbuffer *input, size_t keep_bytes)
{
	struct evbuffer *keep = evbuffer_new();
	bool is_done = false;

	guard->is_moving = true;
	if (guard->held == NULL)
		guard->held = evbuffer_new();
	if (keep && guard->held && evbuffer_remove_buffer(input, keep, keep_bytes) >= 0)
		is_done = evbuffer_add_buffer(guard->held, input) == 0 &&
		          evbuffer_add_buffer(input, keep) == 0;
	if (keep)
		evbuffer_free(keep);
	guard->is_moving = false;
	if (!is_done) { /* out of memory */
		guard->state = HTTP_CLOSING;
		empty(input);
		http_guard_doom(guard);
	}
	return is_done;
}

/* The first `bytes` of the input are a request: our caller's caller is about to call
 * evhttp for it. */
static void
hand_over(struct http_guard *guard, struct evbuffer *input, size_t bytes)
{
	guard->state = HTTP_HANDLING;
	event_del(guard->timer);
	if (evbuffer_get_length(input) > bytes && !set_aside(guard, input, bytes))
		return;
	guard->server->arrived = guard;
	show_from(guard, 1);
}

static void
send_continue(struct http_guard *guard)
{
	static const char LINE[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct bufferevent *bufferevent = guard->bufferevent;
	bufferevent_data_cb on_read;
	bufferevent_event_cb on_event;
	void *connection;

	/* without evhttp's write callback, which it sets anew with its answer */
	bufferevent_getcb(bufferevent, &on_read, NULL, &on_event, &connection);
	bufferevent_setcb(bufferevent, on_read, NULL, on_event, connection);
	evbuffer_add(bufferevent_get_output(bufferevent), LINE, sizeof LINE - 1);
	bufferevent_enable(bufferevent, EV_WRITE);
}

/* Shows the input to the filter from `at` on. */
static void
inspect(struct http_guard *guard, struct evbuffer *input, size_t at)
{
	enum http_filter_result result = HTTP_FILTER_MORE;

	while (result == HTTP_FILTER_MORE && at < evbuffer_get_length(input)) {
		struct evbuffer_ptr start;
		struct evbuffer_iovec piece;
		size_t used;

		evbuffer_ptr_set(input, &start, at, EVBUFFER_PTR_SET);
		evbuffer_peek(input, -1, &start, &piece, 1);
		result = http_filter_feed(
		    &guard->filter, piece.iov_base, piece.iov_len, &used);
		at += used;
	}
	if (result == HTTP_FILTER_REQUEST)
		hand_over(guard, input, at);
	else if (result == HTTP_FILTER_REFUSED)
		refuse(guard, guard->filter.code, guard->filter.why);
	else if (http_filter_take_continue(&guard->filter))
		send_continue(guard);
}

static void
hold(struct http_guard *guard, struct evbuffer *input)
{
	if (set_aside(guard, input, 0) &&
	    evbuffer_get_length(guard->held) > HELD_MOST_BYTES)
		bufferevent_disable(guard->bufferevent, EV_READ);
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *self)
{
	struct http_guard *guard = self;

	if (info->n_added == 0 || guard->is_moving || !adopt(guard))
		return;
	switch (guard->state) {
	case HTTP_IDLE:
		guard->state = HTTP_READING;
		set_timer(guard, guard->server->limits.request_ms);
		inspect(guard, input, info->orig_size);
		break;
	case HTTP_READING:
		inspect(guard, input, info->orig_size);
		break;
	case HTTP_HANDLING:
		hold(guard, input);
		break;
	case HTTP_STREAMING:
	case HTTP_CLOSING:
		empty(input);
		break;
	}
}

/* ---- going on ---- */

static void
take_held(struct http_guard *guard)
{
	struct evbuffer *input = bufferevent_get_input(guard->bufferevent);
	struct evbuffer *held = guard->held;

	guard->held = NULL;
	evbuffer_unfreeze(input, 0); /* only the socket may add otherwise */
	evbuffer_add_buffer(input, held);
	evbuffer_freeze(input, 0);
	evbuffer_free(held);
	if (guard->state == HTTP_HANDLING)
		bufferevent_trigger(guard->bufferevent, EV_READ, 0);
}

static void
go_on(struct http_guard *guard)
{
	guard->is_answered = false;
	guard->state = HTTP_IDLE;
	show_from(guard, NEVER);
	if (guard->held)
		take_held(guard);
	else
		http_guard_await(guard);
}

static void
on_soon(evutil_socket_t fd, short what, void *self)
{
	struct http_guard *guard = self;

	(void)fd;
	(void)what;
	if (guard->is_doomed || !adopt(guard))
		http_guard_close(guard);
	else if (guard->is_answered)
		go_on(guard);
}

static void
on_timer(evutil_socket_t fd, short what, void *self)
{
	struct http_guard *guard = self;

	(void)fd;
	(void)what;
	if (guard->state == HTTP_READING)
		refuse(guard, 408, "the request did not arrive in time");
	else
		http_guard_close(guard);
}

static void
on_complete(struct evhttp_request *raw, void *self)
{
	struct http_guard *guard = self;

	(void)raw;
	/* not now: evhttp frees the connection after this if it is to be closed */
	guard->is_answered = true;
	event_active(guard->soon, 0, 0);
}

void
http_guard_send(struct http_guard *guard, struct evhttp_request *raw, int code)
{
	guard->request = NULL;
	if (guard->server->bound == NULL)
		(void)evhttp_add_header(
		    evhttp_request_get_output_headers(raw), "Connection", "close");
	evhttp_request_set_on_complete_cb(raw, on_complete, guard);
	evhttp_send_reply(raw, code, http_phrase(code), NULL);
	/* a client that has shut down its sending side gets its answer */
	bufferevent_disable(guard->bufferevent, EV_READ);
}

void
http_guard_wait(struct http_guard *guard)
{
	bufferevent_enable(guard->bufferevent, EV_READ);
}

struct bufferevent *
http_guard_open(struct event_base *base, void *self)
{
	struct http_server *server = self;
	const struct http_limits *limits = &server->limits;
	struct timeval idle = { limits->idle_ms / 1000, limits->idle_ms % 1000 * 1000 };
	struct http_guard *guard = calloc(1, sizeof *guard);

	if (guard == NULL)
		return NULL;
	guard->server = server;
	LIST_INSERT_HEAD(&server->guards, guard, link);
	server->connections++;
	http_server_admit(server);
	http_filter_init(&guard->filter, limits->head_bytes, limits->body_bytes);
	guard->timer = evtimer_new(base, on_timer, guard);
	guard->soon = event_new(base, -1, 0, on_soon, guard);
	guard->bufferevent = bufferevent_socket_new(base, -1, 0);
	if (guard->bufferevent)
		guard->watch = evbuffer_add_cb(
		    bufferevent_get_input(guard->bufferevent), on_input, guard);
	if (guard->timer == NULL || guard->soon == NULL || guard->watch == NULL) {
		guard_free(guard);
		return NULL;
	}
	bufferevent_incref(guard->bufferevent);
	bufferevent_set_timeouts(guard->bufferevent, NULL, &idle);
	show_from(guard, NEVER);
	event_active(guard->soon, 0, 0); /* to adopt the connection */
	return guard->bufferevent;
}
