/* SPDX-License-Identifier: Apache-2.0
 * Takes work from upstreams and gives credit back, once a turn and as a total. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/link_socket.h"

#define ENDPOINTS_MAX 16
#define ENDPOINT_BYTES 256

/* Verbs that wait to be said. */
enum { DUE_HELLO = 1, DUE_CREDIT = 2, DUE_DRAIN = 4, DUE_PONG = 8 };

struct connection {
	struct link_worker *worker;
	unsigned number;
	struct link_socket socket;
	struct link_socket monitor;
	char boot[LINK_BOOT_BYTES];
	bool is_welcome;   /* `epoch` is the answer to the last hello */
	bool is_expecting; /* hello is said and not answered */
	uint32_t epoch;
	uint32_t received, finished; /* items of the epoch */
	unsigned silent_ticks;
	unsigned due; /* DUE_..., for the next flush */
};

struct link_worker {
	struct link_owner owner;
	struct link *link;
	struct loop_timer *tick;
	link_on_work *on_work;
	void *self;
	char service[LINK_SERVICE_BYTES];
	unsigned window;
	bool is_draining;
	bool is_paused;
	size_t held; /* items of any epoch */
	unsigned connection_count;
	struct connection connections[ENDPOINTS_MAX];
};

static void
make_due(struct connection *connection, unsigned verbs)
{
	connection->due |= verbs;
	link_socket_touch(&connection->socket);
}

/* A hello takes everything of the former epoch off the list. */
static void
make_hello_due(struct connection *connection)
{
	connection->is_welcome = false;
	connection->silent_ticks = 0;
	connection->due = 0;
	if (!connection->worker->is_draining)
		make_due(connection, DUE_HELLO);
}

static void
fill_verb(const struct connection *connection, unsigned verb, struct message *out)
{
	if (verb == DUE_HELLO) {
		message_init(out, MESSAGE_hello);
		out->hello.service = text_of(connection->worker->service);
		out->hello.boot = text_of(connection->boot);
		out->hello.window = connection->worker->window;
	} else if (verb == DUE_CREDIT) {
		message_init(out, MESSAGE_credit);
		out->credit.epoch = connection->epoch;
		out->credit.finished = connection->finished;
	} else if (verb == DUE_DRAIN) {
		message_init(out, MESSAGE_drain);
		out->drain.epoch = connection->epoch;
	} else {
		message_init(out, MESSAGE_pong);
		out->pong.epoch = connection->epoch;
	}
}

/* What cannot be said is dropped: with no connection the next one begins with a hello, and
 * a queue twice the window does not fill up with these. */
static void
flush_connection(void *self)
{
	struct connection *connection = self;
	struct message *out = connection->socket.link->out;

	for (unsigned verb = DUE_HELLO; connection->due >= verb; verb <<= 1) {
		if ((connection->due & verb) == 0 ||
		    (verb == DUE_CREDIT && connection->worker->is_paused))
			continue;
		connection->due &= ~verb;
		fill_verb(connection, verb, out);
		if (link_say(&connection->socket, NULL, out) == STATUS_OK &&
		    verb == DUE_HELLO)
			connection->is_expecting = true;
	}
}

/* Whether the verb belongs to this window; where not, another hello sets it right, unless
 * one is on its way. */
static bool
is_current(struct connection *connection, uint32_t epoch)
{
	if (connection->is_welcome && epoch == connection->epoch) {
		connection->silent_ticks = 0;
		return true;
	}
	if (!connection->is_expecting)
		make_hello_due(connection);
	return false;
}

static void
on_welcome(struct connection *connection, const struct message *in)
{
	if (connection->is_welcome && in->welcome.epoch == connection->epoch)
		return; /* a repeat: the totals go on */
	connection->is_welcome = true;
	connection->is_expecting = false;
	connection->silent_ticks = 0;
	connection->epoch = in->welcome.epoch;
	connection->received = connection->finished = 0;
	connection->due = 0;
	if (connection->worker->is_draining)
		make_due(connection, DUE_DRAIN);
}

static void
on_worker_ping(struct connection *connection, const struct message *in)
{
	if (is_current(connection, in->ping.epoch))
		make_due(connection, DUE_PONG);
}

static void
on_worker_pong(struct connection *connection, const struct message *in)
{
	(void)is_current(connection, in->pong.epoch);
}

static void
on_work_item(struct connection *connection, const struct message *in)
{
	struct link_worker *worker = connection->worker;

	if (!is_current(connection, in->work.epoch))
		return;
	if (connection->received - connection->finished >= worker->window) {
		link_refuse(&connection->socket, NULL, STATUS_FULL);
		return;
	}
	connection->received++;
	worker->held++;
	worker->on_work(worker->self, in, connection->number);
}

typedef void on_worker_verb(struct connection *connection, const struct message *in);

/* What a worker listens to, besides refused. */
static on_worker_verb *const WORKER_VERBS[MESSAGE_KINDS] = {
	[MESSAGE_welcome] = on_welcome,
	[MESSAGE_ping] = on_worker_ping,
	[MESSAGE_pong] = on_worker_pong,
	[MESSAGE_work] = on_work_item,
};

static void
on_worker_bytes(
    void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct connection *connection = self;
	const struct message *in = connection->socket.link->in;

	(void)peer;
	if (!link_decode(&connection->socket, NULL, bytes, length))
		return;
	if (in->kind == MESSAGE_refused)
		link_note_refused(in, "upstream");
	else if (WORKER_VERBS[in->kind] == NULL)
		link_refuse(&connection->socket, NULL, STATUS_BAD_MESSAGE);
	else
		WORKER_VERBS[in->kind](connection, in);
}

static struct connection *
connection_at(struct link_worker *worker, unsigned upstream)
{
	assert(upstream < worker->connection_count);
	return &worker->connections[upstream];
}

/* The connection is new, so is the upstream for all we know. */
static void
on_connected(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct connection *connection = self;

	(void)peer;
	(void)bytes;
	(void)length;
	make_hello_due(connection);
}

static void
on_worker_tick(void *self)
{
	struct link_worker *worker = self;

	for (unsigned i = 0; i < worker->connection_count; i++) {
		struct connection *connection = &worker->connections[i];

		connection->socket.refusals = 0;
		if (++connection->silent_ticks >= LINK_SILENT_TICKS)
			make_hello_due(connection);
	}
}

void
link_worker_finished(struct link_worker *worker, unsigned upstream, uint32_t epoch)
{
	struct connection *connection = connection_at(worker, upstream);

	assert(worker->held > 0);
	worker->held--;
	if (!connection->is_welcome || epoch != connection->epoch)
		return;
	connection->finished++;
	make_due(connection, DUE_CREDIT);
}

void
link_worker_pause(struct link_worker *worker, bool is_paused)
{
	worker->is_paused = is_paused;
	for (unsigned i = 0; i < worker->connection_count; i++)
		link_socket_touch(&worker->connections[i].socket);
}

size_t
link_worker_held(const struct link_worker *worker)
{
	return worker->held;
}

void
link_worker_drain(struct link_worker *worker)
{
	worker->is_draining = true;
	for (unsigned i = 0; i < worker->connection_count; i++) {
		struct connection *connection = &worker->connections[i];

		connection->due &= ~(unsigned)DUE_HELLO;
		if (connection->is_welcome)
			make_due(connection, DUE_DRAIN);
	}
}

static enum status
open_connection(
    struct connection *connection, const char *endpoint, char *why, size_t why_size)
{
	link_name_boot(connection->boot);
	connection->socket = (struct link_socket){ .on_bytes = on_worker_bytes,
		.flush = flush_connection,
		.self = connection,
		.monitor = &connection->monitor,
		.events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED };
	connection->monitor =
	    (struct link_socket){ .on_bytes = on_connected, .self = connection };
	return link_socket_open(&connection->socket, connection->worker->link, ZMQ_DEALER,
	    endpoint, why, why_size);
}

static enum status
open_connections(
    struct link_worker *worker, const char *endpoints, char *why, size_t why_size)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && endpoints != NULL) {
		const char *comma = strchrnul(endpoints, ',');
		struct text text = { endpoints, (uint32_t)(comma - endpoints) };
		struct connection *connection;
		char endpoint[ENDPOINT_BYTES];

		if (worker->connection_count == ENDPOINTS_MAX ||
		    !text_copy(text, endpoint, sizeof endpoint)) {
			snprintf(
			    why, why_size, "%.200s: too many or too long", endpoints);
			return STATUS_INVALID;
		}
		connection = &worker->connections[worker->connection_count];
		connection->worker = worker;
		connection->number = worker->connection_count++;
		status = open_connection(connection, endpoint, why, why_size);
		endpoints = *comma == ',' ? comma + 1 : NULL;
	}
	return status;
}

enum status
link_worker_open(struct link *link, const char *endpoints, const char *service,
    unsigned window, link_on_work *on_work, void *self, struct link_worker **opened,
    char *why, size_t why_size)
{
	struct link_worker *worker;
	enum status status;

	*opened = NULL;
	if (window < 1 || window > LINK_WINDOW_MAX ||
	    strlen(service) >= LINK_SERVICE_BYTES) {
		snprintf(why, why_size, "%.32s: a window of %u is not from 1 to %d",
		    service, window, LINK_WINDOW_MAX);
		return STATUS_INVALID;
	}
	worker = calloc(1, sizeof *worker);
	if (worker == NULL)
		return link_no_memory(why, why_size);
	worker->link = link;
	worker->window = window;
	worker->on_work = on_work;
	worker->self = self;
	snprintf(worker->service, sizeof worker->service, "%s", service);
	worker->tick = loop_every(link->loop, link->tick_ms, on_worker_tick, worker);
	status = worker->tick != NULL ? open_connections(worker, endpoints, why, why_size)
	                              : link_no_memory(why, why_size);
	if (status == STATUS_OK)
		*opened = worker;
	else
		link_worker_close(worker);
	return status;
}

void
link_worker_close(struct link_worker *worker)
{
	if (worker == NULL)
		return;
	loop_timer_free(worker->tick);
	for (unsigned i = 0; i < worker->connection_count; i++)
		link_socket_close(&worker->connections[i].socket);
	link_owner_free(worker->link, &worker->owner);
}
