/* SPDX-License-Identifier: Apache-2.0
 * play WORLD [--each] [POLICY...]: a line of JSON for each policy, all of them where none is
 * named; with --each it has every family that was helped: [family, service, minute]. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

static const struct {
	const char *name;
	choose *choose; /* NULL: nobody chooses, all is known */
	uint32_t emergency_agencies;
} POLICIES[] = {
	{ "nearest", choose_nearest, 1 },
	{ "in_turn", choose_in_turn, 1 },
	{ "least_loaded", choose_least_loaded, 1 },
	{ "ours", choose_ours, 1 },
	{ "at_once", choose_ours, OFFERS_MOST },
	{ "hindsight", NULL, 0 },
};
#define POLICIES_COUNT (sizeof POLICIES / sizeof *POLICIES)

static bool
is_asked(int argc, char **argv, const char *name)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc <= 2 || (argc == 3 && strcmp(argv[2], "--each") == 0);
}

static bool
is_each(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--each") == 0)
			return true;
	return false;
}

static void
print_each(const struct world *world, const struct ledger *ledger)
{
	const char *between = "";

	printf(", \"each\": [");
	for (uint32_t i = 0; i < world->families_count; i++) {
		const struct outcome *outcome = &ledger->outcomes[i];

		if (!outcome->is_helped)
			continue;
		printf("%s[%u, %u, %d]", between, i, outcome->site, outcome->minute);
		between = ", ";
	}
	printf("]");
}

int
main(int argc, char **argv)
{
	struct world *world;

	if (argc < 2) {
		fprintf(stderr, "usage: play WORLD [--each] [POLICY...]\n");
		return 2;
	}
	world = world_read(argv[1]);
	world_find_fits(world);
	for (size_t i = 0; i < POLICIES_COUNT; i++) {
		struct ledger *ledger;

		if (!is_asked(argc, argv, POLICIES[i].name))
			continue;
		ledger = ledger_new(world);
		if (POLICIES[i].choose != NULL)
			play_run(world, POLICIES[i].choose,
			    POLICIES[i].emergency_agencies, ledger);
		else
			hindsight_play(world, ledger);
		printf("{");
		ledger_print(world, ledger, POLICIES[i].name);
		if (is_each(argc, argv))
			print_each(world, ledger);
		printf("}\n");
		fflush(stdout);
		ledger_free(ledger);
	}
	world_free(world);
	return 0;
}
