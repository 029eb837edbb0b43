/* SPDX-License-Identifier: Apache-2.0
 * Eligibility, one rule at a time; the list and what each rule means is rules.def.  Pure. */
#ifndef MATCHER_RULES_H
#define MATCHER_RULES_H

#include "services/matcher/wanted.h"

enum rule {
#define RULE(name, about) RULE_##name,
#include "services/matcher/rules.def"
#undef RULE
	RULES
};

/* What a rule says of a service. */
enum verdict rule_verdict(
    enum rule rule, const struct wanted *wanted, const struct traits *traits);

/* What all rules say. */
struct judgement {
	unsigned unknowns;      /* rules that are unknown, where none failed */
	enum rule first_failed; /* RULES: none */
	uint32_t failed; /* bit (1 << enum rule); of the rules up to one that is enough */
};

/* One rule of those in `enough` (bits) settles it where it fails: no others are asked. */
void rules_judge(const struct wanted *wanted, const struct traits *traits,
    uint32_t enough, struct judgement *judgement);

/* The rule's name and its question ("" where it has none), for explanations. */
struct text rule_name(enum rule rule);
struct text rule_question(enum rule rule);

#endif
