/* SPDX-License-Identifier: Apache-2.0
 * What every process has: settings, loop, Redis, ZeroMQ, metrics and health, an orderly
 * end. */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include "common/cases.h"
#include "common/config.h"
#include "common/http.h"
#include "common/link.h"
#include "common/seal.h"

struct service {
	const struct config *config;
	struct loop *loop;
	struct link *link;
	struct store *store;
	struct cases *cases;
	struct archive *archive; /* NULL: service_open_archive was not called */
	struct http_server *ops; /* /metrics, /healthz, /readyz */
	struct loop_timer *watch;
	bool is_ready;
	bool is_draining;
	int64_t drain_until_ms;
	/* Set by the process before service_run; any may be NULL. */
	void *self;
	loop_call *on_drain;         /* stop taking work */
	bool (*is_idle)(void *self); /* whether nothing is under way any more */
	loop_call *on_second;        /* once a second: gauges */
};

/* Opens everything or ends the process with one line (log_die).  Keys are opened by
 * service_key. */
void service_open(struct service *service, const struct config *config);
/* Loads the function library and waits until Redis answers; dies after 30 s without. */
void service_join_redis(struct service *service);
/* Has cases read the archive too; dies where it cannot be opened. */
void service_open_archive(struct service *service);
/* The key file keys.dir/NAME.key; dies where it cannot be read. */
struct seal *service_key(const struct service *service, const char *name);
/* Says that the process serves: writes run/NAME.json with pid, the address of metrics,
 * and `http` where not NULL, in one rename. */
void service_ready(struct service *service, const char *http);
/* Runs until SIGTERM or SIGINT, then drains: on_drain, then at most 10 s until is_idle.
 */
int service_run(struct service *service);
void service_close(struct service *service);

#endif
