/* SPDX-License-Identifier: Apache-2.0
 * What columns may be, by their headings and cells. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/fold.h"
#include "deploy/referralctl/import_suggest_private.h"
#include "proto/field.h"

#define HEADING_BYTES 1024

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

const struct about_role *
suggest_role(enum column_role role)
{
	return &ABOUT[role];
}

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

static enum column_role
find_from(enum column_role first, const char *heading, bool is_within)
{
	char folded[HEADING_BYTES];
	enum column_role role = first;

	fold_text(text_of(heading), folded);
	while (role < ROLES && !fits_words(folded, ABOUT[role].words, is_within))
		role++;
	return role;
}

enum column_role
suggest_role_find(const char *heading, bool is_within)
{
	return find_from(0, heading, is_within);
}

enum column_role
suggest_role_flagged(const char *heading)
{
	return find_from(ROLE_hidden + 1, heading, true);
}

bool
import_suggest_is_of_service(const char *heading)
{
	static const bool ONLY_SERVICES[ROLES + 1] = {
		[ROLE_email] = true,
		[ROLE_phone] = true,
		[ROLE_fax] = true,
		[ROLE_hours] = true,
		[ROLE_eligibility] = true,
		[ROLE_fees] = true,
		[ROLE_person] = true,
		[ROLE_organisation] = true,
	};

	return ONLY_SERVICES[suggest_role_find(heading, true)] ||
	       suggest_role_find(heading, false) == ROLE_name;
}

/* ---- columns ---- */

struct suggest_column *
suggest_add_column(struct draft *draft, const char *heading)
{
	struct suggest_column *grown =
	    realloc(draft->columns, (draft->count + 1) * sizeof *grown);
	struct suggest_column *made;

	if (grown == NULL)
		return NULL;
	draft->columns = grown;
	made = &grown[draft->count];
	*made = (struct suggest_column){ .role = ROLES, .heading = strdup(heading) };
	if (made->heading == NULL)
		return NULL;
	draft->count++;
	return made;
}

void
suggest_free(struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++)
		free(draft->columns[i].heading);
	free(draft->columns);
}

bool
suggest_is_taken(const struct draft *draft, enum column_role role)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].role == role)
			return true;
	return false;
}

void
suggest_place_columns(struct draft *draft)
{
	for (int is_within = 0; is_within < 2; is_within++)
		for (size_t i = 0; i < draft->count; i++) {
			struct suggest_column *column = &draft->columns[i];
			enum column_role role = column->role;

			if (role == ROLES)
				role = suggest_role_find(column->heading, is_within);
			if (role == ROLES || column->role != ROLES ||
			    (ABOUT[role].how == HOW_ONE && suggest_is_taken(draft, role)))
				continue;
			column->role = role;
		}
}

/* ---- cells ---- */

static unsigned
kind_of(const char *text)
{
	static const struct {
		const char *word;
		unsigned kind;
	} KINDS[] = { { "agency", 1 }, { "organization", 1 }, { "site", 2 },
		{ "location", 2 }, { "program", 4 }, { "service", 4 } };

	for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
		if (strcasecmp(text, KINDS[i].word) == 0)
			return KINDS[i].kind;
	return 0;
}

void
suggest_look_at_cell(struct suggest_column *column, const json_t *value)
{
	const char *text = json_string_value(value);
	char *made;

	if (text != NULL)
		column->kinds |= kind_of(text);
	if (value == NULL || column->example[0] != '\0')
		return;
	made = text ? strdup(text) : json_dumps(value, JSON_ENCODE_ANY);
	if (made != NULL)
		snprintf(column->example, sizeof column->example, "%.*s",
		    (int)text_cut(made, strlen(made), SUGGEST_EXAMPLE_BYTES), made);
	free(made);
}

void
suggest_look_at_id(struct draft *draft, const json_t *value, json_t *ids)
{
	char *id = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	if (id == NULL || json_object_get(ids, id) != NULL)
		draft->is_id_good = false;
	else
		json_object_set_new(ids, id, json_true());
	free(id);
}
