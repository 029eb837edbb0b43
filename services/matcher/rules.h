/* SPDX-License-Identifier: Apache-2.0
 * Eligibility, one rule at a time; the list and what each rule means is rules.def.  Pure. */
#ifndef MATCHER_RULES_H
#define MATCHER_RULES_H

#include "services/matcher/wanted.h"

enum rule {
#define RULE(name, question, about) RULE_##name,
#include "services/matcher/rules.def"
#undef RULE
	RULES
};

/* What a rule says of a service. */
enum verdict rule_verdict(
    enum rule rule, const struct wanted *wanted, const struct traits *traits);

/* The rule's name and its question ("" where it has none), for explanations. */
struct text rule_name(enum rule rule);
struct text rule_question(enum rule rule);

#endif
