/* SPDX-License-Identifier: Apache-2.0
 * Server-sent events: the journal as it grows, from where a client left off. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "services/gateway/gateway.h"

#define READ_EVERY_MS 100
#define PAGE 500
/* Proxies and clients give up on a silent connection; a comment keeps it. */
#define HEARTBEAT_MS 15000

/* One client. */
struct stream {
	struct gateway *gateway;
	struct http_request *request; /* NULL: free */
	char last[48];                /* the id of what it has, while it catches up */
	bool is_catching_up;
	bool is_gone;
	int64_t beat_ms;
};

static void
stream_end(struct stream *stream)
{
	struct gateway *gateway = stream->gateway;

	http_stream_close(&stream->request);
	stream->request = NULL;
	gateway->streams_count--;
}

static void
on_stream_gone(struct http_request *request, void *ctx)
{
	struct stream *stream = ctx;

	(void)request;
	/* A read for it may be under way: it is ended when that comes back, or by the timer. */
	stream->is_gone = true;
}

/* Only the last event of a journal line bears its id: a client that is cut off between two
 * gets both again. */
static void
send_line(struct stream *stream, const struct transition *line, bool is_last)
{
	char id[48];
	size_t length = 0;
	char *json = json_write(&record_transition, line, MASK_ALL, &length);

	if (json != NULL && text_copy(line->id, id, sizeof id) && !stream->is_gone)
		stream->is_gone =
		    http_stream_send(stream->request, is_last ? id : NULL, "transition",
		        (struct text){ json, (uint32_t)length }) == STATUS_UNAVAILABLE;
	free(json);
	stream->beat_ms = clock_mono_ms();
}

static void
send_reset(struct stream *stream)
{
	stream->is_gone = http_stream_send(stream->request, NULL, "reset",
	                      LITERAL("{}")) == STATUS_UNAVAILABLE;
}

/* ---- catching up ---- */

static void catch_up(struct stream *stream);

static void
on_old_line(void *ctx, struct text case_id, const struct transition *line, bool is_last)
{
	struct stream *stream = ctx;

	(void)case_id;
	if (is_last)
		(void)text_copy(line->id, stream->last, sizeof stream->last);
	send_line(stream, line, is_last);
}

static void
on_old_done(void *ctx, const struct case_result *result)
{
	struct stream *stream = ctx;

	if (stream->is_gone || result->status != STATUS_OK)
		stream_end(stream);
	else if (result->count > 0)
		catch_up(stream);
	else
		stream->is_catching_up = false;
}

static void
catch_up(struct stream *stream)
{
	stream->is_catching_up = true;
	if (cases_journal(stream->gateway->service->cases, text_of(stream->last), PAGE,
	        on_old_line, on_old_done, stream) != STATUS_OK)
		stream_end(stream);
}

/* ---- the journal as it grows ---- */

/* Whether journal line `id` is older than `other`; false where one of them is none. */
static bool
is_before(struct text id, struct text other)
{
	unsigned long long ms[2] = { 0, 0 }, number[2] = { 0, 0 };
	char texts[2][48];

	if (id.length == 0 || other.length == 0 ||
	    !text_copy(id, texts[0], sizeof texts[0]) ||
	    !text_copy(other, texts[1], sizeof texts[1]))
		return false;
	(void)sscanf(texts[0], "%llu-%llu", &ms[0], &number[0]);
	(void)sscanf(texts[1], "%llu-%llu", &ms[1], &number[1]);
	return ms[0] < ms[1] || (ms[0] == ms[1] && number[0] < number[1]);
}

/* Whether a stream that caught up has the line already. */
static bool
has_line(const struct stream *stream, struct text id)
{
	return stream->last[0] != '\0' && !is_before(text_of(stream->last), id);
}

static void
on_new_line(void *ctx, struct text case_id, const struct transition *line, bool is_last)
{
	struct gateway *gateway = ctx;

	(void)case_id;
	(void)text_copy(line->id, gateway->last_event, sizeof gateway->last_event);
	for (unsigned i = 0; i < GATEWAY_STREAMS_MAX; i++)
		if (gateway->streams[i].request != NULL &&
		    !gateway->streams[i].is_catching_up &&
		    !has_line(&gateway->streams[i], line->id))
			send_line(&gateway->streams[i], line, is_last);
}

static void
on_new_done(void *ctx, const struct case_result *result)
{
	struct gateway *gateway = ctx;

	(void)result;
	gateway->is_reading_events = false;
}

static void
tend_streams(struct gateway *gateway, int64_t now_ms)
{
	for (unsigned i = 0; i < GATEWAY_STREAMS_MAX; i++) {
		struct stream *stream = &gateway->streams[i];

		if (stream->request == NULL || stream->is_catching_up)
			continue;
		if (!stream->is_gone && now_ms - stream->beat_ms > HEARTBEAT_MS) {
			stream->beat_ms = now_ms;
			stream->is_gone = http_stream_comment(stream->request, "alive") ==
			                  STATUS_UNAVAILABLE;
		}
		if (stream->is_gone)
			stream_end(stream);
	}
}

static void
tick(void *self)
{
	struct gateway *gateway = self;

	tend_streams(gateway, clock_mono_ms());
	if (gateway->is_reading_events)
		return;
	gateway->is_reading_events =
	    cases_journal(gateway->service->cases, text_of(gateway->last_event), PAGE,
	        on_new_line, on_new_done, gateway) == STATUS_OK;
}

/* ---- opening ---- */

/* Journal ids are "MILLISECONDS-NUMBER". */
static bool
is_event_id(struct text id)
{
	bool has_dash = false;

	for (uint32_t i = 0; i < id.length; i++) {
		if (id.at[i] == '-' && i > 0 && !has_dash)
			has_dash = true;
		else if (id.at[i] < '0' || id.at[i] > '9')
			return false;
	}
	return id.length > 0 && id.length < 40;
}

/* Lines after the one that a client has may have gone to the archive: it cannot go on there. */
static void
on_oldest_line(void *ctx, enum status status, struct text oldest)
{
	struct stream *stream = ctx;

	if (stream->is_gone || status != STATUS_OK) {
		stream_end(stream);
		return;
	}
	if (!is_before(text_of(stream->last), oldest)) {
		catch_up(stream);
		return;
	}
	send_reset(stream);
	stream->last[0] = '\0';
	stream->is_catching_up = false;
}

static void
resume(struct stream *stream)
{
	stream->is_catching_up = true;
	if (cases_oldest_line(stream->gateway->service->cases, on_oldest_line, stream) !=
	    STATUS_OK)
		stream_end(stream);
}

static struct stream *
stream_take(struct gateway *gateway)
{
	for (unsigned i = 0; i < GATEWAY_STREAMS_MAX; i++)
		if (gateway->streams[i].request == NULL) {
			gateway->streams[i] = (struct stream){ .gateway = gateway,
				.beat_ms = clock_mono_ms() };
			return &gateway->streams[i];
		}
	return NULL;
}

void
on_get_events(struct call *call)
{
	struct gateway *gateway = call->gateway;
	struct text after = http_header(call->request, "Last-Event-ID");
	struct stream *stream = stream_take(gateway);
	struct http_request *request = call->request;

	if (stream == NULL) {
		call_fail(call, STATUS_BUSY);
		return;
	}
	bool is_resumed = after.at != NULL && is_event_id(after);
	bool must_reset = after.at != NULL && !is_resumed;

	if (is_resumed)
		(void)text_copy(after, stream->last, sizeof stream->last);
	free(call);
	if (http_stream_start(&request) != STATUS_OK)
		return;
	stream->request = request;
	http_on_gone(request, on_stream_gone, stream);
	gateway->streams_count++;
	if (must_reset)
		send_reset(stream);
	if (is_resumed)
		resume(stream);
}

void
events_open(struct gateway *gateway)
{
	gateway->streams = calloc(GATEWAY_STREAMS_MAX, sizeof *gateway->streams);
	gateway->event_timer =
	    loop_every(gateway->service->loop, READ_EVERY_MS, tick, gateway);
	if (gateway->streams == NULL || gateway->event_timer == NULL)
		log_die("out of memory");
	(void)snprintf(gateway->last_event, sizeof gateway->last_event, "%lld-0",
	    (long long)clock_wall_ms());
}

void
events_close(struct gateway *gateway)
{
	if (gateway->streams == NULL)
		return;
	for (unsigned i = 0; i < GATEWAY_STREAMS_MAX; i++)
		if (gateway->streams[i].request != NULL)
			http_stream_close(&gateway->streams[i].request);
	gateway->streams_count = 0;
}
