/* SPDX-License-Identifier: Apache-2.0
 * From a merge patch to edits. */
#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json_edits_private.h"

#define VALUE_FLAGS (JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)

struct reading {
	json_t *published; /* what the publisher says */
	json_t *seen;      /* what readers see now */
	json_t *wanted;    /* what they would see */
	struct text author;
	struct edits *edits;
	struct defects *defects;
};

static char *
write_value(const json_t *value)
{
	return value != NULL ? json_dumps(value, VALUE_FLAGS) : strdup("null");
}

static char *
write_entry(struct text author, json_t *value)
{
	json_t *pair = json_pack("[s%,O]", author.at, (size_t)author.length, value);
	char *text = pair != NULL ? json_dumps(pair, VALUE_FLAGS) : NULL;

	json_decref(pair);
	return text;
}

/* Adds the change of one field; NULL as value: the edit is taken back. */
static bool
add_edit(struct reading *reading, const struct editable *editable, json_t *value)
{
	struct edit *edit = &reading->edits->list[reading->edits->count++];
	json_t *published = edits_get(reading->published, editable);
	json_t *said = value == NULL ? published : json_is_null(value) ? NULL : value;

	edit->field = editable->name;
	edits_base(published, edit->base);
	edit->previous = write_value(edits_get(reading->seen, editable));
	edit->replacement = write_value(said);
	edit->entry = value != NULL ? write_entry(reading->author, value) : strdup("");
	return edit->previous != NULL && edit->replacement != NULL &&
	       edit->entry != NULL && edits_set(reading->wanted, editable, said);
}

static bool
read_field(struct reading *reading, const char *name, json_t *value)
{
	const struct editable *editable = editable_find(text_of(name));
	json_t *id = json_object_get(reading->published, "id");
	struct text service = { json_string_value(id), (uint32_t)json_string_length(id) };

	if (editable == NULL) {
		defects_add(reading->defects, "may not be edited", "%s", name);
		return true;
	}
	if (!edits_check(editable, value, service, reading->defects))
		return true;
	if (json_equal(value, edits_get(reading->seen, editable)) ||
	    (json_is_null(value) && edits_get(reading->seen, editable) == NULL))
		return true; /* says what stands already */
	if (reading->edits->count == EDITS_MOST) {
		defects_add(reading->defects, "too many fields at once", "%s", name);
		return true;
	}
	return add_edit(reading, editable, value);
}

static void
check_ages(struct reading *reading)
{
	const json_t *least = json_object_get(reading->wanted, "minimum_age");
	const json_t *most = json_object_get(reading->wanted, "maximum_age");

	if (json_is_number(least) && json_is_number(most) &&
	    json_number_value(least) > json_number_value(most))
		defects_add(
		    reading->defects, "is above maximum_age", "%s", "minimum_age");
}

/* The three documents; false: the published one is none, or out of memory. */
static enum status
open_reading(struct reading *reading, struct text published, struct text overlay)
{
	reading->published = json_loadb(published.at, published.length, 0, NULL);
	if (!json_is_object(reading->published))
		return STATUS_DAMAGED;
	reading->seen = edits_lay(reading->published, overlay);
	if (reading->seen == NULL)
		reading->seen = json_incref(reading->published);
	reading->wanted = json_deep_copy(reading->seen);
	return reading->wanted != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status
close_reading(struct reading *reading, enum status status)
{
	json_decref(reading->published);
	json_decref(reading->seen);
	json_decref(reading->wanted);
	if (status != STATUS_OK)
		edits_free(reading->edits);
	return status;
}

static enum status
read_patch(struct reading *reading, const json_t *patch)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)patch, name,
	    value) if (!read_field(reading, name, value)) return STATUS_NO_MEMORY;
	check_ages(reading);
	return reading->defects->count > 0 ? STATUS_INVALID : STATUS_OK;
}

enum status
edits_read(struct text published, struct text overlay, struct text patch,
    struct text author, struct edits *edits, struct defects *defects)
{
	struct reading reading = { .author = author, .edits = edits, .defects = defects };
	json_error_t error;
	json_t *root = json_loadb(patch.at != NULL ? patch.at : "", patch.length,
	    JSON_REJECT_DUPLICATES, &error);
	enum status status;

	*edits = (struct edits){ 0 };
	defects->count = 0;
	if (!json_is_object(root)) {
		defects_add(defects,
		    root ? "is no JSON object" : "is no JSON, or repeats a key",
		    "line %d column %d", root ? 1 : error.line, root ? 1 : error.column);
		json_decref(root);
		return STATUS_BAD_MESSAGE;
	}
	status = open_reading(&reading, published, overlay);
	if (status == STATUS_OK)
		status = read_patch(&reading, root);
	json_decref(root);
	return close_reading(&reading, status);
}

enum status
edits_undo(
    struct text published, struct text overlay, struct text field, struct edits *edits)
{
	const struct editable *editable = editable_find(field);
	struct reading reading = { .edits = edits };
	struct text rest = overlay;
	struct edit_line line;
	bool is_found = false;
	enum status status;

	*edits = (struct edits){ 0 };
	while (!is_found && edits_next(&rest, &line))
		is_found = text_equal(line.field, field);
	if (editable == NULL || !is_found)
		return STATUS_ABSENT;
	status = open_reading(&reading, published, overlay);
	if (status == STATUS_OK && !add_edit(&reading, editable, NULL))
		status = STATUS_NO_MEMORY;
	return close_reading(&reading, status);
}
