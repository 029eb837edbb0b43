/* SPDX-License-Identifier: Apache-2.0
 * The archive: every case has all its journal lines, their hashes agree, and there are as many
 * cases as were moved there. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/archive.h"
#include "deploy/referralctl/fsck.h"
#include "deploy/referralctl/sha1.h"
#include "proto/kept.h"

#define PAGE 256
/* More lines than a case can have. */
#define LINES_MOST 10000
/* As the functions cut a hash. */
#define CHAIN_DIGITS 16

/* One case: its newest line's id and hash, then its lines from the newest on. */
struct chain {
	char last[48], hash[CHAIN_DIGITS + 1];
	struct store_value **lines;
	size_t count;
	bool has_first; /* the one that nothing precedes */
};

static struct text
packed_of(const struct store_value *line)
{
	return store_text(store_at(store_at(line, 1), 1));
}

static struct store_value *
fields_of(const struct archive_case *found)
{
	struct store_value *fields = NULL;
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	if (out == NULL)
		return NULL;
	fprintf(out, "*%u\r\n", found->fields_count);
	(void)fwrite(found->fields.at, 1, found->fields.length, out);
	if (fclose(out) == 0)
		fields = store_parse(bytes, length);
	free(bytes);
	return fields;
}

static void
take_case(void *ctx, const struct archive_case *found)
{
	struct chain *chain = ctx;
	struct store_value *fields = fields_of(found);
	struct kept_head head;

	(void)text_copy(found->last, chain->last, sizeof chain->last);
	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		if (!text_is(store_text(store_at(fields, i)), "head"))
			continue;
		KEPT_SPLIT(store_text(store_at(fields, i + 1)), &head);
		if (text_is(head.last, chain->last))
			(void)text_copy(head.chain, chain->hash, sizeof chain->hash);
	}
	store_value_free(fields);
}

static void
take_line(void *ctx, const struct archive_line *line)
{
	struct chain *chain = ctx;

	chain->has_first = line->prev.length == 0;
	chain->lines[chain->count++] = store_parse(line->bytes.at, line->bytes.length);
}

/* Whether each line's hash is the one over it and the hash before. */
static bool
is_whole(const struct chain *chain)
{
	char hash[CHAIN_DIGITS + 1] = "", hex[SHA1_HEX_BYTES + 1];

	for (size_t i = chain->count; i-- > 0;) {
		struct text line = packed_of(chain->lines[i]), end = line;

		if (line.length < CHAIN_DIGITS)
			return false;
		line.length -= CHAIN_DIGITS;
		end.at += line.length;
		end.length = CHAIN_DIGITS;
		sha1_hex(text_of(hash), line, hex);
		memcpy(hash, hex, CHAIN_DIGITS);
		if (!text_is(end, hash))
			return false;
	}
	return strcmp(hash, chain->hash) == 0;
}

static enum status
check_case(
    struct fsck *fsck, struct archive *archive, struct text id, struct chain *chain)
{
	enum status status;

	chain->count = 0;
	chain->has_first = false;
	chain->hash[0] = chain->last[0] = '\0';
	status = archive_get(archive, id, take_case, chain);
	if (status != STATUS_OK)
		return status == STATUS_ABSENT ? STATUS_OK
		                               : status; /* taken back meanwhile */
	status =
	    archive_timeline(archive, text_of(chain->last), LINES_MOST, take_line, chain);
	if (status == STATUS_OK || status == STATUS_ABSENT) {
		if (!chain->has_first)
			fsck_find(
			    fsck, id, true, "archived without all its journal lines");
		else if (!is_whole(chain))
			fsck_find(fsck, id, true, "archived with a broken hash chain");
		status = STATUS_OK;
	}
	for (size_t i = 0; i < chain->count; i++)
		store_value_free(chain->lines[i]);
	return status;
}

static enum status
check_all(struct fsck *fsck, struct archive *archive, struct chain *chain, int64_t *count)
{
	struct session_ids page = { .count = 0 };
	int64_t number = 0;
	enum status status = STATUS_OK;

	do {
		page.count = 0;
		status = archive_walk(archive, &number, PAGE, session_on_id, &page);
		for (size_t i = 0; i < page.count && status == STATUS_OK; i++)
			status = check_case(fsck, archive, text_of(page.list[i]), chain);
		*count += (int64_t)page.count;
	} while (status == STATUS_OK && page.count == PAGE);
	fsck->has_failed |= page.has_failed;
	session_ids_free(&page);
	return status;
}

struct counted {
	struct session_wait wait; /* first */
	int64_t count;
};

static void
on_counted(void *ctx, enum status status, int64_t count)
{
	struct counted *counted = ctx;

	counted->count = count;
	counted->wait.status = status;
	counted->wait.is_over = true;
}

enum status
fsck_archive(struct fsck *fsck)
{
	struct session *session = fsck->session;
	struct counted counted = { .count = 0 };
	struct chain chain = { .lines = calloc(LINES_MOST, sizeof *chain.lines) };
	int64_t there = 0;
	enum status status = chain.lines == NULL ? STATUS_NO_MEMORY : STATUS_OK;

	if (status == STATUS_OK)
		status = session_settle(session,
		    cases_archived_count(session->cases, on_counted, &counted),
		    &counted.wait);
	if (status == STATUS_OK && session->archive != NULL)
		status = check_all(fsck, session->archive, &chain, &there);
	/* More are there while some are being moved: written there first, removed here second. */
	if (status == STATUS_OK && there < counted.count)
		fsck_find(fsck, LITERAL("archive"), true,
		    "%" PRId64 " cases moved there, %" PRId64 " there", counted.count,
		    there);
	fsck->cases += (uint64_t)there;
	free(chain.lines);
	return status;
}
