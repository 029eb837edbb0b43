/* SPDX-License-Identifier: Apache-2.0
 * Random calls on cases: each is complete in itself, so that any of them can be made again, in
 * another order or in a shorter list. */
#ifndef TESTS_UNIT_CASES_RANDOM_FIXTURE_H
#define TESTS_UNIT_CASES_RANDOM_FIXTURE_H

#include "tests/unit/cases_fixture.h"

enum random_kind {
	RANDOM_ACCEPT,
	RANDOM_CLAIM,
	RANDOM_OFFER,
	RANDOM_TOLD,
	RANDOM_CLOCK,
	RANDOM_ANSWER,
	RANDOM_WITHDRAW,
	RANDOM_AMEND,
	RANDOM_NACK,
	RANDOM_REAP,
	RANDOM_EXTEND,
	RANDOM_CAPACITY,
	RANDOM_DUE,
	RANDOM_DEAD,
	RANDOM_CHANNEL,
	RANDOM_KINDS
};

struct random_call {
	enum random_kind kind;
	char item[ID_ITEM_MAX]; /* case name, need, referral, service or set */
	char word[24];          /* action, purpose, figure or commit */
	uint32_t version;       /* or attempt, step, report */
	uint32_t command;
	uint32_t a, b; /* what else there is to choose */
	enum stage stage;
};

/* The next call, from what Redis holds and the generator's state; the state is never 0. */
struct random_call random_next(uint64_t *state);
/* Makes it; whatever it comes to is right, as long as all is whole afterwards. */
void random_make(const struct random_call *call);
/* One line, for people. */
void random_print(const struct random_call *call);
/* 0 .. below - 1 */
uint32_t random_below(uint64_t *state, uint32_t below);

#endif
