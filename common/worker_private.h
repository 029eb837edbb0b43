/* SPDX-License-Identifier: Apache-2.0
 * What worker.c and worker_alone.c share; nobody else includes it. */
#ifndef COMMON_WORKER_PRIVATE_H
#define COMMON_WORKER_PRIVATE_H

#include "common/worker.h"
#include "common/worknote.h"

/* A record `work`, encoded: its routing facts and the services that were tried. */
#define KEPT_BYTES 24576

struct worker {
	struct service *service;
	struct worker_options options;
	struct link_worker *link;
	struct worker_item
	    *items; /* room for the window of each upstream and for claims */
	unsigned capacity, held, claimed;
	unsigned asked[2]; /* of a claim under way; 0: none */
	bool has_more[2];  /* the last claim brought something: there may be more */
	unsigned first;    /* the stage that is asked for first, in turn */
	bool is_draining;
	bool is_counting; /* a crash of the former process, under way */
	bool is_closed;   /* freed when the calls under way have come back */
	struct loop_timer *claim_timer, *extend_timer, *reap_timer, *soon, *count_timer;
	struct worknote *note;
	struct worknote_death death; /* of the former process of this name */
	struct worker_item *alone;   /* nothing else may be in work beside it */
	size_t kept_length;          /* its work, until it is alone; 0: it is under way */
	struct decoder *decoder;     /* of the kept work */
	uint8_t kept[KEPT_BYTES];
};

/* ---- worker.c ---- */

void worker_hand(
    struct worker *worker, struct worker_item *item, const struct work *work);
/* Claims and takes over what is handed. */
void worker_begin_taking(struct worker *worker);
/* After worker_close: frees it once no call is under way. */
void worker_free(struct worker *worker);

/* ---- worker_alone.c ---- */

/* Takes an item that must be alone; what else is held is finished before. */
void alone_begin(
    struct worker *worker, struct worker_item *item, const struct work *work);
/* Hands it over if nothing else is held any more. */
void alone_go_on(struct worker *worker);
void alone_end(struct worker *worker);
/* Opens the note and counts what the former process died on, then begins to take work. */
void alone_open_note(struct worker *worker);

#endif
