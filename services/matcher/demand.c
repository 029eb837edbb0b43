/* SPDX-License-Identifier: Apache-2.0
 * Who wants which places: what prices are made of. */
#include "services/matcher/match.h"

#include "services/matcher/index_private.h"

static unsigned
least_unknowns(const struct match_result *result)
{
	unsigned least = UINT32_MAX;

	for (uint32_t i = 0; i < result->count; i++)
		if (result->candidates[i].unknowns < least)
			least = result->candidates[i].unknowns;
	return least;
}

void
match_note(struct index *index, const struct match_result *result, int64_t now_ms)
{
	unsigned least = least_unknowns(result), count = 0;

	for (uint32_t i = 0; i < result->count; i++)
		count += result->candidates[i].unknowns == least;
	for (uint32_t i = 0; i < result->count; i++) {
		const struct match_candidate *candidate = &result->candidates[i];
		struct indexed *service = index_own(index, candidate->service);

		if (candidate->unknowns == least)
			price_note(&service->particulars.price, 1.0 / count, now_ms);
	}
}

void
index_take_prices(struct index *index, const struct index *from)
{
	const struct indexed *priced, *next;

	HASH_ITER(by_id, from->by_id, priced, next)
	{
		struct text id = { priced->id, priced->by_id.keylen };
		const struct indexed *service = index_find(index, id);

		if (service != NULL)
			index_own(index, service)->particulars.price =
			    priced->particulars.price;
	}
}
