/* SPDX-License-Identifier: Apache-2.0
 * Verbs between upstreams and workers: said, understood or refused. */
#include <stdio.h>

#include "common/id.h"
#include "common/link_socket.h"
#include "common/log.h"

enum status
link_say(struct link_socket *socket, const struct link_peer *peer,
    const struct message *message)
{
	struct link *link = socket->link;
	size_t length;
	enum status status =
	    message_encode(message, link->bytes, sizeof link->bytes, &length);

	if (status != STATUS_OK)
		return status;
	return link_socket_send(socket, peer, link->bytes, length);
}

void
link_refuse(struct link_socket *socket, const struct link_peer *peer, enum status status)
{
	struct link *link = socket->link;
	const struct message *in = link->in;
	const struct record *record = message_record(in->kind);
	struct message *out = link->out;
	uint32_t count = 0;

	link_count_refused(record != NULL ? record->name : "", status);
	if ((in->kind == MESSAGE_NONE && in->id.at == NULL) ||
	    in->kind == MESSAGE_refused || socket->refusals == LINK_REFUSALS_MAX)
		return;
	socket->refusals++;
	message_init(out, MESSAGE_refused);
	out->id = in->id;
	out->refused.status = text_of(status_code(status));
	for (; status == STATUS_INVALID && count < link->defects.count &&
	       count < DEFECTS_MAX;
	     count++) {
		out->refused.defects[count].field =
		    text_of(link->defects.list[count].field);
		out->refused.defects[count].why = text_of(link->defects.list[count].why);
	}
	out->refused.defects_count = count;
	(void)!link_say(socket, peer, out);
}

bool
link_decode(struct link_socket *socket, const struct link_peer *from, const void *bytes,
    size_t length)
{
	struct link *link = socket->link;
	enum status status;

	link->defects.count = 0;
	status = message_decode(link->decoder, link->in, bytes, length, &link->defects);
	if (status != STATUS_OK)
		link_refuse(socket, from, status);
	return status == STATUS_OK;
}

void
link_note_refused(const struct message *in, const char *by)
{
	log_event(LOG_WARN, "link_refused", LOG_STRING("by", by),
	    LOG_TEXT("status", in->refused.status));
}

void
link_name_boot(char boot[LINK_BOOT_BYTES])
{
	char uuid[ID_UUID_BYTES + 1];
	size_t length = 0;

	id_uuid7(uuid);
	for (const char *at = uuid; *at != '\0'; at++)
		if (*at != '-')
			boot[length++] = *at;
	boot[length] = '\0';
}

enum status
link_no_memory(char *why, size_t why_size)
{
	snprintf(why, why_size, "out of memory");
	return STATUS_NO_MEMORY;
}
