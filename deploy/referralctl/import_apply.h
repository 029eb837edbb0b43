/* SPDX-License-Identifier: Apache-2.0
 * Putting an import into use.
 *
 * What is new goes to Redis as it comes, under a version that nobody reads; what stands as it
 * was is copied there in the end, only where anything differs at all.  So this side holds no
 * documents, and Redis two of each for no longer than the end takes. */
#ifndef REFERRALCTL_IMPORT_APPLY_H
#define REFERRALCTL_IMPORT_APPLY_H

#include "deploy/referralctl/import_collect.h"
#include "deploy/referralctl/import_in_use.h"

struct import_stage;
/* `before`: the version in use (empty: none).  NULL: out of memory. */
struct import_stage *import_stage_new(
    const struct import_target *target, const char *before);
/* An import_sink: stages a service, or waits until there is room.  UNAVAILABLE, BUSY (Redis
 * is full), NO_MEMORY. */
enum status import_stage_add(void *stage, const struct import_service *service);
/* Stages what is kept, reports the capacities of those that are new or changed, and swaps.
 * Waits.  OK with the new version; STALE: another import came first.  With anything but OK the
 * old version stands. */
enum status import_stage_apply(struct import_stage *stage, const struct import_plan *plan,
    char version[KEY_MAX_BYTES]) MUST_CHECK;
/* Redis forgets what was staged and not put into use (an hour later where it cannot be
 * reached now). */
void import_stage_free(struct import_stage *stage);

#endif
