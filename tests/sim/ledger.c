/* SPDX-License-Identifier: Apache-2.0
 * What became of the families, in figures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

void *
table_new(size_t count, size_t size)
{
	void *at = calloc(count + 1, size);

	if (at == NULL)
		abort();
	return at;
}

struct ledger *
ledger_new(const struct world *world)
{
	struct ledger *ledger = table_new(0, sizeof *ledger);

	ledger->outcomes = table_new(world->families_count, sizeof *ledger->outcomes);
	ledger->accepted = table_new(world->sites_count, sizeof *ledger->accepted);
	return ledger;
}

void
ledger_free(struct ledger *ledger)
{
	free(ledger->outcomes);
	free(ledger->accepted);
	free(ledger);
}

static int
by_size(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

/* Sorts. */
static double
quantile(double *values, uint32_t count, double at)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof *values, by_size);
	return values[(uint32_t)((count - 1) * at)];
}

/* Of what agencies took, for each place that they have: 0 is the same for all. */
static double
unevenness(const struct world *world, const struct ledger *ledger)
{
	double *loads = table_new(world->agencies_count, sizeof *loads);
	double sum = 0, ranked = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < world->sites_count; i++)
		loads[world->sites[i].agency] += ledger->accepted[i];
	for (unsigned i = 0; i < world->agencies_count; i++)
		if (world->agency_weekly[i] > 0)
			loads[count++] = loads[i] / world->agency_weekly[i];
	qsort(loads, count, sizeof *loads, by_size);
	for (uint32_t i = 0; i < count; i++) {
		sum += loads[i];
		ranked += (i + 1) * loads[i];
	}
	free(loads);
	return sum > 0 ? 2 * ranked / (count * sum) - (count + 1.0) / count : 0;
}

/* Share helped of those of whom a test holds. */
static void
print_group(const struct world *world, const struct ledger *ledger, const char *name,
    const char *language)
{
	uint32_t all = 0, helped = 0;

	for (uint32_t i = 0; i < world->families_count; i++) {
		const struct family *family = &world->families[i];

		if (language != NULL ? strcmp(family->languages[0], language) != 0
		                     : !family->has_difficulty)
			continue;
		all++;
		helped += ledger->outcomes[i].is_helped;
	}
	printf(", \"helped_%s\": %.4f", name, all > 0 ? (double)helped / all : 0);
}

static void
print_ways(const struct world *world, const struct ledger *ledger)
{
	double *days = table_new(world->families_count, sizeof *days);
	double *km = table_new(world->families_count, sizeof *km);
	double *hours = table_new(world->families_count, sizeof *hours);
	uint32_t count = 0, emergencies = 0, scarce = 0, ill_spent = 0;

	for (uint32_t i = 0; i < world->families_count; i++) {
		const struct outcome *outcome = &ledger->outcomes[i];

		if (!outcome->is_helped)
			continue;
		days[count] =
		    (double)(outcome->minute - world->families[i].minute) / DAY_MINUTES;
		if (world->families[i].urgency == urgency_emergency)
			hours[emergencies++] = days[count] * 24;
		km[count++] = outcome->km;
		if (world->sites[outcome->site].is_special) {
			scarce++;
			ill_spent += world->families[i].has_choice;
		}
	}
	printf(", \"helped\": %u, \"days_median\": %.4f, \"days_p90\": %.4f, "
	       "\"km_median\": %.2f, \"km_p90\": %.2f",
	    count, quantile(days, count, 0.5), quantile(days, count, 0.9),
	    quantile(km, count, 0.5), quantile(km, count, 0.9));
	printf(", \"emergency_hours_p90\": %.2f", quantile(hours, emergencies, 0.9));
	printf(", \"scarce\": %u, \"scarce_ill_spent\": %u", scarce, ill_spent);
	printf(", \"offers_per_helped\": %.4f",
	    count > 0 ? (double)ledger->offers / count : 0);
	free(days);
	free(hours);
	free(km);
}

void
ledger_print(const struct world *world, const struct ledger *ledger, const char *policy)
{
	int places = 0;

	for (uint32_t i = 0; i < world->sites_count; i++)
		places += world->sites[i].places;
	printf("\"scenario\": \"%s\", \"seed\": %llu, \"policy\": \"%s\", "
	       "\"families\": %u, \"places\": %d",
	    world->name, (unsigned long long)world->seed, policy, world->families_count,
	    places);
	print_ways(world, ledger);
	printf(", \"unevenness\": %.4f, \"silent\": %u, \"declined\": %u, \"full\": %u",
	    unevenness(world, ledger), ledger->silent, ledger->declined, ledger->full);
	print_group(world, ledger, "uk", "uk");
	print_group(world, ledger, "ru", "ru");
	print_group(world, ledger, "ro", "ro");
	print_group(world, ledger, "ar", "ar");
	print_group(world, ledger, "difficulty", NULL);
}
