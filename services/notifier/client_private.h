/* SPDX-License-Identifier: Apache-2.0
 * What client.c, client_guard.c and client_outcome.c share; nobody else includes it. */
#ifndef NOTIFIER_CLIENT_PRIVATE_H
#define NOTIFIER_CLIENT_PRIVATE_H

#include <curl/curl.h>

#include "services/notifier/client.h"

/* One POST.  Places and their curl handles are used again. */
struct attempt {
	struct client *client;
	CURL *easy; /* made on first use */
	struct curl_slist *headers;
	channel_done *done; /* NULL: not under way */
	void *ctx;
	size_t head_bytes, body_bytes; /* of the answer */
	bool has_refused;              /* an address the guard forbids */
	bool has_opened;               /* a socket to another one */
	struct attempt *next_free;
};

struct client {
	struct loop *loop;
	struct loop_timer *timer;
	CURLM *multi;
	struct client_settings settings;
	struct attempt attempts[CLIENT_UNDER_WAY_MOST];
	struct attempt *free;
	size_t under_way_count;
	bool is_settling;
	bool is_closing;
};

/* Opens the socket of an attempt (`self`), unless its address may not be reached. */
curl_socket_t client_open_socket(
    void *self, curlsocktype purpose, struct curl_sockaddr *address);

/* What a finished attempt came to: curl's failure, or the receiver's answer. */
struct channel_outcome client_outcome_of_failure(
    const struct attempt *attempt, CURLcode code);
struct channel_outcome client_outcome_of_answer(const struct attempt *attempt);

#endif
