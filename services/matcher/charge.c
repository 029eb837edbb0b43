/* SPDX-License-Identifier: Apache-2.0
 * What of a score depends on the other candidates and on the family's other needs. */
#include <math.h>

#include "services/matcher/match_private.h"

/* The least dear of those that fit at least as surely, itself included. */
static double
least_price(const struct match_candidate *candidates, uint32_t count,
    const double *prices, unsigned unknowns)
{
	double least = INFINITY;

	for (uint32_t i = 0; i < count; i++)
		if (candidates[i].unknowns <= unknowns)
			least = fmin(least, prices[i]);
	return least;
}

static struct apart
apart_of(const struct match_question *question, const struct indexed *service)
{
	struct apart apart = { .is_known = false };

	for (size_t i = 0; i < question->beside_count; i++) {
		const struct indexed *beside = question->beside[i];
		bool is_same = text_equal(
		    indexed_facts(beside)->agency, indexed_facts(service)->agency);
		double km =
		    is_same ? 0 : traits_distance_km(&service->traits, &beside->traits);

		if (!isnan(km) && (!apart.is_known || km < apart.km))
			apart = (struct apart){ .is_known = true, .km = km };
	}
	return apart;
}

/* Equals stay as they were. */
static void
sort(struct match_candidate *candidates, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct match_candidate moved = candidates[i];
		uint32_t at = i;

		for (; at > 0 && moved.score > candidates[at - 1].score; at--)
			candidates[at] = candidates[at - 1];
		candidates[at] = moved;
	}
}

void
candidates_charge(
    struct match_candidate *candidates, uint32_t count, const struct wanted *wanted)
{
	double prices[MATCH_CANDIDATES_MAX];

	for (uint32_t i = 0; i < count; i++)
		prices[i] = score_price(wanted, &candidates[i].service->traits);
	for (uint32_t i = 0; i < count; i++) {
		struct match_candidate *candidate = &candidates[i];
		long sum = lround(candidate->score * 100);

		candidate->dearer = prices[i] - least_price(candidates, count, prices,
		                                    candidate->unknowns);
		candidate->apart = apart_of(wanted->question, candidate->service);
		sum += score_scarcity(wanted, candidate->dearer) +
		       score_together(wanted, candidate->apart);
		candidate->score = (double)sum / 100.0;
	}
	sort(candidates, count);
}
