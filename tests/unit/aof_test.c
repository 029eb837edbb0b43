/* SPDX-License-Identifier: Apache-2.0
 * The end of an append-only file is cut back to the last whole transaction, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "deploy/referralctl/aof.h"

#define SELECT_DB "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"
/* A value may look like the end of a transaction. */
#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$14\r\n" EXEC "\r\n"
#define BEFORE SELECT_DB SET MULTI SET SET EXEC

static const char NEWEST[] = "appendonly.aof.2.incr.aof";

static void
write_file(const char *name, const char *bytes, size_t length)
{
	FILE *out = fopen(name, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(out);
}

static void
write_manifest(const char *text)
{
	write_file("appendonly.aof.manifest", text, strlen(text));
}

static long
size_of(const char *name)
{
	struct stat file;

	assert_int_equal(stat(name, &file), 0);
	return (long)file.st_size;
}

/* What becomes of so many bytes of `text`: `left` of them. */
static void
expect(const char *text, size_t length, enum status status, size_t left)
{
	write_file(NEWEST, text, length);
	assert_int_equal(aof_mend("."), status);
	assert_int_equal(size_of(NEWEST), left);
}

static int
enter_folder(void **state)
{
	static char folder[] = "/tmp/hearthline-aof-XXXXXX";

	*state = folder;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	write_manifest("file appendonly.aof.2.base.rdb seq 2 type b\n"
	               "file appendonly.aof.1.incr.aof seq 1 type h\n"
	               "file appendonly.aof.1.incr.aof seq 1 type i\n"
	               "file appendonly.aof.2.incr.aof seq 2 type i\n");
	return 0;
}

static int
leave_folder(void **state)
{
	(void)remove(NEWEST);
	(void)remove("appendonly.aof.1.incr.aof");
	(void)remove("appendonly.aof.manifest");
	return chdir("/") == 0 ? rmdir(*state) : -1;
}

static void
a_whole_file_is_left_as_it_is(void **state)
{
	(void)state;
	expect(BEFORE, strlen(BEFORE), STATUS_DUP, strlen(BEFORE));
	expect("", 0, STATUS_DUP, 0);
}

static void
whatever_byte_it_ends_at_what_is_left_is_whole(void **state)
{
	static const char all[] = BEFORE MULTI SET SET EXEC SET;
	const size_t ends[] = { 0, strlen(SELECT_DB), strlen(SELECT_DB SET),
		strlen(BEFORE), strlen(BEFORE MULTI SET SET EXEC), strlen(all) };
	size_t whole = 0;

	(void)state;
	for (size_t length = 0; length <= strlen(all); length++) {
		if (length == ends[whole + 1])
			whole++;
		expect(all, length, length == ends[whole] ? STATUS_DUP : STATUS_OK,
		    ends[whole]);
		if (whole + 1 == sizeof ends / sizeof *ends)
			break;
	}
}

static void
what_redis_does_not_write_is_left_to_redis(void **state)
{
	static const char *const DAMAGED[] = { "x", "*x\r\n", "*1\r\nx1\r\nA\r\n",
		"*1\r\n$99999999999999999999\r\nA\r\n", "\r\n" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof DAMAGED / sizeof *DAMAGED; i++) {
		(void)snprintf(text, sizeof text, "%s%s", BEFORE, DAMAGED[i]);
		expect(text, strlen(text), STATUS_DAMAGED, strlen(text));
	}
}

static void
only_the_newest_file_is_touched(void **state)
{
	(void)state;
	write_file("appendonly.aof.1.incr.aof", MULTI, strlen(MULTI));
	expect(MULTI, strlen(MULTI), STATUS_OK, 0);
	assert_int_equal(size_of("appendonly.aof.1.incr.aof"), strlen(MULTI));
}

static void
no_manifest_and_no_file_is_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(aof_mend("nowhere"), STATUS_DUP);
	(void)remove(NEWEST);
	assert_int_equal(aof_mend("."), STATUS_DUP);
	write_manifest("file appendonly.aof.2.base.rdb seq 2 type b\n");
	assert_int_equal(aof_mend("."), STATUS_DUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_left_as_it_is),
		cmocka_unit_test(whatever_byte_it_ends_at_what_is_left_is_whole),
		cmocka_unit_test(what_redis_does_not_write_is_left_to_redis),
		cmocka_unit_test(only_the_newest_file_is_touched),
		cmocka_unit_test(no_manifest_and_no_file_is_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
