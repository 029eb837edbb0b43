/* SPDX-License-Identifier: Apache-2.0
 * The bare loop that our services are measured against: makes recorded calls of the Redis
 * functions again and again for new cases, pipelined over several connections, and does
 * nothing else.
 *
 * bare SOCKET CONNECTIONS IN_FLIGHT CASES CALLS [AGENCIES PLACES]
 *
 * With AGENCIES and PLACES the cases go to so many agencies and come from so many places, a tenth of
 * which have a third of them; else to those that were recorded.
 * CALLS holds, as they go over the wire, one call of each function for each of several cases:
 * accept first.  A function is called for all cases before the next one is; every reply must
 * be ok.  Prints {"seconds":{"hl_accept":SECONDS,...},"cpu":SECONDS}. */
#include <hiredis/hiredis.h>
#include <poll.h>

#include "tests/bench/bench.h"

#define CONNECTIONS_MOST 64
#define CASES_MOST 64
#define FUNCTIONS_MOST 4
#define ARGUMENTS_MOST 64
#define ID_BYTES 26
#define BLIND_BYTES 15
/* Where an accept names them. */
#define ARGUMENT_FUNCTION 1
#define ARGUMENT_CASE 4
#define ARGUMENT_PHONE 12
#define ARGUMENT_WHERE 13
/* Where an offer names the agency of its first candidate, a UUID. */
#define ARGUMENT_AGENCY 17
#define AGENCY_BYTES 36
#define BLIND_LEAST 100000000000000 /* of BLIND_BYTES digits */

struct argument {
	const char *at;
	size_t length;
};

struct call {
	const char *bytes;
	size_t length;
	struct stamp_mark id;
	struct stamp_mark phone, where; /* accept only */
	struct stamp_mark agency;       /* offer only */
};

struct connection {
	redisContext *redis;
	unsigned under_way;
};

struct bare {
	struct connection connections[CONNECTIONS_MOST];
	unsigned connections_count, in_flight, cases;
	struct call calls[CASES_MOST][FUNCTIONS_MOST];
	char names[FUNCTIONS_MOST][32];
	unsigned recorded, functions;
	unsigned agencies, places; /* 0: as recorded */
};

/* ---- the recording ---- */

static size_t
read_length(const char **at, char type)
{
	char *end;
	size_t length;

	if (**at != type)
		bench_die("not a recording: no %c", type);
	length = strtoul(*at + 1, &end, 10);
	*at = end + 2;
	return length;
}

/* One command; returns where the next one begins. */
static const char *
read_command(const char *at, struct argument *arguments, size_t *count)
{
	*count = read_length(&at, '*');
	if (*count <= ARGUMENT_CASE || *count > ARGUMENTS_MOST)
		bench_die("not a recording: %zu arguments", *count);
	for (size_t i = 0; i < *count; i++) {
		arguments[i].length = read_length(&at, '$');
		arguments[i].at = at;
		at += arguments[i].length + 2;
	}
	return at;
}

static void
keep_name(struct bare *bare, unsigned function, const struct argument *name)
{
	snprintf(bare->names[function], sizeof bare->names[function], "%.*s",
	    (int)name->length, name->at);
}

static void
mark_blind(struct stamp_mark *mark, const struct call *call, const struct argument *blind)
{
	if (blind->length == BLIND_BYTES)
		stamp_find(mark, call->bytes, call->length, blind->at, BLIND_BYTES);
}

static void
mark_spread(
    struct call *call, bool is_accept, const struct argument *arguments, size_t count)
{
	if (is_accept)
		mark_blind(&call->where, call, &arguments[ARGUMENT_WHERE]);
	else if (count > ARGUMENT_AGENCY &&
	         arguments[ARGUMENT_AGENCY].length == AGENCY_BYTES)
		stamp_find(&call->agency, call->bytes, call->length,
		    arguments[ARGUMENT_AGENCY].at, AGENCY_BYTES);
}

static void
read_calls(struct bare *bare, const char *path)
{
	size_t length, count;
	const char *at = bench_read_file(path, &length), *end = at + length;
	const char *id = NULL;
	struct argument arguments[ARGUMENTS_MOST];
	unsigned function = 0;

	while (at < end) {
		const char *next = read_command(at, arguments, &count);
		const struct argument *name = &arguments[ARGUMENT_FUNCTION];
		bool is_accept =
		    name->length == 9 && memcmp(name->at, "hl_accept", 9) == 0;
		struct call *call;

		function = is_accept ? 0 : function + 1;
		bare->recorded += is_accept;
		if (bare->recorded == 0 || bare->recorded > CASES_MOST ||
		    function >= FUNCTIONS_MOST)
			bench_die("not a recording: calls out of order");
		call = &bare->calls[bare->recorded - 1][function];
		*call = (struct call){ .bytes = at, .length = (size_t)(next - at) };
		if (call->length > STAMP_BYTES)
			bench_die("a call of %zu bytes", call->length);
		if (is_accept)
			id = arguments[ARGUMENT_CASE].at;
		stamp_find(&call->id, at, call->length, id, ID_BYTES);
		if (is_accept)
			mark_blind(&call->phone, call, &arguments[ARGUMENT_PHONE]);
		if (bare->agencies > 0)
			mark_spread(call, is_accept, arguments, count);
		keep_name(bare, function, name);
		bare->functions = function + 1;
		at = next;
	}
}

/* ---- calling ---- */

/* One of so many, the first ones the oftenest. */
static uint64_t
pick(uint64_t *random, unsigned count)
{
	double share = (double)(bench_random(random) >> 11) / (double)(UINT64_C(1) << 53);

	return (uint64_t)(share * share * count);
}

static void
write_blind(uint64_t random, char blind[BLIND_BYTES + 1])
{
	snprintf(blind, BLIND_BYTES + 1, "%llu",
	    (unsigned long long)(BLIND_LEAST + random % (9 * BLIND_LEAST)));
}

static void
spread(const struct bare *bare, const struct call *call, uint64_t *random, char *bytes)
{
	char where[BLIND_BYTES + 1], agency[AGENCY_BYTES + 1];
	uint64_t place = pick(random, bare->places);

	write_blind(bench_random(&place), where);
	snprintf(agency, sizeof agency, "%036x", (unsigned)pick(random, bare->agencies));
	stamp_put(&call->where, bytes, where);
	stamp_put(&call->agency, bytes, agency);
}

/* Ids of a case: the same ones for every function. */
static void
append(
    struct bare *bare, struct connection *connection, unsigned function, unsigned number)
{
	static const char DIGITS[] = "0123456789abcdefghjkmnpqrstvwxyz";
	const struct call *call = &bare->calls[number % bare->recorded][function];
	char bytes[STAMP_BYTES], id[ID_BYTES], phone[BLIND_BYTES + 1];
	uint64_t random = number, bits = 0;

	for (int i = 0; i < ID_BYTES; i++) {
		if (i % 12 == 0)
			bits = bench_random(&random);
		id[i] = DIGITS[bits & (i == 0 ? 7 : 31)];
		bits >>= 5;
	}
	write_blind(bench_random(&random), phone);
	memcpy(bytes, call->bytes, call->length);
	stamp_put(&call->id, bytes, id);
	stamp_put(&call->phone, bytes, phone);
	if (bare->agencies > 0)
		spread(bare, call, &random, bytes);
	if (redisAppendFormattedCommand(connection->redis, bytes, call->length) !=
	    REDIS_OK)
		bench_die("redis: %s", connection->redis->errstr);
	connection->under_way++;
}

static void
check(const struct bare *bare, unsigned function, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(reply->element[0]->str, "ok") == 0)
		return;
	bench_die("%s: %s", bare->names[function],
	    reply->type == REDIS_REPLY_ERROR   ? reply->str
	    : reply->type != REDIS_REPLY_ARRAY ? "no array"
	                                       : reply->element[0]->str);
}

static unsigned
take_replies(struct bare *bare, struct connection *connection, unsigned function)
{
	unsigned count = 0;
	void *reply = NULL;

	if (redisBufferRead(connection->redis) != REDIS_OK)
		bench_die("redis: %s", connection->redis->errstr);
	while (redisGetReplyFromReader(connection->redis, &reply) == REDIS_OK &&
	       reply != NULL) {
		check(bare, function, reply);
		freeReplyObject(reply);
		connection->under_way--;
		count++;
	}
	return count;
}

/* Fills every connection's share of the window, writes, and waits for what can be read or
 * must still be written. */
static void
send_and_wait(struct bare *bare, unsigned function, unsigned *sent, struct pollfd *polled)
{
	unsigned share = bare->in_flight / bare->connections_count;

	for (unsigned c = 0; c < bare->connections_count; c++) {
		struct connection *connection = &bare->connections[c];
		int is_written = 1;

		while (connection->under_way < share && *sent < bare->cases)
			append(bare, connection, function, (*sent)++);
		if (redisBufferWrite(connection->redis, &is_written) != REDIS_OK)
			bench_die("redis: %s", connection->redis->errstr);
		polled[c].fd = connection->redis->fd;
		polled[c].events = (short)(is_written ? POLLIN : POLLIN | POLLOUT);
	}
	(void)poll(polled, bare->connections_count, 1000);
}

/* Calls one function for every case; returns the microseconds it took. */
static int64_t
call_all(struct bare *bare, unsigned function)
{
	struct pollfd polled[CONNECTIONS_MOST];
	unsigned sent = 0, done = 0;
	int64_t began_us = bench_now_us();

	while (done < bare->cases) {
		send_and_wait(bare, function, &sent, polled);
		for (unsigned c = 0; c < bare->connections_count; c++)
			if (polled[c].revents & ~POLLOUT)
				done +=
				    take_replies(bare, &bare->connections[c], function);
	}
	return bench_now_us() - began_us;
}

int
main(int argc, char **argv)
{
	static struct bare bare;

	if (argc != 6 && argc != 8)
		bench_die("usage: bare SOCKET CONNECTIONS IN_FLIGHT CASES CALLS "
		          "[AGENCIES PLACES]");
	if (argc == 8) {
		bare.agencies = bench_number(argv[6]);
		bare.places = bench_number(argv[7]);
	}
	bare.connections_count = bench_number(argv[2]);
	bare.in_flight = bench_number(argv[3]);
	bare.cases = bench_number(argv[4]);
	if (bare.connections_count > CONNECTIONS_MOST ||
	    bare.in_flight < bare.connections_count)
		bench_die("1 to %d connections, and as many calls", CONNECTIONS_MOST);
	read_calls(&bare, argv[5]);
	for (unsigned c = 0; c < bare.connections_count; c++) {
		redisContext *redis = redisConnectUnixNonBlock(argv[1]);

		if (redis == NULL || redis->err != 0)
			bench_die("cannot connect to %s", argv[1]);
		bare.connections[c].redis = redis;
	}
	for (unsigned f = 0; f < bare.functions; f++)
		printf("%s\"%s\":%.6f", f == 0 ? "{\"seconds\":{" : ",", bare.names[f],
		    (double)call_all(&bare, f) / 1e6);
	printf("},\"cpu\":%.6f}\n", bench_cpu_seconds());
	return EXIT_SUCCESS;
}
