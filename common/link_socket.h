/* SPDX-License-Identifier: Apache-2.0
 * What the files of the link share: the sockets of link.c, the verbs of link_work.c.  Nobody
 * else includes this but their tests. */
#ifndef COMMON_LINK_SOCKET_H
#define COMMON_LINK_SOCKET_H

#include <zmq.h>

#include "common/link.h"

/* Most work items in one window; a worker that asks for more gets this many.  Small, since
 * libzmq sends no heartbeat while its output is blocked: with 32 items on the way a cut line
 * was noticed after 1.87 s, with an unbounded queue never. */
#define LINK_WINDOW_MAX 256
/* Messages in each direction of one connection: twice the window, so that receiving goes on
 * while everything is in use.  A message is at most MESSAGE_MAX_BYTES. */
#define LINK_QUEUE_MAX (2 * LINK_WINDOW_MAX)
/* Larger messages end the connection; from MESSAGE_MAX_BYTES up to here they are dropped and
 * counted, so that one of them costs its sender nothing else. */
#define LINK_DROP_BYTES (2 * MESSAGE_MAX_BYTES)
/* Messages of one socket in one turn, so that timers and other sockets get theirs. */
#define LINK_BATCH 64
/* Refusals that a socket answers between two ticks: two sides that each refuse the other's
 * refusal (two major versions) must not talk for ever. */
#define LINK_REFUSALS_MAX 20
/* Items of one epoch: its totals end at 4294967290 on the wire, so the upstream sends no more
 * than this many and, when they are finished, has the worker say hello. */
#define LINK_EPOCH_ITEMS 2000000000u
/* How often workers and upstreams look after each other. */
#define LINK_TICK_MS 500
#define LINK_PING_TICKS 2
/* Ticks without a word until the other side counts as gone: 2.5 to 3.0 s.  Counted, not read
 * from a clock, so that an own freeze is not taken for the other's silence. */
#define LINK_SILENT_TICKS 6

/* ---- sockets: link.c ---- */

/* Memory that a callback may have given up while its socket is still being read. */
struct link_owner {
	struct link_owner *next;
};

/* Who may connect to a ROUTER with keys: every process of the network, or also the clients that
 * link.clients names. */
#define LINK_DOMAIN_OWN "own"
#define LINK_DOMAIN_OPEN "open"

struct link_socket {
	struct link *link;
	struct link_socket *next;
	void *zmq; /* NULL: closed */
	struct event *event;
	int type; /* ZMQ_ROUTER, ZMQ_DEALER, ZMQ_PAIR; ZMQ_REP answers for the keys */
	const char *domain; /* of a ROUTER: LINK_DOMAIN_... */
	int left;           /* of the batch */
	bool is_dirty; /* input may wait: ZMQ_FD has shown an edge, or a send took it */
	unsigned refusals;       /* since the tick */
	link_on_bytes *on_bytes; /* `peer` of a DEALER or PAIR is empty */
	loop_call *flush;        /* NULL or called after each batch, also an empty one */
	void *self;              /* of both */
	struct link_socket *monitor; /* NULL, or its on_bytes gets... */
	int events;                  /* ...these ZMQ_EVENT_ of the socket */
};

/* 40 characters of Z85 (ZeroMQ RFC 32) and the NUL. */
#define LINK_KEY_BYTES 41

struct link_keys {
	struct link_socket socket; /* answers libzmq's thread who may come in */
	char secret[LINK_KEY_BYTES], public[LINK_KEY_BYTES];
	char clients_path[256];
};

struct link {
	struct loop *loop;
	void *context;
	struct link_keys *keys; /* NULL: none, and no link leaves the machine */
	struct link_socket *sockets;
	struct link_owner *owners_gone;
	bool is_in_turn;
	unsigned monitor_count;
	unsigned credit;      /* METRIC_credit */
	uint32_t epoch_items; /* LINK_EPOCH_ITEMS; tests lower it */
	int64_t tick_ms;      /* LINK_TICK_MS; so here */
	zmq_msg_t frame;
	struct decoder *decoder;
	struct message *in;  /* what a verb handler looks at */
	struct message *out; /* for verbs; never held across a callback */
	struct defects defects;
	uint8_t bytes[MESSAGE_MAX_BYTES]; /* what is sent, encoded */
};

/* Binds a ROUTER or connects a DEALER; its callbacks and monitor are set before.  Status and
 * `why` as link_server_open. */
enum status link_socket_open(struct link_socket *socket, struct link *link, int type,
    const char *endpoint, char *why, size_t why_size) MUST_CHECK;
/* Binds the REP that answers for the keys. */
enum status link_socket_listen(struct link_socket *socket, struct link *link,
    const char *endpoint, char *why, size_t why_size) MUST_CHECK;
/* With its monitor; also of one that is not open, and from its own callbacks. */
void link_socket_close(struct link_socket *socket);
/* Frees memory that begins with a link_owner, once no socket within it is being read. */
void link_owner_free(struct link *link, struct link_owner *owner);
/* Lets the socket have its turn before the next sleep. */
void link_socket_touch(struct link_socket *socket);
/* OK, ABSENT, BUSY as link_server_send; TOO_LARGE.  `peer` NULL: the DEALER's only one. */
enum status link_socket_send(struct link_socket *socket, const struct link_peer *peer,
    const void *bytes, size_t length) MUST_CHECK;
/* METRIC_message_refused_total, and a line. */
void link_count_refused(const char *kind, enum status status);

/* ---- keys: link_keys.c ---- */

/* Gives the socket the keys, before it is attached. */
bool link_keys_secure(struct link_socket *socket) MUST_CHECK;
/* Answers one that knocked; false: nobody did. */
bool link_keys_turn(struct link_socket *socket);
void link_keys_close(struct link *link);

/* ---- verbs: link_work.c ---- */

/* `service` and `boot` of messages.def, with the NUL. */
#define LINK_SERVICE_BYTES 33
#define LINK_BOOT_BYTES 33

/* Encodes and sends; as link_socket_send, or what message_encode said. */
enum status link_say(struct link_socket *socket, const struct link_peer *peer,
    const struct message *message) MUST_CHECK;
/* Decodes into link->in; false: it has been refused. */
bool link_decode(struct link_socket *socket, const struct link_peer *from,
    const void *bytes, size_t length) MUST_CHECK;
/* Counts what a peer sent and, where it can be addressed, answers `refused`.  The message is
 * link->in, its defects link->defects. */
void link_refuse(
    struct link_socket *socket, const struct link_peer *peer, enum status status);
/* The other side refused something: a line. */
void link_note_refused(const struct message *in, const char *by);
/* A new id of this start, a UUID without its dashes. */
void link_name_boot(char boot[LINK_BOOT_BYTES]);
/* Says so; NO_MEMORY. */
enum status link_no_memory(char *why, size_t why_size) MUST_CHECK;

#endif
