/* SPDX-License-Identifier: Apache-2.0
 * Cases, needs, referrals and the queues that their work waits in: every transition and
 * every read of them, as typed calls on the functions of proto/functions/.
 *
 * Every call is idempotent (derived ids, command ids, versions), so the store repeats it
 * by itself after a lost connection.  A callback comes exactly once per call that
 * returned OK, never from inside the call.  Texts of arguments are copied; texts of
 * results are valid during the callback. */
#ifndef COMMON_CASES_H
#define COMMON_CASES_H

#include "common/store.h"
#include "proto/message.h"

#define CASE_NEEDS_MAX 16

struct cases;
struct archive;
/* NULL: out of memory.  The cell's name becomes the hash tag. */
struct cases *cases_open(struct store *store, const char *cell);
void cases_close(struct cases *cases);
/* From now on cases, and journal lines of cases, that Redis does not hold any more are read
 * there.  Not owned. */
void cases_attach(struct cases *cases, struct archive *archive);

/* As many agencies may be offered one need at once. */
#define CASE_OFFERS_MAX 4
struct case_offered {
	struct text referral;
	uint32_t position; /* which candidate got it */
	bool is_told;      /* with the offer, by its inbox */
};

/* What a transition came to.  status: OK, DUP (done before: success), or why nothing
 * changed: ABSENT, KEY_REUSED, ILLEGAL_MOVE, STALE, FORBIDDEN, FULL, INVALID, BUSY;
 * UNAVAILABLE: outcome unknown, repeat it; INTERNAL: our bug.  The other members are set
 * where the call says so. */
struct case_result {
	enum status status;
	struct text state;                  /* of the referral or need */
	uint32_t version;                   /* of the case or referral */
	int64_t at_ms;                      /* accept: when it was stored */
	struct text states[CASE_NEEDS_MAX]; /* accept, DUP: states of the needs */
	uint32_t states_count;
	struct case_offered offered[CASE_OFFERS_MAX]; /* offer: the new referrals */
	uint32_t offered_count;                       /* 0: parked */
	/* offer: open referrals of the agencies with limits that were asked, by candidate */
	struct {
		uint32_t candidate, open;
	} loads[8];
	uint32_t loads_count;
	enum reason reason; /* offer: why it was parked */
	bool is_more; /* told: more tellings wait; clock: the need waits to be matched */
	bool is_dead; /* nack: it is a dead letter now */
	uint32_t count; /* extend: still held; reap: by stage in `counts` */
	uint32_t counts[3];
	uint32_t first_need; /* amend: number of the first added need */
	struct text cursor;  /* scan: where the next page begins; "0": there is none */
	const struct work
	    *work; /* answer, with a lease asked for: the need's leased work; or NULL */
};
typedef void cases_done(void *ctx, const struct case_result *result);

/* ---- intake ---- */

/* Digits of an intake's digest that are kept: enough to tell another body under the same key.
 * Older cases hold more of them. */
#define CASE_DIGEST_BYTES 16
struct case_accept {
	struct text case_id, digest, by;
	enum role role;
	enum urgency urgency;
	struct text key, identity, routing; /* sealed */
	struct text phone, where;           /* blind numbers, or absent */
	int64_t lease_ms;
	uint32_t handoff_count; /* so many needs, from the first, are leased at once */
	uint32_t ready_most;
	const struct text *terms;
	uint32_t terms_count;
};
enum status cases_accept(struct cases *cases, const struct case_accept *in,
    cases_done *done, void *ctx) MUST_CHECK;

struct case_answer {
	struct text referral, action;
	uint32_t version; /* UINT_ABSENT: any */
	struct text command_id, by;
	enum role role;
	struct text agency;
	enum reason reason;
	struct text note; /* sealed, or absent */
	int64_t
	    lease_ms; /* 0: the need, if it is to be matched again, waits in the queue */
};
enum status cases_answer(struct cases *cases, const struct case_answer *in,
    cases_done *done, void *ctx) MUST_CHECK;

struct case_withdraw {
	struct text case_id;
	uint32_t need;    /* 0: all */
	uint32_t version; /* UINT_ABSENT: any */
	struct text command_id, by;
	enum role role;
	enum reason reason;
};
enum status cases_withdraw(struct cases *cases, const struct case_withdraw *in,
    cases_done *done, void *ctx) MUST_CHECK;

struct case_amend {
	struct text case_id;
	uint32_t version;
	struct text command_id, by;
	enum role role;
	enum urgency urgency; /* 0: as it is */
	struct text identity, routing, phone, where;
	const struct text *terms; /* of added needs */
	uint32_t terms_count;
};
enum status cases_amend(struct cases *cases, const struct case_amend *in,
    cases_done *done, void *ctx) MUST_CHECK;

/* ---- workers ---- */

/* One claimed item, valid during the call; then `done` once, count is how many there
 * were. */
typedef void cases_on_work(void *ctx, const struct work *work);
enum status cases_claim(struct cases *cases, enum stage stage, unsigned most,
    int64_t lease_ms, cases_on_work *on_work, cases_done *done, void *ctx) MUST_CHECK;

/* What a claimed item is known by. */
struct case_lease {
	char item[48];
	uint32_t attempt;
};
enum status cases_extend(struct cases *cases, enum stage stage, int64_t lease_ms,
    const struct case_lease *leases, unsigned count, cases_done *done,
    void *ctx) MUST_CHECK;

enum nack_kind { NACK_FREE, NACK_FAILURE, NACK_DEAD };
struct case_nack {
	enum stage stage;
	struct text item;
	uint32_t attempt;
	enum nack_kind kind;
	int64_t delay_ms;
	uint32_t failures_most;
	struct text why; /* a short word for the journal */
};
enum status cases_nack(struct cases *cases, const struct case_nack *in, cases_done *done,
    void *ctx) MUST_CHECK;

/* A worker died in the middle of the item.  `death` is an id of that death, which counts once.
 * OK, is_dead; DUP: counted before; ABSENT: the item waits no longer. */
struct case_crash {
	enum stage stage;
	struct text item;
	uint32_t attempt;
	uint32_t crashes_most;
	struct text by, death;
};
enum status cases_crash(struct cases *cases, const struct case_crash *in,
    cases_done *done, void *ctx) MUST_CHECK;

/* Leases that ran out become ready again; anybody may call it. */
enum status cases_reap(
    struct cases *cases, unsigned most, cases_done *done, void *ctx) MUST_CHECK;

struct case_candidate {
	struct text service, agency, why; /* why: an encoded record `why` */
	double
	    report_hours; /* an older report of its places is not believed; NaN: any is */
	struct text limits; /* of the agency, as hl_offer takes them; absent: none */
};
struct case_offer {
	struct text need;
	uint32_t version;
	struct text commit_id, by;
	enum reason reason; /* where there is no candidate */
	int64_t look_ms;    /* when a parked need is looked at again */
	int64_t expires_ms; /* after the offer */
	int64_t first_ms;   /* first clock, after the offer */
	struct text first_purpose;
	int64_t
	    lease_ms; /* > 0: the notifier has room, lease a telling at once: of the first
	                   * that is not told by its inbox */
	uint32_t
	    offers_most; /* 1 to CASE_OFFERS_MAX, each to another agency; the first that
	                       * accepts keeps it, and the others are recalled */
	struct text siblings; /* numbers of needs that must go to the same service, blanks
	                       * between; absent: none.  STALE where one is at none of these */
	const struct case_candidate *candidates;
	uint32_t candidates_count;
};
enum status cases_offer(struct cases *cases, const struct case_offer *in,
    cases_done *done, void *ctx) MUST_CHECK;

enum status cases_told(struct cases *cases, const struct work *work, const char *channel,
    bool is_delivered, struct text by, cases_done *done, void *ctx) MUST_CHECK;

struct case_clock {
	const struct work *work;
	struct text next_purpose; /* remind and escalate: what comes next */
	int64_t next_ms;          /* after the offer */
	struct text by;
};
enum status cases_clock(struct cases *cases, const struct case_clock *in,
    cases_done *done, void *ctx) MUST_CHECK;

/* ---- reading ---- */

/* A case as it lies in Redis: still sealed. */
struct case_record {
	struct case_view view; /* ids, states, versions, timeline; persons absent */
	struct text by, key, identity, routing, digest;
	struct text whys[64];  /* encoded `why` of view.referrals, by position */
	struct text notes[64]; /* sealed notes of answers, by position */
};
typedef void cases_got(void *ctx, enum status status, const struct case_record *record);
/* With up to `timeline_most` transitions; with none it costs Redis a sixth.  From the archive where
 * it is there alone.  OK; ABSENT; UNAVAILABLE. */
enum status cases_get(struct cases *cases, struct text case_id, unsigned timeline_most,
    cases_got *got, void *ctx) MUST_CHECK;

/* Case or referral ids, one call per id, then done with `count`. */
typedef void cases_on_id(void *ctx, struct text id);
/* Open cases from the newest, then archived ones with that word (see cases_word; absent: all),
 * the last closed first; `offset` of both passed over. */
enum status cases_list(struct cases *cases, struct text word, unsigned offset,
    unsigned most, cases_on_id *on_id, cases_done *done, void *ctx) MUST_CHECK;
/* What archived cases are found by: kind "agency" or "state", of a need or referral. */
#define CASES_WORD_BYTES 96
struct text cases_word(const char *kind, struct text value, char word[CASES_WORD_BYTES]);
/* Cases by blind index: kind "phone" or "where"; archived ones last, 10,000 at most. */
enum status cases_find(struct cases *cases, const char *kind, struct text blind,
    cases_on_id *on_id, cases_done *done, void *ctx) MUST_CHECK;
/* An agency's open referrals from the oldest. */
enum status cases_inbox(struct cases *cases, struct text agency, unsigned offset,
    unsigned most, cases_on_id *on_id, cases_done *done, void *ctx) MUST_CHECK;

/* The queues, for gauges and qshape; TIME_ABSENT where none waits. */
struct queue_shape {
	struct {
		struct {
			uint32_t count;
			int64_t oldest_ms; /* now less the score: < 0 while not yet due */
		} ready[3], leased, delayed, dead;
		int64_t entered, left;
	} stages[3];
	int64_t open, cases_entered, cases_left;
	int64_t now_ms;
};
typedef void cases_shaped(void *ctx, enum status status, const struct queue_shape *shape);
enum status cases_queues(struct cases *cases, cases_shaped *shaped, void *ctx) MUST_CHECK;
/* entered - left - what is in the sets, summed over absolute values: must be 0. */
int64_t queue_shape_error(const struct queue_shape *shape);

/* Dead letters of a stage, oldest first. */
enum status cases_dead_list(struct cases *cases, enum stage stage, unsigned offset,
    unsigned most, cases_on_id *on_id, cases_done *done, void *ctx) MUST_CHECK;
/* action: "replay" (counters start anew) or "drop". */
enum status cases_dead(struct cases *cases, enum stage stage, struct text item,
    const char *action, struct text by, cases_done *done, void *ctx) MUST_CHECK;

/* How an agency wants to be told: channel name and address; ABSENT: nothing stored. */
typedef void cases_channel_got(
    void *ctx, enum status status, struct text channel, struct text address);
enum status cases_channel_get(struct cases *cases, struct text agency,
    cases_channel_got *got, void *ctx) MUST_CHECK;
enum status cases_channel_set(struct cases *cases, struct text agency,
    struct text channel, struct text address, cases_done *done, void *ctx) MUST_CHECK;

/* Journal lines after `after` ("0": from the start, "$" is not allowed), oldest first, at
 * most `most`; `id` of the last one is where to go on.  A line about a referral that moved its need
 * comes as two transitions with one id: `is_last` is false for the first of them. */
typedef void cases_on_transition(
    void *ctx, struct text case_id, const struct transition *line, bool is_last);
enum status cases_journal(struct cases *cases, struct text after, unsigned most,
    cases_on_transition *on_line, cases_done *done, void *ctx) MUST_CHECK;

/* Accounts: who a token is.  Written by operations, read as a whole by the gateway. */
typedef void cases_on_account(void *ctx, struct text digest, enum role role,
    struct text person, struct text agency);
enum status cases_accounts(struct cases *cases, cases_on_account *on_account,
    cases_done *done, void *ctx) MUST_CHECK;
enum status cases_account_set(struct cases *cases, struct text digest, enum role role,
    struct text person, struct text agency, cases_done *done, void *ctx) MUST_CHECK;
/* The token counts no longer; OK also where it never did. */
enum status cases_account_remove(
    struct cases *cases, struct text digest, cases_done *done, void *ctx) MUST_CHECK;

/* One page of a walk over every key {cell}:KIND:NAME, in no order: the names.  `cursor` is "0" at
 * first, then the result's.  What is there all the time is named, perhaps twice.  Kind "case":
 * every case, open or closed; "place": services that a place was ever counted of; "inbox". */
enum status cases_names(struct cases *cases, const char *kind, struct text cursor,
    cases_on_id *on_id, cases_done *done, void *ctx) MUST_CHECK;
/* How many places of a service are held for offers; 0 where none ever was. */
typedef void cases_held_got(void *ctx, enum status status, int64_t held);
enum status cases_held(
    struct cases *cases, struct text service, cases_held_got *got, void *ctx) MUST_CHECK;

/* The same, and in the same moment how many of the agency's open referrals hold one: -1 where it
 * has too many to count at once. */
typedef void cases_place_counted(
    void *ctx, enum status status, int64_t held, int64_t counted);
enum status cases_check_place(struct cases *cases, struct text service,
    struct text agency, cases_place_counted *counted, void *ctx) MUST_CHECK;

/* Checks the named cases: each violation, and each place they hold (what == "held", item
 * is the service). */
typedef void cases_on_check(void *ctx, struct text item, struct text what);
enum status cases_check(struct cases *cases, const struct text *case_ids, unsigned count,
    cases_on_check *on_check, cases_done *done, void *ctx) MUST_CHECK;
/* One page of a walk over the set {cell}:NAME ("open", "match:dead", "inbox:AGENCY" ...): each
 * entry that names no case, need or referral that is there. */
enum status cases_check_entries(struct cases *cases, struct text name, struct text cursor,
    cases_on_check *on_check, cases_done *done, void *ctx) MUST_CHECK;

/* ---- archiving ---- */

/* Lines of one round: each at most one case.  Redis does nothing else meanwhile. */
#define CASES_ARCHIVE_MOST 128

/* One round: journal lines older than keep_ms, oldest first and at most `most`, are written to
 * the attached archive, with the cases that ended with them; when that is on disk they are
 * removed from Redis.  To be repeated after any status: what was done is not done again, nothing
 * is ever in neither place, and a case that changed meanwhile stays in Redis. */
struct case_round {
	enum status status;
	uint32_t lines, cases; /* that were written */
	uint32_t stayed;       /* cases that changed meanwhile */
	int64_t archived;      /* cases so far, ever */
	int64_t write_us;      /* the write to the archive, its sync included */
};
typedef void cases_round_done(void *ctx, const struct case_round *round);
enum status cases_archive(struct cases *cases, int64_t keep_ms, unsigned most,
    cases_round_done *done, void *ctx) MUST_CHECK;
/* Whether the case is in the archive, perhaps in Redis too: OK, ABSENT, BUSY, UNAVAILABLE. */
enum status cases_is_archived(struct cases *cases, struct text case_id) MUST_CHECK;
/* Whether one of the archived transitions of the item's case was made by that command: OK, ABSENT,
 * BUSY, UNAVAILABLE. */
enum status cases_was_archived_with(
    struct cases *cases, struct text item, struct text command) MUST_CHECK;
/* How many cases were ever moved to the archive. */
typedef void cases_counted(void *ctx, enum status status, int64_t count);
enum status cases_archived_count(
    struct cases *cases, cases_counted *got, void *ctx) MUST_CHECK;
/* The oldest journal line that is not removed: "" where none ever was. */
typedef void cases_journal_from(void *ctx, enum status status, struct text line_id);
enum status cases_oldest_line(
    struct cases *cases, cases_journal_from *got, void *ctx) MUST_CHECK;

#endif
