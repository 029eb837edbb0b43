/* SPDX-License-Identifier: Apache-2.0
 * gateway: wires itself to its clients, intake, the matcher and Redis. */
#include "services/gateway/gateway.h"

static struct config config;
static struct service service;
static struct gateway gateway;

int
main(int argc, char **argv)
{
	char http[HTTP_ADDRESS_BYTES];
	int exit_code = config_main(argc, argv, "gateway",
	    "HTTP for operators, agencies and partner systems", &config);

	if (exit_code >= 0)
		return exit_code;
	service_open(&service, &config);
	service_join_redis(&service);
	service_open_archive(&service);
	gateway_open(&gateway, &service);
	service.self = &gateway;
	service.on_drain = gateway_drain;
	service.is_idle = gateway_is_idle;
	http_server_address(gateway.http, http);
	service_ready(&service, http);
	exit_code = service_run(&service);
	gateway_close(&gateway);
	service_close(&service);
	return exit_code;
}
