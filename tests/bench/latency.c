/* SPDX-License-Identifier: Apache-2.0
 * Submits intakes at a low, irregular rate and takes the time until the journal says that the
 * referral is sent.
 *
 * latency ENDPOINT INTAKES CASES PER_SECOND REDIS
 *
 * Each intake must have one need, which finds a service.  The time between two is exponentially
 * distributed, so that no timer of the services beats in step with it.  Prints p50 and p99. */
#include <hiredis/hiredis.h>
#include <math.h>
#include <zmq.h>

#include "common/id.h"
#include "proto/kept.h"
#include "tests/bench/submits.h"

#define JOURNAL_ID_BYTES 48

struct latency {
	void *zmq;
	redisContext *redis;
	struct submits submits;
	unsigned cases, sent, delivered;
	double between_us; /* on average */
	int64_t next_us;
	uint64_t random;
	char last[JOURNAL_ID_BYTES]; /* of the lines read so far */
	int64_t *took_us;            /* when it was sent, then how long it took */
	char (*ids)[ID_CASE_BYTES + 1];
};

static void
submit_due(struct latency *latency)
{
	while (latency->sent < latency->cases && bench_now_us() >= latency->next_us) {
		unsigned number = latency->sent++;
		const struct submit_message *submit =
		    submit_make(&latency->submits, number);
		char key[sizeof SUBMIT_KEY];
		double uniform =
		    ((double)(bench_random(&latency->random) >> 11) + 0.5) * 0x1p-53;

		submit_key(number, key);
		id_case(LITERAL(SUBMIT_BY), text_of(key), latency->ids[number]);
		latency->took_us[number] = bench_now_us();
		if (zmq_send(latency->zmq, submit->bytes, submit->length, 0) < 0)
			bench_die("zmq: %s", zmq_strerror(errno));
		latency->next_us += (int64_t)(-log(uniform) * latency->between_us);
	}
}

/* ---- the journal ---- */

static void
ask_journal(struct latency *latency)
{
	int is_written = 0;

	redisAppendCommand(latency->redis,
	    "XREAD BLOCK 1000 COUNT 1000 STREAMS {c1}:journal %s", latency->last);
	while (!is_written)
		if (redisBufferWrite(latency->redis, &is_written) != REDIS_OK)
			bench_die("redis: %s", latency->redis->errstr);
}

static void
take_line(struct latency *latency, const redisReply *entry)
{
	const redisReply *fields = entry->element[1];
	struct kept_line line;

	snprintf(latency->last, sizeof latency->last, "%s", entry->element[0]->str);
	if (fields->elements != 2 || strcmp(fields->element[0]->str, "line") != 0)
		bench_die("a journal entry that is not a line");
	KEPT_SPLIT(
	    ((struct text){ fields->element[1]->str, (uint32_t)fields->element[1]->len }),
	    &line);
	if (!text_is(line.to, "sent"))
		return;
	for (unsigned i = latency->sent; i-- > 0;)
		if (memcmp(latency->ids[i], line.item.at, ID_CASE_BYTES) == 0) {
			latency->took_us[i] = bench_now_us() - latency->took_us[i];
			latency->delivered++;
			return;
		}
}

static void
take_journal(struct latency *latency)
{
	redisReply *reply = NULL;

	if (redisBufferRead(latency->redis) != REDIS_OK ||
	    redisGetReplyFromReader(latency->redis, (void **)&reply) != REDIS_OK)
		bench_die("redis: %s", latency->redis->errstr);
	if (reply == NULL)
		return;
	if (reply->type == REDIS_REPLY_ERROR)
		bench_die("redis: %s", reply->str);
	if (reply->type == REDIS_REPLY_ARRAY) {
		const redisReply *lines = reply->element[0]->element[1];

		for (size_t i = 0; i < lines->elements; i++)
			take_line(latency, lines->element[i]);
	}
	freeReplyObject(reply);
	ask_journal(latency);
}

static void
drop_accepted(struct latency *latency)
{
	char reply[2048];
	int length;

	while ((length = zmq_recv(latency->zmq, reply, sizeof reply, ZMQ_DONTWAIT)) >= 0)
		(void)submit_accepted(reply, (size_t)length);
}

static void
run(struct latency *latency)
{
	zmq_pollitem_t items[2] = { { latency->zmq, 0, ZMQ_POLLIN, 0 },
		{ NULL, latency->redis->fd, ZMQ_POLLIN, 0 } };

	latency->next_us = bench_now_us();
	ask_journal(latency);
	while (latency->delivered < latency->cases) {
		long wait_ms = 1000;

		submit_due(latency);
		if (latency->sent < latency->cases)
			wait_ms = (long)((latency->next_us - bench_now_us()) / 1000 + 1);
		(void)zmq_poll(items, 2, wait_ms > 0 ? wait_ms : 0);
		drop_accepted(latency);
		if (items[1].revents & ZMQ_POLLIN)
			take_journal(latency);
	}
}

int
main(int argc, char **argv)
{
	static struct latency latency = { .random = 1, .last = "0" };
	void *context = zmq_ctx_new();

	if (argc != 6)
		bench_die("usage: latency ENDPOINT INTAKES CASES PER_SECOND REDIS");
	submits_read(&latency.submits, argv[2]);
	latency.cases = bench_number(argv[3]);
	latency.between_us = 1e6 / bench_number(argv[4]);
	latency.took_us = calloc(latency.cases, sizeof *latency.took_us);
	latency.ids = calloc(latency.cases, sizeof *latency.ids);
	latency.zmq = context != NULL ? zmq_socket(context, ZMQ_DEALER) : NULL;
	if (latency.took_us == NULL || latency.ids == NULL || latency.zmq == NULL ||
	    zmq_connect(latency.zmq, argv[1]) < 0)
		bench_die("cannot connect to %s", argv[1]);
	latency.redis = redisConnectUnix(argv[5]);
	if (latency.redis == NULL || latency.redis->err != 0)
		bench_die("cannot connect to %s", argv[5]);
	run(&latency);
	printf("{\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
	    (double)bench_quantile(latency.took_us, latency.cases, 0.5) / 1e3,
	    (double)bench_quantile(latency.took_us, latency.cases, 0.99) / 1e3);
	return EXIT_SUCCESS;
}
