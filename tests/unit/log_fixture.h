/* SPDX-License-Identifier: Apache-2.0
 * Catches what is logged. */
#ifndef TESTS_UNIT_LOG_FIXTURE_H
#define TESTS_UNIT_LOG_FIXTURE_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define NOON INT64_C(1795176000000) /* 2026-11-20T12:00:00Z */

static FILE *captured;
static int kept_stderr;

/* From here to end_capture, standard error goes into a file. */
static inline void
begin_capture(void)
{
	captured = tmpfile();
	assert_non_null(captured);
	kept_stderr = dup(STDERR_FILENO);
	dup2(fileno(captured), STDERR_FILENO);
}

static inline char *
end_capture(size_t *length)
{
	char *bytes = NULL;
	long size;

	fflush(stderr);
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	fseek(captured, 0, SEEK_END);
	size = ftell(captured);
	rewind(captured);
	bytes = calloc(1, (size_t)size + 1);
	assert_non_null(bytes);
	*length = fread(bytes, 1, (size_t)size, captured);
	fclose(captured);
	return bytes;
}

/* The only line that was written, parsed. */
static inline json_t *
only_line(void)
{
	size_t length;
	char *bytes = end_capture(&length);
	json_error_t error;
	json_t *line = json_loads(bytes, JSON_REJECT_DUPLICATES, &error);

	if (line == NULL)
		fail_msg("%s: %s", error.text, bytes);
	assert_ptr_equal(strchr(bytes, '\n'), bytes + length - 1);
	free(bytes);
	return line;
}

static inline unsigned
count_lines(const char *bytes)
{
	unsigned count = 0;

	for (; *bytes != '\0'; bytes++)
		count += *bytes == '\n';
	return count;
}

static inline void
check_member(json_t *line, const char *key, const char *expected)
{
	assert_string_equal(json_string_value(json_object_get(line, key)), expected);
}

static inline int
set_up(void **state)
{
	static int64_t hour;

	(void)state;
	clock_set(NOON + hour++ * 3600000); /* no test inherits another one's rate */
	log_open("matcher.1", LOG_INFO);
	return 0;
}

#define LOG_TEST(test) cmocka_unit_test_setup(test, set_up)

#endif
