/* SPDX-License-Identifier: Apache-2.0
 * Through more services than a walk can keep in sight. */
#include "tests/unit/matcher_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/matcher/index_private.h"
#include "services/matcher/walk.h"

#define SERVICES 40000
#define FIRST_LAT (-80)

static struct index *index_of_all;

/* Nobody of them takes referrals, so that no one is good enough to leave out others. */
static int
fill(void **unused)
{
	(void)unused;
	index_of_all = index_new();
	assert_non_null(index_of_all);
	for (unsigned i = 0; i < SERVICES; i++) {
		char id[16];

		facts_init(&facts);
		(void)snprintf(id, sizeof id, "s%u", i);
		facts.id = text_of(id);
		facts.name = LITERAL("a");
		facts.is_active = true;
		facts.is_referral_allowed = false;
		facts.terms[facts.terms_count++] = LITERAL("food");
		facts.points[0].lat = FIRST_LAT + i % 1601 / 10.0;
		facts.points[facts.points_count++].lon = i % 3571 / 10.0;
		assert_int_equal(index_put(index_of_all, &facts), STATUS_OK);
	}
	return 0;
}

static int
empty(void **unused)
{
	(void)unused;
	index_free(index_of_all);
	return 0;
}

static uint32_t
branches_of(const char *term)
{
	struct offers offers;

	offers_open(&offers, index_of_all, text_of(term));
	return offers.term->chart.count;
}

static void
each_service_is_met_once_however_many_branches_are_open(void **unused)
{
	static struct match_result result;

	(void)unused;
	assert_true(branches_of("food") > WALK_OPEN);
	new_family("food");
	for (int lon = 0; lon < 360; lon += 60) {
		set_point(10, lon);
		match(index_of_all, &question, &result);
		assert_int_equal(result.considered_count, SERVICES);
		assert_int_equal(result.refused_count, SERVICES);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_service_is_met_once_however_many_branches_are_open),
	};

	return cmocka_run_group_tests(tests, fill, empty);
}
