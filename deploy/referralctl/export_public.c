/* SPDX-License-Identifier: Apache-2.0
 * An edit lies beside what is exported, but what it hides stays hidden. */
#include "deploy/referralctl/export_public.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/facts_document.h"
#include "common/id.h"
#include "common/json.h"
#include "common/json_edits.h"

struct export_edits {
	json_t *overlays; /* by service */
	struct facts_reader *reader;
	enum status status;
};

static void
on_edits(void *ctx, enum status status, const struct store_value *value)
{
	struct export_edits *edits = ctx;

	edits->status = status;
	for (size_t i = 0; i + 1 < store_count(value) && edits->status == STATUS_OK;
	     i += 2) {
		struct text id = store_text(store_at(value, i));
		struct text overlay = store_text(store_at(value, i + 1));
		char name[ID_UUID_BYTES + 1];

		if (text_copy(id, name, sizeof name) &&
		    json_object_set_new_nocheck(edits->overlays, name,
		        json_stringn_nocheck(overlay.at, overlay.length)) != 0)
			edits->status = STATUS_NO_MEMORY;
	}
}

struct export_edits *
export_edits_read(struct store *store, struct directory *directory)
{
	struct text all[] = { LITERAL("HGETALL"),
		text_of(directory_edits_key(directory)) };
	struct export_edits *edits = calloc(1, sizeof *edits);
	enum status status = STATUS_NO_MEMORY;

	if (edits == NULL)
		return NULL;
	edits->overlays = json_object();
	edits->reader = facts_reader_new();
	if (edits->overlays != NULL && edits->reader != NULL)
		status = store_call_wait(store, 2, all, on_edits, edits);
	if (status == STATUS_OK && edits->status == STATUS_OK)
		return edits;
	export_edits_free(edits);
	return NULL;
}

void
export_edits_free(struct export_edits *edits)
{
	if (edits == NULL)
		return;
	json_decref(edits->overlays);
	facts_reader_free(edits->reader);
	free(edits);
}

enum status
export_public(struct export_edits *edits, struct text id, struct text document,
    char **shown, size_t *length)
{
	const json_t *overlay = json_object_getn(edits->overlays, id.at, id.length);
	struct text over = { json_string_value(overlay),
		(uint32_t)json_string_length(overlay) };
	size_t edited_length = 0;
	char *edited = over.at ? edits_apply(document, over, &edited_length) : NULL;
	struct text seen = { edited, (uint32_t)edited_length };
	struct service_facts facts;
	enum status status =
	    facts_read(edits->reader, edited != NULL ? seen : document, &facts);
	bool hides_all =
	    status == STATUS_OK && facts_hides_address(facts_document(edits->reader));

	free(edited);
	*shown = NULL;
	if (status == STATUS_INVALID ||
	    (status == STATUS_OK && facts.confidentiality == CONFIDENTIALITY_cleared))
		return STATUS_ABSENT;
	return status == STATUS_OK ? json_public(document, hides_all, shown, length)
	                           : status;
}
