/* SPDX-License-Identifier: Apache-2.0
 * Decides a need: opens the facts and chooses. */
#include "services/matcher/matcher.h"

#include "common/clock.h"
#include "common/id.h"
#include "common/metrics.h"
#include "services/matcher/together.h"
#include "services/matcher/wanted.h"

static enum status
open_routing(struct matcher *matcher, const struct work *work)
{
	struct defects defects = { .count = 0 };
	struct text case_id;
	unsigned need, attempt;
	size_t length = 0;
	enum status status = STATUS_DAMAGED;

	if (id_split(work->item, &case_id, &need, &attempt))
		status = seal_get(matcher->routing_keys, case_id, work->routing,
		    matcher->buffer, sizeof matcher->buffer, &length);
	/* The texts of the decoded intake point into the buffer. */
	if (status == STATUS_OK)
		status = record_unpack(matcher->decoder, &record_intake, matcher->intake,
		    matcher->buffer, length, &defects);
	if (status == STATUS_OK && (need == 0 || need > matcher->intake->needs_count))
		status = STATUS_DAMAGED;
	return status;
}

/* Equals are ordered by the need's id, or by that of the first need of siblings, so that the
 * decision can be replayed. */
static uint32_t
seed_of(struct text item)
{
	uint32_t seed = 2166136261u; /* FNV-1a, 32 bit */

	for (uint32_t i = 0; i < item.length; i++)
		seed = (seed ^ (uint8_t)item.at[i]) * 16777619u;
	return seed & 0x7fffffffu;
}

static uint32_t
seed_of_need(struct text case_id, unsigned position)
{
	char id[ID_ITEM_MAX];

	id_need(case_id, position + 1, id);
	return seed_of(text_of(id));
}

/* Of a need that is new nobody may have been offered another one yet. */
static void
look_beside(struct matcher *matcher, const struct work *work, struct text case_id,
    struct match_question *question, struct together *together)
{
	struct match_question first = *question;
	uint32_t siblings = wanted_siblings(question->intake, question->need);

	question->seed = seed_of_need(case_id, (unsigned)__builtin_ctz(siblings));
	together_read(
	    matcher->index, work->beside, work->beside_count, question, together);
	if (work->version > 1)
		return;
	first.need = 0;
	first.seed = seed_of_need(case_id, 0);
	together_foresee(matcher->index, &first, question, together);
}

static void
choose(struct matcher *matcher, struct worker_item *item, const struct work *work)
{
	struct text case_id;
	unsigned need = 0, attempt;
	int64_t began_us = clock_mono_us();
	struct match_result result;
	struct together together;

	(void)id_split(work->item, &case_id, &need, &attempt);
	struct match_question question = {
		.intake = matcher->intake,
		.places = matcher->references.places,
		.policy = &matcher->policy,
		.loads = matcher->loads,
		.answers = matcher->answers,
		.need = need - 1,
		.tried = work->tried,
		.tried_count = work->tried_count,
		.now_ms = clock_wall_ms(),
		.may_be_cleared_only = true,
	};
	look_beside(matcher, work, case_id, &question, &together);
	match(matcher->index, &question, &result);
	suggest_reason(matcher->references.taxonomies, work->term, &result.reason);
	metrics_observe_us(METRIC_match_seconds, NULL, clock_mono_us() - began_us);
	offer(matcher, item, work, &question, &result);
	if (work->version == 1 && work->attempt == 1)
		match_note(matcher->index, &result, question.now_ms);
}

void
on_match_work(void *self, struct worker_item *item, const struct work *work)
{
	struct matcher *matcher = self;
	enum status status = open_routing(matcher, work);

	/* Sealed in a way that nobody here knows: trying again will not help. */
	if (status == STATUS_OK && !matcher->has_policy)
		worker_nack(matcher->worker, item, NACK_FREE, 1000, "no_policy");
	else if (status != STATUS_OK)
		worker_nack(matcher->worker, item, NACK_DEAD, 0, status_code(status));
	else
		choose(matcher, item, work);
	seal_wipe(matcher->buffer, work->routing.length);
}
