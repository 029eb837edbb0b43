/* SPDX-License-Identifier: Apache-2.0
 * The archive's file: what was committed is there, whatever dies, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/archive.h"
#include "common/log.h"

static char directory[64], path[96];
static struct archive *archive;

static struct archive *
open_archive(void)
{
	struct archive *opened = NULL;
	char why[256] = "";

	if (archive_open(path, &opened, why, sizeof why) != STATUS_OK)
		fail_msg("%s", why);
	return opened;
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof directory, "/tmp/hl-archive-XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof path, "%s/archive.db", directory);
	archive = open_archive();
	return 0;
}

static void
remove_files(void)
{
	static const char *const ENDS[] = { "", "-wal", "-shm" };

	for (int i = 0; i < 3; i++) {
		char name[128];

		(void)snprintf(name, sizeof name, "%s%s", path, ENDS[i]);
		(void)unlink(name);
	}
}

static int
tear_down(void **state)
{
	(void)state;
	archive_close(archive);
	remove_files();
	return rmdir(directory);
}

/* ---- cases ---- */

static struct archive_case
usual_case(const char *id, int64_t at_ms)
{
	return (struct archive_case){
		.id = text_of(id),
		.at_ms = at_ms,
		.last = LITERAL("1000-0"),
		.key = LITERAL("wrapped\0key"),
		.fields = LITERAL("the\0fields"),
		.fields_count = 7,
		.words = { LITERAL(""), LITERAL("state:met") },
		.words_count = 2,
	};
}

static void
put(const struct archive_case *in)
{
	assert_int_equal(archive_begin(archive), STATUS_OK);
	assert_int_equal(archive_end(archive, archive_put_case(archive, in)), STATUS_OK);
}

static unsigned seen;
static char listed[256];

static void
look_at_usual(void *ctx, const struct archive_case *found)
{
	const struct archive_case *in = ctx;

	seen++;
	assert_true(text_equal(found->id, in->id));
	assert_int_equal(found->at_ms, in->at_ms);
	assert_true(text_equal(found->last, in->last));
	assert_true(text_equal(found->key, in->key));
	assert_true((found->key.at == NULL) == (in->key.at == NULL));
	assert_true(text_equal(found->fields, in->fields));
	assert_int_equal(found->fields_count, in->fields_count);
}

static void
expect(struct archive *reader, struct archive_case *in)
{
	seen = 0;
	assert_int_equal(archive_has(reader, in->id), STATUS_OK);
	assert_int_equal(archive_get(reader, in->id, look_at_usual, in), STATUS_OK);
	assert_int_equal(seen, 1);
}

static void
expect_absent(struct archive *reader, const char *id)
{
	assert_int_equal(archive_has(reader, text_of(id)), STATUS_ABSENT);
	assert_int_equal(
	    archive_get(reader, text_of(id), look_at_usual, NULL), STATUS_ABSENT);
}

static void
list_id(void *ctx, struct text id)
{
	(void)ctx;
	(void)snprintf(listed + strlen(listed), sizeof listed - strlen(listed), "%.*s ",
	    (int)id.length, id.at);
}

static const char *
found_by(const char *word, unsigned offset, unsigned most)
{
	listed[0] = '\0';
	assert_int_equal(
	    archive_find(archive, text_of(word), offset, most, list_id, NULL), STATUS_OK);
	return listed;
}

static void
a_case_is_read_as_it_was_written(void **state)
{
	struct archive_case in = usual_case("one", 1000);
	struct archive *reader = open_archive();

	(void)state;
	expect_absent(reader, "one");
	put(&in);
	expect(archive, &in);
	expect(reader, &in);
	expect_absent(reader, "on");
	expect_absent(reader, "onee");
	archive_close(reader);
	archive_close(archive);
	archive = open_archive();
	expect(archive, &in);
}

static void
a_case_without_a_key_has_none(void **state)
{
	struct archive_case in = usual_case("one", 1000);

	(void)state;
	in.key = TEXT_ABSENT;
	put(&in);
	expect(archive, &in);
}

static void
a_case_is_replaced_with_its_words(void **state)
{
	struct archive_case in = usual_case("one", 1000);

	(void)state;
	put(&in);
	put(&in);
	assert_string_equal(found_by("", 0, 9), "one ");
	in.at_ms = 2000;
	in.last = LITERAL("2000-0");
	in.words[1] = LITERAL("state:unmet");
	put(&in);
	expect(archive, &in);
	assert_string_equal(found_by("", 0, 9), "one ");
	assert_string_equal(found_by("state:met", 0, 9), "");
	assert_string_equal(found_by("state:unmet", 0, 9), "one ");
}

static void
a_forgotten_case_is_nowhere(void **state)
{
	struct archive_case one = usual_case("one", 1000), two = usual_case("two", 1000);

	(void)state;
	put(&one);
	assert_int_equal(archive_begin(archive), STATUS_OK);
	assert_int_equal(
	    archive_end(archive, archive_forget(archive, one.id)), STATUS_OK);
	expect_absent(archive, "one");
	assert_string_equal(found_by("", 0, 9), "");
	put(&two);
	assert_string_equal(found_by("", 0, 9), "two ");
	put(&one);
	assert_string_equal(found_by("state:met", 0, 9), "one two ");
}

static void
cases_are_found_newest_first_in_pages(void **state)
{
	static const struct {
		const char *id;
		int64_t at_ms;
	} CASES[] = { { "b", 2000 }, { "a", 1000 }, { "d", 3000 }, { "c", 2000 } };
	int64_t number = 0;

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct archive_case in = usual_case(CASES[i].id, CASES[i].at_ms);

		in.words_count = CASES[i].at_ms == 2000 ? 2 : 1;
		put(&in);
	}
	assert_string_equal(found_by("", 0, 9), "d c b a ");
	assert_string_equal(found_by("", 0, 2), "d c ");
	assert_string_equal(found_by("", 2, 2), "b a ");
	assert_string_equal(found_by("", 4, 2), "");
	assert_string_equal(found_by("", 0, 0), "");
	assert_string_equal(found_by("state:met", 0, 9), "c b ");
	assert_string_equal(found_by("state:me", 0, 9), "");
	listed[0] = '\0';
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    archive_walk(archive, &number, 3, list_id, NULL), STATUS_OK);
	assert_string_equal(listed, "b a d c ");
}

/* ---- lines ---- */

static void
list_line(void *ctx, const struct archive_line *line)
{
	list_id(ctx, line->id);
	assert_int_equal(line->bytes.length, 6);
	assert_memory_equal(line->bytes.at, "a\0line", 6);
}

static enum status
timeline(const char *id, unsigned most)
{
	listed[0] = '\0';
	return archive_timeline(archive, text_of(id), most, list_line, NULL);
}

static void
put_line(const char *id, const char *prev)
{
	const struct archive_line line = { text_of(id), text_of(prev),
		LITERAL("a\0line") };

	assert_int_equal(archive_begin(archive), STATUS_OK);
	assert_int_equal(
	    archive_end(archive, archive_put_line(archive, &line)), STATUS_OK);
}

static void
a_timeline_is_followed_from_line_to_line(void **state)
{
	(void)state;
	put_line("1-0", "");
	put_line("2-0", "");
	put_line("3-0", "1-0");
	put_line("3-0", "1-0");
	put_line("5-0", "3-0");
	put_line("7-0", "6-0");
	assert_int_equal(timeline("5-0", 9), STATUS_OK);
	assert_string_equal(listed, "5-0 3-0 1-0 ");
	assert_int_equal(timeline("5-0", 2), STATUS_OK);
	assert_string_equal(listed, "5-0 3-0 ");
	assert_int_equal(timeline("7-0", 9), STATUS_OK);
	assert_string_equal(listed, "7-0 ");
	assert_int_equal(timeline("6-0", 9), STATUS_ABSENT);
	assert_int_equal(timeline("", 9), STATUS_ABSENT);
	assert_string_equal(listed, "");
}

/* ---- transactions ---- */

static void
what_is_not_ended_well_has_not_happened(void **state)
{
	struct archive_case in = usual_case("one", 1000);
	struct archive *reader = open_archive();

	(void)state;
	assert_int_equal(archive_begin(archive), STATUS_OK);
	assert_int_equal(archive_put_case(archive, &in), STATUS_OK);
	expect_absent(reader, "one");
	assert_int_equal(archive_begin(reader), STATUS_BUSY);
	assert_int_equal(archive_end(archive, STATUS_NO_MEMORY), STATUS_NO_MEMORY);
	expect_absent(archive, "one");
	assert_int_equal(archive_begin(reader), STATUS_OK);
	assert_int_equal(archive_end(reader, STATUS_OK), STATUS_OK);
	archive_close(reader);
}

/* A process that dies by SIGKILL after `committed` cases and in the midst of one more. */
static void
die_after(unsigned committed)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		archive = open_archive();
		for (unsigned i = 0; i <= committed; i++) {
			char id[16];
			struct archive_case in;

			(void)snprintf(id, sizeof id, "%u", i);
			in = usual_case(id, i);
			if (archive_begin(archive) != STATUS_OK ||
			    archive_put_case(archive, &in) != STATUS_OK)
				_exit(1);
			if (i < committed && archive_end(archive, STATUS_OK) != STATUS_OK)
				_exit(1);
		}
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void
what_was_committed_survives_the_death_of_the_writer(void **state)
{
	(void)state;
	archive_close(archive);
	archive = NULL;
	die_after(3);
	archive = open_archive();
	assert_string_equal(found_by("", 0, 9), "2 1 0 ");
	expect_absent(archive, "3");
}

static void
many_may_open_a_new_archive_at_once(void **state)
{
	pid_t children[8];

	(void)state;
	archive_close(archive);
	archive = NULL;
	for (int round = 0; round < 20; round++) {
		remove_files();
		for (int i = 0; i < 8; i++) {
			children[i] = fork();
			assert_true(children[i] >= 0);
			if (children[i] == 0) {
				char why[256];

				if (archive_open(path, &archive, why, sizeof why) ==
				    STATUS_OK)
					_exit(0);
				fprintf(stderr, "%s\n", why);
				_exit(1);
			}
		}
		for (int i = 0; i < 8; i++) {
			int status;

			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			assert_int_equal(status, 0);
		}
	}
	archive = open_archive();
}

/* ---- the file ---- */

static void
nobody_else_may_read_it(void **state)
{
	struct archive_case in = usual_case("one", 1000);
	struct stat status;
	char wal[128];

	(void)state;
	put(&in);
	(void)snprintf(wal, sizeof wal, "%s-wal", path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(stat(wal, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void
expect_refused(const char *about)
{
	struct archive *opened;
	char why[256] = "";

	assert_int_equal(
	    archive_open(path, &opened, why, sizeof why), STATUS_UNAVAILABLE);
	assert_null(opened);
	assert_non_null(strstr(why, about));
}

static void
what_is_no_archive_is_refused(void **state)
{
	sqlite3 *db;
	FILE *file;

	(void)state;
	archive_close(archive);
	archive = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	expect_refused("version");
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 100; i++)
		fputs("not a database at all ", file);
	assert_int_equal(fclose(file), 0);
	expect_refused("not a database");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	expect_refused("No such file");
	assert_int_equal(mkdir(directory, 0700), 0);
}

static bool
is_in_file(const char *name, const char *bytes)
{
	static char all[1 << 20];
	FILE *file = fopen(name, "r");
	size_t length;

	if (file == NULL)
		return false;
	length = fread(all, 1, sizeof all, file);
	assert_int_equal(fclose(file), 0);
	return memmem(all, length, bytes, strlen(bytes)) != NULL;
}

static void
an_erased_key_is_in_no_file_any_more(void **state)
{
	static const char ERASE[] = "PRAGMA secure_delete = on;"
	                            "UPDATE cases SET key = NULL WHERE id = 'one';"
	                            "PRAGMA wal_checkpoint(TRUNCATE);";
	struct archive_case in = usual_case("one", 1000), other = usual_case("two", 1);
	sqlite3 *db;
	char wal[128];

	(void)state;
	in.key = LITERAL("the key of a person");
	put(&other);
	put(&in);
	(void)snprintf(wal, sizeof wal, "%s-wal", path);
	assert_true(is_in_file(path, "of a person") || is_in_file(wal, "of a person"));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, ERASE, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_false(is_in_file(path, "of a person"));
	assert_false(is_in_file(wal, "of a person"));
	in.key = TEXT_ABSENT;
	expect(archive, &in);
	expect(archive, &other);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest TESTS[] = {
		TEST(a_case_is_read_as_it_was_written),
		TEST(a_case_without_a_key_has_none),
		TEST(a_case_is_replaced_with_its_words),
		TEST(a_forgotten_case_is_nowhere),
		TEST(cases_are_found_newest_first_in_pages),
		TEST(a_timeline_is_followed_from_line_to_line),
		TEST(what_is_not_ended_well_has_not_happened),
		TEST(what_was_committed_survives_the_death_of_the_writer),
		TEST(many_may_open_a_new_archive_at_once),
		TEST(nobody_else_may_read_it),
		TEST(what_is_no_archive_is_refused),
		TEST(an_erased_key_is_in_no_file_any_more),
	};

	log_open("archive_test", LOG_ERROR);
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
