/* SPDX-License-Identifier: Apache-2.0
 * Calls to Redis: non-blocking, pipelined over several connections, with deadlines of our
 * own.  The only file that knows hiredis.
 *
 * Group commit: calls are appended to a connection's output and written when its socket can
 * take them; while a reply is outstanding everything that arrives joins the next batch, so
 * one fsync of Redis (appendfsync always) serves many calls.  Calls with the same route go
 * to the same connection and keep their order.
 *
 * High availability: with sentinels the store finds the primary, sees that it is one, and
 * follows when another becomes it.  With replicas every reply waits until Redis' WAIT, on the
 * same connection, says that the replicas in sync have what was written before it; a WAIT
 * serves a whole batch.  Fewer than there should be, but one: answered, and the degraded state
 * begins; it ends once all are back.  None: nothing is answered, and nothing is lost.
 *
 * A lost connection is reopened by itself and every call that was waiting on it is sent
 * again, in order, until its deadline: EVERY CALL MUST THEREFORE BE IDEMPOTENT. */
#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include <stdio.h>

#include "common/loop.h"
#include "proto/status.h"

struct store;
struct store_value;

/* Where and how. */
struct store_options {
	const char *socket_path; /* unix socket, or "HOST:PORT" with a numeric host */
	unsigned connections;    /* 1..64 */
	int64_t timeout_ms;      /* a call without a reply for so long has failed */
	int64_t
	    stall_ms; /* a connection silent for so long with calls waiting is dropped */
	size_t most_bytes;    /* of calls waiting; more are refused with BUSY */
	const char *name;     /* CLIENT SETNAME */
	const char *password; /* of Redis and its sentinels; NULL or empty: none */
	const char
	    *sentinels;      /* "HOST:PORT,HOST:PORT", numeric; instead of socket_path */
	const char *primary; /* its name at the sentinels */
	unsigned replicas;   /* 0: replies wait for none */
};

/* Bytes of a password without its NUL. */
#define STORE_PASSWORD_MOST 128
/* The first line of the file.  False: cannot be read, empty, or too long. */
bool store_password(const char *path, char password[STORE_PASSWORD_MOST + 1]) MUST_CHECK;

/* How a call went; called once per accepted call and never from inside store_call.
 * OK: `value` is Redis' reply, valid during this call only.
 * BUSY: Redis refused for want of memory.  UNAVAILABLE: no answer until the deadline; it may
 * or may not have happened.  INTERNAL: Redis refused the command (logged): our bug.
 * With any status but OK `value` is NULL. */
typedef void store_done(void *ctx, enum status status, const struct store_value *value);

/* NULL: out of memory, or a sentinel is no HOST:PORT.  Connects in the background; calls made before are sent then. */
struct store *store_open(struct loop *loop, const struct store_options *options);
/* Settles every waiting call with UNAVAILABLE and takes no more, so that who made them can be
 * closed before the store is. */
void store_end(struct store *store);
/* Ends it first. */
void store_close(struct store *store);
/* Commands (argument vectors) that every new connection gets first; the texts are copied.
 * One that is refused loses the connection, but for a FUNCTION LOAD of a library that is
 * there.  NO_MEMORY. */
enum status store_greet(
    struct store *store, size_t count, const struct text *arguments) MUST_CHECK;

/* Sends a command.  `route` picks the connection.  Arguments are copied.
 * OK: done will be called.  BUSY: too much waits; UNAVAILABLE: closed; NO_MEMORY: done is
 * not called. */
enum status store_call(struct store *store, struct text route, size_t count,
    const struct text *arguments, store_done *done, void *ctx) MUST_CHECK;
/* The same for "FCALL NAME 1 KEY ARGUMENTS..." of a function that has a sister NAME_many: what
 * is called in one turn of the loop goes to her as one call, for each the count of its
 * arguments and they themselves, and her reply is the list of theirs.  An error in it is
 * that one's, as above.  One alone goes as it is.  NAME is a constant; at most four of them.
 * No order holds between these calls and others. */
enum status store_gather(struct store *store, struct text route, size_t count,
    const struct text *arguments, store_done *done, void *ctx) MUST_CHECK;
/* The same on a connection of its own, without deadline, for commands that block
 * (XREAD BLOCK).  One at a time per `store_blocking`. */
struct store_blocking;
struct store_blocking *store_blocking_open(struct store *store);
void store_blocking_close(struct store_blocking *blocking);
enum status store_blocking_call(struct store_blocking *blocking, size_t count,
    const struct text *arguments, store_done *done, void *ctx) MUST_CHECK;

/* Calls that wait for a reply, and whether every connection stands. */
size_t store_waiting_count(const struct store *store);
bool store_is_connected(const struct store *store);

/* Replicas in sync as last seen; never more than the option asks for. */
unsigned store_replicas(const struct store *store);
/* Where the calls go, as "HOST:PORT" or path; empty while no sentinel has told. */
const char *store_primary(const struct store *store);

/* The same call, waited for: turns the loop until the reply is there or the deadline over.
 * For start-up and tools, never in a service's handlers.  `done` as above. */
enum status store_call_wait(struct store *store, size_t count,
    const struct text *arguments, store_done *done, void *ctx) MUST_CHECK;

/* ---- reading a reply; NULL is a legal value and reads as nil ---- */

enum store_kind { STORE_NIL, STORE_TEXT, STORE_INTEGER, STORE_LIST, STORE_ERROR };
enum store_kind store_kind(const struct store_value *value);
/* TEXT_ABSENT where it is no text. */
struct text store_text(const struct store_value *value);
/* An integer, or a text that is one; `otherwise` where it is neither. */
int64_t store_integer(const struct store_value *value, int64_t otherwise);
/* A number as text, or an integer; NaN where it is neither. */
double store_number(const struct store_value *value);
/* Elements of a list, 0 where it is none; element NULL where out of range. */
size_t store_count(const struct store_value *value);
const struct store_value *store_at(const struct store_value *value, size_t index);

/* Appends a value to `out` as Redis itself would say it (RESP 2). */
void store_write(const struct store_value *value, FILE *out);
/* The value that such bytes are.  NULL: they are not one whole value, or memory ran out. */
struct store_value *store_parse(const void *bytes, size_t length);
void store_value_free(struct store_value *value); /* NULL is legal */

#endif
