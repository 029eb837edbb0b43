/* SPDX-License-Identifier: Apache-2.0
 * Commands under way, their answers, and the hand-off of their work. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/intake/intake.h"

/* What a busy intake asks clients to wait. */
#define RETRY_AFTER_MS 1000

struct command *
command_take(struct intake_service *intake, const struct link_peer *peer)
{
	struct command *command = intake->free;

	if (intake->under_way >= INTAKE_COMMANDS_MAX)
		return NULL;
	if (command != NULL)
		intake->free = command->next;
	else if ((command = malloc(sizeof *command)) == NULL)
		return NULL;
	command->intake = intake;
	command->peer = *peer;
	command->kind = intake->message->kind;
	command->began_us = clock_mono_us();
	command->needs_count = 0;
	command->reserved = 0;
	command->bytes = NULL;
	command->bytes_length = 0;
	command->routing_length = 0;
	command->item[0] = command->name[0] = command->digest[0] = command->agency[0] =
	    '\0';
	command->role = role_absent;
	(void)text_copy(intake->message->id, command->id, sizeof command->id);
	(void)text_copy(intake->message->trace, command->trace, sizeof command->trace);
	intake->under_way++;
	return command;
}

void
command_end(struct command *command)
{
	struct intake_service *intake = command->intake;

	while (command->reserved > 0) {
		link_upstream_release(intake->work);
		command->reserved--;
	}
	free(command->bytes);
	command->next = intake->free;
	intake->free = command;
	intake->under_way--;
}

/* ---- answers ---- */

static void
send_out(struct intake_service *intake, const struct link_peer *peer, struct text id)
{
	size_t length = 0;
	enum status status;

	intake->out->id = id.length > 0 ? id : TEXT_ABSENT;
	status =
	    message_encode(intake->out, intake->buffer, sizeof intake->buffer, &length);
	if (status == STATUS_OK)
		status = link_server_send(intake->commands, peer, intake->buffer, length);
	if (status != STATUS_OK)
		log_event(
		    LOG_WARN, "answer_lost", LOG_STRING("status", status_code(status)));
}

static void
fill_refused(struct refused *refused, enum status status, const struct defects *defects)
{
	refused->status = text_of(status_code(status));
	for (uint32_t i = 0; defects != NULL && i < defects->count && i < DEFECTS_MAX;
	     i++) {
		struct defect *defect = &refused->defects[refused->defects_count++];

		defect->field = text_of(defects->list[i].field);
		defect->why = text_of(defects->list[i].why);
	}
	if (status == STATUS_BUSY || status == STATUS_UNAVAILABLE)
		refused->retry_after_ms = RETRY_AFTER_MS;
}

void
reply_to_peer(struct intake_service *intake, const struct link_peer *peer, struct text id,
    enum status status, const struct defects *defects)
{
	message_init(intake->out, MESSAGE_refused);
	fill_refused(&intake->out->refused, status, defects);
	send_out(intake, peer, id);
}

static void
count_command(const struct command *command, enum status status)
{
	metrics_add(
	    command->kind == MESSAGE_submit ? METRIC_accept_total : METRIC_command_total,
	    status_code(status), 1);
}

void
reply_refused(struct command *command, enum status status, const struct defects *defects,
    struct text state, uint32_t version)
{
	struct intake_service *intake = command->intake;

	count_command(command, status);
	message_init(intake->out, MESSAGE_refused);
	fill_refused(&intake->out->refused, status, defects);
	intake->out->refused.state = state;
	intake->out->refused.version = version;
	send_out(intake, &command->peer, text_of(command->id));
	command_end(command);
}

void
reply_moved(struct command *command, struct text item, struct text state,
    uint32_t version, bool is_again)
{
	struct intake_service *intake = command->intake;

	count_command(command, is_again ? STATUS_DUP : STATUS_OK);
	message_init(intake->out, MESSAGE_moved);
	intake->out->moved.item = item;
	intake->out->moved.state = state;
	intake->out->moved.version = version;
	intake->out->moved.again = is_again ? FLAG_YES : FLAG_NO;
	send_out(intake, &command->peer, text_of(command->id));
	command_end(command);
}

void
reply_accepted(struct command *command, uint32_t version, bool is_again,
    const struct text *states, uint32_t states_count)
{
	struct intake_service *intake = command->intake;
	struct accepted *accepted = &intake->out->accepted;
	char ids[CASE_NEEDS_MAX][ID_ITEM_MAX];

	count_command(command, is_again ? STATUS_DUP : STATUS_OK);
	message_init(intake->out, MESSAGE_accepted);
	accepted->case_id = text_of(command->item);
	accepted->version = version;
	accepted->again = is_again ? FLAG_YES : FLAG_NO;
	for (uint32_t i = 0; i < command->needs_count; i++) {
		struct need_state *need = &accepted->needs[accepted->needs_count++];

		record_init(&record_need_state, need);
		id_need(accepted->case_id, i + 1, ids[i]);
		need->id = text_of(ids[i]);
		need->term = text_of(command->terms[i]);
		need->state = i < states_count ? states[i] : LITERAL("received");
	}
	send_out(intake, &command->peer, text_of(command->id));
	metrics_observe_us(
	    METRIC_accept_seconds, NULL, clock_mono_us() - command->began_us);
	command_end(command);
}

/* ---- hand-off ---- */

void
handoff_reserve(struct command *command, uint32_t most)
{
	struct intake_service *intake = command->intake;

	while (intake->service->config->intake_handoff && command->reserved < most &&
	       link_upstream_reserve(intake->work))
		command->reserved++;
}

void
handoff_work(struct command *command, const struct work *work)
{
	struct intake_service *intake = command->intake;

	message_init(intake->out, MESSAGE_work);
	intake->out->work = *work;
	intake->out->trace = command->trace[0] ? text_of(command->trace) : TEXT_ABSENT;
	command->reserved--;
	if (link_upstream_send(intake->work, intake->out) != STATUS_OK)
		handoff_return(intake, work->item, work->attempt);
}

void
handoff_needs(struct command *command, int64_t accepted_at_ms)
{
	char id[ID_ITEM_MAX];
	struct work work;

	for (uint32_t need = 1; command->reserved > 0 && need <= command->needs_count;
	     need++) {
		record_init(&record_work, &work);
		id_need(text_of(command->item), need, id);
		work.stage = stage_match;
		work.item = text_of(id);
		work.version = 1;
		work.attempt = 1; /* the need is new */
		work.urgency = (uint8_t)command->urgency;
		work.term = text_of(command->terms[need - 1]);
		work.routing = (struct text){ (const char *)command->routing,
			command->routing_length };
		work.referrals = 0;
		work.accepted_at = accepted_at_ms;
		handoff_work(command, &work);
	}
}
