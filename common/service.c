/* SPDX-License-Identifier: Apache-2.0
 * Opens, watches and ends what every process has. */
#include "common/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/archive.h"
#include "common/clock.h"
#include "common/library.h"
#include "common/log.h"
#include "common/metrics.h"

#define DRAIN_MS 10000
#define JOIN_MS 30000
#define STORE_MOST_BYTES (64u << 20)

static void
answer_metrics(struct http_request *request, void *ctx)
{
	size_t length = 0;
	char *text = metrics_write(&length);

	(void)ctx;
	http_answer(&request, text != NULL ? 200 : 503, "text/plain; version=0.0.4", NULL,
	    (struct text){ text != NULL ? text : "", (uint32_t)length });
	free(text);
}

static void
answer_health(struct http_request *request, void *ctx)
{
	(void)ctx;
	http_answer(&request, 200, "text/plain", NULL, LITERAL("alive\n"));
}

static void
answer_ready(struct http_request *request, void *ctx)
{
	struct service *service = ctx;
	int64_t wanted = service->config->redis_replicas;
	unsigned in_sync = store_replicas(service->store);
	bool is_ready = service->is_ready && !service->is_draining &&
	                store_is_connected(service->store) &&
	                (wanted == 0 || in_sync > 0);
	char text[96];

	if (in_sync < wanted)
		(void)snprintf(text, sizeof text, "%s: %u of %d replicas in sync\n",
		    is_ready ? "ready, degraded" : "not ready", in_sync, (int)wanted);
	else
		(void)snprintf(text, sizeof text, is_ready ? "ready\n" : "not ready\n");
	http_answer(&request, is_ready ? 200 : 503, "text/plain", NULL, text_of(text));
}

static const struct http_route OPS_ROUTES[] = {
	{ "GET", "/metrics", answer_metrics, NULL },
	{ "GET", "/healthz", answer_health, NULL },
	{ "GET", "/readyz", answer_ready, NULL },
	{ NULL, NULL, NULL, NULL },
};

static void
on_stop(void *self)
{
	struct service *service = self;

	if (service->is_draining)
		return;
	service->is_draining = true;
	service->drain_until_ms = clock_mono_ms() + DRAIN_MS;
	metrics_set(METRIC_mode, "open", 0);
	metrics_set(METRIC_mode, "draining", 1);
	log_event(LOG_INFO, "draining", LOG_NUMBER("pid", getpid()));
	if (service->on_drain != NULL)
		service->on_drain(service->self);
}

static void
stop_when_idle(void *self)
{
	struct service *service = self;
	bool is_idle;

	if (!service->is_draining)
		return;
	is_idle = service->is_idle == NULL || service->is_idle(service->self);
	if ((is_idle && store_waiting_count(service->store) == 0) ||
	    clock_mono_ms() > service->drain_until_ms)
		loop_stop(service->loop);
}

static void
each_second(void *self)
{
	struct service *service = self;

	metrics_set(METRIC_redis_connected, NULL, store_is_connected(service->store));
	if (service->on_second != NULL)
		service->on_second(service->self);
}

static void
open_store(struct service *service)
{
	const struct config *config = service->config;
	char password[STORE_PASSWORD_MOST + 1] = "";
	const struct store_options options = {
		.socket_path = config->redis_socket,
		.connections = (unsigned)config->redis_connections,
		.timeout_ms = config->redis_timeout,
		.stall_ms = config->redis_timeout / 2,
		.most_bytes = STORE_MOST_BYTES,
		.name = config->name,
		.password = password,
		.sentinels = config->redis_sentinels,
		.primary = config->redis_primary,
		.replicas = (unsigned)config->redis_replicas,
	};

	if (config->redis_password[0] != '\0' &&
	    !store_password(config->redis_password, password))
		log_die("redis.password: cannot read %s", config->redis_password);
	service->store = store_open(service->loop, &options);
	explicit_bzero(password, sizeof password);
	if (service->store == NULL)
		log_die("out of memory, or redis.sentinels is no list of HOST:PORT");
	service->cases = cases_open(service->store, config->redis_cell);
	if (service->cases == NULL)
		log_die("out of memory");
}

void
service_open(struct service *service, const struct config *config)
{
	enum status status;
	char why[256];

	*service = (struct service){ .config = config };
	log_open(config->name, log_level_of(text_of(config->log_level)));
	service->loop = loop_new();
	if (service->loop == NULL)
		log_die("out of memory");
	service->link = link_new(service->loop);
	if (service->link == NULL)
		log_die("out of memory");
	status = link_keys_open(service->link, config->keys_dir, why, sizeof why);
	if (status != STATUS_OK && status != STATUS_ABSENT)
		log_die("%s", why);
	if (!loop_on_stop_signal(service->loop, on_stop, service))
		log_die("out of memory");
	open_store(service);
	if (http_serve(service->loop, config->ops_http, NULL, OPS_ROUTES, service,
	        &service->ops, why, sizeof why) != STATUS_OK)
		log_die("ops.http: %s", why);
	metrics_set(METRIC_mode, "open", 1);
	service->watch = loop_every(service->loop, 20, stop_when_idle, service);
	if (service->watch == NULL ||
	    loop_every(service->loop, 1000, each_second, service) == NULL)
		log_die("out of memory");
}

void
service_join_redis(struct service *service)
{
	int64_t until_ms = clock_mono_ms() + JOIN_MS;
	enum status status;

	while ((status = library_load(service->store)) != STATUS_OK) {
		if (service->is_draining)
			exit(EXIT_SUCCESS);
		if (clock_mono_ms() > until_ms)
			log_die("redis.socket: %s: %s", service->config->redis_socket,
			    status_about(status));
	}
	if (library_keep(service->store) != STATUS_OK)
		log_die("out of memory");
}

void
service_open_archive(struct service *service)
{
	char why[256];

	if (archive_open(service->config->archive_path, &service->archive, why,
	        sizeof why) != STATUS_OK)
		log_die("archive.path: %s", why);
	cases_attach(service->cases, service->archive);
}

struct seal *
service_key(const struct service *service, const char *name)
{
	struct seal *seal = NULL;
	char path[320], why[256];
	enum status status;

	(void)snprintf(path, sizeof path, "%s/%s.key", service->config->keys_dir, name);
	status = seal_open(path, &seal, why, sizeof why);
	if (status == STATUS_ABSENT)
		log_die("keys.dir: no key file %s", path);
	if (status != STATUS_OK)
		log_die("keys.dir: %s", why);
	return seal;
}

void
service_ready(struct service *service, const char *http)
{
	const char *name = service->config->name;
	char path[128], fresh[136], ops[HTTP_ADDRESS_BYTES];
	FILE *out;

	http_server_address(service->ops, ops);
	(void)snprintf(path, sizeof path, "run/%s.json", name);
	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	out = fopen(fresh, "w");
	if (out == NULL)
		log_die("cannot write %s in the working directory", fresh);
	fprintf(out, "{\"name\":\"%s\",\"pid\":%d,\"metrics\":\"http://%s\"", name,
	    (int)getpid(), ops);
	if (http != NULL)
		fprintf(out, ",\"http\":\"http://%s\"", http);
	fputs("}\n", out);
	if (fclose(out) != 0 || rename(fresh, path) != 0)
		log_die("cannot write %s", path);
	service->is_ready = true;
	log_event(
	    LOG_INFO, "ready", LOG_NUMBER("pid", getpid()), LOG_STRING("metrics", ops));
}

int
service_run(struct service *service)
{
	enum status status = loop_run(service->loop);

	store_end(service->store); /* while the handlers of its calls are there */
	log_event(LOG_INFO, "stopped", LOG_STRING("status", status_code(status)));
	return status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

void
service_close(struct service *service)
{
	http_server_close(service->ops);
	cases_close(service->cases);
	store_close(service->store);
	archive_close(service->archive);
	link_free(service->link);
	loop_free(service->loop);
}
