/* SPDX-License-Identifier: Apache-2.0
 * A store: its connections, which of them takes a call, and how replies are read. */
#include "common/store.h"

#include <assert.h>
#include <stdlib.h>

#include "common/metrics.h"
#include "common/store_connection.h"

#define CONNECTIONS_MOST 64

/* ---- life ---- */

void
store_hold(struct store *store)
{
	store->holds++;
}

/* What nobody can reach any more; blocking connections that are still open lose the
 * store. */
static void
free_pool(struct store *store)
{
	struct connection *connection;

	while ((connection = store->connections) != NULL) {
		store->connections = connection->next;
		if (connection->use == USE_BLOCKING && !connection->is_abandoned)
			connection->store = NULL;
		else
			connection_free(connection);
	}
	finder_free(store->finder);
	loop_timer_free(store->probe_timer);
	greeting_free(&store->words);
	gather_free(store->gatherer);
	free(store->pool);
	free(store);
}

static void
free_abandoned(struct store *store)
{
	struct connection **link = &store->connections;

	while (*link != NULL) {
		struct connection *connection = *link;

		if (connection->is_abandoned) {
			*link = connection->next;
			connection_free(connection);
		} else {
			link = &connection->next;
		}
	}
}

void
store_release(struct store *store)
{
	if (--store->holds > 0)
		return;
	if (store->is_closed)
		free_pool(store);
	else
		free_abandoned(store);
}

void
store_has_output(struct store *store)
{
	/* Inside our own callbacks the hook is still to come in this turn.  Elsewhere it
	 * may be over: another hook may be calling. */
	if (!store->has_output && store->holds == 0)
		loop_again(store->loop);
	store->has_output = true;
}

bool
store_is_connected(const struct store *store)
{
	for (const struct connection *c = store->connections; c != NULL; c = c->next)
		if (c->phase != PHASE_UP &&
		    (c->use == USE_POOL || c->use == USE_BLOCKING))
			return false;
	return true;
}

void
store_count_standing(const struct store *store)
{
	metrics_set(METRIC_redis_connected, NULL, store_is_connected(store));
}

/* All calls of one turn of the loop leave in one send per connection. */
static void
flush(void *self)
{
	struct store *store = self;

	if (!store->has_output)
		return;
	gather_send(store);
	store->has_output = false;
	for (struct connection *c = store->connections; c != NULL; c = c->next)
		connection_flush(c);
}

static bool
open_pool(struct store *store)
{
	store->pool = calloc(store->pool_size, sizeof(*store->pool));
	for (unsigned i = 0; store->pool != NULL && i < store->pool_size; i++) {
		store->pool[i] =
		    connection_new(store, USE_POOL, &store->primary, &store->words);
		if (store->pool[i] == NULL)
			return false;
	}
	return store->pool != NULL;
}

struct store *
store_open(struct loop *loop, const struct store_options *options)
{
	bool wants_primary = options->sentinels != NULL && options->sentinels[0] != '\0';
	struct store *store = calloc(1, sizeof(*store));

	assert(options->connections >= 1 && options->connections <= CONNECTIONS_MOST);
	assert(options->timeout_ms > 0 && options->stall_ms > 0);
	if (store == NULL)
		return NULL;
	store->loop = loop;
	store->pool_size = options->connections;
	store->timeout_ms = options->timeout_ms;
	store->stall_ms = options->stall_ms;
	store->most_bytes = options->most_bytes;
	store->replicas = options->replicas;
	store->in_sync = options->replicas;
	if (!greeting_begin(
	        &store->words, options->password, wants_primary, options->name))
		goto failed;
	if (!wants_primary)
		endpoint_read(&store->primary, text_of(options->socket_path));
	if (!open_pool(store) || !loop_before_sleep(loop, flush, store))
		goto failed;
	if (wants_primary && !finder_open(store, options))
		goto failed;
	if (store->replicas > 0 && !replicas_open(store))
		goto failed;
	store_count_standing(store);
	return store;
failed:
	store_close(store);
	return NULL;
}

void
store_end(struct store *store)
{
	if (store->is_ended)
		return;
	store->is_ended = true;
	loop_before_sleep_end(store->loop, flush, store);
	store_hold(store);
	finder_stop(store->finder);
	if (store->probe_timer != NULL)
		loop_timer_set(store->probe_timer, -1);
	gather_end(store);
	for (struct connection *c = store->connections; c != NULL; c = c->next)
		connection_close(c);
	store_release(store);
}

void
store_close(struct store *store)
{
	if (store == NULL || store->is_closed)
		return;
	store_hold(store);
	store_end(store);
	store->is_closed = true;
	store_release(store);
}

enum status
store_greet(struct store *store, size_t count, const struct text *arguments)
{
	assert(count > 0);
	return greeting_add(&store->words, count, arguments) ? STATUS_OK
	                                                     : STATUS_NO_MEMORY;
}

/* ---- calls ---- */

/* FNV-1a. */
static uint32_t
hash(struct text text)
{
	uint32_t value = 2166136261U;

	for (uint32_t i = 0; i < text.length; i++)
		value = (value ^ (unsigned char)text.at[i]) * 16777619U;
	return value ^ value >> 16;
}

uint32_t
store_slot(const struct store *store, struct text route)
{
	return hash(route) % store->pool_size;
}

bool
store_has_room(const struct store *store, size_t bytes)
{
	return bytes <= store->most_bytes && store->bytes <= store->most_bytes - bytes;
}

enum status
store_call(struct store *store, struct text route, size_t count,
    const struct text *arguments, store_done *done, void *ctx)
{
	size_t bytes = command_bytes(count, arguments);

	assert(count > 0 && done != NULL); /* Redis gives no reply to an empty command */
	if (store->is_ended)
		return STATUS_UNAVAILABLE;
	if (!store_has_room(store, bytes))
		return STATUS_BUSY;
	return connection_call(
	    store->pool[store_slot(store, route)], count, arguments, done, ctx);
}

unsigned
store_replicas(const struct store *store)
{
	return store->in_sync;
}

const char *
store_primary(const struct store *store)
{
	return store->primary.text;
}

size_t
store_waiting_count(const struct store *store)
{
	return store->waiting;
}

/* Lives until both the call is settled and store_call_wait has returned. */
struct wait {
	store_done *done; /* NULL: nobody waits any more */
	void *ctx;
	bool is_settled;
};

static void
on_waited(void *ctx, enum status status, const struct store_value *value)
{
	struct wait *wait = ctx;

	wait->is_settled = true;
	if (wait->done != NULL)
		wait->done(wait->ctx, status, value);
	else
		free(wait);
}

enum status
store_call_wait(struct store *store, size_t count, const struct text *arguments,
    store_done *done, void *ctx)
{
	struct loop *loop = store->loop;
	struct wait *wait = malloc(sizeof(*wait));
	enum status status;

	if (wait == NULL)
		return STATUS_NO_MEMORY;
	*wait = (struct wait){ done, ctx, false };
	status = store_call(store, TEXT_ABSENT, count, arguments, on_waited, wait);
	if (status != STATUS_OK) {
		free(wait);
		return status;
	}
	while (status == STATUS_OK && !wait->is_settled)
		status = loop_turn(loop, store->timeout_ms);
	if (wait->is_settled)
		free(wait);
	else
		wait->done = NULL;
	return status;
}

/* ---- blocking ---- */

/* Is its connection; the name is for the callers. */
static struct connection *
connection_of(struct store_blocking *blocking)
{
	return (struct connection *)blocking;
}

struct store_blocking *
store_blocking_open(struct store *store)
{
	if (store->is_ended)
		return NULL;
	return (struct store_blocking *)connection_new(
	    store, USE_BLOCKING, &store->primary, &store->words);
}

void
store_blocking_close(struct store_blocking *blocking)
{
	struct connection *connection = connection_of(blocking);
	struct store *store;

	if (blocking == NULL || connection->is_abandoned)
		return;
	connection->is_abandoned = true;
	store = connection->store;
	if (store == NULL) {
		connection_free(connection);
		return;
	}
	store_hold(store);
	connection_close(connection);
	store_release(store);
}

enum status
store_blocking_call(struct store_blocking *blocking, size_t count,
    const struct text *arguments, store_done *done, void *ctx)
{
	struct connection *connection = connection_of(blocking);

	assert(count > 0 && done != NULL);
	if (connection->phase == PHASE_CLOSED)
		return STATUS_UNAVAILABLE;
	if (connection->flight.count > 0)
		return STATUS_BUSY;
	return connection_call(connection, count, arguments, done, ctx);
}
