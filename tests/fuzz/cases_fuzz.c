/* SPDX-License-Identifier: Apache-2.0
 * Any answer of Redis to a typed call: it is settled once, and what is handed on can be read
 * to the last byte.  Cases, their items and their journal lines are read from packed texts.
 *
 * First byte: which call; the rest is the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cases.h"
#include "common/log.h"

#define ANSWER_MOST 65536 /* fits the socket, so that nothing needs to be waited for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct loop *loop;
	int listener;
	struct sockaddr_un address;
	struct store *store;
	struct cases *cases;
	int fd; /* Redis' end */
	unsigned times;
	unsigned seen; /* keeps reads from being left out */
	uint8_t encoded[1 << 20];
} its;

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "cases_fuzz: %s\n", what);
	abort();
}

static void
read_text(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		its.seen += (unsigned char)text.at[i];
}

/* Reads all of it, whether a record may hold it or not. */
static void
read_record(const struct record *record, const void *values)
{
	size_t length = 0;

	if (record_encode(record, values, MASK_ALL, its.encoded, sizeof its.encoded,
	        &length) == STATUS_OK)
		its.seen += its.encoded[length - 1];
}

/* ---- what the calls hand on ---- */

static void
on_done(void *ctx, const struct case_result *result)
{
	(void)ctx;
	its.times++;
	for (uint32_t i = 0; i < result->states_count; i++)
		read_text(result->states[i]);
}

static void
on_case(void *ctx, enum status status, const struct case_record *record)
{
	(void)ctx;
	its.times++;
	require((status == STATUS_OK) == (record != NULL), "a case without success");
	if (record == NULL)
		return;
	read_text(record->by);
	read_text(record->key);
	read_text(record->identity);
	read_text(record->routing);
	for (uint32_t i = 0; i < record->view.referrals_count; i++) {
		read_text(record->whys[i]);
		read_text(record->notes[i]);
	}
	read_record(&record_case_view, &record->view);
}

static void
on_work(void *ctx, const struct work *work)
{
	(void)ctx;
	read_record(&record_work, work);
}

static void
on_id(void *ctx, struct text id)
{
	(void)ctx;
	read_text(id);
}

static void
on_shape(void *ctx, enum status status, const struct queue_shape *shape)
{
	(void)ctx;
	its.times++;
	if (status == STATUS_OK)
		its.seen += (unsigned)queue_shape_error(shape);
}

static void
on_channel(void *ctx, enum status status, struct text channel, struct text address)
{
	(void)ctx;
	(void)status;
	its.times++;
	read_text(channel);
	read_text(address);
}

static void
on_line(void *ctx, struct text case_id, const struct transition *line, bool is_last)
{
	(void)ctx;
	its.seen += is_last;
	read_text(case_id);
	read_record(&record_transition, line);
}

static void
on_account(
    void *ctx, struct text digest, enum role role, struct text person, struct text agency)
{
	(void)ctx;
	its.seen += role;
	read_text(digest);
	read_text(person);
	read_text(agency);
}

static void
on_check(void *ctx, struct text item, struct text what)
{
	(void)ctx;
	read_text(item);
	read_text(what);
}

static void
on_held(void *ctx, enum status status, int64_t held)
{
	(void)ctx;
	its.times++;
	its.seen += (unsigned)held + status;
}

static void
on_counted(void *ctx, enum status status, int64_t held, int64_t counted)
{
	its.seen += (unsigned)counted;
	on_held(ctx, status, held);
}

/* ---- calls ---- */

static enum status
call(unsigned which)
{
	const struct text id = LITERAL("01234567890123456789012345");
	struct cases *cases = its.cases;

	switch (which) {
	case 0:
		return cases_get(cases, id, 20, on_case, NULL);
	case 1:
		return cases_claim(cases, stage_match, 8, 1000, on_work, on_done, NULL);
	case 2:
		return cases_queues(cases, on_shape, NULL);
	case 3:
		return cases_check(cases, &id, 1, on_check, on_done, NULL);
	case 4:
		return cases_list(cases, TEXT_ABSENT, 0, 10, on_id, on_done, NULL);
	case 5:
		return cases_channel_get(cases, id, on_channel, NULL);
	case 6:
		return cases_journal(cases, LITERAL("0"), 10, on_line, on_done, NULL);
	case 7:
		return cases_accounts(cases, on_account, on_done, NULL);
	case 8:
		return cases_names(cases, "case", LITERAL("0"), on_id, on_done, NULL);
	case 9:
		return cases_held(cases, id, on_held, NULL);
	case 10:
		return cases_check_entries(
		    cases, LITERAL("open"), LITERAL("0"), on_check, on_done, NULL);
	case 11:
		return cases_check_place(cases, id, id, on_counted, NULL);
	default:
		return cases_reap(cases, 10, on_done, NULL);
	}
}

/* ---- Redis ---- */

static void
turn(void)
{
	require(loop_turn(its.loop, 0) == STATUS_OK, "loop");
}

static void
answer(const void *bytes, size_t length)
{
	if (send(its.fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* dropped */
	for (int i = 0; i < 4; i++)
		turn();
}

static char directory[] = "/tmp/hearthline-fuzz-XXXXXX";

static void
clean_up(void)
{
	unlink(its.address.sun_path);
	rmdir(directory);
}

static void
start(void)
{
	if (its.loop != NULL)
		return;
	log_open("cases_fuzz", LOG_ERROR);
	its.loop = loop_new();
	require(its.loop != NULL && mkdtemp(directory) != NULL, "cannot start");
	its.address.sun_family = AF_UNIX;
	snprintf(
	    its.address.sun_path, sizeof its.address.sun_path, "%s/socket", directory);
	its.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	require(bind(its.listener, (struct sockaddr *)&its.address, sizeof its.address) ==
	                0 &&
	            listen(its.listener, 8) == 0,
	    "cannot listen");
	atexit(clean_up);
}

static void
connect_store(void)
{
	const struct store_options options = { .socket_path = its.address.sun_path,
		.connections = 1,
		.timeout_ms = 60000,
		.stall_ms = 60000,
		.most_bytes = 1 << 20 };

	its.store = store_open(its.loop, &options);
	its.fd = accept(its.listener, NULL, NULL);
	require(its.store != NULL && its.fd >= 0, "no connection");
	its.cases = cases_open(its.store, "c1");
	require(its.cases != NULL, "no memory");
	turn();
	answer("+PONG\r\n", 7);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > ANSWER_MOST)
		return 0;
	start();
	connect_store();
	its.times = 0;
	require(call(data[0] % 13) == STATUS_OK, "refused");
	turn();
	answer(data + 1, size - 1);
	store_close(its.store);
	cases_close(its.cases);
	close(its.fd);
	require(its.times == 1, "not settled exactly once");
	return 0;
}
