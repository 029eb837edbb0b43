/* SPDX-License-Identifier: Apache-2.0
 * Entities written page after page, as fast as the client takes them. */
#include <stdio.h>
#include <stdlib.h>

#include "services/gateway/hsds.h"

static void
stream_end(struct browse *browse)
{
	struct call *call = browse->call;

	if (call->request != NULL)
		http_stream_close(&call->request);
	call_end(call);
}

static void
on_gone(struct http_request *request, void *ctx)
{
	struct browse *browse = ctx;

	(void)request;
	browse->is_gone = true;
	if (browse->is_waiting) /* else: when what is under way comes back */
		stream_end(browse);
}

/* Something failed on the way: what was sent must not look whole. */
static void
on_broken(struct call *call)
{
	struct browse *browse = call->held;

	if (browse->is_gone) {
		stream_end(browse);
		return;
	}
	browse->is_waiting = true;
	http_stream_abort(call->request);
}

static void
on_drained(struct http_request *request, void *ctx)
{
	struct browse *browse = ctx;

	(void)request;
	hsds_nest_next(browse);
	if (hsds_turn_take(browse))
		hsds_go_on(browse);
}

void
hsds_go_on(struct browse *browse)
{
	browse->is_waiting = false;
	hsds_read_page(browse);
}

/* False: nobody is there to stream to, and the call is ended. */
static bool
stream_begin(struct browse *browse)
{
	struct call *call = browse->call;

	if (browse->is_begun)
		return true;
	if (http_stream_begin(&call->request,
	        browse->is_ndjson ? "application/x-ndjson" : "application/json") !=
	    STATUS_OK) {
		call_end(call);
		return false;
	}
	browse->is_begun = true;
	call->broken = on_broken;
	http_on_gone(call->request, on_gone, browse);
	return true;
}

static void
write_lines(struct browse *browse, FILE *out)
{
	if (browse->prefix != NULL)
		fputs(browse->prefix, out);
	free(browse->prefix);
	browse->prefix = NULL;
	for (unsigned i = 0; i < browse->count; i++) {
		struct browse_item *item = &browse->items[i];

		if (item->json == NULL)
			continue;
		if (browse->is_nested && browse->written > 0)
			fputc(',', out);
		fwrite(item->json, 1, item->length, out);
		if (!browse->is_nested)
			fputc('\n', out);
		browse->written++;
	}
	fputs(hsds_nest_end(browse), out);
}

void
hsds_write_stream(struct browse *browse)
{
	char *piece = NULL;
	size_t length = 0;
	FILE *out;
	enum status status = STATUS_NO_MEMORY;

	if (!stream_begin(browse))
		return;
	if (browse->is_gone) {
		stream_end(browse);
		return;
	}
	out = open_memstream(&piece, &length);
	if (out != NULL) {
		write_lines(browse, out);
		if (fclose(out) == 0)
			status = http_stream_write(browse->call->request,
			    (struct text){ piece, (uint32_t)length }, on_drained, browse);
	}
	free(piece);
	if (status != STATUS_OK)
		on_broken(browse->call);
	else if (!hsds_nest_goes_on(browse))
		stream_end(browse);
	else {
		browse->is_waiting = true;
		hsds_turn_give(browse);
	}
}
