/* SPDX-License-Identifier: Apache-2.0
 * Cases and journal lines that Redis does not hold any more, read from the archive as if it
 * did. */
#include "common/archive.h"

#include <stdlib.h>

#include "common/cases_private.h"

/* More transitions than a case can go through. */
#define LINES_MOST 10000

void
cases_attach(struct cases *cases, struct archive *archive)
{
	cases->archive = archive;
}

struct text
cases_word(const char *kind, struct text value, char word[CASES_WORD_BYTES])
{
	int length = snprintf(
	    word, CASES_WORD_BYTES, "%s:%.*s", kind, (int)value.length, value.at);

	if (length < 0 || length >= CASES_WORD_BYTES)
		word[0] = '\0';
	return text_of(word);
}

/* ---- one case ---- */

enum status
cases_is_archived(struct cases *cases, struct text case_id)
{
	return cases->archive != NULL ? archive_has(cases->archive, case_id)
	                              : STATUS_ABSENT;
}

bool
packing_begin(struct packing *packing)
{
	*packing = (struct packing){ .bytes = NULL };
	packing->out = open_memstream(&packing->bytes, &packing->length);
	return packing->out != NULL;
}

bool
packing_end(struct packing *packing)
{
	return packing->out != NULL && fclose(packing->out) == 0;
}

static void
pack_text(FILE *out, struct text text)
{
	fprintf(out, "$%u\r\n", text.length);
	(void)fwrite(text.at, 1, text.length, out);
	fputs("\r\n", out);
}

static void
pack_line(void *ctx, const struct archive_line *line)
{
	struct packing *packing = ctx;

	packing->count++;
	(void)fwrite(line->bytes.at, 1, line->bytes.length, packing->out);
}

struct store_value *
archived_lines(struct cases *cases, struct text line_id, unsigned most)
{
	struct packing lines, list;
	struct store_value *value = NULL;
	enum status status = STATUS_ABSENT;

	if (cases->archive == NULL || line_id.length == 0)
		return NULL;
	if (packing_begin(&lines))
		status =
		    archive_timeline(cases->archive, line_id, most, pack_line, &lines);
	if (packing_end(&lines) && status == STATUS_OK && packing_begin(&list)) {
		fprintf(list.out, "*%u\r\n", lines.count);
		(void)fwrite(lines.bytes, 1, lines.length, list.out);
		if (packing_end(&list))
			value = store_parse(list.bytes, list.length);
		free(list.bytes);
	}
	free(lines.bytes);
	return value;
}

static void
pack_case(void *ctx, const struct archive_case *found)
{
	struct packing *packing = ctx;
	bool has_key = found->key.at != NULL;

	fprintf(packing->out, "*%u\r\n", found->fields_count + (has_key ? 2 : 0));
	(void)fwrite(found->fields.at, 1, found->fields.length, packing->out);
	if (has_key) {
		pack_text(packing->out, LITERAL(KEY_FIELD));
		pack_text(packing->out, found->key);
	}
}

enum status
record_read_archived(struct cases *cases, struct text case_id, unsigned timeline_most)
{
	struct packing packing;
	enum status status = STATUS_NO_MEMORY;

	if (cases->archive == NULL)
		return STATUS_ABSENT;
	if (packing_begin(&packing))
		status = archive_get(cases->archive, case_id, pack_case, &packing);
	if (packing_end(&packing) && status == STATUS_OK) {
		cases->archived = store_parse(packing.bytes, packing.length);
		status = cases->archived != NULL ? STATUS_OK : STATUS_DAMAGED;
	}
	free(packing.bytes);
	if (status == STATUS_OK) {
		record_read(cases, case_id, cases->archived, NULL, timeline_most);
		cases->record->view.archived = FLAG_YES;
	}
	return status;
}

void
record_free(struct cases *cases)
{
	store_value_free(cases->older);
	store_value_free(cases->archived);
	cases->older = cases->archived = NULL;
}

/* ---- one command ---- */

struct line_search {
	struct cases *cases;
	struct text command;
	enum status status;
};

/* A command's name is a digest: nothing else of a line is one. */
static void
look_at_line(void *ctx, const struct archive_line *line)
{
	struct line_search *search = ctx;

	if (memmem(line->bytes.at, line->bytes.length, search->command.at,
	        search->command.length) != NULL)
		search->status = STATUS_OK;
}

static void
look_at_case(void *ctx, const struct archive_case *found)
{
	struct line_search *search = ctx;
	enum status status = archive_timeline(
	    search->cases->archive, found->last, LINES_MOST, look_at_line, search);

	if (status != STATUS_OK)
		search->status = status;
}

enum status
cases_was_archived_with(struct cases *cases, struct text item, struct text command)
{
	struct line_search search = { cases, command, STATUS_ABSENT };
	struct text case_id;
	unsigned need, attempt;
	enum status status = STATUS_ABSENT;

	if (cases->archive != NULL && id_split(item, &case_id, &need, &attempt))
		status = archive_get(cases->archive, case_id, look_at_case, &search);
	return status == STATUS_OK ? search.status : status;
}

/* ---- lists ---- */

struct finding {
	struct pending *pending;
	const struct store_value
	    *ids; /* that Redis named; NULL: none of them is archived */
	struct case_result *result;
	unsigned count;
};

/* Only what the last round archived can be in both, and that is the newest. */
static bool
is_named(const struct finding *finding, struct text case_id)
{
	if (finding->count > CASES_ARCHIVE_MOST)
		return false;
	for (size_t i = 0; i < store_count(finding->ids); i++)
		if (text_equal(store_text(store_at(finding->ids, i)), case_id))
			return true;
	return false;
}

static void
on_archived_id(void *ctx, struct text case_id)
{
	struct finding *finding = ctx;

	finding->count++;
	if (is_named(finding, case_id))
		return;
	finding->result->count++;
	finding->pending->each.on_id(finding->pending->ctx, case_id);
}

void
find_archived(
    struct pending *pending, const struct store_value *ids, struct case_result *result)
{
	struct finding finding = { .pending = pending, .ids = ids, .result = result };

	if (pending->cases->archive != NULL)
		result->status =
		    archive_find(pending->cases->archive, text_of(pending->what),
		        pending->offset, pending->most, on_archived_id, &finding);
}
