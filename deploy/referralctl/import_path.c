/* SPDX-License-Identifier: Apache-2.0
 * Walks paths. */
#include "deploy/referralctl/import_path.h"

#include <stdio.h>

#include "deploy/referralctl/import_text.h"

/* Lists that a path may name entries of: "phones[9]". */
#define ENTRIES_MAX 10

struct step {
	char name[PATH_NAME_BYTES];
	enum { STEP_MEMBER, STEP_EACH, STEP_ENTRY } kind;
	size_t entry;
};

/* Takes the first step off; false: the path is over, or wrong (then *path is not ""). */
static bool
take_step(const char **path, struct step *step)
{
	bool is_quoted = **path == '\'';
	const char *name = *path + is_quoted;
	size_t length = strcspn(name, is_quoted ? "'" : ".[");
	const char *at = name + length;

	if (length == 0 || length >= sizeof step->name || (is_quoted && *at++ != '\''))
		return false;
	memcpy(step->name, name, length);
	step->name[length] = '\0';
	step->kind = STEP_MEMBER;
	if (strncmp(at, "[]", 2) == 0) {
		step->kind = STEP_EACH;
		at += 2;
	} else if (at[0] == '[' && at[1] >= '0' && at[1] < '0' + ENTRIES_MAX &&
	           at[2] == ']') {
		step->kind = STEP_ENTRY;
		step->entry = (size_t)(at[1] - '0');
		at += 3;
	}
	while (step->kind == STEP_EACH && strncmp(at, "[]", 2) == 0)
		at += 2; /* lists in lists: path_path_collect() looks into them anyway */
	if (*at == '.' && at[1] != '\0')
		at++;
	else if (*at != '\0')
		return false;
	*path = at;
	return true;
}

bool
path_is_good(const char *path)
{
	struct step step;

	if (strcmp(path, ".") == 0)
		return true;
	if (*path == '\0')
		return false;
	while (*path != '\0')
		if (!take_step(&path, &step))
			return false;
	return true;
}

bool
path_first(const char *path, char name[PATH_NAME_BYTES])
{
	struct step step;

	if (!take_step(&path, &step))
		return false;
	memcpy(name, step.name, sizeof step.name);
	return true;
}

bool
path_says_something(const json_t *value)
{
	return value != NULL && !json_is_null(value) &&
	       !(json_is_string(value) &&
	           import_text_trim((struct text){ json_string_value(value),
	                                (uint32_t)json_string_length(value) })
	                   .length == 0);
}

static void
collect_each(const json_t *value, const char *path, json_t *found)
{
	size_t index;
	const json_t *entry;

	if (!json_is_array(value)) {
		path_collect(value, path, found);
		return;
	}
	json_array_foreach((json_t *)value, index, entry)
	{
		collect_each(entry, path, found);
	}
}

void
path_collect(const json_t *value, const char *path, json_t *found)
{
	struct step step;

	if (*path == '\0' || strcmp(path, ".") == 0) {
		if (path_says_something(value))
			json_array_append(found, (json_t *)value);
		return;
	}
	if (!take_step(&path, &step))
		return;
	value = json_object_get(value, step.name);
	if (step.kind == STEP_EACH)
		collect_each(value, path, found);
	else
		path_collect(
		    step.kind == STEP_ENTRY ? json_array_get(value, step.entry) : value,
		    path, found);
}

/* The member of `object` at a step, made where it is missing unless `is_weak`.  NULL: it is
 * not there, or what is there is no object. */
static json_t *
enter(json_t *object, const struct step *step, bool is_weak)
{
	json_t *member = json_object_get(object, step->name);

	if (!json_is_object(object))
		return NULL;
	if (member == NULL && !is_weak) {
		member = step->kind == STEP_MEMBER ? json_object() : json_array();
		json_object_set_new(object, step->name, member);
	}
	if (step->kind != STEP_ENTRY)
		return member;
	while (
	    !is_weak && json_is_array(member) && json_array_size(member) <= step->entry)
		json_array_append_new(member, json_object());
	return json_array_get(member, step->entry);
}

static bool
array_has(const json_t *array, const json_t *value)
{
	size_t index;
	const json_t *entry;

	json_array_foreach((json_t *)array, index, entry)
	{
		if (json_equal((json_t *)entry, (json_t *)value))
			return true;
	}
	return false;
}

void
path_put(json_t *object, const char *path, json_t *value, bool is_weak)
{
	struct step step;

	while (object != NULL && take_step(&path, &step)) {
		if (*path == '\0' && step.kind == STEP_MEMBER) {
			if (json_object_get(object, step.name) == NULL)
				json_object_set(object, step.name, value);
			break;
		}
		object = enter(object, &step, is_weak);
		if (*path == '\0' && step.kind == STEP_EACH && !array_has(object, value))
			json_array_append(object, value);
	}
	json_decref(value);
}
