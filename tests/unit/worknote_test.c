/* SPDX-License-Identifier: Apache-2.0
 * What a process was in the middle of outlives it. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/worknote.h"

#define PATH "worknote_test.work"

static struct worknote *note;
static struct worknote_death death;
static char why[256];

static enum status
open_note(void)
{
	return worknote_open(PATH, &note, &death, why, sizeof why);
}

/* Also after each test. */
static int
set_up(void **state)
{
	(void)state;
	(void)unlink(PATH);
	return 0;
}

/* A process does so much and is killed. */
static void
die(bool is_in_the_middle)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (open_note() != STATUS_OK)
			_exit(1);
		worknote_begin(note, stage_notify, "a-1-1", 7);
		if (!is_in_the_middle)
			worknote_end(note);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
the_successor_sees_what_was_died_on(void **state)
{
	char first[ID_UUID_BYTES + 1];

	(void)state;
	die(true);
	assert_int_equal(open_note(), STATUS_OK);
	assert_int_equal(death.stage, stage_notify);
	assert_string_equal(death.item, "a-1-1");
	assert_int_equal(death.attempt, 7);
	(void)snprintf(first, sizeof first, "%s", death.id);
	worknote_close(note);
	assert_int_equal(open_note(), STATUS_OK); /* it stays until the next begins */
	assert_string_equal(death.id, first);
	worknote_close(note);
	die(true);
	assert_int_equal(open_note(), STATUS_OK);
	assert_string_not_equal(death.id, first);
	worknote_close(note);
}

static void
who_dies_in_the_middle_of_nothing_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(open_note(), STATUS_OK);
	assert_int_equal(death.stage, 0);
	worknote_close(note);
	die(false);
	assert_int_equal(open_note(), STATUS_OK);
	assert_int_equal(death.stage, 0);
	worknote_close(note);
}

static void
two_processes_of_one_name_are_refused(void **state)
{
	struct worknote *second;

	(void)state;
	assert_int_equal(open_note(), STATUS_OK);
	assert_int_equal(
	    worknote_open(PATH, &second, &death, why, sizeof why), STATUS_BUSY);
	assert_non_null(strstr(why, "another process of this name"));
	worknote_close(note);
}

static void
a_place_that_cannot_be_written_is_told(void **state)
{
	(void)state;
	assert_int_equal(worknote_open("no/such/folder", &note, &death, why, sizeof why),
	    STATUS_UNAVAILABLE);
	assert_non_null(strstr(why, "no/such/folder"));
	worknote_close(NULL);
}

/* Every byte of the file in turn is another one: whatever it then says is a stage of ours and
 * texts that end. */
static void
a_torn_file_harms_nothing(void **state)
{
	char bytes[512];
	ssize_t size;
	int fd;

	(void)state;
	die(true);
	fd = open(PATH, O_RDWR);
	size = pread(fd, bytes, sizeof bytes, 0);
	assert_in_range(size, 100, sizeof bytes - 1);
	for (ssize_t i = 0; i < size; i++)
		for (int harm = 0; harm < 2; harm++) {
			char other = harm == 0 ? (char)0xff : 0;

			assert_int_equal(pwrite(fd, &other, 1, i), 1);
			assert_int_equal(open_note(), STATUS_OK);
			assert_true(death.stage == 0 ||
			            code_word(CODE_SET_stage, death.stage) != NULL);
			assert_true(strlen(death.item) < sizeof death.item);
			assert_true(strlen(death.id) < sizeof death.id);
			worknote_close(note);
			assert_int_equal(pwrite(fd, &bytes[i], 1, i), 1);
		}
	(void)close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, set_up)
	const struct CMUnitTest tests[] = {
		TEST(the_successor_sees_what_was_died_on),
		TEST(who_dies_in_the_middle_of_nothing_leaves_nothing),
		TEST(two_processes_of_one_name_are_refused),
		TEST(a_place_that_cannot_be_written_is_told),
		TEST(a_torn_file_harms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
