/* SPDX-License-Identifier: Apache-2.0
 * notifier: wires itself to Redis, the matchers and the agencies. */
#include "services/notifier/notifier.h"

static struct config config;
static struct service service;
static struct notifier notifier;

int
main(int argc, char **argv)
{
	int exit_code = config_main(
	    argc, argv, "notifier", "tells agencies and watches the clocks", &config);

	if (exit_code >= 0)
		return exit_code;
	service_open(&service, &config);
	service_join_redis(&service);
	service_open_archive(&service);
	notifier_open(&notifier, &service);
	service.self = &notifier;
	service.on_drain = notifier_drain;
	service.is_idle = notifier_is_idle;
	notifier_start(&notifier);
	service_ready(&service, NULL);
	exit_code = service_run(&service);
	notifier_close(&notifier);
	service_close(&service);
	return exit_code;
}
