/* SPDX-License-Identifier: Apache-2.0
 * Hands work to workers, as far as their credit goes.
 *
 * A hello opens an epoch with the whole window free; every later verb names the epoch, and
 * those of another one are passed over, for a message can outlive the process it was meant
 * for.  Credit is a total, so that a repeated or overtaken one changes nothing. */
#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/link_socket.h"
#include "common/log.h"
#include "common/metrics.h"

/* A closed connection shows to the next send, a moment after the monitor has told. */
#define PROBE_MS 20
#define SEATS_MAX 256
/* `item` of messages.def, with the NUL. */
#define ITEM_BYTES 65
/* Largest `epoch` of messages.def. */
#define EPOCH_MAX 4294967290u

struct item {
	char text[ITEM_BYTES];
	uint32_t attempt;
};

enum seat_state { SEAT_FREE, SEAT_SERVING, SEAT_LOST };

/* A worker as its upstream sees it. */
struct seat {
	struct link_owner owner;
	enum seat_state state; /* LOST: until on_lost has been called */
	bool is_draining;
	struct link_peer peer;
	char service[LINK_SERVICE_BYTES];
	char boot[LINK_BOOT_BYTES];
	uint32_t epoch;
	uint32_t window;
	uint32_t sent, finished; /* items of the epoch */
	unsigned silent_ticks;
	struct item
	    items[LINK_WINDOW_MAX]; /* the last: number n at n % LINK_WINDOW_MAX */
};

struct link_upstream {
	struct link_owner owner;
	struct link_socket socket;
	struct link_socket monitor;
	struct loop_timer *tick;
	struct loop_timer *probe;
	link_on_lost *on_lost;
	void *self;
	char boot[LINK_BOOT_BYTES];
	unsigned tick_count;
	unsigned reserved;
	unsigned published;            /* this upstream's part of METRIC_credit */
	struct seat *seats[SEATS_MAX]; /* made on first use, then kept */
	unsigned seat_count;
	struct link_lost lost[LINK_WINDOW_MAX];
};

/* Never the same in two upstreams of a process, and hardly in two processes: the worker must
 * not take an item of an old incarnation for one of the new. */
static uint32_t
next_epoch(void)
{
	static uint32_t last;

	if (last == 0 && getrandom(&last, sizeof last, 0) != sizeof last)
		last = 1;
	last = last >= EPOCH_MAX ? 1 : last + 1;
	return last;
}

static uint32_t
free_places(const struct link_upstream *upstream, const struct seat *seat)
{
	if (seat->state != SEAT_SERVING || seat->is_draining ||
	    seat->sent >= upstream->socket.link->epoch_items)
		return 0;
	return seat->window - (seat->sent - seat->finished);
}

static unsigned
all_free(const struct link_upstream *upstream)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < upstream->seat_count; i++)
		sum += free_places(upstream, upstream->seats[i]);
	return sum;
}

unsigned
link_upstream_credit(const struct link_upstream *upstream)
{
	unsigned all = all_free(upstream);

	return all > upstream->reserved ? all - upstream->reserved : 0;
}

bool
link_upstream_reserve(struct link_upstream *upstream)
{
	if (link_upstream_credit(upstream) == 0)
		return false;
	upstream->reserved++;
	return true;
}

void
link_upstream_release(struct link_upstream *upstream)
{
	assert(upstream->reserved > 0);
	upstream->reserved--;
	link_socket_touch(&upstream->socket);
}

/* on_lost is called from the turn, never from within a caller's send. */
static void
lose(struct link_upstream *upstream, struct seat *seat)
{
	uint32_t items = seat->sent - seat->finished;

	log_event(items > 0 ? LOG_WARN : LOG_INFO, "worker_gone",
	    LOG_STRING("service", seat->service), LOG_STRING("boot", seat->boot),
	    LOG_NUMBER("items", items));
	seat->state = items > 0 ? SEAT_LOST : SEAT_FREE;
	link_socket_touch(&upstream->socket);
}

/* Says a verb to a worker; it is lost at once when its connection is gone. */
static enum status
tell(struct link_upstream *upstream, struct seat *seat, const struct message *message)
{
	enum status status = link_say(&upstream->socket, &seat->peer, message);

	if (status == STATUS_ABSENT)
		lose(upstream, seat);
	return status;
}

static struct seat *
most_free(struct link_upstream *upstream)
{
	struct seat *most = NULL;
	uint32_t most_places = 0;

	for (unsigned i = 0; i < upstream->seat_count; i++) {
		uint32_t places = free_places(upstream, upstream->seats[i]);

		if (places > most_places) {
			most = upstream->seats[i];
			most_places = places;
		}
	}
	return most;
}

static void
note_sent(struct seat *seat, const struct work *work)
{
	struct item *kept = &seat->items[seat->sent % LINK_WINDOW_MAX];

	(void)text_copy(work->item, kept->text, sizeof kept->text);
	kept->attempt = work->attempt;
	seat->sent++;
}

enum status
link_upstream_send(struct link_upstream *upstream, struct message *work)
{
	struct seat *seat;

	assert(upstream->reserved > 0 && work->kind == MESSAGE_work);
	upstream->reserved--;
	while ((seat = most_free(upstream)) != NULL) {
		enum status status;

		work->work.epoch = seat->epoch;
		status = tell(upstream, seat, work);
		if (status == STATUS_OK)
			note_sent(seat, &work->work);
		if (status != STATUS_ABSENT)
			return status == STATUS_BUSY ? STATUS_UNAVAILABLE : status;
	}
	return STATUS_UNAVAILABLE;
}

static void
publish_credit(struct link_upstream *upstream, unsigned credit)
{
	struct link *link = upstream->socket.link;

	if (credit == upstream->published)
		return;
	link->credit += credit - upstream->published;
	upstream->published = credit;
	metrics_set(METRIC_credit, NULL, link->credit);
}

/* Finished is a number, not a list, so the newest count as unfinished: exact where a worker
 * finishes in order.  False: the upstream was closed meanwhile. */
static bool
report_lost(struct link_upstream *upstream, struct seat *seat)
{
	uint32_t count = seat->sent - seat->finished;

	for (uint32_t i = 0; i < count; i++) {
		const struct item *kept =
		    &seat->items[(seat->finished + i) % LINK_WINDOW_MAX];

		upstream->lost[i] =
		    (struct link_lost){ text_of(kept->text), kept->attempt };
	}
	upstream->on_lost(upstream->self, seat->service, upstream->lost, count);
	seat->state = SEAT_FREE;
	return upstream->socket.zmq != NULL;
}

static void
flush_upstream(void *self)
{
	struct link_upstream *upstream = self;

	for (unsigned i = 0; i < upstream->seat_count; i++)
		if (upstream->seats[i]->state == SEAT_LOST &&
		    !report_lost(upstream, upstream->seats[i]))
			return;
	publish_credit(upstream, link_upstream_credit(upstream));
}

static struct seat *
find_seat(struct link_upstream *upstream, const struct link_peer *peer)
{
	for (unsigned i = 0; i < upstream->seat_count; i++) {
		struct seat *seat = upstream->seats[i];

		if (seat->state == SEAT_SERVING && seat->peer.length == peer->length &&
		    memcmp(seat->peer.id, peer->id, peer->length) == 0)
			return seat;
	}
	return NULL;
}

static struct seat *
take_seat(struct link_upstream *upstream)
{
	for (unsigned i = 0; i < upstream->seat_count; i++)
		if (upstream->seats[i]->state == SEAT_FREE)
			return upstream->seats[i];
	if (upstream->seat_count == SEATS_MAX)
		return NULL;
	upstream->seats[upstream->seat_count] = malloc(sizeof(struct seat));
	if (upstream->seats[upstream->seat_count] == NULL)
		return NULL;
	return upstream->seats[upstream->seat_count++];
}

static void
end_older_epochs(
    struct link_upstream *upstream, const struct link_peer *from, struct text boot)
{
	struct seat *same = find_seat(upstream, from);

	if (same != NULL)
		lose(upstream, same);
	for (unsigned i = 0; i < upstream->seat_count; i++) {
		struct seat *seat = upstream->seats[i];

		if (seat->state == SEAT_SERVING && text_is(boot, seat->boot))
			lose(upstream, seat);
	}
}

static void
on_hello(struct link_upstream *upstream, const struct link_peer *from,
    const struct message *in)
{
	struct message *out = upstream->socket.link->out;
	struct seat *seat;
	uint32_t window = in->hello.window;

	end_older_epochs(upstream, from, in->hello.boot);
	seat = take_seat(upstream);
	if (seat == NULL) {
		link_refuse(&upstream->socket, from, STATUS_FULL);
		return;
	}
	*seat = (struct seat){
		.state = SEAT_SERVING,
		.peer = *from,
		.epoch = next_epoch(),
		.window = window < LINK_WINDOW_MAX ? window : LINK_WINDOW_MAX,
	};
	(void)text_copy(in->hello.service, seat->service, sizeof seat->service);
	(void)text_copy(in->hello.boot, seat->boot, sizeof seat->boot);
	message_init(out, MESSAGE_welcome);
	out->id = in->id;
	out->welcome.boot = text_of(upstream->boot);
	out->welcome.epoch = seat->epoch;
	if (link_say(&upstream->socket, from, out) != STATUS_OK) /* it will come again */
		seat->state = SEAT_FREE;
	else
		log_event(LOG_INFO, "worker_here", LOG_STRING("service", seat->service),
		    LOG_STRING("boot", seat->boot), LOG_NUMBER("window", seat->window));
}

static bool
is_of_epoch(struct seat *seat, uint32_t epoch)
{
	if (epoch != seat->epoch)
		return false;
	seat->silent_ticks = 0;
	return true;
}

/* Without an epoch: say hello. */
static void
say_pong(struct link_upstream *upstream, const struct link_peer *to, uint32_t epoch)
{
	struct message *out = upstream->socket.link->out;

	message_init(out, MESSAGE_pong);
	out->pong.epoch = epoch;
	(void)!link_say(&upstream->socket, to, out);
}

static void
on_credit(struct link_upstream *upstream, struct seat *seat, const struct message *in)
{
	uint32_t finished = in->credit.finished;

	if (!is_of_epoch(seat, in->credit.epoch))
		return;
	if (finished > seat->sent)
		link_refuse(&upstream->socket, &seat->peer, STATUS_INVALID);
	else if (finished > seat->finished)
		seat->finished = finished;
	if (seat->finished >= upstream->socket.link->epoch_items) {
		lose(upstream, seat);
		say_pong(upstream, &seat->peer, UINT_ABSENT);
	}
}

static void
on_ping(struct link_upstream *upstream, struct seat *seat, const struct message *in)
{
	(void)is_of_epoch(seat, in->ping.epoch);
	say_pong(upstream, &seat->peer, seat->epoch);
}

static void
on_pong(struct link_upstream *upstream, struct seat *seat, const struct message *in)
{
	(void)upstream;
	(void)is_of_epoch(seat, in->pong.epoch);
}

static void
on_drain(struct link_upstream *upstream, struct seat *seat, const struct message *in)
{
	(void)upstream;
	if (is_of_epoch(seat, in->drain.epoch))
		seat->is_draining = true;
}

typedef void on_verb(
    struct link_upstream *upstream, struct seat *seat, const struct message *in);

/* What an upstream listens to, besides hello and refused. */
static on_verb *const UPSTREAM_VERBS[MESSAGE_KINDS] = {
	[MESSAGE_credit] = on_credit,
	[MESSAGE_ping] = on_ping,
	[MESSAGE_pong] = on_pong,
	[MESSAGE_drain] = on_drain,
};

static void
on_upstream_bytes(
    void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct link_upstream *upstream = self;
	const struct message *in = upstream->socket.link->in;
	struct seat *seat;

	if (!link_decode(&upstream->socket, peer, bytes, length))
		return;
	if (in->kind == MESSAGE_hello) {
		on_hello(upstream, peer, in);
	} else if (in->kind == MESSAGE_refused) {
		link_note_refused(in, "worker");
	} else if (UPSTREAM_VERBS[in->kind] == NULL) {
		link_refuse(&upstream->socket, peer, STATUS_BAD_MESSAGE);
	} else {
		seat = find_seat(upstream, peer);
		if (seat != NULL)
			UPSTREAM_VERBS[in->kind](upstream, seat, in);
		else
			say_pong(upstream, peer, UINT_ABSENT);
	}
}

static void
ping_all(void *self)
{
	struct link_upstream *upstream = self;
	struct message *out = upstream->socket.link->out;

	message_init(out, MESSAGE_ping);
	for (unsigned i = 0; i < upstream->seat_count; i++) {
		struct seat *seat = upstream->seats[i];

		if (seat->state != SEAT_SERVING)
			continue;
		out->ping.epoch = seat->epoch;
		(void)!tell(upstream, seat, out);
	}
}

static void
on_upstream_tick(void *self)
{
	struct link_upstream *upstream = self;

	upstream->socket.refusals = 0;
	for (unsigned i = 0; i < upstream->seat_count; i++) {
		struct seat *seat = upstream->seats[i];

		if (seat->state == SEAT_SERVING &&
		    ++seat->silent_ticks >= LINK_SILENT_TICKS)
			lose(upstream, seat);
	}
	if (++upstream->tick_count % LINK_PING_TICKS == 0)
		ping_all(upstream);
	link_socket_touch(&upstream->socket);
}

static void
on_worker_disconnected(
    void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct link_upstream *upstream = self;

	(void)peer;
	(void)bytes;
	(void)length;
	loop_timer_set(upstream->probe, PROBE_MS);
}

enum status
link_upstream_open(struct link *link, const char *endpoint, link_on_lost *on_lost,
    void *self, struct link_upstream **opened, char *why, size_t why_size)
{
	struct link_upstream *upstream = calloc(1, sizeof *upstream);
	enum status status;

	*opened = NULL;
	if (upstream == NULL)
		return link_no_memory(why, why_size);
	upstream->socket = (struct link_socket){ .link = link,
		.domain = LINK_DOMAIN_OWN,
		.on_bytes = on_upstream_bytes,
		.flush = flush_upstream,
		.self = upstream,
		.monitor = &upstream->monitor,
		.events = ZMQ_EVENT_DISCONNECTED };
	upstream->monitor =
	    (struct link_socket){ .on_bytes = on_worker_disconnected, .self = upstream };
	upstream->on_lost = on_lost;
	upstream->self = self;
	link_name_boot(upstream->boot);
	upstream->tick =
	    loop_every(link->loop, link->tick_ms, on_upstream_tick, upstream);
	upstream->probe = loop_timer_new(link->loop, ping_all, upstream);
	if (upstream->tick == NULL || upstream->probe == NULL)
		status = link_no_memory(why, why_size);
	else
		status = link_socket_open(
		    &upstream->socket, link, ZMQ_ROUTER, endpoint, why, why_size);
	if (status == STATUS_OK)
		*opened = upstream;
	else
		link_upstream_close(upstream);
	return status;
}

void
link_upstream_close(struct link_upstream *upstream)
{
	if (upstream == NULL)
		return;
	publish_credit(upstream, 0);
	loop_timer_free(upstream->tick);
	loop_timer_free(upstream->probe);
	link_socket_close(&upstream->socket);
	for (unsigned i = 0; i < upstream->seat_count; i++)
		link_owner_free(upstream->socket.link, &upstream->seats[i]->owner);
	upstream->seat_count = 0;
	link_owner_free(upstream->socket.link, &upstream->owner);
}
