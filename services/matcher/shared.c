/* SPDX-License-Identifier: Apache-2.0
 * What many services say alike is kept once, and asked once. */
#include "services/matcher/index_private.h"

static struct shared *
shared_new(struct index *index, const void *bytes, size_t length)
{
	struct shared *shared = index_memory(NULL, 0, sizeof *shared + length);

	if (shared == NULL)
		return NULL;
	*shared = (struct shared){ .length = (uint32_t)length };
	memcpy(shared->bytes, bytes, length);
	HASH_ADD(by_bytes, index->by_bytes, bytes, length, shared);
	if (shared->by_bytes.tbl == NULL) {
		free(shared);
		return NULL;
	}
	return shared;
}

bool
shared_take(struct index *index, const void *bytes, size_t length, struct shared **shared)
{
	*shared = NULL;
	if (length == 0)
		return true;
	HASH_FIND(by_bytes, index->by_bytes, bytes, length, *shared);
	if (*shared == NULL)
		*shared = shared_new(index, bytes, length);
	if (*shared == NULL)
		return false;
	(*shared)->uses++;
	return true;
}

void
shared_give(struct index *index, struct shared *shared)
{
	if (shared == NULL || --shared->uses > 0)
		return;
	HASH_DELETE(by_bytes, index->by_bytes, shared);
	free(shared);
}

static const struct hours_rule *
rules_of(const struct shared *hours, uint32_t *count)
{
	*count = hours->length / (uint32_t)sizeof(struct hours_rule);
	return (const struct hours_rule *)(const void *)hours->bytes;
}

enum flag
shared_open_at(const struct shared *hours, int64_t at_ms)
{
	uint32_t count;
	const struct hours_rule *rules;

	if (hours == NULL)
		return FLAG_ABSENT;
	rules = rules_of(hours, &count);
	return hours_open_at(rules, count, at_ms);
}

int64_t
shared_next_opening(struct shared *hours, int64_t at_ms)
{
	uint32_t count;
	const struct hours_rule *rules;

	if (hours == NULL)
		return TIME_ABSENT;
	if (at_ms >= hours->asked_at && at_ms < hours->next)
		return hours->next;
	rules = rules_of(hours, &count);
	hours->asked_at = at_ms;
	hours->next = hours_next_opening(rules, count, at_ms);
	return hours->next;
}

int64_t
traits_next_opening(const struct traits *traits, int64_t now_ms)
{
	return shared_next_opening(traits->more->hours, now_ms);
}
