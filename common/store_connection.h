/* SPDX-License-Identifier: Apache-2.0
 * One connection of a store, and what connections share.  For store.c only. */
#ifndef COMMON_STORE_CONNECTION_H
#define COMMON_STORE_CONNECTION_H

#include "common/store_queue.h"

/* Pause before a lost connection is opened again; doubles from the first to the second.
 */
#define BACKOFF_LEAST_MS ((int64_t)50)
#define BACKOFF_MOST_MS ((int64_t)1000)
/* The same where another one may become the primary at any moment. */
#define BACKOFF_FAILOVER_MS ((int64_t)200)
/* Written to one connection and not answered.  Redis keeps what it has not executed in
 * the query buffer, which counts against its maxmemory: 64 connections make 256 MB at
 * worst. One larger call goes alone. */
#define FLIGHT_MOST_BYTES ((size_t)4 << 20)
/* For so long after a greeting "Function not found" may mean "not loaded yet". */
#define FRESH_MS ((int64_t)1000)
/* A single reply may be as large; an array of a reply may have so many elements. */
#define REPLY_MOST_BYTES ((size_t)64 << 20)
#define REPLY_MOST_ELEMENTS (1 << 24)

/* Most bytes of an endpoint's text: a path as a unix socket takes it. */
#define ENDPOINT_BYTES 108
/* Sentinels of one store. */
#define SENTINELS_MOST 16

/* Where a connection goes. */
struct endpoint {
	char text[ENDPOINT_BYTES]; /* as it was given; empty: not known yet */
	char
	    host[ENDPOINT_BYTES]; /* numeric; where port is 0 the path of a unix socket */
	int port;
};

/* What a new connection says first, encoded: a head (AUTH, ROLE), what store_greet was given,
 * and a tail (CLIENT SETNAME, PING). */
struct greeting {
	char *bytes;
	size_t length;
	size_t count; /* commands in all */
	size_t tail_length;
	size_t tail_count;
	size_t
	    role_at; /* position of ROLE, which must say that this is a primary, from 1; 0: none */
};

/* What a connection is for. */
enum use {
	USE_POOL,     /* calls with deadlines, whose replies wait for the replicas */
	USE_BLOCKING, /* calls that may take for ever; neither counted nor held */
	USE_PROBE,    /* asks the primary who is in sync */
	USE_SENTINEL  /* asks who is the primary; goes there and not to Redis */
};

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
	enum use use;
	const struct endpoint *endpoint; /* of the store or of a sentinel */
	const struct greeting *words;    /* the same */
	bool is_abandoned;               /* freed when no callback is running */
	bool is_loss_logged;
	enum phase phase;
	struct redisContext *redis; /* NULL while down or closed */
	struct event *readable;
	struct event *writable; /* pending while the socket takes nothing */
	struct loop_timer *timer;
	int64_t wakes_at; /* when the timer goes off; INT64_MAX: never */
	int64_t opens_at; /* while down; INT64_MAX: once the endpoint is known */
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
	size_t answered; /* of its oldest calls; their replies wait for the replicas */
	size_t answered_bytes; /* of these calls */
	size_t
	    batch; /* bytes of flight up to its WAIT, which alone may be written; 0: none */
	unsigned asked; /* replicas that this WAIT waits for */
	bool is_short;  /* it found too few: the sentinels have to confirm the primary */
	bool is_asked;  /* and are being asked */
	struct queue
	    backlog; /* waits for room in flight; younger than all that is there */
};

struct store {
	struct loop *loop;
	struct endpoint primary;
	struct finder *finder;          /* NULL: the primary is always the same */
	struct connection *connections; /* all */
	struct connection **pool;       /* by hash of the route */
	unsigned replicas; /* that acknowledge what is answered; 0: none is waited for */
	unsigned in_sync;  /* of them, as last seen */
	struct connection *probe; /* NULL where replicas is 0 */
	struct loop_timer *probe_timer;
	unsigned pool_size;
	int64_t timeout_ms;
	int64_t stall_ms;
	size_t most_bytes;
	size_t bytes;   /* of the calls in the queues of the pool */
	size_t waiting; /* calls of the pool that are not settled */
	struct greeting words;
	struct gatherer *gatherer; /* NULL: nothing was gathered yet */
	bool has_output;           /* something may be to write */
	bool is_ended;             /* no more calls */
	bool is_closed;            /* freed when no callback is running */
	unsigned holds;            /* callbacks that are running */
};

/* ---- store_connection.c ---- */

/* A connection of the store, opening as soon as the endpoint is known.  Endpoint and words
 * outlive it.  NULL: out of memory. */
struct connection *connection_new(struct store *store, enum use use,
    const struct endpoint *endpoint, const struct greeting *words);
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
/* The endpoint is another now: loses the connection and opens the new one at once. */
void connection_move(struct connection *connection);
/* Sets the timer for what comes next: a deadline, a stall, an opening. */
void connection_arm(struct connection *connection);
/* Lets calls from the backlog into the room that replies have made. */
void connection_admit(struct connection *connection);
/* Forgets the oldest call of one of the queues, and the reply that is held for it. */
void connection_pop(struct connection *connection, struct queue *queue);
/* Takes the oldest call out of flight; its held reply is the caller's. */
struct call connection_take(struct connection *connection);
/* Forgets settled calls, whose replies nobody awaits, as none of flight is written now.
 */
void connection_forget_settled(struct connection *connection);
/* `call` is a copy: its place in the queue may be gone or reused. */
void connection_settle(struct connection *connection, struct call call,
    enum status status, const struct store_value *value);

/* ---- store_reply.c ---- */

/* Reads and settles what was answered; an event callback, `self` is a connection. */
void connection_readable(int fd, short events, void *self);

/* Settles a call that was taken out of flight with the reply that it got. */
void connection_answer(
    struct connection *connection, struct call call, const void *reply, int64_t now_us);

/* What a reply that is an error comes to: BUSY where Redis wants memory, else INTERNAL, with what
 * it says in the log. */
enum status store_error_status(const struct store_value *value);

/* ---- store_greeting.c ---- */

/* Begins with AUTH where there is a password, ROLE where `wants_primary`, and ends with CLIENT
 * SETNAME where there is a name, and PING.  False: out of memory. */
bool greeting_begin(struct greeting *greeting, const char *password, bool wants_primary,
    const char *name) MUST_CHECK;
/* Puts a command before the tail.  False: out of memory. */
bool greeting_add(
    struct greeting *greeting, size_t count, const struct text *arguments) MUST_CHECK;
void greeting_free(struct greeting *greeting);

/* ---- store_primary.c, store_confirm.c ---- */

/* "HOST:PORT" with a numeric host, "[::1]:6379" too; anything else is a path. */
void endpoint_read(struct endpoint *endpoint, struct text text);

/* Asks the sentinels (comma separated) of the option who is the primary of that name, and
 * moves the store's connections there.  False: out of memory, or a sentinel is no HOST:PORT. */
bool finder_open(struct store *store, const struct store_options *options) MUST_CHECK;
/* Before and after the store's connections are closed. */
void finder_stop(struct finder *finder);
void finder_free(struct finder *finder);
/* The primary does not serve, or says that it is none: perhaps it is another one by now. */
void finder_doubt(struct finder *finder);
void finder_trust(struct finder *finder);
/* A batch is short: asks the sentinels, and settles it if all that answer, and more than half
 * of all, say that this is the primary, that no failover is under way, and would choose one for
 * the next that has the batch; else it waits again.  Where replies wait for replicas alone. */
void finder_confirm(struct finder *finder);

/* ---- store_replicas.c ---- */

/* Whether replies on this connection wait for replicas. */
bool replicas_hold(const struct connection *connection);
/* The bytes of flight that may be written: one batch of calls and the WAIT behind it. */
size_t replicas_batch(struct connection *connection);
/* Takes the reply to the oldest call that has none: holds it (and sets *reply to NULL), or
 * settles the batch where it is that of the WAIT. */
void replicas_take(struct connection *connection, void **reply);
/* Settles the batch, whose replies are all there, and goes on with the next. */
void replicas_settle(struct connection *connection);
/* Or waits for the replicas once more. */
void replicas_wait_again(struct connection *connection);
/* Opens the probe.  False: out of memory. */
bool replicas_open(struct store *store) MUST_CHECK;

/* ---- store_gather.c ---- */

/* Makes the calls of what was gathered; settles it with UNAVAILABLE instead; both may be called
 * where there is nothing. */
void gather_send(struct store *store);
void gather_end(struct store *store);
void gather_free(struct gatherer *gatherer);

/* ---- store.c ---- */

/* Whether a call of so many bytes may wait beside the others. */
bool store_has_room(const struct store *store, size_t bytes);
/* Which connection of the pool takes calls of a route. */
uint32_t store_slot(const struct store *store, struct text route);

/* Around code that calls `done`, which may close the store or a blocking connection:
 * release frees what was closed meanwhile, even the store. */
void store_hold(struct store *store);
void store_release(struct store *store);
/* Something is to be written before the loop sleeps. */
void store_has_output(struct store *store);
/* A connection stands now, or was lost. */
void store_count_standing(const struct store *store);

#endif
