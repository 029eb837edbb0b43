/* SPDX-License-Identifier: Apache-2.0
 * What the archive has ended is on disk: Redis forgets it next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* after setjmp.h and stdarg.h */
#include <cmocka.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/archive.h"

/* SQLite's calls end up here, since a program's own functions go before those of libc. */
static unsigned syncs;

int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

static void
what_is_ended_was_synced_before(void **state)
{
	const struct archive_case in = { .id = LITERAL("one"),
		.at_ms = 1,
		.last = LITERAL("1-0"),
		.fields = LITERAL("fields"),
		.fields_count = 1,
		.words = { LITERAL("") },
		.words_count = 1 };
	char directory[] = "/tmp/hl-archive-XXXXXX", path[64], name[80], why[256] = "";
	static const char *const ENDS[] = { "", "-wal", "-shm" };
	struct archive *archive = NULL;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof path, "%s/archive.db", directory);
	if (archive_open(path, &archive, why, sizeof why) != STATUS_OK)
		fail_msg("%s", why);
	for (int i = 0; i < 3;
	     i++) { /* the first one may write the head of the log as well */
		unsigned before;

		assert_int_equal(archive_begin(archive), STATUS_OK);
		assert_int_equal(archive_put_case(archive, &in), STATUS_OK);
		before = syncs;
		assert_int_equal(archive_end(archive, STATUS_OK), STATUS_OK);
		assert_true(syncs > before);
	}
	archive_close(archive);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, ENDS[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(directory), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ended_was_synced_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
