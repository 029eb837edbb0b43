/* SPDX-License-Identifier: Apache-2.0
 * Pins, extents and leaves: for chart.c, branch.c and extent.c only. */
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
/* Writes what its outline says of one of its leaves, or of all from there on. */
void leaf_outline(struct branch *branch, uint32_t at);
void branch_outline(struct branch *branch, uint32_t from);

/* A branch without leaves, with room for so many.  False: out of memory. */
bool branch_begin(struct branch *branch, uint32_t room) MUST_CHECK;
/* Makes room for one leaf more.  False: out of memory. */
bool branch_reserve(struct branch *branch) MUST_CHECK;
/* Room is there. */
void branch_insert(struct branch *branch, uint32_t at, const struct leaf *leaf);
void branch_remove(struct branch *branch, uint32_t at);
void branch_end(struct branch *branch);

/* Anew from what lies in it; a leaf begins no later than before, so that what was reserved in
 * it still belongs there. */
void leaf_measure(struct leaf *leaf);
void branch_measure(struct branch *branch);

#endif
