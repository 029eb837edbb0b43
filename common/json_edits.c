/* SPDX-License-Identifier: Apache-2.0
 * Overlays of services: what stands, and a document with it. */
#include "common/json_edits.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/id.h"
#include "common/json_edits_private.h"

#define OWN_TAXONOMY "hearthline-facts"
#define NOTHING "-"
/* A field's value apart: the same however jansson came by it. */
#define VALUE_FLAGS (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)

static const struct editable EDITABLES[] = {
#define EDIT(name, kind, most, words, about) { #name, EDIT_##kind, most, words },
#include "common/edits.def"
};

const struct editable *
editable_find(struct text name)
{
	for (size_t i = 0; i < sizeof EDITABLES / sizeof EDITABLES[0]; i++)
		if (text_is(name, EDITABLES[i].name))
			return &EDITABLES[i];
	return NULL;
}

const struct editable *
editable_at(size_t place)
{
	return place < sizeof EDITABLES / sizeof EDITABLES[0] ? &EDITABLES[place] : NULL;
}

const char *
edits_field(struct text name)
{
	const struct editable *editable = editable_find(name);

	return editable != NULL ? editable->name : NULL;
}

/* ---- lines of an overlay ---- */

/* What stands before `end`, which is passed over; absent where there is none. */
static struct text
cut(struct text *rest, char end)
{
	const char *found = rest->length > 0 ? memchr(rest->at, end, rest->length) : NULL;
	struct text part = { rest->at, 0 };

	if (found == NULL)
		return TEXT_ABSENT;
	part.length = (uint32_t)(found - rest->at);
	rest->at = found + 1;
	rest->length -= part.length + 1;
	return part;
}

static bool
read_count(struct text digits, int64_t *count)
{
	char copy[24], *end;

	if (digits.length == 0 || !text_copy(digits, copy, sizeof copy) ||
	    copy[0] < '0' || copy[0] > '9')
		return false;
	*count = strtoll(copy, &end, 10);
	return *end == '\0';
}

uint32_t
edits_version(struct text overlay)
{
	struct text head = cut(&overlay, '\n');
	struct text version = cut(&head, ' ');
	int64_t count;

	return read_count(version, &count) && count <= UINT32_MAX ? (uint32_t)count : 0;
}

bool
edits_next(struct text *rest, struct edit_line *line)
{
	struct text words = cut(rest, '\n');

	while (words.at != NULL) {
		int64_t version;

		line->field = cut(&words, ' ');
		if (read_count(cut(&words, ' '), &version) &&
		    read_count(cut(&words, ' '), &line->at) && version <= UINT32_MAX) {
			line->version = (uint32_t)version;
			line->base = cut(&words, ' ');
			line->entry = words;
			if (line->field.length > 0 && line->base.at != NULL)
				return true;
		}
		words = cut(rest, '\n'); /* the head, or damaged: not an edit */
	}
	return false;
}

/* ---- a field of a document ---- */

static bool
is_fact(const struct editable *editable)
{
	return editable->kind >= EDIT_FACT_WORD;
}

static bool
is_named(const json_t *attribute, const char *name)
{
	const json_t *term = json_object_get(attribute, "taxonomy_term");
	const char *taxonomy = json_string_value(json_object_get(term, "taxonomy"));
	const char *label = json_string_value(json_object_get(attribute, "label"));

	if (label == NULL)
		label = json_string_value(json_object_get(term, "code"));
	return taxonomy != NULL && label != NULL && strcmp(taxonomy, OWN_TAXONOMY) == 0 &&
	       strcmp(label, name) == 0;
}

json_t *
edits_get(const json_t *document, const struct editable *editable)
{
	json_t *attribute;
	size_t i;

	if (!is_fact(editable))
		return json_object_get(document, editable->name);
	json_array_foreach(json_object_get(document, "attributes"), i,
	    attribute) if (is_named(attribute,
	                       editable->name)) return json_object_get(attribute,
	    "value");
	return NULL;
}

const struct editable *
editable_of(const json_t *attribute)
{
	for (size_t i = 0; i < sizeof EDITABLES / sizeof EDITABLES[0]; i++)
		if (is_fact(&EDITABLES[i]) && is_named(attribute, EDITABLES[i].name))
			return &EDITABLES[i];
	return NULL;
}

static bool
set_fact(json_t *document, const char *name, json_t *value)
{
	const char *service = json_string_value(json_object_get(document, "id"));
	json_t *attributes = json_object_get(document, "attributes");
	char id[ID_UUID_BYTES + 1], term[ID_UUID_BYTES + 1], number[32] = "";

	for (size_t i = json_array_size(attributes); i-- > 0;)
		if (is_named(json_array_get(attributes, i), name))
			(void)json_array_remove(attributes, i);
	if (value == NULL)
		return true;
	if (json_is_number(value)) /* what HSDS has an attribute say is a text */
		(void)snprintf(number, sizeof number, "%.15g", json_number_value(value));
	if (attributes == NULL) {
		attributes = json_array();
		if (json_object_set_new(document, "attributes", attributes) != 0)
			return false;
	}
	id_uuid_of(text_of(service != NULL ? service : ""), text_of(name), id);
	id_uuid_of(LITERAL(OWN_TAXONOMY), text_of(name), term);
	return json_array_append_new(attributes,
	           json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "id",
	               id, "label", name, "value",
	               number[0] != '\0' ? number : json_string_value(value),
	               "link_entity", "service", "taxonomy_term", "id", term, "code",
	               name, "name", name, "description", "", "taxonomy",
	               OWN_TAXONOMY)) == 0;
}

bool
edits_set(json_t *document, const struct editable *editable, json_t *value)
{
	if (is_fact(editable))
		return set_fact(document, editable->name, value);
	if (value != NULL)
		return json_object_set(document, editable->name, value) == 0;
	(void)json_object_del(document, editable->name);
	return true;
}

void
edits_base(const json_t *value, char base[EDITS_BASE_BYTES + 1])
{
	char digest[ID_DIGEST_BYTES + 1] = NOTHING;
	char *text = value != NULL ? json_dumps(value, VALUE_FLAGS) : NULL;

	if (text != NULL)
		id_digest(text, strlen(text), digest);
	free(text);
	digest[EDITS_BASE_BYTES] = '\0';
	memcpy(base, digest, strlen(digest) + 1);
}

/* ---- a document with its edits ---- */

/* The value behind the author; NULL: damaged. */
static json_t *
read_entry(struct text entry)
{
	json_t *pair = json_loadb(entry.at, entry.length, 0, NULL);
	json_t *value = json_incref(json_array_get(pair, 1));

	json_decref(pair);
	return value;
}

static bool
stands(const json_t *published, const struct edit_line *line)
{
	const struct editable *editable = editable_find(line->field);
	char base[EDITS_BASE_BYTES + 1];

	if (editable == NULL)
		return false;
	edits_base(edits_get(published, editable), base);
	return text_is(line->base, base);
}

bool
edits_stands(struct text published, const struct edit_line *line)
{
	json_t *document = json_loadb(published.at, published.length, 0, NULL);
	bool is_so = stands(document, line);

	json_decref(document);
	return is_so;
}

/* Lays one edit over `merged`, if it was made on what is published now. */
static bool
lay_line(const json_t *published, json_t *merged, const struct edit_line *line)
{
	const struct editable *editable = editable_find(line->field);
	json_t *value = stands(published, line) ? read_entry(line->entry) : NULL;
	bool is_laid;

	is_laid = value != NULL &&
	          edits_set(merged, editable, json_is_null(value) ? NULL : value);
	json_decref(value);
	return is_laid;
}

json_t *
edits_lay(const json_t *published, struct text overlay)
{
	json_t *merged = NULL;
	struct edit_line line;
	bool is_changed = false;

	if (overlay.at == NULL || !json_is_object(published))
		return NULL;
	while (edits_next(&overlay, &line)) {
		if (merged == NULL)
			merged = json_deep_copy(published);
		is_changed =
		    (merged != NULL && lay_line(published, merged, &line)) || is_changed;
	}
	if (is_changed)
		return merged;
	json_decref(merged);
	return NULL;
}

char *
edits_apply(struct text document, struct text overlay, size_t *length)
{
	json_t *published, *merged;
	char *text;

	*length = 0;
	if (overlay.at == NULL || document.at == NULL)
		return NULL;
	published = json_loadb(document.at, document.length, 0, NULL);
	merged = edits_lay(published, overlay);
	text = merged != NULL ? json_dumps(merged, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(published);
	json_decref(merged);
	if (text != NULL)
		*length = strlen(text);
	return text;
}

void
edits_free(struct edits *edits)
{
	for (unsigned i = 0; i < edits->count; i++) {
		free(edits->list[i].entry);
		free(edits->list[i].previous);
		free(edits->list[i].replacement);
	}
	*edits = (struct edits){ 0 };
}
