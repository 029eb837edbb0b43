/* SPDX-License-Identifier: Apache-2.0
 * Key files: private, complete, said where they are wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/seal_fixture.h"

static enum status
try_open(char why[128])
{
	struct seal *seal = NULL;
	enum status status = seal_open(path, &seal, why, 128);

	assert_true((seal != NULL) == (status == STATUS_OK));
	seal_close(seal);
	return status;
}

static void
a_key_file_that_others_can_read_is_refused(void **state)
{
	static const mode_t MODES[] = { 0640, 0604, 0644, 0620, 0602, 0610, 0601, 0660,
		0666 };
	char why[128];

	(void)state;
	for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
		write_keys("1 " HEX_A "\n", MODES[i]);
		assert_int_equal(try_open(why), STATUS_INVALID);
		assert_non_null(strstr(why, "mode 6"));
	}
	write_keys("1 " HEX_A "\n", 0400);
	assert_int_equal(try_open(why), STATUS_OK);
}

static void
a_key_file_that_is_not_there_is_absent(void **state)
{
	char why[128];

	(void)state;
	unlink(path);
	assert_int_equal(try_open(why), STATUS_ABSENT);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(try_open(why), STATUS_INVALID);
	assert_int_equal(rmdir(path), 0);
}

static void
every_malformed_key_file_is_refused_with_its_line_and_without_the_key(void **state)
{
	static const struct {
		const char *text;
		const char *where;
	} ILLEGAL[] = {
		{ "", "no key" },
		{ "# only a comment\n\n", "no key" },
		{ HEX_A "\n", "line 1" },
		{ "0 " HEX_A "\n", "line 1" },
		{ "01 " HEX_A "\n", "line 1" },
		{ "-1 " HEX_A "\n", "line 1" },
		{ "256 " HEX_A "\n", "line 1" },
		{ "1" HEX_A "\n", "line 1" },
		{ "1  " HEX_A "\n", "line 1" },
		{ "1\t" HEX_A "\n", "line 1" },
		{ "1 " HEX_A " \n", "line 1" },
		{ "1 " HEX_A "00\n", "line 1" },
		{ "1 " HEX_A "\r\n", "line 1" },
		{ "1 00\n", "line 1" },
		{ "1 g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
		    "line 1" },
		{ "1 " HEX_A "\n\n1 " HEX_B "\n", "line 3" },
		{ "1 " HEX_A "\n2 " HEX_A "\n", "line 2" },
		{ "1 " HEX_A "\n2 000102030405060708090a0b0c0d0e0f", "line 2" },
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < sizeof ILLEGAL / sizeof *ILLEGAL; i++) {
		write_keys(ILLEGAL[i].text, 0600);
		assert_int_equal(try_open(why), STATUS_INVALID);
		assert_non_null(strstr(why, ILLEGAL[i].where));
		assert_null(strstr(why, "0001"));
	}
	write_keys("# old\n1 " HEX_A "\n\n255 " HEX_B, 0600);
	assert_int_equal(try_open(why), STATUS_OK);
}

static void
a_created_key_file_is_private_and_is_never_overwritten(void **state)
{
	char why[128];
	struct stat before;
	struct stat after;

	(void)state;
	unlink(path);
	umask(0);
	assert_int_equal(seal_create(path, why, sizeof why), STATUS_OK);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	assert_int_equal(before.st_nlink, 1);
	assert_int_equal(before.st_size, 2 + 64 + 1);
	assert_int_equal(try_open(why), STATUS_OK);
	assert_int_equal(seal_create(path, why, sizeof why), STATUS_DUP);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(
	    seal_create("/nonexistent/folder/key", why, sizeof why), STATUS_UNAVAILABLE);
	assert_non_null(strstr(why, "No such file"));
}

/* Between looking and linking another process may have made the file; a dangling link is
 * such a name, unseen by the look. */
static void
a_name_that_appears_meanwhile_is_not_overwritten(void **state)
{
	char why[128];

	(void)state;
	unlink(path);
	assert_int_equal(symlink("/nonexistent/key", path), 0);
	assert_int_equal(seal_create(path, why, sizeof why), STATUS_DUP);
	unlink(path);
}

static void
two_created_key_files_differ(void **state)
{
	char why[128];
	char first[80] = "";
	char second[80] = "";

	(void)state;
	for (int i = 0; i < 2; i++) {
		FILE *file;

		unlink(path);
		assert_int_equal(seal_create(path, why, sizeof why), STATUS_OK);
		file = fopen(path, "r");
		assert_non_null(file);
		assert_non_null(fgets(i == 0 ? first : second, 80, file));
		fclose(file);
	}
	assert_string_not_equal(first, second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_file_that_others_can_read_is_refused),
		cmocka_unit_test(a_key_file_that_is_not_there_is_absent),
		cmocka_unit_test(
		    every_malformed_key_file_is_refused_with_its_line_and_without_the_key),
		cmocka_unit_test(a_created_key_file_is_private_and_is_never_overwritten),
		cmocka_unit_test(a_name_that_appears_meanwhile_is_not_overwritten),
		cmocka_unit_test(two_created_key_files_differ),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
