/* SPDX-License-Identifier: Apache-2.0
 * Messages between processes over ZeroMQ.  The only file that knows zmq (with loop's help).
 *
 *   link_server   ROUTER that binds: questions in, answers out
 *   link_client   DEALER that connects to one server: asks, gets answers in any order
 *   link_upstream ROUTER that binds: hands copies of leased work to workers with credit
 *   link_worker   DEALER per upstream that connects: takes work, gives credit back
 *
 * Every frame is one msgpack map of messages.def, at most MESSAGE_MAX_BYTES.  Sending never
 * blocks and never means delivery.  All sockets: ZMQ_ROUTER_MANDATORY with DONTWAIT, no fixed
 * routing ids, LINGER 0..1000, MAXMSGSIZE, CONNECT_TIMEOUT and HANDSHAKE_IVL 3000,
 * HEARTBEAT_IVL 1000, TIMEOUT 3000, TTL 4000, TCP_MAXRT 3000, RECONNECT_IVL 100..2000, SNDHWM =
 * RCVHWM = twice the credit.
 * Endpoints: ipc://PATH and tcp://127.0.0.1:PORT, both in clear, or tcp://A.B.C.D:PORT, always
 * encrypted and only for who holds the network's key (CURVE); without a key it is refused
 * (FORBIDDEN).  Input is drained every turn even by those that only send, since a dead
 * peer shows only to who reads. */
#ifndef COMMON_LINK_H
#define COMMON_LINK_H

#include "common/loop.h"
#include "proto/message.h"

/* The ZeroMQ context of the process; NULL: out of memory. */
struct link;
struct link *link_new(struct loop *loop);
/* Reads FOLDER/link.key, the secret that all processes of the network share; before any other
 * socket is opened.  FOLDER/link.clients, lines "NAME PUBLIC-KEY", names the programs of others
 * that may speak to a link_server; it may change at any time.
 * OK; ABSENT: no such file; FORBIDDEN, INVALID, UNAVAILABLE: `why` says so in one line. */
enum status link_keys_open(
    struct link *link, const char *folder, char *why, size_t why_size) MUST_CHECK;
/* Makes a key file (mode 0600) unless it is there (DUP), and tells its public key: 40 characters
 * and the NUL.  INVALID: what is there is no key. */
enum status link_key_create(
    const char *path, char public_key[41], char *why, size_t why_size) MUST_CHECK;
/* After all sockets are closed.  Waits for LINGER at most. */
void link_free(struct link *link);

/* An asker of a server, to address the answer; copies by value. */
struct link_peer {
	uint8_t id[32];
	uint32_t length;
};

/* One frame of a peer.  `bytes` is valid during the call. */
typedef void link_on_bytes(
    void *self, const struct link_peer *peer, const void *bytes, size_t length);

struct link_server;
/* OK; FORBIDDEN, INVALID: endpoint not allowed or malformed; UNAVAILABLE: cannot bind (path
 * over 107 bytes, in use, no permission): `why` says so in one line. */
enum status link_server_open(struct link *link, const char *endpoint,
    link_on_bytes *on_bytes, void *self, struct link_server **server, char *why,
    size_t why_size) MUST_CHECK;
void link_server_close(struct link_server *server);
/* OK: queued.  ABSENT: the peer is gone.  BUSY: its queue is full; both: the answer is lost
 * and the asker will repeat. */
enum status link_server_send(struct link_server *server, const struct link_peer *peer,
    const void *bytes, size_t length) MUST_CHECK;

struct link_client;
enum status link_client_open(struct link *link, const char *endpoint,
    link_on_bytes *on_bytes, void *self, struct link_client **client, char *why,
    size_t why_size) MUST_CHECK;
void link_client_close(struct link_client *client);
/* OK: queued; BUSY: the queue to the server is full or it is not there. */
enum status link_client_send(
    struct link_client *client, const void *bytes, size_t length) MUST_CHECK;

/* ---- work ---- */

struct link_upstream;
/* What was handed over, and under which lease. */
struct link_lost {
	struct text item;
	uint32_t attempt;
};
/* A worker is gone for sure (its connection or heartbeat ended, or it said hello anew): the
 * items it had and had not finished, oldest first, may be given back. */
typedef void link_on_lost(
    void *self, const char *service, const struct link_lost *items, size_t count);

enum status link_upstream_open(struct link *link, const char *endpoint,
    link_on_lost *on_lost, void *self, struct link_upstream **upstream, char *why,
    size_t why_size) MUST_CHECK;
void link_upstream_close(struct link_upstream *upstream);
/* Free places in all windows: 0 means there is nobody to hand work to. */
unsigned link_upstream_credit(const struct link_upstream *upstream);
/* Takes one place before the transition that leases the item is sent, so that a lease is
 * never made without somebody to take it; false: none free.  Give it back with release, or
 * use it with send. */
bool link_upstream_reserve(struct link_upstream *upstream) MUST_CHECK;
void link_upstream_release(struct link_upstream *upstream);
/* Hands over `work` (kind MESSAGE_work; the epoch is filled in) using a reserved place.
 * OK; UNAVAILABLE: the workers left meanwhile, and the caller gives the item back. */
enum status link_upstream_send(
    struct link_upstream *upstream, struct message *work) MUST_CHECK;

struct link_worker;
/* Work arrived; the handler must see to it that link_worker_finished is called once for it,
 * whatever came of it.  `work` is valid during the call. */
typedef void link_on_work(void *self, const struct message *work, unsigned upstream);

/* `endpoints` is a comma separated list, at most 16; `window` the places in each. */
enum status link_worker_open(struct link *link, const char *endpoints,
    const char *service, unsigned window, link_on_work *on_work, void *self,
    struct link_worker **worker, char *why, size_t why_size) MUST_CHECK;
/* Says drain to every upstream; work that still arrives is delivered. */
void link_worker_drain(struct link_worker *worker);
void link_worker_close(struct link_worker *worker);
/* One item of that upstream and epoch is off this worker's hands. */
void link_worker_finished(struct link_worker *worker, unsigned upstream, uint32_t epoch);
/* While paused no credit is given back, so that the windows run dry. */
void link_worker_pause(struct link_worker *worker, bool is_paused);
/* Items taken and not finished. */
size_t link_worker_held(const struct link_worker *worker);

#endif
