/* SPDX-License-Identifier: Apache-2.0
 * From a whole service as its reader would have it to a merge patch. */
#include <string.h>

#include "common/json_edits_private.h"

struct comparing {
	const json_t *shown;
	json_t *wanted;
	json_t *patch;
	struct defects *defects;
};

static bool
is_same(const json_t *one, const json_t *other)
{
	return one == other || json_equal(one, other);
}

/* False: out of memory. */
static bool
compare_field(const struct comparing *comparing, const struct editable *editable)
{
	json_t *said = edits_get(comparing->wanted, editable);

	return is_same(said, edits_get(comparing->shown, editable)) ||
	       json_object_set_new(comparing->patch, editable->name,
	           said != NULL ? json_incref(said) : json_null()) == 0;
}

/* A fact that stands there twice has the first as its value. */
static bool
is_field(const json_t *document, const json_t *attribute)
{
	const struct editable *editable = editable_of(attribute);

	return editable != NULL &&
	       json_object_get(attribute, "value") == edits_get(document, editable);
}

/* Those that are not edited one by one.  NULL: there are none, or out of memory. */
static json_t *
other_attributes(const json_t *document)
{
	json_t *all = json_copy(json_object_get(document, "attributes"));

	for (size_t i = json_array_size(all); i-- > 0;)
		if (is_field(document, json_array_get(all, i)))
			(void)json_array_remove(all, i);
	if (json_array_size(all) > 0)
		return all;
	json_decref(all);
	return NULL;
}

static void
compare_attributes(const struct comparing *comparing)
{
	json_t *shown = other_attributes(comparing->shown);
	json_t *wanted = other_attributes(comparing->wanted);
	const json_t *said = json_object_get(comparing->wanted, "attributes");

	if ((said != NULL && !json_is_array(said)) || !is_same(shown, wanted))
		defects_add(comparing->defects, "may not be edited", "attributes");
	json_decref(shown);
	json_decref(wanted);
}

/* "x_opens_at" moves by itself. */
static void
compare_other(const struct comparing *comparing, const char *name)
{
	const struct editable *editable = editable_find(text_of(name));
	const json_t *wanted = json_object_get(comparing->wanted, name);

	if (strcmp(name, "attributes") == 0 || strcmp(name, "x_opens_at") == 0 ||
	    is_same(json_object_get(comparing->shown, name), wanted))
		return;
	if (editable == NULL)
		defects_add(comparing->defects, "may not be edited", "%s", name);
	else if (editable->kind >= EDIT_FACT_WORD)
		defects_add(
		    comparing->defects, "stands among the attributes", "%s", name);
}

static void
compare_others(const struct comparing *comparing)
{
	const char *name;
	json_t *value;

	json_object_foreach(comparing->wanted, name, value)
	    compare_other(comparing, name);
	json_object_foreach((json_t *)comparing->shown, name, value)
	{
		if (json_object_get(comparing->wanted, name) == NULL)
			compare_other(comparing, name);
	}
	compare_attributes(comparing);
}

static enum status
compare(struct comparing *comparing)
{
	const struct editable *editable;

	for (size_t i = 0; (editable = editable_at(i)) != NULL; i++)
		if (!compare_field(comparing, editable))
			return STATUS_NO_MEMORY;
	compare_others(comparing);
	return comparing->defects->count > 0 ? STATUS_INVALID : STATUS_OK;
}

enum status
edits_compare(
    struct text shown, struct text wanted, char **patch, struct defects *defects)
{
	json_t *before = json_loadb(shown.at, shown.length, 0, NULL);
	json_error_t error;
	struct comparing comparing = {
		.shown = before,
		.wanted = json_loadb(wanted.at != NULL ? wanted.at : "", wanted.length,
		    JSON_REJECT_DUPLICATES, &error),
		.patch = json_object(),
		.defects = defects,
	};
	enum status status = STATUS_DAMAGED;

	*patch = NULL;
	defects->count = 0;
	if (comparing.wanted == NULL) {
		defects_add(defects, "is no JSON, or repeats a key", "line %d column %d",
		    error.line, error.column);
		status = STATUS_BAD_MESSAGE;
	} else if (!json_is_object(comparing.wanted)) {
		defects_add(defects, "is no JSON object", "line 1 column 1");
		status = STATUS_BAD_MESSAGE;
	} else if (json_is_object(before)) {
		status = compare(&comparing);
	}
	if (status == STATUS_OK) {
		*patch = json_dumps(comparing.patch, JSON_COMPACT | JSON_SORT_KEYS);
		status = *patch != NULL ? STATUS_OK : STATUS_NO_MEMORY;
	}
	json_decref(before);
	json_decref(comparing.wanted);
	json_decref(comparing.patch);
	return status;
}
