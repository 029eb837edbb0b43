/* SPDX-License-Identifier: Apache-2.0
 * Compares headings. */
#include "deploy/referralctl/import_columns.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/fold.h"
#include "deploy/referralctl/import_map_private.h"
#include "deploy/referralctl/import_suggest.h"

#define NAME_BYTES 256

static bool
complain(char why[256], const char *what, const char *name)
{
	snprintf(why, 256, "%s: %s", what, name);
	return false;
}

static bool
is_list_of_texts(const json_t *list)
{
	size_t index;
	const json_t *text;

	json_array_foreach((json_t *)list, index, text)
	{
		if (!json_is_string(text))
			return false;
	}
	return json_is_array(list);
}

bool
import_columns_check(const json_t *root, char why[256])
{
	const json_t *columns = json_object_get(root, "columns");
	const json_t *nothing = json_object_get(root, "nothing");
	const char *name;
	json_t *value;

	if (nothing != NULL && !is_list_of_texts(nothing))
		return complain(why, "a list of texts is wanted in", "nothing");
	json_object_foreach((json_t *)columns, name, value)
	{
		if (strcmp(name, "required") != 0 && strcmp(name, "names") != 0)
			return complain(why, "unknown member", name);
	}
	if (columns != NULL && !is_list_of_texts(json_object_get(columns, "required")))
		return complain(why, "a list of names is wanted in", "columns.required");
	json_object_foreach(json_object_get(columns, "names"), name, value)
	{
		if (!is_list_of_texts(value))
			return complain(why, "a list of names is wanted in", name);
	}
	return true;
}

/* ---- headings ---- */

/* "Physical Address 1" and "PhysicalAddress1" are the same. */
static void
fold_heading(const char *heading, char folded[NAME_BYTES])
{
	size_t length = fold(text_of(heading), folded, NAME_BYTES - 1);
	size_t kept = 0;

	for (size_t i = 0; i < length; i++)
		if (folded[i] != ' ')
			folded[kept++] = folded[i];
	folded[kept] = '\0';
}

static bool
is_same(const char *one, const char *other)
{
	char folded[2][NAME_BYTES];

	if (strcmp(one, other) == 0)
		return true;
	fold_heading(one, folded[0]);
	fold_heading(other, folded[1]);
	return folded[0][0] != '\0' && strcmp(folded[0], folded[1]) == 0;
}

/* What the map calls a column; NULL: it does not look at it. */
static const char *
find_name(const struct import_map *map, const char *heading)
{
	const json_t *columns = json_object_get(map->root, "columns");
	const json_t *names = json_object_get(columns, "names");
	const char *name;
	json_t *value;
	size_t index;
	const json_t *other;

	if (json_object_get(map->used, heading) != NULL)
		return heading;
	json_object_foreach((json_t *)names, name, value)
	{
		json_array_foreach(value, index, other)
		{
			if (is_same(json_string_value(other), heading))
				return name;
		}
	}
	json_array_foreach(json_object_get(columns, "required"), index, other)
	{
		if (is_same(json_string_value(other), heading))
			return json_string_value(other);
	}
	json_object_foreach(map->used, name, value)
	{
		if (is_same(name, heading))
			return name;
	}
	return NULL;
}

static bool
has_column(
    const struct import_map *map, const struct import_table *table, const char *wanted)
{
	for (size_t i = 0; i < import_table_count_columns(table); i++) {
		const char *name = find_name(map, import_table_column(table, i));

		if (strcmp(name ? name : import_table_column(table, i), wanted) == 0)
			return true;
	}
	return false;
}

static bool
fits(const struct import_map *map, const struct import_table *table)
{
	const json_t *required =
	    json_object_get(json_object_get(map->root, "columns"), "required");
	size_t index;
	const json_t *name;

	json_array_foreach((json_t *)required, index, name)
	{
		if (!has_column(map, table, json_string_value(name)))
			return false;
	}
	return true;
}

/* Services have ZIP codes and points too: a table that also says what only services have is no
 * list of places or terms. */
static bool
is_about(const struct import_map *map, const struct import_table *table)
{
	if (map->kind == DIRECTORY_SERVICES)
		return true;
	for (size_t i = 0; i < import_table_count_columns(table); i++) {
		const char *heading = import_table_column(table, i);

		if (find_name(map, heading) == NULL &&
		    import_suggest_is_of_service(heading))
			return false;
	}
	return true;
}

bool
import_columns_fit(const struct import_map *map, struct import_table *table)
{
	for (size_t i = 0; i < import_table_count_columns(table); i++) {
		const char *name = find_name(map, import_table_column(table, i));

		if (name != NULL && strcmp(name, import_table_column(table, i)) != 0)
			import_table_rename(table, i, name);
	}
	return fits(map, table);
}

void
import_columns_note_left_out(const struct import_map *map,
    const struct import_table *table, struct import_report *report)
{
	static const struct import_where FILE_ITSELF;

	for (size_t i = 0; i < import_table_count_columns(table); i++)
		if (json_object_get(map->used, import_table_column(table, i)) == NULL)
			import_report_add(report, IMPORT_column_left_out, &FILE_ITSELF,
			    import_table_column(table, i), "");
}

/* ---- which map ---- */

struct guess {
	const struct import_table *table; /* NULL: members */
	const json_t *members;
	struct import_map *map;
	size_t required;
	bool is_tied;
	char name[64];
};

static bool
fits_members(const struct import_map *map, const json_t *members)
{
	const json_t *required =
	    json_object_get(json_object_get(map->root, "columns"), "required");
	size_t index;
	const json_t *name;

	json_array_foreach((json_t *)required, index, name)
	{
		if (json_object_get(members, json_string_value(name)) == NULL)
			return false;
	}
	return true;
}

static enum status
try_map(struct guess *guess, const char *file)
{
	struct import_map *map;
	char path[4096];
	char why[256];
	size_t required;
	enum status status;

	if (strlen(file) < 6 || strcmp(file + strlen(file) - 5, ".json") != 0 ||
	    !import_map_find(file, path))
		return STATUS_OK;
	status = import_map_load(&map, path, why);
	if (status == STATUS_NO_MEMORY)
		return status;
	required = status == STATUS_OK
	               ? json_array_size(json_object_get(
	                     json_object_get(map->root, "columns"), "required"))
	               : 0;
	if (required > 0 && required >= guess->required &&
	    (guess->table != NULL ? fits(map, guess->table) && is_about(map, guess->table)
	                          : fits_members(map, guess->members))) {
		guess->is_tied = required == guess->required;
		guess->required = required;
		snprintf(guess->name, sizeof guess->name, "%.*s", (int)(strlen(file) - 5),
		    file);
		import_map_free(guess->map);
		guess->map = map;
		return STATUS_OK;
	}
	import_map_free(map);
	return STATUS_OK;
}

enum status
import_map_guess(const struct import_table *table, const json_t *members,
    struct import_map **map, char name[64])
{
	struct guess guess = { .table = table, .members = members };
	char folder[4096];
	DIR *maps = import_map_find("", folder) ? opendir(folder) : NULL;
	struct dirent *entry;
	enum status status = STATUS_OK;

	while (maps != NULL && status == STATUS_OK && (entry = readdir(maps)) != NULL)
		status = try_map(&guess, entry->d_name);
	if (maps != NULL)
		closedir(maps);
	if (status == STATUS_OK && (guess.map == NULL || guess.is_tied))
		status = STATUS_ABSENT;
	if (status != STATUS_OK) {
		import_map_free(guess.map);
		guess.map = NULL;
	}
	*map = guess.map;
	(void)text_copy(text_of(guess.name), name, 64);
	return status;
}
