/* SPDX-License-Identifier: Apache-2.0
 * Pins and extents: for chart.c and extent.c only. */
#ifndef MATCHER_CHART_PRIVATE_H
#define MATCHER_CHART_PRIVATE_H

#include "services/matcher/chart.h"

extern const struct extent EXTENT_OF_NOTHING;

/* Where a service comes in the order of a chart: by its group, then by place, then by id. */
uint64_t chart_key(struct spot spot, const struct traits *traits);

struct pin pin_of(const struct traits *traits, struct spot spot);
uint64_t pin_key(const struct pin *pin);

struct extent extent_of_pin(const struct pin *pin);
void extent_widen(struct extent *extent, const struct extent *by);
/* Anew from what lies in it; a leaf begins no later than before, so that what was reserved in
 * it still belongs there. */
void leaf_measure(struct leaf *leaf);
void branch_measure(struct branch *branch);

#endif
