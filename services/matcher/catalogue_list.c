/* SPDX-License-Identifier: Apache-2.0
 * Pages of entities, filtered. */
#include <stdlib.h>

#include "services/matcher/catalogue_private.h"

/* A list, read once. */
struct wish {
	struct catalogue *catalogue;
	const struct roll *roll; /* what is listed */
	enum entity entity;
	enum audience audience;
	const struct catalogue_choice *choice;
	bool is_empty;    /* it names something that is not there */
	bool is_filtered; /* services are to be looked at */
	uint32_t held[3]; /* parts that a service must hold; CATALOGUE_NONE: no matter */
	int64_t modified_after;
	uint32_t only;     /* CATALOGUE_NONE: all */
	uint32_t taxonomy; /* of terms */
	bool is_top_only, has_parent;
	uint8_t parent[16];
	uint32_t *shown_by; /* of each entity: a fitting service; NULL: not filtered */
};

/* ---- services that fit ---- */

static bool
is_for(const struct wish *wish, uint32_t service)
{
	return holding_count(&wish->catalogue->holdings[service], wish->audience) > 0;
}

static bool
holds(const struct holding *holding, uint32_t part)
{
	for (uint32_t i = 0; i < holding->count; i++)
		if (holding->parts[i] == part)
			return true;
	return false;
}

static bool
fits(const struct wish *wish, uint32_t service)
{
	const struct holding *holding = &wish->catalogue->holdings[service];

	if (!is_for(wish, service) ||
	    (wish->choice != NULL && !bit_is_set(wish->choice->bits, service)))
		return false;
	if (wish->modified_after != TIME_ABSENT && holding->modified_at != TIME_ABSENT &&
	    holding->modified_at < wish->modified_after)
		return false;
	for (size_t i = 0; i < sizeof wish->held / sizeof *wish->held; i++)
		if (wish->held[i] != CATALOGUE_NONE && !holds(holding, wish->held[i]))
			return false;
	return true;
}

/* Which entities of the kind the services that fit hold. */
static bool
mark_entities(struct wish *wish)
{
	size_t size = (size_t)wish->roll->count * sizeof *wish->shown_by;

	wish->shown_by = malloc(size > 0 ? size : 1);
	if (wish->shown_by == NULL)
		return false;
	memset(wish->shown_by, 0xff, size);
	for (uint32_t i = 0; i < wish->catalogue->rolls[entity_service].count; i++) {
		const struct holding *holding = &wish->catalogue->holdings[i];

		if (!fits(wish, i))
			continue;
		for (uint32_t j = 0; j < holding_count(holding, wish->audience); j++)
			if (CATALOGUE_KIND(holding->parts[j]) == wish->entity)
				wish->shown_by[CATALOGUE_NUMBER(holding->parts[j])] = i;
	}
	return true;
}

/* ---- entities that fit ---- */

static bool
term_fits(const struct wish *wish, uint32_t number)
{
	const struct of_term *term = &wish->catalogue->terms[number];

	if (wish->taxonomy != CATALOGUE_NONE && term->taxonomy != wish->taxonomy)
		return false;
	if (wish->is_top_only && term->has_parent)
		return false;
	return !wish->has_parent ||
	       (term->has_parent && memcmp(term->parent, wish->parent, 16) == 0);
}

/* A service whose document holds it; CATALOGUE_NONE: it is not listed. */
static uint32_t
shown_by(const struct wish *wish, uint32_t number)
{
	if (wish->only != CATALOGUE_NONE && wish->only != number)
		return CATALOGUE_NONE;
	if (wish->entity == entity_taxonomy_term && !term_fits(wish, number))
		return CATALOGUE_NONE;
	if (!wish->is_filtered)
		return wish->roll->at[number].shown_by[wish->audience];
	if (wish->shown_by != NULL)
		return wish->shown_by[number];
	return fits(wish, number) ? number : CATALOGUE_NONE; /* of services */
}

/* ---- reading a list ---- */

/* The part of that id; an id that nothing has makes the list empty. */
static uint32_t
read_part(struct wish *wish, enum entity entity, struct text id)
{
	uint8_t key[16];
	uint32_t number = CATALOGUE_NONE;

	if (id.at == NULL)
		return CATALOGUE_NONE;
	if (roll_key(id, key))
		number = roll_find(&wish->catalogue->rolls[entity], key);
	if (number == CATALOGUE_NONE) {
		wish->is_empty = true;
		return CATALOGUE_NONE;
	}
	wish->is_filtered = true;
	return CATALOGUE_PART(entity, number);
}

/* A taxonomy or parent of terms says which terms, not which services. */
static void
read_terms(struct wish *wish, const struct list *list)
{
	uint32_t taxonomy;
	bool was_filtered = wish->is_filtered;

	wish->is_top_only = list->top_only == FLAG_YES;
	wish->has_parent = list->parent.at != NULL;
	if (wish->has_parent && !roll_key(list->parent, wish->parent))
		wish->is_empty = true;
	taxonomy = read_part(wish, entity_taxonomy, list->taxonomy);
	if (taxonomy != CATALOGUE_NONE)
		wish->taxonomy = CATALOGUE_NUMBER(taxonomy);
	wish->is_filtered = was_filtered;
}

static void
read_wish(struct wish *wish, struct catalogue *catalogue, const struct list *list,
    const struct catalogue_choice *choice)
{
	uint8_t only[16];

	*wish = (struct wish){
		.catalogue = catalogue,
		.entity = (enum entity)list->entity,
		.roll = &catalogue->rolls[list->entity],
		.audience = list->cleared == FLAG_YES ? AUDIENCE_CLEARED : AUDIENCE_OPEN,
		.choice = choice,
		.is_filtered = choice != NULL || list->modified_after != TIME_ABSENT,
		.modified_after = list->modified_after,
		.only = CATALOGUE_NONE,
		.taxonomy = CATALOGUE_NONE,
		.held = { CATALOGUE_NONE, CATALOGUE_NONE, CATALOGUE_NONE },
	};
	wish->held[0] = read_part(wish, entity_organization, list->organization);
	wish->held[1] = read_part(wish, entity_taxonomy_term, list->term);
	if (wish->entity == entity_taxonomy_term)
		read_terms(wish, list);
	else
		wish->held[2] = read_part(wish, entity_taxonomy, list->taxonomy);
	if (list->only.at == NULL)
		return;
	if (roll_key(list->only, only))
		wish->only = roll_find(wish->roll, only);
	wish->is_empty = wish->is_empty || wish->only == CATALOGUE_NONE;
}

/* ---- the answer ---- */

static void
write_item(struct wish *wish, struct listed *listed, uint32_t number, uint32_t service)
{
	struct catalogue *catalogue = wish->catalogue;
	uint32_t at = listed->items_count++;
	char *id = catalogue->texts[2 * at], *holder = catalogue->texts[2 * at + 1];

	record_init(&record_listed_item, &listed->items[at]);
	roll_text(wish->roll->at[number].id, id);
	roll_text(catalogue->rolls[entity_service].at[service].id, holder);
	listed->items[at].id = text_of(id);
	listed->items[at].service = text_of(holder);
}

/* What need not be counted one by one. */
static bool
is_all(const struct wish *wish)
{
	return !wish->is_filtered && wish->only == CATALOGUE_NONE &&
	       wish->taxonomy == CATALOGUE_NONE && !wish->is_top_only &&
	       !wish->has_parent;
}

static void
write_page(struct wish *wish, const struct list *list, struct listed *listed)
{
	uint32_t start = list->start == UINT_ABSENT ? 0 : list->start;
	uint32_t offset = list->offset == UINT_ABSENT ? 0 : list->offset;
	uint32_t most = list->most == UINT_ABSENT ? CATALOGUE_PAGE : list->most;
	bool must_count = list->start == UINT_ABSENT && !is_all(wish);
	uint32_t total = 0;

	if (most > CATALOGUE_PAGE)
		most = CATALOGUE_PAGE;
	for (uint32_t i = start; i < wish->roll->count; i++) {
		uint32_t service = shown_by(wish, i);

		if (service == CATALOGUE_NONE)
			continue;
		if (total++ < offset)
			continue;
		if (listed->items_count < most) {
			write_item(wish, listed, i, service);
			continue;
		}
		if (listed->next == UINT_ABSENT)
			listed->next = i;
		if (!must_count)
			break;
	}
	if (list->start == UINT_ABSENT)
		listed->total = is_all(wish) ? wish->roll->seen[wish->audience] : total;
}

enum status
catalogue_list(struct catalogue *catalogue, const struct list *list,
    const struct catalogue_choice *choice, struct listed *listed)
{
	struct wish wish;

	record_init(&record_listed, listed);
	read_wish(&wish, catalogue, list, choice);
	if (wish.is_empty) {
		if (list->start == UINT_ABSENT)
			listed->total = 0;
		return STATUS_OK;
	}
	if (wish.is_filtered && wish.entity != entity_service && !mark_entities(&wish))
		return STATUS_NO_MEMORY;
	write_page(&wish, list, listed);
	free(wish.shown_by);
	return STATUS_OK;
}

/* ---- services chosen elsewhere ---- */

struct catalogue_choice *
catalogue_choose(const struct catalogue *catalogue)
{
	struct catalogue_choice *choice =
	    calloc(1, sizeof *choice + catalogue->rolls[entity_service].count / 8 + 1);

	if (choice != NULL)
		choice->catalogue = catalogue;
	return choice;
}

void
catalogue_choose_one(struct catalogue_choice *choice, struct text service)
{
	uint8_t key[16];
	uint32_t number = CATALOGUE_NONE;

	if (roll_key(service, key))
		number = roll_find(&choice->catalogue->rolls[entity_service], key);
	if (number != CATALOGUE_NONE)
		bit_set(choice->bits, number);
}

void
catalogue_choice_free(struct catalogue_choice *choice)
{
	free(choice);
}
