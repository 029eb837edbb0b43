/* SPDX-License-Identifier: Apache-2.0
 * Spans of files by the ids that stand in them. */
#include "deploy/referralctl/import_join.h"

#include <stdlib.h>

#include "deploy/referralctl/import_index.h"
#include "deploy/referralctl/import_older.h"
#include "deploy/referralctl/import_settle.h"

/* Parts that were parsed a moment ago: many services name the same. */
#define RECENT 1024

struct recent {
	uint8_t key[INDEX_KEY_BYTES];
	json_t *part;
};

struct parts {
	struct import_index index; /* id -> row */
	const char *entity;
	bool are_all_here, is_older;
	struct recent recent[RECENT];
};

struct place {
	struct text row;
	struct import_where where;
	const char *file;
	uint32_t before; /* another of the same service, its number + 1; 0: none */
};

struct import_join {
	bool is_older;
	struct parts organizations, locations;
	struct import_index naming; /* service id -> mark: number + 1 of its last place */
	struct import_index holding; /* the same, of places that hold their service */
	struct place *places;
	size_t count, size;
};

struct import_join *
import_join_new(bool is_older)
{
	struct import_join *join = calloc(1, sizeof *join);

	if (join == NULL)
		return NULL;
	join->is_older = join->organizations.is_older = join->locations.is_older =
	    is_older;
	join->organizations.entity = "organization";
	join->locations.entity = "location";
	return join;
}

static void
free_parts(struct parts *parts)
{
	for (size_t i = 0; i < RECENT; i++)
		json_decref(parts->recent[i].part);
	import_index_free(&parts->index);
}

void
import_join_free(struct import_join *join)
{
	if (join == NULL)
		return;
	free_parts(&join->organizations);
	free_parts(&join->locations);
	import_index_free(&join->naming);
	import_index_free(&join->holding);
	free(join->places);
	free(join);
}

void
import_join_expect(struct import_join *join, const struct import_shape *shape)
{
	join->organizations.are_all_here |= shape->has_organizations;
	join->locations.are_all_here |= shape->has_locations;
}

static bool
add_part(struct parts *parts, struct text id, struct text row)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct import_slot *slot;
	bool is_new;

	import_index_key(id, key);
	slot = import_index_add(&parts->index, key, &is_new);
	if (slot != NULL)
		slot->text = row;
	return slot != NULL;
}

bool
import_join_add_organization(struct import_join *join, struct text id, struct text row)
{
	return add_part(&join->organizations, id, row);
}

bool
import_join_add_location(struct import_join *join, struct text id, struct text row)
{
	return add_part(&join->locations, id, row);
}

bool
import_join_add_place(struct import_join *join, struct text service_id,
    bool holds_service, const struct import_row *row, const struct import_where *where,
    const char *file)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct import_slot *slot;
	bool is_new;

	if (join->count == join->size) {
		size_t size = join->size ? join->size * 2 : 256;
		struct place *grown = realloc(join->places, size * sizeof *grown);

		if (grown == NULL || size > UINT32_MAX)
			return false;
		join->places = grown;
		join->size = size;
	}
	import_index_key(service_id, key);
	slot = import_index_add(
	    holds_service ? &join->holding : &join->naming, key, &is_new);
	if (slot == NULL)
		return false;
	join->places[join->count++] =
	    (struct place){ row->text, *where, file, (uint32_t)slot->mark };
	join->places[join->count - 1].where.id = TEXT_ABSENT; /* it will be gone */
	slot->mark = join->count;
	return true;
}

/* ---- parts ---- */

/* A part by its id; NULL: the files do not hold it.  Stays for a moment only. */
static const json_t *
find_part(struct parts *parts, struct text id)
{
	uint8_t key[INDEX_KEY_BYTES];
	char why[JSON_ERROR_TEXT_LENGTH];
	const struct import_slot *slot;
	struct recent *recent;

	import_index_key(id, key);
	recent = &parts->recent[(key[0] | key[1] << 8) % RECENT];
	if (recent->part != NULL && memcmp(recent->key, key, sizeof key) == 0)
		return recent->part;
	slot = import_index_find(&parts->index, key);
	if (slot == NULL)
		return NULL;
	json_decref(recent->part);
	if (import_row_parse(slot->text, &recent->part, why) == IMPORT_FINE &&
	    parts->is_older)
		import_older_upgrade(recent->part, parts->entity);
	memcpy(recent->key, key, sizeof key);
	return recent->part;
}

/* In a list of objects, by its id. */
static const json_t *
find_in(const json_t *list, struct text id)
{
	size_t index;
	const json_t *part;

	json_array_foreach((json_t *)list, index, part)
	{
		char digits[32];

		if (text_equal(settle_read_id(json_object_get(part, "id"), digits), id))
			return part;
	}
	return NULL;
}

json_t *
import_join_agency(const json_t *organization, bool *is_shortened)
{
	json_t *light = json_copy((json_t *)organization);
	json_t *agency;

	json_object_del(light, "services");
	*is_shortened = json_dumpb(json_object_get(light, "locations"), NULL, 0,
	                    JSON_COMPACT) > IMPORT_LOCATIONS_MAX_BYTES;
	if (*is_shortened)
		json_object_del(light, "locations");
	agency = json_deep_copy(light);
	json_decref(light);
	return agency;
}

/* False: it names one that the files should hold and do not. */
static bool
join_organization(struct import_join *join, json_t *service, struct import_check *check)
{
	char digits[32];
	struct text id =
	    settle_read_id(json_object_get(service, "organization_id"), digits);
	const json_t *organization;
	bool is_shortened;

	if (json_is_object(json_object_get(service, "organization")) || id.length == 0)
		return true;
	organization = find_part(&join->organizations, id);
	if (organization == NULL)
		return !join->organizations.are_all_here;
	json_object_set_new(
	    service, "organization", import_join_agency(organization, &is_shortened));
	if (is_shortened)
		import_check_note(check, IMPORT_locations_left_out, "");
	return true;
}

static bool
join_locations(struct import_join *join, json_t *service, const json_t *organization,
    struct import_check *check)
{
	const json_t *own = json_object_get(organization, "locations");
	size_t index;
	json_t *place;

	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		char digits[32];
		struct text id =
		    settle_read_id(json_object_get(place, "location_id"), digits);
		const json_t *location;

		if (!json_is_object(place) || id.length == 0 ||
		    json_is_object(json_object_get(place, "location")))
			continue;
		location = find_in(own, id);
		if (location == NULL)
			location = find_part(&join->locations, id);
		if (location != NULL) {
			json_object_set_new(place, "location", json_deep_copy(location));
		} else if (join->locations.are_all_here) {
			snprintf(check->field, sizeof check->field,
			    "service_at_locations[%zu].location_id", index);
			return false;
		}
	}
	return true;
}

/* ---- services at locations ---- */

/* The places of a slot in the order they came: a list of {"service"?, ...}. */
static json_t *
parse_places(const struct import_join *join, const struct import_slot *slot)
{
	json_t *list = json_array();
	char why[JSON_ERROR_TEXT_LENGTH];

	for (size_t number = slot->mark; number != 0;) {
		const struct place *place = &join->places[number - 1];
		json_t *object;

		if (import_row_parse(place->row, &object, why) == IMPORT_FINE) {
			if (join->is_older)
				import_older_upgrade(object, "service_at_location");
			json_array_insert_new(list, 0, object);
		}
		number = place->before;
	}
	return list;
}

/* Adds places that the service does not have yet, by their ids. */
static void
extend_places(json_t *service, const json_t *places)
{
	json_t *own = json_object_get(service, "service_at_locations");
	size_t index;
	json_t *place;

	if (!json_is_array(own)) {
		own = json_array();
		json_object_set_new(service, "service_at_locations", own);
	}
	json_array_foreach((json_t *)places, index, place)
	{
		struct text id = settle_text_at(place, "id");

		if (id.length == 0 || find_in(own, id) == NULL)
			json_array_append(own, place);
	}
}

static void
join_places(struct import_join *join, json_t *service)
{
	uint8_t key[INDEX_KEY_BYTES];
	char digits[32];
	struct import_slot *slot;
	json_t *places;

	if (join->naming.count == 0)
		return;
	import_index_key(settle_read_id(json_object_get(service, "id"), digits), key);
	slot = import_index_find(&join->naming, key);
	if (slot == NULL || slot->mark == 0)
		return;
	places = parse_places(join, slot);
	extend_places(service, places);
	json_decref(places);
	slot->mark = 0;
}

enum import_reason
import_join_service(struct import_join *join, json_t *service, const json_t *organization,
    struct import_check *check)
{
	join_places(join, service);
	if (!join_organization(join, service, check)) {
		snprintf(check->field, sizeof check->field, "organization_id");
		return IMPORT_broken_reference;
	}
	return join_locations(join, service, organization, check)
	           ? IMPORT_FINE
	           : IMPORT_broken_reference;
}

static const struct place *
first_place(const struct import_join *join, size_t number)
{
	while (join->places[number - 1].before != 0)
		number = join->places[number - 1].before;
	return &join->places[number - 1];
}

void
import_join_held(struct import_join *join, import_join_each *each, void *self)
{
	for (size_t i = 0; i < join->holding.count; i++) {
		const struct import_slot *slot = &join->holding.slots[i];
		const struct place *first = first_place(join, slot->mark);
		struct import_where where = first->where;
		json_t *places = parse_places(join, slot);
		json_t *service =
		    json_incref(json_object_get(json_array_get(places, 0), "service"));
		size_t index;
		json_t *place;

		json_array_foreach(places, index, place)
		{
			json_object_del(place, "service");
		}
		extend_places(service, places);
		where.id = settle_text_at(service, "id");
		each(self, service, &where, first->file);
		json_decref(service);
		json_decref(places);
	}
}

void
import_join_lost(struct import_join *join, import_join_each *each, void *self)
{
	for (size_t i = 0; i < join->naming.count; i++) {
		const struct import_slot *slot = &join->naming.slots[i];
		json_t *places = parse_places(join, slot);
		size_t left = json_array_size(places);

		for (size_t number = slot->mark; number != 0; left--) {
			const struct place *place = &join->places[number - 1];
			json_t *object = json_array_get(places, left - 1);
			struct import_where where = place->where;

			where.id = settle_text_at(object, "id");
			each(self, object, &where, place->file);
			number = place->before;
		}
		json_decref(places);
	}
}
