/* SPDX-License-Identifier: Apache-2.0
 * One connection of a store, and what connections share.  For store.c only. */
#ifndef COMMON_STORE_CONNECTION_H
#define COMMON_STORE_CONNECTION_H

#include "common/store_queue.h"

/* Pause before a lost connection is opened again; doubles from the first to the second.
 */
#define BACKOFF_LEAST_MS ((int64_t)50)
#define BACKOFF_MOST_MS ((int64_t)1000)
/* Written to one connection and not answered.  Redis keeps what it has not executed in
 * the query buffer, which counts against its maxmemory: 64 connections make 256 MB at
 * worst. One larger call goes alone. */
#define FLIGHT_MOST_BYTES ((size_t)4 << 20)
/* For so long after a greeting "Function not found" may mean "not loaded yet". */
#define FRESH_MS ((int64_t)1000)
/* A single reply may be as large; an array of a reply may have so many elements. */
#define REPLY_MOST_BYTES ((size_t)64 << 20)
#define REPLY_MOST_ELEMENTS (1 << 24)

enum phase {
	PHASE_DOWN,     /* waits to be opened again */
	PHASE_GREETING, /* connecting, or greeted and not yet answered; carries no calls
	                 */
	PHASE_UP,
	PHASE_CLOSED /* only its memory is left */
};

struct connection {
	struct store *store; /* NULL: the store was closed before this blocking one */
	struct connection *next;
	bool is_blocking;  /* its calls have no deadline and are not counted */
	bool is_abandoned; /* freed when no callback is running */
	bool is_loss_logged;
	enum phase phase;
	struct redisContext *redis; /* NULL while down or closed */
	struct event *readable;
	struct event *writable; /* pending while the socket takes nothing */
	struct loop_timer *timer;
	int64_t wakes_at; /* when the timer goes off; INT64_MAX: never */
	int64_t opens_at; /* while down */
	int64_t backoff_ms;
	int64_t stands_since;
	int64_t
	    silent_since; /* last bytes read, or when there was something to wait for */

	char *greeting; /* own copy, while greeting: store_greet may change the store's */
	size_t greeting_bytes;
	size_t greeting_sent;
	size_t greetings_left; /* replies */

	struct queue flight;   /* may be written; kept until answered */
	size_t flight_sent;    /* bytes of flight that are written */
	size_t flight_settled; /* of its oldest calls; they only await their reply */
	struct queue
	    backlog; /* waits for room in flight; younger than all that is there */
};

struct store {
	struct loop *loop;
	char *address; /* path, or numeric host where port > 0 */
	int port;
	struct connection *connections; /* pool and blocking ones */
	struct connection **pool;       /* by hash of the route */
	unsigned pool_size;
	int64_t timeout_ms;
	int64_t stall_ms;
	size_t most_bytes;
	size_t bytes;          /* of the calls in the queues of the pool */
	size_t waiting;        /* calls of the pool that are not settled */
	char *greeting;        /* encoded: what store_greet was given, then the tail */
	size_t greeting_bytes; /* of all */
	size_t greeting_count;
	size_t tail_bytes; /* CLIENT SETNAME, if there is a name, and PING */
	size_t tail_count;
	bool has_output; /* something may be to write */
	bool is_closed;
	unsigned holds; /* callbacks that are running */
};

/* ---- store_connection.c ---- */

/* A connection of the store, opening.  NULL: out of memory. */
struct connection *connection_new(struct store *store, bool is_blocking);
/* Settles all calls with UNAVAILABLE; the memory stays until connection_free. */
void connection_close(struct connection *connection);
void connection_free(struct connection *connection);
/* OK or NO_MEMORY. */
enum status connection_call(struct connection *connection, size_t count,
    const struct text *arguments, store_done *done, void *ctx) MUST_CHECK;
/* Writes what the socket takes. */
void connection_flush(struct connection *connection);

/* Loses the connection for that reason and opens a new one after a pause.  Replies are
 * positional: after anything unexpected no later one can be trusted.  Calls that are not
 * settled stay and are written again. */
void connection_drop(struct connection *connection, const char *why);
/* Sets the timer for what comes next: a deadline, a stall, an opening. */
void connection_arm(struct connection *connection);
/* Lets calls from the backlog into the room that replies have made. */
void connection_admit(struct connection *connection);
/* Forgets the oldest call of one of the queues. */
void connection_pop(struct connection *connection, struct queue *queue);
/* Forgets settled calls, whose replies nobody awaits, as none of flight is written now.
 */
void connection_forget_settled(struct connection *connection);
/* `call` is a copy: its place in the queue may be gone or reused. */
void connection_settle(struct connection *connection, struct call call,
    enum status status, const struct store_value *value);

/* ---- store_reply.c ---- */

/* Reads and settles what was answered; an event callback, `self` is a connection. */
void connection_readable(int fd, short events, void *self);

/* ---- store.c ---- */

/* Around code that calls `done`, which may close the store or a blocking connection:
 * release frees what was closed meanwhile, even the store. */
void store_hold(struct store *store);
void store_release(struct store *store);
/* Something is to be written before the loop sleeps. */
void store_has_output(struct store *store);
/* A connection stands now, or was lost. */
void store_count_standing(const struct store *store);

#endif
