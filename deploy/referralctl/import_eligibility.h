/* SPDX-License-Identifier: Apache-2.0
 * Descriptions of who may come become rules and questions. */
#ifndef REFERRALCTL_IMPORT_ELIGIBILITY_H
#define REFERRALCTL_IMPORT_ELIGIBILITY_H

#include "deploy/referralctl/import_check.h"

/* What eligibility_description says for certain (common/prose_eligibility.h) becomes
 * minimum_age and maximum_age, where the publisher gives neither, and attributes of our own
 * taxonomy: household_type, displacement, difficulty, where the service has none of that
 * label; each with its sentence as x_evidence.  Ages read so have an attribute as well, by
 * which they are known.  Other sentences become attributes "question" of up to
 * IMPORT_QUESTION_MAX_BYTES, with the name of the field as x_evidence.  Counts the share "eligibility". */
void import_eligibility_enrich(json_t *service, struct import_check *check);

/* Takes ages away that an earlier import read; before the attributes that tell so go. */
void import_eligibility_forget(json_t *service);

/* A candidate's question is as long at most; longer sentences are cut. */
#define IMPORT_QUESTION_MAX_BYTES 200

#endif
