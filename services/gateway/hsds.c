/* SPDX-License-Identifier: Apache-2.0
 * The open directory: what it is, and which entities are read. */
#include "services/gateway/hsds.h"

#include <stdio.h>
#include <stdlib.h>

#define OPENAPI "/api/v1/openapi.json"

void
on_hsds_about(struct call *call)
{
	bool is_uk = strncmp(http_route_path(call->request), "/oruk/", 6) == 0;
	char *json = NULL;
	int length = asprintf(&json,
	    "{\"version\":\"%s\",\"profile\":\"%s\",\"openapi_url\":\"%s" OPENAPI "\"}",
	    is_uk ? "HSDS-UK-3.0" : "3.1.1",
	    is_uk ? "https://docs.openreferraluk.org/en/latest/"
	          : "https://docs.openreferral.org/en/3.1/",
	    call->gateway->service->config->notifier_public_url);

	if (length < 0)
		call_fail(call, STATUS_NO_MEMORY);
	else
		call_answer(call, 200, NULL, json, (size_t)length);
}

static void
read_and_run(struct call *call)
{
	struct browse *browse = hsds_browse(call);

	if (browse != NULL && hsds_read_query(browse))
		hsds_run(browse);
}

void
on_hsds_list(struct call *call)
{
	read_and_run(call);
}

void
on_hsds_one(struct call *call)
{
	read_and_run(call);
}
