/* SPDX-License-Identifier: Apache-2.0
 * Carries out the rules of a field map.  A map is checked when it is loaded, so that carrying
 * out cannot fail but for memory. */
#include "deploy/referralctl/import_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "deploy/referralctl/import_read.h"

#define NAME_MAX_BYTES 128
/* Lists that a path may name entries of: "phones[9]". */
#define ENTRIES_MAX 10
#define MAPS "deploy/maps"

struct import_map {
	json_t *root;
	json_t *tables; /* name -> object; keys folded, see fold_key */
};

struct run {
	const struct import_map *map;
	struct import_check *check;
};

static struct text
text_in(const json_t *value)
{
	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

/* ---- paths: "a.b", "a[].b", "a[0].b", "." ---- */

struct step {
	char name[NAME_MAX_BYTES];
	enum { STEP_MEMBER, STEP_EACH, STEP_ENTRY } kind;
	size_t entry;
};

/* Takes the first step off; false: the path is over, or wrong (then *path is not ""). */
static bool
take_step(const char **path, struct step *step)
{
	size_t length = strcspn(*path, ".[");
	const char *at = *path + length;

	if (length == 0 || length >= sizeof step->name)
		return false;
	memcpy(step->name, *path, length);
	step->name[length] = '\0';
	step->kind = STEP_MEMBER;
	if (strncmp(at, "[]", 2) == 0) {
		step->kind = STEP_EACH;
		at += 2;
	} else if (at[0] == '[' && at[1] >= '0' && at[1] < '0' + ENTRIES_MAX &&
	           at[2] == ']') {
		step->kind = STEP_ENTRY;
		step->entry = (size_t)(at[1] - '0');
		at += 3;
	}
	while (step->kind == STEP_EACH && strncmp(at, "[]", 2) == 0)
		at += 2; /* lists in lists: collect() looks into them anyway */
	if (*at == '.' && at[1] != '\0')
		at++;
	else if (*at != '\0')
		return false;
	*path = at;
	return true;
}

static bool
is_path(const char *path)
{
	struct step step;

	if (strcmp(path, ".") == 0)
		return true;
	if (*path == '\0')
		return false;
	while (*path != '\0')
		if (!take_step(&path, &step))
			return false;
	return true;
}

static bool
says_something(const json_t *value)
{
	return value != NULL && !json_is_null(value) &&
	       !(json_is_string(value) && import_text_trim(text_in(value)).length == 0);
}

static void collect(const json_t *value, const char *path, json_t *found);

static void
collect_each(const json_t *value, const char *path, json_t *found)
{
	size_t index;
	const json_t *entry;

	if (!json_is_array(value)) {
		collect(value, path, found);
		return;
	}
	json_array_foreach((json_t *)value, index, entry)
	    collect_each(entry, path, found);
}

/* Appends what a path leads to, as far as it says anything. */
static void
collect(const json_t *value, const char *path, json_t *found)
{
	struct step step;

	if (*path == '\0' || strcmp(path, ".") == 0) {
		if (says_something(value))
			json_array_append(found, (json_t *)value);
		return;
	}
	if (!take_step(&path, &step))
		return;
	value = json_object_get(value, step.name);
	if (step.kind == STEP_EACH)
		collect_each(value, path, found);
	else
		collect(
		    step.kind == STEP_ENTRY ? json_array_get(value, step.entry) : value,
		    path, found);
}

/* The member of `object` at a step, made where it is missing unless `is_weak`.  NULL: it is
 * not there, or what is there is no object. */
static json_t *
enter(json_t *object, const struct step *step, bool is_weak)
{
	json_t *member = json_object_get(object, step->name);

	if (!json_is_object(object))
		return NULL;
	if (member == NULL && !is_weak) {
		member = step->kind == STEP_MEMBER ? json_object() : json_array();
		json_object_set_new(object, step->name, member);
	}
	if (step->kind != STEP_ENTRY)
		return member;
	while (
	    !is_weak && json_is_array(member) && json_array_size(member) <= step->entry)
		json_array_append_new(member, json_object());
	return json_array_get(member, step->entry);
}

static bool
array_has(const json_t *array, const json_t *value)
{
	size_t index;
	const json_t *entry;

	json_array_foreach((json_t *)array, index,
	    entry) if (json_equal((json_t *)entry, (json_t *)value)) return true;
	return false;
}

/* Puts a value where a path leads.  What is there already stays; to a list ("x[]") the value
 * is added unless it is in it.  Takes the reference. */
static void
put(json_t *object, const char *path, json_t *value, bool is_weak)
{
	struct step step;

	while (object != NULL && take_step(&path, &step)) {
		if (*path == '\0' && step.kind == STEP_MEMBER) {
			if (json_object_get(object, step.name) == NULL)
				json_object_set(object, step.name, value);
			break;
		}
		object = enter(object, &step, is_weak);
		if (*path == '\0' && step.kind == STEP_EACH && !array_has(object, value))
			json_array_append(object, value);
	}
	json_decref(value);
}

/* ---- values ---- */

/* Trimmed, A-Z in lower case: what a value is looked up as. */
static void
fold_key(struct text text, char key[NAME_MAX_BYTES])
{
	if (!text_copy(import_text_trim(text), key, NAME_MAX_BYTES))
		return;
	for (char *at = key; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + 32);
}

/* What a table says of a value; NULL: nothing. */
static const json_t *
look_up(const struct import_map *map, const char *table, const json_t *value)
{
	char key[NAME_MAX_BYTES];

	fold_key(text_in(value), key);
	return json_object_get(json_object_get(map->tables, table), key);
}

/* The text of a string, number or truth; NULL: it is none. */
static json_t *
as_text(const json_t *value)
{
	struct import_buffer buffer = { 0 };
	struct text text = import_text_trim(text_in(value));
	json_t *made;

	if (json_is_string(value))
		return json_stringn(text.at, text.length);
	if (!json_is_number(value) && !json_is_boolean(value))
		return NULL;
	import_write(&buffer, value);
	made = buffer.is_broken ? NULL : json_stringn(buffer.bytes, buffer.length);
	free(buffer.bytes);
	return made;
}

/* "Farmers' Market" is farmers-market; other scripts keep their letters. */
static json_t *
as_slug(const json_t *value)
{
	struct import_buffer slug = { 0 };
	struct text text = text_in(value);
	bool is_gap = false;
	json_t *made;

	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.at[i];
		bool is_letter = (byte >= 'a' && byte <= 'z') ||
		                 (byte >= 'A' && byte <= 'Z') ||
		                 (byte >= '0' && byte <= '9') || (byte & 0x80);

		if (byte == '\'')
			continue;
		if (!is_letter) {
			is_gap = slug.length > 0;
			continue;
		}
		if (is_gap)
			import_buffer_add(&slug, "-", 1);
		is_gap = false;
		if (byte >= 'A' && byte <= 'Z')
			byte = (char)(byte + 32);
		import_buffer_add(&slug, &byte, 1);
	}
	made = slug.is_broken || slug.length == 0 ? NULL
	                                          : json_stringn(slug.bytes, slug.length);
	free(slug.bytes);
	return made;
}

/* Milliseconds since 1970 as RFC 3339. */
static json_t *
as_time_ms(const json_t *value)
{
	char text[CLOCK_TEXT_BYTES];

	if (!json_is_integer(value))
		return NULL;
	clock_format(json_integer_value(value), text);
	return json_string(text);
}

static json_t *
as_point(const json_t *value, size_t lon, size_t lat)
{
	json_t *point;

	if (json_array_size(value) != 2)
		return NULL;
	point = json_object();
	json_object_set(point, "longitude", json_array_get(value, lon));
	json_object_set(point, "latitude", json_array_get(value, lat));
	return point;
}

static json_t *
as_lon_lat(const json_t *value)
{
	return as_point(value, 0, 1);
}

static json_t *
as_lat_lon(const json_t *value)
{
	return as_point(value, 1, 0);
}

static json_t *
as_it_is(const json_t *value)
{
	return json_deep_copy(value);
}

static const struct {
	const char *name;
	json_t *(*make)(const json_t *value);
} KINDS[] = {
	{ "text", as_text },
	{ "slug", as_slug },
	{ "time_ms", as_time_ms },
	{ "lon_lat", as_lon_lat },
	{ "lat_lon", as_lat_lon },
	{ "as_it_is", as_it_is },
};
#define KINDS_COUNT (sizeof KINDS / sizeof *KINDS)

static size_t
find_kind(const char *name)
{
	size_t kind = 0;

	while (kind < KINDS_COUNT && strcmp(KINDS[kind].name, name) != 0)
		kind++;
	return kind;
}

/* ---- rules ---- */

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

		collect(from, json_string_value(path), values);
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
		return KINDS[find_kind(kind ? kind : "text")].make(value);
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
		    put(to, path, json_incref(value), false);
	} else if (between != NULL) {
		put(to, path, join(made, between), false);
	} else {
		put(to, path, json_incref(json_array_get(made, 0)), false);
	}
}

static bool
is_point(const char *kind)
{
	return kind != NULL &&
	       (strcmp(kind, "lon_lat") == 0 || strcmp(kind, "lat_lon") == 0);
}

static void
put_point(json_t *to, const char *path, const json_t *point)
{
	char member[2 * NAME_MAX_BYTES];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)point, name, value)
	{
		if (strcmp(path, ".") == 0)
			snprintf(member, sizeof member, "%s", name);
		else
			snprintf(member, sizeof member, "%s.%s", path, name);
		put(to, member, json_incref(value), false);
	}
}

static void
apply_rule(const struct run *run, const json_t *rule, const json_t *from, json_t *to)
{
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
			json_array_append_new(made, one);
	}
	if (json_array_size(made) > 0) {
		if (is_point(kind))
			put_point(to, path, json_array_get(made, 0));
		else
			put_all(to, path, made, rule);
	}
	json_decref(values);
	json_decref(made);
}

/* Constants come last and make nothing exist that is not there without them. */
static void
apply_rules(const struct run *run, const json_t *rules, const json_t *from, json_t *to)
{
	size_t index;
	const json_t *rule;

	json_array_foreach(
	    (json_t *)rules, index, rule) if (json_object_get(rule, "constant") == NULL)
	    apply_rule(run, rule, from, to);
	if (json_object_size(to) == 0)
		return;
	json_array_foreach(
	    (json_t *)rules, index, rule) if (json_object_get(rule, "constant") != NULL)
	    put(to, json_string_value(json_object_get(rule, "to")),
	        json_incref(json_object_get(rule, "constant")), true);
}

/* Members of the row that no rule looks at, under a name of their own. */
static void
keep_rest(const struct import_map *map, const json_t *row, json_t *service)
{
	const char *prefix = json_string_value(json_object_get(map->root, "rest"));
	const json_t *used = json_object_get(map->root, "used");
	const char *name;
	json_t *value;

	if (prefix == NULL)
		return;
	json_object_foreach((json_t *)row, name, value)
	{
		char kept[2 * NAME_MAX_BYTES];

		if (json_object_get(used, name) != NULL || !says_something(value))
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

		collect(row, json_string_value(path), values);
		text = as_text(json_array_get(values, 0));
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

json_t *
import_map_apply(
    const struct import_map *map, const json_t *row, struct import_check *check)
{
	const struct run run = { map, check };
	json_t *service = json_object();

	if (service == NULL)
		return NULL;
	apply_rules(&run, json_object_get(map->root, "rules"), row, service);
	keep_rest(map, row, service);
	set_identity(&run, row, service);
	return service;
}

/* ---- loading ---- */

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
	struct step step;

	if (take_step(&path, &step))
		json_object_set_new(used, step.name, json_true());
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

		if (path == NULL || !is_path(path))
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
		return is_point(json_string_value(as));
	return is_path(to) && (each == NULL || each[2] == '\0');
}

static bool
check_rule(const struct import_map *map, const json_t *rule, json_t *used, int depth,
    char why[256])
{
	static const char *const MEMBERS[] = { "to", "from", "all", "as", "table", "only",
		"except", "join", "constant", "fields", "note", "about", NULL };
	const char *to = json_string_value(json_object_get(rule, "to"));
	const json_t *as = json_object_get(rule, "as");
	const json_t *fields = json_object_get(rule, "fields");
	const json_t *note = json_object_get(rule, "note");

	if (!json_is_object(rule) || to == NULL || !is_path(to))
		return complain(why, "a rule needs a path in \"to\"", to);
	if (!is_target(to, as))
		return complain(why, "not a target", to);
	if (!has_only(rule, MEMBERS, why) || !check_tables_of(map, rule, why))
		return false;
	if ((json_object_get(rule, "constant") != NULL) ==
	    (json_object_get(rule, "from") != NULL))
		return complain(why, "a rule needs either \"from\" or \"constant\"", to);
	if (json_object_get(rule, "constant") != NULL)
		return true;
	if (as != NULL &&
	    (!json_is_string(as) || find_kind(json_string_value(as)) == KINDS_COUNT))
		return complain(why, "unknown kind in \"as\"", json_string_value(as));
	if (note != NULL &&
	    (!json_is_string(note) ||
	        import_reason_find(json_string_value(note)) == IMPORT_FINE))
		return complain(why, "no such note", json_string_value(note));
	if (fields != NULL && (strlen(to) < 3 || strcmp(to + strlen(to) - 2, "[]") != 0))
		return complain(
		    why, "with \"fields\" the target is a list, \"name[]\"", to);
	return check_from(rule, used, why) &&
	       (fields == NULL || check_rules(map, fields, NULL, depth + 1, why));
}

static bool
check_rules(const struct import_map *map, const json_t *rules, json_t *used, int depth,
    char why[256])
{
	size_t index;
	const json_t *rule;

	if (!json_is_array(rules) || depth > 3)
		return complain(why, "rules are a list, three deep at most", "");
	json_array_foreach((json_t *)rules, index,
	    rule) if (!check_rule(map, rule, used, depth, why)) return false;
	return true;
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
			char fold[NAME_MAX_BYTES];

			fold_key(text_of(key), fold);
			if (fold[0] == '\0')
				return complain(why, "too long or empty in a table", key);
			json_object_set(folded, fold, value);
		}
	}
	return true;
}

static bool
check_map(struct import_map *map, char why[256])
{
	static const char *const MEMBERS[] = { "about", "identity", "rules", "tables",
		"rest", NULL };
	const json_t *identity = json_object_get(map->root, "identity");
	const json_t *rest = json_object_get(map->root, "rest");
	json_t *used = json_object();
	size_t index;
	const json_t *path;

	if (!has_only(map->root, MEMBERS, why)) {
		json_decref(used);
		return false;
	}
	json_object_set_new(map->root, "used", used);
	if (json_array_size(identity) == 0)
		return complain(
		    why, "a map names the fields that identify a row", "identity");
	json_array_foreach((json_t *)identity, index,
	    path) if (!json_is_string(path) ||
	              !is_path(json_string_value(path))) return complain(why,
	    "not a path in identity", json_string_value(path));
	if (rest != NULL && (!json_is_string(rest) || json_string_length(rest) == 0 ||
	                        json_string_length(rest) >= NAME_MAX_BYTES))
		return complain(why, "a beginning of names is wanted in", "rest");
	return read_tables(map, why) &&
	       check_rules(map, json_object_get(map->root, "rules"), used, 0, why);
}

void
import_map_free(struct import_map *map)
{
	if (map == NULL)
		return;
	json_decref(map->root);
	json_decref(map->tables);
	free(map);
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

/* deploy/maps/NAME.json beside the working directory, then beside build/bin/referralctl. */
static bool
find_map(const char *name, char path[4096])
{
	char program[2048];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	char *slash;

	snprintf(path, 4096, MAPS "/%s.json", name);
	if (access(path, R_OK) == 0)
		return true;
	program[length > 0 ? length : 0] = '\0';
	slash = strrchr(program, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	snprintf(path, 4096, "%s/../../" MAPS "/%s.json", program, name);
	return access(path, R_OK) == 0;
}

enum status
import_map_load(struct import_map **map, const char *name, char why[256])
{
	char path[4096];
	char *bytes;
	size_t length;
	size_t name_length = strlen(name);
	enum status status;

	*map = NULL;
	if (strchr(name, '/') != NULL ||
	    (name_length > 5 && strcmp(name + name_length - 5, ".json") == 0)) {
		snprintf(path, sizeof path, "%s", name);
	} else if (!find_map(name, path)) {
		snprintf(why, 256, "no map of that name in " MAPS);
		return STATUS_ABSENT;
	}
	status = import_file_read(path, &bytes, &length);
	if (status == STATUS_OK && length > UINT32_MAX)
		status = STATUS_TOO_LARGE;
	if (status != STATUS_OK) {
		snprintf(why, 256, "%s",
		    status == STATUS_ABSENT ? strerror(errno) : status_about(status));
		free(bytes);
		return status;
	}
	status = import_map_read(map, (struct text){ bytes, (uint32_t)length }, why);
	free(bytes);
	return status;
}
