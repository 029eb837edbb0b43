/* SPDX-License-Identifier: Apache-2.0
 * Cuts rows out of lists. */
#include "deploy/referralctl/import_package_json.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "deploy/referralctl/import_file.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_scan.h"
#include "deploy/referralctl/import_write.h"

#define TABLE_NAME_BYTES 80

struct tables {
	struct import_file file;
	struct scan_member members[SCAN_MEMBERS_MAX];
	size_t count;
	bool is_cut;
};

/* False: it is no object. */
static bool
find_tables(struct tables *tables)
{
	const char *at = tables->file.bytes, *end = at + tables->file.length;

	if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	at = scan_skip_space(at, end);
	if (at == end || *at != '{')
		return false;
	tables->count = scan_members(at, end, tables->members, &tables->is_cut);
	return true;
}

/* A list under the name of a file. */
static bool
is_table(const struct scan_member *member)
{
	return member->key.length > 4 && member->key.length < TABLE_NAME_BYTES &&
	       strncasecmp(member->key.at + member->key.length - 4, ".csv", 4) == 0 &&
	       *member->value == '[';
}

bool
package_json_is(const char *path)
{
	struct tables *tables;
	struct stat about;
	bool is_one = false;

	if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return false; /* what is read once is not read here */
	tables = calloc(1, sizeof *tables);
	if (tables != NULL && import_file_open(&tables->file, path) == STATUS_OK) {
		if (find_tables(tables))
			for (size_t i = 0; i < tables->count; i++)
				is_one |= is_table(&tables->members[i]) &&
				          strncasecmp(tables->members[i].key.at,
				              "service", strlen("service")) == 0;
		import_file_close(&tables->file);
	}
	free(tables);
	return is_one;
}

static void
make_cells(json_t *row)
{
	struct import_buffer text = { 0 };
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(row, next, name, value)
	{
		if (json_is_null(value)) {
			(void)json_object_del(row, name);
		} else if (json_is_number(value) || json_is_boolean(value)) {
			text.length = 0;
			import_write(&text, value);
			if (!text.is_broken)
				(void)json_object_set_new(
				    row, name, json_stringn(text.bytes, text.length));
		}
	}
	free(text.bytes);
}

static uint64_t
count_lines(const char *at, const char *end)
{
	uint64_t lines = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

static enum status
take_one(const struct package_json_reader *reader, struct text text,
    struct import_table_row *row)
{
	char why[JSON_ERROR_TEXT_LENGTH];
	enum status status;

	row->cells = NULL;
	row->why = "";
	row->reason = import_row_parse(text, &row->cells, why);
	if (row->reason == IMPORT_FINE)
		make_cells(row->cells);
	status = reader->takes(reader->self, row);
	json_decref(row->cells);
	return status;
}

static enum status
read_list(struct tables *tables, const struct scan_member *list,
    const struct package_json_reader *reader, uint64_t line)
{
	const char *end = tables->file.bytes + tables->file.length;
	const char *at = list->value + 1, *behind;
	struct import_table_row row = { .where = { .line = line } };
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		const char *from = at;

		while (at < end && (scan_is_space(*at) || *at == ','))
			at++;
		if (at < end && *at == ']')
			break;
		behind = at < end ? scan_skip_value(at, end) : NULL;
		if (behind == NULL || behind == at)
			break;
		row.where.row++;
		row.where.line += count_lines(from, at);
		status =
		    take_one(reader, (struct text){ at, (uint32_t)(behind - at) }, &row);
		row.where.line += count_lines(at, behind);
		import_file_pass(&tables->file, at);
		at = behind;
	}
	return status;
}

static enum status
read_tables(struct tables *tables, const struct package_json_reader *reader)
{
	enum status status = STATUS_OK;
	const char *counted = tables->file.bytes;
	uint64_t line = 1;

	for (size_t i = 0; i < tables->count && status == STATUS_OK; i++) {
		const struct scan_member *member = &tables->members[i];
		char name[TABLE_NAME_BYTES];

		if (!is_table(member) || !text_copy(member->key, name, sizeof name) ||
		    !reader->begins(reader->self, name))
			continue;
		line += count_lines(counted, member->value);
		counted = member->value;
		status = read_list(tables, member, reader, line);
	}
	return status;
}

enum status
package_json_read(
    const char *path, const struct package_json_reader *reader, bool *is_cut)
{
	struct tables *tables = calloc(1, sizeof *tables);
	enum status status =
	    tables ? import_file_open(&tables->file, path) : STATUS_NO_MEMORY;

	if (status == STATUS_OK) {
		if (find_tables(tables))
			status = read_tables(tables, reader);
		*is_cut |= tables->is_cut;
		import_file_close(&tables->file);
	}
	free(tables);
	return status;
}
