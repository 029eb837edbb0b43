/* SPDX-License-Identifier: Apache-2.0
 * What is not only named otherwise.  For import_older*.c only. */
#ifndef REFERRALCTL_IMPORT_OLDER_PRIVATE_H
#define REFERRALCTL_IMPORT_OLDER_PRIVATE_H

#include "deploy/referralctl/import_older.h"

/* Renames a member, unless there is one of the new name. */
void older_move(json_t *object, const char *from, const char *to);
/* Brings schedules, addresses, eligibility, terms and points of an entity to HSDS 3.1. */
void older_settle(const char *entity, json_t *object);

#endif
