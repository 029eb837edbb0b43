/* SPDX-License-Identifier: Apache-2.0
 * Opens tables and hands their rows on. */
#include "deploy/referralctl/import_tabular.h"

#include <stdio.h>
#include <string.h>

#include "deploy/referralctl/import_columns.h"
#include "deploy/referralctl/import_map_parts.h"
#include "deploy/referralctl/import_package.h"
#include "deploy/referralctl/import_suggest.h"
#include "deploy/referralctl/import_table.h"

#define COLUMNS_WORDS_BYTES 2048

static bool
is_said(const struct import_tabular *said, const char *format)
{
	return strcmp(said->format, format) == 0;
}

bool
import_tabular_is_package(const struct import_tabular *said, const char *path)
{
	return is_said(said, "package") ||
	       (is_said(said, "auto") && import_package_is(path));
}

bool
import_tabular_is_table(const struct import_tabular *said, const struct import_file *file)
{
	return is_said(said, "table") ||
	       (is_said(said, "auto") &&
	           import_table_looks_so(file->bytes, file->length));
}

/* For people, who are to write a map or to see that it is not the file they meant. */
static const char *
name_columns(const struct import_table *table)
{
	static const char MORE[] = " ...";
	static char why[COLUMNS_WORDS_BYTES];
	size_t at = (size_t)snprintf(why, sizeof why,
	    "the file is a table whose columns fit none of deploy/maps, or several: "
	    "--map, or --suggest-map for a draft of one; its columns are");

	for (size_t i = 0; i < import_table_count_columns(table); i++) {
		size_t room = sizeof why - at;
		int length = snprintf(why + at, room, "%s \"%s\"", i > 0 ? "," : "",
		    import_table_column(table, i));

		if (length < 0 || (size_t)length + sizeof MORE > room) {
			(void)snprintf(why + at, room, "%s", MORE);
			break;
		}
		at += (size_t)length;
	}
	return why;
}

enum status
import_tabular_find_map(const struct import_tabular *said, const struct import_file *file,
    struct import_report *report, struct import_map **map, const char **why)
{
	static const struct import_where FILE_ITSELF;
	struct import_table *table;
	char name[64];
	enum status status = import_table_open(
	    &table, file->bytes, file->length, said->encoding, NULL, why);

	if (status != STATUS_OK)
		return status;
	status = import_map_guess(table, NULL, map, name);
	if (status == STATUS_ABSENT)
		*why = name_columns(table);
	import_table_close(table);
	if (status == STATUS_ABSENT)
		return STATUS_UNSUPPORTED;
	if (status == STATUS_OK)
		import_report_add(report, IMPORT_map_guessed, &FILE_ITSELF, "", name);
	return status;
}

static enum status
suggest_of_table(const struct import_tabular *said, const struct import_file *file,
    json_t **map, const char **why)
{
	struct import_table *table;
	enum status status = import_table_open(
	    &table, file->bytes, file->length, said->encoding, NULL, why);

	if (status != STATUS_OK)
		return status;
	status = import_suggest_map(table, map);
	import_table_close(table);
	return status;
}

enum status
import_tabular_suggest_map(const struct import_tabular *said,
    const struct import_file *file, FILE *out, const char **why)
{
	json_t *map = NULL;
	enum status status =
	    import_table_looks_so(file->bytes, file->length)
	        ? suggest_of_table(said, file, &map, why)
	        : import_suggest_map_of_rows(file->bytes, file->length, &map, why);

	if (status == STATUS_OK && (json_dumpf(map, out, JSON_INDENT(2)) != 0 ||
	                               fputc('\n', out) == EOF || fflush(out) != 0))
		status = STATUS_UNAVAILABLE;
	json_decref(map);
	return status;
}

enum status
import_tabular_take_package(const struct import_tabular *said, const char *path,
    struct import_collect *collect, struct import_report *report, const char **why)
{
	static const struct import_where FILE_ITSELF;
	struct import_package *package;
	struct import_where where;
	json_t *service;
	enum status status =
	    import_package_open(&package, path, said->encoding, report, why);

	if (status != STATUS_OK)
		return status;
	while ((status = import_package_next(package, &service, &where)) == STATUS_OK) {
		status = import_collect_service(collect, service, &where);
		json_decref(service);
		if (status != STATUS_OK)
			break;
	}
	if (import_package_is_cut(package))
		import_report_add(report, IMPORT_cut_file, &FILE_ITSELF, "", "");
	import_package_close(package);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* ---- rows of several kinds ---- */

static enum status
add_row(const struct import_map *map, struct text source, struct import_report *report,
    const struct import_table_row *row, struct import_parts *parts)
{
	struct import_check check = { source, report, .where = &row->where };
	enum import_reason reason = row->reason;
	enum status status = STATUS_OK;

	if (reason == IMPORT_FINE)
		status = import_map_add_parts(map, row->cells, &check, parts, &reason);
	if (reason != IMPORT_FINE) {
		report->read++;
		import_report_add(report, reason, &row->where, "", row->why);
	}
	return status;
}

static enum status
add_rows(const struct import_map *map, struct text source, struct import_report *report,
    struct import_table *table, struct import_parts *parts)
{
	struct import_table_row row;
	enum status status;

	import_map_expect_parts(map, parts);
	while ((status = import_table_next(table, &row)) == STATUS_OK) {
		status = add_row(map, source, report, &row, parts);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_ABSENT ? import_parts_settle(parts) : status;
}

static enum status
take_services(struct import_parts *parts, struct import_collect *collect)
{
	struct import_where where;
	json_t *service;
	enum status status;

	while ((status = import_parts_next(parts, &service, &where)) == STATUS_OK) {
		status = import_collect_service(collect, service, &where);
		json_decref(service);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_ABSENT ? import_parts_end(parts) : status;
}

enum status
import_tabular_take_parts(const struct import_tabular *said,
    const struct import_file *file, const struct import_map *map, struct text source,
    struct import_collect *collect, struct import_report *report, const char **why)
{
	static const struct import_where FILE_ITSELF;
	struct import_table *table;
	struct import_parts *parts = NULL;
	enum status status = import_table_open(
	    &table, file->bytes, file->length, said->encoding, report, why);

	if (status != STATUS_OK)
		return status;
	if (!import_columns_fit(map, table)) {
		*why = "the table lacks a column that the map requires";
		status = STATUS_UNSUPPORTED;
	}
	import_columns_note_left_out(map, table, report);
	if (status == STATUS_OK)
		status = import_parts_open(&parts, report);
	if (status == STATUS_OK)
		status = add_rows(map, source, report, table, parts);
	if (import_table_is_cut(table))
		import_report_add(report, IMPORT_cut_file, &FILE_ITSELF, "", "");
	if (status == STATUS_OK)
		status = take_services(parts, collect);
	import_parts_close(parts);
	import_table_close(table);
	return status;
}
