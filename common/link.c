/* SPDX-License-Identifier: Apache-2.0
 * ZeroMQ sockets on the loop.  ZMQ_FD is edge-triggered and any send may swallow the edge,
 * so both only mark the socket dirty, and link_turn reads it empty before every sleep. */
#include "common/link_socket.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/metrics.h"

#define IPC "ipc://"
#define TCP "tcp://"
#define LOOPBACK "127.0.0.1"

static const struct {
	int option;
	int value;
} OPTIONS[] = {
	{ ZMQ_LINGER, 1000 },
	{ ZMQ_SNDHWM, LINK_QUEUE_MAX },
	{ ZMQ_RCVHWM, LINK_QUEUE_MAX },
	{ ZMQ_CONNECT_TIMEOUT, 3000 }, /* the system would try for two minutes */
	{ ZMQ_HANDSHAKE_IVL, 3000 },
	{ ZMQ_HEARTBEAT_IVL, 1000 },
	{ ZMQ_HEARTBEAT_TIMEOUT, 3000 },
	{ ZMQ_HEARTBEAT_TTL, 4000 }, /* above 65,535 it would wrap to next to nothing */
	{ ZMQ_TCP_MAXRT, 3000 },     /* sees a cut line even with the output blocked */
	{ ZMQ_RECONNECT_IVL, 100 },
	{ ZMQ_RECONNECT_IVL_MAX, 2000 },
};

/* ---- endpoints ---- */

static enum status
explain(char *why, size_t why_size, enum status status, const char *endpoint,
    const char *reason)
{
	snprintf(why, why_size, "%.200s: %s", endpoint, reason);
	return status;
}

/* Decimal, 1..65535, nothing around it. */
static bool
is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	long port = strtol(text, NULL, 10);

	return text[digits] == '\0' && text[0] != '0' && port >= 1 && port <= 65535;
}

/* A link in clear stays on this machine. */
static bool
needs_keys(const char *endpoint)
{
	return strncmp(endpoint, TCP, strlen(TCP)) == 0 &&
	       strncmp(endpoint, TCP LOOPBACK ":", strlen(TCP LOOPBACK ":")) != 0;
}

/* HOST:PORT.  A name would be looked up by libzmq's thread, each time it connects. */
static enum status
check_tcp(const struct link *link, const char *endpoint, char *why, size_t why_size)
{
	const char *host = endpoint + strlen(TCP);
	const char *colon = strchrnul(host, ':');
	struct text text = { host, (uint32_t)(colon - host) };
	char numbers[INET_ADDRSTRLEN];
	struct in_addr address;

	if (needs_keys(endpoint) && link->keys == NULL)
		return explain(why, why_size, STATUS_FORBIDDEN, endpoint,
		    "without keys only " LOOPBACK " is allowed");
	if (!text_copy(text, numbers, sizeof numbers) ||
	    inet_pton(AF_INET, numbers, &address) != 1)
		return explain(why, why_size, STATUS_INVALID, endpoint,
		    "the host is not four numbers");
	if (*colon == '\0' || !is_port(colon + 1))
		return explain(why, why_size, STATUS_INVALID, endpoint,
		    "the port is not a number from 1 to 65535");
	return STATUS_OK;
}

static enum status
check_endpoint(const struct link *link, const char *endpoint, char *why, size_t why_size)
{
	const char *path = endpoint + strlen(IPC);

	if (strstr(endpoint, "://") == NULL)
		return explain(
		    why, why_size, STATUS_INVALID, endpoint, "not an endpoint");
	if (strncmp(endpoint, TCP, strlen(TCP)) == 0)
		return check_tcp(link, endpoint, why, why_size);
	if (strncmp(endpoint, IPC, strlen(IPC)) != 0)
		return explain(why, why_size, STATUS_FORBIDDEN, endpoint,
		    "only ipc:// and tcp:// are allowed");
	if (path[0] == '\0' || path[0] == '@' || path[0] == '*')
		return explain(why, why_size, STATUS_INVALID, endpoint, "not a path");
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return explain(why, why_size, STATUS_UNAVAILABLE, endpoint,
		    "the path is longer than 107 bytes");
	return STATUS_OK;
}

/* libzmq removes whatever has the name before it binds, be it a plain file or the socket of
 * a process that still listens. */
static enum status
check_path_is_free(const char *endpoint, char *why, size_t why_size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat stat;
	int fd, result;

	if (strncmp(endpoint, IPC, strlen(IPC)) != 0)
		return STATUS_OK;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", endpoint + strlen(IPC));
	if (lstat(address.sun_path, &stat) < 0)
		return STATUS_OK;
	if (!S_ISSOCK(stat.st_mode))
		return explain(why, why_size, STATUS_UNAVAILABLE, endpoint,
		    "the path is there and is not a socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return explain(
		    why, why_size, STATUS_UNAVAILABLE, endpoint, strerror(errno));
	result = connect(fd, (struct sockaddr *)&address, sizeof address);
	if (result < 0 && errno != ECONNREFUSED)
		result = errno == EAGAIN ? 0 : -errno;
	close(fd);
	if (result == 0)
		return explain(why, why_size, STATUS_UNAVAILABLE, endpoint,
		    "another process listens there");
	return STATUS_OK;
}

/* ---- opening and closing ---- */

void
link_socket_touch(struct link_socket *socket)
{
	socket->is_dirty = true;
	if (!socket->link->is_in_turn)
		loop_again(socket->link->loop);
}

static void
on_edge(evutil_socket_t fd, short events, void *self)
{
	struct link_socket *socket = self;

	(void)fd;
	(void)events;
	socket->is_dirty = true;
}

static bool
set_options(void *zmq, int type)
{
	const int64_t most_bytes = (int64_t)LINK_DROP_BYTES;
	const int yes = 1, unlimited = 0;
	bool is_set =
	    zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &most_bytes, sizeof most_bytes) == 0;

	for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++)
		is_set &= zmq_setsockopt(zmq, OPTIONS[i].option, &OPTIONS[i].value,
		              sizeof OPTIONS[i].value) == 0;
	if (type == ZMQ_ROUTER)
		is_set &=
		    zmq_setsockopt(zmq, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes) == 0;
	/* A full queue of events would stop libzmq's thread. */
	if (type == ZMQ_PAIR)
		is_set &=
		    zmq_setsockopt(zmq, ZMQ_RCVHWM, &unlimited, sizeof unlimited) == 0;
	/* Nothing waits for a peer that is not there: it would reach the successor. */
	if (type == ZMQ_DEALER)
		is_set &= zmq_setsockopt(zmq, ZMQ_IMMEDIATE, &yes, sizeof yes) == 0;
	return is_set;
}

static bool
watch_edges(struct link_socket *socket)
{
	int fd;
	size_t size = sizeof fd;

	if (zmq_getsockopt(socket->zmq, ZMQ_FD, &fd, &size) < 0)
		return false;
	socket->event = event_new(
	    loop_base(socket->link->loop), fd, EV_READ | EV_PERSIST, on_edge, socket);
	return socket->event != NULL && event_add(socket->event, NULL) == 0;
}

/* False: see errno.  The socket is in the list either way, for link_socket_close. */
static bool
make_socket(struct link_socket *socket, struct link *link, int type)
{
	socket->link = link;
	socket->type = type;
	socket->next = link->sockets;
	link->sockets = socket;
	socket->zmq = zmq_socket(link->context, type);
	if (socket->zmq == NULL || !set_options(socket->zmq, type) ||
	    !watch_edges(socket))
		return false;
	link_socket_touch(socket);
	return true;
}

/* Before the socket is attached, or the first events go unseen. */
static bool
monitor_events(struct link_socket *socket)
{
	struct link_socket *monitor = socket->monitor;
	char endpoint[40];

	if (monitor == NULL)
		return true;
	snprintf(endpoint, sizeof endpoint, "inproc://monitor-%u",
	    socket->link->monitor_count++);
	return zmq_socket_monitor(socket->zmq, endpoint, socket->events) == 0 &&
	       make_socket(monitor, socket->link, ZMQ_PAIR) &&
	       zmq_connect(monitor->zmq, endpoint) == 0;
}

static int
attach(struct link_socket *socket, const char *endpoint)
{
	if (needs_keys(endpoint) && !link_keys_secure(socket))
		return -1;
	return socket->type == ZMQ_DEALER ? zmq_connect(socket->zmq, endpoint)
	                                  : zmq_bind(socket->zmq, endpoint);
}

enum status
link_socket_open(struct link_socket *socket, struct link *link, int type,
    const char *endpoint, char *why, size_t why_size)
{
	enum status status = check_endpoint(link, endpoint, why, why_size);

	if (status == STATUS_OK && type == ZMQ_ROUTER)
		status = check_path_is_free(endpoint, why, why_size);
	if (status != STATUS_OK)
		return status;
	if (make_socket(socket, link, type) && monitor_events(socket) &&
	    attach(socket, endpoint) == 0)
		return STATUS_OK;
	status =
	    explain(why, why_size, STATUS_UNAVAILABLE, endpoint, zmq_strerror(errno));
	link_socket_close(socket);
	return status;
}

enum status
link_socket_listen(struct link_socket *socket, struct link *link, const char *endpoint,
    char *why, size_t why_size)
{
	if (make_socket(socket, link, ZMQ_REP) && attach(socket, endpoint) == 0)
		return STATUS_OK;
	return explain(why, why_size, STATUS_UNAVAILABLE, endpoint, zmq_strerror(errno));
}

/* Takes closed sockets and their owners away. */
static void
sweep(struct link *link)
{
	struct link_socket **place = &link->sockets;

	if (link->is_in_turn)
		return;
	while (*place != NULL)
		if ((*place)->zmq == NULL)
			*place = (*place)->next;
		else
			place = &(*place)->next;
	while (link->owners_gone != NULL) {
		struct link_owner *owner = link->owners_gone;

		link->owners_gone = owner->next;
		free(owner);
	}
}

void
link_socket_close(struct link_socket *socket)
{
	/* Events to a PAIR that has gone would block libzmq's thread for ever. */
	if (socket->monitor != NULL && socket->zmq != NULL)
		zmq_socket_monitor(socket->zmq, NULL, 0);
	if (socket->monitor != NULL)
		link_socket_close(socket->monitor);
	if (socket->event != NULL)
		event_free(socket->event);
	if (socket->zmq != NULL)
		zmq_close(socket->zmq);
	socket->event = NULL;
	socket->zmq = NULL;
	if (socket->link != NULL)
		sweep(socket->link);
}

void
link_owner_free(struct link *link, struct link_owner *owner)
{
	owner->next = link->owners_gone;
	link->owners_gone = owner;
	sweep(link);
}

/* ---- sending ---- */

/* 0, or -1 with zmq's errno. */
static int
send_once(void *zmq, const struct link_peer *peer, const void *bytes, size_t length)
{
	int result = 0;

	if (peer != NULL)
		result =
		    zmq_send(zmq, peer->id, peer->length, ZMQ_DONTWAIT | ZMQ_SNDMORE);
	if (result < 0)
		return -1;
	do
		result = zmq_send(zmq, bytes, length, ZMQ_DONTWAIT);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -1 : 0;
}

enum status
link_socket_send(struct link_socket *socket, const struct link_peer *peer,
    const void *bytes, size_t length)
{
	if (length > (size_t)MESSAGE_MAX_BYTES)
		return STATUS_TOO_LARGE;
	link_socket_touch(socket);
	if (send_once(socket->zmq, peer, bytes, length) == 0)
		return STATUS_OK;
	return errno == EHOSTUNREACH ? STATUS_ABSENT : STATUS_BUSY;
}

/* ---- receiving ---- */

void
link_count_refused(const char *kind, enum status status)
{
	metrics_add(METRIC_message_refused_total, status_code(status), 1);
	log_event(LOG_WARN, "message_refused", LOG_STRING("kind", kind),
	    LOG_STRING("status", status_code(status)));
}

/* Reads what is left of a message that should have had one part. */
static void
drop_parts(struct link_socket *socket)
{
	while (zmq_msg_more(&socket->link->frame))
		if (zmq_msg_recv(&socket->link->frame, socket->zmq, ZMQ_DONTWAIT) < 0)
			return;
}

static void
take_frame(struct link_socket *socket, const struct link_peer *peer)
{
	zmq_msg_t *frame = &socket->link->frame;
	size_t length = zmq_msg_size(frame);

	if (length > (size_t)MESSAGE_MAX_BYTES)
		link_count_refused("", STATUS_TOO_LARGE);
	else if ((zmq_msg_more(frame) && socket->type != ZMQ_PAIR) ||
	         peer->length > sizeof peer->id)
		link_count_refused("", STATUS_BAD_MESSAGE);
	else
		socket->on_bytes(socket->self, peer, zmq_msg_data(frame), length);
	if (socket->zmq != NULL)
		drop_parts(socket);
}

/* False: nothing is left to read. */
static bool
receive_one(struct link_socket *socket)
{
	struct link_peer peer = { .length = 0 };
	zmq_msg_t *frame = &socket->link->frame;

	if (socket->type == ZMQ_REP)
		return link_keys_turn(socket);
	if (socket->type == ZMQ_ROUTER) {
		int length = zmq_recv(socket->zmq, peer.id, sizeof peer.id, ZMQ_DONTWAIT);

		if (length < 0)
			return errno == EINTR;
		peer.length = (uint32_t)length;
	}
	while (zmq_msg_recv(frame, socket->zmq, ZMQ_DONTWAIT) < 0)
		if (errno != EINTR)
			return false;
	take_frame(socket, &peer);
	return true;
}

static void
turn_socket(struct link_socket *socket)
{
	socket->is_dirty = false;
	while (socket->zmq != NULL && socket->left > 0 && receive_one(socket))
		socket->left--;
	if (socket->left == 0)
		socket->is_dirty = true;
	if (socket->zmq != NULL && socket->flush != NULL)
		socket->flush(socket->self);
}

/* Every round a dirty socket either uses up some of its batch or comes out clean, so this
 * ends.  Who has used up the batch is read on in the next turn. */
static void
link_turn(void *self)
{
	struct link *link = self;
	bool is_dirty = false, is_moving = true;

	if (link->is_in_turn)
		return;
	link->is_in_turn = true;
	for (struct link_socket *socket = link->sockets; socket != NULL;
	     socket = socket->next)
		socket->left = LINK_BATCH;
	while (is_moving) {
		is_dirty = is_moving = false;
		for (struct link_socket *s = link->sockets; s != NULL; s = s->next) {
			if (s->zmq != NULL && s->is_dirty && s->left > 0) {
				turn_socket(s);
				is_moving = true;
			}
			is_dirty |= s->zmq != NULL && s->is_dirty;
		}
	}
	link->is_in_turn = false;
	sweep(link);
	if (is_dirty)
		loop_again(link->loop);
}

/* ---- the process' context ---- */

struct link *
link_new(struct loop *loop)
{
	struct link *link = calloc(1, sizeof *link);

	if (link == NULL)
		return NULL;
	link->loop = loop;
	link->epoch_items = LINK_EPOCH_ITEMS;
	link->tick_ms = LINK_TICK_MS;
	zmq_msg_init(&link->frame);
	link->decoder = decoder_new();
	link->in = calloc(1, sizeof *link->in);
	link->out = calloc(1, sizeof *link->out);
	link->context = zmq_ctx_new();
	if (link->decoder == NULL || link->in == NULL || link->out == NULL ||
	    link->context == NULL || zmq_ctx_set(link->context, ZMQ_BLOCKY, 0) < 0 ||
	    !loop_before_sleep(loop, link_turn, link)) {
		link_free(link);
		return NULL;
	}
	return link;
}

void
link_free(struct link *link)
{
	if (link == NULL)
		return;
	link_keys_close(link);
	assert(link->sockets == NULL);
	loop_before_sleep_end(link->loop, link_turn, link);
	zmq_msg_close(&link->frame);
	if (link->context != NULL)
		while (zmq_ctx_term(link->context) < 0 && errno == EINTR)
			continue;
	decoder_free(link->decoder);
	free(link->in);
	free(link->out);
	free(link);
}

/* ---- questions and answers ---- */

/* A socket of its own, without verbs. */
struct end {
	struct link_owner owner;
	struct link_socket socket;
};

struct link_server {
	struct end end;
};

struct link_client {
	struct end end;
};

static enum status
open_end(struct link *link, int type, const char *endpoint, link_on_bytes *on_bytes,
    void *self, struct end **opened, char *why, size_t why_size)
{
	struct end *end = calloc(1, sizeof *end);
	enum status status;

	*opened = NULL;
	if (end == NULL)
		return link_no_memory(why, why_size);
	end->socket.domain = LINK_DOMAIN_OPEN;
	end->socket.on_bytes = on_bytes;
	end->socket.self = self;
	status = link_socket_open(&end->socket, link, type, endpoint, why, why_size);
	if (status == STATUS_OK)
		*opened = end;
	else
		link_owner_free(link, &end->owner);
	return status;
}

static void
close_end(struct end *end)
{
	link_socket_close(&end->socket);
	link_owner_free(end->socket.link, &end->owner);
}

enum status
link_server_open(struct link *link, const char *endpoint, link_on_bytes *on_bytes,
    void *self, struct link_server **server, char *why, size_t why_size)
{
	struct end *end;
	enum status status =
	    open_end(link, ZMQ_ROUTER, endpoint, on_bytes, self, &end, why, why_size);

	*server = (struct link_server *)end;
	return status;
}

void
link_server_close(struct link_server *server)
{
	if (server != NULL)
		close_end(&server->end);
}

enum status
link_server_send(struct link_server *server, const struct link_peer *peer,
    const void *bytes, size_t length)
{
	return link_socket_send(&server->end.socket, peer, bytes, length);
}

enum status
link_client_open(struct link *link, const char *endpoint, link_on_bytes *on_bytes,
    void *self, struct link_client **client, char *why, size_t why_size)
{
	struct end *end;
	enum status status =
	    open_end(link, ZMQ_DEALER, endpoint, on_bytes, self, &end, why, why_size);

	*client = (struct link_client *)end;
	return status;
}

void
link_client_close(struct link_client *client)
{
	if (client != NULL)
		close_end(&client->end);
}

enum status
link_client_send(struct link_client *client, const void *bytes, size_t length)
{
	return link_socket_send(&client->end.socket, NULL, bytes, length);
}
