/* SPDX-License-Identifier: Apache-2.0
 * Carries out the rules of a field map.  A map is checked when it is loaded, so that carrying
 * out cannot fail but for memory. */
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/import_convert.h"
#include "deploy/referralctl/import_map_private.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_text.h"
#include "deploy/referralctl/import_when.h"

struct run {
	const struct import_map *map;
	struct import_check *check;
	json_t *service;
};

static struct text
text_in(const json_t *value)
{
	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

/* What a table says of a value; NULL: nothing. */
static const json_t *
look_up(const struct import_map *map, const char *table, const json_t *value)
{
	char key[PATH_NAME_BYTES];

	import_map_fold(text_in(value), key);
	return json_object_get(json_object_get(map->tables, table), key);
}

static void apply_rules(
    const struct run *run, const json_t *rules, const json_t *from, json_t *to);

/* Removes values that the rule's tables keep out. */
static void
filter(const struct run *run, const json_t *rule, json_t *values)
{
	const char *only = json_string_value(json_object_get(rule, "only"));
	const char *except = json_string_value(json_object_get(rule, "except"));

	for (size_t i = json_array_size(values); i-- > 0;) {
		const json_t *value = json_array_get(values, i);

		if ((only != NULL && look_up(run->map, only, value) == NULL) ||
		    (except != NULL && look_up(run->map, except, value) != NULL))
			json_array_remove(values, i);
	}
}

/* Removes what the map says is nothing: "-" in a cell. */
static void
drop_nothing(const struct run *run, json_t *values)
{
	char key[PATH_NAME_BYTES];

	if (run->map->nothing == NULL)
		return;
	for (size_t i = json_array_size(values); i-- > 0;) {
		const json_t *value = json_array_get(values, i);

		import_map_fold(text_in(value), key);
		if (key[0] != '\0' && json_object_get(run->map->nothing, key) != NULL)
			json_array_remove(values, i);
	}
}

/* What is left of each value: its pieces, or the part that a pattern finds. */
static json_t *
cut(const json_t *rule, json_t *values)
{
	const char *separators = json_string_value(json_object_get(rule, "split"));
	const char *pattern = json_string_value(json_object_get(rule, "match"));
	json_t *pieces;
	size_t index;
	const json_t *value;

	if (separators == NULL && pattern == NULL)
		return values;
	pieces = json_array();
	json_array_foreach(values, index, value)
	{
		json_t *text = convert_to_text(value);

		if (text != NULL && separators != NULL)
			convert_split(text_in(text), separators, pattern, pieces);
		else if (text != NULL)
			convert_match(text_in(text), pattern, pieces);
		json_decref(text);
	}
	json_decref(values);
	return pieces;
}

/* The values of the first path that says something, or of all. */
static json_t *
take_values(const struct run *run, const json_t *rule, const json_t *from)
{
	const json_t *paths = json_object_get(rule, "from");
	size_t count = json_is_array(paths) ? json_array_size(paths) : 1;
	bool takes_all = json_is_true(json_object_get(rule, "all"));
	json_t *values = json_array();

	for (size_t i = 0; i < count; i++) {
		const json_t *path =
		    json_is_array(paths) ? json_array_get(paths, i) : paths;

		path_collect(from, json_string_value(path), values);
		drop_nothing(run, values);
		values = cut(rule, values);
		drop_nothing(run, values);
		filter(run, rule, values);
		if (json_array_size(values) > 0 && !takes_all) {
			const char *note =
			    json_string_value(json_object_get(rule, "note"));

			if (i > 0 && note != NULL)
				import_check_note(
				    run->check, import_reason_find(note), "");
			break;
		}
	}
	return values;
}

static json_t *
convert(const struct run *run, const json_t *rule, const json_t *value)
{
	const char *table = json_string_value(json_object_get(rule, "table"));
	const char *kind = json_string_value(json_object_get(rule, "as"));
	json_t *entry;

	if (table != NULL)
		return json_incref((json_t *)look_up(run->map, table, value));
	if (json_object_get(rule, "fields") == NULL)
		return convert_find(kind ? kind : "text")(value);
	entry = json_object();
	apply_rules(run, json_object_get(rule, "fields"), value, entry);
	if (json_object_size(entry) > 0)
		return entry;
	json_decref(entry);
	return NULL;
}

/* Several texts for one field become one. */
static json_t *
join(json_t *made, const char *between)
{
	struct import_buffer all = { 0 };
	size_t index;
	const json_t *text;
	json_t *joined;

	json_array_foreach(made, index, text)
	{
		if (!json_is_string(text))
			continue;
		if (all.length > 0)
			import_buffer_add(&all, between, strlen(between));
		import_buffer_add(
		    &all, json_string_value(text), json_string_length(text));
	}
	joined = all.is_broken ? NULL : json_stringn(all.bytes, all.length);
	free(all.bytes);
	return joined;
}

static void
put_all(json_t *to, const char *path, json_t *made, const json_t *rule)
{
	const char *between = json_string_value(json_object_get(rule, "join"));
	size_t length = strlen(path);
	size_t index;
	json_t *value;

	if (length > 2 && strcmp(path + length - 2, "[]") == 0) {
		json_array_foreach(made, index, value)
		{
			path_put(to, path, json_incref(value), false);
		}
	} else if (between != NULL) {
		path_put(to, path, join(made, between), false);
	} else {
		path_put(to, path, json_incref(json_array_get(made, 0)), false);
	}
}

static void
put_point(json_t *to, const char *path, const json_t *point)
{
	char member[2 * PATH_NAME_BYTES];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)point, name, value)
	{
		if (strcmp(path, ".") == 0)
			snprintf(member, sizeof member, "%s", name);
		else
			snprintf(member, sizeof member, "%s.%s", path, name);
		path_put(to, member, json_incref(value), false);
	}
}

/* A value that is not what the rule says it is stays where people find it. */
static void
put_aside(const struct run *run, const json_t *rule, const json_t *value)
{
	const json_t *from = json_object_get(rule, "from");
	const char *path =
	    json_string_value(json_is_array(from) ? json_array_get(from, 0) : from);
	char name[PATH_NAME_BYTES];
	char aside[PATH_NAME_BYTES + 2];

	if (json_object_get(rule, "as") == NULL || path == NULL ||
	    !path_first(path, name))
		return;
	snprintf(aside, sizeof aside, "x_%s", name);
	import_check_note(run->check, IMPORT_not_understood, name);
	json_object_set(run->service, aside, (json_t *)value);
}

/* An attribute of our own taxonomy. */
static json_t *
make_fact(const char *label, json_t *value)
{
	return json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}}", "label", label,
	    "link_entity", "service", "value", value, "taxonomy_term", "taxonomy",
	    ENRICH_TAXONOMY, "code", label, "name", label);
}

static void
put_constant(const json_t *rule, json_t *to)
{
	const char *fact = json_string_value(json_object_get(rule, "fact"));
	const char *path = json_string_value(json_object_get(rule, "to"));
	json_t *value = json_deep_copy(json_object_get(rule, "constant"));

	if (fact != NULL)
		path_put(to, "attributes[]", make_fact(fact, value), false);
	else
		path_put(to, path, value, json_object_get(rule, "when") == NULL);
}

static void
apply_rule(const struct run *run, const json_t *rule, const json_t *from, json_t *to)
{
	const char *fact = json_string_value(json_object_get(rule, "fact"));
	const char *path = json_string_value(json_object_get(rule, "to"));
	const char *kind = json_string_value(json_object_get(rule, "as"));
	json_t *values = take_values(run, rule, from);
	json_t *made = json_array();
	size_t index;
	const json_t *value;

	json_array_foreach(values, index, value)
	{
		json_t *one = convert(run, rule, value);

		if (one != NULL)
			json_array_append_new(made, fact ? make_fact(fact, one) : one);
		else
			put_aside(run, rule, value);
	}
	if (json_array_size(made) > 0) {
		if (fact != NULL)
			put_all(to, "attributes[]", made, rule);
		else if (convert_is_point(kind))
			put_point(to, path, json_array_get(made, 0));
		else
			put_all(to, path, made, rule);
	}
	json_decref(values);
	json_decref(made);
}

/* Constants come last and make nothing exist that is not there without them, unless a
 * condition asks for them. */
static void
apply_rules(const struct run *run, const json_t *rules, const json_t *from, json_t *to)
{
	size_t index;
	const json_t *rule;

	json_array_foreach((json_t *)rules, index, rule)
	{
		const json_t *when = json_object_get(rule, "when");

		if (!when_holds(when, from))
			continue;
		if (json_object_get(rule, "constant") == NULL &&
		    json_object_get(rule, "from") == NULL)
			import_check_note(run->check,
			    import_reason_find(
			        json_string_value(json_object_get(rule, "note"))),
			    "");
		else if (json_object_get(rule, "constant") == NULL)
			apply_rule(run, rule, from, to);
		else if (when != NULL)
			put_constant(rule, to);
	}
	if (json_object_size(to) == 0)
		return;
	json_array_foreach((json_t *)rules, index, rule)
	{
		if (json_object_get(rule, "constant") != NULL &&
		    json_object_get(rule, "when") == NULL)
			put_constant(rule, to);
	}
}

/* Members of the row that no rule looks at, under a name of their own. */
static void
keep_rest(const struct import_map *map, const json_t *row, json_t *service)
{
	const char *prefix = json_string_value(json_object_get(map->root, "rest"));
	const char *name;
	json_t *value;

	if (prefix == NULL)
		return;
	json_object_foreach((json_t *)row, name, value)
	{
		char kept[2 * PATH_NAME_BYTES];

		if (json_object_get(map->used, name) != NULL ||
		    !path_says_something(value))
			continue;
		snprintf(kept, sizeof kept, "%s%s", prefix, name);
		json_object_set(service, kept, value);
	}
}

/* Separates the parts of an identity, so that "a b" + "c" is not "a" + "b c". */
#define UNIT_SEPARATOR "\x1f"

static void
set_identity(const struct run *run, const json_t *row, json_t *service)
{
	struct import_buffer name = { 0 };
	bool is_empty = true;
	size_t index;
	const json_t *path;

	json_array_foreach(json_object_get(run->map->root, "identity"), index, path)
	{
		json_t *values = json_array();
		json_t *text;

		path_collect(row, json_string_value(path), values);
		text = convert_to_text(json_array_get(values, 0));
		if (text != NULL) {
			import_buffer_add(
			    &name, json_string_value(text), json_string_length(text));
			is_empty = false;
		}
		import_buffer_add(&name, UNIT_SEPARATOR, 1);
		json_decref(text);
		json_decref(values);
	}
	if (!is_empty && !name.is_broken) {
		char id[ID_UUID_BYTES + 1];

		import_check_derive(run->check->source,
		    (struct text){ name.bytes, (uint32_t)name.length }, id);
		json_object_set_new(service, "id", json_string(id));
	}
	free(name.bytes);
}

void
map_run_rules(const struct import_map *map, const json_t *rules, const json_t *row,
    struct import_check *check, json_t *made)
{
	const struct run run = { map, check, made };

	apply_rules(&run, rules, row, made);
}

json_t *
import_map_apply(
    const struct import_map *map, const json_t *row, struct import_check *check)
{
	json_t *service = json_object();
	const struct run run = { map, check, service };

	if (service == NULL)
		return NULL;
	apply_rules(&run, json_object_get(map->root, "rules"), row, service);
	keep_rest(map, row, service);
	set_identity(&run, row, service);
	return service;
}
