/* SPDX-License-Identifier: Apache-2.0
 * Places by code, and what lies in what. */
#include "common/places.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "common/places_private.h"

/* Characters of a KATOTTG code that say where it stands: UA, then 2 digits of an oblast, 2 of
 * a raion, 3 of a hromada, 3 of a settlement, 2 of a city district.  5 more tell codes apart. */
#define PATH_LENGTH 14
static const unsigned char PATH_LEVELS[] = { 2, 4, 6, 9, 12, PATH_LENGTH };
#define PATH_ENDS (sizeof PATH_LEVELS / sizeof *PATH_LEVELS)
#define KATOTTG_LENGTH 19

/* ---- kinds ---- */

static const struct {
	const char *word;
	unsigned rank;
} KINDS[PLACE_KINDS] = {
#define KIND(name, rank, about) [PLACE_##name] = { #name, rank },
#include "common/places.def"
};

const char *
place_kind_word(enum place_kind kind)
{
	return KINDS[kind].word;
}

enum place_kind
place_kind_of(struct text word)
{
	for (enum place_kind kind = 0; kind < PLACE_KINDS; kind++)
		if (text_is(word, KINDS[kind].word))
			return kind;
	return PLACE_other;
}

unsigned
place_kind_rank(enum place_kind kind)
{
	return KINDS[kind].rank;
}

/* ---- codes ---- */

bool
places_is_path(struct text code)
{
	if ((code.length != KATOTTG_LENGTH &&
	        memchr(PATH_LEVELS, (int)code.length, PATH_ENDS) == NULL) ||
	    code.length == 2 || strncasecmp(code.at, "UA", 2) != 0)
		return false;
	for (uint32_t i = 2; i < code.length; i++)
		if (!isdigit((unsigned char)code.at[i]))
			return false;
	return true;
}

bool
code_key_of(struct text code, struct code_key *key)
{
	if (code.length == 0 || code.length > PLACE_CODE_MAX)
		return false;
	key->is_path = places_is_path(code);
	key->length = key->is_path ? PATH_LENGTH : code.length;
	for (uint32_t i = 0; i < key->length; i++)
		key->at[i] =
		    i < code.length ? (char)toupper((unsigned char)code.at[i]) : '0';
	key->at[key->length] = '\0';
	return true;
}

/* FNV-1a. */
static uint32_t
hash(const char *bytes, uint32_t length)
{
	uint32_t value = 2166136261U;

	for (uint32_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)bytes[i]) * 16777619U;
	return value;
}

uint32_t
places_slot(const struct places *places, const struct code_key *key)
{
	uint32_t mask = places->slots - 1;
	uint32_t slot = hash(key->at, key->length) & mask;

	for (; places->by_code[slot] != PLACE_NONE; slot = (slot + 1) & mask) {
		const struct spot *spot = &places->spots[places->by_code[slot]];
		struct code_key other;

		if (code_key_of(text_of(pool_at(places, spot->code)), &other) &&
		    other.length == key->length &&
		    memcmp(other.at, key->at, key->length) == 0)
			break;
	}
	return slot;
}

static place_id
find_key(const struct places *places, const struct code_key *key)
{
	return places->slots ? places->by_code[places_slot(places, key)] : PLACE_NONE;
}

place_id
places_find(const struct places *places, struct text code)
{
	struct code_key key;

	return code_key_of(code, &key) ? find_key(places, &key) : PLACE_NONE;
}

/* ---- the whole ---- */

struct places *
places_new(void)
{
	struct places *places = calloc(1, sizeof *places);

	if (places == NULL)
		return NULL;
	places->pool = calloc(1, 4096);
	places->pool_room = 4096;
	places->pool_used = 1; /* 0 is no text */
	if (places->pool == NULL) {
		free(places);
		return NULL;
	}
	return places;
}

void
places_free(struct places *places)
{
	if (places == NULL)
		return;
	free(places->spots);
	free(places->names);
	free(places->starts);
	free(places->by_code);
	free(places->seen);
	free(places->pool);
	free(places);
}

size_t
places_count(const struct places *places)
{
	return places->spots_count;
}

size_t
places_bytes(const struct places *places)
{
	return sizeof *places + places->spots_room * sizeof *places->spots +
	       places->names_room * sizeof *places->names +
	       places->starts_count * sizeof *places->starts + places->pool_room +
	       places->slots * sizeof *places->by_code +
	       places->spots_count * sizeof *places->seen;
}

/* ---- what lies in what ---- */

/* The nearest place above by the code alone. */
static place_id
parent_by_code(const struct places *places, const struct spot *spot)
{
	struct code_key key;
	place_id parent = PLACE_NONE;

	if (!code_key_of(text_of(pool_at(places, spot->code)), &key))
		return PLACE_NONE;
	for (size_t i = PATH_ENDS - 1; key.is_path && i > 0; i--) {
		uint32_t from = PATH_LEVELS[i - 1];
		bool was_named = strspn(key.at + from, "0") < PATH_LENGTH - from;

		memset(key.at + from, '0', PATH_LENGTH - from);
		if (was_named && from > 2 &&
		    (parent = find_key(places, &key)) != PLACE_NONE)
			return parent;
	}
	while (parent == PLACE_NONE && key.length > 2) {
		key.length--;
		key.is_path = false;
		parent = find_key(places, &key);
	}
	return parent;
}

/* One way up from each place: who meets the mark of its own way stands on a ring. */
static void
open_rings(struct places *places)
{
	for (place_id id = 0; id < places->spots_count; id++)
		places->seen[id] = 0;
	for (place_id id = 0; id < places->spots_count; id++) {
		place_id at = id;

		while (at != PLACE_NONE && places->seen[at] == 0) {
			place_id above = places->spots[at].parent;

			places->seen[at] = id + 1;
			if (above != PLACE_NONE && places->seen[above] == id + 1)
				places->spots[at].parent = above = PLACE_NONE;
			at = above;
		}
	}
	memset(places->seen, 0, places->spots_count * sizeof *places->seen);
}

/* Zeros at the end name no level. */
static bool
begins_with(const struct code_key *code, const struct code_key *start)
{
	uint32_t length = start->length;

	while (start->is_path && length > 0 && start->at[length - 1] == '0')
		length--;
	return strncmp(code->at, start->at, length) == 0;
}

static void
tell_wider(struct places *places, const struct spot *spot)
{
	struct code_key key, above;

	(void)code_key_of(text_of(pool_at(places, spot->code)), &key);
	for (place_id at = spot->parent; at != PLACE_NONE; at = places->spots[at].parent)
		if (code_key_of(
		        text_of(pool_at(places, places->spots[at].code)), &above) &&
		    !begins_with(&key, &above))
			places->spots[at].holds_others = true;
}

enum status
places_settle(struct places *places)
{
	free(places->seen);
	places->seen = calloc(places->spots_count + 1, sizeof *places->seen);
	if (places->seen == NULL)
		return STATUS_NO_MEMORY;
	for (place_id id = 0; id < places->spots_count; id++) {
		struct spot *spot = &places->spots[id];

		spot->parent =
		    places_find(places, text_of(pool_at(places, spot->parent_code)));
		if (spot->parent == PLACE_NONE || spot->parent == id)
			spot->parent = parent_by_code(places, spot);
	}
	open_rings(places);
	for (place_id id = 0; id < places->spots_count; id++)
		tell_wider(places, &places->spots[id]);
	return places_order(places) ? STATUS_OK : STATUS_NO_MEMORY;
}

place_id
places_parent(const struct places *places, place_id place)
{
	return places->spots[place].parent;
}

bool
places_holds_others(const struct places *places, place_id place)
{
	return places->spots[place].holds_others;
}

bool
places_within(const struct places *places, place_id area, place_id place)
{
	while (place != PLACE_NONE && place != area)
		place = places->spots[place].parent;
	return place != PLACE_NONE;
}

/* ---- a place ---- */

static double
degrees(int32_t e6)
{
	return e6 == SPOT_NOWHERE ? NAN : e6 / 1e6;
}

void
places_view(const struct places *places, place_id place, struct text lang,
    struct place_view *view)
{
	const struct spot *spot = &places->spots[place];

	*view = (struct place_view){
		.code = text_of(pool_at(places, spot->code)),
		.kind = spot->kind,
		.lat = degrees(spot->lat_e6),
		.lon = degrees(spot->lon_e6),
		.population = spot->population,
	};
	for (uint32_t at = spot->names; at != 0; at = places->names[at - 1].next) {
		const struct spot_name *name = &places->names[at - 1];
		bool is_wanted = lang.length >= 2 && memcmp(name->lang, lang.at, 2) == 0;

		if (view->name.at == NULL || is_wanted)
			view->name = text_of(pool_at(places, name->text));
		if (is_wanted)
			return;
	}
}
