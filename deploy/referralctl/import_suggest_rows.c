/* SPDX-License-Identifier: Apache-2.0
 * The columns of a table, and the members of JSON rows, as columns of a draft. */
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/import_feature.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_suggest_private.h"

/* Objects within objects that are looked into. */
#define DEPTH_MOST 4

/* ---- tables ---- */

/* How a rule names a column. */
static void
name_column(struct suggest_column *column, size_t index)
{
	const char *name = column->heading;
	char first[PATH_NAME_BYTES];

	for (size_t i = strpbrk(name, " .[]") != NULL; i < 2; i++) {
		int length = snprintf(
		    column->path, sizeof column->path, i == 0 ? "%s" : "'%s'", name);

		if (length < (int)sizeof column->path && path_is_good(column->path) &&
		    path_first(column->path, first) && strcmp(first, name) == 0)
			return;
	}
	column->is_renamed = true;
	snprintf(column->path, sizeof column->path, "column_%zu", index + 1);
}

static enum status
add_columns(struct draft *draft, const struct import_table *table)
{
	for (size_t i = 0; i < import_table_count_columns(table); i++) {
		struct suggest_column *column =
		    suggest_add_column(draft, import_table_column(table, i));

		if (column == NULL)
			return STATUS_NO_MEMORY;
		name_column(column, i);
	}
	suggest_place_columns(draft);
	draft->is_id_good = suggest_is_taken(draft, ROLE_id);
	return STATUS_OK;
}

static void
look_at_cells(struct draft *draft, const json_t *cells, json_t *ids)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct suggest_column *column = &draft->columns[i];
		const json_t *value = json_object_get(cells, column->heading);

		suggest_look_at_cell(column, value);
		if (column->role == ROLE_id)
			suggest_look_at_id(draft, value, ids);
	}
}

static enum status
finish(struct draft *draft, enum status status, json_t **map)
{
	*map = status == STATUS_OK ? suggest_make_map(draft) : NULL;
	suggest_free(draft);
	return status == STATUS_OK && *map == NULL ? STATUS_NO_MEMORY : status;
}

enum status
import_suggest_map(struct import_table *table, json_t **map)
{
	struct draft draft = { .is_table = true };
	struct import_table_row row;
	json_t *ids = json_object();
	enum status status = add_columns(&draft, table);

	while (
	    status == STATUS_OK && (status = import_table_next(table, &row)) == STATUS_OK)
		if (row.reason == IMPORT_FINE)
			look_at_cells(&draft, row.cells, ids);
	json_decref(ids);
	return finish(&draft, status == STATUS_ABSENT ? STATUS_OK : status, map);
}

/* ---- JSON ---- */

/* A member on the way from a row to a value. */
struct way {
	char path[SUGGEST_PATH_BYTES];
	char heading[SUGGEST_PATH_BYTES]; /* the names on it */
	int depth;
};

/* False: no path can say it. */
static bool
go_on(const struct way *from, const char *name, const char *behind, struct way *to)
{
	const char *mark = strpbrk(name, " .[]") != NULL ? "'" : "";
	const char *dot = from->depth > 0 ? "." : "";
	const char *space = from->depth > 0 ? " " : "";
	int length = snprintf(to->path, sizeof to->path, "%s%s%s%s%s%s", from->path, dot,
	    mark, name, mark, behind);

	to->depth = from->depth + 1;
	return length < (int)sizeof to->path && path_is_good(to->path) &&
	       snprintf(to->heading, sizeof to->heading, "%s%s%s", from->heading, space,
	           name) < (int)sizeof to->heading;
}

static enum status
add_value(struct draft *draft, const struct way *way, const json_t *value)
{
	struct suggest_column *column = NULL;

	for (size_t i = 0; i < draft->count && column == NULL; i++)
		if (strcmp(draft->columns[i].path, way->path) == 0)
			column = &draft->columns[i];
	if (column == NULL && draft->count == IMPORT_TABLE_COLUMNS_MAX)
		return STATUS_OK;
	if (column == NULL)
		column = suggest_add_column(draft, way->heading);
	if (column == NULL)
		return STATUS_NO_MEMORY;
	memcpy(column->path, way->path, sizeof column->path);
	suggest_look_at_cell(column, value);
	return STATUS_OK;
}

static enum status add_members(
    struct draft *draft, const struct way *from, const json_t *object);

static enum status
add_member(
    struct draft *draft, const struct way *from, const char *name, const json_t *value)
{
	bool is_list = json_is_array(value);
	const json_t *first = is_list ? json_array_get(value, 0) : value;
	struct way way;

	if (!path_says_something(first) || !go_on(from, name, is_list ? "[]" : "", &way))
		return STATUS_OK;
	if (json_is_object(first))
		return way.depth < DEPTH_MOST ? add_members(draft, &way, first)
		                              : STATUS_OK;
	return json_is_array(first) ? STATUS_OK : add_value(draft, &way, first);
}

static enum status
add_members(struct draft *draft, const struct way *from, const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		if (add_member(draft, from, name, value) != STATUS_OK)
			return STATUS_NO_MEMORY;
	}
	return STATUS_OK;
}

/* The point and the outline of a feature are what they are, whatever its properties are called. */
static enum status
add_feature(struct draft *draft, json_t *row)
{
	static const struct {
		const char *name;
		enum column_role role;
	} GEOMETRY[] = { { "point", ROLE_feature_point }, { "area", ROLE_feature_area } };

	for (size_t i = 0; i < sizeof GEOMETRY / sizeof *GEOMETRY; i++) {
		const json_t *value = json_object_get(row, GEOMETRY[i].name);
		struct suggest_column *column;

		if (value == NULL)
			continue;
		if (!suggest_is_taken(draft, GEOMETRY[i].role)) {
			column = suggest_add_column(draft, GEOMETRY[i].name);
			if (column == NULL)
				return STATUS_NO_MEMORY;
			column->role = GEOMETRY[i].role;
			snprintf(
			    column->path, sizeof column->path, "%s", GEOMETRY[i].name);
		}
		json_object_del(row, GEOMETRY[i].name);
	}
	json_object_del(row, "geometry");
	return STATUS_OK;
}

static enum status
look_at_members(struct draft *draft, json_t *row, json_t *ids)
{
	static const struct way START;

	(void)ids;
	return add_members(draft, &START, row);
}

static enum status
look_at_ids(struct draft *draft, json_t *row, json_t *ids)
{
	for (size_t i = 0; i < draft->count; i++) {
		json_t *found = json_array();

		if (draft->columns[i].role == ROLE_id) {
			path_collect(row, draft->columns[i].path, found);
			suggest_look_at_id(draft, json_array_get(found, 0), ids);
		}
		json_decref(found);
	}
	return STATUS_OK;
}

typedef enum status look(struct draft *draft, json_t *row, json_t *ids);

static enum status
look_at_object(struct draft *draft, const json_t *object, look *at, json_t *ids)
{
	bool is_feature = import_feature_is_one(object);
	json_t *row = is_feature ? import_feature_flatten(object, "")
	                         : json_incref((json_t *)object);
	enum status status = row ? STATUS_OK : STATUS_NO_MEMORY;

	if (status == STATUS_OK && is_feature)
		status = add_feature(draft, row);
	if (status == STATUS_OK)
		status = at(draft, row, ids);
	json_decref(row);
	return status;
}

static enum status
look_at_rows(
    struct draft *draft, const char *bytes, size_t length, look *at, const char **why)
{
	struct import_rows *rows;
	struct import_row row;
	json_t *ids = json_object();
	enum status status = import_rows_open(&rows, bytes, length, why);

	while (status == STATUS_OK && import_rows_next(rows, &row)) {
		char text[JSON_ERROR_TEXT_LENGTH];
		json_t *object;

		if (import_row_parse(row.text, &object, text) != IMPORT_FINE)
			continue;
		status = look_at_object(draft, object, at, ids);
		json_decref(object);
	}
	import_rows_close(rows);
	json_decref(ids);
	return status;
}

enum status
import_suggest_map_of_rows(
    const char *bytes, size_t length, json_t **map, const char **why)
{
	struct draft draft = { .is_table = false };
	enum status status = look_at_rows(&draft, bytes, length, look_at_members, why);

	suggest_place_columns(&draft);
	draft.is_id_good = suggest_is_taken(&draft, ROLE_id);
	if (status == STATUS_OK)
		status = look_at_rows(&draft, bytes, length, look_at_ids, why);
	if (status == STATUS_OK && draft.count == 0) {
		*why = "no row of it has a member that says anything";
		status = STATUS_UNSUPPORTED;
	}
	return finish(&draft, status, map);
}
