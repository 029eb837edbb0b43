/* SPDX-License-Identifier: Apache-2.0
 * Matcher: gives each need the service best placed to help, with the reason, and answers
 * previews and searches. */
#ifndef MATCHER_MATCHER_H
#define MATCHER_MATCHER_H

#include "common/directory.h"
#include "common/worker.h"
#include "services/matcher/catalogue.h"
#include "services/matcher/match.h"
#include "services/matcher/references.h"
#include "services/matcher/suggest.h"

/* Services edited while a directory is loaded that are read again; of more all are. */
#define MATCHER_EDITED_MOST 256

struct matcher {
	struct service *service;
	struct seal *routing_keys;
	struct worker *worker;
	struct link_server *queries; /* NULL until there is a directory */
	struct link_upstream *notifiers;
	struct directory *directory;
	struct references references;
	struct facts_reader *reader;
	struct index *index;   /* in use */
	struct index *loading; /* being filled, NULL when nothing is loaded */
	struct catalogue *catalogue, *catalogue_loading; /* beside them */
	bool must_reload;      /* the directory changed while it was being loaded */
	unsigned edited_count; /* meanwhile */
	char edited[MATCHER_EDITED_MOST][INDEX_ID_BYTES];
	bool is_started;
	size_t places_at;     /* of the index: those before it have Redis' places */
	struct policy policy; /* in force */
	struct loads *loads;
	struct answers *answers;
	uint32_t policy_seen; /* version, whether understood or not */
	bool has_policy, is_policy_asked;
	unsigned confirm_calls; /* of a look for places to confirm, still out */
	int64_t confirm_next_ms, confirm_before_ms;
	struct decoder *decoder; /* of routing facts */
	struct decoder *asked;   /* of questions */
	struct message *question, *out;
	struct intake *intake; /* the routing facts that are being matched */
	struct why *why;
	struct decision *free;
	uint8_t buffer[MESSAGE_MAX_BYTES];
};

/* Opens sockets and begins to load the directory; the process is ready and takes work
 * once that is done.  Dies (log_die) where a socket cannot be opened. */
void matcher_open(struct matcher *matcher, struct service *service);
void matcher_close(struct matcher *matcher);
void matcher_drain(void *self);
bool matcher_is_idle(void *self);
void matcher_second(void *self);

/* ---- between the files of this folder ---- */

/* Loads the directory into a fresh index, then swaps it in. */
void directory_reload(struct matcher *matcher);
/* Frees what is loaded and what is being loaded. */
void directory_forget_all(struct matcher *matcher);
void on_directory_change(void *self, const struct directory_change *change);

/* Gives the index what Redis holds of all services' places, some hundred at a time. */
void places_load(struct matcher *matcher);

/* Asks which policy is in force; once a second, and at the start. */
void policy_look(struct matcher *matcher);

/* Looks for places that were reported too long ago, now and then; once a second. */
void confirm_look(struct matcher *matcher);

/* A need to match. */
worker_on_work on_match_work;

/* Offers the need to the best candidates, or parks it, and is done with the item: in an emergency
 * to as many agencies at once as the policy says, else to one. */
void offer(struct matcher *matcher, struct worker_item *item, const struct work *work,
    const struct match_question *question, const struct match_result *result);
/* A referral's telling was leased for a notifier that is gone. */
void give_telling_back(struct matcher *matcher, struct text referral, uint32_t attempt);
/* Frees what ended offers left for the next. */
void offers_free(struct matcher *matcher);

/* Answers what the gateway asks about places and terms. */
void answer_places(struct matcher *matcher);
void answer_terms(struct matcher *matcher);
/* Answers a list: matcher->question to matcher->out, which a refusal replaces. */
enum status list_answer(struct matcher *matcher, struct defects *defects);

/* Answers the gateway from now on: there is a directory. */
void questions_open(struct matcher *matcher);

#endif
