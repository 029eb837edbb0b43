/* SPDX-License-Identifier: Apache-2.0
 * Answers the gateway: previews and searches, without effect. */
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/matcher/brief.h"
#include "services/matcher/matcher.h"
#include "services/matcher/search.h"

#define PREVIEW_DEFAULT 3

static void
answer_preview(struct matcher *matcher)
{
	const struct preview *in = &matcher->question->preview;
	struct previewed *out = &matcher->out->previewed;
	const struct taxonomies *taxonomies = matcher->references.taxonomies;
	uint32_t most = in->most == UINT_ABSENT ? PREVIEW_DEFAULT : in->most;

	message_init(matcher->out, MESSAGE_previewed);
	for (uint32_t i = 0; i < in->intake.needs_count; i++) {
		struct need_preview *need = &out->needs[out->needs_count++];
		const struct match_question question = {
			.intake = &in->intake,
			.places = matcher->references.places,
			.need = i,
			.now_ms = clock_wall_ms(),
			.may_be_cleared_only = false,
		};
		struct match_result result;

		match(matcher->index, &question, &result);
		record_init(&record_need_preview, need);
		record_init(&record_why, &need->why);
		need->has_why = true;
		need->term = in->intake.needs[i].term;
		suggest_reason(taxonomies, need->term, &result.reason);
		need->reason = (uint8_t)result.reason;
		if (result.reason == reason_unknown_term)
			need->suggestions_count = suggest_briefs(
			    taxonomies, TEXT_ABSENT, need->term, need->suggestions);
		match_explain(matcher->index, &question, &result,
		    result.count > 0 ? 0 : UINT32_MAX, most > 0 ? most - 1 : 0, true,
		    &need->why);
	}
}

static void
answer_search(struct matcher *matcher)
{
	message_init(matcher->out, MESSAGE_found);
	search_run(matcher->index, &matcher->question->search, &matcher->out->found);
	brief_found(matcher->index, &matcher->out->found, clock_wall_ms());
}

static void
answer_refused(struct matcher *matcher, enum status status, const struct defects *defects)
{
	struct refused *refused = &matcher->out->refused;

	metrics_add(METRIC_message_refused_total, status_code(status), 1);
	message_init(matcher->out, MESSAGE_refused);
	refused->status = text_of(status_code(status));
	for (uint32_t i = 0; i < defects->count && i < DEFECTS_MAX; i++) {
		struct defect *defect = &refused->defects[refused->defects_count++];

		defect->field = text_of(defects->list[i].field);
		defect->why = text_of(defects->list[i].why);
	}
}

static void
answer_list(struct matcher *matcher)
{
	struct defects defects = { .count = 0 };
	enum status status = list_answer(matcher, &defects);

	if (status != STATUS_OK)
		answer_refused(matcher, status, &defects);
}

static void
on_question(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct matcher *matcher = self;
	struct defects defects = { .count = 0 };
	size_t out_length = 0;
	enum status status;

	status =
	    message_decode(matcher->asked, matcher->question, bytes, length, &defects);
	if (status != STATUS_OK)
		answer_refused(matcher, status, &defects);
	else if (matcher->question->kind == MESSAGE_preview)
		answer_preview(matcher);
	else if (matcher->question->kind == MESSAGE_search)
		answer_search(matcher);
	else if (matcher->question->kind == MESSAGE_find_places)
		answer_places(matcher);
	else if (matcher->question->kind == MESSAGE_find_terms)
		answer_terms(matcher);
	else if (matcher->question->kind == MESSAGE_list)
		answer_list(matcher);
	else
		answer_refused(matcher, STATUS_BAD_MESSAGE, &defects);
	matcher->out->id = matcher->question->id;
	status = message_encode(
	    matcher->out, matcher->buffer, sizeof matcher->buffer, &out_length);
	if (status == STATUS_OK)
		status =
		    link_server_send(matcher->queries, peer, matcher->buffer, out_length);
	if (status != STATUS_OK)
		log_event(
		    LOG_WARN, "answer_lost", LOG_STRING("status", status_code(status)));
}

void
questions_open(struct matcher *matcher)
{
	char why[256];

	if (link_server_open(matcher->service->link,
	        matcher->service->config->matcher_queries, on_question, matcher,
	        &matcher->queries, why, sizeof why) != STATUS_OK)
		log_die("matcher.queries: %s", why);
}
