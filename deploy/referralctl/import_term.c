/* SPDX-License-Identifier: Apache-2.0
 * A row of a taxonomy or of a table of mappings, brought to the form in which it is stored. */
#include <stdio.h>

#include "common/taxonomies.h"
#include "deploy/referralctl/import_other_private.h"
#include "deploy/referralctl/import_settle.h"

enum import_reason
other_make_mapping(struct import_check *check, const json_t *row, json_t *made,
    char key[OTHER_KEY_BYTES])
{
	static const char *const FIELDS[] = { "from_taxonomy", "from_code", "relation",
		"to_taxonomy", "to_code" };
	char words[5][TAXONOMY_CODE_MAX + 1];

	for (size_t i = 0; i < 5; i++) {
		if (!other_word(row, FIELDS[i], words[i], sizeof words[i]))
			return other_refuse(check, IMPORT_too_large, FIELDS[i], "");
		if (words[i][0] == '\0')
			return other_refuse(
			    check, IMPORT_bad_mapping, FIELDS[i], "missing");
		other_put(made, FIELDS[i], words[i]);
	}
	if (taxonomy_relation_of(text_of(words[2])) == RELATION_NONE)
		return other_refuse(check, IMPORT_bad_mapping, "relation", words[2]);
	snprintf(key, OTHER_KEY_BYTES,
	    "mapping" UNIT_SEPARATOR "%s" UNIT_SEPARATOR "%s" UNIT_SEPARATOR
	    "%s" UNIT_SEPARATOR "%s",
	    words[0], words[1], words[3], words[4]);
	return IMPORT_FINE;
}

/* Where the language of a name is said, it is a label. */
static void
put_label(json_t *made, const json_t *row, const char *name)
{
	char language[8];
	json_t *labels;

	if (!other_word(row, "language", language, sizeof language) ||
	    language[0] == '\0')
		return;
	if (strlen(language) == 3 && strcmp(language, "eng") == 0)
		language[2] = '\0';
	labels = json_object_get(made, "labels");
	if (labels == NULL)
		json_object_set_new(made, "labels", labels = json_object());
	if (json_object_get(labels, language) == NULL)
		json_object_set_new(labels, language, json_string(name));
}

/* English, else the first that there is. */
static void
take_label(const json_t *row, char name[TAXONOMY_NAME_MAX + 1])
{
	json_t *labels = json_object_get(row, "labels");
	void *first = json_object_iter(labels);

	if (!other_word(labels, "en", name, TAXONOMY_NAME_MAX + 1) || name[0] == '\0')
		(void)text_copy(settle_text_in(json_object_iter_value(first)), name,
		    TAXONOMY_NAME_MAX + 1);
}

enum import_reason
other_make_term(struct import_check *check, const json_t *row, json_t *made,
    char key[OTHER_KEY_BYTES])
{
	static const char *const OTHERS[] = { "parent", "parent_id", "id", "term_uri" };
	char taxonomy[TAXONOMY_CODE_MAX + 1], code[TAXONOMY_CODE_MAX + 1];
	char name[TAXONOMY_NAME_MAX + 1], other[TAXONOMY_CODE_MAX + 1];

	if (!other_word(row, "taxonomy", taxonomy, sizeof taxonomy) ||
	    !other_word(row, "code", code, sizeof code))
		return other_refuse(check, IMPORT_too_large, "code", "");
	if (code[0] == '\0' && !other_word(row, "id", code, sizeof code))
		code[0] = '\0';
	if (code[0] == '\0')
		return other_refuse(check, IMPORT_missing_id, "code", "");
	if (!other_word(row, "name", name, sizeof name))
		return other_refuse(check, IMPORT_too_large, "name", "");
	if (name[0] == '\0')
		take_label(row, name);
	if (name[0] == '\0')
		return other_refuse(check, IMPORT_missing_name, "name", "");
	if (taxonomy[0] == '\0')
		(void)text_copy(check->source, taxonomy, sizeof taxonomy);
	other_put(made, "taxonomy", taxonomy);
	other_put(made, "code", code);
	other_put(made, "name", name);
	for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
		if (other_word(row, OTHERS[i], other, sizeof other))
			other_put(made, OTHERS[i], other);
	other_put_names(made, row, "labels");
	put_label(made, row, name);
	other_put_names(made, row, "synonyms");
	if (settle_text_at(row, "description").length > 0)
		json_object_set(made, "description", json_object_get(row, "description"));
	snprintf(
	    key, 600, "term" UNIT_SEPARATOR "%s" UNIT_SEPARATOR "%s", taxonomy, code);
	return IMPORT_FINE;
}
