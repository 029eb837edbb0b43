/* SPDX-License-Identifier: Apache-2.0
 * Submit: check, seal, store, answer, hand on. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/rules.h"
#include "services/intake/intake.h"

static void
blind_indexes(
    struct intake_service *intake, const struct intake *in, struct sealed_intake *sealed)
{
	char number[RULES_PHONE_BYTES];

	sealed->phone[0] = sealed->where[0] = '\0';
	if (in->has_contact && in->contact.phone.at != NULL &&
	    rules_phone_normal(in->contact.phone, number))
		seal_blind(
		    intake->index_keys, LITERAL("phone"), text_of(number), sealed->phone);
	if (in->has_place && in->place.code.length > 0)
		seal_blind(
		    intake->index_keys, LITERAL("place"), in->place.code, sealed->where);
}

static enum status
seal_routing(struct command *command, const struct intake *in, struct text case_id)
{
	struct intake_service *intake = command->intake;
	struct intake routing = *in;
	size_t plain = 0, length = 0;
	enum status status;

	if (routing.has_place)
		rules_coarsen_place(&routing.place);
	status = record_pack(&record_intake, &routing, MASK_NOT_PERSONAL, intake->buffer,
	    sizeof intake->buffer, &plain);
	if (status == STATUS_OK)
		status = seal_put(intake->routing_keys, case_id,
		    (struct text){ (const char *)intake->buffer, (uint32_t)plain },
		    command->routing, sizeof command->routing, &length);
	command->routing_length = (uint32_t)length;
	return status;
}

static enum status
seal_identity(struct intake_service *intake, const struct intake *in, struct text case_id,
    const uint8_t *case_key, struct sealed_intake *sealed)
{
	size_t plain = 0;
	enum status status;

	status = record_pack(&record_intake, in, MASK_PERSONAL, intake->buffer,
	    sizeof intake->buffer, &plain);
	if (status == STATUS_OK)
		status = seal_put_key(case_key, case_id,
		    (struct text){ (const char *)intake->buffer, (uint32_t)plain },
		    sealed->identity, sizeof sealed->identity, &sealed->identity_length);
	return status;
}

enum status
intake_seal(struct command *command, const struct intake *in, struct text case_id,
    const uint8_t *case_key, struct sealed_intake *sealed)
{
	struct intake_service *intake = command->intake;
	char digest[ID_DIGEST_BYTES + 1];
	uint8_t fresh[SEAL_KEY_BYTES];
	size_t whole = 0;
	enum status status;

	status = record_pack(
	    &record_intake, in, MASK_ALL, intake->buffer, sizeof intake->buffer, &whole);
	if (status != STATUS_OK)
		return status;
	id_digest(intake->buffer, whole, digest);
	(void)text_copy((struct text){ digest, CASE_DIGEST_BYTES }, sealed->digest,
	    sizeof sealed->digest);
	if (case_key == NULL) {
		seal_case_key_new(intake->identity_keys, case_id, fresh, sealed->key);
		case_key = fresh;
	}
	if (status == STATUS_OK)
		status = seal_identity(intake, in, case_id, case_key, sealed);
	seal_wipe(fresh, sizeof fresh);
	if (status == STATUS_OK)
		status = seal_routing(command, in, case_id);
	seal_wipe(intake->buffer, whole);
	blind_indexes(intake, in, sealed);
	return status;
}

static void
on_stored(void *ctx, const struct case_result *result)
{
	struct command *command = ctx;

	if (result->status == STATUS_ARCHIVED) {
		archived_submit(command);
		return;
	}
	if (!status_is_success(result->status)) {
		reply_refused(command, result->status, NULL, TEXT_ABSENT, UINT_ABSENT);
		return;
	}
	if (result->status == STATUS_OK)
		handoff_needs(command, result->at_ms);
	reply_accepted(command, result->version, result->status == STATUS_DUP,
	    result->states, result->states_count);
}

static enum status
store(
    struct command *command, const struct submit *in, const struct sealed_intake *sealed)
{
	const struct config *config = command->intake->service->config;
	struct text terms[CASE_NEEDS_MAX];
	const struct case_accept accept = {
		.case_id = text_of(command->item),
		.digest = text_of(sealed->digest),
		.by = in->by,
		.role = (enum role)in->role,
		.urgency = command->urgency,
		.key = { (const char *)sealed->key, sizeof sealed->key },
		.identity = { (const char *)sealed->identity,
		    (uint32_t)sealed->identity_length },
		.routing = { (const char *)command->routing, command->routing_length },
		.phone = text_of(sealed->phone),
		.where = text_of(sealed->where),
		.lease_ms = config->limits_lease,
		.handoff_count = command->reserved,
		.ready_most = (uint32_t)config->limits_ready_most,
		.terms = terms,
		.terms_count = command->needs_count,
	};

	for (uint32_t i = 0; i < command->needs_count; i++)
		terms[i] = text_of(command->terms[i]);
	return cases_accept(command->intake->service->cases, &accept, on_stored, command);
}

/* Agencies answer, they do not submit; operations and auditors only watch. */
static bool
may_submit(enum role role)
{
	return role == role_operator || role == role_supervisor ||
	       role == role_coordinator;
}

static void
keep(struct command *command, const struct submit *in)
{
	id_case(in->by, in->key, command->item);
	command->urgency = (enum urgency)in->intake.urgency;
	command->needs_count = in->intake.needs_count;
	for (uint32_t i = 0; i < in->intake.needs_count; i++)
		(void)text_copy(in->intake.needs[i].term, command->terms[i],
		    sizeof command->terms[i]);
}

void
on_submit(struct intake_service *intake, const struct link_peer *peer)
{
	static struct sealed_intake
	    sealed; /* 100 kB: not for the stack; one loop, one use */
	const struct submit *in = &intake->message->submit;
	struct defects defects = { .count = 0 };
	struct command *command = command_take(intake, peer);
	enum status status = STATUS_OK;

	if (command == NULL) {
		reply_to_peer(intake, peer, intake->message->id, STATUS_BUSY, NULL);
		return;
	}
	rules_check_intake(&in->intake, "intake.", &defects);
	if (in->key.length == 0)
		defects_add(&defects, "is empty", "key");
	if (defects.count > 0)
		status = STATUS_INVALID;
	else if (!may_submit((enum role)in->role))
		status = STATUS_FORBIDDEN;
	else if (intake->is_full)
		status = STATUS_BUSY;
	if (status == STATUS_OK) {
		keep(command, in);
		status = intake_seal(
		    command, &in->intake, text_of(command->item), NULL, &sealed);
	}
	if (status == STATUS_OK) {
		(void)text_copy(
		    text_of(sealed.digest), command->digest, sizeof command->digest);
		status =
		    cases_is_archived(intake->service->cases, text_of(command->item));
		if (status == STATUS_OK) {
			archived_submit(command);
			return;
		}
	}
	if (status == STATUS_ABSENT) {
		handoff_reserve(command, command->needs_count);
		status = store(command, in, &sealed);
	}
	if (status != STATUS_OK)
		reply_refused(command, status, &defects, TEXT_ABSENT, UINT_ABSENT);
}
