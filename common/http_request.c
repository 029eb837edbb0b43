/* SPDX-License-Identifier: Apache-2.0
 * A request: what a handler may ask of it, and what becomes of it when the client leaves.
 */
#include <assert.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

#include "common/http_private.h"

struct http_request *
http_request_new(struct http_guard *guard, struct evhttp_request *raw)
{
	const char *uri = evhttp_request_get_uri(raw);
	size_t length = strlen(uri);
	struct http_request *request = calloc(1, sizeof *request + length + 1);

	if (request == NULL)
		return NULL;
	request->guard = guard;
	request->raw = raw;
	memcpy(request->target_bytes, uri, length + 1);
	request->target_fault =
	    http_target_read(&request->target, request->target_bytes, length);
	guard->request = request;
	return request;
}

void
http_request_free(struct http_request *request)
{
	if (request->guard == NULL)
		evhttp_request_free(request->raw);
	free(request);
}

void
http_request_lost(struct http_request *request)
{
	/* evhttp lets go of a request whose client leaves before the answer */
	assert(evhttp_request_get_connection(request->raw) == NULL);
	request->guard = NULL;
	if (request->gone)
		request->gone(request, request->gone_ctx);
}

void
http_on_gone(struct http_request *request, http_gone *gone, void *ctx)
{
	request->gone = gone;
	request->gone_ctx = ctx;
}

const char *
http_method(const struct http_request *request)
{
	switch ((int)evhttp_request_get_command(request->raw)) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "OPTIONS"; /* the filter lets no other pass */
	}
}

const char *
http_route_path(const struct http_request *request)
{
	return request->route->path;
}

const void *
http_tag(const struct http_request *request)
{
	return request->route->tag;
}

struct text
http_path(const struct http_request *request, const char *name)
{
	return http_target_segment(&request->target, request->route->path, name);
}

struct text
http_query(const struct http_request *request, const char *name)
{
	return http_target_parameter(&request->target, name);
}

struct text
http_query_other(const struct http_request *request, const char *const *names)
{
	const struct http_target *target = &request->target;

	for (uint32_t i = 0; i < target->parameter_count; i++) {
		const char *const *name = names;

		while (*name != NULL && !text_is(target->parameters[i].name, *name))
			name++;
		if (*name == NULL)
			return target->parameters[i].name;
	}
	return TEXT_ABSENT;
}

struct text
http_header(const struct http_request *request, const char *name)
{
	return text_of(
	    evhttp_find_header(evhttp_request_get_input_headers(request->raw), name));
}

struct text
http_body(const struct http_request *request)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request->raw);
	size_t length = evbuffer_get_length(body);
	const char *bytes = (const char *)evbuffer_pullup(body, -1);

	return (struct text){ bytes ? bytes : "", bytes ? (uint32_t)length : 0 };
}

struct text
http_trace(const struct http_request *request)
{
	struct evkeyvalq *fields = evhttp_request_get_input_headers(request->raw);
	struct text trace = TEXT_ABSENT;

	struct evkeyval *field;

	TAILQ_FOREACH(field, fields, next)
	{
		if (strcasecmp(field->key, "traceparent") != 0)
			continue;
		if (trace.at) /* two of them: neither can be trusted */
			return TEXT_ABSENT;
		trace = text_of(field->value);
	}
	return trace.at && http_trace_is_valid(trace) ? trace : TEXT_ABSENT;
}
