/* SPDX-License-Identifier: Apache-2.0
 * Replays decisions by another policy. */
#include "deploy/referralctl/policy.h"

#include <stdlib.h>

#define PAGE 256
#define TRIED_MOST 64

struct replay {
	struct session_wait wait;
	struct session *session;
	struct seal *routing;
	struct decoder *decoder;
	struct intake *intake;
	uint8_t plain[16384];
	struct case_view view; /* of the case in hand, its texts copied below */
	struct {
		char id[SESSION_ID_BYTES + 1], service[SESSION_ID_BYTES + 1];
	} referrals[64];
	int64_t since_ms;
	bool is_older; /* the case was accepted before */
	bool is_open;  /* its facts are */
	struct text text;
	struct policy_trial *trial;
};

/* The record's texts end with the call. */
static void
keep_referrals(struct replay *replay, const struct case_view *view)
{
	replay->view = *view;
	for (uint32_t i = 0; i < view->referrals_count; i++) {
		struct referral_state *referral = &replay->view.referrals[i];

		(void)text_copy(referral->id, replay->referrals[i].id,
		    sizeof replay->referrals[i].id);
		(void)text_copy(referral->service, replay->referrals[i].service,
		    sizeof replay->referrals[i].service);
		referral->id = text_of(replay->referrals[i].id);
		referral->service = text_of(replay->referrals[i].service);
	}
}

static void
on_record(void *ctx, enum status status, const struct case_record *record)
{
	struct replay *replay = ctx;
	struct defects defects = { .count = 0 };
	size_t length = 0;

	replay->wait.is_over = true;
	replay->wait.status = status;
	if (status != STATUS_OK)
		return;
	replay->is_older = record->view.accepted_at < replay->since_ms;
	replay->is_open =
	    seal_get(replay->routing, record->view.id, record->routing, replay->plain,
	        sizeof replay->plain, &length) == STATUS_OK &&
	    record_unpack(replay->decoder, &record_intake, replay->intake, replay->plain,
	        length, &defects) == STATUS_OK;
	keep_referrals(replay, &record->view);
}

/* Which service gets it; absent text: none.  False: no answer came. */
static bool
decide(struct replay *replay, const struct referral_state *referral, unsigned need,
    struct text policy, char service[SESSION_ID_BYTES + 1])
{
	struct preview *preview = &replay->session->out->preview;
	const struct message *reply;
	const struct why *why;
	struct text case_id;
	unsigned number, attempt;

	message_init(replay->session->out, MESSAGE_preview);
	preview->has_intake = true;
	preview->intake = *replay->intake;
	preview->most = 1;
	preview->only = need - 1;
	preview->at = referral->offered_at;
	preview->cleared = FLAG_YES;
	preview->policy = policy;
	for (uint32_t i = 0; i < replay->view.referrals_count; i++) {
		const struct referral_state *other = &replay->view.referrals[i];

		if (other == referral)
			break;
		if (id_split(other->id, &case_id, &number, &attempt) && number == need &&
		    preview->tried_count < TRIED_MOST)
			preview->tried[preview->tried_count++] = other->service;
	}
	reply = session_ask(replay->session, SESSION_MATCHER, MESSAGE_previewed);
	if (reply == NULL)
		return false;
	why = &reply->previewed.needs[0].why;
	service[0] = '\0';
	if (why->has_chosen)
		(void)text_copy(why->chosen.service, service, SESSION_ID_BYTES + 1);
	return true;
}

static void
tally(struct policy_trial *trial, struct text referral, const char *before,
    const char *after)
{
	uint32_t at = trial->examples_count;

	trial->decisions++;
	if (strcmp(before, after) == 0)
		return;
	trial->elsewhere++;
	if (at == POLICY_EXAMPLES_MOST)
		return;
	(void)text_copy(
	    referral, trial->examples[at].referral, sizeof trial->examples[at].referral);
	memcpy(trial->examples[at].before, before, SESSION_ID_BYTES + 1);
	memcpy(trial->examples[at].after, after, SESSION_ID_BYTES + 1);
	trial->examples_count++;
}

static bool
replay_case(struct replay *replay)
{
	char before[SESSION_ID_BYTES + 1], after[SESSION_ID_BYTES + 1];
	struct text case_id;
	unsigned need, attempt;

	if (!replay->is_open)
		replay->trial->unread++;
	for (uint32_t i = 0; replay->is_open && i < replay->view.referrals_count; i++) {
		const struct referral_state *referral = &replay->view.referrals[i];

		if (!id_split(referral->id, &case_id, &need, &attempt) || need == 0 ||
		    need > replay->intake->needs_count)
			continue;
		if (!decide(replay, referral, need, TEXT_ABSENT, before) ||
		    !decide(replay, referral, need, replay->text, after))
			return false;
		tally(replay->trial, referral->id, before, after);
	}
	return true;
}

/* The ids of the newest cases. */
static enum status
list_cases(struct session *session, uint32_t most, struct session_ids *ids)
{
	enum status status = STATUS_OK;
	size_t before;

	do {
		before = ids->count;
		ids->wait = (struct session_wait){ .is_over = false };
		status = session_settle(session,
		    cases_list(session->cases, TEXT_ABSENT, (unsigned)before,
		        most - (unsigned)before < PAGE ? most - (unsigned)before : PAGE,
		        session_on_id, session_on_done, ids),
		    &ids->wait);
	} while (status == STATUS_OK && ids->count > before && ids->count < most);
	return ids->has_failed ? STATUS_NO_MEMORY : status;
}

static bool
replay_all(struct replay *replay, const struct session_ids *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		enum status status;

		replay->wait = (struct session_wait){ .is_over = false };
		status = session_settle(replay->session,
		    cases_get(replay->session->cases, text_of(ids->list[i]), 0, on_record,
		        replay),
		    &replay->wait);
		if (status == STATUS_ABSENT)
			continue;
		if (status != STATUS_OK) {
			(void)session_failed(replay->session, status);
			return false;
		}
		if (!replay->is_older && !replay_case(replay))
			return false;
	}
	return true;
}

bool
policy_try(struct session *session, struct text text, int64_t since_ms,
    uint32_t cases_most, struct policy_trial *trial)
{
	static struct replay replay;
	static struct intake intake;
	struct session_ids ids = { .count = 0 };
	enum status status;
	bool is_good = false;

	*trial = (struct policy_trial){ .decisions = 0 };
	replay = (struct replay){ .session = session,
		.routing = session_key(session, "routing"),
		.decoder = decoder_new(),
		.intake = &intake,
		.since_ms = since_ms,
		.text = text,
		.trial = trial };
	if (replay.routing != NULL && replay.decoder != NULL) {
		status = list_cases(session, cases_most, &ids);
		if (status == STATUS_OK)
			is_good = replay_all(&replay, &ids);
		else
			(void)session_failed(session, status);
	}
	seal_wipe(replay.plain, sizeof replay.plain);
	seal_close(replay.routing);
	decoder_free(replay.decoder);
	session_ids_free(&ids);
	return is_good;
}
