/* SPDX-License-Identifier: Apache-2.0
 * Answers and problem details. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http_private.h"
#include "common/log.h"
#include "common/metrics.h"

#define PROBLEM_TYPE "application/problem+json"

/* evhttp's own list ends at 417 and is a place off behind 305. */
static const struct {
	int code;
	const char *phrase;
} PHRASES[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *
http_phrase(int code)
{
	for (size_t i = 0; i < sizeof PHRASES / sizeof *PHRASES; i++)
		if (PHRASES[i].code == code)
			return PHRASES[i].phrase;
	return "Status";
}

void
http_count(int code)
{
	char label[12];

	snprintf(label, sizeof label, "%d", code);
	metrics_add(METRIC_http_requests_total, label, 1);
}

/* ---- fields ---- */

static bool
is_clean(const char *value)
{
	for (; *value; value++)
		if (iscntrl((unsigned char)*value) && *value != '\t')
			return false;
	return true;
}

bool
http_add_fields(struct evhttp_request *raw, const struct http_field *fields)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(raw);

	for (; fields && fields->name; fields++) {
		if (!is_clean(fields->name) || !is_clean(fields->value))
			return false;
		if (evhttp_find_header(headers, fields->name) == NULL &&
		    evhttp_add_header(headers, fields->name, fields->value) != 0)
			return false;
	}
	return true;
}

static bool
may_have_body(int code)
{
	return code >= 200 && code != 204 && code != 304;
}

static bool
fill(struct http_request *request, int code, const char *content_type,
    const struct http_field *fields, struct text body)
{
	static const struct http_field DEFAULTS[] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Cache-Control", "no-store" },
		{ NULL, NULL },
	};
	char length[16];
	const struct http_field content[] = {
		{ "Content-Length", length },
		{ content_type ? "Content-Type" : NULL, content_type },
		{ NULL, NULL },
	};
	bool is_head = evhttp_request_get_command(request->raw) == EVHTTP_REQ_HEAD;

	snprintf(length, sizeof length, "%u", (unsigned)body.length);
	if (!http_add_fields(request->raw, fields) ||
	    !http_add_fields(request->raw, DEFAULTS))
		return false;
	if (!may_have_body(code))
		return true;
	if (!http_add_fields(request->raw, content))
		return false;
	return is_head || body.length == 0 ||
	       evbuffer_add(evhttp_request_get_output_buffer(request->raw), body.at,
	           body.length) == 0;
}

/* The connection closes after this answer. */
static void
say_last(struct evhttp_request *raw)
{
	evhttp_add_header(evhttp_request_get_output_headers(raw), "Connection", "close");
}

void
http_answer(struct http_request **owned, int code, const char *content_type,
    const struct http_field *fields, struct text body)
{
	struct http_request *request = *owned;
	struct http_guard *guard = request->guard;
	struct evhttp_request *raw = request->raw;

	*owned = NULL;
	if (guard && !fill(request, code, content_type, fields, body)) {
		log_event(LOG_ERROR, "http_answer_unfit", LOG_NUMBER("code", code));
		code = 500;
		evhttp_clear_headers(evhttp_request_get_output_headers(raw));
		say_last(raw);
	}
	if (guard && guard->server->bound == NULL)
		say_last(raw);
	http_request_free(request);
	if (guard) {
		http_count(code);
		http_guard_send(guard, raw, code);
	}
}

/* ---- problem details ---- */

/* A JSON object without its closing brace; malloc'd, NULL: out of memory or not UTF-8. */
static char *
write_problem(int code, const char *type, const char *title, const char *detail)
{
	json_t *object = json_pack("{s:s, s:s, s:i, s:s*}", "type",
	    type ? type : "about:blank", "title", title ? title : http_phrase(code),
	    "status", code, "detail", detail);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (text)
		text[strlen(text) - 1] = '\0';
	return text;
}

void
http_problem(struct http_request **request, int code, const char *type, const char *title,
    const char *detail, const char *extra)
{
	char *problem = write_problem(code, type, title, detail);
	char *text = NULL;

	if (problem &&
	    asprintf(&text, "%s%s%s}", problem, extra ? "," : "", extra ? extra : "") < 0)
		text = NULL;
	http_answer(
	    request, code, PROBLEM_TYPE, NULL, text ? text_of(text) : LITERAL("{}"));
	free(problem);
	free(text);
}

void
http_write_refusal(struct evbuffer *output, int code, const char *why)
{
	char *problem = write_problem(code, NULL, NULL, why);
	const char *text = problem ? problem : "{";

	evbuffer_add_printf(output,
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: " PROBLEM_TYPE "\r\n"
	    "Content-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n"
	    "\r\n"
	    "%s}",
	    code, http_phrase(code), strlen(text) + 1, text);
	free(problem);
}
