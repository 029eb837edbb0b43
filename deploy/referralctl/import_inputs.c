/* SPDX-License-Identifier: Apache-2.0
 * Opens files and folders, and looks at first rows. */
#include "deploy/referralctl/import_inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/referralctl/import_feature.h"
#include "deploy/referralctl/import_older.h"
#include "deploy/referralctl/import_read.h"

/* Rows that are looked at. */
#define LOOKED_AT 20

/* ---- files ---- */

static bool
add_name(struct import_inputs *inputs, char *name)
{
	char **names =
	    name ? realloc(inputs->names, (inputs->names_count + 1) * sizeof *names)
	         : NULL;

	if (names == NULL) {
		free(name);
		errno = ENOMEM;
		return false;
	}
	inputs->names = names;
	inputs->names[inputs->names_count++] = name;
	return true;
}

static int
is_json_name(const struct dirent *entry)
{
	static const char *const ENDINGS[] = { ".json", ".jsonl", ".ndjson", ".geojson" };
	const char *dot = strrchr(entry->d_name, '.');

	for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
		if (dot != NULL && dot != entry->d_name && strcmp(dot, ENDINGS[i]) == 0)
			return 1;
	return 0;
}

/* As people count: page-2 comes before page-10. */
static bool
add_folder(struct import_inputs *inputs, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_json_name, versionsort);
	bool is_good = count > 0;
	char *name;

	if (count == 0)
		errno = EISDIR;
	for (int i = 0; i < count; i++) {
		if (is_good && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			is_good = false;
		else if (is_good)
			is_good = add_name(inputs, name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return is_good;
}

static bool
is_package(const struct import_tabular *said, const char *path)
{
	return said != NULL && import_tabular_is_package(said, path);
}

/* The path of what an archive holds, else the path itself; NULL: *status says why. */
static const char *
unpack(struct import_inputs *inputs, const char *given, enum status *status)
{
	bool is_input = strcmp(given, "-") == 0;
	const char *path = is_input ? "/dev/stdin" : given;
	struct import_archive **grown;

	*status = is_input && !import_file_keep_input() ? STATUS_ABSENT : STATUS_OK;
	if (*status != STATUS_OK || !import_archive_is(path))
		return *status == STATUS_OK ? given : NULL;
	grown = realloc(inputs->archives,
	    (inputs->archives_count + 1) * sizeof(struct import_archive *));
	*status = grown ? STATUS_OK : STATUS_NO_MEMORY;
	if (grown == NULL)
		return NULL;
	inputs->archives = grown;
	*status = import_archive_open(
	    &inputs->archives[inputs->archives_count++], path, inputs->why);
	return *status == STATUS_OK
	           ? import_archive_path(inputs->archives[inputs->archives_count - 1])
	           : NULL;
}

static enum status
add_path(
    struct import_inputs *inputs, const struct import_tabular *said, const char *given)
{
	enum status status;
	const char *path = unpack(inputs, given, &status);
	DIR *folder;
	bool is_added;

	if (path == NULL)
		return status;
	folder = strcmp(path, "-") != 0 && !is_package(said, path) ? opendir(path) : NULL;
	is_added = folder ? add_folder(inputs, path) : add_name(inputs, strdup(path));
	if (folder != NULL)
		closedir(folder);
	return is_added ? STATUS_OK : STATUS_ABSENT;
}

enum status
import_inputs_open(struct import_inputs *inputs, const struct import_tabular *said,
    char *const *paths, size_t count, const char **wrong)
{
	for (size_t i = 0; i < count; i++) {
		enum status status = add_path(inputs, said, paths[i]);

		*wrong = paths[i];
		if (status != STATUS_OK)
			return status;
	}
	inputs->files = calloc(inputs->names_count + 1, sizeof *inputs->files);
	for (; inputs->count < inputs->names_count; inputs->count++) {
		*wrong = inputs->names[inputs->count];
		if (inputs->files == NULL)
			return STATUS_NO_MEMORY;
		inputs->files[inputs->count].name = *wrong;
		if (!is_package(said, *wrong) &&
		    import_file_open(&inputs->files[inputs->count], *wrong) != STATUS_OK)
			return STATUS_ABSENT;
	}
	return STATUS_OK;
}

void
import_inputs_close(struct import_inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		import_file_close(&inputs->files[i]);
	for (size_t i = 0; i < inputs->names_count; i++)
		free(inputs->names[i]);
	for (size_t i = 0; i < inputs->archives_count; i++)
		import_archive_close(inputs->archives[i]);
	free(inputs->archives);
	free(inputs->files);
	free(inputs->names);
	*inputs = (struct import_inputs){ 0 };
}

/* ---- formats ---- */

static const struct {
	const char *word, *map, *about;
} FORMATS[] = {
#define FORMAT(name, map, about) [IMPORT_FORMAT_##name] = { #name, map, about },
#include "deploy/referralctl/import_formats.def"
};

const char *
import_format_word(enum import_format format)
{
	return FORMATS[format].word;
}

const char *
import_format_map(enum import_format format)
{
	return FORMATS[format].map;
}

const char *
import_format_about(enum import_format format)
{
	return FORMATS[format].about;
}

enum import_format
import_format_find(const char *word)
{
	enum import_format format = 0;

	while (format < IMPORT_FORMATS && strcmp(FORMATS[format].word, word) != 0)
		format++;
	return format;
}

/* Whether a row has anything by which HSDS, or a list of terms, is known: rows of something else
 * have members too, but not these. */
static bool
says_what_hsds_says(const json_t *row)
{
	static const char *const MEMBERS[] = { "service", "services", "service_id",
		"service_at_locations", "organization", "organization_id", "location_id",
		"location_type", "program_id", "eligibility_description", "taxonomy",
		"taxonomy_id", "to_taxonomy", "terms", "openapi_url" };

	if (json_is_string(json_object_get(row, "name")))
		return true;
	for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++)
		if (json_object_get(row, MEMBERS[i]) != NULL)
			return true;
	return false;
}

static enum import_format
guess_row(const json_t *row)
{
	if (import_feature_is_advisor(row))
		return IMPORT_FORMAT_services_advisor;
	if (import_feature_is_one(row))
		return IMPORT_FORMAT_geojson;
	if (import_older_is_one(row))
		return IMPORT_FORMAT_older;
	return says_what_hsds_says(row) ? IMPORT_FORMAT_hsds : IMPORT_FORMAT_map;
}

/* The first that is a form of its own; else HSDS, unless no row is. */
static enum import_format
guess_rows(struct import_rows *rows)
{
	char error[JSON_ERROR_TEXT_LENGTH];
	struct import_row row;
	size_t hsds = 0, others = 0;

	for (int i = 0; i < LOOKED_AT && import_rows_next(rows, &row); i++) {
		json_t *object;
		enum import_format format;

		if (import_row_parse(row.text, &object, error) != IMPORT_FINE)
			continue;
		format = guess_row(object);
		json_decref(object);
		if (format != IMPORT_FORMAT_hsds && format != IMPORT_FORMAT_map)
			return format;
		hsds += format == IMPORT_FORMAT_hsds;
		others += format == IMPORT_FORMAT_map;
	}
	return hsds == 0 && others > 0 ? IMPORT_FORMAT_map : IMPORT_FORMAT_hsds;
}

enum import_format
import_format_guess(const struct import_file *file)
{
	enum import_format format;
	struct import_rows *rows;
	const char *why;

	if (import_rows_open(&rows, file->bytes, file->length, &why) != STATUS_OK)
		return IMPORT_FORMATS;
	format = guess_rows(rows);
	import_rows_close(rows);
	return format;
}
