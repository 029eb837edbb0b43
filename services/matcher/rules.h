/* SPDX-License-Identifier: Apache-2.0
 * Eligibility, one rule at a time; the list and what each rule means is rules.def.  Pure.
 */
#ifndef MATCHER_RULES_H
#define MATCHER_RULES_H

#include "services/matcher/match.h"

enum rule {
#define RULE(name, question, about) RULE_##name,
#include "services/matcher/rules.def"
#undef RULE
	RULES
};

/* Points of a service that is not public are kept to a tenth of a degree only, so that no
 * series of questions finds the house (index_put does it).  So far may the true point be
 * from the kept one, in km: half the diagonal of such a field at the equator. */
#define RULES_BLUR_KM 7.9

/* Most persons of one household (messages.def). */
#define WANTED_PERSONS_MAX 24

/* What one need asks, read once per match, so that a rule only compares.  Persons are
 * those the need is for; where it names none, the whole household. */
struct wanted {
	const struct match_question *question;
	struct text term;
	bool is_consented;                 /* to a referral, on the day of the decision */
	unsigned household_type;           /* 0: unknown or refused */
	unsigned displacement;             /* 0: unknown or refused */
	uint32_t ages[WANTED_PERSONS_MAX]; /* completed years, where known */
	uint32_t ages_count;
	bool is_age_missing;          /* of a person, or no person is known */
	uint32_t difficulties;        /* bit (1 << enum difficulty) */
	const struct text *languages; /* of the family, best first */
	uint32_t languages_count;
	struct text place; /* code; absent unknown */
	double lat, lon;   /* rounded to 0.01 degrees; both NaN unknown */
};

/* Reads a question.  Points into it, so valid as long as its intake. */
void wanted_read(struct wanted *wanted, const struct match_question *question);

/* From the family to the nearest of the service's points, in km; NaN unknown. */
double wanted_distance_km(const struct wanted *wanted, const struct service_facts *facts);

/* Position from 1, in the family's list, of the best language that the service speaks; 0:
 * none or unknown. */
unsigned wanted_language(const struct wanted *wanted, const struct service_facts *facts);

/* What a rule says of a service at a distance (wanted_distance_km). */
enum verdict rule_verdict(enum rule rule, const struct wanted *wanted,
    const struct service_facts *facts, double distance_km);

/* The rule's name and its question ("" where it has none), for explanations. */
struct text rule_name(enum rule rule);
struct text rule_question(enum rule rule);

#endif
