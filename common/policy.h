/* SPDX-License-Identifier: Apache-2.0
 * What operations decide about matching: the weights of proto/score.def and the values of
 * policy.def.  Pure. */
#ifndef COMMON_POLICY_H
#define COMMON_POLICY_H

#include <stdint.h>
#include <stdio.h>

#include "proto/status.h"
#include "proto/text.h"

/* policy->weight_distance, policy->deadline_urgent_hours ... */
struct policy {
	uint32_t version; /* 0: the standard, which nobody applied */
#define PART(name, unit, weight, least, largest, en, uk, ru, about) double weight_##name;
#include "proto/score.def"
#undef PART
#define VALUE(section, name, standard, least, largest, unit, about)                      \
	double section##_##name;
#include "common/policy.def"
#undef VALUE
};

/* Bytes of a policy's text. */
#define POLICY_TEXT_MOST 16000

/* What holds where nobody decided otherwise. */
extern const struct policy POLICY_STANDARD;

/* Reads a text of [SECTION] and NAME = NUMBER lines; what it leaves out is standard.  Every problem
 * is a line "SECTION.NAME: what; legal: range" in `problems` (NULL: they
 * are not told).  OK; INVALID: `policy` is unchanged. */
enum status policy_read(
    struct policy *policy, const char *text, FILE *problems) MUST_CHECK;
/* Writes all values as policy_read reads them back, with what each is as a comment. */
void policy_print(const struct policy *policy, FILE *out);

/* Tells each value's name ("weight.distance") that differs, with both. */
typedef void policy_difference(void *self, const char *name, double one, double other);
void policy_compare(const struct policy *one, const struct policy *other,
    policy_difference *difference, void *self);

#endif
