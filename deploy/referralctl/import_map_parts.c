/* SPDX-License-Identifier: Apache-2.0
 * Which parts a row gives. */
#include "deploy/referralctl/import_map_parts.h"

#include <stdio.h>

#include "deploy/referralctl/import_map_private.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_when.h"

static const struct hsds_entity *
entity_of(const json_t *part)
{
	static const struct hsds_entity *const ENTITIES[] = { &hsds_organization,
		&hsds_location, &hsds_service, &hsds_service_at_location, &hsds_program };
	const char *name = json_string_value(json_object_get(part, "entity"));

	for (size_t i = 0; name != NULL && i < sizeof ENTITIES / sizeof *ENTITIES; i++)
		if (strcmp(ENTITIES[i]->name, name) == 0)
			return ENTITIES[i];
	return NULL;
}

bool
import_map_has_parts(const struct import_map *map)
{
	return json_object_get(map->root, "parts") != NULL;
}

static bool
complain(char why[256], const char *what)
{
	snprintf(why, 256, "in parts: %s", what);
	return false;
}

static bool
check_part(struct import_map *map, const json_t *part, char why[256])
{
	static const char *const MEMBERS[] = { "entity", "when", "id", "rules", "weak",
		"note", "about", NULL };
	const char *note = json_string_value(json_object_get(part, "note"));
	const char *id = json_string_value(json_object_get(part, "id"));
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)part, name, value)
	{
		size_t i = 0;

		while (MEMBERS[i] != NULL && strcmp(MEMBERS[i], name) != 0)
			i++;
		if (MEMBERS[i] == NULL)
			return complain(why, name);
	}
	if (!when_is_good(json_object_get(part, "when"), &name))
		return complain(why, "each needs a condition in \"when\"");
	json_object_foreach(json_object_get(part, "when"), name, value)
	{
		json_object_set_new(map->used, name, json_true());
	}
	if (note != NULL)
		return import_reason_find(note) != IMPORT_FINE ||
		       complain(why, "no such note");
	if (entity_of(part) == NULL || id == NULL || !path_is_good(id))
		return complain(why, "each has an entity and an id, or a note");
	json_object_set_new(map->used, id, json_true());
	return map_check_rules(map, json_object_get(part, "rules"), why);
}

bool
map_check_parts(struct import_map *map, char why[256])
{
	const json_t *parts = json_object_get(map->root, "parts");
	size_t index;
	const json_t *part;

	if (json_object_get(map->root, "identity") != NULL ||
	    json_object_get(map->root, "rules") != NULL)
		return complain(why, "neither identity nor rules stand beside them");
	json_array_foreach((json_t *)parts, index, part)
	{
		if (!check_part(map, part, why))
			return false;
	}
	return json_array_size(parts) > 0 || complain(why, "a list is wanted");
}

void
import_map_expect_parts(const struct import_map *map, struct import_parts *parts)
{
	size_t index;
	const json_t *part;

	json_array_foreach(json_object_get(map->root, "parts"), index, part)
	{
		if (entity_of(part) != NULL)
			import_parts_expect(parts, entity_of(part));
	}
}

/* False: the row does not say which part it is. */
static bool
set_id(const json_t *part, const json_t *row, json_t *object)
{
	json_t *values = json_array();
	char digits[32];
	struct text id;

	path_collect(row, json_string_value(json_object_get(part, "id")), values);
	id = settle_read_id(json_array_get(values, 0), digits);
	if (id.length > 0)
		json_object_set_new(object, "id", json_stringn(id.at, id.length));
	json_decref(values);
	return id.length > 0;
}

static enum status
add_part(const struct import_map *map, const json_t *part, const json_t *row,
    struct import_check *check, struct import_parts *parts, enum import_reason *reason)
{
	json_t *object = json_object();
	enum status status = STATUS_OK;

	if (object == NULL)
		return STATUS_NO_MEMORY;
	map_run_rules(map, json_object_get(part, "rules"), row, check, object);
	if (set_id(part, row, object))
		status = import_parts_add(parts, entity_of(part), object,
		    json_is_true(json_object_get(part, "weak")), check->where);
	else if (!json_is_true(json_object_get(part, "weak")))
		*reason = IMPORT_missing_id;
	json_decref(object);
	return status;
}

enum status
import_map_add_parts(const struct import_map *map, const json_t *row,
    struct import_check *check, struct import_parts *parts, enum import_reason *reason)
{
	enum status status = STATUS_OK;
	size_t index;
	const json_t *part;

	*reason = IMPORT_not_a_service;
	json_array_foreach(json_object_get(map->root, "parts"), index, part)
	{
		const char *note = json_string_value(json_object_get(part, "note"));

		if (!when_holds(json_object_get(part, "when"), row))
			continue;
		if (!json_is_true(json_object_get(part, "weak")))
			*reason = IMPORT_FINE;
		if (note != NULL) {
			import_check_note(check, import_reason_find(note), "");
			return STATUS_OK;
		}
		status = add_part(map, part, row, check, parts, reason);
		if (status != STATUS_OK || *reason == IMPORT_missing_id)
			return status;
	}
	return status;
}
