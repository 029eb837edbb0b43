/* SPDX-License-Identifier: Apache-2.0
 * Commands on a case that is in the archive alone. */
#include "services/intake/intake.h"

/* ---- an intake once more ---- */

static bool
is_same_intake(const struct case_record *record, const struct command *command)
{
	return record->digest.length >= CASE_DIGEST_BYTES &&
	       memcmp(record->digest.at, command->digest, CASE_DIGEST_BYTES) == 0;
}

static void
on_known(void *ctx, enum status status, const struct case_record *record)
{
	struct command *command = ctx;
	struct text states[CASE_NEEDS_MAX];

	if (status == STATUS_ABSENT)
		status = STATUS_UNAVAILABLE; /* it is on its way out or back: repeat */
	if (status == STATUS_OK && !is_same_intake(record, command))
		status = STATUS_KEY_REUSED;
	if (status != STATUS_OK) {
		reply_refused(command, status, NULL, TEXT_ABSENT, UINT_ABSENT);
		return;
	}
	for (uint32_t i = 0; i < record->view.needs_count; i++)
		states[i] = record->view.needs[i].state;
	reply_accepted(
	    command, record->view.version, true, states, record->view.needs_count);
}

void
archived_submit(struct command *command)
{
	enum status status = cases_get(command->intake->service->cases,
	    text_of(command->item), 1, on_known, command);

	if (status != STATUS_OK)
		reply_refused(command, status, NULL, TEXT_ABSENT, UINT_ABSENT);
}

/* ---- a change ---- */

/* The referral that is answered; NULL: none of the case, or not for this caller. */
static const struct referral_state *
referral_of(const struct command *command, const struct case_view *view)
{
	for (uint32_t i = 0; i < view->referrals_count; i++)
		if (text_is(view->referrals[i].id, command->item) &&
		    (command->role != role_agency ||
		        text_is(view->referrals[i].agency, command->agency)))
			return &view->referrals[i];
	return NULL;
}

static void
refuse_or_repeat(struct command *command, struct text state, uint32_t version)
{
	enum status status = cases_was_archived_with(command->intake->service->cases,
	    text_of(command->item), text_of(command->name));

	if (status == STATUS_OK)
		reply_moved(command, text_of(command->item), state, version, true);
	else
		reply_refused(command, status == STATUS_ABSENT ? STATUS_ARCHIVED : status,
		    NULL, state, version);
}

static void
on_record(void *ctx, enum status status, const struct case_record *record)
{
	struct command *command = ctx;
	const struct referral_state *referral = NULL;

	if (status == STATUS_OK && record->view.archived != FLAG_YES)
		status =
		    STATUS_ABSENT; /* the case is there, what was named of it is not */
	if (status == STATUS_OK && command->kind == MESSAGE_answer) {
		referral = referral_of(command, &record->view);
		if (referral == NULL)
			status = STATUS_ABSENT;
	}
	if (status != STATUS_OK)
		reply_refused(command, status, NULL, TEXT_ABSENT, UINT_ABSENT);
	else if (referral != NULL)
		refuse_or_repeat(command, referral->state, referral->version);
	else
		refuse_or_repeat(command, TEXT_ABSENT, record->view.version);
}

void
archived_change(struct command *command)
{
	struct text case_id;
	unsigned need, attempt;
	enum status status = STATUS_ABSENT;

	if (id_split(text_of(command->item), &case_id, &need, &attempt))
		status = cases_get(
		    command->intake->service->cases, case_id, 1, on_record, command);
	if (status != STATUS_OK)
		reply_refused(command, status, NULL, TEXT_ABSENT, UINT_ABSENT);
}
