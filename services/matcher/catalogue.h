/* SPDX-License-Identifier: Apache-2.0
 * The entities of the directory beside the index: which there are, and which services' documents
 * hold them.  Pure.
 *
 * Lists are in the order of arrival, which lasts until the directory is loaded anew.  Who is
 * not cleared sees an entity where a service holds it that is not for cleared roles only, and
 * totals count no other.  What is removed keeps its place, unseen. */
#ifndef MATCHER_CATALOGUE_H
#define MATCHER_CATALOGUE_H

#include "common/facts_parts.h"

struct catalogue;
/* NULL: out of memory. */
struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *catalogue);

/* Adds or replaces the service that the reader read last into `facts`.  An id that is no UUID is
 * none of HSDS, and not listed.  NO_MEMORY: it is listed in part, or not at all. */
enum status catalogue_put(struct catalogue *catalogue, const struct service_facts *facts,
    const struct facts_reader *reader) MUST_CHECK;

/* Services that are to be looked at only. */
struct catalogue_choice;
/* None chosen.  NULL: out of memory. */
struct catalogue_choice *catalogue_choose(const struct catalogue *catalogue);
void catalogue_choose_one(struct catalogue_choice *choice, struct text service);
void catalogue_choice_free(struct catalogue_choice *choice);

/* Answers a list, of its `q`, `postcode` and `within_m` only by `choice` (NULL: all services).
 * Texts stay valid until the next list.  NO_MEMORY. */
enum status catalogue_list(struct catalogue *catalogue, const struct list *list,
    const struct catalogue_choice *choice, struct listed *listed) MUST_CHECK;

#endif
