/* SPDX-License-Identifier: Apache-2.0
 * The rows of one file, of JSON or a table, one after the other. */
#include "common/clock.h"
#include "deploy/referralctl/import_collect_private.h"
#include "deploy/referralctl/import_columns.h"
#include "deploy/referralctl/import_scan.h"

#define PROGRESS_EVERY_ROWS 256
#define PROGRESS_EVERY_MS 200

static void
show_progress(struct import_collect *collect, const char *at, bool is_end)
{
	const struct import_file *file = collect->file;
	int64_t now = clock_mono_ms();
	double seconds = (double)(now - collect->began_at) / 1000;

	if (!collect->pass.shows_progress ||
	    (!is_end && now - collect->told_at < PROGRESS_EVERY_MS))
		return;
	collect->told_at = now;
	fprintf(stderr, "\r%3.0f %%  %llu rows  %.0f/s%s",
	    file->length ? 100 * (double)(at - file->bytes) / (double)file->length : 100,
	    (unsigned long long)collect->rows,
	    seconds > 0 ? (double)collect->rows / seconds : 0.0, is_end ? "\n" : "");
}

/* Whether it is to go on. */
static void
look_up(struct import_collect *collect)
{
	if (collect->pass.stop != NULL && *collect->pass.stop)
		collect_end_with(collect, STATUS_DRAINING);
}

static void
take_rows(
    struct import_collect *collect, struct import_rows *rows, struct import_file *file)
{
	struct import_row row = { .text = { file->bytes, 0 } };

	while (collect->status == STATUS_OK && import_rows_next(rows, &row)) {
		collect_row(collect, &row);
		look_up(collect);
		if (++collect->rows % PROGRESS_EVERY_ROWS != 0)
			continue;
		import_file_pass(file, row.text.at);
		show_progress(collect, row.text.at, false);
	}
	show_progress(collect, file->bytes + file->length, true);
}

static enum status
read_rows(struct import_collect *collect, struct import_file *file, const char **why)
{
	struct import_rows *rows;
	struct import_shape shape;
	enum status status = import_rows_open(&rows, file->bytes, file->length, why);

	if (status != STATUS_OK)
		return status;
	shape = import_rows_about(rows);
	collect->is_container = shape.is_container;
	import_join_expect(collect->join, &shape);
	take_rows(collect, rows, file);
	shape = import_rows_about(rows);
	collect->pages++;
	if (shape.pages > collect->pages_of)
		collect->pages_of = shape.pages;
	collect->is_page_of_many |= shape.is_page_of_many;
	collect->is_cut |= shape.is_cut;
	import_rows_close(rows);
	return STATUS_OK;
}

/* A table's rows, through the map. */
static enum status
read_table(struct import_collect *collect, struct import_file *file, const char **why)
{
	struct import_report *report = collect->pass.report;
	struct import_table *table;
	struct import_table_row row;
	enum status status = import_table_open(
	    &table, file->bytes, file->length, collect->pass.encoding, report, why);

	if (status != STATUS_OK)
		return status;
	if (!import_columns_fit(collect->pass.map, table)) {
		*why = "the table lacks a column that the map requires";
		status = STATUS_UNSUPPORTED;
	}
	while (status == STATUS_OK && collect->status == STATUS_OK &&
	       (status = import_table_next(table, &row)) == STATUS_OK) {
		if (row.reason != IMPORT_FINE)
			collect_quarantine(collect, row.reason, &row.where, "", row.why);
		else
			collect_given(collect, row.cells, &row.where);
		look_up(collect);
		if (++collect->rows % PROGRESS_EVERY_ROWS != 0 || row.at == NULL)
			continue;
		import_file_pass(file, row.at);
		show_progress(collect, row.at, false);
	}
	collect->is_cut |= import_table_is_cut(table);
	import_table_close(table);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static bool
begins_as_json(const struct import_file *file)
{
	const char *end = file->bytes + file->length;
	const char *at = file->bytes;

	if (file->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	at = scan_skip_space(at, end);
	return at < end && (*at == '{' || *at == '[');
}

enum status
import_collect_file(
    struct import_collect *collect, struct import_file *file, const char **why)
{
	bool is_table = collect->pass.map != NULL && !begins_as_json(file) &&
	                import_table_looks_so(file->bytes, file->length);
	enum status status;

	collect->file = file;
	collect->pass.report->file = collect->pass.names_files ? file->name : NULL;
	status =
	    is_table ? read_table(collect, file, why) : read_rows(collect, file, why);
	return status == STATUS_OK ? collect->status : status;
}
