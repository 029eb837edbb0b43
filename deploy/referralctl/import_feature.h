/* SPDX-License-Identifier: Apache-2.0
 * Features of GeoJSON as flat rows, for field maps.
 *
 * Every property becomes a field; a number before its name ("7. Availability Day") is left out.
 * An object of flags, {"Outreach": true, "Walk-in": 0}, becomes what is true of it: a text
 * where that is one, a list where it is several; what is not true stands under the name and
 * " (no)".  The feature's own "id" is a field, a point is "point": [longitude, latitude], and a polygon
 * or several are "area", a text of GeoJSON.
 *
 * Of Services Advisor (UNHCR) also, where it is certain: "byday", "opens_at", "closes_at" from
 * the days and hours of the office, if the service is there every week; "ended": "yes" if its
 * end date has passed. */
#ifndef REFERRALCTL_IMPORT_FEATURE_H
#define REFERRALCTL_IMPORT_FEATURE_H

#include <jansson.h>
#include <stdbool.h>

/* Whether an object is a feature with properties. */
bool import_feature_is_one(const json_t *row);
/* Whether it is one of Services Advisor. */
bool import_feature_is_advisor(const json_t *row);
/* A new row; NULL: out of memory.  `today` is "2026-11-22". */
json_t *import_feature_flatten(const json_t *feature, const char *today);

#endif
