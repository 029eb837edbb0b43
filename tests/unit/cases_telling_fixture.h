/* SPDX-License-Identifier: Apache-2.0
 * One case with one need, offered and not told yet; <cmocka.h> and what it wants come first. */
#ifndef TESTS_UNIT_CASES_TELLING_FIXTURE_H
#define TESTS_UNIT_CASES_TELLING_FIXTURE_H

#include "tests/unit/cases_fixture.h"

static char id[ID_CASE_BYTES + 1], referral[ID_ITEM_MAX], need[ID_ITEM_MAX];

static inline int
one_referral(void **state)
{
	(void)cases_fixture_empty(state);
	new_case("one", urgency_normal, 1, id);
	id_need(text_of(id), 1, need);
	new_referral(id, referral);
	return 0;
}

/* Claims the telling, the only one, and expects this of it. */
static inline void
claim_telling(const char *purpose, uint32_t version)
{
	assert_int_equal(do_claim(stage_notify, 2, LEASE_MS), 1);
	assert_text(claimed[0].work.item, referral);
	assert_text(claimed[0].work.purpose, purpose);
	assert_int_equal(claimed[0].work.version, version);
}

static inline void
answer(const char *action, enum role role)
{
	struct case_answer in = usual_answer(referral, action, action);

	in.role = role;
	if (role == role_agency)
		in.agency = LITERAL("agency1");
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
}

static inline const char *
tellings(void)
{
	return field_of(id, "r1-1.tell");
}

#endif
