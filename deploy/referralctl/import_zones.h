/* SPDX-License-Identifier: Apache-2.0
 * The time zone of opening hours that say none, by the address. */
#ifndef REFERRALCTL_IMPORT_ZONES_H
#define REFERRALCTL_IMPORT_ZONES_H

#include "deploy/referralctl/import_check.h"

/* Gives schedules without any zone an x_timezone where the country, or the state, of their
 * location keeps one time (import_zones.def).  Hours of the service itself need all of its
 * locations in one zone.  What is not certain stays as it is. */
void import_zones_enrich(json_t *service, struct import_check *check);

#endif
