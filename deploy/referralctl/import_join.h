/* SPDX-License-Identifier: Apache-2.0
 * What services refer to by id: organizations, locations, services at locations.
 *
 * Of each only where it stands in its file is remembered (40 to 72 bytes), and it is parsed
 * again for the services that name it; the files must stay open. */
#ifndef REFERRALCTL_IMPORT_JOIN_H
#define REFERRALCTL_IMPORT_JOIN_H

#include "deploy/referralctl/import_check.h"
#include "deploy/referralctl/import_read.h"

struct import_join;
/* `is_older`: rows are to be upgraded first (import_older.h).  NULL: out of memory. */
struct import_join *import_join_new(bool is_older);
void import_join_free(struct import_join *join);

/* Notes that the files should hold every organization, or location, that is named. */
void import_join_expect(struct import_join *join, const struct import_shape *shape);

/* Each remembers a row; false: out of memory.  Of two with one id the later counts. */
bool import_join_add_organization(
    struct import_join *join, struct text id, struct text row) MUST_CHECK;
bool import_join_add_location(
    struct import_join *join, struct text id, struct text row) MUST_CHECK;
/* A service at a location, by the id of its service: which it names, or (`holds_service`)
 * holds itself.  `file` is borrowed and handed back with it. */
bool import_join_add_place(struct import_join *join, struct text service_id,
    bool holds_service, const struct import_row *row, const struct import_where *where,
    const char *file) MUST_CHECK;

/* Puts into a service what it names and what names it, first from `organization` (NULL:
 * none), which it stood in.  IMPORT_FINE, or broken_reference with check->field. */
enum import_reason import_join_service(struct import_join *join, json_t *service,
    const json_t *organization, struct import_check *check);

/* When all rows were read: the services that stood in services at locations, each once and
 * with all of its places.  `each` owns nothing. */
typedef void import_join_each(
    void *self, json_t *row, const struct import_where *where, const char *file);
void import_join_held(struct import_join *join, import_join_each *each, void *self);
/* Then: the services at locations whose service was not there. */
void import_join_lost(struct import_join *join, import_join_each *each, void *self);

/* An organization as it is repeated with each of its services; *is_shortened: without its
 * locations, which were too long for that. */
json_t *import_join_agency(const json_t *organization, bool *is_shortened);

#endif
