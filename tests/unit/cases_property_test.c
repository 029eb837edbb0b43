/* SPDX-License-Identifier: Apache-2.0
 * Whatever is called, in whatever order and however often: all stays whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/cases_random_fixture.h"

#define CALLS 3000
#define BATCH 100

static struct random_call calls[CALLS];
static char reached[8192]; /* states, each between blanks */

/* Whether these calls, on an empty Redis, leave a complaint. */
static bool
breaks(const struct random_call *list, unsigned count)
{
	redis_begin();
	for (unsigned i = 0; i < count; i++)
		random_make(&list[i]);
	return complaints()[0] != '\0';
}

/* Leaves out halves, quarters ... as long as the complaint stays. */
static unsigned
shrink(struct random_call *list, unsigned count)
{
	static struct random_call shorter[CALLS];

	for (unsigned part = count / 2; part > 0; part /= 2)
		for (unsigned from = 0; from < count;) {
			unsigned cut = part < count - from ? part : count - from;

			memcpy(shorter, list, from * sizeof *list);
			memcpy(shorter + from, list + from + cut,
			    (count - from - cut) * sizeof *list);
			if (!breaks(shorter, count - cut)) {
				from += cut;
				continue;
			}
			count -= cut;
			memcpy(list, shorter, count * sizeof *list);
		}
	return count;
}

static void
report(unsigned count, uint64_t seed)
{
	print_message("seed %llu, after %u calls:\n%s", (unsigned long long)seed, count,
	    complaints());
	if (!breaks(calls, count))
		fail_msg("the same calls again leave no complaint");
	count = shrink(calls, count);
	(void)breaks(calls, count);
	print_message("these %u calls are enough:\n", count);
	for (unsigned i = 0; i < count; i++)
		random_print(&calls[i]);
	fail_msg("%s", complaints());
}

static void
note_states(void)
{
	size_t used = strlen(reached);

	(void)snprintf(reached + used, sizeof reached - used, " %s ",
	    kept_script(
	        "local seen, out = { received = true }, {}\n"
	        "for _, e in ipairs(redis.call('XRANGE', '{c1}:journal', '-', '+')) do\n"
	        "  local line = kept_fields(e[2][2], 'line', '', {})\n"
	        "  for _, name in ipairs({ 'to', 'need_to' }) do\n"
	        "    if line[name] then seen[line[name]] = true end\n"
	        "  end\n"
	        "end\n"
	        "for word in pairs(seen) do out[#out + 1] = word end\n"
	        "return table.concat(out, '  ')\n",
	        ""));
}

static void
run(uint64_t seed)
{
	uint64_t random = seed;
	unsigned done[RANDOM_KINDS] = { 0 };

	print_message("seed %llu\n", (unsigned long long)seed);
	redis_begin();
	for (unsigned i = 0; i < CALLS; i++) {
		/* every eighth is one of the last ones once more */
		calls[i] = i > 0 && random_below(&random, 8) == 0
		               ? calls[i - 1 - random_below(&random, i < 50 ? i : 50)]
		               : random_next(&random);
		random_make(&calls[i]);
		done[calls[i].kind]++;
		if ((i + 1) % BATCH == 0 && complaints()[0] != '\0')
			report(i + 1, seed);
	}
	for (unsigned kind = 0; kind < RANDOM_KINDS; kind++)
		assert_true(done[kind] > 0);
	note_states();
}

/* CASES_SEED runs that one alone. */
static void
random_calls_leave_all_whole(void **state)
{
	const char *given = getenv("CASES_SEED");

	(void)state;
	if (given != NULL) {
		run(strtoull(given, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= 3; seed++)
		run(seed * 2654435761u);
	run((uint64_t)clock_wall_ms());
}

/* Otherwise they prove little; one that is seldom reached may be missing. */
static void
random_calls_reach_nearly_every_state(void **state)
{
	unsigned missing = 0;
	char word[40];

	(void)state;
	for (const struct state *s = state_all(); s->name; s++) {
		(void)snprintf(word, sizeof word, " %s ", s->name);
		if (strstr(reached, word) == NULL) {
			print_message("never %s\n", s->name);
			missing++;
		}
	}
	assert_in_range(missing, 1, 4); /* no function leaves a referral proposed */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_calls_leave_all_whole),
		cmocka_unit_test(random_calls_reach_nearly_every_state),
	};

	return cmocka_run_group_tests(tests, cases_fixture_start, cases_fixture_end);
}
