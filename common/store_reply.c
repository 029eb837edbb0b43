/* SPDX-License-Identifier: Apache-2.0
 * What a connection reads: whose reply it is, and what Redis' errors mean. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/store_connection.h"

/* hiredis moves the rest of its buffer for every KiB of replies: small pieces are
 * cheaper. */
#define READ_BYTES 16384
/* Then other sockets have a turn; the event is level-triggered. */
#define READS_PER_TURN 8
#define LOGGED_ERROR_BYTES 200

static bool
begins_with(const redisReply *reply, const char *word)
{
	size_t length = strlen(word);

	return reply->len >= length && memcmp(reply->str, word, length) == 0 &&
	       (reply->len == length || reply->str[length] == ' ');
}

/* Errors that pass: Redis starts, fails over, has no disk, or runs something long. */
static bool
is_temporary(const struct connection *connection, const redisReply *reply)
{
	static const char *const PASSING[] = { "LOADING", "READONLY", "MASTERDOWN",
		"MISCONF", "NOREPLICAS", "UNBLOCKED", "CLUSTERDOWN", "TRYAGAIN", "BUSY" };

	for (size_t i = 0; i < sizeof PASSING / sizeof *PASSING; i++)
		if (begins_with(reply, PASSING[i]))
			return true;
	return connection->phase == PHASE_UP &&
	       begins_with(reply, "ERR Function not found") &&
	       clock_mono_ms() - connection->stands_since < FRESH_MS;
}

/* The text of an error without what it may quote: Redis answers an unknown command with
 * its arguments, and these may be personal data. */
static void
log_refused(const char *event, const redisReply *reply)
{
	const char *quoted = memmem(reply->str, reply->len, ", with args", 11);
	size_t length = quoted ? (size_t)(quoted - reply->str) : reply->len;

	if (length > LOGGED_ERROR_BYTES)
		length = LOGGED_ERROR_BYTES;
	log_event(LOG_ERROR, event,
	    LOG_TEXT("error", ((struct text){ reply->str, (uint32_t)length })));
}

static void
stand(struct connection *connection)
{
	free(connection->greeting);
	connection->greeting = NULL;
	connection->phase = PHASE_UP;
	connection->stands_since = clock_mono_ms();
	connection->silent_since = connection->stands_since;
	if (connection->is_loss_logged)
		log_event(LOG_INFO, "redis_regained",
		    LOG_STRING("address", connection->endpoint->text));
	connection->is_loss_logged = false;
	if (connection->use == USE_POOL)
		finder_trust(connection->store->finder);
	store_count_standing(connection->store);
	store_has_output(connection->store);
	connection_arm(connection);
}

/* [ "master", offset, replicas ] */
static bool
is_of_primary(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, "master") == 0;
}

/* FUNCTION LOAD without REPLACE, and the library is there. */
static bool
is_there_already(const redisReply *reply)
{
	return begins_with(reply, "ERR Library") &&
	       strstr(reply->str, "already exists") != NULL;
}

/* What store_greet was given must succeed.  The naming may be forbidden; the PING behind
 * it tells whether Redis serves already. */
static void
take_greeting(struct connection *connection, const redisReply *reply)
{
	const struct greeting *words = connection->words;
	bool is_last = connection->greetings_left == 1;
	bool may_fail = connection->greetings_left <= words->tail_count;
	bool is_error = reply->type == REDIS_REPLY_ERROR && !is_there_already(reply);
	bool is_role = words->count - connection->greetings_left + 1 == words->role_at;

	if (connection->greeting == NULL ||
	    (is_last && connection->greeting_sent < connection->greeting_bytes)) {
		connection_drop(connection, "answered before it was asked");
		return;
	}
	if (is_error && is_temporary(connection, reply)) {
		connection_drop(connection, reply->str);
		return;
	}
	if (is_error)
		log_refused("redis_greeting_refused", reply);
	if (is_error && !may_fail) {
		connection_drop(connection, "greeting refused");
		return;
	}
	if (is_role && !is_of_primary(reply)) {
		connection_drop(connection, "is no primary");
		return;
	}
	if (--connection->greetings_left == 0)
		stand(connection);
}

enum status
store_error_status(const struct store_value *value)
{
	const redisReply *answer = (const redisReply *)value;

	if (begins_with(answer, "OOM"))
		return STATUS_BUSY;
	log_refused("redis_refused", answer);
	return STATUS_INTERNAL;
}

void
connection_answer(
    struct connection *connection, struct call call, const void *reply, int64_t now_us)
{
	const redisReply *answer = reply;
	bool is_error = answer->type == REDIS_REPLY_ERROR;
	enum status status = STATUS_OK;

	if (call.done == NULL)
		return;
	if (connection->use == USE_POOL)
		metrics_observe_us(METRIC_redis_seconds, NULL, now_us - call.started_us);
	if (is_error)
		status = store_error_status((const struct store_value *)answer);
	connection_settle(connection, call, status,
	    is_error ? NULL : (const struct store_value *)answer);
}

/* Takes the reply to the oldest call that has none; *reply is NULL where it is kept. */
static void
take_answer(struct connection *connection, void **reply, int64_t now_us)
{
	const struct queue *flight = &connection->flight;
	const redisReply *answer = *reply;

	if (connection->is_short || connection->answered == flight->count ||
	    connection->flight_sent < connection->answered_bytes +
	                                  queue_at(flight, connection->answered)->bytes) {
		connection_drop(connection, "answered before it was asked");
		return;
	}
	if (answer->type == REDIS_REPLY_ERROR && is_temporary(connection, answer)) {
		connection_drop(connection, answer->str);
		return;
	}
	if (replicas_hold(connection)) {
		replicas_take(connection, reply);
		return;
	}
	connection->backoff_ms = BACKOFF_LEAST_MS;
	connection_answer(connection, connection_take(connection), answer, now_us);
}

static void
take_bytes(struct connection *connection, const char *bytes, size_t length)
{
	redisReader *reader = connection->redis->reader;
	int64_t now_us = clock_mono_us();
	void *reply = NULL;

	connection->silent_since = now_us / 1000;
	if (redisReaderFeed(reader, bytes, length) != REDIS_OK) {
		connection_drop(connection, reader->errstr);
		return;
	}
	/* Both dropping and closing end the reader. */
	while (connection->redis != NULL) {
		if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
			connection_drop(connection, reader->errstr);
			return;
		}
		if (reply == NULL)
			break;
		if (connection->phase == PHASE_GREETING)
			take_greeting(connection, reply);
		else
			take_answer(connection, &reply, now_us);
		freeReplyObject(reply);
	}
	if (connection->redis != NULL && reader->len > REPLY_MOST_BYTES)
		connection_drop(connection, "reply too large");
}

void
connection_readable(int fd, short events, void *self)
{
	struct connection *connection = self;
	struct store *store = connection->store;
	char bytes[READ_BYTES];
	ssize_t count = READ_BYTES;

	(void)events;
	store_hold(store);
	for (int i = 0; i < READS_PER_TURN && count == READ_BYTES; i++) {
		count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (count > 0)
			take_bytes(connection, bytes, (size_t)count);
		else if (count == 0)
			connection_drop(connection, "closed by Redis");
		else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			connection_drop(connection, strerror(errno));
		if (connection->redis == NULL)
			break;
	}
	store_release(store);
}
