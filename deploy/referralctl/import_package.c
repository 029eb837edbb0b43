/* SPDX-License-Identifier: Apache-2.0
 * Reads the tables of a folder into parts. */
#include "deploy/referralctl/import_package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/referralctl/import_package_json.h"
#include "deploy/referralctl/import_package_row.h"
#include "deploy/referralctl/import_parts.h"
#include "deploy/referralctl/import_resources.h"
#include "deploy/referralctl/import_table.h"

#define PATH_BYTES 4096
#define TABLES_MAX 256

struct import_package {
	struct import_report *report;
	struct import_parts *parts;
	struct import_resources *resources; /* NULL: names of files say what they are */
	char *files[TABLES_MAX];            /* names within the folder */
	size_t files_count;
	char folder[PATH_BYTES];
	const char *encoding;
	const struct package_table *table; /* of one JSON object, that is read */
	bool is_cut, is_over;
};

/* ---- the folder ---- */

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "services" of "x/services.csv"; false: it is no table's file. */
static bool
stem_of(const char *path, char stem[64])
{
	const char *name = base_of(path);
	size_t length = strlen(name);

	if (length < 5 || length - 4 >= 64 ||
	    (strcasecmp(name + length - 4, ".csv") != 0 &&
	        strcasecmp(name + length - 4, ".tsv") != 0 &&
	        strcasecmp(name + length - 4, ".txt") != 0))
		return false;
	memcpy(stem, name, length - 4);
	stem[length - 4] = '\0';
	return true;
}

static const struct package_table *
table_of(const char *path)
{
	char stem[64];

	return stem_of(path, stem) ? package_table_find(stem) : NULL;
}

/* What the package says a file is, else what its name says. */
static const struct package_table *
kind_of(const struct import_resources *resources, const char *file)
{
	const char *name = import_resources_name(resources, file);
	const struct package_table *table = name ? package_table_find(name) : NULL;

	return table != NULL ? table : table_of(file);
}

static bool
is_folder(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* The folder of a package's path; false: it names none. */
static bool
find_folder(const char *path, char folder[PATH_BYTES])
{
	const char *base = base_of(path);

	if (strlen(path) + 3 > PATH_BYTES)
		return false;
	if (is_folder(path)) {
		snprintf(folder, PATH_BYTES, "%s", path);
		return true;
	}
	if (strcmp(base, "datapackage.json") != 0 && table_of(path) == NULL)
		return false;
	snprintf(folder, PATH_BYTES, "%.*s", (int)(base - path), path);
	if (base == path)
		snprintf(folder, PATH_BYTES, "./");
	return true;
}

static int
compare_names(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static bool
is_there(const char *folder, const char *file)
{
	char path[2 * PATH_BYTES];

	snprintf(path, sizeof path, "%s/%s", folder, file);
	return access(path, F_OK) == 0;
}

/* The names of the tables' files, sorted. */
static bool
list_files(const char *folder, const struct import_resources *resources,
    char *files[TABLES_MAX], size_t *count)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;
	const char *nested;
	char stem[64];

	*count = 0;
	if (listing == NULL)
		return false;
	while ((entry = readdir(listing)) != NULL && *count < TABLES_MAX)
		if (stem_of(entry->d_name, stem) &&
		    (files[*count] = strdup(entry->d_name)) != NULL)
			++*count;
	closedir(listing);
	for (size_t n = 0; *count < TABLES_MAX &&
	                   (nested = import_resources_nested(resources, n)) != NULL;
	     n++)
		if (stem_of(nested, stem) && is_there(folder, nested) &&
		    (files[*count] = strdup(nested)) != NULL)
			++*count;
	qsort(files, *count, sizeof *files, compare_names);
	return true;
}

bool
import_package_is(const char *path)
{
	char folder[PATH_BYTES];
	char *files[TABLES_MAX];
	struct import_resources *resources;
	size_t count = 0;
	bool is_package = false;

	if (!find_folder(path, folder))
		return package_json_is(path);
	resources = import_resources_open(folder);
	(void)list_files(folder, resources, files, &count);
	for (size_t i = 0; i < count; i++) {
		const struct package_table *table = kind_of(resources, files[i]);

		is_package |=
		    table != NULL && package_table_entity(table) == &hsds_service;
		free(files[i]);
	}
	import_resources_close(resources);
	return is_package;
}

/* ---- a table ---- */

static enum status
take_row(struct import_package *package, const struct package_table *table,
    struct import_table_row *row)
{
	struct import_where where = row->where;
	enum import_reason reason = row->reason;

	if (reason == IMPORT_FINE) {
		json_t *id = json_object_get(row->cells, "id");

		where.id = (struct text){ json_string_value(id),
			(uint32_t)json_string_length(id) };
		reason = package_row_settle(table, row->cells);
	}
	if (reason == IMPORT_FINE)
		return import_parts_add(package->parts, package_table_entity(table),
		    row->cells, false, &where);
	package->report->read++;
	import_report_add(package->report, reason, &where, "", row->why);
	return STATUS_OK;
}

static enum status
take_table(struct import_package *package, const struct package_table *kind,
    struct import_table *table)
{
	static const struct import_where FILE_ITSELF;
	struct import_table_row row;
	enum status status;

	import_parts_expect(package->parts, package_table_entity(kind));
	for (size_t i = 0; i < import_table_count_columns(table); i++)
		if (!package_table_knows(kind, import_table_column(table, i)))
			import_report_add(package->report, IMPORT_unknown_column,
			    &FILE_ITSELF, import_table_column(table, i), "");
	while ((status = import_table_next(table, &row)) == STATUS_OK) {
		status = take_row(package, kind, &row);
		if (status != STATUS_OK)
			return status;
	}
	package->is_cut |= import_table_is_cut(table);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static enum status
read_table(struct import_package *package, const struct package_table *kind,
    const char *bytes, size_t length)
{
	static const struct import_where FILE_ITSELF;
	struct import_table *table;
	const char *why;
	enum status status = import_table_open(
	    &table, bytes, length, package->encoding, package->report, &why);

	if (status == STATUS_UNSUPPORTED) { /* no row of names: an empty file */
		import_report_add(
		    package->report, IMPORT_unknown_table, &FILE_ITSELF, "", why);
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	status = take_table(package, kind, table);
	import_table_close(table);
	return status;
}

static enum status
read_file(struct import_package *package, const char *file)
{
	static const struct import_where FILE_ITSELF;
	const struct package_table *kind = kind_of(package->resources, file);
	char path[2 * PATH_BYTES];
	struct stat about;
	void *bytes = NULL;
	int handle;
	enum status status = STATUS_ABSENT;

	if (kind == NULL) {
		import_report_add(
		    package->report, IMPORT_unknown_table, &FILE_ITSELF, "", "");
		return STATUS_OK;
	}
	snprintf(path, sizeof path, "%s/%s", package->folder, file);
	handle = open(path, O_RDONLY | O_CLOEXEC);
	if (handle < 0)
		return STATUS_ABSENT;
	if (fstat(handle, &about) == 0 && about.st_size == 0)
		status = read_table(package, kind, "", 0);
	else if ((bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE,
	              handle, 0)) != MAP_FAILED)
		status = read_table(package, kind, bytes, (size_t)about.st_size);
	if (bytes != NULL && bytes != MAP_FAILED)
		munmap(bytes, (size_t)about.st_size);
	close(handle);
	return status;
}

/* ---- tables of one JSON object ---- */

static bool
begin_list(void *self, const char *file)
{
	static const struct import_where FILE_ITSELF;
	struct import_package *package = self;

	package->table = table_of(file);
	if (package->table == NULL)
		import_report_add(
		    package->report, IMPORT_unknown_table, &FILE_ITSELF, file, "");
	else
		import_parts_expect(package->parts, package_table_entity(package->table));
	return package->table != NULL;
}

static enum status
take_list_row(void *self, struct import_table_row *row)
{
	static const struct import_where FILE_ITSELF;
	struct import_package *package = self;
	const char *column;
	json_t *value;

	if (row->where.row == 1)
		json_object_foreach(row->cells, column, value)
		{
			if (!package_table_knows(package->table, column))
				import_report_add(package->report, IMPORT_unknown_column,
				    &FILE_ITSELF, column, "");
		}
	return take_row(package, package->table, row);
}

static enum status
read_lists(struct import_package *package, const char *path)
{
	const struct package_json_reader reader = { package, begin_list, take_list_row };

	return package_json_read(path, &reader, &package->is_cut);
}

/* ---- the package ---- */

static enum status
read_folder(struct import_package *package, const char **why)
{
	enum status status = STATUS_OK;

	package->resources = import_resources_open(package->folder);
	if (!list_files(package->folder, package->resources, package->files,
	        &package->files_count))
		return STATUS_ABSENT;
	if (package->files_count == TABLES_MAX) {
		*why = "the folder holds too many tables";
		return STATUS_UNSUPPORTED;
	}
	for (size_t i = 0; i < package->files_count && status == STATUS_OK; i++) {
		package->report->file = package->files[i];
		status = read_file(package, package->files[i]);
	}
	package->report->file = NULL;
	return status;
}

enum status
import_package_open(struct import_package **package, const char *path,
    const char *encoding, struct import_report *report, const char **why)
{
	struct import_package *made = calloc(1, sizeof *made);
	enum status status;

	*package = NULL;
	*why = NULL;
	if (made == NULL)
		return STATUS_NO_MEMORY;
	made->report = report;
	made->encoding = encoding;
	status = import_parts_open(&made->parts, report);
	if (status == STATUS_OK)
		status = find_folder(path, made->folder) ? read_folder(made, why)
		                                         : read_lists(made, path);
	if (status == STATUS_OK)
		status = import_parts_settle(made->parts);
	if (status == STATUS_OK)
		*package = made;
	else
		import_package_close(made);
	return status;
}

void
import_package_close(struct import_package *package)
{
	if (package == NULL)
		return;
	import_parts_close(package->parts);
	import_resources_close(package->resources);
	for (size_t i = 0; i < package->files_count; i++)
		free(package->files[i]);
	free(package);
}

enum status
import_package_next(
    struct import_package *package, json_t **service, struct import_where *where)
{
	enum status status = package->is_over
	                         ? STATUS_ABSENT
	                         : import_parts_next(package->parts, service, where);

	if (status != STATUS_ABSENT || package->is_over)
		return status;
	package->is_over = true;
	status = import_parts_end(package->parts);
	return status == STATUS_OK ? STATUS_ABSENT : status;
}

bool
import_package_is_cut(const struct import_package *package)
{
	return package->is_cut;
}
