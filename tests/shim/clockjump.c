/* SPDX-License-Identifier: Apache-2.0
 * LD_PRELOAD: the wall clock of a program is off by as many microseconds as the first eight bytes
 * of the file $CLOCKJUMP/PROGRAM say at that moment.  Without that file at its start the clock is
 * right.  The monotonic clock is left alone, as a jump of the wall clock leaves it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

static const volatile int64_t *offset_us;

__attribute__((constructor)) static void
begin(void)
{
	const char *folder = getenv("CLOCKJUMP");
	char path[PATH_MAX];
	void *page;
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "",
	    program_invocation_short_name);
	fd = folder != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	page = mmap(NULL, sizeof *offset_us, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		abort(); /* the test would prove nothing */
	offset_us = page;
	(void)close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *at)
{
	static int (*real)(clockid_t, struct timespec *);
	int64_t us;
	int result;

	if (real == NULL) /* other libraries begin before this one */
		real = (int (*)(clockid_t, struct timespec *))dlsym(
		    RTLD_NEXT, "clock_gettime");
	result = real(clock, at);
	if (result != 0 || offset_us == NULL ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return result;
	us = at->tv_sec * SECOND + at->tv_nsec / 1000 + *offset_us;
	at->tv_sec = us / SECOND;
	at->tv_nsec = us % SECOND * 1000;
	return 0;
}

int
gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*at = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return 0;
}

time_t
time(time_t *at)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (at != NULL)
		*at = now.tv_sec;
	return now.tv_sec;
}
