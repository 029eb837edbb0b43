/* SPDX-License-Identifier: Apache-2.0
 * Moves what is over from Redis to the archive. */
#include "common/archive.h"

#include <stdlib.h>

#include "common/cases_private.h"
#include "common/clock.h"

/* ---- one round ---- */

struct round {
	struct cases *cases;
	cases_round_done *done;
	void *ctx;
	struct case_round result;
	struct arguments drop; /* what is to be removed once it is written */
	char ids[CASES_ARCHIVE_MOST][ID_ITEM_MAX], digests[CASES_ARCHIVE_MOST][48];
	char last[48];
};

static void
round_end(struct round *round, enum status status)
{
	round->result.status = status;
	round->done(round->ctx, &round->result);
	free(round);
}

/* A line of the reply of archive_read. */
enum {
	LINE_ENTRY,
	LINE_CASE,
	LINE_PREV,
	LINE_WHAT,
	LINE_DIGEST,
	LINE_FIELDS,
	LINE_PHONE,
	LINE_WHERE
};

static enum status
put_line(struct cases *cases, const struct store_value *value)
{
	const struct store_value *entry = store_at(value, LINE_ENTRY);
	struct packing packing;
	enum status status = STATUS_NO_MEMORY;

	if (packing_begin(&packing))
		store_write(entry, packing.out);
	if (packing_end(&packing)) {
		const struct archive_line line = {
			.id = store_text(store_at(entry, 0)),
			.prev = store_text(store_at(value, LINE_PREV)),
			.bytes = { packing.bytes, (uint32_t)packing.length },
		};

		status = archive_put_line(cases->archive, &line);
	}
	free(packing.bytes);
	return status;
}

static void
add_word(struct archive_case *in, const char *kind, struct text value)
{
	static char words[ARCHIVE_WORDS_MAX][CASES_WORD_BYTES];

	if (value.length > 0 && in->words_count < ARCHIVE_WORDS_MAX) {
		in->words[in->words_count] =
		    cases_word(kind, value, words[in->words_count]);
		in->words_count++;
	}
}

static void
add_words(struct archive_case *in, const struct case_view *view,
    const struct store_value *value)
{
	in->words[in->words_count++] = LITERAL(""); /* what all are found by */
	add_word(in, "phone", store_text(store_at(value, LINE_PHONE)));
	add_word(in, "where", store_text(store_at(value, LINE_WHERE)));
	for (uint32_t i = 0; i < view->needs_count; i++)
		add_word(in, "state", view->needs[i].state);
	for (uint32_t i = 0; i < view->referrals_count; i++) {
		add_word(in, "agency", view->referrals[i].agency);
		add_word(in, "state", view->referrals[i].state);
	}
}

static enum status
put_case(struct cases *cases, const struct store_value *value)
{
	const struct store_value *fields = store_at(value, LINE_FIELDS);
	struct archive_case in = {
		.id = store_text(store_at(value, LINE_CASE)),
		.last = store_text(store_at(store_at(value, LINE_ENTRY), 0)),
	};
	struct packing packing;
	enum status status = STATUS_NO_MEMORY;

	in.at_ms = strtoll(in.last.at, NULL, 10);
	record_read(cases, in.id, fields, NULL, 0);
	add_words(&in, &cases->record->view, value);
	record_free(cases);
	if (packing_begin(&packing))
		for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
			if (text_is(store_text(store_at(fields, i)), KEY_FIELD)) {
				in.key = store_text(store_at(fields, i + 1));
				continue;
			}
			store_write(store_at(fields, i), packing.out);
			store_write(store_at(fields, i + 1), packing.out);
			in.fields_count += 2;
		}
	if (packing_end(&packing)) {
		in.fields = (struct text){ packing.bytes, (uint32_t)packing.length };
		status = archive_put_case(cases->archive, &in);
	}
	free(packing.bytes);
	return status;
}

/* A case that stays is not archived, whatever a round before that was cut off has written. */
static enum status
put(struct round *round, const struct store_value *value)
{
	struct text what = store_text(store_at(value, LINE_WHAT));
	struct text id = store_text(store_at(value, LINE_CASE));
	uint32_t at = round->result.cases;
	enum status status = put_line(round->cases, value);

	round->result.lines++;
	if (status != STATUS_OK || text_is(what, "gone"))
		return status;
	if (text_is(what, "stays"))
		return archive_forget(round->cases->archive, id);
	(void)text_copy(id, round->ids[at], sizeof round->ids[at]);
	(void)text_copy(store_text(store_at(value, LINE_DIGEST)), round->digests[at],
	    sizeof round->digests[at]);
	round->result.cases++;
	return put_case(round->cases, value);
}

static enum status
write_round(struct round *round, const struct store_value *value)
{
	struct archive *archive = round->cases->archive;
	size_t count = store_count(value);
	int64_t began_us = clock_mono_us();
	enum status status;

	if (count == 0 || count > CASES_ARCHIVE_MOST)
		return count == 0 ? STATUS_ABSENT : STATUS_INTERNAL;
	(void)text_copy(
	    store_text(store_at(store_at(store_at(value, count - 1), LINE_ENTRY), 0)),
	    round->last, sizeof round->last);
	status = archive_begin(archive);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = put(round, store_at(value, i));
	status = archive_end(archive, status);
	round->result.write_us = clock_mono_us() - began_us;
	return status;
}

/* ---- after the write ---- */

/* Cases that changed since they were read, after the status and the count of all archived. */
static enum status
forget_stayed(struct round *round, const struct store_value *value)
{
	struct archive *archive = round->cases->archive;
	size_t count = store_count(value);
	enum status status;

	round->result.archived = store_integer(store_at(value, 1), 0);
	if (count <= 2)
		return STATUS_OK;
	round->result.stayed = (uint32_t)count - 2;
	status = archive_begin(archive);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 2; i < count && status == STATUS_OK; i++)
		status = archive_forget(archive, store_text(store_at(value, i)));
	return archive_end(archive, status);
}

static void
read_dropped(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct round *round = pending->ctx;
	enum status status = result->status;

	if (status == STATUS_OK)
		status = forget_stayed(round, value);
	round_end(round, status);
}

static enum status
drop(struct round *round)
{
	struct arguments *a = &round->drop;

	arguments_begin(a, round->cases, "hl_archive_drop");
	arguments_word(a, round->last);
	for (uint32_t i = 0; i < round->result.cases; i++) {
		arguments_word(a, round->ids[i]);
		arguments_word(a, round->digests[i]);
	}
	return pending_send(
	    pending_take(round->cases, read_dropped, NULL, round), LITERAL("archive"), a);
}

static void
read_lines(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct round *round = pending->ctx;
	enum status status = result->status;

	if (status == STATUS_OK)
		status = write_round(round, value);
	if (status == STATUS_OK)
		status = drop(round);
	if (status != STATUS_OK)
		round_end(round, status == STATUS_ABSENT ? STATUS_OK : status);
}

enum status
cases_archive(struct cases *cases, int64_t keep_ms, unsigned most, cases_round_done *done,
    void *ctx)
{
	struct round *round = calloc(1, sizeof *round);
	struct arguments *a;
	enum status status;

	if (round == NULL)
		return STATUS_NO_MEMORY;
	round->cases = cases;
	round->done = done;
	round->ctx = ctx;
	a = &round->drop;
	arguments_begin(a, cases, "hl_archive_read");
	arguments_number(a, keep_ms);
	arguments_number(a, most);
	status = pending_send(
	    pending_take(cases, read_lines, NULL, round), LITERAL("archive"), a);
	if (status != STATUS_OK)
		free(round);
	return status;
}

/* ---- what the functions count ---- */

static enum status
ask_count(struct pending *pending, const char *name)
{
	char key[KEY_MAX_BYTES];
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	(void)arguments_key(&a, key, pending->cases, "HGET", "count", NULL, NULL);
	arguments_word(&a, name);
	return pending_send(pending, LITERAL("journal"), &a);
}

static void
read_oldest(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	pending->each.from(pending->ctx, result->status, store_text(value));
}

enum status
cases_oldest_line(struct cases *cases, cases_journal_from *got, void *ctx)
{
	struct pending *pending = pending_take(cases, read_oldest, NULL, ctx);

	if (pending != NULL)
		pending->each.from = got;
	return ask_count(pending, "archive.from");
}

static void
read_count(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	pending->each.counted(pending->ctx, result->status, store_integer(value, 0));
}

enum status
cases_archived_count(struct cases *cases, cases_counted *got, void *ctx)
{
	struct pending *pending = pending_take(cases, read_count, NULL, ctx);

	if (pending != NULL)
		pending->each.counted = got;
	return ask_count(pending, "case.archived");
}
