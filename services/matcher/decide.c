/* SPDX-License-Identifier: Apache-2.0
 * Decides a need: opens the facts, chooses, reserves and offers in one transition. */
#include "services/matcher/matcher.h"

#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/clocks.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/explanation.h"

/* Candidates given to one offer, each with its explanation, while one of them is not known to
 * be full; else all, for a need that is parked waits for a place at each that it was given. */
#define OFFER_CANDIDATES 4
/* Free places that are not all taken before the index hears of it; if they are, the need is
 * parked and looked at again. */
#define OFFER_PLENTY 256

/* An offer under way. */
struct decision {
	struct matcher *matcher;
	struct decision *next;
	struct worker_item *item;
	bool has_place_at_notifier;
	uint8_t urgency;
	char term[129];
	int64_t accepted_at;
	struct {
		char service[65], agency[65];
	} candidates[MATCH_CANDIDATES_MAX];
};

static struct decision *
decision_take(struct matcher *matcher, struct worker_item *item, const struct work *work)
{
	struct decision *decision = matcher->free;

	if (decision != NULL)
		matcher->free = decision->next;
	else if ((decision = malloc(sizeof *decision)) == NULL)
		return NULL;
	decision->matcher = matcher;
	decision->item = item;
	decision->urgency = work->urgency;
	decision->accepted_at = work->accepted_at;
	(void)text_copy(work->term, decision->term, sizeof decision->term);
	decision->has_place_at_notifier = matcher->service->config->matcher_handoff &&
	                                  link_upstream_reserve(matcher->notifiers);
	return decision;
}

static void
decision_end(struct decision *decision)
{
	struct matcher *matcher = decision->matcher;

	if (decision->has_place_at_notifier)
		link_upstream_release(matcher->notifiers);
	decision->next = matcher->free;
	matcher->free = decision;
}

void
give_telling_back(struct matcher *matcher, struct text referral, uint32_t attempt)
{
	const struct case_nack nack = {
		.stage = stage_notify,
		.item = referral,
		.attempt = attempt,
		.kind = NACK_FREE,
		.why = LITERAL("worker_lost"),
	};

	(void)!cases_nack(matcher->service->cases, &nack, NULL, NULL);
}

/* The referral's telling was leased with the offer: hand it over. */
static void
hand_to_notifier(struct decision *decision, struct text referral, uint32_t position)
{
	struct matcher *matcher = decision->matcher;
	struct work *work = &matcher->out->work;

	message_init(matcher->out, MESSAGE_work);
	work->stage = stage_notify;
	work->item = referral;
	work->version = 0;
	work->attempt = 1;
	work->urgency = decision->urgency;
	work->term = text_of(decision->term);
	work->service = text_of(decision->candidates[position].service);
	work->agency = text_of(decision->candidates[position].agency);
	work->state = LITERAL("queued");
	work->purpose = LITERAL("offer");
	work->failures = 0;
	work->accepted_at = decision->accepted_at;
	decision->has_place_at_notifier = false;
	if (link_upstream_send(matcher->notifiers, matcher->out) != STATUS_OK)
		give_telling_back(matcher, referral, work->attempt);
}

static void
on_offered(void *ctx, const struct case_result *result)
{
	struct decision *decision = ctx;
	struct matcher *matcher = decision->matcher;

	metrics_add(METRIC_commit_total, status_code(result->status), 1);
	if (result->is_told)
		metrics_observe_since(
		    METRIC_delivered_seconds, NULL, decision->accepted_at);
	else if (result->referral.at != NULL && decision->has_place_at_notifier &&
	         result->position < MATCH_CANDIDATES_MAX)
		hand_to_notifier(decision, result->referral, result->position);
	/* STALE: somebody else moved the need; it waits where that left it.  UNAVAILABLE:
	 * the lease runs out and the need is claimed again. */
	worker_finished(matcher->worker, decision->item);
	decision_end(decision);
}

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

/* Equals are ordered by the need's id, so that the decision can be replayed. */
static uint32_t
seed_of(struct text item)
{
	uint32_t seed = 2166136261u; /* FNV-1a, 32 bit */

	for (uint32_t i = 0; i < item.length; i++)
		seed = (seed ^ (uint8_t)item.at[i]) * 16777619u;
	return seed & 0x7fffffffu;
}

static enum status
explain(struct matcher *matcher, const struct match_question *question,
    const struct match_result *result, uint32_t chosen, uint8_t *buffer, struct text *why)
{
	size_t length = 0;
	enum status status;

	record_init(&record_why, matcher->why);
	match_explain(matcher->index, question, result, chosen, EXPLANATION_NEXT_MOST,
	    false, matcher->why);
	status = explanation_pack(matcher->why, buffer, EXPLANATION_MAX_BYTES, &length);
	*why = (struct text){ (const char *)buffer, (uint32_t)length };
	return status;
}

/* One that does not count its places is never full. */
static bool
surely_has_place(const struct match_candidate *candidate)
{
	double free_places = indexed_free_places(candidate->service);

	return isnan(free_places) || free_places > OFFER_PLENTY;
}

/* The full ones come last, so the last of the first few tells whether there is one. */
static uint32_t
count_candidates(const struct match_result *result)
{
	const struct match_candidate *last = &result->candidates[OFFER_CANDIDATES - 1];

	for (uint32_t i = 0; i < result->count && i < OFFER_CANDIDATES; i++)
		if (surely_has_place(&result->candidates[i]))
			return i + 1;
	if (result->count <= OFFER_CANDIDATES || indexed_free_places(last->service) <= 0)
		return result->count;
	return OFFER_CANDIDATES;
}

static enum status
offer(struct decision *decision, const struct work *work,
    const struct match_question *question, const struct match_result *result)
{
	struct matcher *matcher = decision->matcher;
	const struct config *config = matcher->service->config;
	uint8_t buffers[MATCH_CANDIDATES_MAX][EXPLANATION_MAX_BYTES];
	struct case_candidate candidates[MATCH_CANDIDATES_MAX];
	uint32_t count = count_candidates(result);
	char commit[16];
	struct case_offer offer = {
		.need = work->item,
		.version = work->version,
		.by = text_of(config->name),
		.reason = result->reason ? result->reason : reason_no_capacity,
		.look_ms = config->limits_park_look,
		.lease_ms = decision->has_place_at_notifier ? config->limits_lease : 0,
		.candidates = candidates,
	};
	enum status status = STATUS_OK;

	for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct service_facts *facts =
		    indexed_facts(result->candidates[i].service);

		status =
		    explain(matcher, question, result, i, buffers[i], &candidates[i].why);
		candidates[i].service = facts->id;
		candidates[i].agency = facts->agency;
		candidates[i].report_hours = facts->capacity_ttl_hours;
		(void)text_copy(facts->id, decision->candidates[i].service, 65);
		(void)text_copy(facts->agency, decision->candidates[i].agency, 65);
		offer.candidates_count++;
	}
	if (status != STATUS_OK)
		return status;
	/* The same work from the same version is the same commit, whoever does it: an id among
	 * those of its need. */
	(void)snprintf(commit, sizeof commit, "%u", work->version);
	offer.commit_id = text_of(commit);
	offer.first_purpose = clocks_next(
	    config, (enum urgency)work->urgency, TEXT_ABSENT, &offer.first_ms);
	offer.expires_ms = offer.first_ms;
	for (struct text next = offer.first_purpose; next.at != NULL;
	     next = clocks_next(
	         config, (enum urgency)work->urgency, next, &offer.expires_ms))
		if (text_is(next, "expire"))
			break;
	return cases_offer(matcher->service->cases, &offer, on_offered, decision);
}

static void
choose(struct matcher *matcher, struct worker_item *item, const struct work *work)
{
	struct text case_id;
	unsigned need = 0, attempt;
	int64_t began_us = clock_mono_us();
	struct match_result result;
	struct decision *decision;
	enum status status = STATUS_NO_MEMORY;

	(void)id_split(work->item, &case_id, &need, &attempt);
	const struct match_question question = {
		.intake = matcher->intake,
		.places = matcher->references.places,
		.policy = &matcher->policy,
		.need = need - 1,
		.tried = work->tried,
		.tried_count = work->tried_count,
		.now_ms = clock_wall_ms(),
		.seed = seed_of(work->item),
		.may_be_cleared_only = true,
	};
	match(matcher->index, &question, &result);
	suggest_reason(matcher->references.taxonomies, work->term, &result.reason);
	metrics_observe_us(METRIC_match_seconds, NULL, clock_mono_us() - began_us);
	decision = decision_take(matcher, item, work);
	if (decision != NULL)
		status = offer(decision, work, &question, &result);
	if (status != STATUS_OK) {
		if (decision != NULL)
			decision_end(decision);
		worker_nack(matcher->worker, item, NACK_FREE, 1000, status_code(status));
	}
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

void
decisions_free(struct matcher *matcher)
{
	while (matcher->free != NULL) {
		struct decision *decision = matcher->free;

		matcher->free = decision->next;
		free(decision);
	}
}
