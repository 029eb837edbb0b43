/* SPDX-License-Identifier: Apache-2.0
 * Finds field maps and judges them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "deploy/referralctl/import_columns.h"
#include "deploy/referralctl/import_convert.h"
#include "deploy/referralctl/import_file.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_map_private.h"
#include "deploy/referralctl/import_other.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_when.h"

#define MAPS "deploy/maps"

static bool
complain(char why[256], const char *what, const char *name)
{
	snprintf(why, 256, "%s: %s", what, name ? name : "");
	return false;
}

static bool
has_only(const json_t *object, const char *const *names, char why[256])
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], name) != 0)
			i++;
		if (names[i] == NULL)
			return complain(why, "unknown member", name);
	}
	return true;
}

/* Remembers the row's member that a path begins with. */
static void
mark_used(json_t *used, const char *path)
{
	char name[PATH_NAME_BYTES];

	if (path_first(path, name))
		json_object_set_new(used, name, json_true());
}

static bool
check_from(const json_t *rule, json_t *used, char why[256])
{
	const json_t *from = json_object_get(rule, "from");
	size_t count = json_is_array(from) ? json_array_size(from) : 1;

	if (count == 0)
		return complain(why, "empty list", "from");
	for (size_t i = 0; i < count; i++) {
		const char *path = json_string_value(
		    json_is_array(from) ? json_array_get(from, i) : from);

		if (path == NULL || !path_is_good(path))
			return complain(why, "not a path in from", path);
		if (used != NULL)
			mark_used(used, path);
	}
	return true;
}

static bool
check_tables_of(const struct import_map *map, const json_t *rule, char why[256])
{
	static const char *const NAMES[] = { "table", "only", "except" };

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		const json_t *name = json_object_get(rule, NAMES[i]);
		const char *string = json_string_value(name);

		if (name != NULL &&
		    (string == NULL || json_object_get(map->tables, string) == NULL))
			return complain(why, "no such table", string);
	}
	return true;
}

static bool check_rules(const struct import_map *map, const json_t *rules, json_t *used,
    int depth, char why[256]);

/* A path with "[]" at its end only; "." is for points, which bring two names of their own. */
static bool
is_target(const char *to, const json_t *as)
{
	const char *each = strstr(to, "[]");

	if (strcmp(to, ".") == 0)
		return convert_is_point(json_string_value(as));
	return path_is_good(to) && (each == NULL || each[2] == '\0');
}

/* Where the value goes: a path, or a fact of our own taxonomy. */
static bool
check_target(const json_t *rule, char why[256])
{
	const char *to = json_string_value(json_object_get(rule, "to"));
	const char *fact = json_string_value(json_object_get(rule, "fact"));

	if (fact != NULL && json_object_get(rule, "to") == NULL)
		return import_enrich_knows(fact) ||
		       complain(why, "there is no such fact", fact);
	if (!json_is_object(rule) || to == NULL || fact != NULL || !path_is_good(to))
		return complain(why, "a rule needs a path in \"to\"", to);
	return is_target(to, json_object_get(rule, "as")) ||
	       complain(why, "not a target", to);
}

/* Conditions and patterns; marks what they look at. */
static bool
check_choice(const json_t *rule, json_t *used, char why[256])
{
	const json_t *when = json_object_get(rule, "when");
	const json_t *split = json_object_get(rule, "split");
	const json_t *match = json_object_get(rule, "match");
	const char *name;
	json_t *condition;

	if (when != NULL && !when_is_good(when, &name))
		return complain(why, "not a condition", name);
	if (used != NULL)
		json_object_foreach((json_t *)when, name, condition)
		{
			mark_used(used, name);
		}
	if (split != NULL && json_string_length(split) == 0)
		return complain(why, "signs are wanted in", "split");
	if (match != NULL &&
	    (!json_is_string(match) || !convert_is_pattern(json_string_value(match))))
		return complain(why, "not a pattern", json_string_value(match));
	return true;
}

static bool
check_note(const json_t *note, char why[256])
{
	return (json_is_string(note) &&
	           import_reason_find(json_string_value(note)) != IMPORT_FINE) ||
	       complain(why, "no such note", json_string_value(note));
}

static bool
check_rule(const struct import_map *map, const json_t *rule, json_t *used, int depth,
    char why[256])
{
	static const char *const MEMBERS[] = { "to", "fact", "from", "all", "as", "table",
		"only", "except", "join", "split", "match", "when", "constant", "fields",
		"note", "about", NULL };
	const char *to = json_string_value(json_object_get(rule, "to"));
	const json_t *as = json_object_get(rule, "as");
	const json_t *fields = json_object_get(rule, "fields");
	const json_t *note = json_object_get(rule, "note");
	const char *from = json_string_value(json_object_get(rule, "from"));

	if (json_object_size(rule) == 2 && json_object_get(rule, "when") != NULL)
		return check_note(note, why) && check_choice(rule, used, why);
	if (!check_target(rule, why) || !has_only(rule, MEMBERS, why) ||
	    !check_tables_of(map, rule, why) || !check_choice(rule, used, why))
		return false;
	if ((json_object_get(rule, "constant") != NULL) ==
	    (json_object_get(rule, "from") != NULL))
		return complain(why, "a rule needs either \"from\" or \"constant\"", to);
	if (json_object_get(rule, "constant") != NULL)
		return true;
	if (as != NULL &&
	    (!json_is_string(as) || convert_find(json_string_value(as)) == NULL))
		return complain(why, "unknown kind in \"as\"", json_string_value(as));
	if (note != NULL && !check_note(note, why))
		return false;
	if (fields != NULL &&
	    (to == NULL || strlen(to) < 3 || strcmp(to + strlen(to) - 2, "[]") != 0))
		return complain(
		    why, "with \"fields\" the target is a list, \"name[]\"", to);
	return check_from(rule, used, why) &&
	       (fields == NULL ||
	           check_rules(map, fields,
	               from != NULL && strcmp(from, ".") == 0 ? used : NULL, depth + 1,
	               why));
}

static bool
check_rules(const struct import_map *map, const json_t *rules, json_t *used, int depth,
    char why[256])
{
	size_t index;
	const json_t *rule;

	if (!json_is_array(rules) || depth > 3)
		return complain(why, "rules are a list, three deep at most", "");
	json_array_foreach((json_t *)rules, index, rule)
	{
		if (!check_rule(map, rule, used, depth, why))
			return false;
	}
	return true;
}

bool
map_check_rules(struct import_map *map, const json_t *rules, char why[256])
{
	return check_rules(map, rules, map->used, 0, why);
}

/* Keys of tables are compared folded. */
static bool
read_tables(struct import_map *map, char why[256])
{
	const char *name;
	json_t *table;

	map->tables = json_object();
	json_object_foreach(json_object_get(map->root, "tables"), name, table)
	{
		json_t *folded = json_object();
		const char *key;
		json_t *value;

		json_object_set_new(map->tables, name, folded);
		if (!json_is_object(table))
			return complain(why, "a table is an object", name);
		json_object_foreach(table, key, value)
		{
			char fold[PATH_NAME_BYTES];

			import_map_fold(text_of(key), fold);
			if (fold[0] == '\0')
				return complain(why, "too long or empty in a table", key);
			json_object_set(folded, fold, value);
		}
	}
	return true;
}

static void
read_nothing(struct import_map *map)
{
	const json_t *list = json_object_get(map->root, "nothing");
	size_t index;
	const json_t *text;

	if (list == NULL)
		return;
	map->nothing = json_object();
	json_array_foreach((json_t *)list, index, text)
	{
		char key[PATH_NAME_BYTES];

		import_map_fold(text_of(json_string_value(text)), key);
		json_object_set_new(map->nothing, key, json_true());
	}
}

static bool
check_map(struct import_map *map, char why[256])
{
	static const char *const MEMBERS[] = { "about", "kind", "identity", "rules",
		"tables", "rest", "columns", "nothing", "parts", NULL };
	const char *kind = json_string_value(json_object_get(map->root, "kind"));
	const json_t *identity = json_object_get(map->root, "identity");
	const json_t *rest = json_object_get(map->root, "rest");
	size_t index;
	const json_t *path;

	map->used = json_object();
	if (!has_only(map->root, MEMBERS, why) || !import_columns_check(map->root, why))
		return false;
	map->kind = kind ? import_kind_of(kind) : DIRECTORY_SERVICES;
	if (map->kind == DIRECTORY_KINDS)
		return complain(why, "kind is services, taxonomies or places", kind);
	read_nothing(map);
	if (json_object_get(map->root, "parts") != NULL)
		return read_tables(map, why) && map_check_parts(map, why);
	if (json_array_size(identity) == 0 && map->kind == DIRECTORY_SERVICES)
		return complain(
		    why, "a map names the fields that identify a row", "identity");
	json_array_foreach((json_t *)identity, index, path)
	{
		if (!json_is_string(path) || !path_is_good(json_string_value(path)))
			return complain(
			    why, "not a path in identity", json_string_value(path));
	}
	if (rest != NULL && (!json_is_string(rest) || json_string_length(rest) == 0 ||
	                        json_string_length(rest) >= PATH_NAME_BYTES))
		return complain(why, "a beginning of names is wanted in", "rest");
	return read_tables(map, why) &&
	       check_rules(map, json_object_get(map->root, "rules"), map->used, 0, why);
}

void
import_map_free(struct import_map *map)
{
	if (map == NULL)
		return;
	json_decref(map->root);
	json_decref(map->tables);
	json_decref(map->used);
	json_decref(map->nothing);
	free(map);
}

enum directory_kind
import_map_kind(const struct import_map *map)
{
	return map->kind;
}

enum status
import_map_read(struct import_map **map, struct text text, char why[256])
{
	char error[JSON_ERROR_TEXT_LENGTH];

	why[0] = '\0';
	*map = calloc(1, sizeof **map);
	if (*map == NULL)
		return STATUS_NO_MEMORY;
	if (import_row_parse(text, &(*map)->root, error) != IMPORT_FINE)
		complain(why, "not a JSON object", error);
	else if (check_map(*map, why))
		return STATUS_OK;
	import_map_free(*map);
	*map = NULL;
	return STATUS_INVALID;
}

bool
import_map_find(const char *file, char path[4096])
{
	char program[2048];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	char *slash;

	snprintf(path, 4096, MAPS "/%s", file);
	if (access(path, R_OK) == 0)
		return true;
	program[length > 0 ? length : 0] = '\0';
	slash = strrchr(program, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	snprintf(path, 4096, "%s/../../" MAPS "/%s", program, file);
	return access(path, R_OK) == 0;
}

enum status
import_map_load(struct import_map **map, const char *name, char why[256])
{
	char path[4096];
	char name_json[256];
	struct import_file file;
	size_t name_length = strlen(name);
	enum status status;

	*map = NULL;
	if (strchr(name, '/') != NULL ||
	    (name_length > 5 && strcmp(name + name_length - 5, ".json") == 0)) {
		snprintf(path, sizeof path, "%s", name);
	} else {
		snprintf(name_json, sizeof name_json, "%s.json", name);
		if (!import_map_find(name_json, path)) {
			snprintf(why, 256, "no map of that name in " MAPS);
			return STATUS_ABSENT;
		}
	}
	status = import_file_open(&file, path);
	if (status != STATUS_OK) {
		snprintf(why, 256, "%s", strerror(errno));
		return status;
	}
	status = file.length > UINT32_MAX ? STATUS_TOO_LARGE : STATUS_OK;
	if (status == STATUS_OK)
		status = import_map_read(
		    map, (struct text){ file.bytes, (uint32_t)file.length }, why);
	else
		snprintf(why, 256, "%s", status_about(status));
	import_file_close(&file);
	return status;
}
