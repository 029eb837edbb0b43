/* SPDX-License-Identifier: Apache-2.0
 * What a service's prose and addresses say for certain, added to its document.
 *
 * A publisher's own text and fields always stay.  What an earlier import added (schedules
 * with x_parsed, own attributes with x_evidence) goes first, so that a document which is
 * imported again comes out the same. */
#ifndef REFERRALCTL_IMPORT_ENRICH_H
#define REFERRALCTL_IMPORT_ENRICH_H

#include "deploy/referralctl/import_check.h"

#define ENRICH_TAXONOMY "hearthline-facts"

/* What the enrichers look into, for all services of a file. */
struct import_enrich {
	struct import_report *report; /* borrowed; where the shares are counted */
	struct places *places;        /* borrowed; NULL: none were imported */
};

/* Calls each enricher in turn on a service that was checked; the check's walk is at the
 * service. */
void import_enrich(
    struct import_enrich *enrich, json_t *service, struct import_check *check);

/* Whether our own taxonomy has such a key: what a document may say beyond HSDS
 * (common/facts.h). */
bool import_enrich_knows(const char *name);
/* Adds an attribute of our own taxonomy to a part ("service", "location") whose id is
 * `owner`.  `evidence`: the sentence it was read from; absent: the publisher's own field. */
void import_enrich_fact(struct import_check *check, json_t *object, const char *owner,
    const char *entity, const char *label, struct text value, struct text evidence);

#endif
