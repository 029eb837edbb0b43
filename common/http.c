/* SPDX-License-Identifier: Apache-2.0
 * The server: listening, routing, draining. */
#include <ctype.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/http_private.h"
#include "common/log.h"

/* "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" */
#define ALLOW_BYTES 64

/* ---- routing ---- */

static bool
fits_method(const struct http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void
add_allowed(char allow[ALLOW_BYTES], const char *method)
{
	size_t length = strlen(allow);

	if (strstr(allow, method) == NULL)
		snprintf(allow + length, ALLOW_BYTES - length, "%s%s", length ? ", " : "",
		    method);
}

/* The route of a request; else NULL, and `allow` names the methods that its path knows.
 */
static const struct http_route *
find_route(const struct http_route *routes, const struct http_request *request,
    char allow[ALLOW_BYTES])
{
	const char *method = http_method(request);

	allow[0] = '\0';
	for (const struct http_route *route = routes; route->method; route++) {
		if (!http_target_fits(&request->target, route->path))
			continue;
		if (fits_method(route, method))
			return route;
		add_allowed(allow, route->method);
		if (strcmp(route->method, "GET") == 0)
			add_allowed(allow, "HEAD");
	}
	return NULL;
}

static void
refuse_method(struct http_request **request, const char *allow)
{
	const struct http_field fields[] = { { "Allow", allow }, { NULL, NULL } };

	if (http_add_fields((*request)->raw, fields))
		http_problem(request, 405, NULL, NULL,
		    "this path does not know this method", NULL);
	else
		http_problem(request, 500, NULL, NULL, NULL, NULL);
}

static void
dispatch(struct http_server *server, struct http_request *request)
{
	char allow[ALLOW_BYTES];

	if (request->target_fault) {
		http_problem(&request, 400, NULL, NULL, request->target_fault, NULL);
		return;
	}
	request->route = find_route(server->routes, request, allow);
	if (request->route)
		request->route->handler(request, server->ctx);
	else if (allow[0] != '\0')
		refuse_method(&request, allow);
	else
		http_problem(&request, 404, NULL, NULL, "nothing has this path", NULL);
}

static void
on_request(struct evhttp_request *raw, void *self)
{
	struct http_server *server = self;
	struct http_guard *guard = server->arrived;
	struct http_request *request = NULL;

	server->arrived = NULL;
	/* Without memory for a guard evhttp goes on without one: serve nobody unguarded.
	 */
	if (guard && evhttp_request_get_connection(raw) == guard->connection)
		request = http_request_new(guard, raw);
	if (request == NULL) {
		evhttp_send_error(raw, 503, NULL);
		return;
	}
	dispatch(server, request);
	if (guard->request)
		http_guard_wait(guard);
}

/* ---- accepting ---- */

void
http_server_admit(struct http_server *server)
{
	struct evconnlistener *listener;

	if (server->bound == NULL)
		return;
	listener = evhttp_bound_socket_get_listener(server->bound);
	if (server->connections < server->limits.connections_most)
		evconnlistener_enable(listener);
	else
		evconnlistener_disable(listener);
}

/* Most often no free descriptor: accept() would fail again at once, and for ever. */
static void
on_accept_failed(struct evconnlistener *listener, void *evhttp)
{
	(void)evhttp;
	log_event(LOG_WARN, "http_accept_failed", LOG_STRING("why", strerror(errno)));
	evconnlistener_disable(listener); /* until on_retry */
}

static void
on_retry(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	http_server_admit(self);
}

/* Splits "HOST:PORT" or "[HOST]:PORT". */
static bool
split_address(const char *address, char *host, size_t host_size, uint16_t *port)
{
	const char *colon = strrchr(address, ':');
	struct text name = { address, colon ? (uint32_t)(colon - address) : 0 };
	unsigned long number;
	char *end;

	if (colon == NULL || !isdigit((unsigned char)colon[1]))
		return false;
	number = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || number > UINT16_MAX)
		return false;
	if (name.length > 2 && name.at[0] == '[' && name.at[name.length - 1] == ']')
		name = (struct text){ name.at + 1, name.length - 2 };
	*port = (uint16_t)number;
	return name.length > 0 && text_copy(name, host, host_size);
}

static void
learn_address(struct http_server *server)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof bound;
	char host[HTTP_ADDRESS_BYTES - sizeof "[]:65535"];
	char port[8];

	if (getsockname(evhttp_bound_socket_get_fd(server->bound),
	        (struct sockaddr *)&bound, &size) != 0 ||
	    getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port,
	        sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(server->address, sizeof server->address,
	    bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* 0, or what getaddrinfo has against it. */
static int
look_up(const char *host, uint16_t port, struct addrinfo **found)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_ADDRCONFIG | AI_NUMERICSERV };
	char digits[8];

	snprintf(digits, sizeof digits, "%u", port);
	return getaddrinfo(host, digits, &hints, found);
}

static int
open_listener(const struct addrinfo *at)
{
	const int on = 1;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    at->ai_protocol);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	if (fd >= 0)
		evutil_closesocket(fd);
	return -1;
}

/* -1: it is no listening socket. */
static int
inherited_listener(const char *digits)
{
	int fd = (int)strtol(digits, NULL, 10), is_listening = 0;
	socklen_t size = sizeof is_listening;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0 ||
	    !is_listening || evutil_make_socket_nonblocking(fd) != 0)
		return -1;
	return fd;
}

enum status
http_listen(const char *address, int *fd, char *why, size_t why_size)
{
	struct addrinfo *found;
	char host[256];
	uint16_t port;

	if (strncmp(address, "fd:", 3) == 0) {
		*fd = inherited_listener(address + 3);
		snprintf(why, why_size, "no listening socket: %s", address);
		return *fd >= 0 ? STATUS_OK : STATUS_UNAVAILABLE;
	}
	if (!split_address(address, host, sizeof host, &port)) {
		snprintf(why, why_size, "not HOST:PORT: %s", address);
		return STATUS_INVALID;
	}
	if (look_up(host, port, &found) != 0) {
		snprintf(why, why_size, "cannot listen on %s: unknown host", address);
		return STATUS_UNAVAILABLE;
	}
	*fd = open_listener(found);
	snprintf(why, why_size, "cannot listen on %s: %s", address, strerror(errno));
	freeaddrinfo(found);
	return *fd >= 0 ? STATUS_OK : STATUS_UNAVAILABLE;
}

static enum status
listen_on(struct http_server *server, const char *address, char *why, size_t why_size)
{
	int fd;
	enum status status = http_listen(address, &fd, why, why_size);

	if (status != STATUS_OK)
		return status;
	server->bound = evhttp_accept_socket_with_handle(server->evhttp, fd);
	if (server->bound == NULL) {
		evutil_closesocket(fd);
		snprintf(why, why_size, "out of memory");
		return STATUS_NO_MEMORY;
	}
	learn_address(server);
	evconnlistener_set_error_cb(
	    evhttp_bound_socket_get_listener(server->bound), on_accept_failed);
	return STATUS_OK;
}

/* ---- life ---- */

static struct http_limits
fill_limits(const struct http_limits *given)
{
	struct http_limits limits = given ? *given : (struct http_limits){ 0 };

	if (limits.head_bytes == 0)
		limits.head_bytes = (size_t)16 * 1024;
	if (limits.body_bytes == 0)
		limits.body_bytes = (size_t)256 * 1024;
	if (limits.idle_ms == 0)
		limits.idle_ms = 60000;
	if (limits.request_ms == 0)
		limits.request_ms = 15000;
	if (limits.connections_most == 0)
		limits.connections_most = 1024;
	return limits;
}

/* The filter refuses first; these limits of evhttp are a second fence. */
static void
set_up_evhttp(struct http_server *server)
{
	struct evhttp *evhttp = server->evhttp;

	evhttp_set_max_headers_size(evhttp, (ev_ssize_t)server->limits.head_bytes);
	evhttp_set_max_body_size(evhttp, (ev_ssize_t)server->limits.body_bytes);
	evhttp_set_allowed_methods(
	    evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
	                EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
	evhttp_set_default_content_type(evhttp, NULL);
	evhttp_set_bevcb(evhttp, http_guard_open, server);
	evhttp_set_gencb(evhttp, on_request, server);
}

static struct http_server *
server_new(struct loop *loop, const struct http_limits *limits,
    const struct http_route *routes, void *ctx)
{
	struct http_server *server = calloc(1, sizeof *server);
	struct timeval retry = { 1, 0 };

	if (server == NULL)
		return NULL;
	LIST_INIT(&server->guards);
	server->limits = fill_limits(limits);
	server->routes = routes;
	server->ctx = ctx;
	server->evhttp = evhttp_new(loop_base(loop));
	server->retry = event_new(loop_base(loop), -1, EV_PERSIST, on_retry, server);
	if (server->evhttp == NULL || server->retry == NULL ||
	    event_add(server->retry, &retry) != 0) {
		http_server_close(server);
		return NULL;
	}
	set_up_evhttp(server);
	return server;
}

enum status
http_serve(struct loop *loop, const char *address, const struct http_limits *limits,
    const struct http_route *routes, void *ctx, struct http_server **server, char *why,
    size_t why_size)
{
	enum status status;

	*server = server_new(loop, limits, routes, ctx);
	if (*server == NULL) {
		snprintf(why, why_size, "cannot listen on %s: out of memory", address);
		return STATUS_NO_MEMORY;
	}
	status = listen_on(*server, address, why, why_size);
	if (status != STATUS_OK) {
		http_server_close(*server);
		*server = NULL;
	}
	return status;
}

void
http_server_address(const struct http_server *server, char address[HTTP_ADDRESS_BYTES])
{
	memcpy(address, server->address, HTTP_ADDRESS_BYTES);
}

unsigned
http_server_connections(const struct http_server *server)
{
	return server->connections;
}

static void
stop_listening(struct http_server *server)
{
	if (server->bound)
		evhttp_del_accept_socket(server->evhttp, server->bound);
	server->bound = NULL;
}

void
http_server_drain(struct http_server *server)
{
	struct http_guard *guard;
	struct http_guard *next;

	stop_listening(server);
	for (guard = LIST_FIRST(&server->guards); guard; guard = next) {
		next = LIST_NEXT(guard, link);
		if (guard->state == HTTP_IDLE)
			http_guard_await(guard);
	}
}

void
http_server_close(struct http_server *server)
{
	if (server == NULL)
		return;
	if (server->evhttp)
		stop_listening(server);
	while (!LIST_EMPTY(&server->guards))
		http_guard_close(LIST_FIRST(&server->guards));
	if (server->evhttp)
		evhttp_free(server->evhttp);
	if (server->retry)
		event_free(server->retry);
	free(server);
}
