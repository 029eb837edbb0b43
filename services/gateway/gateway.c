/* SPDX-License-Identifier: Apache-2.0
 * Routes requests: who is it, may they, which handler. */
#include "services/gateway/gateway.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/metrics.h"

struct api_route {
	api_handler *handler;
	const char *who; /* "" is everybody, without a token */
};

static const struct api_route API[] = {
#define ROUTE(method, path, handler, who, about) { handler, who },
#include "services/gateway/api.def"
};

static void on_request(struct http_request *request, void *ctx);

static const struct http_route ROUTES[] = {
#define ROUTE(method, path, handler, who, about) { method, path, on_request, NULL },
#include "services/gateway/api.def"
	{ NULL, NULL, NULL, NULL },
};

/* The tags point into API, which a constant initialiser of ROUTES cannot count up to. */
static struct http_route routes[sizeof ROUTES / sizeof ROUTES[0]];

/* ---- answers ---- */

static void
count_code(int code)
{
	char text[8];

	(void)snprintf(text, sizeof text, "%d", code);
	metrics_add(METRIC_http_requests_total, text, 1);
}

void
call_end(struct call *call)
{
	if (call->release != NULL)
		call->release(call->held);
	free(call);
}

void
call_answer(struct call *call, int code, const struct http_field *fields, char *json,
    size_t length)
{
	count_code(code);
	http_answer(&call->request, code, "application/json", fields,
	    (struct text){ json != NULL ? json : "", (uint32_t)length });
	free(json);
	call_end(call);
}

/* Answers with problem details, malloc'd; NULL: out of memory. */
static void
refuse(struct call *call, enum status status, char *json, size_t length,
    uint32_t retry_after_ms)
{
	struct http_field fields[3] = { { NULL, NULL } };
	char seconds[16];
	int at = 0;

	if (retry_after_ms != UINT_ABSENT) {
		(void)snprintf(
		    seconds, sizeof seconds, "%u", (retry_after_ms + 999) / 1000);
		fields[at++] = (struct http_field){ "Retry-After", seconds };
	}
	if (status == STATUS_UNAUTHORIZED)
		fields[at++] = (struct http_field){ "WWW-Authenticate", "Bearer" };
	fields[at] = (struct http_field){ NULL, NULL };
	count_code(status_http(status));
	http_answer(&call->request, status_http(status), "application/problem+json",
	    fields, (struct text){ json != NULL ? json : "", (uint32_t)length });
	free(json);
	call_end(call);
}

void
call_refuse(struct call *call, enum status status, const struct defects *defects,
    struct text state, uint32_t version, uint32_t retry_after_ms)
{
	size_t length = 0;
	char *json;

	if (call->broken != NULL) {
		call->broken(call);
		return;
	}
	json = json_problem(status, defects, state, version, &length);
	refuse(call, status, json, length, retry_after_ms);
}

void
call_refuse_with(struct call *call, enum status status, const struct defects *defects,
    const struct record *record, const void *values)
{
	size_t length = 0, more_length = 0;
	char *json = json_problem(status, defects, TEXT_ABSENT, UINT_ABSENT, &length);
	char *more = json_write(record, values, MASK_ALL, &more_length);
	char *both = NULL;
	int written = json != NULL && more != NULL
	                  ? asprintf(&both, "%.*s,%s", (int)length - 1, json, more + 1)
	                  : -1;

	free(json);
	free(more);
	refuse(call, status, written < 0 ? NULL : both, written < 0 ? 0 : (size_t)written,
	    UINT_ABSENT);
}

void
call_fail(struct call *call, enum status status)
{
	uint32_t retry_after_ms =
	    status == STATUS_BUSY || status == STATUS_UNAVAILABLE ? 1000 : UINT_ABSENT;

	call_refuse(call, status, NULL, TEXT_ABSENT, UINT_ABSENT, retry_after_ms);
}

/* ---- requests ---- */

/* The open directory may be open to who says nobody; a wrong token is wrong there too. */
static bool
is_open(const struct gateway *gateway, const struct http_request *request)
{
	const char *path = http_route_path(request);

	return gateway->service->config->gateway_hsds_public &&
	       http_header(request, "Authorization").at == NULL &&
	       (strncmp(path, "/hsds/", 6) == 0 || strncmp(path, "/oruk/", 6) == 0);
}

static void
on_request(struct http_request *request, void *ctx)
{
	struct gateway *gateway = ctx;
	const struct api_route *route = http_tag(request);
	struct call *call = calloc(1, sizeof *call);
	const struct account *account;

	if (call == NULL) {
		http_problem(&request, 503, NULL, NULL, NULL, NULL);
		return;
	}
	call->gateway = gateway;
	call->request = request;
	if (route->who[0] == '\0') {
		route->handler(call);
		return;
	}
	account = accounts_find(gateway, http_header(request, "Authorization"));
	if (account == NULL && is_open(gateway, request)) {
		route->handler(call);
		return;
	}
	if (account == NULL) {
		call_fail(call, STATUS_UNAUTHORIZED);
		return;
	}
	call->account = *account;
	if (!role_is_in(account->role, route->who))
		call_fail(call, STATUS_FORBIDDEN);
	else
		route->handler(call);
}

/* ---- opening and closing ---- */

static void
open_memory(struct gateway *gateway)
{
	gateway->directory = directory_open(gateway->service->store,
	    gateway->service->config->redis_cell, DIRECTORY_SERVICES);
	gateway->reader = facts_reader_new();
	gateway->arena = json_arena_new();
	gateway->answered = decoder_new();
	gateway->stored = decoder_new();
	gateway->in = malloc(sizeof *gateway->in);
	gateway->out = malloc(sizeof *gateway->out);
	if (!gateway->directory || !gateway->reader || !gateway->arena ||
	    !gateway->answered || !gateway->stored || !gateway->in || !gateway->out)
		log_die("out of memory");
}

void
gateway_open(struct gateway *gateway, struct service *service)
{
	const struct config *config = service->config;
	const struct http_limits limits = { .body_bytes = (size_t)config->limits_body };
	char why[256];

	gateway->service = service;
	gateway->identity_keys = service_key(service, "identity");
	gateway->routing_keys = service_key(service, "routing");
	gateway->index_keys = service_key(service, "index");
	gateway->notify_keys = service_key(service, "notify");
	open_memory(gateway);
	ask_open(gateway);
	accounts_open(gateway);
	events_open(gateway);
	memcpy(routes, ROUTES, sizeof routes);
	for (size_t i = 0; i < sizeof API / sizeof API[0]; i++)
		routes[i].tag = &API[i];
	if (http_serve(service->loop, config->gateway_http, &limits, routes, gateway,
	        &gateway->http, why, sizeof why) != STATUS_OK)
		log_die("gateway.http: %s", why);
}

void
gateway_close(struct gateway *gateway)
{
	events_close(gateway);
	ask_close(gateway);
	http_server_close(gateway->http);
	directory_close(gateway->directory);
	facts_reader_free(gateway->reader);
	json_arena_free(gateway->arena);
	decoder_free(gateway->answered);
	decoder_free(gateway->stored);
	free(gateway->in);
	free(gateway->out);
	free(gateway->accounts);
	free(gateway->fresh_accounts);
	seal_close(gateway->identity_keys);
	seal_close(gateway->routing_keys);
	seal_close(gateway->index_keys);
	seal_close(gateway->notify_keys);
}

void
gateway_drain(void *self)
{
	struct gateway *gateway = self;

	events_close(gateway);
	http_server_drain(gateway->http);
}

bool
gateway_is_idle(void *self)
{
	const struct gateway *gateway = self;

	return http_server_connections(gateway->http) == 0;
}
