/* SPDX-License-Identifier: Apache-2.0
 * Asks Redis for edits, and whether they stand. */
#include "deploy/referralctl/import_edits.h"

#include "common/json_edits.h"

#define PAGE "500"

struct page {
	json_t *edits;
	char cursor[32];
	enum status status;
};

static void
on_page(void *ctx, enum status status, const struct store_value *value)
{
	struct page *page = ctx;
	const struct store_value *pairs = store_at(value, 1);

	page->status = status;
	if (status == STATUS_OK &&
	    !text_copy(store_text(store_at(value, 0)), page->cursor, sizeof page->cursor))
		page->status = STATUS_DAMAGED;
	for (size_t i = 0; i + 1 < store_count(pairs) && page->status == STATUS_OK;
	     i += 2) {
		struct text id = store_text(store_at(pairs, i));
		struct text overlay = store_text(store_at(pairs, i + 1));

		if (json_object_setn_new(page->edits, id.at, id.length,
		        json_stringn(overlay.at, overlay.length)) != 0)
			page->status = STATUS_NO_MEMORY;
	}
}

enum status
import_edits_read(const struct import_target *target, json_t **edits)
{
	struct page page = { .edits = json_object(), .cursor = "0" };
	enum status status = page.edits ? STATUS_OK : STATUS_NO_MEMORY;

	while (status == STATUS_OK) {
		struct text arguments[] = { LITERAL("HSCAN"),
			text_of(directory_edits_key(target->directory)),
			text_of(page.cursor), LITERAL("COUNT"), LITERAL(PAGE) };

		status = store_call_wait(target->store, 5, arguments, on_page, &page);
		if (status == STATUS_OK)
			status = page.status;
		if (strcmp(page.cursor, "0") == 0)
			break;
	}
	if (status != STATUS_OK) {
		json_decref(page.edits);
		page.edits = NULL;
	}
	*edits = page.edits;
	return status;
}

void
import_edits_note(const json_t *edits, const struct import_service *service,
    const struct import_where *where, struct import_report *report)
{
	const json_t *overlay =
	    json_object_getn(edits, service->id.at, service->id.length);
	struct text rest = { json_string_value(overlay),
		(uint32_t)json_string_length(overlay) };
	struct edit_line line;

	if (overlay == NULL)
		return;
	while (edits_next(&rest, &line)) {
		char field[64];

		if (!edits_stands(service->document, &line) &&
		    text_copy(line.field, field, sizeof field))
			import_report_add(
			    report, IMPORT_edit_superseded, where, field, "");
	}
}
