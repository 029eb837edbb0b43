/* SPDX-License-Identifier: Apache-2.0
 * Closes the entrance before Redis' memory or disk runs out; what drains goes on. */
#include <math.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "common/log.h"
#include "common/metrics.h"
#include "services/intake/intake.h"

/* Of a large disk a share is more than anybody needs to act in time. */
#define DISK_KEPT_MOST_BYTES (10.0 * (1 << 30))

static void
look_at_entrance(struct intake_service *intake)
{
	struct pressure *pressure = &intake->pressure;
	bool is_full = pressure->is_memory_full || pressure->is_disk_full;

	if (is_full == intake->is_full)
		return;
	intake->is_full = is_full;
	metrics_set(METRIC_mode, "busy", is_full);
	log_event(LOG_WARN, is_full ? "entrance_closed" : "entrance_open",
	    LOG_NUMBER("memory_used_bytes", pressure->memory_used),
	    LOG_NUMBER("memory_most_bytes", pressure->memory_most),
	    LOG_NUMBER("disk_free_bytes", pressure->disk_free),
	    LOG_NUMBER("disk_bytes", pressure->disk_total));
}

/* ---- memory ---- */

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
	struct pressure *pressure = &intake->pressure;

	if (status != STATUS_OK)
		return;
	pressure->memory_most = info_number(store_text(value), "maxmemory:");
	pressure->memory_used = info_number(store_text(value), "used_memory:");
	pressure->is_memory_full =
	    pressure->memory_most > 0 &&
	    pressure->memory_used * 100 >
	        pressure->memory_most *
	            (double)intake->service->config->limits_memory_share;
	if (pressure->memory_most > 0)
		metrics_set(METRIC_redis_memory_ratio, NULL,
		    pressure->memory_used / pressure->memory_most);
	else
		metrics_clear(METRIC_redis_memory_ratio, NULL);
	look_at_entrance(intake);
}

/* ---- disk ---- */

/* Measured even while Redis is down: with a full disk it is. */
static void
look_at_disk(struct intake_service *intake)
{
	struct pressure *pressure = &intake->pressure;
	struct statvfs disk;

	if (pressure->folder[0] == '\0' || statvfs(pressure->folder, &disk) != 0 ||
	    disk.f_blocks == 0)
		return;
	pressure->disk_free = (double)disk.f_bavail * (double)disk.f_frsize;
	pressure->disk_total = (double)disk.f_blocks * (double)disk.f_frsize;
	pressure->disk_kept = fmin(DISK_KEPT_MOST_BYTES,
	    pressure->disk_total * (double)intake->service->config->limits_disk_share /
	        100);
	pressure->is_disk_full = pressure->disk_free < pressure->disk_kept;
	metrics_set(METRIC_redis_disk_free_ratio, NULL,
	    pressure->disk_free / pressure->disk_total);
	look_at_entrance(intake);
}

static void
on_set(void *ctx, enum status status, const struct store_value *value)
{
	(void)ctx, (void)status, (void)value; /* the next look sees what became of it */
}

/* A rewrite of the append-only file writes all data once more before it frees anything.  Where
 * that would use up what is kept free it is not begun; memory is the most that it can need. */
static void
steer_rewrites(struct intake_service *intake, struct text percentage)
{
	const struct pressure *pressure = &intake->pressure;
	bool has_room = pressure->disk_free - pressure->memory_used > pressure->disk_kept;
	struct text wanted = has_room ? LITERAL("100") : LITERAL("0");
	const struct text set[] = { LITERAL("CONFIG"), LITERAL("SET"),
		LITERAL("auto-aof-rewrite-percentage"), wanted };

	if (pressure->disk_total == 0 || text_is(percentage, wanted.at))
		return;
	log_event(LOG_WARN, has_room ? "rewrites_on" : "rewrites_off",
	    LOG_NUMBER("disk_free_bytes", pressure->disk_free));
	(void)!store_call(
	    intake->service->store, LITERAL("config"), 4, set, on_set, NULL);
}

static void
on_settings(void *ctx, enum status status, const struct store_value *value)
{
	struct intake_service *intake = ctx;
	struct text percentage = TEXT_ABSENT;

	if (status != STATUS_OK)
		return;
	for (size_t i = 0; i + 1 < store_count(value); i += 2) {
		struct text name = store_text(store_at(value, i));
		struct text setting = store_text(store_at(value, i + 1));

		if (text_is(name, "dir"))
			(void)text_copy(setting, intake->pressure.folder,
			    sizeof intake->pressure.folder);
		else
			percentage = setting;
	}
	look_at_disk(intake);
	steer_rewrites(intake, percentage);
}

/* Another machine's disk cannot be looked at from here. */
static bool
is_local(const char *address)
{
	return strchr(address, ':') == NULL || strncmp(address, "127.", 4) == 0;
}

void
pressure_look(struct intake_service *intake)
{
	static const struct text INFO[] = { LITERAL("INFO"), LITERAL("memory") };
	static const struct text SETTINGS[] = { LITERAL("CONFIG"), LITERAL("GET"),
		LITERAL("dir"), LITERAL("auto-aof-rewrite-percentage") };
	struct store *store = intake->service->store;

	look_at_disk(intake);
	(void)!store_call(store, LITERAL("info"), 2, INFO, on_memory, intake);
	if (is_local(intake->service->config->redis_socket))
		(void)!store_call(
		    store, LITERAL("info"), 4, SETTINGS, on_settings, intake);
}
