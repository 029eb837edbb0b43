/* SPDX-License-Identifier: Apache-2.0
 * Rows of places and taxonomies: what they stand for, and what only all of them tell. */
#include <stdio.h>

#include "common/taxonomies.h"
#include "deploy/referralctl/import_other_private.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_text.h"

/* Levels of terms within one row. */
#define NESTED_MOST 8

enum directory_kind
import_kind_of(const char *word)
{
	enum directory_kind kind = 0;

	while (kind < DIRECTORY_KINDS && strcmp(directory_kind_word(kind), word) != 0)
		kind++;
	return kind;
}

enum directory_kind
import_kind_guess(struct text bytes)
{
	enum directory_kind kind = DIRECTORY_SERVICES;
	char error[JSON_ERROR_TEXT_LENGTH];
	struct import_rows *rows;
	struct import_row row;
	const char *why;
	json_t *first;

	if (import_rows_open(&rows, bytes.at, bytes.length, &why) != STATUS_OK)
		return kind;
	if (import_rows_next(rows, &row) &&
	    import_row_parse(row.text, &first, error) == IMPORT_FINE) {
		bool is_term = json_object_get(first, "code") != NULL &&
		               json_object_get(first, "name") != NULL &&
		               json_object_get(first, "taxonomy") != NULL;

		if (is_term || json_is_array(json_object_get(first, "terms")) ||
		    json_object_get(first, "to_taxonomy") != NULL)
			kind = DIRECTORY_TAXONOMIES;
		json_decref(first);
	}
	import_rows_close(rows);
	return kind;
}

/* ---- members of a row ---- */

enum import_reason
other_refuse(struct import_check *check, enum import_reason reason, const char *field,
    const char *why)
{
	snprintf(check->field, sizeof check->field, "%s", field);
	snprintf(check->why, sizeof check->why, "%s", why);
	return reason;
}

bool
other_word(const json_t *row, const char *name, char *word, size_t size)
{
	const json_t *value = json_object_get(row, name);

	word[0] = '\0';
	if (json_is_integer(value))
		return snprintf(word, size, "%lld",
		           (long long)json_integer_value(value)) < (int)size;
	return text_copy(import_text_trim(settle_text_in(value)), word, size);
}

void
other_put(json_t *object, const char *name, const char *word)
{
	if (word[0] != '\0')
		json_object_set_new(object, name, json_string(word));
}

void
other_put_names(json_t *made, const json_t *row, const char *name)
{
	json_t *value = json_object_get(row, name);

	if (json_is_string(value) && json_string_length(value) > 0)
		json_object_set_new(made, name, json_pack("[O]", value));
	else if (json_object_size(value) > 0 || json_array_size(value) > 0)
		json_object_set(made, name, value);
}

/* ---- rows ---- */

static bool
is_mapping(const json_t *row)
{
	return json_object_get(row, "relation") != NULL ||
	       json_object_get(row, "to_code") != NULL;
}

static json_t *
child_of(const json_t *row, const json_t *child, size_t number)
{
	json_t *made = json_is_string(child) ? json_pack("{s:O}", "name", child)
	                                     : json_copy((json_t *)child);
	char above[TAXONOMY_CODE_MAX + 1], code[2 * TAXONOMY_CODE_MAX];

	if (json_object_get(made, "taxonomy") == NULL &&
	    json_object_get(row, "taxonomy") != NULL)
		json_object_set(made, "taxonomy", json_object_get(row, "taxonomy"));
	if (!other_word(row, "code", above, sizeof above))
		above[0] = '\0';
	if (above[0] != '\0' && json_object_get(made, "parent") == NULL)
		other_put(made, "parent", above);
	if (json_is_string(child)) {
		snprintf(code, sizeof code, "%s.%zu", above, number);
		if (above[0] == '\0')
			id_uuid_of(
			    LITERAL("term"), text_of(json_string_value(child)), code);
		other_put(made, "code", code);
	}
	return made;
}

/* A row, then the terms that stand in it. */
static void
flatten(json_t *rows, json_t *row, int depth)
{
	const json_t *children = json_object_get(row, "terms");
	const json_t *taxonomy = json_object_get(row, "taxonomy");
	size_t index;
	const json_t *child;

	if (json_is_object(taxonomy)) /* what the file says of the whole */
		json_object_set(row, "taxonomy", json_object_get(taxonomy, "name"));
	if (json_object_get(row, "taxonomy") == NULL)
		json_object_set(row, "taxonomy",
		    json_object_get(json_object_get(row, "taxonomy_detail"), "name"));
	if (children == NULL || json_object_get(row, "name") != NULL)
		json_array_append(rows, row);
	json_array_foreach((json_t *)children, index, child)
	{
		json_t *made;

		if (depth == NESTED_MOST ||
		    (!json_is_object(child) && !json_is_string(child)))
			continue;
		made = child_of(row, child, index + 1);
		flatten(rows, made, depth + 1);
		json_decref(made);
	}
}

/* ---- all ---- */

json_t *
import_other_rows(
    enum directory_kind kind, const json_t *row, struct import_others *others)
{
	json_t *rows = json_array();
	json_t *copy = json_copy((json_t *)row);

	if (rows != NULL && copy != NULL && kind == DIRECTORY_TAXONOMIES) {
		flatten(rows, copy, 0);
	} else if (rows != NULL && copy != NULL) {
		other_add_region(rows, row, others);
		json_array_append(rows, copy);
	}
	json_decref(copy);
	return rows;
}

/* "from" and what it leads to, for the rings that only all rows show. */
static void
remember(struct import_others *others, const json_t *made)
{
	bool is_map = is_mapping(made);
	const char *parent =
	    json_string_value(json_object_get(made, is_map ? "to_code" : "parent"));
	char from[3 * TAXONOMY_CODE_MAX], to[3 * TAXONOMY_CODE_MAX];

	if (others->parents == NULL)
		others->parents = json_object();
	snprintf(from, sizeof from, "%s" UNIT_SEPARATOR "%s",
	    settle_text_at(made, is_map ? "from_taxonomy" : "taxonomy").at,
	    settle_text_at(made, is_map ? "from_code" : "code").at);
	snprintf(to, sizeof to, "%s%s" UNIT_SEPARATOR "%s", is_map ? "=" : "",
	    settle_text_at(made, is_map ? "to_taxonomy" : "taxonomy").at,
	    parent ? parent : "");
	if (json_object_get(others->parents, from) == NULL)
		json_object_set_new(
		    others->parents, from, parent ? json_string(to) : json_null());
}

enum import_reason
import_check_other(enum directory_kind kind, struct import_check *check, json_t *row,
    struct import_others *others, char id[ID_UUID_BYTES + 1], struct import_buffer *out)
{
	json_t *made = json_object();
	char key[OTHER_KEY_BYTES];
	enum import_reason reason;

	if (kind == DIRECTORY_PLACES)
		reason = other_make_place(check, row, made, key);
	else if (is_mapping(row))
		reason = other_make_mapping(check, row, made, key);
	else
		reason = other_make_term(check, row, made, key);
	if (reason == IMPORT_FINE) {
		if (kind == DIRECTORY_TAXONOMIES)
			remember(others, made);
		id_uuid_of(check->source, text_of(key), id);
		out->length = 0;
		import_write(out, made);
		if (out->is_broken || out->length > IMPORT_DOCUMENT_MAX_BYTES)
			reason = other_refuse(check, IMPORT_too_large, "", "");
	}
	json_decref(made);
	return reason;
}

/* The next on the way up; NULL: the way ends here. */
static const char *
above(const struct import_others *others, const char key[OTHER_KEY_BYTES])
{
	const char *next = json_string_value(json_object_get(others->parents, key));

	return next != NULL && next[0] == '=' ? next + 1 : next;
}

/* Whether the way up comes by where it began (R. W. Floyd's two walkers). */
static bool
is_on_ring(const struct import_others *others, const char key[OTHER_KEY_BYTES])
{
	const char *slow = key, *fast = key;

	do {
		slow = above(others, slow);
		fast = above(others, fast);
		fast = fast ? above(others, fast) : NULL;
		if (fast != NULL && strcmp(fast, key) == 0)
			return true;
	} while (fast != NULL && strcmp(slow, fast) != 0);
	return false;
}

void
import_others_end(struct import_others *others, struct import_report *report)
{
	const char *key;
	json_t *value;

	json_object_foreach(others->parents, key, value)
	{
		const char *next = json_string_value(value);
		const char *code = strchr(key, UNIT_SEPARATOR[0]) + 1;
		const struct import_where where = { .id = text_of(code) };

		if (next == NULL)
			continue;
		if (is_on_ring(others, key))
			import_report_add(report, IMPORT_ring, &where, "", "");
		else if (next[0] != '=' && json_object_get(others->parents, next) == NULL)
			import_report_add(report, IMPORT_unknown_parent, &where, "parent",
			    strchr(next, UNIT_SEPARATOR[0]) + 1);
	}
	json_decref(others->parents);
	json_decref(others->made);
	*others = (struct import_others){ NULL, NULL };
}
