/* SPDX-License-Identifier: Apache-2.0
 * What the index keeps of a service's facts: lists that several services have alike are there once
 * for all of them, and what only words or traits are made of is not. */
#ifndef MATCHER_KEPT_FACTS_H
#define MATCHER_KEPT_FACTS_H

#include "common/facts.h"

/* A list that is never changed. */
struct texts {
	uint32_t count;
	struct text at[];
};

struct kept_point {
	double lat, lon;
};

/* As in facts.h; valid as long as the service has these facts. */
struct kept_facts {
	struct text id, agency, name;
	const struct texts *agency_name, *notice; /* one text, or none */
	const struct texts *terms, *taxonomies, *areas, *residences, *questions;
	const uint8_t *term_taxonomies;
	const struct kept_point *points; /* to a tenth of a degree where one is hidden */
	const struct shape_point *shapes;
	uint32_t shapes_count;
	uint8_t points_count, referral_methods, costs;
	bool is_area_unclear, is_residence_unclear;
	double workers;
	int64_t verified_at, notice_starts, notice_ends;
};

#endif
