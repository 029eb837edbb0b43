/* SPDX-License-Identifier: Apache-2.0
 * Submits many intakes over ZeroMQ, so many in flight, as fast as they are taken.
 *
 * submit ENDPOINT INTAKES FIRST CASES IN_FLIGHT [REDIS]
 *
 * In flight is what is not accepted; where REDIS, a socket, is named, what is not delivered:
 * the cell's count of offers, looked at once a millisecond, says so (each intake must have one
 * need, which finds a service whose agency has no webhook).  FIRST is the number of the first
 * submit: a number that was used before is a repeat.  Prints seconds, and the time to an
 * accept. */
#include <hiredis/hiredis.h>
#include <zmq.h>

#include "tests/bench/submits.h"

#define LOOK_EVERY_US 1000
#define OFFERS "clock.entered" /* an offer starts the clock of its answer */

struct load {
	void *zmq;
	redisContext *redis; /* NULL: accepting is all */
	struct submits submits;
	unsigned first, cases, in_flight;
	unsigned sent, accepted, delivered;
	long long offered_before;
	bool is_asked;
	int64_t look_at_us;
	int64_t *began_us; /* of each submit; when accepted, how long that took */
};

/* ---- what is delivered ---- */

static long long
take_count(const struct load *load, redisReply *reply)
{
	long long count = 0;

	if (reply == NULL)
		bench_die("redis: %s", load->redis->errstr);
	if (reply->type == REDIS_REPLY_STRING)
		count = strtoll(reply->str, NULL, 10);
	else if (reply->type != REDIS_REPLY_NIL)
		bench_die("redis: no count");
	freeReplyObject(reply);
	return count;
}

static void
ask(struct load *load)
{
	int is_written = 0;

	redisAppendCommand(load->redis, "HGET {c1}:count " OFFERS);
	while (!is_written)
		if (redisBufferWrite(load->redis, &is_written) != REDIS_OK)
			bench_die("redis: %s", load->redis->errstr);
	load->is_asked = true;
}

static void
take_answer(struct load *load)
{
	void *reply = NULL;

	if (redisBufferRead(load->redis) != REDIS_OK ||
	    redisGetReplyFromReader(load->redis, &reply) != REDIS_OK)
		bench_die("redis: %s", load->redis->errstr);
	if (reply == NULL)
		return;
	load->delivered = (unsigned)(take_count(load, reply) - load->offered_before);
	load->is_asked = false;
	load->look_at_us = bench_now_us() + LOOK_EVERY_US;
}

/* ---- submitting ---- */

static unsigned
done(const struct load *load)
{
	return load->redis != NULL ? load->delivered : load->accepted;
}

static void
fill_window(struct load *load)
{
	while (load->sent < load->cases && load->sent - done(load) < load->in_flight) {
		const struct submit_message *submit =
		    submit_make(&load->submits, load->first + load->sent);

		load->began_us[load->sent++] = bench_now_us();
		if (zmq_send(load->zmq, submit->bytes, submit->length, 0) < 0)
			bench_die("zmq: %s", zmq_strerror(errno));
	}
}

static void
take_accepted(struct load *load)
{
	char reply[2048];
	int length;

	while ((length = zmq_recv(load->zmq, reply, sizeof reply, ZMQ_DONTWAIT)) >= 0) {
		size_t size =
		    (size_t)length < sizeof reply ? (size_t)length : sizeof reply;
		unsigned number = submit_accepted(reply, size) - load->first;

		if (number >= load->sent)
			bench_die("an answer to nothing");
		load->began_us[number] = bench_now_us() - load->began_us[number];
		load->accepted++;
	}
}

static void
wait_for_more(struct load *load)
{
	zmq_pollitem_t items[2] = { { load->zmq, 0, ZMQ_POLLIN, 0 },
		{ NULL, load->redis != NULL ? load->redis->fd : 0, ZMQ_POLLIN, 0 } };
	bool will_look = load->redis != NULL && !load->is_asked;

	if (will_look && bench_now_us() >= load->look_at_us) {
		ask(load);
		will_look = false;
	}
	(void)zmq_poll(items, load->redis != NULL ? 2 : 1, will_look ? 1 : 1000);
	take_accepted(load);
	if (load->is_asked && (items[1].revents & ZMQ_POLLIN) != 0)
		take_answer(load);
}

/* Returns the microseconds from the first submit until all was done. */
static int64_t
run(struct load *load)
{
	int64_t began_us = bench_now_us();

	while (done(load) < load->cases || load->accepted < load->cases) {
		fill_window(load);
		wait_for_more(load);
	}
	return bench_now_us() - began_us;
}

static void
open_redis(struct load *load, const char *path)
{
	load->redis = redisConnectUnix(path);
	if (load->redis == NULL || load->redis->err != 0)
		bench_die("cannot connect to %s", path);
	load->offered_before =
	    take_count(load, redisCommand(load->redis, "HGET {c1}:count " OFFERS));
}

int
main(int argc, char **argv)
{
	static struct load load;
	void *context = zmq_ctx_new();
	int64_t took_us;

	if (argc < 6 || argc > 7)
		bench_die("usage: submit ENDPOINT INTAKES FIRST CASES IN_FLIGHT [REDIS]");
	submits_read(&load.submits, argv[2]);
	load.first = bench_number(argv[3]);
	load.cases = bench_number(argv[4]);
	load.in_flight = bench_number(argv[5]);
	load.began_us = calloc(load.cases, sizeof *load.began_us);
	load.zmq = context != NULL ? zmq_socket(context, ZMQ_DEALER) : NULL;
	if (load.began_us == NULL || load.zmq == NULL ||
	    zmq_connect(load.zmq, argv[1]) < 0)
		bench_die("cannot connect to %s", argv[1]);
	if (argc == 7)
		open_redis(&load, argv[6]);
	took_us = run(&load);
	printf(
	    "{\"seconds\":%.6f,\"cpu\":%.6f", (double)took_us / 1e6, bench_cpu_seconds());
	printf(",\"accept_p50_ms\":%.3f,\"accept_p99_ms\":%.3f}\n",
	    (double)bench_quantile(load.began_us, load.cases, 0.5) / 1e3,
	    (double)bench_quantile(load.began_us, load.cases, 0.99) / 1e3);
	return EXIT_SUCCESS;
}
