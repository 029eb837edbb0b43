/* SPDX-License-Identifier: Apache-2.0
 * What the measuring programs share: time, arguments, and messages that are made once and
 * differ from one use to the next in their ids only. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

__attribute__((noreturn, format(printf, 1, 2))) static inline void
bench_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static inline int64_t
bench_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* CPU time of this thread: what others do on the machine does not count. */
static inline int64_t
bench_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Seconds of CPU of this program so far, libzmq's threads included. */
static inline double
bench_cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* A whole number from 1 to 10,000,000, or the end of the program. */
static inline unsigned
bench_number(const char *argument)
{
	char *end;
	unsigned long number = strtoul(argument, &end, 10);

	if (*end != '\0' || number < 1 || number > 10000000)
		bench_die("not a number from 1 to 10000000: %s", argument);
	return (unsigned)number;
}

/* The whole file and a NUL behind it; malloc'd. */
static inline char *
bench_read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	long size = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size >= 0)
		bytes = malloc((size_t)size + 1);
	if (bytes == NULL || fseek(file, 0, SEEK_SET) != 0 ||
	    fread(bytes, 1, (size_t)size, file) != (size_t)size)
		bench_die("cannot read %s", path);
	fclose(file);
	bytes[size] = '\0';
	*length = (size_t)size;
	return bytes;
}

/* The same sequence in every run (splitmix64). */
static inline uint64_t
bench_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline int
bench_compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

/* Sorts, and gives the value that `share` of all do not exceed. */
static inline int64_t
bench_quantile(int64_t *values, size_t count, double share)
{
	qsort(values, count, sizeof *values, bench_compare);
	return values[(size_t)((double)(count - 1) * share)];
}

/* ---- stamps ---- */

#define STAMP_BYTES 8192
#define STAMP_PLACES 16

/* One thing in a message that differs from use to use: always of the same length. */
struct stamp_mark {
	uint32_t places[STAMP_PLACES];
	uint32_t count, length;
};

/* Finds every place where `text` stands in the message; ends the program where there is none
 * or too many. */
static inline void
stamp_find(struct stamp_mark *mark, const char *bytes, size_t length, const char *text,
    size_t text_length)
{
	const char *from = bytes, *found;

	mark->count = 0;
	mark->length = (uint32_t)text_length;
	while ((found = memmem(
	            from, (size_t)(bytes + length - from), text, text_length)) != NULL) {
		if (mark->count == STAMP_PLACES)
			bench_die("%.*s stands too often", (int)text_length, text);
		mark->places[mark->count++] = (uint32_t)(found - bytes);
		from = found + text_length;
	}
	if (mark->count == 0)
		bench_die("%.*s is not in the message", (int)text_length, text);
}

/* Writes `text`, as long as the mark, over every place. */
static inline void
stamp_put(const struct stamp_mark *mark, char *bytes, const char *text)
{
	for (uint32_t i = 0; i < mark->count; i++)
		memcpy(bytes + mark->places[i], text, mark->length);
}

#endif
