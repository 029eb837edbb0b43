/* SPDX-License-Identifier: Apache-2.0
 * How well an eligible service fits; the parts are proto/score.def, their weights the question's
 * policy.  Pure. */
#ifndef MATCHER_SCORE_H
#define MATCHER_SCORE_H

#include "services/matcher/rules.h"

enum part {
#define PART(name, unit, weight, least, largest, en, uk, ru, about) PART_##name,
#include "proto/score.def"
#undef PART
	PARTS
};

/* What is known of one service when it is scored. */
struct scored {
	const struct traits *traits;
	double distance_km; /* NaN unknown */
	unsigned levels;    /* of its term above the need's */
	unsigned unknowns;  /* rules that are unknown */
	double dearer;      /* in price, than the least dear that fits as surely */
	struct apart apart;
};

/* Points are hundredths, so that a sum is exact and equals are equal on every machine. */
struct score {
	double values[PARTS]; /* what was measured, in the part's unit; NaN unknown */
	int32_t points[PARTS];
	int32_t sum;
};

void score_make(
    struct score *score, const struct wanted *wanted, const struct scored *scored);

/* The part `distance`: hundredths at 0 km, and where they are halved; from there on it falls as
 * score.def says. */
struct score_fall {
	double points;
	double half_km;
};
struct score_fall score_fall(const struct wanted *wanted);

/* No less than the sum, by the traits alone; the distance may be less than it is. */
int32_t score_most(const struct wanted *wanted, const struct scored *scored);

/* What a place there costs those who have others (price.h), of a hundred. */
double score_price(const struct wanted *wanted, const struct traits *traits);
/* Age of its report of free places in whole hours; MERIT_STALE_HOURS: as good as none. */
double score_report_hours(const struct wanted *wanted, const struct traits *traits);
/* The points of being so much dearer, in hundredths. */
int32_t score_scarcity(const struct wanted *wanted, double dearer);
/* And of being so far from the family's other needs. */
int32_t score_together(const struct wanted *wanted, struct apart apart);

struct text part_name(enum part part);

#endif
