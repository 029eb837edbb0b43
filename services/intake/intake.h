/* SPDX-License-Identifier: Apache-2.0
 * Intake: the only way in.  Takes every command that changes a case, answers after the
 * write is on disk, and hands the needs that want a service to matchers. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "common/family.h"
#include "common/id.h"
#include "common/service.h"

/* Commands under way; more are answered BUSY. */
#define INTAKE_COMMANDS_MAX 4096
/* Sealed routing facts of one case; a longer one is refused as TOO_LARGE. */
#define INTAKE_ROUTING_MAX 16384

/* What Redis still has room for. */
struct pressure {
	bool is_memory_full, is_disk_full;
	double memory_used, memory_most; /* bytes; most 0: no limit */
	double disk_free, disk_total;    /* bytes; total 0: not known */
	double disk_kept;                /* bytes of limits.disk_share */
	char folder[512];                /* of Redis' files; empty: not known */
};

struct intake_service {
	struct service *service;
	struct seal *identity_keys; /* wrap the cases' own keys */
	struct seal *routing_keys;
	struct seal *index_keys; /* blind indexes */
	struct link_server *commands;
	struct link_upstream *work;
	struct decoder *decoder;
	struct family_keys family; /* the same keys, for what was read from Redis */
	struct message *message;   /* the command that is being decoded */
	struct message *out;       /* the answer or work that is being encoded */
	struct command *free;
	unsigned under_way;
	bool is_full; /* Redis' memory or disk runs out: intakes are answered BUSY */
	struct pressure pressure;
	uint8_t buffer[MESSAGE_MAX_BYTES];
};

/* One command between its arrival and its answer. */
struct command {
	struct intake_service *intake;
	struct command *next;
	struct link_peer peer;
	char id[65]; /* of the message, for the answer */
	char trace[56];
	enum message_kind kind;
	int64_t began_us;
	char item[ID_ITEM_MAX];             /* case or referral id */
	char name[ID_DIGEST_BYTES + 1];     /* that the functions know a change by */
	char digest[CASE_DIGEST_BYTES + 1]; /* submit: of the body */
	enum role role;                     /* answer: who, */
	char agency[65];                    /* and for which agency */
	enum urgency urgency;
	uint32_t needs_count;
	char terms[CASE_NEEDS_MAX][129];
	uint32_t reserved; /* places of workers that wait for this command's work */
	uint8_t *bytes;    /* of a command that needs a read first; malloc'd */
	size_t bytes_length;
	uint32_t routing_length;
	uint8_t routing[INTAKE_ROUTING_MAX];
};

/* Opens the sockets; dies (log_die) where that fails. */
void intake_open(struct intake_service *intake, struct service *service);
void intake_close(struct intake_service *intake);
/* Stops taking commands. */
void intake_drain(void *self);
bool intake_is_idle(void *self);
void intake_second(void *self);

/* ---- between the files of this folder ---- */

/* A command for the message that is being handled; NULL: too many under way. */
struct command *command_take(struct intake_service *intake, const struct link_peer *peer);
/* Gives back the command and the places it still holds. */
void command_end(struct command *command);

/* Answers and ends the command. */
void reply_refused(struct command *command, enum status status,
    const struct defects *defects, struct text state, uint32_t version);
void reply_moved(struct command *command, struct text item, struct text state,
    uint32_t version, bool is_again);
void reply_accepted(struct command *command, uint32_t version, bool is_again,
    const struct text *states, uint32_t states_count);
/* Answers a message that no command could be taken for. */
void reply_to_peer(struct intake_service *intake, const struct link_peer *peer,
    struct text id, enum status status, const struct defects *defects);

/* Takes up to `most` places of workers for this command. */
void handoff_reserve(struct command *command, uint32_t most);
/* Hands the first `reserved` needs, leased by accept, to workers. */
void handoff_needs(struct command *command, int64_t accepted_at_ms);
/* Gives back what was leased for a matcher that is gone. */
void handoff_return(struct intake_service *intake, struct text need, uint32_t attempt);
/* Hands one item that a function leased. */
void handoff_work(struct command *command, const struct work *work);

/* Seals an intake for its case: what matching needs under the routing key, with the point
 * rounded to 0.01 degrees, and the rest under the case's own key.  The routing text stays
 * in command->routing, the others in the buffers.  TOO_LARGE, INTERNAL. */
struct sealed_intake {
	uint8_t key[SEAL_SEED_BYTES];
	uint8_t identity[96 * 1024];
	size_t identity_length;
	char digest[CASE_DIGEST_BYTES + 1];
	char phone[SEAL_BLIND_BYTES + 1], where[SEAL_BLIND_BYTES + 1]; /* "" where none */
};
enum status intake_seal(struct command *command, const struct intake *in,
    struct text case_id, const uint8_t *case_key,
    struct sealed_intake *sealed) MUST_CHECK;

/* A case that is only in the archive: a repeat is answered as ever, anything else refused with
 * ARCHIVED.  Both answer the command. */
void archived_submit(struct command *command);
void archived_change(struct command *command);

/* Looks at Redis' memory and, where it is on this machine, disk; sets is_full and lets Redis
 * rewrite its append-only file only where the disk has room for that.  Once a second. */
void pressure_look(struct intake_service *intake);

/* The commands. */
void on_submit(struct intake_service *intake, const struct link_peer *peer);
void on_amend(struct intake_service *intake, const struct link_peer *peer);
void on_withdraw(struct intake_service *intake, const struct link_peer *peer);
void on_answer(struct intake_service *intake, const struct link_peer *peer);

#endif
