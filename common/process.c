/* SPDX-License-Identifier: Apache-2.0
 * Start, memory and CPU time of this process. */
#include "common/process.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double
seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Clock ticks from boot to the start; 0: unknown. */
static unsigned long long
start_ticks(void)
{
	static const char FIELD_22[] =
	    " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
	    "%*s %*s %*s %*s %*s %*s %llu";
	FILE *file = fopen("/proc/self/stat", "re");
	char line[1024] = "";
	unsigned long long ticks = 0;
	const char *after_name;

	if (file == NULL)
		return 0;
	if (fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	fclose(file);
	/* The name, field 2, may hold anything but ends at the last bracket. */
	after_name = strrchr(line, ')');
	if (after_name == NULL || sscanf(after_name + 1, FIELD_22, &ticks) != 1)
		return 0;
	return ticks;
}

double
process_started_at(void)
{
	static double started_at;
	unsigned long long ticks = started_at > 0 ? 0 : start_ticks();

	if (ticks > 0)
		started_at = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) +
		             (double)ticks / (double)sysconf(_SC_CLK_TCK);
	return started_at;
}

double
process_resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

double
process_cpu_seconds(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
