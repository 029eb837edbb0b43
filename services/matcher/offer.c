/* SPDX-License-Identifier: Apache-2.0
 * The offer of a need to the best candidates: one transition, and handing on who is to be told. */
#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/clocks.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/explanation.h"
#include "services/matcher/matcher.h"
#include "services/matcher/wanted.h"

/* Candidates given to a need for each offer, with their explanations, while one of them is not known
 * to be full; else all, for a need that is parked waits for a place at each that it was given. */
#define OFFER_CANDIDATES 4
/* Free places that are not all taken before the index hears of it; if they are, the need is
 * parked and looked at again. */
#define OFFER_PLENTY 256

/* Of 16 numbers, each with a blank. */
#define SIBLINGS_BYTES 64

/* An offer under way. */
struct decision {
	struct matcher *matcher;
	struct decision *next;
	struct worker_item *item;
	bool has_place_at_notifier; /* for one telling */
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
on_one_offered(struct decision *decision, const struct case_offered *offered)
{
	if (offered->is_told)
		metrics_observe_since(
		    METRIC_delivered_seconds, NULL, decision->accepted_at);
	else if (decision->has_place_at_notifier &&
	         offered->position < MATCH_CANDIDATES_MAX)
		hand_to_notifier(decision, offered->referral, offered->position);
}

/* How many referrals are open at agencies with limits; who got the need has one more. */
static void
note_loads(const struct decision *decision, const struct case_result *result)
{
	for (uint32_t i = 0; i < result->loads_count; i++) {
		uint32_t at = result->loads[i].candidate;
		double open = result->loads[i].open;

		for (uint32_t k = 0; k < result->offered_count; k++)
			open += result->offered[k].position == at;
		if (at < MATCH_CANDIDATES_MAX)
			loads_set(decision->matcher->loads,
			    text_of(decision->candidates[at].agency), open,
			    clock_wall_ms());
	}
}

static void
on_offered(void *ctx, const struct case_result *result)
{
	struct decision *decision = ctx;
	struct matcher *matcher = decision->matcher;

	metrics_add(METRIC_commit_total, status_code(result->status), 1);
	note_loads(decision, result);
	for (uint32_t i = 0; i < result->offered_count; i++)
		on_one_offered(decision, &result->offered[i]);
	/* STALE: somebody else moved the need; it waits where that left it.  UNAVAILABLE:
	 * the lease runs out and the need is claimed again. */
	worker_finished(matcher->worker, decision->item);
	decision_end(decision);
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

/* One that does not count its places is never full; an agency with limits may be at them. */
static bool
surely_has_place(
    const struct match_question *question, const struct match_candidate *candidate)
{
	double free_places = indexed_free_places(candidate->service);
	struct limits limits = limits_of(question->policy,
	    indexed_facts(candidate->service)->workers, question->intake->urgency);

	return (isnan(free_places) || free_places > OFFER_PLENTY) && limits.open <= 0 &&
	       limits.new <= 0;
}

/* Whether a candidate surely has a place for one offer more than those before it: two services of
 * one agency are not offered a need at once. */
static bool
is_one_more(const struct match_question *question, const struct match_result *result,
    uint32_t position)
{
	const struct match_candidate *candidates = result->candidates;
	struct text agency = indexed_facts(candidates[position].service)->agency;

	if (!surely_has_place(question, &candidates[position]))
		return false;
	for (uint32_t i = 0; i < position; i++)
		if (surely_has_place(question, &candidates[i]) &&
		    text_equal(indexed_facts(candidates[i].service)->agency, agency))
			return false;
	return true;
}

/* The full ones come last, so the last of the first few tells whether there is one. */
static uint32_t
count_candidates(const struct match_question *question, const struct match_result *result,
    uint32_t offers_most)
{
	uint32_t few = offers_most * OFFER_CANDIDATES, sure = 0;

	for (uint32_t i = 0; i < result->count && i < few; i++) {
		sure += is_one_more(question, result, i);
		if (sure == offers_most)
			return i + 1;
	}
	if (result->count <= few ||
	    indexed_free_places(result->candidates[few - 1].service) <= 0)
		return result->count;
	return few;
}

/* The first clock, and the one that ends the offer. */
static void
set_clocks(const struct config *config, enum urgency urgency, struct case_offer *offer)
{
	offer->first_purpose =
	    clocks_next(config, urgency, TEXT_ABSENT, &offer->first_ms);
	offer->expires_ms = offer->first_ms;
	for (struct text next = offer->first_purpose; next.at != NULL;
	     next = clocks_next(config, urgency, next, &offer->expires_ms))
		if (text_is(next, "expire"))
			break;
}

/* To one agency alone where siblings must not be split. */
static uint32_t
count_offers(const struct matcher *matcher, const struct work *work,
    const struct match_question *question)
{
	uint32_t siblings = wanted_siblings(question->intake, question->need);

	if (work->urgency != urgency_emergency || (siblings & (siblings - 1)) != 0)
		return 1;
	return (uint32_t)matcher->policy.offers_emergency_agencies;
}

/* Numbers from 1. */
static struct text
print_siblings(uint32_t siblings, char text[SIBLINGS_BYTES])
{
	int length = 0;

	text[0] = '\0';
	for (unsigned need = 0; siblings >> need != 0; need++)
		if (siblings >> need & 1)
			length += snprintf(text + length, SIBLINGS_BYTES - (size_t)length,
			    "%u ", need + 1);
	return text_of(text);
}

static enum status
offer_to(struct decision *decision, const struct work *work,
    const struct match_question *question, const struct match_result *result)
{
	struct matcher *matcher = decision->matcher;
	const struct config *config = matcher->service->config;
	uint8_t buffers[MATCH_CANDIDATES_MAX][EXPLANATION_MAX_BYTES];
	struct case_candidate candidates[MATCH_CANDIDATES_MAX];
	uint32_t offers_most = count_offers(matcher, work, question);
	uint32_t count = count_candidates(question, result, offers_most);
	char commit[16], siblings[SIBLINGS_BYTES],
	    limits_text[MATCH_CANDIDATES_MAX][LIMITS_BYTES];
	struct limits limits;
	struct case_offer offer = {
		.need = work->item,
		.version = work->version,
		.by = text_of(config->name),
		.reason = result->reason ? result->reason : reason_no_capacity,
		.look_ms = config->limits_park_look,
		.lease_ms = decision->has_place_at_notifier ? config->limits_lease : 0,
		.candidates = candidates,
		.offers_most = offers_most,
		.siblings = print_siblings(question->siblings, siblings),
	};
	enum status status = STATUS_OK;

	for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct indexed *service = result->candidates[i].service;
		const struct kept_facts *facts = indexed_facts(service);

		status =
		    explain(matcher, question, result, i, buffers[i], &candidates[i].why);
		candidates[i].service = facts->id;
		candidates[i].agency = facts->agency;
		candidates[i].report_hours = indexed_capacity_ttl_hours(service);
		limits = limits_of(
		    question->policy, facts->workers, question->intake->urgency);
		candidates[i].limits =
		    limits_print(question->policy, &limits, limits_text[i]);
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
	set_clocks(config, (enum urgency)work->urgency, &offer);
	return cases_offer(matcher->service->cases, &offer, on_offered, decision);
}

void
offer(struct matcher *matcher, struct worker_item *item, const struct work *work,
    const struct match_question *question, const struct match_result *result)
{
	struct decision *decision = decision_take(matcher, item, work);
	enum status status = STATUS_NO_MEMORY;

	if (decision != NULL)
		status = offer_to(decision, work, question, result);
	if (status == STATUS_OK)
		return;
	if (decision != NULL)
		decision_end(decision);
	worker_nack(matcher->worker, item, NACK_FREE, 1000, status_code(status));
}

void
offers_free(struct matcher *matcher)
{
	while (matcher->free != NULL) {
		struct decision *decision = matcher->free;

		matcher->free = decision->next;
		free(decision);
	}
}
