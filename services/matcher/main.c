/* SPDX-License-Identifier: Apache-2.0
 * matcher: wires itself to Redis, intakes, notifiers and the gateway. */
#include "services/matcher/matcher.h"

static struct config config;
static struct service service;
static struct matcher matcher;

int
main(int argc, char **argv)
{
	int exit_code =
	    config_main(argc, argv, "matcher", "finds the service for a need", &config);

	if (exit_code >= 0)
		return exit_code;
	service_open(&service, &config);
	service_join_redis(&service);
	matcher_open(&matcher, &service);
	service.self = &matcher;
	service.on_drain = matcher_drain;
	service.is_idle = matcher_is_idle;
	service.on_second = matcher_second;
	exit_code = service_run(&service);
	matcher_close(&matcher);
	service_close(&service);
	return exit_code;
}
