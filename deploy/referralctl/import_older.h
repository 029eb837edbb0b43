/* SPDX-License-Identifier: Apache-2.0
 * Services as HSDS 1.x and 2.0, the Ohana API and Open Referral UK 1.0 say them, brought to the
 * names and shapes of HSDS 3.1 (import_older.def).  What has no place there keeps its name. */
#ifndef REFERRALCTL_IMPORT_OLDER_H
#define REFERRALCTL_IMPORT_OLDER_H

#include <jansson.h>
#include <stdbool.h>

/* Whether a row has members that only older forms have. */
bool import_older_is_one(const json_t *row);

/* Brings a row to HSDS 3.1 in place; `entity` is what it is ("service", "organization",
 * "location", "service_at_location"), NULL: by what it holds.  A location of Ohana, which
 * holds services, becomes its organization with services at that location. */
void import_older_upgrade(json_t *row, const char *entity);

#endif
