/* SPDX-License-Identifier: Apache-2.0
 * Services coded with other taxonomies, as ours: resolved when a service comes into the
 * index, not when a need is matched. */
#ifndef MATCHER_MAPPED_H
#define MATCHER_MAPPED_H

#include "common/taxonomies.h"
#include "services/matcher/index.h"

/* Longest text of mapped_via, as stored explanations hold it. */
#define MAPPED_VIA_MAX 63

/* What the index explains terms by, until it is told others; NULL: nothing. */
void index_set_taxonomies(struct index *index, const struct taxonomies *taxonomies);

/* Adds the terms of ours that mappings give for what the service is coded with; its own come
 * first, and what finds no room is left out.  Texts are those of the taxonomies. */
void mapped_widen(const struct taxonomies *taxonomies, struct service_facts *facts);

/* By which mapping a service of the index offers what is wanted: "open-eligibility 1102
 * exact", the taxonomy and code as published and what our term is to it.  Absent: it is coded
 * with our term itself.  Lives as long as the index. */
struct text mapped_via(
    const struct index *index, const struct kept_facts *facts, struct text wanted);

#endif
