/* SPDX-License-Identifier: Apache-2.0
 * POST to addresses that other people wrote, on the loop: libcurl's multi_socket.
 *
 * Guarded: only http and https; no redirects, proxies, cookies or stored passwords; TLS
 * certificates verified; one time limit from name resolution to the last byte of the
 * answer; what is answered is counted, bounded and dropped.  Which address may be reached
 * is decided when the socket is opened, after the name was resolved, so that no spelling
 * of an address and no change of a DNS answer gets around it. */
#ifndef NOTIFIER_CLIENT_H
#define NOTIFIER_CLIENT_H

#include "services/notifier/channel.h"

/* Requests under way; more are BUSY.  Eight hosts' worth of connections and a queue. */
#define CLIENT_UNDER_WAY_MOST 256
/* Connections to one host and port; further requests wait for one, within their time. */
#define CLIENT_PER_HOST_MOST 8
/* Idle connections kept for the next request. */
#define CLIENT_IDLE_MOST 64
#define CLIENT_URL_BYTES 2048
/* One "Name: value", with a NUL. */
#define CLIENT_HEADER_BYTES 512
/* What is read of an answer: a receiver needs a status line and a few fields. */
#define CLIENT_ANSWER_HEAD_MOST (32 * 1024)
#define CLIENT_ANSWER_BODY_MOST (64 * 1024)
/* A Retry-After of more is read as this. */
#define CLIENT_RETRY_AFTER_MOST_MS (7 * 24 * 3600 * INT64_C(1000))

/* What update-ca-certificates of Debian writes. */
#define CLIENT_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

struct client;
struct sockaddr;

struct client_settings {
	bool is_private_allowed; /* loopback and private networks may be reached */
	int64_t timeout_ms;      /* 1..2147483647, for one request, waiting included */
	const char *ca_file;     /* who is trusted, PEM; NULL: CLIENT_CA_FILE */
};

/* A request header field: no control bytes, CLIENT_HEADER_BYTES at most.  { NULL, NULL }
 * ends a list. */
struct client_header {
	const char *name;
	const char *value;
};

/* NULL: out of memory.  `settings` is copied; the text of ca_file must outlive the
 * client. */
struct client *client_open(struct loop *loop, const struct client_settings *settings);
/* Ends what is under way as UNAVAILABLE "closed", then frees; a post from those calls is
 * BUSY.  Not from inside a done.  Never waits for a name server.  Accepts NULL. */
void client_close(struct client *client);

/* Starts a POST; everything is copied.  OK: done will be called from the loop.
 * BUSY: CLIENT_UNDER_WAY_MOST are under way, or memory ran out.
 * INVALID: not an http or https URL, with a user name in it, or too long.
 *
 * The outcome: 2xx OK and delivered; 408, 425, 429 and 5xx UNAVAILABLE with their
 * Retry-After; other codes REFUSED.  An answer that did not come whole is UNAVAILABLE,
 * except that a body over the limit is cut off by us and its code counts.  A certificate
 * that does not prove the host, and an address that may not be reached, are REFUSED. */
enum status client_post(struct client *client, struct text url,
    const struct client_header *headers, struct text body, channel_done *done,
    void *ctx) MUST_CHECK;

size_t client_under_way(const struct client *client);

/* Whether an address may be reached: global unicast of IPv4 and IPv6.  With
 * `is_private_allowed` also loopback, private use (RFC 1918, RFC 4193) and carrier NAT.
 * Never: link-local (cloud metadata), multicast, reserved and documentation ranges, and
 * forms that hide an IPv4 address (mapped, NAT64, 6to4, Teredo). */
bool client_may_reach(const struct sockaddr *address, bool is_private_allowed);

#endif
