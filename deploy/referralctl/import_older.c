/* SPDX-License-Identifier: Apache-2.0
 * Renames by tables; schedules, addresses, ages and terms by rules of their own. */
#include "deploy/referralctl/import_older.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "deploy/referralctl/import_older_private.h"

/* Objects within objects that are looked into. */
#define DEPTH_MOST 16

static const struct {
	const char *entity, *from, *to;
} RENAMES[] = {
#define RENAME(entity, from, to) { #entity, #from, #to },
#include "deploy/referralctl/import_older.def"
},
  ENTRIES[] = {
#define ENTRY(entity, list, member) { #entity, #list, #member },
#include "deploy/referralctl/import_older.def"
},
  INSIDES[] = {
#define INSIDE(entity, member, inner) { #entity, #member, #inner },
#include "deploy/referralctl/import_older.def"
};
static const char *const ONLY_OLDER[] = {
#define ONLY(member) #member,
#include "deploy/referralctl/import_older.def"
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- names ---- */

/* "serviceAtLocations" is "service_at_locations".  False: nothing changes. */
static bool
make_snake(const char *name, char *snake, size_t size)
{
	size_t at = 0;
	bool changes = false;

	for (; *name != '\0'; name++) {
		if (at + 3 > size)
			return false;
		if (isupper((unsigned char)*name) && at > 0 &&
		    islower((unsigned char)name[-1])) {
			snake[at++] = '_';
			changes = true;
		}
		snake[at++] = (char)tolower((unsigned char)*name);
	}
	snake[at] = '\0';
	return changes;
}

static void
rename_camels(json_t *value, int depth)
{
	char snake[64];
	const char *name;
	json_t *member;
	size_t index;
	void *next;

	if (depth == DEPTH_MOST)
		return;
	json_array_foreach(value, index, member)
	{
		rename_camels(member, depth + 1);
	}
	json_object_foreach_safe(value, next, name, member)
	{
		rename_camels(member, depth + 1);
		if (!make_snake(name, snake, sizeof snake) ||
		    json_object_get(value, snake) != NULL)
			continue;
		json_object_set(value, snake, member);
		json_object_del(value, name);
	}
}

void
older_move(json_t *object, const char *from, const char *to)
{
	json_t *value = json_object_get(object, from);
	json_t *there = json_object_get(object, to);

	if (value == NULL || (there != NULL && !json_is_null(there)))
		return;
	json_object_set(object, to, value);
	json_object_del(object, from);
}

/* Texts of a list, or one text for it, become objects. */
static void
make_entries(json_t *object, const char *name, const char *member)
{
	json_t *value = json_object_get(object, name);
	size_t index;
	json_t *entry;

	if (json_is_string(value)) {
		json_object_set_new(object, name, json_pack("[{s:O}]", member, value));
		return;
	}
	json_array_foreach(value, index, entry)
	{
		if (json_is_string(entry))
			json_array_set_new(
			    value, index, json_pack("{s:O}", member, entry));
	}
}

static void upgrade(const char *entity, json_t *object, int depth);

static void
upgrade_inside(const char *entity, json_t *value, int depth)
{
	size_t index;
	json_t *entry;

	if (json_is_object(value))
		upgrade(entity, value, depth);
	json_array_foreach(value, index, entry)
	{
		if (json_is_object(entry))
			upgrade(entity, entry, depth);
	}
}

static void
upgrade(const char *entity, json_t *object, int depth)
{
	if (depth == DEPTH_MOST)
		return;
	older_settle(entity, object);
	for (size_t i = 0; i < COUNT(RENAMES); i++)
		if (strcmp(RENAMES[i].entity, entity) == 0)
			older_move(object, RENAMES[i].from, RENAMES[i].to);
	for (size_t i = 0; i < COUNT(ENTRIES); i++)
		if (strcmp(ENTRIES[i].entity, entity) == 0)
			make_entries(object, ENTRIES[i].from, ENTRIES[i].to);
	for (size_t i = 0; i < COUNT(INSIDES); i++)
		if (strcmp(INSIDES[i].entity, entity) == 0)
			upgrade_inside(INSIDES[i].to,
			    json_object_get(object, INSIDES[i].from), depth + 1);
}

/* ---- rows ---- */

static bool
has_only_older(const json_t *object)
{
	char snake[64];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		bool is_camel = make_snake(name, snake, sizeof snake);

		for (size_t i = 0; i < COUNT(ONLY_OLDER); i++)
			if (strcmp(is_camel ? snake : name, ONLY_OLDER[i]) == 0)
				return true;
		if (is_camel && (strcmp(snake, "service_at_locations") == 0 ||
		                    strcmp(snake, "service_areas") == 0))
			return true;
	}
	return json_is_array(json_object_get(object, "eligibility"));
}

bool
import_older_is_one(const json_t *row)
{
	const json_t *service = json_array_get(json_object_get(row, "services"), 0);
	const json_t *place =
	    json_array_get(json_object_get(row, "service_at_locations"), 0);

	return has_only_older(row) || has_only_older(service) ||
	       has_only_older(json_object_get(row, "service")) ||
	       has_only_older(json_object_get(row, "location")) ||
	       has_only_older(json_object_get(place, "location"));
}

/* A location that holds services is none of HSDS. */
static bool
is_ohana_location(const json_t *row)
{
	return json_is_array(json_object_get(row, "services")) &&
	       json_is_object(json_object_get(row, "organization")) &&
	       (json_object_get(row, "address") != NULL ||
	           json_object_get(row, "coordinates") != NULL ||
	           json_object_get(row, "latitude") != NULL ||
	           json_object_get(row, "mail_address") != NULL);
}

static void
turn_around(json_t *row)
{
	json_t *services = json_incref(json_object_get(row, "services"));
	json_t *organization = json_incref(json_object_get(row, "organization"));
	json_t *location = json_copy(row);
	size_t index;
	json_t *service;

	json_object_del(location, "services");
	json_object_del(location, "organization");
	json_array_foreach(services, index, service)
	{
		if (json_is_object(service) &&
		    json_object_get(service, "service_at_locations") == NULL)
			json_object_set_new(service, "service_at_locations",
			    json_pack("[{s:o}]", "location", json_deep_copy(location)));
	}
	json_object_clear(row);
	json_object_update(row, organization);
	json_object_set_new(row, "services", services);
	json_decref(organization);
	json_decref(location);
}

void
import_older_upgrade(json_t *row, const char *entity)
{
	rename_camels(row, 0);
	if (entity == NULL && is_ohana_location(row))
		turn_around(row);
	if (entity == NULL && json_is_object(json_object_get(row, "service")))
		entity = "service_at_location";
	else if (entity == NULL && !json_is_array(json_object_get(row, "services")) &&
	         (json_object_get(row, "status") != NULL ||
	             json_object_get(row, "organization") != NULL ||
	             json_object_get(row, "organization_id") != NULL ||
	             json_object_get(row, "service_at_locations") != NULL))
		entity = "service";
	upgrade(entity ? entity : "organization", row, 0);
}
