/* SPDX-License-Identifier: Apache-2.0
 * Closes the entrance before Redis' memory runs out; what drains goes on. */
#include <stdlib.h>

#include "common/log.h"
#include "common/metrics.h"
#include "services/intake/intake.h"

/* A number of INFO: "NAME:123\r\n"; 0 where it is not there. */
static double
info_number(struct text info, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = info.at; at != NULL && at + length < info.at + info.length;
	     at = memchr(at, '\n', (size_t)(info.at + info.length - at))) {
		at += *at == '\n';
		if (at + length < info.at + info.length && memcmp(at, name, length) == 0)
			return strtod(at + length, NULL); /* the line ends in \r\n */
	}
	return 0;
}

static void
on_memory(void *ctx, enum status status, const struct store_value *value)
{
	struct intake_service *intake = ctx;
	double most = info_number(store_text(value), "maxmemory:");
	double used = info_number(store_text(value), "used_memory:");
	bool is_full =
	    status == STATUS_OK && most > 0 &&
	    used * 100 > most * (double)intake->service->config->limits_memory_share;

	if (status != STATUS_OK || is_full == intake->is_full)
		return;
	intake->is_full = is_full;
	metrics_set(METRIC_mode, "busy", is_full);
	log_event(LOG_WARN, is_full ? "entrance_closed" : "entrance_open",
	    LOG_NUMBER("used_bytes", used), LOG_NUMBER("most_bytes", most));
}

void
pressure_look(struct intake_service *intake)
{
	const struct text info[] = { LITERAL("INFO"), LITERAL("memory") };

	(void)!store_call(
	    intake->service->store, LITERAL("info"), 2, info, on_memory, intake);
}
