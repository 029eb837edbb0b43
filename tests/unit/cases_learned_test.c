/* SPDX-License-Identifier: Apache-2.0
 * What the answers to offers leave behind of the service, and that whoever follows it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/answered.h"
#include "common/clock.h"
#include "services/matcher/answers.h"
#include "tests/unit/cases_fixture.h"

#define KEPT "{c1}:place:service1"

static int
today(void)
{
	return (int)(clock_wall_ms() / 86400000);
}

/* Entries have a comma between; the day of today is T. */
static const char *
kept(void)
{
	char script[256];

	(void)snprintf(script, sizeof script,
	    "local kept = redis.call('HGET', '" KEPT "', 'answers') or ''\n"
	    "return (string.gsub(string.gsub(kept, '%%z', ','), ' %d ', ' T '))",
	    today());
	return redis_script(script, "");
}

static const char *
told_count(void)
{
	return redis_script("local n = 0\n"
	                    "for _, entry in ipairs(redis.call('XRANGE', '{c1}:changes', "
	                    "'-', '+')) do\n"
	                    "  if entry[2][2] == 'answers' then n = n + 1 end\n"
	                    "end\n"
	                    "return tostring(n)",
	    "");
}

/* Its answers so far, as of so many days ago. */
static void
put_kept(const char *asked_and_lost, int days_ago, const char *term)
{
	char entry[64];
	struct text words[] = { LITERAL("HSET"), LITERAL(KEPT), LITERAL("answers"),
		{ entry, 0 } };

	(void)snprintf(
	    entry, sizeof entry, "%s %d %s", asked_and_lost, today() - days_ago, term);
	words[3] = text_of(entry);
	(void)redis_send(4, words);
}

static void
answered(const char *action, enum reason reason)
{
	struct case_answer in = next_answer(action, role_operator);

	in.reason = reason;
	assert_int_equal(do_answer(&in)->status, STATUS_OK);
	assert_whole();
}

static void
what_is_learned_is_how_the_offer_ended(void **state)
{
	static const struct {
		const char *action;
		enum reason reason;
		const char *kept;
	} WAYS[] = {
		{ "accept", 0, "1000 0 T food" },
		{ "decline", reason_full, "1000 250 T food" },
		{ "decline", reason_criteria, "1000 500 T food" },
		{ "reroute", 0, "1000 500 T food" },
		{ "decline", reason_family_declined, "" },
		{ "decline", reason_family_unreachable, "" },
		{ "decline", reason_already_served, "" },
		{ "cancel", 0, "" },
		{ "mark_error", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
		new_referral_in("seen");
		answered(WAYS[i].action, WAYS[i].reason);
		assert_string_equal(kept(), WAYS[i].kept);
	}
}

static void
an_offer_that_nobody_answered_is_lost_whole(void **state)
{
	(void)state;
	new_referral_in("seen");
	assert_int_equal(
	    do_clock(the.referral, 0, "remind", "expire", 1)->status, STATUS_OK);
	assert_int_equal(do_clock(the.referral, 1, "expire", "", 0)->status, STATUS_OK);
	assert_string_equal(kept(), "1000 1000 T food");
	assert_whole();
}

static void
what_comes_after_the_answer_is_not_learned_again(void **state)
{
	(void)state;
	new_referral_in("accepted");
	assert_string_equal(kept(), "1000 0 T food");
	answered("return", 0);
	assert_string_equal(kept(), "1000 0 T food");
}

static void
a_late_answer_loses_up_to_a_quarter(void **state)
{
	(void)state;
	new_referral_in("seen");
	field_put(the.id, "r1-1.offered_at", "-5000000");
	field_put(the.id, "r1-1.expires_at", "5000000");
	answered("accept", 0);
	assert_string_equal(kept(), "1000 125 T food");
	new_referral_in("seen");
	field_put(the.id, "r1-1.offered_at", "-5000000");
	field_put(the.id, "r1-1.expires_at", "-4000000");
	answered("decline", reason_full);
	assert_string_equal(kept(), "1000 500 T food");
}

static void
what_is_older_counts_less(void **state)
{
	(void)state;
	new_referral_in("seen");
	put_kept("8000 4000", ANSWERED_HALF_DAYS, "food");
	answered("accept", 0);
	assert_string_equal(kept(), "5000 2000 T food");
}

static void
kinds_of_need_are_kept_apart_and_the_last_answered_stay(void **state)
{
	(void)state;
	new_referral_in("seen");
	(void)redis_script("local kept = {}\n"
	                   "for of in string.gmatch('abcdefgh', '.') do kept[#kept + 1] "
	                   "= '1 0 7 ' .. of end\n"
	                   "return redis.call('HSET', '" KEPT
	                   "', 'answers', table.concat(kept, '\\0'))",
	    "");
	answered("accept", 0);
	assert_string_equal(kept(),
	    "1000 0 T food,1 0 7 a,1 0 7 b,1 0 7 c,1 0 7 d,1 0 7 e,1 0 7 f,1 0 7 g");
}

static void
who_follows_is_told_where_it_makes_a_difference(void **state)
{
	(void)state;
	new_referral_in("seen");
	answered("accept", 0);
	assert_string_equal(told_count(), "0");
	new_referral_in("seen");
	answered("decline", reason_criteria); /* a tenth */
	assert_string_equal(told_count(), "1");
	new_referral_in("seen");
	put_kept("100000 50000", 0, "food"); /* 48.07 of a hundred, then 48.09 */
	answered("decline", reason_criteria);
	assert_string_equal(told_count(), "0");
	assert_whole();
}

static void
who_reads_it_finds_what_was_learned(void **state)
{
	struct answers *answers = answers_new();
	char read[64];

	(void)state;
	assert_non_null(answers);
	new_referral_in("seen");
	put_kept("5000 3000", 0, "food");
	answered("decline", reason_criteria);
	(void)snprintf(read, sizeof read, "%s", redis_ask("HGET " KEPT " answers"));
	answers_set(answers, LITERAL("service1"), text_of(read));
	assert_true(answers_lost_percent(answers, LITERAL("service1"), LITERAL("food"),
	                clock_wall_ms()) == 35); /* 3.5 of 10 */
	answers_free(answers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_learned_is_how_the_offer_ended),
		cmocka_unit_test(an_offer_that_nobody_answered_is_lost_whole),
		cmocka_unit_test(what_comes_after_the_answer_is_not_learned_again),
		cmocka_unit_test(a_late_answer_loses_up_to_a_quarter),
		cmocka_unit_test(what_is_older_counts_less),
		cmocka_unit_test(kinds_of_need_are_kept_apart_and_the_last_answered_stay),
		cmocka_unit_test(who_follows_is_told_where_it_makes_a_difference),
		cmocka_unit_test(who_reads_it_finds_what_was_learned),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
