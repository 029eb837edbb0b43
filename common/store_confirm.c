/* SPDX-License-Identifier: Apache-2.0
 * Whether a batch that WAIT found with too few replicas is safe all the same.
 *
 * Two things could take it back.  This may be the primary no more: one that stood still and goes
 * on finds one of two replicas behind it, while the other has taken its place.  So the sentinels,
 * asked after the WAIT, must say that it is, and that no failover has begun.  And whom they choose
 * next may lack the batch.  So each of them must know one that has it, and prefer that to all that
 * lack it: by priority, then by the offset that the last INFO gave (Redis 7.0, sentinel.c,
 * compareSlavesForPromotion).  For this to last until the next INFO, which may be 10 s away, one
 * that lacks the batch must not get further: one that follows is waited for, and one that does not
 * must have said so in the INFO that its offset is from. */
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/store_finder.h"

#define NEVER INT64_MAX
#define WITNESS_WAIT_MS "300"

static struct text
name_of(const struct finder *finder)
{
	return text_of(finder->name);
}

/* ---- reading replicas ---- */

static struct replica *
replicas_add(struct replicas *replicas, struct text host, struct text port)
{
	struct endpoint endpoint = { 0 };
	struct replica *replica = NULL;

	endpoint_join(&endpoint, host, port);
	if (endpoint.port == 0 || replicas->count == REPLICAS_KNOWN_MOST) {
		replicas->is_whole = false;
		return NULL;
	}
	replica = &replicas->list[replicas->count++];
	*replica = (struct replica){ 0 };
	memcpy(replica->address, endpoint.text, sizeof replica->address);
	return replica;
}

static const struct replica *
replicas_find(const struct replicas *replicas, const char *address)
{
	for (unsigned i = 0; i < replicas->count; i++)
		if (strcmp(replicas->list[i].address, address) == 0)
			return &replicas->list[i];
	return NULL;
}

/* [ "master", offset, [ [ "127.0.0.1", "6380", "offset" ], ... ] ] */
static void
read_followers(struct replicas *replicas, const struct store_value *role)
{
	const struct store_value *list = store_at(role, 2);

	*replicas = (struct replicas){ .is_whole = store_kind(list) == STORE_LIST };
	for (size_t i = 0; i < store_count(list); i++) {
		const struct store_value *one = store_at(list, i);
		struct replica *replica = replicas_add(
		    replicas, store_text(store_at(one, 0)), store_text(store_at(one, 1)));

		if (replica != NULL)
			replica->offset = store_integer(store_at(one, 2), -1);
	}
}

static bool
has_word(struct text text, const char *word)
{
	return text.length > 0 &&
	       memmem(text.at, text.length, word, strlen(word)) != NULL;
}

/* Not one that seems down, nor one that must never be the primary. */
static bool
is_candidate(const struct store_value *replica)
{
	struct text flags = store_text(finder_member(replica, "flags"));

	return !has_word(flags, "s_down") && !has_word(flags, "o_down") &&
	       !has_word(flags, "disconnected") &&
	       store_integer(finder_member(replica, "slave-priority"), 1) != 0;
}

/* Whether its offset stays as the last INFO gave it.  A former primary, which has not heard yet,
 * has none, and comes last. */
static bool
is_still(const struct store_value *replica)
{
	struct text link = store_text(finder_member(replica, "master-link-status"));
	struct text role = store_text(finder_member(replica, "role-reported"));

	return store_integer(finder_member(replica, "info-refresh"), 0) != 0 &&
	       (text_is(link, "err") || text_is(role, "master"));
}

/* The reply to SENTINEL REPLICAS: names and values of each. */
static void
read_candidates(struct replicas *replicas, const struct store_value *list)
{
	*replicas = (struct replicas){ .is_whole = store_kind(list) == STORE_LIST };
	for (size_t i = 0; i < store_count(list); i++) {
		const struct store_value *one = store_at(list, i);
		struct replica *replica =
		    is_candidate(one)
		        ? replicas_add(replicas, store_text(finder_member(one, "ip")),
		              store_text(finder_member(one, "port")))
		        : NULL;

		if (replica == NULL)
			continue;
		replica->offset =
		    store_integer(finder_member(one, "slave-repl-offset"), -1);
		replica->priority =
		    store_integer(finder_member(one, "slave-priority"), 1);
		replica->is_still = is_still(one);
	}
}

/* ---- the rule ---- */

/* Whether `a` is surely chosen before `b`; of equal ones the run ids decide. */
static bool
is_before(const struct replica *a, const struct replica *b)
{
	return a->priority < b->priority ||
	       (a->priority == b->priority && a->offset > b->offset);
}

/* Whether the next primary, were this sentinel to choose it, has what was written. */
static bool
would_keep(const struct finder *finder, const struct replicas *candidates)
{
	const struct replica *chosen = NULL;
	bool has_it = false;

	for (unsigned i = 0; i < candidates->count; i++) {
		const struct replica *one = &candidates->list[i];
		const struct replica *follower =
		    replicas_find(&finder->followers, one->address);
		bool has = follower != NULL && follower->offset >= finder->written;

		if (!has && (follower != NULL || !one->is_still))
			return false;
		if (chosen != NULL && !is_before(one, chosen) &&
		    (has || is_before(chosen, one)))
			continue;
		chosen = one;
		has_it = has;
	}
	return has_it && candidates->is_whole && finder->followers.is_whole;
}

/* ---- a round of questions ---- */

/* Flags other than "master" alone: it seems down, or a failover is under way. */
static void
on_state(void *ctx, enum status status, const struct store_value *value)
{
	struct sentinel *sentinel = ctx;
	struct finder *finder = sentinel->finder;
	struct endpoint says = { 0 };

	if (finder->store->is_ended)
		return;
	endpoint_join(&says, store_text(finder_member(value, "ip")),
	    store_text(finder_member(value, "port")));
	sentinel->answer =
	    status == STATUS_OK &&
	            text_is(store_text(finder_member(value, "flags")), "master") &&
	            store_integer(finder_member(value, "config-epoch"), NO_EPOCH) ==
	                finder->epoch &&
	            strcmp(says.text, finder->store->primary.text) == 0
	        ? CONFIRMED
	        : DENIED;
}

static void
on_candidates(void *ctx, enum status status, const struct store_value *value)
{
	struct sentinel *sentinel = ctx;

	if (sentinel->finder->store->is_ended)
		return;
	read_candidates(&sentinel->candidates, status == STATUS_OK ? value : NULL);
	loop_timer_set(sentinel->finder->timer, 0);
}

static void
ask_sentinel(struct sentinel *sentinel)
{
	const struct text state[] = { LITERAL("SENTINEL"), LITERAL("MASTER"),
		name_of(sentinel->finder) };
	const struct text replicas[] = { LITERAL("SENTINEL"), LITERAL("REPLICAS"),
		name_of(sentinel->finder) };

	sentinel->answer = ASKED_NOTHING;
	sentinel->candidates = (struct replicas){ 0 };
	if (sentinel->connection->phase == PHASE_UP &&
	    connection_call(sentinel->connection, 3, state, on_state, sentinel) ==
	        STATUS_OK &&
	    connection_call(sentinel->connection, 3, replicas, on_candidates, sentinel) ==
	        STATUS_OK)
		sentinel->answer = AWAITED;
}

/* The batch was written before this. */
static void
on_written(void *ctx, enum status status, const struct store_value *value)
{
	struct finder *finder = ctx;

	if (status == STATUS_OK && !finder->store->is_ended)
		finder->written = store_integer(store_at(value, 1), NEVER);
}

static void
on_waited(void *ctx, enum status status, const struct store_value *value)
{
	(void)ctx;
	(void)status;
	(void)value;
}

static void
on_followers(void *ctx, enum status status, const struct store_value *value)
{
	struct finder *finder = ctx;

	if (finder->store->is_ended)
		return;
	read_followers(&finder->followers, status == STATUS_OK ? value : NULL);
	finder->witnessed = CONFIRMED;
	loop_timer_set(finder->timer, 0);
}

/* WAIT makes the replicas say how far they are. */
static void
ask_witness(struct finder *finder)
{
	const struct text role[] = { LITERAL("ROLE") };
	const struct text wait[] = { LITERAL("WAIT"), LITERAL("1"),
		LITERAL(WITNESS_WAIT_MS) };
	struct connection *witness = finder->witness;

	finder->witnessed = ASKED_NOTHING;
	finder->written = NEVER;
	finder->followers = (struct replicas){ 0 };
	if (witness->phase == PHASE_UP &&
	    connection_call(witness, 1, role, on_written, finder) == STATUS_OK &&
	    connection_call(witness, 3, wait, on_waited, NULL) == STATUS_OK &&
	    connection_call(witness, 1, role, on_followers, finder) == STATUS_OK)
		finder->witnessed = AWAITED;
}

static void
begin_round(struct finder *finder)
{
	finder->is_confirming = false;
	for (struct connection *c = finder->store->connections; c != NULL; c = c->next) {
		c->is_asked = c->is_short;
		finder->is_confirming |= c->is_short;
	}
	if (!finder->is_confirming)
		return;
	ask_witness(finder);
	for (unsigned i = 0; i < finder->count; i++)
		ask_sentinel(&finder->list[i]);
}

/* A lost connection has lost its questions too. */
static bool
is_answered(const struct connection *connection)
{
	return connection->phase != PHASE_UP || connection->flight.count == 0;
}

static bool
is_over(const struct finder *finder)
{
	for (unsigned i = 0; i < finder->count; i++)
		if (!is_answered(finder->list[i].connection))
			return false;
	return is_answered(finder->witness);
}

/* What the sentinels say that could be asked and have answered. */
struct tally {
	unsigned confirmed;
	unsigned denied;
	unsigned lacking; /* of the confirmed: would choose one that lacks the batch */
};

static struct tally
tally_of(const struct finder *finder)
{
	struct tally tally = { 0 };

	for (unsigned i = 0; i < finder->count; i++) {
		const struct sentinel *sentinel = &finder->list[i];

		tally.confirmed += sentinel->answer == CONFIRMED;
		tally.denied += sentinel->answer == DENIED;
		tally.lacking += sentinel->answer == CONFIRMED &&
		                 !would_keep(finder, &sentinel->candidates);
	}
	return tally;
}

static void
log_lack(struct finder *finder, unsigned lacking)
{
	if (lacking > 0 && !finder->is_lack_logged)
		log_event(LOG_WARN, "next_primary_could_lack",
		    LOG_STRING("address", finder->store->primary.text),
		    LOG_NUMBER("sentinels", lacking));
	finder->is_lack_logged = lacking > 0;
}

static void
end_round(struct finder *finder, int64_t now)
{
	struct tally tally = tally_of(finder);
	bool is_primary = tally.denied == 0 && 2 * tally.confirmed > finder->count;
	bool is_safe = is_primary && tally.lacking == 0;

	finder->is_confirming = false;
	log_lack(finder, is_primary ? tally.lacking : 0);
	if (!is_safe)
		finder->confirm_at = now + ASK_IN_DOUBT_MS;
	if (!is_primary)
		finder_doubt(finder);
	for (struct connection *c = finder->store->connections; c != NULL; c = c->next)
		if (c->is_asked && is_safe)
			replicas_settle(c);
		else if (c->is_asked)
			replicas_wait_again(c);
}

int64_t
confirm_tick(struct finder *finder, int64_t now)
{
	if (finder->witness == NULL)
		return NEVER;
	if (finder->is_confirming && is_over(finder))
		end_round(finder, now);
	if (!finder->store->is_ended && !finder->is_confirming &&
	    now >= finder->confirm_at)
		begin_round(finder);
	/* In a round a lost sentinel is to be noticed. */
	return finder->is_confirming || finder->confirm_at > now ? now + ASK_IN_DOUBT_MS
	                                                         : NEVER;
}

void
finder_confirm(struct finder *finder)
{
	if (!finder->is_confirming && clock_mono_ms() >= finder->confirm_at)
		loop_timer_set(finder->timer, 0);
}

bool
confirm_open(struct finder *finder)
{
	struct store *store = finder->store;

	finder->witness =
	    connection_new(store, USE_PROBE, &store->primary, &store->words);
	return finder->witness != NULL;
}
