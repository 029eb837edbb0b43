/* SPDX-License-Identifier: Apache-2.0
 * The directory in memory. */
#include "services/matcher/index_private.h"

#include <math.h>

#include "services/matcher/rank.h"

static void *
take_memory(void *memory, size_t alignment, size_t size)
{
	if (alignment == 0)
		return realloc(memory, size);
	return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void *(*index_memory)(void *memory, size_t alignment, size_t size) = take_memory;

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

/* A service of that id without content, in the index.  NULL: out of memory. */
static struct indexed *
service_new(struct index *index, struct text id)
{
	struct indexed *service;

	if (!roster_reserve(&index->all) ||
	    !numbers_reserve(&index->numbers, index->all.count))
		return NULL;
	service = index_memory(NULL, CACHE_LINE, sizeof *service + id.length);
	if (service == NULL)
		return NULL;
	*service = (struct indexed){ .held = 0 };
	memcpy(service->id, id.at, id.length);
	HASH_ADD(by_id, index->by_id, id[0], id.length, service);
	if (service->by_id.tbl == NULL) {
		free(service);
		return NULL;
	}
	service->position = roster_join(&index->all, service);
	numbers_join(&index->numbers, service);
	return service;
}

static void
count_free_places(struct indexed *service)
{
	service->particulars.free_places = service->available - service->held;
}

static void
change_words(const struct content *before, const struct content *after, uint32_t number)
{
	bool is_same = before->vocabulary == after->vocabulary;

	if (before->vocabulary != NULL && !is_same)
		vocabulary_leave(before->vocabulary, before->words, number);
	if (after->vocabulary != NULL)
		vocabulary_join(after->vocabulary, after->words,
		    is_same ? before->words : NULL, number);
}

static void
drop_content(struct index *index, struct indexed *service)
{
	if (service->content.room == NULL)
		return;
	memberships_leave(service);
	agency_leave(service);
	content_free(index, &service->content);
}

/* Room in the charts is there. */
static void
take_content(struct index *index, struct indexed *service, const struct content *content,
    const struct service_facts *facts)
{
	struct price price = service->particulars.price;

	change_words(&service->content, content, service->number);
	if (!text_equal(service->content.folded_name, content->folded_name))
		names_change(&index->numbers.names, service->number);
	drop_content(index, service);
	service->content = *content;
	service->content.facts.id = (struct text){ service->id, service->by_id.keylen };
	traits_read(&service->traits, &service->particulars, facts, content->room);
	service->particulars.facts = &service->content.facts;
	service->particulars.price = price;
	service->traits.group = chart_group(&service->traits);
	service->particulars.hours = content->hours;
	service->traits.may_repeat = memberships_may_repeat(content);
	if (!service->is_capacity_told)
		service->available = facts->available;
	count_free_places(service);
	numbers_note(&index->numbers, service);
	memberships_join(service);
	agency_join(service);
}

static bool
reserve_charts(const struct content *content, const struct service_facts *facts)
{
	struct traits traits;
	struct particulars particulars;

	traits_read(&traits, &particulars, facts, content->room);
	traits.group = chart_group(&traits);
	return memberships_reserve(content, &traits);
}

/* See TRAITS_BLUR_KM. */
static void
blur_points(struct service_facts *facts)
{
	for (uint32_t i = 0; i < facts->points_count; i++) {
		if (facts->open_points >> i & 1)
			continue;
		facts->points[i].lat = round(facts->points[i].lat * 10) / 10;
		facts->points[i].lon = round(facts->points[i].lon * 10) / 10;
	}
}

static enum status
put_facts(struct index *index, const struct service_facts *facts)
{
	struct indexed *service = service_find(index, facts->id);
	struct content content;
	bool is_ready;

	if (!content_make(index, &content, facts))
		return STATUS_NO_MEMORY;
	is_ready = reserve_charts(&content, facts);
	if (is_ready && service == NULL)
		is_ready = (service = service_new(index, facts->id)) != NULL;
	if (!is_ready) {
		content_free(index, &content);
		return STATUS_NO_MEMORY;
	}
	take_content(index, service, &content, facts);
	return STATUS_OK;
}

enum status
index_put(struct index *index, const struct service_facts *facts)
{
	struct service_facts blurred;

	if (facts->id.length == 0 || facts->id.length > INDEX_ID_MAX ||
	    facts->agency.length > INDEX_ID_MAX)
		return STATUS_INVALID;
	if (facts->confidentiality == CONFIDENTIALITY_public)
		return put_facts(index, facts);
	blurred = *facts;
	blur_points(&blurred);
	return put_facts(index, &blurred);
}

bool
index_remove(struct index *index, struct text id)
{
	struct indexed *service = service_find(index, id);
	struct indexed *moved;

	if (service == NULL)
		return false;
	change_words(
	    &service->content, &(struct content){ .room = NULL }, service->number);
	memberships_leave(service);
	memberships_tidy(service);
	agency_leave(service);
	content_free(index, &service->content);
	moved = roster_leave(&index->all, service->position);
	moved->position = service->position;
	numbers_leave(&index->numbers, service);
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
	count_free_places(service);
}

void
index_set_report(struct index *index, struct text id, int64_t reported_at)
{
	struct indexed *service = service_find(index, id);
	uint16_t day;

	if (service == NULL || reported_at == TIME_ABSENT ||
	    (service->particulars.capacity_at != TIME_ABSENT &&
	        service->particulars.capacity_at >= reported_at))
		return;
	service->particulars.capacity_at = reported_at;
	day = traits_day(reported_at);
	if (service->traits.report_day == day)
		return;
	service->traits.report_day = day;
	memberships_renew(service);
}

bool
index_is_capacity_told(const struct index *index, struct text id)
{
	const struct indexed *service = index_find(index, id);

	return service != NULL && service->is_capacity_told;
}

const struct indexed *
index_at(const struct index *index, size_t position)
{
	return position < index->all.count ? index->all.at[position] : NULL;
}

void
index_take_capacities(struct index *index, const struct index *from)
{
	const struct indexed *told, *next;

	HASH_ITER(by_id, from->by_id, told, next)
	{
		struct text id = { told->id, told->by_id.keylen };

		if (!told->is_capacity_told || index_find(index, id) == NULL ||
		    index_is_capacity_told(index, id))
			continue;
		index_set_capacity(index, id, told->available, told->held);
		index_set_report(index, id, told->particulars.capacity_at);
	}
}

/* ---- the whole ---- */

struct index *
index_new(void)
{
	struct index *index = index_memory(NULL, 0, sizeof *index);

	if (index == NULL)
		return NULL;
	*index = (struct index){ .by_id = NULL };
	for (unsigned i = 0; i < VOCABULARIES; i++)
		vocabulary_open(&index->vocabularies[i]);
	return index;
}

void
index_free(struct index *index)
{
	if (index == NULL)
		return;
	/* The words go as a whole. */
	for (uint32_t i = 0; i < index->all.count; i++)
		index->all.at[i]->content.vocabulary = NULL;
	while (index->all.count > 0)
		index_remove(
		    index, indexed_facts(index->all.at[index->all.count - 1])->id);
	vias_free(index);
	free(index->all.at);
	numbers_free(&index->numbers);
	for (unsigned i = 0; i < VOCABULARIES; i++)
		vocabulary_close(&index->vocabularies[i]);
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

const struct kept_facts *
indexed_facts(const struct indexed *indexed)
{
	return &indexed->content.facts;
}

double
indexed_free_places(const struct indexed *indexed)
{
	return indexed->particulars.free_places;
}

double
indexed_capacity_ttl_hours(const struct indexed *indexed)
{
	return indexed->particulars.capacity_ttl_hours;
}
