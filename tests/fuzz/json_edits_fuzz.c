/* SPDX-License-Identifier: Apache-2.0
 * Edits of a service keep their bounds whatever its publisher, Redis and who edits say, and what was
 * read can be laid over the document again.
 *
 * Input: the document, the overlay and the patch, a NUL between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_edits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

/* Up to the next NUL, which is passed over. */
static struct text
take(struct text *rest)
{
	const char *end = memchr(rest->at, '\0', rest->length);
	struct text taken = { rest->at, rest->length };

	if (end == NULL) {
		rest->at += rest->length;
		rest->length = 0;
		return taken;
	}
	taken.length = (uint32_t)(end - rest->at);
	rest->at = end + 1;
	rest->length -= taken.length + 1;
	return taken;
}

/* Whether it was laid over the document, to a text without a NUL. */
static bool
apply(struct text document, struct text overlay)
{
	size_t length = 0;
	char *json = edits_apply(document, overlay, &length);

	must(json == NULL || strlen(json) == length);
	free(json);
	return json != NULL;
}

static void
check_overlay(struct text document, struct text overlay)
{
	struct text rest = overlay;
	struct edit_line line;

	(void)edits_version(overlay);
	while (edits_next(&rest, &line)) {
		must(line.field.length > 0);
		must(line.entry.at >= overlay.at &&
		     line.entry.at + line.entry.length <= overlay.at + overlay.length);
		(void)edits_stands(document, &line);
	}
}

/* As Redis would keep them. */
static void
check_edits(struct text document, const struct edits *edits)
{
	char *overlay = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&overlay, &size);
	unsigned kept = 0;

	must(out != NULL && edits->count <= EDITS_MOST);
	fprintf(out, "1 0123 \n");
	for (unsigned i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->list[i];

		must(edits_field(text_of(edit->field)) != NULL);
		must(strlen(edit->base) <= EDITS_BASE_BYTES);
		must(strchr(edit->entry, '\n') == NULL);
		if (edit->entry[0] == '\0')
			continue;
		kept++;
		fprintf(out, "%s 1 1000 %s %s\n", edit->field, edit->base, edit->entry);
	}
	must(fclose(out) == 0);
	must(apply(document, (struct text){ overlay, (uint32_t)size }) == (kept > 0));
	free(overlay);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct text rest = { (const char *)bytes, (uint32_t)length };
	struct text document, overlay;
	struct defects defects = { .count = 0 };
	struct edits edits = { .count = 0 };

	if (length == 0)
		return 0;
	document = take(&rest);
	overlay = take(&rest);
	check_overlay(document, overlay);
	(void)apply(document, overlay);
	if (edits_read(document, overlay, rest, LITERAL("fuzz"), &edits, &defects) ==
	    STATUS_OK)
		check_edits(document, &edits);
	edits_free(&edits);
	if (edits_undo(document, overlay, rest, &edits) == STATUS_OK)
		must(edits.count > 0 && edits.count <= EDITS_MOST);
	edits_free(&edits);
	return 0;
}
