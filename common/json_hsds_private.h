/* SPDX-License-Identifier: Apache-2.0
 * What those share who look into service documents. */
#ifndef COMMON_JSON_HSDS_PRIVATE_H
#define COMMON_JSON_HSDS_PRIVATE_H

#include <jansson.h>

#include "common/facts.h"
#include "common/id.h"
#include "common/json_hsds.h"

/* The id of a term's taxonomy: as it says, else derived from the taxonomy's name.  False: it
 * says neither. */
bool hsds_taxonomy_id(const json_t *term, char id[ID_UUID_BYTES + 1]) MUST_CHECK;

/* Does to a service what json_service does. */
void hsds_strip(json_t *service, const struct service_facts *facts, bool hides_addresses,
    int64_t now_ms);

/* Takes out what would show a hidden address: at the places that hide theirs, or at all (the
 * service's own word is heeded too), and locations of the organization where the service is
 * not seen to be.  Whether it took out any. */
bool hsds_hide(json_t *service, bool hides_all);

/* Renames "url", "email" and their like to "x_url" … where they are no URI or address. */
void hsds_settle_formats(json_t *value);

/* Takes out what a profile does not know, in an entity and all below it. */
void hsds_narrow(json_t *object, enum entity entity, enum hsds_profile profile);

#endif
