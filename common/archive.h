/* SPDX-License-Identifier: Apache-2.0
 * Closed cases and old journal lines on disk: an SQLite file that outlives what Redis holds.
 * The only files that know SQLite.
 *
 * Everything stays sealed as it was; no key is here.  The seed of a case's own key stands in a
 * column of its own, so that a person can be erased from the archive, after Redis:
 *   PRAGMA secure_delete = on;
 *   UPDATE cases SET key = NULL WHERE id = 'CASE';
 *   PRAGMA wal_checkpoint(TRUNCATE);
 * After that nobody opens the case's identity any more, and the rest of it is still there;
 * archiving it once more does not bring the key back.
 *
 * One process writes; any may read meanwhile (write-ahead log).  A commit is on disk when it
 * returns (synchronous = FULL).  Calls wait for the disk, so they are kept small. */
#ifndef COMMON_ARCHIVE_H
#define COMMON_ARCHIVE_H

#include "proto/status.h"

/* Words that a case is found by: all, phone, place, agencies, states (16 needs, 64 referrals). */
#define ARCHIVE_WORDS_MAX 192

struct archive;

/* Opens the file, and makes it where it is missing.  UNAVAILABLE: it cannot be read or written,
 * is none of ours or of another version; `why` says so. */
enum status archive_open(
    const char *path, struct archive **archive, char *why, size_t why_size) MUST_CHECK;
void archive_close(struct archive *archive); /* NULL is legal */

struct archive_case {
	struct text id;
	int64_t at_ms;      /* of its last transition: lists are ordered by it */
	struct text last;   /* its newest journal line */
	struct text key;    /* the seed of its key; absent: erased */
	struct text fields; /* the others, as cases_archive.c packs them */
	uint32_t fields_count;
	struct text words[ARCHIVE_WORDS_MAX]; /* not given back */
	uint32_t words_count;
};

struct archive_line {
	struct text id;
	struct text prev; /* the case's line before; empty: there is none */
	struct text bytes;
};

/* ---- writing ----
 * Between archive_begin and archive_end nothing of it shows to readers, and nothing stays of it
 * after a crash.  Writing the same again changes nothing; a case that is there is replaced. */

/* BUSY: another process writes.  UNAVAILABLE: the disk or the file (logged). */
enum status archive_begin(struct archive *archive) MUST_CHECK;
enum status archive_put_line(
    struct archive *archive, const struct archive_line *line) MUST_CHECK;
enum status archive_put_case(
    struct archive *archive, const struct archive_case *in) MUST_CHECK;
/* The case lives on in Redis; its lines stay. */
enum status archive_forget(struct archive *archive, struct text case_id) MUST_CHECK;
/* OK: on disk.  After any other status, its own or one passed in, nothing has changed. */
enum status archive_end(struct archive *archive, enum status status) MUST_CHECK;

/* ---- reading ----
 * OK, ABSENT, BUSY (try again), UNAVAILABLE (logged).  Texts are valid during the callback. */

enum status archive_has(struct archive *archive, struct text case_id) MUST_CHECK;
typedef void archive_got_case(void *ctx, const struct archive_case *found);
enum status archive_get(struct archive *archive, struct text case_id,
    archive_got_case *got, void *ctx) MUST_CHECK;
typedef void archive_got_line(void *ctx, const struct archive_line *line);
/* A line, then the ones before it of the same case, at most `most`.  ABSENT: not even one. */
enum status archive_timeline(struct archive *archive, struct text line_id, unsigned most,
    archive_got_line *got, void *ctx) MUST_CHECK;
/* Ids of cases with that word, the newest first, `offset` passed over. */
typedef void archive_on_id(void *ctx, struct text case_id);
enum status archive_find(struct archive *archive, struct text word, unsigned offset,
    unsigned most, archive_on_id *on_id, void *ctx) MUST_CHECK;
/* A walk over every case: ids of at most `most`, after *number (0 at first), which moves on. */
enum status archive_walk(struct archive *archive, int64_t *number, unsigned most,
    archive_on_id *on_id, void *ctx) MUST_CHECK;

#endif
