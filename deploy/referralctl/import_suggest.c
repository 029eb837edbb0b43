/* SPDX-License-Identifier: Apache-2.0
 * Writes one rule for each role that has any columns. */
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/import_suggest_private.h"

#define LOCATION "service_at_locations[0].location"
#define ADDRESS LOCATION ".addresses[0]"

/* ---- the map ---- */

static void
add_paths(const struct draft *draft, enum column_role role, json_t *paths)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == role)
			json_array_append_new(paths, json_string(draft->columns[i].path));
}

/* Whether a flag of this kind keeps what is in columns of that role. */
static bool
is_kept_by(enum column_role flagged, enum column_role role)
{
	bool is_left_out = role == ROLE_phone || role == ROLE_fax || role == ROLE_email ||
	                   role == ROLE_person;

	return is_left_out &&
	       (flagged == role || (flagged == ROLE_phone && role == ROLE_fax));
}

/* What the publisher calls private is left out. */
static void
add_conditions(const struct draft *draft, enum column_role role, json_t *rule)
{
	json_t *when = json_object();

	for (size_t i = 0; i < draft->count; i++) {
		const struct suggest_column *column = &draft->columns[i];

		if (column->role == ROLE_hidden &&
		    is_kept_by(suggest_role_flagged(column->heading), role))
			json_object_set_new(
			    when, column->path, json_string("no or silent"));
	}
	if (json_object_size(when) > 0)
		json_object_set(rule, "when", when);
	json_decref(when);
}

static void
add_rule(const struct draft *draft, enum column_role role, json_t *rules)
{
	const struct about_role *about = suggest_role(role);
	json_t *paths = json_array();
	char more[1024];
	json_t *rule;

	add_paths(draft, role, paths);
	if (about->instead != role)
		add_paths(draft, about->instead, paths);
	if (about->how != HOW_FLAG && about->to[0] != '\0' &&
	    json_array_size(paths) > 0) {
		snprintf(more, sizeof more, "{%s}", about->rule);
		rule = json_pack("{s:s, s:o}", "to", about->to, "from",
		    json_array_size(paths) > 1 ? json_incref(paths)
		                               : json_incref(json_array_get(paths, 0)));
		if (json_array_size(paths) > 1 && about->how != HOW_ONE)
			json_object_set_new(rule, "all", json_true());
		json_object_update_new(rule, json_loads(more, 0, NULL));
		add_conditions(draft, role, rule);
		json_array_append_new(rules, rule);
	}
	json_decref(paths);
}

static void
add_fact(const struct suggest_column *column, const char *fact, const char *value,
    const char *when, json_t *rules)
{
	json_array_append_new(rules, json_pack("{s:s, s:s, s:{s:s}}", "fact", fact,
	                                 "constant", value, "when", column->path, when));
}

/* What a flag keeps: the address, one of the ways to reach them (see add_conditions), or all.
 * A word that is not understood keeps it, too. */
static const char *
what_is_kept(const struct suggest_column *column)
{
	static const char *const KEPT[ROLES] = {
		[ROLE_address] = "address_hidden",
		[ROLE_city] = "address_hidden",
		[ROLE_region] = "address_hidden",
		[ROLE_postcode] = "address_hidden",
		[ROLE_point] = "address_hidden",
		[ROLE_latitude] = "address_hidden",
		[ROLE_longitude] = "address_hidden",
		[ROLE_phone] = "",
		[ROLE_fax] = "",
		[ROLE_email] = "",
		[ROLE_person] = "",
	};
	enum column_role flagged = suggest_role_flagged(column->heading);

	return flagged < ROLES && KEPT[flagged] != NULL ? KEPT[flagged] : "cleared";
}

/* Of two that hold the first wins: what keeps most stands first. */
static void
add_flags(const struct draft *draft, json_t *rules)
{
	static const char *const KEPT[] = { "cleared", "address_hidden" };

	for (size_t kept = 0; kept < sizeof KEPT / sizeof *KEPT; kept++)
		for (size_t i = 0; i < draft->count; i++)
			if (draft->columns[i].role == ROLE_hidden &&
			    strcmp(what_is_kept(&draft->columns[i]), KEPT[kept]) == 0)
				add_fact(&draft->columns[i], "confidentiality",
				    KEPT[kept], "not no", rules);
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == ROLE_no_referral)
			add_fact(&draft->columns[i], "referral_allowed", "no", "not no",
			    rules);
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
	add_flags(draft, rules);
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
		const struct suggest_column *column = &draft->columns[i];

		if (column->is_renamed)
			json_object_set_new(
			    names, column->path, json_pack("[s]", column->heading));
		if (column->role == ROLE_name || column->role == ROLE_organisation ||
		    (column->role == ROLE_id && draft->is_id_good))
			json_array_append_new(required,
			    json_string(
			        column->is_renamed ? column->path : column->heading));
	}
	return json_pack("{s:o, s:o}", "required", required, "names", names);
}

static bool
has_several_kinds(const struct suggest_column *column)
{
	return (column->kinds & (column->kinds - 1)) != 0;
}

static json_t *
make_about(const struct draft *draft)
{
	json_t *about = json_array();

	json_array_append_new(
	    about, json_string("A draft, guessed from the headings: look at each rule."));
	if (!suggest_is_taken(draft, ROLE_name) &&
	    !suggest_is_taken(draft, ROLE_organisation))
		json_array_append_new(about,
		    json_string("No column was taken for the name, without which a "
		                "row is no service: add a rule to \"name\"."));
	if (suggest_is_taken(draft, ROLE_id) && !draft->is_id_good)
		json_array_append_new(
		    about, json_string("The column taken for the id is empty or repeats: "
		                       "what identifies a row is guessed."));
	for (size_t i = 0; i < draft->count; i++)
		if (has_several_kinds(&draft->columns[i]))
			json_array_append_new(about,
			    json_sprintf(
			        "Rows are of several kinds, as \"%s\" says: here each "
			        "is a service; \"parts\" can say what each kind is.",
			        draft->columns[i].heading));
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == ROLES)
			json_array_append_new(about,
			    json_sprintf("Not placed: \"%s\", for example \"%s\".",
			        draft->columns[i].heading, draft->columns[i].example));
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

json_t *
suggest_make_map(const struct draft *draft)
{
	json_t *map =
	    json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "about", make_about(draft),
	        "identity", make_identity(draft), "nothing", make_nothing(), "rest", "x_",
	        "rules", make_rules(draft), "tables", make_tables());

	if (map != NULL && draft->is_table)
		json_object_set_new(map, "columns", make_columns(draft));
	return map;
}
