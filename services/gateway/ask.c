/* SPDX-License-Identifier: Apache-2.0
 * Questions and commands to other services, and their replies. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/gateway/gateway.h"

#define ASK_AGAIN_MS 2000
#define ASK_MOST_MS 10000
#define TICK_MS 250

/* One question until its reply. */
struct asking {
	UT_hash_handle hh;
	uint64_t id;
	struct call *call;
	ask_reply *on_reply;
	bool is_command;
	int64_t began_ms, sent_ms; /* sent_ms 0: to be sent */
	size_t length;
	uint8_t bytes[];
};

/* Nobody is there: with the connection, what was on its way is lost too.  At the next tick. */
static void
send_all_again(struct gateway *gateway, bool are_commands)
{
	struct asking *asking, *next;

	HASH_ITER(hh, gateway->askings, asking, next)
	if (asking->is_command == are_commands)
		asking->sent_ms = 0;
}

static void
send_asking(struct gateway *gateway, struct asking *asking)
{
	struct link_client *client =
	    asking->is_command ? gateway->intake : gateway->matcher;

	if (link_client_send(client, asking->bytes, asking->length) == STATUS_OK)
		asking->sent_ms = clock_mono_ms();
	else
		send_all_again(gateway, asking->is_command);
}

void
ask(struct call *call, bool is_command, ask_reply *on_reply)
{
	struct gateway *gateway = call->gateway;
	struct asking *asking;
	char id[24];
	size_t length = 0;
	enum status status;

	(void)snprintf(id, sizeof id, "%" PRIu64, ++gateway->last_ask);
	gateway->out->id = text_of(id);
	gateway->out->trace = http_trace(call->request);
	status = message_encode(
	    gateway->out, gateway->buffer, sizeof gateway->buffer, &length);
	if (status != STATUS_OK) {
		call_fail(call, status);
		return;
	}
	asking = malloc(sizeof *asking + length);
	if (asking == NULL) {
		call_fail(call, STATUS_NO_MEMORY);
		return;
	}
	*asking = (struct asking){ .id = gateway->last_ask,
		.call = call,
		.on_reply = on_reply,
		.is_command = is_command,
		.began_ms = clock_mono_ms(),
		.length = length };
	memcpy(asking->bytes, gateway->buffer, length);
	HASH_ADD(hh, gateway->askings, id, sizeof asking->id, asking);
	send_asking(gateway, asking);
}

static void
settle(struct gateway *gateway, struct asking *asking, const struct message *reply)
{
	HASH_DEL(gateway->askings, asking);
	seal_wipe(asking->bytes, asking->length); /* commands hold personal data */
	if (reply == NULL)
		call_fail(asking->call, STATUS_UNAVAILABLE);
	else
		asking->on_reply(asking->call, reply);
	free(asking);
}

static void
on_bytes(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct gateway *gateway = self;
	struct defects defects = { .count = 0 };
	struct asking *asking = NULL;
	char text[24];
	uint64_t id;

	(void)peer;
	if (message_decode(gateway->answered, gateway->in, bytes, length, &defects) !=
	        STATUS_OK ||
	    !text_copy(gateway->in->id, text, sizeof text)) {
		metrics_add(METRIC_message_refused_total, "reply", 1);
		return;
	}
	id = strtoull(text, NULL, 10);
	HASH_FIND(hh, gateway->askings, &id, sizeof id, asking);
	if (asking != NULL) /* else: the answer to one that was sent twice, or given up */
		settle(gateway, asking, gateway->in);
}

static void
tick(void *self)
{
	struct gateway *gateway = self;
	int64_t now_ms = clock_mono_ms();
	struct asking *asking, *next;

	HASH_ITER(hh, gateway->askings, asking, next)
	{
		if (now_ms - asking->began_ms > ASK_MOST_MS)
			settle(gateway, asking, NULL);
		else if (now_ms - asking->sent_ms > ASK_AGAIN_MS)
			send_asking(gateway, asking);
	}
}

void
ask_open(struct gateway *gateway)
{
	const struct config *config = gateway->service->config;
	char why[256];

	if (link_client_open(gateway->service->link, config->gateway_intake, on_bytes,
	        gateway, &gateway->intake, why, sizeof why) != STATUS_OK)
		log_die("gateway.intake: %s", why);
	if (link_client_open(gateway->service->link, config->gateway_matcher, on_bytes,
	        gateway, &gateway->matcher, why, sizeof why) != STATUS_OK)
		log_die("gateway.matcher: %s", why);
	gateway->ask_timer = loop_every(gateway->service->loop, TICK_MS, tick, gateway);
	if (gateway->ask_timer == NULL)
		log_die("out of memory");
}

void
ask_close(struct gateway *gateway)
{
	while (gateway->askings != NULL) {
		assert(gateway->askings->hh.prev == NULL);
		settle(gateway, gateway->askings, NULL);
	}
	loop_timer_free(gateway->ask_timer);
	link_client_close(gateway->intake);
	link_client_close(gateway->matcher);
}
