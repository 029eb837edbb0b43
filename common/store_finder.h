/* SPDX-License-Identifier: Apache-2.0
 * What the sentinels are asked and have said.  For store_primary.c and store_confirm.c only. */
#ifndef COMMON_STORE_FINDER_H
#define COMMON_STORE_FINDER_H

#include "common/store_connection.h"

#define ASK_IN_DOUBT_MS ((int64_t)100)
#define NO_EPOCH ((int64_t)-1)
/* That one primary may have, former ones that the sentinels still know included. */
#define REPLICAS_KNOWN_MOST 16

struct replica {
	char address[ENDPOINT_BYTES]; /* "HOST:PORT" */
	int64_t
	    offset; /* of the stream of writes: what it has acknowledged, or as its last
	                   INFO said */
	int64_t priority; /* least is chosen first */
	bool is_still;    /* the offset goes no further for now */
};

struct replicas {
	unsigned count;
	bool is_whole; /* false: could not be read, or are too many */
	struct replica list[REPLICAS_KNOWN_MOST];
};

enum answered { ASKED_NOTHING, AWAITED, CONFIRMED, DENIED };

struct sentinel {
	struct finder *finder;
	struct endpoint endpoint;
	int64_t epoch; /* of what it says next */
	struct connection *connection;
	/* Of the round: whether this is the primary, and whom it could choose for the next. */
	enum answered answer;
	struct replicas candidates;
};

struct finder {
	struct store *store;
	struct greeting words;
	struct loop_timer *timer;
	char *name;
	bool is_in_doubt;
	int64_t doubts_since;
	int64_t epoch; /* of the primary that is followed; NO_EPOCH: none */
	int64_t ask_at;
	bool is_confirming; /* a round of questions is under way */
	bool is_lack_logged;
	int64_t confirm_at; /* when the next may begin */
	struct connection
	    *witness; /* to the primary; NULL where no reply waits for replicas */
	enum answered witnessed;
	int64_t written;           /* the primary's offset when the round began */
	struct replicas followers; /* and what its replicas have by now */
	unsigned count;
	struct sentinel list[SENTINELS_MOST];
};

/* ---- store_primary.c ---- */

/* The value of that name in a list of names and values; NULL: none. */
const struct store_value *finder_member(
    const struct store_value *pairs, const char *name);
/* Empty where host or port is none. */
void endpoint_join(struct endpoint *endpoint, struct text host, struct text port);

/* ---- store_confirm.c ---- */

/* Opens the witness.  False: out of memory. */
bool confirm_open(struct finder *finder) MUST_CHECK;
/* Goes on with a round or begins one where a batch is short; when the finder is to be called
 * again at the latest, INT64_MAX: whenever it likes. */
int64_t confirm_tick(struct finder *finder, int64_t now);

#endif
