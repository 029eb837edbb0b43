/* SPDX-License-Identifier: Apache-2.0
 * Terms, and the services coded with them, below them and above them. */
#include "services/matcher/index_private.h"

#include <assert.h>

/* ---- rosters ---- */

bool
roster_reserve(struct roster *roster)
{
	uint32_t room = roster->room + roster->room / 2 + 4;
	struct traits *at;

	if (roster->count < roster->room)
		return true;
	at = index_memory(NULL, CACHE_LINE, room * sizeof *at);
	if (at == NULL)
		return false;
	if (roster->count > 0)
		memcpy(at, roster->at, roster->count * sizeof *at);
	free(roster->at);
	roster->at = at;
	roster->room = room;
	return true;
}

uint32_t
roster_join(struct roster *roster, const struct indexed *service)
{
	roster->at[roster->count] = service->traits;
	return roster->count++;
}

struct indexed *
roster_leave(struct roster *roster, uint32_t position)
{
	roster->at[position] = roster->at[--roster->count];
	return indexed_of(&roster->at[position]);
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
		free(term->roster.at);
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

static struct membership *
membership_find(struct content *content, const struct term *term)
{
	for (uint32_t i = 0; i < content->memberships_count; i++)
		if (content->memberships[i].term == term)
			return &content->memberships[i];
	return NULL;
}

void
memberships_free(struct index *index, struct content *content)
{
	while (content->memberships_count > 0)
		term_release(
		    index, content->memberships[--content->memberships_count].term);
}

bool
memberships_make(struct index *index, struct content *content)
{
	for (uint32_t i = 0; i < content->facts.terms_count; i++) {
		char code[INDEX_TERM_MAX];
		uint32_t length = term_code(content->facts.terms[i], code);
		struct term *term;

		if (length == 0)
			continue;
		term = term_use(index, code, length);
		if (term == NULL) {
			memberships_free(index, content);
			return false;
		}
		if (membership_find(content, term) != NULL)
			term_release(index, term);
		else
			content->memberships[content->memberships_count++].term = term;
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
	for (uint32_t i = 1; i < content->memberships_count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (top_of(content->memberships[i].term) ==
			    top_of(content->memberships[k].term))
				return true;
	return false;
}

bool
memberships_reserve(const struct content *content)
{
	for (uint32_t i = 0; i < content->memberships_count; i++)
		if (!roster_reserve(&content->memberships[i].term->roster))
			return false;
	return true;
}

void
memberships_join(struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.memberships_count; i++) {
		struct membership *membership = &service->content.memberships[i];

		membership->position = roster_join(&membership->term->roster, service);
	}
}

void
memberships_leave(struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.memberships_count; i++) {
		const struct membership *membership = &service->content.memberships[i];
		struct indexed *moved =
		    roster_leave(&membership->term->roster, membership->position);

		membership_find(&moved->content, membership->term)->position =
		    membership->position;
	}
}

void
memberships_renew(const struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.memberships_count; i++) {
		const struct membership *membership = &service->content.memberships[i];

		membership->term->roster.at[membership->position] = service->traits;
	}
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
	for (uint32_t i = 0; i < content->memberships_count; i++)
		if (is_at_or_below(content->memberships[i].term, offers->wanted))
			return true;
	return false;
}

/* Whether a term of those above what is wanted stands nearer than the one that is walked. */
static bool
is_nearer(const struct offers *offers, const struct term *term)
{
	const struct term *nearer = offers->first;

	while (nearer != offers->term && nearer != term)
		nearer = nearer->parent;
	return nearer != offers->term;
}

/* Whether the walk meets a service elsewhere: by the wanted term, else by the first of its
 * terms below that, else by its nearest above. */
static bool
is_elsewhere(const struct offers *offers, const struct traits *traits)
{
	const struct content *content;
	const struct term *met = NULL;

	if (!traits->may_repeat || offers->term == offers->wanted)
		return false;
	content = &indexed_of(traits)->content;
	for (uint32_t i = 0; i < content->memberships_count; i++) {
		const struct term *term = content->memberships[i].term;

		if (term == offers->wanted ||
		    (offers->levels > 0 && is_nearer(offers, term)))
			return true;
		if (met == NULL && offers->wanted != NULL &&
		    is_at_or_below(term, offers->wanted))
			met = term;
	}
	return met != NULL && met != offers->term;
}

/* The wanted term, all below it, then those above it. */
static void
next_term(struct offers *offers)
{
	const struct term *term = offers->term;

	offers->next = 0;
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

const struct traits *
offers_next(struct offers *offers, unsigned *levels)
{
	for (; offers->term != NULL; next_term(offers)) {
		const struct roster *roster = &offers->term->roster;

		while (offers->next < roster->count) {
			const struct traits *traits = &roster->at[offers->next++];

			if (!is_elsewhere(offers, traits)) {
				*levels = offers->levels;
				return traits;
			}
		}
	}
	return NULL;
}
