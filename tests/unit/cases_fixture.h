/* SPDX-License-Identifier: Apache-2.0
 * Cases on a private Redis with the function library: every call waited for, every key looked
 * at, and everything that must hold of all of them at any time.
 *
 * Texts of results are valid until the next call. */
#ifndef TESTS_UNIT_CASES_FIXTURE_H
#define TESTS_UNIT_CASES_FIXTURE_H

#include "common/cases.h"
#include "common/id.h"
#include "proto/state.h"
#include "tests/unit/redis_fixture.h"

#define LEASE_MS 60000
#define CLAIMED_MAX 128

struct cases_fixture {
	struct redis_fixture redis;
	struct loop *loop;
	struct store *store;
	struct cases *cases;
};
extern struct cases_fixture fixture;

/* Of a group: one Redis; "no" is its appendfsync.  Of a test: nothing in it but webhooks. */
int cases_fixture_start(void **state);
int cases_fixture_end(void **state);
int cases_fixture_empty(void **state);
/* The parts: opens loop, store and cases on a Redis that runs, and closes them. */
bool cases_fixture_open(void);
void cases_fixture_close(void);

/* Empties Redis; then agency1, agency2 and agency3 have a webhook each. */
void redis_begin(void);
/* The agency has a webhook no longer: its inbox is its channel. */
void inbox_alone(const char *agency);

/* ---- Redis itself ---- */

/* One command, split at blanks; an integer comes as text, nil and lists as "". */
const char *redis_ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A script with one argument; its reply as text. */
const char *redis_script(const char *script, const char *argument);
const char *redis_send(size_t count, const struct text *arguments);
/* The same with functions before it for what kept.def packs: case_fields(key) is a table of
 * texts by name ("version", "n1.state", "r1-1.place" ...), case_put(key, name, text) writes
 * one, kept_fields(packed, record, prefix, table) adds those of one text. */
const char *kept_script(const char *script, const char *argument);
/* One of these texts of a case, "" where absent; and to write it. */
const char *field_of(const char *case_id, const char *field);
void field_put(const char *case_id, const char *field, const char *value);
/* All keys, sorted, with all they hold; to be freed. */
char *redis_dump(void);
/* The dump is what it was; frees it. */
void assert_unchanged(char *before);
/* The time has come for everything in {c1}:SET. */
void make_due(const char *set);
/* The set of the stage that holds the item: "ready:normal", "leased" ...; "": none. */
const char *where_is(const char *stage, const char *item);

/* ---- calls, waited for ---- */

/* One need for "food", one more for "shelter" and so on; key and digest from the name. */
struct case_accept usual_accept(const char *name, enum urgency urgency, unsigned needs);
const struct case_result *do_accept(const struct case_accept *in);
/* The usual one, accepted. */
void new_case(
    const char *name, enum urgency urgency, unsigned needs, char id[ID_CASE_BYTES + 1]);

/* An operator's answer under that command id, any version. */
struct case_answer usual_answer(
    const char *referral, const char *action, const char *command);
const struct case_result *do_answer(const struct case_answer *in);
struct case_withdraw usual_withdraw(const char *case_id, const char *command);
const struct case_result *do_withdraw(const struct case_withdraw *in);
/* New sealed texts, the same phone and place, nothing else. */
struct case_amend usual_amend(const char *case_id, uint32_t version, const char *command);
const struct case_result *do_amend(const struct case_amend *in);

/* The last claim; its texts are valid until the next. */
struct claimed {
	struct work work;
	char item[ID_ITEM_MAX], purpose[32], state[32], term[64], service[64], agency[64],
	    tried[8][64], beside[8][72];
	char routing[64];
};
extern struct claimed claimed[CLAIMED_MAX];
unsigned do_claim(enum stage stage, unsigned most, int64_t lease_ms);
const struct case_result *do_extend(
    enum stage stage, const char *item, uint32_t attempt, int64_t lease_ms);
const struct case_result *do_extend_all(
    enum stage stage, const struct case_lease *leases, unsigned count);
/* A failure, at once, of 8 failures and 4 crashes at most. */
struct case_nack usual_nack(enum stage stage, const char *item, uint32_t attempt);
const struct case_result *do_nack(const struct case_nack *in);
const struct case_result *do_crash(
    enum stage stage, const char *item, uint32_t attempt, const char *death);
const struct case_result *do_reap(unsigned most);
/* For the first `count` of service1 of agency1 ... service8; the clock begins to remind. */
struct case_offer usual_offer(
    const char *need, uint32_t version, const char *commit, unsigned count);
const struct case_result *do_offer(const struct case_offer *in);
/* Offers need 1 of the case, received, to service1. */
void new_referral(const char *case_id, char referral[ID_ITEM_MAX]);
const struct case_result *do_told(
    const char *referral, uint32_t version, const char *purpose, bool is_delivered);
const struct case_result *do_clock(const char *referral, uint32_t step,
    const char *purpose, const char *next, int64_t next_ms);
const struct case_result *do_dead(enum stage stage, const char *item, const char *action);
/* "ok" or "dup"; available "" is unknown. */
const char *do_capacity(const char *service, const char *available, int64_t reported_at);
/* `look`, if any, is called with what was found. */
enum status do_get(const char *case_id, unsigned timeline_most,
    void (*look)(const struct case_record *record));
const struct queue_shape *do_queues(void);

/* ---- a referral in any state ---- */

/* The last one: its case, its need 1 and itself. */
extern struct the {
	char id[ID_CASE_BYTES + 1], need[ID_ITEM_MAX], referral[ID_ITEM_MAX];
} the;
/* Alone in Redis, at service1 of agency1 with 5 places reported at 1000, in that state. */
void new_referral_in(const char *state);
/* Its answer under a new command id, any version. */
struct case_answer next_answer(const char *action, enum role role);

/* Turns the loop until *times is not 0. */
void fixture_wait(const unsigned *times);
/* Turns the loop until the condition holds; common/clock.h and cmocka.h are wanted. */
#define WAIT_UNTIL(condition)                                                            \
	do {                                                                             \
		int64_t until_ms = clock_mono_ms() + 20000;                              \
                                                                                         \
		while (!(condition)) {                                                   \
			assert_true(clock_mono_ms() < until_ms);                         \
			assert_int_equal(loop_turn(fixture.loop, 20), STATUS_OK);        \
		}                                                                        \
	} while (0)
/* Turns the loop for so long: what must not happen would have happened by then. */
void let_pass(int64_t ms);

/* ---- what must hold ---- */

/* Of every case and queue: hl_check has no complaint, every journal chain is whole and tells
 * how each state came about, held places are those of the referrals, nothing available is
 * negative, indexes and counters fit.  "" or the first complaints. */
const char *complaints(void);
/* The second half of it, as a script. */
extern const char cases_fixture_script[];
#define assert_whole() assert_string_equal(complaints(), "")
#define assert_text(text, string) assert_true(text_is(text, string))

#endif
