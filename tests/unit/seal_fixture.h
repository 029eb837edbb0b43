/* SPDX-License-Identifier: Apache-2.0
 * Key files in a folder of the test's own. */
#ifndef TESTS_UNIT_SEAL_FIXTURE_H
#define TESTS_UNIT_SEAL_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/seal.h"

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f"

static char folder[] = "/tmp/seal_test.XXXXXX";
static char path[64];

static inline int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/case.key", folder);
	return 0;
}

static inline int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static inline void
write_keys(const char *text, mode_t mode)
{
	FILE *file;

	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static inline struct seal *
open_keys(const char *text)
{
	struct seal *seal = NULL;
	char why[128] = "";

	write_keys(text, 0600);
	assert_int_equal(seal_open(path, &seal, why, sizeof why), STATUS_OK);
	return seal;
}

#endif
