/* SPDX-License-Identifier: Apache-2.0
 * One connection to Redis: taking calls, giving up, losing, opening and writing. */
#include "common/store_connection.h"

#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"

#define NEVER INT64_MAX

/* ---- time ---- */

static bool
awaits_reply(const struct connection *connection)
{
	return connection->phase == PHASE_GREETING ||
	       (connection->phase == PHASE_UP && connection->flight.count > 0);
}

/* When the oldest call that is not settled must be.  Deadlines grow with age, because
 * every call has the same time. */
static int64_t
oldest_due(const struct connection *connection)
{
	if (connection->flight_settled < connection->flight.count)
		return queue_at(&connection->flight, connection->flight_settled)->due_ms;
	if (connection->backlog.count > 0)
		return queue_at(&connection->backlog, 0)->due_ms;
	return NEVER;
}

static int64_t
stalls_at(const struct connection *connection)
{
	bool is_idle = connection->use == USE_BLOCKING && connection->phase == PHASE_UP;

	return is_idle || !awaits_reply(connection)
	           ? NEVER
	           : connection->silent_since + connection->store->stall_ms;
}

/* Sets the timer unless it goes off earlier anyway: what it waits for mostly moves away
 * with every reply, and then it costs one needless wake-up and not one setting per call.
 */
void
connection_arm(struct connection *connection)
{
	int64_t due = oldest_due(connection);
	int64_t stall = stalls_at(connection);
	int64_t now;

	if (connection->phase == PHASE_CLOSED)
		return;
	if (stall < due)
		due = stall;
	if (connection->phase == PHASE_DOWN && connection->opens_at < due)
		due = connection->opens_at;
	if (due >= connection->wakes_at)
		return;
	now = clock_mono_ms();
	connection->wakes_at = due;
	loop_timer_set(connection->timer, due > now ? due - now : 0);
}

/* ---- calls ---- */

static bool
fits_flight(const struct connection *connection, size_t bytes)
{
	const struct queue *flight = &connection->flight;

	return flight->count == 0 || flight->used + bytes <= FLIGHT_MOST_BYTES;
}

void
connection_admit(struct connection *connection)
{
	struct queue *backlog = &connection->backlog;

	while (backlog->count > 0 &&
	       fits_flight(connection, queue_at(backlog, 0)->bytes) &&
	       queue_move(backlog, &connection->flight))
		store_has_output(connection->store);
}

void
connection_pop(struct connection *connection, struct queue *queue)
{
	struct call *call = queue_at(queue, 0);

	if (connection->use == USE_POOL)
		connection->store->bytes -= call->bytes;
	if (queue == &connection->flight && connection->batch > 0)
		connection->batch -= call->bytes;
	if (queue == &connection->flight && connection->answered > 0) {
		connection->answered--;
		connection->answered_bytes -= call->bytes;
		freeReplyObject(call->reply);
	}
	queue_pop(queue);
}

struct call
connection_take(struct connection *connection)
{
	struct call *place = queue_at(&connection->flight, 0);
	struct call call = *place;

	place->reply = NULL;
	connection->flight_sent -= call.bytes;
	if (call.done == NULL)
		connection->flight_settled--;
	connection_pop(connection, &connection->flight);
	/* Calls that expired before they were written need not leave any more. */
	if (connection->flight_sent == 0)
		connection_forget_settled(connection);
	connection_admit(connection);
	return call;
}

void
connection_forget_settled(struct connection *connection)
{
	connection->flight_sent = 0;
	for (; connection->flight_settled > 0; connection->flight_settled--)
		connection_pop(connection, &connection->flight);
}

void
connection_settle(struct connection *connection, struct call call, enum status status,
    const struct store_value *value)
{
	if (connection->use == USE_POOL)
		connection->store->waiting--;
	call.done(call.ctx, status, value);
}

/* Takes the oldest call that is not settled out of the queues; where it was written, a
 * place for its reply stays.  False: there is none. */
static bool
take_oldest(struct connection *connection, struct call *call)
{
	struct queue *flight = &connection->flight;
	struct queue *queue = flight;

	if (connection->flight_settled == flight->count)
		queue = &connection->backlog;
	if (queue->count == 0)
		return false;
	if (queue == flight && connection->flight_sent > 0) {
		struct call *place = queue_at(flight, connection->flight_settled++);

		*call = *place;
		place->done = NULL;
		return true;
	}
	*call = *queue_at(queue, 0);
	connection_pop(connection, queue);
	connection_admit(connection);
	return true;
}

static void
settle_due(struct connection *connection, int64_t now)
{
	struct call call;

	while (oldest_due(connection) <= now && take_oldest(connection, &call))
		connection_settle(connection, call, STATUS_UNAVAILABLE, NULL);
}

enum status
connection_call(struct connection *connection, size_t count, const struct text *arguments,
    store_done *done, void *ctx)
{
	struct store *store = connection->store;
	int64_t now_us = clock_mono_us();
	struct call call = { .done = done,
		.ctx = ctx,
		.due_ms = connection->use == USE_POOL ? now_us / 1000 + store->timeout_ms
		                                      : NEVER,
		.started_us = now_us,
		.bytes = command_bytes(count, arguments) };
	bool was_idle = connection->phase == PHASE_UP && connection->flight.count == 0;
	bool fits = connection->backlog.count == 0 && fits_flight(connection, call.bytes);
	char *place = queue_add(fits ? &connection->flight : &connection->backlog, &call);

	if (place == NULL)
		return STATUS_NO_MEMORY;
	command_write(place, count, arguments);
	if (connection->use == USE_POOL) {
		store->bytes += call.bytes;
		store->waiting++;
	}
	if (was_idle)
		connection->silent_since = now_us / 1000;
	connection_arm(connection);
	store_has_output(store);
	return STATUS_OK;
}

/* ---- losing ---- */

static void
log_loss(struct connection *connection, const char *why)
{
	if (connection->is_loss_logged)
		return;
	connection->is_loss_logged = true;
	log_event(LOG_WARN, "redis_lost", LOG_STRING("why", why),
	    LOG_STRING("address", connection->endpoint->text),
	    LOG_NUMBER("waiting", connection->store->waiting));
}

static void
free_socket(struct connection *connection)
{
	if (connection->readable != NULL)
		event_free(connection->readable);
	if (connection->writable != NULL)
		event_free(connection->writable);
	if (connection->redis != NULL)
		redisFree(connection->redis);
	connection->readable = NULL;
	connection->writable = NULL;
	connection->redis = NULL;
	free(connection->greeting);
	connection->greeting = NULL;
}

/* The calls stay, to be written again, and so does the WAIT behind them. */
static void
forget_replies(struct connection *connection)
{
	for (size_t i = 0; i < connection->answered; i++) {
		struct call *call = queue_at(&connection->flight, i);

		freeReplyObject(call->reply);
		call->reply = NULL;
	}
	connection->answered = 0;
	connection->answered_bytes = 0;
	connection->is_short = false;
	connection->is_asked = false;
}

/* A question is for its moment. */
static void
forget_questions(struct connection *connection)
{
	while (connection->flight.count > 0)
		connection_pop(connection, &connection->flight);
}

void
connection_drop(struct connection *connection, const char *why)
{
	int64_t most =
	    connection->store->finder != NULL ? BACKOFF_FAILOVER_MS : BACKOFF_MOST_MS;
	bool stood = connection->phase == PHASE_UP;
	int64_t now = clock_mono_ms();

	log_loss(connection, why);
	free_socket(connection);
	connection->phase = PHASE_DOWN;
	forget_replies(connection);
	connection_forget_settled(connection);
	connection_admit(connection);
	if (connection->use == USE_SENTINEL || connection->use == USE_PROBE)
		forget_questions(connection);
	if (connection->use != USE_SENTINEL)
		finder_doubt(connection->store->finder);
	if (stood && connection->use != USE_SENTINEL) {
		metrics_add(METRIC_redis_reconnects_total, NULL, 1);
		store_count_standing(connection->store);
		if (now - connection->stands_since >= BACKOFF_MOST_MS)
			connection->backoff_ms = BACKOFF_LEAST_MS;
	}
	connection->opens_at = now + connection->backoff_ms;
	connection->backoff_ms *= 2;
	if (connection->backoff_ms > most)
		connection->backoff_ms = most;
	connection_arm(connection);
}

void
connection_move(struct connection *connection)
{
	if (connection->phase == PHASE_CLOSED)
		return;
	if (connection->redis != NULL)
		connection_drop(connection, "another is the primary");
	connection->backoff_ms = BACKOFF_LEAST_MS;
	connection->opens_at = clock_mono_ms();
	connection_arm(connection);
}

/* ---- writing ---- */

/* The greeting is copied when it begins to be written, so it has all that store_greet was
 * given before the loop ran.  False: the connection was dropped. */
static bool
begin_greeting(struct connection *connection)
{
	const struct greeting *words = connection->words;

	if (connection->greeting != NULL)
		return true;
	connection->greeting = malloc(words->length);
	if (connection->greeting == NULL) {
		connection_drop(connection, "out of memory");
		return false;
	}
	memcpy(connection->greeting, words->bytes, words->length);
	connection->greeting_bytes = words->length;
	connection->greeting_sent = 0;
	connection->greetings_left = words->count;
	return true;
}

/* Writes bytes[*sent..length).  False: the connection was dropped. */
static bool
write_some(struct connection *connection, const char *bytes, size_t length, size_t *sent)
{
	while (*sent < length) {
		ssize_t count = send(connection->redis->fd, bytes + *sent, length - *sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count >= 0) {
			*sent += (size_t)count;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			event_add(connection->writable, NULL);
			return true;
		} else if (errno != EINTR) {
			connection_drop(connection, strerror(errno));
			return false;
		}
	}
	return true;
}

static void
write_calls(struct connection *connection)
{
	const struct queue *flight = &connection->flight;
	size_t most = flight->used;

	if (replicas_hold(connection))
		most = replicas_batch(connection);
	write_some(
	    connection, flight->bytes + flight->start, most, &connection->flight_sent);
}

/* What cannot be written now is when the socket becomes writable.  A socket that is being
 * connected becomes so when it stands or has failed. */
void
connection_flush(struct connection *connection)
{
	const struct queue *flight = &connection->flight;

	if (connection->redis == NULL ||
	    event_pending(connection->writable, EV_WRITE, NULL))
		return;
	if (connection->phase == PHASE_UP && flight->count == 0)
		return;
	if (connection->phase == PHASE_UP)
		write_calls(connection);
	else if (begin_greeting(connection))
		write_some(connection, connection->greeting, connection->greeting_bytes,
		    &connection->greeting_sent);
}

static void
on_writable(evutil_socket_t fd, short events, void *self)
{
	(void)fd;
	(void)events;
	connection_flush(self);
}

/* ---- opening ---- */

static redisContext *
start_connecting(const struct endpoint *endpoint)
{
	redisContext *redis;

	if (endpoint->port == 0)
		return redisConnectUnixNonBlock(endpoint->host);
	redis = redisConnectNonBlock(endpoint->host, endpoint->port);
	if (redis != NULL && redis->err == 0)
		redisEnableKeepAlive(redis); /* a blocking call has no deadline */
	return redis;
}

/* A reply that claims to have 2^31 elements gets no memory for them. */
#if HIREDIS_MAJOR >= 1
static void
bound_reader(redisReader *reader)
{
	reader->maxelements = REPLY_MOST_ELEMENTS;
}
#else
static redisReplyObjectFunctions bounded; /* those of hiredis, but for arrays */
static void *(*create_any_array)(const redisReadTask *, int);

static void *
create_array(const redisReadTask *task, int elements)
{
	return elements > REPLY_MOST_ELEMENTS ? NULL : create_any_array(task, elements);
}

static void
bound_reader(redisReader *reader)
{
	create_any_array = reader->fn->createArray;
	bounded = *reader->fn;
	bounded.createArray = create_array;
	reader->fn = &bounded;
}
#endif

/* Connects in the background; whether that succeeds shows when the greeting is written.
 */
static void
open_socket(struct connection *connection)
{
	struct event_base *base = loop_base(connection->store->loop);
	redisContext *redis;

	if (connection->endpoint->text[0] == '\0') {
		connection->opens_at = NEVER;
		return;
	}
	redis = start_connecting(connection->endpoint);
	connection->redis = redis;
	if (redis == NULL || redis->err != 0) {
		connection_drop(connection, redis ? redis->errstr : "out of memory");
		return;
	}
	bound_reader(redis->reader);
	connection->readable = event_new(
	    base, redis->fd, EV_READ | EV_PERSIST, connection_readable, connection);
	connection->writable =
	    event_new(base, redis->fd, EV_WRITE, on_writable, connection);
	if (connection->readable == NULL || connection->writable == NULL ||
	    event_add(connection->readable, NULL) < 0 ||
	    event_add(connection->writable, NULL) < 0) {
		connection_drop(connection, "out of memory");
		return;
	}
	connection->phase = PHASE_GREETING;
	connection->silent_since = clock_mono_ms();
	connection_arm(connection);
}

static void
on_time(void *self)
{
	struct connection *connection = self;
	struct store *store = connection->store;
	int64_t now = clock_mono_ms();

	store_hold(store);
	connection->wakes_at = NEVER;
	settle_due(connection, now);
	if (connection->phase == PHASE_DOWN && connection->opens_at <= now)
		open_socket(connection);
	else if (stalls_at(connection) <= now)
		connection_drop(connection, "silent for too long");
	connection_arm(connection);
	store_release(store);
}

struct connection *
connection_new(struct store *store, enum use use, const struct endpoint *endpoint,
    const struct greeting *words)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->timer = loop_timer_new(store->loop, on_time, connection);
	if (connection->timer == NULL) {
		free(connection);
		return NULL;
	}
	connection->store = store;
	connection->use = use;
	connection->endpoint = endpoint;
	connection->words = words;
	connection->phase = PHASE_DOWN;
	connection->wakes_at = NEVER;
	connection->backoff_ms = BACKOFF_LEAST_MS;
	connection->next = store->connections;
	store->connections = connection;
	open_socket(connection);
	return connection;
}

/* Calls whose `done` makes new ones find the connection closed, so this ends. */
void
connection_close(struct connection *connection)
{
	connection->phase = PHASE_CLOSED;
	loop_timer_set(connection->timer, -1);
	free_socket(connection);
	connection_forget_settled(connection);
	settle_due(connection, NEVER);
}

void
connection_free(struct connection *connection)
{
	loop_timer_free(connection->timer);
	queue_free(&connection->flight);
	queue_free(&connection->backlog);
	free(connection);
}
