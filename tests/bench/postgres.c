/* SPDX-License-Identifier: Apache-2.0
 * The same routes through PostgreSQL: accept, then offer, two functions of postgres.sql, each
 * committed before what follows from it.
 *
 * postgres DATABASE FAMILIES FIRST CASES IN_FLIGHT ACCEPTORS OFFERERS BATCH
 *
 * Pipelined over ACCEPTORS and OFFERERS connections.  What waits when a connection is free goes
 * as one transaction, at most BATCH of it.  Each offerer has terms of its own: two that reserved
 * the same services in another order would lock each other out.
 * Prints seconds, and the time to an accept. */
#include <endian.h>
#include <libpq-fe.h>
#include <poll.h>

#include "tests/bench/bench.h"

#define CONNECTIONS_MOST 128
#define FAMILIES_MOST 4096
#define BATCHES_UNDER_WAY 2 /* of a connection: one at work, one on its way */
#define ID_BYTES 16
#define DIGEST_BYTES 16
#define IDENTITY_BYTES 492 /* sealed */
#define FACTS_BYTES 100    /* sealed */
#define REGION_BYTES 16
#define PARAMETERS_MOST 8

struct family {
	uint64_t east, north; /* float8 as it goes over the wire */
	uint32_t languages;
	uint16_t term, age;
	char region[REGION_BYTES];
};

/* Numbers of cases, first in first out; each passes once. */
struct queue {
	unsigned *list;
	unsigned put, taken;
};

struct connection {
	PGconn *pg;
	bool is_offerer;
	struct queue *queue;
	struct queue to_offer;
	unsigned batches;
	unsigned *under_way; /* ring of `in_flight`, in the order they were sent */
	unsigned sent, done;
};

struct rival {
	struct connection connections[CONNECTIONS_MOST];
	unsigned connections_count, offerers, batch_most;
	unsigned first, cases, in_flight, begun, delivered;
	struct family families[FAMILIES_MOST];
	unsigned families_count;
	struct queue to_accept; /* of all acceptors */
	char identity[IDENTITY_BYTES];
	int64_t *began_us; /* of each case; when accepted, how long that took */
};

struct parameters {
	int count;
	const char *values[PARAMETERS_MOST];
	int lengths[PARAMETERS_MOST], formats[PARAMETERS_MOST];
};

static uint64_t
wire_float(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return htobe64(bits);
}

static void
read_families(struct rival *rival, const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned term, languages, age;
	double east, north;
	char region[REGION_BYTES];

	while (file != NULL && rival->families_count < FAMILIES_MOST &&
	       fscanf(file, "%u %lf %lf %15s %u %u", &term, &east, &north, region,
	           &languages, &age) == 6) {
		struct family *family = &rival->families[rival->families_count++];

		family->term = htobe16((uint16_t)term);
		family->age = htobe16((uint16_t)age);
		family->languages = htobe32(languages);
		family->east = wire_float(east);
		family->north = wire_float(north);
		memcpy(family->region, region, sizeof region);
	}
	if (rival->families_count == 0)
		bench_die("no families in %s", path);
	fclose(file);
}

static void
queue_open(struct queue *queue, unsigned most)
{
	*queue = (struct queue){ .list = calloc(most, sizeof(unsigned)) };
	if (queue->list == NULL)
		bench_die("out of memory");
}

/* ---- connections ---- */

static void
prepare(PGconn *pg, const char *name, const char *call)
{
	PGresult *result = PQprepare(pg, name, call, 0, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		bench_die("%s", PQerrorMessage(pg));
	PQclear(result);
}

static void
connect_to(struct rival *rival, const char *database, bool is_offerer)
{
	struct connection *connection = &rival->connections[rival->connections_count++];
	PGconn *pg = PQconnectdb(database);

	*connection = (struct connection){
		.pg = pg,
		.is_offerer = is_offerer,
		.queue = is_offerer ? &connection->to_offer : &rival->to_accept,
		.under_way = calloc(rival->in_flight, sizeof(unsigned)),
	};
	if (is_offerer)
		queue_open(&connection->to_offer, rival->cases);
	if (PQstatus(pg) != CONNECTION_OK || connection->under_way == NULL)
		bench_die("%s", PQerrorMessage(pg));
	if (is_offerer)
		prepare(pg, "call", "select offer($1,$2,$3,$4,$5,$6,$7)");
	else
		prepare(pg, "call", "select accept($1,$2,$3,$4,$5)");
	if (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) != 1)
		bench_die("%s", PQerrorMessage(pg));
}

/* ---- calling ---- */

static void
add(struct parameters *parameters, const void *value, size_t length)
{
	int at = parameters->count++;

	parameters->values[at] = value;
	parameters->lengths[at] = (int)length;
	parameters->formats[at] = 1;
}

static void
send_one(struct rival *rival, struct connection *connection, unsigned number)
{
	const struct family *family = &rival->families[number % rival->families_count];
	uint64_t seed = rival->first + number;
	uint64_t id[2] = { bench_random(&seed), bench_random(&seed) };
	struct parameters parameters = { .count = 0 };

	add(&parameters, id, ID_BYTES);
	if (connection->is_offerer) {
		add(&parameters, &family->term, sizeof family->term);
		add(&parameters, &family->east, sizeof family->east);
		add(&parameters, &family->north, sizeof family->north);
		add(&parameters, family->region, strlen(family->region));
		add(&parameters, &family->languages, sizeof family->languages);
		add(&parameters, &family->age, sizeof family->age);
	} else {
		add(&parameters, id, DIGEST_BYTES);
		add(&parameters, rival->identity, IDENTITY_BYTES);
		add(&parameters, &family->term, sizeof family->term);
		add(&parameters, rival->identity, FACTS_BYTES);
	}
	if (PQsendQueryPrepared(connection->pg, "call", parameters.count,
	        parameters.values, parameters.lengths, parameters.formats, 1) != 1)
		bench_die("%s", PQerrorMessage(connection->pg));
	connection->under_way[connection->sent++ % rival->in_flight] = number;
}

/* One transaction of what waits. */
static void
send_batch(struct rival *rival, struct connection *connection)
{
	struct queue *queue = connection->queue;
	unsigned count = 0;

	while (count < rival->batch_most && queue->taken < queue->put) {
		send_one(rival, connection, queue->list[queue->taken++]);
		count++;
	}
	if (count == 0)
		return;
	if (PQpipelineSync(connection->pg) != 1)
		bench_die("%s", PQerrorMessage(connection->pg));
	connection->batches++;
}

static void
give_to_offerer(struct rival *rival, unsigned number)
{
	unsigned term = be16toh(rival->families[number % rival->families_count].term);
	struct queue *queue = &rival->connections[term % rival->offerers].to_offer;

	queue->list[queue->put++] = number;
}

/* The transaction of all cases up to here is on disk. */
static void
take_committed(struct rival *rival, struct connection *connection, unsigned count)
{
	for (; count > 0; count--) {
		unsigned number =
		    connection->under_way[connection->done++ % rival->in_flight];

		if (connection->is_offerer) {
			rival->delivered++;
			continue;
		}
		rival->began_us[number] = bench_now_us() - rival->began_us[number];
		give_to_offerer(rival, number);
	}
	connection->batches--;
}

static void
take_results(struct rival *rival, struct connection *connection)
{
	static unsigned answered[CONNECTIONS_MOST];
	unsigned *count = &answered[connection - rival->connections];

	if (PQconsumeInput(connection->pg) != 1)
		bench_die("%s", PQerrorMessage(connection->pg));
	while (connection->batches > 0 && !PQisBusy(connection->pg)) {
		PGresult *result = PQgetResult(connection->pg);

		if (result == NULL) /* ends each statement */
			continue;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			take_committed(rival, connection, *count);
			*count = 0;
		} else if (PQresultStatus(result) != PGRES_TUPLES_OK ||
		           PQgetisnull(result, 0, 0)) {
			bench_die("nothing fits, or %s", PQresultErrorMessage(result));
		} else {
			(*count)++;
		}
		PQclear(result);
	}
}

static void
begin_cases(struct rival *rival)
{
	while (rival->begun < rival->cases &&
	       rival->begun - rival->delivered < rival->in_flight) {
		rival->began_us[rival->begun] = bench_now_us();
		rival->to_accept.list[rival->to_accept.put++] = rival->begun++;
	}
}

static int64_t
run(struct rival *rival)
{
	struct pollfd polled[CONNECTIONS_MOST];
	int64_t began_us = bench_now_us();

	while (rival->delivered < rival->cases) {
		begin_cases(rival);
		for (unsigned c = 0; c < rival->connections_count; c++) {
			struct connection *connection = &rival->connections[c];
			int left;

			while (connection->batches < BATCHES_UNDER_WAY) {
				unsigned before = connection->batches;

				send_batch(rival, connection);
				if (connection->batches == before)
					break;
			}
			left = PQflush(connection->pg);
			polled[c].fd = PQsocket(connection->pg);
			polled[c].events = (short)(left > 0 ? POLLIN | POLLOUT : POLLIN);
		}
		(void)poll(polled, rival->connections_count, 1000);
		for (unsigned c = 0; c < rival->connections_count; c++)
			if (polled[c].revents & ~POLLOUT)
				take_results(rival, &rival->connections[c]);
	}
	return bench_now_us() - began_us;
}

static void
open_rival(struct rival *rival, char **argv)
{
	unsigned acceptors = bench_number(argv[6]);
	uint64_t random = 1;

	read_families(rival, argv[2]);
	rival->first = bench_number(argv[3]);
	rival->cases = bench_number(argv[4]);
	rival->in_flight = bench_number(argv[5]);
	rival->offerers = bench_number(argv[7]);
	rival->batch_most = bench_number(argv[8]);
	if (acceptors + rival->offerers > CONNECTIONS_MOST)
		bench_die("at most %d connections", CONNECTIONS_MOST);
	for (unsigned i = 0; i < IDENTITY_BYTES; i++)
		rival->identity[i] = (char)bench_random(&random);
	queue_open(&rival->to_accept, rival->cases);
	rival->began_us = calloc(rival->cases, sizeof *rival->began_us);
	if (rival->began_us == NULL)
		bench_die("out of memory");
	for (unsigned c = 0; c < rival->offerers; c++)
		connect_to(rival, argv[1], true);
	for (unsigned c = 0; c < acceptors; c++)
		connect_to(rival, argv[1], false);
}

int
main(int argc, char **argv)
{
	static struct rival rival;
	int64_t took_us;

	if (argc != 9)
		bench_die("usage: postgres DATABASE FAMILIES FIRST CASES IN_FLIGHT "
		          "ACCEPTORS OFFERERS BATCH");
	open_rival(&rival, argv);
	took_us = run(&rival);
	printf(
	    "{\"seconds\":%.6f,\"cpu\":%.6f", (double)took_us / 1e6, bench_cpu_seconds());
	printf(",\"accept_p50_ms\":%.3f,\"accept_p99_ms\":%.3f}\n",
	    (double)bench_quantile(rival.began_us, rival.cases, 0.5) / 1e3,
	    (double)bench_quantile(rival.began_us, rival.cases, 0.99) / 1e3);
	return EXIT_SUCCESS;
}
