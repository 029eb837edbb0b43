/* SPDX-License-Identifier: Apache-2.0
 * Amend, withdraw and answer: commands on a case that is there. */
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/rules.h"
#include "proto/state.h"
#include "services/intake/intake.h"

#define NOTE_MAX (4000 + SEAL_OVERHEAD_BYTES)

static void
on_moved(void *ctx, const struct case_result *result)
{
	struct command *command = ctx;

	if (result->status == STATUS_ABSENT) {
		archived_change(command);
		return;
	}
	if (!status_is_success(result->status)) {
		reply_refused(
		    command, result->status, NULL, result->state, result->version);
		return;
	}
	if (result->status == STATUS_OK && result->work != NULL && command->reserved > 0)
		handoff_work(command, result->work);
	reply_moved(command, text_of(command->item), result->state, result->version,
	    result->status == STATUS_DUP);
}

/* A command for an item; answers and returns NULL where there are too many or the id is
 * none of ours. */
static struct command *
take_for(struct intake_service *intake, const struct link_peer *peer, struct text item,
    unsigned depth)
{
	struct command *command = command_take(intake, peer);
	struct text case_id;
	unsigned need, attempt;

	if (command == NULL) {
		reply_to_peer(intake, peer, intake->message->id, STATUS_BUSY, NULL);
		return NULL;
	}
	if (!id_split(item, &case_id, &need, &attempt) ||
	    (need > 0) + (attempt > 0) != (int)depth) {
		reply_refused(command, STATUS_ABSENT, NULL, TEXT_ABSENT, UINT_ABSENT);
		return NULL;
	}
	(void)text_copy(item, command->item, sizeof command->item);
	return command;
}

static bool
keep_bytes(struct command *command)
{
	struct intake_service *intake = command->intake;
	size_t length = 0;

	if (message_encode(intake->message, intake->buffer, sizeof intake->buffer,
	        &length) != STATUS_OK)
		return false;
	command->bytes = malloc(length);
	if (command->bytes == NULL)
		return false;
	memcpy(command->bytes, intake->buffer, length);
	command->bytes_length = length;
	seal_wipe(intake->buffer, length);
	return true;
}

/* Reads the kept command again, into intake->message. */
static bool
read_again(struct command *command)
{
	struct defects defects = { .count = 0 };

	return message_decode(command->intake->decoder, command->intake->message,
	           command->bytes, command->bytes_length, &defects) == STATUS_OK;
}

/* A repeat is known by it; the empty one stands in every line of the journal that no command
 * wrote, so each such command would be taken for a repeat. */
static enum status
check_command_id(struct text command_id, struct defects *defects)
{
	if (command_id.length == 0)
		defects_add(defects, "is empty", "command_id");
	return defects->count > 0 ? STATUS_INVALID : STATUS_OK;
}

/* The name that the functions know the command by.  Of the caller's id alone, the same id for
 * another referral, action or by another caller would be answered as done before. */
static void
name_command(struct command *command, struct text verb, struct text by, struct text item,
    struct text command_id)
{
	char bytes[512];
	int length = snprintf(bytes, sizeof bytes, "%u %u %u %.*s%.*s%.*s%.*s",
	    verb.length, by.length, item.length, (int)verb.length, verb.at,
	    (int)by.length, by.at, (int)item.length, item.at ? item.at : "",
	    (int)command_id.length, command_id.at);

	id_digest(bytes, (size_t)length, command->name);
}

/* ---- withdraw ---- */

void
on_withdraw(struct intake_service *intake, const struct link_peer *peer)
{
	const struct withdraw *in = &intake->message->withdraw;
	struct command *command = take_for(intake, peer, in->case_id, 0);
	struct case_withdraw out = {
		.case_id = in->case_id,
		.version = in->version,
		.by = in->by,
		.role = (enum role)in->role,
		.reason = in->reason ? (enum reason)in->reason : reason_withdrawn,
	};
	struct defects defects = { .count = 0 };
	struct text case_id;
	unsigned attempt;
	enum status status;

	if (command == NULL)
		return;
	status = check_command_id(in->command_id, &defects);
	name_command(command, LITERAL("withdraw"), in->by, in->need, in->command_id);
	out.command_id = text_of(command->name);
	if (status == STATUS_OK && in->need.at != NULL &&
	    (!id_split(in->need, &case_id, &out.need, &attempt) || out.need == 0 ||
	        attempt != 0 || !text_equal(case_id, in->case_id)))
		status = STATUS_ABSENT;
	if (status == STATUS_OK)
		status = cases_withdraw(intake->service->cases, &out, on_moved, command);
	if (status != STATUS_OK)
		reply_refused(command, status, &defects, TEXT_ABSENT, UINT_ABSENT);
}

/* ---- answer ---- */

/* Whether the action can send a need back to matching. */
static bool
may_rematch(struct text action)
{
	for (const struct move *m = move_all(); m->action != NULL; m++)
		if (m->machine == MACHINE_referral && text_is(action, m->action) &&
		    strcmp(m->need, "rematch") == 0)
			return true;
	return false;
}

static enum status
send_answer(struct command *command, const struct answer *in, struct text note)
{
	const struct config *config = command->intake->service->config;

	if (may_rematch(in->action))
		handoff_reserve(command, 1);
	const struct case_answer out = {
		.referral = in->referral,
		.action = in->action,
		.version = in->version,
		.command_id = text_of(command->name),
		.by = in->by,
		.role = (enum role)in->role,
		.agency = in->agency,
		.reason = (enum reason)in->reason,
		.note = note,
		.lease_ms = command->reserved > 0 ? config->limits_lease : 0,
	};
	return cases_answer(command->intake->service->cases, &out, on_moved, command);
}

/* The case's key is known: the note can be sealed and the answer sent. */
static void
on_note_case(void *ctx, enum status status, const struct case_record *record)
{
	struct command *command = ctx;
	struct intake_service *intake = command->intake;
	uint8_t key[SEAL_KEY_BYTES], sealed[NOTE_MAX];
	size_t length = 0;

	if (status == STATUS_OK && record->view.archived == FLAG_YES) {
		archived_change(command);
		return;
	}
	if (status == STATUS_OK)
		status = seal_case_key_open(
		    intake->identity_keys, record->view.id, record->key, key);
	if (status == STATUS_OK && !read_again(command))
		status = STATUS_INTERNAL;
	if (status == STATUS_OK)
		status = seal_put_key(key, intake->message->answer.referral,
		    intake->message->answer.note, sealed, sizeof sealed, &length);
	seal_wipe(key, sizeof key);
	if (status == STATUS_OK)
		status = send_answer(command, &intake->message->answer,
		    (struct text){ (const char *)sealed, (uint32_t)length });
	if (status != STATUS_OK)
		reply_refused(command, status, NULL, TEXT_ABSENT, UINT_ABSENT);
}

void
on_answer(struct intake_service *intake, const struct link_peer *peer)
{
	const struct answer *in = &intake->message->answer;
	struct command *command = take_for(intake, peer, in->referral, 2);
	struct defects defects = { .count = 0 };
	struct text case_id;
	unsigned need, attempt;
	enum status status;

	if (command == NULL)
		return;
	command->role = (enum role)in->role;
	(void)text_copy(in->agency, command->agency, sizeof command->agency);
	name_command(command, in->action, in->by, in->referral, in->command_id);
	if (!action_exists(MACHINE_referral, in->action))
		defects_add(&defects, "is not a referral move of states.def", "action");
	if (text_is(in->action, "decline") && in->reason == 0)
		defects_add(&defects, "a decline needs a coded reason", "reason");
	if (in->role == role_agency && in->agency.length == 0)
		defects_add(&defects, "role agency answers for an agency", "agency");
	status = check_command_id(in->command_id, &defects);
	if (status == STATUS_OK && in->note.length > 0 &&
	    (!id_split(in->referral, &case_id, &need, &attempt) || !keep_bytes(command)))
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK)
		status = in->note.length == 0 ? send_answer(command, in, TEXT_ABSENT)
		                              : cases_get(intake->service->cases, case_id,
		                                    1, on_note_case, command);
	if (status != STATUS_OK)
		reply_refused(command, status, &defects, TEXT_ABSENT, UINT_ABSENT);
}

/* ---- amend ---- */

static void
merge(struct intake *intake, const struct changes *changes)
{
	if (changes->urgency != 0)
		intake->urgency = changes->urgency;
	if (changes->has_place) {
		intake->has_place = true;
		intake->place = changes->place;
	}
	if (changes->has_household) {
		intake->has_household = true;
		intake->household = changes->household;
	}
	if (changes->has_contact) {
		intake->has_contact = true;
		intake->contact = changes->contact;
	}
	if (changes->has_preferences) {
		intake->has_preferences = true;
		intake->preferences = changes->preferences;
	}
	if (changes->has_consent) {
		intake->has_consent = true;
		intake->consent = changes->consent;
	}
	for (uint32_t i = 0;
	     i < changes->add_needs_count && intake->needs_count < CASE_NEEDS_MAX; i++)
		intake->needs[intake->needs_count++] = changes->add_needs[i];
}

static enum status
send_amend(
    struct command *command, const struct amend *in, const struct sealed_intake *sealed)
{
	struct text terms[CASE_NEEDS_MAX];

	const struct case_amend out = {
		.case_id = in->case_id,
		.version = in->version,
		.command_id = text_of(command->name),
		.by = in->by,
		.role = (enum role)in->role,
		.urgency = (enum urgency)in->changes.urgency,
		.identity = { (const char *)sealed->identity,
		    (uint32_t)sealed->identity_length },
		.routing = { (const char *)command->routing, command->routing_length },
		.phone = text_of(sealed->phone),
		.where = text_of(sealed->where),
		.terms = terms,
		.terms_count = in->changes.add_needs_count,
	};

	for (uint32_t i = 0; i < in->changes.add_needs_count; i++)
		terms[i] = in->changes.add_needs[i].term;
	return cases_amend(command->intake->service->cases, &out, on_moved, command);
}

/* What is stored is open: put the changes on it, check the whole, seal it again. */
static enum status
amend_record(
    struct command *command, const struct case_record *record, struct defects *defects)
{
	static struct sealed_intake sealed; /* not for the stack; one loop, one use */
	static uint8_t plain[FAMILY_MAX_BYTES];
	static struct intake merged;
	struct intake_service *intake = command->intake;
	const struct changes *changes = &intake->message->amend.changes;
	uint8_t key[SEAL_KEY_BYTES];
	enum status status;

	status = family_open(&intake->family, record, key, plain, &merged);
	if (status == STATUS_OK &&
	    merged.needs_count + changes->add_needs_count > CASE_NEEDS_MAX)
		defects_add(defects, "a case has at most 16 needs", "changes.add_needs");
	if (status == STATUS_OK) {
		merge(&merged, changes);
		rules_check_changes(
		    changes, merged.household.members_count, "changes.", defects);
		status = defects->count > 0 ? STATUS_INVALID : STATUS_OK;
	}
	if (status == STATUS_OK)
		status =
		    intake_seal(command, &merged, text_of(command->item), key, &sealed);
	if (status == STATUS_OK)
		status = send_amend(command, &intake->message->amend, &sealed);
	seal_wipe(key, sizeof key);
	seal_wipe(plain, sizeof plain);
	return status;
}

static void
on_amend_case(void *ctx, enum status status, const struct case_record *record)
{
	struct command *command = ctx;
	struct defects defects = { .count = 0 };

	if (status == STATUS_OK && record->view.archived == FLAG_YES) {
		archived_change(command);
		return;
	}
	if (status == STATUS_OK && !read_again(command))
		status = STATUS_INTERNAL;
	if (status == STATUS_OK)
		status = amend_record(command, record, &defects);
	if (status != STATUS_OK)
		reply_refused(command, status, &defects, TEXT_ABSENT, UINT_ABSENT);
}

void
on_amend(struct intake_service *intake, const struct link_peer *peer)
{
	const struct amend *in = &intake->message->amend;
	struct command *command = take_for(intake, peer, in->case_id, 0);
	struct defects defects = { .count = 0 };
	enum status status;

	if (command == NULL)
		return;
	status = check_command_id(in->command_id, &defects);
	name_command(command, LITERAL("amend"), in->by, TEXT_ABSENT, in->command_id);
	if (in->role != role_operator && in->role != role_supervisor)
		status = STATUS_FORBIDDEN;
	if (status == STATUS_OK && !keep_bytes(command))
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK)
		status = cases_get(
		    intake->service->cases, in->case_id, 1, on_amend_case, command);
	if (status != STATUS_OK)
		reply_refused(command, status, &defects, TEXT_ABSENT, UINT_ABSENT);
}
