/* SPDX-License-Identifier: Apache-2.0
 * An upstream and a worker on a network that loses, repeats and invents frames, refuses to
 * send and lets time pass as the input says.  Sockets and timers are those of this file, so
 * that nothing waits: the code is included under other names, since every program is linked
 * with all of common/. */
#define link_upstream_open fuzzed_link_upstream_open
#define link_upstream_close fuzzed_link_upstream_close
#define link_upstream_credit fuzzed_link_upstream_credit
#define link_upstream_reserve fuzzed_link_upstream_reserve
#define link_upstream_release fuzzed_link_upstream_release
#define link_upstream_send fuzzed_link_upstream_send
#define link_worker_open fuzzed_link_worker_open
#define link_worker_drain fuzzed_link_worker_drain
#define link_worker_close fuzzed_link_worker_close
#define link_worker_finished fuzzed_link_worker_finished
#define link_worker_held fuzzed_link_worker_held
#define link_worker_pause fuzzed_link_worker_pause
#define link_say fuzzed_link_say
#define link_decode fuzzed_link_decode
#define link_refuse fuzzed_link_refuse
#define link_note_refused fuzzed_link_note_refused
#define link_name_boot fuzzed_link_name_boot
#define link_no_memory fuzzed_link_no_memory
#define link_socket_open fuzzed_link_socket_open
#define link_socket_close fuzzed_link_socket_close
#define link_socket_touch fuzzed_link_socket_touch
#define link_socket_send fuzzed_link_socket_send
#define link_owner_free fuzzed_link_owner_free
#define link_count_refused fuzzed_link_count_refused
#define loop_every fuzzed_loop_every
#define loop_timer_new fuzzed_loop_timer_new
#define loop_timer_set fuzzed_loop_timer_set
#define loop_timer_free fuzzed_loop_timer_free

#include "common/link_upstream.c"
#include "common/link_work.c"
#include "common/link_worker.c"

#define PEERS 3
#define KEPT 16
#define FRAME_BYTES 512
#define WINDOW 5
#define HELD_MAX 4096

#define CHECK(condition)                                                                 \
	do                                                                               \
		if (!(condition))                                                        \
			abort();                                                         \
	while (0)

struct loop_timer {
	loop_call *call;
	void *self;
};

struct frame {
	uint8_t bytes[FRAME_BYTES];
	size_t length;
};

/* Frames that were said, to be delivered in any order, again or never. */
struct wire {
	struct frame kept[KEPT];
	unsigned count;
};

static struct {
	const uint8_t *at;
	size_t left;
} input;

static struct link hub;
static struct loop_timer timers[8];
static unsigned timer_count;
static struct link_socket *sockets[4];
static unsigned socket_count;
static bool is_touched;
static enum status sending; /* what sends come to */
static struct wire down[PEERS], up;

static struct link_upstream *upstream;
static struct link_worker *worker;
static struct {
	unsigned upstream;
	uint32_t epoch;
} held[HELD_MAX];
static size_t held_count;
static unsigned welcomes; /* that the worker has heard */
static struct message work;

static uint8_t
next_byte(void)
{
	if (input.left == 0)
		return 0;
	input.left--;
	return *input.at++;
}

/* ---- in the place of link.c and loop.c ---- */

enum status
link_socket_open(struct link_socket *socket, struct link *link, int type,
    const char *endpoint, char *why, size_t why_size)
{
	(void)endpoint;
	(void)why;
	(void)why_size;
	socket->link = link;
	socket->type = type;
	socket->zmq = socket;
	sockets[socket_count++] = socket;
	return STATUS_OK;
}

void
link_socket_close(struct link_socket *socket)
{
	socket->zmq = NULL;
}

void
link_owner_free(struct link *link, struct link_owner *owner)
{
	(void)link;
	free(owner);
}

void
link_socket_touch(struct link_socket *socket)
{
	(void)socket;
	is_touched = true;
}

void
link_count_refused(const char *kind, enum status status)
{
	(void)kind;
	(void)status;
}

static void
keep(struct wire *wire, const void *bytes, size_t length)
{
	struct frame *frame = &wire->kept[wire->count++ % KEPT];

	if (length > FRAME_BYTES)
		return;
	memcpy(frame->bytes, bytes, length);
	frame->length = length;
}

enum status
link_socket_send(struct link_socket *socket, const struct link_peer *peer,
    const void *bytes, size_t length)
{
	static struct message said;
	static struct defects defects;

	CHECK(length <= MESSAGE_MAX_BYTES);
	CHECK(message_decode(hub.decoder, &said, bytes, length, &defects) == STATUS_OK);
	if (sending != STATUS_OK)
		return sending;
	if (socket->type == ZMQ_DEALER)
		keep(&up, bytes, length);
	else
		keep(&down[peer->id[0] % PEERS], bytes, length);
	return STATUS_OK;
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_call *call, void *self)
{
	(void)loop;
	timers[timer_count] = (struct loop_timer){ call, self };
	return &timers[timer_count++];
}

struct loop_timer *
loop_every(struct loop *loop, int64_t every_ms, loop_call *call, void *self)
{
	(void)every_ms;
	return loop_timer_new(loop, call, self);
}

void
loop_timer_set(struct loop_timer *timer, int64_t after_ms)
{
	(void)timer;
	(void)after_ms;
}

void
loop_timer_free(struct loop_timer *timer)
{
	(void)timer;
}

/* ---- what must hold ---- */

static void
on_lost(void *self, const char *service, const struct link_lost *items, size_t count)
{
	(void)self;
	CHECK(strlen(service) < LINK_SERVICE_BYTES);
	CHECK(count > 0 && count <= LINK_WINDOW_MAX);
	for (size_t i = 0; i < count; i++)
		CHECK(items[i].item.at != NULL && items[i].item.length == 4);
}

static void
on_work(void *self, const struct message *message, unsigned number)
{
	unsigned same = 1;

	(void)self;
	CHECK(message->kind == MESSAGE_work && number == 0);
	for (size_t i = 0; i < held_count; i++)
		same += held[i].epoch == message->work.epoch;
	CHECK(same <= WINDOW * welcomes); /* an old one that comes back counts anew */
	if (held_count == HELD_MAX)
		link_worker_finished(worker, number, held[--held_count].epoch);
	held[held_count].upstream = number;
	held[held_count++].epoch = message->work.epoch;
}

static void
flush_all(void)
{
	for (int rounds = 0; is_touched; rounds++) {
		CHECK(rounds < 10);
		is_touched = false;
		for (unsigned i = 0; i < socket_count; i++)
			sockets[i]->flush(sockets[i]->self);
	}
}

/* ---- what may happen ---- */

static void
give(struct link_socket *socket, const struct link_peer *peer, const void *bytes,
    size_t length)
{
	/* A copy of exactly this size, so that reading on is seen. */
	uint8_t *exact = malloc(length > 0 ? length : 1);

	CHECK(exact != NULL);
	if (length > 0)
		memcpy(exact, bytes, length);
	socket->on_bytes(socket->self, peer, exact, length);
	welcomes += peer == NULL && hub.in->kind == MESSAGE_welcome;
	free(exact);
}

static void
give_raw(struct link_socket *socket, const struct link_peer *peer)
{
	size_t length = next_byte();

	if (length > input.left)
		length = input.left;
	input.left -= length;
	input.at += length;
	give(socket, peer, input.at - length, length);
}

/* A verb of the input's choice, its numbers near those that matter. */
static void
give_verb(struct link_socket *socket, const struct link_peer *peer, uint32_t epoch)
{
	static struct message verb;
	static const enum message_kind KINDS[] = { MESSAGE_hello, MESSAGE_welcome,
		MESSAGE_credit, MESSAGE_ping, MESSAGE_pong, MESSAGE_drain,
		MESSAGE_refused };
	uint8_t bytes[FRAME_BYTES], number = next_byte();
	size_t length;

	message_init(&verb, KINDS[number % 7]);
	if (verb.kind == MESSAGE_hello) {
		verb.hello.service = LITERAL("fuzz");
		verb.hello.boot =
		    peer != NULL && number > 127 ? LITERAL("a") : LITERAL("b");
		verb.hello.window = number / 2 * 40u % 4096;
	} else if (verb.kind == MESSAGE_welcome) {
		verb.welcome.boot = LITERAL("a");
		verb.welcome.epoch = epoch;
	} else if (verb.kind == MESSAGE_credit) {
		verb.credit.epoch = epoch;
		verb.credit.finished = next_byte();
	} else if (verb.kind == MESSAGE_ping) {
		verb.ping.epoch = epoch;
	} else if (verb.kind == MESSAGE_pong) {
		verb.pong.epoch = epoch;
	} else if (verb.kind == MESSAGE_drain) {
		verb.drain.epoch = epoch;
	} else {
		verb.refused.status = LITERAL("busy");
	}
	CHECK(message_encode(&verb, bytes, sizeof bytes, &length) == STATUS_OK);
	give(socket, peer, bytes, length);
}

static void
deliver(struct wire *wire, struct link_socket *socket, const struct link_peer *peer)
{
	struct frame frame = wire->kept[next_byte() % KEPT];

	give(socket, peer, frame.bytes, frame.length);
}

static void
hand_over(void)
{
	unsigned before = link_upstream_credit(upstream);

	if (!link_upstream_reserve(upstream)) {
		CHECK(before == 0);
		return;
	}
	CHECK(link_upstream_credit(upstream) == before - 1);
	if (next_byte() % 4 == 0)
		link_upstream_release(upstream);
	else
		CHECK(link_upstream_send(upstream, &work) != STATUS_TOO_LARGE);
	CHECK(link_upstream_credit(upstream) <= before);
}

static void
finish(void)
{
	size_t index = held_count > 0 ? next_byte() % held_count : 0;

	if (held_count == 0)
		return;
	link_worker_finished(worker, held[index].upstream, held[index].epoch);
	held[index] = held[--held_count];
}

/* The epoch that was last said to that peer, or none. */
static uint32_t
heard_epoch(const struct wire *wire)
{
	static struct message said;
	static struct defects defects;

	for (unsigned back = 1; back <= KEPT && back <= wire->count; back++) {
		const struct frame *frame = &wire->kept[(wire->count - back) % KEPT];

		if (message_decode(hub.decoder, &said, frame->bytes, frame->length,
		        &defects) == STATUS_OK &&
		    said.kind == MESSAGE_welcome)
			return said.welcome.epoch;
	}
	return 1;
}

/* Frames and verbs, upwards and downwards. */
static void
arrive(uint8_t choice)
{
	struct link_peer peer = { .id = { choice / 64 % PEERS }, .length = 1 };
	const struct link_peer worker_peer = { .length = 1 }; /* peer 0 */
	struct link_socket *above = sockets[0], *below = sockets[1];

	switch (choice % 13) {
	case 0:
		give_raw(above, &peer);
		break;
	case 1:
		give_raw(below, NULL);
		break;
	case 2:
		give_verb(above, &peer, heard_epoch(&down[peer.id[0]]) + (choice > 240));
		break;
	case 3:
		give_verb(below, NULL, heard_epoch(&down[0]) + (choice > 240));
		break;
	case 4:
		deliver(&up, above, &worker_peer);
		break;
	default:
		deliver(&down[0], below, NULL);
		break;
	}
}

static void
fire_timers(void)
{
	for (unsigned i = 0; i < timer_count; i++)
		timers[i].call(timers[i].self);
}

static void
tell_monitors(uint8_t choice)
{
	const struct link_peer peer = { .id = { choice / 64 % PEERS }, .length = 1 };
	struct link_socket *above = sockets[0]->monitor, *below = sockets[1]->monitor;

	above->on_bytes(upstream, &peer, "", 0);
	below->on_bytes(below->self, &peer, "", 0);
}

/* What the two do of their own, and what the system does to them. */
static void
act(uint8_t choice)
{
	static const enum status SENDINGS[] = { STATUS_OK, STATUS_OK, STATUS_BUSY,
		STATUS_ABSENT };

	switch (choice % 13) {
	case 6:
		hand_over();
		break;
	case 7:
		finish();
		break;
	case 8:
		fire_timers();
		break;
	case 9:
		tell_monitors(choice);
		break;
	case 10:
		sending = SENDINGS[choice / 64];
		break;
	case 11:
		for (unsigned i = 0; i < 8; i++)
			hand_over();
		break;
	default:
		if (choice > 230)
			link_worker_drain(worker);
		break;
	}
}

static void
step(void)
{
	uint8_t choice = next_byte();

	if (choice % 13 < 6)
		arrive(choice);
	else
		act(choice);
	flush_all();
	CHECK(link_worker_held(worker) == held_count);
	CHECK(link_upstream_credit(upstream) <= (PEERS + 1) * LINK_WINDOW_MAX);
}

static void
set_up(void)
{
	char why[100];

	if (hub.decoder == NULL) {
		log_open("link_fuzz", LOG_ERROR);
		hub.decoder = decoder_new();
		hub.in = calloc(1, sizeof *hub.in);
		hub.out = calloc(1, sizeof *hub.out);
		message_init(&work, MESSAGE_work);
		work.work.stage = stage_match;
		work.work.item = LITERAL("item");
		work.work.version = work.work.attempt = 1;
		work.work.urgency = urgency_normal;
	}
	hub.epoch_items = 7;
	timer_count = socket_count = 0;
	sending = STATUS_OK;
	held_count = 0;
	welcomes = 0;
	memset(down, 0, sizeof down);
	memset(&up, 0, sizeof up);
	CHECK(link_upstream_open(&hub, "ipc://a", on_lost, NULL, &upstream, why,
	          sizeof why) == STATUS_OK);
	CHECK(link_worker_open(&hub, "ipc://a", "fuzz", WINDOW, on_work, NULL, &worker,
	          why, sizeof why) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input.at = data;
	input.left = size;
	set_up();
	while (input.left > 0)
		step();
	link_worker_close(worker);
	link_upstream_close(upstream);
	return 0;
}
