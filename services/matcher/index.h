/* SPDX-License-Identifier: Apache-2.0
 * The directory in the matcher's memory.  Pure: no Redis. */
#ifndef MATCHER_INDEX_H
#define MATCHER_INDEX_H

#include "services/matcher/kept_facts.h"

/* Longest id of a service that messages can hold, with its NUL. */
#define INDEX_ID_BYTES 65

struct index;
/* A service in the index; its facts are owned by the index and stay where they are until the
 * service is replaced or removed. */
struct indexed;

/* NULL: out of memory. */
struct index *index_new(void);
void index_free(struct index *index);

/* Adds or replaces a service (facts and their texts are copied).  NO_MEMORY. */
enum status index_put(struct index *index, const struct service_facts *facts) MUST_CHECK;
/* False: it was not there. */
bool index_remove(struct index *index, struct text id);
/* The name of the directory's state, stored with every decision. */
void index_set_version(struct index *index, struct text version);
struct text index_version(const struct index *index);

/* When they were reported; an older time changes nothing. */
void index_set_report(struct index *index, struct text id, int64_t reported_at);
/* Places as Redis last said; NaN unknown. */
void index_set_capacity(
    struct index *index, struct text id, double available, double held);

/* Gives each service what `from` was told of its places: the documents of a directory may know
 * less. */
void index_take_capacities(struct index *index, const struct index *from);

/* Gives each service the price that it has in `from`. */
void index_take_prices(struct index *index, const struct index *from);

/* Whether Redis has told a service's places; false too for a service that is not there. */
bool index_is_capacity_told(const struct index *index, struct text id);
/* A service by its place among all, from 0; NULL beyond the last.  Services move when one is
 * removed. */
const struct indexed *index_at(const struct index *index, size_t position);

size_t index_count(const struct index *index);
/* The service; NULL if it is not there. */
const struct indexed *index_find(const struct index *index, struct text id);
const struct kept_facts *indexed_facts(const struct indexed *indexed);
/* available - held; NaN unknown. */
double indexed_free_places(const struct indexed *indexed);
/* For so long a report of places is believed, in hours; NaN unknown. */
double indexed_capacity_ttl_hours(const struct indexed *indexed);

#endif
