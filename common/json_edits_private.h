/* SPDX-License-Identifier: Apache-2.0
 * What the files of json_edits share. */
#ifndef COMMON_JSON_EDITS_PRIVATE_H
#define COMMON_JSON_EDITS_PRIVATE_H

#include <jansson.h>

#include "common/json_edits.h"

enum edit_kind {
	EDIT_TEXT,
	EDIT_AGE,
	EDIT_DATE,
	EDIT_WORD,
	EDIT_LIST,
	EDIT_FACT_WORD,
	EDIT_FACT_NUMBER,
	EDIT_FACT_DATE
};

struct editable {
	const char *name;
	enum edit_kind kind;
	double most;
	const char *words;
};

/* NULL: may not be edited. */
const struct editable *editable_find(struct text name);

/* By their places in edits.def, from 0; NULL behind the last. */
const struct editable *editable_at(size_t place);
/* Whose value an attribute of a document is; NULL: no field's. */
const struct editable *editable_of(const json_t *attribute);

/* What a document says of a field, borrowed; NULL: nothing. */
json_t *edits_get(const json_t *document, const struct editable *editable);
/* Says it; NULL takes it out.  False: out of memory. */
bool edits_set(json_t *document, const struct editable *editable, json_t *value);
void edits_base(const json_t *value, char base[EDITS_BASE_BYTES + 1]);
/* The document with the edits that stand; NULL: none stands, no JSON object, no memory. */
json_t *edits_lay(const json_t *published, struct text overlay);

/* Brings a value to what is stored, in place where it is a list; false: a defect was added. */
bool edits_check(const struct editable *editable, json_t *value, struct text service,
    struct defects *defects);

#endif
