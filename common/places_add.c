/* SPDX-License-Identifier: Apache-2.0
 * What sources say of places, put together. */
#include <math.h>
#include <stdlib.h>

#include "common/places_private.h"

/* ---- room ---- */

static bool
reserve(void **list, uint32_t *room, uint32_t count, size_t size)
{
	uint32_t wanted = *room ? *room + *room / 2 : 256;
	void *more;

	if (count < *room)
		return true;
	more = realloc(*list, wanted * size);
	if (more == NULL)
		return false;
	*list = more;
	*room = wanted;
	return true;
}

/* Half full at most, so that a search for a free slot ends soon. */
static bool
reserve_slot(struct places *places)
{
	uint32_t slots = places->slots ? places->slots * 2 : 512;
	place_id *by_code;

	if (places->spots_count * 2 < places->slots)
		return true;
	by_code = malloc(slots * sizeof *by_code);
	if (by_code == NULL)
		return false;
	memset(by_code, 0xff, slots * sizeof *by_code);
	free(places->by_code);
	places->by_code = by_code;
	places->slots = slots;
	for (place_id id = 0; id < places->spots_count; id++) {
		struct code_key key;

		if (code_key_of(text_of(pool_at(places, places->spots[id].code)), &key))
			by_code[places_slot(places, &key)] = id;
	}
	return true;
}

/* 0: out of memory, or an empty text. */
static pool_text
keep(struct places *places, struct text text)
{
	uint32_t at = places->pool_used;
	uint32_t wanted = at + text.length + 1;

	if (text.length == 0 || wanted < at)
		return 0;
	if (wanted > places->pool_room) {
		uint32_t room = wanted + wanted / 2 + 4096;
		char *pool = realloc(places->pool, room);

		if (pool == NULL)
			return 0;
		places->pool = pool;
		places->pool_room = room;
	}
	memcpy(places->pool + at, text.at, text.length);
	places->pool[at + text.length] = '\0';
	places->pool_used = wanted;
	return at;
}

/* ---- adding ---- */

static bool
has_name(const struct places *places, const struct spot *spot, struct text text,
    const char lang[2])
{
	for (uint32_t at = spot->names; at != 0; at = places->names[at - 1].next) {
		const struct spot_name *name = &places->names[at - 1];

		if (text_is(text, pool_at(places, name->text)) &&
		    (lang[0] == '\0' || memcmp(name->lang, lang, 2) == 0))
			return true;
	}
	return false;
}

/* At the end of its names, so that what was said first stays first. */
static bool
add_name(struct places *places, place_id id, struct text lang, struct text text)
{
	char folded[FOLD_ROOM(PLACE_NAME_MAX)];
	struct spot *spot = &places->spots[id];
	struct spot_name name = { .spot = id };
	uint32_t *link = &spot->names;

	if (text.length > PLACE_NAME_MAX || text.length == 0)
		return true;
	if (lang.length == 2)
		memcpy(name.lang, lang.at, 2);
	if (has_name(places, spot, text, name.lang))
		return true;
	name.text = keep(places, text);
	name.folded = keep(places, (struct text){ folded, (uint32_t)place_name_fold(text,
	                                                      folded, sizeof folded) });
	if (name.text == 0 || !reserve((void **)&places->names, &places->names_room,
	                          places->names_count, sizeof *places->names))
		return false;
	while (*link != 0)
		link = &places->names[*link - 1].next;
	places->names[places->names_count++] = name;
	*link = places->names_count;
	return true;
}

static bool
is_point(double lat, double lon)
{
	return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 &&
	       (lat != 0 || lon != 0);
}

/* What is not known yet. */
static bool
fill_in(struct places *places, struct spot *spot, const struct place_entry *entry)
{
	if (spot->code == 0 || entry->code.length > strlen(pool_at(places, spot->code)))
		spot->code = keep(places, entry->code);
	if (spot->parent_code == 0 && entry->parent.length > 0) {
		spot->parent_code = keep(places, entry->parent);
		if (spot->parent_code == 0)
			return false;
	}
	if (spot->kind == PLACE_other)
		spot->kind = (uint8_t)entry->kind;
	if (spot->population == 0)
		spot->population = entry->population;
	if (spot->lat_e6 == SPOT_NOWHERE && is_point(entry->lat, entry->lon)) {
		spot->lat_e6 = (int32_t)lround(entry->lat * 1e6);
		spot->lon_e6 = (int32_t)lround(entry->lon * 1e6);
	}
	return spot->code != 0;
}

enum status
places_add(struct places *places, const struct place_entry *entry)
{
	struct code_key key;
	uint32_t slot;
	place_id id;

	if (!code_key_of(entry->code, &key) || entry->name.length == 0 ||
	    entry->name.length > PLACE_NAME_MAX || entry->parent.length > PLACE_CODE_MAX)
		return STATUS_INVALID;
	if (!reserve_slot(places) ||
	    !reserve((void **)&places->spots, &places->spots_room, places->spots_count,
	        sizeof *places->spots))
		return STATUS_NO_MEMORY;
	slot = places_slot(places, &key);
	id = places->by_code[slot];
	if (id == PLACE_NONE)
		places->spots[places->spots_count] = (struct spot){
			.parent = PLACE_NONE,
			.lat_e6 = SPOT_NOWHERE,
			.lon_e6 = SPOT_NOWHERE,
		};
	if (!fill_in(places, &places->spots[id == PLACE_NONE ? places->spots_count : id],
	        entry))
		return STATUS_NO_MEMORY;
	if (id == PLACE_NONE)
		id = places->by_code[slot] = places->spots_count++;
	if (!add_name(places, id, TEXT_ABSENT, entry->name))
		return STATUS_NO_MEMORY;
	for (uint32_t i = 0; i < entry->names_count; i++)
		if (!add_name(places, id, entry->names[i].lang, entry->names[i].text))
			return STATUS_NO_MEMORY;
	return STATUS_OK;
}
