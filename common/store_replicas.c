/* SPDX-License-Identifier: Apache-2.0
 * Replies wait for the replicas.
 *
 * WAIT blocks its connection, so a connection with a WAIT under way is written nothing more:
 * what arrives meanwhile becomes the next batch, with one WAIT behind it.  The WAIT of a call
 * that wrote nothing waits too, since Redis takes the newest offset of all: an answer DUP says
 * that somebody's write is safe, and no reply shows what a failover could take back. */
#include <hiredis/hiredis.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/store_connection.h"

/* A replica that has not synced within that time is not in sync: well above a slow disk's
 * sync, well below a call's deadline. */
#define WAIT_MS "500"
#define PROBE_EVERY_MS ((int64_t)1000)
#define PROBE_WAIT_MS "300"

bool
replicas_hold(const struct connection *connection)
{
	return connection->store->replicas > 0 && connection->use == USE_POOL;
}

/* ---- how many are in sync ---- */

static void
see(struct store *store, int64_t count)
{
	unsigned seen = count < store->replicas ? (unsigned)count : store->replicas;

	if (seen == store->in_sync)
		return;
	store->in_sync = seen;
	metrics_set(METRIC_redis_replicas, NULL, seen);
	log_event(seen < store->replicas ? LOG_WARN : LOG_INFO, "replicas_in_sync",
	    LOG_NUMBER("count", seen), LOG_NUMBER("wanted", store->replicas));
}

static void
on_probe(void *ctx, enum status status, const struct store_value *value)
{
	struct store *store = ctx;

	if (status == STATUS_OK && !store->is_ended)
		see(store, store_integer(value, 0));
}

static void
ignore(void *ctx, enum status status, const struct store_value *value)
{
	(void)ctx;
	(void)status;
	(void)value;
}

static struct text
digit(unsigned number)
{
	static const char DIGITS[] = "0123456789";

	return (struct text){ &DIGITS[number], 1 };
}

/* PING first: WAIT is about what had been written when the command before it came. */
static void
probe(void *self)
{
	struct store *store = self;
	struct connection *connection = store->probe;
	const struct text ping = LITERAL("PING");
	const struct text wait[] = { LITERAL("WAIT"), digit(store->replicas),
		LITERAL(PROBE_WAIT_MS) };

	if (connection->phase == PHASE_UP && connection->flight.count == 0 &&
	    connection_call(connection, 1, &ping, ignore, NULL) == STATUS_OK)
		(void)!connection_call(connection, 3, wait, on_probe, store);
}

bool
replicas_open(struct store *store)
{
	metrics_set(METRIC_redis_replicas, NULL, store->in_sync);
	store->probe = connection_new(store, USE_PROBE, &store->primary, &store->words);
	store->probe_timer = loop_every(store->loop, PROBE_EVERY_MS, probe, store);
	return store->probe != NULL && store->probe_timer != NULL;
}

/* ---- batches ---- */

/* The WAIT for as many replicas as are in sync now; every one is as long.  `place` NULL: gives
 * its length only. */
static size_t
write_wait(struct connection *connection, char *place)
{
	unsigned in_sync = connection->store->in_sync;
	unsigned count = in_sync > 0 ? in_sync : 1;
	const struct text wait[] = { LITERAL("WAIT"), digit(count), LITERAL(WAIT_MS) };

	if (place == NULL)
		return command_bytes(3, wait);
	connection->asked = count;
	return (size_t)(command_write(place, 3, wait) - place);
}

static bool
end_batch(struct connection *connection)
{
	struct store *store = connection->store;
	struct queue *flight = &connection->flight;
	/* Due with the last call that it is for, so that deadlines grow with age. */
	struct call call = { .done = ignore,
		.due_ms = queue_at(flight, flight->count - 1)->due_ms,
		.started_us = clock_mono_us(),
		.bytes = write_wait(connection, NULL),
		.is_wait = true };

	if (queue_add(flight, &call) == NULL)
		return false;
	store->bytes += call.bytes;
	store->waiting++;
	connection->batch = flight->used;
	return true;
}

size_t
replicas_batch(struct connection *connection)
{
	const struct queue *flight = &connection->flight;
	size_t wait_at;

	if (connection->batch == 0 && !end_batch(connection)) {
		connection_drop(connection, "out of memory");
		return 0;
	}
	wait_at = connection->batch - write_wait(connection, NULL);
	if (connection->flight_sent <= wait_at)
		(void)write_wait(connection, flight->bytes + flight->start + wait_at);
	return connection->batch;
}

/* Any of the calls may close the store. */
void
replicas_settle(struct connection *connection)
{
	int64_t now_us = clock_mono_us();
	bool is_last = false;

	connection->is_short = false;
	connection->is_asked = false;
	connection->backoff_ms = BACKOFF_LEAST_MS;
	while (connection->redis != NULL && !is_last) {
		struct call call = connection_take(connection);

		is_last = call.is_wait;
		if (is_last && call.done != NULL)
			connection_settle(connection, call, STATUS_OK, NULL);
		else if (!is_last)
			connection_answer(connection, call, call.reply, now_us);
		freeReplyObject(call.reply);
	}
	if (connection->redis != NULL)
		store_has_output(connection->store);
}

void
replicas_wait_again(struct connection *connection)
{
	connection->is_short = false;
	connection->is_asked = false;
	connection->flight_sent = connection->answered_bytes;
	store_has_output(connection->store);
}

/* One replica of two is enough only while nobody is made the primary in place of this one: it
 * could be the other, which lacks the batch. */
static void
take_wait(struct connection *connection, const redisReply *reply)
{
	struct store *store = connection->store;

	/* A replica refuses to wait: the primary was replaced meanwhile. */
	if (reply->type != REDIS_REPLY_INTEGER) {
		connection_drop(
		    connection, reply->str != NULL ? reply->str : "no answer to WAIT");
		return;
	}
	if (reply->integer < connection->asked || reply->integer > store->in_sync)
		see(store, reply->integer);
	if (reply->integer == 0) {
		replicas_wait_again(connection);
		finder_doubt(store->finder);
	} else if (reply->integer >= store->replicas || store->finder == NULL) {
		replicas_settle(connection);
	} else {
		connection->is_short = true;
		finder_confirm(store->finder);
	}
}

void
replicas_take(struct connection *connection, void **reply)
{
	struct call *call = queue_at(&connection->flight, connection->answered);

	if (call->is_wait) {
		take_wait(connection, *reply);
		return;
	}
	call->reply = *reply;
	*reply = NULL;
	connection->answered++;
	connection->answered_bytes += call->bytes;
}
