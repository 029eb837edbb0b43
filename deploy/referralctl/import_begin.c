/* SPDX-License-Identifier: Apache-2.0
 * What is done before Redis is asked: files are opened, and what they hold is found out. */
#include "deploy/referralctl/import_begin.h"

#include <errno.h>
#include <string.h>

#include "deploy/referralctl/import_columns.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_table.h"
#include "deploy/referralctl/referralctl.h"

/* Rows whose members are put together to tell whose they are: the first may lack some. */
#define ROWS_LOOKED_AT 20

int
import_fail(const char *what, const char *why)
{
	fprintf(stderr, "referralctl import: %s: %s\n", what, why);
	return EXIT_FAILED;
}

/* Opened before anything is done, so that a wrong path is known in time. */
static int
open_report(struct import *import)
{
	const char *path = import->options->report;

	if (path == NULL)
		return EXIT_DONE;
	import->report_file = fopen(path, "we");
	if (import->report_file == NULL)
		return import_fail(path, strerror(errno));
	return import_report_keep_rows(&import->report)
	           ? EXIT_DONE
	           : import_fail("no file for the report's rows", strerror(errno));
}

static int
open_map(struct import *import, const char *name)
{
	char why[256];

	if (name == NULL || import_map_load(&import->map, name, why) == STATUS_OK)
		return EXIT_DONE;
	return import_fail(name, why);
}

/* By the beginning of a file. */
static enum directory_kind
guess_kind(const struct import_file *file)
{
	size_t length = file->length < UINT32_MAX ? file->length : UINT32_MAX;

	if (file->bytes == NULL) /* a package */
		return DIRECTORY_SERVICES;
	return import_kind_guess((struct text){ file->bytes, (uint32_t)length });
}

bool
import_is_package(const struct import *import, size_t index)
{
	return import->inputs.files[index].bytes == NULL;
}

/* By what it holds, as far as nobody said it. */
static enum import_format
recognise(const struct import *import)
{
	const struct import_options *options = import->options;
	const struct import_file *first = &import->inputs.files[0];
	enum import_format format = options->format;

	if (format != IMPORT_FORMATS)
		return format;
	if (import_is_package(import, 0))
		return IMPORT_FORMAT_package;
	format = import_format_guess(first);
	if (format == IMPORT_FORMATS && import_tabular_is_table(&options->tabular, first))
		return IMPORT_FORMAT_table;
	return options->map != NULL && format != IMPORT_FORMATS ? IMPORT_FORMAT_map
	                                                        : format;
}

/* The members of the first rows together; empty where they are HSDS, all of whose objects have
 * ids.  NULL: out of memory. */
static json_t *
first_members(const struct import_file *file)
{
	json_t *members = json_object();
	struct import_rows *rows = NULL;
	struct import_row row;
	const char *why;

	if (import_rows_open(&rows, file->bytes, file->length, &why) != STATUS_OK)
		return members;
	for (int i = 0; i < ROWS_LOOKED_AT && import_rows_next(rows, &row); i++) {
		char text[JSON_ERROR_TEXT_LENGTH];
		json_t *object = NULL;

		if (import_row_parse(row.text, &object, text) == IMPORT_FINE)
			(void)json_object_update_missing(members, object);
		json_decref(object);
	}
	import_rows_close(rows);
	if (json_object_get(members, "id") != NULL)
		json_object_clear(members);
	return members;
}

/* Flat rows that nothing was said of look like objects of HSDS. */
static int
find_map_of_rows(struct import *import)
{
	static const char NOTHING_KNOWN[] = "its rows are JSON, but nothing that HSDS or "
	                                    "a map of deploy/maps has: --map, or "
	                                    "--suggest-map for a draft of one";
	static const struct import_where FILE_ITSELF;
	json_t *members = first_members(&import->inputs.files[0]);
	char name[64];
	enum status status = STATUS_NO_MEMORY;

	if (members != NULL)
		status = import_map_guess(NULL, members, &import->map, name);
	json_decref(members);
	if (status == STATUS_OK) {
		import->format = IMPORT_FORMAT_map;
		import_report_add(
		    &import->report, IMPORT_map_guessed, &FILE_ITSELF, "", name);
	}
	if (status == STATUS_ABSENT && import->format == IMPORT_FORMAT_map &&
	    import->options->kind == DIRECTORY_KINDS)
		return import_fail(import->inputs.files[0].name, NOTHING_KNOWN);
	return status == STATUS_OK || status == STATUS_ABSENT
	           ? EXIT_DONE
	           : import_fail(import->inputs.files[0].name, status_about(status));
}

/* The map that was named, or that the format has, or that a table's columns or the members of
 * rows fit. */
static int
find_map(struct import *import)
{
	const struct import_tabular *said = &import->options->tabular;
	const struct import_file *first = &import->inputs.files[0];
	const char *map = import->options->map;
	const char *why = NULL;
	enum status status;

	import->format = recognise(import);
	if (map == NULL && import->format == IMPORT_FORMAT_geojson)
		return import_fail(first->name,
		    "features of GeoJSON need --map; --suggest-map for a draft of one");
	if (map == NULL && import->format != IMPORT_FORMATS)
		map = import_format_map(import->format);
	if (open_map(import, map) != EXIT_DONE)
		return EXIT_FAILED;
	if (map == NULL && import->format == IMPORT_FORMAT_table) {
		status = import_tabular_find_map(
		    said, first, &import->report, &import->map, &why);
		if (status != STATUS_OK)
			return import_fail(first->name, why ? why : status_about(status));
	}
	if (map == NULL && import->options->format == IMPORT_FORMATS &&
	    (import->format == IMPORT_FORMAT_hsds ||
	        import->format == IMPORT_FORMAT_map) &&
	    find_map_of_rows(import) != EXIT_DONE)
		return EXIT_FAILED;
	import->kind = import->options->kind;
	if (import->kind == DIRECTORY_KINDS && import->map != NULL)
		import->kind = import_map_kind(import->map);
	else if (import->kind == DIRECTORY_KINDS)
		import->kind =
		    import_is_package(import, 0) ? DIRECTORY_SERVICES : guess_kind(first);
	return EXIT_DONE;
}

int
import_begin_suggest(const struct import_options *options)
{
	struct import_inputs inputs = { 0 };
	struct import_file *file;
	const char *wrong_path;
	const char *why = NULL;
	int exit = EXIT_DONE;

	if (import_inputs_open(&inputs, NULL, options->paths, 1, &wrong_path) !=
	    STATUS_OK) {
		exit = import_fail(
		    wrong_path, inputs.why[0] != '\0' ? inputs.why : strerror(errno));
		import_inputs_close(&inputs);
		return exit;
	}
	file = &inputs.files[0];
	if (import_tabular_suggest_map(&options->tabular, file, stdout, &why) !=
	    STATUS_OK)
		exit = import_fail(file->name, why ? why : strerror(errno));
	import_inputs_close(&inputs);
	return exit;
}

static const char *
why_not_open(const struct import *import)
{
	if (import->inputs.why[0] != '\0')
		return import->inputs.why;
	return import->translated.why[0] != '\0' ? import->translated.why
	                                         : strerror(errno);
}

static int
open_files(struct import *import)
{
	const struct import_options *options = import->options;
	const char *wrong_path;

	if (import_inputs_open(&import->inputs, &options->tabular, options->paths,
	        options->paths_count, &wrong_path) != STATUS_OK ||
	    import_inputs_open(&import->translated, NULL, options->translated,
	        options->translated_count, &wrong_path) != STATUS_OK)
		return import_fail(wrong_path, why_not_open(import));
	if (import->translated.count != options->translated_count)
		return import_fail("--translation", "a file is wanted, not a folder");
	return EXIT_DONE;
}

int
import_begin_open(struct import *import)
{
	int exit = open_report(import);

	if (exit == EXIT_DONE)
		exit = open_files(import);
	return exit == EXIT_DONE ? find_map(import) : exit;
}

void
import_begin_free(struct import *import)
{
	if (import->report_file != NULL)
		fclose(import->report_file);
	import_map_free(import->map);
	import_inputs_close(&import->inputs);
	import_inputs_close(&import->translated);
	import_plan_free(&import->plan);
	import_report_free(&import->report);
}
