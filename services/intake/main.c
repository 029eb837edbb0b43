/* SPDX-License-Identifier: Apache-2.0
 * intake: wires itself to Redis, its clients and the matchers. */
#include "services/intake/intake.h"

static struct config config;
static struct service service;
static struct intake_service intake;

int
main(int argc, char **argv)
{
	int exit_code =
	    config_main(argc, argv, "intake", "accepts what changes a case", &config);

	if (exit_code >= 0)
		return exit_code;
	service_open(&service, &config);
	service_join_redis(&service);
	service_open_archive(&service);
	intake_open(&intake, &service);
	service.self = &intake;
	service.on_drain = intake_drain;
	service.is_idle = intake_is_idle;
	service.on_second = intake_second;
	service_ready(&service, NULL);
	exit_code = service_run(&service);
	intake_close(&intake);
	service_close(&service);
	return exit_code;
}
