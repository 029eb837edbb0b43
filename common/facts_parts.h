/* SPDX-License-Identifier: Apache-2.0
 * The entities that a service's document holds. */
#ifndef COMMON_FACTS_PARTS_H
#define COMMON_FACTS_PARTS_H

#include "common/facts.h"

/* An entity within a document.  Texts are valid during the call. */
struct facts_part {
	enum entity entity; /* not a service */
	struct text id;
	struct text parent; /* of a term: a term's id; absent: none is said */
	struct text
	    taxonomy;    /* of a term: a taxonomy's id, told just before; absent: none */
	bool is_cleared; /* for cleared roles alone, though the service need not be */
};
typedef void facts_each_part(void *self, const struct facts_part *part);

/* Tells of the document that facts_read read last: its organization, where it is offered, and
 * the terms that the service and its organization are coded with, each after its taxonomy.
 * What has no id is left out.  An entity may be told twice; those for cleared roles
 * alone come last. */
void facts_parts(const struct facts_reader *reader, facts_each_part *each, void *self);

/* When that document says that it was last modified; TIME_ABSENT unknown. */
int64_t facts_modified_at(const struct facts_reader *reader);

#endif
