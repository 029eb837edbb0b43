/* SPDX-License-Identifier: Apache-2.0
 * Terms, and the services coded with them, below them and above them. */
#include "services/matcher/index_private.h"

#include <assert.h>

/* ---- rosters ---- */

bool
roster_reserve(struct roster *roster)
{
	uint32_t room = roster->room + roster->room / 2 + 4;
	struct indexed **at;

	if (roster->count < roster->room)
		return true;
	at = index_memory(roster->at, 0, room * sizeof *at);
	if (at == NULL)
		return false;
	roster->at = at;
	roster->room = room;
	return true;
}

uint32_t
roster_join(struct roster *roster, struct indexed *service)
{
	roster->at[roster->count] = service;
	return roster->count++;
}

struct indexed *
roster_leave(struct roster *roster, uint32_t position)
{
	roster->at[position] = roster->at[--roster->count];
	return roster->at[position];
}

/* ---- terms ---- */

/* Writes a term as its code in the index; its length, 0 if nobody can ask for it. */
static uint32_t
term_code(struct text text, char code[INDEX_TERM_MAX])
{
	if (text.length > INDEX_TERM_MAX)
		return 0;
	for (uint32_t i = 0; i < text.length; i++) {
		bool is_upper = text.at[i] >= 'A' && text.at[i] <= 'Z';

		code[i] = (char)(is_upper ? text.at[i] + 'a' - 'A' : text.at[i]);
	}
	return text.length;
}

/* Length of the term above; 0 if there is none. */
static uint32_t
parent_length(const char *code, uint32_t length)
{
	while (length > 0 && code[length - 1] != '.')
		length--;
	return length > 0 ? length - 1 : 0;
}

static struct term *
term_find(const struct index *index, const char *code, uint32_t length)
{
	struct term *term;

	HASH_FIND(by_code, index->by_code, code, length, term);
	return term;
}

static void
join_parent(struct term *term)
{
	struct term *parent = term->parent;

	if (parent == NULL)
		return;
	term->next = parent->child;
	if (term->next != NULL)
		term->next->prior = term;
	parent->child = term;
}

static void
leave_parent(struct term *term)
{
	if (term->next != NULL)
		term->next->prior = term->prior;
	if (term->prior != NULL)
		term->prior->next = term->next;
	else if (term->parent != NULL)
		term->parent->child = term->next;
}

static void
term_release(struct index *index, struct term *term)
{
	while (term != NULL && --term->uses == 0) {
		struct term *parent = term->parent;

		assert(index->by_code != NULL); /* it holds the term */
		HASH_DELETE(by_code, index->by_code, term);
		leave_parent(term);
		chart_free(&term->chart);
		free(term);
		term = parent;
	}
}

/* The term with one use more, made if it is new.  NULL: out of memory. */
static struct term *
term_use(struct index *index, const char *code, uint32_t length)
{
	struct term *term = term_find(index, code, length);
	uint32_t above = parent_length(code, length);
	struct term *parent;

	if (term != NULL) {
		term->uses++;
		return term;
	}
	parent = above > 0 ? term_use(index, code, above) : NULL;
	if (above > 0 && parent == NULL)
		return NULL;
	term = index_memory(NULL, 0, sizeof *term + length);
	if (term != NULL) {
		*term = (struct term){ .parent = parent, .uses = 1, .length = length };
		memcpy(term->code, code, length);
		HASH_ADD(by_code, index->by_code, code[0], length, term);
	}
	if (term == NULL || term->by_code.tbl == NULL) {
		free(term);
		term_release(index, parent);
		return NULL;
	}
	join_parent(term);
	return term;
}

/* ---- memberships ---- */

static bool
is_member(const struct content *content, const struct term *term)
{
	for (uint32_t i = 0; i < content->terms_count; i++)
		if (content->terms[i] == term)
			return true;
	return false;
}

void
memberships_free(struct index *index, struct content *content)
{
	while (content->terms_count > 0)
		term_release(index, content->terms[--content->terms_count]);
}

bool
memberships_make(struct index *index, struct content *content)
{
	const struct texts *terms = content->facts.terms;

	for (uint32_t i = 0; i < terms->count; i++) {
		char code[INDEX_TERM_MAX];
		uint32_t length = term_code(terms->at[i], code);
		struct term *term;

		if (length == 0)
			continue;
		term = term_use(index, code, length);
		if (term == NULL) {
			memberships_free(index, content);
			return false;
		}
		if (is_member(content, term))
			term_release(index, term);
		else
			content->terms[content->terms_count++] = term;
	}
	return true;
}

static const struct term *
top_of(const struct term *term)
{
	while (term->parent != NULL)
		term = term->parent;
	return term;
}

bool
memberships_may_repeat(const struct content *content)
{
	for (uint32_t i = 1; i < content->terms_count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (top_of(content->terms[i]) == top_of(content->terms[k]))
				return true;
	return false;
}

bool
memberships_reserve(const struct content *content, const struct traits *traits)
{
	for (uint32_t i = 0; i < content->terms_count; i++)
		if (!chart_reserve(&content->terms[i]->chart, traits))
			return false;
	return true;
}

void
memberships_join(struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.terms_count; i++)
		chart_join(&service->content.terms[i]->chart, &service->traits);
}

void
memberships_leave(struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.terms_count; i++)
		chart_leave(&service->content.terms[i]->chart, &service->traits);
}

void
memberships_tidy(struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.terms_count; i++)
		chart_tidy(&service->content.terms[i]->chart, &service->traits);
}

/* Without memory it stays in a group that promises less, or more, than it has. */
void
memberships_renew(struct indexed *service)
{
	struct traits moved = service->traits;

	moved.group = chart_group(&moved);
	if (moved.group != service->traits.group &&
	    memberships_reserve(&service->content, &moved)) {
		memberships_leave(service);
		service->traits.group = moved.group;
		memberships_join(service);
		return;
	}
	for (uint32_t i = 0; i < service->content.terms_count; i++)
		chart_renew(&service->content.terms[i]->chart, &service->traits);
}

/* ---- services that offer a term ---- */

void
offers_open(struct offers *offers, const struct index *index, struct text wanted)
{
	char code[INDEX_TERM_MAX];
	uint32_t length = term_code(wanted, code);

	*offers = (struct offers){ .wanted = NULL };
	if (length == 0)
		return;
	offers->wanted = term_find(index, code, length);
	offers->first = offers->wanted;
	while (offers->first == NULL && (length = parent_length(code, length)) > 0) {
		offers->first = term_find(index, code, length);
		offers->levels++;
	}
	offers->term = offers->first;
	offers->first_levels = offers->levels;
}

static bool
is_at_or_below(const struct term *term, const struct term *wanted)
{
	while (term != NULL && term != wanted)
		term = term->parent;
	return term != NULL;
}

bool
offers_hold(const struct offers *offers, const struct content *content)
{
	if (offers->wanted == NULL)
		return false;
	for (uint32_t i = 0; i < content->terms_count; i++)
		if (is_at_or_below(content->terms[i], offers->wanted))
			return true;
	return false;
}

int
offers_levels(const struct offers *offers, const struct content *content)
{
	int levels = (int)offers->first_levels;

	if (offers_hold(offers, content))
		return 0;
	for (const struct term *term = offers->first; term != NULL;
	     term = term->parent, levels++)
		if (is_member(content, term))
			return levels;
	return -1;
}

/* Whether a term of those above what is wanted stands nearer than another. */
static bool
is_nearer(const struct offers *offers, const struct term *term, const struct term *than)
{
	const struct term *nearer = offers->first;

	while (nearer != than && nearer != term)
		nearer = nearer->parent;
	return nearer != than;
}

/* A service is met by the wanted term, else by the first of its terms below that, else by its
 * nearest above. */
bool
offers_are_elsewhere(const struct offers *offers, const struct term *met, unsigned levels,
    const struct traits *traits)
{
	const struct content *content;
	const struct term *first = NULL;

	if (!traits->may_repeat || met == offers->wanted)
		return false;
	content = &indexed_of(traits)->content;
	for (uint32_t i = 0; i < content->terms_count; i++) {
		const struct term *term = content->terms[i];

		if (term == offers->wanted ||
		    (levels > 0 && is_nearer(offers, term, met)))
			return true;
		if (first == NULL && offers->wanted != NULL &&
		    is_at_or_below(term, offers->wanted))
			first = term;
	}
	return first != NULL && first != met;
}

void
offers_step(struct offers *offers)
{
	const struct term *term = offers->term;

	if (offers->levels == 0 && term->child != NULL) {
		offers->term = term->child;
		return;
	}
	while (offers->levels == 0 && term != offers->wanted && term->next == NULL)
		term = term->parent;
	if (offers->levels == 0 && term != offers->wanted) {
		offers->term = term->next;
		return;
	}
	offers->term = term->parent;
	offers->levels++;
}

/* Of all terms.  False: there are no more. */
static bool
next_pin(struct offers *offers, struct pin *pin)
{
	for (; offers->term != NULL; offers_step(offers), offers->branch = 0) {
		const struct chart *chart = &offers->term->chart;

		for (; offers->branch < chart->count;
		     offers->branch++, offers->leaf = 0) {
			const struct branch *branch = &chart->branches[offers->branch];

			for (; offers->leaf < branch->count;
			     offers->leaf++, offers->pin = 0)
				if (offers->pin < branch->leaves[offers->leaf].count) {
					*pin = leaf_pin(
					    &branch->leaves[offers->leaf], offers->pin++);
					return true;
				}
		}
	}
	return false;
}

const struct traits *
offers_next(struct offers *offers, unsigned *levels)
{
	struct pin pin;

	while (next_pin(offers, &pin)) {
		const struct traits *traits = pin.fence.traits;
		bool is_repeated = traits->is_scattered &&
		                   !spot_equal(pin.head.spot, traits->more->spots[0]);

		*levels = offers->levels;
		if (!is_repeated &&
		    !offers_are_elsewhere(offers, offers->term, offers->levels, traits))
			return traits;
	}
	return NULL;
}
