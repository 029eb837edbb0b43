/* SPDX-License-Identifier: Apache-2.0
 * Addresses and areas of services become codes of places, where those were imported. */
#ifndef REFERRALCTL_IMPORT_PLACES_H
#define REFERRALCTL_IMPORT_PLACES_H

#include "common/places.h"
#include "deploy/referralctl/import_apply.h"
#include "deploy/referralctl/import_check.h"

/* The places that Redis holds; waits.  OK with NULL where there are none. */
enum status import_places_load(
    const struct import_target *target, struct places **places) MUST_CHECK;

/* Gives each location whose address is certain (common/places_resolve.h) its code in x_place,
 * and each service area with a name alone its uri "urn:place:CODE" where the address says the
 * country.  A location whose address not everybody may see gets none, since a settlement can
 * be one house.  Counts the share "places", and notes what was not resolved.  `places` NULL:
 * nothing is looked at. */
void import_places_enrich(
    struct places *places, json_t *service, struct import_check *check);

#endif
