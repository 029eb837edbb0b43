/* SPDX-License-Identifier: Apache-2.0
 * The HTTP/1.1 server of every process: strict framing, a table of routes, answers that
 * may come late, event streams.  The http*.c files are the only ones that know evhttp.
 *
 * A request reaches a handler whole and well-formed (http_filter.h), one at a time per
 * connection, or never: the server answers 400, 404, 405, 408, 413, 417, 431, 501, 505 by
 * itself, with problem details (RFC 9457).  A client that shuts down its sending side
 * while its answer is still awaited counts as gone.  TLS, HTTP/2 and compression are
 * nginx's. */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include "common/loop.h"
#include "proto/status.h"

struct http_server;
struct http_request;

/* Gets a request and must end it, at once or later, exactly once: with http_answer,
 * http_problem or http_stream_close.  That also holds when the client has gone. */
typedef void http_handler(struct http_request *request, void *ctx);

/* The first route of the table that fits method and path is taken. */
struct http_route {
	const char *method; /* a GET route also answers HEAD; NULL ends the table */
	const char *path;   /* "/api/v1/cases/{id}": {id} is one segment, not empty */
	http_handler *handler;
	const void *tag; /* for http_tag: lets routes share a handler */
};

/* 0 stands for the default. */
struct http_limits {
	size_t head_bytes;  /* 16 KiB: request line and header */
	size_t body_bytes;  /* 256 KiB */
	int64_t idle_ms;    /* 60000: without a request, or without taking our answer */
	int64_t request_ms; /* 15000: from the first to the last byte of a request */
	unsigned connections_most; /* 1024, streams too: others wait for a place */
};

/* ---- server ---- */

/* Opens a socket that listens on "HOST:PORT" ("[::1]:0"; port 0: any free one), or takes the
 * one that this process was started with as descriptor N, "fd:N": then whoever holds it too
 * keeps clients waiting, instead of refused, while one server goes and the next one comes.
 * INVALID, UNAVAILABLE: `why` says so in one line. */
enum status http_listen(
    const char *address, int *fd, char *why, size_t why_size) MUST_CHECK;

/* Serves an address of http_listen on the loop.  `limits` NULL: the defaults.  `routes` stays
 * the caller's and must outlive the server.
 * INVALID: not an address; UNAVAILABLE: cannot listen there; NO_MEMORY: `why` says so in
 * one line. */
enum status http_serve(struct loop *loop, const char *address,
    const struct http_limits *limits, const struct http_route *routes, void *ctx,
    struct http_server **server, char *why, size_t why_size) MUST_CHECK;

/* Host and port in use, as for http_serve. */
#define HTTP_ADDRESS_BYTES 64
void http_server_address(
    const struct http_server *server, char address[HTTP_ADDRESS_BYTES]);

/* Accepts nobody any more; connections close after their answer, which says so.  One without
 * a request stays for half a second, since its request may be on its way.  Streams stay until
 * http_stream_close. */
void http_server_drain(struct http_server *server);
/* Connections that stand; 0 after a drain: everybody has been served. */
unsigned http_server_connections(const struct http_server *server);

/* Drops every connection: requests learn it through http_on_gone and must still be ended.
 * Not from inside a handler. */
void http_server_close(struct http_server *server);

/* ---- request: what these return is valid until the request is ended ---- */

const char *http_method(const struct http_request *request);
/* The path of the route, for logs and metrics: no ids in it. */
const char *http_route_path(const struct http_request *request);
const void *http_tag(const struct http_request *request);
/* The decoded segment where the route has {name}. */
struct text http_path(const struct http_request *request, const char *name);
/* The first query parameter of that name, decoded. */
struct text http_query(const struct http_request *request, const char *name);
/* The first query parameter whose name is not among these, which NULL ends; TEXT_ABSENT: all
 * are. */
struct text http_query_other(
    const struct http_request *request, const char *const *names);
/* The first header field of that name, whatever its case. */
struct text http_header(const struct http_request *request, const char *name);
/* Empty where there is none. */
struct text http_body(const struct http_request *request);
/* The client's traceparent, if it sent one valid one (W3C Trace Context). */
struct text http_trace(const struct http_request *request);

/* Has `gone` called, from the loop, if the client leaves before the request is ended:
 * stop working for it, then end it (there or later; the answer is dropped). */
typedef void http_gone(struct http_request *request, void *ctx);
void http_on_gone(struct http_request *request, http_gone *gone, void *ctx);

/* ---- answer: ends the request and sets *request to NULL ---- */

/* A header field; {NULL, NULL} ends a list. */
struct http_field {
	const char *name;
	const char *value;
};

/* Answers.  `content_type` NULL: none.  `fields` NULL: none; Content-Length, Date,
 * X-Content-Type-Options: nosniff and Cache-Control: no-store are added, the last two
 * unless named in `fields`.  A field with a control byte turns the answer into a 500. */
void http_answer(struct http_request **request, int code, const char *content_type,
    const struct http_field *fields, struct text body);

/* Answers with problem details, all UTF-8.  `type` NULL: about:blank; `title` NULL: that
 * of the code; `detail` NULL: none; `extra` NULL or JSON members: "\"a\":1,\"b\":2". */
void http_problem(struct http_request **request, int code, const char *type,
    const char *title, const char *detail, const char *extra);

/* ---- server-sent events ---- */

/* A client that lets so much wait is dropped: its EventSource comes back with
 * Last-Event-ID. */
#define HTTP_STREAM_MOST_BYTES ((size_t)256 * 1024)

/* Begins a stream of events.  UNAVAILABLE: nobody to stream to (HEAD, or the client has
 * gone); the request is ended and NULL. */
enum status http_stream_start(struct http_request **request) MUST_CHECK;
/* Sends an event.  `id`, `event`, `data` absent: left out; lines of `data` may end in any
 * way.  UNAVAILABLE: the client is gone, or now dropped for being slow: what http_on_gone
 * asked for has been or will be called.  INVALID: a line end in `id` or `event`.
 * NO_MEMORY: not sent. */
enum status http_stream_send(struct http_request *request, const char *id,
    const char *event, struct text data) MUST_CHECK;
/* Sends a comment, which clients ignore: a heartbeat.  As above. */
enum status http_stream_comment(
    struct http_request *request, const char *comment) MUST_CHECK;
/* ---- answers of unknown length ---- */

/* Begins one of any type.  As http_stream_start. */
enum status http_stream_begin(
    struct http_request **request, const char *content_type) MUST_CHECK;
/* Sends bytes, and calls `drained` from the loop when the client has taken all that was sent:
 * who waits for it holds no more than one piece.  UNAVAILABLE: the client is gone.  NO_MEMORY:
 * not sent.  With these, or where the client leaves, `drained` is not called. */
typedef void http_drained(struct http_request *request, void *ctx);
enum status http_stream_write(struct http_request *request, struct text bytes,
    http_drained *drained, void *ctx) MUST_CHECK;
/* Drops the connection, so that what was sent does not look whole: then http_on_gone. */
void http_stream_abort(struct http_request *request);

/* Ends the stream and its connection. */
void http_stream_close(struct http_request **request);

#endif
