/* SPDX-License-Identifier: Apache-2.0
 * Places columns by their headings, then writes one rule for each role that has any. */
#include "deploy/referralctl/import_suggest.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/fold.h"
#include "deploy/referralctl/import_path.h"
#include "proto/field.h"

#define HEADING_BYTES 512
#define PATH_BYTES (PATH_NAME_BYTES + 2)
#define EXAMPLE_BYTES 60

enum column_role {
#define ROLE(name, how, to, rule, instead, words) ROLE_##name,
#define STATUS(text, status)
#define LANGUAGE(text, code)
#define NOTHING(text)
#include "deploy/referralctl/import_suggest.def"
	ROLES
};

enum how { HOW_ONE, HOW_TOGETHER, HOW_EACH };

struct about_role {
	enum how how;
	const char *to, *rule;
	enum column_role instead;
	const char *words;
};

static const struct about_role ABOUT[] = {
#define LOCATION "service_at_locations[0].location"
#define ADDRESS LOCATION ".addresses[0]"
#define ROLE(name, how, to, rule, instead, words)                                        \
	[ROLE_##name] = { HOW_##how, to, rule, ROLE_##instead, words },
#define STATUS(text, status)
#define LANGUAGE(text, code)
#define NOTHING(text)
#include "deploy/referralctl/import_suggest.def"
};

struct column {
	enum column_role role; /* ROLES: not placed */
	char path[PATH_BYTES];
	bool is_renamed; /* no path can say its heading: the map calls it by `path` */
	char example[EXAMPLE_BYTES + 1];
};

struct draft {
	const struct import_table *table;
	struct column *columns;
	size_t count;
	bool is_id_good; /* each row has one, and no other row has it */
};

/* ---- headings ---- */

static void
fold_text(struct text text, char folded[HEADING_BYTES])
{
	size_t length = fold(text, folded, HEADING_BYTES - 2);

	folded[length++] = ' ';
	folded[length] = '\0';
}

static bool
is_same(const char *one, const char *other)
{
	for (;; one++, other++) {
		one += strspn(one, " ");
		other += strspn(other, " ");
		if (*one != *other || *one == '\0')
			return *one == *other;
	}
}

/* Whether a folded heading is one of the words, or (`is_within`) holds it. */
static bool
fits_words(const char *heading, const char *words, bool is_within)
{
	while (*words != '\0') {
		size_t length = strcspn(words, "|");
		bool is_stem = words[length - 1] == '*';
		bool is_alone = words[0] == '=';
		char folded[HEADING_BYTES];

		fold_text((struct text){ words, (uint32_t)length }, folded);
		if (!is_within && is_same(heading, folded))
			return true;
		if (is_stem)
			folded[strlen(folded) - 1] = '\0';
		if (is_within && !is_alone && strstr(heading, folded) != NULL)
			return true;
		words += length + (words[length] == '|');
	}
	return false;
}

static bool
is_taken(const struct draft *draft, enum column_role role)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == role)
			return true;
	return false;
}

static void
place_column(struct draft *draft, size_t index, bool is_within)
{
	char heading[HEADING_BYTES];
	enum column_role role = 0;

	fold_text(text_of(import_table_column(draft->table, index)), heading);
	while (role < ROLES && !fits_words(heading, ABOUT[role].words, is_within))
		role++;
	if (role < ROLES && ABOUT[role].how == HOW_ONE && is_taken(draft, role))
		return;
	draft->columns[index].role = role;
}

/* How a rule names a column. */
static void
name_column(struct draft *draft, size_t index)
{
	const char *name = import_table_column(draft->table, index);
	struct column *column = &draft->columns[index];
	char first[PATH_NAME_BYTES];

	for (size_t i = strpbrk(name, " .[]") != NULL; i < 2; i++) {
		int length = i == 0 ? snprintf(column->path, PATH_BYTES, "%s", name)
		                    : snprintf(column->path, PATH_BYTES, "'%s'", name);

		if (length < PATH_BYTES && path_is_good(column->path) &&
		    path_first(column->path, first) && strcmp(first, name) == 0)
			return;
	}
	column->is_renamed = true;
	snprintf(column->path, PATH_BYTES, "column_%zu", index + 1);
}

static void
place_columns(struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++)
		draft->columns[i].role = ROLES;
	for (size_t i = 0; i < draft->count; i++) {
		name_column(draft, i);
		place_column(draft, i, false);
	}
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == ROLES)
			place_column(draft, i, true);
}

/* ---- rows ---- */

static void
look_at_row(struct draft *draft, const json_t *cells, json_t *ids)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct column *column = &draft->columns[i];
		const char *value = json_string_value(
		    json_object_get(cells, import_table_column(draft->table, i)));

		if (value != NULL && column->example[0] == '\0')
			snprintf(column->example, sizeof column->example, "%.*s",
			    (int)text_cut(value, strlen(value), EXAMPLE_BYTES), value);
		if (column->role != ROLE_id)
			continue;
		if (value == NULL || json_object_get(ids, value) != NULL)
			draft->is_id_good = false;
		else
			json_object_set_new(ids, value, json_true());
	}
}

static enum status
look_at_rows(struct draft *draft, struct import_table *table)
{
	struct import_table_row row;
	json_t *ids = json_object();
	enum status status;

	draft->is_id_good = is_taken(draft, ROLE_id);
	while ((status = import_table_next(table, &row)) == STATUS_OK)
		if (row.reason == IMPORT_FINE)
			look_at_row(draft, row.cells, ids);
	json_decref(ids);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

/* ---- the map ---- */

static void
add_paths(const struct draft *draft, enum column_role role, json_t *paths)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == role)
			json_array_append_new(paths, json_string(draft->columns[i].path));
}

static void
add_rule(const struct draft *draft, enum column_role role, json_t *rules)
{
	const struct about_role *about = &ABOUT[role];
	json_t *paths = json_array();
	char more[1024];
	json_t *rule;

	add_paths(draft, role, paths);
	if (about->instead != role)
		add_paths(draft, about->instead, paths);
	if (about->to[0] != '\0' && json_array_size(paths) > 0) {
		snprintf(more, sizeof more, "{%s}", about->rule);
		rule = json_pack("{s:s, s:o}", "to", about->to, "from",
		    json_array_size(paths) > 1 ? json_incref(paths)
		                               : json_incref(json_array_get(paths, 0)));
		if (json_array_size(paths) > 1 && about->how != HOW_ONE)
			json_object_set_new(rule, "all", json_true());
		json_object_update_new(rule, json_loads(more, 0, NULL));
		json_array_append_new(rules, rule);
	}
	json_decref(paths);
}

/* What no column says.  A status that no table knows stays unknown. */
static void
add_constants(const struct draft *draft, json_t *rules)
{
	json_t *active = json_pack("{s:s, s:s}", "to", "status", "constant", "active");

	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == ROLE_status)
			json_object_set_new(active, "when",
			    json_pack("{s:s}", draft->columns[i].path, "silent"));
	json_array_append_new(rules, active);
	json_array_append_new(
	    rules, json_pack("{s:s, s:s}", "to", LOCATION ".location_type", "constant",
	               "physical"));
	json_array_append_new(
	    rules, json_pack("{s:s, s:s}", "to", ADDRESS ".address_type", "constant",
	               "physical"));
}

static json_t *
make_rules(const struct draft *draft)
{
	json_t *rules = json_array();

	for (enum column_role role = 0; role < ROLES; role++)
		add_rule(draft, role, rules);
	add_constants(draft, rules);
	return rules;
}

static json_t *
make_identity(const struct draft *draft)
{
	static const enum column_role ROWS[] = { ROLE_id, ROLE_organisation, ROLE_name,
		ROLE_address, ROLE_city, ROLE_category };
	json_t *identity = json_array();
	size_t most = draft->is_id_good ? 1 : sizeof ROWS / sizeof *ROWS;

	for (size_t i = 0; i < most; i++)
		add_paths(draft, ROWS[i], identity);
	for (size_t i = 0; i < draft->count && json_array_size(identity) == 0; i++)
		json_array_append_new(identity, json_string(draft->columns[i].path));
	return identity;
}

static json_t *
make_columns(const struct draft *draft)
{
	json_t *required = json_array();
	json_t *names = json_object();

	for (size_t i = 0; i < draft->count; i++) {
		const struct column *column = &draft->columns[i];
		const char *heading = import_table_column(draft->table, i);

		if (column->is_renamed)
			json_object_set_new(
			    names, column->path, json_pack("[s]", heading));
		if (column->role == ROLE_name || column->role == ROLE_organisation ||
		    (column->role == ROLE_id && draft->is_id_good))
			json_array_append_new(required,
			    json_string(column->is_renamed ? column->path : heading));
	}
	return json_pack("{s:o, s:o}", "required", required, "names", names);
}

static json_t *
make_about(const struct draft *draft)
{
	json_t *about = json_array();

	json_array_append_new(
	    about, json_string("A draft, guessed from the headings: look at each rule."));
	if (!is_taken(draft, ROLE_name) && !is_taken(draft, ROLE_organisation))
		json_array_append_new(about,
		    json_string("No column was taken for the name, without which a "
		                "row is no service: add a rule to \"name\"."));
	if (is_taken(draft, ROLE_id) && !draft->is_id_good)
		json_array_append_new(
		    about, json_string("The column taken for the id is empty or repeats: "
		                       "what identifies a row is guessed."));
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == ROLES)
			json_array_append_new(
			    about, json_sprintf("Not placed: \"%s\", for example \"%s\".",
			               import_table_column(draft->table, i),
			               draft->columns[i].example));
	return about;
}

static json_t *
make_tables(void)
{
	json_t *statuses = json_object();
	json_t *languages = json_object();

#define ROLE(name, how, to, rule, instead, words)
#define STATUS(text, status) json_object_set_new(statuses, text, json_string(status));
#define LANGUAGE(text, code) json_object_set_new(languages, text, json_string(code));
#define NOTHING(text)
#include "deploy/referralctl/import_suggest.def"
	return json_pack("{s:o, s:o}", "statuses", statuses, "languages", languages);
}

static json_t *
make_nothing(void)
{
	json_t *nothing = json_array();

#define ROLE(name, how, to, rule, instead, words)
#define STATUS(text, status)
#define LANGUAGE(text, code)
#define NOTHING(text) json_array_append_new(nothing, json_string(text));
#include "deploy/referralctl/import_suggest.def"
	return nothing;
}

enum status
import_suggest_map(struct import_table *table, json_t **map)
{
	struct draft draft = { .table = table,
		.count = import_table_count_columns(table) };
	enum status status;

	*map = NULL;
	draft.columns = calloc(draft.count + 1, sizeof *draft.columns);
	if (draft.columns == NULL)
		return STATUS_NO_MEMORY;
	place_columns(&draft);
	status = look_at_rows(&draft, table);
	if (status == STATUS_OK) {
		*map = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "about",
		    make_about(&draft), "identity", make_identity(&draft), "columns",
		    make_columns(&draft), "nothing", make_nothing(), "rest", "x_",
		    "rules", make_rules(&draft), "tables", make_tables());
		status = *map ? STATUS_OK : STATUS_NO_MEMORY;
	}
	free(draft.columns);
	return status;
}
