/* SPDX-License-Identifier: Apache-2.0
 * Closed cases and old journal lines in SQLite. */
#include "common/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

/* Of the file's own layout; another one is refused. */
#define LAYOUT 1
#define SET_LAYOUT "PRAGMA user_version = 1"
/* Somebody else makes the file, or mends it after a crash. */
#define OPEN_BUSY_MS 5000
/* A reader meets a lock only while the file is mended after a crash. */
#define BUSY_MS 100

/* "MILLISECONDS-NUMBER", each of 20 digits at most. */
#define LINE_ID_BYTES 48

/* Small checkpoints often, so that none takes long; pages of erased keys are overwritten. */
static const char SETTINGS[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 128; PRAGMA cache_size = -1024;"
    "PRAGMA secure_delete = ON;";

enum statement {
#define STATEMENT(name, sql) SQL_##name,
#include "common/archive.def"
	SQL_COUNT
};

static const char *const SQL[] = {
#define STATEMENT(name, sql) [SQL_##name] = sql,
#include "common/archive.def"
};

struct archive {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
};

/* ---- opening ---- */

/* What makes the tables must have run before the others can be prepared. */
static bool
prepare(struct archive *archive)
{
	for (int i = 0; i < SQL_COUNT; i++) {
		if (sqlite3_prepare_v3(archive->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT,
		        &archive->statements[i], NULL) != SQLITE_OK)
			return false;
		if (i <= SQL_MAKE_LINES &&
		    sqlite3_step(archive->statements[i]) != SQLITE_DONE)
			return false;
	}
	return true;
}

/* A new file has layout 0. */
static bool
is_ours(struct archive *archive)
{
	sqlite3_stmt *statement = NULL;
	int layout = -1;

	if (sqlite3_prepare_v2(
	        archive->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		layout = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	if (layout == 0)
		return sqlite3_exec(archive->db, SET_LAYOUT, NULL, NULL, NULL) ==
		       SQLITE_OK;
	return layout == LAYOUT;
}

/* Made here, since SQLite would let others of the machine read it. */
static bool
make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

/* SQLite does not wait by itself where two make the same file a write-ahead log. */
static bool
set_up(struct archive *archive)
{
	int64_t until_ms = clock_mono_ms() + OPEN_BUSY_MS;
	int code;

	(void)sqlite3_busy_timeout(archive->db, OPEN_BUSY_MS);
	while ((code = sqlite3_exec(archive->db, SETTINGS, NULL, NULL, NULL)) ==
	           SQLITE_BUSY &&
	       clock_mono_ms() < until_ms)
		(void)sqlite3_sleep(1);
	return code == SQLITE_OK;
}

static const char *
open_file(struct archive *archive, const char *path)
{
	if (!make_file(path))
		return strerror(errno);
	if (sqlite3_open_v2(path, &archive->db,
	        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return sqlite3_errmsg(archive->db);
	if (!set_up(archive))
		return sqlite3_errmsg(archive->db);
	if (!is_ours(archive))
		return "not an archive of this version";
	if (!prepare(archive))
		return sqlite3_errmsg(archive->db);
	(void)sqlite3_busy_timeout(archive->db, BUSY_MS);
	return NULL;
}

enum status
archive_open(const char *path, struct archive **archive, char *why, size_t why_size)
{
	const char *problem = status_about(STATUS_NO_MEMORY);

	*archive = calloc(1, sizeof **archive);
	if (*archive != NULL)
		problem = open_file(*archive, path);
	if (problem == NULL)
		return STATUS_OK;
	(void)snprintf(why, why_size, "%s: %s", path, problem);
	archive_close(*archive);
	*archive = NULL;
	return STATUS_UNAVAILABLE;
}

void
archive_close(struct archive *archive)
{
	if (archive == NULL)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(archive->statements[i]);
	(void)sqlite3_close(archive->db);
	free(archive);
}

/* ---- statements ---- */

static void
bind_text(sqlite3_stmt *statement, int at, struct text text)
{
	(void)sqlite3_bind_text(statement, at, text.at != NULL ? text.at : "",
	    (int)text.length, SQLITE_STATIC);
}

/* Absent is NULL. */
static void
bind_bytes(sqlite3_stmt *statement, int at, struct text bytes)
{
	(void)sqlite3_bind_blob(
	    statement, at, bytes.at, (int)bytes.length, SQLITE_STATIC);
}

static struct text
column(sqlite3_stmt *statement, int at)
{
	const char *bytes = sqlite3_column_blob(statement, at);
	uint32_t length = (uint32_t)sqlite3_column_bytes(statement, at);

	if (sqlite3_column_type(statement, at) == SQLITE_NULL)
		return TEXT_ABSENT;
	return (struct text){ bytes != NULL ? bytes : "", length };
}

/* One step of a statement whose parameters are bound: OK, a row is there; ABSENT: no more.  What
 * is not bound, for want of memory, breaks a NOT NULL or is found nowhere. */
static enum status
step(struct archive *archive, enum statement which)
{
	int code = sqlite3_step(archive->statements[which]);

	if (code == SQLITE_ROW)
		return STATUS_OK;
	if (code == SQLITE_DONE)
		return STATUS_ABSENT;
	if (code == SQLITE_BUSY)
		return STATUS_BUSY;
	log_event(LOG_ERROR, "archive",
	    LOG_STRING("problem", sqlite3_errmsg(archive->db)),
	    LOG_NUMBER("code", sqlite3_extended_errcode(archive->db)));
	return STATUS_UNAVAILABLE;
}

static enum status
end(struct archive *archive, enum statement which, enum status status)
{
	(void)sqlite3_reset(archive->statements[which]);
	(void)sqlite3_clear_bindings(archive->statements[which]);
	return status;
}

/* A statement that gives no row. */
static enum status
run(struct archive *archive, enum statement which)
{
	enum status status = end(archive, which, step(archive, which));

	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* ---- writing ---- */

enum status
archive_begin(struct archive *archive)
{
	return run(archive, SQL_BEGIN);
}

enum status
archive_put_line(struct archive *archive, const struct archive_line *line)
{
	sqlite3_stmt *statement = archive->statements[SQL_PUT_LINE];

	bind_text(statement, 1, line->id);
	bind_text(statement, 2, line->prev);
	bind_bytes(statement, 3, line->bytes);
	return run(archive, SQL_PUT_LINE);
}

static enum status
put_words(struct archive *archive, const struct archive_case *in, int64_t number)
{
	sqlite3_stmt *statement = archive->statements[SQL_PUT_WORD];
	enum status status = STATUS_OK;

	for (uint32_t i = 0; i < in->words_count && status == STATUS_OK; i++) {
		bind_text(statement, 1, in->words[i]);
		(void)sqlite3_bind_int64(statement, 2, in->at_ms);
		(void)sqlite3_bind_int64(statement, 3, number);
		status = run(archive, SQL_PUT_WORD);
	}
	return status;
}

enum status
archive_put_case(struct archive *archive, const struct archive_case *in)
{
	sqlite3_stmt *statement = archive->statements[SQL_PUT_CASE];
	enum status status;
	int64_t number;

	bind_text(statement, 1, in->id);
	(void)sqlite3_bind_int64(statement, 2, in->at_ms);
	bind_text(statement, 3, in->last);
	bind_bytes(statement, 4, in->key);
	bind_bytes(statement, 5, in->fields);
	(void)sqlite3_bind_int64(statement, 6, in->fields_count);
	status = step(archive, SQL_PUT_CASE);
	number = sqlite3_column_int64(statement, 0);
	(void)end(archive, SQL_PUT_CASE, status);
	return status == STATUS_OK ? put_words(archive, in, number) : status;
}

enum status
archive_forget(struct archive *archive, struct text case_id)
{
	bind_text(archive->statements[SQL_FORGET], 1, case_id);
	return run(archive, SQL_FORGET);
}

enum status
archive_end(struct archive *archive, enum status status)
{
	if (status == STATUS_OK)
		status = run(archive, SQL_COMMIT);
	if (sqlite3_get_autocommit(archive->db) == 0)
		(void)run(archive, SQL_ROLLBACK);
	return status;
}

/* ---- reading ---- */

enum status
archive_has(struct archive *archive, struct text case_id)
{
	bind_text(archive->statements[SQL_HAS], 1, case_id);
	return end(archive, SQL_HAS, step(archive, SQL_HAS));
}

enum status
archive_get(
    struct archive *archive, struct text case_id, archive_got_case *got, void *ctx)
{
	sqlite3_stmt *statement = archive->statements[SQL_GET];
	struct archive_case found;
	enum status status;

	bind_text(statement, 1, case_id);
	status = step(archive, SQL_GET);
	if (status == STATUS_OK) {
		found.id = case_id;
		found.at_ms = sqlite3_column_int64(statement, 0);
		found.last = column(statement, 1);
		found.key = column(statement, 2);
		found.fields = column(statement, 3);
		found.fields_count = (uint32_t)sqlite3_column_int64(statement, 4);
		found.words_count = 0;
		got(ctx, &found);
	}
	return end(archive, SQL_GET, status);
}

enum status
archive_timeline(struct archive *archive, struct text line_id, unsigned most,
    archive_got_line *got, void *ctx)
{
	sqlite3_stmt *statement = archive->statements[SQL_LINE];
	enum status status = STATUS_ABSENT;
	char id[LINE_ID_BYTES];
	unsigned count = 0;

	(void)text_copy(line_id, id, sizeof id);
	for (; count < most && id[0] != '\0'; count++) {
		struct archive_line line;

		bind_text(statement, 1, text_of(id));
		status = step(archive, SQL_LINE);
		if (status != STATUS_OK)
			break;
		line.id = text_of(id);
		line.prev = column(statement, 0);
		line.bytes = column(statement, 1);
		got(ctx, &line);
		(void)text_copy(line.prev, id, sizeof id);
		(void)end(archive, SQL_LINE, STATUS_OK);
	}
	(void)end(archive, SQL_LINE, STATUS_OK);
	return count > 0 && status == STATUS_ABSENT ? STATUS_OK : status;
}

static enum status
ids(struct archive *archive, enum statement which, int at, archive_on_id *on_id,
    void *ctx, int64_t *number)
{
	enum status status;

	while ((status = step(archive, which)) == STATUS_OK) {
		if (number != NULL)
			*number = sqlite3_column_int64(archive->statements[which], 0);
		on_id(ctx, column(archive->statements[which], at));
	}
	(void)end(archive, which, status);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

enum status
archive_find(struct archive *archive, struct text word, unsigned offset, unsigned most,
    archive_on_id *on_id, void *ctx)
{
	sqlite3_stmt *statement = archive->statements[SQL_FIND];

	bind_text(statement, 1, word);
	(void)sqlite3_bind_int64(statement, 2, most);
	(void)sqlite3_bind_int64(statement, 3, offset);
	return ids(archive, SQL_FIND, 0, on_id, ctx, NULL);
}

enum status
archive_walk(struct archive *archive, int64_t *number, unsigned most,
    archive_on_id *on_id, void *ctx)
{
	sqlite3_stmt *statement = archive->statements[SQL_WALK];

	(void)sqlite3_bind_int64(statement, 1, *number);
	(void)sqlite3_bind_int64(statement, 2, most);
	return ids(archive, SQL_WALK, 1, on_id, ctx, number);
}
