/* SPDX-License-Identifier: Apache-2.0
 * A table by agency, and the policy's limits in figures. */
#include "services/matcher/loads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#define AGENCY_BYTES 65
#define DAY_MS 86400000.0

struct load {
	char agency[AGENCY_BYTES];
	double open;
	int64_t at_ms;
	UT_hash_handle hh;
};

struct loads {
	struct load *by_agency;
};

struct loads *
loads_new(void)
{
	return calloc(1, sizeof(struct loads));
}

void
loads_free(struct loads *loads)
{
	struct load *load, *next;

	if (loads == NULL)
		return;
	HASH_ITER(hh, loads->by_agency, load, next)
	{
		HASH_DEL(loads->by_agency, load);
		free(load);
	}
	free(loads);
}

static struct load *
find(const struct loads *loads, struct text agency)
{
	struct load *load;

	HASH_FIND(hh, loads->by_agency, agency.at, agency.length, load);
	return load;
}

void
loads_set(struct loads *loads, struct text agency, double open, int64_t at_ms)
{
	struct load *load = find(loads, agency);

	if (load == NULL) {
		load = calloc(1, sizeof *load);
		if (load == NULL || !text_copy(agency, load->agency, AGENCY_BYTES)) {
			free(load);
			return;
		}
		HASH_ADD(hh, loads->by_agency, agency[0], agency.length, load);
	}
	load->open = open;
	load->at_ms = at_ms;
}

double
loads_open(const struct loads *loads, struct text agency, int64_t now_ms)
{
	const struct load *load = loads != NULL ? find(loads, agency) : NULL;

	return load != NULL && now_ms - load->at_ms < LOADS_BELIEVED_MS ? load->open
	                                                                : NAN;
}

/* At least one, where there is a limit at all. */
static double
limit(double most, double share)
{
	return most > 0 ? fmax(1, floor(most * share)) : 0;
}

struct limits
limits_of(const struct policy *policy, double workers, enum urgency urgency)
{
	bool is_known = !isnan(workers);
	double kept = urgency == urgency_emergency ? 0 : policy->load_kept_share;

	return (struct limits){
		.open = limit(is_known && policy->load_worker_open > 0
		                  ? fmax(1, policy->load_worker_open * workers)
		              : is_known ? 0
		                         : policy->load_agency_open,
		    1 - kept),
		.new = limit(is_known && policy->load_worker_new > 0
		                 ? fmax(1, policy->load_worker_new * workers)
		             : is_known ? 0
		                        : policy->load_agency_new,
		    1),
		.kept = kept,
	};
}

struct text
limits_print(
    const struct policy *policy, const struct limits *limits, char text[LIMITS_BYTES])
{
	text[0] = '\0';
	if (limits->open > 0 || limits->new > 0 || limits->kept > 0)
		(void)snprintf(text, LIMITS_BYTES, "%.0f %.0f %.6g %.0f %.6g",
		    limits->open, limits->new, policy->load_open_per_new,
		    policy->load_new_days * DAY_MS, limits->kept);
	return text_of(text);
}
