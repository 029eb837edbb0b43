/* SPDX-License-Identifier: Apache-2.0
 * Server-sent events and other answers in chunks. */
#include "common/http_private.h"

enum status
http_stream_begin(struct http_request **owned, const char *content_type)
{
	const struct http_field fields[] = {
		{ "Content-Type", content_type },
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Accel-Buffering", "no" }, /* nginx would collect events otherwise */
		{ "Connection", "close" },     /* so nothing can follow: see on_input */
		{ NULL, NULL },
	};
	struct http_request *request = *owned;
	struct http_guard *guard = request->guard;

	if (guard == NULL ||
	    evhttp_request_get_command(request->raw) == EVHTTP_REQ_HEAD ||
	    !http_add_fields(request->raw, fields)) {
		http_answer(owned, 200, content_type, NULL, TEXT_ABSENT);
		return STATUS_UNAVAILABLE;
	}
	guard->state = HTTP_STREAMING;
	evhttp_send_reply_start(request->raw, 200, http_phrase(200));
	http_count(200);
	return STATUS_OK;
}

enum status
http_stream_start(struct http_request **owned)
{
	return http_stream_begin(owned, "text/event-stream");
}

/* "data: one\ndata: two\n" */
static void
put_lines(struct evbuffer *event, const char *name, struct text lines)
{
	size_t at = 0;

	for (bool is_last = false; !is_last;) {
		size_t end = at;

		while (
		    end < lines.length && lines.at[end] != '\n' && lines.at[end] != '\r')
			end++;
		evbuffer_add_printf(event, "%s: ", name);
		evbuffer_add(event, lines.at + at, end - at);
		evbuffer_add(event, "\n", 1);
		is_last = end == lines.length;
		at = end + 1;
		if (!is_last && lines.at[end] == '\r' && at < lines.length &&
		    lines.at[at] == '\n')
			at++;
	}
}

/* Sends what is written so far and an empty line, which ends the event; frees it. */
static enum status
push(struct http_request *request, struct evbuffer *event)
{
	struct http_guard *guard = request->guard;
	enum status status = STATUS_UNAVAILABLE;
	size_t waiting;

	if (guard == NULL || guard->is_doomed)
		goto out;
	waiting = evbuffer_get_length(bufferevent_get_output(guard->bufferevent));
	if (evbuffer_add(event, "\n", 1) != 0 ||
	    waiting + evbuffer_get_length(event) > HTTP_STREAM_MOST_BYTES) {
		http_guard_doom(guard);
		goto out;
	}
	evhttp_send_reply_chunk(request->raw, event);
	status = STATUS_OK;
out:
	evbuffer_free(event);
	return status;
}

static bool
is_one_line(const char *text)
{
	return text == NULL || strpbrk(text, "\r\n") == NULL;
}

enum status
http_stream_send(
    struct http_request *request, const char *id, const char *event, struct text data)
{
	struct evbuffer *lines;

	if (!is_one_line(id) || !is_one_line(event))
		return STATUS_INVALID;
	lines = evbuffer_new();
	if (lines == NULL)
		return STATUS_NO_MEMORY;
	if (id)
		put_lines(lines, "id", text_of(id));
	if (event)
		put_lines(lines, "event", text_of(event));
	if (data.at)
		put_lines(lines, "data", data);
	return push(request, lines);
}

enum status
http_stream_comment(struct http_request *request, const char *comment)
{
	struct evbuffer *lines = evbuffer_new();

	if (lines == NULL)
		return STATUS_NO_MEMORY;
	put_lines(lines, "", text_of(comment));
	return push(request, lines);
}

static void
on_drained(struct evhttp_connection *connection, void *self)
{
	struct http_request *request = self;

	(void)connection;
	request->drained(request, request->drained_ctx);
}

enum status
http_stream_write(
    struct http_request *request, struct text bytes, http_drained *drained, void *ctx)
{
	struct http_guard *guard = request->guard;
	struct evbuffer *piece;

	if (guard == NULL || guard->is_doomed)
		return STATUS_UNAVAILABLE;
	piece = evbuffer_new();
	if (piece == NULL || evbuffer_add(piece, bytes.at, bytes.length) != 0) {
		if (piece != NULL)
			evbuffer_free(piece);
		return STATUS_NO_MEMORY;
	}
	request->drained = drained;
	request->drained_ctx = ctx;
	evhttp_send_reply_chunk_with_cb(request->raw, piece, on_drained, request);
	evbuffer_free(piece);
	return STATUS_OK;
}

void
http_stream_abort(struct http_request *request)
{
	if (request->guard != NULL)
		http_guard_doom(request->guard);
}

void
http_stream_close(struct http_request **owned)
{
	struct http_request *request = *owned;
	struct http_guard *guard = request->guard;
	struct evhttp_request *raw = request->raw;

	*owned = NULL;
	http_request_free(request);
	if (guard) {
		guard->request = NULL;
		evhttp_send_reply_end(raw);
	}
}
