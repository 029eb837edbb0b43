/* SPDX-License-Identifier: Apache-2.0
 * Rows of another language by the ids of services. */
#include "deploy/referralctl/import_translate.h"

#include <stdlib.h>

#include "deploy/referralctl/import_index.h"
#include "deploy/referralctl/import_read.h"
#include "deploy/referralctl/import_settle.h"

/* Texts for people that a service may have in several languages. */
static const char *const TEXTS[] = { "name", "alternate_name", "description",
	"eligibility_description", "application_process", "fees_description", "alert",
	"wait_time", "interpretation_services", NULL };

struct import_translation {
	const char *language;
	import_translate_make *make;
	void *self;
	struct import_index rows; /* service id -> row; mark: it was used */
};

/* NULL: it is no row. */
static json_t *
read_row(const struct import_translation *translation, struct text text)
{
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *row;
	json_t *made;

	if (import_row_parse(text, &row, why) != IMPORT_FINE)
		return NULL;
	made = translation->make(translation->self, row);
	json_decref(row);
	return made;
}

static enum status
index_row(struct import_translation *translation, struct text text)
{
	json_t *made = read_row(translation, text);
	uint8_t key[INDEX_KEY_BYTES];
	char digits[32];
	struct text id = settle_read_id(json_object_get(made, "id"), digits);
	struct import_slot *slot = NULL;
	bool is_new = false;

	if (id.length > 0) {
		import_index_key(id, key);
		slot = import_index_add(&translation->rows, key, &is_new);
	}
	if (is_new && slot != NULL)
		slot->text = text;
	json_decref(made);
	return id.length > 0 && slot == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status
import_translation_open(struct import_translation **translation, const char *language,
    struct import_file *file, import_translate_make *make, void *self, const char **why)
{
	struct import_rows *rows;
	struct import_row row;
	enum status status = import_rows_open(&rows, file->bytes, file->length, why);

	*translation = NULL;
	if (status != STATUS_OK)
		return status;
	*translation = calloc(1, sizeof **translation);
	if (*translation == NULL)
		status = STATUS_NO_MEMORY;
	else
		**translation =
		    (struct import_translation){ language, make, self, { 0 } };
	while (status == STATUS_OK && import_rows_next(rows, &row)) {
		status = index_row(*translation, row.text);
		import_file_pass(file, row.text.at);
	}
	import_rows_close(rows);
	return status;
}

void
import_translation_free(struct import_translation *translation)
{
	if (translation == NULL)
		return;
	import_index_free(&translation->rows);
	free(translation);
}

static json_t *
take_texts(const json_t *service, const json_t *translated)
{
	json_t *texts = json_object();

	for (const char *const *name = TEXTS; *name != NULL; name++) {
		json_t *text = json_object_get(translated, *name);

		if (json_is_string(text) && json_string_length(text) > 0 &&
		    !json_equal(text, json_object_get(service, *name)))
			json_object_set(texts, *name, text);
	}
	return texts;
}

void
import_translation_add(struct import_translation *translation, json_t *service)
{
	uint8_t key[INDEX_KEY_BYTES];
	char digits[32];
	json_t *all = json_object_get(service, "x_translations");
	struct import_slot *slot;
	json_t *translated, *texts;

	import_index_key(settle_read_id(json_object_get(service, "id"), digits), key);
	slot = import_index_find(&translation->rows, key);
	if (slot == NULL)
		return;
	slot->mark = true;
	translated = read_row(translation, slot->text);
	texts = take_texts(service, translated);
	if (!json_is_object(all)) {
		all = json_object();
		json_object_set_new(service, "x_translations", all);
	}
	json_object_set(all, translation->language, texts);
	json_decref(texts);
	json_decref(translated);
}

void
import_translation_end(
    const struct import_translation *translation, struct import_report *report)
{
	static const struct import_where FILE_ITSELF;

	for (size_t i = 0; i < translation->rows.count; i++)
		if (!translation->rows.slots[i].mark)
			import_report_add(report, IMPORT_translates_nothing, &FILE_ITSELF,
			    "", translation->language);
}
