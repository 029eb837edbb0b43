/* SPDX-License-Identifier: Apache-2.0
 * Terms, and the services coded with them, below them and above them. */
#include "services/matcher/index_private.h"

#include <assert.h>

/* Services between the one looked at and the one fetched from memory. */
#define AHEAD 8

/* ---- rosters ---- */

bool
roster_reserve(struct roster *roster)
{
	uint32_t room = roster->room + roster->room / 2 + 4;
	struct indexed **at;

	if (roster->count < roster->room)
		return true;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers it is */
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
	struct indexed *last = roster->at[--roster->count];

	roster->at[position] = last;
	return last;
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
term_release(struct index *index, struct term *term)
{
	while (term != NULL && --term->uses == 0) {
		struct term *parent = term->parent;

		assert(index->by_code != NULL); /* it holds the term */
		HASH_DELETE(by_code, index->by_code, term);
		free(term->own.at);
		free(term->below.at);
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
	return term;
}

/* ---- memberships ---- */

static struct roster *
membership_roster(const struct membership *membership)
{
	return membership->is_own ? &membership->term->own : &membership->term->below;
}

static struct membership *
membership_find(const struct content *content, const struct term *term, bool is_own)
{
	for (uint32_t i = 0; i < content->memberships_count; i++) {
		struct membership *membership = &content->memberships[i];

		if (membership->term == term && membership->is_own == is_own)
			return membership;
	}
	return NULL;
}

/* Adds a membership, using the term, unless there is one. */
static void
membership_add(struct content *content, struct term *term, bool is_own)
{
	if (membership_find(content, term, is_own) != NULL)
		return;
	term->uses++;
	content->memberships[content->memberships_count++] =
	    (struct membership){ .term = term, .is_own = is_own };
	content->own_count += is_own;
}

/* False: out of memory; what was added is there. */
static bool
add_memberships(struct index *index, struct content *content)
{
	const struct service_facts *facts = &content->facts;

	for (uint32_t i = 0; i < facts->terms_count; i++) {
		char code[INDEX_TERM_MAX];
		uint32_t length = term_code(facts->terms[i], code);
		struct term *term;

		if (length == 0)
			continue;
		term = term_use(index, code, length);
		if (term == NULL)
			return false;
		membership_add(content, term, true);
		for (struct term *above = term->parent; above; above = above->parent)
			membership_add(content, above, false);
		term_release(index, term);
	}
	return true;
}

void
memberships_free(struct index *index, struct content *content)
{
	for (uint32_t i = 0; i < content->memberships_count; i++)
		term_release(index, content->memberships[i].term);
	free(content->memberships);
}

/* The terms of the facts, and all above each: every dot ends one. */
static size_t
count_lineages(const struct service_facts *facts)
{
	size_t count = facts->terms_count;

	for (uint32_t i = 0; i < facts->terms_count; i++)
		for (uint32_t k = 0; k < facts->terms[i].length; k++)
			count += facts->terms[i].at[k] == '.';
	return count;
}

bool
memberships_make(struct index *index, struct content *content)
{
	size_t most = count_lineages(&content->facts);

	content->memberships =
	    index_memory(NULL, 0, (most + 1) * sizeof *content->memberships);
	if (content->memberships == NULL)
		return false;
	if (add_memberships(index, content))
		return true;
	memberships_free(index, content);
	return false;
}

bool
memberships_reserve(const struct content *content)
{
	for (uint32_t i = 0; i < content->memberships_count; i++)
		if (!roster_reserve(membership_roster(&content->memberships[i])))
			return false;
	return true;
}

void
memberships_join(struct indexed *service)
{
	struct content *content = &service->content;

	for (uint32_t i = 0; i < content->memberships_count; i++) {
		struct membership *membership = &content->memberships[i];

		membership->position =
		    roster_join(membership_roster(membership), service);
	}
}

void
memberships_leave(struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.memberships_count; i++) {
		const struct membership *membership = &service->content.memberships[i];
		struct indexed *moved =
		    roster_leave(membership_roster(membership), membership->position);

		membership_find(&moved->content, membership->term, membership->is_own)
		    ->position = membership->position;
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

/* Whether an earlier roster of this walk held the service already. */
static bool
is_seen(const struct offers *offers, const struct content *content)
{
	const struct term *nearer = offers->first;

	if (content->own_count == 1)
		return false;
	for (; nearer != offers->term; nearer = nearer->parent)
		if (membership_find(content, nearer, true) != NULL)
			return true;
	if (offers->is_below)
		return membership_find(content, offers->wanted, true) != NULL;
	return offers->wanted != NULL && offers->term != offers->wanted &&
	       membership_find(content, offers->wanted, false) != NULL;
}

/* Goes on to the next roster. */
static void
next_roster(struct offers *offers)
{
	offers->next = 0;
	offers->is_below = !offers->is_below && offers->term == offers->wanted;
	if (!offers->is_below) {
		offers->term = offers->term->parent;
		offers->levels++;
	}
}

/* A service is two cache lines of traits somewhere: asks for them before they are needed. */
static void
fetch_ahead(const struct roster *roster, uint32_t next)
{
	if (next + AHEAD < roster->count) {
		const char *traits = (const char *)&roster->at[next + AHEAD]->traits;

		__builtin_prefetch(traits);
		__builtin_prefetch(traits + INDEXED_ALIGNMENT);
	}
}

const struct indexed *
offers_next(struct offers *offers, unsigned *levels)
{
	while (offers->term != NULL) {
		const struct roster *roster =
		    offers->is_below ? &offers->term->below : &offers->term->own;

		while (offers->next < roster->count) {
			const struct indexed *service = roster->at[offers->next++];

			fetch_ahead(roster, offers->next);

			if (!is_seen(offers, &service->content)) {
				*levels = offers->levels;
				return service;
			}
		}
		next_roster(offers);
	}
	return NULL;
}
