/* SPDX-License-Identifier: Apache-2.0
 * Files that are looked at in place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "deploy/referralctl/import_file.h"

#define LARGE_BYTES ((size_t)64 << 20)

static char path[64];
static struct import_file file;

static int
make_path(void **state)
{
	int made;

	(void)state;
	strcpy(path, "/tmp/import_file_test.XXXXXX");
	made = mkstemp(path);
	close(made);
	return made < 0;
}

static int
remove_path(void **state)
{
	(void)state;
	import_file_close(&file);
	unlink(path);
	return 0;
}

static void
write_file(const char *bytes, size_t length)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

static void
a_file_is_seen_whole(void **state)
{
	(void)state;
	write_file("[1]", 3);
	assert_int_equal(import_file_open(&file, path), STATUS_OK);
	assert_int_equal(file.length, 3);
	assert_memory_equal(file.bytes, "[1]", 3);
}

static void
an_empty_file_is_empty(void **state)
{
	(void)state;
	assert_int_equal(import_file_open(&file, path), STATUS_OK);
	assert_int_equal(file.length, 0);
	assert_non_null(file.bytes);
}

static void
errno_says_why_there_is_none(void **state)
{
	(void)state;
	unlink(path);
	assert_int_equal(import_file_open(&file, path), STATUS_ABSENT);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(import_file_open(&file, "/tmp"), STATUS_ABSENT);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(import_file_open(&file, "/dev/zero"), STATUS_ABSENT);
	assert_int_equal(errno, EINVAL);
}

static void
a_pipe_is_copied_until_it_ends(void **state)
{
	static char bytes[200000];
	int status;
	pid_t writer;

	(void)state;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	memset(bytes, 'x', sizeof bytes);
	writer = fork();
	if (writer == 0) {
		FILE *out = fopen(path, "we");

		_exit(fwrite(bytes, 1, sizeof bytes, out) != sizeof bytes ||
		      fclose(out) != 0);
	}
	assert_int_equal(import_file_open(&file, path), STATUS_OK);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	assert_int_equal(file.length, sizeof bytes);
	assert_memory_equal(file.bytes, bytes, sizeof bytes);
}

/* Of the mapping at `bytes`, in kilobytes. */
static long
resident_kb(const char *bytes)
{
	char line[256], wanted[32];
	bool is_ours = false;
	long size = -1;
	FILE *maps = fopen("/proc/self/smaps", "re");

	assert_non_null(maps);
	snprintf(wanted, sizeof wanted, "%lx-", (unsigned long)bytes);
	while (size < 0 && fgets(line, sizeof line, maps) != NULL) {
		if (strncmp(line, wanted, strlen(wanted)) == 0)
			is_ours = true;
		if (is_ours)
			(void)sscanf(line, "Rss: %ld", &size);
	}
	fclose(maps);
	return size;
}

static void
what_was_passed_over_takes_no_memory(void **state)
{
	volatile unsigned sum = 0;
	long most = 0;

	(void)state;
	assert_int_equal(truncate(path, LARGE_BYTES), 0);
	assert_int_equal(import_file_open(&file, path), STATUS_OK);
	for (size_t at = 0; at < file.length; at += 4096) {
		sum += (unsigned char)file.bytes[at];
		import_file_pass(&file, file.bytes + at);
		if (at % (4 << 20) == 0 && resident_kb(file.bytes) > most)
			most = resident_kb(file.bytes);
	}
	assert_int_equal(sum, 0);
	assert_in_range(most, 1, 24 << 10);
	assert_int_equal(file.bytes[0], 0); /* it can still be looked at */
}

static void
a_file_that_becomes_shorter_ends_the_program_with_a_word(void **state)
{
	int status, lines[2];
	char said[200] = "";
	pid_t reader;

	(void)state;
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(pipe(lines), 0);
	reader = fork();
	if (reader == 0) {
		dup2(lines[1], STDERR_FILENO);
		if (import_file_open(&file, path) != STATUS_OK || truncate(path, 0) != 0)
			_exit(9);
		_exit(file.bytes[(1 << 20) - 1]);
	}
	close(lines[1]);
	assert_true(read(lines[0], said, sizeof said - 1) > 0);
	close(lines[0]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
	assert_non_null(strstr(said, "became shorter"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_seen_whole),
		TEST(an_empty_file_is_empty),
		TEST(errno_says_why_there_is_none),
		TEST(a_pipe_is_copied_until_it_ends),
		TEST(what_was_passed_over_takes_no_memory),
		TEST(a_file_that_becomes_shorter_ends_the_program_with_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
