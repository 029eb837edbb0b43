/* SPDX-License-Identifier: Apache-2.0
 * Answers the gateway: previews and searches, without effect. */
#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/say.h"
#include "services/matcher/brief.h"
#include "services/matcher/complete.h"
#include "services/matcher/matcher.h"
#include "services/matcher/search.h"
#include "services/matcher/together.h"

#define PREVIEW_DEFAULT 3

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
preview_need(struct matcher *matcher, const struct policy *policy, uint32_t position)
{
	/* The answer's texts point into it until it is sent. */
	static struct said said[sizeof matcher->out->previewed.needs /
	                        sizeof *matcher->out->previewed.needs];
	const struct preview *in = &matcher->question->preview;
	struct previewed *out = &matcher->out->previewed;
	char lang[36];
	uint32_t most = in->most == UINT_ABSENT ? PREVIEW_DEFAULT : in->most;
	struct need_preview *need = &out->needs[out->needs_count++];
	const struct taxonomies *taxonomies = matcher->references.taxonomies;
	struct match_question question = {
		.intake = &in->intake,
		.places = matcher->references.places,
		.policy = policy,
		.loads = matcher->loads,
		.answers = matcher->answers,
		.need = position,
		.tried = in->tried,
		.tried_count = in->tried_count,
		.now_ms = in->at == TIME_ABSENT ? clock_wall_ms() : in->at,
		.seed = in->seed == UINT_ABSENT ? 0 : in->seed,
		.may_be_cleared_only = in->cleared == FLAG_YES,
	};
	struct match_question first = question;
	struct together together;
	struct match_result result;

	first.need = 0;
	together_foresee(matcher->index, &first, &question, &together);
	match(matcher->index, &question, &result);
	record_init(&record_need_preview, need);
	record_init(&record_why, &need->why);
	need->has_why = true;
	need->term = in->intake.needs[position].term;
	suggest_reason(taxonomies, need->term, &result.reason);
	need->reason = (uint8_t)result.reason;
	if (result.reason == reason_unknown_term)
		need->suggestions_count = suggest_briefs(
		    taxonomies, TEXT_ABSENT, need->term, need->suggestions);
	match_explain(matcher->index, &question, &result,
	    result.count > 0 ? 0 : UINT32_MAX, most > 0 ? most - 1 : 0, true, &need->why);
	if (text_copy(in->lang, lang, sizeof lang) && lang[0] != '\0')
		say_why(&need->why, lang, &said[out->needs_count - 1]);
}

/* Another policy than the one in force, where the question brings one. */
static bool
preview_policy(const struct matcher *matcher, struct policy *policy)
{
	static char text[POLICY_TEXT_MOST + 1];
	struct text given = matcher->question->preview.policy;

	*policy = matcher->policy;
	return given.at == NULL || (text_copy(given, text, sizeof text) &&
	                               policy_read(policy, text, NULL) == STATUS_OK);
}

static void
answer_preview(struct matcher *matcher)
{
	const struct preview *in = &matcher->question->preview;
	struct defects defects = { .count = 0 };
	struct policy policy;

	if (!preview_policy(matcher, &policy))
		defects_add(&defects, "is no legal policy", "policy");
	if (in->only != UINT_ABSENT && in->only >= in->intake.needs_count)
		defects_add(&defects, "is no position of a need", "only");
	if (defects.count > 0) {
		answer_refused(matcher, STATUS_INVALID, &defects);
		return;
	}
	message_init(matcher->out, MESSAGE_previewed);
	for (uint32_t i = 0; i < in->intake.needs_count; i++)
		if (in->only == UINT_ABSENT || in->only == i)
			preview_need(matcher, &policy, i);
}

static void
answer_search(struct matcher *matcher)
{
	message_init(matcher->out, MESSAGE_found);
	search_run(matcher->index, matcher->references.places, &matcher->question->search,
	    &matcher->out->found);
	brief_found(matcher->index, &matcher->out->found, clock_wall_ms());
}

static void
answer_complete(struct matcher *matcher)
{
	message_init(matcher->out, MESSAGE_completed);
	complete_run(
	    matcher->index, &matcher->question->complete, &matcher->out->completed);
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
	else if (matcher->question->kind == MESSAGE_complete)
		answer_complete(matcher);
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
