/* SPDX-License-Identifier: Apache-2.0
 * Stored terms and mappings into memory. */
#include <jansson.h>

#include "common/fold.h"
#include "common/taxonomies_private.h"

static struct text
text_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

static enum status
add_mapping(struct taxonomies *taxonomies, const json_t *root)
{
	enum relation relation = taxonomy_relation_of(text_at(root, "relation"));
	struct term_key from, to;
	struct taxonomy_term *term;
	struct mapping *mapping;
	struct mapping **link;

	if (relation == RELATION_NONE ||
	    !term_key_of(
	        text_at(root, "from_taxonomy"), text_at(root, "from_code"), &from) ||
	    !term_key_of(text_at(root, "to_taxonomy"), text_at(root, "to_code"), &to))
		return STATUS_INVALID;
	term = term_get(taxonomies, &from);
	mapping = term ? taxonomies_memory(taxonomies, sizeof *mapping) : NULL;
	if (mapping == NULL)
		return STATUS_NO_MEMORY;
	mapping->to = to;
	mapping->relation = relation;
	mapping->from_code = taxonomies_keep(taxonomies, text_at(root, "from_code"));
	for (link = &term->mappings; *link != NULL; link = &(*link)->next)
		;
	*link = mapping;
	taxonomies->mappings++;
	return mapping->from_code.at ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ---- terms ---- */

static bool
add_name(struct taxonomies *taxonomies, struct taxonomy_term *term, const char *lang,
    struct text text, bool is_synonym)
{
	struct term_name *name;
	struct term_name **link = &term->names;
	char *folded;

	if (text.length == 0 || text.length > TAXONOMY_NAME_MAX)
		return true;
	name = taxonomies_memory(taxonomies, sizeof *name);
	folded = name ? taxonomies_memory(taxonomies, FOLD_ROOM(text.length)) : NULL;
	if (folded == NULL)
		return false;
	name->text = taxonomies_keep(taxonomies, text);
	name->folded =
	    (struct text){ folded, (uint32_t)fold(text, folded, FOLD_ROOM(text.length)) };
	(void)text_copy(text_of(lang), name->lang, sizeof name->lang);
	name->is_synonym = is_synonym;
	while (*link != NULL)
		link = &(*link)->next;
	*link = name;
	return name->text.at != NULL;
}

static bool
add_value(struct taxonomies *taxonomies, struct taxonomy_term *term, const char *lang,
    const json_t *value, bool is_synonym)
{
	return !json_is_string(value) || add_name(taxonomies, term, lang,
	                                     (struct text){ json_string_value(value),
	                                         (uint32_t)json_string_length(value) },
	                                     is_synonym);
}

/* {"uk": "…"} or {"uk": ["…"]}. */
static bool
add_names(struct taxonomies *taxonomies, struct taxonomy_term *term, const json_t *names,
    bool is_synonym)
{
	const char *lang;
	json_t *value;

	json_object_foreach((json_t *)names, lang, value)
	{
		size_t count = json_is_array(value) ? json_array_size(value) : 1;

		for (size_t i = 0; i < count; i++)
			if (!add_value(taxonomies, term, lang,
			        json_is_array(value) ? json_array_get(value, i) : value,
			        is_synonym))
				return false;
	}
	return true;
}

static enum status
add_term(struct taxonomies *taxonomies, const json_t *root)
{
	struct text name = text_at(root, "name");
	struct term_key key;
	struct taxonomy_term *term;

	if (name.length == 0 || name.length > TAXONOMY_NAME_MAX ||
	    !term_key_of(text_at(root, "taxonomy"), text_at(root, "code"), &key))
		return STATUS_INVALID;
	term = term_get(taxonomies, &key);
	if (term == NULL)
		return STATUS_NO_MEMORY;
	taxonomies->terms += term->names == NULL;
	term->names = NULL;
	term->taxonomy = taxonomies_keep(taxonomies, text_at(root, "taxonomy"));
	term->code = taxonomies_keep(taxonomies, text_at(root, "code"));
	term->parent_code = taxonomies_keep(taxonomies, text_at(root, "parent"));
	term->parent_id = taxonomies_keep(taxonomies, text_at(root, "parent_id"));
	term->id = taxonomies_keep(taxonomies, text_at(root, "id"));
	if (!add_name(taxonomies, term, "", name, false) ||
	    !add_names(taxonomies, term, json_object_get(root, "labels"), false) ||
	    !add_names(taxonomies, term, json_object_get(root, "synonyms"), true) ||
	    term->taxonomy.at == NULL || term->code.at == NULL)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

enum status
taxonomies_read(struct taxonomies *taxonomies, struct text document)
{
	json_t *root =
	    json_loadb(document.at, document.length, JSON_REJECT_DUPLICATES, NULL);
	enum status status;

	if (root == NULL)
		return STATUS_INVALID;
	status = json_object_get(root, "relation") != NULL ? add_mapping(taxonomies, root)
	                                                   : add_term(taxonomies, root);
	json_decref(root);
	return status;
}
