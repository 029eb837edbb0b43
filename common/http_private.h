/* SPDX-License-Identifier: Apache-2.0
 * What the http*.c files share and nobody else includes. */
#ifndef COMMON_HTTP_PRIVATE_H
#define COMMON_HTTP_PRIVATE_H

#include <sys/queue.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "common/http.h"
#include "common/http_filter.h"
#include "common/http_target.h"

struct evconnlistener;

struct http_server {
	struct evhttp *evhttp;
	struct evhttp_bound_socket *bound; /* NULL while draining */
	struct event *retry;               /* accepts again after accept() failed */
	const struct http_route *routes;
	void *ctx;
	struct http_limits limits;
	unsigned connections;
	LIST_HEAD(http_guards, http_guard) guards;
	struct http_guard *arrived; /* whose request evhttp is about to hand over */
	char address[HTTP_ADDRESS_BYTES];
};

/* Accepts or not, as the number of connections allows. */
void http_server_admit(struct http_server *server);

/* ---- http_guard.c ---- */

enum http_guard_state {
	HTTP_IDLE,      /* no byte of a next request */
	HTTP_READING,   /* part of a request, which evhttp does not see yet */
	HTTP_HANDLING,  /* evhttp has it, until the answer is written */
	HTTP_STREAMING, /* what the client sends is thrown away */
	HTTP_CLOSING,   /* refused: the answer goes out, what comes in is thrown away */
};

/* Stands at one connection and lets whole, well-formed requests pass to evhttp. */
struct http_guard {
	LIST_ENTRY(http_guard) link;
	struct http_server *server;
	struct bufferevent *bufferevent;
	struct evhttp_connection *connection; /* NULL until evhttp has made it */
	struct http_request *request;         /* in a handler's hands */
	struct evbuffer *held;                /* came while another request is handled */
	struct evbuffer_cb_entry *watch;      /* of the input */
	struct event *timer;
	struct event *soon; /* does what must not be done inside a callback of evhttp */
	struct http_filter filter;
	enum http_guard_state state;
	bool is_moving;   /* bytes between input and `held` */
	bool is_answered; /* `soon` goes on with the next request */
	bool is_doomed;   /* `soon` drops the connection */
};

/* For evhttp_set_bevcb: the bufferevent of a new connection, guarded. */
struct bufferevent *http_guard_open(struct event_base *base, void *server);
/* Drops the connection now, which frees the guard; not inside a callback of evhttp. */
void http_guard_close(struct http_guard *guard);
/* Drops a connection without a request unless one comes in time: soon where the server drains. */
void http_guard_await(struct http_guard *guard);
/* Drops it from the loop. */
void http_guard_doom(struct http_guard *guard);
/* The handler answers later: notices meanwhile if the client leaves. */
void http_guard_wait(struct http_guard *guard);
/* Sends the answer that lies in `raw`, and goes on with the next request after it. */
void http_guard_send(struct http_guard *guard, struct evhttp_request *raw, int code);

/* ---- http_request.c ---- */

struct http_request {
	struct http_guard *guard; /* NULL: the client has gone, `raw` is ours */
	struct evhttp_request *raw;
	const struct http_route *route;
	struct http_target target;
	http_gone *gone;
	void *gone_ctx;
	http_drained *drained;
	void *drained_ctx;
	const char *target_fault; /* NULL: none */
	char target_bytes[];
};

/* NULL: out of memory. */
struct http_request *http_request_new(
    struct http_guard *guard, struct evhttp_request *raw);
/* Frees it; `raw` too if it is ours, else evhttp frees that. */
void http_request_free(struct http_request *request);
/* Called by the guard when the connection ends. */
void http_request_lost(struct http_request *request);

/* ---- http_answer.c ---- */

/* The phrase of an HTTP status. */
const char *http_phrase(int code);
/* Adds header fields unless they are there already.  False: out of memory, or a field
 * with a control byte. */
bool http_add_fields(struct evhttp_request *raw, const struct http_field *fields);
/* Writes a whole answer that refuses a request, straight to a connection's output. */
void http_write_refusal(struct evbuffer *output, int code, const char *why);
/* Counts an answer. */
void http_count(int code);

#endif
