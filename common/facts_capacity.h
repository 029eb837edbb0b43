/* SPDX-License-Identifier: Apache-2.0
 * The capacity of a parsed service, for those who hold one parsed already. */
#ifndef COMMON_FACTS_CAPACITY_H
#define COMMON_FACTS_CAPACITY_H

#include <jansson.h>

#include "common/facts.h"

/* Fills available, maximum and capacity_at.  Of several units (beds, meals) the one with the
 * fewest places counts; a figure beats none. */
void facts_read_capacities(const json_t *service, struct service_facts *facts);

#endif
