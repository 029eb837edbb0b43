/* SPDX-License-Identifier: Apache-2.0
 * Which services hold which entities. */
#include "services/matcher/catalogue.h"

#include <stdlib.h>

#include "services/matcher/catalogue_private.h"

struct catalogue *
catalogue_new(void)
{
	return calloc(1, sizeof(struct catalogue));
}

void
catalogue_free(struct catalogue *catalogue)
{
	if (catalogue == NULL)
		return;
	for (uint32_t i = 0; i < catalogue->rolls[entity_service].count; i++)
		free(catalogue->holdings[i].parts);
	for (int entity = 0; entity <= entity_taxonomy_term; entity++) {
		free(catalogue->rolls[entity].at);
		free(catalogue->rolls[entity].slots);
	}
	free(catalogue->holdings);
	free(catalogue->terms);
	free(catalogue);
}

/* ---- who holds what ---- */

static struct entry *
entry_of(struct catalogue *catalogue, uint32_t part)
{
	return &catalogue->rolls[CATALOGUE_KIND(part)].at[CATALOGUE_NUMBER(part)];
}

static void
hold(struct catalogue *catalogue, uint32_t part, uint32_t service, bool is_open)
{
	struct roll *roll = &catalogue->rolls[CATALOGUE_KIND(part)];
	struct entry *entry = entry_of(catalogue, part);

	for (int audience = 0; audience < AUDIENCES; audience++) {
		if (audience == AUDIENCE_OPEN && !is_open)
			continue;
		if (entry->holders[audience]++ == 0) {
			entry->shown_by[audience] = service;
			roll->seen[audience]++;
		}
	}
}

/* Another service that holds a part, which one of them does. */
static uint32_t
find_holder(const struct catalogue *catalogue, uint32_t part, uint32_t but, int audience)
{
	for (uint32_t i = 0; i < catalogue->rolls[entity_service].count; i++) {
		const struct holding *holding = &catalogue->holdings[i];

		if (i == but)
			continue;
		for (uint32_t j = 0; j < holding_count(holding, (enum audience)audience);
		     j++)
			if (holding->parts[j] == part)
				return i;
	}
	return CATALOGUE_NONE;
}

static void
let_go(struct catalogue *catalogue, uint32_t part, uint32_t service, bool is_open)
{
	struct roll *roll = &catalogue->rolls[CATALOGUE_KIND(part)];
	struct entry *entry = entry_of(catalogue, part);

	for (int audience = 0; audience < AUDIENCES; audience++) {
		if (audience == AUDIENCE_OPEN && !is_open)
			continue;
		if (--entry->holders[audience] == 0)
			roll->seen[audience]--;
		if (entry->holders[audience] == 0)
			entry->shown_by[audience] = CATALOGUE_NONE;
		else if (entry->shown_by[audience] == service)
			entry->shown_by[audience] =
			    find_holder(catalogue, part, service, audience);
	}
}

static void
let_all_go(struct catalogue *catalogue, uint32_t service)
{
	struct holding *holding = &catalogue->holdings[service];

	for (uint32_t i = 0; i < holding->count; i++)
		let_go(catalogue, holding->parts[i], service, i < holding->open_count);
	free(holding->parts);
	holding->parts = NULL;
	holding->count = 0;
}

/* ---- a document's parts ---- */

struct taking {
	struct catalogue *catalogue;
	uint32_t *parts;
	uint32_t count, room, open_count;
	bool is_short; /* of memory */
};

/* Once each. */
static void
take(struct taking *taking, uint32_t part)
{
	uint32_t room = taking->room == 0 ? 8 : 2 * taking->room;
	uint32_t *parts;

	for (uint32_t i = 0; i < taking->count; i++)
		if (taking->parts[i] == part)
			return;
	if (taking->count == taking->room) {
		parts = realloc(taking->parts, room * sizeof *parts);
		if (parts == NULL) {
			taking->is_short = true;
			return;
		}
		taking->parts = parts;
		taking->room = room;
	}
	taking->parts[taking->count++] = part;
}

/* What the last document says of a term counts. */
static bool
describe_term(struct catalogue *catalogue, uint32_t number, const struct facts_part *part)
{
	uint32_t room = catalogue->rolls[entity_taxonomy_term].room;
	struct of_term *term;
	uint8_t taxonomy[16];

	if (catalogue->terms_room < room) {
		term = realloc(catalogue->terms, room * sizeof *term);
		if (term == NULL)
			return false;
		catalogue->terms = term;
		catalogue->terms_room = room;
	}
	term = &catalogue->terms[number];
	*term = (struct of_term){ .taxonomy = CATALOGUE_NONE };
	term->has_parent = roll_key(part->parent, term->parent);
	if (roll_key(part->taxonomy, taxonomy))
		term->taxonomy = roll_find(&catalogue->rolls[entity_taxonomy], taxonomy);
	return true;
}

static void
on_part(void *self, const struct facts_part *part)
{
	struct taking *taking = self;
	struct catalogue *catalogue = taking->catalogue;
	uint8_t key[16];
	uint32_t number;

	if (!roll_key(part->id, key))
		return;
	number = roll_add(&catalogue->rolls[part->entity], key);
	if (number == CATALOGUE_NONE || (part->entity == entity_taxonomy_term &&
	                                    !describe_term(catalogue, number, part)))
		taking->is_short = true;
	else
		take(taking, CATALOGUE_PART(part->entity, number));
	if (!part->is_cleared)
		taking->open_count = taking->count;
}

/* Room for one more. */
static bool
reserve_holding(struct catalogue *catalogue)
{
	uint32_t room = catalogue->holdings_room == 0 ? 64 : 2 * catalogue->holdings_room;
	struct holding *holdings;

	if (catalogue->rolls[entity_service].count < catalogue->holdings_room)
		return true;
	holdings = realloc(catalogue->holdings, room * sizeof *holdings);
	if (holdings == NULL)
		return false;
	memset(holdings + catalogue->holdings_room, 0,
	    (room - catalogue->holdings_room) * sizeof *holdings);
	catalogue->holdings = holdings;
	catalogue->holdings_room = room;
	return true;
}

enum status
catalogue_put(struct catalogue *catalogue, const struct service_facts *facts,
    const struct facts_reader *reader)
{
	struct taking taking = { .catalogue = catalogue };
	struct holding *holding;
	uint32_t service;
	uint8_t key[16];

	if (!roll_key(facts->id, key))
		return STATUS_OK;
	if (!reserve_holding(catalogue))
		return STATUS_NO_MEMORY;
	service = roll_add(&catalogue->rolls[entity_service], key);
	if (service == CATALOGUE_NONE)
		return STATUS_NO_MEMORY;
	let_all_go(catalogue, service);
	take(&taking, CATALOGUE_PART(entity_service, service));
	taking.open_count = taking.count;
	facts_parts(reader, on_part, &taking);
	holding = &catalogue->holdings[service];
	*holding = (struct holding){ .parts = taking.parts,
		.count = taking.count,
		.open_count = facts->confidentiality == CONFIDENTIALITY_cleared
		                  ? 0
		                  : taking.open_count,
		.modified_at = facts_modified_at(reader) };
	for (uint32_t i = 0; i < holding->count; i++)
		hold(catalogue, holding->parts[i], service, i < holding->open_count);
	return taking.is_short ? STATUS_NO_MEMORY : STATUS_OK;
}
