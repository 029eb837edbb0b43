/* SPDX-License-Identifier: Apache-2.0
 * Who is the primary, as the sentinels say.
 *
 * Each failover has a higher epoch, so of differing answers that of the highest epoch is right,
 * and one that is behind, as a sentinel is that was just started again, moves nobody.  The
 * sentinel that leads a failover names the new primary first.  ROLE, and the WAIT behind what
 * is written, show where even that was too old. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/store_finder.h"

#define ASK_EVERY_MS ((int64_t)1000)
/* Whoever doubts for so long believes lower epochs too: the sentinels were made anew. */
#define BELIEVE_MS ((int64_t)10000)

void
endpoint_read(struct endpoint *endpoint, struct text text)
{
	unsigned char binary[sizeof(struct in6_addr)];
	char *host = endpoint->host;
	char *colon, *end;
	long port;

	*endpoint = (struct endpoint){ 0 };
	(void)text_copy(text, endpoint->text, sizeof endpoint->text);
	(void)text_copy(text, host, sizeof endpoint->host);
	colon = strrchr(host, ':');
	if (colon == NULL)
		return;
	port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535)
		return;
	*colon = '\0';
	if (host[0] == '[' && colon > host && colon[-1] == ']') {
		colon[-1] = '\0';
		memmove(host, host + 1, strlen(host + 1) + 1);
	}
	if (inet_pton(AF_INET, host, binary) == 1 ||
	    inet_pton(AF_INET6, host, binary) == 1)
		endpoint->port = (int)port;
	else
		(void)text_copy(text, host, sizeof endpoint->host);
}

void
endpoint_join(struct endpoint *endpoint, struct text host, struct text port)
{
	char text[ENDPOINT_BYTES] = "";
	bool is_6 = host.length > 0 && memchr(host.at, ':', host.length) != NULL;

	if (host.at != NULL && port.at != NULL)
		(void)snprintf(text, sizeof text, is_6 ? "[%.*s]:%.*s" : "%.*s:%.*s",
		    (int)host.length, host.at, (int)port.length, port.at);
	endpoint_read(endpoint, text_of(text));
}

const struct store_value *
finder_member(const struct store_value *pairs, const char *name)
{
	for (size_t i = 0; i + 1 < store_count(pairs); i += 2)
		if (text_is(store_text(store_at(pairs, i)), name))
			return store_at(pairs, i + 1);
	return NULL;
}

static void
move(struct finder *finder, const struct endpoint *to)
{
	struct store *store = finder->store;

	log_event(LOG_INFO, "redis_primary", LOG_STRING("address", to->text),
	    LOG_STRING("before", store->primary.text),
	    LOG_NUMBER("epoch", finder->epoch));
	if (store->primary.text[0] != '\0')
		metrics_add(METRIC_redis_moves_total, NULL, 1);
	store->primary = *to;
	for (struct connection *c = store->connections; c != NULL; c = c->next)
		if (c->use != USE_SENTINEL)
			connection_move(c);
}

/* [ "127.0.0.1", "6379" ], or nil: the sentinel knows no such name. */
static void
on_address(void *ctx, enum status status, const struct store_value *value)
{
	struct sentinel *sentinel = ctx;
	struct finder *finder = sentinel->finder;
	struct endpoint said;

	if (finder->store->is_ended || status != STATUS_OK)
		return;
	endpoint_join(
	    &said, store_text(store_at(value, 0)), store_text(store_at(value, 1)));
	if (said.port == 0)
		return;
	if (finder->is_in_doubt && clock_mono_ms() > finder->doubts_since + BELIEVE_MS) {
		finder->doubts_since = clock_mono_ms();
		finder->epoch = NO_EPOCH;
	}
	if (sentinel->epoch <= finder->epoch)
		return;
	finder->epoch = sentinel->epoch;
	if (strcmp(said.text, finder->store->primary.text) != 0)
		move(finder, &said);
}

static void
on_epoch(void *ctx, enum status status, const struct store_value *value)
{
	struct sentinel *sentinel = ctx;

	sentinel->epoch = NO_EPOCH;
	if (status == STATUS_OK && !sentinel->finder->store->is_ended)
		sentinel->epoch =
		    store_integer(finder_member(value, "config-epoch"), NO_EPOCH);
}

/* The epoch first: of a failover that comes between the two the address alone would be
 * noticed, which waits for the next time, and never the epoch with the former address. */
static void
ask(struct finder *finder)
{
	const struct text state[] = { LITERAL("SENTINEL"), LITERAL("MASTER"),
		text_of(finder->name) };
	const struct text address[] = { LITERAL("SENTINEL"),
		LITERAL("GET-MASTER-ADDR-BY-NAME"), text_of(finder->name) };

	for (unsigned i = 0; i < finder->count; i++) {
		struct sentinel *sentinel = &finder->list[i];
		struct connection *connection = sentinel->connection;

		if (connection->phase == PHASE_UP && connection->flight.count == 0 &&
		    connection_call(connection, 3, state, on_epoch, sentinel) ==
		        STATUS_OK)
			(void)!connection_call(
			    connection, 3, address, on_address, sentinel);
	}
	finder->ask_at =
	    clock_mono_ms() + (finder->is_in_doubt ? ASK_IN_DOUBT_MS : ASK_EVERY_MS);
}

static void
tick(void *self)
{
	struct finder *finder = self;
	struct store *store = finder->store;
	int64_t now = clock_mono_ms();
	int64_t next;

	store_hold(store);
	next = confirm_tick(finder, now);
	if (!store->is_ended && now >= finder->ask_at)
		ask(finder);
	if (!store->is_ended)
		loop_timer_set(
		    finder->timer, (next < finder->ask_at ? next : finder->ask_at) - now);
	store_release(store);
}

void
finder_doubt(struct finder *finder)
{
	if (finder == NULL || finder->is_in_doubt || finder->store->is_ended)
		return;
	finder->is_in_doubt = true;
	finder->doubts_since = clock_mono_ms();
	finder->ask_at = 0;
	loop_timer_set(finder->timer, 0);
}

void
finder_trust(struct finder *finder)
{
	if (finder != NULL)
		finder->is_in_doubt = false;
}

static bool
add_sentinel(struct finder *finder, struct text address)
{
	struct sentinel *sentinel = &finder->list[finder->count];

	sentinel->finder = finder;
	endpoint_read(&sentinel->endpoint, address);
	if (sentinel->endpoint.port == 0)
		return false;
	sentinel->connection = connection_new(
	    finder->store, USE_SENTINEL, &sentinel->endpoint, &finder->words);
	finder->count += sentinel->connection != NULL;
	return sentinel->connection != NULL;
}

static bool
add_sentinels(struct finder *finder, const char *rest)
{
	for (rest += strspn(rest, ", "); *rest != '\0'; rest += strspn(rest, ", ")) {
		size_t length = strcspn(rest, ", ");

		if (finder->count == SENTINELS_MOST ||
		    !add_sentinel(finder, (struct text){ rest, (uint32_t)length }))
			return false;
		rest += length;
	}
	return true;
}

bool
finder_open(struct store *store, const struct store_options *options)
{
	struct finder *finder = calloc(1, sizeof(*finder));

	if (finder == NULL)
		return false;
	store->finder = finder;
	finder->store = store;
	finder->is_in_doubt = true;
	finder->epoch = NO_EPOCH;
	finder->name = strdup(options->primary);
	finder->timer = loop_timer_new(store->loop, tick, finder);
	if (finder->name == NULL || finder->timer == NULL ||
	    !greeting_begin(&finder->words, options->password, false, NULL) ||
	    !add_sentinels(finder, options->sentinels) ||
	    (store->replicas > 0 && !confirm_open(finder)))
		return false;
	loop_timer_set(finder->timer, 0);
	return true;
}

void
finder_stop(struct finder *finder)
{
	if (finder != NULL && finder->timer != NULL)
		loop_timer_set(finder->timer, -1);
}

void
finder_free(struct finder *finder)
{
	if (finder == NULL)
		return;
	if (finder->timer != NULL)
		loop_timer_free(finder->timer);
	greeting_free(&finder->words);
	free(finder->name);
	free(finder);
}
