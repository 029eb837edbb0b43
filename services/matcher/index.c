/* SPDX-License-Identifier: Apache-2.0
 * The directory in memory: services by id and by term. */
#include "services/matcher/index_private.h"

#include <math.h>

#include "proto/field.h"
#include "services/matcher/fold.h"

/* A term of INDEX_TERM_MAX bytes and all above it: each dot ends one. */
#define LINEAGE_MAX INDEX_TERM_MAX

void *(*index_memory)(void *memory, size_t size) = realloc;

/* ---- rosters ---- */

static struct roster *
roster_of(const struct membership *membership)
{
	return membership->is_own ? &membership->term->own : &membership->term->below;
}

/* Makes room for one more. */
static bool
roster_reserve(struct roster *roster)
{
	uint32_t room = roster->room + roster->room / 2 + 4;
	struct indexed **at;

	if (roster->count < roster->room)
		return true;
	at = index_memory(roster->at, room * sizeof *at);
	if (at == NULL)
		return false;
	roster->at = at;
	roster->room = room;
	return true;
}

/* Returns the position. */
static uint32_t
roster_join(struct roster *roster, struct indexed *service)
{
	roster->at[roster->count] = service;
	return roster->count++;
}

/* The last one takes the place of the one that leaves; returns it. */
static struct indexed *
roster_leave(struct roster *roster, uint32_t position)
{
	struct indexed *last = roster->at[--roster->count];

	roster->at[position] = last;
	return last;
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

static void
membership_leave(const struct membership *membership)
{
	struct indexed *moved = roster_leave(roster_of(membership), membership->position);

	membership_find(&moved->content, membership->term, membership->is_own)->position =
	    membership->position;
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
	term = index_memory(NULL, sizeof *term + length);
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

/* ---- what comes with a document ---- */

typedef void text_visit(void *self, struct text *text);

static void
each_text(struct service_facts *facts, text_visit *visit, void *self)
{
	visit(self, &facts->id);
	visit(self, &facts->agency);
	visit(self, &facts->agency_name);
	visit(self, &facts->name);
	visit(self, &facts->alternate_name);
	visit(self, &facts->description);
	visit(self, &facts->source);
	for (uint32_t i = 0; i < facts->terms_count; i++)
		visit(self, &facts->terms[i]);
	for (uint32_t i = 0; i < facts->languages_count; i++)
		visit(self, &facts->languages[i]);
	for (uint32_t i = 0; i < facts->areas_count; i++)
		visit(self, &facts->areas[i]);
}

/* With room to fold it as well; every text is folded at most once. */
static void
count_bytes(void *self, struct text *text)
{
	size_t *bytes = self;

	*bytes += text->length + FOLD_ROOM(text->length);
}

static void
move_text(void *self, struct text *text)
{
	char **at = self;

	if (text->length > 0)
		memcpy(*at, text->at, text->length);
	if (text->at != NULL)
		text->at = *at;
	*at += text->length;
}

static void
fold_fields(struct content *content, char *at)
{
	const struct service_facts *facts = &content->facts;
	const struct text fields[SEARCH_FIELDS] = {
		[SEARCH_NAME] = facts->name,
		[SEARCH_ALTERNATE_NAME] = facts->alternate_name,
		[SEARCH_AGENCY] = facts->agency_name,
		[SEARCH_DESCRIPTION] = facts->description,
	};

	content->folded = at;
	for (enum search_field field = 0; field < SEARCH_FIELDS; field++) {
		at += fold(fields[field], at, FOLD_ROOM(fields[field].length));
		for (uint32_t i = 0; field == SEARCH_TERMS && i < facts->terms_count; i++)
			at +=
			    fold(facts->terms[i], at, FOLD_ROOM(facts->terms[i].length));
		content->folded_end[field] = (uint32_t)(at - content->folded);
	}
}

/* See RULES_BLUR_KM. */
static void
blur_points(struct service_facts *facts)
{
	for (uint32_t i = 0; i < facts->points_count; i++) {
		facts->points[i].lat = round(facts->points[i].lat * 10) / 10;
		facts->points[i].lon = round(facts->points[i].lon * 10) / 10;
	}
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

/* False: out of memory. */
static bool
find_memberships(struct index *index, struct content *content)
{
	struct membership found[FACTS_TERMS_MAX * LINEAGE_MAX];
	bool is_found;

	content->memberships = found;
	is_found = add_memberships(index, content);
	content->memberships = NULL;
	if (is_found)
		content->memberships = index_memory(NULL,
		    (content->memberships_count + 1) * sizeof *content->memberships);
	if (content->memberships != NULL) {
		memcpy(content->memberships, found,
		    content->memberships_count * sizeof *found);
		return true;
	}
	for (uint32_t i = 0; i < content->memberships_count; i++)
		term_release(index, found[i].term);
	content->memberships_count = 0;
	return false;
}

static void
content_free(struct index *index, struct content *content)
{
	for (uint32_t i = 0; i < content->memberships_count; i++)
		term_release(index, content->memberships[i].term);
	free(content->memberships);
	free(content->texts);
}

/* False: out of memory, and there is nothing to free. */
static bool
content_make(
    struct index *index, struct content *content, const struct service_facts *facts)
{
	size_t bytes = 1; /* never nothing */
	char *at;

	*content = (struct content){ .facts = *facts };
	each_text(&content->facts, count_bytes, &bytes);
	content->texts = index_memory(NULL, bytes);
	if (content->texts == NULL)
		return false;
	at = content->texts;
	each_text(&content->facts, move_text, &at);
	fold_fields(content, at);
	if (facts->confidentiality != CONFIDENTIALITY_public)
		blur_points(&content->facts);
	if (find_memberships(index, content))
		return true;
	free(content->texts);
	return false;
}

/* ---- services ---- */

static struct indexed *
service_find(const struct index *index, struct text id)
{
	struct indexed *service;

	if (id.length == 0)
		return NULL;
	HASH_FIND(by_id, index->by_id, id.at, id.length, service);
	return service;
}

/* FNV-1a, 64 bits. */
static uint64_t
hash_of(struct text id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < id.length; i++)
		hash = (hash ^ (unsigned char)id.at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static bool
reserve_hit(struct index *index)
{
	struct hit *hits;

	if (index->all.count < index->hits_room)
		return true;
	hits = index_memory(index->hits, index->all.room * sizeof *hits);
	if (hits == NULL)
		return false;
	index->hits = hits;
	index->hits_room = index->all.room;
	return true;
}

/* A service of that id without content, in the index.  NULL: out of memory. */
static struct indexed *
service_new(struct index *index, struct text id)
{
	struct indexed *service;

	if (!roster_reserve(&index->all) || !reserve_hit(index))
		return NULL;
	service = index_memory(NULL, sizeof *service + id.length);
	if (service == NULL)
		return NULL;
	*service = (struct indexed){ .id_hash = hash_of(id) };
	memcpy(service->id, id.at, id.length);
	HASH_ADD(by_id, index->by_id, id[0], id.length, service);
	if (service->by_id.tbl == NULL) {
		free(service);
		return NULL;
	}
	service->position = roster_join(&index->all, service);
	return service;
}

static bool
reserve_memberships(const struct content *content)
{
	for (uint32_t i = 0; i < content->memberships_count; i++)
		if (!roster_reserve(roster_of(&content->memberships[i])))
			return false;
	return true;
}

/* Takes the service off every roster of its terms, and its content away. */
static void
drop_content(struct index *index, struct indexed *service)
{
	for (uint32_t i = 0; i < service->content.memberships_count; i++)
		membership_leave(&service->content.memberships[i]);
	content_free(index, &service->content);
}

static void
take_content(struct indexed *service, const struct content *content)
{
	service->content = *content;
	for (uint32_t i = 0; i < content->memberships_count; i++) {
		struct membership *membership = &content->memberships[i];

		membership->position = roster_join(roster_of(membership), service);
	}
	if (!service->is_capacity_told) {
		service->available = content->facts.available;
		service->held = 0;
	}
}

enum status
index_put(struct index *index, const struct service_facts *facts)
{
	struct indexed *service = service_find(index, facts->id);
	struct content content;
	bool is_ready;

	if (facts->id.length == 0 || facts->id.length > INDEX_ID_MAX ||
	    facts->agency.length > INDEX_ID_MAX)
		return STATUS_INVALID;
	if (!content_make(index, &content, facts))
		return STATUS_NO_MEMORY;
	is_ready = reserve_memberships(&content);
	if (is_ready && service != NULL)
		drop_content(index, service);
	else if (is_ready)
		is_ready = (service = service_new(index, facts->id)) != NULL;
	if (!is_ready) {
		content_free(index, &content);
		return STATUS_NO_MEMORY;
	}
	take_content(service, &content);
	return STATUS_OK;
}

bool
index_remove(struct index *index, struct text id)
{
	struct indexed *service = service_find(index, id);
	struct indexed *moved;

	if (service == NULL)
		return false;
	drop_content(index, service);
	moved = roster_leave(&index->all, service->position);
	moved->position = service->position;
	HASH_DELETE(by_id, index->by_id, service);
	free(service);
	return true;
}

void
index_set_capacity(struct index *index, struct text id, double available, double held)
{
	struct indexed *service = service_find(index, id);

	if (service == NULL)
		return;
	service->available = available;
	service->held = held;
	service->is_capacity_told = true;
}

/* ---- the whole ---- */

struct index *
index_new(void)
{
	struct index *index = index_memory(NULL, sizeof *index);

	if (index != NULL)
		*index = (struct index){ .by_id = NULL };
	return index;
}

void
index_free(struct index *index)
{
	if (index == NULL)
		return;
	while (index->all.count > 0)
		index_remove(
		    index, indexed_facts(index->all.at[index->all.count - 1])->id);
	free(index->all.at);
	free(index->hits);
	free(index);
}

void
index_set_version(struct index *index, struct text version)
{
	index->version_length =
	    version.length < INDEX_VERSION_MAX ? version.length : INDEX_VERSION_MAX;
	if (version.length > 0)
		memcpy(index->version, version.at, index->version_length);
}

struct text
index_version(const struct index *index)
{
	if (index->version_length == 0)
		return TEXT_ABSENT;
	return (struct text){ index->version, index->version_length };
}

size_t
index_count(const struct index *index)
{
	return index->all.count;
}

const struct indexed *
index_find(const struct index *index, struct text id)
{
	return service_find(index, id);
}

const struct service_facts *
indexed_facts(const struct indexed *indexed)
{
	return &indexed->content.facts;
}

double
indexed_free_places(const struct indexed *indexed)
{
	return indexed->available - indexed->held;
}

struct text
text_for_message(struct text text, uint32_t most_bytes)
{
	if (text.at == NULL)
		return LITERAL("");
	text.length = (uint32_t)text_cut(text.at, text.length, most_bytes);
	return text;
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

const struct indexed *
offers_next(struct offers *offers, unsigned *levels)
{
	while (offers->term != NULL) {
		const struct roster *roster =
		    offers->is_below ? &offers->term->below : &offers->term->own;

		while (offers->next < roster->count) {
			const struct indexed *service = roster->at[offers->next++];

			if (!is_seen(offers, &service->content)) {
				*levels = offers->levels;
				return service;
			}
		}
		next_roster(offers);
	}
	return NULL;
}
